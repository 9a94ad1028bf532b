//! The calls that open, close and shape sockets.

use std::net::SocketAddr;
use std::time::Duration;

use super::Sockets;
use super::descriptor::{Descriptor, State};
use super::names;
use super::waiting::{Failure, Waiting};
use crate::posix::{
    AF_INET, AF_INET6, Errno, F_GETFL, F_SETFL, IPPROTO_TCP, MSG_DONTWAIT, MSG_ERRQUEUE, MSG_FASTOPEN, O_NONBLOCK,
    O_RDWR, SHUT_RD, SHUT_RDWR, SHUT_WR, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_RAW, SOCK_STREAM,
};
use crate::stack::engine::Engine;
use crate::trace::{Call, Fd, Return};
use crate::transcript;

/// Linux's `net.core.somaxconn`: the largest backlog that counts.
const MAX_BACKLOG: i32 = 4096;

impl<E: Engine> Sockets<E> {
    /// Begins a call, and ends it if it need not wait.
    pub(super) fn start(&mut self, call: &Call) -> Result<Return, Failure> {
        match call {
            Call::Socket { domain, kind, protocol } => self.socket(*domain, *kind, *protocol),
            Call::Bind { fd, address } => self.bind(*fd, *address),
            Call::Listen { fd, backlog } => self.listen(*fd, *backlog),
            Call::Accept { fd } => {
                let blocking = !self.table.get(*fd)?.non_blocking;
                self.accept(*fd, blocking)
            }
            Call::Connect { fd, address } => self.connect(*fd, *address),
            Call::Read { fd, length, flags } => {
                let blocking = self.may_block(*fd, *flags)?;
                self.read(*fd, *length, *flags, Vec::new(), blocking)
            }
            Call::ReceiveMessage { fd, length, control: 0, flags } if i64::from(*flags) & MSG_ERRQUEUE == 0 => {
                let blocking = self.may_block(*fd, *flags)?;
                self.read(*fd, *length, *flags, Vec::new(), blocking)
            }
            Call::SendMessage { fd, pieces, control, flags, to } if control.is_empty() => {
                self.start(&Call::Write { fd: *fd, data: pieces.concat(), flags: *flags, to: *to })
            }
            Call::Write { fd, data, flags, to } if i64::from(*flags) & MSG_FASTOPEN != 0 => {
                let blocking = self.may_block(*fd, *flags)?;
                self.send_fast(*fd, data.clone(), *flags, *to, blocking)
            }
            Call::Write { fd, data, flags, .. } if self.table.get(*fd)?.deferred.is_some() => {
                let (blocking, to) = (self.may_block(*fd, *flags)?, self.table.get(*fd)?.deferred);
                self.send_fast(*fd, data.clone(), *flags, to, blocking)
            }
            Call::Write { fd, data, flags, to: _ } => {
                // Linux ignores the address of sendto on a stream socket.
                let blocking = self.may_block(*fd, *flags)?;
                self.check_write(*flags)?;
                if self.is_writing(*fd, None) {
                    let waiting = Waiting::Write { data: data.clone(), flags: *flags, queued: 0 };
                    return Err(if blocking { Failure::Wait(*fd, waiting) } else { Errno::EAGAIN.into() });
                }
                self.write(*fd, data.clone(), *flags, 0, blocking)
            }
            Call::Close { fd } => self.close(*fd),
            Call::Shutdown { fd, how } => self.shutdown(*fd, *how),
            Call::Fcntl { fd, command, argument } => self.fcntl(*fd, *command, *argument),
            Call::SetOption { fd, level, name, value } => self.set_option(*fd, *level, *name, value),
            Call::Ioctl { fd, request } => self.ioctl(*fd, *request),
            Call::Poll { fds, timeout } => {
                let until = u64::try_from(*timeout).ok().map(|millis| self.now + Duration::from_millis(millis));
                self.poll(fds, until)
            }
            Call::GetOption { fd, level, name, length } => self.get_option(*fd, *level, *name, *length),
            other => Err(Failure::unsupported(format!("{}() of this kind", transcript::call_name(other)))),
        }
    }

    fn may_block(&self, fd: Fd, flags: i32) -> Result<bool, Errno> {
        Ok(!self.table.get(fd)?.non_blocking && i64::from(flags) & MSG_DONTWAIT == 0)
    }

    fn socket(&mut self, domain: i32, kind: i32, protocol: i32) -> Result<Return, Failure> {
        let is_ipv6 = match i64::from(domain) {
            AF_INET => false,
            AF_INET6 => true,
            _ => return Err(Errno::EAFNOSUPPORT.into()),
        };
        match i64::from(kind) & !(SOCK_NONBLOCK | SOCK_CLOEXEC) {
            SOCK_STREAM => {}
            SOCK_DGRAM => return Err(Failure::unsupported("socket(SOCK_DGRAM)")),
            SOCK_RAW => return Err(Failure::unsupported("socket(SOCK_RAW)")),
            4..=10 => return Err(Errno::ESOCKTNOSUPPORT.into()),
            _ => return Err(Errno::EINVAL.into()),
        }
        if !matches!(i64::from(protocol), 0 | IPPROTO_TCP) {
            return Err(Errno::EPROTONOSUPPORT.into());
        }
        let fd = self.table.free()?;
        self.table.insert(fd, Descriptor::new(is_ipv6, i64::from(kind) & SOCK_NONBLOCK != 0));
        Ok(Return::ok(fd.0.into()))
    }

    fn bind(&mut self, fd: Fd, address: SocketAddr) -> Result<Return, Failure> {
        let socket = self.table.get(fd)?;
        socket.check_family(address)?;
        let ip = address.ip();
        if socket.local.is_some() || !matches!(socket.state, State::Unconnected) {
            return Err(Errno::EINVAL.into());
        }
        if !ip.is_unspecified() && ip != self.setup.local {
            return Err(Errno::EADDRNOTAVAIL.into());
        }
        let local = self.with_port(address)?;
        if self.table.is_bound(fd, local, socket.options.reuse_address) {
            return Err(Errno::EADDRINUSE.into());
        }
        self.table.get_mut(fd)?.local = Some(local);
        Ok(Return::ok(0))
    }

    /// `address` with a port of our choice if it has none.
    fn with_port(&self, address: SocketAddr) -> Result<SocketAddr, Errno> {
        match address.port() {
            0 => Ok(SocketAddr::new(address.ip(), self.table.free_port().ok_or(Errno::EADDRINUSE)?)),
            _ => Ok(address),
        }
    }

    fn listen(&mut self, fd: Fd, backlog: i32) -> Result<Return, Failure> {
        let socket = self.table.get(fd)?;
        match socket.state {
            State::Unconnected => {}
            State::Open { .. } => return Err(Errno::EINVAL.into()),
            State::Listening { backlog: old, .. } if old == backlog => return Ok(Return::ok(0)),
            State::Listening { .. } => return Err(Failure::unsupported("listen: another backlog while listening")),
        }
        let any = if socket.is_ipv6 { "[::]:0" } else { "0.0.0.0:0" };
        let any = any.parse().map_err(|_| Errno::EINVAL)?;
        let local = self.with_port(socket.local.unwrap_or(any))?;
        if self.table.is_listened(fd, local) {
            return Err(Errno::EADDRINUSE.into());
        }
        // Linux reads a negative backlog as a very large one.
        let room = if backlog < 0 { MAX_BACKLOG } else { backlog.min(MAX_BACKLOG) };
        let options = socket.options.clone();
        let listener = self.engine.listen(self.now, local, room as usize, &options)?;
        let socket = self.table.get_mut(fd)?;
        socket.local = Some(local);
        socket.state = State::Listening { listener, backlog, options: Box::new(options) };
        Ok(Return::ok(0))
    }

    pub(super) fn accept(&mut self, fd: Fd, blocking: bool) -> Result<Return, Failure> {
        let socket = self.table.get(fd)?;
        let State::Listening { listener, options: old, .. } = &socket.state else {
            return Err(Errno::EINVAL.into());
        };
        let new = self.table.free()?;
        let Some((connection, peer)) = self.engine.accept(self.now, *listener) else {
            return Err(if blocking { Failure::Wait(fd, Waiting::Accept) } else { Errno::EAGAIN.into() });
        };
        // O_NONBLOCK is not inherited on Linux.
        let mut accepted = Descriptor::new(socket.is_ipv6, false);
        accepted.options = socket.options.clone();
        accepted.local = socket.local;
        accepted.state = State::Open { connection, reported: true };
        if **old != accepted.options {
            self.engine.configure(self.now, connection, &accepted.options)?;
        }
        self.table.insert(new, accepted);
        Ok(Return { peer: Some(peer), ..Return::ok(new.0.into()) })
    }

    fn close(&mut self, fd: Fd) -> Result<Return, Failure> {
        let linger = self.table.get(fd)?.options.linger;
        if let Some(time) = linger.filter(|time| !time.is_zero())
            && let State::Open { connection, .. } = self.table.get(fd)?.state
        {
            return self.close_and_linger(fd, connection, time);
        }
        let socket = self.table.remove(fd)?;
        self.waiting.retain(|_, (other, _)| *other != fd);
        match socket.state {
            State::Unconnected => {}
            State::Listening { listener, .. } => self.engine.close_listener(self.now, listener),
            State::Open { connection, .. } if linger == Some(Duration::ZERO) => self.engine.abort(self.now, connection),
            State::Open { connection, .. } => self.engine.close(self.now, connection),
        }
        Ok(Return::ok(0))
    }

    fn shutdown(&mut self, fd: Fd, how: i32) -> Result<Return, Failure> {
        let (read, write) = match i64::from(how) {
            SHUT_RD => (true, false),
            SHUT_WR => (false, true),
            SHUT_RDWR => (true, true),
            _ => {
                self.table.get(fd)?;
                return Err(Errno::EINVAL.into());
            }
        };
        let socket = self.table.get_mut(fd)?;
        match socket.state {
            State::Unconnected => return Err(Errno::ENOTCONN.into()),
            // Linux: a listener stops listening when it is shut down for reading.
            State::Listening { listener, .. } if read => {
                socket.state = State::Unconnected;
                self.engine.close_listener(self.now, listener);
            }
            State::Listening { .. } => {}
            State::Open { connection, .. } => {
                let status = self.engine.status(connection);
                if status.connecting {
                    // Linux gives the attempt up, whichever direction is named.
                    socket.disconnect();
                    self.engine.abort(self.now, connection);
                } else if status.closed {
                    return Err(Errno::ENOTCONN.into());
                } else {
                    socket.read_shut |= read;
                    if write && !socket.write_shut {
                        socket.write_shut = true;
                        self.engine.shutdown(self.now, connection);
                    }
                }
            }
        }
        Ok(Return::ok(0))
    }

    fn fcntl(&mut self, fd: Fd, command: i32, argument: i32) -> Result<Return, Failure> {
        let socket = self.table.get_mut(fd)?;
        match i64::from(command) {
            F_GETFL => Ok(Return::ok(O_RDWR | if socket.non_blocking { O_NONBLOCK } else { 0 })),
            F_SETFL => {
                socket.non_blocking = i64::from(argument) & O_NONBLOCK != 0;
                Ok(Return::ok(0))
            }
            other => Err(Failure::unsupported(format!("fcntl({})", names::number(other)))),
        }
    }
}
