//! Every kind of link that a capture may be of.

use super::{EXCHANGE, captured};
use crate::record::link::{Sight, segment};
use crate::record::{Request, capture, record};

/// The IP packets of the exchange, in order.
fn packets() -> Vec<Vec<u8>> {
    let octets = captured(EXCHANGE);
    let frames = capture::frames(&octets).expect("it is a capture");
    frames.iter().map(|frame| frame.octets.to_vec()).collect()
}

/// A pcap of this link type with `head` in front of every packet.
fn pcap(link: u32, head: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0002_0004, 0, 0, 65535, link] {
        out.extend(word.to_le_bytes());
    }
    for (at, packet) in packets().iter().enumerate() {
        let length = (head.len() + packet.len()) as u32;
        for word in [1, at as u32 * 1000, length, length] {
            out.extend(word.to_le_bytes());
        }
        out.extend([head, packet].concat());
    }
    out
}

/// A header of Linux's cooked captures, of the first and the second kind, for IPv4.
const COOKED: [u8; 16] = [0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0];
const COOKED_2: [u8; 20] = [8, 0, 0, 0, 0, 0, 0, 7, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0];

#[test]
fn a_connection_is_found_in_every_kind_of_link() {
    let raw = record(&pcap(101, &[]), &Request::new("x")).expect("it is whole").script;
    assert!(raw.contains("\"hello\""), "{raw}");
    let ethernet = |between: &[u8]| [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], between, &[8, 0]].concat();
    for (name, link, head) in [
        ("raw, as old systems number it", 12, Vec::new()),
        ("raw, as OpenBSD numbers it", 14, Vec::new()),
        ("IPv4", 228, Vec::new()),
        ("null", 0, vec![2, 0, 0, 0]),
        ("null of the other byte order", 0, vec![0, 0, 0, 2]),
        ("loop", 108, vec![0, 0, 0, 2]),
        ("Ethernet", 1, ethernet(&[])),
        ("a virtual LAN", 1, ethernet(&[0x81, 0, 0, 7])),
        ("two of them", 1, ethernet(&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 9])),
        ("cooked", 113, COOKED.to_vec()),
        ("cooked, second kind", 276, COOKED_2.to_vec()),
    ] {
        let recorded = record(&pcap(link, &head), &Request::new("x")).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(recorded.script, raw, "{name}");
    }
}

#[test]
fn a_cooked_capture_says_who_sent() {
    for (head, kind_at) in [(COOKED.to_vec(), 1), (COOKED_2.to_vec(), 10)] {
        for (kind, is_sent) in [(4, true), (0, false)] {
            let mut head = head.clone();
            head[kind_at] = kind;
            let link = if kind_at == 1 { 113 } else { 276 };
            let octets = pcap(link, &head);
            let frames = capture::frames(&octets).expect("it is a capture");
            let Sight::Tcp(seen) = segment(&frames[0]) else { panic!("it is TCP") };
            assert_eq!(seen.is_sent, Some(is_sent));
            assert_eq!(seen.interface, if kind_at == 1 { frames[0].interface } else { 7 });
        }
    }
}

#[test]
fn a_head_that_is_cut_off_or_of_something_else_is_no_packet() {
    for (link, head) in [(1, vec![2; 12]), (113, COOKED[..15].to_vec()), (276, COOKED_2[..19].to_vec()), (0, vec![2])] {
        let error = record(&pcap(link, &head), &Request::new("x")).expect_err("it is none").to_string();
        assert!(error.contains("no TCP packet"), "{link}: {error}");
    }
    let arp = [&[2; 12], &[8, 6][..]].concat();
    assert!(record(&pcap(1, &arp), &Request::new("x")).is_err());
    let unknown = record(&pcap(147, &[]), &Request::new("x")).expect_err("nobody knows it").to_string();
    assert!(unknown.contains("link type 147"), "{unknown}");
}
