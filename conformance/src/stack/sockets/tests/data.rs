//! `read`, `write`, `shutdown`, `close`.

use std::time::Duration;

use super::fake::{Kit, read, write};
use crate::posix::{
    Errno, MSG_DONTWAIT, MSG_MORE, MSG_OOB, MSG_PEEK, MSG_TRUNC, MSG_WAITALL, MSG_ZEROCOPY, SHUT_RD, SHUT_RDWR,
    SHUT_WR, SO_LINGER, SOL_SOCKET,
};
use crate::stack::Capability;
use crate::trace::{Call, Fd, Instant};

fn shutdown(fd: Fd, how: i64) -> Call {
    Call::Shutdown { fd, how: how as i32 }
}

#[test]
fn a_read_gives_what_is_there_and_peeking_leaves_it() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    kit.world(|world| world.deliver(1, b"hello"));
    assert_eq!(kit.full(read(fd, 3, MSG_PEEK)).data, b"hel");
    assert_eq!(kit.full(read(fd, usize::MAX, 0)).data, b"hello");
    assert_eq!(kit.call(read(fd, 1, MSG_DONTWAIT)), Err(Errno::EAGAIN));
    assert_eq!(kit.call(read(fd, 0, 0)), Ok(0));
}

#[test]
fn blocking_reads_return_in_the_order_of_their_tickets_when_data_comes() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    let first = kit.start(read(fd, 2, 0)).expect("supported");
    let second = kit.start(read(fd, 9, 0)).expect("supported");
    let third = kit.start(read(fd, 9, 0)).expect("supported");
    let (at, end) = (Instant::from_millis(5), Instant::from_millis(9));
    kit.later(at, |world| world.deliver(1, b"abc"));
    kit.later(end, |world| world.set(1, |status| status.end_of_stream = true));
    assert_eq!(kit.returns(end), [(at, first, Ok(2)), (at, second, Ok(1)), (end, third, Ok(0))]);
    assert_eq!(kit.call(read(fd, 9, 0)), Ok(0));
}

#[test]
fn waitall_waits_for_all_or_the_end() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    kit.world(|world| world.deliver(1, b"ab"));
    let all = kit.start(read(fd, 4, MSG_WAITALL)).expect("supported");
    assert_eq!(kit.returns(Instant::from_millis(1)), []);
    kit.world(|world| world.deliver(1, b"cde"));
    let rest = kit.start(read(fd, 4, MSG_WAITALL)).expect("supported");
    let now = kit.now;
    assert_eq!(kit.returns(now), [(now, all, Ok(4))]);
    kit.world(|world| world.fail(1, Errno::ECONNRESET));
    let end = kit.start(read(fd, 4, 0)).expect("supported");
    assert_eq!(kit.returns(now), [(now, rest, Ok(1)), (now, end, Err(Errno::ECONNRESET))]);
    assert!(kit.unsupported(read(fd, 4, MSG_WAITALL | MSG_PEEK)).contains("MSG_WAITALL"));
}

#[test]
fn an_error_is_told_once_after_the_data() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    kit.world(|world| {
        world.deliver(1, b"ab");
        world.fail(1, Errno::ECONNRESET);
    });
    assert_eq!(kit.full(read(fd, 9, 0)).data, b"ab");
    assert_eq!(kit.call(read(fd, 9, 0)), Err(Errno::ECONNRESET));
    assert_eq!(kit.call(read(fd, 9, 0)), Ok(0));
    assert_eq!(kit.call(write(fd, b"x", 0)), Err(Errno::EPIPE));
    assert_eq!(kit.call(shutdown(fd, SHUT_WR)), Err(Errno::ENOTCONN));
}

#[test]
fn a_write_tells_the_error_too() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    let waits = kit.start(read(fd, 9, 0)).expect("supported");
    let at = Instant::from_millis(1);
    kit.later(at, |world| world.fail(1, Errno::ETIMEDOUT));
    assert_eq!(kit.returns(at), [(at, waits, Err(Errno::ETIMEDOUT))]);
    assert_eq!(kit.call(write(fd, b"x", 0)), Err(Errno::EPIPE));
    let fd = kit.connected();
    kit.world(|world| world.fail(2, Errno::ECONNRESET));
    assert_eq!(kit.call(write(fd, b"x", 0)), Err(Errno::ECONNRESET));
    assert_eq!(kit.call(write(fd, b"x", 0)), Err(Errno::EPIPE));
    assert_eq!(kit.call(read(fd, 1, 0)), Ok(0));
}

#[test]
fn a_blocking_write_returns_when_all_is_queued() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    let long = kit.start(write(fd, b"abcdefghijklmno", 0)).expect("supported");
    let short = kit.start(write(fd, b"xyz", 0)).expect("supported");
    assert_eq!(kit.call(write(fd, b"!", MSG_DONTWAIT)), Err(Errno::EAGAIN));
    assert_eq!(kit.unsupported(write(fd, b"!", MSG_ZEROCOPY)), "send(MSG_ZEROCOPY)");
    let (first, second) = (Instant::from_millis(1), Instant::from_millis(2));
    kit.later(first, |world| world.set(1, |status| status.writable = 3));
    kit.later(second, |world| world.set(1, |status| status.writable = 9));
    assert_eq!(kit.returns(second), [(second, long, Ok(15)), (second, short, Ok(3))]);
    let log = kit.world(|world| world.log.clone());
    assert_eq!(log, ["send 1 abcdefghij", "send 1 klm", "send 1 no", "send 1 xyz"]);
}

#[test]
fn a_write_that_fails_halfway_counts_what_was_queued() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    let ticket = kit.start(write(fd, b"abcdefghijklmno", 0)).expect("supported");
    let at = Instant::from_millis(1);
    kit.later(at, |world| world.fail(1, Errno::ECONNRESET));
    assert_eq!(kit.returns(at), [(at, ticket, Ok(10))]);
    assert_eq!(kit.call(write(fd, b"x", 0)), Err(Errno::ECONNRESET));
}

#[test]
fn a_non_blocking_write_queues_what_fits() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    assert_eq!(kit.call(write(fd, b"abcdefghijklmno", MSG_DONTWAIT)), Ok(10));
    assert_eq!(kit.call(write(fd, b"k", MSG_DONTWAIT)), Err(Errno::EAGAIN));
    assert_eq!(kit.call(write(fd, b"", MSG_DONTWAIT)), Ok(0));
}

#[test]
fn urgent_data_is_sent_if_the_stack_can() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    assert!(kit.unsupported(write(fd, b"x", MSG_OOB)).contains("MSG_OOB"));
    kit.world(|world| world.capabilities = &[Capability::Urgent]);
    assert_eq!(kit.call(write(fd, b"x", MSG_OOB)), Ok(1));
    assert_eq!(kit.world(|world| world.log.clone()), ["send 1 x urgent"]);
}

/// On a stream `MSG_TRUNC` throws the octets away, and with `MSG_PEEK` only counts them.
#[test]
fn msg_trunc_counts_without_copying() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    kit.world(|world| world.deliver(1, b"hello"));
    for (flags, octets, data) in [(MSG_TRUNC | MSG_PEEK, 3, ""), (MSG_TRUNC, 3, ""), (0, 2, "lo")] {
        let value = kit.full(read(fd, 3, flags));
        assert_eq!((value.value, value.data.as_slice()), (octets, data.as_bytes()), "{flags}");
    }
}

#[test]
fn more_to_come_holds_back_until_a_write_without_it() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    for (flags, cork) in [(MSG_MORE, true), (MSG_MORE, true), (0, false)] {
        assert_eq!(kit.call(write(fd, b"x", flags)), Ok(1));
        assert_eq!(kit.world(|world| world.options.as_ref().map(|options| options.cork)), Some(cork));
    }
}

#[test]
fn flags_that_nobody_knows_are_named() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    assert_eq!(kit.unsupported(write(fd, b"x", MSG_ZEROCOPY | 0x800_0000)), "send(MSG_ZEROCOPY | 0x8000000)");
    assert_eq!(kit.unsupported(read(fd, 1, MSG_OOB)), "recv(MSG_OOB)");
}

#[test]
fn shutdown_ends_one_direction_or_both() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    assert_eq!(kit.call(shutdown(fd, 3)), Err(Errno::EINVAL));
    let waits = kit.start(read(fd, 1, 0)).expect("supported");
    let shut = kit.start(shutdown(fd, SHUT_RD)).expect("supported");
    let now = kit.now;
    assert_eq!(kit.returns(now), [(now, shut, Ok(0)), (now, waits, Ok(0))]);
    assert_eq!(kit.call(write(fd, b"x", 0)), Ok(1));
    assert_eq!(kit.call(shutdown(fd, SHUT_WR)), Ok(0));
    assert_eq!(kit.call(shutdown(fd, SHUT_RDWR)), Ok(0));
    assert_eq!(kit.call(write(fd, b"x", 0)), Err(Errno::EPIPE));
    assert_eq!(kit.world(|world| world.log.clone()), ["send 1 x", "shutdown 1"]);
}

#[test]
fn sockets_without_connection_neither_read_nor_write() {
    let mut kit = Kit::new();
    for fd in [kit.stream(false), kit.listening(80)] {
        assert_eq!(kit.call(read(fd, 1, 0)), Err(Errno::ENOTCONN));
        assert_eq!(kit.call(write(fd, b"x", 0)), Err(Errno::EPIPE));
    }
    assert_eq!(kit.call(shutdown(Fd(3), SHUT_WR)), Err(Errno::ENOTCONN));
}

#[test]
fn close_ends_aborts_or_cancels() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    kit.start(read(fd, 1, 0)).expect("supported");
    assert_eq!(kit.call(Call::Close { fd }), Ok(0));
    assert_eq!(kit.world(|world| world.log.clone()), ["close 1"]);
    assert_eq!(kit.call(Call::Close { fd }), Err(Errno::EBADF));

    let linger = |fd, on: i32, seconds: i32| Call::SetOption {
        fd,
        level: SOL_SOCKET as i32,
        name: SO_LINGER as i32,
        value: [on.to_le_bytes(), seconds.to_le_bytes()].concat(),
    };
    let fd = kit.connected();
    assert_eq!(kit.call(linger(fd, 1, 5)), Ok(0));
    assert!(kit.unsupported(Call::Close { fd }).contains("close with SO_LINGER"));
    assert_eq!(kit.call(linger(fd, 1, 0)), Ok(0));
    kit.world(|world| world.log.clear());
    assert_eq!(kit.call(Call::Close { fd }), Ok(0));
    assert_eq!(kit.world(|world| world.log.clone()), ["abort 2"]);
    assert_eq!(kit.returns(Instant::ZERO + Duration::from_secs(9)), []);
}
