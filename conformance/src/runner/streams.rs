//! `--loose_segments`: what a stack sends is compared as two streams, its text and its acknowledgments.
//!
//! How bulk is cut into segments, and which segments are acknowledged together, hangs on the moment at which the
//! application and the device were scheduled; a script that was recorded cannot ask for the same again. A line with new
//! text or a new acknowledgment is met as soon as the stack has sent that much; what it sent beyond that is kept for the
//! lines that come. Likewise for text that is sent again, and for what acknowledgments tell of gaps. All else (SYN, RST,
//! acknowledgments that come twice) is met packet by packet.

mod again;

use wirelaw_reference::seq::Seq;
use wirelaw_reference::wire::{Flags, TcpOption};

pub(super) use again::{gaps, is_text_again};

use super::Stop;
use super::drive::Driver;
use super::expect::off;
use super::flows::{Flow, FlowId, Numbers, scripted};
use super::matching::{self, Live};
use super::show;
use crate::report::Mark;
use crate::script::ast::{OptionSpec, OptionsSpec, PacketSpec, SeqKind, Step, TcpSpec};
use crate::trace::{Duration, Instant};

/// So much later than a line says may bulk come: a stack delays acknowledgments (RFC 9293 §3.8.6.3), waits for larger
/// segments and for probes of its own. What only comes after a retransmission timeout is later (RFC 6298 §2.4; Linux has
/// 200 ms).
const LEEWAY: Duration = Duration::from_millis(190);

/// How far the two streams of a connection have come, in the numbers of the script.
#[derive(Clone, Debug)]
pub(super) struct Streams {
    /// Behind the last octet, FIN included, and the highest acknowledgment, that a line has asked for.
    listed: (u32, u32),
    /// The same for what the stack has sent.
    sent: (u32, u32),
    /// The text between `listed` and `sent`.
    text: Vec<u8>,
    /// The last packet that brought something new.
    last: Option<Live>,
    /// What the stack has told to have come behind a gap, in live numbers.
    beyond: Vec<(Seq, Seq)>,
    /// Text that was sent again and that no line has asked for yet, and its first number.
    again: Option<(u32, Vec<u8>)>,
}

impl Default for Streams {
    fn default() -> Streams {
        let (listed, sent) = ((1, 0), (1, 0));
        Streams { listed, sent, text: Vec::new(), last: None, beyond: Vec::new(), again: None }
    }
}

/// What a packet brings the streams to.
fn reach(numbers: &Numbers, live: &Live) -> (u32, u32) {
    let (seq, ack) = scripted(numbers, &live.segment);
    let fin = u32::from(live.segment.flags.contains(Flags::FIN));
    (seq.wrapping_add(live.segment.payload.len() as u32).wrapping_add(fin), ack)
}

/// Whether `a` is after `b` in a space of sequence numbers (RFC 9293 §3.4).
fn is_after(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) > 0
}

fn later(a: u32, b: u32) -> u32 {
    if is_after(a, b) { a } else { b }
}

impl Streams {
    /// Whether this goes beyond `before`, in text or in acknowledgments.
    fn is_new((end, ack): (u32, u32), before: (u32, u32)) -> bool {
        is_after(end, before.0) || is_after(ack, before.1)
    }

    /// Whether a packet is for a line with something new.
    fn is_advance(&self, numbers: &Numbers, live: &Live) -> bool {
        const PLAIN: Flags = Flags(Flags::SYN.0 | Flags::RST.0);
        !live.segment.flags.intersects(PLAIN) && Streams::is_new(reach(numbers, live), self.sent)
    }

    fn has(&self, (end, ack): (u32, u32)) -> bool {
        !is_after(end, self.sent.0) && !is_after(ack, self.sent.1)
    }

    /// Octets that a packet brings; `Err` if some before them have not come.
    fn take(&mut self, numbers: &Numbers, live: Live) -> Result<(), Live> {
        let (seq, _) = scripted(numbers, &live.segment);
        let (end, ack) = reach(numbers, &live);
        if is_after(seq, self.sent.0) && !live.segment.payload.is_empty() {
            return Err(live);
        }
        if is_after(end, self.sent.0) {
            let known = self.sent.0.wrapping_sub(seq) as usize;
            self.text.extend_from_slice(live.segment.payload.get(known..).unwrap_or_default());
        }
        self.hear(&live);
        self.sent = (later(end, self.sent.0), later(ack, self.sent.1));
        self.last = Some(live);
        Ok(())
    }
}

/// The end and the acknowledgment that a line asks for, if it can be part of the streams. One without text asks for none:
/// its sequence number tells what had been sent by then.
fn asked(tcp: &TcpSpec, streams: &Streams) -> Option<(u32, u32)> {
    const STRICT: Flags = Flags(Flags::SYN.0 | Flags::RST.0 | Flags::URG.0);
    let flags = tcp.flags.value.flags;
    let is_plain = !flags.intersects(STRICT) && flags.contains(Flags::ACK) && tcp.seq_kind == SeqKind::Mapped;
    let fin = u32::from(flags.contains(Flags::FIN));
    let end = if tcp.len.value == 0 && fin == 0 { streams.listed.0 } else { tcp.end.value.wrapping_add(fin) };
    is_plain.then(|| (end, tcp.ack.as_ref().map_or(0, |ack| ack.value)))
}

/// Whether a line is met by more than a packet of its own.
pub(super) fn is_new(tcp: &TcpSpec, flow: &Flow) -> bool {
    asked(tcp, &flow.streams).is_some_and(|asked| Streams::is_new(asked, flow.streams.listed))
}

/// Whether a packet is an acknowledgment and nothing else.
fn is_bare(live: &Live) -> bool {
    live.segment.flags == Flags::ACK && live.segment.payload.is_empty()
}

/// Whether a packet is not for a line that asks for nothing new.
pub(super) fn is_for_others(tcp: &TcpSpec, flow: &Flow, live: &Live) -> bool {
    let has_text = tcp.len.value > 0 || tcp.flags.value.flags.contains(Flags::FIN);
    flow.streams.is_advance(&flow.numbers, live) || is_bare(live) && has_text
}

/// Whether the line or the packet has SACK blocks.
fn tells_of_gaps(tcp: &TcpSpec, live: &Live) -> bool {
    let line_tells = match &tcp.options.value {
        OptionsSpec::Exact(options) => options.iter().any(|option| matches!(option.value, OptionSpec::Sack(_))),
        OptionsSpec::None => false,
        OptionsSpec::Any | OptionsSpec::AtLeast(_) | OptionsSpec::Octets(_) => return false,
    };
    line_tells || live.segment.options.iter().any(|option| matches!(option, TcpOption::Sack(_)))
}

/// Whether a packet tells nothing but an acknowledgment that another has told before, as an update of the window does.
pub(super) fn is_bare_repetition(flow: &Flow, live: &Live) -> bool {
    is_bare(live) && flow.streams.has(reach(&flow.numbers, live))
}

impl<'a> Driver<'a> {
    /// Waits until the streams have come as far as the line says.
    pub(super) fn expect_streams(
        &mut self,
        step: &'a Step,
        spec: &'a PacketSpec,
        tcp: &'a TcpSpec,
        flow: FlowId,
    ) -> Result<(), Stop> {
        let (_, to) = self.when(step);
        let patience = self.patience(step, to);
        let Some(asked) = asked(tcp, &self.flows.get(flow).streams) else { return Ok(()) };
        let mut came = None;
        while !self.flows.get(flow).streams.has(asked) {
            let is_advance = |flow: &Flow, live: &Live| flow.streams.is_advance(&flow.numbers, live);
            let Some(live) = self.next_packet_that(flow, step.line, patience, is_advance)? else {
                return Err(self.too_little(spec, tcp, flow));
            };
            self.flows.learn_local(flow, live.local());
            self.now = self.now.max(live.at);
            came = Some(live.at);
            let flow = self.flows.get_mut(flow);
            if let Err(live) = flow.streams.take(&flow.numbers, live) {
                let marks = matching::differences(spec, tcp, &live, flow, &self.settings);
                let got = show::sent(live.at, flow.label.as_deref(), &flow.numbers, &live.segment);
                return Err(Stop::mismatch(marks, vec![got]));
            }
        }
        let marks = self.stream_differences(spec, tcp, flow);
        let is_late_at_most = marks.is_empty();
        let marks: Vec<Mark> = marks.into_iter().chain(self.stream_lateness(step, to, came)).collect();
        if marks.is_empty() {
            return Ok(());
        }
        let got = self.flows.get(flow).streams.last.clone();
        let stop = Stop::mismatch(marks, got.iter().map(|live| self.show(live)).collect());
        Err(if is_late_at_most { self.late(stop, came.map(|at| off(to, to, at))) } else { stop })
    }

    /// How much too late the last came of what a line asks for. Early is no difference: it may have come with what was asked
    /// for before it.
    fn stream_lateness(&self, step: &Step, to: Instant, came: Option<Instant>) -> Option<Mark> {
        came.filter(|at| at.since(to) > LEEWAY).and_then(|at| self.time_difference(step, to, to, at))
    }

    /// Compares the text; and all the rest, if the last packet is just the one of the line.
    fn stream_differences(&mut self, spec: &PacketSpec, tcp: &TcpSpec, id: FlowId) -> Vec<Mark> {
        let flow = self.flows.get_mut(id);
        let Some(last) = flow.streams.last.take() else { return Vec::new() };
        matching::learn(tcp, &last, flow);
        let (seq, ack) = scripted(&flow.numbers, &last.segment);
        let is_same = seq == tcp.seq.value
            && last.segment.payload.len() == usize::from(tcp.len.value)
            && tcp.ack.as_ref().is_some_and(|wanted| wanted.value == ack);
        let streams = &mut flow.streams;
        let known = streams.listed.0.wrapping_sub(tcp.seq.value);
        let known = if is_after(streams.listed.0, tcp.seq.value) { known as usize } else { 0 };
        let wanted = spec.payload.as_ref().map(|payload| payload.value.get(known..).unwrap_or_default());
        let count = usize::from(tcp.len.value).saturating_sub(known).min(streams.text.len());
        let got: Vec<u8> = streams.text.drain(..count).collect();
        if let Some((end, ack)) = asked(tcp, streams) {
            streams.listed = (later(end, streams.listed.0), later(ack, streams.listed.1));
        }
        let differs = wanted.map_or(got.iter().any(|octet| *octet != 0), |wanted| wanted != got);
        let span = || spec.payload.as_ref().map_or(&tcp.len.span, |payload| &payload.span).clone();
        let shown = wanted.map_or("zero octets".to_owned(), show::text);
        let note = || format!("text expected {shown}  got {}", show::text(&got));
        let mut marks: Vec<Mark> = differs.then(|| Mark { span: span(), note: note() }).into_iter().collect();
        if is_same && !differs {
            marks = matching::differences(spec, tcp, &last, flow, &self.settings);
            // which of its acknowledgments tells of what came twice, or early, is chance as well
            marks.retain(|mark| mark.span != tcp.options.span || !tells_of_gaps(tcp, &last));
        }
        flow.streams.last = Some(last);
        marks
    }

    /// The stack has not sent as much as the line asks for.
    fn too_little(&self, spec: &PacketSpec, tcp: &TcpSpec, flow: FlowId) -> Stop {
        let streams = &self.flows.get(flow).streams;
        let wanted = asked(tcp, streams).unwrap_or_default();
        let mut marks = Vec::new();
        if is_after(wanted.0, streams.sent.0) {
            let note = format!("the stack to send up to {} expected  got up to {}", wanted.0, streams.sent.0);
            marks.push(Mark { span: tcp.seq.span.start..tcp.len.span.end, note });
        }
        if is_after(wanted.1, streams.sent.1) {
            let span = tcp.ack.as_ref().map_or(&spec.direction.span, |ack| &ack.span).clone();
            marks.push(Mark { span, note: format!("ack up to {} expected  got up to {}", wanted.1, streams.sent.1) });
        }
        Stop::mismatch(marks, self.shown_inbox())
    }

    /// Text that no line has asked for.
    pub(super) fn remark_unlisted_text(&mut self) {
        let count: usize = self.flows.iter().map(|flow| flow.streams.text.len()).sum();
        if count > 0 {
            self.notes.push(format!("{count} octets of text that no line asks for"));
        }
    }
}
