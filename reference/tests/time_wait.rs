//! A SYN may take a 4-tuple out of TIME-WAIT only for as long as it is no old duplicate (RFC 9293
//! §3.6.1, MAY-2).

use core::net::{IpAddr, SocketAddr};

use wirelaw_reference::host::{Host, IsnGenerator};
use wirelaw_reference::seq::Seq;
use wirelaw_reference::time::Instant;
use wirelaw_reference::wire::{Body, Flags, Packet, Segment};

const NOW: Instant = Instant::ZERO;

fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

/// Lets a segment of the client arrive; the last segment that the host answers with.
fn answer(host: &mut Host, seq: u32, ack: u32, flags: Flags) -> Option<Segment> {
    let (seq, ack) = (Seq(seq), Seq(ack));
    let segment =
        Segment { source_port: 4000, destination_port: 80, seq, ack, flags, window: 1000, ..Segment::default() };
    host.handle_packet(NOW, &Packet::tcp(address(2), address(1), segment));
    core::iter::from_fn(|| host.poll_transmit(NOW)).last().map(|packet| match packet.body {
        Body::Tcp(segment) => segment,
        other => panic!("not TCP: {other:?}"),
    })
}

#[test]
fn a_reset_leads_back_to_time_wait() {
    let mut isn = IsnGenerator::new(1);
    isn.plan([Seq(0)]);
    let mut host = Host::new(vec![address(1)], 1500, isn);
    let config = host.config(false);
    let listener = host.listen(SocketAddr::new(address(1), 80), 1, config).expect("the port is free");
    let fin = Flags::FIN | Flags::ACK;

    answer(&mut host, 0, 0, Flags::SYN);
    answer(&mut host, 1, 1, Flags::ACK);
    let (id, _) = host.accept(listener).expect("the handshake is complete");
    host.detach(id);
    assert!(host.poll_transmit(NOW).is_some(), "our FIN");
    let last_ack = answer(&mut host, 1, 2, fin).expect("the peer's FIN is acknowledged");
    assert_eq!((last_ack.seq, last_ack.ack, last_ack.flags), (Seq(2), Seq(2), Flags::ACK));

    let syn_ack = answer(&mut host, 100_000, 0, Flags::SYN).expect("the SYN reopens");
    assert_eq!(syn_ack.flags, Flags::SYN | Flags::ACK);
    assert_eq!(answer(&mut host, 100_001, 0, Flags::RST), None, "a reset is never answered");
    assert_eq!(answer(&mut host, 1, 2, fin), Some(last_ack), "TIME-WAIT knows the old FIN");
    assert_eq!(host.poll_timeout(), Some(Instant::from_millis(240_000)), "and ends when it would have ended");
}
