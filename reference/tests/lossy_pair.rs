//! Two connections with every loss recovery mechanism, over a network that loses, delays and reorders: every
//! stream arrives, and the bookkeeping of what is in flight holds after every step.

use proptest::prelude::*;
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Config, Connection, State};
use wirelaw_reference::time::{Duration, Instant};
use wirelaw_reference::wire::Segment;

/// What happens to a segment: how many milliseconds it takes, or nothing if it is lost.
type Fate = Option<u16>;

/// So many segments have a fate; then the network is kind, so that every story ends.
const FATES: usize = 400;

#[derive(Clone, Debug)]
struct Story {
    isns: [u32; 2],
    switches: [bool; 6],
    streams: [usize; 2],
    receive_buffer: usize,
    fates: Vec<Fate>,
}

fn story() -> impl Strategy<Value = Story> {
    let fate = prop_oneof![6 => (1_u16..30).prop_map(Some), 1 => (30_u16..2500).prop_map(Some), 2 => Just(None)];
    let fates = prop::collection::vec(fate, 0..FATES);
    let isn = prop_oneof![any::<u32>(), (u32::MAX - 60_000)..=u32::MAX];
    (prop::array::uniform2(isn), any::<[bool; 6]>(), prop::array::uniform2(0_usize..60_000), 3000_usize..70_000, fates)
        .prop_map(|(isns, switches, streams, receive_buffer, fates)| Story {
            isns,
            switches,
            streams,
            receive_buffer,
            fates,
        })
}

struct Side {
    tcp: Connection,
    to_send: Vec<u8>,
    written: usize,
    received: Vec<u8>,
}

struct Pair {
    now: Instant,
    sides: [Side; 2],
    link: Vec<(Instant, usize, Segment)>,
    fates: std::vec::IntoIter<Fate>,
}

impl Pair {
    fn new(story: Story) -> Pair {
        let [rack, probe, f_rto, timestamps, sack, nagle] = story.switches;
        let config = Config {
            rack,
            tail_loss_probe: probe,
            f_rto,
            timestamps,
            sack,
            nagle,
            receive_buffer: story.receive_buffer,
            min_rto: Duration::from_millis(200),
            msl: Duration::from_secs(5),
            r2: Duration::from_hours(24),
            r2_syn: Duration::from_hours(24),
            ..Config::default()
        };
        let stream = |side: usize| (0..story.streams[side]).map(|i| (i * 7 + i / 256 + side) as u8).collect();
        let side = |tcp, to_send| Side { tcp, to_send, written: 0, received: Vec::new() };
        let active = Connection::open_active(Instant::ZERO, config.clone(), 80, 81, Seq(story.isns[0]));
        let passive = Connection::open_passive(config, 81, Seq(story.isns[1]));
        Pair {
            now: Instant::ZERO,
            sides: [side(active, stream(0)), side(passive, stream(1))],
            link: Vec::new(),
            fates: story.fates.into_iter(),
        }
    }

    /// The applications write, read and close as they can; then everything goes out.
    fn act(&mut self) {
        for at in 0..2 {
            let side = &mut self.sides[at];
            if matches!(side.tcp.state(), State::Established | State::CloseWait) {
                let rest = &side.to_send[side.written..];
                side.written += side.tcp.send(rest, false).unwrap_or(0);
                if side.written == side.to_send.len() {
                    side.tcp.close().expect("an open connection can be closed");
                }
            }
            side.received.extend(side.tcp.receive(usize::MAX).unwrap_or_default());
            while let Some(segment) = self.sides[at].tcp.poll_transmit(self.now) {
                assert_eq!(self.sides[at].tcp.fault(), None, "after {segment}");
                if let Some(delay) = self.fates.next().unwrap_or(Some(10)) {
                    let arrives = self.now + Duration::from_millis(u64::from(delay));
                    self.link.push((arrives, 1 - at, segment));
                }
            }
        }
    }

    /// The next thing that happens; `false` if nothing will.
    fn step(&mut self) -> bool {
        self.act();
        let arrival = self.link.iter().map(|(at, ..)| *at).min();
        let timeout = self.sides.iter().filter_map(|side| side.tcp.poll_timeout()).min();
        let Some(next) = arrival.into_iter().chain(timeout).min() else { return false };
        self.now = self.now.max(next);
        if arrival == Some(next) {
            let index = self.link.iter().position(|(at, ..)| *at == next).expect("one arrives then");
            let (_, to, segment) = self.link.remove(index);
            self.sides[to].tcp.handle_segment(self.now, &segment);
            assert_eq!(self.sides[to].tcp.fault(), None, "after {segment}");
        } else {
            for side in &mut self.sides {
                side.tcp.handle_timeout(self.now);
                assert_eq!(side.tcp.fault(), None, "after a timeout");
            }
        }
        true
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_octet_arrives_and_the_books_balance(story in story()) {
        let mut pair = Pair::new(story);
        for _ in 0..100_000 {
            if !pair.step() {
                break;
            }
        }
        for (here, there) in [(0, 1), (1, 0)] {
            let (sent, received) = (&pair.sides[here].to_send, &pair.sides[there].received);
            prop_assert!(sent == received, "{} of {} octets arrived from side {here}", received.len(), sent.len());
            prop_assert_eq!(pair.sides[here].tcp.state(), State::Closed);
            prop_assert_eq!(pair.sides[here].tcp.failure(), None);
        }
    }
}
