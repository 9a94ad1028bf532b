//! The cookies of Fast Open: those that a server makes, and those that a client keeps (RFC 7413 §4.1).

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use core::net::{IpAddr, SocketAddr};

use siphasher::sip::SipHasher24;

use super::{ConnectionId, Host, OpenError};
use crate::tcp::{Config, FastOpenOutcome, FastOpenRequest};
use crate::time::{Duration, Instant};

/// How long a server that did not take data on a SYN is spared it (§4.1.3.1 leaves it open).
const SPARED: Duration = Duration::from_mins(15);

/// So many servers are remembered; the cache is no way to fill the memory (§5.1).
const ROOM: usize = 1024;

/// The cookies of a host.
#[derive(Clone, Debug)]
pub(super) struct Cookies {
    key: (u64, u64),
    /// By the server's address (§4.1.3).
    known: BTreeMap<IpAddr, Known>,
    /// Servers, with their ports, that are spared until then (erratum 5373).
    refused: BTreeMap<SocketAddr, Instant>,
}

#[derive(Clone, Debug)]
struct Known {
    cookie: Vec<u8>,
    experimental: bool,
    mss: u16,
}

impl Cookies {
    pub(super) fn new(key: (u64, u64)) -> Cookies {
        Cookies { key, known: BTreeMap::new(), refused: BTreeMap::new() }
    }

    /// A MAC of the client's address: no client can make one, or use another's (§4.1.2).
    pub(super) fn make(&self, client: IpAddr) -> Vec<u8> {
        let mut mac = SipHasher24::new_with_keys(self.key.0, self.key.1);
        client.hash(&mut mac);
        mac.finish().to_be_bytes().to_vec()
    }

    /// What to send with a SYN to `remote`: its cookie, or the request for one; nothing if it is
    /// spared.
    pub(super) fn request(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        (default_mss, experimental): (u16, bool),
    ) -> Option<FastOpenRequest> {
        if self.refused.get(&remote).is_some_and(|until| now < *until) {
            return None;
        }
        self.refused.remove(&remote);
        Some(match self.known.get(&remote.ip()) {
            Some(known) => {
                FastOpenRequest { cookie: known.cookie.clone(), experimental: known.experimental, mss: known.mss }
            }
            None => FastOpenRequest { cookie: Vec::new(), experimental, mss: default_mss },
        })
    }

    /// What a connection to `remote` has taught.
    pub(super) fn learn(&mut self, now: Instant, remote: SocketAddr, outcome: FastOpenOutcome) {
        if let Some((cookie, experimental)) = outcome.cookie {
            if self.known.len() >= ROOM && !self.known.contains_key(&remote.ip()) {
                self.known.pop_first();
            }
            self.known.insert(remote.ip(), Known { cookie, experimental, mss: outcome.mss });
        }
        if outcome.refused {
            self.refused.retain(|_, until| now < *until);
            if self.refused.len() >= ROOM {
                self.refused.pop_first();
            }
            self.refused.insert(remote, now + SPARED);
        }
    }
}

impl Host {
    /// Active OPEN with data for the SYN. If the server's cookie is known, as much of `data` is queued
    /// as the send buffer takes, and the SYN carries the beginning of it: the answer tells how much was
    /// queued. If it is not, the SYN asks for a cookie, and nothing is queued. One that did not like
    /// data on its SYN lately, or a [`Config::fast_open`] that is off, makes this a plain
    /// [`connect`](Host::connect).
    ///
    /// # Errors
    /// As for [`connect`](Host::connect).
    pub fn connect_fast(
        &mut self,
        now: Instant,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        config: impl Into<Arc<Config>>,
        data: &[u8],
    ) -> Result<(ConnectionId, Option<usize>), OpenError> {
        let config = config.into();
        let choice = (config.default_mss, config.fast_open.experimental);
        let is_on = config.fast_open.client;
        let id = self.open_active(now, local, remote, config)?;
        let request = if is_on { self.cookies.request(now, remote, choice) } else { None };
        let queued = match (request, self.connections.get_mut(id)) {
            (Some(request), Some(entry)) => {
                let queues = !request.cookie.is_empty();
                entry.connection.request_fast_open(request);
                if queues { entry.connection.send(data, false).ok() } else { None }
            }
            _ => None,
        };
        self.settle(id);
        Ok((id, queued))
    }

    /// Whether a [`connect_fast`](Host::connect_fast) to `remote` could put data on its SYN.
    pub fn has_fast_open_cookie(&self, now: Instant, remote: SocketAddr) -> bool {
        let spared = self.cookies.refused.get(&remote).is_some_and(|until| now < *until);
        !spared && self.cookies.known.contains_key(&remote.ip())
    }

    /// The cookie that this host gives to a client.
    pub fn fast_open_cookie(&self, client: IpAddr) -> Vec<u8> {
        self.cookies.make(client)
    }
}
