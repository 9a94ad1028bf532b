use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use wirelaw_reference::seq::Seq;
use wirelaw_reference::wire::{Body, Flags, Icmp, Ip, Packet, Segment, TcpOption, Udp, icmp};

use super::render;
use crate::posix::Errno;
use crate::trace::{Call, Event, Fd, Instant, Record, Response, Return, Stimulus, Ticket, Trace};

const CLIENT: Seq = Seq(3_626_544_836);
const SERVER: Seq = Seq(1_739_326_486);

fn v4(last: u8) -> IpAddr {
    IpAddr::from([192, 168, 1, last])
}

fn v6(last: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(0xfd3d, 0, 0, 0, 0, 0, 0, last))
}

fn from_client(flags: Flags, seq: Seq, ack: Seq, payload: &[u8]) -> Packet {
    let payload = payload.to_vec();
    let segment = Segment { source_port: 3337, destination_port: 7788, seq, ack, flags, payload, ..Segment::default() };
    Packet::tcp(v4(116), v4(123), segment)
}

fn from_server(flags: Flags, seq: Seq, ack: Seq, options: Vec<TcpOption>) -> Packet {
    let segment = Segment { source_port: 7788, destination_port: 3337, seq, ack, flags, options, ..Segment::default() };
    Packet::tcp(v4(123), v4(116), segment)
}

fn lines(events: Vec<Event>) -> Vec<String> {
    let record = |(index, event)| Record { at: Instant::from_millis(index as u64), line: None, event };
    let trace = Trace { records: events.into_iter().enumerate().map(record).collect() };
    let text = render(&trace);
    assert_eq!(text, render(&trace));
    text.lines().map(str::to_owned).collect()
}

fn received(packet: &Packet) -> Event {
    Event::Stimulus(Stimulus::Packet(packet.encode()))
}

fn sent(packet: &Packet) -> Event {
    Event::Response(Response::Packet(packet.encode()))
}

#[test]
fn a_connection_has_absolute_numbers_first_and_relative_ones_later() {
    let mut syn = from_client(Flags::SYN, CLIENT, Seq(0), b"");
    let Body::Tcp(segment) = &mut syn.body else { unreachable!("a SYN") };
    (segment.window, segment.options) = (65535, vec![TcpOption::Mss(1460)]);
    let sack = vec![TcpOption::NoOperation, TcpOption::NoOperation, TcpOption::Sack(vec![(CLIENT + 20, CLIENT + 30)])];
    let found = lines(vec![
        received(&syn),
        sent(&from_server(Flags::SYN | Flags::ACK, SERVER, CLIENT + 1, vec![])),
        received(&from_client(Flags::PSH | Flags::ACK, CLIENT + 1, SERVER + 1, b"GET / HTTP/1.1\r\n\r\n")),
        sent(&from_server(Flags::ACK, SERVER + 1, CLIENT + 19, sack)),
        received(&from_client(Flags::RST, CLIENT.back(5), Seq(0), b"")),
    ]);
    let there = "192.168.1.116.3337 > 192.168.1.123.7788";
    let back = "192.168.1.123.7788 > 192.168.1.116.3337";
    assert_eq!(
        found,
        [
            format!("0.000000 IP {there}: Flags [S], seq 3626544836, win 65535, options [mss 1460], length 0"),
            format!("0.001000 IP {back}: Flags [S.], seq 1739326486, ack 3626544837, win 0, length 0"),
            format!(
                "0.002000 IP {there}: Flags [P.], seq 1:19 (3626544837), ack 1 (1739326487), win 0, length 18: \
                 \"GET / HTTP/1.1\\r\\n\\r\\n\""
            ),
            format!(
                "0.003000 IP {back}: Flags [.], seq 1 (1739326487), ack 19 (3626544855), win 0, \
                 options [nop,nop,sack 1 {{20:30 (3626544856)}}], length 0"
            ),
            format!("0.004000 IP {there}: Flags [R], seq -5 (3626544831), win 0, length 0"),
        ]
    );
}

#[test]
fn without_a_syn_numbers_are_absolute() {
    let found = lines(vec![received(&from_client(Flags::ACK, CLIENT + 1, SERVER + 1, b"x"))]);
    assert!(found[0].contains("seq 3626544837:3626544838, ack 1739326487, win"), "{found:?}");
}

#[test]
fn relative_numbers_go_round_the_circle() {
    let found = lines(vec![
        received(&from_client(Flags::SYN, Seq(u32::MAX), Seq(0), b"")),
        received(&from_client(Flags::NONE, Seq(0), Seq(0), b"abc")),
    ]);
    assert!(found[1].contains("Flags [none], seq 1:4 (0), win"), "{found:?}");
}

#[test]
fn other_packets() {
    let syn = from_client(Flags::SYN, CLIENT, Seq(0), b"");
    let error = Icmp::quoting(icmp::v4::UNREACHABLE, icmp::v4::FRAGMENTATION_NEEDED, 1200, &syn.encode());
    let udp = Udp { source_port: 1, destination_port: 2, payload: vec![0] };
    let echo = Icmp::echo_request(true, 7, 9, vec![]);
    let congested = Ip { traffic_class: 3, ..Ip::new(v6(1), v6(2)) };
    let found = lines(vec![
        received(&Packet { ip: Ip::new(v4(1), v4(123)), body: Body::Icmp(error) }),
        received(&Packet { ip: Ip::new(v6(1), v6(2)), body: Body::Icmp(echo) }),
        received(&Packet { ip: Ip::new(v4(1), v4(2)), body: Body::Udp(udp) }),
        received(&Packet { ip: congested, body: syn.body }),
        received(&Packet {
            ip: Ip::new(v4(1), v4(2)),
            body: Body::Icmp(Icmp { kind: 200, code: 1, rest: 0, payload: vec![] }),
        }),
    ]);
    assert_eq!(
        found,
        [
            "0.000000 IP 192.168.1.1 > 192.168.1.123: ICMP fragmentation needed, mtu 1200, \
             quoting 192.168.1.116.3337 > 192.168.1.123.7788: seq 3626544836, length 48",
            "0.001000 IP6 fd3d::1 > fd3d::2: ICMP6 echo request, id 7, seq 9, length 8",
            "0.002000 IP 192.168.1.1.1 > 192.168.1.2.2: UDP, length 1: \"\\x00\"",
            "0.003000 IP6 (tos 0x3) fd3d::1.3337 > fd3d::2.7788: Flags [S], seq 3626544836, win 0, length 0",
            "0.004000 IP 192.168.1.1 > 192.168.1.2: ICMP type 200 code 1, length 8",
        ]
    );
}

#[test]
fn octets_that_are_no_packet_show_why() {
    let mut damaged = from_client(Flags::SYN, CLIENT, Seq(0), b"").encode();
    damaged[36] ^= 1;
    let found =
        lines(vec![Event::Response(Response::Packet(vec![0x45; 3])), Event::Stimulus(Stimulus::Packet(damaged))]);
    assert_eq!(
        found[0],
        "0.000000 3 octets from the stack that are no packet: ipv4 at octet 0: 3 octets present, at least 20 required"
    );
    assert!(found[1].contains("seq 3626544836, win 0, length 0 (tcp at octet 36: checksum 0x"), "{found:?}");
}

#[test]
fn calls_and_returns() {
    let to = |ticket, call| Event::Stimulus(Stimulus::Call { ticket: Ticket(ticket), call });
    let back = |ticket, value| Event::Response(Response::Return { ticket: Ticket(ticket), value });
    let fd = Fd(4);
    let address = SocketAddr::new(v4(1), 80);
    let found = lines(vec![
        to(0, Call::Socket { domain: 2, kind: 1, protocol: 6 }),
        back(0, Return::ok(4)),
        to(1, Call::Read { fd, length: 1000, flags: 2 }),
        to(2, Call::Write { fd, data: b"x".repeat(100), flags: 0, to: None }),
        back(2, Return::ok(100)),
        back(1, Return { value: 5, data: b"a\0\"b\n".to_vec(), ..Return::default() }),
        to(3, Call::Connect { fd, address }),
        back(3, Return::error(Errno::ECONNREFUSED)),
        to(4, Call::Accept { fd }),
        back(4, Return { value: 5, peer: Some(address), ..Return::default() }),
        to(5, Call::SetOption { fd, level: 6, name: 1, value: vec![1, 0, 0, 0] }),
        to(6, Call::SetOption { fd, level: 1, name: 13, value: vec![1, 2] }),
        back(99, Return::ok(0)),
    ]);
    assert_eq!(
        found,
        [
            "0.000000 call socket(2, 1, 6)",
            "0.001000 socket() = 4",
            "0.002000 call read(4, 1000 octets, flags 0x2)",
            &format!("0.003000 call write(4, 100 octets): \"{}\"...", "x".repeat(64)),
            "0.004000 write(4) = 100",
            "0.005000 read(4) = 5: \"a\\x00\\\"b\\n\"",
            "0.006000 call connect(4, 192.168.1.1:80)",
            "0.007000 connect(4) = -1 ECONNREFUSED (Connection refused)",
            "0.008000 call accept(4)",
            "0.009000 accept(4) = 5 from 192.168.1.1:80",
            "0.010000 call setsockopt(4, SOL_TCP, 1, 1)",
            "0.011000 call setsockopt(4, SOL_SOCKET, 13, \"\\x01\\x02\")",
            "0.012000 = 0",
        ]
    );
}
