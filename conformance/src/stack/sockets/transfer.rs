//! Data: `read` and `write` with their siblings.

use super::Sockets;
use super::descriptor::State;
use super::names;
use super::waiting::{Failure, Waiting};
use crate::posix::{
    Errno, MSG_DONTWAIT, MSG_EOR, MSG_MORE, MSG_NOSIGNAL, MSG_OOB, MSG_PEEK, MSG_TRUNC, MSG_WAITALL, O_NONBLOCK,
};
use crate::stack::Capability;
use crate::stack::engine::{Engine, SocketOptions, Status};
use crate::trace::{Fd, Return};

const READ_FLAGS: i64 = MSG_PEEK | MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL | MSG_TRUNC;
const WRITE_FLAGS: i64 = MSG_MORE | MSG_OOB | MSG_DONTWAIT | MSG_EOR | MSG_NOSIGNAL;

impl<E: Engine> Sockets<E> {
    /// Reads up to `length` octets; `got` holds what a waiting `MSG_WAITALL` has read before.
    ///
    /// The order of the checks is Linux's: data first, then the peer's FIN, then the error, then our
    /// own `shutdown`.
    pub(super) fn read(
        &mut self,
        fd: Fd,
        length: usize,
        flags: i32,
        mut got: Vec<u8>,
        blocking: bool,
    ) -> Result<Return, Failure> {
        let socket = self.table.get(fd)?;
        let peek = i64::from(flags) & MSG_PEEK != 0;
        if i64::from(flags) & MSG_OOB != 0 && self.engine.profile().capabilities.contains(&Capability::Urgent) {
            return Err(Errno::EINVAL.into()); // urgent data is in line (RFC 6093 §4): none is kept apart
        }
        let wait_all = i64::from(flags) & MSG_WAITALL != 0;
        check_flags("recv", flags, READ_FLAGS)?;
        if peek && wait_all {
            return Err(Failure::unsupported("recv(MSG_PEEK | MSG_WAITALL)"));
        }
        let State::Open { connection, .. } = socket.state else { return Err(Errno::ENOTCONN.into()) };
        if length == 0 {
            return Ok(Return::ok(0));
        }
        let status = self.engine.status(connection);
        let wanted = length.saturating_sub(got.len()).min(status.readable);
        if !status.connecting && wanted > 0 {
            got.extend(self.engine.receive(self.now, connection, wanted, peek)?);
        }
        let enough = if wait_all && blocking { length } else { 1 };
        if got.len() >= enough {
            return Ok(data(got, flags));
        }
        let status = self.engine.status(connection);
        if let Some(end) = self.end_of_reading(fd, &status, !got.is_empty()) {
            return if got.is_empty() { end } else { Ok(data(got, flags)) };
        }
        Err(if blocking { Failure::Wait(fd, Waiting::Read { length, flags, got }) } else { Errno::EAGAIN.into() })
    }

    /// What a read returns when no more data will come; `None` while some may. An error is left for
    /// the next call if this one has data to return.
    fn end_of_reading(&mut self, fd: Fd, status: &Status, has_data: bool) -> Option<Result<Return, Failure>> {
        let socket = self.table.get_mut(fd).ok()?;
        if status.connecting || status.readable > 0 && !has_data {
            return None;
        }
        if status.end_of_stream {
            return Some(Ok(Return::ok(0)));
        }
        if let Some(errno) = status.error.filter(|_| !socket.error_taken) {
            socket.error_taken |= !has_data;
            return Some(Err(errno.into()));
        }
        (socket.read_shut || status.closed).then(|| Ok(Return::ok(0)))
    }

    /// Refuses flags of `send` that the stack lacks.
    pub(super) fn check_write(&self, flags: i32) -> Result<(), Failure> {
        check_flags("send", flags, WRITE_FLAGS)?;
        if i64::from(flags) & MSG_OOB != 0 && !self.engine.profile().capabilities.contains(&Capability::Urgent) {
            return Err(Failure::unsupported("send(MSG_OOB)"));
        }
        Ok(())
    }

    /// Queues `data`, of which `queued` octets are queued already.
    pub(super) fn write(
        &mut self,
        fd: Fd,
        data: Vec<u8>,
        flags: i32,
        mut queued: usize,
        blocking: bool,
    ) -> Result<Return, Failure> {
        let socket = self.table.get_mut(fd)?;
        let urgent = i64::from(flags) & MSG_OOB != 0;
        // Linux: EPIPE; POSIX would have ENOTCONN.
        let State::Open { connection, .. } = socket.state else { return Err(Errno::EPIPE.into()) };
        let more = i64::from(flags) & MSG_MORE != 0;
        if more != socket.more {
            let options = SocketOptions { cork: socket.options.cork || more, ..socket.options.clone() };
            self.engine.check_options(&options)?;
            socket.more = more;
            self.engine.configure(self.now, connection, &options)?;
        }
        let status = self.engine.status(connection);
        if !status.connecting && (status.error.is_some() || status.send_closed || socket.write_shut) {
            if queued > 0 {
                return Ok(Return::ok(count(queued)));
            }
            let error = status.error.filter(|_| !socket.error_taken);
            socket.error_taken |= error.is_some();
            return Err(error.unwrap_or(Errno::EPIPE).into());
        }
        let rest = data.get(queued..).unwrap_or_default();
        if !status.connecting && status.writable > 0 && !rest.is_empty() {
            // The urgent octet is the last of the call, not of a part of it.
            let fits = rest.len() <= status.writable;
            queued += self.engine.send(self.now, connection, rest, urgent && fits)?.min(rest.len());
        }
        if !status.connecting && queued >= data.len() || queued > 0 && !blocking {
            return Ok(Return::ok(count(queued)));
        }
        Err(if blocking { Failure::Wait(fd, Waiting::Write { data, flags, queued }) } else { Errno::EAGAIN.into() })
    }
}

fn check_flags(call: &str, flags: i32, known: i64) -> Result<(), Failure> {
    // O_NONBLOCK and MSG_DONTWAIT differ on every system; a script that mixes them up is told so.
    let unknown = i64::from(flags.cast_unsigned()) & !known;
    if unknown == 0 {
        return Ok(());
    }
    let hint = if unknown == O_NONBLOCK { " (O_NONBLOCK is no flag of this call)" } else { "" };
    Err(Failure::unsupported(format!("{call}({}){hint}", names::message_flags(unknown))))
}

/// `MSG_TRUNC` on a stream: the octets are counted and thrown away (Linux).
fn data(got: Vec<u8>, flags: i32) -> Return {
    let value = count(got.len());
    let data = if i64::from(flags) & MSG_TRUNC == 0 { got } else { Vec::new() };
    Return { value, data, ..Return::default() }
}

fn count(octets: usize) -> i64 {
    i64::try_from(octets).unwrap_or(i64::MAX)
}
