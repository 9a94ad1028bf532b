//! Explicit congestion notification: routers mark packets instead of dropping them, the receiver
//! echoes the mark until the sender says that it has slowed down (RFC 3168 §6.1).

use super::Connection;
use super::timers::Timer;
use crate::seq::Seq;
use crate::time::Instant;
use crate::wire::{Flags, Segment};

/// Whether ECN is used (RFC 9293 §3.8.2, SHLD-8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ecn {
    /// Never.
    Off,
    /// If the peer asks for it.
    #[default]
    Accept,
    /// Our SYN asks for it; one that is lost or refused is followed by one that does not
    /// (RFC 3168 §6.1.1.1).
    Request,
}

/// The ECN field of an IP header (RFC 3168 §5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Codepoint {
    /// 00: the transport does not know ECN.
    #[default]
    NotEct = 0,
    /// 01: capable of ECN; left to experiments (RFC 8311).
    Ect1 = 1,
    /// 10: capable of ECN.
    Ect0 = 2,
    /// 11: a router has seen congestion.
    Ce = 3,
}

impl Codepoint {
    /// The codepoint in a type of service or traffic class.
    pub fn of(traffic_class: u8) -> Codepoint {
        match traffic_class & 3 {
            0 => Codepoint::NotEct,
            1 => Codepoint::Ect1,
            2 => Codepoint::Ect0,
            _ => Codepoint::Ce,
        }
    }
}

/// What one connection knows of ECN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct EcnState {
    /// We have sent an ECN-setup SYN or SYN,ACK.
    offered: bool,
    /// We have sent a SYN or SYN,ACK without.
    declined: bool,
    /// The peer's SYN or SYN,ACK was an ECN-setup one.
    accepted: bool,
    /// Data with ECT(0) was sent.
    marked: bool,
    /// Text came with ECT or CE: the peer and the path mean it.
    pub(super) seen: bool,
    /// CE came, and no CWR since: every acknowledgment says so.
    echo: bool,
    /// The window was reduced: the next new data says so.
    reduced: bool,
    /// What was sent when it was: echoes of marks below tell nothing new.
    reduced_at: Option<Seq>,
    /// A mark was echoed at a window of one segment: nothing new before the timer expires.
    waits: bool,
    /// The field of the segment that was sent last.
    last: Codepoint,
}

impl EcnState {
    /// Data may carry ECT (§6.1.1).
    pub(super) fn may_mark(&self) -> bool {
        self.offered && self.accepted && !self.declined
    }
}

impl Connection {
    /// What the ECN field of the segment must be that [`poll_transmit`](Connection::poll_transmit)
    /// returned last: new data alone is capable of ECN (RFC 3168 §6.1.4-6).
    pub fn codepoint(&self) -> Codepoint {
        self.ecn.last
    }

    /// The next segment has no ECT unless [`mark_data`](Connection::mark_data) says so.
    pub(super) fn clear_codepoint(&mut self) {
        self.ecn.last = Codepoint::NotEct;
    }

    /// ECE and CWR of our SYN, ECE of our SYN,ACK (§6.1.1).
    pub(super) fn offer_ecn(&mut self, segment: &mut Segment) {
        let answers = segment.flags.contains(Flags::ACK);
        let wanted = if answers { self.ecn.accepted } else { self.config.ecn == Ecn::Request && self.syn_losses == 0 };
        if wanted && !self.ecn.declined {
            self.ecn.offered = true;
            segment.flags = segment.flags | if answers { Flags::ECE } else { Flags::ECE | Flags::CWR };
        } else {
            self.ecn.declined = true;
        }
    }

    /// The flags of the peer's SYN, or SYN,ACK: one that mirrors ours is no agreement.
    pub(super) fn agree_on_ecn(&mut self, flags: Flags) {
        let setup = flags.contains(Flags::ECE) && flags.contains(Flags::ACK) != flags.contains(Flags::CWR);
        self.ecn.accepted = setup && self.config.ecn != Ecn::Off;
    }

    /// Our SYN is refused: perhaps because somebody on the path cannot bear its flags (§6.1.1.1).
    /// `true`: another without them follows.
    pub(super) fn retries_without_ecn(&mut self, now: Instant) -> bool {
        let retries = self.ecn.offered && !self.ecn.declined;
        if retries {
            self.ecn.declined = true;
            self.pending.syn = true;
            self.start_retransmission_timer(now);
        }
        retries
    }

    /// Text goes out, for the first time if `is_new`. Neither a retransmission nor a probe of a
    /// closed window may be marked (§6.1.5, §6.1.6).
    pub(super) fn mark_data(&mut self, is_new: bool, segment: &mut Segment) {
        if !is_new || segment.payload.is_empty() || self.snd.wnd == 0 || !self.ecn.may_mark() {
            return;
        }
        self.ecn.last = Codepoint::Ect0;
        self.ecn.marked = true;
        if core::mem::take(&mut self.ecn.reduced) {
            segment.flags = segment.flags | Flags::CWR;
        }
    }

    /// ECE of an acknowledgment (§6.1.3).
    pub(super) fn echo_congestion(&self, segment: &mut Segment) {
        if self.ecn.echo && !segment.flags.contains(Flags::SYN) {
            segment.flags = segment.flags | Flags::ECE;
        }
    }

    /// A segment in the window has these flags, and its text came with this field. CWR is judged first
    /// (§6.1.3, erratum 3639).
    pub(super) fn note_mark(&mut self, flags: Flags, field: Codepoint) {
        if !self.ecn.offered || !self.ecn.accepted {
            return;
        }
        if flags.contains(Flags::CWR) {
            self.ecn.echo = false;
        }
        self.ecn.echo |= field == Codepoint::Ce;
        self.ecn.seen |= field != Codepoint::NotEct;
    }

    /// Whether the ECE of a segment tells of our data.
    pub(super) fn hears_echo(&self, flags: Flags) -> bool {
        self.ecn.marked && flags.contains(Flags::ECE)
    }

    /// An acknowledgment of `octets` more was processed. With ECE, the window is reduced as for a
    /// loss, once per window of data; one of a single segment cannot be, and waits for the timer
    /// (§6.1.2).
    pub(super) fn hear_echo(&mut self, now: Instant, ack: Seq, octets: u32, echo: bool) {
        if octets > 0 {
            self.ecn.waits = false;
        }
        if !echo || ack.is_before(self.snd.una) {
            return;
        }
        if self.congestion.window() <= self.congestion.smss() {
            if octets > 0 {
                self.ecn.waits = true;
                self.timers.set(Timer::Retransmission, now + self.rto.current());
            }
            return;
        }
        if self.ecn.reduced_at.is_none_or(|point| ack.is_after(point)) {
            self.congestion.on_mark(self.snd.in_flight().saturating_add(octets));
            self.note_reduction();
        }
    }

    /// The congestion window was reduced: the peer is told, and marks of this window change nothing
    /// (§6.1.2).
    pub(super) fn note_reduction(&mut self) {
        if self.ecn.marked {
            self.ecn.reduced = true;
            self.ecn.reduced_at = Some(self.snd.nxt);
        }
    }

    /// Whether the window was reduced for what is in flight now.
    pub(super) fn has_reduced(&self) -> bool {
        self.ecn.reduced_at.is_some_and(|point| self.snd.una.is_before(point))
    }

    /// Nothing new may be sent, for the window of one segment is too large. Whatever stops the timer
    /// ends the wait.
    pub(super) fn waits_for_timer(&self) -> bool {
        self.ecn.waits && self.timers.is_set(Timer::Retransmission)
    }

    /// The retransmission timer expired. `true`: only the wait is over, nothing is lost.
    pub(super) fn ends_wait(&mut self) -> bool {
        core::mem::take(&mut self.ecn.waits) && self.snd.in_flight() == 0
    }
}

#[cfg(test)]
mod tests;
