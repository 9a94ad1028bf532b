//! What a connection costs once it is established: no allocation per segment, and few octets of
//! memory while it is idle. The figures are printed by `cargo bench -p wirelaw-reference`.
//!
//! The counting allocator is the crate's, for this test binary alone; it counts by thread.

use std::net::SocketAddr;

use allocation_counter::measure;
use wirelaw_reference::host::{ConnectionId, Host, IsnGenerator};
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Config, Connection};
use wirelaw_reference::time::{Duration, Instant};
use wirelaw_reference::wire::{Packet, Segment};

const SEGMENTS: u64 = 10_000;

/// A link without loss or delay between two connections that are driven by hand.
struct Line {
    now: Instant,
    ends: [Connection; 2],
    segment: Segment,
    data: Vec<u8>,
    sink: Vec<u8>,
}

impl Line {
    /// Established, data going from the first end to the second, `size` octets at a time.
    fn new(size: usize) -> Line {
        let config = Config { nagle: false, ..Config::default() };
        let ends = [
            Connection::open_active(Instant::ZERO, config.clone(), 1, 2, Seq(u32::MAX - 5000)),
            Connection::open_passive(config, 2, Seq(7)),
        ];
        let (data, sink) = (vec![1; size], vec![0; 65_536]);
        let mut line = Line { now: Instant::ZERO, ends, segment: Segment::default(), data, sink };
        while line.exchange() > 0 {}
        line
    }

    /// Everything that either end has to send now; how many segments that was.
    fn exchange(&mut self) -> u64 {
        let mut count = 0;
        for from in 0..2 {
            while self.ends[from].poll_transmit_into(self.now, &mut self.segment) {
                count += 1;
                self.ends[1 - from].handle_segment(self.now, &self.segment);
            }
        }
        count
    }

    fn run(&mut self, segments: u64) {
        for _ in 0..segments {
            self.now += Duration::from_millis(1);
            self.ends.iter_mut().for_each(|end| end.handle_timeout(self.now)); // acknowledgments that waited
            self.exchange();
            assert_eq!(self.ends[0].send(&self.data, false), Ok(self.data.len()));
            assert!(self.exchange() > 0);
            assert!(self.ends[1].receive_into(&mut self.sink).is_ok_and(|taken| taken > 0));
            self.exchange(); // a window that has opened
        }
    }
}

#[test]
fn no_allocation_per_segment() {
    for size in [1, 64, 1448, 5000] {
        let mut line = Line::new(size);
        line.run(2000); // buffers grow to their size
        let heap = measure(|| line.run(SEGMENTS));
        assert_eq!(heap.count_total, 0, "{size} octets at a time");
    }
}

/// Two hosts and a listener; packets cross as octets.
struct Hosts {
    now: Instant,
    ends: [Host; 2],
    there: SocketAddr,
    sent: Packet,
    received: Packet,
    octets: Vec<u8>,
}

impl Hosts {
    fn new() -> Hosts {
        let addresses = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().unwrap());
        let hosts = addresses.map(|address| Host::new(vec![address], 1500, IsnGenerator::new(1)));
        let there = SocketAddr::new(addresses[1], 80);
        let (sent, received) = (Packet::empty(), Packet::empty());
        Hosts { now: Instant::ZERO, ends: hosts, there, sent, received, octets: Vec::new() }
    }

    fn connect(&mut self, number: usize) -> Vec<[ConnectionId; 2]> {
        let config = self.ends[0].config(false);
        let listener = self.ends[1].listen(self.there, number, config.clone()).unwrap();
        let config = std::sync::Arc::new(config);
        let ids: Vec<_> =
            (0..number).map(|_| self.ends[0].connect(self.now, None, self.there, config.clone()).unwrap()).collect();
        self.exchange();
        ids.into_iter().map(|id| [id, self.ends[1].accept(listener).unwrap().0]).collect()
    }

    fn exchange(&mut self) {
        loop {
            let mut is_silent = true;
            for from in 0..2 {
                while self.ends[from].poll_transmit_into(self.now, &mut self.sent) {
                    is_silent = false;
                    self.sent.encode_into(&mut self.octets);
                    self.received.decode_into(&self.octets).unwrap();
                    assert_eq!(self.sent, self.received);
                    self.ends[1 - from].handle_packet(self.now, &self.received);
                }
            }
            if is_silent {
                break;
            }
        }
    }
}

#[test]
fn no_allocation_per_packet_of_a_host() {
    let mut hosts = Hosts::new();
    let [client, server] = hosts.connect(1)[0];
    let (data, mut sink) = ([1; 1448], [0; 1448]); // timestamps take 12
    let mut run = |segments: u64| {
        for _ in 0..segments {
            hosts.now += Duration::from_millis(1);
            hosts.ends.iter_mut().for_each(|host| host.handle_timeout(hosts.now));
            hosts.exchange();
            hosts.ends[0].call(client, |tcp| tcp.send(&data, false)).unwrap();
            hosts.exchange();
            let taken = hosts.ends[1].call(server, |tcp| tcp.receive_into(&mut sink));
            assert_eq!(taken, Ok(data.len()));
            hosts.exchange();
        }
    };
    run(2000);
    assert_eq!(measure(|| run(SEGMENTS)).count_total, 0);
}

/// A generous ceiling: the benchmark says what it is.
#[test]
fn an_idle_connection_is_small() {
    let number = 1000;
    let mut hosts = Hosts::new();
    let mut ids = Vec::new();
    let heap = measure(|| ids = hosts.connect(number));
    assert_eq!(ids.len(), number);
    let each = heap.bytes_current / (2 * number as i64); // both ends live here
    assert!(each < 2048, "{each} octets for each end of an idle connection");
}
