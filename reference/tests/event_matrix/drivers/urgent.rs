//! Sixth, URG (RFC 9293 §3.10.7.4 step 6).

use super::{Driver, both};
use crate::bench::{Bench, Outcome, ensure};
use crate::case::Case;
use wirelaw_reference::tcp::{Notice, State};
use wirelaw_reference::wire::{Flags, Segment};

const OPEN: &str = "ESTABLISHED FIN-WAIT-1 FIN-WAIT-2";

pub const DRIVERS: &[Driver] = &[
    both(
        "SEG:6-URG",
        "SYN-RECEIVED",
        "URG on the segment whose ACK moved the connection to ESTABLISHED",
        with_ack_of_syn,
    ),
    both("SEG:6-URG", "SYN-RECEIVED", "URG on a segment that did not pass step 5", not_reached),
    both("SEG:6-URG", OPEN, "URG set, RCV.UP ahead of consumed data, user not yet in urgent mode", signal),
    both("SEG:6-URG", OPEN, "URG set, user already signalled for this run", signalled_already),
    both("SEG:6-URG", OPEN, "URG set, RCV.UP not ahead of consumed data", consumed),
    both("SEG:6-URG", OPEN, "URG off", off),
    both("SEG:6-URG", "CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT", "any", ignored),
];

/// The peer's next segment with URG and this pointer.
fn urgent(bench: &Bench, pointer: u16, text: &[u8]) -> Segment {
    let segment = bench.peer_text(text);
    Segment { flags: segment.flags | Flags::URG, urgent_pointer: pointer, ..segment }
}

fn signal(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.arrives(&urgent(&bench, 7, b""));
    let outcome = bench.ends(case, &[])?;
    bench.told(Notice::Urgent)?;
    ensure!(bench.tcp().rcv().up == bench.rcv_nxt + 7, "RCV.UP {}", bench.tcp().rcv().up);
    // the pointer counts from SEG.SEQ, also if the segment begins with old octets
    let mut bench = Bench::new(case);
    bench.arrives_quietly(&bench.peer_text(b"abcd"));
    bench.rcv_nxt += 4;
    let straddling = Segment { seq: bench.rcv_nxt.back(4), ..urgent(&bench, 6, b"abcdEF") };
    bench.arrives(&straddling);
    bench.keeps_silent_but_for(&[bench.ack_of(2)])?;
    ensure!(bench.tcp().rcv().up == bench.rcv_nxt + 2, "RCV.UP {} of a straddling segment", bench.tcp().rcv().up);
    bench.told(Notice::Urgent)?;
    Ok(outcome)
}

/// MUST-32 wants a signal whenever the pointer advances; there is none if it does not.
fn signalled_already(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.arrives(&urgent(&bench, 7, b""));
    bench.notices.clear();
    for pointer in [7, 3] {
        bench.peer_window += 1; // no duplicate acknowledgments, which would ask for a retransmission
        bench.arrives(&urgent(&bench, pointer, b""));
    }
    bench.not_told(Notice::Urgent)?;
    ensure!(bench.tcp().rcv().up == bench.rcv_nxt + 7, "RCV.UP {}", bench.tcp().rcv().up);
    bench.arrives(&urgent(&bench, 9, b""));
    ensure!(bench.tcp().rcv().up == bench.rcv_nxt + 9, "RCV.UP {}", bench.tcp().rcv().up);
    bench.told(Notice::Urgent)?;
    bench.ends(case, &[])
}

/// What the pointer points behind has been received and consumed.
fn consumed(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.arrives_quietly(&bench.peer_text(b"consumed"));
    bench.rcv_nxt += 8;
    let text = bench.call(|tcp| tcp.receive(8));
    ensure!(text == Ok(b"consumed".to_vec()), "{text:?}");
    bench.arrives(&urgent(&bench, 0, b""));
    bench.not_told(Notice::Urgent)?;
    ensure!(bench.tcp().rcv().up == bench.rcv_nxt, "RCV.UP {}", bench.tcp().rcv().up);
    bench.ends(case, &[])
}

fn off(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let before = bench.tcp().rcv().up;
    bench.arrives(&Segment { urgent_pointer: 7, ..bench.peer(Flags::ACK) });
    bench.not_told(Notice::Urgent)?;
    ensure!(bench.tcp().rcv().up == before, "RCV.UP {}", bench.tcp().rcv().up);
    bench.ends(case, &[])
}

fn ignored(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let before = bench.tcp().rcv().up;
    bench.arrives(&urgent(&bench, 7, b""));
    bench.not_told(Notice::Urgent)?;
    ensure!(bench.tcp().rcv().up == before, "RCV.UP {}", bench.tcp().rcv().up);
    bench.ends(case, &[])
}

fn with_ack_of_syn(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.una = case.iss + 1;
    bench.arrives(&urgent(&bench, 7, b""));
    bench.told(Notice::Urgent)?;
    let outcome = bench.ends(case, &[])?;
    ensure!(bench.tcp().rcv().up == bench.rcv_nxt + 7, "RCV.UP {}", bench.tcp().rcv().up);
    Ok(outcome)
}

fn not_reached(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.arrives(&Segment { urgent_pointer: 7, ..bench.peer(Flags::URG) });
    let outcome = bench.ends(case, &[])?;
    bench.una = case.iss + 1;
    bench.arrives(&bench.peer(Flags::ACK));
    bench.not_told(Notice::Urgent)?;
    ensure!(bench.state() == State::Established, "then {}", bench.state());
    Ok(outcome)
}
