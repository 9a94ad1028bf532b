//! The congestion window: slow start, congestion avoidance, and what a loss does to it (RFC 5681,
//! RFC 6928). When something counts as lost is the business of [`recovery`](super::recovery).

use crate::time::{Duration, Instant};

use super::config::{Config, CongestionControl, InitialWindow};
use super::cubic::{self, Cubic};

/// The congestion window and what it depends on, in octets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Congestion {
    cwnd: u32,
    ssthresh: u32,
    smss: u32,
    initial: u32,
    /// Octets acknowledged since the last increase in congestion avoidance.
    acknowledged: u32,
    /// What it was before the last loss, should that turn out to have been none.
    before_loss: Option<Before>,
    /// The variables of CUBIC, if that is what controls the window.
    cubic: Option<Cubic>,
}

/// What is restored if a loss was none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Before {
    cwnd: u32,
    ssthresh: u32,
    cubic: Option<Cubic>,
}

/// An acknowledgment of new data, as congestion control sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Acknowledged {
    /// When.
    pub(super) now: Instant,
    /// Octets that it covers and none before did.
    pub(super) octets: u32,
    /// Octets that were in flight before.
    pub(super) in_flight: u32,
    /// SRTT, once there is one.
    pub(super) srtt: Option<Duration>,
}

impl Congestion {
    pub(super) fn new(config: &Config, smss: u32) -> Congestion {
        let smss = smss.max(1);
        let initial = initial_window(config.initial_window, smss);
        Congestion {
            cwnd: initial,
            ssthresh: u32::MAX, // arbitrarily high (RFC 5681 §3.1)
            smss,
            initial,
            acknowledged: 0,
            before_loss: None,
            cubic: (config.congestion_control == CongestionControl::Cubic).then(Cubic::default),
        }
    }

    /// Another algorithm takes over, with the window and the threshold as they are.
    pub(super) fn switch(&mut self, control: CongestionControl) {
        self.cubic = (control == CongestionControl::Cubic).then(Cubic::default);
    }

    /// cwnd
    pub(super) fn window(&self) -> u32 {
        self.cwnd
    }

    /// ssthresh
    pub(super) fn ssthresh(&self) -> u32 {
        self.ssthresh
    }

    /// An acknowledgment of new data, outside loss recovery.
    pub(super) fn grow(&mut self, acknowledged: Acknowledged) {
        let octets = acknowledged.octets;
        if self.cwnd < self.ssthresh {
            self.cwnd = self.cwnd.saturating_add(octets.min(self.smss)); // slow start (RFC 5681 §3.1)
            return;
        }
        if let Some(cubic) = &mut self.cubic {
            if acknowledged.in_flight.saturating_add(self.smss) < self.cwnd {
                cubic.limited_by_application(acknowledged.now);
                return;
            }
            self.cwnd = cubic.grown(self.cwnd, self.smss, acknowledged);
            return;
        }
        // RFC 5681 §3.1: a segment per window, counted in octets
        self.acknowledged = self.acknowledged.saturating_add(octets);
        if self.acknowledged >= self.cwnd {
            self.acknowledged -= self.cwnd;
            self.cwnd = self.cwnd.saturating_add(self.smss);
        }
    }

    /// A segment is lost while `in_flight` octets are out: ssthresh is halved (RFC 5681 §3.2 step
    /// 2), and cwnd follows it.
    pub(super) fn on_loss(&mut self, in_flight: u32) {
        self.remember();
        self.reduce_threshold(in_flight);
        self.cwnd = self.ssthresh;
    }

    /// A mark is echoed while `in_flight` octets are out: as for a loss, but down to a single segment
    /// (RFC 3168 §6.1.2).
    pub(super) fn on_mark(&mut self, in_flight: u32) {
        let reduced = self.reduce_threshold(in_flight);
        self.cwnd = self.cwnd.min(reduced.max(self.smss));
    }

    /// The retransmission timer expired; `first`: for the first time since the last new
    /// acknowledgment (RFC 5681 §3.1: ssthresh is halved once per loss).
    pub(super) fn on_timeout(&mut self, in_flight: u32, first: bool) {
        if first {
            self.remember();
            self.reduce_threshold(in_flight);
            if let Some(cubic) = &mut self.cubic {
                cubic.timed_out();
            }
        }
        self.cwnd = self.smss;
    }

    fn remember(&mut self) {
        self.before_loss = Some(Before { cwnd: self.cwnd, ssthresh: self.ssthresh, cubic: self.cubic });
    }

    /// Sets ssthresh, to two segments at least; to what it would be else.
    fn reduce_threshold(&mut self, in_flight: u32) -> u32 {
        let reduced = match &mut self.cubic {
            Some(cubic) => {
                cubic.reduce(self.cwnd);
                cubic::beta(in_flight)
            }
            None => in_flight / 2,
        };
        self.ssthresh = reduced.max(2 * self.smss);
        self.acknowledged = 0;
        reduced
    }

    /// NewReno inflates the window by what has left the network and deflates it by what was
    /// acknowledged (RFC 6582 §3.2 steps 2, 3 and 5).
    pub(super) fn set_window(&mut self, cwnd: u32) {
        self.cwnd = cwnd.max(self.smss);
    }

    /// The loss was none: what it took is given back (RFC 5682 §3.1, RFC 3522).
    pub(super) fn undo(&mut self) {
        let Some(before) = self.before_loss.take() else { return };
        if self.cwnd < before.cwnd {
            self.cubic = before.cubic; // else its newer variables are the better ones (RFC 9438 §4.9.2)
        }
        self.cwnd = self.cwnd.max(before.cwnd);
        self.ssthresh = self.ssthresh.max(before.ssthresh);
    }

    /// Nothing was sent for longer than an RTO: no more than the restart window (RFC 5681 §4.1).
    pub(super) fn restart_after_idle(&mut self) {
        self.cwnd = self.cwnd.min(self.initial);
    }

    /// Nothing was in flight for so long.
    pub(super) fn was_idle(&mut self, span: Duration) {
        if let Some(cubic) = &mut self.cubic {
            cubic.idle(span);
        }
    }

    /// The SYN or its acknowledgment was lost too often: start with one segment (RFC 5681 §3.1, RFC
    /// 6928 §2).
    pub(super) fn syn_was_lost(&mut self) {
        self.cwnd = self.smss;
    }

    /// SMSS
    pub(super) fn smss(&self) -> u32 {
        self.smss
    }

    /// Segments have another size.
    pub(super) fn set_smss(&mut self, smss: u32) {
        self.smss = smss.max(1);
    }

    /// The path carries less than was believed. A window that is still the initial one, which is
    /// counted in segments, shrinks with them (RFC 5681 §3.1); any other stays, since nothing says that
    /// the path is congested.
    pub(super) fn shrink_segments(&mut self, smss: u32) {
        let smss = smss.max(1);
        if self.cwnd == self.initial && smss < self.smss {
            let scaled = u64::from(self.initial) * u64::from(smss) / u64::from(self.smss);
            self.initial = u32::try_from(scaled).unwrap_or(u32::MAX).max(smss);
            self.cwnd = self.initial;
        }
        self.smss = smss;
    }
}

/// IW
fn initial_window(choice: InitialWindow, smss: u32) -> u32 {
    match (choice, smss) {
        (InitialWindow::Rfc5681, 2191..) => 2 * smss,
        (InitialWindow::Rfc5681, 1096..=2190) => 3 * smss,
        (InitialWindow::Rfc5681, _) => 4 * smss,
        // RFC 6928 §2
        (InitialWindow::Rfc6928, _) => (10 * smss).min((2 * smss).max(14_600)),
        (InitialWindow::Segments(count), _) => smss.saturating_mul(u32::from(count.max(1))),
    }
}

#[cfg(test)]
mod tests;
