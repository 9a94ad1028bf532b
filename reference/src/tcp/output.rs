//! What to send next (RFC 9293 §3.7.4, §3.8.3, §3.8.5, §3.8.6).

use super::octets::append_range;
use super::recovery::Phase;
use super::{Connection, Reply, Sabotage, State};
use crate::seq::Seq;
use crate::tcp::timers::Timer;
use crate::time::{Duration, Instant};
use crate::wire::{Flags, Segment};

/// How long the cork holds a small segment back (`tcp(7)` of Linux).
const CORK_TIMEOUT: Duration = Duration::from_millis(200);

/// A run of the send buffer that goes into one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) seq: Seq,
    pub(super) len: u32,
    pub(super) fin: bool,
}

impl Chunk {
    /// The sequence number after it.
    pub(super) fn end(&self) -> Seq {
        self.seq + self.len + u32::from(self.fin)
    }
}

impl Connection {
    /// The next segment to send at `now`, if there is one.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Segment> {
        let mut segment = Segment::default();
        self.poll_transmit_into(now, &mut segment).then_some(segment)
    }

    /// Like [`poll_transmit`](Connection::poll_transmit), into a segment whose buffers are reused.
    pub fn poll_transmit_into(&mut self, now: Instant, segment: &mut Segment) -> bool {
        let sent = self.fill_next(now, segment);
        if sent {
            self.counters.sent(now, segment);
        }
        sent
    }

    fn fill_next(&mut self, now: Instant, segment: &mut Segment) -> bool {
        segment.source_port = self.local_port;
        segment.destination_port = self.remote_port;
        segment.urgent_pointer = 0;
        segment.options.clear();
        segment.payload.clear();
        self.start_fin_wait_2_timer(now);
        self.clear_codepoint();
        if let Some(reply) = self.pending.replies.pop_front() {
            self.fill_reply(now, &reply, segment);
            if self.state == State::TimeWait && matches!(reply, Reply::Reset { .. }) {
                self.enter_time_wait(now); // an ABORT that lingers: from its reset on
            }
            return true;
        }
        if core::mem::take(&mut self.pending.syn) {
            if self.syn_losses > 0 {
                self.counters.resent(0);
            }
            self.fill_syn(now, segment);
            return true;
        }
        if let Some(chunk) = self.next_chunk(now) {
            self.fill_chunk(now, chunk, segment);
            return true;
        }
        if core::mem::take(&mut self.pending.ack) {
            self.fill_reply(now, &Reply::Ack, segment);
            return true;
        }
        false
    }

    fn fill_reply(&mut self, now: Instant, reply: &Reply, segment: &mut Segment) {
        match *reply {
            Reply::Ack | Reply::KeepAlive => {
                let back = u32::from(*reply == Reply::KeepAlive);
                segment.seq = self.snd.nxt.back(back);
                segment.flags = Flags::NONE;
                self.acknowledge_in(now, segment);
            }
            Reply::Reset { seq, ack } => {
                segment.seq = seq;
                segment.ack = ack.unwrap_or_default();
                segment.flags = if ack.is_some() { Flags::RST | Flags::ACK } else { Flags::RST };
                segment.window = 0;
                self.stamp(now, segment); // RFC 7323 §3.2, SHOULD
            }
        }
    }

    /// The acknowledgment and the window that every segment of a synchronized connection carries.
    fn acknowledge_in(&mut self, now: Instant, segment: &mut Segment) {
        segment.flags = segment.flags | Flags::ACK;
        segment.ack = self.rcv.nxt;
        segment.window = self.window_field(segment.flags.contains(Flags::SYN));
        self.timestamps.last_ack_sent = self.rcv.nxt;
        self.acknowledgment_was_sent();
        if !segment.flags.contains(Flags::SYN) {
            self.echo_congestion(segment);
            self.stamp(now, segment);
            self.tell_sack(segment);
            self.tell_user_timeout(segment, false);
        }
    }

    /// `<SEQ=ISS><CTL=SYN>`, or `<SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>`, with our MSS (MUST-14) and
    /// window scale.
    fn fill_syn(&mut self, now: Instant, segment: &mut Segment) {
        segment.seq = self.snd.iss;
        segment.ack = Seq(0);
        segment.flags = Flags::SYN;
        if self.state == State::SynSent {
            segment.window = self.window_field(true);
        } else {
            self.acknowledge_in(now, segment);
        }
        self.offer_ecn(segment);
        self.offer_options(now, segment);
        self.ride_on_syn(now, segment);
        self.tell_user_timeout(segment, true);
    }

    fn fill_chunk(&mut self, now: Instant, chunk: Chunk, segment: &mut Segment) {
        segment.seq = chunk.seq;
        let start = (chunk.seq - self.send_buffer_seq) as usize;
        append_range(&self.send_buffer, start..start + chunk.len as usize, &mut segment.payload);
        if self.is_sabotaged(Sabotage::InconsistentRetransmission) && chunk.seq.is_before(self.snd.nxt) {
            segment.payload.reverse();
        }
        segment.flags = if chunk.fin { Flags::FIN } else { Flags::NONE };
        if chunk.len > 0 && chunk.seq + chunk.len == self.send_end() {
            segment.flags = segment.flags | Flags::PSH; // the last of what is buffered (MUST-61)
        }
        if self.snd.up.is_after(chunk.seq) {
            segment.flags = segment.flags | Flags::URG;
            segment.urgent_pointer = u16::try_from(self.snd.up - chunk.seq).unwrap_or(u16::MAX);
        }
        self.acknowledge_in(now, segment);
        self.mark_data(chunk.seq == self.snd.nxt, segment);
        self.note_sent(now, chunk);
    }

    fn note_sent(&mut self, now: Instant, chunk: Chunk) {
        let end = chunk.end();
        let is_new = end.is_after(self.snd.nxt);
        if !is_new {
            self.counters.resent(chunk.len);
        }
        if is_new {
            if self.snd.in_flight() == 0 {
                let round_trip = self.rto.srtt().unwrap_or_default();
                self.congestion.was_idle(now.since(self.last_sent_at).saturating_sub(round_trip));
            }
            self.recovery.f_rto.note_new();
            self.sent.push(chunk.seq, chunk.len, chunk.fin, now);
            self.snd.nxt = end;
            self.path_mtu.sent(chunk.len + u32::from(self.snd.mss).saturating_sub(self.congestion.smss()));
            if self.snd.wnd > 0 {
                self.rto.time(end, now);
            }
        }
        self.last_sent_at = now;
        if self.snd.wnd > 0 {
            self.timers.cancel(Timer::Persist);
            if !self.timers.is_set(Timer::Retransmission) {
                self.start_retransmission_timer(now);
            }
        }
        if is_new && !self.recovery.tail_loss.ends_at(end) {
            self.schedule_tail_probe(now);
        }
    }

    /// What of the send buffer is to go out now.
    fn next_chunk(&mut self, now: Instant) -> Option<Chunk> {
        use State::{CloseWait, Closing, Established, FinWait1, LastAck};
        let opened_fast = self.state == State::SynReceived && self.accepts_fast_open(); // RFC 7413 §4.2.2
        if !opened_fast && !matches!(self.state, Established | CloseWait | FinWait1 | Closing | LastAck) {
            return None;
        }
        if core::mem::take(&mut self.pending.probe) {
            return Some(self.probe_chunk());
        }
        if let Some(chunk) = self.tail_probe_chunk(now).or_else(|| self.retransmit_chunk(now)) {
            return Some(chunk);
        }
        let chunk = self.new_chunk(now).or_else(|| self.spare_chunk(now));
        if chunk.is_none() && self.has_unsent() && self.snd.in_flight() == 0 {
            if self.config.cork && self.snd.wnd > 0 && !self.timers.is_set(Timer::Persist) {
                self.timers.set(Timer::Persist, now + CORK_TIMEOUT);
            }
            self.start_persist_timer(now); // nothing else would ever send it
        }
        chunk
    }

    /// Whether data or a FIN waits that was never sent.
    pub(super) fn has_unsent(&self) -> bool {
        self.snd.nxt.is_before(self.send_end()) || self.fin_queued && !self.fin_was_sent()
    }

    /// One octet at SND.UNA, or the FIN if nothing else is left (§3.8.6.1).
    fn probe_chunk(&self) -> Chunk {
        let len = (self.send_end() - self.snd.una).min(1);
        Chunk { seq: self.snd.una, len, fin: len == 0 && self.fin_queued }
    }

    /// What is to be sent again, a segment at a time, as far as the windows allow.
    fn retransmit_chunk(&mut self, now: Instant) -> Option<Chunk> {
        if self.sent.due() == 0 || self.recovery.f_rto.holds_back() {
            return None;
        }
        let due = self.sent.first_due()?;
        let room = self.retransmission_room(due.seq, due.retransmissions == 0);
        let twice = if self.is_sabotaged(Sabotage::RetransmissionSendsMultiplePackets) { 12 } else { 0 };
        let sent = self.sent.resend(self.segment_room().saturating_sub(twice).max(1), room, now)?;
        self.recovery.at_once = false;
        self.recovery.f_rto.note_resent(sent.end());
        if !self.is_sabotaged(Sabotage::KarnIgnored) {
            self.rto.stop_timing(); // Karn (RFC 6298 §3)
        }
        Some(Chunk { seq: sent.seq, len: sent.len, fin: sent.fin && !self.is_sabotaged(Sabotage::FinSentOnce) })
    }

    /// The most text that the next segment may carry: Eff.snd.MSS less its options (§3.7.1).
    pub(super) fn segment_room(&self) -> u32 {
        self.congestion.smss().saturating_sub((self.sack_length() + self.user_timeout_length()) as u32).max(1)
    }

    /// New data, and the FIN behind it, under Nagle's rule and the sender's silly-window avoidance
    /// (§3.8.6.2.1, MUST-38).
    fn new_chunk(&mut self, now: Instant) -> Option<Chunk> {
        if self.fin_was_sent() {
            return None;
        }
        self.restart_window_if_idle(now);
        let in_flight = self.snd.in_flight();
        let usable = self.snd.wnd.saturating_sub(in_flight).min(self.congestion_room());
        let queued = self.send_end() - self.snd.nxt;
        let full = self.segment_room();
        let len = queued.min(usable).min(full);
        let fin = self.fin_queued && len == queued && usable > len;
        let waits = self.is_sabotaged(Sabotage::FailureToSendFinPromptly) && (in_flight > 0 || len > 0);
        let fin = fin && !waits;
        let idle = in_flight == 0 || !self.config.nagle;
        let corked = self.config.cork && len == queued && !self.fin_queued; // more is to come
        let worthwhile = len == full
            || len == queued && (idle || fin) && !corked
            || idle && len >= (self.snd.max_wnd / 2).max(1) && !corked
            || self.pending.small_segment;
        if len == 0 && !fin || !worthwhile {
            return None;
        }
        self.pending.small_segment = false;
        Some(Chunk { seq: self.snd.nxt, len, fin })
    }

    /// RFC 5681 §4.1: after an idle time longer than an RTO the window says nothing about the network.
    fn restart_window_if_idle(&mut self, now: Instant) {
        let idle = self.snd.in_flight() == 0 && self.has_unsent();
        if self.config.restart_after_idle && idle && now.since(self.last_sent_at) > self.rto.current() {
            self.congestion.restart_after_idle();
        }
    }

    /// What recovery by the scoreboard sends when nothing is known to be lost and nothing is new:
    /// NextSeg rules 3 and 4 (RFC 6675 §4).
    fn spare_chunk(&mut self, now: Instant) -> Option<Chunk> {
        let smss = self.congestion.smss();
        let waits =
            self.recovers_by_sack() && !self.recovers_by_time() && matches!(self.recovery.phase, Phase::Recovery(_));
        if !waits || self.sent.due() > 0 || self.congestion_room() < smss || self.snd.wnd == 0 {
            return None;
        }
        let index = match self.sent.first_unsacked_below_sacked() {
            Some(index) => index,
            None => self.rescue()?,
        };
        let room = self.snd.wnd.saturating_sub(self.sent.seq_of(index)? - self.snd.una);
        let sent = self.sent.resend_at(index, self.segment_room(), room, now)?;
        self.rto.stop_timing();
        Some(Chunk { seq: sent.seq, len: sent.len, fin: sent.fin })
    }
}

#[cfg(test)]
mod tests;
