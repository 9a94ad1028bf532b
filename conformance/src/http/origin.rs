//! The judge as an origin server: what it answers to each request, and the loop that serves one connection.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::observe::{Message, read_message};
use super::play::{Bounds, cut};
use super::script::{Script, Segments, Side, Step, UnknownVariable, Variables};
use super::wire::{Arrived, Wire};

/// How often a server looks whether it shall stop.
const TICK: Duration = Duration::from_millis(15);

/// One thing done on a connection to which a request came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Sends octets, in one write.
    Write(Vec<u8>),
    /// Lets time pass.
    Pause(Duration),
    /// Sends FIN and goes on reading.
    HalfClose,
    /// Closes the connection.
    Close,
    /// Aborts the connection with RST.
    Reset,
}

/// What is done once a request has come: a reply, in most cases.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Block {
    /// In order.
    pub acts: Vec<Act>,
    /// Whether it holds interim replies alone: it goes out once the header section has come, and the request is
    /// still to be answered.
    pub is_interim: bool,
}

/// The blocks of each connection, counted from 1.
pub type Blocks = BTreeMap<usize, VecDeque<Block>>;

/// The origin's part of a case. With `all`, every step is its part, as in cases for clients; else only those that
/// stand behind `<`.
pub fn blocks(
    script: &Script,
    variables: &Variables,
    segments: Segments,
    all: bool,
) -> Result<Blocks, UnknownVariable> {
    let mut blocks = Blocks::new();
    let mut connection = 1;
    let mut current = Block::default();
    let mut is_continued = false;
    for placed in &script.steps {
        if let Step::Connection(number) = placed.step {
            if all {
                finish(&mut blocks, connection, &mut current);
                connection = number;
                is_continued = false;
            }
            continue;
        }
        if placed.side != Side::Origin && !all {
            is_continued = false;
            finish(&mut blocks, connection, &mut current);
            continue;
        }
        let act = match &placed.step {
            Step::Send(Side::Origin, template) => {
                if !is_continued {
                    finish(&mut blocks, connection, &mut current);
                }
                let writes = template.render(variables)?;
                for (index, write) in writes.iter().enumerate() {
                    if index > 0 {
                        current.acts.push(Act::Pause(Duration::from_millis(20))); // a cut is to be seen as one
                    }
                    current.acts.extend(cut(write, segments).into_iter().map(|part| Act::Write(part.to_vec())));
                }
                is_continued = true;
                continue;
            }
            Step::Send(Side::Client, _) | Step::Connection(_) => continue,
            Step::Await => {
                finish(&mut blocks, connection, &mut current);
                is_continued = false;
                continue;
            }
            Step::Pause(pause) => Act::Pause(*pause),
            Step::HalfClose => Act::HalfClose,
            Step::Close => Act::Close,
            Step::Reset => Act::Reset,
        };
        is_continued = true;
        current.acts.push(act);
    }
    finish(&mut blocks, connection, &mut current);
    Ok(blocks)
}

fn finish(blocks: &mut Blocks, connection: usize, current: &mut Block) {
    if current.acts.is_empty() {
        return;
    }
    let mut octets = Vec::new();
    let mut is_final = false;
    for act in &current.acts {
        match act {
            Act::Write(part) => octets.extend_from_slice(part),
            Act::Pause(_) => {}
            Act::HalfClose | Act::Close | Act::Reset => is_final = true,
        }
    }
    current.is_interim = !is_final && !octets.is_empty() && is_interim(&octets);
    blocks.entry(connection).or_default().push_back(std::mem::take(current));
}

/// Whether interim replies are all that stands there, however many those are.
fn is_interim(octets: &[u8]) -> bool {
    let mut rest = octets;
    while !rest.is_empty() {
        let message = read_message(rest, Some("GET"), false);
        if !message.is_interim() {
            return false;
        }
        rest = &rest[message.raw.len()..];
    }
    true
}

/// What is answered where a case says nothing: a small reply that is right.
pub fn plain_reply(request: &Message) -> Block {
    let body = if request.method() == Some("HEAD") { "" } else { "ok" };
    let head = "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain\r\n\
                Cache-Control: no-store\r\nContent-Length: 2\r\n\r\n";
    Block { acts: vec![Act::Write(format!("{head}{body}").into_bytes())], is_interim: false }
}

/// Who knows what a request is answered with.
pub trait Desk: Sync {
    /// The header section of a request has come, the body not yet: what goes out already.
    fn begun(&self, connection: usize, request: &Message) -> Vec<Block>;
    /// A whole request has come: what goes out; `is_begun` says whether [`Desk::begun`] was asked of it.
    fn request(&self, connection: usize, request: Message, is_begun: bool) -> Vec<Block>;
    /// The connection is over; this has come behind the last whole request.
    fn rest(&self, connection: usize, rest: &[u8]);
    /// Whether the connection is to be given up now; `rest` are the octets that are no whole request yet.
    fn is_over(&self, connection: usize, rest: &[u8]) -> bool;
}

/// Serves a connection until the peer or a block ends it, the desk gives it up, or a bound is reached.
pub fn serve(mut wire: Wire, connection: usize, desk: &dyn Desk, bounds: &Bounds, stop: &AtomicBool) {
    let mut pending = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    let (mut taken, mut is_begun) = (0, false);
    'connection: while !stop.load(Ordering::Relaxed) && taken < bounds.octets {
        match wire.receive(&mut buffer, TICK) {
            Arrived::Octets(octets) => {
                taken += octets;
                pending.extend_from_slice(&buffer[..octets]);
            }
            Arrived::Nothing if desk.is_over(connection, &pending) => {
                part(&mut wire, &mut pending);
                break;
            }
            Arrived::Nothing => continue,
            Arrived::Fin | Arrived::Reset => break,
        }
        while !pending.is_empty() {
            let message = read_message(&pending, None, false);
            let is_last = message.is_complete && asks_to_close(&message);
            let blocks = if message.is_complete {
                pending.drain(..message.raw.len());
                let begun = std::mem::take(&mut is_begun);
                desk.request(connection, message, begun)
            } else if !is_begun && has_head(&message) {
                is_begun = true;
                desk.begun(connection, &message)
            } else {
                break;
            };
            for block in &blocks {
                match play(block, wire, stop) {
                    Some(back) => wire = back,
                    None => break 'connection,
                }
            }
            if is_last {
                part(&mut wire, &mut pending);
                break 'connection;
            }
        }
    }
    desk.rest(connection, &pending);
}

/// Whether the client will send nothing more, so that a server ends the connection behind its reply (9112 9.3, 9.6).
fn asks_to_close(request: &Message) -> bool {
    let keeps = || request.values("connection").any(|value| value.to_ascii_lowercase().starts_with(b"keep-alive"));
    request.announces_close() || (request.line().ends_with(b"HTTP/1.0") && !keeps())
}

/// Ends the connection and waits until the peer has noticed, or else it may send the next request there.
fn part(wire: &mut Wire, pending: &mut Vec<u8>) {
    const LONGEST: Duration = Duration::from_millis(150);
    let (started, mut buffer) = (Instant::now(), vec![0; 4096]);
    wire.half_close();
    while started.elapsed() < LONGEST {
        match wire.receive(&mut buffer, TICK) {
            Arrived::Octets(octets) => pending.extend_from_slice(&buffer[..octets]),
            Arrived::Nothing => {}
            Arrived::Fin | Arrived::Reset => return,
        }
    }
}

fn has_head(message: &Message) -> bool {
    let raw = &message.raw;
    raw.windows(4).any(|four| four == b"\r\n\r\n") || raw.windows(2).any(|two| two == b"\n\n")
}

/// Does what a block says; the connection comes back if it goes on.
fn play(block: &Block, mut wire: Wire, stop: &AtomicBool) -> Option<Wire> {
    for act in &block.acts {
        match act {
            Act::Write(octets) => wire.send(octets).ok()?,
            Act::Pause(pause) => sleep(*pause, stop),
            Act::HalfClose => wire.half_close(),
            Act::Close => return None,
            Act::Reset => {
                wire.reset();
                return None;
            }
        }
    }
    Some(wire)
}

/// Sleeps, and wakes up when all is to stop.
fn sleep(pause: Duration, stop: &AtomicBool) {
    let started = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let left = pause.saturating_sub(started.elapsed());
        if left.is_zero() {
            return;
        }
        thread::sleep(left.min(TICK));
    }
}

#[cfg(test)]
mod tests;
