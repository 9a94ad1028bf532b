//! Options of illegal length (RFC 9293 §3.1, MUST-7): discarded, ignored, or answered with a reset.

use super::external::{octets_arrive, provoking};
use super::{Driver, both};
use crate::bench::{Bench, LOCAL, Outcome, PEER, Want, ensure};
use crate::case::Case;
use wirelaw_reference::tcp::{IllegalOptions, Notice, State};
use wirelaw_reference::wire::{Flags, Packet, Segment, TcpOption};

pub const DRIVERS: &[Driver] = &[
    both("EXT:BAD-OPTLEN", "LISTEN", "SYN or SYN,ACK with an illegal option length", refused_by_listener),
    both("EXT:BAD-OPTLEN", "SYN-SENT", "SYN or SYN,ACK with an illegal option length", discarded),
    both("EXT:BAD-OPTLEN", "SYN-SENT", "same; stack takes the suggested course", resets_opener),
    both("EXT:BAD-OPTLEN", "LISTEN SYN-SENT", "bare SYN; stack ignores the bad options", ignored_on_syn),
    both("EXT:BAD-OPTLEN", "SYN-SENT", "acceptable SYN,ACK; stack ignores the bad options", ignored_on_syn_ack),
    both("EXT:BAD-OPTLEN", "*", "segment with an illegal option length", resets),
    both("EXT:BAD-OPTLEN", "*", "same", discarded_or_ignored),
];

/// Length octets that nobody can act on: behind the last there are four octets of options.
const ILLEGAL: [u8; 4] = [0, 1, 5, 255];

fn habit(case: &Case<'_>, habit: IllegalOptions) -> Bench {
    Bench::with(case, |config| config.illegal_options = habit)
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

/// The segment arrives with an option of this length.
fn arrives(bench: &mut Bench, segment: &Segment, length: u8) -> Result<(), String> {
    ensure!(octets_arrive(bench, &with_option_length(segment, length)), "length {length}: it is no packet");
    Ok(())
}

fn discarded(case: &Case<'_>) -> Outcome {
    let mut bench = habit(case, IllegalOptions::Discard);
    let segment = provoking(&bench, case);
    for length in ILLEGAL {
        arrives(&mut bench, &segment, length)?;
    }
    let outcome = bench.ends(case, &[])?;
    arrives(&mut bench, &segment, 4)?;
    ensure!(bench.state() != case.state() || !bench.sent.is_empty(), "a legal length is none either");
    Ok(outcome)
}

/// Discarded, or answered with a reset unless it is one: the listener stays.
fn refused_by_listener(case: &Case<'_>) -> Outcome {
    discarded(case)?;
    let mut bench = habit(case, IllegalOptions::Reset);
    let syn = provoking(&bench, case);
    let mut wants = Vec::new();
    for length in ILLEGAL {
        arrives(&mut bench, &syn, length)?;
        wants.push(Want::new(Flags::RST, wirelaw_reference::seq::Seq(0)).ack(case.irs + 1));
        arrives(&mut bench, &Segment { ack: case.iss + 7, flags: Flags::SYN | Flags::ACK, ..syn.clone() }, length)?;
        wants.push(Want::new(Flags::RST, case.iss + 7));
        arrives(&mut bench, &Segment { flags: Flags::RST, ..syn.clone() }, length)?;
    }
    bench.ends(case, &wants)
}

fn resets_opener(case: &Case<'_>) -> Outcome {
    let mut outcome = Err("no length".to_owned());
    for length in ILLEGAL {
        let mut bench = habit(case, IllegalOptions::Reset);
        let syn_ack = provoking(&bench, case);
        // a stranger who does not know our number ends nothing
        arrives(&mut bench, &Segment { ack: case.iss, ..syn_ack.clone() }, length)?;
        arrives(&mut bench, &Segment { flags: Flags::RST | Flags::ACK, ..syn_ack.clone() }, length)?;
        bench.keeps_silent_but_for(&[])?;
        ensure!(bench.state() == case.state(), "a stranger led to {}", bench.state());
        arrives(&mut bench, &syn_ack, length)?;
        outcome = Ok(bench.ends(case, &[Want::new(Flags::RST, case.iss + 1)])?);
        bench.told(Notice::Reset)?;
        ensure!(bench.next_timer().is_none(), "a timer is left");
    }
    outcome
}

fn resets(case: &Case<'_>) -> Outcome {
    let mut outcome = Err("no length".to_owned());
    for length in ILLEGAL {
        let mut bench = habit(case, IllegalOptions::Reset);
        let (reset, ack) = (bench.peer(Flags::RST), bench.peer(Flags::ACK));
        arrives(&mut bench, &reset, length)?;
        let right = bench.rcv_nxt + bench.tcp().rcv().wnd;
        arrives(&mut bench, &Segment { seq: right, ..ack.clone() }, length)?;
        if case.blind_attack_checks {
            arrives(&mut bench, &Segment { seq: ack.seq + 1, ..ack.clone() }, length)?;
        }
        bench.keeps_silent_but_for(&[])?;
        ensure!(bench.state() == case.state(), "a stranger led to {}", bench.state());
        let reset = bench.abort();
        arrives(&mut bench, &ack, length)?;
        outcome = Ok(bench.ends(case, &[reset])?);
        bench.told(Notice::Reset)?;
        ensure!(bench.next_timer().is_none(), "a timer is left");
    }
    outcome
}

/// Window scale with three octets, MSS with one: skipped by their length.
fn senseless() -> Vec<TcpOption> {
    vec![TcpOption::Raw { kind: 3, data: vec![1, 2, 3] }, TcpOption::Raw { kind: 2, data: vec![9] }]
}

/// As many octets as [`ILLEGAL`] has, and a legal option that makes no sense.
fn unreadable_and_senseless(segment: &Segment) -> Vec<Vec<u8>> {
    let odd = Segment { options: senseless(), ..segment.clone() };
    let readable = Packet::tcp(PEER.ip(), LOCAL.ip(), odd).encode();
    ILLEGAL.iter().map(|length| with_option_length(segment, *length)).chain([readable]).collect()
}

fn discarded_or_ignored(case: &Case<'_>) -> Outcome {
    discarded(case)?;
    let mut bench = habit(case, IllegalOptions::Ignore);
    // an acknowledgment would complete the handshake of SYN-RECEIVED
    let flags = if case.state() == State::SynReceived { Flags::NONE } else { Flags::ACK };
    // without ACK, so that they are no duplicate acknowledgments
    for octets in unreadable_and_senseless(&bench.peer(Flags::NONE)) {
        ensure!(octets_arrive(&mut bench, &octets), "it can be read");
    }
    let outcome = bench.ends(case, &[])?;
    let text = Segment { payload: b"ab".to_vec(), ..bench.peer(flags) };
    arrives(&mut bench, &text, 0)?;
    let takes = case.state().is_synchronized() && !case.state().has_received_fin();
    let wants = if takes { vec![bench.ack_of(2)] } else { vec![] };
    bench.keeps_silent_but_for(&wants)?;
    Ok(outcome)
}

fn ignored_on_syn(case: &Case<'_>) -> Outcome {
    let mut outcome = Err("no octets".to_owned());
    let syn = Segment { seq: case.irs, ..habit(case, IllegalOptions::Ignore).peer(Flags::SYN) };
    for octets in unreadable_and_senseless(&syn) {
        let mut bench = habit(case, IllegalOptions::Ignore);
        ensure!(octets_arrive(&mut bench, &octets), "it can be read");
        outcome = Ok(bench.ends(case, &[Want::new(Flags::SYN, case.iss).ack(case.irs + 1)])?);
        ensure!(bench.tcp().snd().mss == crate::bench::MSS, "MSS {}", bench.tcp().snd().mss);
    }
    outcome
}

fn ignored_on_syn_ack(case: &Case<'_>) -> Outcome {
    let mut outcome = Err("no octets".to_owned());
    let syn_ack = provoking(&habit(case, IllegalOptions::Ignore), case);
    for octets in unreadable_and_senseless(&syn_ack) {
        let mut bench = habit(case, IllegalOptions::Ignore);
        ensure!(octets_arrive(&mut bench, &octets), "it can be read");
        outcome = Ok(bench.ends(case, &[Want::new(Flags::NONE, case.iss + 1).ack(case.irs + 1)])?);
    }
    outcome
}
