//! `getsockopt` and `setsockopt`.

use super::fake::{Kit, write};
use crate::posix::{
    Errno, MSG_MORE, SO_ACCEPTCONN, SO_KEEPALIVE, SO_LINGER, SO_RCVBUF, SO_REUSEADDR, SO_SNDBUF, SO_TYPE, SOL_SOCKET,
    SOL_TCP, TCP_CONGESTION, TCP_CORK, TCP_FASTOPEN, TCP_KEEPCNT, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_MAXSEG, TCP_NODELAY,
    TCP_USER_TIMEOUT,
};
use crate::trace::{Call, Fd};

fn set(fd: Fd, level: i64, name: i64, value: i32) -> Call {
    Call::SetOption { fd, level: level as i32, name: name as i32, value: value.to_le_bytes().to_vec() }
}

fn get(fd: Fd, level: i64, name: i64) -> Call {
    Call::GetOption { fd, level: level as i32, name: name as i32, length: 8 }
}

#[test]
fn what_is_set_is_what_one_gets() {
    let mut kit = Kit::new();
    let fd = kit.stream(false);
    // (level, option, default, a value)
    let options = [
        (SOL_SOCKET, SO_REUSEADDR, Some(0), 1),
        (SOL_SOCKET, SO_KEEPALIVE, Some(0), 1),
        (SOL_SOCKET, SO_RCVBUF, None, 5000),
        (SOL_SOCKET, SO_SNDBUF, None, 6000),
        (SOL_TCP, TCP_NODELAY, Some(0), 1),
        (SOL_TCP, TCP_KEEPIDLE, Some(7200), 30),
        (SOL_TCP, TCP_KEEPINTVL, Some(75), 31),
        (SOL_TCP, TCP_KEEPCNT, Some(9), 3),
        (SOL_TCP, TCP_USER_TIMEOUT, Some(0), 1500),
        (SOL_TCP, TCP_CORK, Some(0), 1),
    ];
    for (level, name, default, value) in options {
        match default {
            Some(default) => assert_eq!(kit.full(get(fd, level, name)).data, i32::to_le_bytes(default)),
            None => assert!(kit.unsupported(get(fd, level, name)).starts_with("getsockopt(SOL_SOCKET, SO_")),
        }
        assert_eq!(kit.call(set(fd, level, name, value)), Ok(0));
        assert_eq!(kit.full(get(fd, level, name)).data, value.to_le_bytes());
    }
    assert_eq!(kit.full(get(fd, SOL_SOCKET, SO_TYPE)).data, 1_i32.to_le_bytes());
    assert_eq!(kit.full(get(fd, SOL_SOCKET, SO_ACCEPTCONN)).data, 0_i32.to_le_bytes());
    let short = Call::GetOption { fd, level: SOL_SOCKET as i32, name: SO_TYPE as i32, length: 1 };
    assert_eq!(kit.full(short).data, [1]);
    let listening = kit.listening(80);
    assert_eq!(kit.full(get(listening, SOL_SOCKET, SO_ACCEPTCONN)).data, 1_i32.to_le_bytes());
}

#[test]
fn congestion_control_has_a_name() {
    let mut kit = Kit::new();
    let fd = kit.stream(false);
    let named =
        |name: &[u8]| Call::SetOption { fd, level: SOL_TCP as i32, name: TCP_CONGESTION as i32, value: name.to_vec() };
    assert!(kit.unsupported(get(fd, SOL_TCP, TCP_CONGESTION)).contains("TCP_CONGESTION"), "the engine does not tell");
    assert_eq!(kit.call(named(b"vegas")), Err(Errno::ENOENT));
    for (name, told) in [(&b"cubic\0\0"[..], b"cubic\0\0\0"), (b"newreno", b"reno\0\0\0\0")] {
        assert_eq!(kit.call(named(name)), Ok(0));
        assert_eq!(kit.full(get(fd, SOL_TCP, TCP_CONGESTION)).data, *told);
    }
}

#[test]
fn linger_has_two_numbers() {
    let mut kit = Kit::new();
    let fd = kit.stream(false);
    assert_eq!(kit.full(get(fd, SOL_SOCKET, SO_LINGER)).data, [0; 8]);
    assert_eq!(kit.call(set(fd, SOL_SOCKET, SO_LINGER, 1)), Err(Errno::EINVAL));
    let value = [1_i32.to_le_bytes(), 7_i32.to_le_bytes()].concat();
    let call = Call::SetOption { fd, level: SOL_SOCKET as i32, name: SO_LINGER as i32, value: value.clone() };
    assert_eq!(kit.call(call), Ok(0));
    assert_eq!(kit.full(get(fd, SOL_SOCKET, SO_LINGER)).data, value);
}

#[test]
fn values_out_of_range_are_refused() {
    let mut kit = Kit::new();
    let fd = kit.stream(false);
    let refused = [
        (SOL_TCP, TCP_KEEPIDLE, 0),
        (SOL_TCP, TCP_KEEPINTVL, 32_768),
        (SOL_TCP, TCP_KEEPCNT, 128),
        (SOL_TCP, TCP_MAXSEG, 87),
        (SOL_TCP, TCP_USER_TIMEOUT, -1),
        (SOL_SOCKET, SO_RCVBUF, -1),
    ];
    for (level, name, value) in refused {
        assert_eq!(kit.call(set(fd, level, name, value)), Err(Errno::EINVAL), "{level} {name}");
    }
    let short = Call::SetOption { fd, level: SOL_TCP as i32, name: TCP_NODELAY as i32, value: vec![1] };
    assert_eq!(kit.call(short), Err(Errno::EINVAL));
}

#[test]
fn what_nobody_knows_is_named() {
    let mut kit = Kit::new();
    let fd = kit.stream(false);
    assert_eq!(kit.unsupported(set(fd, SOL_TCP, TCP_FASTOPEN, 1)), "setsockopt(SOL_TCP, TCP_FASTOPEN)");
    assert_eq!(kit.unsupported(set(fd, SOL_TCP, 999, 1)), "setsockopt(SOL_TCP, 999)");
    assert_eq!(kit.unsupported(get(fd, 77, 8)), "getsockopt(77, 8)");
    assert_eq!(kit.unsupported(set(fd, SOL_TCP, TCP_MAXSEG, 1000)), "no TCP_MAXSEG here");
    assert_eq!(kit.call(set(fd, SOL_TCP, TCP_NODELAY, 1)), Ok(0));
}

#[test]
fn options_reach_the_engine_at_connect_and_later() {
    let mut kit = Kit::new();
    let fd = kit.connected();
    assert_eq!(kit.world(|world| world.options.clone()), Some(crate::stack::engine::SocketOptions::default()));
    assert_eq!(kit.call(set(fd, SOL_TCP, TCP_NODELAY, 1)), Ok(0));
    assert_eq!(kit.world(|world| world.log.clone()), ["configure 1"]);
    assert!(kit.world(|world| world.options.clone()).is_some_and(|options| options.no_delay));
}

#[test]
fn what_is_held_back_stays_so_while_other_options_are_set() {
    for (name, number, cork) in
        [(TCP_KEEPCNT, 5, true), (TCP_NODELAY, 0, true), (TCP_NODELAY, 1, false), (TCP_CORK, 0, false)]
    {
        let mut kit = Kit::new();
        let fd = kit.connected();
        assert_eq!(kit.call(write(fd, b"x", MSG_MORE)), Ok(1));
        assert_eq!(kit.call(set(fd, SOL_TCP, name, number)), Ok(0));
        assert_eq!(kit.world(|world| world.options.as_ref().map(|options| options.cork)), Some(cork), "{name}");
    }
}
