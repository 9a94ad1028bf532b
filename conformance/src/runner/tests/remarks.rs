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
