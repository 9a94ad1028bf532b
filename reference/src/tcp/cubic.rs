//! CUBIC: after a loss the window grows as a cubic function of time, slowly around the window at
//! which the loss happened (RFC 9438, the successor of RFC 8312).
//!
//! Windows are in octets and time in microseconds; all arithmetic is in integers wide enough not to
//! overflow, so that every machine comes to the same result. No HyStart++: slow start is RFC 5681's.

use super::congestion::Acknowledged;
use crate::time::{Duration, Instant};

/// Beyond this time the function is of no interest: the window is at its bound long before. It
/// keeps the cube within 128 bits.
const LONGEST: i128 = 1 << 34; // microseconds: 4.7 hours

/// The variables of CUBIC (RFC 9438 §4.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Cubic {
    /// W_max: the window before the last reduction, or less (fast convergence, §4.7).
    w_max: u32,
    /// cwnd_prior: the window when ssthresh was set last.
    prior: u32,
    /// The current congestion avoidance stage; `None` until its first acknowledgment.
    epoch: Option<Epoch>,
    /// The next stage is the first after a timeout: it starts from its own window (§4.8).
    timed_out: bool,
}

/// A stage of congestion avoidance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Epoch {
    /// t_epoch, moved on by the time in which the application sent too little.
    start: Instant,
    /// The last acknowledgment.
    last: Instant,
    /// K, in microseconds.
    k: i128,
    /// The plateau of the function: W_max, or the window at the start if that is more.
    origin: u32,
    /// W_est: what NewReno would have by now …
    estimate: u32,
    /// … and what is missing to its next octet, as a numerator over the window times 17.
    estimate_rest: u64,
    /// What is missing to the window's next octet, as a numerator over the window.
    rest: u64,
}

/// beta_cubic = 0.7 (§4.6)
pub(super) fn beta(octets: u32) -> u32 {
    (u64::from(octets) * 7 / 10) as u32
}

/// The largest integer whose cube is at most `n`.
fn cube_root(n: u128) -> u64 {
    let mut root: u64 = 0;
    for bit in (0..42).rev() {
        let candidate = u128::from(root | 1 << bit);
        if candidate * candidate * candidate <= n {
            root |= 1 << bit;
        }
    }
    root
}

impl Epoch {
    /// The stage begins at `now` with the window `cwnd` (§4.2, equation 2; C = 0.4).
    fn new(now: Instant, cwnd: u32, w_max: u32, smss: u32) -> Epoch {
        let below = u128::from(w_max.saturating_sub(cwnd));
        // K = cbrt(segments / 0.4) seconds
        let k = cube_root(below * 2_500_000_000_000_000_000 / u128::from(smss.max(1)));
        Epoch {
            start: now,
            last: now,
            k: i128::from(k),
            origin: w_max.max(cwnd),
            estimate: cwnd,
            estimate_rest: 0,
            rest: 0,
        }
    }

    /// W_cubic at this time after the start (§4.2, equation 1), in octets.
    fn window_after(&self, span: Duration, smss: u32) -> u32 {
        let t = i128::try_from(span.as_micros()).unwrap_or(LONGEST).min(LONGEST);
        let distance = (t - self.k).clamp(-LONGEST, LONGEST);
        // 0.4 segments per cubic second
        let grown = distance * distance * distance / 1_000_000_000_000 * i128::from(smss) * 4 / 10_000_000;
        u32::try_from((i128::from(self.origin) + grown).max(0)).unwrap_or(u32::MAX)
    }

    /// W_est grows as NewReno's window would (§4.3, equation 4): alpha is 9/17 until the window
    /// before the reduction is reached, then 1.
    fn grow_estimate(&mut self, octets: u32, cwnd: u32, prior: u32, smss: u32) {
        let alpha = if self.estimate >= prior { 17 } else { 9 };
        let whole = 17 * u64::from(cwnd.max(1));
        let gain = u128::from(octets) * u128::from(smss) * alpha + u128::from(self.estimate_rest);
        let more = u32::try_from(gain / u128::from(whole)).unwrap_or(u32::MAX);
        self.estimate = self.estimate.saturating_add(more);
        self.estimate_rest = (gain % u128::from(whole)) as u64;
    }
}

impl Cubic {
    /// The window after an acknowledgment in congestion avoidance (§4.2-4.5).
    pub(super) fn grown(&mut self, cwnd: u32, smss: u32, acknowledged: Acknowledged) -> u32 {
        let Acknowledged { now, octets, srtt, .. } = acknowledged;
        let w_max = if self.timed_out || self.w_max == 0 { cwnd } else { self.w_max };
        let prior = self.prior;
        let epoch = self.epoch.get_or_insert_with(|| Epoch::new(now, cwnd, w_max, smss));
        self.timed_out = false;
        epoch.last = now;
        let t = now.since(epoch.start);
        epoch.grow_estimate(octets, cwnd, prior, smss);
        if epoch.window_after(t, smss) < epoch.estimate {
            return cwnd.max(epoch.estimate); // the Reno-friendly region (§4.3)
        }
        let rise = epoch.window_after(t + srtt.unwrap_or_default(), smss).saturating_sub(cwnd).min(cwnd / 2);
        // (target - cwnd) / cwnd of what was acknowledged (§4.4, §4.5)
        let gain = u128::from(rise) * u128::from(octets) + u128::from(epoch.rest);
        epoch.rest = (gain % u128::from(cwnd.max(1))) as u64;
        let more = u32::try_from(gain / u128::from(cwnd.max(1))).unwrap_or(u32::MAX);
        cwnd.saturating_add(more.min(cwnd / 2))
    }

    /// The window `cwnd` is about to be reduced (§4.6, §4.7).
    pub(super) fn reduce(&mut self, cwnd: u32) {
        self.w_max = if cwnd < self.w_max { (u64::from(cwnd) * 17 / 20) as u32 } else { cwnd };
        self.prior = cwnd;
        self.epoch = None;
        self.timed_out = false;
    }

    /// The reduction was one by the retransmission timer (§4.8).
    pub(super) fn timed_out(&mut self) {
        self.timed_out = true;
    }

    /// An acknowledgment while less was in flight than the window allows: the window does not grow,
    /// and the time does not count (§4.2, §5.8).
    pub(super) fn limited_by_application(&mut self, now: Instant) {
        if let Some(epoch) = &mut self.epoch {
            epoch.start += now.since(epoch.last);
            epoch.last = now;
        }
    }

    /// Nothing was sent for so long: that time does not count (§4.2, §5.8).
    pub(super) fn idle(&mut self, span: Duration) {
        if let Some(epoch) = &mut self.epoch {
            epoch.start += span;
            epoch.last += span;
        }
    }
}

#[cfg(test)]
mod tests;
