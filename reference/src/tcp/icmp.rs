//! ICMP errors (RFC 9293 §3.9.2.2), with the doubts that forgeries deserve (RFC 5927, RFC 5461).

use super::{Connection, Disposition, Event, HardErrors, Notice, PacketTooBig, SoftErrors, State};
use crate::clause;
use crate::seq::Seq;
use crate::time::Instant;

/// What an ICMP error says of a segment that we sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IcmpError {
    /// The peer's port or protocol cannot be reached (SHLD-26).
    Hard,
    /// It did not arrive, but the next one may (MUST-56).
    Soft(SoftError),
    /// It was too big for the path.
    TooBig(PacketTooBig),
}

/// Trouble that may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SoftError {
    /// No way to the network.
    NetworkUnreachable,
    /// No way to the host, or a way that is closed to us.
    HostUnreachable,
    /// A hop limit, or the time for reassembly, was exceeded.
    TimeExceeded,
    /// Somebody did not understand a header.
    ParameterProblem,
}

impl Connection {
    /// An ICMP error quotes a segment of this connection that begins at `seq`. It counts only if
    /// that segment may be in flight (RFC 5927 §4.1).
    pub fn handle_icmp(&mut self, now: Instant, seq: Seq, error: IcmpError) -> Disposition {
        let is_gone = matches!(self.state, State::Closed | State::Listen); // nothing is in flight any more
        if is_gone || !seq.is_in_window(self.snd.una, self.snd.in_flight()) {
            return Disposition::Drop(clause::ICMP_OUTSIDE);
        }
        match error {
            IcmpError::Hard => self.handle_hard_error(),
            IcmpError::Soft(error) => self.handle_soft_error(error),
            IcmpError::TooBig(told) if self.config.path_mtu_discovery => self.handle_packet_too_big(now, seq, told),
            // who does not discover the path MTU takes code 4 for a hard error (SHLD-26); in IPv6,
            // whose messages have no such class, it means nothing
            IcmpError::TooBig(told) if !told.is_v6 => self.handle_hard_error(),
            IcmpError::TooBig(_) => Disposition::Drop(clause::ICMP_ENDURED),
        }
    }

    /// SHLD-26; [`Config::hard_errors`](super::Config::hard_errors) says what it ends.
    fn handle_hard_error(&mut self) -> Disposition {
        let ends = match self.state {
            State::Closed | State::Listen => false,
            State::SynSent | State::SynReceived => self.config.hard_errors != HardErrors::EndNothing,
            _ => self.config.hard_errors == HardErrors::EndConnections,
        };
        if !ends {
            return Disposition::Drop(clause::ICMP_ENDURED);
        }
        self.fast_open_failed();
        self.fail(Event::HardError, Notice::Unreachable);
        Disposition::Accept
    }

    /// MUST-56: it ends no connection. It is kept for the case that the connection ends by itself
    /// (SHLD-25), and the application is told.
    fn handle_soft_error(&mut self, error: SoftError) -> Disposition {
        self.soft_error = Some(error);
        self.fast_open_failed();
        let handshake = matches!(self.state, State::SynSent | State::SynReceived);
        let ends = match self.config.soft_errors {
            SoftErrors::Remember => false,
            SoftErrors::EndHandshakes => true,
            SoftErrors::EndHandshakesAfter(retransmissions) => self.rto.timeouts() > retransmissions,
        };
        if handshake && ends {
            self.fail(Event::HardError, Notice::Unreachable);
        } else {
            self.tell(Notice::SoftError(error));
        }
        Disposition::Drop(clause::ICMP_ENDURED)
    }

    /// The last soft error since the peer acknowledged something: the likely reason, should the
    /// connection time out (RFC 5461 §2.2).
    pub fn soft_error(&self) -> Option<SoftError> {
        self.soft_error
    }

    /// Queues a notice, once: an application that never asks must not make them pile up.
    pub(super) fn tell(&mut self, notice: Notice) {
        if !self.notices.contains(&notice) {
            self.notices.push_back(notice);
        }
    }
}
