//! Second, RST (RFC 9293 §3.10.7.4 step 2, RFC 5961 §3.2, RFC 1337).

use super::{Driver, both, host};
use crate::bench::{Bench, Outcome, WINDOW, Want, ensure};
use crate::case::Case;
use crate::drivers::syn::{self, Reopened};
use wirelaw_reference::tcp::{Notice, State};
use wirelaw_reference::wire::{Flags, Segment};

pub const DRIVERS: &[Driver] = &[
    both("SEG:2-RST", "*", "[RFC 5961] SEQ outside window…", outside),
    both("SEG:2-RST", "*", "[RFC 5961] SEQ in window but not RCV.NXT", in_window),
    both(
        "SEG:2-RST",
        "SYN-RECEIVED",
        "[RFC 5961] SEQ = RCV.NXT, or [RFC 793] SEQ anywhere in window; origin passive",
        ends,
    ),
    both(
        "SEG:2-RST",
        "SYN-RECEIVED",
        "[RFC 5961] SEQ = RCV.NXT, or [RFC 793] SEQ anywhere in window; origin active",
        ends,
    ),
    both("SEG:2-RST", "*", "[RFC 5961] SEQ = RCV.NXT, or [RFC 793] SEQ anywhere in window", ends),
    both("SEG:2-RST", "TIME-WAIT", "[RFC 1337 F1 stacks] any", ignored_in_time_wait),
    host(
        "SEG:2-RST",
        "SYN-RECEIVED",
        "[MAY-2] such a RST, and the state was reached by reopening a TIME-WAIT connection",
        old_duplicate,
    ),
];

fn outside(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let (left, right) = (bench.rcv_nxt, bench.rcv_nxt + bench.tcp().rcv().wnd);
    for seq in [left.back(1), right, right + 1, left + (1 << 31)] {
        for flags in [Flags::RST, Flags::RST | Flags::ACK, Flags::RST | Flags::SYN] {
            bench.arrives(&Segment { seq, ..bench.peer(flags) });
        }
    }
    bench.ends(case, &[])
}

fn in_window(case: &Case<'_>) -> Outcome {
    let wnd = Bench::new(case).tcp().rcv().wnd;
    for offset in [1, wnd - 1] {
        let mut bench = Bench::new(case);
        bench.arrives(&Segment { seq: bench.rcv_nxt + offset, ..bench.peer(Flags::RST) });
        let challenge = bench.ack();
        bench.ends(case, &[challenge])?;
    }
    let mut bench = Bench::new(case);
    bench.arrives(&Segment { seq: bench.rcv_nxt + 1, payload: b"x".to_vec(), ..bench.peer(Flags::RST | Flags::ACK) });
    let challenge = bench.ack();
    bench.ends(case, &[challenge])
}

/// RFC 5961: at RCV.NXT only. RFC 793: anywhere in the window, also beyond its first octet.
fn ends(case: &Case<'_>) -> Outcome {
    let wnd = Bench::new(case).tcp().rcv().wnd;
    let others = if case.blind_attack_checks { vec![] } else { vec![1, wnd - 1] };
    for offset in others {
        let mut bench = Bench::new(case);
        bench.arrives(&Segment { seq: bench.rcv_nxt + offset, ..bench.peer(Flags::RST) });
        bench.ends(case, &[])?;
    }
    let mut bench = Bench::new(case);
    if matches!(case.state(), State::Established | State::CloseWait) {
        bench.send(&[1; WINDOW as usize]); // flushed
    }
    bench.arrives(&bench.peer(Flags::RST));
    let outcome = bench.ends(case, &[])?;
    ensure!(bench.next_timer().is_none(), "a timer is left");
    match case.state() {
        State::SynReceived if case.passive => bench.not_told(Notice::Refused)?,
        State::SynReceived => bench.told(Notice::Refused)?,
        State::Closing | State::LastAck | State::TimeWait => bench.not_told(Notice::Reset)?,
        _ => bench.told(Notice::Reset)?,
    }
    Ok(outcome)
}

fn ignored_in_time_wait(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::with(case, |config| config.resets_end_time_wait = false);
    for offset in [0, 1, WINDOW + 1] {
        bench.arrives(&Segment { seq: bench.rcv_nxt + offset, ..bench.peer(Flags::RST) });
    }
    bench.ends(case, &[])
}

/// The SYN that reopened TIME-WAIT was an old duplicate: the reset brings TIME-WAIT back.
fn old_duplicate(case: &Case<'_>) -> Outcome {
    let Reopened { mut bench, syn, old } = syn::reopened(case)?;
    ensure!(bench.state() == State::SynReceived, "reopened, it is in {}", bench.state());
    bench.sent.clear();
    bench.arrives(&Segment { seq: syn + 1, ..bench.peer(Flags::RST) });
    let outcome = bench.ends(case, &[])?;
    // it answers with the numbers of the old incarnation, and ends when that would have ended
    bench.arrives(&Segment { seq: old.1.back(1), ..bench.peer(Flags::ACK) });
    bench.keeps_silent_but_for(&[Want::new(Flags::NONE, old.0).ack(old.1)])?;
    bench.next_timer();
    ensure!(bench.state() == State::Closed, "after two MSL {}", bench.state());
    Ok(outcome)
}
