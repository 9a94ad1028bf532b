//! The digest of a TCP segment (RFC 2385 §2.0).

use md5::{Digest, Md5};
use wirelaw_reference::wire::Ip;

use super::headers::header_len;

/// The length of the digest in octets.
pub(super) const LENGTH: usize = 16;

/// The digest of the TCP packet `octets` with this secret: over the pseudo-header, the header without its
/// options and with a checksum of zero, the text, and the secret. `None` if this is no such packet.
pub(super) fn digest(ip: &Ip, octets: &[u8], secret: &[u8]) -> Option<[u8; LENGTH]> {
    let segment = octets.get(header_len(ip)..)?;
    let mut header: [u8; 20] = *segment.first_chunk()?;
    let text = segment.get(usize::from(header[12] >> 4) * 4..)?;
    header[16..18].fill(0);
    let mut hash = Md5::new();
    hash.update(super::headers::pseudo_header(ip, 6, segment.len()));
    hash.update(header);
    hash.update(text);
    hash.update(secret);
    Some(hash.finalize().into())
}

/// Writes the digest into the option of kind 19 with 16 octets that the TCP packet `octets` has.
pub(super) fn sign(ip: &Ip, octets: &mut [u8], secret: &[u8]) {
    let Some(digest) = digest(ip, octets, secret) else { return };
    let Some(at) = place(octets, header_len(ip)) else { return };
    octets[at..at + LENGTH].copy_from_slice(&digest);
    super::headers::seal_tcp(ip, octets);
}

/// Where in the packet the digest stands.
fn place(octets: &[u8], tcp: usize) -> Option<usize> {
    let end = tcp + usize::from(octets.get(tcp + 12)? >> 4) * 4;
    let mut at = tcp + 20;
    while at < end {
        match (octets.get(at)?, octets.get(at + 1)) {
            (0, _) => return None,
            (1, _) => at += 1,
            (19, Some(18)) if at + 2 + LENGTH <= end.min(octets.len()) => return Some(at + 2),
            (_, Some(length @ 2..)) => at += usize::from(*length),
            _ => return None,
        }
    }
    None
}
