//! What the adapter knows of a smoltcp socket and smoltcp does not say: why a connection ended,
//! whether the peer's FIN has come, who still holds it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use ::smoltcp::iface::SocketHandle;
use ::smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use ::smoltcp::time::Duration as SmolDuration;
use ::smoltcp::wire::IpListenEndpoint;

use crate::posix::Errno;
use crate::stack::StackError;
use crate::stack::engine::{EngineError, SocketOptions, Status};

/// Buffers without `SO_RCVBUF` and `SO_SNDBUF`: the largest window that needs no scaling.
pub(super) const DEFAULT_BUFFER: usize = 65_535;

/// The largest buffer; smoltcp wants all of its memory at once.
pub(super) const MAX_BUFFER: usize = 64 << 20;

/// `TCP_KEEPIDLE` if it was not set (RFC 1122 §4.2.3.6).
const KEEP_IDLE: Duration = Duration::from_hours(2);

/// A connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) handle: SocketHandle,
    /// The state when we last looked.
    state: State,
    error: Option<Errno>,
    /// The peer's FIN has come.
    peer_finished: bool,
    /// The application has let go of it.
    pub(super) orphan: bool,
    pub(super) options: SocketOptions,
}

/// A port on which smoltcp sockets wait.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) endpoint: IpListenEndpoint,
    pub(super) backlog: usize,
    pub(super) options: SocketOptions,
    /// Sockets in LISTEN and SYN-RECEIVED.
    pub(super) idle: Vec<SocketHandle>,
    /// Established connections that nobody has accepted, the oldest first.
    pub(super) ready: VecDeque<(u64, SocketAddr)>,
}

/// What made smoltcp look at its sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A packet has arrived: a connection that ends by it was reset.
    Packet,
    /// Time has passed: a connection that ends by it has timed out.
    Time,
}

impl Link {
    pub(super) fn new(handle: SocketHandle, state: State, options: SocketOptions) -> Link {
        Link { handle, state, error: None, peer_finished: false, orphan: false, options }
    }

    /// The application ended it: nothing that follows is an error.
    pub(super) fn abandon(&mut self) {
        self.orphan = true;
        self.state = State::Closed;
    }

    /// Learns from the change of a socket's state since the last look.
    pub(super) fn observe(&mut self, socket: &Socket<'_>, cause: Cause) {
        let (old, new) = (self.state, socket.state());
        self.state = new;
        self.peer_finished |= matches!(new, State::CloseWait | State::LastAck | State::Closing | State::TimeWait);
        if new != State::Closed || self.error.is_some() {
            return;
        }
        self.error = match (cause, old) {
            (_, State::Closed | State::TimeWait) => None,
            (Cause::Time, _) => Some(Errno::ETIMEDOUT),
            // The ACK of our FIN ends the connection too.
            (Cause::Packet, State::LastAck) => None,
            (Cause::Packet, State::SynSent | State::SynReceived) => Some(Errno::ECONNREFUSED),
            (Cause::Packet, _) => Some(Errno::ECONNRESET),
        };
    }

    /// How the connection stands.
    pub(super) fn status(&self, socket: &Socket<'_>) -> Status {
        let state = socket.state();
        let connecting = matches!(state, State::SynSent | State::SynReceived);
        // What came with the SYN may still be overwritten by another SYN.
        let readable = if connecting { 0 } else { socket.recv_queue() };
        let writable = if socket.may_send() { socket.send_capacity().saturating_sub(socket.send_queue()) } else { 0 };
        let fin_is_under_way = matches!(state, State::FinWait1 | State::Closing | State::LastAck);
        Status {
            connecting,
            readable,
            end_of_stream: self.peer_finished && readable == 0,
            fin_received: Some(self.peer_finished),
            writable,
            unacknowledged: Some(socket.send_queue() + usize::from(fin_is_under_way)),
            send_closed: !connecting && !socket.may_send(),
            error: self.error,
            closed: state == State::Closed,
            ..Status::default()
        }
    }
}

/// A closed socket with these options.
pub(super) fn socket(options: &SocketOptions) -> Socket<'static> {
    let buffer = |size: Option<usize>| SocketBuffer::new(vec![0; size.unwrap_or(DEFAULT_BUFFER).clamp(1, MAX_BUFFER)]);
    let mut socket = Socket::new(buffer(options.receive_buffer), buffer(options.send_buffer));
    apply(&mut socket, options);
    socket
}

/// Gives a socket the options that can change at any time.
pub(super) fn apply(socket: &mut Socket<'_>, options: &SocketOptions) {
    socket.set_nagle_enabled(!options.no_delay);
    socket.set_timeout(options.user_timeout.map(duration));
    let keep_alive = options.keep_alive.then(|| duration(options.keep_idle.unwrap_or(KEEP_IDLE)));
    // smoltcp probes at once when keep-alive is set on an open connection, even to what it was.
    if socket.keep_alive() != keep_alive {
        socket.set_keep_alive(keep_alive);
    }
}

/// Refuses what smoltcp cannot do.
pub(super) fn check(options: &SocketOptions) -> Result<(), EngineError> {
    let unsupported = |what: &str| Err(EngineError::Stack(StackError::Unsupported(format!("smoltcp: {what}"))));
    if options.max_segment.is_some() {
        return unsupported("TCP_MAXSEG");
    }
    let lacking = [
        (options.cork, "TCP_CORK and MSG_MORE"),
        (options.quick_ack.is_some(), "TCP_QUICKACK"),
        (options.syn_count.is_some(), "TCP_SYNCNT"),
        (options.congestion.is_some(), "TCP_CONGESTION"),
    ];
    if let Some((_, what)) = lacking.into_iter().find(|(asked, _)| *asked) {
        return unsupported(what);
    }
    if options.keep_count.is_some() {
        return unsupported("TCP_KEEPCNT (keep-alive probes go on without end)");
    }
    if options.keep_interval.is_some_and(|interval| interval != options.keep_idle.unwrap_or(KEEP_IDLE)) {
        return unsupported("TCP_KEEPINTVL other than TCP_KEEPIDLE (there is one interval for both)");
    }
    if [options.receive_buffer, options.send_buffer].into_iter().flatten().any(|size| size > MAX_BUFFER) {
        return unsupported("SO_RCVBUF or SO_SNDBUF above 64 MiB");
    }
    Ok(())
}

fn duration(span: Duration) -> SmolDuration {
    SmolDuration::from_micros(u64::try_from(span.as_micros()).unwrap_or(u64::MAX))
}
