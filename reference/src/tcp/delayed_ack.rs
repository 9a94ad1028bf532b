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

#[cfg(test)]
mod tests {
    use super::{Connection, Duration, Instant, Timer};
    use crate::seq::Seq;
    use crate::tcp::Config;

    const NOW: Instant = Instant::from_millis(50);

    /// RMSS is 1000; `quick` segments are acknowledged at once.
    fn connection(quick_acks: u32, delayed_ack: Option<Duration>) -> Connection {
        let config = Config { mss: 1000, delayed_ack, quick_acks, ..Config::default() };
        Connection::open_passive(config, 1, Seq(0))
    }

    const DELAY: Option<Duration> = Some(Duration::from_millis(40));

    #[test]
    fn two_full_segments_draw_one_and_a_sent_one_starts_over() {
        let mut tcp = connection(0, DELAY);
        for _ in 0..2 {
            tcp.acknowledge_soon(NOW, 1000);
            assert!(!tcp.pending.ack, "one may wait");
            tcp.acknowledge_soon(NOW, 999);
            assert!(!tcp.pending.ack, "an octet is missing to two");
            tcp.acknowledge_soon(NOW, 1);
            assert!(tcp.pending.ack, "RFC 5681 §4.2");
            tcp.acknowledgment_was_sent();
            assert!(!tcp.pending.ack && !tcp.timers.is_set(Timer::DelayedAck));
        }
        tcp.timestamps.ok = true;
        tcp.acknowledge_soon(NOW, 2 * 988 - 1);
        assert!(!tcp.pending.ack);
        tcp.acknowledge_soon(NOW, 1);
        assert!(tcp.pending.ack, "timestamps take 12 octets of each");
    }

    #[test]
    fn the_delay_counts_from_the_first_that_waits() {
        let mut tcp = connection(0, DELAY);
        tcp.acknowledge_soon(NOW, 1);
        tcp.acknowledge_soon(NOW + Duration::from_millis(30), 1);
        tcp.handle_timeout(NOW + Duration::from_millis(39));
        assert!(!tcp.pending.ack);
        tcp.handle_timeout(NOW + Duration::from_millis(40));
        assert!(tcp.pending.ack);
    }

    #[test]
    fn the_first_segments_are_acknowledged_at_once_if_asked_for() {
        let mut tcp = connection(2, DELAY);
        let waits = [false, false, true].map(|expected| {
            tcp.acknowledge_soon(NOW, 1);
            let waits = !core::mem::take(&mut tcp.pending.ack);
            (waits, expected)
        });
        assert!(waits.iter().all(|(waits, expected)| waits == expected), "{waits:?}");
        let mut tcp = connection(0, None);
        tcp.acknowledge_soon(NOW, 1);
        assert!(tcp.pending.ack, "no delay is configured");
    }
}
