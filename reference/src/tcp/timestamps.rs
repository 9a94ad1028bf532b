//! Timestamps: PAWS and the measurement of round trips (RFC 7323 §3-5).

use super::{Connection, Sabotage};
use crate::clause::{self, Clause};
use crate::seq::Seq;
use crate::time::{Duration, Instant};
use crate::wire::Segment;
use crate::wire::TcpOption;

/// How long TS.Recent counts: beyond it the peer's clock may have gone half around (RFC 7323 §5.5).
const RECENT_IS_VALID: Duration = Duration::from_hours(24 * 24);

/// Octets that the option takes in every segment, its padding included (RFC 7323 appendix A).
pub(super) const LENGTH: u16 = 12;

/// The timestamps of one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Timestamps {
    /// Snd.TS.OK: both SYNs carried the option.
    pub ok: bool,
    /// TS.Recent: what the next segment echoes.
    pub recent: u32,
    /// When TS.Recent was last updated.
    pub recent_at: Instant,
    /// Last.ACK.sent
    pub last_ack_sent: Seq,
    /// What our clock showed at the beginning of time, in milliseconds (§5.4).
    pub offset: u32,
}

impl Timestamps {
    /// Whether `val` is older than TS.Recent, and that still means something (§5.3 R1, §5.5).
    fn is_old(&self, now: Instant, val: u32) -> bool {
        Seq(val).is_before(Seq(self.recent)) && now.since(self.recent_at) <= RECENT_IS_VALID
    }

    /// §4.3 (2): TS.Recent follows segments that begin at or before what was last acknowledged.
    /// One beyond the age limit counts as newer whatever its value.
    fn update(&mut self, now: Instant, val: u32, seq: Seq) {
        if !self.is_old(now, val) && seq.is_at_or_before(self.last_ack_sent) {
            (self.recent, self.recent_at) = (val, now);
        }
    }
}

/// What the timestamps say about a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing against it.
    Fine,
    /// The option is missing: dropped without a word (§3.2).
    Missing(Clause),
    /// An old duplicate: acknowledged and dropped (§5.3 R1).
    Old(Clause),
}

/// TSval and TSecr of a list of options.
pub(crate) fn in_options(options: &[TcpOption]) -> Option<(u32, u32)> {
    options.iter().find_map(|option| match option {
        TcpOption::Timestamps { val, ecr } => Some((*val, *ecr)),
        _ => None,
    })
}

impl Connection {
    /// The timestamp clock: a tick per millisecond (§4.1), from an offset on.
    pub(super) fn timestamp(&self, now: Instant) -> u32 {
        (Seq(self.timestamps.offset) + (now.as_micros() / 1000) as u32).0
    }

    /// Where the timestamp clock begins if the configuration does not say. Nothing may have been sent.
    pub(crate) fn suggest_timestamp_offset(&mut self, offset: u32) {
        self.timestamps.offset = self.config.timestamp_offset.unwrap_or(offset);
    }

    /// PAWS, for a segment without RST.
    pub(super) fn check_timestamps(&self, now: Instant, option: Option<(u32, u32)>) -> Verdict {
        match option {
            _ if !self.timestamps.ok => Verdict::Fine,
            None if self.config.require_timestamps => Verdict::Missing(clause::TIMESTAMPS_MISSING),
            Some((val, _)) if self.timestamps.is_old(now, val) => Verdict::Old(clause::PAWS),
            Some((val, _)) if self.is_sabotaged(Sabotage::PawsIgnoresWrap) && val < self.timestamps.recent => {
                Verdict::Old(clause::PAWS)
            }
            _ => Verdict::Fine,
        }
    }

    /// An acceptable segment at `seq` was stamped.
    pub(super) fn remember_timestamp(&mut self, now: Instant, option: Option<(u32, u32)>, seq: Seq) {
        if let Some((val, _)) = option.filter(|_| self.timestamps.ok) {
            self.timestamps.update(now, val, seq);
        }
    }

    /// Both SYNs, or neither (§3.2).
    pub(super) fn agree_on_timestamps(&mut self, now: Instant, option: Option<(u32, u32)>) {
        if let Some((val, _)) = option.filter(|_| self.config.timestamps) {
            let last_ack_sent = self.rcv.nxt;
            self.timestamps = Timestamps { ok: true, recent: val, recent_at: now, last_ack_sent, ..self.timestamps };
        }
    }

    /// The option of an outgoing segment, aligned as appendix A advises.
    pub(super) fn stamp(&self, now: Instant, segment: &mut Segment) {
        if self.timestamps.ok {
            segment.options.push(TcpOption::NoOperation);
            segment.options.push(TcpOption::NoOperation);
            segment.options.push(TcpOption::Timestamps { val: self.timestamp(now), ecr: self.timestamps.recent });
        }
    }

    /// RTTM: the round trip that an acknowledgment of new data measures (§4.1, §4.3). An echo from
    /// the future is none of ours.
    pub(super) fn measured_by_echo(&self, now: Instant, option: Option<(u32, u32)>) -> Option<Duration> {
        let (_, ecr) = option.filter(|_| self.timestamps.ok)?;
        let ticks = Seq(self.timestamp(now)) - Seq(ecr);
        (ticks < 1 << 31).then(|| Duration::from_millis(u64::from(ticks)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Instant, Seq, Timestamps, Verdict, clause, in_options};
    use crate::tcp::Config;
    use crate::tcp::rig::{Rig, config};
    use crate::wire::TcpOption;

    fn recent(recent: u32) -> Timestamps {
        Timestamps { ok: true, recent, last_ack_sent: Seq(100), ..Timestamps::default() }
    }

    #[test]
    fn old_is_older_on_a_circle_for_24_days() {
        let now = Instant::ZERO + Duration::from_secs(1);
        assert!(recent(5).is_old(now, 4));
        assert!(recent(5).is_old(now, u32::MAX));
        assert!(!recent(u32::MAX).is_old(now, 4));
        assert!(!recent(5).is_old(now, 5), "the same is not older");
        let days = |n: u64| Instant::ZERO + Duration::from_hours(24 * n);
        assert!(recent(5).is_old(days(24), 4));
        assert!(!recent(5).is_old(days(25), 4));
    }

    #[test]
    fn only_the_segment_that_the_last_acknowledgment_waits_for_moves_it() {
        let now = Instant::ZERO + Duration::from_secs(1);
        for (val, seq, expected) in [(9, 100, 9), (9, 99, 9), (9, 101, 5), (4, 100, 5)] {
            let mut timestamps = recent(5);
            timestamps.update(now, val, Seq(seq));
            assert_eq!(timestamps.recent, expected, "TSval {val} at {seq}");
        }
    }

    /// An established connection at 1000 ms whose clock is `offset` ahead; the peer's SYN had TSval 1.
    fn stamped(offset: u32, require_timestamps: bool) -> Rig {
        Rig::new(Config { timestamps: true, timestamp_offset: Some(offset), require_timestamps, ..config() })
    }

    #[test]
    fn a_segment_tells_the_time_in_milliseconds_and_echoes_the_peer() {
        for offset in [0, 77, u32::MAX - 10] {
            let mut rig = stamped(offset, false);
            rig.at(234).write(0);
            rig.tcp.send(b"x", false).unwrap();
            let segment = rig.tcp.poll_transmit(rig.now).unwrap();
            assert_eq!(in_options(&segment.options), Some((offset.wrapping_add(1234), 1)));
            assert_eq!(segment.options.len(), 3, "two NOPs before it (appendix A)");
        }
        assert_eq!(in_options(&[TcpOption::NoOperation, TcpOption::Mss(9)]), None);
    }

    #[test]
    fn an_echo_measures_half_a_circle_back() {
        let rig = stamped(0, false);
        let measured = |ecr: u32| rig.tcp.measured_by_echo(rig.now, Some((9, ecr)));
        assert_eq!(measured(1000), Some(Duration::ZERO));
        assert_eq!(measured(900), Some(Duration::from_millis(100)));
        assert_eq!(measured(1001), None, "an echo from the future");
        let half = 1_u32 << 31;
        assert_eq!(measured(1001_u32.wrapping_sub(half)), Some(Duration::from_millis(u64::from(half) - 1)));
        assert_eq!(measured(1000_u32.wrapping_sub(half)), None);
        assert_eq!(rig.tcp.measured_by_echo(rig.now, None), None);
        let without = Rig::new(config());
        assert_eq!(without.tcp.measured_by_echo(without.now, Some((9, 900))), None, "not agreed upon");
    }

    #[test]
    fn a_segment_is_judged_only_if_both_sides_agreed() {
        for strict in [false, true] {
            let rig = stamped(0, strict);
            let verdict = |option| rig.tcp.check_timestamps(rig.now, option);
            assert_eq!(verdict(Some((1, 0))), Verdict::Fine, "the same as TS.Recent");
            assert_eq!(verdict(Some((2, 0))), Verdict::Fine);
            assert_eq!(verdict(Some((0, 0))), Verdict::Old(clause::PAWS));
            assert_eq!(verdict(Some((u32::MAX, 0))), Verdict::Old(clause::PAWS));
            assert_eq!(verdict(None) != Verdict::Fine, strict, "SHOULD be dropped (§3.2)");
        }
        let mut wrapped = stamped(0, false);
        wrapped.tcp.timestamps.recent = u32::MAX;
        assert_eq!(wrapped.tcp.check_timestamps(wrapped.now, Some((4, 0))), Verdict::Fine, "five later on the circle");
        let without = Rig::new(Config { require_timestamps: true, ..config() });
        assert_eq!(without.tcp.check_timestamps(without.now, None), Verdict::Fine);
        assert_eq!(without.tcp.check_timestamps(without.now, Some((0, 0))), Verdict::Fine);
    }

    #[test]
    fn ts_recent_is_kept_only_if_both_sides_agreed() {
        let remembered = |mut rig: Rig| {
            rig.tcp.remember_timestamp(rig.now, Some((5, 0)), Seq(1));
            rig.tcp.timestamps.recent
        };
        assert_eq!(remembered(stamped(0, false)), 5);
        assert_eq!(remembered(Rig::new(config())), 0);
    }

    /// TS.Recent is as old as the SYN, and the SYN acknowledges nothing but itself.
    #[test]
    fn the_syn_begins_the_24_days() {
        let mut tcp = Rig::new(config()).tcp;
        let now = Instant::ZERO + Duration::from_hours(24 * 30);
        tcp.config = alloc::sync::Arc::new(Config { timestamps: true, ..config() });
        tcp.rcv.nxt = Seq(1 << 31);
        tcp.agree_on_timestamps(now, Some((5, 0)));
        assert_eq!(tcp.check_timestamps(now, Some((4, 0))), Verdict::Old(clause::PAWS));
        tcp.remember_timestamp(now, Some((6, 0)), Seq(1 << 31));
        assert_eq!(tcp.timestamps.recent, 6, "the first segment after the SYN");
        tcp.remember_timestamp(now, Some((7, 0)), Seq((1 << 31) + 1));
        assert_eq!(tcp.timestamps.recent, 6, "not what comes after a gap");
    }
}
