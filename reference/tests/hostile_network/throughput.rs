//! The table of throughput and loss: how fast one way of bulk data goes in virtual time, for every
//! configuration. Seeded, so that a change of behaviour shows as a change of the snapshot.

use std::fmt::Write as _;
use std::net::SocketAddr;

use wirelaw_reference::host::{ConnectionId, FourTuple, Host, IsnGenerator};
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Config, Connection};
use wirelaw_reference::time::{Duration, Instant};
use wirelaw_reference::wire::Packet;

use super::configs;
use super::link::Link;
use super::pair::patient;

/// Octets of the transfer.
const BULK: usize = 1 << 20;

/// Packets that one cell of the table may need.
const MAX_PACKETS: u32 = 100_000;

/// Losses, in packets of ten thousand.
const LOSSES: [u64; 7] = [0, 10, 50, 100, 200, 500, 1000];

/// One direction of the path: 100 Mbit/s, and a queue of 20 ms.
const NANOS_PER_OCTET: u64 = 80;
const QUEUE: Duration = Duration::from_millis(20);

/// SplitMix64 (Steele, Lea, Flood 2014): all the chance there is, from a seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// True in `of_ten_thousand` of 10 000 cases.
    fn happens(&mut self, of_ten_thousand: u64) -> bool {
        self.next() % 10_000 < of_ten_thousand
    }
}

/// The path between two hosts.
struct Path {
    link: Link<(usize, Packet)>,
    chance: Chance,
    loss: u64,
    one_way: Duration,
    /// When each direction has sent what it was given.
    busy_until: [Instant; 2],
}

impl Path {
    fn send(&mut self, now: Instant, to: usize, packet: Packet) {
        let idle = now.max(self.busy_until[to]);
        if idle.since(now) > QUEUE || self.chance.happens(self.loss) {
            return;
        }
        let octets = 20 + packet.segment().map_or(0, |segment| segment.header_len() + segment.payload.len());
        self.busy_until[to] = idle + Duration::from_nanos(octets as u64 * NANOS_PER_OCTET);
        let arrival = self.busy_until[to] + self.one_way;
        if self.chance.happens(10) {
            self.link.send(arrival + self.one_way / 10, (to, packet.clone())); // one in a thousand is doubled
        }
        let late = if self.chance.happens(50) { self.one_way / 4 } else { Duration::ZERO }; // and five overtaken
        self.link.send(arrival + late, (to, packet));
    }
}

/// What one transfer came to.
#[derive(Default)]
struct Outcome {
    takes: Duration,
    /// Data segments with nothing new in them.
    retransmissions: u32,
    /// How often a timer of the sender went off while something was unacknowledged.
    timeouts: u32,
}

struct Transfer {
    now: Instant,
    hosts: [Host; 2],
    path: Path,
    client: ConnectionId,
    server: Option<ConnectionId>,
    written: usize,
    received: usize,
    /// The end of what the client has sent so far.
    highest: Seq,
    packets: u32,
    outcome: Outcome,
}

impl Transfer {
    fn new(config: &Config, loss: u64, rtt: Duration) -> Transfer {
        let addresses = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().expect("an address"));
        let isn = Seq(0xfff8_0000); // the stream crosses zero
        let mut hosts = addresses.map(|address| {
            let mut generator = IsnGenerator::new(1);
            generator.plan([isn]);
            Host::new(vec![address], 1500, generator)
        });
        let config = patient(Config { receive_buffer: 1 << 20, send_buffer: 1 << 20, ..config.clone() });
        let there = SocketAddr::new(addresses[1], 80);
        hosts[1].listen(there, 1, config.clone()).expect("a free port");
        let client = hosts[0].connect(Instant::ZERO, None, there, config).expect("a free port");
        let seed = loss * 1_000 + rtt.as_millis() as u64;
        let path =
            Path { link: Link::new(), chance: Chance(seed), loss, one_way: rtt / 2, busy_until: [Instant::ZERO; 2] };
        Transfer {
            now: Instant::ZERO,
            hosts,
            path,
            client,
            server: None,
            written: 0,
            received: 0,
            highest: isn + 1,
            packets: 0,
            outcome: Outcome::default(),
        }
    }

    fn run(mut self) -> Outcome {
        while self.received < BULK {
            self.applications_act();
            self.transmit();
            self.wait();
        }
        self.outcome.takes = self.now.since(Instant::ZERO);
        self.outcome
    }

    fn applications_act(&mut self) {
        let text = &[b'x'; 16_384][..16_384.min(BULK - self.written)];
        self.written += self.hosts[0].call(self.client, |tcp| tcp.send(text, false)).unwrap_or(0);
        if self.server.is_none() {
            let tuple = self.hosts[0].four_tuple(self.client).expect("the client is known");
            let mirrored = FourTuple { local: tuple.remote, remote: tuple.local };
            self.server = self.hosts[1].find(&mirrored);
        }
        if let Some(server) = self.server {
            self.received += self.hosts[1].call(server, |tcp| tcp.receive(usize::MAX)).map_or(0, |octets| octets.len());
        }
    }

    fn transmit(&mut self) {
        for from in 0..2 {
            while let Some(packet) = self.hosts[from].poll_transmit(self.now) {
                self.packets += 1;
                assert!(self.packets < MAX_PACKETS, "{} octets by {}", self.received, self.now);
                if let Some(segment) = packet.segment().filter(|segment| from == 0 && !segment.payload.is_empty()) {
                    self.outcome.retransmissions += u32::from(segment.end().is_at_or_before(self.highest));
                    self.highest = self.highest.later(segment.end());
                }
                self.path.send(self.now, 1 - from, packet);
            }
        }
    }

    /// One packet arrives, or time passes to the next timer.
    fn wait(&mut self) {
        let timeout = self.hosts.iter().filter_map(Host::poll_timeout).min();
        let arrival = self.path.link.next_arrival();
        let next = timeout.into_iter().chain(arrival).min().expect("a transfer under way waits for something");
        self.now = self.now.max(next);
        if let Some((to, packet)) = self.path.link.receive(self.now) {
            self.hosts[to].handle_packet(self.now, &packet);
            return;
        }
        let lacks_ack = |tcp: &Connection| tcp.poll_timeout() == timeout && tcp.snd().in_flight() > 0;
        self.outcome.timeouts += u32::from(self.hosts[0].connection(self.client).is_some_and(lacks_ack));
        self.hosts.iter_mut().for_each(|host| host.handle_timeout(self.now));
    }
}

/// `kB/s  retransmissions  timeouts` of each loss in a row.
fn rows(name: &str, config: &Config) -> String {
    let mut rows = String::new();
    for rtt in [10, 100].map(Duration::from_millis) {
        let _ = write!(rows, "{name:12} {:>4} ms |", rtt.as_millis()); // a String takes everything
        for loss in LOSSES {
            let Outcome { takes, retransmissions, timeouts } = Transfer::new(config, loss, rtt).run();
            let speed = BULK as u128 * 1_000 / takes.as_millis().max(1) / 1_000;
            let _ = write!(rows, " {speed:>6} {retransmissions:>4} {timeouts:>3} |");
        }
        rows.push('\n');
    }
    rows
}

#[test]
fn throughput_by_loss() {
    let mut table = format!("{:20} |", "loss");
    for loss in LOSSES {
        let _ = write!(table, " {:>3}.{:02} %         |", loss / 100, loss % 100);
    }
    table.push_str("\nkB/s, retransmissions, timeouts\n");
    for (name, config) in configs::named() {
        table.push_str(&rows(name, &config));
    }
    insta::assert_snapshot!(table);
}
