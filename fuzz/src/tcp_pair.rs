//! Two hosts over a network that loses, doubles and reorders: both streams arrive whole, and both ends
//! finish, whatever the initial sequence numbers.
//!
//! The property itself is the one that the reference samples in `reference/tests/hostile_network`.

#[path = "../../reference/tests/hostile_network/application.rs"]
mod application;
#[path = "../../reference/tests/hostile_network/link.rs"]
mod link;
#[path = "../../reference/tests/hostile_network/pair.rs"]
mod pair;

use application::{Act, Close, Habits};
use arbitrary::{Arbitrary, Unstructured};
use wirelaw_reference::tcp::Config;
use wirelaw_reference::time::Duration;

use crate::habits::turned;

/// More pauses than this teach nothing new.
const MAX_PAUSES: usize = 50;

#[derive(Arbitrary, Debug)]
struct Input {
    /// See [`turned`].
    habits: [u32; 2],
    isns: [u32; 2],
    near_the_wrap: bool,
    simultaneous: bool,
    buffers: [u8; 2],
    streams: [u16; 2],
    write: u8,
    read: u8,
    /// What happens to the packets, one after the other.
    fates: Vec<Fate>,
    /// How long the applications sleep between what they do first, in tenths of a second.
    pauses: [Vec<u8>; 2],
    closes: [CloseWhen; 2],
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Fate {
    Deliver,
    Lose,
    Double,
    /// By so many tenths of a second.
    Delay(u8),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum CloseWhen {
    Written,
    Read(u16),
    PeerClosed,
    Leave,
}

/// Interprets the octets as a network and two streams.
pub fn check(octets: &[u8]) {
    let Ok(input) = Input::arbitrary(&mut Unstructured::new(octets)) else { return };
    pair::run(&plan(&input));
}

fn plan(input: &Input) -> pair::Plan {
    let isn = |isn: u32| if input.near_the_wrap { u32::MAX - isn % 4096 } else { isn };
    let config = |side: usize| Config {
        receive_buffer: 1 + usize::from(input.buffers[side]) * 32,
        send_buffer: 4096,
        ..turned(input.habits[side])
    };
    pair::Plan {
        isns: input.isns.map(isn),
        simultaneous: input.simultaneous,
        configs: [0, 1].map(config),
        habits: [0, 1].map(|side| habits(input, side)),
        fates: input.fates.iter().map(|fate| fate_of(*fate)).collect(),
    }
}

fn habits(input: &Input, side: usize) -> Habits {
    let (write, read) = (1 + usize::from(input.write), 1 + usize::from(input.read));
    let act = |tenths: &u8| Act { write, read, pause: Duration::from_millis(u64::from(*tenths) * 100) };
    Habits {
        octets: usize::from(input.streams[side] % 3000),
        acts: input.pauses[side].iter().take(MAX_PAUSES).map(act).collect(),
        write,
        read,
        close: match input.closes[side] {
            CloseWhen::Written => Close::Written,
            CloseWhen::Read(octets) => Close::Read(octets.into()),
            CloseWhen::PeerClosed => Close::PeerClosed,
            CloseWhen::Leave => Close::Leave,
        },
    }
}

fn fate_of(fate: Fate) -> pair::Fate {
    match fate {
        Fate::Deliver => pair::Fate::Deliver,
        Fate::Lose => pair::Fate::Lose,
        Fate::Double => pair::Fate::Double(Duration::ZERO),
        Fate::Delay(tenths) => pair::Fate::Delay(Duration::from_millis(u64::from(tenths) * 100)),
    }
}
