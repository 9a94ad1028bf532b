//! F-RTO: whether a retransmission timeout was spurious, told by what arrives after it (RFC 5682).
//!
//! After a timeout the first segment alone is sent again. If its acknowledgment leaves something
//! open, two new segments follow instead of retransmissions; if the next acknowledgment covers what
//! was not sent again, the originals are arriving and the timeout was a mistake.

use super::Connection;
use super::recovery::{News, Phase};
use crate::seq::Seq;

/// So many new segments may be sent instead of retransmissions (§2.1 step 2b).
const NEW_SEGMENTS: u32 = 2;

/// The step that F-RTO stands at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum FRto {
    /// No timeout is in question.
    #[default]
    Off,
    /// Step 2: the first acknowledgment after the timeout is awaited. Up to here was sent again.
    First(Option<Seq>),
    /// Step 3: the second one is.
    Second {
        /// SND.NXT when the first came.
        recover: Seq,
        /// How many new segments may still be sent.
        left: u32,
    },
}

impl FRto {
    /// Whether a timeout is in question.
    pub(super) fn is_active(self) -> bool {
        self != FRto::Off
    }

    /// Nothing is to be sent again until the question is answered, but for the first segment.
    pub(super) fn holds_back(self) -> bool {
        !matches!(self, FRto::Off | FRto::First(None))
    }

    /// Something was sent again, up to `end`.
    pub(super) fn note_resent(&mut self, end: Seq) {
        if *self == FRto::First(None) {
            *self = FRto::First(Some(end));
        }
    }

    /// Something new was sent.
    pub(super) fn note_new(&mut self) {
        if let FRto::Second { left, .. } = self {
            *left = left.saturating_sub(1);
        }
    }

    /// How many new segments may be sent, whatever the window says.
    pub(super) fn new_segments(self) -> Option<u32> {
        match self {
            FRto::Off => None,
            FRto::First(_) => Some(0),
            FRto::Second { left, .. } => Some(left),
        }
    }
}

/// What an acknowledgment says of a timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Unclear,
    Genuine,
    Spurious,
}

impl Connection {
    /// What F-RTO does upon a timeout (§2.1 step 1, §3.1 step 1): not while another recovery goes on,
    /// and not if the timeout follows another one that has been answered. The timeout of a SYN is
    /// none of this.
    pub(super) fn f_rto_after_timeout(&self) -> FRto {
        let begins = match (self.recovery.phase, self.recovery.f_rto) {
            (Phase::Open, _) => self.recovery.recover.is_none_or(|recover| self.snd.una.is_at_or_after(recover)),
            (Phase::Loss(_), FRto::First(_)) => true,
            _ => false,
        };
        if self.config.f_rto && begins { FRto::First(None) } else { FRto::Off }
    }

    /// Steps 2 and 3, before loss recovery sees the acknowledgment.
    pub(super) fn judge_timeout(&mut self, news: &News) {
        match self.recovery.f_rto {
            FRto::Off => {}
            FRto::First(resent) => self.recovery.f_rto = self.after_first(resent, news),
            FRto::Second { recover, .. } => match self.verdict(recover, news) {
                Verdict::Unclear => {}
                Verdict::Genuine => {
                    self.recovery.f_rto = FRto::Off;
                    let three = 3 * self.congestion.smss();
                    self.congestion.set_window(self.congestion.window().min(three));
                }
                Verdict::Spurious => self.undo_timeout(news),
            },
        }
    }

    /// Step 2. With SACK, duplicates are let pass (§3.1).
    fn after_first(&mut self, resent: Option<Seq>, news: &News) -> FRto {
        if news.octets == 0 {
            let over = news.is_duplicate && !self.recovers_by_sack();
            return if over { FRto::Off } else { FRto::First(resent) };
        }
        let covers_resent = resent.is_some_and(|resent| news.ack.is_at_or_after(resent));
        let room = self.snd.wnd > self.snd.in_flight();
        if !covers_resent || news.ack == self.snd.nxt || !self.has_unsent() || !room {
            return FRto::Off;
        }
        self.pending.small_segment = true; // Nagle's rule may be overridden (§2.1 step 2b)
        FRto::Second { recover: self.snd.nxt, left: NEW_SEGMENTS }
    }

    /// Step 3.
    fn verdict(&self, recover: Seq, news: &News) -> Verdict {
        if !self.recovers_by_sack() {
            return match (news.octets > 0, news.is_duplicate) {
                (true, _) => Verdict::Spurious,
                (false, true) => Verdict::Genuine,
                (false, false) => Verdict::Unclear,
            };
        }
        let beyond =
            news.ack.is_after(recover) || self.sent.highest_sacked().is_some_and(|highest| highest.is_after(recover));
        match (news.octets > 0 || news.sack.fresh > 0, beyond) {
            (true, true) => Verdict::Genuine,
            (true, false) => Verdict::Spurious,
            (false, _) if news.is_duplicate => Verdict::Genuine,
            (false, _) => Verdict::Unclear,
        }
    }

    /// The originals are arriving: nothing else is sent again, and the window is what it was. It lets
    /// out no burst, though: what is in flight and what has just arrived, as RFC 4015 §3.2 has it.
    fn undo_timeout(&mut self, news: &News) {
        self.recovery.f_rto = FRto::Off;
        self.recovery.phase = Phase::Open;
        self.recovery.recover = None; // duplicates count again (§3.1: RecoveryPoint is SND.UNA)
        self.recovery.duplicates = 0;
        self.recovery.at_once = false;
        self.recovery.rack.forget_latest();
        self.sent.find_again();
        self.congestion.undo();
        let burst = news.octets.max(news.sack.fresh).min(4 * self.congestion.smss());
        let calm = self.snd.in_flight().saturating_add(burst);
        self.congestion.set_window(self.congestion.window().min(calm));
    }
}

#[cfg(test)]
mod tests;
