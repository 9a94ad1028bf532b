//! SEGMENT ARRIVES in CLOSED, LISTEN and SYN-SENT (RFC 9293 §3.10.7.1-3).

use std::net::IpAddr;

use super::{Driver, both, host};
use crate::bench::{Bench, LOCAL, Outcome, PEER, PEER_WINDOW, Want, ensure};
use crate::case::Case;
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Notice, State};
use wirelaw_reference::wire::{Flags, Packet, Segment};

const SYN_ACK: Flags = Flags(Flags::SYN.0 | Flags::ACK.0);

pub const DRIVERS: &[Driver] = &[
    both("SEG:1-SEQ", "CLOSED", "any", refuse_ack),
    host("SEG:1-SEQ", "CLOSED LISTEN", "sent to a broadcast/multicast address…", invalid_address),
    both("SEG:2-RST", "CLOSED", "RST set", ignore_resets),
    both("SEG:3-SEC", "CLOSED", "any", refuse_without_ack),
    both("SEG:4-SYN", "CLOSED", "no RST, ACK off…", refuse_without_ack),
    both("SEG:4-SYN", "CLOSED", "no RST, ACK on (SYN,ACK)", refuse_ack),
    both("SEG:5-ACK", "CLOSED", "no RST, ACK on", refuse_ack),
    both("SEG:5-ACK", "CLOSED", "no RST, ACK off", refuse_without_ack),
    both("SEG:6-URG", "CLOSED", "any", |case| refuse(case, Flags::URG, b"")),
    both("SEG:7-TEXT", "CLOSED", "any", |case| refuse(case, Flags::NONE, b"text")),
    both("SEG:8-FIN", "CLOSED", "no RST", |case| refuse(case, Flags::FIN, b"")),
    both("SEG:1-SEQ", "LISTEN", "any", listen_syn_is_not_checked),
    both("SEG:2-RST", "LISTEN", "RST set (checked first)", ignore_resets),
    both("SEG:4-SYN", "LISTEN", "SYN, acceptable, no ACK, no RST", listen_syn),
    host("SEG:4-SYN", "LISTEN", "SYN to or from broadcast/multicast/invalid address…", invalid_address),
    both("SEG:5-ACK", "LISTEN", "ACK set, no RST (checked second, before SYN)", refuse_ack),
    both("SEG:6-URG", "LISTEN SYN-SENT", "URG on a SYN", urgent_on_bare_syn),
    both("SEG:6-URG", "SYN-SENT", "URG on a bare SYN", urgent_on_bare_syn),
    both("SEG:6-URG", "LISTEN", "no SYN, no ACK, no RST", |case| dropped(case, Flags::URG, b"")),
    both("SEG:7-TEXT", "LISTEN", "data on a SYN", text_on_bare_syn),
    both("SEG:7-TEXT", "SYN-SENT", "data on a bare SYN", text_on_bare_syn),
    both("SEG:7-TEXT", "LISTEN", "no SYN, no ACK, no RST", |case| dropped(case, Flags::NONE, b"text")),
    both("SEG:8-FIN", "LISTEN", "FIN on a SYN", fin_on_bare_syn),
    both("SEG:8-FIN", "SYN-SENT", "FIN on a bare SYN", fin_on_bare_syn),
    both("SEG:8-FIN", "LISTEN", "no SYN, no ACK, no RST", |case| dropped(case, Flags::FIN, b"")),
    both("SEG:1-SEQ", "SYN-SENT", "any", syn_sent_not_checked),
    both("SEG:2-RST", "SYN-SENT", "RST with acceptable ACK", syn_sent_refused),
    both("SEG:2-RST", "SYN-SENT", "RST without ACK", ignore_resets_without_ack),
    both("SEG:4-SYN", "SYN-SENT", "SYN with acceptable ACK…", syn_sent_syn_ack),
    both("SEG:4-SYN", "SYN-SENT", "SYN without ACK (simultaneous open)", syn_sent_syn),
    both("SEG:4-SYN", "SYN-SENT", "neither SYN nor RST", |case| dropped(case, Flags::NONE, b"")),
    both("SEG:5-ACK", "SYN-SENT", "ACK set, SEG.ACK =< ISS or SEG.ACK > SND.NXT, RST off…", syn_sent_bad_ack),
    both("SEG:5-ACK", "SYN-SENT", "ACK set, SEG.ACK =< ISS or SEG.ACK > SND.NXT, RST on", syn_sent_bad_ack_on_rst),
    both("SEG:5-ACK", "SYN-SENT", "SND.UNA < SEG.ACK =< SND.NXT, no SYN, no RST", syn_sent_not_checked),
    both("SEG:5-ACK", "SYN-SENT", "ACK off", ignore_resets_without_ack),
    both("SEG:6-URG", "SYN-SENT", "URG on an acceptable SYN,ACK", urgent_on_syn_ack),
    both("SEG:6-URG", "SYN-SENT", "no SYN", |case| dropped(case, Flags::URG, b"")),
    both("SEG:7-TEXT", "SYN-SENT", "data on an acceptable SYN,ACK", text_on_syn_ack),
    both("SEG:7-TEXT", "SYN-SENT", "no SYN", |case| dropped(case, Flags::NONE, b"text")),
    both("SEG:8-FIN", "SYN-SENT", "FIN on an acceptable SYN,ACK", fin_on_syn_ack),
    both("SEG:8-FIN", "SYN-SENT", "no SYN", |case| dropped(case, Flags::FIN, b"")),
];

/// CLOSED and LISTEN: `<SEQ=SEG.ACK><CTL=RST>`, whatever else the segment holds.
fn refuse_ack(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let mut wants = Vec::new();
    for (flags, text) in [(Flags::ACK, &b""[..]), (SYN_ACK, b""), (Flags::ACK | Flags::FIN, b"data")] {
        for ack in [Seq(0), case.iss, case.iss + 1, case.iss.back(1)] {
            let segment = Segment { ack, payload: text.to_vec(), ..bench.peer(flags) };
            bench.arrives(&segment);
            wants.push(Want::new(Flags::RST, ack));
        }
    }
    bench.ends(case, &wants)
}

/// CLOSED: `<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>`, which these flags and this text draw.
fn refuse(case: &Case<'_>, flags: Flags, text: &[u8]) -> Outcome {
    let mut bench = Bench::new(case);
    let counted = u32::from(flags.contains(Flags::SYN)) + u32::from(flags.contains(Flags::FIN));
    let segment = Segment { payload: text.to_vec(), urgent_pointer: 3, ..bench.peer(flags) };
    let end = segment.seq + text.len() as u32 + counted;
    bench.arrives(&segment);
    bench.ends(case, &[Want::new(Flags::RST, Seq(0)).ack(end)])
}

fn refuse_without_ack(case: &Case<'_>) -> Outcome {
    refuse(case, Flags::NONE, b"")?;
    refuse(case, Flags::SYN | Flags::FIN, b"all")?;
    refuse(case, Flags::SYN, b"")
}

fn dropped(case: &Case<'_>, flags: Flags, text: &[u8]) -> Outcome {
    let mut bench = Bench::new(case);
    for seq in [case.irs, case.irs + 1, case.irs.back(1)] {
        let segment = Segment { seq, payload: text.to_vec(), urgent_pointer: 3, ..bench.peer(flags) };
        bench.arrives(&segment);
    }
    bench.not_told(Notice::Urgent)?;
    bench.ends(case, &[])
}

fn ignore_resets(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    for flags in [Flags::RST, Flags::RST | Flags::ACK, Flags::RST | SYN_ACK, Flags::RST | Flags::SYN] {
        bench.arrives(&bench.peer(flags));
    }
    bench.ends(case, &[])
}

fn ignore_resets_without_ack(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    for seq in [case.irs, case.irs + 1, Seq(0)] {
        bench.arrives(&Segment { seq, ..bench.peer(Flags::RST) });
        bench.arrives(&Segment { seq, ..bench.peer(Flags::RST | Flags::SYN) });
    }
    bench.ends(case, &[])
}

/// No segment of any kind draws a word if it comes from, or goes to, such an address.
fn invalid_address(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let address = |text: &str| -> IpAddr { text.parse().expect("an address") };
    let pairs = [
        (PEER.ip(), address("255.255.255.255")),
        (PEER.ip(), address("224.0.0.1")),
        (address("255.255.255.255"), LOCAL.ip()),
        (address("224.0.0.1"), LOCAL.ip()),
        (address("0.0.0.0"), LOCAL.ip()),
    ];
    for (source, destination) in pairs {
        for flags in [Flags::SYN, Flags::ACK, SYN_ACK, Flags::FIN, Flags::NONE] {
            let packet = Packet::tcp(source, destination, bench.peer(flags));
            let now = bench.now;
            bench.subject.host().host.handle_packet(now, &packet);
        }
    }
    bench.ends(case, &[])
}

/// Numbers that an acknowledgment of our SYN must not bear.
fn bad_acks(case: &Case<'_>) -> [Seq; 4] {
    [case.iss, case.iss.back(1), case.iss + 2, case.iss + (1 << 31)]
}

/// In LISTEN every sequence number will do: no SYN, it is dropped, with any number.
fn listen_syn_is_not_checked(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    for seq in [Seq(0), case.iss, case.irs, case.irs + (1 << 31)] {
        bench.arrives(&Segment { seq, ..bench.peer(Flags::NONE) });
    }
    bench.ends(case, &[])
}

fn listen_syn(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.arrives(&Segment { seq: case.irs, ..bench.peer(Flags::SYN) });
    let outcome = bench.ends(case, &[Want::new(Flags::SYN, case.iss).ack(case.irs + 1)])?;
    let (snd, rcv) = (bench.tcp().snd(), bench.tcp().rcv());
    ensure!(rcv.irs == case.irs && rcv.nxt == case.irs + 1, "{rcv:?}");
    ensure!(snd.una == case.iss && snd.nxt == case.iss + 1, "{snd:?}");
    ensure!(bench.tcp().is_passive(), "the passive origin is forgotten (MUST-11)");
    Ok(outcome)
}

/// A bare SYN with `flags` and `text` arrives in LISTEN or SYN-SENT, and is answered with SYN,ACK.
fn bare_syn(case: &Case<'_>, flags: Flags, text: &[u8]) -> Result<(Bench, crate::bench::Asserted), String> {
    let mut bench = Bench::new(case);
    let segment = Segment {
        seq: case.irs,
        payload: text.to_vec(),
        urgent_pointer: if flags.contains(Flags::URG) { 4 } else { 0 },
        ..bench.peer(Flags::SYN | flags)
    };
    bench.arrives(&segment);
    let outcome = bench.ends(case, &[Want::new(Flags::SYN, case.iss).ack(case.irs + 1)])?;
    bench.una = case.iss + 1;
    bench.rcv_nxt = case.irs + 1;
    Ok((bench, outcome))
}

fn urgent_on_bare_syn(case: &Case<'_>) -> Outcome {
    let (mut bench, outcome) = bare_syn(case, Flags::URG, b"")?;
    bench.arrives(&bench.peer(Flags::ACK));
    ensure!(bench.notices == [Notice::Established, Notice::Urgent], "told {:?}", bench.notices);
    ensure!(bench.tcp().rcv().up == case.irs + 4, "RCV.UP {}", bench.tcp().rcv().up);
    Ok(outcome)
}

fn text_on_bare_syn(case: &Case<'_>) -> Outcome {
    let (mut bench, outcome) = bare_syn(case, Flags::NONE, b"early")?;
    ensure!(bench.tcp().readable() == 0, "delivered before ESTABLISHED");
    bench.arrives(&bench.peer(Flags::ACK));
    bench.keeps_silent_but_for(&[bench.ack_of(5)])?;
    let text = bench.call(|tcp| tcp.receive(10));
    ensure!(text == Ok(b"early".to_vec()), "{text:?}");
    Ok(outcome)
}

fn fin_on_bare_syn(case: &Case<'_>) -> Outcome {
    let (mut bench, outcome) = bare_syn(case, Flags::FIN, b"all")?;
    bench.arrives(&bench.peer(Flags::ACK));
    bench.keeps_silent_but_for(&[bench.ack_of(4)])?;
    ensure!(bench.state() == State::CloseWait, "then {}", bench.state());
    Ok(outcome)
}

/// An acknowledgment of our SYN without a SYN is dropped whatever its sequence number.
fn syn_sent_not_checked(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    for seq in [Seq(0), case.irs, case.irs + (1 << 31)] {
        bench.arrives(&Segment { seq, ack: case.iss + 1, ..bench.peer(Flags::ACK) });
    }
    bench.ends(case, &[])
}

fn syn_sent_refused(case: &Case<'_>) -> Outcome {
    for seq in [Seq(0), case.irs, case.irs + (1 << 31)] {
        let mut bench = Bench::new(case);
        bench.arrives(&Segment { seq, ack: case.iss + 1, ..bench.peer(Flags::RST | Flags::ACK) });
        bench.ends(case, &[])?;
        bench.told(Notice::Refused)?;
    }
    let mut bench = Bench::new(case);
    bench.arrives(&Segment { ack: case.iss + 1, ..bench.peer(Flags::RST | SYN_ACK) });
    bench.ends(case, &[])
}

fn syn_sent_bad_ack(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let mut wants = Vec::new();
    for ack in bad_acks(case) {
        for flags in [Flags::ACK, SYN_ACK] {
            bench.arrives(&Segment { ack, ..bench.peer(flags) });
            wants.push(Want::new(Flags::RST, ack));
        }
    }
    bench.ends(case, &wants)
}

fn syn_sent_bad_ack_on_rst(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    for ack in bad_acks(case) {
        bench.arrives(&Segment { ack, ..bench.peer(Flags::RST | Flags::ACK) });
    }
    bench.ends(case, &[])
}

fn syn_sent_syn_ack(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.arrives(&Segment { seq: case.irs, ack: case.iss + 1, ..bench.peer(SYN_ACK) });
    let outcome = bench.ends(case, &[Want::new(Flags::NONE, case.iss + 1).ack(case.irs + 1)])?;
    let (snd, rcv) = (bench.tcp().snd(), bench.tcp().rcv());
    ensure!(rcv.irs == case.irs && rcv.nxt == case.irs + 1, "{rcv:?}");
    ensure!(snd.una == case.iss + 1 && snd.wnd == u32::from(PEER_WINDOW), "{snd:?}");
    ensure!(snd.wl1 == case.irs && snd.wl2 == case.iss + 1, "{snd:?}");
    Ok(outcome)
}

fn syn_sent_syn(case: &Case<'_>) -> Outcome {
    let (bench, outcome) = bare_syn(case, Flags::NONE, b"")?;
    let (snd, rcv) = (bench.tcp().snd(), bench.tcp().rcv());
    ensure!(rcv.irs == case.irs && rcv.nxt == case.irs + 1, "{rcv:?}");
    ensure!(snd.una == case.iss && snd.wnd == u32::from(PEER_WINDOW) && snd.wl1 == case.irs, "{snd:?}");
    ensure!(!bench.tcp().is_passive(), "the active origin is forgotten (MUST-11)");
    Ok(outcome)
}

/// An acceptable SYN,ACK with `flags` and `text` arrives.
fn syn_ack(
    case: &Case<'_>,
    flags: Flags,
    text: &[u8],
    acknowledged: u32,
) -> Result<(Bench, crate::bench::Asserted), String> {
    let mut bench = Bench::new(case);
    let segment = Segment {
        seq: case.irs,
        ack: case.iss + 1,
        payload: text.to_vec(),
        urgent_pointer: if flags.contains(Flags::URG) { 4 } else { 0 },
        ..bench.peer(SYN_ACK | flags)
    };
    bench.arrives(&segment);
    let outcome = bench.ends(case, &[Want::new(Flags::NONE, case.iss + 1).ack(case.irs + 1 + acknowledged)])?;
    Ok((bench, outcome))
}

fn urgent_on_syn_ack(case: &Case<'_>) -> Outcome {
    let (bench, outcome) = syn_ack(case, Flags::URG, b"", 0)?;
    bench.told(Notice::Urgent)?;
    ensure!(bench.tcp().rcv().up == case.irs + 4, "RCV.UP {}", bench.tcp().rcv().up);
    Ok(outcome)
}

fn text_on_syn_ack(case: &Case<'_>) -> Outcome {
    let (mut bench, outcome) = syn_ack(case, Flags::NONE, b"hello", 5)?;
    let text = bench.call(|tcp| tcp.receive(10));
    ensure!(text == Ok(b"hello".to_vec()), "{text:?}");
    Ok(outcome)
}

fn fin_on_syn_ack(case: &Case<'_>) -> Outcome {
    let (bench, outcome) = syn_ack(case, Flags::FIN, b"", 1)?;
    bench.told(Notice::Closing)?;
    Ok(outcome)
}
