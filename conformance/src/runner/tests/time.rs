//! Times: forms, bases, tolerance, patience (packetdrill language, 2.1 to 2.4).

use super::*;

/// A first packet that nobody answers; makes the socket under test.
const START: &str = "0 < S 0:0(0) win 1000\n";

fn rst_at(millis: f64) -> Fake {
    Fake::new().sends(millis, segment(Flags::RST, 0, 0))
}

#[test]
fn outbound_packets_have_a_time() {
    // what the line says, when the packet comes (ms), whether that is right; the tolerance is 12.5 %
    // of the time since the line before, and 4 ms at least
    for (time, millis, fits) in [
        ("1", 1000.0, true),
        ("1", 1125.0, true),
        ("1", 1125.1, false),
        ("1", 875.0, true),
        ("1", 874.9, false),
        ("+1", 1125.0, true),
        ("+1", 1126.0, false),
        ("+0", 4.0, true),
        ("+0", 4.1, false),
        ("+0.016", 12.0, true),
        ("+0.016", 11.9, false),
        ("+0.016", 20.1, false),
        ("0.5~1", 437.6, true),
        ("0.5~1", 437.0, false),
        ("0.5~1", 1062.5, true),
        ("0.5~1", 1063.0, false),
        ("+0.5~+1", 1062.5, true),
        ("+0.5~+1", 437.0, false),
        ("*", 0.0, true),
        ("*", 86_000_000.0, true),
    ] {
        let run = run_on(&format!("{START}{time} > R 0:0(0)"), rst_at(millis));
        let expected = if fits { Verdict::Pass } else { Verdict::Fail };
        assert_eq!(run.verdict, expected, "{time} with a packet at {millis} ms: {}", run.message);
        assert!(fits || run.message.starts_with("time expected"), "{}", run.message);
    }
}

#[test]
fn options_set_the_tolerance() {
    for (options, millis, fits) in [
        ("--tolerance_usecs=50000\n", 50.0, true),
        ("--tolerance_usecs=50000\n", 50.1, false),
        ("--tolerance_usecs=1\n", 0.1, false),
        ("--tolerance_percent=50\n", 4.0, true),
        ("--tolerance_percent=50\n", 4.1, false),
    ] {
        let run = run_on(&format!("{options}{START}+0 > R 0:0(0)"), rst_at(millis));
        assert_eq!(run.verdict == Verdict::Pass, fits, "{options}{millis}: {}", run.message);
    }
    let script = format!("--tolerance_percent=50\n{START}+1 > R 0:0(0)");
    passes(&script, rst_at(1500.0));
    fails("time expected 1.000000, got 1.501000", &script, rst_at(1501.0));
}

#[test]
fn relative_times_count_from_the_end_of_the_line_before() {
    // the packet of line 2 comes 100 ms late, within its tolerance; what follows moves along
    let script = format!("{START}+1 > R 0:0(0)\n+1 < S 0:0(0) win 1000\n+0.5 > R 0:0(0)");
    let run = passes(&script, rst_at(1100.0).sends(2600.0, segment(Flags::RST, 0, 0)));
    assert_eq!(injected(&run)[1].0, Instant::from_millis(2100));
    // and so does what follows a call that took its time
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+1 listen(3, 1) = 0\n+1 listen(3, 1) = 0";
    let run = passes(script, Fake::new().returns_at(2, 1300.0, Return::ok(0)));
    assert_eq!(called(&run)[2].0, Instant::from_millis(2300));
}

#[test]
fn inbound_packets_in_a_row_keep_to_their_plan() {
    let line = "+0.1 < . 1:1(0) win 1000\n";
    let run = passes(&format!("{START}{line}{line}{line}"), Fake::new());
    let times: Vec<u64> = injected(&run).iter().map(|(at, _)| at.as_micros()).collect();
    assert_eq!(times, [0, 100_000, 200_000, 300_000]);
    // an absolute time may lie a little in the past; the plan goes on from it, not from the clock
    let script = format!("{START}+0.1 > R 0:0(0)\n0.1 < . 1:1(0) win 1000\n+0.1 < . 1:1(0) win 1000");
    let run = passes(&script, rst_at(104.0));
    let times: Vec<u64> = injected(&run).iter().map(|(at, _)| at.as_micros()).collect();
    assert_eq!(times, [0, 104_000, 200_000]);
}

#[test]
fn a_line_whose_time_has_gone_by_is_too_late() {
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n0.1 listen(3, 1) = 0\n0.2 listen(3, 1) = 0";
    passes(script, Fake::new().returns_at(2, 212.0, Return::ok(0)));
    let run = fails("time expected 0.200000, got 0.213000", script, Fake::new().returns_at(2, 213.0, Return::ok(0)));
    assert_eq!(run.line, Some(3));
}

#[test]
fn what_is_no_inbound_packet_counts_from_the_clock() {
    // the inbound packet is sent 4 ms after its time; the line behind it counts from there
    let script = format!("{START}+0.1 > R 0:0(0)\n0.1 < . 1:1(0) win 1000\n+0 > R 0:0(0)");
    passes(&script, rst_at(104.0).sends(108.0, segment(Flags::RST, 0, 0)));
    fails("time expected 0.104000, got 0.108100", &script, rst_at(104.0).sends(108.1, segment(Flags::RST, 0, 0)));
}

#[test]
fn packets_and_silence_may_be_too_late_as_well() {
    for line in ["0.2 < . 1:1(0) win 1000", "0.2 silent"] {
        let script = format!("{START}+0.19 > R 0:0(0)\n{line}");
        passes(&script, rst_at(204.0));
        fails("time expected 0.200000, got 0.204100", &script, rst_at(204.1));
    }
}

#[test]
fn any_time_counts_as_the_moment_at_which_it_is_reached() {
    // `*` is reached at 1.1 s, so the last line has the tolerance of eight seconds and no more
    let script = format!("{START}+1 > R 0:0(0)\n* > R 0:0(0)\n+8 > R 0:0(0)");
    let rst = || segment(Flags::RST, 0, 0);
    let fake = |millis| rst_at(1100.0).sends(1100.0, rst()).sends(millis, rst());
    passes(&script, fake(10_100.0));
    fails("time expected 9.100000, got 10.110000", &script, fake(10_110.0));
}

#[test]
fn a_packet_is_awaited_for_whole_seconds_and_two_more() {
    for (time, until) in [("+0", "2.000000"), ("+0.9", "2.000000"), ("+1", "3.000000"), ("1~3.5", "5.000000")] {
        let run = fails("no packet came", &format!("{START}{time} > R 0:0(0)"), Fake::new());
        assert!(run.message.contains(&format!("until {until}")), "{time}: {}", run.message);
    }
    // one that comes within that time is too late, and one after it has not come
    fails("time expected 1.000000, got 2.900000", &format!("{START}+1 > R 0:0(0)"), rst_at(2900.0));
    fails("no packet came", &format!("{START}+1 > R 0:0(0)"), rst_at(3001.0));
}

#[test]
fn each_packet_renews_the_wait_but_no_return_does() {
    let script = format!("{START}+1 > R 0:0(0)");
    let other = |millis, fake: Fake| fake.sends(millis, to(7, segment(Flags::RST, 0, 0)));
    fails("time expected 1.000000, got 7.000000", &script, other(2500.0, other(5000.0, rst_at(7000.0))));
    let script =
        "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n0...4 read(3, ..., 1) = 0\n0 < S 0:0(0) win 1000\n+0 > R 0:0(0)";
    fails("no packet came until 2.0", script, rst_at(3000.0).returns_at(2, 1500.0, Return::ok(0)));
}

#[test]
fn a_return_does_not_shorten_the_wait_either() {
    // an old packet of another connection is still there when the call returns
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n0...5.1 read(3, ..., 1) = 0\n0 < S 0:0(0) win 1000\n\
                  5 < S 0:0(0) win 1000\n+1 > R 0:0(0)";
    let fake = rst_at(6000.0).sends(0.0, to(7, segment(Flags::RST, 0, 0)));
    passes(script, fake.returns_at(2, 5100.0, Return::ok(0)));
}

#[test]
fn nobody_waits_for_ever() {
    let run = fails("no packet came until 86400.000000", &format!("{START}* > R 0:0(0)"), Fake::new());
    assert_eq!(run.line, Some(2));
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 accept(3, ..., ...) = 4";
    fails("has not returned after 24 hours", script, Fake::new().holds(2));
    // times at the end of time
    let script = format!(
        "{START}+900000000 < . 1:1(0) win 1\n+900000000 < . 1:1(0) win 1\n+900000000 < . 1:1(0) win 1\n+1 > R 0:0(0)"
    );
    fails("no packet came", &script, Fake::new());
}

#[test]
fn the_first_line_happens_at_zero() {
    for time in ["0", "+0", "0.0"] {
        passes(&format!("{time} < S 0:0(0) win 1000"), Fake::new());
    }
    for time in ["1", "+0.1"] {
        expect(Verdict::Broken, "at time 0", &format!("{time} < S 0:0(0) win 1000"), Fake::new());
    }
}
