//! ICMP errors about a connection: what a router or the peer told the stack under test.

use std::net::SocketAddr;

use wirelaw_reference::seq::Seq;
use wirelaw_reference::wire::{Flags, Icmp, Ip, QuotedSegment, TcpOption};

use super::connections::Connection;
use super::view::{Packet, View};
use crate::script::ast::{Echoed, IcmpCode, IcmpSpec, IcmpType, Spanned};
use crate::script::printer::print_icmp;

/// How far apart two sights of one message may be, in nanoseconds.
const TWICE: u64 = 1_000_000;

/// An ICMP error that quotes a TCP segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// Nanoseconds.
    pub(super) at: u64,
    /// The frame, from 1.
    pub(super) number: usize,
    /// Where it was seen.
    interface: u32,
    /// Whom it is for.
    pub(super) destination: std::net::IpAddr,
    kind: u8,
    code: u8,
    /// The MTU that it tells, if it is such a message.
    mtu: Option<u32>,
    /// The ends of the segment that it quotes.
    pub(super) source: SocketAddr,
    pub(super) to: SocketAddr,
    seq: Seq,
    /// Octets of text of that segment.
    len: u16,
}

impl Told {
    /// The error in a message, if it is one about TCP.
    pub(super) fn new(at: u64, number: usize, interface: u32, ip: &Ip, icmp: &Icmp) -> Option<Told> {
        let quoted = icmp.quoted()?;
        Some(Told {
            at,
            number,
            interface,
            destination: ip.destination,
            kind: icmp.kind,
            code: icmp.code,
            mtu: icmp.mtu(),
            source: SocketAddr::new(quoted.source, quoted.source_port),
            to: SocketAddr::new(quoted.destination, quoted.destination_port),
            seq: quoted.seq,
            len: text_len(&icmp.payload, &quoted),
        })
    }

    /// Whether both came at nearly the same time.
    pub(super) fn is_near(&self, other: &Told) -> bool {
        other.at.abs_diff(self.at) <= TWICE
    }

    /// Whether both are one message, seen twice.
    pub(super) fn is_twin(&self, other: &Told) -> bool {
        self.is_near(other)
            && Told { at: self.at, number: self.number, interface: self.interface, ..other.clone() } == *self
            && other.interface != self.interface
    }

    /// The line without its time; `isn` is that of the stack under test.
    fn print(&self, isn: Seq) -> String {
        let spanned = |value| Spanned::new(value, 0..0);
        let echoed = Echoed::Tcp { seq: self.seq - isn, len: self.len, udp: None };
        // a script has no number beyond 2^32-1
        let is_in_reach = (self.seq - isn).checked_add(u32::from(self.len)).is_some();
        let echoed = if is_in_reach { echoed } else { Echoed::Tcp { seq: self.seq - isn, len: 0, udp: None } };
        let (kind, code) = crate::script::icmp::names(self.kind, self.code, self.destination.is_ipv6());
        let spec = IcmpSpec {
            kind: spanned(kind.map_or(IcmpType::Number(self.kind), |name| IcmpType::Name(name.to_owned()))),
            code: Some(Spanned::new(
                code.map_or(IcmpCode::Number(self.code), |name| IcmpCode::Name(name.to_owned())),
                0..0,
            )),
            mtu: self.mtu.filter(|mtu| *mtu > 0).map(|mtu| Spanned::new(mtu, 0..0)),
            id: None,
            echoed: Some(Spanned::new(echoed, 0..0)),
        };
        format!("< {}", print_icmp(&spec))
    }
}

/// How much text the quoted segment had. RFC 792 quotes no more of it than its sequence number: then its header is taken for
/// the least one.
fn text_len(packet: &[u8], quoted: &QuotedSegment) -> u16 {
    let ip = if quoted.source.is_ipv6() { 40 } else { packet.first().map_or(0, |first| usize::from(first & 15) * 4) };
    let tcp = packet.get(ip + 12).map_or(20, |offset| u32::from(offset >> 4) * 4);
    u16::try_from(quoted.packet_len.saturating_sub(ip as u32 + tcp)).unwrap_or(u16::MAX)
}

/// An error as the stack under test gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Before this packet of the view.
    pub(super) place: usize,
    /// Microseconds since the first packet.
    pub(super) at: u64,
    pub(super) text: String,
    /// Octets of text per segment from here on.
    pub(super) mss: Option<i64>,
}

/// Whether an error that ends an attempt to connect ended nothing: a kernel that is in a call takes no heed of it.
fn is_ignored(view: &View, line: &Line) -> bool {
    let (before, after) = view.packets.split_at(line.place.min(view.packets.len()));
    let is_syn = |packet: &Packet| packet.is_out && packet.has(Flags::SYN);
    view.is_active && before.iter().all(is_syn) && after.iter().any(|packet| packet.is_out)
}

/// An error that comes while the stack sends a burst is heeded behind it.
fn settle(view: &View, line: &mut Line) {
    const BURST: u64 = 1000;
    let mut max =
        view.packets.iter().take(line.place).filter(|packet| packet.is_out).map(Packet::end).max().unwrap_or(0);
    while let Some(packet) = view.packets.get(line.place) {
        if !packet.is_out || packet.end() <= max || packet.at.saturating_sub(line.at) > BURST {
            return;
        }
        max = packet.end();
        line.at = packet.at;
        line.place += 1;
    }
}

/// The errors for the end under test; the others become a remark.
pub(super) fn lines(view: &View, connection: &Connection, remarks: &mut Vec<String>) -> Vec<Line> {
    let epoch = connection.packets.first().map_or(0, |first| first.at);
    let (ours, others): (Vec<&Told>, Vec<&Told>) =
        connection.errors.iter().partition(|told| told.source == view.local && told.destination == view.local.ip());
    if !others.is_empty() {
        remarks.push(format!("left out: {} ICMP errors that are not for the end under test", others.len()));
    }
    let own = view.own_syn.and_then(|at| connection.packets.get(at));
    let Some(isn) = own.map(|own| own.segment.seq) else { return Vec::new() };
    let has_stamps =
        own.is_some_and(|own| own.segment.options.iter().any(|o| matches!(o, TcpOption::Timestamps { .. })));
    let of_ip_and_tcp = if view.local.is_ipv6() { 60 } else { 40 };
    let headers = of_ip_and_tcp + if has_stamps { 12 } else { 0 };
    let line = |told: &Told| Line {
        place: connection.packets.partition_point(|seen| (seen.at, seen.number) < (told.at, told.number)),
        at: told.at.saturating_sub(epoch) / 1000,
        text: told.print(isn),
        mss: told.mtu.map(|mtu| i64::from(mtu).saturating_sub(headers).max(1)),
    };
    let mut lines: Vec<Line> = ours.into_iter().map(line).collect();
    let told = lines.len();
    lines.retain(|line| line.mss.is_some() || !is_ignored(view, line));
    if lines.len() < told {
        let why = "the stack was in a call and went on as if they had not come";
        remarks.push(format!("left out: {} ICMP errors that answered a SYN: {why}", told - lines.len()));
    }
    for line in &mut lines {
        settle(view, line);
    }
    lines
}
