//! Sequence numbers: arithmetic modulo 2^32 (RFC 9293 §3.4).
//!
//! This is the only file of the crate that wraps. [`Seq`] has no `Ord` on purpose: on a circle
//! there is no order, only distances. Every question the RFC asks of two numbers is answered by
//! an unsigned distance, so that at distance 2^31 no two numbers are both "before" each other.

use core::fmt;
use core::ops::{Add, AddAssign, Sub};

/// A sequence or acknowledgment number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Seq(pub u32);

/// Half of the sequence space: at this distance and beyond, "after" has no meaning.
const HALF: u32 = 1 << 31;

impl Seq {
    /// How many octets one walks forward, modulo 2^32, from `origin` to reach `self`.
    pub const fn offset_from(self, origin: Seq) -> u32 {
        self.0.wrapping_sub(origin.0)
    }

    /// `self < other`: `other` lies 1 to 2^31-1 octets ahead.
    ///
    /// At a distance of exactly 2^31 neither number is before the other.
    pub const fn is_before(self, other: Seq) -> bool {
        let ahead = other.offset_from(self);
        ahead != 0 && ahead < HALF
    }

    /// `self =< other`.
    pub const fn is_at_or_before(self, other: Seq) -> bool {
        self.0 == other.0 || self.is_before(other)
    }

    /// `self > other`.
    pub const fn is_after(self, other: Seq) -> bool {
        other.is_before(self)
    }

    /// `self >= other`.
    pub const fn is_at_or_after(self, other: Seq) -> bool {
        other.is_at_or_before(self)
    }

    /// `left =< self < left + len`: whether this octet lies in a window of `len` octets.
    ///
    /// Right for every `len` up to 2^32-1, and never true for a window of 0.
    pub const fn is_in_window(self, left: Seq, len: u32) -> bool {
        self.offset_from(left) < len
    }

    /// `after < self =< last`: the test that RFC 9293 §3.4 asks of an acceptable acknowledgment
    /// (`SND.UNA < SEG.ACK =< SND.NXT`).
    pub const fn is_acceptable_ack(self, after: Seq, last: Seq) -> bool {
        let walked = self.offset_from(after);
        walked != 0 && walked <= last.offset_from(after)
    }

    /// The later of two numbers; `self` if neither is.
    #[must_use]
    pub const fn later(self, other: Seq) -> Seq {
        if self.is_before(other) { other } else { self }
    }

    /// The number `octets` before this one.
    #[must_use]
    pub const fn back(self, octets: u32) -> Seq {
        Seq(self.0.wrapping_sub(octets))
    }
}

impl Add<u32> for Seq {
    type Output = Seq;

    fn add(self, octets: u32) -> Seq {
        Seq(self.0.wrapping_add(octets))
    }
}

impl AddAssign<u32> for Seq {
    fn add_assign(&mut self, octets: u32) {
        *self = *self + octets;
    }
}

impl Sub<Seq> for Seq {
    type Output = u32;

    /// The distance from `earlier` to `self`, see [`Seq::offset_from`].
    fn sub(self, earlier: Seq) -> u32 {
        self.offset_from(earlier)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::Seq;

    /// The distances at which careless comparisons break.
    const EDGES: [u32; 6] = [0, 1, (1 << 31) - 1, 1 << 31, u32::MAX - 15, u32::MAX];

    #[test]
    fn no_two_numbers_are_before_each_other() {
        for a in EDGES.map(Seq) {
            for d in EDGES {
                let b = a + d;
                assert!(!(a.is_before(b) && b.is_before(a)), "{a} and {b}");
                assert_eq!(a.is_before(b), (1..=0x7fff_ffff).contains(&d), "{a} < {b}");
                assert_eq!(a.is_after(b), b.is_before(a));
                assert_eq!(a.is_at_or_before(b), a == b || a.is_before(b));
                assert_eq!(a.is_at_or_after(b), a == b || b.is_before(a));
                assert_eq!(b - a, d);
                assert_eq!(b.back(d), a);
            }
        }
    }

    #[test]
    fn windows_hold_their_left_edge_and_not_their_right() {
        for left in EDGES.map(Seq) {
            assert!(!left.is_in_window(left, 0));
            for len in EDGES.into_iter().filter(|len| *len > 0) {
                assert!(left.is_in_window(left, len));
                assert!((left + (len - 1)).is_in_window(left, len));
                assert!(!(left + len).is_in_window(left, len));
                assert!(!left.back(1).is_in_window(left, len) || len == u32::MAX && left.back(1) - left < len);
            }
        }
    }

    #[test]
    fn acknowledgments_are_above_una_and_at_most_nxt() {
        for una in EDGES.map(Seq) {
            let nxt = una + 10;
            assert!(!una.is_acceptable_ack(una, nxt));
            assert!((una + 1).is_acceptable_ack(una, nxt));
            assert!(nxt.is_acceptable_ack(una, nxt));
            assert!(!(nxt + 1).is_acceptable_ack(una, nxt));
            assert!(!una.back(1).is_acceptable_ack(una, nxt));
            assert!(!una.is_acceptable_ack(una, una));
        }
    }
}
