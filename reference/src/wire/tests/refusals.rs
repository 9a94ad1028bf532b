//! Each way of being no packet, and what is said of it.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};

use etherparse::checksum::Sum16BitWords;

use super::{SYN, syn};
use crate::wire::checksum::{make, pseudo_header, put_u16};
use crate::wire::{Body, Ip, Layer, Packet, Problem, Segment, TcpOption, Udp, protocol};

/// What is said of the SYN after `change`, its checksums made right again.
fn refusal(change: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut octets = SYN.to_vec();
    change(&mut octets);
    if let Some(sum) = octets.get(..20).map(|header| make(Sum16BitWords::default(), header, 10)) {
        put_u16(&mut octets, 10, sum);
    }
    if let Some(sum) = octets.get(20..).map(|body| make(pseudo_header(&syn().ip, protocol::TCP, body.len()), body, 16))
    {
        put_u16(&mut octets, 36, sum);
    }
    Packet::decode(&octets).expect_err("refused").to_string()
}

fn v6_syn() -> Packet {
    let address = |last| IpAddr::V6(Ipv6Addr::new(0xfd3d, 0, 0, 0, 0, 0, 0, last));
    Packet { ip: Ip { flow_label: 0xabcde, ..Ip::new(address(1), address(2)) }, body: syn().body }
}

/// The IPv6 SYN with an extension header of 8 octets in front of the segment.
fn with_extension(number: u8) -> Vec<u8> {
    let mut octets = v6_syn().encode();
    octets.splice(40..40, [6, 0, 1, 4, 0, 0, 0, 0]);
    octets[6] = number;
    octets[5] += 8;
    octets
}

#[test]
fn ipv4_headers() {
    assert_eq!(refusal(Vec::clear), "ip at octet 0: 0 octets present, at least 20 required");
    assert_eq!(refusal(|o| o.truncate(19)), "ipv4 at octet 0: 19 octets present, at least 20 required");
    assert_eq!(refusal(|o| o[0] = 0x75), "ip at octet 0: version 7, 4 or 6 required");
    assert_eq!(refusal(|o| o[0] = 0x44), "ipv4 at octet 0: header length 4 words, at least 5 required");
    assert_eq!(refusal(|o| o[0] = 0x4f), "ipv4 at octet 0: 44 octets present, at least 60 required");
    assert_eq!(refusal(|o| o[3] = 19), "ipv4 at octet 2: length field 19 octets, at least 20 required");
    assert_eq!(refusal(|o| o[3] = 45), "ipv4 at octet 2: length field 45 octets, at most 44 present");
    assert_eq!(refusal(|o| o[6] = 0x20), "ipv4 at octet 6: fragment field 0x2000, a whole packet required");
    assert_eq!(refusal(|o| o[7] = 1), "ipv4 at octet 6: fragment field 0x0001, a whole packet required");
    assert_eq!(refusal(|o| o[9] = 47), "ipv4 at octet 9: protocol 47, tcp (6), udp (17) or icmp (1) required");
    assert_eq!(refusal(|o| o[9] = 58), "ipv4 at octet 9: protocol 58, tcp (6), udp (17) or icmp (1) required");
    let mut octets = SYN;
    octets[8] = 63;
    let fault = Packet::decode(&octets).unwrap_err();
    assert_eq!(fault.to_string(), "ipv4 at octet 10: checksum 0xb68c, 0xb78c required");
    assert_eq!(Packet::decode_lenient(&octets), Err(fault));
}

#[test]
fn tcp_headers() {
    assert_eq!(
        refusal(|o| {
            o.truncate(39);
            o[3] = 39;
        }),
        "tcp at octet 20: 19 octets present, at least 20 required"
    );
    assert_eq!(refusal(|o| o[32] = 0x40), "tcp at octet 32: data offset 4 words, at least 5 required");
    assert_eq!(refusal(|o| o[32] = 0x70), "tcp at octet 32: data offset 7 words, at most 6 present");
    assert_eq!(refusal(|o| o[41] = 0), "tcp option at octet 41: length 0 octets, at least 2 required");
    assert_eq!(refusal(|o| o[41] = 1), "tcp option at octet 41: length 1 octets, at least 2 required");
    assert_eq!(refusal(|o| o[41] = 5), "tcp option at octet 41: length 5 octets, at most 4 present");
    assert_eq!(
        refusal(|o| o[40..44].copy_from_slice(&[1, 1, 1, 2])),
        "tcp option at octet 44: length 0 octets, at least 2 required"
    );
}

#[test]
fn a_receiver_gets_the_options_before_an_illegal_length() {
    let mut octets = SYN.to_vec();
    octets[40..44].copy_from_slice(&[1, 2, 1, 9]); // nop, then an MSS of one octet
    let sum = make(pseudo_header(&syn().ip, protocol::TCP, 24), &octets[20..], 16);
    put_u16(&mut octets, 36, sum);
    let (packet, fault) = Packet::decode_received(&octets).expect("it has a packet");
    assert_eq!(packet.segment().expect("tcp").options, [TcpOption::NoOperation]);
    assert_eq!(fault.map(|f| (f.layer, f.problem)), Some((Layer::TcpOption, Problem::OptionTooShort)));
    octets[37] ^= 1;
    let fault = Packet::decode_received(&octets).expect_err("a wrong checksum is none of it");
    assert_eq!(fault.problem, Problem::Checksum);
}

#[test]
fn ipv6_headers() {
    let octets = v6_syn().encode();
    assert_eq!(Packet::decode(&octets), Ok(v6_syn()));
    let said = |octets: &[u8]| Packet::decode(octets).expect_err("refused").to_string();
    assert_eq!(said(&octets[..39]), "ipv6 at octet 0: 39 octets present, at least 40 required");
    assert_eq!(said(&octets[..63]), "ipv6 at octet 4: length field 24 octets, at most 23 present");
    for skipped in [0, 60] {
        assert_eq!(Packet::decode(&with_extension(skipped)), Ok(v6_syn()));
    }
    for refused in [43, 44, 51, 135] {
        let expected = alloc::format!("ipv6 at octet 6: extension header {refused}, ");
        assert!(said(&with_extension(refused)).starts_with(&expected), "{refused}");
    }
    let mut late = with_extension(60);
    late[40] = 0; // hop-by-hop behind destination options
    assert!(said(&late).starts_with("ipv6 at octet 40: extension header 0, "));
    let mut long = with_extension(60);
    long[41] = 4;
    assert_eq!(said(&long), "ipv6 at octet 40: 32 octets present, at least 40 required");
    let mut icmp = octets.clone();
    icmp[6] = 1;
    assert_eq!(said(&icmp), "ipv6 at octet 6: protocol 1, tcp (6), udp (17) or icmp (58) required");
}

#[test]
fn what_follows_the_packet_is_link_padding() {
    let mut octets = SYN.to_vec();
    octets.extend([0; 6]);
    assert_eq!(Packet::decode(&octets), Ok(syn()));
}

#[test]
fn ipv4_options_are_skipped() {
    let mut octets = SYN.to_vec();
    octets.splice(20..20, [0x94, 4, 0, 0]); // router alert
    (octets[0], octets[3]) = (0x46, 48);
    let sum = make(Sum16BitWords::default(), &octets[..24], 10);
    put_u16(&mut octets, 10, sum);
    assert_eq!(Packet::decode(&octets), Ok(syn()));
}

#[test]
fn udp_goes_without_checksum_only_in_ipv4() {
    let udp = Udp { source_port: 1, destination_port: 2, payload: alloc::vec![7; 3] };
    for (ip, start) in [(syn().ip, 20), (v6_syn().ip, 40)] {
        let is_v4 = ip.source.is_ipv4();
        let packet = Packet { ip, body: Body::Udp(udp.clone()) };
        let mut octets = packet.encode();
        assert_eq!(Packet::decode(&octets).as_ref(), Ok(&packet));
        put_u16(&mut octets, start + 6, 0);
        assert_eq!(Packet::decode(&octets).is_ok(), is_v4);
        put_u16(&mut octets, start + 4, 12);
        let said = Packet::decode(&octets).expect_err("refused").to_string();
        assert!(said.ends_with("length field 12 octets, at most 11 present"), "{said}");
    }
}

#[test]
fn addresses_of_two_families_make_an_ipv6_packet() {
    let mixed = Packet { ip: Ip { source: syn().ip.source, ..v6_syn().ip }, body: syn().body };
    let decoded = Packet::decode(&mixed.encode()).expect("well formed");
    assert_eq!(decoded.ip.source.to_string(), "::ffff:192.168.1.116");
    assert_eq!(decoded.body, mixed.body);
}

/// Both forms of zero of one's complement (RFC 1071 §1); UDP has another use for the first.
#[test]
fn a_checksum_of_zero_has_two_forms() {
    let tcp = |payload: [u8; 2]| {
        let segment = syn().segment().map(|syn| Segment { payload: payload.to_vec(), ..syn.clone() });
        Body::Tcp(segment.unwrap_or_default())
    };
    let udp = |payload: [u8; 2]| Body::Udp(Udp { source_port: 1, destination_port: 2, payload: payload.to_vec() });
    let octets = |body| Packet { ip: syn().ip, body }.encode();
    let field = |octets: &[u8], at| [octets[at], octets[at + 1]];

    // A payload equal to the checksum that two zeros would give makes the sum all ones.
    let mut segment = octets(tcp(field(&octets(tcp([0, 0])), 36)));
    assert_eq!(field(&segment, 36), [0, 0]);
    assert!(Packet::decode(&segment).is_ok());
    put_u16(&mut segment, 36, 0xffff);
    assert!(Packet::decode(&segment).is_ok());

    let datagram = octets(udp(field(&octets(udp([0, 0])), 26)));
    assert_eq!(field(&datagram, 26), [0xff, 0xff]);
    assert!(Packet::decode(&datagram).is_ok());
}
