//! Waiting for UDP datagrams and ICMP messages of the stack (packetdrill language, 3.6, 3.7, 4.5).

use std::net::SocketAddr;

use wirelaw_reference::wire::Body;

use super::drive::Driver;
use super::expect::off;
use super::flows::FlowId;
use super::headers::{self, Frame};
use super::{Stop, inbound, matching};
use crate::report::Mark;
use crate::script::ast::{IcmpSpec, PacketSpec, Step, TransportSpec, UdpSpec};
use crate::script::icmp;
use crate::trace::{Duration, Instant};

/// A packet of the stack that is not TCP.
#[derive(Debug)]
pub(super) struct Datagram {
    /// Its place in the trace.
    pub(super) record: usize,
    /// When it was sent.
    pub(super) at: Instant,
    pub(super) frame: Frame,
}

impl<'a> Driver<'a> {
    /// The next datagram or ICMP message of the line's connection.
    pub(super) fn expect_datagram(&mut self, step: &'a Step, spec: &'a PacketSpec) -> Result<(), Stop> {
        let (from, to) = self.when(step);
        let patience = self.patience(step, to);
        let flow = self.awaited(spec)?;
        let Some(datagram) = self.next_datagram(spec, flow, patience)? else {
            let note = format!("no packet came until {}", self.now + patience);
            return Err(Stop::mismatch(vec![Mark { span: spec.direction.span.clone(), note }], Vec::new()));
        };
        let Datagram { record, at, frame } = datagram;
        self.trace.records[record].line = Some(step.line);
        let port = ports(&frame).map_or(0, |ports| ports.0);
        self.flows.learn_local(flow, SocketAddr::new(frame.ip.source, port));
        self.now = self.now.max(at);
        let mut marks = differences(spec, &frame);
        if let Some(info) = &spec.ip {
            let label = matching::label_difference(info.value, &frame.ip, self.flows.get(flow));
            marks.extend(label.map(|note| Mark { span: info.span.clone(), note }));
        }
        matching::learn_label(spec, &frame.ip, self.flows.get_mut(flow));
        let has_length = marks.iter().all(|mark| !mark.note.starts_with("length"));
        let is_late_at_most = marks.is_empty();
        marks.extend(self.time_difference(step, from, to, at));
        if marks.is_empty() {
            return Ok(());
        }
        let got = format!("{at} > {}", shown(&frame));
        if self.settings.packets_are_not_fatal && has_length {
            let notes: Vec<String> = marks.into_iter().map(|mark| mark.note).collect();
            self.notes.push(format!("line {}: {}; got {got}", step.line, notes.join("; ")));
            return Ok(());
        }
        let stop = Stop::mismatch(marks, vec![got]);
        Err(if is_late_at_most { self.late(stop, Some(off(from, to, at))) } else { stop })
    }

    fn next_datagram(&mut self, spec: &PacketSpec, flow: FlowId, patience: Duration) -> Result<Option<Datagram>, Stop> {
        let mut deadline = self.now + patience;
        let mut seen = 0;
        loop {
            let fits = |datagram: &Datagram| {
                let frame = &datagram.frame;
                is_kind(spec, frame) && self.flows.owns_datagram(flow, &frame.ip, ports(frame))
            };
            if let Some(at) = self.datagrams.iter().skip(seen).position(fits) {
                return Ok(self.datagrams.remove(seen + at));
            }
            seen = self.datagrams.len();
            if !self.advance(deadline)? {
                return Ok(None);
            }
            if let Some(newest) = self.datagrams.back().filter(|_| self.datagrams.len() > seen) {
                deadline = newest.at + patience;
            }
        }
    }
}

/// Whether the packet has the transport protocol of the line.
fn is_kind(spec: &PacketSpec, frame: &Frame) -> bool {
    match (&spec.transport, &frame.body) {
        (TransportSpec::Udp(udp), Body::Udp(_)) => udp.coverage.is_some() == frame.coverage.is_some(),
        (TransportSpec::Icmp(_), Body::Icmp(_)) => true,
        _ => false,
    }
}

fn ports(frame: &Frame) -> Option<(u16, u16)> {
    match &frame.body {
        Body::Udp(udp) => Some((udp.source_port, udp.destination_port)),
        Body::Tcp(_) | Body::Icmp(_) => None,
    }
}

/// A packet for a message.
fn shown(frame: &Frame) -> String {
    match &frame.body {
        Body::Udp(udp) => match frame.coverage {
            Some(coverage) => format!("udplite ({}, {coverage})", udp.payload.len()),
            None => format!("udp ({})", udp.payload.len()),
        },
        Body::Icmp(message) => {
            format!("icmp type_{} code_{} [raw ({})]", message.kind, message.code, message.payload.len() + 8)
        }
        Body::Tcp(_) => "TCP".to_owned(),
    }
}

/// Everything in which a packet differs from its line, but for time and flow label.
pub(super) fn differences(spec: &PacketSpec, frame: &Frame) -> Vec<Mark> {
    let mut marks = headers::outer_differences(&spec.encapsulation, &frame.outer, &spec.direction.span);
    if let Some(info) = &spec.ip {
        let notes = matching::ip_differences(info.value, &frame.ip);
        marks.extend(notes.into_iter().map(|note| Mark { span: info.span.clone(), note }));
    }
    match (&spec.transport, &frame.body) {
        (TransportSpec::Udp(udp), Body::Udp(datagram)) => {
            marks.extend(udp_differences(spec, udp, &datagram.payload, frame.coverage));
        }
        (TransportSpec::Icmp(icmp), Body::Icmp(message)) => {
            let is_v6 = frame.ip.source.is_ipv6();
            marks.extend(icmp_differences(icmp, (message.kind, message.code), message.payload.len() + 8, is_v6));
        }
        _ => marks.push(Mark {
            span: spec.direction.span.clone(),
            note: format!("another protocol expected  got {}", shown(frame)),
        }),
    }
    marks
}

fn udp_differences(spec: &PacketSpec, udp: &UdpSpec, payload: &[u8], coverage: Option<u16>) -> Vec<Mark> {
    let mut marks = Vec::new();
    if payload.len() != usize::from(udp.len.value) {
        let note = format!("length expected {}  got {}", udp.len.value, payload.len());
        marks.push(Mark { span: udp.len.span.clone(), note });
    } else if let Some(note) = matching::text_difference(spec, payload) {
        let span = spec.payload.as_ref().map_or(&udp.len.span, |text| &text.span);
        marks.push(Mark { span: span.clone(), note });
    }
    if let (Some(want), Some(got)) = (&udp.coverage, coverage)
        && want.value != got
    {
        marks.push(Mark { span: want.span.clone(), note: format!("coverage expected {}  got {got}", want.value) });
    }
    marks
}

/// Type, code and length are compared, and nothing else (3.7).
fn icmp_differences(spec: &IcmpSpec, (kind, code): (u8, u8), len: usize, is_v6: bool) -> Vec<Mark> {
    let mut marks = Vec::new();
    let wanted = icmp::type_number(&spec.kind.value, is_v6);
    if wanted != Some(kind) {
        let wanted = wanted.map_or("one of the other family".to_owned(), |number| number.to_string());
        marks.push(Mark { span: spec.kind.span.clone(), note: format!("type expected {wanted}  got {kind}") });
    }
    let wanted = spec.code.as_ref().map_or(Some(0), |code| icmp::code_number(&spec.kind.value, &code.value, is_v6));
    if wanted != Some(code) {
        let span = spec.code.as_ref().map_or(&spec.kind.span, |code| &code.span);
        let wanted = wanted.map_or("one of the other family".to_owned(), |number| number.to_string());
        marks.push(Mark { span: span.clone(), note: format!("code expected {wanted}  got {code}") });
    }
    let wanted = inbound::icmp_len(spec, is_v6);
    if wanted != len {
        let span = spec.echoed.as_ref().map_or(&spec.kind.span, |echoed| &echoed.span);
        marks.push(Mark { span: span.clone(), note: format!("length expected {wanted}  got {len}") });
    }
    marks
}
