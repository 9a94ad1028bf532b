//! IPv4 (RFC 791) and IPv6 (RFC 8200) headers, and the transport layer behind them.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};

use etherparse::checksum::Sum16BitWords;
use etherparse::err::{ipv4, ipv6};
use etherparse::{IpDscp, IpEcn, IpNumber, Ipv4Header, Ipv4HeaderSlice, Ipv6FlowLabel, Ipv6Header, Ipv6HeaderSlice};

use super::checksum::{check, put_u16, u16_at};
use super::{Body, Icmp, Ip, Layer, Leniency, Packet, Problem, Segment, Udp, WireError, protocol};

/// The largest value of both length fields.
const MAX_LENGTH: usize = 0xffff;

/// An address as IPv6 carries it.
pub(super) fn v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

/// Appends the packet to `out`, which is empty.
pub(super) fn encode(packet: &Packet, out: &mut Vec<u8>) {
    let ip = &packet.ip;
    let is_v4 = ip.source.is_ipv4() && ip.destination.is_ipv4();
    let (header_len, room) = if is_v4 { (20, MAX_LENGTH - 20) } else { (40, MAX_LENGTH) };
    let (number, body_len) = match &packet.body {
        Body::Tcp(segment) => (protocol::TCP, segment.header_len() + segment.payload.len()),
        Body::Udp(udp) => (protocol::UDP, 8 + udp.payload.len()),
        Body::Icmp(icmp) => (if is_v4 { protocol::ICMP } else { protocol::ICMPV6 }, 8 + icmp.payload.len()),
    };
    let body_len = body_len.min(room);
    out.reserve(header_len + body_len);
    encode_header(ip, number, body_len as u16, out);
    match &packet.body {
        Body::Tcp(segment) => segment.encode(ip, body_len, out),
        Body::Udp(udp) => udp.encode(ip, body_len, out),
        Body::Icmp(icmp) => icmp.encode(ip, body_len, out),
    }
}

fn encode_header(ip: &Ip, number: u8, body_len: u16, out: &mut Vec<u8>) {
    match (ip.source, ip.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let mut header = Ipv4Header {
                dscp: IpDscp::try_new(ip.traffic_class >> 2).unwrap_or_default(),
                ecn: IpEcn::try_new(ip.traffic_class & 3).unwrap_or_default(),
                total_len: body_len.saturating_add(20),
                dont_fragment: ip.dont_fragment,
                identification: ip.identification,
                time_to_live: ip.hop_limit,
                protocol: IpNumber(number),
                source: source.octets(),
                destination: destination.octets(),
                ..Ipv4Header::default()
            };
            header.header_checksum = header.calc_header_checksum();
            out.extend_from_slice(&header.to_bytes());
        }
        (source, destination) => {
            let header = Ipv6Header {
                traffic_class: ip.traffic_class,
                flow_label: Ipv6FlowLabel::try_new(ip.flow_label & 0xf_ffff).unwrap_or_default(),
                payload_length: body_len,
                next_header: IpNumber(number),
                hop_limit: ip.hop_limit,
                source: v6(source).octets(),
                destination: v6(destination).octets(),
            };
            out.extend_from_slice(&header.to_bytes());
        }
    }
}

/// Reads a packet into `packet`; what is wrong with its transport layer, unless it is an error. After an error `packet` means nothing.
pub(super) fn decode_into(
    octets: &[u8],
    leniency: Leniency,
    packet: &mut Packet,
) -> Result<Option<WireError>, WireError> {
    let error = |problem, required, found| WireError { layer: Layer::Ip, offset: 0, problem, required, found };
    let first = octets.first().ok_or(error(Problem::Truncated, 20, 0))?;
    match first >> 4 {
        4 => decode_v4(octets, leniency, packet),
        6 => decode_v6(octets, leniency, packet),
        version => Err(error(Problem::Version, 4, version.into())),
    }
}

fn decode_v4(octets: &[u8], leniency: Leniency, packet: &mut Packet) -> Result<Option<WireError>, WireError> {
    let error = |offset, problem, required: usize, found: usize| WireError {
        layer: Layer::Ipv4,
        offset,
        problem,
        required: required as u32,
        found: found as u32,
    };
    let header = Ipv4HeaderSlice::from_slice(octets).map_err(|refusal| match refusal {
        ipv4::HeaderSliceError::Len(len) => error(0, Problem::Truncated, len.required_len, len.len),
        ipv4::HeaderSliceError::Content(ipv4::HeaderError::UnexpectedVersion { version_number }) => {
            error(0, Problem::Version, 4, version_number.into())
        }
        ipv4::HeaderSliceError::Content(ipv4::HeaderError::HeaderLengthSmallerThanHeader { ihl }) => {
            error(0, Problem::HeaderLength, 5, ihl.into())
        }
    })?;
    let header_len = header.slice().len();
    if let Some(fault) = check(Sum16BitWords::default(), header.slice(), 10, Layer::Ipv4, 0) {
        return Err(fault);
    }
    let total = usize::from(header.total_len());
    if total < header_len {
        return Err(error(2, Problem::LengthTooSmall, header_len, total));
    }
    let body = octets.get(header_len..total).ok_or(error(2, Problem::LengthTooLarge, octets.len(), total))?;
    let fragment = u16_at(octets, 6) & 0x3fff; // all but the reserved and the "don't fragment" bit
    if fragment != 0 {
        return Err(error(6, Problem::Fragment, 0, fragment.into()));
    }
    packet.ip = Ip {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        hop_limit: header.ttl(),
        traffic_class: header.dcp().value() << 2 | header.ecn().value(),
        flow_label: 0,
        dont_fragment: header.dont_fragment(),
        identification: header.identification(),
    };
    let number = header.protocol().0;
    if number == protocol::ICMPV6 {
        return Err(error(9, Problem::Protocol, protocol::ICMP.into(), number.into()));
    }
    decode_body(number, body, (header_len, 9), leniency, packet)
}

fn decode_v6(octets: &[u8], leniency: Leniency, packet: &mut Packet) -> Result<Option<WireError>, WireError> {
    let error = |offset, problem, required: usize, found: usize| WireError {
        layer: Layer::Ipv6,
        offset,
        problem,
        required: required as u32,
        found: found as u32,
    };
    let header = Ipv6HeaderSlice::from_slice(octets).map_err(|refusal| match refusal {
        ipv6::HeaderSliceError::Len(len) => error(0, Problem::Truncated, len.required_len, len.len),
        ipv6::HeaderSliceError::Content(ipv6::HeaderError::UnexpectedVersion { version_number }) => {
            error(0, Problem::Version, 6, version_number.into())
        }
    })?;
    let length = usize::from(header.payload_length());
    let end = 40 + length;
    let whole = octets.get(..end).ok_or(error(4, Problem::LengthTooLarge, octets.len().saturating_sub(40), length))?;
    packet.ip = Ip {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        hop_limit: header.hop_limit(),
        traffic_class: header.traffic_class(),
        flow_label: header.flow_label().value(),
        dont_fragment: true,
        identification: 0,
    };
    let (mut number, mut start, mut named_at) = (header.next_header(), 40, 6);
    // Every round moves `start` by at least 8 octets, so this ends.
    while Ipv6Header::is_skippable_header_extension(number) {
        let hop_by_hop = number == IpNumber::IPV6_HEADER_HOP_BY_HOP;
        // Options for the hops or for the host say nothing of the segment; all other extensions
        // move it, cut it or hide it. Hop-by-hop options stand first or nowhere (RFC 8200 §4.1).
        if !(hop_by_hop && start == 40 || number == IpNumber::IPV6_DESTINATION_OPTIONS) {
            return Err(error(named_at, Problem::Extension, 60, number.0.into()));
        }
        let rest = whole.get(start..).unwrap_or_default();
        let [next, words, ..] = rest else { return Err(error(start, Problem::Truncated, 8, rest.len())) };
        let len = (usize::from(*words) + 1) * 8;
        if rest.len() < len {
            return Err(error(start, Problem::Truncated, len, rest.len()));
        }
        (number, named_at, start) = (IpNumber(*next), start, start + len);
    }
    if number.0 == protocol::ICMP {
        return Err(error(named_at, Problem::Protocol, protocol::ICMPV6.into(), number.0.into()));
    }
    decode_body(number.0, whole.get(start..).unwrap_or_default(), (start, named_at), leniency, packet)
}

/// `start`: where in the packet the body begins; `named_at`: where its protocol number stands.
fn decode_body(
    number: u8,
    body: &[u8],
    (start, named_at): (usize, usize),
    leniency: Leniency,
    packet: &mut Packet,
) -> Result<Option<WireError>, WireError> {
    let Packet { ip, body: into } = packet;
    match number {
        protocol::TCP => segment_in(into).decode_into(ip, body, start, leniency),
        protocol::UDP => {
            let (udp, fault) = Udp::decode(ip, body, start)?;
            *into = Body::Udp(udp);
            Ok(fault)
        }
        protocol::ICMP | protocol::ICMPV6 => {
            let (icmp, fault) = Icmp::decode(ip, body, start)?;
            *into = Body::Icmp(icmp);
            Ok(fault)
        }
        _ => {
            let (layer, required) = match ip.source {
                IpAddr::V4(_) => (Layer::Ipv4, protocol::ICMP.into()),
                IpAddr::V6(_) => (Layer::Ipv6, protocol::ICMPV6.into()),
            };
            Err(WireError { layer, offset: named_at, problem: Problem::Protocol, required, found: number.into() })
        }
    }
}

/// The segment to write into; whatever else the packet carried is dropped for an empty one.
pub(super) fn segment_in(body: &mut Body) -> &mut Segment {
    if !matches!(body, Body::Tcp(_)) {
        *body = Body::Tcp(Segment::default());
    }
    match body {
        Body::Tcp(segment) => segment,
        Body::Udp(_) | Body::Icmp(_) => unreachable!("it was replaced above"),
    }
}

/// Writes the checksum at `field` of the transport packet that begins at `start` of `out`.
pub(super) fn seal(sum: Sum16BitWords, out: &mut [u8], start: usize, field: usize) -> u16 {
    let value = super::checksum::make(sum, out.get(start..).unwrap_or_default(), field);
    put_u16(out, start + field, value);
    value
}
