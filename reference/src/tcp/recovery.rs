//! Loss recovery: when something counts as lost, and what is sent until it is repaired (RFC 5681
//! §3.2, RFC 6582, RFC 3042, RFC 6675).
//!
//! Without SACK, the window is inflated by what duplicates say has left the network; with it, the
//! pipe is counted segment by segment and the window stays what it is.

use super::congestion::Acknowledged;
use super::f_rto::FRto;
use super::rack::Rack;
use super::sack::{DUP_THRESH, Learned};
use super::tail_loss::TailLoss;
use super::timers::Timer;
use super::{Connection, Sabotage};
use crate::seq::Seq;
use crate::time::Instant;

/// Where loss recovery stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// Nothing is known to be lost.
    #[default]
    Open,
    /// Fast recovery, until everything up to here is acknowledged (RFC 6582's recover, RFC 6675's
    /// RecoveryPoint).
    Recovery(Seq),
    /// After a retransmission timeout, until everything up to here is acknowledged.
    Loss(Seq),
}

/// The variables of loss recovery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Recovery {
    pub(super) phase: Phase,
    /// Duplicate acknowledgments in a row (RFC 5681 §2; RFC 6675 §2 with SACK).
    pub(super) duplicates: u32,
    /// RFC 6582 §3.2: what was sent when the last recovery or timeout began; duplicates below it
    /// say nothing new.
    pub(super) recover: Option<Seq>,
    /// The first retransmission of a recovery does not wait for the window (RFC 6675 §5 step 4.3).
    pub(super) at_once: bool,
    /// RescueRxt (RFC 6675 §4, NextSeg rule 4): the one rescue retransmission of a recovery waits
    /// until this is acknowledged.
    rescue: Option<Seq>,
    pub(super) rack: Rack,
    pub(super) tail_loss: TailLoss,
    pub(super) f_rto: FRto,
}

/// What an acknowledgment brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct News {
    pub(super) ack: Seq,
    /// Octets that SND.UNA moved by.
    pub(super) octets: u32,
    /// It is a duplicate as RFC 5681 §2 defines it.
    pub(super) is_duplicate: bool,
    /// It carries neither text nor SACK blocks.
    pub(super) is_bare: bool,
    pub(super) sack: Learned,
    /// It echoes a mark: the window does not grow (RFC 3168 §6.1.2).
    pub(super) echo: bool,
}

impl News {
    /// Octets that let the window grow.
    fn growth(&self) -> u32 {
        if self.echo { 0 } else { self.octets }
    }
}

impl Connection {
    /// Whether recovery works by the scoreboard.
    pub(super) fn recovers_by_sack(&self) -> bool {
        self.sack_permitted
    }

    /// An acknowledgment was processed: what follows for losses and for the window.
    pub(super) fn recover(&mut self, now: Instant, mut news: News) {
        if news.octets > 0 {
            self.recovery.duplicates = 0;
            // what lies behind is of no interest any more, and would come to lie ahead after 2^31 octets
            self.recovery.recover.take_if(|recover| self.snd.una.is_after(*recover));
        }
        self.judge_tail_probe(now, &news);
        if self.judge_timeout(&news) {
            news.octets = 0; // the window has been set with them in mind
        }
        if self.recovers_by_time() {
            self.recover_by_time(now, &news);
        } else {
            self.recover_by_count(now, news);
        }
    }

    /// By duplicates, or by what the scoreboard says.
    fn recover_by_count(&mut self, now: Instant, news: News) {
        match self.recovery.phase {
            Phase::Recovery(point) if news.octets > 0 && news.ack.is_at_or_after(point) => {
                self.end_recovery();
                if self.recovers_by_sack() && self.sent.due() > 0 {
                    self.start_recovery(now); // of what was sent after the point: a second window with a loss
                } else {
                    self.detect_loss(now, news);
                }
            }
            Phase::Recovery(_) if self.recovers_by_sack() => {
                self.judge_losses();
            }
            Phase::Recovery(_) if news.octets > 0 => self.acknowledged_partially(news.octets),
            Phase::Recovery(_) if news.is_duplicate => {
                self.congestion.set_window(self.congestion.window().saturating_add(self.congestion.smss()));
            }
            Phase::Recovery(_) => {}
            Phase::Loss(point) => {
                self.grow_by(now, news.growth());
                if news.octets > 0 && news.ack.is_at_or_after(point) {
                    self.recovery.phase = Phase::Open;
                }
                self.detect_loss(now, news);
            }
            Phase::Open => {
                self.grow_by(now, news.growth());
                self.detect_loss(now, news);
            }
        }
    }

    /// `octets` were acknowledged outside of fast recovery.
    pub(super) fn grow_by(&mut self, now: Instant, octets: u32) {
        if octets > 0 {
            let in_flight = self.snd.in_flight().saturating_add(octets);
            self.congestion.grow(Acknowledged { now, octets, in_flight, srtt: self.rto.srtt() });
        }
        if self.is_sabotaged(Sabotage::ExtraAdditiveConstant) && self.congestion.window() > self.congestion.ssthresh() {
            self.congestion.set_window(self.congestion.window() + self.congestion.smss() / 8);
        }
    }

    /// Duplicates: the third, or a scoreboard that says so, starts recovery (RFC 5681 §3.2 step 2,
    /// RFC 6675 §5).
    fn detect_loss(&mut self, now: Instant, news: News) {
        let counts = if self.recovers_by_sack() { news.sack.fresh > 0 } else { news.is_duplicate };
        if !counts || self.is_sabotaged(Sabotage::NoFastRetransmit) {
            return;
        }
        self.recovery.duplicates = self.recovery.duplicates.saturating_add(1);
        // RFC 6582 §3.2 step 2, RFC 6675 §5.1: not for what was in flight at the last loss
        let says_nothing = |recover: Seq| {
            let una = self.snd.una;
            if self.recovers_by_sack() { una.is_before(recover) } else { una.is_at_or_before(recover) }
        };
        if self.recovery.recover.is_some_and(says_nothing) {
            return;
        }
        let by_scoreboard = self.recovers_by_sack() && self.judge_losses();
        let too_soon = self.is_sabotaged(Sabotage::FastRetransmitTooSoon) && self.recovery.duplicates == 2;
        if by_scoreboard || self.recovery.duplicates >= DUP_THRESH || too_soon {
            self.start_recovery(now);
        }
    }

    /// A loss while `in_flight` octets are out: the window is reduced, unless an echoed mark has
    /// reduced it for the same data (RFC 3168 §6.1.2).
    pub(super) fn reduce_window(&mut self, in_flight: u32) {
        if !self.has_reduced() {
            self.congestion.on_loss(in_flight);
            self.note_reduction();
        }
    }

    /// Fast retransmit, and the beginning of fast recovery.
    pub(super) fn start_recovery(&mut self, now: Instant) {
        // what limited transmit sent beyond the window does not count (RFC 5681 §3.2 step 2)
        let in_flight = self.snd.in_flight().min(self.congestion.window());
        self.reduce_window(in_flight);
        if !self.recovers_by_sack() {
            let inflated = self.congestion.ssthresh().saturating_add(DUP_THRESH * self.congestion.smss());
            self.congestion.set_window(inflated);
        }
        self.recovery.phase = Phase::Recovery(self.snd.nxt);
        self.recovery.recover = Some(self.snd.nxt);
        self.recovery.rescue = self.sent.first_end();
        self.recovery.tail_loss.reset();
        self.recovery.rack.reduced_at = now;
        if self.recovers_by_time() {
            self.recovery.at_once = self.sent.due() > 0; // RACK knows what is lost
        } else {
            self.retransmit_first();
        }
    }

    /// The one segment that NextSeg rule 4 lets out: the last that the peer does not hold, once the
    /// first retransmission of the recovery has been acknowledged (RFC 6675 §4).
    pub(super) fn rescue(&mut self) -> Option<usize> {
        self.recovery.rescue.take_if(|rescue| self.snd.una.is_at_or_after(*rescue))?;
        let index = self.sent.last_unsacked()?;
        Some(self.sent.part_end(index, self.segment_room()))
    }

    /// The first segment is sent again, whatever the window says.
    fn retransmit_first(&mut self) {
        self.sent.lose_first();
        self.recovery.at_once = true;
        if !self.is_sabotaged(Sabotage::KarnIgnored) {
            self.rto.stop_timing();
        }
    }

    /// A partial acknowledgment: the next segment is lost as well (RFC 6582 §3.2 step 3).
    fn acknowledged_partially(&mut self, octets: u32) {
        let smss = self.congestion.smss();
        let deflated = self.congestion.window().saturating_sub(octets);
        let window = if octets >= smss { deflated.saturating_add(smss) } else { deflated };
        self.congestion.set_window(window);
        self.retransmit_first();
    }

    /// Everything that was in flight when recovery began has arrived: the window deflates
    /// (RFC 6582 §3.2 step 3).
    pub(super) fn end_recovery(&mut self) {
        if !self.is_sabotaged(Sabotage::FailureOfWindowDeflation) {
            self.congestion.set_window(self.congestion.ssthresh());
        }
        self.recovery.phase = Phase::Open;
        self.recovery.at_once = false;
    }

    /// The retransmission timer expired: everything in flight counts as lost (RFC 5681 §3.1,
    /// RFC 6675 §5.1).
    pub(super) fn lose_everything(&mut self, now: Instant) {
        let first = self.rto.timeouts() == 0;
        self.congestion.on_timeout(self.snd.in_flight(), first);
        self.note_reduction();
        self.recovery.f_rto = self.f_rto_after_timeout();
        self.recovery.tail_loss.reset();
        self.timers.cancel(Timer::Reordering);
        self.timers.cancel(Timer::Probe);
        if self.is_sabotaged(Sabotage::NoSlowStartAfterRetransmission) {
            self.congestion.undo();
        }
        self.recovery.phase = Phase::Loss(self.snd.nxt);
        self.recovery.recover = Some(self.snd.nxt);
        self.recovery.duplicates = 0;
        self.recovery.rack.reduced_at = now;
        if self.recovers_by_time() {
            let rack = self.recovery.rack;
            self.sent.lose_first_and(|sent| rack.is_late(sent, now));
            self.recovery.at_once = true; // the others may fill the window of one segment
        } else {
            self.sent.lose_all();
            self.recovery.at_once = false;
        }
    }

    /// Octets that the congestion window lets out beside what is in the network. With SACK, that is
    /// the pipe (RFC 6675 §4); else everything between SND.UNA and SND.NXT, while the first two
    /// duplicates let out a segment each (limited transmit, RFC 3042 §2).
    pub(super) fn congestion_room(&self) -> u32 {
        if self.waits_for_timer() {
            return 0;
        }
        if let Some(segments) = self.recovery.f_rto.new_segments() {
            return segments * self.congestion.smss();
        }
        let cwnd = self.congestion.window();
        if self.sent.due() > 0 {
            return 0; // what is lost goes first
        }
        if self.recovers_by_sack() && (self.config.limited_transmit || self.recovery.phase != Phase::Open) {
            return cwnd.saturating_sub(self.sent.pipe());
        }
        let limited = self.config.limited_transmit && self.recovery.phase == Phase::Open;
        let extra = if limited { self.recovery.duplicates.min(2) * self.congestion.smss() } else { 0 };
        let syn = u32::from(!self.syn_is_acknowledged()); // Fast Open sends before; the SYN is no data
        cwnd.saturating_add(extra).saturating_sub(self.snd.in_flight() - syn)
    }

    /// Octets that may be sent again now, from `seq` on. `first`: for the first time.
    ///
    /// The peer's scale may have rounded its window down below what was in it: that is no reason to
    /// hold back what it covers by less than the rounding, nor what is sent again for the first time
    /// (RFC 7323 §2.4).
    pub(super) fn retransmission_room(&self, seq: Seq, first: bool) -> u32 {
        let rounding = match self.snd.wind_shift {
            0 => 0,
            _ if self.snd.wnd == 0 => 0, // closed on purpose: it is probed
            _ if first => self.snd.max_wnd,
            shift => (1 << shift) - 1,
        };
        let peer = self.snd.wnd.saturating_add(rounding).saturating_sub(seq - self.snd.una);
        if self.recovery.at_once {
            return peer;
        }
        let out = if self.recovers_by_sack() { self.sent.pipe() } else { seq - self.snd.una };
        let network = self.congestion.window().saturating_sub(out);
        // less than a segment lets out nothing, or retransmissions would crumble (RFC 6675 §5 step C)
        if network < self.congestion.smss() { 0 } else { peer.min(network) }
    }
}

#[cfg(test)]
mod tests;
