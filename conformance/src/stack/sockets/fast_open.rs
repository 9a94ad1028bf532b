//! `MSG_FASTOPEN` and `TCP_FASTOPEN` (RFC 7413 appendix A), as Linux has them.

use std::net::SocketAddr;

use super::Sockets;
use super::descriptor::State;
use super::waiting::{Failure, Waiting};
use crate::posix::{Errno, MSG_FASTOPEN};
use crate::stack::Capability;
use crate::stack::engine::Engine;
use crate::trace::{Fd, Return};

impl<E: Engine> Sockets<E> {
    /// `sendto(..., MSG_FASTOPEN, ...)`: a `connect` that brings its first data along. Without the
    /// server's cookie the data has to wait for the handshake.
    pub(super) fn send_fast(
        &mut self,
        fd: Fd,
        data: Vec<u8>,
        flags: i32,
        to: Option<SocketAddr>,
        blocking: bool,
    ) -> Result<Return, Failure> {
        let flags = (i64::from(flags) & !MSG_FASTOPEN) as i32;
        self.check_write(flags)?;
        if !self.engine.profile().capabilities.contains(&Capability::FastOpen) {
            return Err(Failure::unsupported("send(MSG_FASTOPEN)"));
        }
        let socket = self.table.get(fd)?;
        match socket.state {
            State::Unconnected => {}
            State::Open { connection, .. } if self.engine.status(connection).connecting => {
                return Err(Errno::EALREADY.into());
            }
            State::Open { .. } | State::Listening { .. } => return Err(Errno::EISCONN.into()),
        }
        let remote = to.ok_or(Errno::EDESTADDRREQ)?;
        socket.check_family(remote)?;
        self.check_reachable(remote)?;
        let (connection, queued) = self.engine.connect_fast(self.now, socket.local, remote, &socket.options, &data)?;
        let socket = self.table.get_mut(fd)?;
        socket.disconnect();
        socket.state = State::Open { connection, reported: false };
        match queued {
            Some(queued) if !blocking => Ok(Return::ok(i64::try_from(queued).unwrap_or(i64::MAX))),
            None if !blocking => Err(Errno::EINPROGRESS.into()),
            _ => Err(Failure::Wait(fd, Waiting::Write { data, flags, queued: queued.unwrap_or(0) })),
        }
    }
}
