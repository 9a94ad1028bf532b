//! What has passed through a connection since it began: numbers for STATUS (RFC 9293 §3.10.6) as RFC
//! 4898 defines them. Nothing that the connection does depends on them.

use super::Connection;
use crate::time::{Duration, Instant};
use crate::wire::Segment;

/// Sums since the connection began. They stop at their largest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Segments that arrived, whatever became of them.
    pub segments_in: u32,
    /// Segments that were sent.
    pub segments_out: u32,
    /// Those of them that had text.
    pub text_segments_in: u32,
    /// The same of those that were sent.
    pub text_segments_out: u32,
    /// Octets of text that were sent, copies included.
    pub octets_out: u64,
    /// Octets of text that were sent again.
    pub octets_resent: u64,
    /// Segments that were sent again, SYNs included.
    pub segments_resent: u32,
    /// Segments that the peer has told to have arrived, each once, the SYN included.
    pub delivered: u32,
    /// Segments of which the peer told that they came twice (RFC 2883).
    pub duplicates_told: u32,
    /// The longest text that arrived in one segment, in octets.
    pub longest_text_in: u32,
    /// The shortest round trip that was measured.
    pub least_round_trip: Option<Duration>,
    /// When text was sent last.
    pub text_out_at: Option<Instant>,
    /// When text arrived last.
    pub text_in_at: Option<Instant>,
    /// Data on a SYN was taken: ours by the peer, or the peer's by us (RFC 7413).
    pub data_on_syn: bool,
}

/// Adds to a sum that stops at its largest value.
fn add(sum: &mut u32, more: u32) {
    *sum = sum.saturating_add(more);
}

impl Counters {
    /// A segment arrived.
    pub(super) fn arrived(&mut self, now: Instant, text: usize) {
        add(&mut self.segments_in, 1);
        if text > 0 {
            add(&mut self.text_segments_in, 1);
            self.longest_text_in = self.longest_text_in.max(u32::try_from(text).unwrap_or(u32::MAX));
            self.text_in_at = Some(now);
        }
    }

    /// A segment was sent.
    pub(super) fn sent(&mut self, now: Instant, segment: &Segment) {
        add(&mut self.segments_out, 1);
        if !segment.payload.is_empty() {
            add(&mut self.text_segments_out, 1);
            self.octets_out = self.octets_out.saturating_add(segment.payload.len() as u64);
            self.text_out_at = Some(now);
        }
    }

    /// What is sent now was sent before.
    pub(super) fn resent(&mut self, octets: u32) {
        add(&mut self.segments_resent, 1);
        self.octets_resent = self.octets_resent.saturating_add(octets.into());
    }

    /// Segments arrived at the peer.
    pub(super) fn delivered(&mut self, segments: u32) {
        add(&mut self.delivered, segments);
    }

    /// The peer tells of a segment that came twice.
    pub(super) fn duplicate_told(&mut self) {
        add(&mut self.duplicates_told, 1);
    }

    /// A round trip was measured.
    pub(super) fn measured(&mut self, round_trip: Duration) {
        self.least_round_trip = Some(self.least_round_trip.map_or(round_trip, |least| least.min(round_trip)));
    }
}

impl Connection {
    /// Sums since the connection began.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::{Counters, Duration, Instant, Segment, add};

    #[test]
    fn what_arrives_is_counted_with_and_without_text() {
        let (early, late) = (Instant::from_millis(1), Instant::from_millis(2));
        let mut counters = Counters::default();
        counters.arrived(early, 30);
        counters.arrived(early, 10);
        counters.arrived(late, 0);
        let expected = Counters {
            segments_in: 3,
            text_segments_in: 2,
            longest_text_in: 30,
            text_in_at: Some(early),
            ..Counters::default()
        };
        assert_eq!(counters, expected);
    }

    #[test]
    fn what_is_sent_is_counted_with_and_without_text_and_again() {
        let (early, late) = (Instant::from_millis(1), Instant::from_millis(2));
        let mut counters = Counters::default();
        let text = Segment { payload: vec![0; 20], ..Segment::default() };
        counters.sent(early, &text);
        counters.sent(early, &text);
        counters.resent(20);
        counters.sent(late, &Segment::default());
        let expected = Counters {
            segments_out: 3,
            text_segments_out: 2,
            octets_out: 40,
            octets_resent: 20,
            segments_resent: 1,
            text_out_at: Some(early),
            ..Counters::default()
        };
        assert_eq!(counters, expected);
    }

    #[test]
    fn what_the_peer_tells_is_summed_and_the_shortest_round_trip_kept() {
        let mut counters = Counters::default();
        counters.delivered(2);
        counters.delivered(3);
        counters.duplicate_told();
        for millis in [30, 10, 20] {
            counters.measured(Duration::from_millis(millis));
        }
        let least_round_trip = Some(Duration::from_millis(10));
        assert_eq!(counters, Counters { delivered: 5, duplicates_told: 1, least_round_trip, ..Counters::default() });
        let mut sum = u32::MAX - 1;
        add(&mut sum, 5);
        assert_eq!(sum, u32::MAX, "sums stop");
    }
}
