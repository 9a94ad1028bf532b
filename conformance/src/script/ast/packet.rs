//! Packets, as scripts write them.

use std::net::{Ipv4Addr, Ipv6Addr};

use wirelaw_reference::wire::Flags;

use super::Spanned;

/// Who sends a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `<`: the runner sends it to the stack.
    Inbound,
    /// `>`: the stack is to send it.
    Outbound,
}

/// A packet line.
#[derive(Clone, Debug, PartialEq)]
pub struct PacketSpec {
    /// Who sends it.
    pub direction: Spanned<Direction>,
    /// `@name`: the connection that it belongs to, without the `@`.
    pub connection: Option<Spanned<String>>,
    /// Outer headers, outermost first; the innermost IP header is implicit.
    pub encapsulation: Vec<Spanned<Encapsulation>>,
    /// `[ect0]`, `(ttl 3)`, ...: what is said of the innermost IP header.
    pub ip: Option<Spanned<IpInfo>>,
    /// The rest.
    pub transport: TransportSpec,
    /// The text; of the length that the packet states. Not written: zero octets.
    pub payload: Option<Spanned<Vec<u8>>>,
}

/// What a packet carries.
#[derive(Clone, Debug, PartialEq)]
pub enum TransportSpec {
    /// A TCP segment.
    Tcp(TcpSpec),
    /// A UDP datagram.
    Udp(UdpSpec),
    /// An ICMP message.
    Icmp(IcmpSpec),
    /// `sctp: ...`, as written: SCTP is out of scope, so nothing is made of it.
    Sctp(Spanned<String>),
}

/// A TCP segment. Sequence numbers are absolute in segments with SYN and relative to the initial
/// sequence number in all others.
#[derive(Clone, Debug, PartialEq)]
pub struct TcpSpec {
    /// `encap psp spi N`: the security parameters index.
    pub psp: Option<Spanned<u32>>,
    /// `source > destination`
    pub ports: Option<Spanned<(u16, u16)>>,
    /// Control bits.
    pub flags: Spanned<FlagsSpec>,
    /// SEG.SEQ
    pub seq: Spanned<u32>,
    /// How SEG.SEQ is meant.
    pub seq_kind: SeqKind,
    /// The number after the last octet of text: `seq + len`, never beyond 2^32-1.
    pub end: Spanned<u32>,
    /// Octets of text.
    pub len: Spanned<u16>,
    /// SEG.ACK; not written: 0.
    pub ack: Option<Spanned<u32>>,
    /// The window field, unscaled. Always there inbound; not written outbound: not compared.
    pub window: Option<Spanned<u16>>,
    /// The urgent pointer; not written: 0.
    pub urgent: Option<Spanned<u16>>,
    /// The options.
    pub options: Spanned<OptionsSpec>,
    /// `[code N, pen N]`: the reason of a reset, which it carries as text.
    pub reason: Option<Spanned<ResetReason>>,
    /// `/udp(a > b)`: the segment is carried in UDP, with these ports.
    pub udp: Option<Spanned<(u16, u16)>>,
}

/// How a scripted sequence number is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SeqKind {
    /// As the SYN bit says: absolute with it, relative without.
    #[default]
    Mapped,
    /// `a:b(n)!`: as it is on the wire.
    Literal,
    /// `...(n)`: whatever comes. Outbound only.
    Any,
}

/// Why a connection is reset, for the diagnostic payload of a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetReason {
    /// `code N`
    pub code: u16,
    /// `pen N`: the private enterprise number to which the code belongs.
    pub pen: u32,
}

/// Control bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlagsSpec {
    /// All of them, those of [`FlagsSpec::ace`] included.
    pub flags: Flags,
    /// The ACE field (RFC 9768) if it was written as a digit: AE, CWR, ECE as bits 2, 1, 0.
    pub ace: Option<u8>,
}

/// The options of a TCP segment.
#[derive(Clone, Debug, PartialEq)]
pub enum OptionsSpec {
    /// Not written: there are none.
    None,
    /// `<...>`: whatever comes. Outbound only.
    Any,
    /// `<mss 1460, nop, ...>` without the dots: these, in this order; a multiple of 4 octets, at most 40.
    Exact(Vec<Spanned<OptionSpec>>),
    /// `<HEX>`: these octets; a multiple of 4, at most 40.
    Octets(Vec<u8>),
    /// `<mss 1460, ...>`: these, in any order, and perhaps others. Outbound only.
    AtLeast(Vec<Spanned<OptionSpec>>),
}

/// One TCP option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionSpec {
    /// `eol`
    EndOfList,
    /// `nop`
    NoOperation,
    /// `mss N`
    Mss(u16),
    /// `wscale N`
    WindowScale(u8),
    /// `sackOK`
    SackPermitted,
    /// `sack a:b ...`: one to four blocks.
    Sack(Vec<(u32, u32)>),
    /// `TS val N ecr N`
    Timestamps {
        /// TSval; `None`: `...`, whatever comes, and nothing is learnt from it.
        val: Option<u32>,
        /// TSecr
        ecr: u32,
        /// `ecr N!`: as it is on the wire.
        literal: bool,
    },
    /// `md5 HEX`: at most 16 octets.
    Md5(Vec<u8>),
    /// `md5 valid`: the digest of the segment (RFC 2385 §2.0).
    Md5Valid,
    /// `FO`, `FO HEX`: at most 38 octets; none = a request.
    FastOpen(Vec<u8>),
    /// `FOEXP`, `FOEXP HEX`: kind 254 with the experiment id F989; at most 36 octets.
    FastOpenExperimental(Vec<u8>),
    /// `kind N HEX`: any other option, by its kind; ours alone.
    Raw {
        /// Above 1: those of kind 0 and 1 have no length.
        kind: u8,
        /// What follows the length octet.
        data: Vec<u8>,
    },
    /// `gen-N HEX`: the same in the words of FreeBSD's dialect.
    Generic {
        /// Above 1.
        kind: u8,
        /// What follows the length octet.
        data: Vec<u8>,
    },
    /// `exp-FO`, `exp-FO HEX`: [`OptionSpec::FastOpenExperimental`] in the words of FreeBSD's dialect.
    ExpFastOpen(Vec<u8>),
    /// `exp-XXXX HEX`: kind 254 with an experiment id (RFC 6994).
    Experiment {
        /// The experiment id.
        id: u16,
        /// What follows it.
        data: Vec<u8>,
    },
    /// `exp-tarr`, `exp-tarr N`: a request for a rate of acknowledgments.
    AckRate(Option<u16>),
    /// `ECN e0b N ...` or `ECN e1b N ...`, and `AccECN0 ...` and its kin
    AccEcn(AccEcn),
}

/// An AccECN option (RFC 9768 §3.2.3): one to three counters of 24 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccEcn {
    /// `false`: order 0 (kind 172), E0B CEB E1B; `true`: order 1 (kind 174), E1B CEB E0B.
    pub e1b_first: bool,
    /// The counters in the order of the option.
    pub counters: Vec<u32>,
    /// Which words of which dialect say it.
    pub words: AccEcnWords,
}

/// The words for an AccECN option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccEcnWords {
    /// `ECN e0b N ceb N e1b N`
    Ecn,
    /// `AccECN0 ee0b N eceb N ee1b N`
    AccEcn,
    /// `exp-AccECN0 ...`: as an experiment of kind 254 instead.
    Experiment,
}

impl OptionSpec {
    /// Octets on the wire, kind and length octets included.
    pub fn len(&self) -> usize {
        match self {
            OptionSpec::EndOfList | OptionSpec::NoOperation => 1,
            OptionSpec::Mss(_) => 4,
            OptionSpec::WindowScale(_) => 3,
            OptionSpec::SackPermitted => 2,
            OptionSpec::Sack(blocks) => 2 + 8 * blocks.len(),
            OptionSpec::Timestamps { .. } => 10,
            OptionSpec::Md5(octets) | OptionSpec::FastOpen(octets) => 2 + octets.len(),
            OptionSpec::Md5Valid => 18,
            OptionSpec::FastOpenExperimental(octets) | OptionSpec::ExpFastOpen(octets) => 4 + octets.len(),
            OptionSpec::Raw { data, .. } | OptionSpec::Generic { data, .. } => 2 + data.len(),
            OptionSpec::Experiment { data, .. } => 4 + data.len(),
            OptionSpec::AckRate(rate) => 4 + rate.map_or(0, |_| 2),
            OptionSpec::AccEcn(option) => {
                let id = if option.words == AccEcnWords::Experiment { 2 } else { 0 };
                2 + id + 3 * option.counters.len()
            }
        }
    }

    /// Never: every option has its kind octet.
    pub fn is_empty(&self) -> bool {
        false
    }
}

/// A UDP or UDP-Lite datagram.
#[derive(Clone, Debug, PartialEq)]
pub struct UdpSpec {
    /// `source > destination`
    pub ports: Option<Spanned<(u16, u16)>>,
    /// Octets of text.
    pub len: Spanned<u16>,
    /// `udplite (n, cov)`: the octets that the checksum covers, its header included; 0 = all (RFC 3828 §3.1).
    pub coverage: Option<Spanned<u16>>,
}

/// An ICMP or ICMPv6 message; which of the two is the runner's choice.
#[derive(Clone, Debug, PartialEq)]
pub struct IcmpSpec {
    /// The type.
    pub kind: Spanned<IcmpType>,
    /// The code; not written: 0.
    pub code: Option<Spanned<IcmpCode>>,
    /// `mtu N`, in octets.
    pub mtu: Option<Spanned<u32>>,
    /// `id N`: the echo identifier.
    pub id: Option<Spanned<u16>>,
    /// What of the offending packet is quoted; not written: TCP with sequence number 0.
    pub echoed: Option<Spanned<Echoed>>,
}

/// The type of an ICMP message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IcmpType {
    /// A name that `script::icmp` knows in at least one family.
    Name(String),
    /// `type_N`
    Number(u8),
}

/// The code of an ICMP message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IcmpCode {
    /// A name that `script::icmp` knows for the type in at least one family.
    Name(String),
    /// `code_N`
    Number(u8),
}

/// What an ICMP error quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echoed {
    /// `[a:b(n)]`: a TCP segment.
    Tcp {
        /// SEG.SEQ
        seq: u32,
        /// Octets of text; enters only the quoted IP length.
        len: u16,
        /// `/udp(a > b)`: the segment was carried in UDP.
        udp: Option<(u16, u16)>,
    },
    /// `[udp (n)]`: a datagram with so many octets of text.
    Udp(u16),
    /// `[raw (n)]`: no quoted header; the ICMP message has so many octets, at least 8.
    Raw(u16),
}

/// What is said of an IP header. Inbound: what it is to be; outbound: what is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IpInfo {
    /// TOS or traffic class.
    pub class: Option<TrafficClass>,
    /// `flowlabel 0x...`, 20 bits.
    pub flow_label: Option<u32>,
    /// `ttl N`, `hlim N`; outbound 255 = not compared.
    pub ttl: Option<u8>,
    /// Whether it was said in the words of IPv6: `class` for `tos`, `hlim` for `ttl`.
    pub v6_words: bool,
}

/// TOS or traffic class, whole or in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrafficClass {
    /// Only the two ECN bits.
    Ecn(EcnSpec),
    /// `tos 0xNN`, `class 0xNN`: the whole octet.
    Tos(u8),
    /// `dscp N`: only the upper six bits (RFC 2474 §3).
    Dscp(u8),
    /// Both parts.
    DscpAndEcn(u8, EcnSpec),
}

/// The ECN field of an IP header (RFC 3168 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EcnSpec {
    /// `noecn`: 00
    NoEcn,
    /// `ect1`: 01
    Ect1,
    /// `ect0`: 10
    Ect0,
    /// `ce`: 11
    Ce,
    /// `ect01`: 01 or 10. Outbound only.
    Ect01,
}

/// An outer header.
#[derive(Clone, Debug, PartialEq)]
pub enum Encapsulation {
    /// `ipv4 [info] A > B:`
    Ipv4 {
        /// What is said of it.
        info: Option<Spanned<IpInfo>>,
        /// A
        source: Ipv4Addr,
        /// B
        destination: Ipv4Addr,
    },
    /// `ipv6 [info] A > B:`
    Ipv6 {
        /// What is said of it.
        info: Option<Spanned<IpInfo>>,
        /// A
        source: Ipv6Addr,
        /// B
        destination: Ipv6Addr,
    },
    /// `gre ...:`
    Gre(Gre),
    /// `mpls (...) ...:`; at least one entry.
    Mpls(Vec<MplsEntry>),
}

/// A GRE header (RFC 2784, 2890).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gre {
    /// The first 16 bits.
    pub flags: u16,
    /// `sum N`
    pub sum: Option<u16>,
    /// `off N`
    pub off: Option<u16>,
    /// `key=N`
    pub key: Option<u32>,
    /// `seq N`
    pub seq: Option<u32>,
}

impl Gre {
    /// `checksum present`
    pub const CHECKSUM: u16 = 0x8000;
    /// `key present`
    pub const KEY: u16 = 0x2000;
    /// `sequence# present`
    pub const SEQUENCE: u16 = 0x1000;
}

/// One entry of an MPLS label stack (RFC 3032).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MplsEntry {
    /// 20 bits.
    pub label: u32,
    /// Traffic class, 3 bits.
    pub tc: u8,
    /// `[S]`: bottom of the stack.
    pub bottom: bool,
    /// Time to live.
    pub ttl: u8,
}
