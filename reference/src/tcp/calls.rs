//! User calls (RFC 9293 §3.10.1-6).

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::octets::copy_front;
use super::timers::Timer;
use super::{Config, Connection, Event, Notice, Reply, Sabotage, State};
use crate::seq::Seq;
use crate::time::Instant;

/// Why a call was not served, in the RFC's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError {
    /// There is no connection.
    ConnectionDoesNotExist,
    /// CLOSE has been called, or nothing is left to receive.
    ConnectionClosing,
    /// A listening connection does not know where to send.
    RemoteUnspecified,
    /// No room now; the call may be repeated.
    InsufficientResources,
    /// OPEN was called before.
    ConnectionAlreadyExists,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CallError::ConnectionDoesNotExist => "connection does not exist",
            CallError::ConnectionClosing => "connection closing",
            CallError::RemoteUnspecified => "remote socket unspecified",
            CallError::InsufficientResources => "insufficient resources",
            CallError::ConnectionAlreadyExists => "connection already exists",
        })
    }
}

impl core::error::Error for CallError {}

impl Connection {
    /// OPEN, passive (§3.10.1): waits in LISTEN for a SYN, which it will answer with `iss`.
    pub fn open_passive(config: impl Into<Arc<Config>>, local_port: u16, iss: Seq) -> Connection {
        let mut connection = Connection::new(config.into(), local_port, 0, iss);
        connection.passive = true;
        connection.advance(Event::PassiveOpen);
        connection
    }

    /// OPEN, active (§3.10.1): sends a SYN with `iss` at once.
    pub fn open_active(
        now: Instant,
        config: impl Into<Arc<Config>>,
        local_port: u16,
        remote_port: u16,
        iss: Seq,
    ) -> Connection {
        let mut connection = Connection::new(config.into(), local_port, remote_port, iss);
        connection.advance(Event::ActiveOpen);
        connection.queue_syn(now);
        connection
    }

    /// OPEN, active, of a connection that listens (§3.10.1): it stops waiting and sends its SYN.
    ///
    /// # Errors
    /// No remote port (0), no connection, or one that does more than listen.
    pub fn open(&mut self, now: Instant, remote_port: u16) -> Result<(), CallError> {
        match self.state {
            State::Closed => return Err(CallError::ConnectionDoesNotExist),
            State::Listen if remote_port == 0 => return Err(CallError::RemoteUnspecified),
            State::Listen => {}
            _ => return Err(CallError::ConnectionAlreadyExists),
        }
        self.passive = false;
        self.remote_port = remote_port;
        self.advance(Event::ActiveOpen);
        self.queue_syn(now);
        Ok(())
    }

    /// The SYN, or SYN,ACK, is to be sent for the first time.
    pub(super) fn queue_syn(&mut self, now: Instant) {
        self.pending.syn = true;
        self.snd.una = self.snd.iss;
        self.syn_acknowledged = false;
        self.snd.nxt = self.snd.iss + 1;
        self.start_retransmission_timer(now);
        self.rto.time(self.snd.nxt, now);
    }

    /// SEND (§3.10.2): queues as much of `data` as there is room for and returns how much that
    /// was. `urgent`: the last octet queued is urgent (§3.8.5).
    ///
    /// # Errors
    /// No connection, a listening one, one that has been closed, or no room at all.
    pub fn send(&mut self, data: &[u8], urgent: bool) -> Result<usize, CallError> {
        match self.state {
            State::Closed => return Err(CallError::ConnectionDoesNotExist),
            State::Listen => return Err(CallError::RemoteUnspecified),
            _ if self.fin_queued => return Err(CallError::ConnectionClosing),
            _ => {}
        }
        let room = self.writable();
        if room == 0 && !data.is_empty() {
            return Err(CallError::InsufficientResources);
        }
        let taken = &data[..data.len().min(room)];
        self.send_buffer.extend(taken);
        if urgent && !taken.is_empty() {
            self.snd.up = self.send_end().back(u32::from(self.is_sabotaged(Sabotage::UrgentOffByOne))); // the octet after the last urgent one (MUST-62)
        }
        Ok(taken.len())
    }

    /// RECEIVE (§3.10.3): takes up to `length` octets that arrived in order. An empty answer means
    /// that nothing is there yet.
    ///
    /// # Errors
    /// No connection, or the peer has closed and everything has been received.
    pub fn receive(&mut self, length: usize) -> Result<Vec<u8>, CallError> {
        let length = self.receivable(length)?;
        let mut taken = alloc::vec![0; length];
        self.take_received(&mut taken);
        Ok(taken)
    }

    /// Like [`receive`](Connection::receive), into the caller's buffer; how many octets it took.
    ///
    /// # Errors
    /// As of [`receive`](Connection::receive).
    pub fn receive_into(&mut self, buffer: &mut [u8]) -> Result<usize, CallError> {
        let length = self.receivable(buffer.len())?;
        self.take_received(buffer.get_mut(..length).unwrap_or_default());
        Ok(length)
    }

    /// Fills `buffer`, which is no longer than what there is to receive.
    fn take_received(&mut self, buffer: &mut [u8]) {
        copy_front(&self.receive_buffer, buffer);
        self.receive_buffer.drain(..buffer.len());
        self.rcv.up = self.rcv.up.later(self.next_to_receive()); // what is consumed is not urgent
        self.offer_window_after_receive();
    }

    /// The sequence number of the octet that RECEIVE returns next.
    pub(super) fn next_to_receive(&self) -> Seq {
        self.rcv.nxt.back(self.receive_buffer.len() as u32 + u32::from(self.state.has_received_fin()))
    }

    /// Like [`receive`](Connection::receive), but leaves the octets where they are.
    pub fn peek(&self, length: usize) -> Result<Vec<u8>, CallError> {
        let length = self.receivable(length)?;
        let mut copy = alloc::vec![0; length];
        copy_front(&self.receive_buffer, &mut copy);
        Ok(copy)
    }

    fn receivable(&self, length: usize) -> Result<usize, CallError> {
        if self.receive_buffer.is_empty() {
            if self.state == State::Closed {
                return Err(CallError::ConnectionDoesNotExist);
            }
            if self.state.has_received_fin() {
                return Err(CallError::ConnectionClosing);
            }
        }
        Ok(length.min(self.receive_buffer.len()))
    }

    /// CLOSE (§3.10.4): no more data will be sent; what is queued still is, then a FIN.
    ///
    /// The state changes at once; the FIN goes out behind the data.
    ///
    /// # Errors
    /// No connection, or it is closed already.
    pub fn close(&mut self) -> Result<(), CallError> {
        match self.state {
            State::Closed => return Err(CallError::ConnectionDoesNotExist),
            State::Listen | State::SynSent => {
                self.advance(Event::Close);
                self.notices.push_back(Notice::Closed);
                return Ok(());
            }
            _ if self.fin_queued => return Err(CallError::ConnectionClosing),
            State::SynReceived if !self.send_buffer.is_empty() => {} // deferred until ESTABLISHED
            _ => self.advance(Event::Close),
        }
        self.fin_queued = true;
        Ok(())
    }

    /// CLOSE by an application that will not receive any more either, such as `close` of a socket.
    ///
    /// Data that it has not received is lost, and so is any that arrives later: the peer is told
    /// by a reset (§3.6.1, SHLD-3).
    ///
    /// # Errors
    /// No connection.
    pub fn detach(&mut self) -> Result<(), CallError> {
        self.detached = true;
        let unread = match self.state {
            _ if self.receive_buffer.is_empty() => None,
            _ if self.is_sabotaged(Sabotage::FailureToRstOnCloseWithDataPending) => None,
            State::Established | State::CloseWait => Some(Event::CloseUnread),
            State::FinWait1 | State::FinWait2 => Some(Event::TextAfterClose),
            _ => None, // both sides have closed: there is nobody to tell
        };
        if let Some(event) = unread {
            self.queue_reset();
            self.receive_buffer.clear();
            self.advance(event);
            self.notices.push_back(Notice::Closed);
            return Ok(());
        }
        match self.close() {
            Err(CallError::ConnectionClosing) => Ok(()), // it was shut down before
            closed => closed,
        }
    }

    /// ABORT (§3.10.5): forgets the connection; the peer is told by a reset where it may believe in one.
    ///
    /// # Errors
    /// No connection.
    pub fn abort(&mut self) -> Result<(), CallError> {
        let resets = match self.state {
            State::Closed => return Err(CallError::ConnectionDoesNotExist),
            State::SynReceived | State::Established | State::FinWait1 | State::FinWait2 | State::CloseWait => true,
            State::Listen | State::SynSent | State::Closing | State::LastAck | State::TimeWait => false,
        };
        if resets {
            self.queue_reset();
        }
        self.receive_buffer.clear();
        if resets && self.config.time_wait_after_abort {
            self.forget();
            self.snd.una = self.snd.nxt; // nothing will be sent again
            self.syn_acknowledged = true;
            self.fin_queued = true;
            self.advance(Event::AbortAndLinger);
        } else {
            self.advance(Event::Abort);
        }
        self.notices.push_back(Notice::Closed);
        Ok(())
    }

    /// `<SEQ=SND.NXT><CTL=RST>`: whatever else was to be said no longer matters. An ACK field may
    /// ride on it (§3.5.2) and helps the peer to believe it.
    fn queue_reset(&mut self) {
        self.pending.replies.clear();
        self.pending.replies.push_back(Reply::Reset { seq: self.snd.nxt, ack: Some(self.rcv.nxt) });
    }

    /// Changes options of an open connection. Buffers and segment sizes that were announced in the
    /// handshake stay as they are.
    pub fn configure(&mut self, now: Instant, change: impl FnOnce(&mut Config)) {
        let agreed = (self.config.mss, self.config.window_scale);
        let told = (self.config.user_timeout, self.config.user_timeout_option);
        let was = (self.config.delayed_ack, self.config.congestion_control);
        let config = Arc::make_mut(&mut self.config);
        change(config);
        (config.mss, config.window_scale) = agreed;
        let (delayed_ack, congestion_control) = (config.delayed_ack, config.congestion_control);
        if was.1 != congestion_control {
            self.congestion.switch(congestion_control);
        }
        if was.0 != delayed_ack && delayed_ack.is_none() && self.timers.is_set(Timer::DelayedAck) {
            self.pending.ack = true; // it waits no longer
        }
        if told != (self.config.user_timeout, self.config.user_timeout_option) {
            self.announce_user_timeout();
        }
        self.restart_keep_alive_timer(now);
        self.restart_user_timer(now);
    }
}

#[cfg(test)]
mod tests;
