//! The Internet checksum (RFC 1071) and the pseudo-headers of RFC 9293 §3.1 and RFC 8200 §8.1.

use core::net::IpAddr;

use etherparse::checksum::Sum16BitWords;

use super::{Ip, Layer, Problem, WireError};

/// The sum of the pseudo-header of a transport packet of `length` octets.
pub(super) fn pseudo_header(ip: &Ip, protocol: u8, length: usize) -> Sum16BitWords {
    let length = (length as u32).to_be_bytes(); // in IPv4 the high half is zero and adds nothing
    let sum = Sum16BitWords::new().add_2bytes([0, protocol]).add_slice(&length);
    match (ip.source, ip.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            sum.add_slice(&source.octets()).add_slice(&destination.octets())
        }
        (source, destination) => {
            sum.add_slice(&super::ip::v6(source).octets()).add_slice(&super::ip::v6(destination).octets())
        }
    }
}

/// Adds octets that begin at an even place.
///
/// Words of 32 bits add up to the same as their halves, for 2^16 is 1 modulo 2^16 - 1 (RFC 1071
/// §2 B); in 64 bits they need no carry, so that the machine can add several at once.
fn add(sum: Sum16BitWords, octets: &[u8]) -> Sum16BitWords {
    let (words, rest) = octets.as_chunks::<4>();
    let total: u64 = words.iter().map(|word| u64::from(u32::from_ne_bytes(*word))).sum();
    let mut sum = sum.add_slice(rest);
    sum.add_8bytes(total.to_ne_bytes())
}

/// The checksum to be written at `field` (an even place) of `octets`, whatever stands there.
pub(super) fn make(sum: Sum16BitWords, octets: &[u8], field: usize) -> u16 {
    let before = octets.get(..field).unwrap_or_default();
    let after = octets.get(field + 2..).unwrap_or_default();
    add(add(sum, before), after).ones_complement().to_be()
}

/// The error, if the checksum at `field` of `octets` is wrong; `start` is where in the packet they begin.
pub(super) fn check(sum: Sum16BitWords, octets: &[u8], field: usize, layer: Layer, start: usize) -> Option<WireError> {
    let found = u16_at(octets, field);
    let required = make(sum, octets, field);
    // Zero has two forms in one's complement; a receiver cannot tell them apart (RFC 1071 §1).
    let right = found == required || (found ^ required == 0xffff && (found == 0 || required == 0));
    (!right).then(|| WireError {
        layer,
        offset: start + field,
        problem: Problem::Checksum,
        required: required.into(),
        found: found.into(),
    })
}

/// The 16-bit number at `at`, or 0 beyond the end.
pub(super) fn u16_at(octets: &[u8], at: usize) -> u16 {
    octets.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |two| u16::from_be_bytes(*two))
}

/// The 32-bit number at `at`, or 0 beyond the end.
pub(super) fn u32_at(octets: &[u8], at: usize) -> u32 {
    octets.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |four| u32::from_be_bytes(*four))
}

/// Overwrites the two octets at `at`.
pub(super) fn put_u16(octets: &mut [u8], at: usize, value: u16) {
    if let Some(field) = octets.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
        *field = value.to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::{Sum16BitWords, add};
    use proptest::prelude::*;

    proptest! {
        /// The same sum as word by word, of any length and with any start.
        #[test]
        fn like_word_by_word(start in any::<[u8; 2]>(), octets in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut naive = u32::from(u16::from_be_bytes(start));
            for pair in octets.chunks(2) {
                naive += u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
                naive = (naive & 0xffff) + (naive >> 16);
            }
            let sum = add(Sum16BitWords::new().add_2bytes(start), &octets);
            prop_assert_eq!(sum.ones_complement().to_be(), !(naive as u16));
        }
    }
}
