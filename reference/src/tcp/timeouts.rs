//! Timeouts (RFC 9293 §3.10.8, §3.8.3, §3.8.4, §3.8.6.1; RFC 6298 §5).

use super::timers::Timer;
use super::{Connection, Event, Notice, Reply, Sabotage, State, WindowProbe};
use crate::time::{Duration, Instant};

impl Connection {
    /// Handles every timer that is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(timer) = self.timers.expire(now) {
            match timer {
                Timer::User => self.fail(Event::UserTimeout, Notice::TimedOut),
                Timer::TimeWait => {
                    self.advance(Event::TimeWaitTimeout);
                    self.notices.push_back(Notice::Closed);
                }
                Timer::Reordering => self.reordering_timeout(now),
                Timer::Probe => self.probe_timeout(now),
                Timer::Retransmission => self.retransmission_timeout(now),
                Timer::Persist => self.persist_timeout(now),
                Timer::KeepAlive => self.keep_alive_timeout(now),
                Timer::DelayedAck => self.delayed_ack_timeout(),
                Timer::FinWait2 => self.fin_wait_2_timeout(),
                Timer::PathMtu => self.increase_path_mtu(now),
            }
        }
    }

    /// RFC 6298 §5.1: the timer runs while something is unacknowledged.
    pub(super) fn start_retransmission_timer(&mut self, now: Instant) {
        self.timers.set(Timer::Retransmission, now + self.rto.current());
        self.unacknowledged_since.get_or_insert(now);
        if !self.timers.is_set(Timer::User) {
            self.restart_user_timer(now);
        }
    }

    /// Nothing is in flight, or nothing that the peer's window allows.
    pub(super) fn cancel_loss_timers(&mut self) {
        for timer in [Timer::Retransmission, Timer::Reordering, Timer::Probe] {
            self.timers.cancel(timer);
        }
    }

    /// §3.10.8: data may stay unacknowledged for so long.
    pub(super) fn restart_user_timer(&mut self, now: Instant) {
        match self.user_timeout() {
            Some(limit) if self.unacknowledged_since.is_some() => self.timers.set(Timer::User, now + limit),
            _ => self.timers.cancel(Timer::User),
        }
    }

    /// Whether R2 has passed since the oldest unacknowledged octet was sent (§3.8.3).
    fn has_reached_r2(&self, now: Instant) -> bool {
        if self.syn_is_acknowledged() && self.user_timeout().is_some() {
            return false; // the application, or both sides, have chosen another limit (MUST-21)
        }
        let retries = match self.state {
            _ if self.syn_is_acknowledged() => self.config.retries,
            State::SynReceived => self.config.syn_ack_retries,
            _ => self.config.syn_retries,
        };
        if let Some(retries) = retries {
            return self.rto.timeouts() >= retries;
        }
        let r2 = if self.syn_is_acknowledged() { self.config.r2 } else { self.config.r2_syn };
        // R2 lies beyond R1 (SHLD-10), also where a long back-off makes few retransmissions of it
        self.rto.timeouts() >= self.config.r1 && self.unacknowledged_since.is_some_and(|since| now.since(since) >= r2)
    }

    fn give_up(&mut self) {
        if self.falls_back_to_listen() {
            self.return_to_listen(Event::GiveUpPassive);
        } else {
            self.fail(Event::GiveUp, Notice::TimedOut);
        }
    }

    /// RFC 6298 §5.4-5.6: send the earliest segment again, double the RTO.
    fn retransmission_timeout(&mut self, now: Instant) {
        if self.ends_wait() {
            return;
        }
        if self.has_reached_r2(now) {
            self.give_up();
            return;
        }
        if !self.is_sabotaged(Sabotage::KarnIgnored) {
            self.rto.stop_timing();
        }
        if !self.syn_is_acknowledged() {
            self.syn_losses = self.syn_losses.saturating_add(1);
            self.fast_open_failed();
            self.pending.syn = true;
        } else if self.snd.wnd == 0 {
            // the peer closed the window over what is in flight: this is probing (§3.8.6.1)
            self.probe(now);
            return;
        } else {
            self.lose_everything(now);
            self.heed_pending_packet_too_big(now);
        }
        if !self.is_sabotaged(Sabotage::FailureToBackOff) {
            self.rto.back_off();
        }
        if self.rto.timeouts() == self.config.r1 {
            self.tell(Notice::ExcessiveRetransmission); // MUST-20, SHLD-9
        }
        self.start_retransmission_timer(now);
    }

    /// Runs while there is something to send that the window does not let out.
    pub(super) fn start_persist_timer(&mut self, now: Instant) {
        if !self.timers.is_set(Timer::Persist) {
            self.timers.set(Timer::Persist, now + self.persist_interval());
        }
    }

    fn persist_interval(&self) -> Duration {
        self.rto.current().max(self.config.min_persist.unwrap_or_default())
    }

    fn persist_timeout(&mut self, now: Instant) {
        if self.is_sabotaged(Sabotage::NoWindowProbe) {
            return;
        }
        if self.snd.wnd == 0 {
            self.probe(now);
        } else {
            self.pending.small_segment = true; // the override of §3.8.6.2.1
        }
    }

    /// §3.8.6.1: one octet into the closed window. The connection stays open as long as probes are
    /// answered (MUST-37); if none is, R2 ends it as it ends retransmission.
    fn probe(&mut self, now: Instant) {
        if self.silent_probes > 0 && self.has_reached_r2(now) {
            self.give_up();
            return;
        }
        if self.silent_probes == 0 {
            self.unacknowledged_since = Some(now);
        }
        self.silent_probes += 1;
        if self.config.window_probe == WindowProbe::OldNumber && self.snd.in_flight() == 0 {
            self.pending.replies.push_back(Reply::KeepAlive); // the same segment, for another reason
        } else {
            self.pending.probe = true;
        }
        self.rto.back_off();
        self.cancel_loss_timers();
        self.timers.set(Timer::Persist, now + self.persist_interval());
        if !self.timers.is_set(Timer::User) {
            self.restart_user_timer(now);
        }
    }

    /// Nobody is left who could read, and the peer does not close (`tcp_fin_timeout` of Linux,
    /// `finwait2_timeout` of FreeBSD; RFC 9293 has no such limit).
    pub(super) fn start_fin_wait_2_timer(&mut self, now: Instant) {
        if let Some(limit) = self.config.fin_wait_2_timeout
            && self.detached
            && self.state == State::FinWait2
            && !self.timers.is_set(Timer::FinWait2)
        {
            self.timers.set(Timer::FinWait2, now + limit);
        }
    }

    fn fin_wait_2_timeout(&mut self) {
        if self.state == State::FinWait2 {
            self.advance(Event::FinWait2Timeout);
            self.notices.push_back(Notice::Closed);
        }
    }

    /// §3.8.4: a probe, or the end after as many as the configuration says.
    fn keep_alive_timeout(&mut self, now: Instant) {
        let Some(keep_alive) = self.config.keep_alive else { return };
        let limit = if self.is_sabotaged(Sabotage::ExcessivelyShortKeepAlive) { 1 } else { keep_alive.count };
        if self.keep_alive_probes >= limit {
            self.pending.replies.push_back(Reply::Reset { seq: self.snd.nxt, ack: Some(self.rcv.nxt) });
            self.fail(Event::KeepAliveTimeout, Notice::TimedOut);
            return;
        }
        self.timers.set(Timer::KeepAlive, now + self.keep_alive_after(keep_alive.interval));
        if self.snd.in_flight() == 0 && self.send_buffer.is_empty() {
            self.keep_alive_probes += 1;
            self.pending.replies.push_back(Reply::KeepAlive);
        }
    }
}
