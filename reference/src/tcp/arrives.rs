//! SEGMENT ARRIVES (RFC 9293 §3.10.7): CLOSED, LISTEN and SYN-SENT here, all other states in
//! [`steps`].

pub mod illegal;
pub mod steps;

use alloc::sync::Arc;

use super::timers::Timer;
use super::{Codepoint, Connection, Event, InitialWindow, Notice, Reply, Sabotage, State};
use crate::clause::{self, Clause};
use crate::seq::Seq;
use crate::time::Instant;
use crate::wire::{Flags, Segment, TcpOption};

/// What became of a segment, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Processed to the end.
    Accept,
    /// Dropped, but answered with an acknowledgment.
    Acknowledge(Clause),
    /// Dropped without a word.
    Drop(Clause),
    /// Answered with a reset.
    Reset(Clause),
}

/// A segment on its way through the checks, trimmed as they go.
#[derive(Clone, Copy, Debug)]
struct Arriving<'a> {
    seq: Seq,
    ack: Seq,
    flags: Flags,
    window: u16,
    /// SEG.SEQ + SEG.UP: trimming does not move it.
    up: Seq,
    options: &'a [TcpOption],
    /// TSval and TSecr.
    timestamps: Option<(u32, u32)>,
    /// The blocks of a SACK option.
    sack: &'a [(Seq, Seq)],
    text: &'a [u8],
    /// The ECN field of its IP header.
    field: Codepoint,
}

impl<'a> Arriving<'a> {
    fn new(segment: &'a Segment) -> Arriving<'a> {
        Arriving {
            seq: segment.seq,
            ack: segment.ack,
            flags: segment.flags,
            window: segment.window,
            up: segment.seq + u32::from(segment.urgent_pointer),
            options: &segment.options,
            timestamps: super::timestamps::in_options(&segment.options),
            sack: super::sack::in_options(&segment.options),
            text: &segment.payload,
            field: Codepoint::NotEct,
        }
    }

    fn has(&self, flags: Flags) -> bool {
        self.flags.contains(flags)
    }

    /// SEG.LEN
    fn len(&self) -> u32 {
        self.text.len() as u32 + u32::from(self.has(Flags::SYN)) + u32::from(self.has(Flags::FIN))
    }

    /// The sequence number of the first octet of text.
    fn text_seq(&self) -> Seq {
        self.seq + u32::from(self.has(Flags::SYN))
    }

    /// The segment without its SYN, which has been dealt with.
    fn without_syn(self) -> Arriving<'a> {
        Arriving { seq: self.text_seq(), flags: self.flags.without(Flags::SYN), ..self }
    }
}

/// The reset that answers a segment for which there is no connection (§3.10.7.1), or none if the
/// segment is a reset itself.
pub fn reset_for(segment: &Segment) -> Option<Segment> {
    if segment.flags.contains(Flags::RST) {
        return None;
    }
    let mut reset = Segment {
        source_port: segment.destination_port,
        destination_port: segment.source_port,
        flags: Flags::RST,
        ..Segment::default()
    };
    if segment.flags.contains(Flags::ACK) {
        reset.seq = segment.ack;
    } else {
        reset.ack = segment.end();
        reset.flags = Flags::RST | Flags::ACK;
    }
    if let Some((val, _)) = super::timestamps::in_options(&segment.options) {
        let stamp = TcpOption::Timestamps { val: 0, ecr: val }; // RFC 7323 §5.2, SHOULD
        reset.options.extend([TcpOption::NoOperation, TcpOption::NoOperation, stamp]);
    }
    Some(reset)
}

/// What becomes of a segment in LISTEN if it is no SYN that could open a connection (§3.10.7.2 steps
/// 1, 2 and 4). One that is answered gets the reset of [`reset_for`].
pub fn refusal_in_listen(segment: &Segment) -> Option<Disposition> {
    if segment.flags.contains(Flags::RST) {
        return Some(Disposition::Drop(clause::LISTEN_RST));
    }
    if segment.flags.contains(Flags::ACK) {
        return Some(Disposition::Reset(clause::LISTEN_ACK));
    }
    (!segment.flags.contains(Flags::SYN)).then_some(Disposition::Drop(clause::LISTEN_OTHER))
}

impl Connection {
    /// A segment of this connection arrives (§3.10.7), without a mark of ECN.
    pub fn handle_segment(&mut self, now: Instant, segment: &Segment) -> Disposition {
        self.handle_marked_segment(now, segment, Codepoint::NotEct)
    }

    /// A segment of this connection arrives (§3.10.7) with this ECN field in its IP header.
    pub fn handle_marked_segment(&mut self, now: Instant, segment: &Segment, field: Codepoint) -> Disposition {
        self.counters.arrived(now, segment.payload.len());
        match self.state {
            State::Closed => self.arrives_in_closed(segment),
            State::Listen => self.arrives_in_listen(now, segment),
            State::SynSent => self.arrives_in_syn_sent(now, segment),
            _ => {
                self.heard_from_peer(now);
                self.arrives_in_other_states(now, Arriving { field, ..Arriving::new(segment) })
            }
        }
    }

    /// §3.10.7.1
    fn arrives_in_closed(&mut self, segment: &Segment) -> Disposition {
        if self.reply_with_reset(segment) {
            Disposition::Reset(clause::CLOSED_RESET)
        } else {
            Disposition::Drop(clause::CLOSED_RST)
        }
    }

    /// Answers with the reset of [`reset_for`]; `false` if there is none.
    fn reply_with_reset(&mut self, segment: &Segment) -> bool {
        let Some(reset) = reset_for(segment) else { return false };
        let ack = reset.flags.contains(Flags::ACK).then_some(reset.ack);
        self.remote_port = segment.source_port;
        self.pending.replies.push_back(Reply::Reset { seq: reset.seq, ack });
        true
    }

    /// §3.10.7.2
    fn arrives_in_listen(&mut self, now: Instant, segment: &Segment) -> Disposition {
        if let Some(refusal) = refusal_in_listen(segment) {
            if let Disposition::Reset(_) = refusal {
                self.reply_with_reset(segment);
            }
            return refusal;
        }
        let arriving = Arriving::new(segment);
        self.remote_port = segment.source_port;
        self.synchronize(now, &arriving);
        self.snd.wl2 = self.snd.iss;
        self.advance(Event::Syn);
        self.queue_syn(now);
        if self.accepts_fast_open() {
            let rest = self.trim(arriving.without_syn());
            self.check_urgent_pointer(&rest);
            self.take_text(now, &rest); // RFC 7413 §4.2.2
            self.counters.data_on_syn = !rest.text.is_empty();
        } else {
            self.hold_what_rides_on_syn(&arriving);
        }
        Disposition::Accept
    }

    /// §3.10.7.3
    fn arrives_in_syn_sent(&mut self, now: Instant, segment: &Segment) -> Disposition {
        let arriving = Arriving::new(segment);
        let acknowledges = arriving.has(Flags::ACK);
        if acknowledges && !arriving.ack.is_acceptable_ack(self.snd.iss, self.snd.nxt) {
            if arriving.has(Flags::RST) {
                return Disposition::Drop(clause::SYN_SENT_RST_BLIND);
            }
            self.pending.replies.push_back(Reply::Reset { seq: arriving.ack, ack: None });
            return Disposition::Reset(clause::SYN_SENT_ACK);
        }
        if arriving.has(Flags::RST) {
            if !acknowledges {
                return Disposition::Drop(clause::SYN_SENT_RST_BLIND);
            }
            if self.retries_without_ecn(now) {
                return Disposition::Drop(clause::ECN_REFUSED);
            }
            self.fast_open_failed();
            self.fail(Event::Rst, Notice::Refused);
            return Disposition::Drop(clause::SYN_SENT_RST);
        }
        if !arriving.has(Flags::SYN) {
            return Disposition::Drop(clause::SYN_SENT_OTHER);
        }
        self.heard_from_peer(now);
        self.synchronize(now, &arriving);
        if acknowledges {
            self.complete_active_open(now, &arriving)
        } else {
            // both sides opened at once (§3.5, figure 7)
            self.snd.wl2 = arriving.ack;
            self.advance(Event::Syn);
            self.pending.syn = true;
            self.hold_what_rides_on_syn(&arriving);
            Disposition::Accept
        }
    }

    /// The SYN,ACK of §3.10.7.3 step 4. The window is taken from it as RFC 1122 §4.2.2.20 (c)
    /// demands, which the text of RFC 9293 leaves out on this branch.
    fn complete_active_open(&mut self, now: Instant, arriving: &Arriving<'_>) -> Disposition {
        self.learn_from_syn_ack(arriving.ack, self.path_mtu.agreed(), arriving.options);
        self.acknowledge_sent(now, arriving.ack, arriving.timestamps);
        self.snd.wl2 = arriving.ack;
        self.advance(Event::SynAck);
        self.become_established(now);
        self.pending.ack = true;
        let rest = self.trim(arriving.without_syn());
        self.check_urgent_pointer(&rest);
        self.take_text(now, &rest);
        self.take_fin(now);
        Disposition::Accept
    }

    /// What both sides learn from the peer's SYN: its first number, window, MSS and window scale.
    fn synchronize(&mut self, now: Instant, arriving: &Arriving<'_>) {
        self.rcv.irs = arriving.seq;
        self.rcv.nxt = arriving.seq + 1;
        self.rcv.up = self.rcv.nxt;
        self.snd.wnd = u32::from(arriving.window); // never scaled on a SYN (RFC 7323 §2.2)
        self.snd.max_wnd = self.snd.wnd;
        self.snd.wl1 = arriving.seq;
        self.heed_user_timeout(now, arriving.options);
        let mut mss = self.config.default_mss; // no option: 536 or 1220 (§3.7.1, MUST-15)
        let mut scale = None;
        let mut sack = false;
        for option in arriving.options {
            match option {
                TcpOption::Mss(offered) => mss = (*offered).max(1), // a segment of 0 would never end
                TcpOption::WindowScale(shift) => scale = Some((*shift).min(14)), // RFC 7323 §2.3
                TcpOption::SackPermitted => sack = true,
                TcpOption::EndOfList => break,
                _ => {}
            }
        }
        let mss = if self.is_sabotaged(Sabotage::MssIgnored) { self.config.mss } else { mss.min(self.config.mss) };
        self.agree_on_segment_size(mss);
        self.sack_permitted = sack && self.config.sack; // RFC 2018 §2
        self.agree_on_ecn(arriving.flags);
        self.agree_on_timestamps(now, arriving.timestamps);
        self.congestion = super::Congestion::new(&self.config, self.text_per_segment());
        if self.is_sabotaged(Sabotage::UninitializedCwnd)
            && !arriving.options.iter().any(|o| matches!(o, TcpOption::Mss(_)))
        {
            self.congestion.set_window(u32::MAX);
        }
        match scale {
            Some(shift) if self.config.window_scale => {
                self.snd.wind_shift = shift;
                self.snd.wnd <<= if self.is_sabotaged(Sabotage::WindowOfSynScaled) { shift } else { 0 };
                self.rcv.wind_shift = self.config.wind_shift();
            }
            _ => {
                if self.config.window_scale {
                    Arc::make_mut(&mut self.config).window_scale = false; // both sides or neither (RFC 7323 §2.2)
                }
                (self.snd.wind_shift, self.rcv.wind_shift) = (0, 0);
            }
        }
    }

    /// Data, URG and FIN on a SYN wait until the connection is established (§3.10.7.2 step 3).
    fn hold_what_rides_on_syn(&mut self, arriving: &Arriving<'_>) {
        if arriving.has(Flags::URG) {
            self.rcv.up = self.rcv.up.later(arriving.up);
        }
        let rest = self.trim(arriving.without_syn());
        self.hold_text(&rest);
    }

    /// The handshake is complete.
    pub(super) fn become_established(&mut self, now: Instant) {
        if self.syn_losses > 0 {
            self.rto.syn_was_lost();
            // one may be lost by chance; those who begin with ten segments need another to be alarmed
            let endured = u32::from(self.config.initial_window != InitialWindow::Rfc5681);
            if self.syn_losses > endured {
                self.congestion.syn_was_lost();
            }
        }
        if self.is_sabotaged(Sabotage::NoInitialSlowStart) {
            self.congestion.set_window(u32::MAX);
        }
        self.notices.push_back(Notice::Established);
        self.announce_user_timeout();
        if self.rcv.up.is_after(self.rcv.nxt) {
            self.tell(Notice::Urgent); // the SYN was urgent
        }
        self.restart_keep_alive_timer(now);
    }

    /// The peer is alive: keep-alive and probes of a closed window start over.
    fn heard_from_peer(&mut self, now: Instant) {
        self.keep_alive_probes = 0;
        self.silent_probes = 0;
        if self.timers.is_set(Timer::Persist) {
            self.rto.note_progress(); // only probes that nothing answers count towards R2
            self.restart_user_timer(now); // the peer answers probes: it is there (MUST-37)
        }
        self.restart_keep_alive_timer(now);
    }

    pub(super) fn restart_keep_alive_timer(&mut self, now: Instant) {
        use State::{CloseWait, Established, FinWait1, FinWait2};
        match self.config.keep_alive {
            Some(keep_alive) if matches!(self.state, Established | FinWait1 | FinWait2 | CloseWait) => {
                let hasty = self.is_sabotaged(Sabotage::InsufficientIntervalBetweenKeepAlives);
                let idle = if hasty { keep_alive.interval } else { keep_alive.idle };
                self.timers.set(Timer::KeepAlive, now + self.keep_alive_after(idle));
            }
            _ => self.timers.cancel(Timer::KeepAlive),
        }
    }
}

#[cfg(test)]
mod tests;
