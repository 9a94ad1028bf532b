//! The small trait behind which an in-process TCP hides: non-blocking primitives and a poll loop.
//!
//! Descriptors, blocking calls, `errno` and option numbers are the business of the socket layer
//! above it, which turns any [`Engine`] into a [`Stack`](super::Stack).

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::Duration;

use wirelaw_reference::tcp::{CongestionControl, Info};
use wirelaw_reference::time::Instant;

use super::{Profile, StackError};
use crate::habits::HabitValue;
use crate::posix::Errno;

/// An in-process TCP.
pub trait Engine {
    /// Names a listening socket.
    type Listener: Copy + Debug + PartialEq;
    /// Names a connection.
    type Connection: Copy + Debug + PartialEq;

    /// What stack this is and what it can do.
    fn profile(&self) -> Profile;

    /// Whether it has the habit with this value, as [`Stack::follows`](super::Stack::follows).
    fn follows(&self, habit: &HabitValue) -> bool {
        let _ = habit;
        false
    }

    /// Starts to listen on `local` for up to `backlog` connections that nobody has accepted.
    fn listen(
        &mut self,
        at: Instant,
        local: SocketAddr,
        backlog: usize,
        options: &SocketOptions,
    ) -> Result<Self::Listener, EngineError>;

    /// The oldest connection of the listener that is established (or further) and not yet accepted.
    fn accept(&mut self, at: Instant, listener: Self::Listener) -> Option<(Self::Connection, SocketAddr)>;

    /// Whether [`accept`](Engine::accept) would give a connection; `None`: the stack does not tell.
    fn acceptable(&self, listener: Self::Listener) -> Option<bool> {
        let _ = listener;
        None
    }

    /// Stops listening. Connections that nobody accepted are reset.
    fn close_listener(&mut self, at: Instant, listener: Self::Listener);

    /// Opens a connection; `local` may leave address and port (0) open.
    fn connect(
        &mut self,
        at: Instant,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        options: &SocketOptions,
    ) -> Result<Self::Connection, EngineError>;

    /// Opens a connection like [`connect`](Engine::connect), with data for its SYN: how much of it was
    /// queued, or `None` if the SYN may not carry any (RFC 7413 §4.2). Asked only of engines with
    /// [`Capability::FastOpen`](super::Capability::FastOpen).
    fn connect_fast(
        &mut self,
        at: Instant,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        options: &SocketOptions,
        data: &[u8],
    ) -> Result<(Self::Connection, Option<usize>), EngineError> {
        let _ = data;
        Ok((self.connect(at, local, remote, options)?, None))
    }

    /// Whether [`connect_fast`](Engine::connect_fast) could put data on the SYN.
    fn has_fast_open_cookie(&self, at: Instant, remote: SocketAddr) -> bool {
        let _ = (at, remote);
        false
    }

    /// Applies changed options to a listener, as far as they concern it more than its connections.
    fn configure_listener(&mut self, listener: Self::Listener, options: &SocketOptions) {
        let _ = (listener, options);
    }

    /// How a connection stands.
    fn status(&self, connection: Self::Connection) -> Status;

    /// How a connection stands in numbers; `None`: the stack does not tell, and `TCP_INFO` is
    /// unsupported.
    fn info(&self, connection: Self::Connection) -> Option<Info> {
        let _ = connection;
        None
    }

    /// Queues octets for sending, as many as there is room for. `urgent`: the last one is urgent.
    fn send(
        &mut self,
        at: Instant,
        connection: Self::Connection,
        data: &[u8],
        urgent: bool,
    ) -> Result<usize, EngineError>;

    /// Takes up to `length` octets that have arrived in order; `peek` leaves them there.
    fn receive(
        &mut self,
        at: Instant,
        connection: Self::Connection,
        length: usize,
        peek: bool,
    ) -> Result<Vec<u8>, EngineError>;

    /// No more data will be sent: a FIN follows what is queued.
    fn shutdown(&mut self, at: Instant, connection: Self::Connection);

    /// The application lets go of the connection, which goes on closing by itself: a FIN follows
    /// what is queued, and if unread data is lost by this the peer may be told by a reset.
    fn close(&mut self, at: Instant, connection: Self::Connection);

    /// Resets the connection and forgets it.
    fn abort(&mut self, at: Instant, connection: Self::Connection);

    /// Applies changed options to an open connection.
    fn configure(
        &mut self,
        at: Instant,
        connection: Self::Connection,
        options: &SocketOptions,
    ) -> Result<(), EngineError>;

    /// Whether these options can be honoured; asked on every `setsockopt`, also before there is a
    /// connection to [`configure`](Engine::configure).
    fn check_options(&self, options: &SocketOptions) -> Result<(), EngineError> {
        let _ = options;
        Ok(())
    }

    /// What `SO_RCVBUF` and `SO_SNDBUF` tell when nobody has set them, in octets; `None`: not known.
    fn default_buffers(&self) -> Option<(usize, usize)> {
        None
    }

    /// What `TCP_CONGESTION` tells when nobody has set it; `None`: not known.
    fn default_congestion(&self) -> Option<CongestionControl> {
        None
    }

    /// Whether the engine can go on. The calls that cannot fail tell their failures here.
    fn health(&self) -> Result<(), StackError> {
        Ok(())
    }

    /// An IP packet arrives.
    fn handle_packet(&mut self, at: Instant, octets: &[u8]);

    /// The next IP packet to send at `at`, timers that are due by then included.
    fn poll_packet(&mut self, at: Instant) -> Option<Vec<u8>>;

    /// When [`poll_packet`](Engine::poll_packet) should be called again; `None`: only after the next input.
    fn poll_deadline(&mut self, at: Instant) -> Option<Instant>;
}

/// How a connection stands, as far as an application can see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The handshake is still under way.
    pub connecting: bool,
    /// Octets that can be received now.
    pub readable: usize,
    /// The peer has sent its FIN, and everything before it has been read.
    pub end_of_stream: bool,
    /// The peer has sent its FIN, whether or not there is data before it; `None`: not known while there is.
    pub fin_received: Option<bool>,
    /// Urgent data has been announced that has not been received. Asked only of engines with
    /// [`Capability::Urgent`](super::Capability::Urgent).
    pub urgent: bool,
    /// The octet that is received next is the last urgent one.
    pub at_urgent_mark: bool,
    /// Octets that can be queued for sending now.
    pub writable: usize,
    /// No more data can be sent: we have sent our FIN, or the connection is gone.
    pub send_closed: bool,
    /// Octets that the peer has not acknowledged, sent or not, a queued FIN counting for one;
    /// `None`: the stack does not tell.
    pub unacknowledged: Option<usize>,
    /// Why the connection failed.
    pub error: Option<Errno>,
    /// Nothing is left of the connection but its name.
    pub closed: bool,
}

/// Why an engine refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineError {
    /// The application sees this error.
    Errno(Errno),
    /// The harness cannot go on.
    Stack(StackError),
}

/// Socket options with their POSIX defaults.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SocketOptions {
    /// `SO_REUSEADDR`
    pub reuse_address: bool,
    /// `TCP_NODELAY`: Nagle's algorithm is off (RFC 9293 §3.7.4).
    pub no_delay: bool,
    /// `SO_KEEPALIVE`
    pub keep_alive: bool,
    /// `TCP_KEEPIDLE`
    pub keep_idle: Option<Duration>,
    /// `TCP_KEEPINTVL`
    pub keep_interval: Option<Duration>,
    /// `TCP_KEEPCNT`
    pub keep_count: Option<u32>,
    /// `TCP_USER_TIMEOUT`
    pub user_timeout: Option<Duration>,
    /// `TCP_MAXSEG`
    pub max_segment: Option<u16>,
    /// `SO_RCVBUF`, in octets
    pub receive_buffer: Option<usize>,
    /// `SO_SNDBUF`, in octets
    pub send_buffer: Option<usize>,
    /// `TCP_CORK`, or `MSG_MORE` on the last write: segments that are not full wait.
    pub cork: bool,
    /// `TCP_QUICKACK`: whether acknowledgments are sent at once.
    pub quick_ack: Option<bool>,
    /// `TCP_SYNCNT`: how often a SYN is sent again.
    pub syn_count: Option<u32>,
    /// `TCP_CONGESTION`
    pub congestion: Option<CongestionControl>,
    /// `TCP_FASTOPEN_CONNECT`: `connect` waits for the first data if the server's cookie is known.
    pub fast_open_connect: bool,
    /// `TCP_FASTOPEN`: so many connections of a listener may have got data on their SYN (RFC 7413 §4.2)
    pub fast_open: Option<u32>,
    /// `SO_LINGER` with its time
    pub linger: Option<Duration>,
}
