//! The judge as the server that a client talks to: one listener for each run.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::super::observe::{Message, read_message};
use super::super::origin::{Block, Blocks, Desk, plain_reply, serve};
use super::super::play::Bounds;
use super::super::wire::Wire;

/// How many connections a client may open in one run; more are refused.
const MOST: usize = 64;

/// How many requests are kept.
const KEPT: usize = 256;

/// What a client sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Came {
    /// Whole requests in order, then what was no whole one.
    pub(super) requests: Vec<Message>,
    /// How many connections brought any.
    pub(super) connections: usize,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    blocks: Blocks,
    came: Came,
    rests: Vec<Message>,
    used: BTreeSet<usize>,
}

/// A listener on loopback.
#[derive(Debug)]
pub(super) struct Host {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

impl Host {
    /// Listens on any port.
    pub(super) fn listen(bounds: Bounds) -> io::Result<Host> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        let listener = thread::spawn(move || accept(&listener, &accepting, bounds));
        Ok(Host { address, shared, listener: Some(listener) })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on requests are answered by these.
    pub(super) fn begin(&self, blocks: Blocks) {
        self.shared.lock().blocks = blocks;
    }

    /// Closes everything, and tells what came.
    pub(super) fn finish(mut self) -> Came {
        // What the client sent last may still be on its way through the loopback.
        thread::sleep(Duration::from_millis(20));
        self.stop();
        let mut state = self.shared.lock();
        let mut came = std::mem::take(&mut state.came);
        came.requests.append(&mut state.rests);
        came.connections = state.used.len();
        came
    }

    fn stop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join(); // it panics only if a lock was poisoned, which was told then
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, bounds: Bounds) {
    let (mut number, mut serving) = (0, Vec::new());
    let started = Instant::now();
    while !shared.stop.load(Ordering::Relaxed) && started.elapsed() < bounds.total {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(1));
            continue;
        };
        if number >= MOST || stream.set_nonblocking(false).is_err() {
            continue;
        }
        // Short, so that a client that does not read holds nobody up.
        let Ok(wire) = Wire::accepted(stream, bounds.patience.min(Duration::from_secs(2))) else { continue };
        number += 1;
        let shared = Arc::clone(shared);
        serving.push(thread::spawn(move || serve(wire, number, shared.as_ref(), &bounds, &shared.stop)));
    }
    for one in serving {
        let _ = one.join(); // as above
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics with the lock")
    }
}

impl State {
    fn interim(&mut self, connection: usize) -> Vec<Block> {
        let Some(blocks) = self.blocks.get_mut(&connection) else { return Vec::new() };
        let interim = blocks.iter().take_while(|block| block.is_interim).count();
        blocks.drain(..interim).collect()
    }
}

impl Desk for Shared {
    fn begun(&self, connection: usize, _request: &Message) -> Vec<Block> {
        self.lock().interim(connection)
    }

    fn request(&self, connection: usize, request: Message, _is_begun: bool) -> Vec<Block> {
        let mut state = self.lock();
        let mut blocks = state.interim(connection);
        let next = state.blocks.get_mut(&connection).and_then(std::collections::VecDeque::pop_front);
        blocks.push(next.unwrap_or_else(|| plain_reply(&request)));
        state.used.insert(connection);
        if state.came.requests.len() < KEPT {
            state.came.requests.push(request);
        }
        blocks
    }

    fn rest(&self, connection: usize, rest: &[u8]) {
        if rest.is_empty() {
            return;
        }
        let mut state = self.lock();
        state.used.insert(connection);
        if state.rests.len() < KEPT {
            state.rests.push(read_message(rest, None, true));
        }
    }

    fn is_over(&self, _connection: usize, _rest: &[u8]) -> bool {
        false // the run ends all of them
    }
}
