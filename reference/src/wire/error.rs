//! What is wrong with octets: where, what was required, what was found.

use core::fmt;

/// Why octets are no packet. Displayed in one line:
/// `tcp at octet 32: data offset 4 words, at least 5 required`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireError {
    /// Whose header is wrong.
    pub layer: Layer,
    /// Where the wrong field stands, in octets from the beginning of the packet.
    pub offset: usize,
    /// What is wrong.
    pub problem: Problem,
    /// The value or the limit that [`WireError::problem`] speaks of.
    pub required: u32,
    /// What the octets hold instead.
    pub found: u32,
}

/// The header that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// IP, before its version is known.
    Ip,
    /// IPv4 (RFC 791)
    Ipv4,
    /// IPv6 (RFC 8200)
    Ipv6,
    /// TCP (RFC 9293 §3.1)
    Tcp,
    /// A TCP option (RFC 9293 §3.2)
    TcpOption,
    /// UDP (RFC 768)
    Udp,
    /// ICMP (RFC 792)
    Icmp,
    /// ICMPv6 (RFC 4443)
    Icmpv6,
}

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Fewer octets than the header needs.
    Truncated,
    /// An IP version that is neither 4 nor 6.
    Version,
    /// An IPv4 header length, in 32-bit words, below its minimum.
    HeaderLength,
    /// A length of the whole, in octets, that its own headers exceed.
    LengthTooSmall,
    /// A length of the whole, in octets, that exceeds the octets at hand.
    LengthTooLarge,
    /// A fragment: `found` is its offset field with the "more fragments" bit.
    Fragment,
    /// An IPv6 extension header that is not skipped.
    Extension,
    /// A protocol that this module does not read.
    Protocol,
    /// A TCP data offset, in 32-bit words, below its minimum.
    DataOffsetTooSmall,
    /// A TCP data offset, in 32-bit words, beyond the end of the segment.
    DataOffsetTooLarge,
    /// A TCP option without length octet, or with a length below 2.
    OptionTooShort,
    /// A TCP option that runs beyond the header.
    OptionTooLong,
    /// A checksum that does not fit the octets.
    Checksum,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Layer::Ip => "ip",
            Layer::Ipv4 => "ipv4",
            Layer::Ipv6 => "ipv6",
            Layer::Tcp => "tcp",
            Layer::TcpOption => "tcp option",
            Layer::Udp => "udp",
            Layer::Icmp => "icmp",
            Layer::Icmpv6 => "icmpv6",
        })
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WireError { layer, offset, problem, required, found } = self;
        write!(f, "{layer} at octet {offset}: ")?;
        match problem {
            Problem::Truncated => write!(f, "{found} octets present, at least {required} required"),
            Problem::Version => write!(f, "version {found}, 4 or 6 required"),
            Problem::HeaderLength => write!(f, "header length {found} words, at least {required} required"),
            Problem::LengthTooSmall => write!(f, "length field {found} octets, at least {required} required"),
            Problem::LengthTooLarge => write!(f, "length field {found} octets, at most {required} present"),
            Problem::Fragment => write!(f, "fragment field 0x{found:04x}, a whole packet required"),
            Problem::Extension => {
                write!(f, "extension header {found}, none but hop-by-hop and destination options read")
            }
            Problem::Protocol => write!(f, "protocol {found}, tcp (6), udp (17) or icmp ({required}) required"),
            Problem::DataOffsetTooSmall => write!(f, "data offset {found} words, at least {required} required"),
            Problem::DataOffsetTooLarge => write!(f, "data offset {found} words, at most {required} present"),
            Problem::OptionTooShort => write!(f, "length {found} octets, at least {required} required"),
            Problem::OptionTooLong => write!(f, "length {found} octets, at most {required} present"),
            Problem::Checksum => write!(f, "checksum 0x{found:04x}, 0x{required:04x} required"),
        }
    }
}

impl core::error::Error for WireError {}
