//! TCP options (RFC 9293 §3.2 and the registry of TCP option kinds).

use alloc::vec::Vec;
use core::fmt;

use super::checksum::{u16_at, u32_at};
use super::{Layer, Problem, WireError};
use crate::seq::Seq;

/// The octets that a TCP header has room for behind its first 20.
pub const MAX_OPTIONS: usize = 40;

/// What tells the experimental Fast Open from other experiments of kind 254 (RFC 6994, RFC 7413 §3.1).
const FAST_OPEN_EXPERIMENT: u16 = 0xf989;

/// One TCP option.
///
/// A known kind with a length that its RFC does not allow (an MSS of 3 octets, a Fast Open cookie
/// of 5) decodes to [`TcpOption::Raw`], so whoever matches a named variant may trust its length.
/// Nothing is lost: encoding gives back the same octets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// Kind 28 (RFC 5482): 15 bits of minutes or seconds.
    UserTimeout {
        /// G: the value counts minutes, not seconds.
        minutes: bool,
        /// At most 32,767; the bit above is G's.
        value: u16,
    },
    /// Kind 34 (RFC 7413): the cookie, empty for a request.
    FastOpen(Vec<u8>),
    /// Kind 254 with the experiment id 0xF989: the cookie.
    FastOpenExperimental(Vec<u8>),
    /// Any other option: kind and what follows its length octet.
    ///
    /// Kind 0 (and 1) have no length octet and are written without it. Decoding gives kind 0 here
    /// for an end of list whose padding is not all zeros (RFC 9293 §3.1, MUST-69), `data` being
    /// that padding; padding of zeros gives one [`TcpOption::EndOfList`] for each octet.
    Raw {
        /// The kind octet.
        kind: u8,
        /// The octets after the length octet.
        data: Vec<u8>,
    },
}

impl TcpOption {
    /// The kind octet.
    pub fn kind(&self) -> u8 {
        match self {
            TcpOption::EndOfList => 0,
            TcpOption::NoOperation => 1,
            TcpOption::Mss(_) => 2,
            TcpOption::WindowScale(_) => 3,
            TcpOption::SackPermitted => 4,
            TcpOption::Sack(_) => 5,
            TcpOption::Timestamps { .. } => 8,
            TcpOption::Md5(_) => 19,
            TcpOption::UserTimeout { .. } => 28,
            TcpOption::FastOpen(_) => 34,
            TcpOption::FastOpenExperimental(_) => 254,
            TcpOption::Raw { kind, .. } => *kind,
        }
    }

    /// The octets of this option, kind and length octet included.
    pub fn encoded_len(&self) -> usize {
        match self {
            TcpOption::EndOfList | TcpOption::NoOperation => 1,
            TcpOption::Mss(_) | TcpOption::UserTimeout { .. } => 4,
            TcpOption::WindowScale(_) => 3,
            TcpOption::SackPermitted => 2,
            TcpOption::Sack(blocks) => 2 + 8 * blocks.len(),
            TcpOption::Timestamps { .. } => 10,
            TcpOption::Raw { kind: 0 | 1, data } => 1 + data.len(),
            TcpOption::Md5(data) | TcpOption::FastOpen(data) | TcpOption::Raw { data, .. } => 2 + data.len(),
            TcpOption::FastOpenExperimental(cookie) => 4 + cookie.len(),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.kind());
        if self.kind() > 1 {
            out.push(self.encoded_len() as u8);
        }
        match self {
            TcpOption::EndOfList | TcpOption::NoOperation | TcpOption::SackPermitted => {}
            TcpOption::Mss(size) => out.extend_from_slice(&size.to_be_bytes()),
            TcpOption::WindowScale(shift) => out.push(*shift),
            TcpOption::Sack(blocks) => {
                for (left, right) in blocks {
                    out.extend_from_slice(&left.0.to_be_bytes());
                    out.extend_from_slice(&right.0.to_be_bytes());
                }
            }
            TcpOption::Timestamps { val, ecr } => {
                out.extend_from_slice(&val.to_be_bytes());
                out.extend_from_slice(&ecr.to_be_bytes());
            }
            TcpOption::UserTimeout { minutes, value } => {
                out.extend_from_slice(&(u16::from(*minutes) << 15 | value & 0x7fff).to_be_bytes());
            }
            TcpOption::FastOpenExperimental(cookie) => {
                out.extend_from_slice(&FAST_OPEN_EXPERIMENT.to_be_bytes());
                out.extend_from_slice(cookie);
            }
            TcpOption::Md5(data) | TcpOption::FastOpen(data) | TcpOption::Raw { data, .. } => {
                out.extend_from_slice(data);
            }
        }
    }

    /// The option of this kind, 2 or more, with `data` after its length octet.
    fn decode(kind: u8, data: &[u8]) -> TcpOption {
        match (kind, data.len()) {
            (2, 2) => TcpOption::Mss(u16_at(data, 0)),
            (3, 1) => TcpOption::WindowScale(data.first().copied().unwrap_or(0)),
            (4, 0) => TcpOption::SackPermitted,
            (5, 8 | 16 | 24 | 32) => {
                TcpOption::Sack(data.chunks_exact(8).map(|b| (Seq(u32_at(b, 0)), Seq(u32_at(b, 4)))).collect())
            }
            (8, 8) => TcpOption::Timestamps { val: u32_at(data, 0), ecr: u32_at(data, 4) },
            (19, 16) => TcpOption::Md5(data.to_vec()),
            (28, 2) => {
                TcpOption::UserTimeout { minutes: u16_at(data, 0) & 0x8000 != 0, value: u16_at(data, 0) & 0x7fff }
            }
            (34, len) if is_cookie_len(len) => TcpOption::FastOpen(data.to_vec()),
            (254, len) if len >= 2 && u16_at(data, 0) == FAST_OPEN_EXPERIMENT && is_cookie_len(len - 2) => {
                TcpOption::FastOpenExperimental(data.get(2..).unwrap_or_default().to_vec())
            }
            _ => TcpOption::Raw { kind, data: data.to_vec() },
        }
    }
}

/// RFC 7413 §4.1.1: none, or an even number from 4 to 16.
fn is_cookie_len(len: usize) -> bool {
    len == 0 || (4..=16).contains(&len) && len.is_multiple_of(2)
}

/// Those options from the front that a header has room for.
fn that_fit(options: &[TcpOption]) -> impl Iterator<Item = &TcpOption> {
    let mut len = 0;
    options.iter().take_while(move |option| {
        len += option.encoded_len();
        len <= MAX_OPTIONS
    })
}

/// The octets that [`encode_options`] writes, unpadded.
pub(super) fn encoded_len(options: &[TcpOption]) -> usize {
    that_fit(options).map(TcpOption::encoded_len).sum()
}

/// Appends the options, unpadded, up to the first that a header has no room for.
pub(super) fn encode_options(options: &[TcpOption], out: &mut Vec<u8>) {
    that_fit(options).for_each(|option| option.encode(out));
}

/// Replaces `options` by those in the part of a header behind its first 20 octets, which begins at
/// `start` of the packet. An illegal length ends them: `options` has those before it.
pub(super) fn decode_options(octets: &[u8], start: usize, options: &mut Vec<TcpOption>) -> Result<(), WireError> {
    options.clear();
    let mut rest = octets;
    while let Some((&kind, tail)) = rest.split_first() {
        let error = |problem, required, found: usize| WireError {
            layer: Layer::TcpOption,
            offset: start + octets.len() - tail.len(), // the length octet
            problem,
            required,
            found: found as u32,
        };
        match kind {
            0 if tail.iter().all(|octet| *octet == 0) => {
                options.extend(rest.iter().map(|_| TcpOption::EndOfList));
                break;
            }
            0 => {
                options.push(TcpOption::Raw { kind, data: tail.to_vec() });
                break;
            }
            1 => {
                options.push(TcpOption::NoOperation);
                rest = tail;
            }
            _ => {
                let length = tail.first().copied().map_or(0, usize::from);
                if length < 2 {
                    return Err(error(Problem::OptionTooShort, 2, length));
                }
                let (Some(data), Some(after)) = (rest.get(2..length), rest.get(length..)) else {
                    return Err(error(Problem::OptionTooLong, rest.len() as u32, length));
                };
                options.push(TcpOption::decode(kind, data));
                rest = after;
            }
        }
    }
    Ok(())
}

impl fmt::Display for TcpOption {
    /// As tcpdump shows it, sequence numbers absolute.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TcpOption::EndOfList => f.write_str("eol"),
            TcpOption::NoOperation => f.write_str("nop"),
            TcpOption::Mss(size) => write!(f, "mss {size}"),
            TcpOption::WindowScale(shift) => write!(f, "wscale {shift}"),
            TcpOption::SackPermitted => f.write_str("sackOK"),
            TcpOption::Sack(blocks) => {
                write!(f, "sack {} ", blocks.len())?;
                blocks.iter().try_for_each(|(left, right)| write!(f, "{{{left}:{right}}}"))
            }
            TcpOption::Timestamps { val, ecr } => write!(f, "TS val {val} ecr {ecr}"),
            TcpOption::Md5(digest) => hex(f, "md5", digest),
            TcpOption::UserTimeout { minutes, value } => write!(f, "uto {value}{}", if *minutes { "min" } else { "s" }),
            TcpOption::FastOpen(cookie) if cookie.is_empty() => f.write_str("tfo cookiereq"),
            TcpOption::FastOpen(cookie) => hex(f, "tfo cookie", cookie),
            TcpOption::FastOpenExperimental(cookie) if cookie.is_empty() => f.write_str("exp-tfo cookiereq"),
            TcpOption::FastOpenExperimental(cookie) => hex(f, "exp-tfo cookie", cookie),
            TcpOption::Raw { kind: 0, data } => hex(f, "eol and", data),
            TcpOption::Raw { kind, data } => {
                write!(f, "unknown-{kind}")?;
                if data.is_empty() { Ok(()) } else { hex(f, "", data) }
            }
        }
    }
}

fn hex(f: &mut fmt::Formatter<'_>, name: &str, data: &[u8]) -> fmt::Result {
    write!(f, "{name} 0x")?;
    data.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
}
