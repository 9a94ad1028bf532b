use std::net::IpAddr;

use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::{Block, PcapNgReader};
use wirelaw_reference::wire::{Flags, Packet, Segment};

use super::{INBOUND, NOT_ASKED_FOR, OUTBOUND, write};
use crate::trace::{Call, Event, Fd, Instant, Record, Response, Return, Stimulus, Ticket, Trace};

const SCRIPT: &str = "// a comment\n  0 < S 0:0(0) win 1000  \n+0 > S. 0:0(0) ack 1 <...>\r\n";

fn packet(flags: Flags) -> Vec<u8> {
    let address = |last| IpAddr::from([192, 0, 2, last]);
    Packet::tcp(address(1), address(2), Segment { flags, ..Segment::default() }).encode()
}

fn trace() -> Trace {
    let record = |nanos, line, event| Record { at: Instant::from_nanos(nanos), line, event };
    let ticket = Ticket(0);
    Trace {
        records: vec![
            record(0, Some(1), Event::Stimulus(Stimulus::Call { ticket, call: Call::Accept { fd: Fd(3) } })),
            record(1, Some(2), Event::Stimulus(Stimulus::Packet(packet(Flags::SYN)))),
            record(5_000_000_123, Some(3), Event::Response(Response::Packet(packet(Flags::SYN | Flags::ACK)))),
            record(5_000_000_123, Some(3), Event::Response(Response::Return { ticket, value: Return::ok(4) })),
            record(6_000_000_000, None, Event::Response(Response::Packet(vec![0xff; 3]))),
            record(7_000_000_000, Some(99), Event::Response(Response::Packet(vec![]))),
        ],
    }
}

fn written(trace: &Trace, source: &str, name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    write(trace, source, name, &mut out).expect("a vector takes everything");
    out
}

/// Time in nanoseconds, direction, comment, octets.
fn read(file: &[u8]) -> Vec<(u128, u32, String, Vec<u8>)> {
    let mut reader = PcapNgReader::new(file).expect("a section header");
    let mut packets = Vec::new();
    while let Some(block) = reader.next_block() {
        let Block::EnhancedPacket(block) = block.expect("a whole block") else { continue };
        let (mut comment, mut direction) = (String::new(), 0);
        for option in &block.options {
            match option {
                EnhancedPacketOption::Comment(text) => comment = text.to_string(),
                EnhancedPacketOption::Flags(flags) => direction = *flags,
                other => panic!("{other:?}"),
            }
        }
        packets.push((block.timestamp.as_nanos(), direction, comment, block.data.to_vec()));
    }
    packets
}

#[test]
fn packets_come_back_with_their_times_and_lines() {
    let expected = [
        (1, INBOUND, "syn.pkt:2  0 < S 0:0(0) win 1000", packet(Flags::SYN)),
        (5_000_000_123, OUTBOUND, "syn.pkt:3  +0 > S. 0:0(0) ack 1 <...>", packet(Flags::SYN | Flags::ACK)),
        (6_000_000_000, OUTBOUND, NOT_ASKED_FOR, vec![0xff; 3]),
        (7_000_000_000, OUTBOUND, "syn.pkt:99  ", vec![]),
    ];
    let found = read(&written(&trace(), SCRIPT, "syn.pkt"));
    assert_eq!(found, expected.map(|(at, direction, comment, octets)| (at, direction, comment.to_owned(), octets)));
}

#[test]
fn the_link_is_raw_ip_with_nanoseconds() {
    let file = written(&trace(), SCRIPT, "syn.pkt");
    let mut reader = PcapNgReader::new(&file[..]).expect("a section header");
    reader.next_block().expect("an interface").expect("a whole block");
    let interface = &reader.interfaces()[0];
    assert_eq!(u32::from(interface.linktype), 101);
    let resolution = pcap_file::pcapng::blocks::interface_description::InterfaceDescriptionOption::IfTsResol(9);
    assert!(interface.options.contains(&resolution));
}

#[test]
fn the_same_trace_gives_the_same_octets() {
    assert_eq!(written(&trace(), SCRIPT, "syn.pkt"), written(&trace(), SCRIPT, "syn.pkt"));
}

#[test]
fn a_line_longer_than_an_option_is_cut_between_characters() {
    let script = format!("\n{}\n", "ä".repeat(100_000));
    let found = read(&written(&trace(), &script, "long.pkt"));
    assert!(found[0].2.starts_with("long.pkt:2  ää"));
    assert!(found[0].2.len() <= super::MAX_COMMENT);
}

#[test]
fn a_full_disk_is_an_error() {
    let mut room = [0u8; 100];
    assert!(write(&trace(), SCRIPT, "syn.pkt", &mut room[..]).is_err());
}
