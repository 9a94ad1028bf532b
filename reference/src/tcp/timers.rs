//! The timers of a connection: one table of deadlines.

use crate::time::Instant;

/// What can be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// RFC 6298 §5; also the SYN's.
    Retransmission,
    /// Zero-window probes and the override of silly-window avoidance (RFC 9293 §3.8.6).
    Persist,
    /// Two maximum segment lifetimes (RFC 9293 §3.10.8).
    TimeWait,
    /// The next keep-alive probe (RFC 9293 §3.8.4).
    KeepAlive,
    /// The user timeout (RFC 9293 §3.10.8).
    User,
    /// An acknowledgment that waits for something to ride on (RFC 9293 §3.8.6.3).
    DelayedAck,
    /// What RACK waits for before it calls a segment lost (RFC 8985 §6.2).
    Reordering,
    /// A tail loss probe (RFC 8985 §7.2). It is never due after the retransmission timer, so that the
    /// two can run side by side where RFC 8985 §8 thinks of one timer that changes its meaning.
    Probe,
    /// FIN-WAIT-2 without an application.
    FinWait2,
    /// Larger segments may be tried again (RFC 1191 §6.3).
    PathMtu,
}

/// How many there are.
const COUNT: usize = 10;

impl Timer {
    /// In the order in which timers that are due at the same instant are handled: what ends the
    /// connection comes first, what spares a retransmission timeout comes before it.
    pub(super) const ALL: [Timer; COUNT] = [
        Timer::User,
        Timer::TimeWait,
        Timer::FinWait2,
        Timer::Reordering,
        Timer::Probe,
        Timer::Retransmission,
        Timer::Persist,
        Timer::KeepAlive,
        Timer::DelayedAck,
        Timer::PathMtu,
    ];
}

/// When each timer is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Timers([Option<Instant>; COUNT]);

impl Timers {
    pub(super) fn set(&mut self, timer: Timer, at: Instant) {
        self.0[timer as usize] = Some(at);
    }

    pub(super) fn cancel(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    pub(super) fn cancel_all(&mut self) {
        self.0 = [None; COUNT];
    }

    pub(super) fn is_set(&self, timer: Timer) -> bool {
        self.deadline(timer).is_some()
    }

    /// When `timer` is due, if it runs.
    pub(super) fn deadline(&self, timer: Timer) -> Option<Instant> {
        self.0[timer as usize]
    }

    /// Takes the first timer that is due at `now`.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Timer> {
        let timer = Timer::ALL.into_iter().find(|timer| self.0[*timer as usize].is_some_and(|at| at <= now))?;
        self.cancel(timer);
        Some(timer)
    }

    /// All deadlines, each timer's at its own place.
    pub(super) fn deadlines(&self) -> [Option<Instant>; COUNT] {
        self.0
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.iter().flatten().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{Instant, Timer, Timers};

    #[test]
    fn what_is_due_comes_in_the_order_of_the_table_and_once() {
        let at = Instant::from_millis;
        let mut timers = Timers::default();
        assert_eq!((timers.next(), timers.expire(at(1_000_000))), (None, None));
        for (index, timer) in Timer::ALL.into_iter().enumerate() {
            timers.set(timer, at(100 - index as u64));
            assert!(timers.is_set(timer));
            assert_eq!(timers.next(), Some(at(100 - index as u64)), "the earliest");
        }
        let last = Timer::ALL[Timer::ALL.len() - 1];
        let earliest = 101 - Timer::ALL.len() as u64;
        assert_eq!(timers.expire(at(earliest - 1)), None);
        assert_eq!(timers.expire(at(earliest)), Some(last), "due at this very instant");
        assert!(!timers.is_set(last));
        timers.cancel(Timer::Persist);
        for timer in Timer::ALL.into_iter().filter(|timer| *timer != Timer::Persist && *timer != last) {
            assert_eq!(timers.expire(at(100)), Some(timer));
        }
        assert_eq!(timers.expire(at(100)), None);
        timers.set(Timer::User, at(1));
        timers.set(Timer::TimeWait, at(2));
        timers.cancel_all();
        assert_eq!(timers, Timers::default());
    }
}
