//! Captures that lie.

use super::{EXCHANGE, captured};
use crate::record::{Request, record};

fn error(octets: &[u8]) -> String {
    record(octets, &Request::new("x")).expect_err("it is no capture").to_string()
}

/// A pcap with the link type of raw IP, and these packets.
fn pcap(packets: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0002_0004, 0, 0, 65535, 101] {
        out.extend(word.to_le_bytes());
    }
    for packet in packets {
        let length = packet.len() as u32;
        for word in [1, 2, length, length] {
            out.extend(word.to_le_bytes());
        }
        out.extend(*packet);
    }
    out
}

#[test]
fn errors_say_where() {
    assert_eq!(error(b""), "octet 0: 0 octets are no capture: the first four say what it is");
    assert!(error(b"GET / HTTP/1.1").starts_with("octet 0: 0x47455420 is not how a capture begins"));
    assert_eq!(error(&pcap(&[])), "the capture has no TCP packet");
    assert_eq!(error(&pcap(&[b"nonsense"])), "the capture has no TCP packet, only: 1 no IP");
    let mut huge = pcap(&[b"x"]);
    huge[32..36].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
    assert_eq!(error(&huge), "octet 40: a packet needs 2147483647 octets, and 1 are left");
    assert_eq!(error(&pcap(&[b"x"])[..30]), "octet 28: the header of a packet needs 4 octets, and 2 are left");
    let whole = captured(EXCHANGE);
    let mut lies = whole.clone();
    lies[4] = 13;
    assert!(error(&lies).starts_with("octet 4: a block of "), "{}", error(&lies));
    assert!(error(&whole[..whole.len() - 2]).contains("the length at the end of a block needs 4 octets"));
}

#[test]
fn a_capture_from_the_middle_is_refused() {
    let ack = {
        use wirelaw_reference::wire::{Flags, Packet, Segment};
        let segment = Segment { source_port: 1, destination_port: 2, flags: Flags::ACK, ..Segment::default() };
        Packet::tcp([192, 0, 2, 1].into(), [192, 0, 2, 2].into(), segment).encode()
    };
    assert!(error(&pcap(&[&ack])).contains("begins in the middle"));
}

#[test]
fn no_octets_make_it_panic() {
    let whole = captured(EXCHANGE);
    for end in 0..whole.len() {
        let _ = record(&whole[..end], &Request::new("x"));
    }
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    for _ in 0..20_000 {
        let mut octets = whole.clone();
        for _ in 0..=random() % 4 {
            let at = random() % octets.len();
            octets[at] = random() as u8;
        }
        if let Ok(recorded) = record(&octets, &Request::new("x")) {
            assert!(recorded.script.len() < 1 << 20, "a script of {} octets", recorded.script.len());
        }
    }
}
