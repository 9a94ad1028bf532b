//! The states of a connection and every transition between them (RFC 9293 §3.3.2, figure 5).
//!
//! [`State::next`] is the only place that knows which state follows which. Whatever else happens
//! to a connection, its state changes by this table or not at all.

use core::fmt;

/// The state of a connection (RFC 9293 §3.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// No connection at all.
    Closed,
    /// Waiting for a SYN.
    Listen,
    /// A SYN was sent.
    SynSent,
    /// SYNs went both ways; ours is not acknowledged yet.
    SynReceived,
    /// Data flows.
    Established,
    /// We have closed; our FIN is not acknowledged yet.
    FinWait1,
    /// We have closed, the peer has not.
    FinWait2,
    /// The peer has closed, we have not.
    CloseWait,
    /// Both have closed; our FIN is not acknowledged yet.
    Closing,
    /// The peer closed first, then we; our FIN is not acknowledged yet.
    LastAck,
    /// Both are done; old duplicates die out for two maximum segment lifetimes.
    TimeWait,
}

/// What can move a connection from one state to another: user calls, what an arriving segment
/// turns out to be, and timeouts.
///
/// One segment can be several events: an acknowledgment of our FIN that carries the peer's is
/// [`Event::AckOfFin`], then [`Event::Fin`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// OPEN call, passive (§3.10.1).
    PassiveOpen,
    /// OPEN call, active, or SEND on a listening connection with a known remote (§3.10.1, §3.10.2).
    ActiveOpen,
    /// CLOSE call (§3.10.4).
    Close,
    /// CLOSE call while received data is unread: a reset tells the peer (§3.6.1, SHLD-3).
    CloseUnread,
    /// ABORT call (§3.10.5).
    Abort,
    /// ABORT call on a connection that then lingers (§3.5.2, figure 5 note 3).
    AbortAndLinger,
    /// A SYN, without an acknowledgment of ours, where one is welcome (§3.10.7.2-3).
    Syn,
    /// A SYN that acknowledges ours (§3.10.7.3).
    SynAck,
    /// A SYN in the window of a passively opened connection (§3.10.7.4 step 4).
    SynPassive,
    /// A SYN in the window where RFC 5961 is not followed (§3.10.7.4 step 4).
    SynInWindow,
    /// The acknowledgment of our SYN (§3.10.7.4 step 5).
    AckOfSyn,
    /// The acknowledgment of our FIN (§3.10.7.4 step 5).
    AckOfFin,
    /// The peer's FIN, in order (§3.10.7.4 step 8).
    Fin,
    /// A valid RST (§3.10.7.3, §3.10.7.4 step 2).
    Rst,
    /// A valid RST on a passively opened connection (§3.10.7.4 step 2).
    RstPassive,
    /// A valid RST on a connection that reopened TIME-WAIT: the SYN was an old duplicate (§3.6.1, MAY-2).
    RstReopened,
    /// Data for an application that has gone (§3.6.1, SHLD-3).
    TextAfterClose,
    /// The user timeout (§3.10.8).
    UserTimeout,
    /// Retransmissions reached R2 (§3.8.3).
    GiveUp,
    /// Retransmissions of a passive opener's SYN,ACK reached R2 (§3.8.3).
    GiveUpPassive,
    /// Keep-alive probes went unanswered (§3.8.4).
    KeepAliveTimeout,
    /// A hard ICMP error (§3.9.2.2, SHLD-26).
    HardError,
    /// The time-wait timeout (§3.10.8).
    TimeWaitTimeout,
    /// FIN-WAIT-2 lasted too long for an application that has gone; no RFC has this.
    FinWait2Timeout,
}

impl State {
    /// Every state, in the order of RFC 9293 §3.3.2.
    pub const ALL: [State; 11] = [
        State::Closed,
        State::Listen,
        State::SynSent,
        State::SynReceived,
        State::Established,
        State::FinWait1,
        State::FinWait2,
        State::CloseWait,
        State::Closing,
        State::LastAck,
        State::TimeWait,
    ];

    /// The state after `event`, or `None` if the event does not exist in this state.
    pub const fn next(self, event: Event) -> Option<State> {
        use Event as E;
        use State::{
            CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynReceived, SynSent,
            TimeWait,
        };
        let next = match (self, event) {
            (Closed, E::PassiveOpen) => Listen,
            (Closed | Listen, E::ActiveOpen) => SynSent,

            (Listen | TimeWait, E::Syn) => SynReceived, // TIME-WAIT: MAY-2
            (SynSent, E::Syn) => SynReceived,
            (SynSent, E::SynAck) => Established,
            (SynReceived, E::AckOfSyn) => Established,
            (SynReceived, E::SynPassive | E::RstPassive | E::GiveUpPassive) => Listen,
            (SynReceived, E::RstReopened) => TimeWait,

            (Listen | SynSent, E::Close) => Closed,
            (SynReceived | Established, E::Close) => FinWait1,
            (CloseWait, E::Close) => LastAck,
            (Established | CloseWait, E::CloseUnread) => Closed,
            (FinWait1 | FinWait2, E::TextAfterClose) => Closed,

            (FinWait1, E::AckOfFin) => FinWait2,
            (Closing, E::AckOfFin) => TimeWait,
            (LastAck, E::AckOfFin) => Closed,
            (Established, E::Fin) => CloseWait,
            (FinWait1, E::Fin) => Closing,
            (FinWait2, E::Fin) => TimeWait,

            (Closed, _) => return None,
            (Listen, E::Abort | E::UserTimeout) => Closed,
            (Listen, _) => return None,
            (_, E::Abort | E::Rst | E::UserTimeout | E::HardError) => Closed,
            (SynReceived | Established | FinWait1 | FinWait2 | CloseWait, E::AbortAndLinger) => TimeWait,
            (TimeWait, E::TimeWaitTimeout) => Closed,
            (FinWait2, E::FinWait2Timeout) => Closed,
            (FinWait2 | TimeWait, E::GiveUp) => return None, // nothing is left to retransmit
            (_, E::GiveUp) => Closed,
            (SynSent, E::SynInWindow) => return None,
            (_, E::SynInWindow) => Closed,
            (Established | FinWait1 | FinWait2 | CloseWait, E::KeepAliveTimeout) => Closed,
            _ => return None,
        };
        Some(next)
    }

    /// Whether both sides agree on sequence numbers (RFC 9293 §3.5.2: ESTABLISHED and later).
    pub const fn is_synchronized(self) -> bool {
        !matches!(self, State::Closed | State::Listen | State::SynSent | State::SynReceived)
    }

    /// Whether the peer's FIN has been processed.
    pub const fn has_received_fin(self) -> bool {
        matches!(self, State::CloseWait | State::Closing | State::LastAck | State::TimeWait)
    }

    /// Whether CLOSE has been called.
    pub const fn has_closed(self) -> bool {
        matches!(self, State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck | State::TimeWait)
    }
}

impl Event {
    /// Every event, in the order in which they are declared.
    pub const ALL: [Event; 24] = [
        Event::PassiveOpen,
        Event::ActiveOpen,
        Event::Close,
        Event::CloseUnread,
        Event::Abort,
        Event::AbortAndLinger,
        Event::Syn,
        Event::SynAck,
        Event::SynPassive,
        Event::SynInWindow,
        Event::AckOfSyn,
        Event::AckOfFin,
        Event::Fin,
        Event::Rst,
        Event::RstPassive,
        Event::RstReopened,
        Event::TextAfterClose,
        Event::UserTimeout,
        Event::GiveUp,
        Event::GiveUpPassive,
        Event::KeepAliveTimeout,
        Event::HardError,
        Event::TimeWaitTimeout,
        Event::FinWait2Timeout,
    ];
}

impl fmt::Display for State {
    /// The RFC's spelling.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            State::Closed => "CLOSED",
            State::Listen => "LISTEN",
            State::SynSent => "SYN-SENT",
            State::SynReceived => "SYN-RECEIVED",
            State::Established => "ESTABLISHED",
            State::FinWait1 => "FIN-WAIT-1",
            State::FinWait2 => "FIN-WAIT-2",
            State::CloseWait => "CLOSE-WAIT",
            State::Closing => "CLOSING",
            State::LastAck => "LAST-ACK",
            State::TimeWait => "TIME-WAIT",
        })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::{Event, State};
    use alloc::string::String;
    use core::fmt::Write as _;

    /// All 11 states x all events; `-` is an event that does not exist in a state.
    #[test]
    fn every_state_and_every_event() {
        let mut table = String::new();
        for event in Event::ALL {
            let _ = writeln!(table, "{event:?}"); // a String takes everything
            for state in State::ALL {
                if let Some(next) = state.next(event) {
                    let _ = writeln!(table, "    {state:12} -> {next}");
                }
            }
        }
        let cells = State::ALL.len() * Event::ALL.len();
        let moves = State::ALL.iter().flat_map(|s| Event::ALL.iter().map(|e| s.next(*e))).flatten().count();
        let others = cells - moves;
        let _ = writeln!(table, "{moves} transitions; in the other {others} of {cells} cells the event does not exist");
        insta::assert_snapshot!(table);
    }
}
