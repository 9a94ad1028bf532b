mod decisions;
mod errors;
mod hostile;
mod links;
mod suite;
mod urgent;

use super::*;
use crate::axes::Axes;
use crate::runner;
use crate::script::parse;
use crate::stack;
use crate::trace::Trace;

/// What `text` brings about on the reference.
fn run(text: &str) -> runner::Run {
    let scenario = parse("test.pkt", text).unwrap_or_else(|error| panic!("{error}\nin: {text}"));
    let reference = stack::all().iter().find(|stack| stack.name == "reference").expect("it is built in");
    runner::run(&scenario, reference, &Axes::default())
}

fn capture(trace: &Trace) -> Vec<u8> {
    let mut octets = Vec::new();
    crate::pcap::write(trace, "", "test.pkt", &mut octets).expect("memory takes all");
    octets
}

/// The capture of a scenario that passes.
fn captured(text: &str) -> Vec<u8> {
    let run = run(text);
    assert_eq!(run.verdict.to_string(), "pass", "{}", run.message);
    capture(&run.trace)
}

fn recorded(octets: &[u8]) -> Recorded {
    record(octets, &Request::new("test.pcapng")).unwrap_or_else(|error| panic!("{error}"))
}

const EXCHANGE: &str = "
0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   bind(3, ..., ...) = 0
+0   listen(3, 1) = 0
+0.1 < S 77:77(0) win 65535 <mss 1000>
+0   > S. 5:5(0) ack 78 <...>
+0.1 < . 1:1(0) ack 1 win 65535
+0   accept(3, ..., ...) = 4
+0.1 < P. 1:6(5) ack 1 win 65535 \"hello\"
+0   read(4, \"hello\", 100) = 5
+0   write(4, \"HTTP\\xff\\r\\n\", 7) = 7
*    > P. 1:8(7) ack 6 <...> \"HTTP\\xff\\r\\n\"
+0.1 < F. 6:6(0) ack 8 win 65535
*    > . 8:8(0) ack 7 <...>
+0.3 close(4) = 0
*    > F. 8:8(0) ack 7 <...>
+0.1 < . 7:7(0) ack 9 win 65535
";

#[test]
fn an_exchange_is_told_in_calls_and_packets() {
    let recorded = recorded(&captured(EXCHANGE));
    let script = recorded.script;
    for wanted in [
        "// Recorded from test.pcapng: the connection of 192.168.0.1:8080, the server, under test",
        "+0 listen(3, 1) = 0\n+0 < S 0:0(0) win 65535 <mss 1000>\n+0 > S. 0:0(0) ack 1 <mss 1460",
        "+0.1 < . 1:1(0) ack 1 win 65535\n+0 accept(3, ..., ...) = 4\n",
        "+0.1 < P. 1:6(5) ack 1 win 65535 \"hello\"\n+0 read(4, \"hello\", 5) = 5\n",
        "write(4, \"HTTP\\xff\\r\\n\", 7) = 7\n+0 > P. 1:8(7) ack 6 \"HTTP\\xff\\r\\n\"\n",
        "read(4, ..., 1) = 0\n",
        "+0.3 close(4) = 0\n+0 > F. 8:8(0) ack 7\n",
    ] {
        assert!(script.contains(wanted), "no {wanted}\nin: {script}");
    }
    let again = parse("x.pkt", &script).expect("it parses");
    assert_eq!(crate::script::print(&again), script, "it is canonical");
    assert_eq!(run(&script).verdict.to_string(), "pass", "{script}");
}

#[test]
fn a_changed_capture_makes_a_script_that_fails() {
    let mut octets = captured(EXCHANGE);
    let at = octets.windows(4).position(|octets| octets == b"HTTP").expect("it was sent");
    octets[at] = b'X';
    let script = recorded(&octets).script.replace("write(4, \"X", "write(4, \"H");
    assert_eq!(run(&script).verdict.to_string(), "fail", "{script}");
}

#[test]
fn the_other_end_can_be_under_test() {
    let octets = captured(EXCHANGE);
    let local = Some("192.0.2.1".parse().expect("an address"));
    let recorded = record(&octets, &Request { local, ..Request::new("x") }).expect("it is whole");
    assert!(recorded.script.contains("connect(3, ..., ...) = -1 EINPROGRESS"), "{}", recorded.script);
    assert!(recorded.script.contains("+0 > S 0:0(0) <mss 1000>"), "{}", recorded.script);
    let local = Some("192.0.2.7".parse().expect("an address"));
    let error = record(&octets, &Request { local, ..Request::new("x") }).expect_err("nobody has it");
    assert!(error.to_string().contains("--local"), "{error}");
}
