//! Octets to values and back; no policy (RFC 9293 §3.1, RFC 791, 8200, 792, 4443).
//!
//! [`Packet::decode`] accepts whatever is well formed, however senseless to a TCP; what it refuses
//! it refuses with layer, offset, required and found. [`Packet::encode`] makes all checksums.

mod checksum;
mod error;
pub mod icmp;
mod ip;
mod options;
mod tcp;
#[cfg(test)]
mod tests;
mod udp;

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

pub use error::{Layer, Problem, WireError};
pub use icmp::{Icmp, QuotedSegment};
pub use options::{MAX_OPTIONS, TcpOption};
pub use tcp::{Flags, Segment};
pub use udp::Udp;

/// One IP packet: the values of its header and what it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The IP header.
    pub ip: Ip,
    /// The transport layer.
    pub body: Body,
}

/// The fields of an IPv4 or IPv6 header that a stack or a script can see; lengths, versions and
/// checksums follow from the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ip {
    /// Source address; its family is the packet's.
    pub source: IpAddr,
    /// Destination address, of the same family.
    pub destination: IpAddr,
    /// Time to live, or hop limit.
    pub hop_limit: u8,
    /// Type of service or traffic class: DSCP and, in the two low bits, ECN.
    pub traffic_class: u8,
    /// IPv6 flow label (20 bits); 0 in IPv4.
    pub flow_label: u32,
    /// The bit of IPv4 that keeps routers from fragmenting (RFC 791); in IPv6 none may, so `true`.
    pub dont_fragment: bool,
    /// What the fragments of an IPv4 packet have in common; it means nothing in a packet that may not
    /// be fragmented (RFC 6864 §4.1). 0 in IPv6.
    pub identification: u16,
}

/// What an IP packet carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A TCP segment.
    Tcp(Segment),
    /// A UDP datagram.
    Udp(Udp),
    /// An ICMP or ICMPv6 message.
    Icmp(Icmp),
}

/// The protocol numbers of IPv4 and the next header values of IPv6 that this module reads.
pub mod protocol {
    /// ICMP (RFC 792).
    pub const ICMP: u8 = 1;
    /// TCP (RFC 9293).
    pub const TCP: u8 = 6;
    /// UDP (RFC 768).
    pub const UDP: u8 = 17;
    /// ICMPv6 (RFC 4443).
    pub const ICMPV6: u8 = 58;
}

/// What is told beside a packet instead of being an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leniency {
    None,
    /// A wrong checksum of the transport layer.
    Checksum,
    /// An illegal length of a TCP option.
    Options,
}

impl Packet {
    /// A TCP segment between two addresses, with 64 hops to live.
    pub fn tcp(source: IpAddr, destination: IpAddr, segment: Segment) -> Packet {
        Packet { ip: Ip::new(source, destination), body: Body::Tcp(segment) }
    }

    /// A packet from nowhere to nowhere, to be written into.
    pub fn empty() -> Packet {
        let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Packet::tcp(nowhere, nowhere, Segment::default())
    }

    /// The segment, if the packet carries one.
    pub fn segment(&self) -> Option<&Segment> {
        match &self.body {
            Body::Tcp(segment) => Some(segment),
            Body::Udp(_) | Body::Icmp(_) => None,
        }
    }

    /// The segment to write into; whatever else the packet carried is dropped for an empty one.
    pub fn segment_mut(&mut self) -> &mut Segment {
        ip::segment_in(&mut self.body)
    }

    /// The octets of the packet, all checksums made.
    ///
    /// Never fails; what a header cannot hold is cut: options beyond [`MAX_OPTIONS`] octets (whole
    /// options only, see [`Segment::options_len`]) and payload beyond an IP packet of 65,535 octets.
    /// Of two addresses of different families the IPv4 one is written as IPv4-mapped IPv6 address.
    /// An IPv4 header has no options.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode_into(&mut out);
        out
    }

    /// As [`Packet::encode`], in place of what `out` holds; allocates only if its capacity is too small.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        out.clear();
        ip::encode(self, out);
    }

    /// The packet that `octets` hold; what follows its last octet (link padding) is ignored.
    ///
    /// Refuses wrong checksums, fragments, and extension headers other than IPv6 hop-by-hop and
    /// destination options, which are skipped, as are IPv4 options.
    pub fn decode(octets: &[u8]) -> Result<Packet, WireError> {
        let mut packet = Packet::empty();
        packet.decode_into(octets)?;
        Ok(packet)
    }

    /// As [`Packet::decode`], in place of what this packet holds; the buffers of a segment are
    /// reused. After an error the packet means nothing.
    pub fn decode_into(&mut self, octets: &[u8]) -> Result<(), WireError> {
        ip::decode_into(octets, Leniency::None, self)?.map_or(Ok(()), Err)
    }

    /// As [`Packet::decode`], but a wrong checksum of the transport layer is told beside the packet.
    pub fn decode_lenient(octets: &[u8]) -> Result<(Packet, Option<WireError>), WireError> {
        let mut packet = Packet::empty();
        let fault = ip::decode_into(octets, Leniency::Checksum, &mut packet)?;
        Ok((packet, fault))
    }

    /// As [`Packet::decode`], but an illegal length of a TCP option is told beside the packet, which
    /// has the options that stand before it: what to make of it is the receiver's choice (RFC 9293
    /// §3.1, MUST-7).
    pub fn decode_received(octets: &[u8]) -> Result<(Packet, Option<WireError>), WireError> {
        let mut packet = Packet::empty();
        let fault = ip::decode_into(octets, Leniency::Options, &mut packet)?;
        Ok((packet, fault))
    }
}

impl Ip {
    /// A header with 64 hops to live, "don't fragment", and nothing else set.
    pub fn new(source: IpAddr, destination: IpAddr) -> Ip {
        Ip {
            source,
            destination,
            hop_limit: 64,
            traffic_class: 0,
            flow_label: 0,
            dont_fragment: true,
            identification: 0,
        }
    }
}
