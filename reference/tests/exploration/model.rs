//! The world that is explored: two connections, two applications, and a network that is a bag of segments.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use wirelaw_reference::tcp::{Config, Connection, State};
use wirelaw_reference::time::Instant;
use wirelaw_reference::wire::Segment;

use super::check;
use super::scope::{Budget, Scope};

/// Segments in answer to one event. More are a stack that talks without end.
const MAX_BURST: usize = 32;

/// One thing that can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A segment under way arrives: any, for the network keeps no order.
    Deliver(usize),
    /// It is lost.
    Lose(usize),
    /// There are two of it.
    Duplicate(usize),
    /// The next timer of the two connections goes off.
    Timeout,
    /// The same, because whatever else there is goes round in a circle, which takes time.
    Patience,
    Write(usize),
    Read(usize),
    Close(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) tcp: Connection,
    pub(crate) written: usize,
    pub(crate) received: usize,
    closed: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Model<'a> {
    scope: &'a Scope,
    now: Instant,
    pub(crate) ends: [End; 2],
    /// What is under way, and to whom; sorted, so that the order of sending is forgotten.
    network: Vec<(u64, usize, Segment)>,
    budget: Budget,
}

/// Octet number `at` of every stream.
pub(crate) fn octet(at: usize) -> u8 {
    b'a' + (at % 26) as u8
}

impl<'a> Model<'a> {
    pub(crate) fn new(scope: &'a Scope, config: &Config) -> Result<Model<'a>, String> {
        let ends = scope.open(config).map(|tcp| End { tcp, written: 0, received: 0, closed: false });
        let mut model = Model { scope, now: Instant::ZERO, ends, network: Vec::new(), budget: scope.budget };
        model.transmit()?;
        Ok(model)
    }

    /// Everything that can happen next.
    pub(crate) fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        for side in 0..2 {
            self.actions_of_application(side, &mut actions);
        }
        for (at, packet) in self.network.iter().enumerate() {
            if at > 0 && self.network[at - 1] == *packet {
                continue; // one of two that are alike
            }
            actions.push(Action::Deliver(at));
            if self.budget.losses > 0 {
                actions.push(Action::Lose(at));
            }
            if self.budget.duplicates > 0 {
                actions.push(Action::Duplicate(at));
            }
        }
        if self.waits() && (actions.is_empty() || self.budget.early_timeouts > 0) {
            actions.push(Action::Timeout);
        }
        actions
    }

    fn actions_of_application(&self, side: usize, actions: &mut Vec<Action>) {
        let end = &self.ends[side];
        if end.tcp.readable() > 0 {
            actions.push(Action::Read(side));
        }
        // nobody is handed a connection that is not established
        if end.closed || !matches!(end.tcp.state(), State::Established | State::CloseWait) {
            return;
        }
        if end.written == self.scope.octets[side] {
            actions.push(Action::Close(side));
        } else if end.tcp.writable() > 0 {
            actions.push(Action::Write(side));
        }
    }

    /// Makes it happen; an error says which law the reference broke.
    pub(crate) fn apply(&mut self, action: Action) -> Result<(), String> {
        if action == Action::Timeout && self.is_adversity(action) {
            self.budget.early_timeouts -= 1;
        }
        let before = [0, 1].map(|side: usize| self.ends[side].tcp.state());
        match action {
            Action::Deliver(at) => {
                let (_, to, segment) = self.network.remove(at);
                self.ends[to].tcp.handle_segment(self.now, &segment);
            }
            Action::Lose(at) => {
                self.network.remove(at);
                self.budget.losses -= 1;
            }
            Action::Duplicate(at) => {
                self.network.insert(at, self.network[at].clone());
                self.budget.duplicates -= 1;
            }
            Action::Timeout | Action::Patience => self.timeout(),
            Action::Write(side) => self.write(side)?,
            Action::Read(side) => self.read(side)?,
            Action::Close(side) => {
                self.ends[side].tcp.close().map_err(|error| format!("CLOSE: {error}"))?;
                self.ends[side].closed = true;
            }
        }
        self.transmit()?;
        for (end, before) in self.ends.iter().zip(before) {
            check::transition(action, before, end.tcp.state())?;
            check::variables(end)?;
        }
        Ok(())
    }

    /// Whether nothing but the network's ill will makes `action` happen, so that it may never do.
    pub(crate) fn is_adversity(&self, action: Action) -> bool {
        match action {
            Action::Lose(_) | Action::Duplicate(_) => true,
            Action::Timeout => self.actions() != [Action::Timeout],
            _ => false,
        }
    }

    /// Whether any timer runs.
    pub(crate) fn waits(&self) -> bool {
        self.ends.iter().any(|end| end.tcp.poll_timeout().is_some())
    }

    fn timeout(&mut self) {
        let next = self.ends.iter().filter_map(|end| end.tcp.poll_timeout()).min();
        self.now = self.now.max(next.unwrap_or(self.now));
        for end in &mut self.ends {
            end.tcp.handle_timeout(self.now);
        }
    }

    fn write(&mut self, side: usize) -> Result<(), String> {
        let end = &mut self.ends[side];
        let until = self.scope.octets[side].min(end.written + self.scope.write);
        let text: Vec<u8> = (end.written..until).map(octet).collect();
        end.written += end.tcp.send(&text, false).map_err(|error| format!("SEND: {error}"))?;
        Ok(())
    }

    fn read(&mut self, side: usize) -> Result<(), String> {
        let written = self.ends[1 - side].written;
        let end = &mut self.ends[side];
        let octets = end.tcp.receive(self.scope.read).map_err(|error| format!("RECEIVE: {error}"))?;
        let sent: Vec<u8> = (end.received..written).map(octet).collect();
        if !sent.starts_with(&octets) {
            return Err(format!("octets {}.. are {octets:?}, not {sent:?}", end.received));
        }
        end.received += octets.len();
        Ok(())
    }

    /// Everything that is due is sent.
    fn transmit(&mut self) -> Result<(), String> {
        for side in 0..2 {
            let mut burst = 0;
            while let Some(segment) = self.ends[side].tcp.poll_transmit(self.now) {
                burst += 1;
                if burst > MAX_BURST {
                    return Err(format!("end {side} sends without end"));
                }
                check::segment(&segment, &self.ends[side], &self.ends[1 - side])?;
                let packet = (hash_of(&(1 - side, &segment)), 1 - side, segment);
                let at = self.network.partition_point(|other| other.0 < packet.0);
                self.network.insert(at, packet);
            }
            while self.ends[side].tcp.poll_notice().is_some() {}
        }
        Ok(())
    }

    /// Nothing can happen any more: is everything done?
    pub(crate) fn check_end(&self) -> Result<(), String> {
        for (side, end) in self.ends.iter().enumerate() {
            let (state, failure) = (end.tcp.state(), end.tcp.failure());
            if state != State::Closed || failure.is_some() {
                return Err(format!("end {side} stays in {state}, failure {failure:?}: a deadlock"));
            }
            if end.received != self.scope.octets[1 - side] {
                return Err(format!("{} octets arrived at end {side}", end.received));
            }
        }
        Ok(())
    }

    /// The state as one number: the same for worlds that have the same future.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for end in &self.ends {
            end.tcp.fingerprint(self.now, &mut hasher);
            (end.written, end.received, end.closed).hash(&mut hasher);
        }
        for (hash, ..) in &self.network {
            hash.hash(&mut hasher);
        }
        self.budget.hash(&mut hasher);
        hasher.finish()
    }

    /// What `action` means here.
    pub(crate) fn describe(&self, action: Action) -> String {
        let states = [0, 1].map(|side: usize| self.ends[side].tcp.state());
        let what = match action {
            Action::Deliver(at) | Action::Lose(at) | Action::Duplicate(at) => {
                let (_, to, segment) = &self.network[at];
                let Segment { seq, ack, flags, window, payload, .. } = segment;
                format!("{action:?} to {to}: {} {seq}({}) ack {ack} win {window}", flags.letters(), payload.len())
            }
            _ => format!("{action:?}"),
        };
        format!("{:>10} {:12} {:12} {what}", self.now, states[0], states[1])
    }
}

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
