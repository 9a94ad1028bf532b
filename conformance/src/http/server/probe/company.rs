//! How many clients a server bears at once.
//!
//! Some serve one connection after the other, some have a few threads that each wait for one client, some keep no more
//! than ten connections. With more company than that the judge would see what its own other connections do to a case.

use std::thread;
use std::time::{Duration, Instant};

use super::super::super::observe::{Message, read_replies};
use super::super::super::play::Bounds;
use super::super::super::script::Variables;
use super::super::super::wire::{Arrived, Wire};
use super::super::Server;

/// What is tried, if no more is wanted.
const STEPS: [usize; 8] = [128, 64, 48, 24, 12, 6, 3, 2];

/// The most clients at once, up to `server.jobs`, that are all served. Each of them sends half of a request, behind a
/// whole one if connections are kept; the one that came last is then the first to send the rest.
pub(super) fn most(server: &Server, variables: &Variables, bounds: &Bounds, keeps: bool) -> usize {
    let jobs = server.jobs.get();
    let word = |name: &str| variables.get(name).map(Vec::as_slice).unwrap_or_default();
    let request = [b"GET ", word("path"), b" HTTP/1.1\r\nHost: ", word("host"), b"\r\n\r\n"].concat();
    let steps = [jobs].into_iter().chain(STEPS.into_iter().filter(|step| *step < jobs));
    let mut steps = steps.filter(|step| *step > 1);
    let most = steps.find(|step| serves(server, &request, *step, bounds.patience, keeps)).unwrap_or(1);
    if most < jobs {
        thread::sleep(bounds.quiet); // it has connections to clear away
    }
    most
}

fn serves(server: &Server, request: &[u8], clients: usize, patience: Duration, keeps: bool) -> bool {
    let whole = Instant::now() + ALL;
    let until = || whole.min(Instant::now() + patience / 2);
    let (half, rest) = request.split_at(request.len() / 2);
    let mut wires = Vec::new();
    for _ in 0..clients {
        let Ok(mut wire) = server.endpoint.open() else { return false };
        if keeps && !(wire.send(request).is_ok() && is_answered(&mut wire, until())) {
            return false;
        }
        if wire.send(half).is_err() {
            return false;
        }
        wires.push(wire);
    }
    wires.iter_mut().rev().all(|wire| wire.send(rest).is_ok() && is_answered(wire, until()))
}

/// Whether a whole reply comes that does not announce the end of the connection, or that ends it if `keeps` is false.
fn is_answered(wire: &mut Wire, until: Instant) -> bool {
    let (mut received, mut buffer) = (Vec::new(), [0; 16 << 10]);
    let is_whole = |replies: &[Message]| replies.iter().any(|reply| reply.is_complete && !reply.is_interim());
    while received.len() < MOST_OCTETS {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        match wire.receive(&mut buffer, left) {
            Arrived::Octets(octets) => received.extend_from_slice(&buffer[..octets]),
            Arrived::Nothing => return false,
            Arrived::Fin | Arrived::Reset => return is_whole(&read_replies(&received, &[], true)),
        }
        if is_whole(&read_replies(&received, &[], false)) {
            return true;
        }
    }
    false
}

/// How long one step may take.
const ALL: Duration = Duration::from_secs(4);

/// How much of a reply is read.
const MOST_OCTETS: usize = 1 << 20;
