//! The judge behind a proxy: listens, answers what the case says, and knows which run a request belongs to.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::super::observe::{Message, read_message};
use super::super::origin::{Block, Blocks, Desk, plain_reply, serve};
use super::super::play::Bounds;
use super::super::wire::Wire;

/// How many connections at once; a proxy that opens more has them refused.
const MOST: usize = 256;

/// How many requests of one run are kept.
const KEPT: usize = 64;

/// What came to the back in one run.
#[derive(Clone, Debug, Default)]
pub struct Came {
    /// Whole requests in order, then what was no whole one.
    pub requests: Vec<Message>,
    /// How many connections brought any.
    pub connections: usize,
}

/// The back listener. One run at a time: connections that served it are closed when it ends, so that a reply that is
/// wrong on purpose is never taken for that of another run.
#[derive(Debug)]
pub struct Back {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    open: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    run: Option<Run>,
    /// Each connection with the tag of the run that used it last.
    owners: BTreeMap<usize, Option<String>>,
}

#[derive(Debug)]
struct Run {
    tag: String,
    blocks: Vec<Block>,
    requests: Vec<Message>,
    rests: Vec<Message>,
    used: BTreeSet<usize>,
    is_ending: bool,
}

impl Back {
    /// Listens there.
    pub fn listen(address: SocketAddr, bounds: Bounds) -> io::Result<Back> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        let listener = thread::spawn(move || accept(&listener, &accepting, bounds));
        Ok(Back { address, shared, listener: Some(listener) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts a run: requests with this tag are answered by these blocks.
    pub fn begin(&self, tag: &str, mut blocks: Blocks) {
        let blocks = blocks.remove(&1).unwrap_or_default().into();
        self.shared.lock().run = Some(Run {
            tag: tag.to_owned(),
            blocks,
            requests: Vec::new(),
            rests: Vec::new(),
            used: BTreeSet::new(),
            is_ending: false,
        });
    }

    /// Ends the run and closes its connections.
    pub fn finish(&self) -> Came {
        const LONGEST: Duration = Duration::from_millis(500);
        const SHORTEST: Duration = Duration::from_millis(40); // for octets that nobody owns yet
        let started = Instant::now();
        if let Some(run) = &mut self.shared.lock().run {
            run.is_ending = true;
        }
        loop {
            thread::sleep(Duration::from_millis(10));
            let mut state = self.shared.lock();
            let owned = state
                .run
                .as_ref()
                .is_some_and(|run| state.owners.values().any(|owner| owner.as_deref() == Some(run.tag.as_str())));
            if started.elapsed() > LONGEST || (!owned && started.elapsed() > SHORTEST) {
                let Some(run) = state.run.take() else { return Came::default() };
                let mut requests = run.requests;
                requests.extend(run.rests);
                return Came { requests, connections: run.used.len() };
            }
        }
    }
}

impl Drop for Back {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join(); // it panics only if a lock was poisoned, which was told then
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, bounds: Bounds) {
    let mut number = 0;
    while !shared.stop.load(Ordering::Relaxed) {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(2));
            continue;
        };
        if shared.open.load(Ordering::Relaxed) >= MOST || stream.set_nonblocking(false).is_err() {
            continue;
        }
        let Ok(wire) = Wire::accepted(stream, bounds.patience) else { continue };
        number += 1;
        shared.open.fetch_add(1, Ordering::Relaxed);
        shared.lock().owners.insert(number, None);
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            serve(wire, number, shared.as_ref(), &bounds, &shared.stop);
            shared.open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics with the lock")
    }
}

impl State {
    /// Whether these octets of this connection belong to the run; it owns the connection from then on.
    fn belongs(&mut self, connection: usize, octets: &[u8]) -> bool {
        let Some(run) = &mut self.run else { return false };
        let owner = self.owners.entry(connection).or_default();
        if let Some(tag) = tag_in(octets) {
            *owner = Some(tag.to_owned());
        }
        let is_ours = owner.as_deref() == Some(run.tag.as_str());
        if is_ours {
            run.used.insert(connection);
        }
        is_ours
    }
}

impl Desk for Shared {
    fn begun(&self, connection: usize, request: &Message) -> Vec<Block> {
        let mut state = self.lock();
        if !state.belongs(connection, &request.raw) {
            return Vec::new();
        }
        state.run.as_mut().map(Run::interim).unwrap_or_default()
    }

    fn request(&self, connection: usize, request: Message, _is_begun: bool) -> Vec<Block> {
        let mut state = self.lock();
        if !state.belongs(connection, &request.raw) {
            return vec![plain_reply(&request)];
        }
        let Some(run) = &mut state.run else { return Vec::new() };
        let mut blocks = run.interim();
        blocks.push(if run.blocks.is_empty() { plain_reply(&request) } else { run.blocks.remove(0) });
        if run.requests.len() < KEPT {
            run.requests.push(request);
        }
        blocks
    }

    fn rest(&self, connection: usize, rest: &[u8]) {
        let mut state = self.lock();
        let is_orphan = state.owners.get(&connection).is_none_or(Option::is_none);
        let is_ours = state.belongs(connection, rest) || (is_orphan && tag_in(rest).is_none());
        if let Some(run) = &mut state.run
            && is_ours
            && !rest.is_empty()
            && run.rests.len() < KEPT
        {
            run.rests.push(read_message(rest, None, true));
            run.used.insert(connection);
        }
        state.owners.remove(&connection);
    }

    fn is_over(&self, connection: usize, rest: &[u8]) -> bool {
        let mut state = self.lock();
        let owner = state.owners.get(&connection).and_then(Option::as_ref);
        if owner.is_some_and(|owner| state.run.as_ref().is_none_or(|run| run.tag != *owner)) {
            return true; // what is left of a run that is over
        }
        if !state.run.as_ref().is_some_and(|run| run.is_ending) {
            return false;
        }
        let is_orphan = state.owners.get(&connection).is_none_or(Option::is_none) && !rest.is_empty();
        is_orphan || state.belongs(connection, rest)
    }
}

impl Run {
    /// The interim replies that come next.
    fn interim(&mut self) -> Vec<Block> {
        let interim = self.blocks.iter().take_while(|block| block.is_interim).count();
        self.blocks.drain(..interim).collect()
    }
}

/// A word that stands in every target of one run, and nowhere else.
pub fn tag() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // The process is in it, since a proxy may remember what it was asked by another.
    format!("wtag{}n{number}x", std::process::id())
}

/// The first tag in these octets.
fn tag_in(octets: &[u8]) -> Option<&str> {
    let at = octets.windows(4).position(|four| four == b"wtag")?;
    let rest = &octets[at..];
    let end = rest.iter().position(|octet| *octet == b'x')?;
    std::str::from_utf8(&rest[..=end]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_again() {
        let tag = tag();
        assert_eq!(tag_in(format!("GET /a/{tag}/x HTTP/1.1\r\n").as_bytes()), Some(tag.as_str()));
        assert_eq!(tag_in(b"GET /wtag HTTP/1.1"), None);
        assert_eq!(tag_in(b""), None);
    }
}
