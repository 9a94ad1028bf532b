//! When lines of bulk stand in the script: new text of the stack is asked for when the peer acknowledges some of it.
//!
//! How much of it went out before a certain acknowledgment came back is chance to some segments: a stack that waits for a
//! larger segment sends later, and its congestion window grows by whether the application kept it full. That it has
//! been sent before it is acknowledged holds always.

use std::collections::{BTreeSet, VecDeque};

use wirelaw_reference::wire::Flags;

use crate::record::view::{Packet, View};

pub(super) struct Bulk<'a> {
    view: &'a View,
    is_stream: bool,
    /// Packets with new text that no line asks for yet.
    waiting: VecDeque<usize>,
    /// Packets that have their lines before the inbound one that crossed them.
    crossed: BTreeSet<usize>,
    /// SND.MAX of the lines so far.
    max: i64,
}

impl<'a> Bulk<'a> {
    pub(super) fn new(view: &'a View) -> Bulk<'a> {
        Bulk { view, is_stream: view.has_bulk, waiting: VecDeque::new(), crossed: BTreeSet::new(), max: 1 }
    }

    /// The packets that have lines where this one is; behind the last packet, all that wait.
    pub(super) fn lines(&mut self, place: usize) -> Vec<usize> {
        let Some(packet) = self.view.packets.get(place) else { return self.all() };
        if !self.is_stream {
            return vec![place];
        }
        if !packet.is_out {
            let mut ready = if packet.has(Flags::RST) { self.all() } else { self.begun(packet.ack) };
            ready.extend(self.crossing(place, packet));
            ready.push(place);
            return ready;
        }
        if self.crossed.remove(&place) {
            return Vec::new();
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

    /// New text that the window of this inbound packet leaves no room for was sent before that came.
    fn crossing(&mut self, place: usize, packet: &Packet) -> Vec<usize> {
        const AT_ONCE: u64 = 1000;
        let view = self.view;
        if !packet.has(Flags::ACK) || packet.ack < 1 {
            return Vec::new();
        }
        let edge = packet.ack + view.window(packet);
        let mut found = self.all_if(|next| next.end() > edge);
        let later = view.packets.iter().enumerate().skip(place + 1);
        for (at, next) in later.take_while(|(_, next)| next.is_out && next.at - packet.at <= AT_ONCE) {
            if self.is_new_text(next) && next.end() > edge {
                self.max = next.end();
                self.crossed.insert(at);
                found.push(at);
            }
        }
        found
    }

    /// All that wait, if this is so of some.
    fn all_if(&mut self, is_so: impl Fn(&Packet) -> bool) -> Vec<usize> {
        let view = self.view;
        if self.waiting.iter().any(|place| is_so(&view.packets[*place])) { self.all() } else { Vec::new() }
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
