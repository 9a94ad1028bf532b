//! Calls that wait, and the three ways in which a call does not return at once.

use wirelaw_reference::time::Instant;

use super::Sockets;
use crate::posix::Errno;
use crate::stack::StackError;
use crate::stack::engine::{Engine, EngineError};
use crate::trace::{Fd, Return, Ticket};

/// What is left to do of a call that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// For a connection to accept.
    Accept,
    /// For the handshake to end.
    Connect,
    /// For data to read.
    Read {
        length: usize,
        flags: i32,
        /// With `MSG_WAITALL`: what has been read so far.
        got: Vec<u8>,
    },
    /// For the peer to acknowledge all that was written before `close`, but not longer (`SO_LINGER`).
    Linger { until: Instant },
    /// For one of these events on one of these sockets, but not longer.
    Poll { fds: Vec<(Fd, i32)>, until: Option<Instant> },
    /// For room for all of `data`.
    Write { data: Vec<u8>, flags: i32, queued: usize },
}

impl Waiting {
    /// When it returns at the latest.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Waiting::Linger { until } => Some(*until),
            Waiting::Poll { until, .. } => *until,
            Waiting::Accept | Waiting::Connect | Waiting::Read { .. } | Waiting::Write { .. } => None,
        }
    }

    /// A number that grows when the call gets further.
    pub(super) fn done(&self) -> usize {
        match self {
            Waiting::Accept | Waiting::Connect | Waiting::Linger { .. } | Waiting::Poll { .. } => 0,
            Waiting::Read { got, .. } => got.len(),
            Waiting::Write { queued, .. } => *queued,
        }
    }
}

/// Why a call does not succeed now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It fails with this error.
    Errno(Errno),
    /// It will return later.
    Wait(Fd, Waiting),
    /// The application sees nothing: the run cannot go on.
    Stack(StackError),
}

impl Failure {
    /// The stack lacks `what`.
    pub(super) fn unsupported(what: impl Into<String>) -> Failure {
        Failure::Stack(StackError::Unsupported(what.into()))
    }
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Failure {
        Failure::Errno(errno)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Failure {
        match error {
            EngineError::Errno(errno) => Failure::Errno(errno),
            EngineError::Stack(error) => Failure::Stack(error),
        }
    }
}

impl<E: Engine> Sockets<E> {
    /// Tries again what a waiting call waits for.
    pub(super) fn retry(&mut self, ticket: Ticket, fd: Fd, waiting: Waiting) -> Result<Return, Failure> {
        match waiting {
            Waiting::Accept => self.accept(fd, true),
            Waiting::Linger { until } => self.linger(fd, until),
            Waiting::Poll { fds, until } => self.poll(&fds, until),
            Waiting::Connect => self.finish_connect(fd, true),
            Waiting::Read { length, flags, got } => self.read(fd, length, flags, got, true),
            Waiting::Write { data, flags, queued } => {
                // Octets of one call stay together: a later write waits for the earlier one.
                if self.is_writing(fd, Some(ticket)) {
                    return Err(Failure::Wait(fd, Waiting::Write { data, flags, queued }));
                }
                self.write(fd, data, flags, queued, true)
            }
        }
    }

    /// Whether a write to `fd` waits whose ticket is before `before`.
    pub(super) fn is_writing(&self, fd: Fd, before: Option<Ticket>) -> bool {
        self.waiting
            .iter()
            .take_while(|(ticket, _)| before.is_none_or(|before| **ticket < before))
            .any(|(_, (other, waiting))| *other == fd && matches!(waiting, Waiting::Write { .. }))
    }
}
