//! What RFC 9293 §3.10 does not list as an event: ICMP, keep-alive, damaged segments.

use super::{Driver, both, host};
use crate::bench::{Bench, LOCAL, Outcome, PEER, Want, ensure};
use crate::case::Case;
use wirelaw_reference::tcp::{HardErrors, KeepAlive, Notice, State};
use wirelaw_reference::time::Duration;
use wirelaw_reference::wire::{Body, Flags, Icmp, Ip, Packet, Segment, TcpOption};

pub const DRIVERS: &[Driver] = &[
    host(
        "EXT:ICMP-HARD",
        "SYN-SENT SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSE-WAIT CLOSING LAST-ACK",
        "unreachable codes 2-4 (code 4 excepted when PMTUD is used) matching the connection",
        hard_ends,
    ),
    host("EXT:ICMP-HARD", "SYN-RECEIVED", "same; stack does not abort…", hard_is_endured),
    host("EXT:ICMP-HARD", "*", "same; stack follows RFC 5461/5927 for synchronized states", hard_is_endured),
    host("EXT:ICMP-SOFT", "*", "unreachable 0, 1, 5 (v6: 0, 3), time exceeded, parameter problem", soft),
    host("EXT:ICMP-QUENCH", "*", "ICMPv4 source quench", |case| harmless(case, &[(4, 0)])),
    host("EXT:BAD-CHECKSUM", "*", "any segment with a wrong checksum", bad_checksum),
    host("EXT:BAD-OPTLEN", "LISTEN SYN-SENT", "SYN or SYN,ACK with an illegal option length", unreadable_options),
    host("EXT:BAD-OPTLEN", "LISTEN", "bare SYN; stack ignores the bad options", senseless_option_on_syn),
    host(
        "EXT:BAD-OPTLEN",
        "SYN-SENT",
        "acceptable SYN,ACK; stack ignores the bad options",
        senseless_option_on_syn_ack,
    ),
    host("EXT:BAD-OPTLEN", "SYN-SENT", "bare SYN; stack ignores the bad options", senseless_option_on_syn),
    host("EXT:BAD-OPTLEN", "*", "same", unreadable_or_senseless_options),
    both("EXT:KEEPALIVE", "ESTABLISHED FIN-WAIT-2 CLOSE-WAIT", "enabled, idle interval passed", keep_alive),
    both("EXT:KEEPALIVE", "FIN-WAIT-1", "enabled, idle interval passed", keep_alive_waits_for_fin),
    both(
        "EXT:KEEPALIVE",
        "ESTABLISHED FIN-WAIT-2 CLOSE-WAIT",
        "enabled, a series of probes unanswered",
        keep_alive_unanswered,
    ),
];

/// In the row's state with something in flight, where the state allows it.
fn in_flight(case: &Case<'_>, hard_errors: HardErrors) -> Bench {
    if !case.state().is_synchronized() {
        return Bench::with(case, |config| config.hard_errors = hard_errors);
    }
    let mut bench = Bench::established(case, |config| config.hard_errors = hard_errors);
    if !matches!(case.state(), State::FinWait2 | State::TimeWait) {
        bench.send(b"in flight");
    }
    bench.proceed(case.state());
    bench
}

/// An ICMP error arrives that quotes our segment at SND.UNA.
fn icmp(bench: &mut Bench, kind: u8, code: u8) {
    let quoted = Segment {
        source_port: LOCAL.port(),
        destination_port: PEER.port(),
        seq: bench.una,
        flags: Flags::ACK,
        ..Segment::default()
    };
    let original = Packet::tcp(LOCAL.ip(), PEER.ip(), quoted).encode();
    let body = Body::Icmp(Icmp::quoting(kind, code, 0, &original));
    let packet = Packet { ip: Ip::new(PEER.ip(), LOCAL.ip()), body };
    let now = bench.now;
    bench.subject.host().host.handle_packet(now, &packet);
    let mut notices = Vec::new();
    bench.subject.note(&mut notices);
    bench.notices.append(&mut notices);
    bench.drain();
}

fn hard_ends(case: &Case<'_>) -> Outcome {
    let mut outcome = Err("no code".to_owned());
    for code in [2, 3] {
        let mut bench = in_flight(case, HardErrors::EndConnections);
        icmp(&mut bench, 3, code);
        outcome = Ok(bench.ends(case, &[])?);
        bench.told(Notice::Unreachable)?;
        ensure!(bench.next_timer().is_none(), "a timer is left");
    }
    outcome
}

fn hard_is_endured(case: &Case<'_>) -> Outcome {
    let synchronized = case.state().is_synchronized();
    let habit = if synchronized { HardErrors::EndHandshakes } else { HardErrors::EndNothing };
    let mut bench = in_flight(case, habit);
    for code in [2, 3] {
        icmp(&mut bench, 3, code);
    }
    bench.ends(case, &[])
}

fn soft(case: &Case<'_>) -> Outcome {
    harmless(case, &[(3, 0), (3, 1), (3, 5), (11, 0), (11, 1), (12, 0)])
}

fn harmless(case: &Case<'_>, errors: &[(u8, u8)]) -> Outcome {
    let mut bench = in_flight(case, HardErrors::EndConnections);
    for (kind, code) in errors {
        icmp(&mut bench, *kind, *code);
    }
    let outcome = bench.ends(case, &[])?;
    bench.not_told(Notice::Unreachable)?;
    Ok(outcome)
}

/// What a network card delivers: octets that may not be a packet. Whether they were one.
fn octets_arrive(bench: &mut Bench, octets: &[u8]) -> bool {
    match Packet::decode(octets) {
        Ok(packet) => {
            let segment = packet.segment().cloned().expect("it was TCP");
            bench.arrives(&segment);
            true
        }
        Err(_) => false,
    }
}

/// A segment to which the state would certainly react.
fn provoking(bench: &Bench, case: &Case<'_>) -> Segment {
    match case.state() {
        State::Closed => bench.peer(Flags::ACK),
        State::Listen => Segment { seq: case.irs, ..bench.peer(Flags::SYN) },
        State::SynSent => Segment { seq: case.irs, ack: case.iss + 1, ..bench.peer(Flags::SYN | Flags::ACK) },
        _ => bench.peer(Flags::RST),
    }
}

fn bad_checksum(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let segment = provoking(&bench, case);
    let octets = Packet::tcp(PEER.ip(), LOCAL.ip(), segment).encode();
    for bit in 0..16 {
        let mut damaged = octets.clone();
        damaged[20 + 16 + bit / 8] ^= 1 << (bit % 8); // the checksum field, behind 20 octets of IP
        ensure!(!octets_arrive(&mut bench, &damaged), "bit {bit} of the checksum does not matter");
    }
    let outcome = bench.ends(case, &[])?;
    ensure!(octets_arrive(&mut bench, &octets), "undamaged, it is one");
    ensure!(bench.state() != case.state() || !bench.sent.is_empty(), "undamaged, it does nothing either");
    Ok(outcome)
}

/// The octets of `segment` with an option whose length octet is `length`.
fn with_option_length(segment: &Segment, length: u8) -> Vec<u8> {
    let options = vec![TcpOption::Raw { kind: 77, data: vec![0, 0] }];
    let good = Packet::tcp(PEER.ip(), LOCAL.ip(), Segment { options, ..segment.clone() }).encode();
    let mut octets = good;
    let at = 20 + 20 + 1;
    // the checksum is a sum of 16-bit words, complemented: take out the old word and put in the new
    let old = u32::from(octets[at]);
    octets[at] = length;
    let sum = u32::from(!u16::from_be_bytes([octets[36], octets[37]])) + (0xffff - old) + u32::from(length);
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    octets[36..38].copy_from_slice(&(!(folded as u16)).to_be_bytes());
    octets
}

/// An option of length 0 or 1, or longer than the header: nobody knows where the next one begins.
fn unreadable_options(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let segment = provoking(&bench, case);
    for length in [0, 1, 5, 255] {
        octets_arrive(&mut bench, &with_option_length(&segment, length));
    }
    let outcome = bench.ends(case, &[])?;
    ensure!(octets_arrive(&mut bench, &with_option_length(&segment, 4)), "a legal length is none either");
    Ok(outcome)
}

/// Window scale with three octets, MSS with one: skipped by their length.
fn senseless() -> Vec<TcpOption> {
    vec![TcpOption::Raw { kind: 3, data: vec![1, 2, 3] }, TcpOption::Raw { kind: 2, data: vec![9] }]
}

fn unreadable_or_senseless_options(case: &Case<'_>) -> Outcome {
    unreadable_options(case)?;
    let mut bench = Bench::new(case);
    // an acknowledgment would complete the handshake of SYN-RECEIVED
    let flags = if case.state() == State::SynReceived { Flags::NONE } else { Flags::ACK };
    let segment = Segment { options: senseless(), ..bench.peer(flags) };
    let octets = Packet::tcp(PEER.ip(), LOCAL.ip(), segment).encode();
    ensure!(octets_arrive(&mut bench, &octets), "it can be read");
    bench.ends(case, &[])
}

fn senseless_option_on_syn(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let segment = Segment { seq: case.irs, options: senseless(), ..bench.peer(Flags::SYN) };
    let octets = Packet::tcp(PEER.ip(), LOCAL.ip(), segment).encode();
    ensure!(octets_arrive(&mut bench, &octets), "it can be read");
    let outcome = bench.ends(case, &[Want::new(Flags::SYN, case.iss).ack(case.irs + 1)])?;
    ensure!(bench.tcp().snd().mss == crate::bench::MSS, "MSS {}", bench.tcp().snd().mss);
    Ok(outcome)
}

fn senseless_option_on_syn_ack(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let segment = Segment { options: senseless(), ..provoking(&bench, case) };
    let octets = Packet::tcp(PEER.ip(), LOCAL.ip(), segment).encode();
    ensure!(octets_arrive(&mut bench, &octets), "it can be read");
    bench.ends(case, &[Want::new(Flags::NONE, case.iss + 1).ack(case.irs + 1)])
}

const KEEP_ALIVE: KeepAlive = KeepAlive { idle: Duration::from_secs(100), interval: Duration::from_secs(10), count: 3 };

fn keep_alive(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::with(case, |config| config.keep_alive = Some(KEEP_ALIVE));
    let probe = Want::new(Flags::NONE, bench.snd_nxt.back(1)).ack(bench.rcv_nxt);
    let mut outcome = Err("no timer".to_owned());
    for waits in [100, 10] {
        // the second, because one lost answer ends nothing (MUST-29)
        let waited = bench.next_timer();
        ensure!(waited == Some(Duration::from_secs(waits)), "probe after {waited:?}, expected {waits} s");
        outcome = Ok(bench.ends(case, std::slice::from_ref(&probe))?);
    }
    bench.arrives(&bench.peer(Flags::ACK));
    let waited = bench.next_timer();
    ensure!(waited == Some(KEEP_ALIVE.idle), "answered, the next probe follows after {waited:?}");
    bench.keeps_silent_but_for(&[probe])?;
    outcome
}

/// MUST-26: a FIN is outstanding, so nothing is sent but that FIN.
fn keep_alive_waits_for_fin(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::with(case, |config| {
        config.keep_alive = Some(KeepAlive { idle: Duration::from_millis(1500), ..KEEP_ALIVE });
    });
    let fin = Want::new(Flags::FIN, bench.una).ack(bench.rcv_nxt);
    bench.wait(Duration::from_secs(8)); // retransmissions after 1, 3 and 7 s
    bench.ends(case, &[fin.clone(), fin.clone(), fin])
}

fn keep_alive_unanswered(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::with(case, |config| config.keep_alive = Some(KEEP_ALIVE));
    bench.wait(Duration::from_secs(129));
    ensure!(
        bench.state() == case.state() && bench.sent.len() == 3,
        "{} probes, then {}",
        bench.sent.len(),
        bench.state()
    );
    bench.sent.clear();
    let reset = bench.abort();
    bench.wait(Duration::from_secs(1));
    let outcome = bench.ends(case, &[reset])?;
    bench.told(Notice::TimedOut)?;
    Ok(outcome)
}
