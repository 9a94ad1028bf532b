//! Blocking calls (packetdrill language, 2.5).

use super::*;

const SOCKET: &str = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n";

fn returns_at(millis: f64) -> Fake {
    Fake::new().returns_at(2, millis, Return::ok(0))
}

#[test]
fn a_blocking_call_returns_at_its_end() {
    // start and end, when it returns (ms), whether that is right
    for (times, millis, fits) in [
        ("0...1", 1000.0, true),
        ("0...1", 1125.0, true),
        ("0...1", 1126.0, false),
        ("0...1", 874.0, false),
        ("+0...1", 1000.0, true),
        // the end of a relative line counts from the base of its start, not from the start
        ("+0.5...1", 1000.0, true),
        ("+0.5...1", 1500.0, false),
        ("0.5...1", 1000.0, true),
        // the tolerance is that of the call's own duration
        ("+0.5...1", 1062.0, true),
        ("+0.5...1", 1063.0, false),
    ] {
        let script = format!("{SOCKET}{times} read(3, ..., 10) = 0\n2 < S 0:0(0) win 1");
        let run = run_on(&script, returns_at(millis));
        assert_eq!(run.verdict == Verdict::Pass, fits, "{times} {millis}: {}", run.message);
        assert!(fits || run.message.starts_with("return expected at 1.000000"), "{}", run.message);
        assert!(fits || run.line == Some(2), "{:?}", run.line);
    }
}

#[test]
fn packets_come_and_go_while_a_call_blocks() {
    let script =
        format!("{SOCKET}0...1 read(3, ..., 10) = 0\n0.5 < S 0:0(0) win 1\n+0 > R 0:0(0)\n+1 < S 0:0(0) win 1");
    let run = passes(&script, returns_at(1000.0).sends(500.0, segment(Flags::RST, 0, 0)));
    assert_eq!(injected(&run)[1].0, Instant::from_millis(1500), "the return moves no time");
}

#[test]
fn what_a_blocking_call_returns_is_compared() {
    let script = format!("{SOCKET}0...1 read(3, ..., 10) = 10\n2 < S 0:0(0) win 1");
    let run = fails("result expected 10, got 0", &script, returns_at(1000.0));
    assert_eq!(run.line, Some(2), "the call is to blame, not the line at which its return is seen");
    let failure = run.failure.expect("it fails");
    assert!(script[failure.span].starts_with("0...1 read"));
}

#[test]
fn the_next_call_waits_a_second_for_it() {
    // it comes back in time
    let script = format!("{SOCKET}0...1 read(3, ..., 10) = 0\n1 listen(3, 1) = 0");
    passes(&script, returns_at(1000.0));
    // within the grace, but then the next call is late
    let script = format!("{SOCKET}0...1 read(3, ..., 10) = 0\n0.5 listen(3, 1) = 0");
    fails("time expected 0.500000, got 1.000000", &script, returns_at(1000.0));
    // not even then, though it should be back: it is to blame
    let script = format!("{SOCKET}0...0.5 read(3, ..., 10) = 0\n1 listen(3, 1) = 0");
    let run = fails("the call has not returned until 2.000000", &script, Fake::new().holds(2));
    assert_eq!(run.line, Some(2));
    // it need not be back yet: the script asks for two calls at a time
    let script = format!("{SOCKET}0...9 read(3, ..., 10) = 0\n1...9 read(3, ..., 10) = 0");
    let run = expect(Verdict::Broken, "still blocks", &script, Fake::new().holds(2));
    assert_eq!(run.line, Some(3));
}

#[test]
fn the_end_of_the_script_waits_a_second_for_it() {
    let script = format!("{SOCKET}0...0.9 read(3, ..., 10) = 0");
    passes(&script, returns_at(900.0));
    let script = format!("{SOCKET}0...1.1 read(3, ..., 10) = 0");
    let run = fails("the script ends, but the call does not return", &script, returns_at(1100.0));
    assert_eq!(run.line, Some(2));
    let script = format!("{SOCKET}0...0.9 read(3, ..., 10) = 1");
    fails("result expected 1, got 0", &script, returns_at(900.0));
}

#[test]
fn a_blocking_accept_names_its_connection() {
    let script = format!("{SOCKET}+0...0.2 accept(3, ..., ...) = 4\n+0.1 < S 0:0(0) win 1\n+0.2 read(4, ..., 1) = 0");
    let peer = Some("192.0.2.1:40001".parse().expect("it is an address"));
    let fake = Fake::new().returns_at(2, 200.0, Return { peer, ..Return::ok(77) });
    let run = passes(&script, fake);
    assert_eq!(called(&run)[2].1, Call::Read { fd: crate::trace::Fd(77), length: 1, flags: 0 });
}

#[test]
fn a_call_that_returns_at_once_may_have_an_end() {
    passes(&format!("{SOCKET}0...0 read(3, ..., 1) = 0\n+1 listen(3, 1) = 0"), Fake::new());
    fails("return expected at 1.0", &format!("{SOCKET}0...1 read(3, ..., 1) = 0\n+1 listen(3, 1) = 0"), Fake::new());
}
