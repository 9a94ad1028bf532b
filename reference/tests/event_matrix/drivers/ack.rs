//! Fifth, ACK (RFC 9293 §3.10.7.4 step 5, RFC 5961 §5.2).

use super::{Driver, both};
use crate::bench::{Asserted, Bench, MSS, Outcome, PEER_WINDOW, Want, ensure};
use crate::case::Case;
use wirelaw_reference::tcp::{Notice, State};
use wirelaw_reference::time::Duration;
use wirelaw_reference::wire::{Flags, Segment};

pub const DRIVERS: &[Driver] = &[
    both("SEG:5-ACK", "SYN-RECEIVED", "[RFC 5961, MAY-12] SEG.ACK…", unacceptable_in_syn_received),
    both("SEG:5-ACK", "SYN-RECEIVED", "SND.UNA < SEG.ACK =< SND.NXT", establishes),
    both("SEG:5-ACK", "SYN-RECEIVED", "SEG.ACK not acceptable (=< SND.UNA or > SND.NXT)", unacceptable_in_syn_received),
    both(
        "SEG:5-ACK",
        "SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT",
        "ACK off",
        off,
    ),
    both("SEG:5-ACK", "*", "[RFC 5961, MAY-12] SEG.ACK < SND.UNA-MAX.SND.WND or SEG.ACK > SND.NXT", out_of_range),
    both("SEG:5-ACK", "ESTABLISHED FIN-WAIT-1 CLOSE-WAIT CLOSING", "SND.UNA < SEG.ACK =< SND.NXT", advances),
    both("SEG:5-ACK", "*", "SEG.ACK =< SND.UNA (duplicate)", duplicate),
    both("SEG:5-ACK", "*", "SEG.ACK > SND.NXT", of_something_unsent),
    both("SEG:5-ACK", "*", "SND.UNA =< SEG.ACK =< SND.NXT and (WL1…", window_update),
    both("SEG:5-ACK", "*", "window information older than WL1/WL2", old_window),
    both("SEG:5-ACK", "FIN-WAIT-1", "our FIN is now acknowledged", of_fin),
    both("SEG:5-ACK", "FIN-WAIT-2", "retransmission queue empty", nothing_left_to_acknowledge),
    both("SEG:5-ACK", "CLOSING LAST-ACK", "ACK of our FIN", of_fin),
    both("SEG:5-ACK", "CLOSING", "FIN not acknowledged", not_of_fin),
    both("SEG:5-ACK", "LAST-ACK", "FIN not yet acknowledged", of_data_before_fin),
    both("SEG:5-ACK", "TIME-WAIT", "retransmission of the remote FIN", fin_again),
    both("SEG:5-ACK", "TIME-WAIT", "other acceptable segment", quiet_in_time_wait),
];

fn off(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let due = bench.subject.poll_timeout();
    for flags in [Flags::NONE, Flags::FIN, Flags::URG, Flags::PSH] {
        bench.arrives(&Segment { payload: b"text".to_vec(), urgent_pointer: 9, ..bench.peer(flags) });
    }
    let outcome = bench.ends(case, &[])?;
    ensure!(bench.tcp().rcv().nxt == bench.rcv_nxt && bench.tcp().readable() == 0, "text or FIN was taken");
    ensure!(bench.subject.poll_timeout() == due, "a timer moved");
    bench.not_told(Notice::Urgent)?;
    Ok(outcome)
}

/// `<SEQ=SEG.ACK><CTL=RST>`; the range check of RFC 5961 would have come first by the letter, and
/// either answer is allowed.
fn unacceptable_in_syn_received(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let far = case.iss.back(u32::from(PEER_WINDOW) + 1);
    let mut wants = Vec::new();
    for ack in [case.iss, case.iss.back(1), case.iss + 2, case.iss + (1 << 31), far] {
        bench.arrives(&Segment { ack, ..bench.peer_text(b"x") });
        wants.push(Want::new(Flags::RST, ack));
    }
    bench.ends(case, &wants)
}

fn establishes(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.una = case.iss + 1;
    bench.peer_window = 4321;
    bench.arrives(&bench.peer(Flags::ACK));
    let outcome = bench.ends(case, &[])?;
    let snd = bench.tcp().snd();
    ensure!(snd.una == case.iss + 1 && snd.wnd == 4321, "{snd:?}");
    ensure!(snd.wl1 == bench.rcv_nxt && snd.wl2 == case.iss + 1, "{snd:?}");
    bench.told(Notice::Established)?;
    ensure!(bench.next_timer().is_none(), "the retransmission timer is left");
    Ok(outcome)
}

/// In the row's state with as many octets sent before it as the state allows.
fn with_data(case: &Case<'_>, octets: usize) -> Bench {
    let mut bench = Bench::established(case, |_| {});
    if case.state() != State::FinWait2 && case.state() != State::TimeWait {
        bench.send(&vec![b'd'; octets]);
    }
    bench.proceed(case.state());
    bench
}

fn out_of_range(case: &Case<'_>) -> Outcome {
    let mut bench = with_data(case, 10);
    bench.peer_window = 100; // MAX.SND.WND stays what it was
    bench.arrives_quietly(&bench.peer(Flags::ACK));
    let oldest = bench.una.back(u32::from(PEER_WINDOW));
    let mut wants = Vec::new();
    for ack in [oldest.back(1), bench.snd_nxt + 1, bench.una + (1 << 31)] {
        bench.arrives(&Segment { ack, ..bench.peer_text(b"discarded") });
        wants.push(bench.ack());
    }
    let outcome = bench.ends(case, &wants)?;
    ensure!(bench.tcp().readable() == 0, "its text was taken");
    // the oldest that is in range is a duplicate, and its text counts
    if matches!(case.state(), State::Established | State::FinWait1 | State::FinWait2) {
        bench.arrives(&Segment { ack: oldest, ..bench.peer_text(b"kept") });
        bench.keeps_silent_but_for(&[bench.ack_of(4)])?;
    }
    Ok(outcome)
}

fn advances(case: &Case<'_>) -> Outcome {
    let mut bench = with_data(case, 10);
    bench.una += 4;
    bench.arrives(&bench.peer(Flags::ACK));
    let outcome = bench.ends(case, &[])?;
    ensure!(bench.tcp().snd().una == bench.una, "SND.UNA {}", bench.tcp().snd().una);
    ensure!(bench.tcp().writable() == if bench.tcp().state().has_closed() { 0 } else { 8000 - 6 }, "still queued");
    // what is left is retransmitted, and nothing before it
    bench.next_timer();
    let first = bench.sent.first().map(|segment| (segment.seq, segment.payload.len()));
    ensure!(first == Some((bench.una, 6)), "retransmitted {first:?}");
    Ok(outcome)
}

fn duplicate(case: &Case<'_>) -> Outcome {
    let mut bench = with_data(case, 10);
    let before = bench.una;
    for back in [0, 1] {
        bench.arrives(&Segment { ack: before.back(back), ..bench.peer(Flags::ACK) });
    }
    let mut outcome: Asserted = bench.ends(case, &[])?;
    ensure!(bench.tcp().snd().una == before, "SND.UNA {}", bench.tcp().snd().una);
    if !case.state().has_received_fin() {
        bench.arrives(&Segment { ack: before.back(1), ..bench.peer_text(b"counts") });
        let ack = bench.ack_of(6);
        outcome = bench.ends(case, &[ack])?;
    }
    Ok(outcome)
}

fn of_something_unsent(case: &Case<'_>) -> Outcome {
    let mut bench = with_data(case, 10);
    let mut wants = Vec::new();
    for beyond in [1, 2, 0x7fff_0000] {
        bench.arrives(&Segment { ack: bench.snd_nxt + beyond, ..bench.peer_text(b"dropped") });
        wants.push(bench.ack());
    }
    let outcome = bench.ends(case, &wants)?;
    ensure!(bench.tcp().readable() == 0 && bench.tcp().snd().una == bench.una, "it was not dropped");
    Ok(outcome)
}

fn window_update(case: &Case<'_>) -> Outcome {
    let mut bench = with_data(case, 10);
    let seq = bench.rcv_nxt;
    // WL1 < SEG.SEQ or the same, WL2 =< SEG.ACK
    bench.peer_window = 1234;
    bench.arrives(&bench.peer(Flags::ACK));
    let outcome = bench.ends(case, &[])?;
    let snd = bench.tcp().snd();
    ensure!(snd.wnd == 1234 && snd.wl1 == seq && snd.wl2 == bench.una, "{snd:?}");
    bench.peer_window = 77; // it may shrink as well
    bench.arrives(&bench.peer(Flags::ACK));
    ensure!(bench.tcp().snd().wnd == 77, "SND.WND {}", bench.tcp().snd().wnd);
    only_at_or_above_una(&mut bench)?;
    Ok(outcome)
}

/// SND.UNA has moved by a segment that was too old to move WL1 and WL2: what lies between WL2 and
/// SND.UNA tells nothing.
fn only_at_or_above_una(bench: &mut Bench) -> Result<(), String> {
    let out_of_order = Segment { seq: bench.rcv_nxt + 50, ..bench.peer_text(b"z") };
    bench.arrives_quietly(&out_of_order);
    if bench.una == bench.snd_nxt {
        return Ok(()); // FIN-WAIT-2: SND.UNA moves no more
    }
    bench.una += 1;
    bench.arrives_quietly(&bench.peer(Flags::ACK));
    bench.arrives_quietly(&Segment { window: 5, ..out_of_order });
    ensure!(bench.tcp().snd().wnd == 77, "SND.WND {} by an old ACK", bench.tcp().snd().wnd);
    Ok(())
}

fn old_window(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::established(case, |_| {});
    // WL2 moves up with an acknowledgment of data, WL1 with text
    bench.send(b"some data");
    bench.una = bench.snd_nxt;
    bench.arrives_quietly(&bench.peer_text(b"text"));
    bench.rcv_nxt += 4;
    bench.arrives_quietly(&bench.peer(Flags::ACK));
    bench.proceed(case.state());
    let before = bench.tcp().snd().clone();
    ensure!(before.wnd == u32::from(PEER_WINDOW), "{before:?}");
    let seq = before.wl1;
    // the same sequence number, an older acknowledgment
    let mut segment = Segment { seq, ack: before.wl2.back(1), window: 5, ..bench.peer(Flags::ACK) };
    bench.arrives(&segment);
    // an older sequence number: what came out of order was sent later (its window is the same)
    segment = Segment { seq: seq + 100, ack: before.wl2, window: PEER_WINDOW, payload: b"z".to_vec(), ..segment };
    bench.arrives(&segment);
    bench.arrives(&Segment { ack: before.wl2, window: 5, ..bench.peer(Flags::ACK) });
    bench.drain();
    bench.sent.clear(); // acknowledgments of what came out of order
    let outcome = bench.ends(case, &[])?;
    ensure!(bench.tcp().snd().wnd == before.wnd, "SND.WND {}", bench.tcp().snd().wnd);
    Ok(outcome)
}

fn of_fin(case: &Case<'_>) -> Outcome {
    let mut bench = with_data(case, 10);
    bench.una = bench.snd_nxt;
    bench.arrives(&bench.peer(Flags::ACK));
    let outcome = bench.ends(case, &[])?;
    match case.next {
        State::TimeWait => {
            let waited = bench.next_timer();
            ensure!(waited == Some(Duration::from_mins(4)), "TIME-WAIT lasts {waited:?}, not two MSL");
        }
        _ => ensure!(bench.next_timer().is_none(), "a timer is left"),
    }
    Ok(outcome)
}

fn nothing_left_to_acknowledge(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.arrives(&bench.peer(Flags::ACK));
    let outcome = bench.ends(case, &[])?;
    ensure!(bench.tcp().snd().una == bench.snd_nxt && bench.next_timer().is_none(), "something is left");
    Ok(outcome)
}

/// CLOSING: neither text nor FIN of the segment count.
fn not_of_fin(case: &Case<'_>) -> Outcome {
    let mut bench = with_data(case, 10);
    let segment = bench.peer_text(b"ignored");
    bench.arrives(&Segment { flags: segment.flags | Flags::FIN | Flags::URG, urgent_pointer: 9, ..segment });
    bench.not_told(Notice::Urgent)?;
    let outcome = bench.ends(case, &[])?;
    ensure!(bench.tcp().rcv().nxt == bench.rcv_nxt && bench.tcp().readable() == 0, "it was not ignored");
    Ok(outcome)
}

fn of_data_before_fin(case: &Case<'_>) -> Outcome {
    let mut bench = with_data(case, usize::from(MSS));
    bench.una = bench.snd_nxt.back(1);
    bench.arrives(&bench.peer(Flags::ACK));
    let outcome = bench.ends(case, &[])?;
    ensure!(bench.tcp().snd().una == bench.una, "SND.UNA {}", bench.tcp().snd().una);
    Ok(outcome)
}

fn fin_again(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.wait(Duration::from_secs(100));
    bench.arrives(&Segment { seq: bench.rcv_nxt.back(1), ..bench.peer(Flags::FIN | Flags::ACK) });
    let ack = bench.ack();
    let outcome = bench.ends(case, &[ack])?;
    let left = bench.next_timer();
    ensure!(left == Some(Duration::from_mins(4)), "TIME-WAIT lasts {left:?} more, not two MSL");
    Ok(outcome)
}

fn quiet_in_time_wait(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    for _ in 0..3 {
        bench.arrives(&bench.peer(Flags::ACK));
    }
    bench.ends(case, &[])
}
