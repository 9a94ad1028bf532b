//! What is not new in the streams: text that is sent again, and what acknowledgments tell of gaps.
//!
//! How much of it stands in one segment is chance, too: a stack that offloads sends several segments again at once, and
//! one that spares acknowledgments tells of several segments behind a gap at once.

use wirelaw_reference::seq::Seq;
use wirelaw_reference::wire::{Flags, TcpOption};

use super::{Streams, is_after, is_bare};
use crate::report::Mark;
use crate::runner::Stop;
use crate::runner::drive::Driver;
use crate::runner::expect::off;
use crate::runner::flows::{Flow, FlowId, Space, scripted};
use crate::runner::matching::{self, Live};
use crate::runner::show;
use crate::script::ast::{OptionSpec, OptionsSpec, PacketSpec, SeqKind, Step, TcpSpec};
use crate::trace::Instant;

impl Streams {
    /// Keeps what a packet tells of gaps.
    pub(super) fn hear(&mut self, live: &Live) {
        for option in &live.segment.options {
            let TcpOption::Sack(blocks) = option else { continue };
            for new in blocks {
                self.beyond.retain(|old| !contains(*new, *old));
                self.beyond.push(*new);
            }
        }
    }

    /// Whether the stack has told of all this, or has acknowledged it since.
    fn has_told(&self, flow: &Flow, blocks: &[(u32, u32)]) -> bool {
        let live = |edge: u32| flow.numbers.live(Space::Remote, false, edge);
        blocks.iter().all(|(left, right)| {
            let block = (live(*left), live(*right));
            !is_after(*right, self.sent.1) || self.beyond.iter().any(|told| contains(*told, block))
        })
    }
}

fn contains(outer: (Seq, Seq), inner: (Seq, Seq)) -> bool {
    !is_after(outer.0.0, inner.0.0) && !is_after(inner.1.0, outer.1.0)
}

/// What a line that is nothing but an acknowledgment asks of gaps.
pub(in crate::runner) fn gaps(tcp: &TcpSpec) -> Option<&[(u32, u32)]> {
    let OptionsSpec::Exact(options) = &tcp.options.value else { return None };
    let sack = options.iter().find_map(|option| match &option.value {
        OptionSpec::Sack(blocks) => Some(&blocks[..]),
        _ => None,
    });
    sack.filter(|_| tcp.flags.value.flags == Flags::ACK && tcp.len.value == 0)
}

/// Whether a line asks for text, and for nothing else, that was sent before.
pub(in crate::runner) fn is_text_again(tcp: &TcpSpec) -> bool {
    let flags = tcp.flags.value.flags;
    flags.without(Flags::PSH) == Flags::ACK && tcp.len.value > 0 && tcp.seq_kind == SeqKind::Mapped
}

impl<'a> Driver<'a> {
    /// Waits until the stack has told of these blocks.
    pub(in crate::runner) fn expect_gaps(
        &mut self,
        step: &'a Step,
        tcp: &'a TcpSpec,
        id: FlowId,
        blocks: &[(u32, u32)],
    ) -> Result<(), Stop> {
        let (_, to) = self.when(step);
        let patience = self.patience(step, to);
        let is_wanted = |flow: &Flow, live: &Live| is_bare(live) && !flow.streams.is_advance(&flow.numbers, live);
        let mut came = None;
        while !self.flows.get(id).streams.has_told(self.flows.get(id), blocks) {
            let Some(live) = self.next_packet_that(id, step.line, patience, is_wanted)? else {
                let note = "the stack to tell of these blocks expected  got no packet that does".to_owned();
                return Err(Stop::mismatch(vec![Mark { span: tcp.options.span.clone(), note }], self.shown_inbox()));
            };
            self.now = self.now.max(live.at);
            came = Some(live.at);
            let flow = self.flows.get_mut(id);
            flow.streams.hear(&live);
            flow.streams.last = Some(live);
        }
        let flow = self.flows.get_mut(id);
        if let Some(last) = flow.streams.last.take() {
            matching::learn(tcp, &last, flow);
            flow.streams.last = Some(last);
        }
        self.only_late(step, to, came)
    }

    /// Waits until the stack has sent all of this again.
    pub(in crate::runner) fn expect_text_again(
        &mut self,
        step: &'a Step,
        spec: &'a PacketSpec,
        tcp: &'a TcpSpec,
        id: FlowId,
    ) -> Result<(), Stop> {
        let (_, to) = self.when(step);
        let patience = self.patience(step, to);
        let is_wanted = |flow: &Flow, live: &Live| {
            !live.segment.payload.is_empty() && !flow.streams.is_advance(&flow.numbers, live)
        };
        let (mut text, mut came) = (Vec::new(), None);
        while text.len() < usize::from(tcp.len.value) {
            let next = tcp.seq.value.wrapping_add(text.len() as u32);
            let flow = self.flows.get_mut(id);
            if let Some((from, known)) = flow.streams.again.take().filter(|(from, _)| *from == next) {
                let count = known.len().min(usize::from(tcp.len.value) - text.len());
                let rest = known[count..].to_vec();
                text.extend_from_slice(&known[..count]);
                flow.streams.again = Some((from.wrapping_add(count as u32), rest)).filter(|(_, rest)| !rest.is_empty());
                continue;
            }
            let Some(live) = self.next_packet_that(id, step.line, patience, is_wanted)? else {
                return Err(self.nothing_came(spec, id, patience));
            };
            self.now = self.now.max(live.at);
            came = Some(live.at);
            let flow = self.flows.get_mut(id);
            let (seq, _) = scripted(&flow.numbers, &live.segment);
            if seq != next || live.segment.flags.without(Flags::PSH) != Flags::ACK {
                matching::learn(tcp, &live, flow);
                let marks = matching::differences(spec, tcp, &live, flow, &self.settings);
                let got = show::sent(live.at, flow.label.as_deref(), &flow.numbers, &live.segment);
                return Err(Stop::mismatch(marks, vec![got]));
            }
            matching::learn(tcp, &live, flow);
            flow.streams.again = Some((seq, live.segment.payload));
        }
        if let Some(note) = matching::text_difference(spec, &text) {
            let span = spec.payload.as_ref().map_or(&tcp.len.span, |payload| &payload.span).clone();
            return Err(Stop::mismatch(vec![Mark { span, note }], Vec::new()));
        }
        self.only_late(step, to, came)
    }

    /// The error of a line to which all came that it asks for, if it came too late.
    fn only_late(&mut self, step: &Step, to: Instant, came: Option<Instant>) -> Result<(), Stop> {
        match self.stream_lateness(step, to, came) {
            Some(mark) => {
                let stop = Stop::mismatch(vec![mark], Vec::new());
                Err(self.late(stop, came.map(|at| off(to, to, at))))
            }
            None => Ok(()),
        }
    }
}
