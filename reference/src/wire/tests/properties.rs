//! What holds of all packets and of all octets.

use alloc::vec::Vec;
use core::net::IpAddr;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_assume, prop_oneof, proptest};

use crate::seq::Seq;
use crate::wire::{Body, Flags, Icmp, Ip, Packet, Segment, TcpOption, Udp};

fn options() -> impl Strategy<Value = Vec<TcpOption>> {
    let seq = || any::<u32>().prop_map(Seq);
    let option = prop_oneof![
        Just(TcpOption::NoOperation),
        Just(TcpOption::SackPermitted),
        any::<u16>().prop_map(TcpOption::Mss),
        any::<u8>().prop_map(TcpOption::WindowScale),
        vec((seq(), seq()), 1..=4).prop_map(TcpOption::Sack),
        any::<(u32, u32)>().prop_map(|(val, ecr)| TcpOption::Timestamps { val, ecr }),
        vec(any::<u8>(), 16).prop_map(TcpOption::Md5),
        vec(any::<u8>(), 8).prop_map(TcpOption::FastOpen),
        vec(any::<u8>(), 8).prop_map(TcpOption::FastOpenExperimental),
        (35u8..=252, vec(any::<u8>(), 0..=9)).prop_map(|(kind, data)| TcpOption::Raw { kind, data }),
    ];
    // Cut to what a header holds and padded, since only such lists come back unchanged.
    vec(option, 0..6).prop_map(|mut options| {
        let len = |options: &[TcpOption]| options.iter().map(TcpOption::encoded_len).sum::<usize>();
        while len(&options) > 40 {
            options.pop();
        }
        while !len(&options).is_multiple_of(4) {
            options.push(TcpOption::EndOfList);
        }
        options
    })
}

fn segment() -> impl Strategy<Value = Segment> {
    let fields = any::<(u16, u16, u32, u32, u16, u16)>();
    (fields, 0u16..0x1000, options(), vec(any::<u8>(), 0..40)).prop_map(|(fields, flags, options, payload)| {
        let (source_port, destination_port, seq, ack, window, urgent_pointer) = fields;
        let (seq, ack, flags) = (Seq(seq), Seq(ack), Flags(flags));
        Segment { source_port, destination_port, seq, ack, flags, window, urgent_pointer, options, payload }
    })
}

fn ip() -> impl Strategy<Value = Ip> {
    let v4 = any::<([u8; 4], [u8; 4])>().prop_map(|(a, b)| (IpAddr::from(a), IpAddr::from(b), 0));
    let v6 =
        any::<([u8; 16], [u8; 16], u32)>().prop_map(|(a, b, label)| (IpAddr::from(a), IpAddr::from(b), label >> 12));
    (prop_oneof![v4, v6], any::<(u8, u8, bool, u16)>()).prop_map(
        |((source, destination, flow_label), (hop_limit, class, df, identification))| Ip {
            dont_fragment: df || destination.is_ipv6(),
            identification: if destination.is_ipv6() { 0 } else { identification },
            source,
            destination,
            hop_limit,
            traffic_class: class,
            flow_label,
        },
    )
}

fn packet() -> impl Strategy<Value = Packet> {
    let payload = || vec(any::<u8>(), 0..40);
    let body = prop_oneof![
        4 => segment().prop_map(Body::Tcp),
        1 => (any::<(u16, u16)>(), payload()).prop_map(|((source_port, destination_port), payload)| {
            Body::Udp(Udp { source_port, destination_port, payload })
        }),
        1 => (any::<(u8, u8, u32)>(), payload())
            .prop_map(|((kind, code, rest), payload)| Body::Icmp(Icmp { kind, code, rest, payload })),
    ];
    (ip(), body).prop_map(|(ip, body)| Packet { ip, body })
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same(packet in packet()) {
        let octets = packet.encode();
        prop_assert_eq!(Packet::decode(&octets), Ok(packet.clone()));
        prop_assert_eq!(Packet::decode_lenient(&octets), Ok((packet, None)));
    }

    #[test]
    fn no_octets_make_it_panic(octets in vec(any::<u8>(), 0..120)) {
        let _ = Packet::decode(&octets);
        if let Ok((packet, _)) = Packet::decode_lenient(&octets) {
            prop_assert_eq!(Packet::decode(&packet.encode()), Ok(packet));
        }
    }

    #[test]
    fn no_damage_makes_it_panic(packet in packet(), at in any::<usize>(), octet in any::<u8>()) {
        let mut octets = packet.encode();
        let at = at % octets.len();
        octets[at] = octet;
        if let Ok((packet, _)) = Packet::decode_lenient(&octets) {
            prop_assert_eq!(Packet::decode(&packet.encode()), Ok(packet));
        }
    }

    #[test]
    fn a_flipped_bit_is_found_by_a_checksum(packet in packet(), at in any::<usize>(), bit in 0u8..8) {
        let mut octets = packet.encode();
        // No checksum covers the first 8 octets of IPv6, and UDP may go without.
        let first = if packet.ip.source.is_ipv4() { 0 } else { 8 };
        prop_assume!(!matches!(packet.body, Body::Udp(_)));
        let at = first + at % (octets.len() - first);
        octets[at] ^= 1 << bit;
        prop_assert!(Packet::decode(&octets).is_err(), "octet {at}");
    }

    #[test]
    fn a_cut_packet_is_refused(packet in packet(), at in any::<usize>()) {
        let octets = packet.encode();
        prop_assert!(Packet::decode_lenient(&octets[..at % octets.len()]).is_err());
    }
}
