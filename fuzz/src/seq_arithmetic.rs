//! Sequence numbers behave as points of an unrolled line of wide integers (RFC 9293 §3.4).
//!
//! The model never wraps: to compare two points it looks for the copy, 2^32 apart from the others,
//! that lies where the RFC's sentence wants it.

use arbitrary::{Arbitrary, Unstructured};
use wirelaw_reference::seq::Seq;

/// One turn of the circle.
const TURN: i128 = 1 << 32;
/// From here on, "ahead" is as good as "behind".
const HALF: i128 = 1 << 31;

/// The input: four words, little-endian.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Numbers {
    a: u32,
    b: u32,
    c: u32,
    len: u32,
}

/// Panics if [`Seq`] and the model disagree on the numbers that `octets` hold.
pub fn check(octets: &[u8]) {
    let Ok(numbers) = Numbers::arbitrary(&mut Unstructured::new(octets)) else { return };
    distances(numbers);
    order(numbers);
    windows(numbers);
    acknowledgments(numbers);
}

/// The copy of `number` that is the first at or after `start`.
fn first_from(start: i128, number: u32) -> i128 {
    start + (i128::from(number) - start).rem_euclid(TURN)
}

fn distances(Numbers { a, b, len, .. }: Numbers) {
    let (wide_a, wide_b) = (i128::from(a), first_from(a.into(), b));
    assert_eq!(i128::from(Seq(b) - Seq(a)), wide_b - wide_a, "{b} - {a}");
    assert_eq!(Seq(b).offset_from(Seq(a)), Seq(b) - Seq(a));
    assert_eq!(Seq(a) + (Seq(b) - Seq(a)), Seq(b));

    let sum = (wide_a + i128::from(len)) % TURN;
    assert_eq!(i128::from((Seq(a) + len).0), sum, "{a} + {len}");
    assert_eq!((Seq(a) + len).back(len), Seq(a));
    let mut moved = Seq(a);
    moved += len;
    assert_eq!(moved, Seq(a) + len);
}

fn order(Numbers { a, b, .. }: Numbers) {
    let ahead = first_from(a.into(), b) - i128::from(a);
    let (is_before, is_after) = (0 < ahead && ahead < HALF, HALF < ahead);
    let (a, b) = (Seq(a), Seq(b));
    assert_eq!(a.is_before(b), is_before, "{a} < {b}");
    assert_eq!(a.is_after(b), is_after, "{a} > {b}");
    assert_eq!(a.is_at_or_before(b), is_before || ahead == 0, "{a} =< {b}");
    assert_eq!(a.is_at_or_after(b), is_after || ahead == 0, "{a} >= {b}");
    assert_eq!(a.later(b), if is_before { b } else { a }, "the later of {a} and {b}");
}

fn windows(Numbers { a, b, len, .. }: Numbers) {
    let left = i128::from(a);
    let inside = first_from(left, b) < left + i128::from(len);
    assert_eq!(Seq(b).is_in_window(Seq(a), len), inside, "{a} =< {b} < {a}+{len}");
}

fn acknowledgments(Numbers { a: una, b: ack, c: nxt, .. }: Numbers) {
    let wide_una = i128::from(una);
    let (wide_ack, wide_nxt) = (first_from(wide_una + 1, ack), first_from(wide_una, nxt));
    let acceptable = wide_ack <= wide_nxt;
    assert_eq!(Seq(ack).is_acceptable_ack(Seq(una), Seq(nxt)), acceptable, "{una} < {ack} =< {nxt}");
}
