//! A host: listening sockets, connections told apart by their 4-tuple, IP packets in and out
//! (RFC 9293 §3.9).
//!
//! [`Host`] has the same four families of methods as a [`Connection`]: commands, `handle_*`,
//! `poll_*` and getters. A connection that has ended stays known by its [`ConnectionId`] until
//! [`Host::release`] is called or, if it was [detached](Host::detach), goes away by itself.

pub mod cookies;
pub mod demux;
pub mod isn;
pub mod listener;
mod table;
pub mod timeouts;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, SocketAddr};

use cookies::Cookies;
#[doc(inline)]
pub use isn::IsnGenerator;
use listener::Listener;
use table::Table;

use crate::tcp::{CallError, Config, Connection, State};
use crate::time::Instant;
use crate::wire::{Ip, Packet};

/// Names a connection of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId {
    /// Never used twice, and growing: ids sort by age.
    serial: u64,
    /// Where in the table the connection lives.
    slot: u32,
}

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
    /// The first half of its id.
    serial: u64,
    connection: Connection,
    tuple: FourTuple,
    /// The listener whose `accept` will hand it out.
    listener: Option<ListenerId>,
    /// Nobody will ask for it again.
    detached: bool,
    /// Under which instant it stands in the host's `deadlines`; never later than its next timer.
    armed: Option<Instant>,
    /// It stands in `ready`.
    is_ready: bool,
    /// The connection in TIME-WAIT whose 4-tuple it took, until its handshake is complete (MAY-2).
    replaced: Option<Box<(ConnectionId, Box<Entry>)>>,
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
    /// The identification of the next IPv4 packet that may be fragmented.
    next_identification: u16,
    connections: Table,
    listeners: BTreeMap<ListenerId, Listener>,
    /// The listeners of each port, oldest first.
    ports: BTreeMap<u16, Vec<ListenerId>>,
    deadlines: BTreeSet<(Instant, ConnectionId)>,
    /// Connections that may have something to send.
    ready: VecDeque<ConnectionId>,
    outbox: VecDeque<Packet>,
    /// Rules for segments before it is known whose they are.
    strays: Config,
    cookies: Cookies,
}

impl Host {
    /// A host with these addresses on a link that carries IP packets of up to `mtu` octets.
    pub fn new(addresses: Vec<IpAddr>, mtu: u16, isn: IsnGenerator) -> Host {
        let connections = Table::new(isn.table_key());
        let cookies = Cookies::new(isn.cookie_key());
        Host {
            addresses,
            mtu,
            isn,
            last_id: 0,
            next_port: FIRST_EPHEMERAL_PORT,
            next_identification: 1,
            connections,
            listeners: BTreeMap::new(),
            ports: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            ready: VecDeque::new(),
            outbox: VecDeque::new(),
            strays: Config::default(),
            cookies,
        }
    }

    /// Makes rules for segments that belong to no connection and no listener: only what concerns the
    /// whole host counts, [`Config::black_hole`],
    /// [`Config::drop_syn_fin`] and [`Config::reset_timestamps`].
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
    pub fn listen(
        &mut self,
        local: SocketAddr,
        backlog: usize,
        config: impl Into<Arc<Config>>,
    ) -> Result<ListenerId, OpenError> {
        if !local.ip().is_unspecified() && !self.addresses.contains(&local.ip()) {
            return Err(OpenError::AddressNotAvailable);
        }
        let port = self.ports.entry(local.port()).or_default();
        let is_served = port.iter().any(|id| self.listeners.get(id).is_some_and(|other| other.serves(local)));
        if is_served || local.ip().is_unspecified() && !port.is_empty() {
            return Err(OpenError::AddressInUse);
        }
        self.last_id += 1;
        let id = ListenerId(self.last_id);
        port.push(id);
        self.listeners.insert(id, Listener::new(local, backlog, config.into()));
        Ok(id)
    }

    /// Changes what connections of `listener` will be like that open from now on.
    pub fn configure_listener(&mut self, listener: ListenerId, change: impl FnOnce(&mut Config)) {
        if let Some(listener) = self.listeners.get_mut(&listener) {
            change(Arc::make_mut(&mut listener.config));
        }
    }

    /// The oldest connection of `listener` whose handshake is complete, and its peer.
    pub fn accept(&mut self, listener: ListenerId) -> Option<(ConnectionId, SocketAddr)> {
        let id = self.listeners.get_mut(&listener)?.accept()?;
        let entry = self.connections.get_mut(id)?;
        entry.listener = None;
        Some((id, entry.tuple.remote))
    }

    /// Whether [`accept`](Host::accept) would give a connection.
    pub fn is_acceptable(&self, listener: ListenerId) -> bool {
        self.listeners.get(&listener).is_some_and(Listener::has_complete)
    }

    /// Stops listening; connections that nobody accepted are aborted.
    pub fn close_listener(&mut self, listener: ListenerId) {
        let Some(closed) = self.listeners.remove(&listener) else { return };
        if let Some(port) = self.ports.get_mut(&closed.local.port()) {
            port.retain(|other| *other != listener);
            if port.is_empty() {
                self.ports.remove(&closed.local.port());
            }
        }
        for id in closed.waiting {
            if let Some(entry) = self.connections.get_mut(id) {
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
        config: impl Into<Arc<Config>>,
    ) -> Result<ConnectionId, OpenError> {
        let id = self.open_active(now, local, remote, config.into())?;
        self.settle(id);
        Ok(id)
    }

    fn open_active(
        &mut self,
        now: Instant,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        config: Arc<Config>,
    ) -> Result<ConnectionId, OpenError> {
        if !demux::is_unicast(remote.ip()) || remote.port() == 0 {
            return Err(OpenError::InvalidRemote);
        }
        let tuple = FourTuple { local: self.choose_local(local, remote)?, remote };
        let iss = self.isn.choose(now, &tuple, None);
        let mut connection = Connection::open_active(now, config, tuple.local.port(), remote.port(), iss);
        connection.suggest_timestamp_offset(self.isn.timestamp_offset(&tuple));
        Ok(self.insert(tuple, connection, None))
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
        let is_free = |port| self.connections.find(&FourTuple { local: SocketAddr::new(ip, port), remote }).is_none();
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
        self.connections.get(id).map(|entry| &entry.connection)
    }

    /// The connection that has this 4-tuple, accepted or not.
    pub fn find(&self, tuple: &FourTuple) -> Option<ConnectionId> {
        self.connections.find(tuple)
    }

    /// The 4-tuple of a connection.
    pub fn four_tuple(&self, id: ConnectionId) -> Option<FourTuple> {
        self.connections.get(id).map(|entry| entry.tuple)
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
        let entry = self.connections.get_mut(id).ok_or(CallError::ConnectionDoesNotExist)?;
        let result = call(&mut entry.connection);
        self.settle(id);
        result
    }

    /// [`Connection::detach`], after which the host forgets the connection as soon as it is closed.
    pub fn detach(&mut self, id: ConnectionId) {
        if let Some(entry) = self.connections.get_mut(id) {
            entry.detached = true;
            let _ = entry.connection.detach(); // one that is gone needs no close
            self.settle(id);
        }
    }

    /// Forgets a connection that is closed; one that is not goes away when it is.
    pub fn release(&mut self, id: ConnectionId) {
        if let Some(entry) = self.connections.get_mut(id) {
            entry.detached = true;
            self.settle(id);
        }
    }

    /// The next packet to send at `now`, if there is one.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Packet> {
        let mut packet = Packet::empty();
        self.poll_transmit_into(now, &mut packet).then_some(packet)
    }

    /// Like [`poll_transmit`](Host::poll_transmit), into a packet whose buffers are reused; `false`,
    /// and a packet that means nothing, if there is nothing to send.
    pub fn poll_transmit_into(&mut self, now: Instant, packet: &mut Packet) -> bool {
        if let Some(waiting) = self.outbox.pop_front() {
            *packet = waiting;
            return true;
        }
        while let Some(id) = self.ready.front().copied() {
            let Some(entry) = self.connections.get_mut(id) else {
                self.ready.pop_front();
                continue;
            };
            if entry.connection.poll_transmit_into(now, packet.segment_mut()) {
                packet.ip = Ip::new(entry.tuple.local.ip(), entry.tuple.remote.ip());
                packet.ip.dont_fragment = entry.connection.config().path_mtu_discovery || packet.ip.source.is_ipv6();
                packet.ip.traffic_class = entry.connection.codepoint() as u8;
                if !packet.ip.dont_fragment {
                    // or fragments of two packets might be put together (RFC 6864 §4.3)
                    packet.ip.identification = self.next_identification;
                    self.next_identification = self.next_identification.wrapping_add(1);
                }
                self.note_deadline(id);
                return true;
            }
            entry.is_ready = false;
            self.ready.pop_front();
            self.note_deadline(id);
            self.remove_if_done(id);
        }
        false
    }

    fn insert(&mut self, tuple: FourTuple, connection: Connection, listener: Option<ListenerId>) -> ConnectionId {
        self.last_id += 1;
        self.connections.insert(Box::new(Entry {
            serial: self.last_id,
            connection,
            tuple,
            listener,
            detached: false,
            armed: None,
            is_ready: false,
            replaced: None,
        }))
    }

    /// After anything was done to a connection: it may have to send, wait for something else, or go.
    fn settle(&mut self, id: ConnectionId) {
        self.note_deadline(id);
        let Some(entry) = self.connections.get_mut(id) else { return };
        if !core::mem::replace(&mut entry.is_ready, true) {
            self.ready.push_back(id);
        }
        let state = entry.connection.state();
        if let Some(listener) = entry.listener.and_then(|listener| self.listeners.get_mut(&listener)) {
            listener.note(id, entry.connection.is_usable());
        }
        if state == State::Closed {
            self.connections.release_tuple(id);
        }
    }

    /// A connection that is closed, has nothing left to send and nobody to ask for it.
    fn remove_if_done(&mut self, id: ConnectionId) {
        let Some(entry) = self.connections.get(id) else { return };
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

    fn remove(&mut self, id: ConnectionId) -> Option<Box<Entry>> {
        let mut entry = self.connections.remove(id)?;
        if let Some(armed) = entry.armed.take() {
            self.deadlines.remove(&(armed, id));
        }
        if let Some(listener) = entry.listener.and_then(|listener| self.listeners.get_mut(&listener)) {
            listener.forget(id);
        }
        Some(entry)
    }
}
