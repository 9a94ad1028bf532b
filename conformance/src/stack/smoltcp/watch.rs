//! After every step of smoltcp: what has become of its sockets.

use ::smoltcp::iface::SocketHandle;
use ::smoltcp::socket::tcp::{Socket, State};

use super::Smoltcp;
use super::link::{self, Cause, Link};

impl Smoltcp {
    /// Learns what smoltcp has done to its sockets.
    pub(super) fn observe(&mut self, cause: Cause) {
        for link in self.links.values_mut() {
            link.observe(self.sockets.get::<Socket<'_>>(link.handle), cause);
        }
        let ids: Vec<u64> = self.waiters.keys().copied().collect();
        for id in ids {
            self.observe_waiter(id);
        }
        self.forget_orphans();
    }

    /// Moves a listener's sockets that have become connections to those that can be accepted, and
    /// puts another one in their place.
    pub(super) fn observe_waiter(&mut self, id: u64) {
        let Some(waiter) = self.waiters.get_mut(&id) else { return };
        let sockets = &self.sockets;
        let state = |handle: &SocketHandle| sockets.get::<Socket<'_>>(*handle).state();
        let (idle, gone): (Vec<_>, Vec<_>) =
            waiter.idle.drain(..).partition(|handle| matches!(state(handle), State::Listen | State::SynReceived));
        let has_spare = idle.iter().any(|handle| state(handle) == State::Listen);
        waiter.idle = idle;
        let options = waiter.options.clone();
        for handle in gone {
            let mut link = Link::new(handle, State::Closed, options.clone());
            let socket = self.sockets.get::<Socket<'_>>(handle);
            // A handshake that timed out was never a connection.
            link.orphan = socket.state() == State::Closed;
            link.observe(socket, Cause::Packet);
            let peer = socket.remote_endpoint().filter(|_| !link.orphan);
            let link = self.adopt(link);
            if let (Some(waiter), Some(peer)) = (self.waiters.get_mut(&id), peer) {
                waiter.ready.push_back((link, (peer.addr, peer.port).into()));
            }
        }
        if !has_spare {
            self.add_spare(id);
        }
    }

    /// Puts one more socket into LISTEN, if the backlog has room for it.
    pub(super) fn add_spare(&mut self, id: u64) {
        let Some(waiter) = self.waiters.get_mut(&id) else { return };
        if waiter.idle.len() + waiter.ready.len() >= waiter.backlog {
            return;
        }
        let mut socket = link::socket(&waiter.options);
        if socket.listen(waiter.endpoint).is_ok() {
            waiter.idle.push(self.sockets.add(socket));
        }
    }

    /// Drops connections that nobody holds and that have nothing left to send.
    pub(super) fn forget_orphans(&mut self) {
        let sockets = &mut self.sockets;
        self.links.retain(|_, link| {
            let socket = sockets.get::<Socket<'_>>(link.handle);
            let is_done = link.orphan && socket.state() == State::Closed && socket.remote_endpoint().is_none();
            if is_done {
                sockets.remove(link.handle);
            }
            !is_done
        });
    }
}
