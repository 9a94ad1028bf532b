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

#[cfg(test)]
mod tests {
    use md5::{Digest, Md5};
    use wirelaw_reference::wire::{Packet, Segment, TcpOption};

    use super::{digest, sign};

    /// The pieces of RFC 2385 §2.0 put together by hand.
    #[test]
    fn the_digest_is_that_of_the_rfc() {
        let options = vec![TcpOption::NoOperation, TcpOption::NoOperation, TcpOption::Md5(vec![0; 16])];
        let segment = Segment {
            source_port: 0x0102,
            destination_port: 0x0304,
            options,
            payload: b"hi".into(),
            ..Segment::default()
        };
        let packet = Packet::tcp([10, 0, 0, 1].into(), [10, 0, 0, 2].into(), segment);
        let mut octets = packet.encode();
        let before = octets.clone();
        sign(&packet.ip, &mut octets, b"secret");
        let mut covered = vec![10, 0, 0, 1, 10, 0, 0, 2, 0, 6, 0, 42];
        covered.extend([1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0xa0, 0, 0, 0, 0, 0, 0, 0]);
        covered.extend(b"hisecret");
        let wanted: [u8; 16] = Md5::digest(&covered).into();
        assert_eq!(octets[44..60], wanted);
        assert_eq!((&octets[..36], &octets[38..44], &octets[60..]), (&before[..36], &before[38..44], &before[60..]));
        assert!(Packet::decode(&octets).is_ok(), "the checksum is made anew");
        assert_eq!(digest(&packet.ip, &octets, b"secret"), Some(wanted), "it does not cover itself");
        assert_ne!(digest(&packet.ip, &octets, b"Secret"), Some(wanted));
        assert_eq!(digest(&packet.ip, &octets[..30], b"secret"), None);
    }
}
