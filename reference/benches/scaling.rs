//! Cost of a segment against the number of connections of a host, of pieces held out of order, and
//! of half-open connections: flat, or growing with the logarithm.
//!
//! `cargo bench -p wirelaw-reference --bench scaling`

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use wirelaw_reference::host::{ConnectionId, Host, IsnGenerator};
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Config, Connection};
use wirelaw_reference::time::{Duration, Instant};
use wirelaw_reference::wire::{Flags, Packet, Segment};

fn main() {
    divan::main();
}

/// A step that is prime: visits all, in no order that a cache could guess.
const STRIDE: usize = 99_991;

/// Two hosts and the connections between them.
struct Crowd {
    now: Instant,
    hosts: [Host; 2],
    ids: Vec<[ConnectionId; 2]>,
    packet: Packet,
    next: usize,
}

impl Crowd {
    fn new(number: usize) -> Crowd {
        let addresses: [IpAddr; 2] = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().expect("an address"));
        let hosts = addresses.map(|address| Host::new(vec![address], 1500, IsnGenerator::new(1)));
        let mut crowd = Crowd { now: Instant::ZERO, hosts, ids: Vec::new(), packet: Packet::empty(), next: 0 };
        let config = Arc::new(crowd.hosts[0].config(false));
        let listeners: Vec<_> = (0..=number / 50_000)
            .map(|i| {
                let local = SocketAddr::new(addresses[1], 80 + i as u16);
                (local, crowd.hosts[1].listen(local, 1, config.clone()).expect("a free port"))
            })
            .collect();
        for i in 0..number {
            let (remote, listener) = listeners[i / 50_000];
            let local = SocketAddr::new(addresses[0], 1024 + (i % 50_000) as u16);
            let id = crowd.hosts[0].connect(crowd.now, Some(local), remote, config.clone()).expect("a free port");
            while crowd.carry(0) + crowd.carry(1) > 0 {}
            crowd.ids.push([id, crowd.hosts[1].accept(listener).expect("the handshake is complete").0]);
        }
        crowd
    }

    /// What one host has to send; how many packets that was.
    fn carry(&mut self, from: usize) -> usize {
        let mut count = 0;
        while self.hosts[from].poll_transmit_into(self.now, &mut self.packet) {
            self.hosts[1 - from].handle_packet(self.now, &self.packet);
            count += 1;
        }
        count
    }

    /// 64 octets on the next connection, received and acknowledged.
    fn segment(&mut self) {
        self.now += Duration::from_micros(1);
        let [client, server] = self.ids[self.next];
        self.next = (self.next + STRIDE) % self.ids.len();
        self.hosts[0].call(client, |tcp| tcp.send(&[1; 64], false)).expect("room");
        self.carry(0);
        self.hosts[1].call(server, |tcp| tcp.receive_into(&mut [0; 64])).expect("64 octets");
        self.carry(1);
        self.hosts.iter_mut().for_each(|host| host.handle_timeout(self.now));
    }
}

/// Segments to connections in turn: each finds the state of its connection far away in memory.
#[divan::bench(args = [1, 10, 100, 1000, 10_000, 100_000])]
fn connections(bencher: Bencher<'_, '_>, number: usize) {
    let mut crowd = Crowd::new(number);
    (0..number.max(1000)).for_each(|_| crowd.segment()); // buffers grow to their size
    bencher.counter(ItemsCount::new(1000_usize)).bench_local(|| (0..1000).for_each(|_| crowd.segment()));
}

/// Segments that all go to one connection, which waits among so many idle ones.
#[divan::bench(args = [1, 10, 100, 1000, 10_000, 100_000])]
fn one_of_many(bencher: Bencher<'_, '_>, number: usize) {
    let mut crowd = Crowd::new(number);
    crowd.ids.truncate(1);
    (0..1000).for_each(|_| crowd.segment());
    bencher.counter(ItemsCount::new(1000_usize)).bench_local(|| (0..1000).for_each(|_| crowd.segment()));
}

/// Established, with a receive buffer for `pieces` octets and as many gaps.
fn receiver(pieces: usize) -> Connection {
    let config = Config { receive_buffer: 2 * pieces + 2, ..Config::default() };
    let mut tcp = Connection::open_passive(config, 80, Seq(0));
    let shift = wirelaw_reference::wire::TcpOption::WindowScale(0);
    let syn = Segment { flags: Flags::SYN, options: vec![shift], ..Segment::default() };
    tcp.handle_segment(Instant::ZERO, &syn);
    while tcp.poll_transmit(Instant::ZERO).is_some() {}
    tcp.handle_segment(Instant::ZERO, &Segment { seq: Seq(1), ack: Seq(1), flags: Flags::ACK, ..Segment::default() });
    tcp
}

/// A hostile stream (SegmentSmack): every second octet, one in each segment, in no order, until so
/// many pieces are held; each is answered. The figure is the cost of one.
#[divan::bench(args = [1000, 10_000, 60_000])]
fn held_pieces(bencher: Bencher<'_, '_>, pieces: usize) {
    let mut segment = Segment { ack: Seq(1), flags: Flags::ACK, payload: vec![1], ..Segment::default() };
    let mut answer = Segment::default();
    bencher.counter(ItemsCount::new(pieces)).with_inputs(|| receiver(pieces)).bench_local_refs(|tcp| {
        for i in 0..pieces {
            segment.seq = Seq(2 + 2 * ((i * STRIDE) % pieces) as u32);
            tcp.handle_segment(Instant::ZERO, &segment);
            while tcp.poll_transmit_into(Instant::ZERO, &mut answer) {}
        }
        assert_eq!(tcp.readable(), 0);
    });
}

/// A flood of SYNs that fills a backlog, then a reset for each, oldest last. The figure is the cost
/// of a packet.
#[divan::bench(args = [100, 1000, 10_000, 60_000])]
fn half_open(bencher: Bencher<'_, '_>, backlog: usize) {
    let peer: IpAddr = "192.0.2.1".parse().expect("an address");
    let local: IpAddr = "192.0.2.2".parse().expect("an address");
    let packet = |port: usize, flags, seq| {
        let ports = Segment { source_port: 1024 + port as u16, destination_port: 80, ..Segment::default() };
        Packet::tcp(peer, local, Segment { flags, seq, ..ports })
    };
    let listening = || {
        let mut host = Host::new(vec![local], 1500, IsnGenerator::new(1));
        let config = host.config(false);
        host.listen(SocketAddr::new(local, 80), backlog, config).expect("a free port");
        host
    };
    let mut answer = Packet::empty();
    bencher.counter(ItemsCount::new(2 * backlog)).with_inputs(listening).bench_local_refs(|host| {
        let ports = (0..backlog).map(|port| (port, Flags::SYN, Seq(0)));
        let resets = (0..backlog).rev().map(|port| (port, Flags::RST, Seq(1)));
        for (port, flags, seq) in ports.chain(resets) {
            host.handle_packet(Instant::ZERO, &packet(port, flags, seq));
            while host.poll_transmit_into(Instant::ZERO, &mut answer) {}
        }
        assert_eq!(host.poll_timeout(), None, "none is left");
    });
}
