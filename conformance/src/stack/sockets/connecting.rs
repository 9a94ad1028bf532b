//! `connect`: POSIX's two-step dance of non-blocking connects, as Linux steps it.

use std::net::{IpAddr, SocketAddr};

use super::Sockets;
use super::descriptor::State;
use super::waiting::{Failure, Waiting};
use crate::posix::Errno;
use crate::stack::engine::Engine;
use crate::trace::{Fd, Return};

impl<E: Engine> Sockets<E> {
    pub(super) fn connect(&mut self, fd: Fd, remote: SocketAddr) -> Result<Return, Failure> {
        let socket = self.table.get(fd)?;
        let blocking = !socket.non_blocking;
        match socket.state {
            State::Listening { .. } | State::Open { reported: true, .. } => Err(Errno::EISCONN.into()),
            State::Open { connection, .. } => {
                if self.engine.status(connection).connecting && !blocking {
                    return Err(Errno::EALREADY.into());
                }
                self.finish_connect(fd, blocking)
            }
            State::Unconnected => {
                socket.check_family(remote)?;
                self.check_reachable(remote)?;
                if socket.deferred.is_some() {
                    return Err(Errno::EISCONN.into());
                }
                let fast = socket.options.fast_open_connect;
                if fast && self.engine.has_fast_open_cookie(self.now, remote) {
                    self.table.get_mut(fd)?.deferred = Some(remote);
                    return Ok(Return::ok(0)); // Linux: the SYN waits for data to bring along
                }
                let (local, options) = (socket.local, &socket.options);
                let connection = if fast {
                    self.engine.connect_fast(self.now, local, remote, options, &[])?.0
                } else {
                    self.engine.connect(self.now, local, remote, options)?
                };
                let socket = self.table.get_mut(fd)?;
                socket.disconnect();
                socket.state = State::Open { connection, reported: false };
                if blocking { Err(Failure::Wait(fd, Waiting::Connect)) } else { Err(Errno::EINPROGRESS.into()) }
            }
        }
    }

    /// Reports how the handshake ended; waits for its end, or says `EALREADY`.
    pub(super) fn finish_connect(&mut self, fd: Fd, blocking: bool) -> Result<Return, Failure> {
        let socket = self.table.get_mut(fd)?;
        let State::Open { connection, .. } = socket.state else {
            // Another call has given the attempt up (shutdown, or a connect that got the error).
            return Err(Errno::ECONNABORTED.into());
        };
        let status = self.engine.status(connection);
        if status.connecting {
            return Err(if blocking { Failure::Wait(fd, Waiting::Connect) } else { Errno::EALREADY.into() });
        }
        let error = if socket.error_taken { None } else { status.error };
        if status.error.is_none() && !status.closed {
            socket.state = State::Open { connection, reported: true };
            return Ok(Return::ok(0));
        }
        // The socket may try again (Linux; POSIX leaves its state unspecified). An error that
        // SO_ERROR has already told cannot be told twice.
        socket.disconnect();
        self.engine.close(self.now, connection);
        Err(error.unwrap_or(Errno::ECONNABORTED).into())
    }

    /// Refuses addresses to which no TCP segment can be sent.
    pub(super) fn check_reachable(&self, remote: SocketAddr) -> Result<(), Failure> {
        let ip = remote.ip();
        if ip == self.setup.local || ip.is_unspecified() || ip.is_loopback() {
            return Err(Failure::unsupported(format!("connect to {remote}: the stack has no loopback")));
        }
        if matches!(ip, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some()) {
            return Err(Failure::unsupported(format!("connect to {remote}: IPv4-mapped addresses")));
        }
        let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
        if ip.is_multicast() || broadcast || ip.is_ipv4() != self.setup.local.is_ipv4() {
            return Err(Errno::ENETUNREACH.into());
        }
        Ok(())
    }
}
