//! The lines of a script, one after the other, in virtual time (packetdrill language, 2).

mod judge;

use std::collections::{BTreeMap, VecDeque};

use wirelaw_reference::wire::{Body, Flags};

use super::calls::{self, Descriptor, Descriptors, Prepared};
use super::code::Code;
use super::datagrams::Datagram;
use super::flows::{FlowId, Flows, Role};
use super::headers::{self, Fault, Frame};
use super::matching::Live;
use super::serve::Applications;
use super::settings::Settings;
use super::{Axes, Stop, Why, code, inbound, plan, shell};
use crate::posix::{MSG_FASTOPEN, SOCK_STREAM};
use crate::report::Mark;
use crate::script::ast::{
    Action, CallSpec, Direction, PacketSpec, ResultSpec, Scenario, SeqKind, Step, Time, TransportSpec,
};
use crate::stack::{self, Capability, Clock, NamedStack, Setup, Stack};
use crate::trace::{Call, Duration, Event, Instant, Record, Response, Return, Stimulus, Ticket, Trace};

/// How long a call without an end time may block, and how long `*` waits for its packet, in virtual time.
const PATIENCE: Duration = Duration::from_hours(24);

/// The same where a person waits.
const WALL_PATIENCE: Duration = Duration::from_secs(60);

/// How long a pending blocking call is waited for before the next call, and at the end (2.5).
const BLOCKING_GRACE: Duration = Duration::from_secs(1);

/// The most responses of one run: a stack that sends more will never end.
const MAX_RESPONSES: usize = 200_000;

/// The bits of a socket's type that are not flags.
const SOCK_TYPE_MASK: i64 = 0xf;

/// The most octets of one run, those of packets and of writes: all of them are kept in its trace.
const MAX_OCTETS: usize = 256 << 20;

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

impl Blocking<'_> {
    /// It returns at another time than the line says, or never.
    fn mismatch(&self, note: String) -> Stop {
        let span = self.step.end.as_ref().map_or_else(|| self.spec.name.span.clone(), |end| end.span.clone());
        Stop::mismatch(vec![Mark { span, note }], Vec::new()).of(self.step)
    }
}

/// Drives one scenario on one stack.
pub(super) struct Driver<'a> {
    pub(super) settings: Settings,
    stack: Box<dyn Stack>,
    /// Whether time passes by itself.
    pub(super) is_wall: bool,
    /// What shell lines ask of a live kernel.
    shell_lines: shell::Lines,
    /// Whether a line has been run.
    has_begun: bool,
    pub(super) trace: Trace,
    pub(super) now: Instant,
    /// The script time of the previous step.
    pub(super) previous: Instant,
    /// When the previous step was due, if it was an inbound packet.
    previous_inbound: Option<Instant>,
    pub(super) flows: Flows,
    descriptors: Descriptors,
    pub(super) inbox: VecDeque<Arrived>,
    /// Packets that are not TCP, and that no line has asked for yet.
    pub(super) datagrams: VecDeque<Datagram>,
    returned: BTreeMap<Ticket, (Instant, usize, Return)>,
    tickets: u32,
    applications: Applications,
    blocking: Option<Blocking<'a>>,
    /// The code blocks, by where their steps begin, and the names that they share.
    codes: BTreeMap<usize, Code>,
    namespace: code::Namespace,
    responses: usize,
    octets: usize,
    pub(super) notes: Vec<String>,
}

impl<'a> Driver<'a> {
    pub(super) fn new(scenario: &'a Scenario, stack: &NamedStack, axes: &Axes) -> Result<Driver<'a>, Stop> {
        let settings = Settings::new(scenario, axes)?;
        let is_wall = stack::live().iter().any(|live| live.name == stack.name);
        if is_wall {
            plan::check_duration(scenario, axes.longest)?;
        }
        let mut own = if is_wall { Vec::new() } else { shell::habits(scenario)? };
        own.extend(scenario.header.with.iter().cloned());
        let shell_lines =
            if is_wall { shell::Lines::new(scenario, axes.allow_shell)? } else { shell::Lines::default() };
        plan::check(scenario, &settings)?;
        let codes = code::blocks(scenario)?;
        let (isns, shift) = plan::initial_sequence_numbers(scenario, axes);
        let setup = Setup {
            seed: axes.seed,
            local: settings.local,
            prefix: settings.prefix,
            remote: settings.remote,
            mtu: settings.mtu,
            // a scenario about requirements is about what goes over the wire
            has_offload: scenario.header.covers.is_empty(),
            isns,
            habits: axes.with.iter().chain(own.iter().map(|habit| &habit.value)).cloned().collect(),
        };
        let mut stack = (stack.factory)(&setup)?;
        let profile = stack.profile();
        if let Some(need) = scenario.header.needs.iter().find(|need| !profile.capabilities.contains(&need.value)) {
            let what = format!("{}, which {} lacks", need.value.name(), profile.name);
            return Err(Stop::unsupported_at(&need.span, what));
        }
        plan::check_datagrams(scenario, &settings, &profile)?;
        plan::check_habits(&own, &setup, &*stack)?;
        if profile.clock == Clock::Virtual {
            code::check_simulated(scenario, &codes)?;
        }
        let mut notes = Vec::new();
        if axes.isn.is_some() && !profile.capabilities.contains(&Capability::Isn) {
            notes.push(format!("{} chose its own initial sequence numbers", profile.name));
        }
        for setting in &shell_lines.before {
            stack.configure(setting, shell_lines.folder())?;
        }
        Ok(Driver {
            flows: Flows::new(&settings, shift),
            settings,
            stack,
            is_wall,
            shell_lines,
            has_begun: false,
            trace: Trace::default(),
            now: Instant::ZERO,
            previous: Instant::ZERO,
            previous_inbound: None,
            descriptors: Descriptors::new(),
            inbox: VecDeque::new(),
            datagrams: VecDeque::new(),
            returned: BTreeMap::new(),
            tickets: 0,
            applications: Applications::default(),
            blocking: None,
            codes,
            namespace: code::Namespace::default(),
            responses: 0,
            octets: 0,
            notes,
        })
    }

    pub(super) fn into_trace(self) -> (Trace, Vec<String>) {
        (self.trace, self.notes)
    }

    /// How long a call without an end time may block, and how long `*` waits for its packet.
    pub(super) fn longest_wait(&self) -> Duration {
        if self.is_wall { WALL_PATIENCE } else { PATIENCE }
    }

    /// Time that passes by itself has passed.
    pub(super) fn look_at_clock(&mut self) {
        if let Some(now) = self.stack.now() {
            self.now = self.now.max(now);
        }
    }

    /// Runs one line.
    pub(super) fn step(&mut self, step: &'a Step) -> Result<(), Stop> {
        self.look_at_clock();
        let (start, _) = self.when(step);
        match &step.action {
            Action::Packet(spec) => match (spec.direction.value, &spec.transport) {
                (Direction::Inbound, _) => {
                    self.wait_until(start, step)?;
                    self.inject(step, spec)?;
                }
                (Direction::Outbound, TransportSpec::Tcp(tcp)) => self.expect_packet(step, spec, tcp)?,
                (Direction::Outbound, _) => self.expect_datagram(step, spec)?,
            },
            Action::Call(spec) => {
                self.wait_until(start, step)?;
                self.before_next_call(step, start)?;
                self.call(step, spec, start)?;
            }
            Action::Silent => self.expect_silence(step, start)?,
            Action::Code(_) => {
                self.wait_until(start, step)?;
                self.before_next_call(step, start)?;
                self.judge_code(step)?;
            }
            Action::Shell(_) => {
                self.wait_until(start, step)?;
                // an in-process stack was set before it started
                for setting in self.shell_lines.at(step) {
                    self.stack.configure(setting, self.shell_lines.folder())?;
                }
            }
        }
        self.previous_inbound = is_inbound(step).then_some(start);
        self.previous = start;
        self.has_begun = true;
        self.look_at_clock();
        self.check_blocking()
    }

    /// When a step is due: from and to. Relative times count from the completion of the step before;
    /// a run of inbound packets keeps to its plan (2.2).
    pub(super) fn when(&self, step: &Step) -> (Instant, Instant) {
        let base = self.previous_inbound.filter(|_| is_inbound(step)).unwrap_or(self.now);
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
    pub(super) fn wait_until(&mut self, at: Instant, step: &Step) -> Result<(), Stop> {
        self.check_punctual(at, step, "the line before took too long")?;
        while self.advance(at)? {}
        self.now = self.now.max(at);
        self.look_at_clock();
        self.check_punctual(at, step, "this machine is too busy")?;
        self.check_blocking()
    }

    fn check_punctual(&self, at: Instant, step: &Step, why: &str) -> Result<(), Stop> {
        // nothing is late at the very beginning
        if !self.has_begun || self.now.since(at) <= self.settings.tolerance(at.since(self.previous)) {
            return Ok(());
        }
        let note = format!("time expected {at}  got {}: {why}", self.now);
        Err(self.late(Stop::mismatch(vec![Mark { span: step.time.span.clone(), note }], Vec::new())))
    }

    /// A difference in nothing but time: a class of its own where time passes by itself.
    pub(super) fn late(&self, stop: Stop) -> Stop {
        if self.is_wall { Stop { why: Why::Time, ..stop } } else { stop }
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
        self.check_size()?;
        let record = self.trace.records.len();
        // where time passes by itself, things are heard of after they happened
        let newest = self.trace.records.last().map_or(at, |last| last.at.max(at));
        if !self.is_wall && (at > until || at < self.now || at < newest) {
            let message = format!("the stack answers out of order: something of {at} when asked up to {until}");
            return Err(Stop::new(Why::Broken, message));
        }
        let mut calls = Vec::new();
        let packet = match &response {
            Response::Return { ticket, value } => {
                let tickets = &mut self.tickets;
                match self.applications.returned(*ticket, value, || next(tickets)) {
                    Some(made) => calls = made,
                    None => drop(self.returned.insert(*ticket, (at, record, value.clone()))),
                }
                None
            }
            Response::Packet(octets) => {
                let ends = (self.settings.local, self.settings.remote);
                Some(headers::decode(octets, ends, self.settings.is_tcp_in_udp))
            }
        };
        self.record(newest, None, Event::Response(response));
        for (ticket, call) in calls {
            self.stimulate_at(newest, None, Stimulus::Call { ticket, call })?;
        }
        if let Some(packet) = packet {
            self.receive(at, record, packet)?;
        }
        Ok(true)
    }

    fn record(&mut self, at: Instant, line: Option<usize>, event: Event) {
        self.octets = self.octets.saturating_add(octets(&event));
        self.trace.records.push(Record { at, line, event });
    }

    fn check_size(&self) -> Result<(), Stop> {
        if self.octets <= MAX_OCTETS {
            return Ok(());
        }
        Err(Stop::new(Why::Broken, format!("more than {MAX_OCTETS} octets are too many for one run")))
    }

    /// A packet that makes no sense is wrong whatever the script says (MUST-2).
    /// What a host sends for its own purposes is nobody's business.
    fn receive(&mut self, at: Instant, record: usize, packet: Result<Frame, Fault>) -> Result<(), Stop> {
        match packet {
            Err(Fault { message, concerns_us: true }) => Err(Stop {
                got: vec![format!("{at} > (undecodable)")],
                ..Stop::new(Why::Mismatch, format!("the stack sent a packet that is no packet: {message}"))
            }),
            Err(_) => Ok(()),
            Ok(Frame { outer, ip, body: Body::Tcp(segment), udp, .. }) => {
                self.inbox.push_back(Arrived { record, live: Live { at, ip, segment, outer, udp } });
                Ok(())
            }
            Ok(frame) => {
                if !frame.ip.destination.is_multicast() {
                    self.datagrams.push_back(Datagram { record, at, frame });
                }
                Ok(())
            }
        }
    }

    fn stimulate(&mut self, line: usize, what: Stimulus) -> Result<(), Stop> {
        self.stimulate_at(self.now, Some(line), what)
    }

    fn stimulate_at(&mut self, at: Instant, line: Option<usize>, what: Stimulus) -> Result<(), Stop> {
        self.check_size()?;
        self.record(at, line, Event::Stimulus(what.clone()));
        Ok(self.stack.stimulate(at, &what)?)
    }

    fn inject(&mut self, step: &Step, spec: &PacketSpec) -> Result<(), Stop> {
        let label = spec.connection.as_ref().map(|label| label.value.as_str());
        let id = self.flows.inbound(label);
        let flow = self.flows.get_mut(id);
        if let TransportSpec::Tcp(tcp) = &spec.transport {
            let syn = tcp.flags.value.flags.contains(Flags::SYN);
            if tcp.seq_kind == SeqKind::Mapped && (syn || flow.role == Role::Passive) {
                flow.numbers.bind_remote(tcp.seq.value, syn);
            }
        }
        let octets = inbound::build(spec, self.flows.get(id), &self.settings)?;
        self.stimulate(step.line, Stimulus::Packet(octets))
    }

    /// Makes a call; one without an end time has to return before the script goes on (2.5).
    fn call(&mut self, step: &'a Step, spec: &'a CallSpec, start: Instant) -> Result<(), Stop> {
        if let Some(fd) = calls::served(spec, &self.descriptors) {
            let ticket = next(&mut self.tickets);
            let call = self.applications.start(fd?, ticket);
            self.stimulate(step.line, Stimulus::Call { ticket, call })?;
            while self.advance(self.now)? {}
            return Ok(());
        }
        let prepared = calls::prepare(spec, &self.descriptors, &self.settings)?;
        self.check_label(spec, &prepared)?;
        self.before_call(&prepared);
        let ticket = next(&mut self.tickets);
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
            let patience = self.longest_wait();
            if !self.advance(started + patience)? {
                let note = format!("the call blocks and has not returned after {}", span(patience));
                return Err(Stop::mismatch(vec![Mark { span: spec.name.span.clone(), note }], Vec::new()));
            }
        }
        self.finish_call(ticket, step, spec, &prepared).map(|_| ())
    }

    /// A label that a descriptor still has cannot be given to another (5.2).
    fn check_label(&self, spec: &CallSpec, prepared: &Prepared) -> Result<(), Stop> {
        let made = match spec.result.value {
            ResultSpec::Integer(label @ 0..) if calls::makes_descriptor(&prepared.call) => &[label][..],
            _ => &prepared.labels,
        };
        match made.iter().find(|label| self.descriptors.contains_key(label)) {
            Some(label) => Err(Stop::broken_at(&spec.result.span, format!("descriptor {label} is in use"))),
            None => Ok(()),
        }
    }

    fn flow_of(&self, prepared: &Prepared) -> Option<FlowId> {
        self.descriptors.get(&prepared.fd?).and_then(|descriptor| descriptor.flow)
    }

    /// What the script has to know before the stack's answer comes.
    fn before_call(&mut self, prepared: &Prepared) {
        let opens = match &prepared.call {
            Call::Connect { .. } => true,
            Call::Write { flags, .. } => i64::from(*flags) & MSG_FASTOPEN != 0, // RFC 7413: connects, too
            _ => false,
        };
        let Some(flow) = self.flow_of(prepared) else { return };
        let sends_to = matches!(&prepared.call, Call::Write { to: Some(_), .. });
        if opens || sends_to && self.flows.get(flow).is_datagram {
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
        let marks = calls::differences(spec, prepared, &value, &self.settings);
        if !marks.is_empty() {
            return Err(Stop::mismatch(marks, Vec::new()));
        }
        let flow = self.flow_of(prepared);
        match (&prepared.call, &spec.result.value, flow) {
            (Call::Socket { kind, .. }, ResultSpec::Integer(label @ 0..), _) => {
                let flow = self.flows.open();
                self.flows.get_mut(flow).is_datagram = i64::from(*kind) & SOCK_TYPE_MASK != SOCK_STREAM;
                self.name(*label, value.value, Some(flow));
            }
            (Call::Open { .. } | Call::EpollCreate { .. }, ResultSpec::Integer(label @ 0..), _) => {
                self.name(*label, value.value, None);
            }
            (Call::Pipe, ResultSpec::Integer(0), _) => {
                for (label, live) in prepared.labels.iter().zip(value.data.as_chunks::<4>().0) {
                    self.name(*label, i32::from_le_bytes(*live).into(), None);
                }
            }
            (Call::Accept { .. }, ResultSpec::Integer(label @ 0..), _) => {
                if let Some(flow) = value.peer.and_then(|peer| self.flows.with_peer(peer)).or(flow) {
                    self.name(*label, value.value, Some(flow));
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

    fn name(&mut self, label: i64, live: i64, flow: Option<FlowId>) {
        let live = crate::trace::Fd(i32::try_from(live).unwrap_or(-1));
        self.descriptors.insert(label, Descriptor { live, flow });
    }

    /// One blocking call at a time: another call waits for it, but not for long (2.5).
    fn before_next_call(&mut self, step: &Step, start: Instant) -> Result<(), Stop> {
        self.finish_blocking()?;
        let Some(blocking) = &self.blocking else {
            return self.check_punctual(start, step, "the blocking call before took so long");
        };
        if blocking.end < self.now {
            let note = format!("return expected at {}: the call has not returned until {}", blocking.end, self.now);
            return Err(blocking.mismatch(note));
        }
        let message = format!("the call of line {} still blocks, and only one can at a time", blocking.step.line);
        Err(Stop::broken_at(&step.span, message))
    }

    /// Judges the pending blocking call if it has returned: in time, and with the right result.
    fn check_blocking(&mut self) -> Result<(), Stop> {
        let Some(blocking) = self.blocking.take_if(|blocking| self.returned.contains_key(&blocking.ticket)) else {
            return Ok(());
        };
        let at = self
            .finish_call(blocking.ticket, blocking.step, blocking.spec, &blocking.prepared)
            .map_err(|stop| stop.of(blocking.step))?;
        let tolerance = self.settings.tolerance(blocking.end.since(blocking.started));
        if at.since(blocking.end) > tolerance || blocking.end.since(at) > tolerance {
            return Err(self.late(blocking.mismatch(format!("return expected at {}  got {at}", blocking.end))));
        }
        Ok(())
    }

    /// Waits for the blocking call, but not for long (2.5).
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
    pub(super) fn finish(&mut self) -> Result<(), Stop> {
        self.finish_blocking()?;
        if let Some(blocking) = &self.blocking {
            return Err(blocking.mismatch("the script ends, but the call does not return".to_owned()));
        }
        while self.advance(self.now)? {}
        self.remark_unlisted();
        Ok(())
    }
}

/// A long time in words.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 3600 { format!("{seconds} seconds") } else { format!("{} hours", seconds / 3600) }
}

/// The ticket of the next call.
fn next(tickets: &mut u32) -> Ticket {
    *tickets += 1;
    Ticket(*tickets)
}

/// How many octets of packets and data an event holds.
fn octets(event: &Event) -> usize {
    match event {
        Event::Stimulus(Stimulus::Packet(octets)) | Event::Response(Response::Packet(octets)) => octets.len(),
        Event::Stimulus(Stimulus::Call { call: Call::Write { data, .. }, .. }) => data.len(),
        Event::Stimulus(Stimulus::Call { call: Call::SendMessage { pieces, .. }, .. }) => {
            pieces.iter().map(Vec::len).sum()
        }
        Event::Stimulus(Stimulus::Call { .. }) => 0,
        Event::Response(Response::Return { value, .. }) => value.data.len(),
    }
}

fn is_inbound(step: &Step) -> bool {
    matches!(&step.action, Action::Packet(spec) if spec.direction.value == Direction::Inbound)
}
