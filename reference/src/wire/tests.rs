use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

use super::{Flags, Packet, Segment, TcpOption};
use crate::seq::Seq;

/// The SYN of the handshake that the scenarios open with, made by an independent program.
const SYN: [u8; 44] = [
    0x45, 0x00, 0x00, 0x2c, 0x00, 0x00, 0x40, 0x00, 0x40, 0x06, 0xb6, 0x8c, 0xc0, 0xa8, 0x01, 0x74, 0xc0, 0xa8, 0x01,
    0x7b, 0x0d, 0x09, 0x1e, 0x6c, 0xd8, 0x28, 0xae, 0xc4, 0x00, 0x00, 0x00, 0x00, 0x60, 0x02, 0xff, 0xff, 0x61, 0x84,
    0x00, 0x00, 0x02, 0x04, 0x05, 0xb4,
];

fn syn() -> Packet {
    let segment = Segment {
        source_port: 3337,
        destination_port: 7788,
        seq: Seq(3_626_544_836),
        flags: Flags::SYN,
        window: 65535,
        options: vec![TcpOption::Mss(1460)],
        ..Segment::default()
    };
    Packet::tcp(v4(116), v4(123), segment)
}

fn v4(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 168, 1, last))
}

#[test]
fn a_syn_has_these_octets() {
    assert_eq!(syn().encode(), SYN);
    assert_eq!(Packet::decode(&SYN), Ok(syn()));
}

#[test]
fn encoding_into_a_large_enough_buffer_does_not_allocate() {
    let mut out = Vec::with_capacity(SYN.len());
    out.push(7);
    let before = (out.as_ptr(), out.capacity());
    syn().encode_into(&mut out);
    assert_eq!(out, SYN);
    assert_eq!((out.as_ptr(), out.capacity()), before);
}

#[test]
fn a_wrong_checksum_is_told_with_both_values() {
    let mut octets = SYN;
    octets[36] ^= 0x10;
    let fault = Packet::decode(&octets).unwrap_err();
    assert_eq!(Packet::decode_lenient(&octets), Ok((syn(), Some(fault))));
    assert_eq!(fault.to_string(), "tcp at octet 36: checksum 0x7184, 0x6184 required");
}

mod icmp;
mod options;
mod properties;
mod refusals;

#[test]
fn segments_read_as_in_tcpdump() {
    let Some(syn) = syn().segment().cloned() else { unreachable!("a SYN") };
    assert_eq!(syn.to_string(), "Flags [S], seq 3626544836, win 65535, options [mss 1460], length 0");
    let push = Segment {
        ack: Seq(7),
        flags: Flags::PSH | Flags::ACK | Flags::URG,
        urgent_pointer: 2,
        seq: Seq(u32::MAX),
        options: vec![TcpOption::NoOperation, TcpOption::NoOperation, TcpOption::Timestamps { val: 1, ecr: 2 }],
        payload: vec![0; 2],
        ..syn.clone()
    };
    assert_eq!(
        push.to_string(),
        "Flags [P.U], seq 4294967295:1, ack 7, win 65535, urg 2, options [nop,nop,TS val 1 ecr 2], length 2"
    );
    let christmas = Segment { flags: Flags(0xfff), options: vec![], ..syn.clone() };
    assert!(christmas.to_string().starts_with("Flags [FSRP.UEWe reserved 0x7], seq"));
    let bare = Segment { flags: Flags::NONE, options: vec![], ..syn };
    assert!(bare.to_string().starts_with("Flags [none], seq 3626544836, win"));
}

#[test]
fn a_packet_longer_than_ip_allows_is_cut() {
    let mut packet = syn();
    let super::Body::Tcp(segment) = &mut packet.body else { unreachable!("a SYN") };
    segment.payload = vec![1; 70_000];
    let octets = packet.encode();
    assert_eq!(octets.len(), 65_535);
    let back = Packet::decode(&octets).expect("well formed");
    assert_eq!(back.segment().map(|segment| segment.payload.len()), Some(65_535 - 44));
}
