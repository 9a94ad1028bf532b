//! Delayed acknowledgments (RFC 9293 §3.8.6.3, RFC 5681 §4.2).

use super::timers::Timer;
use super::{Connection, Sabotage};
use crate::time::{Duration, Instant};

/// What the receiver owes the sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct DelayedAck {
    /// Octets in order that no acknowledgment has covered.
    unacknowledged: u32,
    /// Segments with new data that were acknowledged at once since the connection began.
    quick: u32,
}

impl Connection {
    /// `octets` arrived in order: an acknowledgment is due, or may wait for the next segment, for
    /// data to ride on, or for the timer. At least every second full-sized segment draws one
    /// (SHLD-18, SHLD-19; RFC 5681 §4.2).
    pub(super) fn acknowledge_soon(&mut self, now: Instant, octets: u32) {
        let Some(delay) = self.config.delayed_ack else {
            self.pending.ack = true;
            return;
        };
        self.delayed_ack.unacknowledged = self.delayed_ack.unacknowledged.saturating_add(octets);
        let two_segments =
            if self.is_sabotaged(Sabotage::StretchAckViolation) { 8 } else { 2 } * self.full_segment_from_peer();
        if self.delayed_ack.quick < self.config.quick_acks {
            self.delayed_ack.quick += 1;
            self.pending.ack = true;
        } else if self.delayed_ack.unacknowledged >= two_segments {
            self.pending.ack = true;
        } else if !self.timers.is_set(Timer::DelayedAck) {
            self.timers.set(
                Timer::DelayedAck,
                now + if self.is_sabotaged(Sabotage::DelayedAckTooLong) { Duration::from_secs(1) } else { delay },
            );
        }
    }

    /// RMSS (RFC 5681 §2): the text of the peer's full segments, options taken off.
    fn full_segment_from_peer(&self) -> u32 {
        let options = if self.timestamps.ok { super::timestamps::LENGTH } else { 0 };
        u32::from(self.config.mss.saturating_sub(options).max(1))
    }

    /// An acknowledgment goes out: nothing is owed.
    pub(super) fn acknowledgment_was_sent(&mut self) {
        self.pending.ack = false;
        self.delayed_ack.unacknowledged = 0;
        self.timers.cancel(Timer::DelayedAck);
    }

    /// Nothing came to ride on.
    pub(super) fn delayed_ack_timeout(&mut self) {
        self.pending.ack = true;
    }
}
