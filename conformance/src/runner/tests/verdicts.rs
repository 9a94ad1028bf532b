//! What a mismatch says about the stack: the clause that it breaks, and how binding that is.

use super::*;

#[track_caller]
fn verdict(script: &str) -> (Verdict, Option<String>) {
    let run = run_on(script, Fake::new());
    (run.verdict, run.clause.map(|clause| clause.id))
}

#[test]
fn a_stack_that_cannot_be_blamed_is_unsupported() {
    let script = "0 < S 0:0(0) win 1000\n+0 > R 0:0(0)";
    let doubtful = |number| Fake { doubt: Some("who knows"), ..Fake::new().sends(0.0, segment(Flags::RST, number, 0)) };
    let run = run_on(script, doubtful(1));
    assert_eq!((run.verdict, run.line), (Verdict::Fail, Some(2)), "for others it must show twice");
    let run = run.unless_in_doubt();
    assert_eq!((run.verdict, run.line), (Verdict::Unsupported, Some(2)));
    assert!(run.message.starts_with("who knows: "), "{}", run.message);
    let run = run_on(script, doubtful(0)).unless_in_doubt();
    assert_eq!(run.verdict, Verdict::Pass, "{}", run.message);
}

#[test]
fn the_clause_decides_between_failure_and_warning() {
    // MUST-10 binds, SHLD-2 advises, MAY-1 permits
    for (header, step, expected, clause) in [
        ("", "", Verdict::Fail, None),
        ("// covers: MUST-10\n", "", Verdict::Fail, Some("MUST-10")),
        ("// covers: SHLD-2\n", "", Verdict::Warn, Some("SHLD-2")),
        ("// covers: MAY-1\n", "", Verdict::Warn, Some("MAY-1")),
        // the most binding one
        ("// covers: SHLD-2 MUST-10 MUST-11\n", "", Verdict::Fail, Some("MUST-10")),
        // the line's own
        ("// covers: MUST-10\n", " // covers: SHLD-2", Verdict::Warn, Some("SHLD-2")),
        ("// covers: SHLD-2\n", " // covers: MUST-10", Verdict::Fail, Some("MUST-10")),
        ("", " // covers: SHLD-2", Verdict::Warn, Some("SHLD-2")),
    ] {
        let header = if header.is_empty() { String::new() } else { format!("// A sentence.\n{header}") };
        let script = format!("{header}0 < S 0:0(0) win 1\n+0 > R 0:0(0){step}\n");
        assert_eq!(verdict(&script), (expected, clause.map(str::to_owned)), "{script}");
    }
}

#[test]
fn another_lines_clause_says_nothing() {
    let script = "0 < S 0:0(0) win 1 // covers: SHLD-2\n+0 > R 0:0(0)\n";
    assert_eq!(verdict(script), (Verdict::Fail, None));
}

#[test]
fn the_clause_of_a_blocking_call_is_its_own() {
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n0...0.1 read(3, ..., 1) = 1 // covers: SHLD-2\n\
                  +1 < S 0:0(0) win 1 // covers: MUST-10\n";
    let run = run_on(script, Fake::new().returns_at(2, 100.0, Return::ok(0)));
    assert_eq!((run.verdict, run.line), (Verdict::Warn, Some(2)), "{}", run.message);
}

#[test]
fn neither_the_script_nor_the_harness_breaks_a_clause() {
    let script = "// A sentence.\n// covers: MUST-10\n0 < S 0:0(0) win 1\n+0 > @x R 0:0(0)\n";
    assert_eq!(verdict(script), (Verdict::Broken, None));
}

#[test]
fn the_same_run_twice_is_the_same_to_the_bit() {
    let script = "0 < @a S 0:0(0) win 1\n+0 < @b S 0:0(0) win 1\n+0 > @b R 0:0(0)\n+1 silent";
    let fake = || Fake::new().sends(0.0, to(40_002, segment(Flags::RST, 0, 0))).sends(500.0, segment(Flags::RST, 3, 0));
    let (one, two) = (run_on(script, fake()), run_on(script, fake()));
    assert_eq!(
        (one.verdict, &one.message, &one.trace, &one.notes),
        (two.verdict, &two.message, &two.trace, &two.notes)
    );
    assert_eq!(one.verdict, Verdict::Fail);
}

#[test]
fn each_packet_of_the_trace_has_its_line() {
    let script = "0 < S 0:0(0) win 1\n\n+0 > R 0:0(0)";
    let run =
        passes(script, Fake::new().sends(1.0, segment(Flags::RST, 0, 0)).sends(1.0, to(9, segment(Flags::RST, 0, 0))));
    let lines: Vec<Option<usize>> = run.trace.records.iter().map(|record| record.line).collect();
    assert_eq!(lines, [Some(1), Some(3), None]);
}

#[test]
fn every_stack_is_deterministic_to_the_bit() {
    // connections in both directions, data, loss and retransmission
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n+0 listen(3, 5) = 0\n\
                  +0 < @a S 0:0(0) win 65535 <mss 1460>\n* > @a S. 0:0(0) ack 1 <...>\n+0.1 < @a . 1:1(0) ack 1 win 65535\n\
                  +0 accept(3, ..., ...) = 4\n+0 write(4, ..., 3000) = 3000\n+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 5\n\
                  +0 fcntl(5, F_SETFL, O_NONBLOCK) = 0\n+0 connect(5, ..., ...) = -1 EINPROGRESS (in progress)\n* > @b R 0:0(0)\n";
    let scenario = script::parse("test.pkt", script).expect("it parses");
    for stack in crate::stack::all() {
        let trace = |seed| run(&scenario, stack, &Axes { seed, ..Axes::default() }).trace;
        let (one, two) = (trace(7), trace(7));
        assert!(one.records.len() > 15, "{}: {}", stack.name, one.records.len());
        assert_eq!(one, two, "{}", stack.name);
    }
}

#[test]
fn each_return_of_the_trace_has_its_line() {
    let run = passes("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n\n+0 close(3) = 0", Fake::new());
    let lines: Vec<Option<usize>> = run.trace.records.iter().map(|record| record.line).collect();
    assert_eq!(lines, [Some(1), Some(1), Some(3), Some(3)]);
}

#[test]
fn what_went_over_the_wire_before_a_failure_is_shown() {
    let script = "0 < S 0:0(0) win 1000\n+.01 > S. 0:0(0) ack 1\n+.1 < . 1:1(0) ack 1 win 5\n+.01 > R 9:9(0)";
    let fake = Fake::new().sends(10.0, ack(segment(Flags::SYN, 0, 0), 1)).sends(120.0, segment(Flags::RST, 1, 0));
    let failure = fails("seq expected", script, fake).failure.expect("it fails");
    assert_eq!(failure.got, ["0.120000 > R 1:1(0) win 1000"]);
    let before =
        ["0.000000 < S 0:0(0) win 1000", "0.010000 > S. 0:0(0) ack 1 win 1000", "0.110000 < . 1:1(0) ack 1 win 5"];
    assert_eq!(failure.before, before);
}
