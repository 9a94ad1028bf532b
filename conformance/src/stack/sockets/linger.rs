//! `close` with `SO_LINGER` and a time above zero: it returns when the peer has acknowledged everything, the FIN
//! included, or when the time is over; then the connection goes on closing by itself. `O_NONBLOCK` changes nothing
//! about it (Linux; POSIX leaves it open).

use std::time::Duration;

use wirelaw_reference::time::Instant;

use super::Sockets;
use super::descriptor::State;
use super::waiting::{Failure, Waiting};
use crate::stack::engine::Engine;
use crate::trace::{Fd, Return};

impl<E: Engine> Sockets<E> {
    pub(super) fn close_and_linger(
        &mut self,
        fd: Fd,
        connection: E::Connection,
        time: Duration,
    ) -> Result<Return, Failure> {
        let status = self.engine.status(connection);
        if status.unacknowledged.is_none() && !status.closed {
            let what = "close with SO_LINGER: the stack does not tell when its FIN is acknowledged";
            return Err(Failure::unsupported(what));
        }
        self.waiting.retain(|_, (other, _)| *other != fd);
        // the number can be used again at once
        let hidden = self.table.hide(fd)?;
        self.engine.close(self.now, connection);
        self.linger(hidden, self.now + time)
    }

    /// Whether a lingering close can return.
    pub(super) fn linger(&mut self, hidden: Fd, until: Instant) -> Result<Return, Failure> {
        if let State::Open { connection, .. } = self.table.get(hidden)?.state {
            let status = self.engine.status(connection);
            let is_done = status.closed || status.unacknowledged == Some(0);
            if !is_done && self.now < until {
                return Err(Failure::Wait(hidden, Waiting::Linger { until }));
            }
        }
        self.table.remove(hidden)?;
        Ok(Return::ok(0))
    }
}
