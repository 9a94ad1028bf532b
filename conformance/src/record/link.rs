//! Frames -> TCP segments.

use std::net::SocketAddr;

use wirelaw_reference::wire::{Body, Ip, Packet, Segment, WireError};

use super::capture::Frame;
use super::errors::Told;
use crate::checksum::checksum;

/// `LINKTYPE_` numbers.
const NULL: u32 = 0;
const ETHERNET: u32 = 1;
const RAW_OLD: [u32; 2] = [12, 14];
const RAW: u32 = 101;
const LOOP: u32 = 108;
const LINUX_SLL: u32 = 113;
const IPV4: u32 = 228;
const IPV6: u32 = 229;
const LINUX_SLL2: u32 = 276;

const VLAN_TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];

/// Linux's `PACKET_OUTGOING`.
const OUTGOING: u16 = 4;

/// A TCP segment of a capture.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Nanoseconds.
    pub(super) at: u64,
    /// The frame, from 1.
    pub(super) number: usize,
    /// Where it was seen.
    pub(super) interface: u32,
    /// Whether the machine that captured it sent it, if that is known.
    pub(super) is_sent: Option<bool>,
    pub(super) ip: Ip,
    pub(super) segment: Segment,
    /// Octets of text that the capture does not have; [`Segment::payload`] has zeros for all of it then.
    pub(super) missing: usize,
}

impl Seen {
    pub(super) fn source(&self) -> SocketAddr {
        SocketAddr::new(self.ip.source, self.segment.source_port)
    }

    pub(super) fn destination(&self) -> SocketAddr {
        SocketAddr::new(self.ip.destination, self.segment.destination_port)
    }
}

/// What a frame is.
pub(super) enum Sight {
    Tcp(Box<Seen>),
    /// An ICMP error about TCP.
    Told(Box<Told>),
    /// Something else, in a few words.
    Other(&'static str),
    /// TCP, but not as a whole.
    Damaged(WireError),
    /// A link that this does not know.
    UnknownLink(u32),
}

/// The segment that a frame carries.
pub(super) fn segment(frame: &Frame<'_>) -> Sight {
    let (interface, is_sent, ip) = match network(frame) {
        Ok(found) => found,
        Err(sight) => return sight,
    };
    let Some((packet, missing)) = whole(ip) else { return Sight::Other("no IP") };
    match Packet::decode_lenient(&packet) {
        Ok((Packet { ip, body: Body::Tcp(mut segment) }, _)) => {
            if missing > 0 {
                // text that is known in part is not known
                segment.payload = vec![0; (segment.payload.len() + missing).min(usize::from(u16::MAX))];
            }
            let (at, number) = (frame.at, frame.number);
            Sight::Tcp(Box::new(Seen { at, number, interface, is_sent, ip, segment, missing }))
        }
        Ok((Packet { ip, body: Body::Icmp(icmp) }, _)) => {
            match Told::new(frame.at, frame.number, interface, &ip, &icmp) {
                Some(told) => Sight::Told(Box::new(told)),
                None => Sight::Other("not TCP"),
            }
        }
        Ok(_) => Sight::Other("not TCP"),
        Err(error) if protocol(ip) == Some(6) => Sight::Damaged(error),
        Err(_) => Sight::Other("not TCP"),
    }
}

/// The interface, whether this machine sent it, and the IP packet in a frame.
fn network<'a>(frame: &Frame<'a>) -> Result<(u32, Option<bool>, &'a [u8]), Sight> {
    let octets = frame.octets;
    let known = |ip: Option<&'a [u8]>| ip.map(|ip| (frame.interface, frame.is_sent, ip));
    let cooked = |ether: u16, kind: u16, interface: u32, rest: Option<&'a [u8]>| {
        is_ip(ether).then_some(())?;
        Some((interface, frame.is_sent.or(Some(kind == OUTGOING)), rest?))
    };
    let found = match frame.link {
        ETHERNET => known(ethernet(octets)),
        RAW | IPV4 | IPV6 => known(Some(octets)),
        link if RAW_OLD.contains(&link) => known(Some(octets)),
        NULL | LOOP => known(octets.get(4..)), // the family; the version of IP says it again
        LINUX_SLL => u16_at(octets, 14).zip(u16_at(octets, 0)).and_then(|(ether, kind)| {
            let (ether, rest) = untagged(ether, octets.get(16..)?)?;
            cooked(ether, kind, frame.interface, Some(rest))
        }),
        LINUX_SLL2 => u16_at(octets, 0).zip(octets.get(10).copied()).and_then(|(ether, kind)| {
            let interface = octets.get(4..8).and_then(|index| index.first_chunk().copied()).map(u32::from_be_bytes)?;
            let (ether, rest) = untagged(ether, octets.get(20..)?)?;
            cooked(ether, kind.into(), interface, Some(rest))
        }),
        link => return Err(Sight::UnknownLink(link)),
    };
    found.ok_or(Sight::Other("no IP"))
}

fn ethernet(octets: &[u8]) -> Option<&[u8]> {
    let (ether, rest) = untagged(u16_at(octets, 12)?, octets.get(14..)?)?;
    is_ip(ether).then_some(rest)
}

/// Past the tags of virtual LANs.
fn untagged(mut ether: u16, mut rest: &[u8]) -> Option<(u16, &[u8])> {
    while VLAN_TAGS.contains(&ether) {
        ether = u16_at(rest, 2)?;
        rest = rest.get(4..)?;
    }
    Some((ether, rest))
}

fn is_ip(ether: u16) -> bool {
    [0x0800, 0x86dd].contains(&ether)
}

fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().copied().map(u16::from_be_bytes)
}

fn protocol(ip: &[u8]) -> Option<u8> {
    ip.get(if ip.first()? >> 4 == 6 { 6 } else { 9 }).copied()
}

/// The IP packet with a length that is true, and how many octets of it the capture has not. A length of 0 is what a
/// sender that leaves segmentation to its device writes: then it is as long as the frame.
fn whole(ip: &[u8]) -> Option<(Vec<u8>, usize)> {
    let is_v6 = match ip.first()? >> 4 {
        4 => false,
        6 => true,
        _ => return None,
    };
    let (field, extra) = if is_v6 { (4, 40) } else { (2, 0) };
    let stated = usize::from(u16_at(ip, field)?);
    let full = if stated == 0 { ip.len() } else { stated + extra };
    let kept = ip.get(..full.min(ip.len()).min(usize::from(u16::MAX) + extra))?;
    let mut packet = kept.to_vec();
    if kept.len() < full || stated == 0 {
        let length = u16::try_from(kept.len().checked_sub(extra)?).ok()?;
        packet.get_mut(field..field + 2)?.copy_from_slice(&length.to_be_bytes());
        if !is_v6 {
            seal(&mut packet);
        }
    }
    let missing = full - kept.len();
    Some((packet, missing))
}

/// Sets the checksum of an IPv4 header right (RFC 791 §3.1).
fn seal(packet: &mut [u8]) {
    let length = packet.first().map_or(0, |first| usize::from(first & 15) * 4);
    let Some(header) = packet.get_mut(..length).filter(|header| header.len() >= 20) else { return };
    header[10..12].fill(0);
    let sum = checksum(&[header]);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
}
