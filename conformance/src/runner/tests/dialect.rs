//! What FreeBSD's dialect says of TCP, executed (packetdrill language, 8).

use super::*;

const START: &str = "0 < S 100:100(0) win 1000\n+0 > S. 0:0(0) ack 101\n";

fn opened() -> Fake {
    Fake::new().sends(0.0, ack(segment(Flags::SYN, 5000, 0), 101))
}

#[test]
fn literal_numbers_are_not_mapped() {
    let run = passes(&format!("{START}+0 < R 7:7(0)! win 0\n+0 < R 7:7(0) win 0"), opened());
    assert_eq!(injected(&run)[1..].iter().map(|(_, s)| s.seq).collect::<Vec<_>>(), [Seq(7), Seq(107)]);
    let reset = |seq| opened().sends(0.0, segment(Flags::RST, seq, 0));
    passes(&format!("{START}+0 > R 0:0(0)!"), reset(0));
    fails("seq expected 0:0(0), got 5000:5000(0)", &format!("{START}+0 > R 0:0(0)!"), reset(5000));
}

#[test]
fn any_number_will_do_but_not_any_length() {
    let sent = |len| opened().sends(0.0, ack(segment(Flags::NONE, 12345, len), 101));
    passes(&format!("{START}+0 > . ...(5) ack 1"), sent(5));
    fails("seq expected ...(5)", &format!("{START}+0 > . ...(5) ack 1"), sent(4));
}

#[test]
fn timestamps_of_the_dialect() {
    let options = [TcpOption::NoOperation, TcpOption::NoOperation, TcpOption::Timestamps { val: 9, ecr: 1 }];
    let fake = || opened().sends(0.0, with_options(&options, bare_ack(5001, 101)));
    let outbound = format!("{START}+0 > . 1:1(0) ack 1 <nop, nop, TS val ... ecr 1>\n");
    let run = passes(&format!("{outbound}+0 < . 1:1(0) ack 1 win 1 <nop, nop, TS val 2 ecr 77!>"), fake());
    assert_eq!(injected(&run)[1].1.options[2], TcpOption::Timestamps { val: 2, ecr: 77 });
    // nothing was learnt
    let script = format!("{outbound}+0 < . 1:1(0) ack 1 win 1 <nop, nop, TS val 2 ecr 9>");
    expect(Verdict::Broken, "TS ecr 9 answers no TS val", &script, fake());
}

#[test]
fn options_by_their_octets() {
    let run = passes(
        "0 < S 0:0(0) win 1 <gen-77 0102, exp-1234 05, nop, nop, nop>\n+0 < S 0:0(0) win 1 <02040578>",
        Fake::new(),
    );
    let options = |at: usize| injected(&run)[at].1.options.clone();
    assert_eq!(options(0)[0], TcpOption::Raw { kind: 77, data: vec![1, 2] });
    assert_eq!(options(0)[1], TcpOption::Raw { kind: 254, data: vec![0x12, 0x34, 5] });
    assert_eq!(options(1), [TcpOption::Mss(0x578)]);

    let sent =
        |data: Vec<u8>| opened().sends(0.0, with_options(&[TcpOption::Raw { kind: 19, data }], bare_ack(5001, 101)));
    passes(&format!("{START}+0 > . 1:1(0) ack 1 <13040102>"), sent(vec![1, 2]));
    passes(&format!("{START}+0 > . 1:1(0) ack 1 <md5 0102>"), sent(vec![1, 2]));
    passes(&format!("{START}+0 > . 1:1(0) ack 1 <gen-19 0102>"), sent(vec![1, 2]));
    fails("options expected", &format!("{START}+0 > . 1:1(0) ack 1 <13040102>"), sent(vec![1, 3]));
    fails("options expected", &format!("{START}+0 > . 1:1(0) ack 1 <md5 0102>"), sent(vec![1, 3]));
}

#[test]
fn digests_are_made_and_judged() {
    let line = "<nop, nop, md5 valid>";
    let run = passes(&format!("--tcp_md5_secret=abc\n0 < S 0:0(0) win 1 {line}"), Fake::new());
    let TcpOption::Md5(digest) = injected(&run)[0].1.options[2].clone() else { panic!("no digest") };
    assert_ne!(digest, [0; 16]);
    let sent = |digest: Vec<u8>| {
        let options = [TcpOption::NoOperation, TcpOption::NoOperation, TcpOption::Md5(digest)];
        opened().sends(0.0, with_options(&options, bare_ack(5001, 101)))
    };
    fails("options expected", &format!("--tcp_md5_secret=abc\n{START}+0 > . 1:1(0) ack 1 {line}"), sent(digest));
}

#[test]
fn the_length_of_an_option_may_be_left_open() {
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n\
                  +0 setsockopt(3, IPPROTO_TCP, TCP_NODELAY, [1], ...) = 0\n\
                  +0 getsockopt(3, IPPROTO_TCP, TCP_NODELAY, [1], ...) = 0\n\
                  +0 getsockopt(3, IPPROTO_TCP, TCP_NODELAY, [1], [...]) = 0";
    let one = Return { data: vec![1, 0, 0, 0], ..Return::ok(0) };
    let fake = Fake::new().with_capabilities(&[Capability::NoDelay]).returns(3, one.clone()).returns(4, one);
    let calls = called(&passes(script, fake));
    assert!(matches!(&calls[1].1, Call::SetOption { value, .. } if value.len() == 4), "{calls:?}");
    assert!(calls[2..].iter().all(|(_, call)| matches!(call, Call::GetOption { length: 4, .. })), "{calls:?}");
}
