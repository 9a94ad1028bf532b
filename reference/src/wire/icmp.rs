//! ICMP (RFC 792) and ICMPv6 (RFC 4443): the messages that a TCP must heed, and what they quote.

use alloc::vec::Vec;
use core::net::IpAddr;

use etherparse::checksum::Sum16BitWords;

use super::checksum::{check, pseudo_header, u16_at, u32_at};
use super::ip::seal;
use super::{Ip, Layer, Problem, WireError, protocol};
use crate::seq::Seq;

/// An ICMP (RFC 792) or ICMPv6 (RFC 4443) message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icmp {
    /// Type, in the numbering of the address family.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// The second 32-bit word: MTU, identifier and sequence, pointer, or zero.
    pub rest: u32,
    /// What follows; for errors, the quoted packet.
    pub payload: Vec<u8>,
}

/// Where the checksum stands.
const CHECKSUM: usize = 2;

impl Icmp {
    /// Appends the message, cut to `len` octets.
    pub(super) fn encode(&self, ip: &Ip, len: usize, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[self.kind, self.code, 0, 0]);
        out.extend_from_slice(&self.rest.to_be_bytes());
        out.extend(self.payload.iter().take(len.saturating_sub(8)));
        seal(checksum_start(ip, len), out, start, CHECKSUM);
    }

    /// The message, and what is wrong with its checksum. `start`: where in the packet it begins.
    pub(super) fn decode(ip: &Ip, octets: &[u8], start: usize) -> Result<(Icmp, Option<WireError>), WireError> {
        let layer = if ip.source.is_ipv4() { Layer::Icmp } else { Layer::Icmpv6 };
        let [kind, code, _, _, _, _, _, _, payload @ ..] = octets else {
            let found = octets.len() as u32;
            return Err(WireError { layer, offset: start, problem: Problem::Truncated, required: 8, found });
        };
        let icmp = Icmp { kind: *kind, code: *code, rest: u32_at(octets, 4), payload: payload.to_vec() };
        let fault = check(checksum_start(ip, octets.len()), octets, CHECKSUM, layer, start);
        Ok((icmp, fault))
    }
}

/// Only ICMPv6 has a pseudo-header (RFC 4443 §2.3).
fn checksum_start(ip: &Ip, len: usize) -> Sum16BitWords {
    if ip.source.is_ipv4() && ip.destination.is_ipv4() {
        Sum16BitWords::new()
    } else {
        pseudo_header(ip, protocol::ICMPV6, len)
    }
}

/// What an ICMP error tells of the segment that caused it: all that RFC 792 obliges it to quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotedSegment {
    /// The source address of the quoted packet.
    pub source: IpAddr,
    /// The destination address of the quoted packet.
    pub destination: IpAddr,
    /// Its source port.
    pub source_port: u16,
    /// Its destination port.
    pub destination_port: u16,
    /// SEG.SEQ of the quoted segment, by which RFC 5927 §4 tells a forgery.
    pub seq: Seq,
    /// The length of the quoted packet, as its IP header tells it, in octets (RFC 1191 §5).
    pub packet_len: u32,
}

impl Icmp {
    /// Builds the message with which a router or a host answers `original`, quoting as much of it
    /// as an ICMP message may hold: 576 octets in all for IPv4 (RFC 1812 §4.3.2.3), 1,280 for
    /// IPv6 (RFC 4443 §2.4).
    pub fn quoting(kind: u8, code: u8, rest: u32, original: &[u8]) -> Icmp {
        let room = if version(original) == 4 { 576 - 28 } else { 1280 - 48 };
        let payload = original.get(..room).unwrap_or(original).to_vec();
        Icmp { kind, code, rest, payload }
    }

    /// The segment that an error message quotes; `None` if it is no error or quotes no TCP.
    ///
    /// Eight octets of TCP header are enough, and no checksum or length is verified: routers
    /// change what they forward and cut what they quote.
    pub fn quoted(&self) -> Option<QuotedSegment> {
        let octets = self.payload.as_slice();
        let (source, destination, packet_len, transport): (IpAddr, IpAddr, u32, &[u8]) = match version(octets) {
            4 if v4::ERRORS.contains(&self.kind) => {
                let header_len = usize::from(octets.first()? & 0xf) * 4;
                let fragment_offset = u16_at(octets, 6) & 0x1fff;
                let is_first_of_tcp = octets.get(9) == Some(&protocol::TCP) && fragment_offset == 0;
                let transport = octets.get(header_len..).filter(|_| header_len >= 20 && is_first_of_tcp)?;
                (
                    address::<4>(octets, 12)?.into(),
                    address::<4>(octets, 16)?.into(),
                    u16_at(octets, 2).into(),
                    transport,
                )
            }
            6 if v6::ERRORS.contains(&self.kind) => {
                let transport = octets.get(40..).filter(|_| octets.get(6) == Some(&protocol::TCP))?;
                let packet_len = u32::from(u16_at(octets, 4)) + 40;
                (address::<16>(octets, 8)?.into(), address::<16>(octets, 24)?.into(), packet_len, transport)
            }
            _ => return None,
        };
        let transport: &[u8; 8] = transport.first_chunk()?;
        Some(QuotedSegment {
            source,
            destination,
            source_port: u16_at(transport, 0),
            destination_port: u16_at(transport, 2),
            seq: Seq(u32_at(transport, 4)),
            packet_len,
        })
    }

    /// An echo request of the address family; `identifier` and `sequence` come back with the reply.
    pub fn echo_request(is_v6: bool, identifier: u16, sequence: u16, payload: Vec<u8>) -> Icmp {
        let kind = if is_v6 { v6::ECHO_REQUEST } else { v4::ECHO_REQUEST };
        Icmp { kind, code: 0, rest: u32::from(identifier) << 16 | u32::from(sequence), payload }
    }

    /// Identifier and sequence number, if this is an echo request or reply of either family.
    pub fn echo(&self) -> Option<(u16, u16)> {
        let kinds = [v4::ECHO_REQUEST, v4::ECHO_REPLY, v6::ECHO_REQUEST, v6::ECHO_REPLY];
        kinds.contains(&self.kind).then_some(((self.rest >> 16) as u16, self.rest as u16))
    }

    /// The MTU of the next hop in octets, if this is a "fragmentation needed" (RFC 1191 §4, where
    /// 0 comes from a router that does not know) or a "packet too big" (RFC 4443 §3.2).
    pub fn mtu(&self) -> Option<u32> {
        match (version(&self.payload), self.kind, self.code) {
            (4, v4::UNREACHABLE, v4::FRAGMENTATION_NEEDED) => Some(self.rest & 0xffff),
            (6, v6::PACKET_TOO_BIG, _) => Some(self.rest),
            _ => None,
        }
    }
}

/// The IP version that `octets` claim to be of.
fn version(octets: &[u8]) -> u8 {
    octets.first().map_or(0, |first| first >> 4)
}

fn address<const N: usize>(octets: &[u8], at: usize) -> Option<[u8; N]> {
    octets.get(at..)?.first_chunk().copied()
}

/// ICMP numbers (RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1).
pub mod v4 {
    /// Echo reply.
    pub const ECHO_REPLY: u8 = 0;
    /// Destination unreachable.
    pub const UNREACHABLE: u8 = 3;
    /// Source quench, deprecated by RFC 6633.
    pub const SOURCE_QUENCH: u8 = 4;
    /// Redirect.
    pub const REDIRECT: u8 = 5;
    /// Echo request.
    pub const ECHO_REQUEST: u8 = 8;
    /// Time exceeded.
    pub const TIME_EXCEEDED: u8 = 11;
    /// Parameter problem.
    pub const PARAMETER_PROBLEM: u8 = 12;
    /// The code of [`UNREACHABLE`] for a port that nobody listens on.
    pub const PORT_UNREACHABLE: u8 = 3;
    /// The code of [`UNREACHABLE`] for a packet that must not be fragmented (RFC 1191).
    pub const FRAGMENTATION_NEEDED: u8 = 4;
    /// The types that quote a packet.
    pub const ERRORS: [u8; 5] = [UNREACHABLE, SOURCE_QUENCH, REDIRECT, TIME_EXCEEDED, PARAMETER_PROBLEM];

    const UNREACHABLE_CODES: [&str; 16] = [
        "network unreachable",
        "host unreachable",
        "protocol unreachable",
        "port unreachable",
        "fragmentation needed",
        "source route failed",
        "network unknown",
        "host unknown",
        "source host isolated",
        "network prohibited",
        "host prohibited",
        "network unreachable for this type of service",
        "host unreachable for this type of service",
        "communication prohibited by filter",
        "host precedence violation",
        "precedence cutoff",
    ];

    /// What a type and code mean in English, if a standard says so.
    pub fn name(kind: u8, code: u8) -> Option<&'static str> {
        Some(match (kind, code) {
            (ECHO_REPLY, _) => "echo reply",
            (UNREACHABLE, _) => return UNREACHABLE_CODES.get(usize::from(code)).copied(),
            (SOURCE_QUENCH, _) => "source quench",
            (REDIRECT, 0) => "redirect for network",
            (REDIRECT, 1) => "redirect for host",
            (REDIRECT, 2) => "redirect for type of service and network",
            (REDIRECT, 3) => "redirect for type of service and host",
            (ECHO_REQUEST, _) => "echo request",
            (TIME_EXCEEDED, 0) => "time exceeded in transit",
            (TIME_EXCEEDED, 1) => "fragment reassembly time exceeded",
            (PARAMETER_PROBLEM, 0) => "parameter problem",
            (PARAMETER_PROBLEM, 1) => "required option missing",
            (PARAMETER_PROBLEM, 2) => "bad length",
            _ => return None,
        })
    }
}

/// ICMPv6 numbers (RFC 4443).
pub mod v6 {
    /// Destination unreachable.
    pub const UNREACHABLE: u8 = 1;
    /// Packet too big.
    pub const PACKET_TOO_BIG: u8 = 2;
    /// Time exceeded.
    pub const TIME_EXCEEDED: u8 = 3;
    /// Parameter problem.
    pub const PARAMETER_PROBLEM: u8 = 4;
    /// Echo request.
    pub const ECHO_REQUEST: u8 = 128;
    /// Echo reply.
    pub const ECHO_REPLY: u8 = 129;
    /// The code of [`UNREACHABLE`] for a port that nobody listens on.
    pub const PORT_UNREACHABLE: u8 = 4;
    /// The types that quote a packet.
    pub const ERRORS: [u8; 4] = [UNREACHABLE, PACKET_TOO_BIG, TIME_EXCEEDED, PARAMETER_PROBLEM];

    const UNREACHABLE_CODES: [&str; 7] = [
        "no route to destination",
        "communication prohibited",
        "beyond scope of source address",
        "address unreachable",
        "port unreachable",
        "source address failed policy",
        "route rejected",
    ];

    /// What a type and code mean in English, if a standard says so.
    pub fn name(kind: u8, code: u8) -> Option<&'static str> {
        Some(match (kind, code) {
            (UNREACHABLE, _) => return UNREACHABLE_CODES.get(usize::from(code)).copied(),
            (PACKET_TOO_BIG, _) => "packet too big",
            (TIME_EXCEEDED, 0) => "hop limit exceeded in transit",
            (TIME_EXCEEDED, 1) => "fragment reassembly time exceeded",
            (PARAMETER_PROBLEM, 0) => "erroneous header field",
            (PARAMETER_PROBLEM, 1) => "unrecognized next header",
            (PARAMETER_PROBLEM, 2) => "unrecognized option",
            (ECHO_REQUEST, _) => "echo request",
            (ECHO_REPLY, _) => "echo reply",
            (133, _) => "router solicitation",
            (134, _) => "router advertisement",
            (135, _) => "neighbor solicitation",
            (136, _) => "neighbor advertisement",
            _ => return None,
        })
    }
}
