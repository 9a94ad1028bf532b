//! Plays the steps of a case against a server, and notes what came back.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use super::observe::{End, MOST_REPLIES, Message, Observation, read_replies};
use super::script::{Script, Segments, Side, Step, UnknownVariable, Variables};
use super::wire::{Arrived, Endpoint, Wire};
use crate::report::Verdict;

/// How long the judge waits, and how much it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// For a reply that does not come, and for the rest of one that has begun.
    pub patience: Duration,
    /// Behind a whole reply, for what may follow it.
    pub quiet: Duration,
    /// For one run, all in all.
    pub total: Duration,
    /// Of what one connection brings.
    pub octets: usize,
    /// Between the parts of a cut write, with an ear to the peer; nothing by default.
    pub pace: Duration,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            patience: Duration::from_millis(1500),
            quiet: Duration::from_millis(100),
            total: Duration::from_secs(15),
            octets: 2 << 20,
            pace: Duration::ZERO,
        }
    }
}

impl Bounds {
    /// For a second look at what seems wrong: a peer that is slow is not at fault. Twice the patience, and so many
    /// times the quiet.
    #[must_use]
    pub fn with_more_time(self, quiet: u32) -> Bounds {
        Bounds { patience: self.patience * 2, quiet: self.quiet * quiet, ..self }
    }
}

/// Why a run found nothing out.
#[derive(Debug)]
pub enum Trouble {
    /// No connection could be opened.
    Connect(io::Error),
    /// The case uses a word that this judge does not know.
    Variable(String),
    /// The peer has stopped answering before, and since when.
    Gone(String),
}

impl From<UnknownVariable> for Trouble {
    fn from(unknown: UnknownVariable) -> Trouble {
        Trouble::Variable(unknown.0)
    }
}

/// Plays a case; what came back is that of the connection used last.
pub fn play(
    script: &Script,
    segments: Segments,
    endpoint: &Endpoint,
    variables: &Variables,
    bounds: &Bounds,
) -> Result<Observation, Trouble> {
    let methods = methods(script, variables)?;
    let mut player = Player {
        endpoint,
        bounds,
        started: Instant::now(),
        connections: vec![Talk::open(endpoint, &methods)?],
        current: 0,
    };
    for placed in &script.steps {
        match &placed.step {
            Step::Send(Side::Client, template) => player.send(&template.render(variables)?, segments),
            Step::Send(Side::Origin, _) => {}
            Step::Pause(pause) => thread::sleep(*pause),
            Step::HalfClose => player.talk().half_close(),
            Step::Close | Step::Reset => player.talk().leave(placed.step == Step::Reset),
            Step::Connection(number) => player.switch(*number)?,
            Step::Await => player.read(1, 1),
        }
    }
    player.read(usize::MAX, replies(script));
    Ok(player.finish())
}

/// How many final replies a peer that conforms may give at most: fewer are worth waiting for more.
fn replies(script: &Script) -> usize {
    let good = script.outcomes.iter().filter(|line| line.given.verdict(false) == Verdict::Pass);
    let replies = good.filter_map(|line| Some(line.pattern.as_ref()?.replies.as_ref()?.len()));
    replies.max().unwrap_or(1).max(1)
}

/// The octets of a case as one would send them by hand: those of the first connection, in one.
pub fn octets(script: &Script, variables: &Variables) -> Result<Vec<u8>, UnknownVariable> {
    let mut all = Vec::new();
    for placed in &script.steps {
        if let Step::Send(Side::Client, template) = &placed.step {
            all.extend(template.render(variables)?.concat());
        }
    }
    Ok(all)
}

/// What the requests of a case ask, as far as their replies are read differently.
fn methods(script: &Script, variables: &Variables) -> Result<Vec<String>, UnknownVariable> {
    if !script.answers.is_empty() {
        return Ok(script.answers.clone());
    }
    let octets = octets(script, variables)?;
    let first = octets.trim_ascii_start().split(|octet| *octet == b' ').next().unwrap_or_default();
    Ok(vec![String::from_utf8_lossy(first).into_owned()])
}

/// One connection, and what it has brought.
struct Talk {
    wire: Option<Wire>,
    methods: Vec<String>,
    received: Vec<u8>,
    end: End,
    last: Instant,
    awaited: usize,
    is_cut_off: bool,
}

impl Talk {
    fn open(endpoint: &Endpoint, methods: &[String]) -> Result<Talk, Trouble> {
        let wire = endpoint.open().map_err(Trouble::Connect)?;
        Ok(Talk {
            wire: Some(wire),
            methods: methods.to_vec(),
            received: Vec::new(),
            end: End::Open,
            last: Instant::now(),
            awaited: 0,
            is_cut_off: false,
        })
    }

    fn half_close(&mut self) {
        if let Some(wire) = &mut self.wire {
            wire.half_close();
        }
    }

    fn leave(&mut self, abort: bool) {
        if let Some(wire) = self.wire.take()
            && abort
        {
            wire.reset();
        }
    }

    /// A peer that refuses stops reading: what it says of that is still to be read, so an error is no end.
    fn send(&mut self, octets: &[u8]) -> bool {
        self.last = Instant::now();
        let is_sent = self.wire.as_mut().is_some_and(|wire| wire.send(octets).is_ok());
        self.is_cut_off |= !is_sent;
        is_sent
    }

    /// Listens for so long, as a client does that sends (9112 9.5); whether the peer goes on.
    ///
    /// Octets that arrive while a peer closes make it abort, and lose the reply that it had sent (9112 9.6).
    fn listen(&mut self, pace: Duration, most: usize) -> bool {
        let until = Instant::now() + pace;
        let mut buffer = [0; 4096];
        while self.end == End::Open && self.received.len() < most {
            let left = until.saturating_duration_since(Instant::now());
            let Some(wire) = self.wire.as_mut().filter(|_| !left.is_zero()) else { break };
            match wire.receive(&mut buffer, left) {
                Arrived::Octets(octets) => self.received.extend_from_slice(&buffer[..octets]),
                Arrived::Nothing => break,
                Arrived::Fin => self.end = End::Closed,
                Arrived::Reset => self.end = End::Reset,
            }
        }
        self.is_cut_off |= self.end != End::Open;
        self.end == End::Open
    }

    fn replies(&self) -> Vec<Message> {
        read_replies(&self.received, &self.methods, self.end != End::Open)
    }
}

/// How far apart the pieces of one write are.
const APART: Duration = Duration::from_micros(200);

struct Player<'a> {
    endpoint: &'a Endpoint,
    bounds: &'a Bounds,
    started: Instant,
    connections: Vec<Talk>,
    current: usize,
}

impl Player<'_> {
    fn talk(&mut self) -> &mut Talk {
        &mut self.connections[self.current]
    }

    fn switch(&mut self, number: usize) -> Result<(), Trouble> {
        let methods = self.connections[0].methods.clone();
        while self.connections.len() < number {
            self.connections.push(Talk::open(self.endpoint, &methods)?);
        }
        self.current = number - 1;
        Ok(())
    }

    fn send(&mut self, writes: &[Vec<u8>], segments: Segments) {
        for (index, write) in writes.iter().enumerate() {
            if index > 0 {
                thread::sleep(Duration::from_millis(20)); // a cut that the script asks for is to be seen as one
            }
            let parts = cut(write, segments);
            let pace = self.bounds.pace.min(LONGEST_PACED / u32::try_from(parts.len()).unwrap_or(u32::MAX).max(1));
            for (index, part) in parts.into_iter().enumerate() {
                let is_over = self.started.elapsed() > self.bounds.total;
                let most = self.bounds.octets;
                if index > 0 && pace.is_zero() {
                    thread::sleep(APART); // else a peer that is slow to read gets them at once
                }
                let talk = self.talk();
                if is_over || (index > 0 && !pace.is_zero() && !talk.listen(pace, most)) || !talk.send(part) {
                    return;
                }
            }
        }
    }

    /// Reads until `more` final replies are whole, until the peer has closed, or until nothing comes: for the quiet
    /// time once as many as are `likely` are whole, for half of the patience between fewer, else for all of it.
    fn read(&mut self, more: usize, likely: usize) {
        let (bounds, started) = (*self.bounds, self.started);
        let talk = self.talk();
        let wanted = talk.awaited.saturating_add(more);
        let mut buffer = vec![0; 64 << 10];
        let mut replies = talk.replies();
        let mut seen = talk.received.len(); // by `replies`
        talk.last = Instant::now();
        while talk.end == End::Open && talk.received.len() < bounds.octets && replies.len() < MOST_REPLIES {
            let is_whole = |reply: &&Message| reply.is_complete && !reply.is_interim();
            let whole = replies.iter().filter(is_whole).count();
            let is_between = whole > 0 && replies.last().is_some_and(|last| last.is_complete && !last.is_interim());
            let wait = match is_between && more == usize::MAX {
                true if whole >= likely => bounds.quiet,
                true => bounds.patience / 2,
                false => bounds.patience,
            };
            let wait = wait.min(bounds.total.saturating_sub(started.elapsed()));
            let left = wait.saturating_sub(talk.last.elapsed());
            if whole >= wanted || (left.is_zero() && seen == talk.received.len()) {
                break;
            }
            let unseen = talk.received.len() - seen;
            let Some(wire) = &mut talk.wire else { break };
            match wire.receive(&mut buffer, if unseen == 0 { left } else { BREATH }) {
                Arrived::Octets(octets) => {
                    talk.received.extend_from_slice(&buffer[..octets]);
                    talk.last = Instant::now();
                    // All is read again: at once if it is little, else when much is new, or when the peer pauses.
                    if seen > AT_ONCE && unseen + octets < seen / 4 {
                        continue;
                    }
                    replies = talk.replies();
                    seen = talk.received.len();
                }
                Arrived::Nothing if unseen > 0 => {
                    replies = talk.replies();
                    seen = talk.received.len();
                }
                Arrived::Nothing => {}
                Arrived::Fin => talk.end = End::Closed,
                Arrived::Reset => talk.end = End::Reset,
            }
        }
        talk.awaited = talk.replies().iter().filter(|reply| reply.is_complete && !reply.is_interim()).count();
    }

    fn finish(self) -> Observation {
        let talk = &self.connections[self.current];
        let replies = talk.replies();
        let is_cut_off = talk.is_cut_off && replies.is_empty();
        Observation { replies, end: talk.end, is_cut_off, ..Observation::default() }.shortened()
    }
}

/// So many octets are read again whenever one more comes.
const AT_ONCE: usize = 64 << 10;

/// How long all pauses between the parts of a write may take.
const LONGEST_PACED: Duration = Duration::from_millis(1500);

/// The pause of a peer after which what it sent is read.
const BREATH: Duration = Duration::from_millis(5);

/// The longest run of octets that is sent one by one; of a longer write this much at both ends.
const ONE_BY_ONE: usize = 600;

/// The parts in which a write goes out.
pub(super) fn cut(write: &[u8], segments: Segments) -> Vec<&[u8]> {
    match segments {
        Segments::Whole => vec![write],
        Segments::Crlf => write.split_inclusive(|octet| *octet == b'\r').collect(),
        Segments::Octets if write.len() <= 2 * ONE_BY_ONE => write.chunks(1).collect(),
        Segments::Octets => {
            let (front, rest) = write.split_at(ONE_BY_ONE);
            let (middle, back) = rest.split_at(rest.len() - ONE_BY_ONE);
            front.chunks(1).chain([middle]).chain(back.chunks(1)).collect()
        }
    }
}
