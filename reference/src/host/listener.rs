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
