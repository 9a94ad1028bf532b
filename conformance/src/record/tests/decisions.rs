//! What is decided about a capture, and said: packets that are there twice, several connections, settings, errors that
//! had no effect, buffers that the application has chosen.

use wirelaw_reference::seq::Seq;
use wirelaw_reference::wire::{Body, Flags, Icmp, Ip, Packet, Segment};

use super::{EXCHANGE, capture, captured, recorded, run};
use crate::record::{Choice, Request, capture as file, record};

const CLIENT: [u8; 4] = [192, 0, 2, 1];
const SERVER: [u8; 4] = [192, 0, 2, 2];

/// Linux's cooked captures of the second kind, of the interface `index`.
fn cooked(index: u8, packet: &[u8]) -> Vec<u8> {
    [&[8, 0, 0, 0, 0, 0, 0, index, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], packet].concat()
}

/// A pcap of cooked packets with their microseconds.
fn pcap(packets: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let mut out = words(&[0xa1b2_c3d4, 0x0002_0004, 0, 0, 65535, 276]);
    for (at, octets) in packets {
        out.extend(words(&[1, *at, octets.len() as u32, octets.len() as u32]));
        out.extend(octets);
    }
    out
}

/// A packet of the client, or of the server: flags, sequence number, acknowledgment, window.
fn tcp(is_client: bool, flags: Flags, seq: u32, ack: u32, window: u16) -> Vec<u8> {
    let ends = if is_client { (CLIENT, SERVER, (1234, 80)) } else { (SERVER, CLIENT, (80, 1234)) };
    let (source_port, destination_port) = ends.2;
    let segment =
        Segment { source_port, destination_port, flags, seq: Seq(seq), ack: Seq(ack), window, ..Segment::default() };
    cooked(1, &Packet::tcp(ends.0.into(), ends.1.into(), segment).encode())
}

#[test]
fn packets_that_are_there_twice_count_once() {
    let octets = captured(EXCHANGE);
    let frames = file::frames(&octets).expect("it is a capture");
    let once = |index| frames.iter().map(move |frame| (frame.number as u32 * 1000, cooked(index, frame.octets)));
    let twice: Vec<(u32, Vec<u8>)> = once(1).zip(once(2)).flat_map(|(one, other)| [one, other]).collect();
    let recorded_twice = recorded(&pcap(&twice));
    assert_eq!(recorded_twice.script, recorded(&pcap(&once(1).collect::<Vec<_>>())).script);
    let remark = format!("{} packets that the capture has twice are dropped", frames.len());
    assert!(recorded_twice.remarks.contains(&remark), "{:?}", recorded_twice.remarks);
}

#[test]
fn connections_with_the_same_ends_are_told_apart() {
    let one = |at: u32, isn: u32| {
        let (next, number) = (isn.wrapping_add(1), 501);
        [
            (at, tcp(true, Flags::SYN, isn, 0, 1000)),
            (at + 1, tcp(false, Flags::SYN | Flags::ACK, 500, next, 1000)),
            (at + 2, tcp(true, Flags::ACK, next, number, 1000)),
            (at + 3, tcp(true, Flags::RST | Flags::ACK, next, number, 1000)),
        ]
    };
    let octets = pcap(&[one(0, 7), one(1000, 70_000)].concat());
    let choose = |connection| record(&octets, &Request { connection, ..Request::new("x") });
    let error = choose(None).expect_err("which?").to_string();
    assert!(
        error.starts_with("the capture has 2 connections:\n  1  at 0 s  192.0.2.1:1234-192.0.2.2:80  4 p"),
        "{error}"
    );
    assert!(error.contains("\n  2  at 0.001 s  ") && error.contains("--connection N"), "{error}");
    let ends = "192.0.2.2:80-192.0.2.1:1234".parse().expect("two ends");
    assert!(choose(Some(ends)).expect_err("which?").to_string().contains("more than one"));
    assert!(choose(Some(Choice::Number(3))).expect_err("which?").to_string().contains("no connection 3"));
    assert_eq!(choose(Some(Choice::Number(2))).expect("it is whole").script.matches("R.").count(), 1);
}

#[test]
fn settings_are_told_by_the_options_of_a_syn() {
    let script = "// Without two options.\n// with: sack=off window-scale=off\n
0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   bind(3, ..., ...) = 0
+0   listen(3, 1) = 0
+0.1 < S 0:0(0) win 65535 <mss 1000,sackOK,TS val 1 ecr 0,nop,wscale 7>
+0   > S. 0:0(0) ack 1 <...>
";
    let script = recorded(&captured(script)).script;
    assert!(script.contains("\n`sysctl -w net.ipv4.tcp_sack=0 net.ipv4.tcp_window_scaling=0`\n"), "{script}");
}

/// An attempt to connect with an error after its first SYN, and what comes later.
fn attempt(later: &[(u32, Vec<u8>)], interfaces: &[u8]) -> Vec<u8> {
    let syn = tcp(true, Flags::SYN, 7, 0, 1000);
    let ip = Ip::new([10, 0, 0, 1].into(), CLIENT.into());
    let told = Packet { ip, body: Body::Icmp(Icmp::quoting(3, 1, 0, &syn[20..])) }.encode();
    let told = interfaces.iter().map(|index| (100, cooked(*index, &told)));
    pcap(&[&[(0, syn)], &told.collect::<Vec<_>>()[..], later].concat())
}

#[test]
fn errors_without_an_effect_are_left_out() {
    const ERROR: &str = "< icmp unreachable host_unreachable [0:0(0)]\n";
    for interfaces in [&[1][..], &[1, 2]] {
        let script = recorded(&attempt(&[], interfaces)).script;
        assert_eq!(script.matches(ERROR).count(), 1, "{script}");
    }
    let again = recorded(&attempt(&[(1_000_000, tcp(true, Flags::SYN, 7, 0, 1000))], &[1]));
    assert!(!again.script.contains("icmp"), "{}", again.script);
    assert!(
        again.remarks.iter().any(|remark| remark.contains("1 ICMP errors that answered a SYN")),
        "{:?}",
        again.remarks
    );
}

#[test]
fn a_window_that_is_taken_back_is_told() {
    let opened = |edge: (u32, u16)| {
        pcap(&[
            (0, tcp(true, Flags::SYN, 7, 0, 1000)),
            (1, tcp(false, Flags::SYN | Flags::ACK, 500, 8, 1000)),
            (2, tcp(true, Flags::ACK, 8, 501, 1000)),
            (3, tcp(false, Flags::ACK, 501, edge.0, edge.1)),
        ])
    };
    let is_told = |edge| recorded(&opened(edge)).remarks.iter().any(|remark| remark.contains("SO_RCVBUF"));
    assert!(is_told((8, 0)) && !is_told((8, 500)) && !is_told((1008, 0)));
}

#[test]
fn what_a_capture_has_cut_off_is_told() {
    let octets = include_bytes!("../../../../fixtures/captures/download-ipv6.pcap");
    let recorded = recorded(octets);
    assert!(recorded.remarks.iter().any(|remark| remark.contains("only the beginning of ")), "{:?}", recorded.remarks);
    assert!(!recorded.script.contains("\"GET") || !recorded.script.contains("\"HTTP"), "text is known in part");
}

#[test]
fn keep_alives_are_asked_for() {
    let start = "
0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   setsockopt(3, SOL_SOCKET, SO_KEEPALIVE, [1], 4) = 0
+0   setsockopt(3, IPPROTO_TCP, TCP_KEEPIDLE, [5], 4) = 0
+0   setsockopt(3, IPPROTO_TCP, TCP_KEEPINTVL, [2], 4) = 0
+0   bind(3, ..., ...) = 0
+0   listen(3, 1) = 0
+0.1 < S 0:0(0) win 65535 <mss 1000>
+0   > S. 0:0(0) ack 1 <...>
+0.1 < . 1:1(0) ack 1 win 65535
+0   accept(3, ..., ...) = 4
*    > . 0:0(0) ack 1\n*    > . 0:0(0) ack 1\n";
    let run = run(start);
    assert_eq!(run.verdict.to_string(), "pass", "{}", run.message);
    let script = recorded(&capture(&run.trace)).script;
    for wanted in ["TCP_KEEPIDLE, [5], 4", "TCP_KEEPINTVL, [2], 4", "SO_KEEPALIVE, [1], 4"] {
        assert!(script.contains(wanted), "no {wanted}\nin: {script}");
    }
}

/// The client's text from `seq` on, and an established connection for it.
fn text(seq: u32, len: usize) -> Vec<u8> {
    let (source_port, destination_port, flags) = (1234, 80, Flags::ACK);
    let (seq, ack, payload) = (Seq(seq + 7), Seq(501), vec![b'x'; len]);
    let segment =
        Segment { source_port, destination_port, flags, seq, ack, window: 1000, payload, ..Segment::default() };
    cooked(1, &Packet::tcp(CLIENT.into(), SERVER.into(), segment).encode())
}

fn established() -> Vec<(u32, Vec<u8>)> {
    vec![
        (0, tcp(true, Flags::SYN, 7, 0, 1000)),
        (1, tcp(false, Flags::SYN | Flags::ACK, 500, 8, 60_000)),
        (2, tcp(true, Flags::ACK, 8, 501, 1000)),
    ]
}

/// The script of the client.
fn of_client(packets: &[(u32, Vec<u8>)]) -> String {
    let local = Some("192.0.2.1".parse().expect("an address"));
    record(&pcap(packets), &Request { local, ..Request::new("x") }).expect("it is whole").script
}

/// Whether `first` stands before `second`.
fn is_before(script: &str, first: &str, second: &str) -> bool {
    let at = |text| script.find(text).unwrap_or_else(|| panic!("no {text} in: {script}"));
    at(first) < at(second)
}

#[test]
fn an_error_in_the_middle_of_a_burst_is_heeded_behind_it() {
    let ip = Ip::new([10, 0, 0, 1].into(), CLIENT.into());
    let told = Packet { ip, body: Body::Icmp(Icmp::quoting(3, 4, 400, &text(1, 500)[20..])) }.encode();
    for (next, is_burst) in [(300, true), (5000, false)] {
        let mut packets = established();
        packets.extend([(100, text(1, 500)), (200, cooked(1, &told)), (next, text(501, 500))]);
        let script = of_client(&packets);
        assert_eq!(
            is_before(&script, "> . 501:1001(500)", "< icmp unreachable frag_needed mtu 400"),
            is_burst,
            "{script}"
        );
    }
}

#[test]
fn text_that_a_window_has_no_room_for_was_sent_before_it_came() {
    for (window, is_crossed) in [(0, true), (1000, false)] {
        let mut packets = established();
        packets.extend((0..4).map(|at| (100 + at, text(1 + at * 536, 536))));
        packets.extend([(200, tcp(false, Flags::ACK, 501, 8 + 4 * 536, window)), (300, text(2145, 536))]);
        packets.push((9000, tcp(false, Flags::ACK, 501, 8 + 5 * 536, 1000)));
        let script = of_client(&packets);
        assert_eq!(is_before(&script, "> . 2145:2681(536)", &format!("ack 2145 win {window}")), is_crossed, "{script}");
    }
}

/// A packet with another identification, and the checksum for it.
fn identified(identification: u16, packet: &[u8]) -> Vec<u8> {
    const COOKED: usize = 20;
    let mut packet = Packet::decode(&packet[COOKED..]).expect("it is a packet");
    packet.ip.identification = identification;
    cooked(1, &packet.encode())
}

/// How often the client's first text is in the script if it is in the capture again at some time, with some identification.
fn count_of_text(again: u32, identification: u16) -> usize {
    let mut packets = established();
    packets.extend([(1000, identified(7, &text(1, 500))), (1000 + again, identified(identification, &text(1, 500)))]);
    packets.sort_by_key(|(at, _)| *at);
    of_client(&packets).matches("> . 1:501(500)").count()
}

#[test]
fn a_packet_that_loops_back_counts_once_and_one_that_is_sent_again_twice() {
    assert_eq!(count_of_text(1, 7), 1, "a loopback device shows what goes out and what comes in");
    assert_eq!(count_of_text(1, 8), 2, "each packet has a number of its own");
    assert_eq!(count_of_text(300_000, 7), 2, "the numbers go round");
    let mut packets = established();
    packets.extend([(1000, text(1, 500)), (1001, text(1, 500))]);
    assert_eq!(of_client(&packets).matches("> . 1:501(500)").count(), 2, "a number of 0 is none");
}
