//! RACK: what was sent before something that has arrived is lost, once it is late enough (RFC 8985
//! §6).
//!
//! It takes the place of RFC 6675's counting altogether (§9.2): no rule about duplicates applies
//! while it is on, and it is on only where the peer permitted SACK (§4).

use super::Connection;
use super::recovery::{News, Phase};
use super::sack::DUP_THRESH;
use super::sent::Sent;
use super::timers::Timer;
use crate::seq::Seq;
use crate::time::{Duration, Instant};

/// So many recoveries without a D-SACK take the reordering window back to where it began (§6.2).
const REO_WND_PERSIST: u32 = 16;

/// A minimum RTT is forgotten after one to two of these, for the path may have become longer (§6.2
/// step 1).
const MIN_RTT_WINDOW: Duration = Duration::from_secs(150);

/// The variables of §5.3 that start with `RACK.`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Rack {
    /// RACK.xmit_ts and RACK.end_seq: the segment that was sent last of those that have arrived.
    latest: Option<(Instant, Seq)>,
    /// RACK.rtt
    rtt: Duration,
    min_rtt: MinRtt,
    /// RACK.fack
    fack: Option<Seq>,
    reordering_seen: bool,
    /// RACK.reo_wnd as of the last acknowledgment.
    reo_wnd: Duration,
    /// RACK.dsack_round: until SND.UNA is here, further D-SACKs are of the same round trip.
    dsack_round: Option<Seq>,
    reo_wnd_mult: u32,
    reo_wnd_persist: u32,
    /// When the window was last reduced: a retransmission sent before that and lost has had its answer.
    pub(super) reduced_at: Instant,
    /// The segment that was sent last of those that the acknowledgment in hand delivered.
    newest: Option<(Instant, Seq)>,
    /// RACK.fack before the acknowledgment in hand, whose blocks come in any order.
    fack_before: Option<Seq>,
}

impl Default for Rack {
    fn default() -> Rack {
        Rack {
            latest: None,
            rtt: Duration::ZERO,
            min_rtt: MinRtt::default(),
            fack: None,
            reordering_seen: false,
            reo_wnd: Duration::ZERO,
            dsack_round: None,
            reo_wnd_mult: 1,
            reo_wnd_persist: 0,
            reduced_at: Instant::ZERO,
            newest: None,
            fack_before: None,
        }
    }
}

/// The least RTT of the current and the last [`MIN_RTT_WINDOW`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct MinRtt {
    since: Instant,
    current: Option<Duration>,
    last: Option<Duration>,
}

impl MinRtt {
    fn measure(&mut self, now: Instant, rtt: Duration) {
        if now.since(self.since) >= MIN_RTT_WINDOW {
            (self.last, self.current, self.since) = (self.current, None, now);
        }
        self.current = Some(self.current.map_or(rtt, |least| least.min(rtt)));
    }

    fn get(&self) -> Option<Duration> {
        self.current.into_iter().chain(self.last).min()
    }
}

/// What RACK has to know of an acknowledgment to judge what it delivers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    now: Instant,
    /// TSecr, and what our timestamp clock showed at the beginning of time.
    echo: Option<(Seq, u32)>,
}

impl Arrival {
    /// §6.2 step 2: the echo says that it was an earlier copy that arrived.
    fn is_of_earlier_copy(&self, sent: &Sent) -> bool {
        self.echo.is_some_and(|(echo, offset)| echo.is_before(Seq(offset) + (sent.at.as_micros() / 1000) as u32))
    }
}

/// RACK_sent_after (§6.2): whether the first of two segments was sent after the second.
fn sent_after(one: (Instant, Seq), other: (Instant, Seq)) -> bool {
    one.0 > other.0 || one.0 == other.0 && one.1.is_after(other.1)
}

impl Rack {
    /// An acknowledgment begins.
    pub(super) fn begin(&mut self) {
        self.newest = None;
        self.fack_before = self.fack;
    }

    /// §6.2 steps 1 to 3, for a segment that the acknowledgment covers, or selectively so.
    pub(super) fn note_delivered(&mut self, sent: &Sent, arrival: Arrival) {
        if sent.sacked || sent.was_sacked {
            return; // that is old news
        }
        let (end, again) = (sent.end(), sent.retransmissions > 0);
        self.fack = Some(self.fack.map_or(end, |fack| fack.later(end)));
        self.reordering_seen |= !again && self.fack_before.is_some_and(|fack| end.is_before(fack));
        let rtt = arrival.now.since(sent.at);
        if !again {
            self.min_rtt.measure(arrival.now, rtt);
        } else if arrival.is_of_earlier_copy(sent) || self.min_rtt.get().is_some_and(|least| rtt < least) {
            return; // perhaps the copy was not needed: it says nothing about time
        }
        let this = (sent.at, end);
        if self.newest.is_none_or(|newest| sent_after(this, newest)) {
            self.newest = Some(this);
            self.rtt = rtt;
        }
        if self.latest.is_none_or(|latest| sent_after(this, latest)) {
            self.latest = Some(this);
        }
    }

    /// A timeout was spurious: what seemed to be the arrival of its retransmission was none.
    pub(super) fn forget_latest(&mut self) {
        self.latest = None;
    }

    /// RACK_update_reo_wnd, its first half: D-SACKs widen the window, recoveries without them take it
    /// back (§6.2 step 4).
    fn adapt(&mut self, una: Seq, nxt: Seq, dsack: bool, leaves_recovery: bool) {
        if self.dsack_round.is_some_and(|round| una.is_at_or_after(round)) {
            self.dsack_round = None;
        }
        if self.dsack_round.is_none() && dsack {
            self.dsack_round = Some(nxt);
            self.reo_wnd_mult = self.reo_wnd_mult.saturating_add(1);
            self.reo_wnd_persist = REO_WND_PERSIST;
        } else if leaves_recovery {
            self.reo_wnd_persist = self.reo_wnd_persist.saturating_sub(1);
            if self.reo_wnd_persist == 0 {
                self.reo_wnd_mult = 1;
            }
        }
    }

    /// Its second half: what the window is now. SRTT bounds it (§3.3.2).
    fn update_reo_wnd(&mut self, in_recovery: bool, segments_sacked: usize, srtt: Option<Duration>) {
        let at_once = in_recovery || segments_sacked >= DUP_THRESH as usize;
        self.reo_wnd = if !self.reordering_seen && at_once {
            Duration::ZERO
        } else {
            let quarter = self.min_rtt.get().unwrap_or_default() / 4;
            quarter.saturating_mul(self.reo_wnd_mult).min(srtt.unwrap_or(self.rtt))
        };
    }

    /// When a segment is late.
    fn deadline(&self, sent: &Sent) -> Instant {
        sent.at + self.rtt.saturating_add(self.reo_wnd)
    }

    /// Whether a segment is late at `now`: the judgment of a retransmission timeout (§6.3).
    pub(super) fn is_late(&self, sent: &Sent, now: Instant) -> bool {
        self.deadline(sent) <= now
    }
}

/// What RACK_detect_loss found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Found {
    /// Something is newly lost.
    any: bool,
    /// When the last of the lost retransmissions was sent.
    retransmission: Option<Instant>,
}

impl Connection {
    /// Whether RACK decides what is lost: without SACK it cannot (§4).
    pub(super) fn recovers_by_time(&self) -> bool {
        self.config.rack && self.sack_permitted
    }

    /// An acknowledgment that carries `echo`; `None` if nobody wants to know.
    pub(super) fn arrival(&self, now: Instant, echo: Option<(u32, u32)>) -> Option<Arrival> {
        let echo = echo.filter(|_| self.timestamps.ok).map(|(_, ecr)| (Seq(ecr), self.timestamps.offset));
        self.recovers_by_time().then_some(Arrival { now, echo })
    }

    /// §6.2 from step 4 on, and where recovery stands after it.
    pub(super) fn recover_by_time(&mut self, now: Instant, news: &News) {
        let ends = |point: Seq| news.octets > 0 && news.ack.is_at_or_after(point);
        let leaves = match self.recovery.phase {
            Phase::Recovery(point) => {
                if ends(point) {
                    self.end_recovery();
                }
                ends(point)
            }
            Phase::Loss(point) => {
                self.grow_by(now, news.octets);
                if ends(point) {
                    self.recovery.phase = Phase::Open;
                }
                ends(point)
            }
            Phase::Open => {
                self.grow_by(now, news.octets);
                false
            }
        };
        self.recovery.rack.adapt(self.snd.una, self.snd.nxt, news.sack.duplicate.is_some(), leaves);
        self.detect_late(now);
        if leaves && self.recovery.phase == Phase::Open && self.sent.due() > 0 {
            self.start_recovery(now); // of what was sent after the point: a second window with a loss
        }
    }

    /// RACK_detect_loss_and_arm_timer (§6.2 step 5), and what a loss entails.
    fn detect_late(&mut self, now: Instant) {
        let open = self.recovery.phase == Phase::Open;
        if open && self.sent.sacked() == 0 && !self.recovery.tail_loss.is_out() {
            self.timers.cancel(Timer::Reordering);
            return; // all in order: nothing in flight was sent before what has arrived
        }
        self.recovery.rack.update_reo_wnd(!open, self.sent.segments_sacked(), self.rto.srtt());
        let found = self.mark_late(now);
        let again = found.retransmission.is_some_and(|at| at >= self.recovery.rack.reduced_at);
        if open && found.any {
            self.start_recovery(now);
        } else if again && !self.recovery.f_rto.is_active() {
            self.reduce_again(now);
        }
    }

    fn mark_late(&mut self, now: Instant) -> Found {
        let (rack, mut found, mut due) = (self.recovery.rack, Found::default(), None);
        if let Some(latest) = rack.latest {
            found.any = self.sent.lose(|sent| {
                if !sent.is_on_its_way() || !sent_after(latest, (sent.at, sent.end())) {
                    return false;
                }
                if rack.deadline(sent) > now {
                    due = due.max(Some(rack.deadline(sent)));
                    return false;
                }
                if sent.retransmissions > 0 {
                    found.retransmission = found.retransmission.max(Some(sent.at));
                }
                true
            });
        }
        match due {
            Some(at) => {
                self.timers.set(Timer::Reordering, at);
                self.timers.cancel(Timer::Probe); // one of the two at a time (§8)
            }
            None => self.timers.cancel(Timer::Reordering),
        }
        found
    }

    /// A retransmission was lost: that is another loss, and takes another answer (§9.3). It never
    /// widens the window.
    fn reduce_again(&mut self, now: Instant) {
        let before = self.congestion.window();
        self.congestion.on_loss(self.snd.in_flight().min(before));
        self.note_reduction();
        self.congestion.set_window(self.congestion.window().min(before));
        self.recovery.rack.reduced_at = now;
    }

    /// The reordering timer expired.
    pub(super) fn reordering_timeout(&mut self, now: Instant) {
        self.detect_late(now);
        if self.snd.in_flight() > 0 && self.timers.is_set(Timer::Retransmission) {
            self.start_retransmission_timer(now);
        }
    }
}

#[cfg(test)]
mod tests;
