//! Two reference hosts over a link that may lose, in virtual time.

use std::net::SocketAddr;

use wirelaw_reference::host::{ConnectionId, Host, IsnGenerator, ListenerId};
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Config, Connection, State};
use wirelaw_reference::time::{Duration, Instant};
use wirelaw_reference::wire::Packet;

const DELAY: Duration = Duration::from_millis(10);

/// Which packets get lost: told by their number.
type Loss = fn(u32) -> bool;

struct Pair {
    now: Instant,
    hosts: [Host; 2],
    /// On their way: when and to whom they arrive.
    link: Vec<(Instant, usize, Packet)>,
    sent: u32,
    loss: Loss,
    listener: ListenerId,
    client: ConnectionId,
    server: Option<ConnectionId>,
}

impl Pair {
    fn new(isn: u32, loss: Loss, change: fn(&mut Config)) -> Pair {
        let addresses = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().unwrap());
        let mut hosts = addresses.map(|address| {
            let mut generator = IsnGenerator::new(1);
            generator.plan([Seq(isn)]);
            Host::new(vec![address], 1500, generator)
        });
        let mut config = hosts[0].config(false);
        config.r2 = Duration::from_hours(10); // a rhythm of losses may hit every retransmission for a while
        change(&mut config);
        let there = SocketAddr::new(addresses[1], 80);
        let listener = hosts[1].listen(there, 1, config.clone()).unwrap();
        let client = hosts[0].connect(Instant::ZERO, None, there, config).unwrap();
        Pair { now: Instant::ZERO, hosts, link: Vec::new(), sent: 0, loss, listener, client, server: None }
    }

    fn transmit(&mut self) {
        for from in 0..2 {
            while let Some(packet) = self.hosts[from].poll_transmit(self.now) {
                self.sent += 1;
                assert_eq!(Packet::decode(&packet.encode()).as_ref(), Ok(&packet));
                if !(self.loss)(self.sent) {
                    self.link.push((self.now + DELAY, 1 - from, packet));
                }
            }
        }
    }

    /// One event; `false` if nothing is left to happen.
    fn step(&mut self) -> bool {
        self.transmit();
        if self.server.is_none() {
            self.server = self.hosts[1].accept(self.listener).map(|(id, _)| id);
        }
        let arrival = self.link.first().map(|(at, ..)| *at);
        let timeout = self.hosts.iter().filter_map(Host::poll_timeout).min();
        let Some(next) = arrival.into_iter().chain(timeout).min() else { return false };
        self.now = self.now.max(next);
        if arrival == Some(next) {
            let (_, to, packet) = self.link.remove(0);
            self.hosts[to].handle_packet(self.now, &packet);
        } else {
            self.hosts.iter_mut().for_each(|host| host.handle_timeout(next));
        }
        true
    }

    /// Sends `data` one way and closes both; what arrived.
    fn transfer(&mut self, data: &[u8]) -> Vec<u8> {
        let mut rest = data;
        let mut received = Vec::new();
        for _ in 0..1_000_000 {
            if !self.step() {
                break;
            }
            if let Ok(taken) = self.hosts[0].call(self.client, |tcp| tcp.send(rest, false)) {
                rest = &rest[taken..];
            }
            let open = self.states()[0] == Some(State::Established); // CLOSE in SYN-SENT would forget the data
            if rest.is_empty() && open {
                self.hosts[0].call(self.client, Connection::close).unwrap();
            }
            let Some(server) = self.server else { continue };
            match self.hosts[1].call(server, |tcp| tcp.receive(usize::MAX)) {
                Ok(octets) => received.extend(octets),
                Err(_) => {
                    let _ = self.hosts[1].call(server, Connection::close); // closed already, the second time
                }
            }
        }
        received
    }

    fn states(&self) -> [Option<State>; 2] {
        let state = |host: usize, id| self.hosts[host].connection(id).map(Connection::state);
        [state(0, self.client), self.server.and_then(|server| state(1, server))]
    }
}

fn text(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 + i / 251) as u8).collect()
}

fn check(isn: u32, loss: Loss, change: fn(&mut Config), len: usize) -> Pair {
    let mut pair = Pair::new(isn, loss, change);
    let received = pair.transfer(&text(len));
    assert_eq!(received.len(), len, "isn {isn}, states {:?} at {}", pair.states(), pair.now);
    assert!(received == text(len), "isn {isn}: other octets");
    assert_eq!(pair.states(), [Some(State::Closed), Some(State::Closed)]);
    pair
}

const ISNS: [u32; 6] = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff];

#[test]
fn a_perfect_link_loses_nothing_and_retransmits_nothing() {
    for isn in ISNS {
        let pair = check(isn, |_| false, |_| {}, 100_000);
        assert!(pair.now < Instant::from_millis(242_000), "two MSL and little more, but {}", pair.now);
    }
}

#[test]
fn every_third_packet_lost() {
    for isn in ISNS {
        check(isn, |n| n % 3 == 1, |_| {}, 20_000);
    }
}

#[test]
fn half_of_the_packets_lost() {
    // multiplicative hashing: no rhythm that two retransmission timers could fall into
    for isn in ISNS {
        check(isn, |n| n.wrapping_mul(0x9e37_79b9) >> 31 == 1, |_| {}, 3_000);
    }
}

#[test]
fn bursts_lost_with_small_buffers() {
    for isn in ISNS {
        check(isn, |n| n % 17 > 12, |config| (config.receive_buffer, config.send_buffer) = (700, 3000), 20_000);
    }
}

#[test]
fn large_windows_scale() {
    for isn in ISNS {
        check(
            isn,
            |n| n % 41 == 40,
            |config| (config.receive_buffer, config.send_buffer) = (1 << 20, 1 << 20),
            600_000,
        );
    }
}
