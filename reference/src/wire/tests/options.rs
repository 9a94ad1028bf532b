//! Every option there and back, and what becomes of those with a length that is not theirs.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use crate::seq::Seq;
use crate::wire::options::{self, encode_options};
use crate::wire::{Flags, MAX_OPTIONS, Packet, Segment, TcpOption, WireError};

/// Into a list that held something else before.
fn decode_options(octets: &[u8], start: usize) -> Result<Vec<TcpOption>, WireError> {
    let mut decoded = vec![raw(77, &[7])];
    options::decode_options(octets, start, &mut decoded).map(|()| decoded)
}

fn raw(kind: u8, data: &[u8]) -> TcpOption {
    TcpOption::Raw { kind, data: data.to_vec() }
}

#[test]
fn options_and_their_octets() {
    let table: [(TcpOption, &[u8], &str); 15] = [
        (TcpOption::EndOfList, &[0], "eol"),
        (TcpOption::NoOperation, &[1], "nop"),
        (TcpOption::Mss(1460), &[2, 4, 0x05, 0xb4], "mss 1460"),
        (TcpOption::WindowScale(7), &[3, 3, 7], "wscale 7"),
        (TcpOption::SackPermitted, &[4, 2], "sackOK"),
        (TcpOption::Sack(vec![(Seq(1), Seq(258))]), &[5, 10, 0, 0, 0, 1, 0, 0, 1, 2], "sack 1 {1:258}"),
        (TcpOption::Timestamps { val: 1, ecr: 2 }, &[8, 10, 0, 0, 0, 1, 0, 0, 0, 2], "TS val 1 ecr 2"),
        (
            TcpOption::Md5(vec![0xab; 16]),
            &[&[19u8, 18][..], &[0xab; 16]].concat(),
            "md5 0xabababababababababababababababab",
        ),
        (TcpOption::FastOpen(vec![]), &[34, 2], "tfo cookiereq"),
        (TcpOption::FastOpen(vec![1, 2, 3, 4]), &[34, 6, 1, 2, 3, 4], "tfo cookie 0x01020304"),
        (TcpOption::FastOpenExperimental(vec![]), &[254, 4, 0xf9, 0x89], "exp-tfo cookiereq"),
        (
            TcpOption::FastOpenExperimental(vec![1, 2, 3, 4]),
            &[254, 8, 0xf9, 0x89, 1, 2, 3, 4],
            "exp-tfo cookie 0x01020304",
        ),
        (raw(99, &[]), &[99, 2], "unknown-99"),
        (raw(253, &[0xf9, 0x89]), &[253, 4, 0xf9, 0x89], "unknown-253 0xf989"),
        (raw(254, &[0xf9, 0x88]), &[254, 4, 0xf9, 0x88], "unknown-254 0xf988"),
    ];
    for (option, octets, text) in table {
        let mut out = Vec::new();
        encode_options(core::slice::from_ref(&option), &mut out);
        assert_eq!(out, octets, "{option:?}");
        assert_eq!(option.encoded_len(), octets.len(), "{option:?}");
        assert_eq!(decode_options(octets, 0), Ok(vec![option.clone()]));
        assert_eq!(option.to_string(), text);
    }
}

#[test]
fn a_length_that_is_not_the_kinds_own_makes_a_raw_option() {
    for (kind, data) in [
        (2, &[5][..]),
        (2, &[0, 5, 0xb4]),
        (3, &[]),
        (3, &[1, 2]),
        (4, &[0]),
        (5, &[]),
        (5, &[0; 7]),
        (8, &[0; 7]),
        (8, &[0; 9]),
        (19, &[0; 15]),
        (34, &[0; 2]),
        (34, &[0; 5]),
        (34, &[0; 18]),
        (254, &[0xf9]),
        (254, &[0xf9, 0x89, 0]),
    ] {
        let octets = [&[kind, data.len() as u8 + 2][..], data].concat();
        let decoded = decode_options(&octets, 0).expect("well formed");
        assert_eq!(decoded, [raw(kind, data)]);
        let mut out = Vec::new();
        encode_options(&decoded, &mut out);
        assert_eq!(out, octets);
    }
}

#[test]
fn padding_shows_octet_by_octet_and_must_be_zeros() {
    use TcpOption::{EndOfList, NoOperation};
    assert_eq!(decode_options(&[1, 0, 0, 0], 0), Ok(vec![NoOperation, EndOfList, EndOfList, EndOfList]));
    let dirty = [1, 0, 0, 7];
    let decoded = decode_options(&dirty, 0).expect("well formed");
    assert_eq!(decoded, [NoOperation, raw(0, &[0, 7])]);
    let mut out = Vec::new();
    encode_options(&decoded, &mut out);
    assert_eq!(out, dirty);
}

#[test]
fn a_list_is_padded_to_32_bits_and_cut_at_40_octets() {
    let address = core::net::IpAddr::from([10, 0, 0, 1]);
    let segment = |options| Segment { flags: Flags::SYN, options, payload: vec![9; 3], ..Segment::default() };
    let there_and_back = |options| {
        let packet = Packet::tcp(address, address, segment(options));
        let header_len = packet.segment().map(Segment::header_len);
        let back = Packet::decode(&packet.encode()).expect("well formed");
        let segment = back.segment().expect("tcp").clone();
        assert_eq!(segment.payload, [9; 3]);
        assert_eq!(header_len, Some(20 + segment.options_len()));
        segment.options
    };
    assert_eq!(there_and_back(vec![TcpOption::WindowScale(3)]), [TcpOption::WindowScale(3), TcpOption::EndOfList]);
    assert_eq!(there_and_back(vec![TcpOption::NoOperation; MAX_OPTIONS]).len(), MAX_OPTIONS);
    let long = vec![TcpOption::Mss(536), raw(99, &[1; 37]), TcpOption::NoOperation];
    assert_eq!(segment(long.clone()).options_len(), 44);
    assert_eq!(there_and_back(long), [TcpOption::Mss(536)]);
    assert_eq!(there_and_back(vec![raw(99, &[1; 300])]), []);
}
