//! Packets to octets.

use std::net::IpAddr;
use std::ops::Range;

use wirelaw_reference::wire::{Body, Ip, Packet, Udp};

use super::{ether, protocol, pseudo_header};
use crate::checksum::checksum;
use crate::runner::{Stop, inbound};
use crate::script::ast::{Encapsulation, Gre, MplsEntry, Spanned};

/// Where the checksum stands in a TCP header.
const TCP_CHECKSUM: Range<usize> = 16..18;

/// The length of an IP header that [`Packet::encode`] writes.
pub(in crate::runner) fn header_len(ip: &Ip) -> usize {
    if ip.source.is_ipv4() && ip.destination.is_ipv4() { 20 } else { 40 }
}

/// Makes the checksum of the TCP segment in `octets` anew.
pub(in crate::runner) fn seal_tcp(ip: &Ip, octets: &mut [u8]) {
    let Some(segment) = octets.get_mut(header_len(ip)..) else { return };
    let Some(field) = segment.get_mut(TCP_CHECKSUM) else { return };
    field.fill(0);
    let sum = checksum(&[&pseudo_header(ip, 6, segment.len()), segment]);
    segment[TCP_CHECKSUM].copy_from_slice(&sum.to_be_bytes());
}

/// The TCP packet `octets` in UDP. The UDP checksum covers the segment, whose own is zero.
pub(in crate::runner) fn over_udp(ip: &Ip, octets: &[u8], (source_port, destination_port): (u16, u16)) -> Vec<u8> {
    let mut payload = octets.get(header_len(ip)..).unwrap_or_default().to_vec();
    if let Some(field) = payload.get_mut(TCP_CHECKSUM) {
        field.fill(0);
    }
    Packet { ip: ip.clone(), body: Body::Udp(Udp { source_port, destination_port, payload }) }.encode()
}

/// A UDP-Lite datagram (RFC 3828 §3.1), with `coverage` as it stands in the header. What the checksum covers is
/// cut to what there is.
pub(in crate::runner) fn udp_lite(ip: &Ip, udp: Udp, coverage: u16) -> Vec<u8> {
    let mut octets = Packet { ip: ip.clone(), body: Body::Udp(udp) }.encode();
    let header = header_len(ip);
    set_protocol(&mut octets, protocol::UDP_LITE);
    let datagram = &mut octets[header..];
    datagram[4..6].copy_from_slice(&coverage.to_be_bytes());
    datagram[6..8].fill(0);
    let covered = match usize::from(coverage) {
        0 => datagram.len(),
        some => some.min(datagram.len()),
    };
    let sum = checksum(&[&pseudo_header(ip, protocol::UDP_LITE, datagram.len()), &datagram[..covered]]);
    let sum = if sum == 0 { 0xffff } else { sum }; // 0 would say that there is none, which is not allowed
    datagram[6..8].copy_from_slice(&sum.to_be_bytes());
    octets
}

/// Overwrites the protocol of the IP header at the start of `octets`, and its checksum if it has one.
pub(super) fn set_protocol(octets: &mut [u8], number: u8) {
    match octets.first().map(|first| first >> 4) {
        Some(4) if octets.len() >= 20 => {
            octets[9] = number;
            octets[10..12].fill(0);
            let length = (usize::from(octets[0] & 0xf) * 4).clamp(20, octets.len());
            let sum = checksum(&[&octets[..length]]);
            octets[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        Some(6) if octets.len() >= 40 => octets[6] = number,
        _ => {}
    }
}

/// The packet `inner` behind these headers, outermost first.
pub(in crate::runner) fn encapsulate(headers: &[Spanned<Encapsulation>], inner: Vec<u8>) -> Result<Vec<u8>, Stop> {
    let mut octets = inner;
    let mut carried = Carried::Ip;
    for header in headers.iter().rev() {
        (octets, carried) = match &header.value {
            Encapsulation::Ipv4 { info, source, destination } => (
                ip_header((*source).into(), (*destination).into(), info.as_ref(), &octets, carried, header)?,
                Carried::Ip,
            ),
            Encapsulation::Ipv6 { info, source, destination } => (
                ip_header((*source).into(), (*destination).into(), info.as_ref(), &octets, carried, header)?,
                Carried::Ip,
            ),
            Encapsulation::Gre(gre) => (gre_header(*gre, &octets, carried, header)?, Carried::Gre),
            Encapsulation::Mpls(stack) => (mpls_header(stack, &octets), Carried::Mpls),
        };
    }
    check_outermost(headers).map(|()| octets)
}

/// Whether what is sent is a packet of IP.
pub(in crate::runner) fn check_outermost(headers: &[Spanned<Encapsulation>]) -> Result<(), Stop> {
    match headers.first() {
        Some(first) if !matches!(first.value, Encapsulation::Ipv4 { .. } | Encapsulation::Ipv6 { .. }) => {
            Err(Stop::broken_at(&first.span, "the outermost header must be one of IP".to_owned()))
        }
        _ => Ok(()),
    }
}

/// What the octets behind a header begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carried {
    Ip,
    Gre,
    Mpls,
}

fn is_v6(octets: &[u8]) -> bool {
    octets.first().is_some_and(|first| first >> 4 == 6)
}

fn ip_header(
    source: IpAddr,
    destination: IpAddr,
    info: Option<&Spanned<crate::script::ast::IpInfo>>,
    inner: &[u8],
    carried: Carried,
    header: &Spanned<Encapsulation>,
) -> Result<Vec<u8>, Stop> {
    let mut ip = Ip::new(source, destination);
    ip.hop_limit = 255;
    if let Some(info) = info {
        inbound::set_ip(&mut ip, &info.value);
    }
    let number = match carried {
        Carried::Ip if is_v6(inner) => protocol::IPV6,
        Carried::Ip => protocol::IPV4,
        Carried::Gre => protocol::GRE,
        Carried::Mpls => protocol::MPLS,
    };
    let room = if source.is_ipv4() { 0xffff - 20 } else { 0xffff };
    if inner.len() > room {
        let message = format!("{} octets are more than this header can carry", inner.len());
        return Err(Stop::broken_at(&header.span, message));
    }
    // the header of a datagram whose eight octets of UDP are then taken away again
    let body = Body::Udp(Udp { source_port: 0, destination_port: 0, payload: Vec::new() });
    let mut octets = Packet { ip: ip.clone(), body }.encode();
    octets.truncate(header_len(&ip));
    let (at, length) = if source.is_ipv4() { (2, inner.len() + 20) } else { (4, inner.len()) };
    octets[at..at + 2].copy_from_slice(&(length as u16).to_be_bytes());
    set_protocol(&mut octets, number);
    octets.extend_from_slice(inner);
    Ok(octets)
}

/// A GRE header as it is on the wire: the fields that its flags ask for, and flags for the fields it has.
pub(super) fn full(gre: Gre) -> Gre {
    let mut flags = gre.flags;
    for (given, flag) in [
        (gre.sum.is_some() || gre.off.is_some(), Gre::CHECKSUM),
        (gre.key.is_some(), Gre::KEY),
        (gre.seq.is_some(), Gre::SEQUENCE),
    ] {
        flags |= if given { flag } else { 0 };
    }
    let has = |flag| flags & flag != 0;
    Gre {
        flags,
        sum: has(Gre::CHECKSUM).then_some(gre.sum.unwrap_or(0)),
        off: has(Gre::CHECKSUM).then_some(gre.off.unwrap_or(0)),
        key: has(Gre::KEY).then_some(gre.key.unwrap_or(0)),
        seq: has(Gre::SEQUENCE).then_some(gre.seq.unwrap_or(0)),
    }
}

/// RFC 2784 §2, RFC 2890 §2. The checksum is the script's, right or wrong.
fn gre_header(gre: Gre, inner: &[u8], carried: Carried, header: &Spanned<Encapsulation>) -> Result<Vec<u8>, Stop> {
    let ether = match carried {
        Carried::Ip if is_v6(inner) => ether::IPV6,
        Carried::Ip => ether::IPV4,
        Carried::Mpls => ether::MPLS,
        Carried::Gre => return Err(Stop::broken_at(&header.span, "GRE does not carry GRE".to_owned())),
    };
    let Gre { flags, sum, off, key, seq } = full(gre);
    let mut octets = [flags.to_be_bytes(), ether.to_be_bytes()].concat();
    octets.extend([sum, off].into_iter().flatten().flat_map(u16::to_be_bytes));
    octets.extend([key, seq].into_iter().flatten().flat_map(u32::to_be_bytes));
    octets.extend_from_slice(inner);
    Ok(octets)
}

/// RFC 3032 §2.1
fn mpls_header(stack: &[MplsEntry], inner: &[u8]) -> Vec<u8> {
    let word = |entry: &MplsEntry| {
        entry.label << 12 | u32::from(entry.tc & 7) << 9 | u32::from(entry.bottom) << 8 | u32::from(entry.ttl)
    };
    let mut octets: Vec<u8> = stack.iter().flat_map(|entry| word(entry).to_be_bytes()).collect();
    octets.extend_from_slice(inner);
    octets
}
