//! Timeouts (RFC 9293 §3.10.8, §3.8.3, §3.8.6.1; RFC 6298).

use super::{Driver, both};
use crate::bench::{Bench, MSS, Outcome, PEER_WINDOW, Want, ensure};
use crate::case::Case;
use wirelaw_reference::tcp::{Config, Notice, State};
use wirelaw_reference::time::Duration;
use wirelaw_reference::wire::{Flags, Segment};

const HANDSHAKE: &str = "SYN-SENT SYN-RECEIVED";
const UNACKNOWLEDGED: &str = "ESTABLISHED FIN-WAIT-1 CLOSE-WAIT CLOSING LAST-ACK";
/// Longer than any of these tests takes.
const NEVER: Duration = Duration::from_hours(24);

pub const DRIVERS: &[Driver] = &[
    both("TIMEOUT:USER", "CLOSED", "no TCB", no_timer),
    both("TIMEOUT:RTX", "CLOSED", "no TCB", no_timer),
    both("TIMEOUT:TIME-WAIT", "CLOSED LISTEN", "timer not running", no_timer),
    both("TIMEOUT:RTX", "LISTEN FIN-WAIT-2", "queue empty", no_timer),
    both("TIMEOUT:RTX", "TIME-WAIT", "queue empty", only_time_wait),
    both(
        "TIMEOUT:TIME-WAIT",
        "SYN-SENT SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 CLOSE-WAIT CLOSING LAST-ACK",
        "timer not running",
        no_time_wait,
    ),
    both("TIMEOUT:TIME-WAIT", "TIME-WAIT", "2MSL expires", time_wait),
    both("TIMEOUT:USER", HANDSHAKE, "expires", user),
    both("TIMEOUT:USER", UNACKNOWLEDGED, "expires", user),
    both("TIMEOUT:RTX", "SYN-SENT", "SYN unacknowledged", syn_again),
    both("TIMEOUT:RTX", "SYN-RECEIVED", "SYN,ACK unacknowledged", syn_again),
    both("TIMEOUT:RTX", "SYN-SENT", "R2 reached", give_up),
    both("TIMEOUT:RTX", "SYN-RECEIVED", "R2 reached; origin passive", give_up),
    both("TIMEOUT:RTX", "SYN-RECEIVED", "R2 reached; origin active", give_up),
    both("TIMEOUT:RTX", UNACKNOWLEDGED, "R2 reached", give_up),
    both("TIMEOUT:RTX", "ESTABLISHED CLOSE-WAIT", "data unacknowledged", head_of_queue),
    both("TIMEOUT:RTX", "FIN-WAIT-1 CLOSING LAST-ACK", "data or FIN unacknowledged", data_before_fin),
    both("TIMEOUT:RTX", UNACKNOWLEDGED, "send window zero (probe timer)", probe),
];

fn no_timer(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    ensure!(bench.subject.poll_timeout().is_none(), "a timer is running");
    let later = bench.now + NEVER;
    bench.subject.handle_timeout(later);
    bench.ends(case, &[])
}

fn only_time_wait(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.wait(Duration::from_secs(239));
    let outcome = bench.ends(case, &[])?;
    bench.wait(Duration::from_secs(1));
    bench.keeps_silent_but_for(&[])?;
    Ok(outcome)
}

/// With an MSL this short, a time-wait timer would end the connection before anything else happens.
fn no_time_wait(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::with(case, |config| config.msl = Duration::from_millis(10));
    bench.wait(Duration::from_millis(500));
    let outcome = bench.ends(case, &[])?;
    bench.wait(Duration::from_secs(50));
    bench.drain();
    ensure!(bench.state() == case.next, "later {}", bench.state());
    Ok(outcome)
}

fn time_wait(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    bench.wait(Duration::from_mins(4).saturating_sub(Duration::from_nanos(1)));
    ensure!(bench.state() == State::TimeWait, "early");
    bench.wait(Duration::from_nanos(1));
    let outcome = bench.ends(case, &[])?;
    bench.told(Notice::Closed)?;
    ensure!(bench.next_timer().is_none(), "a timer is left");
    Ok(outcome)
}

fn user(case: &Case<'_>) -> Outcome {
    let limit = Duration::from_secs(30);
    let config = |config: &mut Config| {
        config.user_timeout = Some(limit);
        (config.r2, config.r2_syn) = (NEVER, NEVER);
    };
    let mut bench = if case.state().is_synchronized() {
        let mut bench = Bench::established(case, config);
        bench.send(b"never acknowledged");
        bench.proceed(case.state());
        bench
    } else {
        Bench::with(case, config)
    };
    bench.wait(limit.saturating_sub(Duration::from_nanos(1)));
    ensure!(bench.state() == case.state(), "early");
    bench.sent.clear(); // retransmissions
    bench.wait(Duration::from_nanos(1));
    let outcome = bench.ends(case, &[])?;
    bench.told(Notice::TimedOut)?;
    ensure!(bench.next_timer().is_none(), "a timer is left");
    Ok(outcome)
}

fn syn_again(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::new(case);
    let syn = Want::new(Flags::SYN, case.iss);
    let syn = if case.state() == State::SynSent { syn } else { syn.ack(case.irs + 1) };
    let mut outcome = Err("no timer".to_owned());
    // the RTO of the first was 1 s; SYN-RECEIVED of an active opener keeps the timer of its SYN
    for rto in [1, 2, 4, 8] {
        let waited = bench.next_timer();
        ensure!(waited == Some(Duration::from_secs(rto)), "RTO {waited:?}, expected {rto} s");
        outcome = Ok(bench.ends(case, std::slice::from_ref(&syn))?);
    }
    outcome
}

/// In the row's state with a FIN, or data, that nobody acknowledges.
fn unacknowledged(case: &Case<'_>, octets: usize) -> Bench {
    let mut bench = Bench::established(case, |_| {});
    bench.send(&vec![b'd'; octets]);
    bench.proceed(case.state());
    bench
}

/// R2 is at least 100 s, for a SYN 3 minutes.
fn give_up(case: &Case<'_>) -> Outcome {
    let synchronized = case.state().is_synchronized();
    let mut bench = if synchronized { unacknowledged(case, 10) } else { Bench::new(case) };
    let began = bench.now;
    while bench.state() == case.state() {
        bench.sent.clear();
        ensure!(bench.next_timer().is_some(), "no timer is running in {}", bench.state());
        ensure!(bench.now.since(began) < NEVER, "it never gives up");
    }
    let outcome = bench.ends(case, &[])?;
    let r2 = if synchronized { Duration::from_secs(100) } else { Duration::from_mins(3) };
    ensure!(bench.now.since(began) >= r2, "it gave up after {:?}", bench.now.since(began));
    match case.next {
        State::Closed => bench.told(Notice::TimedOut)?,
        _ => bench.not_told(Notice::TimedOut)?,
    }
    ensure!(bench.next_timer().is_none(), "a timer is left");
    Ok(outcome)
}

fn head_of_queue(case: &Case<'_>) -> Outcome {
    let mut bench = unacknowledged(case, 3 * usize::from(MSS));
    ensure!(bench.snd_nxt - bench.una == 3 * u32::from(MSS), "three segments are out");
    let head = Want::new(Flags::NONE, bench.una).ack(bench.rcv_nxt).text(&[b'd'; MSS as usize]);
    let mut outcome = Err("no timer".to_owned());
    for rto in [1, 2, 4] {
        let waited = bench.next_timer();
        ensure!(waited == Some(Duration::from_secs(rto)), "RTO {waited:?}, expected {rto} s");
        outcome = Ok(bench.ends(case, std::slice::from_ref(&head))?);
    }
    // cwnd is one segment: one acknowledgment lets two out
    bench.una += u32::from(MSS);
    bench.arrives(&bench.peer(Flags::ACK));
    ensure!(bench.sent.len() == 2, "{} segments after the acknowledgment", bench.sent.len());
    outcome
}

fn data_before_fin(case: &Case<'_>) -> Outcome {
    let mut bench = unacknowledged(case, 10);
    // the FIN follows the data, and fits into the same segment
    let head = Want::new(Flags::FIN, bench.una).ack(bench.rcv_nxt).text(&[b'd'; 10]);
    bench.next_timer();
    bench.ends(case, &[head])?;
    bench.una += 10;
    bench.arrives(&bench.peer(Flags::ACK));
    bench.keeps_silent_but_for(&[])?;
    let fin = Want::new(Flags::FIN, bench.una).ack(bench.rcv_nxt);
    // nothing was measured, so the back-off of the data stays (RFC 6298 §5)
    let waited = bench.next_timer();
    ensure!(waited == Some(Duration::from_secs(2)), "RTO {waited:?}, back-off lost");
    let outcome = bench.ends(case, std::slice::from_ref(&fin))?;
    let waited = bench.next_timer();
    ensure!(waited == Some(Duration::from_secs(4)), "RTO {waited:?}, not doubled");
    bench.keeps_silent_but_for(&[fin])?;
    Ok(outcome)
}

/// The window is closed while data, or data and a FIN, wait.
fn probe(case: &Case<'_>) -> Outcome {
    let mut bench = Bench::established(case, |_| {});
    bench.peer_window = 0;
    bench.arrives_quietly(&bench.peer(Flags::ACK));
    bench.send(b"behind a closed window");
    bench.proceed(case.state());
    let next = bench.una;
    let probe = Want::new(Flags::NONE, next).ack(bench.rcv_nxt).text(b"b");
    let mut outcome = Err("no timer".to_owned());
    let mut last = Duration::ZERO;
    let began = bench.now;
    // far beyond R2: every probe is answered, none accepted
    for round in 0..20 {
        let waited = bench.next_timer().ok_or("no timer is running")?;
        ensure!(waited == (last * 2).clamp(Duration::from_secs(1), Duration::from_mins(1)), "probe {round} {waited:?}");
        last = waited;
        outcome = Ok(bench.ends(case, std::slice::from_ref(&probe))?);
        bench.arrives(&Segment { seq: bench.rcv_nxt, ..bench.peer(Flags::ACK) });
        bench.keeps_silent_but_for(&[])?;
    }
    ensure!(bench.now.since(began) > Duration::from_mins(10), "only {:?}", bench.now.since(began));
    bench.peer_window = PEER_WINDOW;
    bench.arrives(&bench.peer(Flags::ACK));
    ensure!(bench.sent.first().is_some_and(|first| first.seq == next), "the window opened: {:?}", bench.sent);
    outcome
}
