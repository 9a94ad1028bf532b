//! UDP (RFC 768), which scripts use to provoke a stack and not to test it.

use alloc::vec::Vec;

use super::checksum::{check, pseudo_header, put_u16, u16_at};
use super::ip::seal;
use super::{Ip, Layer, Problem, WireError, protocol};

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

/// Where the checksum stands.
const CHECKSUM: usize = 6;

impl Udp {
    /// Appends the datagram, cut to `len` octets.
    pub(super) fn encode(&self, ip: &Ip, len: usize, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.source_port.to_be_bytes());
        out.extend_from_slice(&self.destination_port.to_be_bytes());
        out.extend_from_slice(&(len as u16).to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend(self.payload.iter().take(len.saturating_sub(8)));
        if seal(pseudo_header(ip, protocol::UDP, len), out, start, CHECKSUM) == 0 {
            put_u16(out, start + CHECKSUM, 0xffff); // 0 would say that there is none
        }
    }

    /// The datagram, and what is wrong with its checksum. `start`: where in the packet it begins.
    pub(super) fn decode(ip: &Ip, octets: &[u8], start: usize) -> Result<(Udp, Option<WireError>), WireError> {
        let error = |offset, problem, required, found: usize| WireError {
            layer: Layer::Udp,
            offset: start + offset,
            problem,
            required,
            found: found as u32,
        };
        if octets.len() < 8 {
            return Err(error(0, Problem::Truncated, 8, octets.len()));
        }
        let length = usize::from(u16_at(octets, 4));
        if length < 8 {
            return Err(error(4, Problem::LengthTooSmall, 8, length));
        }
        let octets = octets.get(..length).ok_or(error(4, Problem::LengthTooLarge, octets.len() as u32, length))?;
        let udp = Udp {
            source_port: u16_at(octets, 0),
            destination_port: u16_at(octets, 2),
            payload: octets.get(8..).unwrap_or_default().to_vec(),
        };
        // Only IPv4 may do without (RFC 8200 §8.1).
        let absent = ip.source.is_ipv4() && u16_at(octets, CHECKSUM) == 0;
        let fault = if absent {
            None
        } else {
            check(pseudo_header(ip, protocol::UDP, length), octets, CHECKSUM, Layer::Udp, start)
        };
        Ok((udp, fault))
    }
}
