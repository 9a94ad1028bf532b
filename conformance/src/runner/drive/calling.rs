//! Socket calls of the script (packetdrill language, 2.5).

use super::super::expect::off;
use super::{Driver, next};
use crate::posix::{MSG_FASTOPEN, SOCK_STREAM};
use crate::report::Mark;
use crate::runner::Stop;
use crate::runner::calls::{self, Descriptor, Prepared};
use crate::runner::flows::FlowId;
use crate::script::ast::{CallSpec, ResultSpec, Step, Time};
use crate::trace::{Call, Duration, Fd, Instant, Stimulus, Ticket};

/// How long a pending blocking call is waited for before the next call, and at the end (2.5).
const BLOCKING_GRACE: Duration = Duration::from_secs(1);

/// The bits of a socket's type that are not flags.
const SOCK_TYPE_MASK: i64 = 0xf;

/// A blocking call that has not returned.
#[derive(Clone, Debug)]
pub(super) struct Blocking<'a> {
    ticket: Ticket,
    step: &'a Step,
    spec: &'a CallSpec,
    prepared: Prepared,
    started: Instant,
    end: Instant,
}

impl Blocking<'_> {
    /// It returns at another time than the line says, or never.
    pub(super) fn mismatch(&self, note: String) -> Stop {
        let span = self.step.end.as_ref().map_or_else(|| self.spec.name.span.clone(), |end| end.span.clone());
        Stop::mismatch(vec![Mark { span, note }], Vec::new()).of(self.step)
    }
}

impl<'a> Driver<'a> {
    /// Makes a call; one without an end time has to return before the script goes on (2.5).
    pub(super) fn call(&mut self, step: &'a Step, spec: &'a CallSpec, start: Instant) -> Result<(), Stop> {
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

    /// A label that a descriptor still has cannot be given to another (5.2), but by `accept`: the kernel's selftests take the
    /// same one for the next connection.
    pub(super) fn check_label(&self, spec: &CallSpec, prepared: &Prepared) -> Result<(), Stop> {
        if matches!(prepared.call, Call::Accept { .. }) {
            return Ok(());
        }
        let made = match spec.result.value {
            ResultSpec::Integer(label @ 0..) if calls::makes_descriptor(&prepared.call) => &[label][..],
            _ => &prepared.labels,
        };
        match made.iter().find(|label| self.descriptors.contains_key(label)) {
            Some(label) => Err(Stop::broken_at(&spec.result.span, format!("descriptor {label} is in use"))),
            None => Ok(()),
        }
    }

    pub(super) fn flow_of(&self, prepared: &Prepared) -> Option<FlowId> {
        self.descriptors.get(&prepared.fd?).and_then(|descriptor| descriptor.flow)
    }

    /// The flow of a call's socket. One that connects after it was disconnected begins anew, and its number with it.
    fn renewed(&mut self, prepared: &Prepared, opens: bool) -> Option<FlowId> {
        let flow = self.flow_of(prepared)?;
        if !opens || !self.flows.get(flow).is_disconnected {
            return Some(flow);
        }
        let (new, old) = (self.flows.open(), flow);
        self.flows.get_mut(new).is_datagram = self.flows.get(old).is_datagram;
        for descriptor in self.descriptors.values_mut().filter(|descriptor| descriptor.flow == Some(old)) {
            descriptor.flow = Some(new);
        }
        Some(new)
    }

    /// What the script has to know before the stack's answer comes.
    pub(super) fn before_call(&mut self, prepared: &Prepared) {
        let opens = match &prepared.call {
            Call::Connect { .. } => true,
            Call::Write { flags, .. } => i64::from(*flags) & MSG_FASTOPEN != 0, // RFC 7413: connects, too
            _ => false,
        };
        let Some(flow) = self.renewed(prepared, opens) else { return };
        let sends_to = matches!(&prepared.call, Call::Write { to: Some(_), .. });
        if opens || sends_to && self.flows.get(flow).is_datagram {
            self.flows.connect(flow);
        }
    }

    /// Compares a return with its line and draws the consequences; when it came.
    pub(super) fn finish_call(
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
            let stop = Stop::mismatch(marks, Vec::new());
            let is_late_at_most = calls::differences(spec, prepared, &value, &self.settings.timeless()).is_empty();
            return Err(if is_late_at_most { self.late(stop, None) } else { stop });
        }
        let flow = self.flow_of(prepared);
        if let Some(text) = calls::strange_text(prepared, &value)
            && flow.is_some_and(|flow| !self.flows.get(flow).has_text)
        {
            self.notes.push(format!("line {}: octets were delivered that nobody has sent: {text}", step.line));
        }
        match (&prepared.call, &spec.result.value, flow) {
            (Call::Socket { kind, protocol, .. }, ResultSpec::Integer(label @ 0..), _) => {
                let flow = self.flows.open();
                self.flows.get_mut(flow).is_datagram = i64::from(*kind) & SOCK_TYPE_MASK != SOCK_STREAM;
                self.name(*label, value.value, Some(flow));
                if let Some(descriptor) = self.descriptors.get_mut(label) {
                    descriptor.echo = calls::echo_request(*protocol);
                }
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
            (Call::Disconnect { .. }, ResultSpec::Integer(0), Some(flow)) => {
                self.flows.get_mut(flow).is_disconnected = true;
            }
            (Call::Listen { .. }, ResultSpec::Integer(0), Some(flow)) => self.flows.listen(flow),
            (Call::Close { .. }, ResultSpec::Integer(0), _) => {
                prepared.fd.and_then(|label| self.descriptors.remove(&label));
            }
            _ => {}
        }
        Ok(at)
    }

    pub(super) fn name(&mut self, label: i64, live: i64, flow: Option<FlowId>) {
        let live = Fd(i32::try_from(live).unwrap_or(-1));
        self.descriptors.insert(label, Descriptor { live, flow, echo: None });
    }

    /// One blocking call at a time: another call waits for it, but not for long (2.5).
    pub(super) fn before_next_call(&mut self, step: &Step, start: Instant) -> Result<(), Stop> {
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
    pub(super) fn check_blocking(&mut self) -> Result<(), Stop> {
        let Some(blocking) = self.blocking.take_if(|blocking| self.returned.contains_key(&blocking.ticket)) else {
            return Ok(());
        };
        let at = self
            .finish_call(blocking.ticket, blocking.step, blocking.spec, &blocking.prepared)
            .map_err(|stop| stop.of(blocking.step))?;
        let tolerance = self.settings.tolerance(blocking.end.since(blocking.started));
        if at.since(blocking.end) > tolerance || blocking.end.since(at) > tolerance {
            let stop = blocking.mismatch(format!("return expected at {}  got {at}", blocking.end));
            return Err(self.late(stop, Some(off(blocking.end, blocking.end, at))));
        }
        Ok(())
    }

    /// Waits for the blocking call, but not for long (2.5).
    pub(super) fn finish_blocking(&mut self) -> Result<(), Stop> {
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
}

/// A long time in words.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 3600 { format!("{seconds} seconds") } else { format!("{} hours", seconds / 3600) }
}
