//! What to send next (RFC 9293 §3.7.4, §3.8.3, §3.8.5, §3.8.6).

use super::octets::append_range;
use super::{Connection, Reply, State};
use crate::seq::Seq;
use crate::tcp::timers::Timer;
use crate::time::Instant;
use crate::wire::{Flags, Segment, TcpOption};

/// A run of the send buffer that goes into one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Chunk {
    seq: Seq,
    len: u32,
    fin: bool,
}

impl Connection {
    /// The next segment to send at `now`, if there is one.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Segment> {
        let mut segment = Segment::default();
        self.poll_transmit_into(now, &mut segment).then_some(segment)
    }

    /// Like [`poll_transmit`](Connection::poll_transmit), into a segment whose buffers are reused.
    pub fn poll_transmit_into(&mut self, now: Instant, segment: &mut Segment) -> bool {
        segment.source_port = self.local_port;
        segment.destination_port = self.remote_port;
        segment.urgent_pointer = 0;
        segment.options.clear();
        segment.payload.clear();
        if let Some(reply) = self.pending.replies.pop_front() {
            self.fill_reply(&reply, segment);
            if self.state == State::TimeWait && matches!(reply, Reply::Reset { .. }) {
                self.enter_time_wait(now); // an ABORT that lingers: from its reset on
            }
            return true;
        }
        if core::mem::take(&mut self.pending.syn) {
            self.fill_syn(segment);
            return true;
        }
        if let Some(chunk) = self.next_chunk(now) {
            self.fill_chunk(now, chunk, segment);
            return true;
        }
        if core::mem::take(&mut self.pending.ack) {
            self.fill_reply(&Reply::Ack, segment);
            return true;
        }
        false
    }

    fn fill_reply(&mut self, reply: &Reply, segment: &mut Segment) {
        match *reply {
            Reply::Ack | Reply::KeepAlive => {
                let back = u32::from(*reply == Reply::KeepAlive);
                segment.seq = self.snd.nxt.back(back);
                segment.flags = Flags::NONE;
                self.acknowledge_in(segment);
            }
            Reply::Reset { seq, ack } => {
                segment.seq = seq;
                segment.ack = ack.unwrap_or_default();
                segment.flags = if ack.is_some() { Flags::RST | Flags::ACK } else { Flags::RST };
                segment.window = 0;
            }
        }
    }

    /// The acknowledgment and the window that every segment of a synchronized connection carries.
    fn acknowledge_in(&mut self, segment: &mut Segment) {
        segment.flags = segment.flags | Flags::ACK;
        segment.ack = self.rcv.nxt;
        segment.window = self.window_field(segment.flags.contains(Flags::SYN));
        self.pending.ack = false;
    }

    /// `<SEQ=ISS><CTL=SYN>`, or `<SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>`, with our MSS (MUST-14) and
    /// window scale.
    fn fill_syn(&mut self, segment: &mut Segment) {
        segment.seq = self.snd.iss;
        segment.ack = Seq(0);
        segment.flags = Flags::SYN;
        if self.state == State::SynSent {
            segment.window = self.window_field(true);
        } else {
            self.acknowledge_in(segment);
        }
        segment.options.push(TcpOption::Mss(self.config.mss));
        if self.config.window_scale {
            segment.options.push(TcpOption::NoOperation);
            segment.options.push(TcpOption::WindowScale(self.config.wind_shift()));
        }
    }

    fn fill_chunk(&mut self, now: Instant, chunk: Chunk, segment: &mut Segment) {
        segment.seq = chunk.seq;
        let start = (chunk.seq - self.send_buffer_seq) as usize;
        append_range(&self.send_buffer, start..start + chunk.len as usize, &mut segment.payload);
        segment.flags = if chunk.fin { Flags::FIN } else { Flags::NONE };
        if chunk.len > 0 && chunk.seq + chunk.len == self.send_end() {
            segment.flags = segment.flags | Flags::PSH; // the last of what is buffered (MUST-61)
        }
        if self.snd.up.is_after(chunk.seq) {
            segment.flags = segment.flags | Flags::URG;
            segment.urgent_pointer = u16::try_from(self.snd.up - chunk.seq).unwrap_or(u16::MAX);
        }
        self.acknowledge_in(segment);
        self.note_sent(now, chunk);
    }

    fn note_sent(&mut self, now: Instant, chunk: Chunk) {
        let end = chunk.seq + chunk.len + u32::from(chunk.fin);
        if end.is_after(self.snd.nxt) {
            self.snd.nxt = end;
            if self.snd.wnd > 0 {
                self.rto.time(end, now);
            }
        }
        if self.snd.wnd > 0 {
            self.timers.cancel(Timer::Persist);
            if !self.timers.is_set(Timer::Retransmission) {
                self.start_retransmission_timer(now);
            }
        }
    }

    /// What of the send buffer is to go out now.
    fn next_chunk(&mut self, now: Instant) -> Option<Chunk> {
        use State::{CloseWait, Closing, Established, FinWait1, LastAck};
        if !matches!(self.state, Established | CloseWait | FinWait1 | Closing | LastAck) {
            return None;
        }
        if core::mem::take(&mut self.pending.probe) {
            return Some(self.probe_chunk());
        }
        if let Some(chunk) = self.retransmit_chunk() {
            return Some(chunk);
        }
        let chunk = self.new_chunk();
        if chunk.is_none() && self.has_unsent() && self.snd.in_flight() == 0 {
            self.start_persist_timer(now); // nothing else would ever send it
        }
        chunk
    }

    /// Whether data or a FIN waits that was never sent.
    fn has_unsent(&self) -> bool {
        self.snd.nxt.is_before(self.send_end()) || self.fin_queued && !self.fin_was_sent()
    }

    /// Octets from SND.UNA that the peer and the network bear.
    fn send_window(&self) -> u32 {
        self.snd.wnd.min(self.congestion.window())
    }

    /// One octet at SND.UNA, or the FIN if nothing else is left (§3.8.6.1).
    fn probe_chunk(&self) -> Chunk {
        let len = (self.send_end() - self.snd.una).min(1);
        Chunk { seq: self.snd.una, len, fin: len == 0 && self.fin_queued }
    }

    /// What is to be sent again, a segment at a time, as far as the windows allow.
    fn retransmit_chunk(&mut self) -> Option<Chunk> {
        let (next, end) = self.pending.retransmit?;
        let allowed = self.send_window().saturating_sub(next - self.snd.una);
        let data_end = if end.is_after(self.send_end()) { self.send_end() } else { end };
        let data = if next.is_before(data_end) { data_end - next } else { 0 };
        let len = data.min(u32::from(self.snd.mss)).min(allowed);
        let fin = end.is_after(self.send_end()) && next + len == self.send_end() && allowed > len;
        if len == 0 && !fin {
            return None;
        }
        let reached = next + len + u32::from(fin);
        self.pending.retransmit = reached.is_before(end).then_some((reached, end));
        self.rto.stop_timing(); // Karn (RFC 6298 §3)
        Some(Chunk { seq: next, len, fin })
    }

    /// New data, and the FIN behind it, under Nagle's rule and the sender's silly-window avoidance
    /// (§3.8.6.2.1, MUST-38).
    fn new_chunk(&mut self) -> Option<Chunk> {
        if self.fin_was_sent() {
            return None;
        }
        let usable = self.send_window().saturating_sub(self.snd.in_flight());
        let queued = self.send_end() - self.snd.nxt;
        let mss = u32::from(self.snd.mss);
        let len = queued.min(usable).min(mss);
        let fin = self.fin_queued && len == queued && usable > len;
        let idle = self.snd.in_flight() == 0 || !self.config.nagle;
        let worthwhile = len == mss
            || len == queued && (idle || fin)
            || idle && len >= (self.snd.max_wnd / 2).max(1)
            || self.pending.small_segment;
        if len == 0 && !fin || !worthwhile {
            return None;
        }
        self.pending.small_segment = false;
        Some(Chunk { seq: self.snd.nxt, len, fin })
    }
}
