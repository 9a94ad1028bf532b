//! The runner over a stack that is made of answers.
//!
//! A [`Fake`] answers calls at once, and sends what a test put on its agenda. Times of the agenda
//! are milliseconds since the start of the scenario.

#![allow(clippy::unnecessary_wraps)] // factories of stacks may fail; these do not

mod blocking;
mod calls;
mod code;
mod connections;
mod datagrams;
mod dialect;
mod habits;
mod joining;
mod matching;
mod numbers;
mod refusals;
mod remarks;
mod silence;
mod streams;
mod time;
mod verdicts;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use wirelaw_reference::seq::Seq;
use wirelaw_reference::wire::{Body, Flags, Packet, Segment, TcpOption};

use super::*;
use crate::script;
use crate::stack::{Capability, Clock, Profile, Setup, Stack, StackError};
use crate::trace::{Call, Event, Instant, Response, Return, Stimulus, Ticket};

/// The port of the stack's passive sockets, and of the peer of its active ones.
const PORT: u16 = 8080;

/// The port of the first client that a script does not name.
const FIRST_CLIENT: u16 = 40_001;

/// A stack that is made of answers.
#[derive(Clone, Default)]
struct Fake {
    /// When, in nanoseconds, and what.
    agenda: BTreeMap<(u64, usize), Response>,
    /// Calls that return only when the agenda says so.
    held: Vec<Ticket>,
    /// What a call returns at once, if not the usual.
    returns: BTreeMap<Ticket, Return>,
    local: Option<IpAddr>,
    remote: Option<IpAddr>,
    /// The clients that `accept` has not returned.
    clients: Vec<SocketAddr>,
    fds: i64,
    tickets: u32,
    capabilities: &'static [Capability],
    /// The names of the habits that it can have.
    follows: &'static [&'static str],
    /// Whether it takes itself for the kernel of this machine.
    is_live: bool,
    /// Why it is not to be blamed.
    doubt: Option<&'static str>,
}

thread_local! {
    /// What the next stack of this thread is to be.
    static NEXT: RefCell<Fake> = RefCell::new(Fake::default());
    /// What the last stack of this thread was told.
    static SETUP: RefCell<Option<Setup>> = const { RefCell::new(None) };
}

fn factory(setup: &Setup) -> Result<Box<dyn Stack>, StackError> {
    SETUP.set(Some(setup.clone()));
    let mut fake = NEXT.take();
    (fake.local, fake.remote) = (Some(setup.local), Some(setup.remote));
    fake.address_packets();
    Ok(Box::new(fake))
}

const FAKE: NamedStack = NamedStack { name: "fake", factory };

impl Fake {
    fn new() -> Fake {
        Fake { capabilities: &[Capability::Ipv6, Capability::Isn], ..Fake::default() }
    }

    fn add(mut self, millis: f64, response: Response) -> Fake {
        let at = (millis * 1e6) as u64;
        self.agenda.insert((at, self.agenda.len()), response);
        self
    }

    /// Sends `segment` at `millis`.
    fn sends(self, millis: f64, segment: Segment) -> Fake {
        let placeholder = IpAddr::from([0, 0, 0, 0]);
        self.sends_packet(millis, &Packet::tcp(placeholder, placeholder, segment))
    }

    fn sends_packet(self, millis: f64, packet: &Packet) -> Fake {
        self.add(millis, Response::Packet(packet.encode()))
    }

    /// The `call`th call, counted from 1, returns `value` at `millis`.
    fn returns_at(mut self, call: u32, millis: f64, value: Return) -> Fake {
        self.held.push(Ticket(call));
        self.add(millis, Response::Return { ticket: Ticket(call), value })
    }

    /// The `call`th call never returns.
    fn holds(mut self, call: u32) -> Fake {
        self.held.push(Ticket(call));
        self
    }

    /// The `call`th call returns `value` at once.
    fn returns(mut self, call: u32, value: Return) -> Fake {
        self.returns.insert(Ticket(call), value);
        self
    }

    fn with_capabilities(self, capabilities: &'static [Capability]) -> Fake {
        Fake { capabilities, ..self }
    }

    /// Packets are put on the agenda before the addresses are known.
    fn address_packets(&mut self) {
        let (Some(local), Some(remote)) = (self.local, self.remote) else { return };
        for response in self.agenda.values_mut() {
            let Response::Packet(octets) = response else { continue };
            let Ok(mut packet) = Packet::decode(octets) else { continue };
            if packet.ip.source.is_unspecified() {
                (packet.ip.source, packet.ip.destination) = (local, remote);
            }
            *octets = packet.encode();
        }
    }

    fn usual(&mut self, call: &Call) -> Return {
        match call {
            Call::Socket { .. } => self.descriptor(),
            Call::Accept { .. } if self.clients.is_empty() => Return::error(crate::posix::Errno::EAGAIN),
            Call::Accept { .. } => {
                let peer = Some(self.clients.remove(0));
                Return { peer, ..self.descriptor() }
            }
            Call::Write { data, .. } => Return::ok(data.len() as i64),
            _ => Return::ok(0),
        }
    }

    /// Numbers that no script writes, so that a label is never mistaken for them.
    fn descriptor(&mut self) -> Return {
        self.fds += 1;
        Return::ok(1000 + self.fds)
    }
}

impl Stack for Fake {
    fn profile(&self) -> Profile {
        let clock = if self.is_live { Clock::Wall } else { Clock::Virtual };
        Profile { name: "fake", version: String::new(), clock, capabilities: self.capabilities }
    }

    fn doubt(&self) -> Option<&'static str> {
        self.doubt
    }

    fn follows(&self, habit: &crate::habits::HabitValue) -> bool {
        self.follows.contains(&habit.name())
    }

    fn configure(
        &mut self,
        _: &crate::stack::setting::Setting,
        _: Option<&std::path::Path>,
    ) -> Result<Option<String>, crate::stack::setting::SettingError> {
        Ok(None)
    }

    fn stimulate(&mut self, at: Instant, what: &Stimulus) -> Result<(), StackError> {
        match what {
            Stimulus::Call { ticket, call } => {
                self.tickets += 1;
                assert_eq!(*ticket, Ticket(self.tickets), "calls are numbered in their order");
                if !self.held.contains(ticket) {
                    let value = self.returns.get(ticket).cloned().unwrap_or_else(|| self.usual(call));
                    self.agenda.insert((at.as_nanos(), 0), Response::Return { ticket: *ticket, value });
                }
            }
            Stimulus::Packet(octets) => {
                let packet = Packet::decode(octets).expect("the runner sends packets");
                if let Some(segment) = packet.segment().filter(|segment| segment.flags == Flags::SYN) {
                    self.clients.push(SocketAddr::new(packet.ip.source, segment.source_port));
                }
            }
        }
        Ok(())
    }

    fn advance(&mut self, until: Instant) -> Result<Option<(Instant, Response)>, StackError> {
        let due = self.agenda.first_entry().filter(|entry| entry.key().0 <= until.as_nanos());
        Ok(due.map(|entry| {
            let at = Instant::from_nanos(entry.key().0);
            (at, entry.remove())
        }))
    }
}

/// A segment of a passive socket to the first client, or, with [`active`], of an active one.
fn segment(flags: Flags, seq: u32, len: usize) -> Segment {
    Segment {
        source_port: PORT,
        destination_port: FIRST_CLIENT,
        seq: Seq(seq),
        flags,
        window: 1000,
        payload: vec![0; len],
        ..Segment::default()
    }
}

/// `segment` with ACK and this acknowledgment number.
fn ack(segment: Segment, ack: u32) -> Segment {
    Segment { ack: Seq(ack), flags: segment.flags | Flags::ACK, ..segment }
}

fn bare_ack(seq: u32, number: u32) -> Segment {
    ack(segment(Flags::default(), seq, 0), number)
}

/// `segment` to another client.
fn to(port: u16, segment: Segment) -> Segment {
    Segment { destination_port: port, ..segment }
}

/// `segment` of an active socket with this port.
fn active(port: u16, segment: Segment) -> Segment {
    Segment { source_port: port, destination_port: PORT, ..segment }
}

fn with_options(options: &[TcpOption], segment: Segment) -> Segment {
    Segment { options: options.to_vec(), ..segment }
}

fn with_text(text: &str, segment: Segment) -> Segment {
    Segment { payload: text.into(), ..segment }
}

fn run_with(script: &str, fake: Fake, axes: &Axes) -> Run {
    let scenario = script::parse("test.pkt", script).expect("a test writes scripts that parse");
    NEXT.set(fake);
    run(&scenario, &FAKE, axes)
}

/// The same, of what the runner takes for the kernel of this machine.
#[cfg(target_os = "linux")]
fn run_live(script: &str, fake: Fake) -> Run {
    let scenario = script::parse("test.pkt", script).expect("a test writes scripts that parse");
    NEXT.set(Fake { is_live: true, ..fake });
    run(&scenario, &NamedStack { name: "linux", factory }, &Axes::default())
}

fn run_on(script: &str, fake: Fake) -> Run {
    run_with(script, fake, &Axes::default())
}

/// Runs `script`, which is to end like this and to say so in these words; `""` for a pass.
#[track_caller]
fn expect(verdict: Verdict, words: &str, script: &str, fake: Fake) -> Run {
    let run = run_on(script, fake);
    assert_eq!(run.verdict, verdict, "{script}\n{}", run.message);
    assert!(run.message.contains(words) && run.message.is_empty() == words.is_empty(), "{script}\n{}", run.message);
    run
}

#[track_caller]
fn passes(script: &str, fake: Fake) -> Run {
    expect(Verdict::Pass, "", script, fake)
}

#[track_caller]
fn fails(words: &str, script: &str, fake: Fake) -> Run {
    expect(Verdict::Fail, words, script, fake)
}

/// The segments that the runner sent, with their times.
fn injected(run: &Run) -> Vec<(Instant, Segment)> {
    let packets = run.trace.records.iter().filter_map(|record| match &record.event {
        Event::Stimulus(Stimulus::Packet(octets)) => Some((record.at, Packet::decode(octets).ok()?)),
        _ => None,
    });
    packets
        .filter_map(|(at, packet)| match packet.body {
            Body::Tcp(segment) => Some((at, segment)),
            _ => None,
        })
        .collect()
}

/// The calls that the runner made, with their times.
fn called(run: &Run) -> Vec<(Instant, Call)> {
    let calls = run.trace.records.iter().filter_map(|record| match &record.event {
        Event::Stimulus(Stimulus::Call { call, .. }) => Some((record.at, call.clone())),
        _ => None,
    });
    calls.collect()
}

/// What the last stack of this thread was told.
fn setup() -> Setup {
    SETUP.take().expect("a stack was made")
}
