//! What is done to a stack, what it does, and both in the order in which they happened.

use std::net::SocketAddr;

pub use wirelaw_reference::time::{Duration, Instant};

use crate::posix::Errno;

/// Ties a [`Return`] to the [`Call`] it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u32);

/// A file descriptor as the stack numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fd(pub i32);

/// What is done to a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stimulus {
    /// The application makes a socket call.
    Call {
        /// Comes back with the call's [`Response::Return`].
        ticket: Ticket,
        /// The call.
        call: Call,
    },
    /// An IP packet arrives, in octets: a stack must also bear packets that make no sense.
    Packet(Vec<u8>),
}

/// What a stack does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// A call returns; a call that blocks returns later, or never.
    Return {
        /// The ticket of the call.
        ticket: Ticket,
        /// Its result.
        value: Return,
    },
    /// The stack sends an IP packet, in octets.
    Packet(Vec<u8>),
}

/// A socket call with POSIX meaning. Numbers (levels, option names, flags) are those of
/// [`crate::posix`], whatever the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// `socket(domain, kind, protocol)`; `kind` may carry `SOCK_NONBLOCK`.
    Socket {
        /// `AF_INET` or `AF_INET6`.
        domain: i32,
        /// `SOCK_STREAM` and the like.
        kind: i32,
        /// `IPPROTO_TCP` and the like.
        protocol: i32,
    },
    /// `bind`
    Bind {
        /// The socket.
        fd: Fd,
        /// The local address.
        address: SocketAddr,
    },
    /// `listen`
    Listen {
        /// The socket.
        fd: Fd,
        /// As the application states it.
        backlog: i32,
    },
    /// `accept`; the return carries the peer's address.
    Accept {
        /// The listening socket.
        fd: Fd,
    },
    /// `connect`
    Connect {
        /// The socket.
        fd: Fd,
        /// The remote address.
        address: SocketAddr,
    },
    /// `read`, `recv`, `recvfrom`; the return carries the data.
    Read {
        /// The socket.
        fd: Fd,
        /// The size of the buffer in octets.
        length: usize,
        /// `MSG_PEEK` and the like.
        flags: i32,
    },
    /// `write`, `send`, `sendto`
    Write {
        /// The socket.
        fd: Fd,
        /// The data.
        data: Vec<u8>,
        /// `MSG_OOB` and the like.
        flags: i32,
        /// The address of `sendto`.
        to: Option<SocketAddr>,
    },
    /// `close`
    Close {
        /// The socket.
        fd: Fd,
    },
    /// `shutdown`
    Shutdown {
        /// The socket.
        fd: Fd,
        /// `SHUT_RD`, `SHUT_WR` or `SHUT_RDWR`.
        how: i32,
    },
    /// `fcntl(fd, command, argument)`
    Fcntl {
        /// The socket.
        fd: Fd,
        /// `F_GETFL` or `F_SETFL`.
        command: i32,
        /// The new flags.
        argument: i32,
    },
    /// `setsockopt`
    SetOption {
        /// The socket.
        fd: Fd,
        /// `SOL_SOCKET` and the like.
        level: i32,
        /// `SO_REUSEADDR` and the like.
        name: i32,
        /// The value's octets, integers in little-endian order.
        value: Vec<u8>,
    },
    /// `ioctl`; the return carries the `int` that it writes as data.
    Ioctl {
        /// The socket.
        fd: Fd,
        /// `SIOCINQ`, `FIONREAD` or `SIOCOUTQ`.
        request: i32,
    },
    /// `poll`; the return carries `revents` of each as data, an `int` each.
    Poll {
        /// Each socket, with the events that it is asked for.
        fds: Vec<(Fd, i32)>,
        /// Milliseconds; a negative time has no end.
        timeout: i32,
    },
    /// A capability (`capabilities(7)`) of the process is given or taken.
    SetCapability {
        /// `CAP_EFFECTIVE`, `CAP_PERMITTED` or `CAP_INHERITABLE`.
        set: i32,
        /// `CAP_NET_ADMIN` and the like.
        capability: i32,
        /// Whether it is given.
        is_set: bool,
    },
    /// `connect` to the address family `AF_UNSPEC`, which dissolves a connection.
    Disconnect {
        /// The socket.
        fd: Fd,
    },
    /// `recv` into the null pointer, or `send` from it.
    NullBuffer {
        /// The socket.
        fd: Fd,
        /// The size that the buffer is said to have.
        length: usize,
        /// `MSG_PEEK` and the like.
        flags: i32,
        /// Whether it is `send`.
        is_write: bool,
    },
    /// `recvmsg` with room for control messages; the return carries data, flags and control messages.
    ReceiveMessage {
        /// The socket.
        fd: Fd,
        /// The size of the buffer in octets.
        length: usize,
        /// The room for control messages in octets.
        control: usize,
        /// `MSG_ERRQUEUE` and the like.
        flags: i32,
    },
    /// `sendmsg`
    SendMessage {
        /// The socket.
        fd: Fd,
        /// The data, each piece in a buffer of its own.
        pieces: Vec<Vec<u8>>,
        /// The control messages, as Linux on a machine of 64 bits lays them out.
        control: Vec<u8>,
        /// `MSG_ZEROCOPY` and the like.
        flags: i32,
        /// Where to.
        to: Option<SocketAddr>,
    },
    /// `epoll_create`
    EpollCreate {
        /// Without meaning, but not negative.
        size: i32,
    },
    /// `epoll_ctl`
    EpollControl {
        /// The set.
        epoll: Fd,
        /// `EPOLL_CTL_ADD` and the like.
        operation: i32,
        /// The descriptor.
        fd: Fd,
        /// The events that it is asked for.
        events: u32,
        /// What comes with them.
        data: u64,
    },
    /// `epoll_wait`; the return carries the first event as data: its events in 4 octets, what comes with them in 8.
    EpollWait {
        /// The set.
        epoll: Fd,
        /// How many events at most.
        most: i32,
        /// Milliseconds; a negative time has no end.
        timeout: i32,
    },
    /// `pipe`; the return carries both descriptors as data.
    Pipe,
    /// `splice` without offsets.
    Splice {
        /// Where from.
        from: Fd,
        /// Where to.
        to: Fd,
        /// Octets.
        length: usize,
        /// `SPLICE_F_MOVE` and the like.
        flags: i32,
    },
    /// `open`
    Open {
        /// The path, as it is written.
        path: String,
        /// `O_RDONLY` and the like.
        flags: i32,
    },
    /// `sendfile`
    SendFile {
        /// Where to.
        to: Fd,
        /// Where from.
        from: Fd,
        /// Where in it.
        offset: Option<i64>,
        /// Octets.
        count: usize,
    },
    /// `getsockopt`; the return carries the value as data.
    GetOption {
        /// The socket.
        fd: Fd,
        /// `SOL_SOCKET` and the like.
        level: i32,
        /// `SO_ERROR` and the like.
        name: i32,
        /// The room for the value in octets.
        length: usize,
    },
}

/// The result of a call.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Return {
    /// As in C: a count, a descriptor, 0, or -1.
    pub value: i64,
    /// Set when `value` is -1.
    pub errno: Option<Errno>,
    /// What `Read`, `GetOption`, `Ioctl` and `Poll` put into the buffer.
    pub data: Vec<u8>,
    /// The peer of an accepted connection.
    pub peer: Option<SocketAddr>,
    /// `msg_flags` of a message.
    pub flags: i32,
    /// The control messages of a message, as Linux on a machine of 64 bits lays them out.
    pub control: Vec<u8>,
}

impl Return {
    /// Success with this value.
    pub fn ok(value: i64) -> Return {
        Return { value, ..Return::default() }
    }

    /// Failure.
    pub fn error(errno: Errno) -> Return {
        Return { value: -1, errno: Some(errno), ..Return::default() }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was done to the stack.
    Stimulus(Stimulus),
    /// The stack did it.
    Response(Response),
}

/// A thing that happened, when, and by which line of the scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When.
    pub at: Instant,
    /// The line of the scenario that did or expected it; `None` if no line asked for it.
    pub line: Option<usize>,
    /// What.
    pub event: Event,
}

/// All that happened in one run, in order.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Trace {
    /// In the order of the run; times never go backwards.
    pub records: Vec<Record>,
}
