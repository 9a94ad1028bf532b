//! `connect` and what becomes of its errors.

use super::fake::{Kit, any, read, remote, write};
use crate::posix::{Errno, SO_ERROR, SOL_SOCKET};
use crate::stack::engine::EngineError;
use crate::trace::{Call, Fd, Instant, Response};

fn connect(fd: Fd) -> Call {
    Call::Connect { fd, address: remote() }
}

fn so_error(kit: &mut Kit, fd: Fd) -> i32 {
    let call = Call::GetOption { fd, level: SOL_SOCKET as i32, name: SO_ERROR as i32, length: 4 };
    i32::from_le_bytes(kit.full(call).data.try_into().expect("an int"))
}

#[test]
fn a_non_blocking_connect_is_in_progress_then_already_then_done_then_connected() {
    let mut kit = Kit::new();
    let fd = kit.stream(true);
    assert_eq!(kit.call(connect(fd)), Err(Errno::EINPROGRESS));
    assert_eq!(kit.call(connect(fd)), Err(Errno::EALREADY));
    assert_eq!(kit.call(write(fd, b"x", 0)), Err(Errno::EAGAIN));
    assert_eq!(kit.call(read(fd, 1, 0)), Err(Errno::EAGAIN));
    kit.world(|world| world.establish(1));
    assert_eq!(kit.call(connect(fd)), Ok(0));
    assert_eq!(kit.call(connect(fd)), Err(Errno::EISCONN));
}

#[test]
fn a_blocking_connect_returns_when_the_handshake_ends_and_after_its_packet() {
    let mut kit = Kit::new();
    let fd = kit.stream(false);
    let ticket = kit.start(connect(fd)).expect("supported");
    let at = Instant::from_millis(70);
    kit.later(at, |world| {
        world.establish(1);
        world.packets.push_back(b"ACK".to_vec());
    });
    let seen = kit.drain(Instant::from_millis(200));
    assert_eq!(seen[0], (Instant::ZERO, Response::Packet(b"SYN".to_vec())));
    assert_eq!(seen[1], (at, Response::Packet(b"ACK".to_vec())));
    assert!(
        matches!(&seen[2], (when, Response::Return { ticket: t, value }) if *when == at && *t == ticket && value.value == 0)
    );
    assert_eq!(seen.len(), 3);
}

#[test]
fn a_failed_blocking_connect_tells_the_error_and_the_socket_may_try_again() {
    let mut kit = Kit::new();
    let fd = kit.stream(false);
    for (errno, connection) in [(Errno::ECONNREFUSED, 1), (Errno::ETIMEDOUT, 2)] {
        let ticket = kit.start(connect(fd)).expect("supported");
        let at = kit.now + std::time::Duration::from_secs(1);
        kit.later(at, move |world| world.fail(connection, errno));
        assert_eq!(kit.returns(at), [(at, ticket, Err(errno))]);
        assert!(kit.world(|world| world.log.contains(&format!("close {connection}"))));
        assert_eq!(kit.call(read(fd, 1, 0)), Err(Errno::ENOTCONN));
    }
}

#[test]
fn so_error_tells_the_error_once() {
    let mut kit = Kit::new();
    let fd = kit.stream(true);
    assert_eq!(so_error(&mut kit, fd), 0);
    assert_eq!(kit.call(connect(fd)), Err(Errno::EINPROGRESS));
    assert_eq!(so_error(&mut kit, fd), 0);
    kit.world(|world| world.fail(1, Errno::ECONNREFUSED));
    assert_eq!(so_error(&mut kit, fd), Errno::ECONNREFUSED as i32);
    assert_eq!(so_error(&mut kit, fd), 0);
    assert_eq!(kit.call(read(fd, 1, 0)), Ok(0));
    assert_eq!(kit.call(write(fd, b"x", 0)), Err(Errno::EPIPE));
    assert_eq!(kit.call(connect(fd)), Err(Errno::ECONNABORTED));
    assert_eq!(kit.call(connect(fd)), Err(Errno::EINPROGRESS));
}

#[test]
fn a_non_blocking_connect_tells_the_error_of_the_handshake() {
    let mut kit = Kit::new();
    let fd = kit.stream(true);
    assert_eq!(kit.call(connect(fd)), Err(Errno::EINPROGRESS));
    kit.world(|world| world.fail(1, Errno::ECONNREFUSED));
    assert_eq!(kit.call(connect(fd)), Err(Errno::ECONNREFUSED));
    assert_eq!(kit.call(connect(fd)), Err(Errno::EINPROGRESS));
}

#[test]
fn addresses_that_cannot_be_reached_are_refused() {
    let mut kit = Kit::new();
    let fd = kit.stream(false);
    let to = |address: &str| Call::Connect { fd, address: address.parse().expect("an address") };
    assert_eq!(kit.call(to("[2001:db8::1]:80")), Err(Errno::EAFNOSUPPORT));
    assert_eq!(kit.call(to("224.0.0.1:80")), Err(Errno::ENETUNREACH));
    assert_eq!(kit.call(to("255.255.255.255:80")), Err(Errno::ENETUNREACH));
    assert!(kit.unsupported(to("192.0.2.1:80")).contains("loopback"));
    assert!(kit.unsupported(to("127.0.0.1:80")).contains("loopback"));
    let v6 = kit.call(Call::Socket { domain: 10, kind: 1, protocol: 0 }).expect("a socket") as i32;
    let to = |address: &str| Call::Connect { fd: Fd(v6), address: address.parse().expect("an address") };
    assert_eq!(kit.call(to("192.0.2.2:80")), Err(Errno::EINVAL));
    assert_eq!(kit.call(to("[2001:db8::1]:80")), Err(Errno::ENETUNREACH));
    assert!(kit.unsupported(to("[::ffff:192.0.2.2]:80")).contains("mapped"));
}

#[test]
fn what_the_engine_refuses_is_the_errno_and_leaves_the_socket_free() {
    let mut kit = Kit::new();
    let fd = kit.stream(false);
    kit.world(|world| world.refuses = Some(EngineError::Errno(Errno::EADDRNOTAVAIL)));
    assert_eq!(kit.call(connect(fd)), Err(Errno::EADDRNOTAVAIL));
    kit.world(|world| world.refuses = None);
    assert_eq!(kit.call(Call::Bind { fd, address: any(7) }), Ok(0));
    assert!(kit.start(connect(fd)).is_ok());
}

#[test]
fn shutdown_during_the_handshake_gives_it_up() {
    let mut kit = Kit::new();
    let fd = kit.stream(false);
    let ticket = kit.start(connect(fd)).expect("supported");
    kit.drain(Instant::ZERO);
    let shut = kit.start(Call::Shutdown { fd, how: 1 }).expect("supported");
    let now = kit.now;
    assert_eq!(kit.returns(now), [(now, shut, Ok(0)), (now, ticket, Err(Errno::ECONNABORTED))]);
    assert!(kit.world(|world| world.log.contains(&"abort 1".to_string())));
}
