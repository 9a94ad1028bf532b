//! What the application must have written, and how it ended the connection.
//!
//! A write is placed where the first segment of it is seen: then the stack under test had room to send it, and has it
//! again. It ends with the segment that has PSH; a segment that is smaller than it could be ends it too.

use wirelaw_reference::wire::Flags;

use super::view::{Packet, View};

/// Something that the application does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// `write`; with `is_held`, the stack is to wait for what comes after it; with `is_urgent` its last octet is urgent.
    Write { text: Vec<u8>, is_known: bool, is_held: bool, is_urgent: bool },
    /// `shutdown(SHUT_WR)`
    Shutdown,
    /// `close`
    Close,
    /// `close` without lingering: a reset.
    Abort,
}

/// When the application does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Timed {
    /// Before this packet.
    pub(super) place: usize,
    /// Microseconds.
    pub(super) at: u64,
    pub(super) act: Act,
}

/// How the stack sends, as far as options of its socket decide it.
#[derive(Clone, Debug, Default)]
pub(super) struct Sending {
    pub(super) acts: Vec<Timed>,
    /// A small segment went out while another was in flight.
    pub(super) is_without_delay: bool,
    /// Seconds until the first keep-alive, and from one to the next.
    pub(super) keepalive: Option<(u64, u64)>,
    /// Packets of the stack that only options nobody can guess would bring about.
    pub(super) remarks: Vec<String>,
}

/// Segments that are larger, in octets, are cut when they are written, and not once more where a window ends.
const JUMBO: i64 = 16_384;

/// Walks over the packets.
struct Walk<'a> {
    view: &'a View,
    mss: i64,
    /// SND.MAX, FIN included.
    max: i64,
    /// SND.UNA
    una: i64,
    /// SND.UNA + SND.WND
    edge: i64,
    /// The write that has not ended.
    open: Option<usize>,
    /// The inbound packet that left no room, and whether the stack has probed since.
    blocked: Option<(usize, bool)>,
    has_closed: bool,
    /// Whether the stack sets PSH at all, and whether its last text had it.
    pushes: bool,
    has_pushed: bool,
    probes: Vec<(u64, u64)>,
    found: Sending,
}

pub(super) fn infer(view: &View) -> Sending {
    let mut walk = Walk {
        view,
        mss: view.send_mss().max(1),
        max: 1,
        una: 1,
        edge: i64::MAX,
        open: None,
        blocked: None,
        has_closed: false,
        pushes: view.packets.iter().any(|packet| packet.is_out && packet.has(Flags::PSH)),
        has_pushed: false,
        probes: Vec::new(),
        found: Sending::default(),
    };
    let Some(established) = view.established() else { return walk.found };
    let mut told = view.errors.iter().filter_map(|error| Some((error.place, error.mss?))).peekable();
    for place in 0..view.packets.len() {
        while let Some((_, mss)) = told.next_if(|(before, _)| *before <= place) {
            walk.mss = walk.mss.min(mss);
        }
        let packet = &view.packets[place];
        if packet.is_out && (place > established || packet.has(Flags::SYN)) {
            walk.outbound(place, packet);
        } else if !packet.is_out && place >= established {
            walk.inbound(place, packet);
        }
    }
    walk.leave_unfinished();
    walk.found.keepalive = match walk.probes[..] {
        [] => None,
        [(_, idle)] => Some((seconds(idle), 75)),
        [(first, idle), (second, _), ..] => Some((seconds(idle), seconds(second - first))),
    };
    walk.found
}

fn seconds(micros: u64) -> u64 {
    ((micros + 500_000) / 1_000_000).max(1)
}

impl Walk<'_> {
    fn inbound(&mut self, place: usize, packet: &Packet) {
        if !packet.has(Flags::ACK) || packet.has(Flags::RST) || packet.ack < self.una || packet.ack > self.max {
            return;
        }
        self.una = packet.ack;
        self.edge = packet.ack + self.view.window(packet);
        if self.edge > self.max {
            // a probe before this tells that something has waited
            if !self.blocked.is_some_and(|(_, has_probed)| has_probed) {
                self.blocked = None;
            }
        } else if self.blocked.is_none() {
            self.blocked = Some((place, false));
        }
    }

    fn outbound(&mut self, place: usize, packet: &Packet) {
        if packet.has(Flags::RST) {
            if !self.has_closed && packet.seq >= 1 {
                self.act(place, packet.at, Act::Abort);
                self.has_closed = true;
            }
            return;
        }
        if packet.has(Flags::SYN) {
            if packet.len() > 0 {
                self.found.remarks.push("a SYN of the stack has text: Fast Open is not recorded".to_owned());
            }
            return;
        }
        self.look_for_probe(place, packet);
        let is_new = packet.end() > self.max && packet.len() > 0;
        if is_new {
            self.text(place, packet);
        }
        let end = packet.end() + 1;
        if packet.has(Flags::FIN) && end > self.max {
            self.finish(place, packet, is_new);
            self.max = end;
        }
    }

    fn look_for_probe(&mut self, place: usize, packet: &Packet) {
        let is_before = packet.seq == self.max - 1 && packet.len() <= 1;
        if let Some((_, has_probed)) = &mut self.blocked
            && (is_before || packet.len() > 0 && packet.end() > self.edge)
        {
            *has_probed = true;
        } else if is_before && self.una == self.max && packet.segment.flags.without(Flags::PSH) == Flags::ACK {
            let before = place.checked_sub(1).and_then(|before| self.view.packets.get(before));
            self.probes.push((packet.at, packet.at - before.map_or(0, |before| before.at)));
        }
    }

    /// Text that was not sent before belongs to the open write, or begins one.
    fn text(&mut self, place: usize, packet: &Packet) {
        let skip = usize::try_from(self.max - packet.seq).unwrap_or(0);
        if packet.seq > self.max && self.max - packet.seq > -(1 << 20) {
            let what = "the capture lacks packets of the stack under test: the script will fail".to_owned();
            if !self.found.remarks.contains(&what) {
                self.found.remarks.push(what);
            }
        }
        let text = packet.segment.payload.get(skip..).unwrap_or_default().to_vec();
        let is_small = packet.len() < self.mss;
        let in_flight = self.una < packet.seq;
        let is_eager = is_small && in_flight && packet.end() < self.edge && !packet.has(Flags::FIN);
        // whether bulk fills the window to the last octet hangs on how its text was queued, but so it always does
        self.found.is_without_delay |= is_eager || in_flight && self.view.has_bulk;
        let is_urgent = packet.has(Flags::URG) && i64::from(packet.segment.urgent_pointer) == packet.len();
        self.open = self.open.or_else(|| self.before_in_bulk(place, packet)).filter(|_| !is_urgent);
        let open = self.open.and_then(|open| self.found.acts.get_mut(open)).map(|timed| &mut timed.act);
        if let Some(Act::Write { text: before, is_known, .. }) = open {
            before.extend_from_slice(&text);
            *is_known &= packet.is_known;
        } else {
            // what waited for room was written before that was asked for
            let (place, at) = match self.blocked {
                Some((blocker, true)) => (blocker + 1, self.view.packets[blocker].at),
                _ => (place, packet.at),
            };
            self.act(place, at, Act::Write { text, is_known: packet.is_known, is_held: false, is_urgent });
            self.open = Some(self.found.acts.len() - 1);
        }
        self.blocked = None;
        self.max = packet.end();
        let fills = packet.end() >= self.edge;
        self.has_pushed = packet.has(Flags::PSH);
        let ends = self.has_pushed || is_small && !self.pushes && !packet.has(Flags::FIN);
        if ends && (!fills || self.mss > JUMBO) || is_urgent {
            self.open = None;
        }
    }

    /// In bulk PSH tells where a burst ended, and not a write: what follows while something is in flight was there before,
    /// and what follows at once too, as long as the peer said nothing in between.
    fn before_in_bulk(&self, place: usize, packet: &Packet) -> Option<usize> {
        const AT_ONCE: u64 = 2000;
        if self.mss > JUMBO {
            return None;
        }
        let last = self.found.acts.len().checked_sub(1).filter(|_| self.view.has_bulk)?;
        let write =
            self.found.acts.get(last).filter(|timed| matches!(timed.act, Act::Write { is_urgent: false, .. }))?;
        let between = self.view.packets.get(write.place..place)?;
        let before = between.iter().rev().find(|other| other.is_out && other.len() > 0)?;
        let is_asked = || between.iter().any(|other| !other.is_out && other.len() > 0);
        let is_at_once = || packet.at.saturating_sub(before.at) <= AT_ONCE && !is_asked();
        (self.una < packet.seq || is_at_once()).then_some(last)
    }

    /// The first FIN. If it came with text, it was asked for before that could go.
    fn finish(&mut self, place: usize, packet: &Packet, has_new_text: bool) {
        let goes_on = self.view.packets[place..]
            .iter()
            .any(|other| !other.is_out && other.len() > 0 && self.is_taken(other.end(), place));
        let act = if goes_on { Act::Shutdown } else { Act::Close };
        self.has_closed = !goes_on;
        let last = self.found.acts.last_mut().filter(|_| has_new_text);
        let (place, at) = match last {
            Some(write) => {
                if let Act::Write { is_held, .. } = &mut write.act {
                    *is_held = true;
                }
                (write.place, write.at)
            }
            None => (place, packet.at),
        };
        self.act(place, at, act);
    }

    /// Whether what ends there is acknowledged for the first time after this place.
    fn is_taken(&self, end: i64, place: usize) -> bool {
        let acks = |packet: &&Packet| packet.is_out && packet.has(Flags::ACK) && !packet.has(Flags::RST);
        let (before, after) = self.view.packets.split_at(place + 1);
        after.iter().filter(acks).any(|packet| packet.ack >= end)
            && !before.iter().filter(acks).any(|packet| packet.ack >= end)
    }

    /// A write of which the capture has no end goes on behind what it has, or its last segment would have PSH.
    fn leave_unfinished(&mut self) {
        let mss = usize::try_from(self.mss).unwrap_or(1);
        let is_unfinished = !self.has_pushed && !self.has_closed;
        let open = self.open.filter(|_| is_unfinished).and_then(|open| self.found.acts.get_mut(open));
        if let Some(Timed { act: Act::Write { text, .. }, .. }) = open {
            text.resize(text.len() + mss, 0);
            let what = "zero octets stand for what the last write had beyond that";
            self.found.remarks.push(format!("the capture ends before all is sent: {mss} {what}"));
        }
    }

    fn act(&mut self, place: usize, at: u64, act: Act) {
        self.found.acts.push(Timed { place, at, act });
    }
}
