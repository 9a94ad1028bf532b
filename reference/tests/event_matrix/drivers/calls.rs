//! SEND, RECEIVE, CLOSE, ABORT, STATUS (RFC 9293 §3.10.2-6).

use super::{Driver, alone, both, host};
use crate::bench::{Bench, MSS, Outcome, Want, ensure};
use crate::case::Case;
use wirelaw_reference::tcp::{CallError, Connection, Notice, State};
use wirelaw_reference::time::Duration;
use wirelaw_reference::wire::{Flags, Segment};

const SYNCHRONIZING: &str = "SYN-SENT SYN-RECEIVED";
const CLOSED_BY_US: &str = "FIN-WAIT-1 FIN-WAIT-2 CLOSING LAST-ACK TIME-WAIT";

pub const DRIVERS: &[Driver] = &[
    both("SEND", "CLOSED", "otherwise", |case| no_connection(case, |tcp| tcp.send(b"x", false).map(drop))),
    both("RECEIVE", "CLOSED", "otherwise", |case| no_connection(case, |tcp| tcp.receive(1).map(drop))),
    both("CLOSE", "CLOSED", "otherwise", |case| no_connection(case, Connection::close)),
    both("ABORT", "CLOSED", "otherwise", |case| no_connection(case, Connection::abort)),
    host("STATUS", "CLOSED", "otherwise", status_of_nothing),
    both("SEND", SYNCHRONIZING, "room to queue", send_is_queued),
    both("SEND", "SYN-SENT SYN-RECEIVED ESTABLISHED CLOSE-WAIT", "no room", send_without_room),
    both("SEND", "ESTABLISHED CLOSE-WAIT", "room", send),
    both("SEND", "ESTABLISHED CLOSE-WAIT", "URGENT set", send_urgent),
    both("SEND", CLOSED_BY_US, "any", send_after_close),
    alone("SEND", "LISTEN", "remote socket unspecified", send_in_listen),
    both("RECEIVE", SYNCHRONIZING, "room", receive_waits),
    alone("RECEIVE", "LISTEN", "room", receive_waits),
    both("RECEIVE", "ESTABLISHED FIN-WAIT-1 FIN-WAIT-2", "enough data queued", receive),
    both("RECEIVE", "ESTABLISHED FIN-WAIT-1 FIN-WAIT-2", "not enough data", receive_waits),
    both("RECEIVE", "ESTABLISHED FIN-WAIT-1 FIN-WAIT-2", "RCV.UP ahead of data being passed", receive_urgent),
    both("RECEIVE", "CLOSE-WAIT", "undelivered data on hand", receive_what_is_left),
    both("RECEIVE", "CLOSE-WAIT", "nothing left", receive_nothing_left),
    both("RECEIVE", "CLOSING LAST-ACK TIME-WAIT", "any", receive_nothing_left),
    both("CLOSE", "LISTEN SYN-SENT", "any", close_before_the_handshake),
    both("CLOSE", "SYN-RECEIVED", "no SEND issued and nothing pending", close),
    both("CLOSE", "SYN-RECEIVED", "a SEND was issued or data is pending", close_is_deferred),
    both("CLOSE", "ESTABLISHED", "any", close_behind_data),
    both("CLOSE", "ESTABLISHED CLOSE-WAIT", "[MAY-1, SHLD-3] half-duplex close with received data unread", detach),
    both("CLOSE", "FIN-WAIT-1 FIN-WAIT-2 CLOSING LAST-ACK TIME-WAIT", "any", close_twice),
    both("CLOSE", "CLOSE-WAIT", "all prior SENDs segmentized", close),
    both("CLOSE", "CLOSE-WAIT", "prior SENDs not yet segmentized", close_behind_window),
    both("ABORT", "LISTEN SYN-SENT CLOSING LAST-ACK TIME-WAIT", "any", abort_silently),
    both("ABORT", "SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 CLOSE-WAIT", "any", abort),
    both("ABORT", "*", "[3.5.2 advice, Fig. 5 note 3] alternative to deleting at once", abort_and_linger),
    both("STATUS", "*", "any", status),
];

fn no_connection(case: &Case<'_>, call: fn(&mut Connection) -> Result<(), CallError>) -> Outcome {
    let mut bench = Bench::new(case);
    let result = bench.call(call);
    ensure!(result == Err(CallError::ConnectionDoesNotExist), "{result:?}");
    bench.ends(case, &[])
}

fn status_of_nothing(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let on = bench.subject.host();
    let id = on.id.expect("it was there");
    on.host.release(id);
    let outcome = bench.ends(case, &[])?;
    ensure!(bench.subject.host().host.connection(id).is_none(), "it is still there");
    Ok(outcome)
}

/// The peer completes the handshake; what we send then.
fn complete(bench: &mut Bench, case: &Case<'_>) {
    bench.una = case.iss + 1;
    let (flags, seq) = match bench.state() {
        State::SynSent => (Flags::SYN | Flags::ACK, case.irs),
        _ => (Flags::ACK, case.irs + 1),
    };
    bench.rcv_nxt = case.irs + 1;
    bench.arrives(&Segment { seq, ..bench.peer(flags) });
}

fn send_is_queued(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    ensure!(bench.call(|tcp| tcp.send(b"early", false)) == Ok(5), "there is room");
    let outcome = bench.ends(case, &[])?;
    complete(&mut bench, case);
    let data = Want::new(Flags::NONE, case.iss + 1).ack(case.irs + 1).text(b"early");
    bench.keeps_silent_but_for(&[data])?;
    Ok(outcome)
}

fn send_without_room(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::with(case, |config| config.send_buffer = 500);
    let taken = bench.call(|tcp| tcp.send(&[7; 600], false));
    ensure!(taken == Ok(500), "{taken:?}");
    bench.drain();
    bench.sent.clear();
    let result = bench.call(|tcp| tcp.send(b"x", false));
    ensure!(result == Err(CallError::InsufficientResources), "{result:?}");
    bench.ends(case, &[])
}

fn send(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let long = vec![b'x'; usize::from(MSS) + 10];
    let seq = bench.snd_nxt;
    ensure!(bench.call(|tcp| tcp.send(&long, false)) == Ok(long.len()), "there is room");
    // one full segment; the rest waits for its acknowledgment (Nagle)
    let full = Want::new(Flags::NONE, seq).ack(bench.rcv_nxt).text(&long[10..]);
    let outcome = bench.ends(case, &[full])?;
    bench.una = seq + u32::from(MSS);
    bench.arrives(&bench.peer(Flags::ACK));
    bench.keeps_silent_but_for(&[Want::new(Flags::NONE, bench.una).ack(bench.rcv_nxt).text(&long[..10])])?;
    Ok(outcome)
}

fn send_urgent(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let seq = bench.snd_nxt;
    ensure!(bench.call(|tcp| tcp.send(b"now", true)) == Ok(3), "there is room");
    bench.drain();
    let pointer = bench.sent.first().map(|segment| segment.urgent_pointer);
    let outcome = bench.ends(case, &[Want::new(Flags::URG, seq).ack(bench.rcv_nxt).text(b"now")])?;
    ensure!(pointer == Some(3), "urgent pointer {pointer:?}, behind the last urgent octet (MUST-62)");
    ensure!(bench.tcp().snd().up == seq + 3, "SND.UP {}", bench.tcp().snd().up);
    Ok(outcome)
}

fn send_after_close(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let result = bench.call(|tcp| tcp.send(b"late", false));
    ensure!(result == Err(CallError::ConnectionClosing), "{result:?}");
    bench.ends(case, &[])
}

fn send_in_listen(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let result = bench.call(|tcp| tcp.send(b"to whom", false));
    ensure!(result == Err(CallError::RemoteUnspecified), "{result:?}");
    bench.ends(case, &[])
}

/// The call never blocks: "nothing yet" stands for a queued request.
fn receive_waits(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let result = bench.call(|tcp| tcp.receive(10));
    ensure!(result == Ok(Vec::new()), "{result:?}");
    bench.ends(case, &[])
}

fn receive(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    // in two segments, the later one first
    bench.arrives_quietly(&Segment { seq: bench.rcv_nxt + 4, ..bench.peer_text(b"order") });
    bench.arrives_quietly(&bench.peer_text(b"in a"));
    let first = bench.call(|tcp| tcp.receive(6));
    ensure!(first == Ok(b"in aor".to_vec()), "{first:?}");
    let rest = bench.call(|tcp| tcp.receive(100));
    ensure!(rest == Ok(b"der".to_vec()), "{rest:?}");
    bench.ends(case, &[])
}

fn receive_urgent(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let urgent = bench.peer_text(b"ab");
    bench.arrives_quietly(&Segment { flags: urgent.flags | Flags::URG, urgent_pointer: 5, ..urgent });
    bench.told(Notice::Urgent)?;
    let result = bench.call(|tcp| tcp.receive(10));
    ensure!(result == Ok(b"ab".to_vec()), "{result:?}");
    let outcome = bench.ends(case, &[])?;
    ensure!(bench.tcp().rcv().up == bench.rcv_nxt + 5, "RCV.UP {}", bench.tcp().rcv().up);
    Ok(outcome)
}

fn receive_what_is_left(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::established(case, |_| {});
    bench.arrives_quietly(&bench.peer_text(b"left"));
    bench.rcv_nxt += 4;
    bench.proceed(case.state());
    let result = bench.call(|tcp| tcp.receive(10));
    ensure!(result == Ok(b"left".to_vec()), "{result:?}");
    bench.ends(case, &[])
}

fn receive_nothing_left(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let result = bench.call(|tcp| tcp.receive(10));
    ensure!(result == Err(CallError::ConnectionClosing), "{result:?}");
    bench.ends(case, &[])
}

fn close_before_the_handshake(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    if case.state() == State::Listen && case.on_host {
        return close_listener(case, bench);
    }
    if case.state() == State::SynSent {
        bench.send(b"queued");
    }
    ensure!(bench.call(Connection::close) == Ok(()), "it is open");
    let outcome = bench.ends(case, &[])?;
    ensure!(bench.next_timer().is_none(), "a timer is left");
    ensure!(bench.call(|tcp| tcp.receive(1)) == Err(CallError::ConnectionDoesNotExist), "the TCB is left");
    Ok(outcome)
}

/// A listening socket of a host has no connection: it is gone if a SYN is refused.
fn close_listener(case: &Case<'_>, mut bench: Bench) -> Outcome {
    let on = bench.subject.host();
    on.host.close_listener(on.listener.expect("it listens"));
    bench.arrives(&Segment { seq: case.irs, ..bench.peer(Flags::SYN) });
    bench.keeps_silent_but_for(&[Want::new(Flags::RST, wirelaw_reference::seq::Seq(0)).ack(case.irs + 1)])?;
    bench.subject.host().note_closed();
    bench.ends(case, &[])
}

fn close(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let fin = Want::new(Flags::FIN, bench.snd_nxt).ack(bench.rcv_nxt);
    ensure!(bench.call(Connection::close) == Ok(()), "it is open");
    bench.ends(case, &[fin])
}

fn close_is_deferred(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.send(b"first");
    ensure!(bench.call(Connection::close) == Ok(()), "it is open");
    let outcome = bench.ends(case, &[])?;
    complete(&mut bench, case);
    let data = Want::new(Flags::FIN, case.iss + 1).ack(case.irs + 1).text(b"first");
    bench.keeps_silent_but_for(&[data])?;
    ensure!(bench.state() == State::FinWait1, "then {}", bench.state());
    Ok(outcome)
}

fn close_behind_data(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let seq = bench.snd_nxt;
    let long = [9; MSS as usize + 1];
    ensure!(bench.call(|tcp| tcp.send(&long, false)) == Ok(long.len()), "there is room");
    ensure!(bench.call(Connection::close) == Ok(()), "it is open");
    let data = Want::new(Flags::NONE, seq).ack(bench.rcv_nxt).text(&long[1..]);
    let fin = Want::new(Flags::FIN, seq + u32::from(MSS)).ack(bench.rcv_nxt).text(&long[..1]);
    bench.ends(case, &[data, fin])
}

fn detach(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::established(case, |_| {});
    bench.arrives_quietly(&bench.peer_text(b"unread"));
    bench.rcv_nxt += 6;
    bench.proceed(case.state());
    let reset = bench.abort();
    ensure!(bench.call(Connection::detach) == Ok(()), "it is open");
    bench.ends(case, &[reset])
}

fn close_twice(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let result = bench.call(Connection::close);
    ensure!(result == Err(CallError::ConnectionClosing), "{result:?}");
    bench.ends(case, &[])
}

fn close_behind_window(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.peer_window = 0;
    bench.arrives_quietly(&bench.peer(Flags::ACK));
    bench.send(b"held back");
    let seq = bench.snd_nxt;
    ensure!(bench.call(Connection::close) == Ok(()), "it is open");
    let outcome = bench.ends(case, &[])?;
    bench.peer_window = crate::bench::PEER_WINDOW;
    bench.arrives(&bench.peer(Flags::ACK));
    bench.keeps_silent_but_for(&[Want::new(Flags::FIN, seq).ack(bench.rcv_nxt).text(b"held back")])?;
    Ok(outcome)
}

fn abort_silently(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    if case.state() == State::Listen && case.on_host {
        return close_listener(case, bench);
    }
    ensure!(bench.call(Connection::abort) == Ok(()), "it is open");
    let outcome = bench.ends(case, &[])?;
    ensure!(bench.next_timer().is_none(), "a timer is left");
    Ok(outcome)
}

fn abort(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let reset = bench.abort();
    if matches!(case.state(), State::SynReceived | State::Established | State::CloseWait) {
        ensure!(bench.call(|tcp| tcp.send(b"flushed", false)) == Ok(7), "there is room");
    }
    ensure!(bench.call(Connection::abort) == Ok(()), "it is open");
    let outcome = bench.ends(case, &[reset])?;
    ensure!(bench.next_timer().is_none(), "a timer is left");
    Ok(outcome)
}

fn abort_and_linger(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::with(case, |config| config.time_wait_after_abort = true);
    let reset = bench.abort();
    if matches!(case.state(), State::SynReceived | State::Established | State::CloseWait) {
        ensure!(bench.call(|tcp| tcp.send(b"flushed", false)) == Ok(7), "there is room");
    }
    ensure!(bench.call(Connection::abort) == Ok(()), "it is open");
    let outcome = bench.ends(case, &[reset])?;
    // the peer's last words, which crossed the reset, revive nothing
    bench.una = bench.snd_nxt;
    bench.peer_window = 0;
    bench.arrives(&bench.peer(Flags::ACK));
    bench.peer_window = 1;
    bench.arrives(&bench.peer(Flags::ACK));
    bench.keeps_silent_but_for(&[])?;
    let waited = bench.next_timer();
    ensure!(waited == Some(Duration::from_mins(4)), "TIME-WAIT lasts {waited:?}, not two MSL");
    ensure!(bench.state() == State::Closed, "then {}", bench.state());
    Ok(outcome)
}

fn status(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let outcome = bench.ends(case, &[])?;
    if case.state() == State::Listen {
        return Ok(outcome); // nothing is known yet
    }
    let (snd, rcv) = (bench.tcp().snd(), bench.tcp().rcv());
    ensure!(snd.iss == case.iss && snd.nxt == bench.snd_nxt && snd.una == bench.una, "{snd:?}");
    if case.state() != State::SynSent {
        ensure!(rcv.irs == case.irs && rcv.nxt == bench.rcv_nxt, "{rcv:?}");
    }
    Ok(outcome)
}
