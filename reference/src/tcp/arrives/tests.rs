//! What answers a segment for which there is no connection.

use alloc::vec;

use super::{Flags, Segment, Seq, TcpOption, reset_for};

/// §3.10.7.1, RFC 7323 §5.2
#[test]
fn a_reset_goes_back_where_its_segment_came_from() {
    let text = |flags| Segment {
        source_port: 2,
        destination_port: 1,
        seq: Seq(u32::MAX),
        ack: Seq(77),
        flags,
        payload: vec![0; 10],
        ..Segment::default()
    };
    let reset = Segment { source_port: 1, destination_port: 2, ..Segment::default() };
    let exact = Segment { flags: Flags::RST, seq: Seq(77), ..reset.clone() };
    assert_eq!(reset_for(&text(Flags::ACK)), Some(exact));
    let beyond = Segment { flags: Flags::RST | Flags::ACK, ack: Seq(10), ..reset };
    assert_eq!(reset_for(&text(Flags::SYN)), Some(beyond), "the SYN counts");
    assert_eq!(reset_for(&text(Flags::RST)), None);
    let stamped = Segment { options: vec![TcpOption::Timestamps { val: 5, ecr: 6 }], ..text(Flags::ACK) };
    let echo = TcpOption::Timestamps { val: 0, ecr: 5 };
    assert_eq!(reset_for(&stamped).unwrap().options, [TcpOption::NoOperation, TcpOption::NoOperation, echo]);
}
