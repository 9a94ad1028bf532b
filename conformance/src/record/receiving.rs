//! What the application must have read, and when: as soon as text is there, unless the window tells that it waited.

use std::collections::{BTreeMap, BTreeSet};

use wirelaw_reference::wire::Flags;

use super::view::{Packet, View};

/// Inbound packets within so many microseconds are read together.
const RUN: u64 = 1000;

/// One `read`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Read {
    /// Before this packet.
    pub(super) place: usize,
    /// Microseconds.
    pub(super) at: u64,
    /// Empty: the end of the stream.
    pub(super) text: Vec<u8>,
    pub(super) is_known: bool,
    /// The octet of urgent data, which is not in the stream: `recv` with `MSG_OOB`.
    pub(super) is_urgent: bool,
}

struct Walk<'a> {
    view: &'a View,
    stream: Vec<u8>,
    /// Whether the capture has all of what has come.
    is_known: bool,
    /// Text that came too early, by its beginning.
    early: BTreeMap<i64, &'a Packet>,
    /// RCV.NXT, without the FIN.
    next: i64,
    fin: Option<i64>,
    /// Where in the stream urgent octets are.
    urgent: BTreeSet<usize>,
    /// How much of the stream has been read.
    done: usize,
    has_ended: bool,
    reads: Vec<Read>,
}

/// The reads of the application up to `until`, where it closes.
pub(super) fn infer(view: &View, until: usize) -> Vec<Read> {
    let Some(established) = view.established() else { return Vec::new() };
    let mut walk = Walk {
        view,
        stream: Vec::new(),
        is_known: true,
        early: BTreeMap::new(),
        next: 1,
        fin: None,
        urgent: BTreeSet::new(),
        done: 0,
        has_ended: false,
        reads: Vec::new(),
    };
    let mut last_out: Option<&Packet> = None;
    for (place, packet) in view.packets.iter().enumerate().take(until) {
        if packet.is_out {
            let moved = last_out.is_some_and(|last| right_edge(view, packet) > right_edge(view, last));
            if moved && place > established {
                let limit = last_out.map_or(0, |last| last.ack);
                walk.read(place, packet.at, limit);
            }
            last_out = Some(packet).filter(|packet| !packet.has(Flags::RST)).or(last_out);
            continue;
        }
        walk.arrives(packet);
        let goes_on = view
            .packets
            .get(place + 1)
            .is_some_and(|next| !next.is_out && !next.has(Flags::RST) && next.at - packet.at <= RUN);
        if place >= established && !goes_on {
            walk.end_of_run(place, packet.at, last_out);
        }
    }
    walk.reads
}

fn right_edge(view: &View, packet: &Packet) -> i64 {
    packet.ack + view.window(packet)
}

impl<'a> Walk<'a> {
    fn arrives(&mut self, packet: &'a Packet) {
        let has_reset = packet.has(Flags::RST);
        if has_reset || packet.has(Flags::SYN) || packet.seq < 0 {
            return;
        }
        if packet.has(Flags::FIN) {
            self.fin = self.fin.or(Some(packet.end()));
        }
        if packet.len() == 0 {
            return;
        }
        if packet.has(Flags::URG) {
            // what stacks take for urgent is the octet before the one that the pointer names (RFC 6093 §3.1)
            let place = packet.seq + i64::from(packet.segment.urgent_pointer) - 2;
            self.urgent.extend(usize::try_from(place).ok());
        }
        self.early
            .entry(packet.seq)
            .and_modify(|other| {
                if other.len() < packet.len() {
                    *other = packet;
                }
            })
            .or_insert(packet);
        while let Some(first) = self.early.first_entry().filter(|first| *first.key() <= self.next) {
            let packet = first.remove();
            let skip = usize::try_from(self.next - packet.seq).unwrap_or(0);
            let text = packet.segment.payload.get(skip..).unwrap_or_default();
            self.stream.extend_from_slice(text);
            self.is_known &= packet.is_known || text.is_empty();
            self.next = self.next.max(packet.end());
        }
    }

    /// What the next packet of the stack acknowledges has been taken, and is read; but not if the window has shrunk
    /// by all of it.
    fn end_of_run(&mut self, place: usize, at: u64, last: Option<&Packet>) {
        let later = self.view.packets.get(place + 1..).unwrap_or_default();
        let is_ack = |packet: &&Packet| packet.is_out && packet.has(Flags::ACK) && !packet.has(Flags::RST);
        let next = later.iter().find(is_ack);
        let is_unread = |next: &Packet| {
            let last = last.filter(|last| last.ack < next.ack && !last.has(Flags::SYN));
            let taken = last.map_or(0, |last| next.ack - last.ack);
            next.segment.window == 0
                || taken >= self.view.send_mss()
                    && last.is_some_and(|last| right_edge(self.view, next) <= right_edge(self.view, last))
        };
        if next.is_some_and(is_unread) {
            return;
        }
        self.read(place + 1, at, next.map_or(i64::MAX, |next| next.ack));
    }

    /// Reads all that there is below `limit`.
    fn read(&mut self, place: usize, at: u64, limit: i64) {
        let taken = usize::try_from(limit - 1).unwrap_or(0).min(self.stream.len());
        while self.done < taken {
            let is_urgent = self.urgent.contains(&self.done);
            // a read ends before urgent data
            let mark = self.urgent.range(self.done..).next().map_or(taken, |mark| taken.min(*mark));
            let end = if is_urgent { self.done + 1 } else { mark };
            let text = self.stream.get(self.done..end).unwrap_or_default().to_vec();
            self.reads.push(Read { place, at, text, is_known: self.is_known, is_urgent });
            self.done = end;
        }
        let is_over = self.fin.is_some_and(|fin| fin <= self.next && fin < limit) && self.done == self.stream.len();
        if is_over && !self.has_ended {
            self.has_ended = true;
            self.reads.push(Read { place, at, text: Vec::new(), is_known: true, is_urgent: false });
        }
    }
}
