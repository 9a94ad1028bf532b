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

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::{Cookies, Duration, FastOpenOutcome, Host, Instant, IpAddr, ROOM, SPARED, SocketAddr};
    use crate::host::IsnGenerator;

    fn server(number: u16) -> IpAddr {
        let [high, low] = number.to_be_bytes();
        IpAddr::from([10, 0, high, low])
    }

    fn gives(cookie: u8) -> FastOpenOutcome {
        FastOpenOutcome { cookie: Some((vec![cookie; 8], false)), mss: 900, refused: false }
    }

    fn refuses() -> FastOpenOutcome {
        FastOpenOutcome { refused: true, ..FastOpenOutcome::default() }
    }

    /// RFC 7413 §5.1: another server takes the place of one, the same its own.
    #[test]
    fn the_cache_is_full_at_some_time() {
        let mut cookies = Cookies::new((1, 2));
        let learn = |cookies: &mut Cookies, number, outcome| {
            cookies.learn(Instant::ZERO, SocketAddr::new(server(number), 80), outcome);
        };
        for number in 0..ROOM as u16 {
            learn(&mut cookies, number, gives(1));
            learn(&mut cookies, number, refuses());
        }
        learn(&mut cookies, 5, gives(2));
        assert_eq!((cookies.known.len(), cookies.refused.len()), (ROOM, ROOM));
        assert_eq!(cookies.known[&server(5)].cookie, [2; 8]);
        assert!(cookies.known.contains_key(&server(0)), "nobody had to go");
        learn(&mut cookies, ROOM as u16, gives(1));
        learn(&mut cookies, ROOM as u16, refuses());
        assert_eq!((cookies.known.len(), cookies.refused.len()), (ROOM, ROOM));
        let last = server(ROOM as u16);
        assert!(cookies.known.contains_key(&last) && cookies.refused.contains_key(&SocketAddr::new(last, 80)));
    }

    /// RFC 7413 §4.1.3.1
    #[test]
    fn who_refused_is_spared_for_a_while() {
        let mut host = Host::new(vec![server(0)], 1500, IsnGenerator::new(1));
        let remote = SocketAddr::new(server(1), 80);
        assert!(!host.has_fast_open_cookie(Instant::ZERO, remote), "unknown");
        host.cookies.learn(Instant::ZERO, remote, gives(3));
        assert!(host.has_fast_open_cookie(Instant::ZERO, remote));
        host.cookies.learn(Instant::ZERO, remote, refuses());
        let end = Instant::ZERO + SPARED;
        let before = Instant::ZERO + SPARED.saturating_sub(Duration::from_millis(1));
        assert!(!host.has_fast_open_cookie(before, remote));
        assert_eq!(host.cookies.request(before, remote, (536, false)), None);
        assert!(host.has_fast_open_cookie(end, remote));
        let request = host.cookies.request(end, remote, (536, false)).expect("its time is over");
        assert_eq!((request.cookie, request.mss), (vec![3; 8], 900));
        let other = SocketAddr::new(server(2), 80);
        let request = host.cookies.request(end, other, (536, true)).expect("nothing speaks against it");
        assert_eq!((request.cookie.len(), request.mss, request.experimental), (0, 536, true));
    }

    #[test]
    fn those_whose_time_is_over_are_forgotten() {
        let mut cookies = Cookies::new((1, 2));
        cookies.learn(Instant::ZERO, SocketAddr::new(server(1), 80), refuses());
        cookies.learn(Instant::ZERO + SPARED, SocketAddr::new(server(2), 80), refuses());
        assert_eq!(cookies.refused.len(), 1);
    }
}
