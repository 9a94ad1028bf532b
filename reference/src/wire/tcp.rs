//! TCP segments (RFC 9293 §3.1).

use alloc::vec::Vec;
use core::fmt;

use super::checksum::{check, pseudo_header, u16_at, u32_at};
use super::ip::seal;
use super::options::{TcpOption, decode_options, encode_options, encoded_len};
use super::{Ip, Layer, Leniency, Problem, WireError, protocol};
use crate::seq::Seq;

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
        let controls = u32::from(self.flags.contains(Flags::SYN)) + u32::from(self.flags.contains(Flags::FIN));
        (self.payload.len() as u32).saturating_add(controls)
    }

    /// Whether the segment occupies no sequence space.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sequence number after the last octet of the segment.
    pub fn end(&self) -> Seq {
        self.seq + self.len()
    }

    /// The octets that the options need, unpadded; beyond [`MAX_OPTIONS`](super::MAX_OPTIONS) they cannot be sent.
    pub fn options_len(&self) -> usize {
        self.options.iter().map(TcpOption::encoded_len).sum()
    }

    /// The length of the header in octets, options and padding included, as it is encoded: 20 to 60.
    pub fn header_len(&self) -> usize {
        HEADER + encoded_len(&self.options).next_multiple_of(4)
    }

    /// Appends the segment, its text cut so that the whole has `len` octets.
    pub(super) fn encode(&self, ip: &Ip, len: usize, out: &mut Vec<u8>) {
        let start = out.len();
        let header_len = self.header_len();
        out.extend_from_slice(&self.source_port.to_be_bytes());
        out.extend_from_slice(&self.destination_port.to_be_bytes());
        out.extend_from_slice(&self.seq.0.to_be_bytes());
        out.extend_from_slice(&self.ack.0.to_be_bytes());
        let words = (header_len / 4) as u16;
        out.extend_from_slice(&(words << 12 | self.flags.0 & 0xfff).to_be_bytes());
        out.extend_from_slice(&self.window.to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&self.urgent_pointer.to_be_bytes());
        encode_options(&self.options, out);
        out.resize(start + header_len, 0); // padding is zeros (RFC 9293 §3.1, MUST-69)
        let room = self.payload.len().min(len.saturating_sub(header_len));
        out.extend_from_slice(&self.payload[..room]);
        seal(pseudo_header(ip, protocol::TCP, len), out, start, CHECKSUM);
    }

    /// Reads a segment into this one; what is wrong with it that `leniency` puts up with.
    /// `start`: where in the packet the segment begins. After an error this one means nothing.
    pub(super) fn decode_into(
        &mut self,
        ip: &Ip,
        octets: &[u8],
        start: usize,
        leniency: Leniency,
    ) -> Result<Option<WireError>, WireError> {
        let error = |offset, problem, required, found: usize| WireError {
            layer: Layer::Tcp,
            offset: start + offset,
            problem,
            required,
            found: found as u32,
        };
        if octets.len() < HEADER {
            return Err(error(0, Problem::Truncated, HEADER as u32, octets.len()));
        }
        let fault = check(pseudo_header(ip, protocol::TCP, octets.len()), octets, CHECKSUM, Layer::Tcp, start);
        // Nothing that a wrong checksum covers is worth a complaint of its own.
        if let Some(fault) = fault.filter(|_| leniency != Leniency::Checksum) {
            return Err(fault);
        }
        let offset_and_flags = u16_at(octets, 12);
        let words = usize::from(offset_and_flags >> 12);
        if words < HEADER / 4 {
            return Err(error(12, Problem::DataOffsetTooSmall, 5, words));
        }
        let (Some(options), Some(text)) = (octets.get(HEADER..words * 4), octets.get(words * 4..)) else {
            return Err(error(12, Problem::DataOffsetTooLarge, (octets.len() / 4) as u32, words));
        };
        self.source_port = u16_at(octets, 0);
        self.destination_port = u16_at(octets, 2);
        self.seq = Seq(u32_at(octets, 4));
        self.ack = Seq(u32_at(octets, 8));
        self.flags = Flags(offset_and_flags & 0xfff);
        self.window = u16_at(octets, 14);
        self.urgent_pointer = u16_at(octets, 18);
        let illegal = decode_options(options, start + HEADER, &mut self.options).err();
        if let Some(illegal) = illegal.filter(|_| leniency != Leniency::Options) {
            return Err(illegal);
        }
        self.payload.clear();
        self.payload.extend_from_slice(text);
        Ok(fault.or(illegal))
    }
}

impl fmt::Display for Segment {
    /// As tcpdump shows it, without addresses and with absolute numbers:
    /// `Flags [S], seq 3626544836, win 65535, options [mss 1460], length 0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flags [{}]", self.flags.letters())?;
        let length = self.payload.len() as u32;
        if length > 0 {
            write!(f, ", seq {}:{}", self.seq, self.seq + length)?;
        } else {
            write!(f, ", seq {}", self.seq)?;
        }
        if self.flags.contains(Flags::ACK) {
            write!(f, ", ack {}", self.ack)?;
        }
        write!(f, ", win {}", self.window)?;
        if self.flags.contains(Flags::URG) {
            write!(f, ", urg {}", self.urgent_pointer)?;
        }
        for (index, option) in self.options.iter().enumerate() {
            write!(f, "{}{option}", if index == 0 { ", options [" } else { "," })?;
        }
        let close = if self.options.is_empty() { "" } else { "]" };
        write!(f, "{close}, length {length}")
    }
}

/// The length of a header without options, in octets.
const HEADER: usize = 20;
/// Where the checksum stands.
const CHECKSUM: usize = 16;

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

    /// As tcpdump writes them: `S.`, `P.`, `R`, `none`; reserved bits as a hexadecimal number behind.
    pub fn letters(self) -> impl fmt::Display {
        Letters(self)
    }

    /// These flags but for those of `other`.
    #[must_use]
    pub const fn without(self, other: Flags) -> Flags {
        Flags(self.0 & !other.0)
    }
}

impl Flags {
    /// The letters of the flags that are set, in the order of `letters`.
    fn write_letters(self, f: &mut fmt::Formatter<'_>, letters: &[(Flags, &str)]) -> fmt::Result {
        letters.iter().filter(|(flag, _)| self.contains(*flag)).try_for_each(|(_, letter)| f.write_str(letter))
    }
}

impl core::ops::BitOr for Flags {
    type Output = Flags;

    fn bitor(self, other: Flags) -> Flags {
        self.with(other)
    }
}

impl fmt::Display for Flags {
    /// Script syntax: `S`, `S.`, `FP.`, `-` for none; the ACK dot goes last.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
        self.write_letters(f, &LETTERS)
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

struct Letters(Flags);

impl fmt::Display for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LETTERS: [(Flags, &str); 9] = [
            (Flags::FIN, "F"),
            (Flags::SYN, "S"),
            (Flags::RST, "R"),
            (Flags::PSH, "P"),
            (Flags::ACK, "."),
            (Flags::URG, "U"),
            (Flags::ECE, "E"),
            (Flags::CWR, "W"),
            (Flags::AE, "e"),
        ];
        if self.0 == Flags::NONE {
            return f.write_str("none");
        }
        self.0.write_letters(f, &LETTERS)?;
        if self.0.intersects(Flags::RESERVED) {
            write!(f, " reserved 0x{:x}", (self.0.0 & Flags::RESERVED.0) >> 9)?;
        }
        Ok(())
    }
}
