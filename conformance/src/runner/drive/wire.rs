//! What goes into the stack, and what comes out of it.

use wirelaw_reference::wire::{Body, Flags, Packet};

use super::{Arrived, Driver, next};
use crate::runner::datagrams::Datagram;
use crate::runner::flows::Role;
use crate::runner::headers::{self, Fault, Frame};
use crate::runner::matching::Live;
use crate::runner::{Stop, Why, inbound};
use crate::script::ast::{PacketSpec, SeqKind, Step, TransportSpec};
use crate::trace::{Call, Event, Instant, Record, Response, Stimulus};

/// The most responses of one run: a stack that sends more will never end.
const MAX_RESPONSES: usize = 200_000;

/// The most octets of one run, those of packets and of writes: all of them are kept in its trace.
const MAX_OCTETS: usize = 256 << 20;

impl Driver<'_> {
    /// Takes the next response of the stack up to `until`; `false` if it stays silent till then.
    pub(in crate::runner) fn advance(&mut self, until: Instant) -> Result<bool, Stop> {
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

    pub(super) fn record(&mut self, at: Instant, line: Option<usize>, event: Event) {
        self.octets = self.octets.saturating_add(octets(&event));
        self.trace.records.push(Record { at, line, event });
    }

    pub(super) fn check_size(&self) -> Result<(), Stop> {
        if self.octets <= MAX_OCTETS {
            return Ok(());
        }
        Err(Stop::new(Why::Broken, format!("more than {MAX_OCTETS} octets are too many for one run")))
    }

    /// A packet that makes no sense is wrong whatever the script says (MUST-2).
    /// What a host sends for its own purposes is nobody's business.
    pub(super) fn receive(&mut self, at: Instant, record: usize, packet: Result<Frame, Fault>) -> Result<(), Stop> {
        let packet = match packet {
            // the original does not look at checksums: what a kernel sends is judged all the same, and remarked
            Err(Fault { message, concerns_us: true }) if self.is_wall => {
                let fault = |()| Fault { message: message.clone(), concerns_us: true };
                let lenient = self.decode_leniently(record).map_err(fault);
                if lenient.is_ok() {
                    self.notes.push(format!("{at}: the stack sent a packet with a fault: {message}"));
                }
                lenient
            }
            packet => packet,
        };
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

    /// A packet with a wrong checksum.
    pub(super) fn decode_leniently(&self, record: usize) -> Result<Frame, ()> {
        let Event::Response(Response::Packet(octets)) = &self.trace.records[record].event else { return Err(()) };
        let (Packet { ip, body }, _) = Packet::decode_lenient(octets).map_err(|_| ())?;
        Ok(Frame { outer: Vec::new(), ip, body, udp: None, coverage: None })
    }

    pub(super) fn stimulate(&mut self, line: usize, what: Stimulus) -> Result<(), Stop> {
        self.stimulate_at(self.now, Some(line), what)
    }

    pub(super) fn stimulate_at(&mut self, at: Instant, line: Option<usize>, what: Stimulus) -> Result<(), Stop> {
        self.check_size()?;
        self.record(at, line, Event::Stimulus(what.clone()));
        Ok(self.stack.stimulate(at, &what)?)
    }

    pub(super) fn inject(&mut self, step: &Step, spec: &PacketSpec) -> Result<(), Stop> {
        let label = spec.connection.as_ref().map(|label| label.value.as_str());
        let id = self.flows.inbound(label);
        let flow = self.flows.get_mut(id);
        if let TransportSpec::Tcp(tcp) = &spec.transport {
            let syn = tcp.flags.value.flags.contains(Flags::SYN);
            if tcp.seq_kind == SeqKind::Mapped && (syn || flow.role == Role::Passive) {
                flow.numbers.bind_remote(tcp.seq.value, syn);
            }
        }
        flow.has_text |= spec.payload.is_some();
        let octets = inbound::build(spec, self.flows.get(id), &self.settings)?;
        self.stimulate(step.line, Stimulus::Packet(octets))
    }
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
