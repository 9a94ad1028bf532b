//! What is compared of a packet of the stack (packetdrill language, 3.2 to 3.5, 4.5).

use wirelaw_reference::wire::{Icmp, Ip};

use super::*;

const START: &str = "0 < S 0:0(0) win 1000\n";

/// The segment that the lines of this file are about: `P. 1:11(10) ack 1 win 1000`.
fn data() -> Segment {
    ack(segment(Flags::PSH, 1, 10), 1)
}

#[track_caller]
fn compare(line: &str, segment: Segment, words: &str) {
    let verdict = if words.is_empty() { Verdict::Pass } else { Verdict::Fail };
    expect(verdict, words, &format!("{START}+0 > {line}"), Fake::new().sends(0.0, segment));
}

#[test]
fn fields() {
    compare("P. 1:11(10) ack 1 win 1000", data(), "");
    compare("P. 1:11(10) ack 1", data(), "");
    compare(". 1:11(10) ack 1", data(), "flags expected ., got P.");
    compare("FP. 1:11(10) ack 1", data(), "flags");
    compare("P. 2:12(10) ack 1", data(), "seq expected 2:12(10), got 1:11(10)");
    compare("P. 1:10(9) ack 1", data(), "seq expected 1:10(9), got 1:11(10)");
    compare("P. 1:11(10) ack 2", data(), "ack expected 2, got 1");
    compare("P. 1:11(10)", data(), "ack expected none, got 1");
    compare("R 1:1(0) ack 1", segment(Flags::RST, 1, 0), "ack expected 1, got absent");
    compare("P. 1:11(10) ack 1 win 999", data(), "win expected 999, got 1000");
    compare("P. 1:11(10) ack 1 urg 3", data(), "urg expected 3, got 0");
    compare("P. 1:11(10) ack 1", Segment { urgent_pointer: 3, ..data() }, "urg expected 0, got 3");
    compare("P. 1:11(10) ack 1", Segment { flags: data().flags | Flags(0x200), ..data() }, "reserved");
    // the ACE field by its number is the same three flags
    compare("P.5 1:11(10) ack 1", Segment { flags: data().flags | Flags::AE | Flags::ECE, ..data() }, "");
    compare("P.5 1:11(10) ack 1", Segment { flags: data().flags | Flags::ECE, ..data() }, "flags");
    // each flag by its letter
    let all = [Flags::FIN, Flags::SYN, Flags::RST, Flags::URG, Flags::ECE, Flags::CWR, Flags::AE];
    for (flag, got) in all.into_iter().zip(["FP.", "SP.", "RP.", "PU.", "PE.", "PW.", "PA."]) {
        let words = format!("flags expected P., got {got}");
        compare("P. 1:11(10) ack 1", Segment { flags: data().flags | flag, ..data() }, &words);
    }
}

#[test]
fn all_differences_are_told() {
    let script = format!("{START}+1 > . 2:12(10) ack 2 win 5 <nop, nop, nop, nop>");
    let run = run_on(&script, Fake::new().sends(0.0, data()));
    let marked: Vec<&str> =
        run.failure.expect("it fails").marks.iter().map(|mark| script.get(mark.span.clone()).unwrap_or("?")).collect();
    assert_eq!(marked, ["+1", ".", "2:12(10", "2", "5", "<nop, nop, nop, nop>"]);
}

#[test]
fn option_lists() {
    let (mss, nop, wscale) = (TcpOption::Mss(1460), TcpOption::NoOperation, TcpOption::WindowScale(7));
    let live = [mss.clone(), nop.clone(), wscale.clone()];
    for (line, live, fits) in [
        ("", &[][..], true),
        ("", &live[..], false),
        (" <...>", &live, true),
        (" <...>", &[], true),
        (" <mss 1460, nop, wscale 7>", &live, true),
        (" <nop, wscale 7, mss 1460>", &live, false),
        (" <mss 1461, nop, wscale 7>", &live, false),
        (" <mss 1460>", &live, false),
        (" <mss 1460, ...>", &live, true),
        (" <wscale 7, mss 1460, ...>", &live, true),
        (" <wscale 8, ...>", &live, false),
        (" <sackOK, ...>", &live, false),
        (" <nop, nop, ...>", &live, false),
        (" <nop, nop, ...>", &[nop.clone(), mss.clone(), nop.clone(), nop.clone()], true),
    ] {
        let script = format!("{START}+0 > P. 1:11(10) ack 1{line}");
        let run = run_on(&script, Fake::new().sends(0.0, with_options(live, data())));
        assert_eq!(run.verdict == Verdict::Pass, fits, "{line} with {live:?}: {}", run.message);
        assert!(fits || run.message.starts_with("option"), "{line}: {}", run.message);
    }
    // any option at all, of a kind that nobody knows
    let unknown = TcpOption::Raw { kind: 77, data: vec![1, 2] };
    compare("P. 1:11(10) ack 1 <...>", with_options(&[unknown], data()), "");
}

#[test]
fn text() {
    compare("P. 1:6(5) ack 1 \"hello\"", with_text("hello", data()), "");
    compare("P. 1:6(5) ack 1 \"hello\"", with_text("hullo", data()), "text expected \"hello\", got \"hullo\"");
    compare("P. 1:6(5) ack 1", with_text("hello", data()), "text expected zero octets, got \"hello\"");
    compare("P. 1:3(2) ack 1 \"\\r\\n\"", with_text("\r\n", data()), "");
    let run = passes("0 < P. 1:6(5) win 1 \"hello\"", Fake::new());
    assert_eq!(injected(&run)[0].1.payload, b"hello");
    let run = passes("0 < P. 1:6(5) win 1", Fake::new());
    assert_eq!(injected(&run)[0].1.payload, [0; 5]);
}

#[test]
fn text_of_joined_segments() {
    let half = |seq, text| with_text(text, ack(segment(Flags::PSH, seq, 0), 1));
    let fake = Fake::new().sends(0.0, half(1, "hello ")).sends(0.0, half(7, "world!"));
    passes(&format!("{START}+0 > P. 1:13(12) ack 1 \"hello world!\""), fake.clone());
    fails("text expected", &format!("{START}+0 > P. 1:13(12) ack 1 \"hello_world!\""), fake);
}

#[test]
fn ip_headers() {
    for (info, class, ttl, words) in [
        ("", 3, 1, ""),
        ("[ect0]", 0x02, 64, ""),
        ("[ect0]", 0xfe, 64, ""),
        ("[ect0]", 0x01, 64, "ECN expected ect0, got ect1"),
        ("[ect01]", 0x01, 64, ""),
        ("[ect01]", 0x02, 64, ""),
        ("[ect01]", 0x03, 64, "ECN expected ect01, got ce"),
        ("[noecn]", 0x00, 64, ""),
        ("[ce]", 0x00, 64, "ECN expected ce, got noecn"),
        ("[tos 0x12]", 0x12, 64, ""),
        ("[tos 0x12]", 0x13, 64, "tos expected 0x12, got 0x13"),
        ("[ttl 63]", 0, 63, ""),
        ("[ttl 63]", 0, 64, "ttl expected 63, got 64"),
        ("[ttl 255]", 0, 1, ""),
    ] {
        let mut packet = Packet::tcp([0; 4].into(), [0; 4].into(), segment(Flags::RST, 0, 0));
        (packet.ip.traffic_class, packet.ip.hop_limit) = (class, ttl);
        let verdict = if words.is_empty() { Verdict::Pass } else { Verdict::Fail };
        let script = format!("{START}+0 > {info} R 0:0(0)");
        expect(verdict, words, &script, Fake::new().sends_packet(0.0, &packet));
    }
}

#[test]
fn ip_headers_of_the_runner() {
    let ip = |info: &str| {
        let run = passes(&format!("0 < {info} S 0:0(0) win 1"), Fake::new());
        match &run.trace.records[0].event {
            Event::Stimulus(Stimulus::Packet(octets)) => Packet::decode(octets).expect("it is a packet").ip,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((ip("").hop_limit, ip("").traffic_class), (255, 0));
    assert_eq!(ip("[ce]").traffic_class, 3);
    assert_eq!(ip("[tos 0xfd]").traffic_class, 0xfd);
    assert_eq!(ip("[ttl 3]").hop_limit, 3);
}

#[test]
fn octets_that_are_no_packet_fail_whatever_the_script_says() {
    let garbage = |octets: Vec<u8>| Fake::new().add(0.0, Response::Packet(octets));
    fails("no packet: ", &format!("{START}+0 silent"), garbage(vec![0x45, 0]));
    let good = Packet::tcp([192, 168, 0, 1].into(), [192, 0, 2, 1].into(), segment(Flags::RST, 0, 0)).encode();
    let mut bad = good.clone();
    *bad.last_mut().expect("it has octets") ^= 1;
    passes(&format!("{START}+0 > R 0:0(0)"), garbage(good));
    fails("checksum", &format!("{START}+0 > R 0:0(0)"), garbage(bad));
}

#[test]
fn packets_that_are_not_tcp_are_remarked() {
    let ip = Ip::new([192, 168, 0, 1].into(), [192, 0, 2, 1].into());
    let packet = Packet { ip, body: Body::Icmp(Icmp::quoting(3, 3, 0, &[0; 28])) };
    let run = passes(
        &format!("{START}+0 > R 0:0(0)"),
        Fake::new().sends_packet(0.0, &packet).sends(0.0, segment(Flags::RST, 0, 0)),
    );
    assert_eq!(run.notes.len(), 1, "{:?}", run.notes);
}

#[test]
fn packets_may_be_allowed_to_differ() {
    let script = format!("--non_fatal=packet\n{START}+0 > P. 5:15(10) ack 1\n+0 > R 0:0(0)");
    let fake = Fake::new().sends(0.0, data()).sends(0.0, segment(Flags::RST, 0, 0));
    let run = passes(&script, fake);
    assert_eq!(run.notes.len(), 1, "{:?}", run.notes);
    assert!(run.notes[0].starts_with("line 3: seq expected 5:15(10)"), "{:?}", run.notes);
    // but not in length, nor to stay away
    let script = format!("--non_fatal=packet\n{START}+0 > P. 1:12(11) ack 1");
    fails("seq expected 1:12(11)", &script, Fake::new().sends(0.0, data()));
    fails("no packet came", &script, Fake::new());
}
