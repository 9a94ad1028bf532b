//! Several live packets for one line (packetdrill language, 4.6).

use super::*;

const START: &str = "0 < S 0:0(0) win 1000\n";

/// Data segments of these sizes, each one ms after the other, in sequence.
fn sizes(sizes: &[usize]) -> Fake {
    with_change(sizes, |_, segment| segment)
}

fn with_change(sizes: &[usize], change: impl Fn(usize, Segment) -> Segment) -> Fake {
    let mut seq = 1;
    sizes.iter().enumerate().fold(Fake::new(), |fake, (at, size)| {
        let data = change(at, ack(segment(Flags::default(), seq, *size), 1));
        seq += *size as u32;
        fake.sends(at as f64, data)
    })
}

#[test]
fn equal_segments_and_a_last_one_are_joined() {
    for (live, fits) in [
        (&[3000][..], true),
        (&[1000, 1000, 1000], true),
        (&[1400, 1400, 200], true),
        (&[1000, 2000], true), // only the last has a size of its own, whichever it is
        (&[1000, 500, 1500], false),
        (&[1000, 1000], false),
        (&[2000, 2000], false),
        (&[4000], false),
        (&[0, 3000], true), // a bare ACK before the data is swallowed
        (&[0, 1500, 1500], false),
    ] {
        let run = run_on(&format!("{START}+0 > . 1:3001(3000) ack 1"), sizes(live));
        assert_eq!(run.verdict == Verdict::Pass, fits, "{live:?}: {}", run.message);
        assert!(fits || run.message.starts_with("seq expected 1:3001(3000)"), "{live:?}: {}", run.message);
    }
}

#[test]
fn strict_segments_are_not_joined() {
    let script = format!("--strict_segments\n{START}+0 > . 1:3001(3000) ack 1");
    passes(&script, sizes(&[3000]));
    fails("got 1:1501(1500)", &script, sizes(&[1500, 1500]));
}

#[test]
fn a_line_without_text_is_one_packet() {
    let script = format!("{START}+0 > . 1:1(0) ack 1\n+0.001 > . 1:1001(1000) ack 1");
    passes(&script, sizes(&[0, 1000]));
}

#[test]
fn what_must_agree_between_joined_segments() {
    let script = format!("{START}+0 > P. 1:2001(2000) ack 1 <...>");
    let second = |change: fn(Segment) -> Segment| {
        with_change(&[1000, 1000], move |at, segment| {
            if at == 1 { change(Segment { flags: segment.flags | Flags::PSH, ..segment }) } else { segment }
        })
    };
    passes(&script, second(|segment| segment));
    let differ: [fn(Segment) -> Segment; 7] = [
        |segment| Segment { seq: segment.seq + 1, ..segment },
        |segment| Segment { ack: segment.ack + 1, ..segment },
        |segment| Segment { window: 999, ..segment },
        |segment| Segment { urgent_pointer: 1, ..segment },
        |segment| Segment { flags: segment.flags | Flags::URG, ..segment },
        |segment| Segment { flags: segment.flags | Flags::ECE, ..segment },
        |segment| with_options(&[const { TcpOption::NoOperation }; 4], segment),
    ];
    for (at, change) in differ.into_iter().enumerate() {
        let run = run_on(&script, second(change));
        assert_eq!(run.verdict, Verdict::Fail, "{at}");
        assert_eq!(run.failure.map(|failure| failure.got.len()), Some(2), "{at}: both packets are shown");
    }
}

#[test]
fn the_result_has_the_end_of_the_last_and_the_start_of_the_first() {
    let script = format!(
        "{START}+0.004 > FWP. 1:2001(2000) ack 1 <TS val 8 ecr 0, ...>\n+1 < . 1:1(0) ack 1 win 1 <TS val 1 ecr 8, nop, nop>"
    );
    let fake = with_change(&[1000, 1000], |at, segment| {
        let flags = if at == 0 { Flags::CWR } else { Flags::FIN | Flags::PSH };
        let segment = Segment { flags: segment.flags | flags, ..segment };
        with_options(&[TcpOption::Timestamps { val: 40 + at as u32, ecr: 0 }], segment)
    });
    let run = passes(&script.replace("FWP", "FPW"), fake);
    assert_eq!(injected(&run)[1].1.options[0], TcpOption::Timestamps { val: 1, ecr: 41 });
}

#[test]
fn the_time_is_that_of_the_last() {
    let script = format!("{START}+0 > . 1:2001(2000) ack 1");
    let late = |millis| {
        Fake::new()
            .sends(0.0, ack(segment(Flags::default(), 1, 1000), 1))
            .sends(millis, ack(segment(Flags::default(), 1001, 1000), 1))
    };
    passes(&script, late(4.0));
    fails("time expected 0.000000, got 0.005000", &script, late(5.0));
    fails("seq expected 1:2001(2000), got 1:1001(1000)", &script, late(2500.0));
}

#[test]
fn nothing_continues_a_fin() {
    let fin_first = with_change(&[1000, 1000], |at, segment| {
        let fin = if at == 0 { Flags::FIN } else { Flags::default() };
        Segment { flags: segment.flags | fin, ..segment }
    });
    fails("seq expected 1:2001(2000)", &format!("{START}+0 > . 1:2001(2000) ack 1"), fin_first);
}

#[test]
fn joined_packets_have_one_time_to_live() {
    let packet = |seq, hop_limit| {
        let mut packet = Packet::tcp([0; 4].into(), [0; 4].into(), ack(segment(Flags::default(), seq, 1000), 1));
        packet.ip.hop_limit = hop_limit;
        packet
    };
    let script = format!("{START}+0 > . 1:2001(2000) ack 1");
    for (hop_limit, fits) in [(64, true), (63, false)] {
        let fake = Fake::new().sends_packet(0.0, &packet(1, 64)).sends_packet(1.0, &packet(1001, hop_limit));
        assert_eq!(run_on(&script, fake).verdict == Verdict::Pass, fits);
    }
}
