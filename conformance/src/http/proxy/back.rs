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
    /// Whether there were other runs at the same time.
    pub had_company: bool,
    /// Whether it shared a connection with another run, or octets came that might be of either: what was seen says
    /// nothing then.
    pub is_disturbed: bool,
}

/// The back listener. Runs are told apart by their tags. Connections that served a run are closed when it ends, so
/// that a reply that is wrong on purpose is never taken for that of another run; if a proxy puts requests of two runs on
/// one connection all the same, both are told that they were disturbed.
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
    /// By tag.
    runs: BTreeMap<String, Run>,
    /// Each connection with the tag of the run that used it last.
    owners: BTreeMap<usize, Option<String>>,
}

#[derive(Debug, Default)]
struct Run {
    blocks: Vec<Block>,
    requests: Vec<Message>,
    rests: Vec<Message>,
    used: BTreeSet<usize>,
    is_ending: bool,
    had_company: bool,
    is_disturbed: bool,
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
        let mut state = self.shared.lock();
        let had_company = !state.runs.is_empty();
        state.runs.values_mut().for_each(|run| run.had_company = true);
        state.runs.insert(tag.to_owned(), Run { blocks, had_company, ..Run::default() });
    }

    /// Ends the run and closes its connections.
    pub fn finish(&self, tag: &str) -> Came {
        const LONGEST: Duration = Duration::from_millis(500);
        const SHORTEST: Duration = Duration::from_millis(40); // for octets that nobody owns yet
        let started = Instant::now();
        if let Some(run) = self.shared.lock().runs.get_mut(tag) {
            run.is_ending = true;
        }
        loop {
            thread::sleep(Duration::from_millis(10));
            let mut state = self.shared.lock();
            let owned = state.owners.values().any(|owner| owner.as_deref() == Some(tag));
            if started.elapsed() > LONGEST || (!owned && started.elapsed() > SHORTEST) {
                let Some(run) = state.runs.remove(tag) else { return Came::default() };
                let mut requests = run.requests;
                requests.extend(run.rests);
                return Came {
                    requests,
                    connections: run.used.len(),
                    had_company: run.had_company,
                    is_disturbed: run.is_disturbed,
                };
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
    /// The run that these octets of this connection belong to; it owns the connection from then on.
    fn run(&mut self, connection: usize, octets: &[u8]) -> Option<&mut Run> {
        let owner = self.owners.entry(connection).or_default();
        if let Some(tag) = tag_in(octets)
            && owner.as_deref() != Some(tag)
            && let Some(before) = owner.replace(tag.to_owned())
        {
            for tag in [before.as_str(), tag] {
                self.runs.entry(tag.to_owned()).and_modify(|run| run.is_disturbed = true);
            }
        }
        let run = self.runs.get_mut(owner.as_ref()?)?;
        run.used.insert(connection);
        Some(run)
    }

    /// The run that octets of nobody belong to: the only one, if there is one. Of several any may be it.
    fn only_run(&mut self) -> Option<&mut Run> {
        if self.runs.len() > 1 {
            self.runs.values_mut().for_each(|run| run.is_disturbed = true);
            return None;
        }
        self.runs.values_mut().next()
    }
}

impl Desk for Shared {
    fn begun(&self, connection: usize, request: &Message) -> Vec<Block> {
        self.lock().run(connection, &request.raw).map(Run::interim).unwrap_or_default()
    }

    fn request(&self, connection: usize, request: Message, _is_begun: bool) -> Vec<Block> {
        let mut state = self.lock();
        let Some(run) = state.run(connection, &request.raw) else { return vec![plain_reply(&request)] };
        let mut blocks = run.interim();
        blocks.push(if run.blocks.is_empty() { plain_reply(&request) } else { run.blocks.remove(0) });
        if run.requests.len() < KEPT {
            run.requests.push(request);
        }
        blocks
    }

    fn rest(&self, connection: usize, rest: &[u8]) {
        let mut state = self.lock();
        if !rest.is_empty() {
            let is_ours = state.run(connection, rest).is_some();
            let is_orphan = state.owners.get(&connection).is_none_or(Option::is_none);
            let run = match (is_ours, is_orphan) {
                (true, _) => state.run(connection, rest),
                (false, true) => state.only_run(),
                (false, false) => None,
            };
            if let Some(run) = run
                && run.rests.len() < KEPT
            {
                run.rests.push(read_message(rest, None, true));
                run.used.insert(connection);
            }
        }
        state.owners.remove(&connection);
    }

    fn is_over(&self, connection: usize, rest: &[u8]) -> bool {
        let mut state = self.lock();
        let ours = state.run(connection, rest).map(|run| run.is_ending);
        let is_orphan = state.owners.get(&connection).is_none_or(Option::is_none);
        match ours {
            Some(is_ending) => is_ending,
            None if !is_orphan => true, // what is left of a run that is over
            None => {
                // Whose it is, the end of the connection tells.
                !rest.is_empty() && state.runs.values().any(|run| run.is_ending)
            }
        }
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

    fn request(tag: &str) -> Message {
        read_message(format!("GET /{tag} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes(), None, false)
    }

    /// A back with a run under way for each tag.
    fn back(tags: &[&str]) -> Back {
        let back = Back::listen("127.0.0.1:0".parse().expect("an address"), Bounds::default()).expect("a port");
        for tag in tags {
            back.begin(tag, Blocks::new());
        }
        back
    }

    #[test]
    fn runs_at_once_are_told_apart() {
        let back = back(&["wtag1x", "wtag2x"]);
        back.shared.request(1, request("wtag1x"), false);
        back.shared.request(2, request("wtag2x"), false);
        back.shared.rest(1, b"");
        back.shared.rest(2, b"GET / HT");
        let (first, second) = (back.finish("wtag1x"), back.finish("wtag2x"));
        assert_eq!((first.requests.len(), first.connections), (1, 1));
        assert_eq!((second.requests.len(), second.connections), (2, 1), "what is no request came on its connection");
        assert!(first.had_company && second.had_company && !first.is_disturbed && !second.is_disturbed);
    }

    #[test]
    fn a_connection_that_two_runs_used_disturbs_both() {
        let back = back(&["wtag1x", "wtag2x"]);
        back.shared.request(1, request("wtag1x"), false);
        back.shared.request(1, request("wtag2x"), false);
        back.shared.rest(1, b"");
        assert!(back.finish("wtag1x").is_disturbed && back.finish("wtag2x").is_disturbed);
    }

    #[test]
    fn octets_of_nobody_disturb_all_but_a_run_that_is_alone() {
        let two = back(&["wtag1x", "wtag2x"]);
        two.shared.rest(1, b"garbage");
        assert!(two.finish("wtag1x").is_disturbed && two.finish("wtag2x").is_disturbed);
        let one = back(&["wtag1x"]);
        one.shared.rest(1, b"garbage");
        let came = one.finish("wtag1x");
        assert!(!came.is_disturbed && !came.had_company);
        assert_eq!(came.requests.len(), 1);
    }
}
