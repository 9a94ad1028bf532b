//! Octets in hexadecimal.

use std::fmt::Write;

/// Two lower-case digits for each octet.
pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}
