//! `poll`, `ioctl`, `TCP_INFO` and the lingering `close`: calls that look, and wait for what they see.

use std::time::Duration;

use super::fake::{Kit, any, read};
use crate::posix::{
    Errno, POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI, POLLRDHUP, SIOCINQ, SIOCOUTQ, SO_LINGER, SOL_SOCKET,
    SOL_TCP, TCP_INFO, TCP_MAXSEG, tcp_info,
};
use crate::trace::{Call, Fd, Instant};

fn poll(fds: &[(Fd, i64)], timeout: i32) -> Call {
    Call::Poll { fds: fds.iter().map(|(fd, events)| (*fd, *events as i32)).collect(), timeout }
}

/// What a poll that does not wait tells of one socket.
fn revents(kit: &mut Kit, fd: Fd, events: i64) -> i64 {
    let value = kit.full(poll(&[(fd, events)], 0));
    let told = i32::from_le_bytes(value.data.try_into().expect("one int"));
    assert_eq!(value.value, i64::from(told != 0));
    told.into()
}

fn linger(fd: Fd, seconds: i32) -> Call {
    let value = [1_i32.to_le_bytes(), seconds.to_le_bytes()].concat();
    Call::SetOption { fd, level: SOL_SOCKET as i32, name: SO_LINGER as i32, value }
}

const ALL: i64 = POLLIN | POLLOUT;

#[test]
fn poll_tells_what_could_be_done() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    assert_eq!(revents(&mut kit, fd, ALL), POLLOUT);
    assert_eq!(revents(&mut kit, fd, POLLIN), 0);
    kit.world(|world| world.deliver(1, b"abc"));
    assert_eq!(revents(&mut kit, fd, ALL), ALL);
    kit.world(|world| world.set(1, |status| status.writable = 0));
    assert_eq!(revents(&mut kit, fd, ALL), POLLIN);
    assert_eq!(kit.call(read(fd, 10, 0)), Ok(3));
    kit.world(|world| world.set(1, |status| status.end_of_stream = true));
    assert_eq!(revents(&mut kit, fd, POLLIN | POLLRDHUP), POLLIN | POLLRDHUP);
    kit.world(|world| world.fail(1, Errno::ECONNRESET));
    assert_eq!(revents(&mut kit, fd, 0), POLLERR | POLLHUP);
    assert_eq!(revents(&mut kit, Fd(99), ALL), POLLNVAL);
    assert_eq!(revents(&mut kit, Fd(-1), ALL), 0);
    let fresh = kit.stream(false);
    assert_eq!(revents(&mut kit, fresh, ALL), POLLOUT | POLLHUP);
}

#[test]
fn poll_waits_for_an_event_or_the_end_of_its_time() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    let first = kit.start(poll(&[(fd, POLLIN)], 100)).expect("supported");
    assert_eq!(kit.returns(Instant::from_millis(99)), []);
    assert_eq!(kit.returns(Instant::from_millis(300)), [(Instant::from_millis(100), first, Ok(0))]);
    let second = kit.start(poll(&[(fd, POLLIN)], -1)).expect("supported");
    kit.later(Instant::from_millis(700), |world| world.deliver(1, b"x"));
    assert_eq!(kit.returns(Instant::from_millis(900)), [(Instant::from_millis(700), second, Ok(1))]);
}

#[test]
fn what_poll_cannot_see_is_named() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    kit.world(|world| world.deliver(1, b"abc"));
    assert!(kit.unsupported(poll(&[(fd, POLLRDHUP)], 0)).contains("POLLRDHUP"));
    let mut kit = Kit::new();
    let fd = kit.connected();
    assert!(kit.unsupported(poll(&[(fd, POLLPRI)], 0)).contains("POLLPRI"));
    let mut kit = Kit::new();
    let listener = kit.listening(80);
    assert!(kit.unsupported(poll(&[(listener, POLLIN)], 0)).contains("listening"));
}

#[test]
fn ioctl_counts_what_waits_on_either_side() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    kit.world(|world| world.deliver(1, b"abc"));
    kit.world(|world| world.set(1, |status| status.unacknowledged = Some(7)));
    let mut told = |request: i64| kit.full(Call::Ioctl { fd, request: request as i32 }).data;
    assert_eq!((told(SIOCINQ), told(SIOCOUTQ)), (3_i32.to_le_bytes().to_vec(), 7_i32.to_le_bytes().to_vec()));
    kit.world(|world| world.set(1, |status| status.unacknowledged = None));
    assert!(kit.unsupported(Call::Ioctl { fd, request: SIOCOUTQ as i32 }).contains("SIOCOUTQ"));
    let mut kit = Kit::new();
    let fd = kit.listening(80);
    assert_eq!(kit.call(Call::Ioctl { fd, request: SIOCINQ as i32 }), Err(Errno::EINVAL));
    assert!(kit.unsupported(Call::Ioctl { fd, request: 1 }).contains("ioctl(1)"));
}

#[test]
fn sockets_without_connection_have_a_state_and_a_default_segment_size() {
    let mut kit = Kit::new();
    let get = |fd, name: i64| Call::GetOption { fd, level: SOL_TCP as i32, name: name as i32, length: 300 };
    let (fresh, listener) = (kit.stream(false), kit.listening(80));
    assert_eq!(tcp_info::decode(&kit.full(get(fresh, TCP_INFO)).data, "state"), Some(7));
    assert_eq!(tcp_info::decode(&kit.full(get(listener, TCP_INFO)).data, "state"), Some(10));
    assert_eq!(kit.full(get(fresh, TCP_MAXSEG)).data, 536_i32.to_le_bytes());
    let fd = kit.connected();
    assert!(kit.unsupported(get(fd, TCP_INFO)).contains("TCP_INFO"), "the engine does not tell");
    assert!(kit.unsupported(get(fd, TCP_MAXSEG)).contains("TCP_MAXSEG"));
}

#[test]
fn a_lingering_close_returns_when_all_is_acknowledged() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    assert_eq!(kit.call(linger(fd, 5)), Ok(0));
    kit.world(|world| world.set(1, |status| status.unacknowledged = Some(4)));
    kit.world(|world| world.keeps_closed = true);
    let ticket = kit.start(Call::Close { fd }).expect("supported");
    assert_eq!(kit.call(read(fd, 1, 0)), Err(Errno::EBADF), "the descriptor is gone at once");
    assert_eq!(kit.stream(false), fd, "and free");
    kit.later(Instant::from_millis(40), |world| world.set(1, |status| status.unacknowledged = Some(1)));
    kit.later(Instant::from_millis(60), |world| world.set(1, |status| status.unacknowledged = Some(0)));
    assert_eq!(kit.returns(Instant::from_millis(9000)), [(Instant::from_millis(60), ticket, Ok(0))]);
}

#[test]
fn a_lingering_close_does_not_wait_longer_than_its_time() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    assert_eq!(kit.call(linger(fd, 5)), Ok(0));
    kit.world(|world| world.set(1, |status| status.unacknowledged = Some(4)));
    kit.world(|world| world.keeps_closed = true);
    let ticket = kit.start(Call::Close { fd }).expect("supported");
    let end = Instant::ZERO + Duration::from_secs(5);
    assert_eq!(kit.returns(Instant::from_millis(9000)), [(end, ticket, Ok(0))]);
    assert!(kit.world(|world| world.log.contains(&"close 1".to_owned())));
    let again = kit.stream(false);
    assert_eq!(kit.call(Call::Bind { fd: again, address: any(80) }), Ok(0));
}
