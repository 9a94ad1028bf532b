//! What RFC 9293 §3.10 does not list as an event: ICMP, keep-alive, damaged segments. Illegal
//! options have a file of their own.

use super::{Driver, both, host};
use crate::bench::{Bench, LOCAL, Outcome, PEER, Want, ensure};
use crate::case::Case;
use wirelaw_reference::tcp::{HardErrors, KeepAlive, Notice, State};
use wirelaw_reference::time::Duration;
use wirelaw_reference::wire::{Body, Flags, Icmp, Ip, Packet, Segment};

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
pub fn octets_arrive(bench: &mut Bench, octets: &[u8]) -> bool {
    match Packet::decode_received(octets) {
        Ok((packet, illegal)) => {
            let segment = packet.segment().expect("it was TCP");
            if illegal.is_some() {
                bench.arrives_with_illegal_options(segment)
            } else {
                bench.arrives(segment)
            };
            true
        }
        Err(_) => false,
    }
}

/// A segment to which the state would certainly react.
pub fn provoking(bench: &Bench, case: &Case<'_>) -> Segment {
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
