//! Waiting for the stack: a packet (packetdrill language, 2.4, 4.5, 4.6), or silence.

use super::Stop;
use super::drive::{Arrived, Driver};
use super::flows::{Flow, FlowId};
use super::matching::{self, Live};
use super::{options, show, streams};
use crate::report::Mark;
use crate::script::ast::{PacketSpec, Step, TcpSpec, Time};
use crate::trace::{Duration, Instant};

/// How many packets a message shows.
const SHOWN: usize = 3;

impl<'a> Driver<'a> {
    /// The next packet of the line's connection, or of several that together make it.
    pub(super) fn expect_packet(&mut self, step: &'a Step, spec: &'a PacketSpec, tcp: &'a TcpSpec) -> Result<(), Stop> {
        let (from, to) = self.when(step);
        let patience = self.patience(step, to);
        let label = spec.connection.as_ref().map(|label| label.value.as_str());
        let flow = self.awaited(spec)?;
        if self.settings.loose_segments && streams::is_new(tcp, self.flows.get(flow)) {
            return self.expect_streams(step, spec, tcp, flow);
        }
        if self.settings.loose_segments && streams::is_text_again(tcp) {
            return self.expect_text_again(step, spec, tcp, flow);
        }
        if let Some(blocks) = streams::gaps(tcp).filter(|_| self.settings.loose_segments) {
            return self.expect_gaps(step, tcp, flow, blocks);
        }
        let Some(mut live) = self.next_packet(flow, tcp, step.line, patience)? else {
            return Err(self.nothing_came(spec, flow, patience));
        };
        self.flows.learn_local(flow, live.local());
        let misfit;
        (live, misfit) = self.join(live, flow, tcp, step.line, patience)?;
        matching::learn(tcp, &live, self.flows.get_mut(flow));
        self.now = self.now.max(live.at);

        if let Some(remark) = options::echo_remark(tcp, &live.segment, &self.settings) {
            self.notes.push(format!("line {}: {remark}", step.line));
        }
        let mut marks = matching::differences(spec, tcp, &live, self.flows.get(flow), &self.settings);
        let is_late_at_most = marks.is_empty()
            || matching::differences(spec, tcp, &live, self.flows.get(flow), &self.settings.timeless()).is_empty();
        let off = marks.is_empty().then(|| off(from, to, live.at));
        matching::learn_label(spec, &live.ip, self.flows.get_mut(flow));
        marks.extend(self.time_difference(step, from, to, live.at));
        if marks.is_empty() {
            return Ok(());
        }
        let numbers = &self.flows.get(flow).numbers;
        let shown = |live: &Live| show::sent(live.at, label, numbers, &live.segment);
        let line = shown(&live);
        let has_length = live.segment.payload.len() == usize::from(tcp.len.value);
        if self.settings.packets_are_not_fatal && has_length {
            let notes: Vec<String> = marks.into_iter().map(|mark| mark.note).collect();
            self.notes.push(format!("line {}: {}; got {line}", step.line, notes.join("; ")));
            return Ok(());
        }
        let stop = Stop::mismatch(marks, std::iter::once(line).chain(misfit.as_ref().map(shown)).collect());
        Err(if is_late_at_most { self.late(stop, off) } else { stop })
    }

    /// How long a packet is waited for: whole seconds from the line before, and two more, anew after each packet
    /// (2.4).
    pub(super) fn patience(&self, step: &Step, to: Instant) -> Duration {
        if step.time.value == Time::Any {
            return self.longest_wait();
        }
        let original = Duration::from_secs(to.since(self.previous).as_secs() + 2);
        original.max((to + self.lateness(to)).since(self.now))
    }

    /// How late a packet may be that is due at `to`. The timers of kernels are late by up to an eighth of the time for
    /// which they were set; that may have been as long ago as something was last done to the stack, or by it.
    fn lateness(&self, to: Instant) -> Duration {
        let since = if self.is_wall { self.alone_since } else { self.previous };
        self.settings.tolerance(to.since(since))
    }

    /// The flow of which a line expects a packet.
    pub(super) fn awaited(&mut self, spec: &PacketSpec) -> Result<FlowId, Stop> {
        let label = spec.connection.as_ref().map(|label| label.value.as_str());
        self.flows.outbound(label).ok_or_else(|| {
            let what =
                label.map_or("there is no socket yet".to_owned(), |label| format!("there is no connection @{label}"));
            let span = spec.connection.as_ref().map_or(&spec.direction.span, |label| &label.span);
            Stop::broken_at(span, what)
        })
    }

    pub(super) fn time_difference(&self, step: &Step, from: Instant, to: Instant, at: Instant) -> Option<Mark> {
        if step.time.value == Time::Any {
            return None;
        }
        let tolerance = self.settings.tolerance(from.since(self.previous));
        if from.since(at) <= tolerance && at.since(to) <= tolerance.max(self.lateness(from)) {
            return None;
        }
        let expected = if from == to { from.to_string() } else { format!("{from} to {to}") };
        Some(Mark { span: step.time.span.clone(), note: format!("time expected {expected}  got {at}") })
    }

    /// The oldest packet of `flow` that no line has asked for; waits for one as long as `patience`
    /// after each packet that comes.
    fn next_packet(
        &mut self,
        flow: FlowId,
        tcp: &TcpSpec,
        line: usize,
        patience: Duration,
    ) -> Result<Option<Live>, Stop> {
        let is_loose = self.settings.loose_segments;
        let is_wanted = |flow: &Flow, live: &Live| !is_loose || !streams::is_for_others(tcp, flow, live);
        self.next_packet_that(flow, line, patience, is_wanted)
    }

    /// The same, of those of which `is_wanted` is true; the others stay.
    pub(super) fn next_packet_that(
        &mut self,
        flow: FlowId,
        line: usize,
        patience: Duration,
        is_wanted: impl Fn(&Flow, &Live) -> bool,
    ) -> Result<Option<Live>, Stop> {
        let mut deadline = self.now + patience;
        let mut seen = 0;
        loop {
            let owns = |arrived: &Arrived| {
                self.flows.owns(flow, arrived.live.local(), arrived.live.remote())
                    && is_wanted(self.flows.get(flow), &arrived.live)
            };
            if let Some(at) = self.inbox.iter().skip(seen).position(owns) {
                let Some(arrived) = self.inbox.remove(seen + at) else { return Ok(None) };
                self.trace.records[arrived.record].line = Some(line);
                return Ok(Some(arrived.live));
            }
            seen = self.inbox.len();
            if !self.advance(deadline)? {
                return Ok(None);
            }
            if let Some(newest) = self.inbox.back().filter(|_| self.inbox.len() > seen) {
                deadline = newest.live.at + patience;
            }
        }
    }

    /// Joins live packets until they carry as much as the line says (4.6). If one does not fit, the
    /// line is not met; it comes back beside what was joined before it.
    fn join(
        &mut self,
        first: Live,
        flow: FlowId,
        tcp: &TcpSpec,
        line: usize,
        patience: Duration,
    ) -> Result<(Live, Option<Live>), Stop> {
        let wanted = usize::from(tcp.len.value);
        let mut joined = first;
        let mut last_size = joined.segment.payload.len();
        while joined.segment.payload.len() < wanted && !self.settings.strict_segments {
            let Some(next) = self.next_packet(flow, tcp, line, patience)? else { break };
            let size = next.segment.payload.len();
            let sum = joined.segment.payload.len() + size;
            // each packet but the last has the size of its predecessor
            if sum != wanted && (sum > wanted || size != last_size) || !matching::continues(&joined, &next) {
                return Ok((joined, Some(next)));
            }
            last_size = size;
            joined = matching::join(&joined, next);
        }
        Ok((joined, None))
    }

    pub(super) fn nothing_came(&mut self, spec: &PacketSpec, flow: FlowId, patience: Duration) -> Stop {
        let until = self.now + patience;
        let others = self.shown_inbox();
        let note = if others.is_empty() || self.flows.get(flow).remote.is_none() {
            format!("no packet came until {until}")
        } else {
            format!("no packet of this connection came until {until}")
        };
        Stop::mismatch(vec![Mark { span: spec.direction.span.clone(), note }], others)
    }

    /// Until then nothing may be sent that no line has asked for. A few packets tell enough: a stack
    /// may go on for ever.
    pub(super) fn expect_silence(&mut self, step: &Step, until: Instant) -> Result<(), Stop> {
        while self.inbox.len() <= SHOWN && self.advance(until)? {}
        if self.inbox.is_empty() {
            return self.wait_until(until, step);
        }
        let word = step.span.end.saturating_sub("silent".len())..step.span.end;
        let count = self.inbox.len();
        let plural = match count {
            1 => "a packet".to_owned(),
            0..=SHOWN => format!("{count} packets"),
            _ => format!("more than {SHOWN} packets"),
        };
        let note = format!("silence expected until {until}  got {plural}");
        Err(Stop::mismatch(vec![Mark { span: word, note }], self.shown_inbox()))
    }

    /// The first packets that no line has asked for, in script syntax.
    pub(super) fn shown_inbox(&self) -> Vec<String> {
        self.inbox.iter().take(SHOWN).map(|arrived| self.show(&arrived.live)).collect()
    }

    pub(super) fn show(&self, live: &Live) -> String {
        let flow = self.flows.of_packet(live.local(), live.remote()).map(|id| self.flows.get(id));
        let label = flow.and_then(|flow| flow.label.as_deref());
        show::sent(live.at, label, &flow.map(|flow| flow.numbers).unwrap_or_default(), &live.segment)
    }

    /// Packets that the script does not mention are no failure, but they are told (4.7).
    pub(super) fn remark_unlisted(&mut self) {
        for datagram in self.datagrams.drain(..).take(SHOWN) {
            self.notes.push(format!("{}: a packet that is not TCP", datagram.at));
        }
        if self.settings.loose_segments {
            // how it acknowledges is its choice
            let flows = &self.flows;
            self.inbox.retain(|arrived| {
                let of = flows.of_packet(arrived.live.local(), arrived.live.remote()).map(|id| flows.get(id));
                of.is_none_or(|flow| !streams::is_bare_repetition(flow, &arrived.live))
            });
            self.remark_unlisted_text();
        }
        let count = self.inbox.len();
        if count > 0 {
            let plural = if count == 1 { "packet" } else { "packets" };
            let shown = self.shown_inbox().join("; ");
            let more = if count > SHOWN { "; ..." } else { "" };
            self.notes.push(format!("{count} {plural} that no line asks for: {shown}{more}"));
        }
    }
}

/// By how many nanoseconds `at` misses the span; negative: it is too early.
pub(super) fn off(from: Instant, to: Instant, at: Instant) -> i64 {
    let nanos = |span: Duration| i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
    nanos(at.since(to)) - nanos(from.since(at))
}
