//! What ICMP errors tell of the segment they quote.

use alloc::string::ToString;
use core::net::{IpAddr, Ipv6Addr};

use super::{SYN, syn};
use crate::seq::Seq;
use crate::wire::icmp::{v4, v6};
use crate::wire::{Body, Icmp, Ip, Packet, QuotedSegment};

#[test]
fn eight_octets_of_a_segment_are_enough() {
    let quoted = QuotedSegment {
        source: syn().ip.source,
        destination: syn().ip.destination,
        source_port: 3337,
        destination_port: 7788,
        seq: Seq(3_626_544_836),
        packet_len: 44,
    };
    let error = |original: &[u8]| Icmp::quoting(v4::UNREACHABLE, v4::FRAGMENTATION_NEEDED, 1200, original);
    assert_eq!(error(&SYN).quoted(), Some(quoted));
    assert_eq!(error(&SYN[..28]).quoted(), Some(quoted));
    assert_eq!(error(&SYN[..27]).quoted(), None);
    assert_eq!(error(&SYN).mtu(), Some(1200));
    assert_eq!(Icmp { kind: v4::ECHO_REPLY, ..error(&SYN) }.quoted(), None);
    assert_eq!(Icmp { kind: v6::PACKET_TOO_BIG, ..error(&SYN) }.quoted(), None);
}

#[test]
fn later_fragments_and_other_protocols_quote_no_segment() {
    for (at, value) in [(7, 1), (9, 17), (0, 0x41), (0, 0x4f)] {
        let mut octets = SYN;
        octets[at] = value;
        assert_eq!(Icmp::quoting(v4::TIME_EXCEEDED, 0, 0, &octets).quoted(), None, "octet {at}");
    }
}

#[test]
fn ipv6_errors_quote_ipv6_packets() {
    let address = |last| IpAddr::V6(Ipv6Addr::new(0xfd3d, 0, 0, 0, 0, 0, 0, last));
    let original = Packet { ip: Ip::new(address(1), address(2)), body: syn().body };
    let error = Icmp::quoting(v6::PACKET_TOO_BIG, 0, 1280, &original.encode());
    let quoted = error.quoted().expect("a segment");
    assert_eq!((quoted.source, quoted.destination, quoted.seq), (address(1), address(2), Seq(3_626_544_836)));
    assert_eq!(error.mtu(), Some(1280));
    let packet = Packet { ip: Ip::new(address(3), address(1)), body: Body::Icmp(error) };
    let mut octets = packet.encode();
    assert_eq!(Packet::decode(&octets), Ok(packet.clone()));
    octets[8] ^= 1; // the source address, which ICMPv6 covers
    let said = Packet::decode(&octets).expect_err("refused").to_string();
    assert!(said.starts_with("icmpv6 at octet 42: checksum 0x"), "{said}");
}

#[test]
fn quotations_are_cut_to_what_an_error_may_hold() {
    let mut long = syn();
    let Body::Tcp(segment) = &mut long.body else { unreachable!("a SYN") };
    segment.payload = alloc::vec![1; 3000];
    let error = Icmp::quoting(v4::UNREACHABLE, 1, 0, &long.encode());
    let octets = Packet { ip: long.ip, body: Body::Icmp(error.clone()) }.encode();
    assert_eq!(octets.len(), 576);
    assert!(error.quoted().is_some());
}

#[test]
fn echoes_carry_identifier_and_sequence() {
    for is_v6 in [false, true] {
        let echo = Icmp::echo_request(is_v6, 0x1234, 7, alloc::vec![]);
        assert_eq!(echo.echo(), Some((0x1234, 7)));
        assert_eq!(echo.quoted(), None);
    }
    assert_eq!(Icmp::quoting(v4::UNREACHABLE, 3, 0, &SYN).echo(), None);
}

#[test]
fn names() {
    assert_eq!(v4::name(v4::UNREACHABLE, v4::PORT_UNREACHABLE), Some("port unreachable"));
    assert_eq!(v4::name(v4::UNREACHABLE, 16), None);
    assert_eq!(v6::name(v6::UNREACHABLE, v6::PORT_UNREACHABLE), Some("port unreachable"));
    assert_eq!(v6::name(v6::PACKET_TOO_BIG, 0), Some("packet too big"));
    assert_eq!(v6::name(200, 0), None);
}
