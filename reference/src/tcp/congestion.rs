//! Slow start, congestion avoidance, fast retransmit and fast recovery (RFC 5681, RFC 6582).

use crate::seq::Seq;

/// Third duplicate: the segment counts as lost (RFC 5681 §3.2).
const DUPLICATE_THRESHOLD: u32 = 3;

/// The congestion window and what it depends on, in octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Congestion {
    cwnd: u32,
    ssthresh: u32,
    smss: u32,
    /// Octets acknowledged since the last increase in congestion avoidance.
    acknowledged: u32,
    duplicates: u32,
    /// SND.NXT when recovery began (RFC 6582 §3.2): acknowledgments below it are partial.
    recover: Option<Seq>,
}

/// What an acknowledgment asks the sender to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advice {
    /// Go on.
    Continue,
    /// Retransmit the first unacknowledged segment now.
    Retransmit,
}

impl Congestion {
    pub(super) fn new(smss: u16) -> Congestion {
        let smss = u32::from(smss);
        Congestion {
            cwnd: initial_window(smss),
            ssthresh: u32::MAX, // arbitrarily high (RFC 5681 §3.1)
            smss,
            acknowledged: 0,
            duplicates: 0,
            recover: None,
        }
    }

    /// cwnd
    pub(super) fn window(&self) -> u32 {
        self.cwnd
    }

    /// ssthresh; the largest number as long as it is arbitrarily high.
    pub(super) fn threshold(&self) -> u32 {
        self.ssthresh
    }

    /// Whether fast recovery goes on (RFC 6582).
    pub(super) fn is_recovering(&self) -> bool {
        self.recover.is_some()
    }

    /// Duplicate acknowledgments in a row.
    pub(super) fn duplicates(&self) -> u32 {
        self.duplicates
    }

    /// An acknowledgment of `octets` new octets, up to `ack`.
    pub(super) fn on_ack(&mut self, ack: Seq, octets: u32) -> Advice {
        self.duplicates = 0;
        match self.recover {
            Some(recover) if ack.is_before(recover) => {
                // a partial acknowledgment: the next segment is lost as well (RFC 6582 §3.2 step 3)
                self.cwnd = self.cwnd.saturating_sub(octets).saturating_add(self.smss).max(self.smss);
                return Advice::Retransmit;
            }
            Some(_) => {
                self.recover = None;
                self.cwnd = self.ssthresh.max(2 * self.smss);
            }
            None => self.grow(octets),
        }
        Advice::Continue
    }

    fn grow(&mut self, octets: u32) {
        if self.cwnd < self.ssthresh {
            self.cwnd = self.cwnd.saturating_add(octets.min(self.smss));
            return;
        }
        self.acknowledged = self.acknowledged.saturating_add(octets);
        if self.acknowledged >= self.cwnd {
            self.acknowledged -= self.cwnd;
            self.cwnd = self.cwnd.saturating_add(self.smss);
        }
    }

    /// A duplicate acknowledgment (RFC 5681 §2) while `in_flight` octets are out and `nxt` is next.
    pub(super) fn on_duplicate(&mut self, in_flight: u32, nxt: Seq) -> Advice {
        self.duplicates = self.duplicates.saturating_add(1);
        if self.recover.is_some() {
            self.cwnd = self.cwnd.saturating_add(self.smss); // a segment has left the network
            return Advice::Continue;
        }
        if self.duplicates < DUPLICATE_THRESHOLD {
            return Advice::Continue;
        }
        self.halve(in_flight);
        self.cwnd = self.ssthresh + DUPLICATE_THRESHOLD * self.smss;
        self.recover = Some(nxt);
        Advice::Retransmit
    }

    /// The retransmission timer expired; `first`: for the first time since the last new
    /// acknowledgment (RFC 5681 §3.1: ssthresh is halved once per loss).
    pub(super) fn on_timeout(&mut self, in_flight: u32, first: bool) {
        if first {
            self.halve(in_flight);
        }
        self.cwnd = self.smss;
        self.acknowledged = 0;
        self.duplicates = 0;
        self.recover = None;
    }

    fn halve(&mut self, in_flight: u32) {
        self.ssthresh = (in_flight / 2).max(2 * self.smss);
    }

    /// The SYN or its acknowledgment was lost: start with one segment (RFC 5681 §3.1).
    pub(super) fn syn_was_lost(&mut self) {
        self.cwnd = self.smss;
    }
}

/// IW (RFC 5681 §3.1).
fn initial_window(smss: u32) -> u32 {
    match smss {
        2191.. => 2 * smss,
        1096..=2190 => 3 * smss,
        _ => 4 * smss,
    }
}

#[cfg(test)]
mod tests {
    use super::{Advice, Congestion, Seq};

    #[test]
    fn slow_start_then_one_segment_per_window() {
        let mut congestion = Congestion::new(1000);
        assert_eq!(congestion.window(), 4000);
        congestion.on_ack(Seq(1000), 1000);
        assert_eq!(congestion.window(), 5000);
        congestion.on_timeout(5000, true);
        assert_eq!(congestion.window(), 1000);
        for _ in 0..2 {
            congestion.on_ack(Seq(2000), 1000);
        }
        assert_eq!(congestion.window(), 3000, "slow start up to ssthresh 2500");
        for _ in 0..3 {
            congestion.on_ack(Seq(3000), 1000);
        }
        assert_eq!(congestion.window(), 4000, "congestion avoidance");
    }

    #[test]
    fn third_duplicate_retransmits_once() {
        let mut congestion = Congestion::new(1000);
        let advice: [Advice; 4] = core::array::from_fn(|_| congestion.on_duplicate(8000, Seq(9000)));
        assert_eq!(advice, [Advice::Continue, Advice::Continue, Advice::Retransmit, Advice::Continue]);
        assert_eq!(congestion.window(), 8000, "ssthresh 4000, three segments, one more");
        assert_eq!(congestion.on_ack(Seq(2000), 1000), Advice::Retransmit, "partial");
        assert_eq!(congestion.on_ack(Seq(9000), 7000), Advice::Continue);
        assert_eq!(congestion.window(), 4000);
    }

    #[test]
    fn initial_window_by_segment_size() {
        for (smss, window) in [(536, 2144), (1095, 4380), (1460, 4380), (4000, 8000)] {
            assert_eq!(Congestion::new(smss).window(), window);
        }
    }
}
