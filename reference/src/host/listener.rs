//! A listening socket and the connections that nobody has accepted yet (RFC 9293 §3.9.1, §3.10.7.2).

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use core::net::SocketAddr;

use super::ConnectionId;
use crate::tcp::Config;

/// A listening socket. It stays in LISTEN: every SYN makes a connection of its own.
///
/// Ids grow, so the order of ids is the order in which the SYNs came. Sets keep a flood of SYNs at
/// the logarithm of the backlog each.
#[derive(Clone, Debug)]
pub(super) struct Listener {
    pub(super) local: SocketAddr,
    pub(super) config: Arc<Config>,
    pub(super) backlog: usize,
    /// Half-open and established connections that wait to be accepted.
    pub(super) waiting: BTreeSet<ConnectionId>,
    /// Those of them whose handshake is complete.
    pub(super) complete: BTreeSet<ConnectionId>,
    /// Connections that got data on their SYN and may still be half-open (RFC 7413 §4.2).
    pub(super) opened_fast: BTreeSet<ConnectionId>,
}

impl Listener {
    pub(super) fn new(local: SocketAddr, backlog: usize, config: Arc<Config>) -> Listener {
        Listener {
            local,
            config,
            backlog,
            waiting: BTreeSet::new(),
            complete: BTreeSet::new(),
            opened_fast: BTreeSet::new(),
        }
    }

    /// Whether one more connection may wait.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < self.backlog.max(1)
    }

    /// Whether a packet to `local` is for this listener.
    pub(super) fn serves(&self, local: SocketAddr) -> bool {
        self.local.port() == local.port() && (self.local.ip().is_unspecified() || self.local.ip() == local.ip())
    }

    /// Whether somebody waits to be accepted.
    pub(super) fn has_complete(&self) -> bool {
        !self.complete.is_empty()
    }

    /// The connection that has waited longest of those that may be accepted.
    pub(super) fn accept(&mut self) -> Option<ConnectionId> {
        let id = self.complete.pop_first()?;
        self.waiting.remove(&id);
        Some(id)
    }

    /// A connection that waits may be accepted, or no longer.
    pub(super) fn note(&mut self, id: ConnectionId, is_complete: bool) {
        if is_complete {
            self.complete.insert(id);
        } else {
            self.complete.remove(&id);
        }
    }

    /// A connection is gone.
    pub(super) fn forget(&mut self, id: ConnectionId) {
        self.waiting.remove(&id);
        self.complete.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Config, ConnectionId, Listener, SocketAddr};

    fn listener(local: &str, backlog: usize) -> Listener {
        Listener::new(local.parse().expect("an address"), backlog, Arc::new(Config::default()))
    }

    fn id(serial: u64) -> ConnectionId {
        ConnectionId { serial, slot: 0 }
    }

    #[test]
    fn who_has_waited_longest_is_accepted_first_and_makes_room() {
        let mut listener = listener("192.0.2.1:80", 2);
        listener.waiting.extend([id(1), id(2)]);
        assert!(!listener.has_room() && !listener.has_complete());
        assert_eq!(listener.accept(), None, "nobody is complete");
        listener.note(id(2), true);
        listener.note(id(1), true);
        assert!(listener.has_complete());
        assert_eq!(listener.accept(), Some(id(1)));
        assert!(listener.has_room());
        listener.note(id(2), false);
        assert!(!listener.has_complete(), "it fell back to LISTEN");
        listener.note(id(2), true);
        listener.forget(id(2));
        assert!(!listener.has_complete() && listener.waiting.is_empty());
    }

    #[test]
    fn a_backlog_of_none_is_one_of_one() {
        let mut listener = listener("192.0.2.1:80", 0);
        assert!(listener.has_room());
        listener.waiting.insert(id(1));
        assert!(!listener.has_room());
    }

    #[test]
    fn it_serves_its_port_at_its_address_or_at_any() {
        let serves =
            |local: &str, packet: &str| listener(local, 1).serves(packet.parse::<SocketAddr>().expect("an address"));
        assert!(serves("192.0.2.1:80", "192.0.2.1:80"));
        assert!(!serves("192.0.2.1:80", "192.0.2.2:80"));
        assert!(!serves("192.0.2.1:80", "192.0.2.1:81"));
        assert!(serves("0.0.0.0:80", "192.0.2.2:80"));
        assert!(!serves("0.0.0.0:80", "192.0.2.2:81"));
    }
}
