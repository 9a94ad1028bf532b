//! Seventh, the text; eighth, FIN (RFC 9293 §3.10.7.4 steps 7 and 8).

use super::{Driver, both};
use crate::bench::{Bench, Outcome, Subject, WINDOW, Want, ensure};
use crate::case::Case;
use wirelaw_reference::tcp::{Connection, Notice, State};
use wirelaw_reference::time::Duration;
use wirelaw_reference::wire::{Flags, Segment};

const OPEN: &str = "ESTABLISHED FIN-WAIT-1 FIN-WAIT-2";
const CLOSED_BY_PEER: &str = "CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT";

pub const DRIVERS: &[Driver] = &[
    both("SEG:7-TEXT", "SYN-RECEIVED", "text on the segment whose ACK moved the connection to ESTABLISHED", in_order),
    both("SEG:7-TEXT", "SYN-RECEIVED", "text on a segment that did not pass step 5", not_reached),
    both("SEG:7-TEXT", OPEN, "text at RCV.NXT, buffer available", in_order),
    both("SEG:7-TEXT", OPEN, "in window, above RCV.NXT", above),
    both("SEG:7-TEXT", OPEN, "more text than buffer", more_than_buffer),
    both("SEG:7-TEXT", "FIN-WAIT-1 FIN-WAIT-2", "half-duplex close done by the application (MAY-1)", nobody_reads),
    both("SEG:7-TEXT", CLOSED_BY_PEER, "any", ignored),
    both("SEG:8-FIN", "SYN-RECEIVED ESTABLISHED", "FIN in order", fin),
    both("SEG:8-FIN", "FIN-WAIT-2", "FIN in order", fin),
    both("SEG:8-FIN", "FIN-WAIT-1", "FIN in order, our FIN acknowledged by this segment", fin_with_ack_of_ours),
    both("SEG:8-FIN", "FIN-WAIT-1", "FIN in order, our FIN not acknowledged", fin),
    both("SEG:8-FIN", "*", "FIN above RCV.NXT (hole before it)", fin_above),
    both("SEG:8-FIN", "CLOSE-WAIT CLOSING LAST-ACK", "FIN again…", fin_again),
    both("SEG:8-FIN", "TIME-WAIT", "FIN again", fin_again),
];

/// In the row's state; in SYN-RECEIVED the next segment will acknowledge our SYN.
fn bench(case: &Case<'_>) -> Bench {
    let mut bench = Bench::new(case);
    if case.state() == State::SynReceived {
        bench.una = case.iss + 1;
    }
    bench
}

fn in_order(case: &Case<'_>) -> Outcome {
    let mut bench = bench(case);
    bench.arrives(&bench.peer_text(b"text"));
    let window = bench.sent.first().map(|ack| ack.window);
    let ack = bench.ack_of(4);
    let outcome = bench.ends(case, &[ack])?;
    ensure!(window.is_some_and(|window| u32::from(window) >= WINDOW - 4), "the right edge moved left: {window:?}");
    let text = bench.call(|tcp| tcp.receive(10));
    ensure!(text == Ok(b"text".to_vec()), "{text:?}");
    Ok(outcome)
}

fn not_reached(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.arrives(&Segment { payload: b"text".to_vec(), ..bench.peer(Flags::NONE) });
    let outcome = bench.ends(case, &[])?;
    bench.una = case.iss + 1;
    bench.arrives(&bench.peer(Flags::ACK));
    ensure!(bench.tcp().readable() == 0 && bench.tcp().rcv().nxt == bench.rcv_nxt, "it was taken");
    Ok(outcome)
}

fn above(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.arrives(&Segment { seq: bench.rcv_nxt + (WINDOW - 2), ..bench.peer_text(b"yz") });
    bench.arrives(&Segment { seq: bench.rcv_nxt + 3, ..bench.peer_text(b"def") });
    let ack = bench.ack();
    let outcome = bench.ends(case, &[ack.clone(), ack])?;
    bench.arrives(&bench.peer_text(b"abc"));
    let ack = bench.ack_of(6);
    bench.keeps_silent_but_for(&[ack])?;
    let text = bench.call(|tcp| tcp.receive(10));
    ensure!(text == Ok(b"abcdef".to_vec()), "{text:?}");
    Ok(outcome)
}

/// By ten octets and a FIN, or by the FIN alone.
fn more_than_buffer(case: &Case<'_>) -> Outcome {
    fill_buffer(case, WINDOW as usize + 10)?;
    fill_buffer(case, WINDOW as usize)
}

fn fill_buffer(case: &Case<'_>, octets: usize) -> Outcome {
    let mut bench = Bench::new(case);
    let segment = bench.peer_text(&vec![b'x'; octets]);
    bench.arrives(&Segment { flags: segment.flags | Flags::FIN, ..segment });
    let window = bench.sent.first().map(|ack| ack.window);
    let ack = bench.ack_of(WINDOW);
    let outcome = bench.ends(case, &[ack])?;
    ensure!(window == Some(0) && bench.tcp().readable() == WINDOW as usize, "window {window:?}");
    Ok(outcome)
}

fn nobody_reads(case: &Case<'_>) -> Outcome {
    let mut bench = bench(case);
    if let Subject::Host(on) = &mut bench.subject {
        on.host.detach(on.id.expect("it is there"));
    } else {
        ensure!(bench.call(Connection::detach) == Ok(()), "it is there");
    }
    bench.keeps_silent_but_for(&[])?;
    let reset = bench.abort();
    bench.arrives(&bench.peer_text(b"lost"));
    bench.ends(case, &[reset])
}

fn ignored(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.arrives(&bench.peer_text(b"ignored"));
    let outcome = bench.ends(case, &[])?;
    ensure!(bench.tcp().readable() == 0 && bench.tcp().rcv().nxt == bench.rcv_nxt, "it was taken");
    Ok(outcome)
}

fn fin(case: &Case<'_>) -> Outcome {
    let mut bench = bench(case);
    let segment = bench.peer_text(b"end");
    bench.arrives(&Segment { flags: segment.flags | Flags::FIN, ..segment });
    let ack = bench.ack_of(4);
    let outcome = bench.ends(case, &[ack])?;
    bench.told(Notice::Closing)?;
    let text = bench.call(|tcp| tcp.receive(10));
    ensure!(text == Ok(b"end".to_vec()), "{text:?}");
    if case.next == State::TimeWait {
        let waited = bench.next_timer();
        ensure!(waited == Some(Duration::from_mins(4)), "TIME-WAIT lasts {waited:?}, not two MSL");
    }
    Ok(outcome)
}

fn fin_with_ack_of_ours(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.una = bench.snd_nxt;
    bench.arrives(&bench.peer(Flags::FIN | Flags::ACK));
    let ack = bench.ack_of(1);
    let outcome = bench.ends(case, &[ack])?;
    bench.told(Notice::Closing)?;
    let waited = bench.next_timer();
    ensure!(waited == Some(Duration::from_mins(4)), "TIME-WAIT lasts {waited:?}, not two MSL");
    ensure!(bench.state() == State::Closed, "then {}", bench.state());
    Ok(outcome)
}

fn fin_above(case: &Case<'_>) -> Outcome {
    let mut bench = bench(case);
    bench.arrives(&Segment { seq: bench.rcv_nxt + 4, ..bench.peer(Flags::FIN | Flags::ACK) });
    let ack: Want = bench.ack();
    let outcome = bench.ends(case, &[ack])?;
    bench.not_told(Notice::Closing)?;
    bench.arrives(&bench.peer_text(b"hole"));
    bench.keeps_silent_but_for(&[bench.ack_of(5)])?;
    bench.told(Notice::Closing)?;
    ensure!(bench.state().has_received_fin(), "then {}", bench.state());
    Ok(outcome)
}

fn fin_again(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.wait(Duration::from_millis(100));
    bench.arrives(&Segment { seq: bench.rcv_nxt.back(1), ..bench.peer(Flags::FIN | Flags::ACK) });
    let ack = bench.ack();
    let outcome = bench.ends(case, &[ack])?;
    bench.not_told(Notice::Closing)?;
    if case.state() == State::TimeWait {
        let left = bench.next_timer();
        ensure!(left == Some(Duration::from_mins(4)), "TIME-WAIT lasts {left:?} more, not two MSL");
    }
    Ok(outcome)
}
