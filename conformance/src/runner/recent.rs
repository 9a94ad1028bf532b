//! What went over the wire before a failure, in script syntax.

use wirelaw_reference::wire::{Body, Packet};

use super::drive::Driver;
use super::matching::Live;
use super::show;
use crate::trace::{Event, Record, Response, Stimulus};

/// How many packets are shown.
const SHOWN: usize = 3;

impl Driver<'_> {
    /// The last packets of both directions, but for those that are shown already.
    pub(super) fn recent(&self, shown: &[String]) -> Vec<String> {
        let without_time = |line: &str| line.split_once(' ').map_or(String::new(), |(_, rest)| rest.to_owned());
        let shown: Vec<String> = shown.iter().map(|line| without_time(line)).collect();
        let lines = self.trace.records.iter().rev().filter_map(|record| self.line(record));
        let mut lines: Vec<String> = lines.filter(|line| !shown.contains(&without_time(line))).take(SHOWN).collect();
        lines.reverse();
        lines
    }

    fn line(&self, record: &Record) -> Option<String> {
        let (octets, is_sent) = match &record.event {
            Event::Stimulus(Stimulus::Packet(octets)) => (octets, false),
            Event::Response(Response::Packet(octets)) => (octets, true),
            _ => return None,
        };
        let (packet, _) = Packet::decode_lenient(octets).ok()?;
        let Body::Tcp(segment) = packet.body else { return None };
        let live = Live { at: record.at, ip: packet.ip, segment, outer: Vec::new(), udp: None };
        if is_sent {
            return Some(self.show(&live));
        }
        let flow = self.flows.of_packet(live.remote(), live.local()).map(|id| self.flows.get(id));
        let numbers = flow.map(|flow| flow.numbers.mirrored()).unwrap_or_default();
        let label = flow.and_then(|flow| flow.label.as_deref()).map_or(String::new(), |label| format!("@{label} "));
        Some(format!("{} < {label}{}", live.at, show::segment_text(&numbers, &live.segment)))
    }
}
