//! What the original does not look at is remarked, and is no failure; and what a clock on the wall changes.

use wirelaw_reference::wire::Ip;

use super::*;

#[test]
fn a_wrong_echo_is_remarked() {
    let script = "0 < S 0:0(0) win 1000 <nop,nop,TS val 7 ecr 0>\n+0 > S. 0:0(0) ack 1 <nop,nop,TS val 9 ecr 7>";
    let syn_ack = |ecr| {
        with_options(
            &[TcpOption::NoOperation, TcpOption::NoOperation, TcpOption::Timestamps { val: 9, ecr }],
            ack(segment(Flags::SYN, 0, 0), 1),
        )
    };
    assert_eq!(passes(script, Fake::new().sends(0.0, syn_ack(7))).notes, Vec::<String>::new());
    let run = passes(script, Fake::new().sends(0.0, syn_ack(8)));
    assert_eq!(run.notes, ["line 2: TS ecr expected 7  got 8"]);
    fails("options expected", &format!("--tcp_ts_ecr_compare\n{script}"), Fake::new().sends(0.0, syn_ack(8)));
}

#[test]
fn octets_that_nobody_sent_are_remarked() {
    const SCRIPT: &str = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 read(3, ..., 10) = 5";
    let reads = |text: &[u8]| Fake::new().returns(2, Return { data: text.to_vec(), ..Return::ok(5) });
    let run = passes(SCRIPT, reads(b"hello"));
    assert_eq!(run.notes, ["line 2: octets were delivered that nobody has sent: \"hello\""]);
    assert_eq!(passes(SCRIPT, reads(&[0; 5])).notes, Vec::<String>::new(), "a segment without text carries zeros");
}

#[cfg(target_os = "linux")]
#[test]
fn a_wrong_checksum_of_a_kernel_is_remarked() {
    let ip = Ip::new([192, 168, 0, 1].into(), [192, 0, 2, 1].into());
    let reset = Segment { source_port: PORT, destination_port: FIRST_CLIENT, ..segment(Flags::RST, 0, 0) };
    let mut octets = Packet { ip, body: Body::Tcp(reset) }.encode();
    octets[36] ^= 1;
    let fake = || Fake::new().add(0.0, Response::Packet(octets.clone()));
    let script = "0 < S 0:0(0) win 1000\n+0 > R 0:0(0)";
    let run = run_live(script, fake());
    assert_eq!(run.verdict, Verdict::Pass, "{}", run.message);
    assert!(run.notes.len() == 1 && run.notes[0].contains("the stack sent a packet with a fault"), "{:?}", run.notes);
    fails("a packet that is no packet", script, fake());
}

#[cfg(target_os = "linux")]
#[test]
fn cookies_of_a_kernel_are_known_where_the_script_sets_the_key() {
    let script = "0 < S 0:0(0) win 1000 <FO,nop,nop>\n+0 > S. 0:0(0) ack 1 <FO 0102030405060708,nop,nop>";
    let keyed = |command: &str| format!("`{command}`\n{script}");
    let gives = |cookie: &[u8]| {
        let options = [TcpOption::FastOpen(cookie.to_vec()), TcpOption::NoOperation, TcpOption::NoOperation];
        Fake::new().sends(0.0, with_options(&options, ack(segment(Flags::SYN, 0, 0), 1)))
    };
    let (right, wrong) = (|| gives(&[1, 2, 3, 4, 5, 6, 7, 8]), || gives(&[9; 8]));
    assert_eq!(run_live(script, wrong()).verdict, Verdict::Pass, "only the server knows its key");
    for command in ["sysctl -q net.ipv4.tcp_fastopen_key=a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4", "../common/defaults.sh"]
    {
        assert_eq!(run_live(&keyed(command), right()).verdict, Verdict::Pass, "{command}");
        let run = run_live(&keyed(command), wrong());
        assert_eq!(run.verdict, Verdict::Fail, "{command}");
        assert!(run.message.contains("FO 0102030405060708"), "{}", run.message);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn times_of_a_kernel_are_a_class_of_their_own() {
    let script = "0 < S 0:0(0) win 1000\n+0 > R 0:0(0)";
    let late = || Fake::new().sends(900.0, segment(Flags::RST, 0, 0));
    let run = run_live(script, late());
    assert_eq!((run.verdict, run.off), (Verdict::Timing, Some(900_000_000)));
    fails("time expected", script, late());
}

#[cfg(target_os = "linux")]
#[test]
fn no_call_of_a_kernel_blocks_for_more_than_a_minute() {
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 read(3, ..., 10) = 5";
    let run = run_live(script, Fake::new().holds(2));
    assert_eq!((run.verdict, run.line), (Verdict::Fail, Some(2)), "{}", run.message);
    assert!(run.message.contains("has not returned after 60"), "{}", run.message);
}

/// The second call returns this, on what the runner takes for a kernel, whose script asks for that.
#[cfg(target_os = "linux")]
fn judged_live(line: &str, value: Return) -> Run {
    let script = format!("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 {line}");
    run_live(&script, Fake::new().with_capabilities(&[Capability::Files]).returns(2, value))
}

#[cfg(target_os = "linux")]
#[test]
fn assertions_about_times_of_a_kernel_are_of_that_class() {
    let info = || Return { data: crate::posix::tcp_info::encode(&[("rtt", 30_000), ("snd_cwnd", 9)]), ..Return::ok(0) };
    let judged = |text: &str| judged_live(&format!("%{{ assert {text} }}%"), info()).verdict;
    assert_eq!(judged("tcpi_rtt == 30000"), Verdict::Pass);
    assert_eq!(judged("tcpi_rtt < 20000"), Verdict::Timing);
    assert_eq!(judged("tcpi_snd_cwnd == 10"), Verdict::Fail);
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 %{ assert tcpi_rtt < 20000 }%";
    expect(Verdict::Fail, "tcpi_rtt = 30000", script, Fake::new().returns(2, info()));
}

#[cfg(target_os = "linux")]
#[test]
fn timestamps_of_a_kernel_are_of_that_class() {
    let option = |val, segment| with_options(&[TcpOption::Timestamps { val, ecr: 5 }], segment);
    let judged = |val| {
        let script = "--tcp_ts_tick_usecs=1000\n0 < S 0:0(0) win 1 <TS val 5 ecr 0, nop, nop>\n\
            +0 > S. 0:0(0) ack 1 <TS val 100 ecr 5, ...>\n+1 > . 1:1(0) ack 1 <TS val 1100 ecr 5, ...>\n";
        let syn = option(7, ack(segment(Flags::SYN, 0, 0), 1));
        run_live(script, Fake::new().sends(0.0, syn).sends(1000.0, option(val, bare_ack(1, 1))))
    };
    assert_eq!((judged(1007).verdict, judged(3007).verdict), (Verdict::Pass, Verdict::Timing));
    assert_eq!(judged(3007).off, None, "it came in time");
}

#[cfg(target_os = "linux")]
#[test]
fn control_messages_that_tell_another_time_are_of_that_class() {
    let judged = |seconds: u64, kind: u32| {
        let head = [&64_u64.to_ne_bytes()[..], &1_u32.to_ne_bytes(), &kind.to_ne_bytes()].concat();
        let control = [&head[..], &seconds.to_ne_bytes(), &[0; 40]].concat();
        let line = "recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 9}], msg_flags=0, msg_control=[\
            {cmsg_level=SOL_SOCKET, cmsg_type=SCM_TIMESTAMPING, cmsg_data={scm_sec=1, scm_nsec=0}}]}, 0) = 0";
        judged_live(line, Return { control, ..Return::ok(0) })
    };
    let (right, late, other) = (judged(1, 37), judged(9, 37), judged(1, 36));
    assert_eq!(right.verdict, Verdict::Pass, "{}", right.message);
    assert_eq!(late.verdict, Verdict::Timing, "{}", late.message);
    assert_eq!(other.verdict, Verdict::Fail, "{}", other.message);
}

#[cfg(target_os = "linux")]
#[test]
fn nobody_waits_longer_on_a_wall_than_was_said() {
    let run = |seconds: u64| {
        let script = format!("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+{seconds} close(3) = 0");
        run_live(&script, Fake::new())
    };
    assert_eq!(run(Axes::LONGEST).verdict, Verdict::Pass);
    let (longer, told) = (run(Axes::LONGEST + 1), "--longest 181 lets it run");
    assert!(longer.verdict == Verdict::Unsupported && longer.message.contains(told), "{}", longer.message);
    assert!(longer.trace.records.is_empty(), "nothing has begun");
}
