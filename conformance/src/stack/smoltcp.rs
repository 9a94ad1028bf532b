//! The smoltcp TCP/IP stack behind the [`Engine`] seam.
//!
//! Everything is smoltcp's default (delayed ACK of 10 ms, Nagle on, no congestion control, no
//! timestamps, no time after which it gives up) but for the buffers, which have no default there:
//! 65535 octets each. Only what smoltcp's 0.12, 0.13 and 0.14 have in common is used, so that an
//! older smoltcp can be judged by changing its version in `Cargo.toml`.
//!
//! smoltcp knows no listening socket with a backlog: a socket in LISTEN *becomes* the connection.
//! The adapter keeps one socket in LISTEN as long as fewer than `backlog` connections are under way or
//! wait for `accept`; at the limit smoltcp answers a SYN with a reset, as any closed port does.

mod device;
mod guard;
mod habits;
mod isn;
mod link;
mod opening;
mod watch;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;

use ::smoltcp::iface::{Interface, PollResult, SocketSet};
use ::smoltcp::socket::tcp::{Socket, State};
use ::smoltcp::time::Instant as SmolInstant;
use ::smoltcp::wire::IpListenEndpoint;
use wirelaw_reference::seq::Seq;
use wirelaw_reference::time::Instant;

use self::device::Queues;
use self::guard::guarded;
use self::link::{Cause, DEFAULT_BUFFER, Link, Waiter};
use super::engine::{Engine, EngineError, SocketOptions, Status};
use super::sockets::Sockets;
use super::{Capability, Clock, Profile, Setup, Stack, StackError};
use crate::habits::HabitValue;
use crate::posix::Errno;

/// What smoltcp can do. Not there: a backlog that drops, urgent data, and keep-alive with its count
/// and a second interval.
const CAPABILITIES: &[Capability] = &[
    Capability::Isn,
    Capability::Ipv6,
    Capability::UserTimeout,
    Capability::NoDelay,
    Capability::Linger,
    Capability::WindowScale,
    Capability::Buffers,
];

/// How often smoltcp may ask to be called again for sending, at one instant. It is needed: 0.14
/// retransmits in FIN-WAIT-2 what it may not send there, and sends empty segments for ever instead.
const MAX_POLLS: usize = 100_000;

/// Where the ports begin that are chosen for connections (RFC 6335 §6).
const FIRST_PORT: u16 = 49_152;

/// Makes a smoltcp ready for one scenario.
pub fn new(setup: &Setup) -> Result<Box<dyn Stack>, StackError> {
    Ok(Box::new(Sockets::new(Smoltcp::new(setup)?, setup)))
}

/// A smoltcp interface with its sockets.
pub struct Smoltcp {
    interface: Interface,
    device: Queues,
    sockets: SocketSet<'static>,
    setup: Setup,
    /// The numbers that the next connections get.
    isns: VecDeque<Seq>,
    links: BTreeMap<u64, Link>,
    waiters: BTreeMap<u64, Waiter>,
    next_id: u64,
    next_port: u16,
    /// Why nothing works any more.
    broken: Option<StackError>,
}

/// Names a listening socket of [`Smoltcp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenerId(u64);

/// Names a connection of [`Smoltcp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionId(u64);

impl fmt::Debug for Smoltcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smoltcp")
            .field("links", &self.links)
            .field("waiters", &self.waiters)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

impl Smoltcp {
    /// An interface with the addresses and, if they can be had, the ISNs of `setup`.
    pub fn new(setup: &Setup) -> Result<Smoltcp, StackError> {
        let mut device = Queues { mtu: setup.mtu, ..Queues::default() };
        let interface = guarded(|| opening::interface(setup, setup.seed, &mut device))?;
        Ok(Smoltcp {
            interface,
            device,
            sockets: SocketSet::new(Vec::new()),
            setup: setup.clone(),
            isns: setup.isns.iter().copied().collect(),
            links: BTreeMap::new(),
            waiters: BTreeMap::new(),
            next_id: 0,
            next_port: FIRST_PORT + (setup.seed % u64::from(u16::MAX - FIRST_PORT)) as u16,
            broken: None,
        })
    }

    /// Calls smoltcp unless it is broken; a panic breaks it.
    fn enter<R>(&mut self, call: impl FnOnce(&mut Smoltcp) -> R) -> Result<R, EngineError> {
        if let Some(error) = &self.broken {
            return Err(EngineError::Stack(error.clone()));
        }
        guarded(|| call(self)).map_err(|error| {
            self.broken = Some(error.clone());
            EngineError::Stack(error)
        })
    }

    fn with_habits(&self, options: &SocketOptions) -> SocketOptions {
        habits::with_habits(&self.setup.habits, options)
    }

    fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn adopt(&mut self, link: Link) -> u64 {
        let id = self.new_id();
        self.links.insert(id, link);
        id
    }

    /// Lets smoltcp send all that it wants to send at `at`.
    fn poll(&mut self, at: Instant) {
        for _ in 0..MAX_POLLS {
            let result = self.interface.poll_egress(clock(at), &mut self.device, &mut self.sockets);
            self.observe(Cause::Time);
            if matches!(result, PollResult::None) {
                return;
            }
        }
        self.device.outward.clear();
        self.broken = Some(StackError::Broken(format!("smoltcp sends without end at {at}")));
    }

    /// Does something to a connection's socket, if there is still one.
    fn with_socket<R>(
        &mut self,
        connection: ConnectionId,
        call: impl FnOnce(&mut Socket<'static>) -> R,
    ) -> Result<R, EngineError> {
        let Some(handle) = self.links.get(&connection.0).map(|link| link.handle) else {
            return Err(EngineError::Errno(Errno::ENOTCONN));
        };
        self.enter(|engine| call(engine.sockets.get_mut::<Socket<'_>>(handle)))
    }
}

impl Engine for Smoltcp {
    type Listener = ListenerId;
    type Connection = ConnectionId;

    fn profile(&self) -> Profile {
        Profile {
            name: "smoltcp",
            version: env!("WIRELAW_SMOLTCP_VERSION").to_string(),
            clock: Clock::Virtual,
            capabilities: if isn::draws().is_some() { CAPABILITIES } else { &CAPABILITIES[1..] },
        }
    }

    fn follows(&self, habit: &HabitValue) -> bool {
        habits::follows(habit)
    }

    fn listen(
        &mut self,
        _at: Instant,
        local: SocketAddr,
        backlog: usize,
        options: &SocketOptions,
    ) -> Result<ListenerId, EngineError> {
        let options = &self.with_habits(options);
        link::check(options)?;
        let addr = (!local.ip().is_unspecified()).then(|| local.ip().into());
        let endpoint = IpListenEndpoint { addr, port: local.port() };
        let id = self.new_id();
        let (idle, ready) = (Vec::new(), VecDeque::new());
        self.waiters.insert(id, Waiter { endpoint, backlog: backlog.max(1), options: options.clone(), idle, ready });
        self.enter(|engine| engine.add_spare(id))?;
        Ok(ListenerId(id))
    }

    fn accept(&mut self, _at: Instant, listener: ListenerId) -> Option<(ConnectionId, SocketAddr)> {
        let (id, peer) = self.waiters.get_mut(&listener.0)?.ready.pop_front()?;
        self.enter(|engine| engine.observe_waiter(listener.0)).ok()?;
        Some((ConnectionId(id), peer))
    }

    fn acceptable(&self, listener: ListenerId) -> Option<bool> {
        self.waiters.get(&listener.0).map(|waiter| !waiter.ready.is_empty())
    }

    fn close_listener(&mut self, at: Instant, listener: ListenerId) {
        let Some(waiter) = self.waiters.remove(&listener.0) else { return };
        for (id, _) in waiter.ready {
            self.abort(at, ConnectionId(id));
        }
        for handle in waiter.idle {
            let id = self.adopt(Link::new(handle, State::Closed, waiter.options.clone()));
            self.abort(at, ConnectionId(id));
        }
    }

    fn connect(
        &mut self,
        _at: Instant,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        options: &SocketOptions,
    ) -> Result<ConnectionId, EngineError> {
        let options = &self.with_habits(options);
        link::check(options)?;
        self.enter(|engine| engine.open(local, remote, options))?.map_err(EngineError::Errno)
    }

    fn status(&self, connection: ConnectionId) -> Status {
        match self.links.get(&connection.0) {
            Some(link) => link.status(self.sockets.get::<Socket<'_>>(link.handle)),
            None => Status { closed: true, send_closed: true, ..Status::default() },
        }
    }

    fn send(
        &mut self,
        _at: Instant,
        connection: ConnectionId,
        data: &[u8],
        urgent: bool,
    ) -> Result<usize, EngineError> {
        if urgent {
            return Err(EngineError::Stack(StackError::Unsupported("smoltcp: urgent data".to_string())));
        }
        self.with_socket(connection, |socket| socket.send_slice(data))?.map_err(|_| EngineError::Errno(Errno::EPIPE))
    }

    fn receive(
        &mut self,
        _at: Instant,
        connection: ConnectionId,
        length: usize,
        peek: bool,
    ) -> Result<Vec<u8>, EngineError> {
        self.with_socket(connection, |socket| {
            let mut data = vec![0; length.min(socket.recv_queue())];
            let result = if peek { socket.peek_slice(&mut data) } else { socket.recv_slice(&mut data) };
            data.truncate(result.unwrap_or(0));
            data
        })
    }

    fn shutdown(&mut self, _at: Instant, connection: ConnectionId) {
        let _ = self.with_socket(connection, Socket::close); // health() tells of a panic
    }

    fn close(&mut self, _at: Instant, connection: ConnectionId) {
        if let Some(link) = self.links.get_mut(&connection.0) {
            link.orphan = true;
        }
        let _ = self.with_socket(connection, Socket::close); // health() tells of a panic
        let _ = self.enter(Smoltcp::forget_orphans);
    }

    fn abort(&mut self, _at: Instant, connection: ConnectionId) {
        if let Some(link) = self.links.get_mut(&connection.0) {
            link.abandon();
        }
        let _ = self.with_socket(connection, Socket::abort); // health() tells of a panic
        let _ = self.enter(Smoltcp::forget_orphans);
    }

    fn configure(
        &mut self,
        _at: Instant,
        connection: ConnectionId,
        options: &SocketOptions,
    ) -> Result<(), EngineError> {
        let options = &self.with_habits(options);
        link::check(options)?;
        let Some(link) = self.links.get_mut(&connection.0) else { return Ok(()) };
        let old = &link.options;
        if (old.receive_buffer, old.send_buffer) != (options.receive_buffer, options.send_buffer) {
            let what = "smoltcp: SO_RCVBUF and SO_SNDBUF of an open connection";
            return Err(EngineError::Stack(StackError::Unsupported(what.to_string())));
        }
        link.options = options.clone();
        self.with_socket(connection, |socket| link::apply(socket, options))
    }

    fn check_options(&self, options: &SocketOptions) -> Result<(), EngineError> {
        link::check(options)
    }

    fn health(&self) -> Result<(), StackError> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    fn default_buffers(&self) -> Option<(usize, usize)> {
        let options = self.with_habits(&SocketOptions::default());
        Some((options.receive_buffer.unwrap_or(DEFAULT_BUFFER), options.send_buffer.unwrap_or(DEFAULT_BUFFER)))
    }

    fn handle_packet(&mut self, at: Instant, octets: &[u8]) {
        self.device.inward.push_back(octets.to_vec());
        let _ = self.enter(|engine| {
            let listening = engine.listening();
            if !listening.is_empty() {
                engine.arm();
            }
            engine.interface.poll_ingress_single(clock(at), &mut engine.device, &mut engine.sockets);
            if listening.into_iter().any(|handle| !engine.is_listening(handle)) {
                engine.isns.pop_front();
            }
            engine.observe(Cause::Packet);
        });
    }

    fn poll_packet(&mut self, at: Instant) -> Option<Vec<u8>> {
        if self.device.outward.is_empty() {
            self.enter(|engine| engine.poll(at)).ok()?;
        }
        self.device.outward.pop_front()
    }

    fn poll_deadline(&mut self, at: Instant) -> Option<Instant> {
        let due = self.enter(|engine| engine.interface.poll_at(clock(at), &engine.sockets)).ok()??;
        let micros = u64::try_from(due.total_micros()).unwrap_or(0);
        Some(Instant::from_micros(micros).max(at))
    }
}

/// smoltcp's clock has a resolution of a microsecond.
fn clock(at: Instant) -> SmolInstant {
    SmolInstant::from_micros(i64::try_from(at.as_micros()).unwrap_or(i64::MAX))
}
