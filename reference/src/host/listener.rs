//! A listening socket and the connections that nobody has accepted yet (RFC 9293 §3.9.1, §3.10.7.2).

use alloc::collections::VecDeque;
use core::net::SocketAddr;

use super::ConnectionId;
use crate::tcp::Config;

/// A listening socket. It stays in LISTEN: every SYN makes a connection of its own.
#[derive(Clone, Debug)]
pub(super) struct Listener {
    pub(super) local: SocketAddr,
    pub(super) config: Config,
    pub(super) backlog: usize,
    /// Half-open and established connections that wait to be accepted, oldest first.
    pub(super) waiting: VecDeque<ConnectionId>,
}

impl Listener {
    /// Whether one more connection may wait.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < self.backlog.max(1)
    }

    /// Whether a packet to `local` is for this listener.
    pub(super) fn serves(&self, local: SocketAddr) -> bool {
        self.local.port() == local.port() && (self.local.ip().is_unspecified() || self.local.ip() == local.ip())
    }
}
