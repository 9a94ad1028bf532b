//! Calls and segments in any order: nothing panics, nothing hangs, and a run is its seed's.

use std::net::SocketAddr;
use std::time::Duration;

use wirelaw_reference::seq::Seq;
use wirelaw_reference::wire::{Body, Flags, Ip, Packet, Segment};

use crate::stack::{Setup, StackError};
use crate::trace::{Call, Fd, Instant, Response, Stimulus, Ticket};

/// Numbers from a seed (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.roll(values.len() as u64) as usize]
    }
}

fn setup(seed: u64) -> Setup {
    let [local, remote] = [1, 2].map(|host| [192, 0, 2, host].into());
    Setup { seed, isns: vec![Seq(0xffff_fff0)], ..Setup::plain(local, remote) }
}

fn any_call(dice: &mut Dice) -> Call {
    let fd = Fd(dice.roll(5) as i32 + 2);
    let flags = dice.one_of(&[0, 0, 2, 0x40, 0x100]);
    let address = SocketAddr::new([192, 0, 2, 1].into(), dice.one_of(&[0, 80, 81]));
    let remote = SocketAddr::new([192, 0, 2, 2].into(), dice.one_of(&[0, 1000, 1001]));
    match dice.roll(14) {
        0 | 1 => Call::Socket { domain: 2, kind: dice.one_of(&[1, 0o4001]), protocol: 0 },
        2 => Call::Bind { fd, address },
        3 => Call::Listen { fd, backlog: dice.one_of(&[-1, 0, 1, 2]) },
        4 => Call::Accept { fd },
        5 => Call::Connect { fd, address: remote },
        6 | 7 => Call::Read { fd, length: dice.one_of(&[0, 1, 1000, usize::MAX]), flags },
        8 | 9 => Call::Write { fd, data: vec![7; dice.one_of(&[0, 1, 3000, 200_000])], flags, to: None },
        10 => Call::Close { fd },
        11 => Call::Shutdown { fd, how: dice.roll(4) as i32 },
        12 => {
            let (level, name) = dice.one_of(&[(1, 8), (1, 9), (1, 13), (6, 1), (6, 4), (6, 18)]);
            let value = [dice.one_of(&[0_i32, 1, 2000]).to_le_bytes(), [0; 4]].concat();
            Call::SetOption { fd, level, name, value }
        }
        _ => Call::GetOption { fd, level: 1, name: 4, length: 4 },
    }
}

/// A segment near what the stack has last said.
fn any_segment(dice: &mut Dice, heard: &Segment, setup: &Setup) -> Vec<u8> {
    let shift = dice.one_of(&[0, 0, 0, 1, 2, u32::MAX, 1000, 1 << 31]);
    let flags = dice.one_of(&[0x02, 0x10, 0x10, 0x10, 0x18, 0x11, 0x12, 0x04, 0x14, 0x00, 0x3f, 0x29]);
    let segment = Segment {
        source_port: dice.one_of(&[heard.destination_port, 1000, 1001]),
        destination_port: dice.one_of(&[heard.source_port, 80, 81]),
        seq: heard.ack + shift,
        ack: heard.end() + dice.one_of(&[0, 0, 0, 0, 1, u32::MAX, 1 << 31]),
        flags: Flags(flags),
        window: dice.one_of(&[0, 1, 1000, 65_535]),
        payload: vec![9; dice.one_of(&[0, 0, 1, 1400])],
        ..Segment::default()
    };
    let ip = Ip::new(setup.remote, setup.local);
    Packet { ip, body: Body::Tcp(segment) }.encode()
}

/// One run: all that the stack did, and what broke it if anything did.
fn run(seed: u64, stimuli: u32) -> (Vec<(Instant, Response)>, Option<StackError>) {
    let setup = setup(seed);
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut stack = super::super::new(&setup).expect("made");
    let (mut now, mut heard, mut seen) = (Instant::ZERO, Segment::default(), Vec::new());
    for ticket in 0..stimuli {
        let what = match dice.roll(2) {
            0 => Stimulus::Call { ticket: Ticket(ticket), call: any_call(&mut dice) },
            _ => Stimulus::Packet(any_segment(&mut dice, &heard, &setup)),
        };
        if let Err(error @ StackError::Broken(_)) = stack.stimulate(now, &what) {
            return (seen, Some(error));
        }
        now += Duration::from_micros(dice.one_of(&[0, 1, 500, 20_000, 1_000_000, 90_000_000]));
        loop {
            match stack.advance(now) {
                Ok(None) => break,
                Err(error) => return (seen, Some(error)),
                Ok(Some((at, response))) => {
                    assert!(at <= now && seen.last().is_none_or(|(before, _)| *before <= at));
                    if let Response::Packet(octets) = &response
                        && let Body::Tcp(segment) = Packet::decode(octets).expect("well formed").body
                    {
                        heard = segment;
                    }
                    seen.push((at, response));
                }
            }
        }
    }
    (seen, None)
}

#[test]
fn any_order_of_calls_and_segments_is_borne() {
    for seed in 1..=60 {
        let (seen, broken) = run(seed, 200);
        assert!(!seen.is_empty());
        // A panic inside smoltcp and a loop of its poll are smoltcp's; they must have become values.
        let why = broken.map_or(String::new(), |error| error.to_string());
        let is_smoltcps = why.starts_with("smoltcp panicked") || why.starts_with("smoltcp sends without end");
        assert!(why.is_empty() || is_smoltcps, "seed {seed}: {why}");
    }
}

#[test]
fn a_run_is_its_seeds() {
    assert_eq!(run(5, 100), run(5, 100));
}
