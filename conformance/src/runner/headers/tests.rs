//! Octets made by hand, both ways.

use std::net::IpAddr;

use wirelaw_reference::wire::{Body, Flags, Icmp, Ip, Packet, Segment, Udp};

use super::{Frame, Outer, decode, encapsulate, outer_differences, over_udp, udp_lite};
use crate::runner::datagrams;
use crate::script::ast::{Action, PacketSpec};
use crate::script::parse;

const ENDS: (IpAddr, IpAddr) =
    (IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)), IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2)));

fn spec(line: &str) -> PacketSpec {
    match parse("test.pkt", &format!("+0 {line}")).expect("it parses").steps.remove(0).action {
        Action::Packet(packet) => *packet,
        other => panic!("{other:?}"),
    }
}

fn segment() -> Packet {
    Packet::tcp(
        ENDS.0,
        ENDS.1,
        Segment { source_port: 1, destination_port: 2, flags: Flags::SYN, ..Segment::default() },
    )
}

fn read(octets: &[u8]) -> Frame {
    decode(octets, ENDS, false).expect("it is a packet")
}

fn notes(line: &str, frame: &Frame) -> Vec<String> {
    let spec = spec(line);
    outer_differences(&spec.encapsulation, &frame.outer, &(0..1)).into_iter().map(|mark| mark.note).collect()
}

/// An IPv4 header, then GRE with a key, then the packet: written down octet by octet.
#[test]
fn gre_in_ipv4_is_what_its_documents_say() {
    let line = "> ipv4 [ttl 7] 1.2.3.4 > 5.6.7.8: gre flags 0x2000 key=66: S 0:0(0)";
    let inner = segment().encode();
    let octets = encapsulate(&spec(line).encapsulation, inner.clone()).expect("it can be made");
    #[rustfmt::skip]
    let head = [
        0x45, 0, 0, 68, 0, 0, 0x40, 0, 7, 47, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8,
        0x20, 0, 0x08, 0, 0, 0, 0, 66,
    ];
    assert_eq!(inner.len(), 40);
    assert_eq!((&octets[..10], &octets[12..28]), (&head[..10], &head[12..]));
    assert_eq!(octets[28..], inner);
    let sum: u32 = octets[..20].chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff, "the header checksum is right");

    let frame = read(&octets);
    assert_eq!(frame.outer.len(), 2);
    assert_eq!(frame.body, segment().body);
    assert_eq!(notes(line, &frame), [""; 0]);
    assert_eq!(notes("> ipv4 9.9.9.9 > 8.8.8.8: gre flags [key present] key=66: S 0:0(0)", &frame), [""; 0]);
    assert_eq!(notes("> ipv4 [ttl 8] 9.9.9.9 > 8.8.8.8: gre key=66: S 0:0(0)", &frame), ["ttl expected 8  got 7"]);
    assert_eq!(notes("> ipv4 9.9.9.9 > 8.8.8.8: gre key=67: S 0:0(0)", &frame).len(), 1);
    assert!(notes("> ipv4 9.9.9.9 > 8.8.8.8: S 0:0(0)", &frame)[0].starts_with("outer headers expected ipv4 9.9.9.9"));
    assert!(notes("> S 0:0(0)", &frame)[0].starts_with("outer headers expected none"));
}

#[test]
fn every_header_comes_back() {
    for line in [
        "> ipv4 1.2.3.4 > 5.6.7.8: S 0:0(0)",
        "> ipv6 [flowlabel 0x5, class 0x3] ::1 > ::2: S 0:0(0)",
        "> ipv6 ::1 > ::2: ipv4 1.2.3.4 > 5.6.7.8: S 0:0(0)",
        "> ipv4 1.2.3.4 > 5.6.7.8: mpls (label 5, tc 3, ttl 9) (label 1048575, tc 7, [S], ttl 255): S 0:0(0)",
        "> ipv4 1.2.3.4 > 5.6.7.8: gre flags [checksum present, key present, sequence present] sum 1 off 2 key=3 seq 4: S 0:0(0)",
        "> ipv6 ::1 > ::2: gre: mpls (label 5, tc 3, [S], ttl 9): S 0:0(0)",
    ] {
        let octets = encapsulate(&spec(line).encapsulation, segment().encode()).expect("it can be made");
        let frame = read(&octets);
        assert_eq!(frame.body, segment().body, "{line}");
        assert_eq!(notes(line, &frame), [""; 0], "{line}");
        for cut in 0..octets.len() {
            let _ = decode(&octets[..cut], ENDS, true); // never panics
        }
    }
    for nonsense in [
        "> gre: S 0:0(0)",
        "> mpls (label 5, tc 3, [S], ttl 9): S 0:0(0)",
        "> ipv4 1.2.3.4 > 5.6.7.8: gre: gre: S 0:0(0)",
    ] {
        assert!(encapsulate(&spec(nonsense).encapsulation, segment().encode()).is_err(), "{nonsense}");
    }
}

#[test]
fn udp_lite_covers_what_it_says() {
    let ip = Ip::new(ENDS.0, ENDS.1);
    let udp = Udp { source_port: 7, destination_port: 9, payload: vec![1, 2, 3, 4] };
    let part = udp_lite(&ip, udp.clone(), 8);
    assert_eq!((part[9], &part[20..26]), (136, &[0, 7, 0, 9, 0, 8][..]));
    // 0x0a00 + 1 + 0x0a00 + 2 + 136 + 12, and 7 + 9 + 8
    assert_eq!(part[26..28], (!(0x0a00_u16 + 1 + 0x0a00 + 2 + 136 + 12 + 7 + 9 + 8)).to_be_bytes());
    let whole = udp_lite(&ip, udp.clone(), 0);
    assert_ne!(part[26..28], whole[26..28]);
    for (octets, coverage) in [(part, 8), (whole, 0)] {
        let frame = read(&octets);
        assert_eq!((frame.coverage, &frame.body), (Some(coverage), &Body::Udp(udp.clone())));
        assert!(
            datagrams::differences(&spec(&format!("> udplite (4, {coverage}) \"\\x01\\x02\\x03\\x04\"")), &frame)
                .is_empty()
        );
        assert_eq!(datagrams::differences(&spec("> udplite (4, 5)"), &frame).len(), 2, "text and coverage");
    }
}

#[test]
fn tcp_in_udp() {
    let packet = segment();
    let octets = over_udp(&packet.ip, &packet.encode(), (9899, 1234));
    assert_eq!((octets[9], &octets[20..24]), (17, &[0x26, 0xab, 0x04, 0xd2][..]));
    assert_eq!(octets[28 + 16..28 + 18], [0, 0], "the segment has no checksum of its own");
    let frame = decode(&octets, ENDS, true).expect("it is a packet");
    assert_eq!((frame.body, frame.udp), (packet.body, Some((9899, 1234))));
    assert!(matches!(read(&octets).body, Body::Udp(_)), "UDP is UDP where nobody says otherwise");
}

#[test]
fn icmp_is_compared_by_type_code_and_length() {
    let icmp = Icmp { kind: 8, code: 0, rest: 77 << 16, payload: vec![5; 12] };
    let frame = read(&Packet { ip: Ip::new(ENDS.0, ENDS.1), body: Body::Icmp(icmp) }.encode());
    let wrong =
        |line: &str| datagrams::differences(&spec(line), &frame).into_iter().map(|mark| mark.note).collect::<Vec<_>>();
    assert_eq!(wrong("> icmp echo_request id 3 [raw (20)]"), [""; 0]);
    assert_eq!(wrong("> icmp echo_reply code_1 [raw (21)]").len(), 3);
    assert_eq!(wrong("> udp (20)").len(), 1);
}

/// What a host sends for its own purposes is no fault of its TCP.
#[test]
fn only_broken_tcp_of_ours_concerns_us() {
    let concerns = |octets: &[u8]| decode(octets, ENDS, false).expect_err("it is no packet").concerns_us;
    let mut broken = segment().encode();
    broken[36] ^= 1; // the checksum
    assert!(concerns(&broken));
    let mut elsewhere = broken.clone();
    elsewhere[19] = 9;
    assert!(concerns(&[0; 20]) && concerns(&[]), "what is no IP at all");
    let mut fragment = broken.clone();
    fragment[6] |= 0x20;
    super::encode::set_protocol(&mut fragment, 6);
    assert!(!concerns(&fragment));
    super::encode::set_protocol(&mut elsewhere, 6);
    assert!(!concerns(&elsewhere));
    let mut igmp = segment().encode();
    super::encode::set_protocol(&mut igmp, 2);
    assert!(!concerns(&igmp));
    let mut v6 = vec![0x60, 0, 0, 0, 0, 8, 43, 255]; // a routing header
    v6.extend([0; 40]);
    assert!(!concerns(&v6));
}

#[test]
fn outer_headers_print_as_scripts_write_them() {
    let frame = Frame { outer: vec![Outer::Mpls(Vec::new())], ..read(&segment().encode()) };
    assert_eq!(outer_differences(&[], &frame.outer, &(0..1)).len(), 1);
}
