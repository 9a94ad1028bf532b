//! A host with many connections: timers in their order, accepted in the order of their SYNs, and
//! nothing of the tables behind it to be seen.

use std::net::{IpAddr, SocketAddr};

use wirelaw_reference::host::{ConnectionId, Host, IsnGenerator};
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Config, Connection};
use wirelaw_reference::time::{Duration, Instant};
use wirelaw_reference::wire::{Flags, Packet, Segment};

const PEER: &str = "192.0.2.1";
const LOCAL: &str = "192.0.2.2";

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn host() -> Host {
    Host::new(vec![address(LOCAL)], 1500, IsnGenerator::new(1))
}

/// From a port of the peer to port 80.
fn from(port: u16, flags: Flags, seq: u32, ack: Seq) -> Packet {
    let segment = Segment {
        source_port: port,
        destination_port: 80,
        flags,
        seq: Seq(seq),
        ack,
        window: 1000,
        ..Segment::default()
    };
    Packet::tcp(address(PEER), address(LOCAL), segment)
}

/// What the host sends, as ports of the peer.
fn sent_to(host: &mut Host, now: Instant) -> Vec<u16> {
    std::iter::from_fn(|| host.poll_transmit(now)).map(|packet| packet.segment().unwrap().destination_port).collect()
}

#[test]
fn timers_run_by_time_and_then_by_age() {
    let mut host = host();
    let rto = |port: u16| Duration::from_millis(1000 + u64::from(port % 7) * 100);
    let ports: Vec<u16> = (1..=100).collect();
    for port in &ports {
        let config = Config { initial_rto: rto(*port), ..Config::default() };
        host.connect(Instant::ZERO, None, SocketAddr::new(address(PEER), *port), config).unwrap();
    }
    assert_eq!(sent_to(&mut host, Instant::ZERO), ports, "the SYNs, in the order of the calls");
    let mut expected = ports.clone();
    expected.sort_by_key(|port| (rto(*port), *port));
    assert_eq!(host.poll_timeout(), Some(Instant::from_millis(1000)));
    let late = Instant::from_millis(2000);
    host.handle_timeout(late);
    assert_eq!(sent_to(&mut host, late), expected, "once more, with one call for all");
    assert_eq!(host.poll_timeout(), Some(late + Duration::from_secs(2)));
}

#[test]
fn accepted_in_the_order_of_their_syns_once_they_are_complete() {
    let mut host = host();
    let config = host.config(false);
    let listener = host.listen(SocketAddr::new(address(LOCAL), 80), 5, config).unwrap();
    let now = Instant::ZERO;
    let mut isns = Vec::new();
    for port in 1..=6 {
        host.handle_packet(now, &from(port, Flags::SYN, 0, Seq(0)));
        isns.extend(host.poll_transmit(now).map(|packet| packet.segment().unwrap().seq));
    }
    assert_eq!(isns.len(), 5, "the sixth found no room");
    let acknowledge = |host: &mut Host, port: u16| {
        host.handle_packet(now, &from(port, Flags::ACK, 1, isns[usize::from(port) - 1] + 1));
    };
    let accept = |host: &mut Host| host.accept(listener).map(|(_, peer)| peer.port());
    assert_eq!(accept(&mut host), None);
    for port in [4, 2, 5] {
        acknowledge(&mut host, port);
    }
    host.handle_packet(now, &from(4, Flags::RST, 1, Seq(0))); // gone before anybody asked
    assert_eq!([accept(&mut host), accept(&mut host), accept(&mut host)], [Some(2), Some(5), None]);
    acknowledge(&mut host, 3);
    acknowledge(&mut host, 1);
    assert_eq!([accept(&mut host), accept(&mut host), accept(&mut host)], [Some(1), Some(3), None]);
    sent_to(&mut host, now);
    host.handle_packet(now, &from(6, Flags::SYN, 0, Seq(0)));
    assert_eq!(sent_to(&mut host, now), [6], "there is room again");
}

/// So many established connections to ports of the peer, each with one octet on its way.
fn senders(number: u16) -> (Host, Vec<ConnectionId>) {
    let mut host = host();
    let mut ids = Vec::new();
    for port in 1..=number {
        let now = Instant::from_millis(port.into());
        let config = host.config(false);
        let local = SocketAddr::new(address(LOCAL), 80);
        ids.push(host.connect(now, Some(local), SocketAddr::new(address(PEER), port), config).unwrap());
        let iss = host.poll_transmit(now).unwrap().segment().unwrap().seq;
        host.handle_packet(now, &from(port, Flags::SYN | Flags::ACK, 0, iss + 1));
        host.call(ids[usize::from(port) - 1], |tcp| tcp.send(b"x", false)).unwrap();
        sent_to(&mut host, now);
    }
    (host, ids)
}

fn exact(host: &Host, ids: &[ConnectionId]) -> Option<Instant> {
    ids.iter().filter_map(|id| host.connection(*id).and_then(Connection::poll_timeout)).min()
}

/// What a caller is told is exact where timers were not put off, and where few were.
#[test]
fn the_host_wakes_no_later_than_its_first_timer() {
    for number in [1u16, 10, 1000] {
        let (mut host, ids) = senders(number);
        assert_eq!(host.poll_timeout(), exact(&host, &ids));
        let now = Instant::from_millis(1000);
        for (id, port) in ids.iter().zip(1..) {
            let snd = host.connection(*id).unwrap().snd().clone();
            host.handle_packet(now, &from(port, Flags::ACK, 1, snd.nxt)); // its timer is off
            let (told, exact) = (host.poll_timeout(), exact(&host, &ids));
            assert!(exact.is_none_or(|exact| told.is_some_and(|told| told <= exact)), "{told:?} for {exact:?}");
            assert!(number > 10 || told == exact, "{told:?} for {exact:?}");
        }
        for id in &ids {
            host.call(*id, |tcp| tcp.send(b"x", false)).unwrap(); // on again, later
            sent_to(&mut host, now);
        }
        let first = exact(&host, &ids).unwrap();
        assert!(first > now);
        let mut calls = 0;
        let woken = loop {
            calls += 1;
            let told = host.poll_timeout().unwrap();
            assert!(told <= first);
            host.handle_timeout(told);
            if !sent_to(&mut host, told).is_empty() {
                break told;
            }
        };
        assert_eq!(woken, first, "the first segment that is sent again");
        assert!(calls <= usize::from(number) + 1, "{calls} calls");
        assert_eq!(host.poll_timeout(), exact(&host, &ids));
    }
}

#[test]
fn a_timer_that_was_put_off_waits_its_turn() {
    let (mut host, ids) = senders(2);
    let now = Instant::from_millis(1000);
    let snd = host.connection(ids[0]).unwrap().snd().clone();
    host.handle_packet(now, &from(1, Flags::ACK, 1, snd.nxt));
    host.call(ids[0], |tcp| tcp.send(b"x", false)).unwrap();
    assert_eq!(sent_to(&mut host, now), [1]);
    let late = Instant::from_millis(5000);
    host.handle_timeout(late);
    assert_eq!(sent_to(&mut host, late), [2, 1], "the second connection's was due first");
}
