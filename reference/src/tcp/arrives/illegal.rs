//! Segments with an illegal option length: nobody knows where the next option begins (RFC 9293
//! §3.1, MUST-7).

use super::{Arriving, Disposition};
use crate::clause;
use crate::tcp::{Connection, Event, IllegalOptions, Notice, Reply, State, reset_for};
use crate::time::Instant;
use crate::wire::{Flags, Segment};

impl Connection {
    /// A segment of this connection arrives that has an option of illegal length; `segment` has the
    /// options before it. [`Config::illegal_options`] says what becomes of it.
    ///
    /// [`Config::illegal_options`]: crate::tcp::Config::illegal_options
    pub fn handle_illegal_options(&mut self, now: Instant, segment: &Segment) -> Disposition {
        match self.config.illegal_options {
            IllegalOptions::Ignore => self.handle_segment(now, segment),
            IllegalOptions::Reset if self.may_reset_for(segment) => self.reset_for_illegal_option(segment),
            IllegalOptions::Discard | IllegalOptions::Reset => Disposition::Drop(clause::ILLEGAL_OPTION),
        }
    }

    /// Whether the segment is the peer's as far as one can tell: a stranger who sends rubbish must
    /// not end the connection more easily than by a RST (RFC 5961 §3.2).
    fn may_reset_for(&self, segment: &Segment) -> bool {
        let acknowledges = segment.flags.contains(Flags::ACK);
        match self.state {
            _ if segment.flags.contains(Flags::RST) => false, // a reset is never answered by one
            State::Closed => false,
            State::Listen => true,
            State::SynSent => {
                segment.flags.contains(Flags::SYN)
                    && (!acknowledges || segment.ack.is_acceptable_ack(self.snd.iss, self.snd.nxt))
            }
            _ if self.config.blind_attack_checks => segment.seq == self.rcv.nxt,
            _ => self.rcv.is_acceptable(segment.seq, Arriving::new(segment).len()),
        }
    }

    /// In LISTEN only the segment is refused; any other state ends.
    fn reset_for_illegal_option(&mut self, segment: &Segment) -> Disposition {
        if matches!(self.state, State::Listen | State::SynSent) {
            if let Some(reset) = reset_for(segment) {
                let ack = reset.flags.contains(Flags::ACK).then_some(reset.ack);
                self.remote_port = segment.source_port;
                self.pending.replies.push_back(Reply::Reset { seq: reset.seq, ack });
            }
        } else {
            self.pending.replies.push_back(Reply::Reset { seq: self.snd.nxt, ack: Some(self.rcv.nxt) });
        }
        if self.state != State::Listen {
            self.fail(Event::Rst, Notice::Reset);
        }
        Disposition::Reset(clause::ILLEGAL_OPTION)
    }
}
