//! The checks of SYN-RECEIVED and all later states, one function each, in their order
//! (RFC 9293 §3.10.7.4). A step either ends the processing with a [`Disposition`] or lets it go on.
//!
//! Step 3, security and compartment, concerns multi-level secure systems only (appendix A.1) and
//! is not here.

use core::ops::ControlFlow::{self, Break, Continue};

use super::{Arriving, Disposition};
use crate::clause;
use crate::seq::Seq;
use crate::tcp::f_rto::FRto;
use crate::tcp::recovery::News;
use crate::tcp::timers::Timer;
use crate::tcp::timestamps;
use crate::tcp::{Codepoint, Connection, Event, Notice, Reply, Sabotage, State, SynInSynReceived};
use crate::time::Instant;
use crate::wire::Flags;

type Step<T = ()> = ControlFlow<Disposition, T>;

impl Connection {
    /// §3.10.7.4
    pub(super) fn arrives_in_other_states(&mut self, now: Instant, arriving: Arriving<'_>) -> Disposition {
        match self.check_in_order(now, arriving) {
            Break(disposition) => disposition,
            Continue(()) => Disposition::Accept,
        }
    }

    fn check_in_order(&mut self, now: Instant, arriving: Arriving<'_>) -> Step {
        self.check_rst(now, &arriving)?;
        self.check_paws(now, &arriving)?;
        let untrimmed = arriving;
        let arriving = self.check_sequence_number(now, arriving)?;
        // a SYN is challenged "irrespective of the sequence number" (RFC 5961 §4.2), so also where
        // trimming would leave text that is new
        let challenged = self.config.blind_attack_checks && self.state.is_synchronized();
        self.check_syn(now, if challenged { &untrimmed } else { &arriving })?;
        self.remember_timestamp(now, arriving.timestamps, untrimmed.seq);
        self.check_ack(now, &arriving)?;
        self.heed_user_timeout(now, arriving.options);
        self.note_mark(arriving.flags, if untrimmed.text.is_empty() { Codepoint::NotEct } else { arriving.field });
        self.check_urgent_pointer(&arriving);
        self.check_text(&arriving)?;
        self.take_text(now, &arriving);
        self.take_fin(now);
        Continue(())
    }

    /// Before the window: is it an old duplicate (RFC 7323 §5.3 R1)?
    fn check_paws(&mut self, now: Instant, arriving: &Arriving<'_>) -> Step {
        match self.check_timestamps(now, arriving.timestamps) {
            timestamps::Verdict::Fine => Continue(()),
            timestamps::Verdict::Missing(clause) => Break(Disposition::Drop(clause)),
            timestamps::Verdict::Old(clause) => {
                self.note_duplicate_text(arriving);
                self.pending.replies.push_back(Reply::Ack);
                Break(Disposition::Acknowledge(clause))
            }
        }
    }

    /// Text below RCV.NXT has come before (RFC 2883 §4.1).
    fn note_duplicate_text(&mut self, arriving: &Arriving<'_>) {
        let text = arriving.text_seq();
        if text.is_before(self.rcv.nxt) {
            let end = text + arriving.text.len() as u32;
            self.note_duplicate(text, if end.is_after(self.rcv.nxt) { self.rcv.nxt } else { end });
        }
    }

    /// First: the sequence number. What lies outside the window is cut off.
    fn check_sequence_number<'a>(&mut self, now: Instant, arriving: Arriving<'a>) -> Step<Arriving<'a>> {
        let arriving = self.without_syn_of_simultaneous_open(arriving);
        if self.repeats_syn(&arriving) {
            self.pending.syn = true;
            return Break(Disposition::Acknowledge(clause::SYN_REPEATED));
        }
        let seems_old = self.is_sabotaged(Sabotage::PlainComparison) && arriving.seq.0 < self.rcv.nxt.0;
        let is_stuck = self.is_sabotaged(Sabotage::WindowProbeDeadlock) && self.rcv.wnd == 0 && self.room() > 0;
        if !self.rcv.is_acceptable(arriving.seq, arriving.len()) || seems_old || is_stuck {
            self.note_duplicate_text(&arriving);
            if arriving.has(Flags::SYN) && self.config.blind_attack_checks && self.state.is_synchronized() {
                self.challenge(now); // "irrespective of the sequence number", and rationed (RFC 5961 §4.2, §7)
            } else {
                self.acknowledge_unacceptable(now, arriving.len() > 0);
            }
            let repeats_fin = arriving.has(Flags::FIN) && arriving.seq + arriving.len() == self.rcv.nxt;
            if self.state == State::TimeWait && repeats_fin && !self.is_sabotaged(Sabotage::TimeWaitNotRestarted) {
                self.enter_time_wait(now); // by the letter the text of step 5 is out of reach; this is its intent
            }
            // with a closed window, ACK and URG still count (MUST-66)
            if self.rcv.wnd == 0 && arriving.seq == self.rcv.nxt && !arriving.has(Flags::SYN) && !is_stuck {
                let bare = Arriving { text: &[], flags: arriving.flags.without(Flags::FIN), ..arriving };
                return Continue(bare);
            }
            return Break(Disposition::Acknowledge(clause::OUTSIDE_WINDOW));
        }
        self.note_duplicate_text(&arriving);
        Continue(self.trim(arriving))
    }

    /// In SYN-RECEIVED the SYN,ACK of a peer that opened at the same time starts at IRS, below
    /// RCV.NXT; figure 7 wants its acknowledgment to count all the same (appendix A.2).
    fn without_syn_of_simultaneous_open<'a>(&self, arriving: Arriving<'a>) -> Arriving<'a> {
        let repeated = arriving.has(Flags::SYN | Flags::ACK) && arriving.seq == self.rcv.irs;
        if self.state == State::SynReceived && !self.passive && repeated { arriving.without_syn() } else { arriving }
    }

    /// Whether the SYN that made this connection came again, and that is a reason to say the SYN,ACK
    /// again: it may be lost.
    fn repeats_syn(&self, arriving: &Arriving<'_>) -> bool {
        let same = arriving.has(Flags::SYN) && !arriving.has(Flags::ACK) && arriving.seq == self.rcv.irs;
        self.config.repeat_syn_ack && self.passive && self.state == State::SynReceived && same
    }

    /// Cuts off what lies before the window and behind it.
    pub(super) fn trim<'a>(&self, arriving: Arriving<'a>) -> Arriving<'a> {
        let mut arriving = arriving;
        if arriving.seq.is_before(self.rcv.nxt) {
            arriving = arriving.without_syn();
            let old = (self.rcv.nxt - arriving.seq) as usize;
            let old = old - usize::from(old > 0 && self.is_sabotaged(Sabotage::OverlapDeliveredTwice));
            if arriving.seq.is_before(self.rcv.nxt) {
                arriving.text = arriving.text.get(old..).unwrap_or_default();
                arriving.seq = self.rcv.nxt;
            }
        }
        let room = (self.rcv.nxt + self.rcv.wnd) - arriving.text_seq();
        if arriving.text.len() as u32 > room {
            arriving.text = &arriving.text[..room as usize];
            arriving.flags = arriving.flags.without(Flags::FIN);
        } else if arriving.text.len() as u32 == room {
            arriving.flags = arriving.flags.without(Flags::FIN); // the FIN itself is outside
        }
        arriving
    }

    /// Second: RST. It is judged by its sequence number alone, before anything else of the segment
    /// is looked at, so that a closed window or data on it change nothing (MUST-66, SHLD-2).
    fn check_rst(&mut self, now: Instant, arriving: &Arriving<'_>) -> Step {
        if !arriving.has(Flags::RST) {
            return Continue(());
        }
        if self.state == State::TimeWait && !self.config.resets_end_time_wait {
            return Break(Disposition::Drop(clause::RST_TIME_WAIT));
        }
        let exact = arriving.seq == self.rcv.nxt || self.is_sabotaged(Sabotage::RstAnywhere);
        if !exact && !arriving.seq.is_in_window(self.rcv.nxt, self.rcv.wnd) {
            return Break(Disposition::Drop(clause::RST_OUTSIDE));
        }
        if !exact && self.config.blind_attack_checks {
            self.challenge(now);
            return Break(Disposition::Acknowledge(clause::RST_IN_WINDOW));
        }
        match self.state {
            State::SynReceived if self.falls_back_to_listen() => self.return_to_listen(Event::RstPassive),
            State::SynReceived if !self.passive => self.fail(Event::Rst, Notice::Refused),
            State::TimeWait | State::Closing | State::LastAck => {
                // both sides have closed: what has arrived is whole, and stays for the application
                self.pending.replies.clear();
                self.advance(Event::Rst);
                self.notices.push_back(Notice::Closed);
            }
            _ => self.fail(Event::Rst, Notice::Reset),
        }
        Break(Disposition::Drop(if exact { clause::RST_EXACT } else { clause::RST_IN_WINDOW_793 }))
    }

    /// Back to LISTEN, as if nothing had come.
    pub(in crate::tcp) fn return_to_listen(&mut self, event: Event) {
        self.advance(event);
        self.forget();
        self.pending.replies.clear();
        self.fin_at = None;
    }

    /// Fourth: SYN.
    fn check_syn(&mut self, now: Instant, arriving: &Arriving<'_>) -> Step {
        if !arriving.has(Flags::SYN) {
            return Continue(());
        }
        let passive = self.falls_back_to_listen();
        if passive && self.config.syn_in_syn_received == SynInSynReceived::ReturnToListen {
            self.return_to_listen(Event::SynPassive);
            return Break(Disposition::Drop(clause::SYN_RETURN_TO_LISTEN));
        }
        if passive && self.config.syn_in_syn_received == SynInSynReceived::Reset {
            self.return_to_listen(Event::SynPassive);
            self.pending.replies.push_back(Reply::Reset { seq: self.snd.nxt, ack: Some(self.rcv.nxt) });
            return Break(Disposition::Reset(clause::SYN_RETURN_TO_LISTEN));
        }
        if passive || self.config.blind_attack_checks {
            self.challenge(now);
            return Break(Disposition::Acknowledge(clause::SYN_CHALLENGE));
        }
        self.pending.replies.push_back(Reply::Reset { seq: self.snd.nxt, ack: Some(self.rcv.nxt) });
        self.fail(Event::SynInWindow, Notice::Reset);
        Break(Disposition::Reset(clause::SYN_RESET_793))
    }

    /// Fifth: ACK.
    fn check_ack(&mut self, now: Instant, arriving: &Arriving<'_>) -> Step {
        if !arriving.has(Flags::ACK) {
            return Break(Disposition::Drop(clause::NO_ACK));
        }
        if self.state == State::SynReceived {
            self.check_ack_of_syn(now, arriving)?;
        }
        self.check_ack_range(now, arriving)?;
        let fin_was_acknowledged = self.fin_was_sent() && arriving.ack == self.snd.nxt;
        self.process_ack(now, arriving);
        match self.state {
            State::FinWait1 if fin_was_acknowledged => self.advance(Event::AckOfFin),
            State::Closing if fin_was_acknowledged => {
                self.advance(Event::AckOfFin);
                self.enter_time_wait(now);
            }
            State::Closing => return Break(Disposition::Drop(clause::CLOSING_ACK)),
            State::LastAck if fin_was_acknowledged => {
                self.advance(Event::AckOfFin);
                self.notices.push_back(Notice::Closed);
                return Break(Disposition::Drop(clause::LAST_ACK));
            }
            _ => {}
        }
        Continue(())
    }

    fn check_ack_of_syn(&mut self, now: Instant, arriving: &Arriving<'_>) -> Step {
        if !arriving.ack.is_acceptable_ack(self.snd.una, self.snd.nxt) {
            self.pending.replies.push_back(Reply::Reset { seq: arriving.ack, ack: None });
            return Break(Disposition::Reset(clause::ACK_SYN_RECEIVED));
        }
        self.advance(Event::AckOfSyn);
        self.set_send_window(arriving);
        self.become_established(now);
        if self.fin_queued {
            self.advance(Event::Close); // it was deferred (§3.10.4)
        }
        Continue(())
    }

    fn check_ack_range(&mut self, now: Instant, arriving: &Arriving<'_>) -> Step {
        let above = arriving.ack.is_after(self.snd.nxt) && !self.is_sabotaged(Sabotage::AckOfUnsentIgnored);
        let oldest = self.snd.una.back(self.snd.max_wnd.max(1));
        let below = self.config.blind_attack_checks && arriving.ack.is_before(oldest);
        if above || below {
            self.challenge(now);
            let clause = if self.config.blind_attack_checks { clause::ACK_RANGE } else { clause::ACK_UNSENT };
            return Break(Disposition::Acknowledge(clause));
        }
        Continue(())
    }

    fn process_ack(&mut self, now: Instant, arriving: &Arriving<'_>) {
        let ack = arriving.ack;
        let window_before = self.snd.wnd;
        let window_is_fresh =
            self.snd.wl1.is_before(arriving.seq) || self.snd.wl1 == arriving.seq && self.snd.wl2.is_at_or_before(ack);
        let window_is_fresh = window_is_fresh || self.is_sabotaged(Sabotage::OldSegmentsSetWindow);
        let advances = ack.is_acceptable_ack(self.snd.una, self.snd.nxt);
        let is_duplicate = ack == self.snd.una
            && self.snd.in_flight() > 0
            && arriving.len() == 0
            && self.scaled(arriving.window) == window_before; // RFC 5681 §2
        if ack.is_at_or_after(self.snd.una) && window_is_fresh {
            self.set_send_window(arriving);
        }
        let sack = self.learn_from_sack(ack, arriving.sack, self.arrival(now, arriving.timestamps));
        // our SYN is no data: its acknowledgment opens no window (RFC 5681 §3.1)
        let syn = u32::from(!self.syn_is_acknowledged());
        let octets = if advances { ack - self.snd.una - syn } else { 0 };
        if advances {
            self.acknowledge_sent(now, ack, arriving.timestamps);
        }
        let echo = self.hears_echo(arriving.flags);
        self.hear_echo(now, ack, octets, echo);
        // What a peer answers to probes of its closed window is no sign of loss; progress always counts, or a recovery
        // would never end whose last octet is acknowledged by such an answer.
        if window_before > 0 || octets > 0 {
            let is_bare = arriving.len() == 0 && arriving.sack.is_empty();
            self.recover(now, News { ack, octets, is_duplicate, is_bare, sack, echo });
        }
        self.window_may_have_opened(now, window_before);
        if advances || sack.fresh > 0 {
            self.schedule_tail_probe(now);
        }
    }

    fn scaled(&self, window: u16) -> u32 {
        u32::from(window) << self.snd.wind_shift
    }

    fn set_send_window(&mut self, arriving: &Arriving<'_>) {
        self.snd.wnd = self.scaled(arriving.window);
        self.snd.max_wnd = self.snd.max_wnd.max(self.snd.wnd);
        self.snd.wl1 = arriving.seq;
        self.snd.wl2 = arriving.ack;
    }

    /// SND.UNA moves up to `ack`: what it covers leaves the retransmission queue.
    pub(super) fn acknowledge_sent(&mut self, now: Instant, ack: Seq, echo: Option<(u32, u32)>) {
        let in_flight = self.snd.in_flight();
        let arrival = self.arrival(now, echo);
        let syn = !self.syn_is_acknowledged();
        let covered = ((ack - self.send_buffer_seq) as usize).min(self.send_buffer.len());
        self.send_buffer.drain(..covered);
        self.send_buffer_seq += covered as u32;
        self.snd.una = ack;
        self.syn_acknowledged = true;
        if self.snd.up.is_before(ack) {
            self.snd.up = ack; // the urgent mark does not fall behind
        }
        let rack = &mut self.recovery.rack;
        let mut largest = 0;
        let mut delivered = u32::from(syn);
        self.sent.acknowledge(ack, |sent| {
            largest = largest.max(sent.len);
            delivered += u32::from(!sent.sacked && !sent.was_sacked);
            if let Some(arrival) = arrival {
                rack.note_delivered(sent, arrival);
            }
        });
        self.counters.delivered(delivered);
        self.path_mtu.acknowledged(ack, largest + u32::from(self.snd.mss).saturating_sub(self.congestion.smss()));
        self.soft_error = None; // there is progress again
        self.measure_round_trip(now, ack, in_flight, echo);
        if self.timers.is_set(Timer::Persist) {
            self.rto.end_back_off(); // it was a probe that the peer had room for
        } else {
            self.rto.note_progress();
        }
        if syn {
            self.pending.syn = false;
        }
        // RFC 6298 §5.2, §5.3
        if self.snd.in_flight() == 0 {
            self.cancel_loss_timers();
            self.unacknowledged_since = None;
        } else if self.timers.is_set(Timer::Retransmission) {
            self.unacknowledged_since = None;
            self.start_retransmission_timer(now);
        }
        self.restart_user_timer(now);
    }

    /// By the echo of a timestamp if there is one, else by the segment that is being timed
    /// (RFC 6298 §3). `in_flight`: what was out before this acknowledgment.
    fn measure_round_trip(&mut self, now: Instant, ack: Seq, in_flight: u32, echo: Option<(u32, u32)>) {
        match self.measured_by_echo(now, echo) {
            Some(r) => {
                self.counters.measured(r);
                self.rto.stop_timing();
                self.rto.measure_one_of(r, in_flight.div_ceil(2 * self.congestion.smss()));
            }
            None => {
                if let Some(r) = self.rto.acknowledged(ack, now) {
                    self.counters.measured(r);
                }
            }
        }
    }

    /// The window opened: what was probed, or sent into the closed window, goes out again.
    fn window_may_have_opened(&mut self, now: Instant, before: u32) {
        if before > 0 || self.snd.wnd == 0 {
            return;
        }
        self.timers.cancel(Timer::Persist);
        self.pending.probe = false;
        self.rto.end_back_off();
        if self.snd.in_flight() > 0 && self.syn_is_acknowledged() {
            self.recovery.f_rto = FRto::Off; // no question that a closed window has answered holds this back
            self.sent.lose_all();
            self.start_retransmission_timer(now);
        }
    }

    /// Sixth: URG. The pointer is of no interest once the peer has closed.
    pub(super) fn check_urgent_pointer(&mut self, arriving: &Arriving<'_>) {
        if !arriving.has(Flags::URG) || self.state.has_received_fin() {
            return;
        }
        if arriving.up.is_after(self.rcv.up) {
            self.rcv.up = arriving.up;
            self.tell(Notice::Urgent);
        }
    }

    /// Seventh: is there anybody to take the text?
    fn check_text(&mut self, arriving: &Arriving<'_>) -> Step {
        let closing = matches!(self.state, State::FinWait1 | State::FinWait2);
        let is_deaf = self.is_sabotaged(Sabotage::FailureToSendRstAfterHalfDuplexClose);
        if closing && self.detached && !arriving.text.is_empty() && !is_deaf {
            self.pending.replies.clear();
            self.pending.replies.push_back(Reply::Reset { seq: self.snd.nxt, ack: None });
            self.fail(Event::TextAfterClose, Notice::Closed);
            return Break(Disposition::Reset(clause::TEXT_AFTER_CLOSE));
        }
        Continue(())
    }

    /// Seventh: the text itself. In order, it goes to the application; above RCV.NXT, it is held.
    pub(super) fn take_text(&mut self, now: Instant, arriving: &Arriving<'_>) {
        if self.state.has_received_fin() {
            return;
        }
        let had_gap = !self.reassembly.is_empty();
        let fresh = self.take_in_order(arriving);
        self.received += fresh;
        self.rcv.nxt += fresh as u32;
        self.rcv.wnd = self.rcv.wnd.saturating_sub(fresh as u32);
        if had_gap && fresh > 0 {
            self.pending.ack = true; // it fills a gap, or a part of one (RFC 5681 §4.2)
        } else if fresh > 0 {
            self.acknowledge_soon(now, fresh as u32);
        }
        if arriving.len() > 0 && (fresh == 0 || !self.reassembly.is_empty()) && self.fin_at != Some(self.received) {
            // out of order, or a gap remains: the sender learns of it at once (RFC 5681 §4.2)
            self.pending.ack = false;
            self.pending.replies.push_back(Reply::Ack);
        }
    }

    /// Moves what is in order into the receive buffer; how many octets. What comes when nothing is
    /// missing takes the short way.
    fn take_in_order(&mut self, arriving: &Arriving<'_>) -> u64 {
        if !self.reassembly.is_empty() || arriving.seq != self.rcv.nxt || arriving.has(Flags::FIN) {
            self.hold_text(arriving);
            return self.reassembly.take(self.received, &mut self.receive_buffer);
        }
        self.receive_buffer.extend(arriving.text);
        arriving.text.len() as u64
    }

    /// Puts text and FIN where they belong in the stream.
    pub(super) fn hold_text(&mut self, arriving: &Arriving<'_>) {
        if self.is_sabotaged(Sabotage::FailureToRetainAboveSequenceData) && arriving.seq != self.rcv.nxt {
            return;
        }
        let at = self.received + u64::from(arriving.seq - self.rcv.nxt);
        if let Some((_, last)) = self.reassembly.run_around(at).filter(|_| !arriving.text.is_empty()) {
            let twice = (last - at).min(arriving.text.len() as u64);
            self.note_duplicate(arriving.seq, arriving.seq + twice as u32);
        }
        self.reassembly.insert(self.received, at, arriving.text);
        if arriving.has(Flags::FIN) {
            self.fin_at.get_or_insert(at + arriving.text.len() as u64);
        }
    }

    /// Eighth: FIN, once everything before it has arrived.
    pub(super) fn take_fin(&mut self, now: Instant) {
        if self.fin_at != Some(self.received) || self.state.has_received_fin() || !self.state.is_synchronized() {
            return;
        }
        self.rcv.nxt += 1;
        self.pending.ack = true;
        self.reassembly.clear();
        self.advance(Event::Fin);
        self.notices.push_back(Notice::Closing);
        if self.state == State::TimeWait {
            self.enter_time_wait(now);
        }
    }
}

#[cfg(test)]
mod tests;
