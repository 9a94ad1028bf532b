//! What a start-line says: version, status-code (RFC 9112 §2.3, §4).

use core::fmt;

use super::error::Fault;
use super::grammar::{DIGIT, is};

/// HTTP-version (RFC 9112 §2.3): always major 1, for others are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The minor version as it came, 0 to 9.
    pub minor: u8,
}

impl Version {
    /// HTTP/1.0.
    pub const HTTP_10: Version = Version { minor: 0 };
    /// HTTP/1.1.
    pub const HTTP_11: Version = Version { minor: 1 };

    /// Whether it is HTTP/1.1 or later, which counts as HTTP/1.1 (RFC 9110 §6.2).
    pub fn is_11(self) -> bool {
        self.minor >= 1
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP/1.{}", self.minor)
    }
}

/// Reads a version at `from`: `Ok(None)` if the octets end within it.
pub(super) fn version(octets: &[u8], from: usize) -> Result<Option<Version>, (Fault, usize)> {
    if octets.get(from..from + 8) == Some(b"HTTP/1.1") {
        return Ok(Some(Version::HTTP_11));
    }
    for (at, pattern) in (from..).zip(b"HTTP/0.0") {
        let Some(octet) = octets.get(at) else { return Ok(None) };
        let fits = if *pattern == b'0' { is(*octet, DIGIT) } else { octet == pattern };
        if !fits {
            return Err((Fault::Version, at));
        }
        let major_is_known = at != from + 7 || octets[from + 5] == b'1';
        if !major_is_known {
            return Err((Fault::VersionUnsupported, from + 5));
        }
    }
    Ok(Some(Version { minor: octets[from + 7] - b'0' }))
}

/// The class of a status-code (RFC 9110 §15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatusClass {
    /// 1xx: interim; another response follows.
    Informational,
    /// 2xx.
    Successful,
    /// 3xx.
    Redirection,
    /// 4xx.
    ClientError,
    /// 5xx, and every code outside 100 to 599.
    ServerError,
}

impl StatusClass {
    /// The class of a code of three digits; a code outside 100 to 599 counts as 5xx (RFC 9110 §15).
    pub fn of(code: u16) -> StatusClass {
        match code {
            100..=199 => StatusClass::Informational,
            200..=299 => StatusClass::Successful,
            300..=399 => StatusClass::Redirection,
            400..=499 => StatusClass::ClientError,
            _ => StatusClass::ServerError,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(version(b"HTTP/1.0", 0), Ok(Some(Version::HTTP_10)));
        assert_eq!(version(b"xHTTP/1.9 ", 1), Ok(Some(Version { minor: 9 })));
        for cut in 0..8 {
            assert_eq!(version(&b"HTTP/1.1"[..cut], 0), Ok(None));
            assert_eq!(version(&b"HTTP/2.0"[..cut], 0), Ok(None));
        }
        assert_eq!(version(b"HTTP/2.0", 0), Err((Fault::VersionUnsupported, 5)));
        assert_eq!(version(b"HTTP/0.9", 0), Err((Fault::VersionUnsupported, 5)));
        assert_eq!(version(b"HTTP/11", 0), Err((Fault::Version, 6)));
        assert_eq!(version(b"http", 0), Err((Fault::Version, 0)));
        assert_eq!(version(b"HTTP/1.x", 0), Err((Fault::Version, 7)));
    }
}
