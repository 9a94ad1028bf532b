//! `poll` and `ioctl`: what could be done, without doing it.

use wirelaw_reference::time::Instant;

use super::Sockets;
use super::descriptor::State;
use super::names;
use super::waiting::{Failure, Waiting};
use crate::posix::{
    Errno, POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI, POLLRDHUP, SIOCATMARK, SIOCINQ, SIOCOUTQ,
};
use crate::stack::Capability;
use crate::stack::engine::Engine;
use crate::trace::{Fd, Return};

/// What `poll` tells even if nobody asks.
const ALWAYS: i64 = POLLERR | POLLHUP | POLLNVAL;

impl<E: Engine> Sockets<E> {
    pub(super) fn poll(&mut self, fds: &[(Fd, i32)], until: Option<Instant>) -> Result<Return, Failure> {
        let mut revents = Vec::with_capacity(fds.len());
        for (fd, events) in fds {
            revents.push(self.events(*fd, i64::from(*events))?);
        }
        let ready = revents.iter().filter(|events| **events != 0).count();
        if ready == 0 && until.is_none_or(|until| self.now < until) {
            let first = fds.first().map_or(Fd(-1), |(fd, _)| *fd);
            return Err(Failure::Wait(first, Waiting::Poll { fds: fds.to_vec(), until }));
        }
        let data = revents.iter().flat_map(|events| (*events as i32).to_le_bytes()).collect();
        Ok(Return { value: ready as i64, data, ..Return::default() })
    }

    /// Those of `wanted` that hold for the socket, and those that are always told. What holds is Linux's reading.
    fn events(&self, fd: Fd, wanted: i64) -> Result<i64, Failure> {
        if fd.0 < 0 {
            return Ok(0); // POSIX: such an entry is ignored
        }
        let socket = match self.table.get(fd) {
            Ok(socket) => socket,
            Err(Errno::ENOTSOCK) => return Err(Failure::unsupported("poll of something other than a socket")),
            Err(_) => return Ok(POLLNVAL),
        };
        if wanted & POLLPRI != 0 && !self.engine.profile().capabilities.contains(&Capability::Urgent) {
            return Err(Failure::unsupported("poll(POLLPRI)"));
        }
        let connection = match socket.state {
            State::Open { connection, .. } => connection,
            State::Listening { listener, .. } => {
                let acceptable = self.engine.acceptable(listener);
                let ready = acceptable.ok_or_else(|| Failure::unsupported("poll of a listening socket"))?;
                return Ok(if ready { POLLIN & wanted } else { 0 });
            }
            // Linux: a connect that waits for data can be written to
            State::Unconnected if socket.deferred.is_some() => return Ok(POLLOUT & wanted),
            State::Unconnected => return Ok((POLLOUT | POLLHUP) & (wanted | ALWAYS)),
        };
        let status = self.engine.status(connection);
        if status.connecting {
            return Ok(0);
        }
        let told = status.fin_received.or((status.readable == 0 || status.closed).then_some(status.end_of_stream));
        if wanted & POLLRDHUP != 0 && told.is_none() {
            return Err(Failure::unsupported("poll(POLLRDHUP) while data is unread"));
        }
        let no_more_input = told == Some(true) || status.end_of_stream || status.closed || socket.read_shut;
        let no_more_output = status.send_closed || socket.write_shut;
        let mut events = 0;
        let mut add = |holds: bool, event| events |= if holds { event } else { 0 };
        add(status.readable > 0 || no_more_input, POLLIN);
        add(status.urgent, POLLPRI);
        add(status.writable > 0 || no_more_output, POLLOUT);
        add(no_more_input, POLLRDHUP);
        add(no_more_input && no_more_output, POLLHUP);
        add(status.error.is_some() && !socket.error_taken, POLLERR);
        Ok(events & (wanted | ALWAYS))
    }

    /// `SIOCATMARK`: the next octet to read is the urgent one.
    fn at_mark(&self, fd: Fd) -> Result<bool, Failure> {
        let socket = self.table.get(fd)?;
        if !self.engine.profile().capabilities.contains(&Capability::Urgent) {
            return Err(Failure::unsupported("ioctl(SIOCATMARK)"));
        }
        match socket.state {
            State::Listening { .. } => Err(Errno::EINVAL.into()),
            State::Unconnected => Ok(false),
            State::Open { connection, .. } => Ok(self.engine.status(connection).at_urgent_mark),
        }
    }

    pub(super) fn ioctl(&mut self, fd: Fd, request: i32) -> Result<Return, Failure> {
        let octets = match i64::from(request) {
            SIOCINQ => self.queue(fd, false)?, // FIONREAD is the same number
            SIOCOUTQ => self.queue(fd, true)?,
            SIOCATMARK => usize::from(self.at_mark(fd)?),
            other => return Err(Failure::unsupported(format!("ioctl({})", names::number(other)))),
        };
        let number = i32::try_from(octets).unwrap_or(i32::MAX);
        Ok(Return { data: number.to_le_bytes().to_vec(), ..Return::ok(0) })
    }
}
