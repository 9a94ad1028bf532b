//! The lines of a script, one after the other, in virtual time (packetdrill language, 2).

mod calling;
mod judge;
mod wire;

use std::collections::{BTreeMap, VecDeque};

use calling::Blocking;

use super::calls::{Descriptor, Descriptors};
use super::code::Code;
use super::datagrams::Datagram;
use super::flows::Flows;
use super::matching::Live;
use super::serve::Applications;
use super::settings::Settings;
use super::{Axes, Stop, Why, code, plan, shell};
use crate::report::Mark;
use crate::script::ast::{Action, Direction, Scenario, Step, Time, TransportSpec};
use crate::stack::{self, Capability, Clock, NamedStack, Setup, Stack};
use crate::trace::{Duration, Instant, Return, Ticket, Trace};

/// How long a call without an end time may block, and how long `*` waits for its packet, in virtual time.
const PATIENCE: Duration = Duration::from_hours(24);

/// The same where a person waits.
const WALL_PATIENCE: Duration = Duration::from_mins(1);

/// A packet of the stack that no line has asked for yet.
#[derive(Debug)]
pub(super) struct Arrived {
    /// Its place in the trace.
    pub(super) record: usize,
    pub(super) live: Live,
}

/// Drives one scenario on one stack.
pub(super) struct Driver<'a> {
    pub(super) settings: Settings,
    stack: Box<dyn Stack>,
    /// Whether it is a kernel, which does things by itself.
    pub(super) is_wall: bool,
    /// Whether its time is that of the machine, and a person waits.
    has_wall_clock: bool,
    /// What shell lines ask of a live kernel.
    shell_lines: shell::Lines,
    /// Whether a line has been run.
    has_begun: bool,
    pub(super) trace: Trace,
    pub(super) now: Instant,
    /// The script time of the previous step.
    pub(super) previous: Instant,
    /// The script time of the previous step that was not mere silence: since then the stack has been left alone.
    pub(super) alone_since: Instant,
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
        let mut settings = Settings::new(scenario, axes)?;
        let is_wall = stack::live().iter().any(|live| live.name == stack.name);
        // a scenario about requirements does not state a choice of one kernel; a script that was written for one may
        settings.may_push = is_wall && !scenario.header.covers.is_empty();
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
            virtual_mss: settings.virtual_mss,
            isns,
            habits: axes.with.iter().chain(own.iter().map(|habit| &habit.value)).cloned().collect(),
        };
        let mut stack = (stack.factory)(&setup)?;
        let profile = stack.profile();
        let has_wall_clock = profile.clock == Clock::Wall;
        if has_wall_clock {
            plan::check_duration(scenario, axes.longest)?;
        }
        if let Some(need) = scenario.header.needs.iter().find(|need| !profile.capabilities.contains(&need.value)) {
            let what = format!("{}, which {} lacks", need.value.name(), profile.name);
            return Err(Stop::unsupported_at(&need.span, what));
        }
        plan::check_datagrams(scenario, &settings, &profile)?;
        plan::check_files(scenario, &settings, &profile)?;
        plan::check_habits(&own, &setup, &*stack)?;
        if !is_wall {
            code::check_simulated(scenario, &codes)?;
        }
        let mut notes = Vec::new();
        if axes.isn.is_some() && !profile.capabilities.contains(&Capability::Isn) {
            notes.push(format!("{} chose its own initial sequence numbers", profile.name));
        }
        for (setting, span) in &shell_lines.before {
            let set = stack.configure(setting, shell_lines.folder());
            // before the first line nothing is judged
            let remark = set.map_err(|error| Stop::unsupported_at(span, error.to_string()))?;
            settings.knows_cookies |= remark.is_none() && setting.is_of("net.ipv4.tcp_fastopen_key");
            notes.extend(remark.map(|remark| format!("not set: {remark}")));
        }
        Ok(Driver {
            flows: Flows::new(&settings, shift),
            settings,
            stack,
            is_wall,
            has_wall_clock,
            shell_lines,
            has_begun: false,
            trace: Trace::default(),
            now: Instant::ZERO,
            previous: Instant::ZERO,
            alone_since: Instant::ZERO,
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

    /// Why a difference would say nothing about the stack.
    pub(super) fn doubt(&self) -> Option<String> {
        self.stack.doubt().map(str::to_owned)
    }

    pub(super) fn into_trace(self) -> (Trace, Vec<String>) {
        (self.trace, self.notes)
    }

    /// How long a call without an end time may block, and how long `*` waits for its packet.
    pub(super) fn longest_wait(&self) -> Duration {
        if self.has_wall_clock { WALL_PATIENCE } else { PATIENCE }
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
                    let set = self.stack.configure(setting, self.shell_lines.folder());
                    let remark = set.map_err(|error| judge::of_setting(step, error))?;
                    self.notes.extend(remark.map(|remark| format!("line {}: not set: {remark}", step.line)));
                }
            }
        }
        self.previous_inbound = is_inbound(step).then_some(start);
        self.previous = start;
        if !matches!(step.action, Action::Silent) {
            self.alone_since = start;
        }
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
        self.check_punctual(at, step, "the lines before took too long")?;
        while self.advance(at)? {}
        self.now = self.now.max(at);
        self.look_at_clock();
        let why = if self.has_wall_clock { "this machine is too busy" } else { "the lines before took too long" };
        self.check_punctual(at, step, why)?;
        self.check_blocking()
    }

    fn check_punctual(&self, at: Instant, step: &Step, why: &str) -> Result<(), Stop> {
        // nothing is late at the very beginning
        if !self.has_begun || self.now.since(at) <= self.settings.tolerance(at.since(self.previous)) {
            return Ok(());
        }
        let note = format!("time expected {at}  got {}: {why}", self.now);
        Err(self.late(Stop::mismatch(vec![Mark { span: step.time.span.clone(), note }], Vec::new()), None))
    }

    /// A difference in nothing but time: a class of its own where time passes by itself. `off` is by how many nanoseconds, if
    /// that is known.
    pub(super) fn late(&self, stop: Stop, off: Option<i64>) -> Stop {
        if self.has_wall_clock { Stop { why: Why::Time, off, ..stop } } else { stop }
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

/// The ticket of the next call.
fn next(tickets: &mut u32) -> Ticket {
    *tickets += 1;
    Ticket(*tickets)
}

fn is_inbound(step: &Step) -> bool {
    matches!(&step.action, Action::Packet(spec) if spec.direction.value == Direction::Inbound)
}
