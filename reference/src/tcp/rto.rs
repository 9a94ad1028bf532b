//! The retransmission timeout (RFC 6298).

use core::hash::{Hash, Hasher};

use crate::time::{Duration, Instant};

use super::Sabotage;
use super::config::Config;

/// The clock granularity G: the variance never counts for less.
const GRANULARITY: Duration = Duration::from_millis(1);

/// RFC 6298 §5.7: after a lost SYN, the RTO with which data starts.
const RTO_AFTER_LOST_SYN: Duration = Duration::from_secs(3);

/// SRTT, RTTVAR and RTO of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rto {
    srtt: Option<Duration>,
    rttvar: Duration,
    /// Without back-off, within its bounds.
    base: Duration,
    /// How often it has been doubled since the last measurement (Karn; §5 after step 5.7).
    exponent: u32,
    /// How many timeouts there were since the last new acknowledgment.
    timeouts: u32,
    min: Duration,
    max: Duration,
    /// The one segment being timed: when it was sent (§3: at least one measurement per RTT).
    timing: Option<Timing>,
    /// How many round trips were measured.
    samples: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Timing {
    /// The number whose acknowledgment ends the measurement.
    end: crate::seq::Seq,
    sent: Instant,
}

impl Rto {
    pub(super) fn new(config: &Config) -> Rto {
        Rto {
            srtt: None,
            rttvar: Duration::ZERO,
            base: if config.is_sabotaged(Sabotage::InitialRtoTooLow) {
                Duration::from_millis(200)
            } else {
                config.initial_rto
            },
            exponent: 0,
            timeouts: 0,
            min: config.min_rto,
            max: config.max_rto,
            timing: None,
            samples: 0,
        }
    }

    /// The RTO with its back-off (§5.5), at most the upper bound (§2.5).
    pub(super) fn current(&self) -> Duration {
        let factor = 1u32.checked_shl(self.exponent).unwrap_or(u32::MAX);
        self.base.checked_mul(factor).unwrap_or(self.max).min(self.max)
    }

    /// Doubles the RTO (§5.5).
    pub(super) fn back_off(&mut self) {
        self.exponent = (self.exponent + 1).min(31);
        self.timeouts = (self.timeouts + 1).min(31);
    }

    /// New data is acknowledged. The back-off stays until something is measured: the acknowledgment of
    /// what was sent again says nothing about the time that the path takes (§5, Karn).
    pub(super) fn note_progress(&mut self) {
        self.timeouts = 0;
    }

    /// The back-off had another reason than the path.
    pub(super) fn end_back_off(&mut self) {
        (self.exponent, self.timeouts) = (0, 0);
    }

    /// How often the RTO has been doubled since the last measurement.
    pub(super) fn exponent(&self) -> u32 {
        self.exponent
    }

    /// How many timeouts there were since the last new acknowledgment.
    pub(super) fn timeouts(&self) -> u32 {
        self.timeouts
    }

    /// Starts to time what ends at `end`, unless something is being timed.
    pub(super) fn time(&mut self, end: crate::seq::Seq, now: Instant) {
        if self.timing.is_none() {
            self.timing = Some(Timing { end, sent: now });
        }
    }

    /// Karn: a retransmission makes the measurement ambiguous (§3).
    pub(super) fn stop_timing(&mut self) {
        self.timing = None;
    }

    /// SRTT, once something was measured.
    pub(super) fn srtt(&self) -> Option<Duration> {
        self.srtt
    }

    /// How many round trips were measured; it tells whether there was one since (RFC 8985 §7.3).
    pub(super) fn samples(&self) -> u32 {
        self.samples
    }

    /// RTTVAR
    pub(super) fn rttvar(&self) -> Duration {
        self.rttvar
    }

    /// A measurement that is one of `expected` per window (RFC 7323 §4.1, appendix G): the history
    /// keeps its length in round trips.
    pub(super) fn measure_one_of(&mut self, r: Duration, expected: u32) {
        let expected = expected.max(1);
        let Some(srtt) = self.srtt.filter(|_| expected > 1) else {
            self.measure(r);
            return;
        };
        let (beta, alpha) = (expected.saturating_mul(4), expected.saturating_mul(8));
        self.rttvar = self.rttvar.saturating_sub(self.rttvar / beta) + srtt.abs_diff(r) / beta;
        self.set_srtt(srtt.saturating_sub(srtt / alpha) + r / alpha);
    }

    /// An acknowledgment up to `ack` arrived: the round trip that it measures, if it does.
    pub(super) fn acknowledged(&mut self, ack: crate::seq::Seq, now: Instant) -> Option<Duration> {
        let timing = self.timing.take_if(|timing| ack.is_at_or_after(timing.end))?;
        let round_trip = now.since(timing.sent);
        self.measure(round_trip);
        Some(round_trip)
    }

    /// A measurement R' (§2.2, §2.3). RTTVAR is updated with the SRTT from before.
    fn measure(&mut self, r: Duration) {
        let srtt = match self.srtt {
            None => {
                self.rttvar = r / 2;
                r
            }
            Some(srtt) => {
                self.rttvar = self.rttvar * 3 / 4 + srtt.abs_diff(r) / 4;
                srtt * 7 / 8 + r / 8
            }
        };
        self.set_srtt(srtt);
    }

    fn set_srtt(&mut self, srtt: Duration) {
        self.samples = self.samples.wrapping_add(1);
        self.exponent = 0;
        self.srtt = Some(srtt);
        self.base = (srtt + (self.rttvar * 4).max(GRANULARITY)).clamp(self.min, self.max);
    }

    /// The SYN timed out before it was acknowledged: data starts with 3 s (§5.7).
    pub(super) fn syn_was_lost(&mut self) {
        if self.srtt.is_none() {
            self.base = self.base.max(RTO_AFTER_LOST_SYN);
        }
        self.exponent = 0;
    }

    /// See [`Connection::fingerprint`](super::Connection::fingerprint).
    pub(super) fn fingerprint(&self, now: Instant, hasher: &mut impl Hasher) {
        let Rto { srtt, rttvar, base, exponent, timeouts, min: _, max: _, timing, samples: _ } = self;
        (srtt, rttvar, base, exponent, timeouts).hash(hasher);
        timing.as_ref().map(|timing| (timing.end, now.since(timing.sent))).hash(hasher);
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Duration, Instant, Rto};
    use crate::seq::Seq;

    fn measured(millis: &[u64]) -> Rto {
        let mut rto = Rto::new(&Config { min_rto: Duration::ZERO, ..Config::default() });
        for (i, ms) in millis.iter().enumerate() {
            rto.time(Seq(i as u32), Instant::ZERO);
            rto.acknowledged(Seq(i as u32), Instant::from_millis(*ms));
        }
        rto
    }

    #[test]
    fn starts_at_one_second_and_doubles_to_the_bound() {
        let mut rto = Rto::new(&Config::default());
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(rto.current(), Duration::from_secs(seconds));
            rto.back_off();
        }
        rto.end_back_off();
        assert_eq!(rto.current(), Duration::from_secs(1));
    }

    #[test]
    fn first_and_next_measurement() {
        // R = 100: SRTT 100, RTTVAR 50, RTO 300; R' = 200: RTTVAR 62.5, SRTT 112.5, RTO 362.5
        assert_eq!(measured(&[100]).current(), Duration::from_millis(300));
        assert_eq!(measured(&[100, 200]).current(), Duration::from_micros(362_500));
    }

    #[test]
    fn a_steady_rtt_leaves_the_granularity() {
        assert!(measured(&[100; 60]).current() < Duration::from_millis(102));
    }

    #[test]
    fn only_one_segment_is_timed_and_none_after_a_retransmission() {
        let mut rto = Rto::new(&Config::default());
        rto.time(Seq(10), Instant::ZERO);
        rto.time(Seq(20), Instant::from_millis(500)); // ignored: one at a time
        rto.acknowledged(Seq(9), Instant::from_millis(600)); // not what is timed
        rto.stop_timing();
        rto.acknowledged(Seq(20), Instant::from_millis(700));
        assert_eq!(rto.current(), Duration::from_secs(1), "nothing was measured");
    }

    #[test]
    fn the_back_off_stays_until_something_is_measured() {
        let mut rto = Rto::new(&Config::default());
        rto.back_off();
        rto.note_progress();
        assert_eq!((rto.timeouts(), rto.current()), (0, Duration::from_secs(2)));
        rto.time(Seq(1), Instant::ZERO);
        rto.acknowledged(Seq(1), Instant::from_millis(1));
        assert_eq!((rto.exponent(), rto.current()), (0, Duration::from_secs(1)));
    }

    #[test]
    fn a_measurement_among_several_in_a_window_counts_for_less() {
        // R = 100: SRTT 100, RTTVAR 50; one of four: beta 1/16, alpha 1/32
        let mut rto = measured(&[100]);
        rto.measure_one_of(Duration::from_millis(200), 4);
        assert_eq!(rto.srtt(), Some(Duration::from_micros(103_125)));
        assert_eq!(rto.rttvar(), Duration::from_micros(53_125));
        assert_eq!(rto.current(), Duration::from_micros(103_125 + 4 * 53_125));
        for expected in [0, 1] {
            let mut rto = measured(&[100]);
            rto.measure_one_of(Duration::from_millis(200), expected);
            assert_eq!(rto, measured(&[100, 200]), "the only one");
        }
        let mut first = measured(&[]);
        first.measure_one_of(Duration::from_millis(100), 4);
        assert_eq!(first, measured(&[100]), "the first");
    }

    #[test]
    fn data_after_a_lost_syn_starts_with_three_seconds() {
        let mut rto = Rto::new(&Config::default());
        rto.syn_was_lost();
        assert_eq!(rto.current(), Duration::from_secs(3));
        let mut patient = Rto::new(&Config { initial_rto: Duration::from_secs(5), ..Config::default() });
        patient.syn_was_lost();
        assert_eq!(patient.current(), Duration::from_secs(5), "never less than before");
        let mut known = measured(&[100]);
        known.syn_was_lost();
        assert_eq!(known.current(), Duration::from_millis(300), "a measurement knows better");
    }

    #[test]
    fn bounds_hold_for_what_is_measured_and_for_any_number_of_timeouts() {
        let mut rto = Rto::new(&Config::default());
        for ms in [1, 100_000] {
            rto.time(Seq(1), Instant::ZERO);
            rto.acknowledged(Seq(1), Instant::from_millis(ms));
            let bound = if ms == 1 { 1 } else { 60 };
            assert_eq!(rto.current(), Duration::from_secs(bound));
        }
        let mut rto = Rto::new(&Config { initial_rto: Duration::from_millis(1), ..Config::default() });
        for doublings in 0..=40 {
            assert_eq!((rto.exponent(), rto.timeouts()), (doublings.min(31), doublings.min(31)));
            assert_eq!(rto.current(), Duration::from_millis(1 << doublings.min(31)).min(Duration::from_mins(1)));
            rto.back_off();
        }
    }
}
