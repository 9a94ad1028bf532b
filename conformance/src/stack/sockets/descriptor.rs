//! The descriptor table.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use crate::posix::Errno;
use crate::stack::engine::SocketOptions;
use crate::trace::Fd;

/// The first descriptor of a socket; 0, 1 and 2 are open and are no sockets.
const FIRST: i32 = 3;

/// How many descriptors a process may have, as Linux's default `RLIMIT_NOFILE` has it.
const LIMIT: i32 = 1024;

/// An open socket.
#[derive(Debug)]
pub(super) struct Descriptor<L, C> {
    /// `AF_INET6`, not `AF_INET`.
    pub(super) is_ipv6: bool,
    /// `O_NONBLOCK`
    pub(super) non_blocking: bool,
    /// What `setsockopt` said, or the listener from which the socket comes.
    pub(super) options: SocketOptions,
    /// Where it is bound.
    pub(super) local: Option<SocketAddr>,
    /// `shutdown(SHUT_RD)` was called.
    pub(super) read_shut: bool,
    /// `shutdown(SHUT_WR)` was called.
    pub(super) write_shut: bool,
    /// The connection's error has been reported.
    pub(super) error_taken: bool,
    /// The last write said `MSG_MORE`.
    pub(super) more: bool,
    /// A `connect` that waits for the first data, and where to (`TCP_FASTOPEN_CONNECT`).
    pub(super) deferred: Option<SocketAddr>,
    /// What the socket is for.
    pub(super) state: State<L, C>,
}

/// What a socket is for.
#[derive(Clone, Debug)]
pub(super) enum State<L, C> {
    /// For nothing yet, or no longer.
    Unconnected,
    /// For accepting connections.
    Listening {
        listener: L,
        /// What `listen` was told.
        backlog: i32,
        /// The options that the listener was given.
        options: Box<SocketOptions>,
    },
    /// For one connection, whatever has become of it.
    Open {
        connection: C,
        /// A `connect` has reported success, or nobody called it.
        reported: bool,
    },
}

impl<L, C> Descriptor<L, C> {
    /// A socket as `socket` makes it.
    pub(super) fn new(is_ipv6: bool, non_blocking: bool) -> Descriptor<L, C> {
        Descriptor {
            is_ipv6,
            non_blocking,
            options: SocketOptions::default(),
            local: None,
            read_shut: false,
            write_shut: false,
            error_taken: false,
            more: false,
            deferred: None,
            state: State::Unconnected,
        }
    }

    /// Whether the socket listens.
    pub(super) fn is_listening(&self) -> bool {
        matches!(self.state, State::Listening { .. })
    }

    /// `errno` for an address of the wrong family: on Linux the length of a `sockaddr_in` is wrong
    /// for an IPv6 socket before its family is.
    pub(super) fn check_family(&self, address: SocketAddr) -> Result<(), Errno> {
        match (self.is_ipv6, address.is_ipv6()) {
            (false, true) => Err(Errno::EAFNOSUPPORT),
            (true, false) => Err(Errno::EINVAL),
            _ => Ok(()),
        }
    }

    /// Back to what the socket was before `connect`.
    pub(super) fn disconnect(&mut self) {
        self.state = State::Unconnected;
        self.read_shut = false;
        self.write_shut = false;
        self.error_taken = false;
        self.deferred = None;
        self.more = false;
    }
}

/// All open sockets.
#[derive(Debug)]
pub(super) struct Table<L, C> {
    open: BTreeMap<i32, Descriptor<L, C>>,
}

impl<L, C> Default for Table<L, C> {
    fn default() -> Table<L, C> {
        Table { open: BTreeMap::new() }
    }
}

impl<L, C> Table<L, C> {
    /// The lowest free descriptor, as POSIX wants it; `EMFILE` if there is none.
    pub(super) fn free(&self) -> Result<Fd, Errno> {
        (FIRST..LIMIT).find(|fd| !self.open.contains_key(fd)).map(Fd).ok_or(Errno::EMFILE)
    }

    /// Opens a descriptor that [`free`](Table::free) named.
    pub(super) fn insert(&mut self, fd: Fd, descriptor: Descriptor<L, C>) {
        self.open.insert(fd.0, descriptor);
    }

    /// The socket, or `EBADF`, or `ENOTSOCK` for the three standard streams.
    pub(super) fn get(&self, fd: Fd) -> Result<&Descriptor<L, C>, Errno> {
        self.open.get(&fd.0).ok_or(missing(fd))
    }

    /// As [`get`](Table::get), to change it.
    pub(super) fn get_mut(&mut self, fd: Fd) -> Result<&mut Descriptor<L, C>, Errno> {
        self.open.get_mut(&fd.0).ok_or(missing(fd))
    }

    /// Makes the descriptor free; the socket stays, under a number that no application uses.
    pub(super) fn hide(&mut self, fd: Fd) -> Result<Fd, Errno> {
        let mut socket = self.remove(fd)?;
        socket.local = None;
        let hidden = (i32::MIN..0).find(|key| !self.open.contains_key(key)).ok_or(Errno::EMFILE)?;
        self.open.insert(hidden, socket);
        Ok(Fd(hidden))
    }

    /// Takes the socket out.
    pub(super) fn remove(&mut self, fd: Fd) -> Result<Descriptor<L, C>, Errno> {
        self.open.remove(&fd.0).ok_or(missing(fd))
    }

    /// Sockets other than `fd` whose local address collides with `local`.
    fn rivals(&self, fd: Fd, local: SocketAddr) -> impl Iterator<Item = &Descriptor<L, C>> {
        self.open.iter().filter(move |(other, _)| **other != fd.0).map(|(_, socket)| socket).filter(move |socket| {
            socket.local.is_some_and(|other| other.port() == local.port() && overlap(other.ip(), local.ip()))
        })
    }

    /// Whether `bind` must refuse `local`: somebody has it, unless both allow its reuse and nobody
    /// listens there.
    pub(super) fn is_bound(&self, fd: Fd, local: SocketAddr, reuse: bool) -> bool {
        self.rivals(fd, local).any(|rival| !(reuse && rival.options.reuse_address) || rival.is_listening())
    }

    /// Whether somebody else listens on `local`.
    pub(super) fn is_listened(&self, fd: Fd, local: SocketAddr) -> bool {
        self.rivals(fd, local).any(Descriptor::is_listening)
    }

    /// A port of the dynamic range (RFC 6335 §6) on which nobody is.
    pub(super) fn free_port(&self) -> Option<u16> {
        (49_152..=u16::MAX)
            .find(|port| !self.open.values().any(|socket| socket.local.is_some_and(|local| local.port() == *port)))
    }
}

fn missing(fd: Fd) -> Errno {
    if (0..FIRST).contains(&fd.0) { Errno::ENOTSOCK } else { Errno::EBADF }
}

/// Whether one packet could be for both addresses.
fn overlap(a: IpAddr, b: IpAddr) -> bool {
    a.is_ipv4() == b.is_ipv4() && (a == b || a.is_unspecified() || b.is_unspecified())
}
