//! PAWS, missing timestamps and RFC 6191 (RFC 7323 §3.2, §5.3, §5.5; RFC 6191 §2).

use super::{Driver, both, host};
use crate::bench::{Bench, LOCAL, Outcome, Want, ensure};
use crate::case::Case;
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Reopening, State};
use wirelaw_reference::time::Duration;
use wirelaw_reference::wire::{Flags, Segment, TcpOption};

pub const DRIVERS: &[Driver] = &[
    both("SEG:1-SEQ", "*", "[RFC 7323] timestamps on, RST off, TSval < TS.Recent…", old),
    both("SEG:1-SEQ", "*", "[RFC 7323] timestamps negotiated, RST off, segment lacks the option…", missing),
    host("SEG:1-SEQ", "TIME-WAIT", "incoming SYN with timestamps, RFC 6191 implemented", not_by_sequence_number),
    host("SEG:4-SYN", "TIME-WAIT", "[RFC 6191, SHLD-4] old with timestamps…", honored),
    host("SEG:4-SYN", "TIME-WAIT", "[RFC 6191] none of its accept conditions holds", dropped),
];

/// The peer's clock during the preparations.
const RECENT: u32 = 5;

fn with_stamp(segment: Segment, val: u32) -> Segment {
    Segment { options: vec![TcpOption::Timestamps { val, ecr: 0 }], ..segment }
}

fn without_stamp(segment: Segment) -> Segment {
    Segment { options: vec![], ..segment }
}

/// A segment that would be taken but for its timestamp: text, or what step 5 drops in silence.
fn good(bench: &Bench, case: &Case<'_>) -> Segment {
    if case.state() == State::SynReceived { bench.peer(Flags::NONE) } else { bench.peer_text(b"ab") }
}

/// What [`good`] draws when nothing is wrong with it.
fn drawn_by_good(bench: &Bench, case: &Case<'_>) -> Vec<Want> {
    let takes_text = case.state() != State::SynReceived && !case.state().has_received_fin();
    if takes_text { vec![bench.ack_of(2)] } else { vec![] }
}

/// Before anything else is looked at but RST: inside the window and outside, SYN, FIN or text.
fn old(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::stamped(case, Some(RECENT), |config| config.reopen_time_wait = Reopening::Never);
    ensure!(bench.tcp().timestamps().recent == RECENT, "TS.Recent is {}", bench.tcp().timestamps().recent);
    let mut wants = Vec::new();
    for val in [RECENT - 1, u32::MAX, RECENT.wrapping_sub(0x7fff_ffff)] {
        for seq in [bench.rcv_nxt, bench.rcv_nxt.back(3), bench.rcv_nxt + (1 << 31)] {
            for flags in [Flags::ACK, Flags::SYN, Flags::FIN | Flags::ACK] {
                let segment = Segment { seq, flags, ..good(&bench, case) };
                bench.arrives(&with_stamp(segment, val));
                wants.push(bench.ack());
            }
        }
    }
    let outcome = bench.ends(case, &wants)?;
    ensure!(bench.tcp().readable() == 0, "its text was taken");
    takes_what_is_not_old(case)?;
    resets_are_exempt(case)?;
    Ok(outcome)
}

/// The same TSval, a newer one, one after 24 days, and any without agreement on timestamps.
fn takes_what_is_not_old(case: &Case<'_>) -> Result<(), String> {
    for (agreed, val, days) in [(true, RECENT, 0), (true, 0x7fff_ffff, 0), (true, 4, 25), (false, 4, 0)] {
        let waits = matches!(case.state(), State::Established | State::FinWait2 | State::CloseWait);
        if days > 0 && !waits {
            continue; // a timer would end the state long before
        }
        let mut bench = Bench::stamped(case, Some(RECENT), |config| config.timestamps = agreed);
        bench.wait(Duration::from_hours(24 * days));
        let segment = good(&bench, case);
        bench.arrives(&with_stamp(segment, val));
        let wants = drawn_by_good(&bench, case);
        bench.keeps_silent_but_for(&wants)?;
    }
    Ok(())
}

fn resets_are_exempt(case: &Case<'_>) -> Result<(), String> {
    let mut bench = Bench::stamped(case, Some(RECENT), |_| {});
    bench.arrives(&with_stamp(bench.peer(Flags::RST), RECENT - 1));
    let expected = if case.state() == State::SynReceived && case.passive { State::Listen } else { State::Closed };
    ensure!(bench.state() == expected, "a reset with an old timestamp led to {}", bench.state());
    Ok(())
}

fn missing(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::stamped(case, Some(RECENT), |config| config.reopen_time_wait = Reopening::Never);
    for flags in [Flags::ACK, Flags::SYN, Flags::FIN | Flags::ACK] {
        for seq in [bench.rcv_nxt, bench.rcv_nxt.back(3)] {
            bench.arrives(&without_stamp(Segment { seq, flags, ..good(&bench, case) }));
        }
    }
    let outcome = bench.ends(case, &[])?;
    ensure!(bench.tcp().readable() == 0, "its text was taken");
    for (require, agreed) in [(false, true), (true, false)] {
        let mut bench = Bench::stamped(case, Some(RECENT), |config| {
            (config.require_timestamps, config.timestamps) = (require, agreed);
        });
        bench.arrives(&without_stamp(good(&bench, case)));
        let wants = drawn_by_good(&bench, case);
        bench.keeps_silent_but_for(&wants)?;
    }
    resets_are_exempt(case)?;
    Ok(outcome)
}

/// In TIME-WAIT beside a listener. `stamp`: TSval of the old incarnation.
fn beside_listener(case: &Case<'_>, stamp: Option<u32>, timestamps: bool) -> Bench {
    let mut bench = Bench::stamped(case, stamp, |config| {
        (config.reopen_time_wait, config.timestamps) = (Reopening::ByTimestamps, timestamps);
    });
    let config = bench.tcp().config().clone();
    let on = bench.subject.host();
    if on.listener.is_none() {
        on.listener = Some(on.host.listen(LOCAL, 8, config).expect("the port is free"));
    }
    bench
}

/// A SYN with this number and this TSval.
fn syn(bench: &Bench, seq: Seq, val: Option<u32>) -> Segment {
    let syn = without_stamp(Segment { seq, ..bench.peer(Flags::SYN) });
    match val {
        Some(val) => with_stamp(syn, val),
        None => syn,
    }
}

/// No SYN draws the acknowledgment of step 1 or the challenge of step 4, wherever it lies.
fn not_by_sequence_number(case: &Case<'_>) -> Outcome {
    let mut bench = beside_listener(case, Some(RECENT), true);
    for seq in [case.irs, bench.rcv_nxt, bench.rcv_nxt + 1, bench.rcv_nxt + (1 << 31)] {
        bench.arrives(&syn(&bench, seq, Some(RECENT - 1)));
    }
    let outcome = bench.ends(case, &[])?;
    let far = bench.rcv_nxt + (1 << 31);
    bench.arrives(&syn(&bench, far, Some(RECENT + 1)));
    ensure!(bench.state() == State::SynReceived, "beyond the window it led to {}", bench.state());
    Ok(outcome)
}

/// TSval of the old incarnation, TSval of the SYN, how far the SYN lies behind the old FIN.
type Knock = (Option<u32>, Option<u32>, i32);

fn honored(case: &Case<'_>) -> Outcome {
    let knocks: [Knock; 9] = [
        (Some(RECENT), Some(RECENT + 1), -1000),
        (Some(RECENT), Some(RECENT + 1), 1),
        (Some(u32::MAX), Some(0), 0),
        (Some(RECENT), Some(RECENT), 1),
        (Some(RECENT), None, 1),
        (None, Some(0), -1000),
        (None, Some(77), 0),
        (None, None, 1),
        (None, None, 0x7fff_ffff),
    ];
    let mut outcome = Err("no knock".to_owned());
    for (old, new, distance) in knocks {
        let mut bench = beside_listener(case, old, true);
        let (nxt, seq) = (bench.snd_nxt, bench.rcv_nxt.back(1) + distance as u32);
        bench.arrives(&syn(&bench, seq, new));
        let iss = bench.tcp().snd().iss;
        ensure!(iss.is_after(nxt), "ISS {iss} is not above {nxt}, which the old incarnation used");
        outcome = Ok(bench.ends(case, &[Want::new(Flags::SYN, iss).ack(seq + 1)])?);
        ensure!(bench.tcp().timestamps().ok == new.is_some(), "timestamps {:?}", bench.tcp().timestamps());
    }
    outcome
}

fn dropped(case: &Case<'_>) -> Outcome {
    let knocks: [Knock; 6] = [
        (Some(RECENT), Some(RECENT - 1), 1),
        (Some(RECENT), Some(RECENT - 1), 100_000),
        (Some(RECENT), Some(RECENT), 0),
        (Some(RECENT), None, 0),
        (None, None, 0),
        (None, None, -1000),
    ];
    let mut outcome = Err("no knock".to_owned());
    for (old, new, distance) in knocks {
        let mut bench = beside_listener(case, old, true);
        let seq = bench.rcv_nxt.back(1) + distance as u32;
        bench.arrives(&syn(&bench, seq, new));
        outcome = Ok(bench.ends(case, &[])?);
    }
    // we would not use timestamps: those of the SYN say nothing
    let mut bench = beside_listener(case, None, false);
    bench.arrives(&syn(&bench, bench.rcv_nxt.back(1), Some(77)));
    bench.ends(case, &[])?;
    outcome
}
