//! Tail loss probes: if the end of a flight draws no acknowledgment for two round trips, one more
//! segment asks for one, long before a retransmission timeout (RFC 8985 §7).

use super::Connection;
use super::output::Chunk;
use super::recovery::{News, Phase};
use super::timers::Timer;
use crate::seq::Seq;
use crate::time::{Duration, Instant};

/// TLP.max_ack_delay: how long the peer may hold the acknowledgment of a single segment back. RFC
/// 9293 allows it 500 ms, but hardly anybody waits longer than this.
const MAX_ACK_DELAY: Duration = Duration::from_millis(200);

/// The PTO while there is no SRTT (§7.2).
const PTO_WITHOUT_SRTT: Duration = Duration::from_secs(1);

/// The variables of §5.3 that start with `TLP.`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct TailLoss {
    /// TLP.end_seq: SND.NXT when the probe was sent, while it is out.
    end_seq: Option<Seq>,
    /// TLP.is_retrans: the probe repeated the last segment.
    is_retrans: bool,
    /// The PTO has passed, and the probe goes out next.
    is_due: bool,
    /// How many round trips had been measured at the last probe.
    samples: u32,
}

impl TailLoss {
    /// A probe is out.
    pub(super) fn is_out(&self) -> bool {
        self.end_seq.is_some()
    }

    /// A probe is out that ends at `end`.
    pub(super) fn ends_at(&self, end: Seq) -> bool {
        self.end_seq == Some(end)
    }

    /// TLP_init (§7.1), but for the count of round trips, which a recovery does not begin anew.
    pub(super) fn reset(&mut self) {
        *self = TailLoss { samples: self.samples, ..TailLoss::default() };
    }
}

impl Connection {
    /// Whether probes are sent: they need RACK (§4).
    fn probes_tail_loss(&self) -> bool {
        self.config.tail_loss_probe && self.recovers_by_time()
    }

    /// New data was sent, or acknowledged: a probe follows if nothing else happens (§7.2). Where
    /// something is known to be missing, the other timers take over.
    pub(super) fn schedule_tail_probe(&mut self, now: Instant) {
        let quiet = self.recovery.phase == Phase::Open && self.sent.sacked() == 0 && self.sent.due() == 0;
        let rto = self.timers.deadline(Timer::Retransmission);
        match rto.filter(|_| self.probes_tail_loss() && quiet && self.sent.len() > 0) {
            Some(rto) => self.timers.set(Timer::Probe, (now + self.pto()).min(rto)),
            None => self.timers.cancel(Timer::Probe),
        }
    }

    /// TLP_calc_PTO, without its bound (§7.2).
    fn pto(&self) -> Duration {
        let Some(srtt) = self.rto.srtt() else { return PTO_WITHOUT_SRTT };
        let delay = if self.sent.len() == 1 { MAX_ACK_DELAY } else { Duration::ZERO };
        srtt.saturating_mul(2).saturating_add(delay)
    }

    /// The PTO has passed: TLP_send_probe (§7.3). The retransmission timer starts over whether a probe
    /// is sent or not.
    pub(super) fn probe_timeout(&mut self, now: Instant) {
        let measured = self.rto.samples() != self.recovery.tail_loss.samples;
        if measured && !self.recovery.tail_loss.is_out() && self.snd.wnd > 0 && self.sent.due() == 0 {
            self.recovery.tail_loss.is_due = true;
        }
        if self.sent.len() > 0 && self.timers.is_set(Timer::Retransmission) {
            self.start_retransmission_timer(now);
        }
    }

    /// The probe: what was never sent if the peer has room for it, whatever the congestion window
    /// and Nagle say; else the last segment once more (§7.3).
    pub(super) fn tail_probe_chunk(&mut self, now: Instant) -> Option<Chunk> {
        if !core::mem::take(&mut self.recovery.tail_loss.is_due) {
            return None;
        }
        let fresh = self.unsent_chunk();
        let chunk = match fresh {
            Some(chunk) => chunk,
            None => self.last_chunk_again(now)?,
        };
        let tail_loss = &mut self.recovery.tail_loss;
        tail_loss.end_seq = Some(self.snd.nxt.later(chunk.end()));
        tail_loss.is_retrans = fresh.is_none();
        tail_loss.samples = self.rto.samples();
        Some(chunk)
    }

    fn unsent_chunk(&self) -> Option<Chunk> {
        if self.fin_was_sent() {
            return None;
        }
        let queued = self.send_end() - self.snd.nxt;
        let room = self.snd.wnd.saturating_sub(self.snd.in_flight());
        let len = queued.min(room).min(self.segment_room());
        let fin = self.fin_queued && len == queued && room > len;
        (len > 0 || fin).then_some(Chunk { seq: self.snd.nxt, len, fin })
    }

    fn last_chunk_again(&mut self, now: Instant) -> Option<Chunk> {
        let limit = self.segment_room();
        let index = self.sent.part_end(self.sent.len().checked_sub(1)?, limit);
        let room = self.snd.wnd.saturating_sub(self.sent.seq_of(index)? - self.snd.una);
        let sent = self.sent.resend_at(index, limit, room, now)?;
        self.rto.stop_timing(); // Karn
        Some(Chunk { seq: sent.seq, len: sent.len, fin: sent.fin })
    }

    /// TLP_process_ack (§7.4.2): if the probe repaired a loss, the window pays for it.
    pub(super) fn judge_tail_probe(&mut self, now: Instant, news: &News) {
        let Some(end) = self.recovery.tail_loss.end_seq.filter(|end| news.ack.is_at_or_after(*end)) else { return };
        // a FIN takes a number that no receiver tells of
        let matches = |right: Seq| right == end || self.fin_was_sent() && right + 1 == end;
        let came_twice = news.sack.duplicate.is_some_and(|(_, right)| matches(right));
        let is_bare_duplicate = news.octets == 0 && news.is_bare;
        if !self.recovery.tail_loss.is_retrans || came_twice {
            self.recovery.tail_loss.reset();
        } else if news.ack.is_after(end) {
            self.recovery.tail_loss.reset();
            let flight = self.snd.in_flight().saturating_add(news.octets);
            self.reduce_window(flight.min(self.congestion.window()));
            self.recovery.rack.reduced_at = now;
        } else if is_bare_duplicate {
            self.recovery.tail_loss.reset();
        }
    }
}

#[cfg(test)]
mod tests;
