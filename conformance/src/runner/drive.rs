//! The lines of a script, one after the other, in virtual time (packetdrill language, 2).

use std::collections::{BTreeMap, VecDeque};

use wirelaw_reference::seq::Seq;
use wirelaw_reference::wire::{Body, Flags, Packet};

use super::calls::{self, Descriptor, Descriptors, Prepared};
use super::flows::{FlowId, Flows};
use super::matching::Live;
use super::settings::Settings;
use super::{Axes, Stop, Why, inbound};
use crate::report::Mark;
use crate::script::ast::{
    Action, CallSpec, Direction, PacketSpec, ResultSpec, Scenario, Spanned, Step, TcpSpec, Time, TransportSpec,
};
use crate::stack::{Capability, NamedStack, Setup, Stack};
use crate::trace::{Call, Duration, Event, Instant, Record, Response, Return, Stimulus, Ticket, Trace};

/// How long a call without an end time may block, and how long `*` waits for its packet.
pub(super) const PATIENCE: Duration = Duration::from_hours(24);

/// How long a pending blocking call is waited for before the next call, and at the end (2.5).
const BLOCKING_GRACE: Duration = Duration::from_secs(1);

/// The most responses of one run: a stack that sends more will never end.
const MAX_RESPONSES: usize = 200_000;

/// A packet of the stack that no line has asked for yet.
#[derive(Debug)]
pub(super) struct Arrived {
    /// Its place in the trace.
    pub(super) record: usize,
    pub(super) live: Live,
}

/// A blocking call that has not returned.
#[derive(Clone, Debug)]
struct Blocking<'a> {
    ticket: Ticket,
    step: &'a Step,
    spec: &'a CallSpec,
    prepared: Prepared,
    started: Instant,
    end: Instant,
}

/// Drives one scenario on one stack.
pub(super) struct Driver<'a> {
    scenario: &'a Scenario,
    pub(super) settings: Settings,
    stack: Box<dyn Stack>,
    pub(super) trace: Trace,
    pub(super) now: Instant,
    /// The script time of the previous step.
    pub(super) previous: Instant,
    /// When the previous step was due, if it was an inbound packet.
    previous_inbound: Option<Instant>,
    pub(super) flows: Flows,
    descriptors: Descriptors,
    pub(super) inbox: VecDeque<Arrived>,
    returned: BTreeMap<Ticket, (Instant, usize, Return)>,
    tickets: u32,
    blocking: Option<Blocking<'a>>,
    responses: usize,
    pub(super) notes: Vec<String>,
}

impl<'a> Driver<'a> {
    pub(super) fn new(
        scenario: &'a Scenario,
        stack: &NamedStack,
        axes: &Axes,
    ) -> Result<Driver<'a>, (Option<&'a Step>, Stop)> {
        let whole = |stop: Stop| (None, stop);
        check(scenario)?;
        let settings = Settings::new(scenario, axes).map_err(whole)?;
        let (isns, shift) = initial_sequence_numbers(scenario, axes);
        let setup = Setup {
            seed: axes.seed,
            local: settings.local,
            prefix: settings.prefix,
            remote: settings.remote,
            mtu: settings.mtu,
            isns,
        };
        let stack = (stack.factory)(&setup).map_err(|error| whole(error.into()))?;
        let profile = stack.profile();
        if let Some(need) = scenario.header.needs.iter().find(|need| !profile.capabilities.contains(&need.value)) {
            let what = format!("{}, which {} lacks", need.value.name(), profile.name);
            return Err((None, Stop::unsupported_at(&need.span, what)));
        }
        let mut notes = Vec::new();
        if axes.isn.is_some() && !profile.capabilities.contains(&Capability::Isn) {
            notes.push(format!("{} chose its own initial sequence numbers", profile.name));
        }
        Ok(Driver {
            scenario,
            flows: Flows::new(&settings, shift),
            settings,
            stack,
            trace: Trace::default(),
            now: Instant::ZERO,
            previous: Instant::ZERO,
            previous_inbound: None,
            descriptors: Descriptors::new(),
            inbox: VecDeque::new(),
            returned: BTreeMap::new(),
            tickets: 0,
            blocking: None,
            responses: 0,
            notes,
        })
    }

    pub(super) fn into_trace(self) -> (Trace, Vec<String>) {
        (self.trace, self.notes)
    }

    /// Runs one line.
    pub(super) fn step(&mut self, step: &'a Step) -> Result<(), Stop> {
        let (start, _) = self.when(step);
        match &step.action {
            Action::Packet(spec) => match (spec.direction.value, &spec.transport) {
                (Direction::Inbound, _) => {
                    self.wait_until(start, step)?;
                    self.inject(step, spec)?;
                }
                (Direction::Outbound, TransportSpec::Tcp(tcp)) => self.expect_packet(step, spec, tcp)?,
                (Direction::Outbound, _) => return Err(Stop::unsupported_at(&step.span, "this packet".to_owned())),
            },
            Action::Call(spec) => {
                self.finish_blocking()?;
                self.wait_until(start, step)?;
                self.call(step, spec, start)?;
            }
            Action::Silent => {
                self.wait_until(start, step)?;
                self.expect_silence(step)?;
            }
            Action::Shell(_) | Action::Code(_) => return Err(Stop::unsupported_at(&step.span, "this line".to_owned())),
        }
        let is_inbound = matches!(&step.action, Action::Packet(spec) if spec.direction.value == Direction::Inbound);
        self.previous_inbound = is_inbound.then_some(start);
        self.previous = start;
        self.check_blocking()
    }

    /// When a step is due: from and to. Relative times count from the completion of the step before;
    /// a run of inbound packets keeps to its plan (2.2).
    pub(super) fn when(&self, step: &Step) -> (Instant, Instant) {
        let is_inbound = matches!(&step.action, Action::Packet(spec) if spec.direction.value == Direction::Inbound);
        let base = self.previous_inbound.filter(|_| is_inbound).unwrap_or(self.now);
        let after = |micros: u64| base + Duration::from_micros(micros);
        match step.time.value {
            Time::Any => (self.now, self.now),
            Time::Absolute(at) => (Instant::from_micros(at), Instant::from_micros(at)),
            Time::Relative(span) => (after(span), after(span)),
            Time::AbsoluteRange(from, to) => (Instant::from_micros(from), Instant::from_micros(to)),
            Time::RelativeRange(from, to) => (after(from), after(to)),
        }
    }

    /// Lets time pass until `at`. A step that comes too late for its time is an error of time (2.3).
    fn wait_until(&mut self, at: Instant, step: &Step) -> Result<(), Stop> {
        let late = self.now.since(at);
        if late > self.settings.tolerance(at.since(self.previous)) {
            let note = format!("time expected {at}  got {}: the line before took too long", self.now);
            return Err(Stop::mismatch(vec![Mark { span: step.time.span.clone(), note }], Vec::new()));
        }
        while self.advance(at)? {}
        self.now = self.now.max(at);
        self.check_blocking()
    }

    /// Takes the next response of the stack up to `until`; `false` if it stays silent till then.
    pub(super) fn advance(&mut self, until: Instant) -> Result<bool, Stop> {
        let until = until.max(self.now);
        let Some((at, response)) = self.stack.advance(until)? else { return Ok(false) };
        self.responses += 1;
        if self.responses > MAX_RESPONSES {
            let message = format!("the stack has answered {MAX_RESPONSES} times and does not stop");
            return Err(Stop::new(Why::Broken, message));
        }
        let record = self.trace.records.len();
        match &response {
            Response::Return { ticket, value } => {
                self.returned.insert(*ticket, (at, record, value.clone()));
            }
            Response::Packet(octets) => {
                let packet = Packet::decode(octets);
                self.record(at, None, Event::Response(response.clone()));
                self.receive(at, record, packet.map_err(|error| error.to_string()))?;
                return Ok(true);
            }
        }
        self.record(at, None, Event::Response(response));
        Ok(true)
    }

    fn record(&mut self, at: Instant, line: Option<usize>, event: Event) {
        self.trace.records.push(Record { at, line, event });
    }

    /// A packet that makes no sense is wrong whatever the script says (MUST-2).
    fn receive(&mut self, at: Instant, record: usize, packet: Result<Packet, String>) -> Result<(), Stop> {
        match packet {
            Err(error) => Err(Stop {
                got: vec![format!("{at} > (undecodable)")],
                ..Stop::new(Why::Mismatch, format!("the stack sent a packet that is no packet: {error}"))
            }),
            Ok(Packet { ip, body: Body::Tcp(segment) }) => {
                self.inbox.push_back(Arrived { record, live: Live { at, ip, segment } });
                Ok(())
            }
            Ok(_) => {
                self.notes.push(format!("{at}: a packet that is not TCP"));
                Ok(())
            }
        }
    }

    fn stimulate(&mut self, line: usize, what: Stimulus) -> Result<(), Stop> {
        self.record(self.now, Some(line), Event::Stimulus(what.clone()));
        Ok(self.stack.stimulate(self.now, &what)?)
    }

    fn inject(&mut self, step: &Step, spec: &PacketSpec) -> Result<(), Stop> {
        let label = spec.connection.as_ref().map(|label| label.value.as_str());
        let id = self.flows.inbound(label);
        let flow = self.flows.get_mut(id);
        if let TransportSpec::Tcp(tcp) = &spec.transport {
            if !flow.numbers.knows_remote() && introduces(tcp, flow.role) {
                flow.numbers.bind_remote(tcp.seq.value);
            }
        }
        let octets = inbound::build(spec, self.flows.get(id), self.settings.timestamp_scaled)?;
        self.stimulate(step.line, Stimulus::Packet(octets))
    }

    /// Makes a call; one without an end time has to return before the script goes on (2.5).
    fn call(&mut self, step: &'a Step, spec: &'a CallSpec, start: Instant) -> Result<(), Stop> {
        let prepared = calls::prepare(spec, &self.descriptors, &self.settings)?;
        self.check_label(spec, &prepared)?;
        self.before_call(&prepared);
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let started = self.now;
        self.stimulate(step.line, Stimulus::Call { ticket, call: prepared.call.clone() })?;
        while self.advance(self.now)? {}
        if let Some(end) = &step.end {
            let base = match step.time.value {
                Time::Absolute(_) => Instant::ZERO,
                Time::Relative(span) => start - Duration::from_micros(span),
                _ => start,
            };
            let end = base + Duration::from_micros(end.value);
            self.blocking = Some(Blocking { ticket, step, spec, prepared, started, end });
            return self.check_blocking();
        }
        while !self.returned.contains_key(&ticket) {
            if !self.advance(started + PATIENCE)? {
                let note = "the call blocks and never returns".to_owned();
                return Err(Stop::mismatch(vec![Mark { span: spec.name.span.clone(), note }], Vec::new()));
            }
        }
        self.finish_call(ticket, step, spec, &prepared).map(|_| ())
    }

    /// A label that a descriptor still has cannot be given to another (5.2).
    fn check_label(&self, spec: &CallSpec, prepared: &Prepared) -> Result<(), Stop> {
        if let (Call::Socket { .. } | Call::Accept { .. }, ResultSpec::Integer(label @ 0..)) =
            (&prepared.call, &spec.result.value)
        {
            if self.descriptors.contains_key(label) {
                return Err(Stop::broken_at(&spec.result.span, format!("descriptor {label} is in use")));
            }
        }
        Ok(())
    }

    fn flow_of(&self, prepared: &Prepared) -> Option<FlowId> {
        self.descriptors.get(&prepared.fd?).map(|descriptor| descriptor.flow)
    }

    /// What the script has to know before the stack's answer comes.
    fn before_call(&mut self, prepared: &Prepared) {
        if let (Call::Connect { .. }, Some(flow)) = (&prepared.call, self.flow_of(prepared)) {
            self.flows.connect(flow);
        }
    }

    /// Compares a return with its line and draws the consequences; when it came.
    fn finish_call(
        &mut self,
        ticket: Ticket,
        step: &Step,
        spec: &CallSpec,
        prepared: &Prepared,
    ) -> Result<Instant, Stop> {
        let Some((at, record, value)) = self.returned.remove(&ticket) else { return Ok(self.now) };
        self.now = self.now.max(at);
        self.trace.records[record].line = Some(step.line);
        let marks = calls::differences(spec, prepared, &value);
        if !marks.is_empty() {
            return Err(Stop::mismatch(marks, Vec::new()));
        }
        let flow = self.flow_of(prepared);
        match (&prepared.call, &spec.result.value, flow) {
            (Call::Socket { .. }, ResultSpec::Integer(label @ 0..), _) => {
                let flow = self.flows.open();
                self.name(*label, &value, flow);
            }
            (Call::Accept { .. }, ResultSpec::Integer(label @ 0..), _) => {
                if let Some(flow) = value.peer.and_then(|peer| self.flows.with_peer(peer)).or(flow) {
                    self.name(*label, &value, flow);
                }
            }
            (Call::Listen { .. }, ResultSpec::Integer(0), Some(flow)) => self.flows.listen(flow),
            (Call::Close { .. }, ResultSpec::Integer(0), _) => {
                prepared.fd.and_then(|label| self.descriptors.remove(&label));
            }
            _ => {}
        }
        Ok(at)
    }

    fn name(&mut self, label: i64, value: &Return, flow: FlowId) {
        let live = crate::trace::Fd(i32::try_from(value.value).unwrap_or(-1));
        self.descriptors.insert(label, Descriptor { live, flow });
    }

    /// Judges the pending blocking call if it has returned: in time, and with the right result.
    fn check_blocking(&mut self) -> Result<(), Stop> {
        let Some(blocking) = self.blocking.take_if(|blocking| self.returned.contains_key(&blocking.ticket)) else {
            return Ok(());
        };
        let now = self.now;
        let at = self.finish_call(blocking.ticket, blocking.step, blocking.spec, &blocking.prepared)?;
        self.now = now; // the script has gone on meanwhile
        let tolerance = self.settings.tolerance(blocking.end.since(blocking.started));
        if at.since(blocking.end) > tolerance || blocking.end.since(at) > tolerance {
            let span = blocking.step.end.as_ref().map_or(0..0, |end| end.span.clone());
            let note = format!("return expected at {}  got {at}", blocking.end);
            return Err(Stop::mismatch(vec![Mark { span, note }], Vec::new()));
        }
        Ok(())
    }

    /// One blocking call at a time: the next call waits for it, but not for long (2.5).
    fn finish_blocking(&mut self) -> Result<(), Stop> {
        let Some(blocking) = &self.blocking else { return Ok(()) };
        let (ticket, until) = (blocking.ticket, self.now + BLOCKING_GRACE);
        while !self.returned.contains_key(&ticket) {
            if !self.advance(until)? {
                self.now = self.now.max(until);
                break;
            }
        }
        if let Some((at, ..)) = self.returned.get(&ticket) {
            self.now = self.now.max(*at);
        }
        self.check_blocking()
    }

    /// After the last line: a blocking call has to end, and what no line asked for is remarked.
    pub(super) fn finish(&mut self) -> Result<(), (Option<&'a Step>, Stop)> {
        let step = self.blocking.as_ref().map(|blocking| blocking.step).or(self.scenario.steps.last());
        let mut finish = || {
            self.finish_blocking()?;
            if let Some(blocking) = &self.blocking {
                let note = "the script ends, but the call does not return".to_owned();
                return Err(Stop::mismatch(vec![Mark { span: blocking.spec.name.span.clone(), note }], Vec::new()));
            }
            while self.advance(self.now)? {}
            self.remark_unlisted();
            Ok(())
        };
        finish().map_err(|stop| (step, stop))
    }
}

/// Whether an inbound segment tells the runner's initial sequence number: the first packet of a
/// connection that it makes, or the SYN that answers the stack's (4.3).
fn introduces(tcp: &TcpSpec, role: super::flows::Role) -> bool {
    tcp.flags.value.flags.contains(Flags::SYN) || role == super::flows::Role::Passive
}

/// Whether the whole script can be run here. What cannot is named before anything happens.
fn check(scenario: &Scenario) -> Result<(), (Option<&Step>, Stop)> {
    if let Some(shell) = scenario.init.iter().chain(&scenario.cleanup).next() {
        let what = format!("the shell command `{}`", shorten(&shell.command.value));
        return Err((None, Stop::unsupported_at(&shell.command.span, what)));
    }
    if let Some(first) = scenario.steps.first() {
        if !matches!(first.time.value, Time::Any | Time::Absolute(0) | Time::Relative(0)) {
            let message = "the first line of a script happens at time 0".to_owned();
            return Err((Some(first), Stop::broken_at(&first.time.span, message)));
        }
    }
    for step in &scenario.steps {
        let what = match &step.action {
            Action::Shell(command) => format!("the shell command `{}`", shorten(command)),
            Action::Code(_) => "a code block".to_owned(),
            Action::Packet(spec) => match unsupported_in_packet(spec) {
                Some(what) => what.to_owned(),
                None => continue,
            },
            Action::Call(_) | Action::Silent => continue,
        };
        return Err((Some(step), Stop::unsupported_at(&step.span, what)));
    }
    Ok(())
}

fn unsupported_in_packet(spec: &PacketSpec) -> Option<&'static str> {
    match &spec.transport {
        _ if !spec.encapsulation.is_empty() => Some("encapsulation"),
        TransportSpec::Udp(_) => Some("UDP packets"),
        TransportSpec::Icmp(_) if spec.direction.value == Direction::Outbound => Some("outbound ICMP"),
        TransportSpec::Tcp(TcpSpec { psp: Some(_), .. }) => Some("PSP encapsulation"),
        _ if spec.ip.as_ref().is_some_and(|ip| ip.flow_label.is_some())
            && spec.direction.value == Direction::Outbound =>
        {
            Some("comparing flow labels")
        }
        _ => None,
    }
}

fn shorten(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    if line.chars().count() > 60 { line.chars().take(57).collect::<String>() + "..." } else { line.to_owned() }
}

/// The numbers with which the stack is to open its connections, as the script has them, and by how
/// much the runner's own are moved. On the axis of initial sequence numbers both are moved such that
/// the first one on each side is the wanted one.
fn initial_sequence_numbers(scenario: &Scenario, axes: &Axes) -> (Vec<Seq>, u32) {
    let mut isns: Vec<Seq> = Vec::new();
    let mut first_remote = None;
    let mut seen: Vec<(Option<&str>, usize, u32)> = Vec::new();
    let mut sockets = 0;
    for step in &scenario.steps {
        match &step.action {
            Action::Call(spec) if spec.name.value == "socket" => sockets += 1,
            Action::Packet(spec) => {
                let TransportSpec::Tcp(tcp) = &spec.transport else { continue };
                if !tcp.flags.value.flags.contains(Flags::SYN) {
                    continue;
                }
                if spec.direction.value == Direction::Inbound {
                    first_remote.get_or_insert(tcp.seq.value);
                    continue;
                }
                // the same SYN again is a retransmission, not another connection
                let label = spec.connection.as_ref().map(|label: &Spanned<String>| label.value.as_str());
                let key = (label, if label.is_some() { 0 } else { sockets }, tcp.seq.value);
                if !seen.contains(&key) {
                    seen.push(key);
                    isns.push(Seq(tcp.seq.value));
                }
            }
            _ => {}
        }
    }
    let Some(isn) = axes.isn else { return (isns, 0) };
    let first = isns.first().copied().unwrap_or_default();
    let moved = if isns.is_empty() { vec![isn] } else { isns.iter().map(|number| isn + (*number - first)).collect() };
    (moved, isn - Seq(first_remote.unwrap_or(0)))
}
