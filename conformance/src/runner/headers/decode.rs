//! Octets to packets.

use std::net::IpAddr;

use wirelaw_reference::wire::{Body, Ip, Packet, WireError};

use super::{Frame, Outer, ether, protocol};
use crate::script::ast::{Gre, MplsEntry};

/// The most outer headers that are looked through, so that hostile packets cost little.
const DEPTH: usize = 8;

/// Why octets are no packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::runner) struct Fault {
    /// What is wrong.
    pub(in crate::runner) message: String,
    /// Whether they claim to be a TCP packet between our two addresses, or claim nothing at all. Anything else a
    /// host may send for its own purposes: neighbour discovery, multicast reports, fragments.
    pub(in crate::runner) concerns_us: bool,
}

/// The packet that `octets` hold. `tcp_in_udp`: whether UDP carries TCP.
pub(in crate::runner) fn decode(
    octets: &[u8],
    (local, remote): (IpAddr, IpAddr),
    tcp_in_udp: bool,
) -> Result<Frame, Fault> {
    let mut outer = Vec::new();
    let mut rest = octets;
    while outer.len() < DEPTH
        && let Some((header, inner)) = outer_header(rest)
    {
        outer.extend(header);
        rest = inner;
    }
    let mut lite = None;
    let (packet, coverage) = match udp_lite(rest) {
        Some((as_udp, coverage)) => {
            // its checksum covers other octets than that of UDP
            let decoded = Packet::decode_lenient(&as_udp).map(|(packet, _)| packet);
            lite = Some(coverage);
            (decoded, lite)
        }
        None => (Packet::decode(rest), None),
    };
    let fault = |error: WireError| Fault {
        message: error.to_string(),
        concerns_us: outer.is_empty() && concerns_us(octets, local, remote),
    };
    let Packet { ip, body } = packet.map_err(fault)?;
    let (body, udp) = match body {
        Body::Udp(udp) if tcp_in_udp && lite.is_none() => {
            let ports = (udp.source_port, udp.destination_port);
            match segment(&ip, &udp.payload) {
                Some(segment) => (segment, Some(ports)),
                None => (Body::Udp(udp), None),
            }
        }
        body => (body, None),
    };
    Ok(Frame { outer, ip, body, udp, coverage })
}

/// The TCP segment in a UDP datagram: its checksum is zero, and says nothing.
fn segment(ip: &Ip, payload: &[u8]) -> Option<Body> {
    let mut octets = Packet {
        ip: ip.clone(),
        body: Body::Udp(wirelaw_reference::wire::Udp {
            source_port: 0,
            destination_port: 0,
            payload: payload.get(8..)?.to_vec(),
        }),
    }
    .encode();
    let start = octets.len() - payload.len();
    octets[start..].copy_from_slice(payload);
    super::encode::set_protocol(&mut octets, 6);
    super::encode::seal_tcp(ip, &mut octets);
    Packet::decode(&octets).ok().map(|packet| packet.body)
}

fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().map(|two| u16::from_be_bytes(*two))
}

fn u32_at(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|four| u32::from_be_bytes(*four))
}

/// Whether an IPv4 header says that more fragments follow, or that some came before (RFC 791 §3.1).
fn is_fragment(octets: &[u8]) -> bool {
    const MORE_OR_OFFSET: u16 = 0x3fff;
    u16_at(octets, 6).is_some_and(|field| field & MORE_OR_OFFSET != 0)
}

/// The protocol that an IP header at the start of `octets` names, and what follows the header; `None` if the
/// packet is a fragment or is cut short.
fn ip_payload(octets: &[u8]) -> Option<(u8, &[u8])> {
    match octets.first()? >> 4 {
        4 => {
            let header = usize::from(octets[0] & 0xf) * 4;
            let total = usize::from(u16_at(octets, 2)?);
            let payload = octets.get(header..total).filter(|_| header >= 20 && !is_fragment(octets))?;
            Some((*octets.get(9)?, payload))
        }
        6 => {
            let length = usize::from(u16_at(octets, 4)?);
            Some((*octets.get(6)?, octets.get(40..40 + length)?))
        }
        _ => None,
    }
}

/// The header with which a packet in a packet begins, or two if GRE or MPLS follows; and the packet inside.
fn outer_header(octets: &[u8]) -> Option<(Vec<Outer>, &[u8])> {
    let (number, payload) = ip_payload(octets)?;
    let mut headers = vec![Outer::Ip(ip_of(octets)?)];
    let inner = match number {
        protocol::IPV4 | protocol::IPV6 => payload,
        protocol::MPLS => mpls(payload, &mut headers)?,
        protocol::GRE => {
            let (gre, ether, inner) = gre(payload)?;
            headers.push(Outer::Gre(gre));
            match ether {
                ether::IPV4 | ether::IPV6 => inner,
                ether::MPLS => mpls(inner, &mut headers)?,
                _ => return None,
            }
        }
        _ => return None,
    };
    Some((headers, inner))
}

/// What a script can say of an IP header.
fn ip_of(octets: &[u8]) -> Option<Ip> {
    let v6 = |at: usize| Some(IpAddr::from(*octets.get(at..)?.first_chunk::<16>()?));
    let v4 = |at: usize| Some(IpAddr::from(*octets.get(at..)?.first_chunk::<4>()?));
    if octets.first()? >> 4 == 4 {
        let mut ip = Ip::new(v4(12)?, v4(16)?);
        ip.traffic_class = octets[1];
        ip.hop_limit = octets[8];
        ip.dont_fragment = octets[6] & 0x40 != 0;
        ip.identification = u16_at(octets, 4)?;
        return Some(ip);
    }
    let mut ip = Ip::new(v6(8)?, v6(24)?);
    let first = u32_at(octets, 0)?;
    ip.traffic_class = (first >> 20) as u8;
    ip.flow_label = first & 0xf_ffff;
    ip.hop_limit = octets[7];
    Some(ip)
}

/// The GRE header, the number of what it carries, and that.
fn gre(octets: &[u8]) -> Option<(Gre, u16, &[u8])> {
    let (flags, ether) = (u16_at(octets, 0)?, u16_at(octets, 2)?);
    let mut at = 4;
    let mut gre = Gre { flags, ..Gre::default() };
    if flags & Gre::CHECKSUM != 0 {
        gre.sum = Some(u16_at(octets, at)?);
        gre.off = Some(u16_at(octets, at + 2)?);
        at += 4;
    }
    if flags & Gre::KEY != 0 {
        gre.key = Some(u32_at(octets, at)?);
        at += 4;
    }
    if flags & Gre::SEQUENCE != 0 {
        gre.seq = Some(u32_at(octets, at)?);
        at += 4;
    }
    Some((gre, ether, octets.get(at..)?))
}

/// Adds the label stack, up to its bottom, and gives what follows.
fn mpls<'a>(octets: &'a [u8], headers: &mut Vec<Outer>) -> Option<&'a [u8]> {
    let mut stack = Vec::new();
    loop {
        let word = u32_at(octets, stack.len() * 4)?;
        let bottom = word & 0x100 != 0;
        stack.push(MplsEntry { label: word >> 12, tc: (word >> 9) as u8 & 7, bottom, ttl: word as u8 });
        if bottom {
            let rest = octets.get(stack.len() * 4..)?;
            headers.push(Outer::Mpls(stack));
            return Some(rest);
        }
    }
}

/// A UDP-Lite packet as one of UDP, and its coverage.
fn udp_lite(octets: &[u8]) -> Option<(Vec<u8>, u16)> {
    let (number, payload) = ip_payload(octets)?;
    if number != protocol::UDP_LITE || payload.len() < 8 {
        return None;
    }
    let coverage = u16_at(payload, 4)?;
    let length = u16::try_from(payload.len()).ok()?;
    let start = octets.len().min(payload.as_ptr().addr() - octets.as_ptr().addr());
    let mut copy = octets.to_vec();
    copy.get_mut(start + 4..start + 6)?.copy_from_slice(&length.to_be_bytes());
    super::encode::set_protocol(&mut copy, 17);
    Some((copy, coverage))
}

/// See [`Fault::concerns_us`].
fn concerns_us(octets: &[u8], local: IpAddr, remote: IpAddr) -> bool {
    let between_us = |ip: &Ip| ip.source == local && ip.destination == remote;
    match (octets.first().map(|first| first >> 4), ip_of(octets)) {
        (Some(4), Some(ip)) => octets.get(9) == Some(&6) && !is_fragment(octets) && between_us(&ip),
        (Some(6), Some(ip)) => octets.get(6) == Some(&6) && between_us(&ip),
        _ => true,
    }
}
