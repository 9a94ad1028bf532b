//! Initial sequence numbers (RFC 9293 §3.4.1, RFC 6528).

use alloc::collections::VecDeque;
use core::hash::{Hash, Hasher};

use siphasher::sip::SipHasher24;

use super::FourTuple;
use crate::seq::Seq;
use crate::time::Instant;

/// Chooses initial sequence numbers: those it was told to use first, then `M + F(4-tuple, secret)`
/// (MUST-8, SHLD-1), where M ticks every 4 microseconds.
#[derive(Clone, Debug, Default)]
pub struct IsnGenerator {
    secret: u64,
    planned: VecDeque<Seq>,
}

impl IsnGenerator {
    /// A generator with this secret, the only source of what looks like chance.
    pub fn new(secret: u64) -> IsnGenerator {
        IsnGenerator { secret, planned: VecDeque::new() }
    }

    /// The next connections are to use these numbers, in this order.
    pub fn plan(&mut self, isns: impl IntoIterator<Item = Seq>) {
        self.planned.extend(isns);
    }

    /// The key of a hash table of 4-tuples. It comes from the same secret by the same function, but
    /// from inputs that no 4-tuple gives, so that sequence numbers on the wire say nothing of it.
    pub(super) fn table_key(&self) -> (u64, u64) {
        let f = SipHasher24::new_with_keys(self.secret, !self.secret);
        (f.hash(b"table key 0"), f.hash(b"table key 1"))
    }

    /// The key of the cookies of Fast Open, made in the same way.
    pub(super) fn cookie_key(&self) -> (u64, u64) {
        let f = SipHasher24::new_with_keys(self.secret, !self.secret);
        (f.hash(b"cookie key 0"), f.hash(b"cookie key 1"))
    }

    /// Where the timestamp clock of connections with this 4-tuple begins (RFC 7323 §5.4, §7.1). It does
    /// not change with time: the clock goes on from one incarnation of a connection to the next, which
    /// both ends of a TIME-WAIT rely on (RFC 6191 §2).
    pub(super) fn timestamp_offset(&self, tuple: &FourTuple) -> u32 {
        let mut f = SipHasher24::new_with_keys(self.secret, !self.secret);
        b"timestamp offset".hash(&mut f);
        tuple.hash(&mut f);
        f.finish() as u32
    }

    /// The number for a connection that opens now. `above`: the 4-tuple was used before, up to this
    /// number, and the new one must lie beyond (§3.6.1, MAY-2).
    pub(super) fn choose(&mut self, now: Instant, tuple: &FourTuple, above: Option<Seq>) -> Seq {
        let isn = self.planned.pop_front().unwrap_or_else(|| {
            let mut f = SipHasher24::new_with_keys(self.secret, !self.secret);
            tuple.hash(&mut f);
            Seq((now.as_micros() / 4) as u32) + f.finish() as u32
        });
        match above {
            Some(above) if !isn.is_after(above) => above + 0x1_0000,
            _ => isn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FourTuple, Instant, IsnGenerator, Seq};

    fn tuple(port: u16) -> FourTuple {
        FourTuple { local: ([192, 0, 2, 1], 80).into(), remote: ([192, 0, 2, 2], port).into() }
    }

    #[test]
    fn planned_first_then_by_clock_and_tuple() {
        let mut isn = IsnGenerator::new(7);
        isn.plan([Seq(5)]);
        assert_eq!(isn.choose(Instant::ZERO, &tuple(1), None), Seq(5));
        let first = isn.choose(Instant::ZERO, &tuple(1), None);
        assert_eq!(isn.choose(Instant::from_micros(400), &tuple(1), None), first + 100, "M ticks every 4 us");
        assert_ne!(isn.choose(Instant::ZERO, &tuple(2), None), first);
        assert_ne!(IsnGenerator::new(8).choose(Instant::ZERO, &tuple(1), None), first);
    }

    #[test]
    fn timestamps_begin_elsewhere_for_every_tuple_and_secret() {
        let isn = IsnGenerator::new(7);
        let offset = isn.timestamp_offset(&tuple(1));
        assert_eq!(isn.timestamp_offset(&tuple(1)), offset);
        assert_ne!(isn.timestamp_offset(&tuple(2)), offset);
        assert_ne!(IsnGenerator::new(8).timestamp_offset(&tuple(1)), offset);
        assert_ne!(IsnGenerator::new(7).choose(Instant::ZERO, &tuple(1), None), Seq(offset), "another function");
    }

    #[test]
    fn a_reused_tuple_goes_up() {
        let mut isn = IsnGenerator::new(7);
        isn.plan([Seq(100), Seq(100)]);
        assert_eq!(isn.choose(Instant::ZERO, &tuple(1), Some(Seq(99))), Seq(100));
        assert!(isn.choose(Instant::ZERO, &tuple(1), Some(Seq(100))).is_after(Seq(100)));
    }
}
