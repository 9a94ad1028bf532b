//! Fourth, SYN (RFC 9293 §3.10.7.4 step 4, RFC 5961 §4.2, MAY-2).

use super::{Driver, both, host};
use crate::bench::{Bench, LOCAL, Outcome, PEER, Want, ensure};
use crate::case::Case;
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Notice, Reopening, State};
use wirelaw_reference::wire::{Flags, Packet, Segment};

pub const DRIVERS: &[Driver] = &[
    both("SEG:4-SYN", "SYN-RECEIVED", "SYN in window; origin passive", back_to_listen),
    both("SEG:4-SYN", "SYN-RECEIVED", "[RFC 5961] SYN; origin active", challenge_in_window),
    both("SEG:4-SYN", "SYN-RECEIVED", "[RFC 793] SYN in window; origin active", reset),
    both("SEG:4-SYN", "SYN-RECEIVED", "SYN,ACK completing a simultaneous open…", simultaneous_open),
    both("SEG:4-SYN", "*", "[RFC 5961] SYN set, any SEQ…", challenge),
    both("SEG:4-SYN", "*", "[RFC 793] SYN in window", reset),
    both("SEG:4-SYN", "*", "SYN outside window", outside),
    host("SEG:4-SYN", "TIME-WAIT", "[MAY-2] new SYN the stack chooses to accept…", reopen_time_wait),
];

/// Sequence numbers in the window, at its edges.
fn in_window(bench: &Bench) -> [Seq; 3] {
    let wnd = bench.tcp().rcv().wnd;
    [bench.rcv_nxt, bench.rcv_nxt + 1, bench.rcv_nxt + (wnd - 1)]
}

fn back_to_listen(case: &Case<'_>) -> Outcome {
    for seq in in_window(&Bench::new(case)) {
        let mut bench = Bench::new(case);
        bench.arrives(&Segment { seq, ..bench.peer(Flags::SYN) });
        bench.ends(case, &[])?;
    }
    let mut bench = Bench::new(case);
    bench.arrives(&bench.peer(Flags::SYN | Flags::ACK));
    bench.ends(case, &[])
}

fn challenge_in_window(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let challenge = bench.ack();
    for seq in in_window(&bench) {
        bench.arrives(&Segment { seq, ..bench.peer(Flags::SYN) });
    }
    bench.ends(case, &[challenge.clone(), challenge.clone(), challenge])
}

/// Also where only its text is new: "irrespective of the sequence number".
fn challenge(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::with(case, |config| config.reopen_time_wait = Reopening::Never);
    let left = bench.rcv_nxt;
    let right = left + bench.tcp().rcv().wnd;
    let mut wants = Vec::new();
    for seq in in_window(&bench).into_iter().chain([case.irs, left.back(1), right, left + (1 << 31)]) {
        for flags in [Flags::SYN, Flags::SYN | Flags::ACK] {
            for text in [&b""[..], b"straddling"] {
                bench.arrives(&Segment { seq, payload: text.to_vec(), ..bench.peer(flags) });
                wants.push(bench.ack());
            }
        }
    }
    let outcome = bench.ends(case, &wants)?;
    ensure!(bench.tcp().readable() == 0, "its text was taken");
    Ok(outcome)
}

fn reset(case: &Case<'_>) -> Outcome {
    for seq in in_window(&Bench::new(case)) {
        let mut bench = Bench::with(case, |config| config.reopen_time_wait = Reopening::Never);
        let reset = bench.abort();
        bench.arrives(&Segment { seq, ..bench.peer(Flags::SYN) });
        bench.ends(case, &[reset])?;
        bench.told(Notice::Reset)?;
    }
    let mut bench = Bench::new(case);
    let reset = bench.abort();
    bench.arrives(&bench.peer(Flags::SYN | Flags::ACK));
    let outcome = bench.ends(case, &[reset])?;
    ensure!(bench.next_timer().is_none(), "a timer is left");
    Ok(outcome)
}

fn outside(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::with(case, |config| config.reopen_time_wait = Reopening::Never);
    let right = bench.rcv_nxt + bench.tcp().rcv().wnd;
    let mut wants = Vec::new();
    for seq in [case.irs, bench.rcv_nxt.back(1), right, bench.rcv_nxt + (1 << 31)] {
        bench.arrives(&Segment { seq, ..bench.peer(Flags::SYN) });
        wants.push(bench.ack());
    }
    bench.ends(case, &wants)
}

fn simultaneous_open(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.arrives(&Segment { seq: case.irs, ack: case.iss + 1, ..bench.peer(Flags::SYN | Flags::ACK) });
    let outcome = bench.ends(case, &[])?;
    ensure!(bench.tcp().snd().una == case.iss + 1, "SND.UNA {}", bench.tcp().snd().una);
    bench.told(Notice::Established)?;
    Ok(outcome)
}

/// A connection in TIME-WAIT whose 4-tuple a new SYN has taken.
pub struct Reopened {
    pub bench: Bench,
    /// The number of the new SYN.
    pub syn: Seq,
    /// SND.NXT and RCV.NXT of the old incarnation.
    pub old: (Seq, Seq),
}

/// Leads there by the least number that may reopen it.
pub fn reopened(case: &Case<'_>) -> Result<Reopened, String> {
    let mut bench = Bench::established(case, |config| config.reopen_time_wait = Reopening::BySequence);
    bench.proceed(State::TimeWait);
    let old = (bench.snd_nxt, bench.rcv_nxt);
    let config = bench.tcp().config().clone();
    let on = bench.subject.host();
    if on.listener.is_none() {
        on.listener = Some(on.host.listen(LOCAL, 8, config).expect("the port is free"));
    }
    // at the last number of the old incarnation, its FIN's, nothing is reopened
    bench.arrives_quietly(&Segment { seq: bench.rcv_nxt.back(1), ..bench.peer(Flags::SYN) });
    ensure!(bench.state() == State::TimeWait, "an old SYN led to {}", bench.state());
    let syn = bench.rcv_nxt;
    bench.arrives(&Segment { seq: syn, ..bench.peer(Flags::SYN) });
    Ok(Reopened { bench, syn, old })
}

/// A listener without room must not cost the old incarnation its TIME-WAIT.
fn no_room_to_reopen(case: &Case<'_>) -> Result<(), String> {
    let mut bench = Bench::new(case);
    let config = bench.tcp().config().clone();
    let now = bench.now;
    let elsewhere = Segment { source_port: PEER.port() + 1, ..bench.peer(Flags::SYN) };
    let on = bench.subject.host();
    if let Some(listener) = on.listener.take() {
        on.host.close_listener(listener);
    }
    on.host.listen(LOCAL, 1, config).expect("the port is free");
    on.host.handle_packet(now, &Packet::tcp(PEER.ip(), LOCAL.ip(), elsewhere));
    while on.host.poll_transmit(now).is_some() {}
    bench.arrives(&Segment { seq: bench.rcv_nxt + 1, ..bench.peer(Flags::SYN) });
    let challenge = bench.ack();
    bench.keeps_silent_but_for(&[challenge])?;
    ensure!(bench.state() == State::TimeWait, "without room it is in {}", bench.state());
    Ok(())
}

fn reopen_time_wait(case: &Case<'_>) -> Outcome {
    if case.blind_attack_checks {
        no_room_to_reopen(case)?;
    }
    let Reopened { mut bench, syn, old } = reopened(case)?;
    let iss = bench.tcp().snd().iss;
    ensure!(iss.is_after(old.0), "ISS {iss} is not above {}, which the old incarnation used", old.0);
    bench.ends(case, &[Want::new(Flags::SYN, iss).ack(syn + 1)])
}
