//! POSIX socket semantics over any [`Engine`]: descriptors, blocking calls, `errno`, options.
//!
//! # What happens at one instant
//!
//! The engine's packets are drained and waiting calls are retried until neither yields anything.
//! Only then do responses leave: **first the packets, in the order of their sending, then the
//! returns**, in the order in which the calls could return, which among calls that become possible
//! together is the order of their tickets. So a return follows the packets that its call caused, as
//! on a machine where the segment has left by the time the process runs again: `connect` returns
//! after the ACK of the handshake, `write` after the segments it filled.
//!
//! Where POSIX leaves a choice or Linux differs, the layer does what Linux does, because scripts in
//! packetdrill's language expect that; the places are marked by comments.
//!
//! # Limits
//!
//! - A call that waits on a descriptor which is closed never returns.
//! - A port in TIME-WAIT does not make `bind` fail without `SO_REUSEADDR`: the descriptor is gone,
//!   and engines need not remember names that nobody holds.
//! - Urgent data is always in line, as RFC 6093 §4 wants it (`SO_OOBINLINE`): `recv(MSG_OOB)` has nothing to take.

mod calls;
mod connecting;
mod descriptor;
mod fast_open;
mod info;
mod linger;
mod names;
mod options;
mod poll;
mod transfer;
mod waiting;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use wirelaw_reference::time::Instant;

use self::descriptor::Table;
use self::waiting::{Failure, Waiting};
use super::engine::Engine;
use super::{Profile, Setup, Stack, StackError};
use crate::habits::HabitValue;
use crate::trace::{Call, Fd, Response, Return, Stimulus, Ticket};

/// How often an engine may be called in a row without a response before it counts as broken, and how
/// many packets it may send at one instant.
const MAX_ROUNDS: usize = 100_000;

/// A [`Stack`] made of an [`Engine`] and POSIX socket semantics.
pub struct Sockets<E: Engine> {
    engine: E,
    setup: Setup,
    now: Instant,
    table: Table<E::Listener, E::Connection>,
    waiting: BTreeMap<Ticket, (Fd, Waiting)>,
    /// Responses of the current instant that wait for its packets.
    returns: Vec<Response>,
    /// Responses in the order in which they leave.
    responses: VecDeque<(Instant, Response)>,
}

impl<E: Engine> fmt::Debug for Sockets<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sockets")
            .field("stack", &self.engine.profile().name)
            .field("now", &self.now)
            .field("table", &self.table)
            .field("waiting", &self.waiting)
            .finish_non_exhaustive()
    }
}

impl<E: Engine> Stack for Sockets<E> {
    fn profile(&self) -> Profile {
        self.engine.profile()
    }

    fn follows(&self, habit: &HabitValue) -> bool {
        self.engine.follows(habit)
    }

    fn stimulate(&mut self, at: Instant, what: &Stimulus) -> Result<(), StackError> {
        self.run_to(at)?;
        match what {
            Stimulus::Packet(octets) => self.engine.handle_packet(self.now, octets),
            Stimulus::Call { ticket, call } => self.call(*ticket, call)?,
        }
        self.settle()
    }

    fn advance(&mut self, until: Instant) -> Result<Option<(Instant, Response)>, StackError> {
        for _ in 0..MAX_ROUNDS {
            if let Some((at, _)) = self.responses.front() {
                return Ok(if *at <= until { self.responses.pop_front() } else { None });
            }
            if !self.step(until)? {
                return Ok(None);
            }
        }
        Err(self.stuck())
    }
}

impl<E: Engine> Sockets<E> {
    /// Puts sockets on `engine`, which was made from `setup`.
    pub fn new(engine: E, setup: &Setup) -> Sockets<E> {
        Sockets {
            engine,
            setup: setup.clone(),
            now: Instant::ZERO,
            table: Table::default(),
            waiting: BTreeMap::new(),
            returns: Vec::new(),
            responses: VecDeque::new(),
        }
    }

    /// Lets everything happen that is due up to and at `at`.
    fn run_to(&mut self, at: Instant) -> Result<(), StackError> {
        let mut silent = 0;
        while silent < MAX_ROUNDS && self.responses.len() < MAX_ROUNDS {
            let before = self.responses.len();
            if !self.step(at)? {
                return Ok(());
            }
            silent = if self.responses.len() == before { silent + 1 } else { 0 };
        }
        Err(self.stuck())
    }

    /// Goes to the engine's next deadline, if that is no later than `until`; otherwise time passes
    /// till `until` and the answer is `false`.
    fn step(&mut self, until: Instant) -> Result<bool, StackError> {
        let calls = self.waiting.values().filter_map(|(_, waiting)| waiting.deadline());
        match calls.chain(self.engine.poll_deadline(self.now)).min() {
            Some(deadline) if deadline <= until => {
                self.now = self.now.max(deadline);
                self.settle()?;
                Ok(true)
            }
            _ => {
                self.engine.health()?;
                self.now = self.now.max(until);
                Ok(false)
            }
        }
    }

    /// Brings out all that the engine and the waiting calls have to say at this instant.
    fn settle(&mut self) -> Result<(), StackError> {
        self.engine.health()?;
        for _ in 0..MAX_ROUNDS {
            let mut packets = 0;
            while let Some(packet) = self.engine.poll_packet(self.now) {
                self.responses.push_back((self.now, Response::Packet(packet)));
                packets += 1;
                if packets > MAX_ROUNDS {
                    return Err(self.stuck());
                }
            }
            let progress = self.retry_waiting()?;
            self.engine.health()?;
            if !progress {
                let now = self.now;
                self.responses.extend(self.returns.drain(..).map(|response| (now, response)));
                return Ok(());
            }
        }
        Err(self.stuck())
    }

    fn stuck(&self) -> StackError {
        StackError::Broken(format!("{} makes no progress at {}", self.engine.profile().name, self.now))
    }

    /// Makes a new call.
    fn call(&mut self, ticket: Ticket, call: &Call) -> Result<(), StackError> {
        if self.waiting.contains_key(&ticket) {
            return Err(StackError::Broken(format!("ticket {} is used twice", ticket.0)));
        }
        // Whoever waits goes first.
        self.retry_waiting()?;
        let outcome = self.start(call);
        self.finish(ticket, outcome)
    }

    /// Queues what a call returns, or the call itself if it has to wait.
    fn finish(&mut self, ticket: Ticket, outcome: Result<Return, Failure>) -> Result<(), StackError> {
        let value = match outcome {
            Ok(value) => value,
            Err(Failure::Errno(errno)) => Return::error(errno),
            Err(Failure::Stack(error)) => return Err(error),
            Err(Failure::Wait(fd, waiting)) => {
                self.waiting.insert(ticket, (fd, waiting));
                return Ok(());
            }
        };
        self.returns.push(Response::Return { ticket, value });
        Ok(())
    }

    /// Retries the waiting calls in the order of their tickets; whether any got further.
    fn retry_waiting(&mut self) -> Result<bool, StackError> {
        let mut progress = false;
        let tickets: Vec<Ticket> = self.waiting.keys().copied().collect();
        for ticket in tickets {
            let Some((fd, waiting)) = self.waiting.remove(&ticket) else { continue };
            let done = waiting.done();
            let outcome = self.retry(ticket, fd, waiting);
            progress |= match &outcome {
                Err(Failure::Wait(_, waiting)) => waiting.done() > done,
                _ => true,
            };
            self.finish(ticket, outcome)?;
        }
        Ok(progress)
    }
}
