//! When lines of bulk stand in the script: new text of the stack is asked for when the peer acknowledges some of it.
//!
//! How much of it went out before a certain acknowledgment came back is chance to some segments: a stack that waits for a
//! larger segment sends later, and its congestion window grows by whether the application kept it full. That it has
//! been sent before it is acknowledged holds always.

use std::collections::VecDeque;

use wirelaw_reference::wire::Flags;

use crate::record::view::{Packet, View};

pub(super) struct Bulk<'a> {
    view: &'a View,
    has_bulk: bool,
    /// Packets with new text that no line asks for yet.
    waiting: VecDeque<usize>,
    /// SND.MAX of the lines so far.
    max: i64,
}

impl<'a> Bulk<'a> {
    pub(super) fn new(view: &'a View) -> Bulk<'a> {
        Bulk { view, has_bulk: view.has_bulk(), waiting: VecDeque::new(), max: 1 }
    }

    /// The packets that have lines where this one is; behind the last packet, all that wait.
    pub(super) fn lines(&mut self, place: usize) -> Vec<usize> {
        let Some(packet) = self.view.packets.get(place) else { return self.all() };
        if !self.has_bulk {
            return vec![place];
        }
        if !packet.is_out {
            let mut ready = if packet.has(Flags::RST) { self.all() } else { self.begun(packet.ack) };
            ready.push(place);
            return ready;
        }
        if self.is_new_text(packet) {
            self.max = packet.end();
            self.waiting.push_back(place);
            return Vec::new();
        }
        if self.view.is_window_update(place) {
            return Vec::new(); // a stack that is asked for streams may or may not send one
        }
        let is_bare = packet.len() == 0 && packet.segment.flags == Flags::ACK;
        let mut ready = if is_bare { Vec::new() } else { self.all() };
        ready.push(place);
        ready
    }

    fn is_new_text(&self, packet: &Packet) -> bool {
        packet.len() > 0 && packet.end() > self.max && !packet.segment.flags.intersects(Flags::SYN | Flags::RST)
    }

    /// All that wait.
    pub(super) fn all(&mut self) -> Vec<usize> {
        self.waiting.drain(..).collect()
    }

    /// Those of which `ack` acknowledges something.
    fn begun(&mut self, ack: i64) -> Vec<usize> {
        let view = self.view;
        let count = self.waiting.iter().take_while(|place| view.packets[**place].seq < ack).count();
        self.waiting.drain(..count).collect()
    }
}
