//! What is not executed makes a run unsupported, by its name and before anything happens.

use super::*;

#[track_caller]
fn unsupported(words: &str, script: &str) -> Run {
    let run = expect(Verdict::Unsupported, words, script, Fake::new());
    assert!(run.trace.records.is_empty(), "something happened before: {:?}", run.trace);
    assert!(run.clause.is_none() && run.failure.is_none());
    run
}

const START: &str = "0 < S 0:0(0) win 1000\n";

#[test]
fn constructs_that_are_not_executed() {
    for (words, line) in [
        ("the shell command `true`", "+0 `true`"),
        ("a code block with `import`", "+0 %{ import os }%"),
        ("the name `tcpi_ato`", "+0 %{ assert tcpi_ato == 0 }%"),
        ("UDP packets", "+0 < udp (10)"),
        ("UDP packets", "+0 > udp (10)"),
        ("outbound ICMP", "+0 > icmp echo_reply"),
        ("encapsulation", "+0 < ipv4 1.2.3.4 > 5.6.7.8: S 0:0(0) win 1"),
        ("encapsulation", "+0 > gre: R 0:0(0)"),
        ("PSP", "+0 < encap psp spi 7 S 0:0(0) win 1"),
        ("flow labels", "+0 > [flowlabel 0x1] R 0:0(0)"),
        ("TCP in UDP", "+0 < S 0:0(0) win 1 /udp(1 > 2)"),
        ("SCTP, which is out of scope", "+0 < sctp: INIT[flgs=0, tag=1]"),
        ("the reason of a reset", "+0 < R 0:0(0) win 1 [code 1, pen 2]"),
        ("exp-tarr with a rate", "+0 > R 0:0(0) <exp-tarr 5, nop, nop>"),
        ("`packet_too_big`, a message that ICMP does not have: this is a run with ipv4", "+0 < icmp packet_too_big"),
        ("the call epoll_create()", "+0 epoll_create(1) = 5"),
        ("the call cap_set()", "+0 cap_set(CAP_EFFECTIVE, CAP_NET_ADMIN, CAP_CLEAR) = 0"),
        ("psp_rx_assoc(): PSP needs packetdrill's mode of two machines", "+0 psp_rx_assoc(3, [1]) = 0"),
        ("dup(): packetdrill's language has no form for it", "+0 dup(3) = 4"),
        ("SCTP, which is out of scope", "+0 sctp_bindx(3, ..., 1, 1) = 0"),
        ("a result that is not a number", "+0 listen(3, 1) = ..."),
        ("a result that is not a number", "+0 listen(3, 1) = NULL"),
        ("an address in connect", "+0 connect(3, AF_UNSPEC, ...) = 0"),
        ("a null buffer", "+0 read(3, NULL, 1) = -1 EFAULT (Bad address)"),
        ("a null buffer", "+0 write(3, 0, 1) = -1 EFAULT (Bad address)"),
    ] {
        let run = unsupported(words, &format!("{START}{line}"));
        assert_eq!(run.line, Some(2), "{line}");
    }
}

#[test]
fn names_that_nobody_knows_are_errors_before_anything_runs() {
    for (words, line) in [
        ("`lisen` is no call; did you mean `listen`?", "+0 lisen(3, 1) = 0"),
        ("did you mean `SO_REUSEADDR`?", "+0 setsockopt(3, SOL_SOCKET, SO_REUSADDR, [1], 4) = 0"),
        ("`EWHAT` is no error", "+0 listen(3, 1) = -1 EWHAT (what)"),
    ] {
        // what stands before it would not run here, or fail
        let run = expect(Verdict::Broken, words, &format!("{START}+0 epoll_create(1) = 5\n{line}"), Fake::new());
        assert_eq!((run.line, run.trace.records.len()), (Some(3), 0), "{line}");
    }
    // FreeBSD knows it
    unsupported("TCP_KEEPINIT", &format!("{START}+0 setsockopt(3, IPPROTO_TCP, TCP_KEEPINIT, [1], 4) = 0"));
}

#[test]
fn shell_commands_around_the_script() {
    let run = unsupported("the shell command `../fancy.sh`", &format!("`../fancy.sh`\n{START}"));
    assert_eq!(run.line, Some(1));
    let run = unsupported("the habit sack=off, which fake", &format!("`sysctl -w net.ipv4.tcp_sack=0`\n{START}"));
    assert_eq!(run.line, Some(1));
    let run = unsupported(
        "the shell command `sysctl -w a=b; sysctl",
        &format!("{START}`sysctl -w a=b; {}`", "sysctl ".repeat(20)),
    );
    assert!(run.message.chars().count() < 100, "{}", run.message);
}

#[test]
fn options_that_are_not_executed() {
    for option in ["--mss=1000", "--so_flags=10", "--ip_version=ipv4-mapped-ipv6", "--psp_udp_port=1", "--wire_client"]
    {
        let name = option.split('=').next().unwrap_or_default();
        let run = unsupported(name, &format!("{option}\n{START}"));
        assert_eq!(run.line, Some(1));
    }
    passes(
        &format!("--send_omit_free\n--gateway_ip=1.2.3.4\n--mss=0\n--is_anyip\n--speed=10\n--verbose\n{START}"),
        Fake::new(),
    );
}

#[test]
fn a_first_error_is_not_hidden_by_what_the_stack_does_before_it() {
    // the first line would fail; that the last is not executed here is known before
    unsupported("epoll_wait", &format!("{START}+0 > R 9:9(0)\n+0 epoll_wait(1, ..., 1, 0) = 0"));
}

#[test]
fn capabilities_that_a_stack_lacks() {
    let script = format!("// Urgent data.\n// needs: urgent\n{START}");
    let run = unsupported("urgent, which fake lacks", &script);
    assert_eq!(run.line, Some(2));
    passes(&script, Fake::new().with_capabilities(&[Capability::Urgent]));
}

#[test]
fn what_the_stack_itself_lacks() {
    fn lacking(_: &Setup) -> Result<Box<dyn Stack>, StackError> {
        Err(StackError::Unsupported("IPv6".into()))
    }
    fn broken(_: &Setup) -> Result<Box<dyn Stack>, StackError> {
        Err(StackError::Broken("no room".into()))
    }
    let scenario = script::parse("test.pkt", START).expect("it parses");
    let lacking = run(&scenario, &NamedStack { name: "lacking", factory: lacking }, &Axes::default());
    assert_eq!((lacking.verdict, lacking.message.as_str()), (Verdict::Unsupported, "IPv6"));
    let broken = run(&scenario, &NamedStack { name: "broken", factory: broken }, &Axes::default());
    assert_eq!((broken.verdict, broken.message.as_str()), (Verdict::Broken, "no room"));
}

#[test]
fn packets_that_cannot_be_made() {
    let script = "0 < P. 1:65536(65535) win 1";
    expect(Verdict::Broken, "more than an IPv4 packet holds", script, Fake::new());
    passes("0 < P. 1:65496(65495) win 1", Fake::new());
    expect(Verdict::Broken, "more than an IPv4 packet holds", "0 < P. 1:65497(65496) win 1", Fake::new());
}

#[test]
fn a_run_that_would_fill_the_memory() {
    let write = "+0 write(3, ..., 16777216) = 16777216\n";
    let script = format!("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n{}", write.repeat(18));
    let run = expect(Verdict::Broken, "too many for one run", &script, Fake::new());
    assert_eq!(run.line, Some(18));
}

#[test]
fn a_stack_that_never_stops_is_broken() {
    struct Endless(u64);
    impl Stack for Endless {
        fn profile(&self) -> Profile {
            Fake::new().profile()
        }
        fn stimulate(&mut self, _: Instant, _: &Stimulus) -> Result<(), StackError> {
            Ok(())
        }
        fn advance(&mut self, until: Instant) -> Result<Option<(Instant, Response)>, StackError> {
            self.0 += 1_000_000;
            let at = Instant::from_nanos(self.0.min(until.as_nanos()));
            let packet = Packet::tcp([192, 168, 0, 1].into(), [192, 0, 2, 1].into(), to(5, segment(Flags::RST, 0, 0)));
            Ok(Some((at, Response::Packet(packet.encode()))))
        }
    }
    fn endless(_: &Setup) -> Result<Box<dyn Stack>, StackError> {
        Ok(Box::new(Endless(0)))
    }
    let scenario = script::parse("test.pkt", "0 < S 0:0(0) win 1\n* > R 0:0(0)").expect("it parses");
    let run = run(&scenario, &NamedStack { name: "endless", factory: endless }, &Axes::default());
    assert_eq!(run.verdict, Verdict::Broken);
    assert!(run.message.contains("does not stop"), "{}", run.message);
}

#[test]
fn a_stack_whose_time_runs_backwards_is_broken() {
    struct Confused(Option<u64>);
    impl Stack for Confused {
        fn profile(&self) -> Profile {
            Fake::new().profile()
        }
        fn stimulate(&mut self, _: Instant, _: &Stimulus) -> Result<(), StackError> {
            Ok(())
        }
        fn advance(&mut self, until: Instant) -> Result<Option<(Instant, Response)>, StackError> {
            let response = Response::Return { ticket: Ticket(9), value: Return::ok(0) };
            let due = self.0.filter(|_| until == Instant::from_millis(1000));
            Ok(due.and_then(|_| self.0.take()).map(|millis| (Instant::from_millis(millis), response)))
        }
    }
    fn early(_: &Setup) -> Result<Box<dyn Stack>, StackError> {
        Ok(Box::new(Confused(Some(499))))
    }
    fn late(_: &Setup) -> Result<Box<dyn Stack>, StackError> {
        Ok(Box::new(Confused(Some(1001))))
    }
    let scenario = script::parse("test.pkt", "0 < S 0:0(0) win 1\n0.5 silent\n1 silent").expect("it parses");
    for factory in [early, late] {
        let run = run(&scenario, &NamedStack { name: "confused", factory }, &Axes::default());
        assert_eq!(run.verdict, Verdict::Broken, "{}", run.message);
        assert!(run.message.contains("out of order"), "{}", run.message);
    }
}
