//! Octets to packets and back: no octets do harm, and what is understood is written again alike.

mod packet;

use std::net::IpAddr;

use arbitrary::Unstructured;
use wirelaw::trace::{Event, Instant, Record, Response, Trace};
use wirelaw::{pcap, transcript};
use wirelaw_reference::wire::{Body, Packet, TcpOption};

/// Panics if `octets`, taken as a packet and taken as a recipe for one, do not survive the round trip.
pub fn check(octets: &[u8]) {
    decoded(octets);
    decoded(&mended(octets));
    if let Ok(packet) = packet::arbitrary(&mut Unstructured::new(octets)) {
        encoded(&packet);
    }
}

/// What decodes must encode to octets that decode to the same.
fn decoded(octets: &[u8]) {
    shown(octets);
    let Ok((packet, fault)) = Packet::decode_lenient(octets) else {
        assert!(Packet::decode(octets).is_err(), "strict where lenient is not");
        return;
    };
    assert_eq!(Packet::decode(octets).err(), fault, "only the checksum makes the difference");
    let again = packet.encode();
    assert_eq!(Packet::decode(&again).as_ref(), Ok(&packet));
    assert_checksum(&packet, &again);
}

/// What is encoded must decode, to the same but for what an IP packet cannot hold.
fn encoded(packet: &Packet) {
    let octets = packet.encode();
    let mut reused = vec![0xaa; 3];
    packet.encode_into(&mut reused);
    assert_eq!(reused, octets);
    assert_checksum(packet, &octets);
    match Packet::decode(&octets) {
        Ok(back) => {
            assert_eq!(back.ip, packet.ip);
            assert_eq!(back.encode(), octets, "{packet:?}");
            same_body(packet, &back);
        }
        Err(error) => assert!(may_be_malformed(packet), "{error} in {packet:?}"),
    }
}

/// Kinds 0 and 1 have no length, so a raw option that claims to be one may read as anything.
fn may_be_malformed(packet: &Packet) -> bool {
    packet.segment().is_some_and(|segment| {
        segment.options.iter().any(|option| matches!(option, TcpOption::Raw { kind: 0 | 1, .. }))
    })
}

fn same_body(sent: &Packet, back: &Packet) {
    match (&sent.body, &back.body) {
        (Body::Tcp(sent), Body::Tcp(back)) => {
            // Options of odd lengths are read as raw ones; that their octets are the same is seen elsewhere.
            let mut sent = sent.clone();
            sent.options.clone_from(&back.options);
            assert_eq!(&sent, back);
        }
        (sent, back) => assert_eq!(sent, back),
    }
}

/// Nothing that arrives may keep a run from being shown.
fn shown(octets: &[u8]) {
    let event = Event::Response(Response::Packet(octets.to_vec()));
    let trace = Trace { records: vec![Record { at: Instant::ZERO, line: Some(1), event }] };
    assert_eq!(transcript::render(&trace).lines().count(), 1);
    let mut file = Vec::new();
    assert!(pcap::write(&trace, "one line", "name", &mut file).is_ok());
}

/// The octets with the checksum of their IPv4 header made right: a fuzzer finds it too seldom.
fn mended(octets: &[u8]) -> Vec<u8> {
    let mut octets = octets.to_vec();
    let header_len = octets.first().map_or(0, |first| usize::from(first & 0xf) * 4);
    if let Some(header) = octets.get_mut(..header_len).filter(|header| header.len() >= 20) {
        header[10..12].fill(0);
        let sum = !sum(0, header);
        header[10..12].copy_from_slice(&sum.to_be_bytes());
    }
    octets
}

/// One's complement sum as RFC 1071 §1 has it, without the library that the codec uses.
fn sum(start: u32, octets: &[u8]) -> u16 {
    let mut sum = u64::from(start);
    for pair in octets.chunks(2) {
        sum += u64::from(pair[0]) << 8 | pair.get(1).copied().map_or(0, u64::from);
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// With its checksum included, the sum of a packet is all ones.
fn assert_checksum(packet: &Packet, octets: &[u8]) {
    let (header_len, addresses, is_v4) = match packet.ip.source {
        IpAddr::V4(_) => (20, 12..20, true),
        IpAddr::V6(_) => (40, 8..40, false),
    };
    if is_v4 {
        assert_eq!(sum(0, &octets[..20]), 0xffff, "the IPv4 header");
    }
    let body = &octets[header_len..];
    let protocol: u32 = match &packet.body {
        Body::Tcp(_) => 6,
        Body::Udp(_) => 17,
        Body::Icmp(_) if is_v4 => {
            assert_eq!(sum(0, body), 0xffff, "ICMP");
            return;
        }
        Body::Icmp(_) => 58,
    };
    let pseudo_header = protocol + body.len() as u32 + u32::from(sum(0, &octets[addresses]));
    assert_eq!(sum(pseudo_header, body), 0xffff, "{packet:?}");
}
