//! Choosing smoltcp's initial sequence numbers.
//!
//! smoltcp draws its ISNs from a generator that nothing but `Config::random_seed` feeds. The
//! generator is known (`smoltcp/src/rand.rs`, an LCG whose high bits choose what is output), so a
//! seed can be found for any first output. How many numbers the interface draws for itself before
//! depends on smoltcp's version and features; a throw-away interface tells. If what it does is
//! not what the formula predicts, the ISN cannot be chosen and the profile does not claim so.

use std::sync::OnceLock;

use wirelaw_reference::time::Instant;

use super::Smoltcp;
use crate::stack::Setup;
use crate::stack::engine::{Engine, SocketOptions};

const FACTOR: u64 = 0xbb2e_fcec_3c39_611d;
const SUMMAND: u64 = 0x7590_ef39;

/// How many numbers the interface may draw before the first ISN.
const MAX_DRAWS: u32 = 16;

/// How many numbers, the ISN included, are drawn till the first ISN; `None` if the generator is
/// another one.
pub(super) fn draws() -> Option<u32> {
    static DRAWS: OnceLock<Option<u32>> = OnceLock::new();
    *DRAWS.get_or_init(|| {
        let seed = 1;
        let seen = first_isn(seed)?;
        let draws = (1..=MAX_DRAWS).find(|draws| nth_output(seed, *draws) == seen)?;
        let holds = |wanted| first_isn(seed_for(wanted, seed, draws)) == Some(wanted);
        [0, 0x8000_0000, u32::MAX].into_iter().all(holds).then_some(draws)
    })
}

/// A seed with which the output number `draws` is `wanted`; `salt` decides what follows.
pub(super) fn seed_for(wanted: u32, salt: u64, draws: u32) -> u64 {
    // With the three high bits zero the output is the bits from 29 on.
    let low = salt & ((1 << 29) - 1);
    let state = u64::from(wanted) << 29 | low;
    (0..draws).fold(state, |state, _| state.wrapping_sub(SUMMAND).wrapping_mul(inverse(FACTOR)))
}

/// What `Rand::rand_u32` gives at its call number `draws`.
fn nth_output(seed: u64, draws: u32) -> u32 {
    let state = (0..draws).fold(seed, |state, _| state.wrapping_mul(FACTOR).wrapping_add(SUMMAND));
    (state >> (29 - (state >> 61))) as u32
}

/// The inverse of an odd number modulo 2^64, by Newton's iteration: each round doubles the number of
/// right bits, and the number itself has the lowest three right.
fn inverse(odd: u64) -> u64 {
    (0..5).fold(odd, |guess, _| guess.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(guess))))
}

/// The sequence number of the SYN that a fresh interface with this seed sends.
fn first_isn(seed: u64) -> Option<u32> {
    const IPV4_HEADER: usize = 20;
    let setup = Setup { seed, ..Setup::plain([192, 0, 2, 1].into(), [192, 0, 2, 2].into()) };
    let mut engine = Smoltcp::new(&setup).ok()?;
    let options = SocketOptions { receive_buffer: Some(1), send_buffer: Some(1), ..SocketOptions::default() };
    engine.connect(Instant::ZERO, None, (setup.remote, 1).into(), &options).ok()?;
    let syn = engine.poll_packet(Instant::ZERO)?;
    syn.get(IPV4_HEADER + 4..)?.first_chunk::<4>().map(|octets| u32::from_be_bytes(*octets))
}

#[cfg(test)]
mod tests {
    use super::{FACTOR, inverse, nth_output, seed_for};

    #[test]
    fn the_seed_gives_the_wanted_output() {
        assert_eq!(FACTOR.wrapping_mul(inverse(FACTOR)), 1);
        for wanted in [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, u32::MAX] {
            for draws in 1..5 {
                for salt in [0, 1, u64::MAX] {
                    assert_eq!(nth_output(seed_for(wanted, salt, draws), draws), wanted);
                }
            }
        }
    }

    #[test]
    fn what_follows_depends_on_the_salt() {
        assert_ne!(nth_output(seed_for(7, 1, 1), 2), nth_output(seed_for(7, 2, 1), 2));
    }
}
