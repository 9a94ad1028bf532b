//! A connection as one of its ends sees it, in the numbers of a script: both initial sequence numbers are 0.

use std::net::SocketAddr;

use wirelaw_reference::seq::Seq;
use wirelaw_reference::wire::{Flags, Ip, Segment, TcpOption};

use super::RecordError;
use super::connections::Connection;
use super::errors;

/// The kind of the option SACK (RFC 2018 §3).
const SACK: u8 = 5;

/// One packet of the connection.
#[derive(Clone, Debug)]
pub(super) struct Packet {
    /// Microseconds since the first.
    pub(super) at: u64,
    /// Whether the stack under test sent it.
    pub(super) is_out: bool,
    /// SEG.SEQ, less the sender's initial sequence number.
    pub(super) seq: i64,
    /// SEG.ACK, less that of the receiver.
    pub(super) ack: i64,
    pub(super) segment: Segment,
    pub(super) ip: Ip,
    /// Whether the capture has the text.
    pub(super) is_known: bool,
}

impl Packet {
    pub(super) fn has(&self, flag: Flags) -> bool {
        self.segment.flags.contains(flag)
    }

    pub(super) fn len(&self) -> i64 {
        self.segment.payload.len() as i64
    }

    /// The number after the last octet of the text.
    pub(super) fn end(&self) -> i64 {
        self.seq + self.len()
    }

    pub(super) fn mss(&self) -> Option<u16> {
        self.segment.options.iter().find_map(|option| match option {
            TcpOption::Mss(mss) => Some(*mss),
            _ => None,
        })
    }

    pub(super) fn window_scale(&self) -> Option<u8> {
        self.segment.options.iter().find_map(|option| match option {
            TcpOption::WindowScale(shift) => Some((*shift).min(14)),
            _ => None,
        })
    }

    /// TSval and TSecr.
    pub(super) fn stamps(&self) -> Option<(u32, u32)> {
        self.segment.options.iter().find_map(|option| match option {
            TcpOption::Timestamps { val, ecr } => Some((*val, *ecr)),
            _ => None,
        })
    }

    pub(super) fn offers(&self, kind: u8) -> bool {
        self.segment.options.iter().any(|option| option.kind() == kind)
    }
}

/// A connection and the end of it that is under test.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    /// Whether the stack under test began.
    pub(super) is_active: bool,
    pub(super) packets: Vec<Packet>,
    /// Whether the capture has bulk: how a stack cuts that into segments, and which it acknowledges together, is chance.
    pub(super) has_bulk: bool,
    /// What ICMP told the stack under test.
    pub(super) errors: Vec<errors::Line>,
    /// The first packets with SYN of the stack and of its peer, as places in [`View::packets`].
    pub(super) own_syn: Option<usize>,
    pub(super) peer_syn: Option<usize>,
    isns: [Option<Seq>; 2],
}

impl View {
    pub(super) fn new(
        connection: &Connection,
        local: SocketAddr,
        remarks: &mut Vec<String>,
    ) -> Result<View, RecordError> {
        let is_active = local == connection.client;
        let remote = if is_active { connection.server } else { connection.client };
        let syn = |end: SocketAddr| {
            connection.packets.iter().position(|seen| seen.source() == end && seen.segment.flags.contains(Flags::SYN))
        };
        let (own_syn, peer_syn) = (syn(local), syn(remote));
        let isn = |at: Option<usize>| at.and_then(|at| connection.packets.get(at)).map(|seen| seen.segment.seq);
        let isns = [isn(own_syn), isn(peer_syn)];
        let (packets, errors, has_bulk) = (Vec::new(), Vec::new(), false);
        let mut view = View { local, remote, is_active, packets, has_bulk, errors, own_syn, peer_syn, isns };
        let epoch = connection.packets.first().map_or(0, |first| first.at);
        for (place, seen) in connection.packets.iter().enumerate() {
            let is_out = seen.source() == local;
            let segment = seen.segment.clone();
            let (own, peer) = (view.base(true, place), view.base(false, place));
            let (of_seq, of_ack) = if is_out { (own, peer) } else { (peer, own) };
            let packet = Packet {
                at: seen.at.saturating_sub(epoch) / 1000,
                is_out,
                seq: relative(segment.seq, of_seq),
                ack: relative(segment.ack, of_ack),
                segment,
                ip: seen.ip.clone(),
                is_known: seen.missing == 0,
            };
            if packet.seq < 0 && packet.end() >= 0 && packet.len() > 0 {
                let why = "it has text from before the beginning of the connection to after it";
                return Err(RecordError::new(format!("packet {} has no place in a script: {why}", seen.number)));
            }
            view.packets.push(packet);
        }
        let cut = connection.packets.iter().filter(|seen| seen.missing > 0).count();
        if cut > 0 {
            let what = "the text of these is written as zero octets";
            remarks.push(format!("the capture has only the beginning of {cut} packets; {what}"));
        }
        // one write has the text of many packets then, and a script has all of it or none
        view.has_bulk = view.is_bulk();
        if view.has_bulk && view.packets.iter().any(|packet| packet.is_out && !packet.is_known) {
            for packet in view.packets.iter_mut().filter(|packet| packet.is_out) {
                packet.segment.payload.fill(0);
                packet.is_known = false;
            }
        }
        view.errors = errors::lines(&view, connection, remarks);
        Ok(view)
    }

    /// The initial sequence number of an end, as far as a runner knows it at this packet; 0 before that.
    fn base(&self, is_own: bool, place: usize) -> Seq {
        let (syn, isn) = if is_own { (self.own_syn, self.isns[0]) } else { (self.peer_syn, self.isns[1]) };
        isn.filter(|_| syn.is_some_and(|syn| syn <= place)).unwrap_or_default()
    }

    /// An edge of a SACK block in the numbers of the script.
    pub(super) fn edge(&self, place: usize, edge: Seq) -> u32 {
        let is_out = self.packets.get(place).is_some_and(|packet| packet.is_out);
        edge - self.base(!is_out, place)
    }

    /// The place at which the connection is established for the stack under test: after this packet.
    pub(super) fn established(&self) -> Option<usize> {
        let own = self.own_syn?;
        let peer = self.peer_syn?;
        let first = own.max(peer);
        let peer_val = self.packets[peer].stamps().filter(|_| self.packets[own].offers(8)).map(|(val, _)| val);
        // RFC 7323 §3.2, §5.3: what has no timestamp, or an old one, is dropped
        let is_young = |packet: &Packet| match (peer_val, packet.stamps()) {
            (Some(first), Some((val, _))) => val.wrapping_sub(first) as i32 >= 0,
            (Some(_), None) => false,
            (None, _) => true,
        };
        let is_it = |(place, packet): (usize, &Packet)| {
            place >= first
                && !packet.is_out
                && packet.has(Flags::ACK)
                && !packet.has(Flags::RST)
                && packet.ack == 1
                && (packet.seq == 1 || packet.has(Flags::SYN) && packet.seq == 0)
                && (self.is_active || !packet.has(Flags::SYN))
                && is_young(packet)
        };
        self.packets.iter().enumerate().position(is_it)
    }

    /// Octets per segment of text that the peer takes.
    pub(super) fn send_mss(&self) -> i64 {
        let peer = self.peer_syn.and_then(|at| self.packets.get(at));
        let stamps = |at: Option<usize>| at.and_then(|at| self.packets.get(at)).is_some_and(|syn| syn.offers(8));
        let mss = peer.and_then(Packet::mss).unwrap_or(536);
        let own = self.own_syn.and_then(|at| self.packets.get(at)).and_then(Packet::mss).unwrap_or(mss);
        i64::from(mss.min(own)) - if stamps(self.own_syn) && stamps(self.peer_syn) { 12 } else { 0 }
    }

    fn is_bulk(&self) -> bool {
        const MANY: usize = 4;
        const VOLUME: i64 = 60_000; // on a loopback device that may be one segment
        let mss = |at: Option<usize>| at.and_then(|at| self.packets.get(at)).and_then(Packet::mss).unwrap_or(536);
        let most = i64::from(mss(self.own_syn).min(mss(self.peer_syn)));
        let full = self.send_mss().max(1);
        let is_full = |packet: &Packet| packet.len() >= full;
        let is_one_way = |packets: &[Packet]| packets.iter().all(|p| p.is_out == packets[0].is_out && is_full(p));
        let volume = |is_out| self.packets.iter().filter(|p| p.is_out == is_out).map(Packet::len).sum::<i64>();
        self.packets.iter().any(|packet| packet.len() > most)
            || self.packets.windows(MANY).any(is_one_way)
            || volume(true).max(volume(false)) > VOLUME
    }

    /// Whether the stack has sent something again, or has heard of a gap: then the capture is the work of its congestion
    /// control.
    pub(super) fn has_lost(&self) -> bool {
        let mut max = 0;
        let sends_again = |packet: &Packet| {
            let is_again = packet.is_out && packet.len() > 0 && packet.seq < max;
            max = if packet.is_out { packet.end().max(max) } else { max };
            is_again || !packet.is_out && packet.offers(SACK)
        };
        self.packets.iter().any(sends_again)
    }

    /// Whether a packet of the stack tells nothing but that there is more room than the one before it said.
    pub(super) fn is_window_update(&self, place: usize) -> bool {
        let Some(packet) = self.packets.get(place).filter(|packet| packet.is_out) else { return false };
        let before = self.packets.iter().take(place).rev().find(|other| other.is_out);
        let is_bare = packet.segment.flags == Flags::ACK && packet.len() == 0 && !packet.offers(SACK);
        let is_more = |last: &Packet| {
            last.ack == packet.ack && last.end() == packet.seq && self.window(packet) > self.window(last)
        };
        is_bare && before.is_some_and(is_more)
    }

    /// The window of a packet in octets.
    pub(super) fn window(&self, packet: &Packet) -> i64 {
        let scale = |at: Option<usize>| at.and_then(|at| self.packets.get(at)).and_then(Packet::window_scale);
        let shift = match (scale(self.own_syn), scale(self.peer_syn)) {
            (Some(own), Some(peer)) if !packet.has(Flags::SYN) => {
                if packet.is_out {
                    own
                } else {
                    peer
                }
            }
            _ => 0,
        };
        i64::from(packet.segment.window) << shift
    }
}

fn relative(number: Seq, base: Seq) -> i64 {
    i64::from((number - base) as i32)
}
