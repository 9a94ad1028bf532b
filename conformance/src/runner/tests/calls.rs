//! Calls, their arguments and their returns (packetdrill language, 5.1 to 5.4).

use super::*;
use crate::axes::Ip;
use crate::posix::Errno;
use crate::trace::Fd;

const SOCKET: &str = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n";

fn returning(value: Return) -> Fake {
    Fake::new().returns(2, value)
}

#[test]
fn results_and_errors_are_compared() {
    for (line, value, words) in [
        ("listen(3, 1) = 0", Return::ok(0), ""),
        ("listen(3, 1) = 0", Return::ok(1), "result expected 0, got 1"),
        ("listen(3, 1) = -1 EINVAL (Invalid argument)", Return::error(Errno::EINVAL), ""),
        (
            "listen(3, 1) = -1 EINVAL (Invalid argument)",
            Return::error(Errno::EBADF),
            "result expected -1 EINVAL, got -1 EBADF",
        ),
        ("listen(3, 1) = -1", Return::error(Errno::EBADF), ""),
        ("listen(3, 1) = -1 EINVAL (Invalid argument)", Return::ok(0), "result expected -1 EINVAL, got 0"),
        ("listen(3, 1) = 0", Return::error(Errno::EBADF), "result expected 0, got -1 EBADF"),
        // a descriptor is a label: any will do
        ("accept(3, ..., ...) = 4", Return::ok(0), ""),
        ("accept(3, ..., ...) = 4", Return::error(Errno::EAGAIN), "result expected 4, got -1 EAGAIN"),
        ("accept(3, ..., ...) = -1 EAGAIN (no)", Return::error(Errno::EAGAIN), ""),
        ("accept(3, ..., ...) = -1 EAGAIN (no)", Return::ok(7), "result expected -1 EAGAIN, got 7"),
        ("fcntl(3, F_GETFL, 0) = 0x802 (flags O_RDWR|O_NONBLOCK)", Return::ok(0o4002), ""),
    ] {
        let verdict = if words.is_empty() { Verdict::Pass } else { Verdict::Fail };
        expect(verdict, words, &format!("{SOCKET}+0 {line}"), returning(value));
    }
}

#[test]
fn what_is_read_is_compared() {
    let data = |text: &str| Return { data: text.into(), ..Return::ok(text.len() as i64) };
    let script = |line: &str| format!("{SOCKET}+0 {line}");
    passes(&script("read(3, ..., 9) = 5"), returning(data("hello")));
    passes(&script("read(3, \"hello\", 9) = 5"), returning(data("hello")));
    passes(&script("read(3, \"hel\" \"lo\"..., 9) = 5"), returning(data("hello")));
    passes(&script("recv(3, \"hello\", 9, MSG_PEEK) = 5"), returning(data("hello")));
    passes(&script("recvfrom(3, \"hello\", 9, 0, ..., ...) = 5"), returning(data("hello")));
    fails("data expected \"hello\", got \"hullo\"", &script("read(3, \"hello\", 9) = 5"), returning(data("hullo")));
    fails("data expected", &script("read(3, \"hello!\", 9) = 5"), returning(data("hello")));
}

#[test]
fn what_getsockopt_says_is_compared() {
    let value = |octets: &[u8]| Return { data: octets.to_vec(), ..Return::ok(0) };
    let script = |expected: &str| format!("{SOCKET}+0 getsockopt(3, SOL_SOCKET, SO_ERROR, {expected}, [4]) = 0");
    passes(&script("[0]"), returning(value(&[0; 4])));
    passes(&script("[ECONNRESET]"), returning(value(&[104, 0, 0, 0])));
    fails("value expected 0, got 104", &script("[0]"), returning(value(&[104, 0, 0, 0])));
    let lengths = |length: &str| script("[0]").replace("[4]", length);
    passes(&lengths("4"), returning(value(&[0; 4])));
    passes(&lengths("..."), returning(value(&[0; 4])));
    fails("length expected 8, got 4", &lengths("[8]"), returning(value(&[0; 4])));
    expect(Verdict::Unsupported, "a length that is negative", &lengths("-1"), Fake::new());
    fails("value expected 0", &script("[0]"), returning(value(&[])));
}

#[test]
fn arguments_reach_the_stack() {
    let script = format!(
        "{SOCKET}+0 bind(3, ..., ...) = 0\n+0 listen(3, 5) = 0\n+0 write(3, ..., 3) = 3\n+0 write(3, \"abc\", 2) = 2\n\
         +0 send(3, \"x\", 1, MSG_OOB) = 1\n+0 sendto(3, \"x\", 1, 0, ..., ...) = 1\n+0 shutdown(3, SHUT_WR) = 0\n\
         +0 setsockopt(3, SOL_SOCKET, SO_LINGER, {{onoff=1, linger=5}}, 8) = 0\n\
         +0 setsockopt(3, IPPROTO_TCP, TCP_NODELAY, [1], 4) = 0\n+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n+0 close(3) = 0"
    );
    let run = passes(&script, Fake::new());
    let calls: Vec<Call> = called(&run).into_iter().map(|(_, call)| call).collect();
    let fd = Fd(1001);
    let write = |data: &[u8], flags, to| Call::Write { fd, data: data.to_vec(), flags, to };
    assert_eq!(
        calls,
        [
            Call::Socket { domain: 2, kind: 1, protocol: 6 },
            Call::Bind { fd, address: "192.168.0.1:8080".parse().expect("it is an address") },
            Call::Listen { fd, backlog: 5 },
            write(&[0; 3], 0, None),
            write(b"ab", 0, None),
            write(b"x", 1, None),
            write(b"x", 0, Some("192.0.2.1:8080".parse().expect("it is an address"))),
            Call::Shutdown { fd, how: 1 },
            Call::SetOption { fd, level: 1, name: 13, value: vec![1, 0, 0, 0, 5, 0, 0, 0] },
            Call::SetOption { fd, level: 6, name: 1, value: vec![1, 0, 0, 0] },
            Call::Fcntl { fd, command: 4, argument: 0o4002 },
            Call::Close { fd },
        ]
    );
    let axes = Axes { ip: Ip::V6, ..Axes::default() };
    assert_eq!(called(&run_with(SOCKET, Fake::new(), &axes))[0].1, Call::Socket { domain: 10, kind: 1, protocol: 6 });
}

#[test]
fn descriptors_are_labels() {
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 42\n+0 close(42) = 0\n+0 close(42) = 0\n\
                  +0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 42\n+0 close(42) = 0\n+0 close(-1) = 0\n+0 close(1001) = 0";
    let run = passes(script, Fake::new());
    let closed: Vec<i32> = called(&run)
        .into_iter()
        .filter_map(|(_, call)| if let Call::Close { fd } = call { Some(fd.0) } else { None })
        .collect();
    assert_eq!((closed[0], closed[2]), (1001, 1002));
    // labels that nothing stands for reach the stack as numbers that it has never returned
    assert!([closed[1], closed[3], closed[4]].iter().all(|fd| *fd > 1002), "{closed:?}");
    let twice = format!("{SOCKET}+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3");
    let run = expect(Verdict::Broken, "descriptor 3 is in use", &twice, Fake::new());
    assert_eq!(run.line, Some(2));
    let accepted = format!("{SOCKET}+0 accept(3, ..., ...) = 4\n+0 accept(3, ..., ...) = 4\n+0 close(4) = 0");
    let run = passes(&accepted, Fake::new().returns(2, Return::ok(1002)).returns(3, Return::ok(1003)));
    assert_eq!(called(&run).last().map(|(_, call)| call.clone()), Some(Call::Close { fd: Fd(1003) }), "the younger");
    // a close that failed closes nothing
    let script = format!("{SOCKET}+0 close(3) = -1\n+0 close(3) = 0");
    assert_eq!(called(&passes(&script, returning(Return::error(Errno::EINTR))))[2].1, Call::Close { fd: Fd(1001) });
}

#[test]
fn senseless_arguments_are_errors_of_the_script() {
    for (line, words) in [
        ("listen(3) = 0", "listen needs more than 1 argument"),
        ("listen(3, 1, 2) = 0", "listen needs fewer than 3 arguments"),
        ("close() = 0", "close needs more than 0 arguments"),
        ("write(3, ..., -1) = 0", "a length of 0 to"),
        ("write(3, ..., 4000000000) = 0", "a length of 0 to"),
        ("write(3, \"abc\", 4) = 4", "the text has 3 octets, fewer than 4"),
        ("read(3, ..., -1) = 0", "a length of 0 to"),
    ] {
        let run = expect(Verdict::Broken, words, &format!("{SOCKET}+0 {line}"), Fake::new());
        assert_eq!(run.line, Some(2), "{line}");
    }
}

#[test]
fn a_blocking_call_without_end_holds_up_the_script() {
    let script = format!("{SOCKET}+0 read(3, ..., 1) = 0\n+1 close(3) = 0");
    let run = passes(&script, Fake::new().returns_at(2, 5000.0, Return::ok(0)));
    assert_eq!(called(&run)[2].0, Instant::from_millis(6000));
}

#[test]
fn a_socket_of_icmp_sends_echo_requests() {
    for (protocol, first) in [("IPPROTO_ICMP", 8), ("IPPROTO_ICMPV6", 128), ("IPPROTO_UDP", 0)] {
        let script = format!("0 socket(..., SOCK_DGRAM, {protocol}) = 3\n+0 sendto(3, ..., 4, 0, ..., ...) = 4");
        let run = passes(&script, Fake::new());
        let sent = called(&run).into_iter().find_map(|(_, call)| match call {
            Call::Write { data, .. } => Some(data),
            _ => None,
        });
        assert_eq!(sent, Some(vec![first, 0, 0, 0]), "{protocol}");
    }
}
