//! Connections that the application opens, and the sequence numbers of all.

use std::net::{IpAddr, SocketAddr};

use ::smoltcp::iface::{Config, Interface, SocketHandle};
use ::smoltcp::socket::tcp::{ConnectError, Socket, State};
use ::smoltcp::time::Instant as SmolInstant;
use ::smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

use super::device::Queues;
use super::link::{self, Link};
use super::{ConnectionId, FIRST_PORT, Smoltcp, isn};
use crate::posix::Errno;
use crate::stack::Setup;
use crate::stack::engine::SocketOptions;

impl Smoltcp {
    /// A port that no socket has.
    fn free_port(&mut self) -> Option<u16> {
        for _ in FIRST_PORT..=u16::MAX {
            let port = self.next_port;
            self.next_port = port.checked_add(1).unwrap_or(FIRST_PORT);
            let is_ours = |link: &Link| {
                let local = self.sockets.get::<Socket<'_>>(link.handle).local_endpoint();
                local.is_some_and(|local| local.port == port)
            };
            let is_taken = self.links.values().any(is_ours) || self.waiters.values().any(|w| w.endpoint.port == port);
            if !is_taken {
                return Some(port);
            }
        }
        None
    }

    /// Whether a connection between these two exists.
    fn is_connected(&self, local: SocketAddr, remote: SocketAddr) -> bool {
        self.links.values().any(|link| {
            let socket = self.sockets.get::<Socket<'_>>(link.handle);
            socket.local_endpoint() == Some(local.into()) && socket.remote_endpoint() == Some(remote.into())
        })
    }

    pub(super) fn open(
        &mut self,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        options: &SocketOptions,
    ) -> Result<ConnectionId, Errno> {
        let ip = local.map(|local| local.ip()).filter(|ip| !ip.is_unspecified()).unwrap_or(self.setup.local);
        let port = match local.map_or(0, |local| local.port()) {
            0 => self.free_port().ok_or(Errno::EADDRNOTAVAIL)?,
            port => port,
        };
        if self.is_connected((ip, port).into(), remote) {
            return Err(Errno::EADDRNOTAVAIL);
        }
        self.arm();
        let mut socket = link::socket(options);
        socket.connect(self.interface.context(), remote, (IpAddress::from(ip), port)).map_err(|error| match error {
            ConnectError::InvalidState => Errno::EISCONN,
            ConnectError::Unaddressable => Errno::EADDRNOTAVAIL,
        })?;
        self.isns.pop_front();
        let handle = self.sockets.add(socket);
        Ok(ConnectionId(self.adopt(Link::new(handle, State::SynSent, options.clone()))))
    }

    /// Makes the next chosen number the next that smoltcp draws.
    ///
    /// The generator cannot be set, but a fresh interface has a fresh one, and apart from it an
    /// interface for IP packets holds nothing that changes: the sockets live elsewhere.
    pub(super) fn arm(&mut self) {
        let Some(isn) = self.isns.front() else { return }; // so the probe, which has none, does not ask itself
        if let Some(draws) = isn::draws() {
            let seed = isn::seed_for(isn.0, self.setup.seed, draws);
            self.interface = interface(&self.setup, seed, &mut self.device);
        }
    }

    /// The sockets in LISTEN: those that draw a number when a SYN comes.
    pub(super) fn listening(&self) -> Vec<SocketHandle> {
        let idle = self.waiters.values().flat_map(|waiter| waiter.idle.iter().copied());
        idle.filter(|handle| self.is_listening(*handle)).collect()
    }

    pub(super) fn is_listening(&self, handle: SocketHandle) -> bool {
        self.sockets.get::<Socket<'_>>(handle).state() == State::Listen
    }
}

/// An interface with the addresses of `setup`.
pub(super) fn interface(setup: &Setup, seed: u64, device: &mut Queues) -> Interface {
    let mut config = Config::new(HardwareAddress::Ip);
    config.random_seed = seed;
    let mut interface = Interface::new(config, device, SmolInstant::ZERO);
    interface.update_ip_addrs(|addresses| {
        // Every build of smoltcp has room for two.
        let _ = addresses.push(IpCidr::new(setup.local.into(), setup.prefix));
    });
    // The table is empty, so there is room.
    let _ = match setup.remote {
        IpAddr::V4(remote) => interface.routes_mut().add_default_ipv4_route(remote),
        IpAddr::V6(remote) => interface.routes_mut().add_default_ipv6_route(remote),
    };
    interface
}
