//! The arithmetic against a model that never wraps.

extern crate std;

use proptest::prelude::*;

use super::{Circle, Seq};

/// The unrolled circle: a number has a copy at every turn of a line of wide integers. Two numbers
/// stand in a relation if some of their copies do, in plain sight on the line.
#[derive(Clone, Copy)]
struct Line {
    turn: i64,
}

impl Line {
    const fn of(bits: u32) -> Line {
        Line { turn: 1 << bits }
    }

    /// `number` as far as it is needed to lie at `floor` or above: one turn is enough.
    fn from(self, floor: i64, number: u32) -> i64 {
        let number = i64::from(number);
        if number < floor { number + self.turn } else { number }
    }

    /// The place of a copy in the first turn.
    fn place(self, copy: i64) -> i64 {
        match copy {
            ..0 => copy + self.turn,
            _ if copy >= self.turn => copy - self.turn,
            _ => copy,
        }
    }

    fn distance(self, from: u32, to: u32) -> i64 {
        self.from(from.into(), to) - i64::from(from)
    }

    fn is_before(self, a: u32, b: u32) -> bool {
        let a = i64::from(a);
        let b = self.from(a, b);
        a < b && b < a + self.turn / 2
    }

    fn is_in_window(self, number: u32, left: u32, len: u32) -> bool {
        let (number, left) = (i64::from(number), i64::from(left));
        let right = left + i64::from(len);
        left <= number && number < right || left <= number + self.turn && number + self.turn < right
    }

    fn is_acceptable_ack(self, ack: u32, una: u32, nxt: u32) -> bool {
        let (ack, una) = (i64::from(ack), i64::from(una));
        let nxt = self.from(una, nxt);
        una < ack && ack <= nxt || una < ack + self.turn && ack + self.turn <= nxt
    }
}

/// Everything that is asked of two numbers.
fn check_pair<const BITS: u32>(a: u32, b: u32) {
    let line = Line::of(BITS);
    assert_eq!(i64::from(Circle::<BITS>::forward(a, b)), line.place(i64::from(a) + i64::from(b)), "{a} + {b}");
    assert_eq!(i64::from(Circle::<BITS>::back(a, b)), line.place(i64::from(a) - i64::from(b)), "{a} - {b}");
    assert_eq!(i64::from(Circle::<BITS>::distance(a, b)), line.distance(a, b), "from {a} to {b}");
    assert_eq!(Circle::<BITS>::is_before(a, b), line.is_before(a, b), "{a} < {b}");
}

/// Everything that is asked of three numbers: an octet, a left edge and a length; or an
/// acknowledgment, SND.UNA and SND.NXT.
fn check_triple<const BITS: u32>(a: u32, b: u32, c: u32) {
    let line = Line::of(BITS);
    assert_eq!(Circle::<BITS>::is_in_window(a, b, c), line.is_in_window(a, b, c), "{b} =< {a} < {b}+{c}");
    assert_eq!(Circle::<BITS>::is_acceptable_ack(a, b, c), line.is_acceptable_ack(a, b, c), "{b} < {a} =< {c}");
}

#[test]
fn every_pair_in_8_bits() {
    for a in 0..=0xff {
        for b in 0..=0xff {
            check_pair::<8>(a, b);
        }
    }
}

#[test]
fn every_triple_in_8_bits() {
    for a in 0..=0xff {
        for b in 0..=0xff {
            for c in 0..=0xff {
                check_triple::<8>(a, b, c);
            }
        }
    }
}

/// A number, with a liking for both ends of the space and its middle.
fn number() -> impl Strategy<Value = u32> {
    let near = |edge: u32| (0u32..64).prop_map(move |by| Circle::<32>::back(Circle::<32>::forward(edge, by), 32));
    prop_oneof![any::<u32>(), near(0), near(1 << 31)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// `distances` from the first number are as close to the edges as the number itself.
    #[test]
    fn samples_in_32_bits(a in number(), distances in [number(), number()], c in number()) {
        for b in distances.map(|distance| Circle::<32>::forward(a, distance)) {
            check_pair::<32>(a, b);
            check_pair::<32>(b, a);
            check_triple::<32>(a, b, c);
            check_triple::<32>(b, a, c);
            check_triple::<32>(c, a, b);
            check_triple::<32>(b, a, distances[0]);
            prop_assert_eq!(Seq(b).is_before(Seq(a)), Circle::<32>::is_before(b, a));
            prop_assert_eq!(Seq(b).is_in_window(Seq(a), c), Circle::<32>::is_in_window(b, a, c));
            prop_assert_eq!(Seq(c).is_acceptable_ack(Seq(a), Seq(b)), Circle::<32>::is_acceptable_ack(c, a, b));
            prop_assert_eq!((Seq(a) + c).back(c), Seq(a));
        }
    }
}

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
