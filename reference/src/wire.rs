//! Octets to values and back; no policy (RFC 9293 §3.1, RFC 791, 8200, 792, 4443).
//!
//! [`Packet::decode`] accepts whatever is well formed, however senseless to a TCP; what it refuses
//! it refuses with layer, offset, required and found. [`Packet::encode`] makes all checksums.

use alloc::vec::Vec;
use core::net::IpAddr;

use crate::seq::Seq;

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

/// A UDP datagram (RFC 768).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Udp {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// The data.
    pub payload: Vec<u8>,
}

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

/// A TCP segment: header, options and data (RFC 9293 §3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// SEG.SEQ
    pub seq: Seq,
    /// SEG.ACK; meaningful only with [`Flags::ACK`].
    pub ack: Seq,
    /// Control bits, AE and the three reserved bits included.
    pub flags: Flags,
    /// The window field as it stands in the header, unscaled.
    pub window: u16,
    /// SEG.UP; meaningful only with [`Flags::URG`].
    pub urgent_pointer: u16,
    /// Options in wire order.
    pub options: Vec<TcpOption>,
    /// The text.
    pub payload: Vec<u8>,
}

impl Segment {
    /// SEG.LEN: octets of sequence space, SYN and FIN counted (RFC 9293 §3.4).
    pub fn len(&self) -> u32 {
        self.payload.len() as u32
            + u32::from(self.flags.contains(Flags::SYN))
            + u32::from(self.flags.contains(Flags::FIN))
    }

    /// Whether the segment occupies no sequence space.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sequence number after the last octet of the segment.
    pub fn end(&self) -> Seq {
        self.seq + self.len()
    }
}

/// The control bits of a TCP header, in wire order: FIN is bit 0, AE (once NS) bit 8, and the
/// reserved bits are 9 to 11.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(pub u16);

impl Flags {
    /// No flag.
    pub const NONE: Flags = Flags(0);
    /// No more data from the sender.
    pub const FIN: Flags = Flags(0x001);
    /// Synchronize sequence numbers.
    pub const SYN: Flags = Flags(0x002);
    /// Reset the connection.
    pub const RST: Flags = Flags(0x004);
    /// Push.
    pub const PSH: Flags = Flags(0x008);
    /// The acknowledgment field is significant.
    pub const ACK: Flags = Flags(0x010);
    /// The urgent pointer field is significant.
    pub const URG: Flags = Flags(0x020);
    /// ECN echo (RFC 3168).
    pub const ECE: Flags = Flags(0x040);
    /// Congestion window reduced (RFC 3168).
    pub const CWR: Flags = Flags(0x080);
    /// Accurate ECN (RFC 9768), the former NS bit.
    pub const AE: Flags = Flags(0x100);
    /// The three bits that are still reserved.
    pub const RESERVED: Flags = Flags(0xe00);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any bit of `other` is set.
    pub const fn intersects(self, other: Flags) -> bool {
        self.0 & other.0 != 0
    }

    /// These flags and those of `other`.
    #[must_use]
    pub const fn with(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// These flags but for those of `other`.
    #[must_use]
    pub const fn without(self, other: Flags) -> Flags {
        Flags(self.0 & !other.0)
    }
}

impl core::ops::BitOr for Flags {
    type Output = Flags;

    fn bitor(self, other: Flags) -> Flags {
        self.with(other)
    }
}

impl core::fmt::Display for Flags {
    /// Script syntax: `S`, `S.`, `FP.`, `-` for none; the ACK dot goes last.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        const LETTERS: [(Flags, &str); 9] = [
            (Flags::FIN, "F"),
            (Flags::SYN, "S"),
            (Flags::RST, "R"),
            (Flags::PSH, "P"),
            (Flags::URG, "U"),
            (Flags::ECE, "E"),
            (Flags::CWR, "W"),
            (Flags::AE, "A"),
            (Flags::ACK, "."),
        ];
        if self.without(Flags::RESERVED) == Flags::NONE {
            return f.write_str("-");
        }
        LETTERS.iter().filter(|(flag, _)| self.contains(*flag)).try_for_each(|(_, letter)| f.write_str(letter))
    }
}

impl core::fmt::Debug for Flags {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}

/// One TCP option. Lengths that no table knows travel as [`TcpOption::Raw`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcpOption {
    /// Kind 0.
    EndOfList,
    /// Kind 1.
    NoOperation,
    /// Kind 2: maximum segment size.
    Mss(u16),
    /// Kind 3: shift count of RFC 7323 §2.
    WindowScale(u8),
    /// Kind 4 (RFC 2018).
    SackPermitted,
    /// Kind 5: left and right edges (RFC 2018 §3).
    Sack(Vec<(Seq, Seq)>),
    /// Kind 8 (RFC 7323 §3).
    Timestamps {
        /// TSval
        val: u32,
        /// TSecr
        ecr: u32,
    },
    /// Kind 19 (RFC 2385): the digest, unchecked.
    Md5(Vec<u8>),
    /// Kind 34 (RFC 7413): the cookie, empty for a request.
    FastOpen(Vec<u8>),
    /// Kind 254 with the experiment id 0xF989: the cookie.
    FastOpenExperimental(Vec<u8>),
    /// Any other option: kind and what follows its length octet.
    Raw {
        /// The kind octet.
        kind: u8,
        /// The octets after the length octet.
        data: Vec<u8>,
    },
}
