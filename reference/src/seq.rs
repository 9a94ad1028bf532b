//! Sequence numbers: arithmetic modulo 2^32 (RFC 9293 §3.4).
//!
//! This is the only file of the crate that wraps. [`Seq`] has no `Ord` on purpose: on a circle
//! there is no order, only distances. Every question the RFC asks of two numbers is answered by
//! an unsigned distance, so that at distance 2^31 no two numbers are both "before" each other.
//!
//! The arithmetic itself is that of `Circle`, whose width is a parameter: in 8 bits it is compared
//! with wide integers on every input there is, and what is true there is compiled here for 32.

use core::fmt;
use core::ops::{Add, AddAssign, Sub};

/// A sequence or acknowledgment number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Seq(pub u32);

/// The sequence space of TCP.
type Space = Circle<32>;

impl Seq {
    /// How many octets one walks forward, modulo 2^32, from `origin` to reach `self`.
    pub const fn offset_from(self, origin: Seq) -> u32 {
        Space::distance(origin.0, self.0)
    }

    /// `self < other`: `other` lies 1 to 2^31-1 octets ahead.
    ///
    /// At a distance of exactly 2^31 neither number is before the other.
    pub const fn is_before(self, other: Seq) -> bool {
        Space::is_before(self.0, other.0)
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
        Space::is_in_window(self.0, left.0, len)
    }

    /// `after < self =< last`: the test that RFC 9293 §3.4 asks of an acceptable acknowledgment
    /// (`SND.UNA < SEG.ACK =< SND.NXT`).
    pub const fn is_acceptable_ack(self, after: Seq, last: Seq) -> bool {
        Space::is_acceptable_ack(self.0, after.0, last.0)
    }

    /// The later of two numbers; `self` if neither is.
    #[must_use]
    pub const fn later(self, other: Seq) -> Seq {
        if self.is_before(other) { other } else { self }
    }

    /// The number `octets` before this one.
    #[must_use]
    pub const fn back(self, octets: u32) -> Seq {
        Seq(Space::back(self.0, octets))
    }
}

/// A circle of 2^`BITS` numbers, 1 to 32 bits. Numbers are below 2^`BITS`, and so is every result.
struct Circle<const BITS: u32>;

impl<const BITS: u32> Circle<BITS> {
    /// The largest number.
    const MAX: u32 = u32::MAX >> (u32::BITS - BITS);

    /// Half of the circle: at this distance and beyond, "after" has no meaning.
    const HALF: u32 = 1 << (BITS - 1);

    const fn forward(from: u32, octets: u32) -> u32 {
        from.wrapping_add(octets) & Self::MAX
    }

    const fn back(from: u32, octets: u32) -> u32 {
        from.wrapping_sub(octets) & Self::MAX
    }

    /// How far one walks forward.
    const fn distance(from: u32, to: u32) -> u32 {
        Self::back(to, from)
    }

    /// `a < b`
    const fn is_before(a: u32, b: u32) -> bool {
        let ahead = Self::distance(a, b);
        ahead != 0 && ahead < Self::HALF
    }

    /// `left =< number < left + len`
    const fn is_in_window(number: u32, left: u32, len: u32) -> bool {
        Self::distance(left, number) < len
    }

    /// `after < ack =< last`
    const fn is_acceptable_ack(ack: u32, after: u32, last: u32) -> bool {
        let walked = Self::distance(after, ack);
        walked != 0 && walked <= Self::distance(after, last)
    }
}

impl Add<u32> for Seq {
    type Output = Seq;

    fn add(self, octets: u32) -> Seq {
        Seq(Space::forward(self.0, octets))
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
mod tests;
