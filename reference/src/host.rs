//! A host: listening sockets, connections told apart by their 4-tuple, IP packets in and out
//! (RFC 9293 §3.9).
//!
//! [`Host`] has the same four families of methods as a [`Connection`]: commands, `handle_*`,
//! `poll_*` and getters. A connection that has ended stays known by its [`ConnectionId`] until
//! [`Host::release`] is called or, if it was [detached](Host::detach), goes away by itself.

mod demux;
mod isn;
mod listener;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, SocketAddr};

pub use isn::IsnGenerator;
use listener::Listener;

use crate::tcp::{CallError, Config, Connection, State};
use crate::time::Instant;
use crate::wire::{Packet, Segment};

/// Names a connection of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

/// Names a listening socket of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenerId(u64);

/// What tells connections apart (RFC 9293 §3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FourTuple {
    /// Our address and port.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
}

/// Why a socket could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// The address is not one of this host's.
    AddressNotAvailable,
    /// The port, or the 4-tuple, is taken (MUST-41).
    AddressInUse,
    /// The remote address is no unicast address (MUST-46), or of the wrong family.
    InvalidRemote,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OpenError::AddressNotAvailable => "address not available",
            OpenError::AddressInUse => "address in use",
            OpenError::InvalidRemote => "invalid remote address",
        })
    }
}

impl core::error::Error for OpenError {}

#[derive(Clone, Debug)]
struct Entry {
    connection: Connection,
    tuple: FourTuple,
    /// The listener whose `accept` will hand it out.
    listener: Option<ListenerId>,
    /// Nobody will ask for it again.
    detached: bool,
    deadline: Option<Instant>,
    /// It stands in `ready`.
    is_ready: bool,
    /// The connection in TIME-WAIT whose 4-tuple it took, until its handshake is complete (MAY-2).
    replaced: Option<Box<(ConnectionId, Entry)>>,
}

/// The first of the ephemeral ports (RFC 6335 §6).
const FIRST_EPHEMERAL_PORT: u16 = 49_152;

/// A host with its addresses. See the [module](self).
#[derive(Clone, Debug)]
pub struct Host {
    addresses: Vec<IpAddr>,
    mtu: u16,
    isn: IsnGenerator,
    last_id: u64,
    next_port: u16,
    connections: BTreeMap<ConnectionId, Entry>,
    tuples: BTreeMap<FourTuple, ConnectionId>,
    listeners: BTreeMap<ListenerId, Listener>,
    deadlines: BTreeSet<(Instant, ConnectionId)>,
    /// Connections that may have something to send.
    ready: VecDeque<ConnectionId>,
    outbox: VecDeque<Packet>,
    /// Rules for segments before it is known whose they are.
    strays: Config,
}

impl Host {
    /// A host with these addresses on a link that carries IP packets of up to `mtu` octets.
    pub fn new(addresses: Vec<IpAddr>, mtu: u16, isn: IsnGenerator) -> Host {
        Host {
            addresses,
            mtu,
            isn,
            last_id: 0,
            next_port: FIRST_EPHEMERAL_PORT,
            connections: BTreeMap::new(),
            tuples: BTreeMap::new(),
            listeners: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            ready: VecDeque::new(),
            outbox: VecDeque::new(),
            strays: Config::default(),
        }
    }

    /// Makes rules for segments that belong to no connection and no listener: only what concerns the
    /// whole host counts, [`Config::black_hole`] and [`Config::drop_syn_fin`].
    pub fn set_stray_rules(&mut self, config: Config) {
        self.strays = config;
    }

    /// The configuration that suits an address family on this link (§3.7.1, MUST-15, MUST-67).
    pub fn config(&self, is_v6: bool) -> Config {
        let (headers, default_mss, min_path_mtu) = if is_v6 { (60, 1220, 1280) } else { (40, 536, 68) };
        Config { mss: self.mtu.saturating_sub(headers).max(1), default_mss, min_path_mtu, ..Config::default() }
    }

    /// Passive OPEN: up to `backlog` connections may wait to be accepted.
    ///
    /// # Errors
    /// A foreign address, or a port that somebody listens on.
    pub fn listen(&mut self, local: SocketAddr, backlog: usize, config: Config) -> Result<ListenerId, OpenError> {
        if !local.ip().is_unspecified() && !self.addresses.contains(&local.ip()) {
            return Err(OpenError::AddressNotAvailable);
        }
        if self.listeners.values().any(|listener| {
            listener.serves(local) || local.ip().is_unspecified() && listener.local.port() == local.port()
        }) {
            return Err(OpenError::AddressInUse);
        }
        self.last_id += 1;
        let id = ListenerId(self.last_id);
        self.listeners.insert(id, Listener { local, config, backlog, waiting: VecDeque::new() });
        Ok(id)
    }

    /// The oldest connection of `listener` whose handshake is complete, and its peer.
    pub fn accept(&mut self, listener: ListenerId) -> Option<(ConnectionId, SocketAddr)> {
        let waiting = &mut self.listeners.get_mut(&listener)?.waiting;
        let at = waiting
            .iter()
            .position(|id| self.connections.get(id).is_some_and(|entry| entry.connection.state().is_synchronized()))?;
        let id = waiting.remove(at)?;
        let entry = self.connections.get_mut(&id)?;
        entry.listener = None;
        Some((id, entry.tuple.remote))
    }

    /// Stops listening; connections that nobody accepted are aborted.
    pub fn close_listener(&mut self, listener: ListenerId) {
        let Some(listener) = self.listeners.remove(&listener) else { return };
        for id in listener.waiting {
            if let Some(entry) = self.connections.get_mut(&id) {
                entry.listener = None;
                entry.detached = true;
                let _ = entry.connection.abort(); // one that is gone needs no abort
                self.settle(id);
            }
        }
    }

    /// Active OPEN. Without a local address the host chooses one, and a port (MUST-44).
    ///
    /// # Errors
    /// A foreign local address, a 4-tuple in use, or a remote address that is no unicast address.
    pub fn connect(
        &mut self,
        now: Instant,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        config: Config,
    ) -> Result<ConnectionId, OpenError> {
        if !demux::is_unicast(remote.ip()) || remote.port() == 0 {
            return Err(OpenError::InvalidRemote);
        }
        let tuple = FourTuple { local: self.choose_local(local, remote)?, remote };
        let iss = self.isn.choose(now, &tuple, None);
        let connection = Connection::open_active(now, config, tuple.local.port(), remote.port(), iss);
        let id = self.insert(tuple, connection, None);
        self.settle(id);
        Ok(id)
    }

    fn choose_local(&mut self, local: Option<SocketAddr>, remote: SocketAddr) -> Result<SocketAddr, OpenError> {
        let ip = match local.map(|local| local.ip()).filter(|ip| !ip.is_unspecified()) {
            Some(ip) => ip,
            None => *self
                .addresses
                .iter()
                .find(|address| address.is_ipv6() == remote.is_ipv6())
                .ok_or(OpenError::InvalidRemote)?,
        };
        if !self.addresses.contains(&ip) {
            return Err(OpenError::AddressNotAvailable);
        }
        if ip.is_ipv6() != remote.is_ipv6() {
            return Err(OpenError::InvalidRemote);
        }
        let is_free = |port| !self.tuples.contains_key(&FourTuple { local: SocketAddr::new(ip, port), remote });
        let port = match local.map_or(0, |local| local.port()) {
            0 => {
                let ephemeral = FIRST_EPHEMERAL_PORT..=u16::MAX;
                let later = self.next_port..=u16::MAX;
                let port = later.chain(ephemeral).find(|port| is_free(*port)).ok_or(OpenError::AddressInUse)?;
                self.next_port = port.checked_add(1).unwrap_or(FIRST_EPHEMERAL_PORT);
                port
            }
            port if is_free(port) => port,
            _ => return Err(OpenError::AddressInUse),
        };
        Ok(SocketAddr::new(ip, port))
    }

    /// A connection, for its getters.
    pub fn connection(&self, id: ConnectionId) -> Option<&Connection> {
        self.connections.get(&id).map(|entry| &entry.connection)
    }

    /// The connection that has this 4-tuple, accepted or not.
    pub fn find(&self, tuple: &FourTuple) -> Option<ConnectionId> {
        self.tuples.get(tuple).copied()
    }

    /// The 4-tuple of a connection.
    pub fn four_tuple(&self, id: ConnectionId) -> Option<FourTuple> {
        self.connections.get(&id).map(|entry| entry.tuple)
    }

    /// Makes a user call on a connection: [`Connection::send`], [`Connection::close`] and so on.
    ///
    /// # Errors
    /// What the call returns, or that there is no such connection.
    pub fn call<T>(
        &mut self,
        id: ConnectionId,
        call: impl FnOnce(&mut Connection) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let entry = self.connections.get_mut(&id).ok_or(CallError::ConnectionDoesNotExist)?;
        let result = call(&mut entry.connection);
        self.settle(id);
        result
    }

    /// [`Connection::detach`], after which the host forgets the connection as soon as it is closed.
    pub fn detach(&mut self, id: ConnectionId) {
        if let Some(entry) = self.connections.get_mut(&id) {
            entry.detached = true;
            let _ = entry.connection.detach(); // one that is gone needs no close
            self.settle(id);
        }
    }

    /// Forgets a connection that is closed; one that is not goes away when it is.
    pub fn release(&mut self, id: ConnectionId) {
        if let Some(entry) = self.connections.get_mut(&id) {
            entry.detached = true;
            self.settle(id);
        }
    }

    /// When [`handle_timeout`](Host::handle_timeout) is to be called next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Handles every timer that is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((_, id)) = self.deadlines.first().copied().filter(|(at, _)| *at <= now) {
            self.deadlines.pop_first();
            if let Some(entry) = self.connections.get_mut(&id) {
                entry.deadline = None;
                entry.connection.handle_timeout(now);
                self.settle(id);
            }
        }
    }

    /// The next packet to send at `now`, if there is one.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Packet> {
        if let Some(packet) = self.outbox.pop_front() {
            return Some(packet);
        }
        while let Some(id) = self.ready.front().copied() {
            let mut segment = Segment::default();
            let Some(entry) = self.connections.get_mut(&id) else {
                self.ready.pop_front();
                continue;
            };
            if entry.connection.poll_transmit_into(now, &mut segment) {
                let mut packet = Packet::tcp(entry.tuple.local.ip(), entry.tuple.remote.ip(), segment);
                packet.ip.dont_fragment = entry.connection.config().path_mtu_discovery || packet.ip.source.is_ipv6();
                self.note_deadline(id);
                return Some(packet);
            }
            entry.is_ready = false;
            self.ready.pop_front();
            self.note_deadline(id);
            self.remove_if_done(id);
        }
        None
    }

    fn insert(&mut self, tuple: FourTuple, connection: Connection, listener: Option<ListenerId>) -> ConnectionId {
        self.last_id += 1;
        let id = ConnectionId(self.last_id);
        let entry =
            Entry { connection, tuple, listener, detached: false, deadline: None, is_ready: false, replaced: None };
        self.connections.insert(id, entry);
        self.tuples.insert(tuple, id);
        id
    }

    /// After anything was done to a connection: it may have to send, wait for something else, or go.
    fn settle(&mut self, id: ConnectionId) {
        self.note_deadline(id);
        let Some(entry) = self.connections.get_mut(&id) else { return };
        if !core::mem::replace(&mut entry.is_ready, true) {
            self.ready.push_back(id);
        }
        if entry.connection.state() == State::Closed && self.tuples.get(&entry.tuple) == Some(&id) {
            self.tuples.remove(&entry.tuple); // its 4-tuple is free again
        }
    }

    fn note_deadline(&mut self, id: ConnectionId) {
        let Some(entry) = self.connections.get_mut(&id) else { return };
        let deadline = entry.connection.poll_timeout();
        if deadline != entry.deadline {
            if let Some(old) = entry.deadline {
                self.deadlines.remove(&(old, id));
            }
            if let Some(new) = deadline {
                self.deadlines.insert((new, id));
            }
            entry.deadline = deadline;
        }
    }

    /// A connection that is closed, has nothing left to send and nobody to ask for it.
    fn remove_if_done(&mut self, id: ConnectionId) {
        let Some(entry) = self.connections.get(&id) else { return };
        // a child of a listener that never was established: nobody knows of it
        let is_gone = match (entry.connection.state(), entry.listener) {
            (State::Listen, Some(_)) => true,
            (State::Closed, Some(_)) => true,
            (State::Closed, None) => entry.detached,
            _ => false,
        };
        if is_gone {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: ConnectionId) -> Option<Entry> {
        let mut entry = self.connections.remove(&id)?;
        if self.tuples.get(&entry.tuple) == Some(&id) {
            self.tuples.remove(&entry.tuple);
        }
        if let Some(deadline) = entry.deadline.take() {
            self.deadlines.remove(&(deadline, id));
        }
        if let Some(listener) = entry.listener.and_then(|listener| self.listeners.get_mut(&listener)) {
            listener.waiting.retain(|waiting| *waiting != id);
        }
        Some(entry)
    }
}
