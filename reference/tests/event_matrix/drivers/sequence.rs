//! First, the sequence number; third, security (RFC 9293 §3.10.7.4 steps 1 and 3).

use super::{Driver, both};
use crate::bench::{Bench, Outcome, WINDOW, Want, ensure};
use crate::case::Case;
use wirelaw_reference::clause;
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Disposition, Notice, Reopening, State};
use wirelaw_reference::wire::{Flags, Segment};

const SYNCHRONIZED: &str = "ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT";

pub const DRIVERS: &[Driver] = &[
    both("SEG:1-SEQ", "*", "acceptable and begins at RCV.NXT", goes_on),
    both("SEG:1-SEQ", "*", "acceptable, begins above RCV.NXT", above),
    both("SEG:1-SEQ", "SYN-RECEIVED", "straddles old and new", straddling_syn),
    both("SEG:1-SEQ", SYNCHRONIZED, "straddles old and new", straddling),
    both("SEG:1-SEQ", "*", "not acceptable, RST off", outside),
    both("SEG:1-SEQ", "*", "not acceptable, RST on", outside_with_reset),
    both(
        "SEG:1-SEQ",
        "SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2",
        "RCV.WND=0 and SEG.SEQ=RCV.NXT…",
        closed_window,
    ),
    both("SEG:1-SEQ", "SYN-RECEIVED", "retransmitted SYN without data…", syn_again),
    both("SEG:1-SEQ", "TIME-WAIT", "retransmitted FIN (its FIN is octet RCV.NXT-1…", fin_again),
    both("SEG:3-SEC", "*", "match, or non-MLS stack", goes_on),
];

/// Steps 1 to 4 let it pass: step 5 drops it because it lacks an ACK.
fn goes_on(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    for text in [&b""[..], b"x"] {
        let disposition = bench.arrives(&Segment { payload: text.to_vec(), ..bench.peer(Flags::NONE) });
        ensure!(disposition == Disposition::Drop(clause::NO_ACK), "{disposition:?}");
    }
    bench.ends(case, &[])
}

/// Held, and the sender told at once what is missing; after the peer's FIN there is no more text
/// to wait for and the segment is ignored.
fn above(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::with(case, |config| config.reopen_time_wait = Reopening::Never);
    if case.state() == State::SynReceived {
        bench.una = case.iss + 1;
    }
    let wants = if case.state().has_received_fin() { vec![] } else { vec![bench.ack()] };
    for flags in [Flags::RST, Flags::SYN] {
        // checked although the segment is not in order: RFC 5961 challenges both
        let is_challenged = case.blind_attack_checks && case.state() != State::SynReceived;
        if is_challenged {
            bench.arrives(&Segment { seq: bench.rcv_nxt + 2, ..bench.peer(flags) });
            let challenge = bench.ack();
            bench.keeps_silent_but_for(&[challenge])?;
        }
    }
    bench.arrives(&Segment { seq: bench.rcv_nxt + 2, ..bench.peer_text(b"cd") });
    let outcome = bench.ends(case, &wants)?;
    if !case.state().has_received_fin() {
        bench.arrives(&bench.peer_text(b"ab"));
        bench.keeps_silent_but_for(&[bench.ack_of(4)])?;
        let text = bench.call(|tcp| tcp.receive(10));
        ensure!(text == Ok(b"abcd".to_vec()), "{text:?}");
    }
    Ok(outcome)
}

/// A retransmitted SYN whose text is new: cut to the text, which lacks an ACK.
fn straddling_syn(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.arrives(&Segment { seq: case.irs, payload: b"abc".to_vec(), ..bench.peer(Flags::SYN) });
    let outcome = bench.ends(case, &[])?;
    ensure!(bench.tcp().rcv().nxt == case.irs + 1, "RCV.NXT {}", bench.tcp().rcv().nxt);
    Ok(outcome)
}

fn straddling(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let closed = case.state().has_received_fin();
    bench.arrives(&Segment { seq: bench.rcv_nxt.back(1), ..bench.peer_text(b"_ab") });
    let wants = if closed { vec![] } else { vec![bench.ack_of(2)] };
    let outcome = bench.ends(case, &wants)?;
    let readable = bench.tcp().readable();
    ensure!(readable == if closed { 0 } else { 2 }, "{readable} octets taken");
    if !closed {
        let text = bench.call(|tcp| tcp.receive(10));
        ensure!(text == Ok(b"ab".to_vec()), "{text:?}");
        // the other edge: a FIN behind the window is cut off with what is before it
        let next = bench.rcv_nxt + 2;
        let room = bench.tcp().rcv().wnd;
        let segment = Segment { seq: next + (room - 1), ..bench.peer_text(b"yz") };
        bench.arrives(&Segment { flags: segment.flags | Flags::FIN, ..segment });
        bench.keeps_silent_but_for(&[bench.ack_of(2)])?;
        ensure!(bench.state() == case.next, "the FIN counted");
    }
    Ok(outcome)
}

/// Segments of which no octet lies in the window.
fn beyond(bench: &Bench, flags: Flags) -> Vec<Segment> {
    let left = bench.rcv_nxt;
    // once the peer has closed its FIN has taken its place and the window stays as it was
    let right = left + bench.tcp().rcv().wnd;
    let one = |seq: Seq, text: &[u8]| Segment { seq, payload: text.to_vec(), ..bench.peer(flags) };
    vec![
        one(left.back(1), b""),
        one(left.back(3), b"old"),
        one(right, b""),
        one(right, b"new"),
        one(left + (1 << 31), b"far"),
    ]
}

fn outside(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let segments = beyond(&bench, Flags::ACK);
    let mut wants = Vec::new();
    for segment in segments {
        bench.arrives(&segment);
        wants.push(bench.ack());
    }
    let outcome = bench.ends(case, &wants)?;
    ensure!(bench.tcp().readable() == 0, "text was taken");
    Ok(outcome)
}

fn outside_with_reset(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    for flags in [Flags::RST, Flags::RST | Flags::ACK] {
        for segment in beyond(&bench, flags) {
            bench.arrives(&segment);
        }
    }
    bench.ends(case, &[])
}

/// MUST-66: the window is closed, but ACK, URG and RST count.
fn closed_window(case: &Case<'_>) -> Outcome {
    let mut bench = if case.state() == State::SynReceived {
        Bench::with(case, |config| config.receive_buffer = 0)
    } else {
        let mut bench = Bench::established(case, |_| {});
        bench.arrives_quietly(&bench.peer_text(&[b'x'; WINDOW as usize]));
        bench.rcv_nxt += WINDOW;
        bench.proceed(case.state());
        bench
    };
    ensure!(bench.tcp().rcv().wnd == 0, "RCV.WND is {}", bench.tcp().rcv().wnd);
    if case.state() == State::SynReceived {
        // step 5 refuses the first for its ACK, and is reached by both
        let disposition = bench.arrives(&bench.peer(Flags::NONE));
        ensure!(disposition == Disposition::Drop(clause::NO_ACK), "{disposition:?}");
        bench.keeps_silent_but_for(&[])?;
        bench.arrives(&Segment { payload: b"no".to_vec(), ..bench.peer(Flags::NONE) });
        let ack = bench.ack();
        return bench.ends(case, &[ack]);
    }
    bench.arrives(&bench.peer(Flags::ACK));
    bench.keeps_silent_but_for(&[])?;
    let before = bench.tcp().rcv().nxt;
    bench.peer_window = 77;
    let segment = bench.peer_text(b"no");
    bench.arrives(&Segment { flags: segment.flags | Flags::URG | Flags::FIN, urgent_pointer: 9, ..segment });
    let ack = bench.ack();
    let outcome = bench.ends(case, &[ack])?;
    bench.told(Notice::Urgent)?;
    ensure!(bench.tcp().snd().wnd == 77, "its window was not taken");
    ensure!(bench.tcp().rcv().nxt == before, "text or FIN was taken");
    bench.arrives(&Segment { payload: b"no".to_vec(), ..bench.peer(Flags::RST) });
    ensure!(bench.state() == State::Closed, "the reset did not count");
    Ok(outcome)
}

fn syn_again(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.arrives(&Segment { seq: case.irs, ..bench.peer(Flags::SYN) });
    let ack: Want = bench.ack();
    bench.ends(case, &[ack])
}

fn fin_again(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let due = bench.subject.poll_timeout();
    bench.wait(wirelaw_reference::time::Duration::from_secs(1));
    let fin = Segment { seq: bench.rcv_nxt.back(1), ..bench.peer(Flags::FIN | Flags::ACK) };
    bench.arrives(&fin);
    bench.arrives(&Segment { seq: bench.rcv_nxt.back(4), payload: b"abc".to_vec(), ..fin });
    let ack = bench.ack();
    let outcome = bench.ends(case, &[ack.clone(), ack])?;
    ensure!(bench.subject.poll_timeout() > due, "the time-wait timer was not restarted");
    Ok(outcome)
}
