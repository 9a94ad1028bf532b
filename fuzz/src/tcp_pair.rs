//! Two connections over a network that loses, doubles and reorders: both streams arrive whole, and both ends
//! finish, whatever the initial sequence numbers.

use arbitrary::{Arbitrary, Unstructured};
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Config, Connection, State};
use wirelaw_reference::time::{Duration, Instant};
use wirelaw_reference::wire::Segment;

use crate::habits::turned;

/// How often one network may lose. Both sides are more patient than it is hostile.
const MAX_LOSSES: usize = 300;

/// Events after which two hosts that still talk will talk for ever.
const MAX_EVENTS: usize = 50_000;

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
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Fate {
    Deliver,
    Lose,
    Double,
    /// So many packets that are on their way arrive first.
    Delay(u8),
}

struct Side {
    tcp: Connection,
    to_send: Vec<u8>,
    sent: usize,
    received: Vec<u8>,
}

/// Interprets the octets as a network and two streams.
pub fn check(octets: &[u8]) {
    let Ok(input) = Input::arbitrary(&mut Unstructured::new(octets)) else { return };
    let mut pair = Pair::new(&input);
    for _ in 0..MAX_EVENTS {
        if !pair.event() {
            break;
        }
    }
    for (here, there) in [(0, 1), (1, 0)] {
        let (sent, received) = (&pair.sides[here].to_send, &pair.sides[there].received);
        assert!(sent == received, "{} of {} octets arrived from side {here}", received.len(), sent.len());
        assert_eq!(pair.sides[here].tcp.state(), State::Closed, "side {here} does not finish");
        assert_eq!(pair.sides[here].tcp.failure(), None, "side {here} fails");
    }
}

struct Pair {
    now: Instant,
    sides: [Side; 2],
    /// On their way, in the order of their arrival.
    link: Vec<(usize, Segment)>,
    fates: Vec<Fate>,
    losses: usize,
    write: usize,
    read: usize,
}

impl Pair {
    fn new(input: &Input) -> Pair {
        let isn = |side: usize| {
            let isn = input.isns[side];
            Seq(if input.near_the_wrap { 0u32.wrapping_sub(isn % 4096) } else { isn })
        };
        let config = |side: usize| Config {
            receive_buffer: 1 + usize::from(input.buffers[side]) * 32,
            send_buffer: 4096,
            r2: Duration::from_hours(24),
            r2_syn: Duration::from_hours(24),
            ..turned(input.habits[side])
        };
        let second = if input.simultaneous {
            Connection::open_active(Instant::ZERO, config(1), 81, 80, isn(1))
        } else {
            Connection::open_passive(config(1), 81, isn(1))
        };
        let side = |tcp, side: usize| Side {
            tcp,
            to_send: (0..usize::from(input.streams[side] % 3000)).map(|i| (i * 7 + side) as u8).collect(),
            sent: 0,
            received: Vec::new(),
        };
        Pair {
            now: Instant::ZERO,
            sides: [side(Connection::open_active(Instant::ZERO, config(0), 80, 81, isn(0)), 0), side(second, 1)],
            link: Vec::new(),
            fates: input.fates.iter().rev().copied().collect(),
            losses: 0,
            write: 1 + usize::from(input.write),
            read: 1 + usize::from(input.read),
        }
    }

    /// Both applications act, everything that is due is sent, then one packet arrives or time passes to the
    /// next timer. `false`: nothing is left to happen.
    fn event(&mut self) -> bool {
        let mut progress = false;
        for side in 0..2 {
            progress |= self.sides[side].act(self.write, self.read);
            while let Some(segment) = self.sides[side].tcp.poll_transmit(self.now) {
                self.transmit(1 - side, segment);
            }
        }
        if !self.link.is_empty() {
            let (to, segment) = self.link.remove(0);
            self.now += Duration::from_millis(1);
            self.sides[to].tcp.handle_segment(self.now, &segment);
            return true;
        }
        let timeout = self.sides.iter().filter_map(|side| side.tcp.poll_timeout()).min();
        let Some(at) = timeout.filter(|_| !progress) else { return progress };
        self.now = self.now.max(at);
        for side in &mut self.sides {
            side.tcp.handle_timeout(self.now);
        }
        true
    }

    fn transmit(&mut self, to: usize, segment: Segment) {
        match self.fates.pop().unwrap_or(Fate::Deliver) {
            Fate::Lose if self.losses < MAX_LOSSES => self.losses += 1,
            Fate::Lose | Fate::Deliver => self.link.push((to, segment)),
            Fate::Double => {
                self.link.push((to, segment.clone()));
                self.link.push((to, segment));
            }
            Fate::Delay(by) => {
                let at = self.link.len().saturating_sub(usize::from(by));
                self.link.insert(at, (to, segment));
            }
        }
    }
}

impl Side {
    /// Writes and reads a little, and closes when everything is written; whether any of that went on.
    fn act(&mut self, write: usize, read: usize) -> bool {
        let before = (self.sent, self.received.len());
        let rest = &self.to_send[self.sent..];
        if let Ok(taken) = self.tcp.send(&rest[..rest.len().min(write)], false) {
            self.sent += taken;
        }
        let open = matches!(self.tcp.state(), State::Established | State::CloseWait);
        if open && self.sent == self.to_send.len() {
            let _ = self.tcp.close(); // it is closed already, the second time
        }
        if let Ok(octets) = self.tcp.receive(read) {
            self.received.extend(octets);
        }
        before != (self.sent, self.received.len())
    }
}
