//! UDP, ICMP, flow labels and IPv4 in sockets of IPv6.

use wirelaw_reference::wire::{Icmp, Ip, Udp};

use super::*;

fn able() -> Fake {
    Fake::new().with_capabilities(&[Capability::Datagrams, Capability::Ipv6])
}

fn packet(body: Body) -> Packet {
    Packet { ip: Ip::new([0; 4].into(), [0; 4].into()), body }
}

fn udp(source_port: u16, len: usize) -> Packet {
    packet(Body::Udp(Udp { source_port, destination_port: PORT, payload: vec![0; len] }))
}

const UDP: &str = "0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n+0 sendto(3, ..., 10, 0, ..., ...) = 10\n";

/// The bodies of what the runner sent.
fn bodies(run: &Run) -> Vec<Packet> {
    let packets = run.trace.records.iter().filter_map(|record| match &record.event {
        Event::Stimulus(Stimulus::Packet(octets)) => Packet::decode(octets).ok(),
        _ => None,
    });
    packets.collect()
}

#[test]
fn a_datagram_and_its_answer() {
    let run = passes(&format!("{UDP}+0 > udp (10)\n+0 < udp (5) \"hello\""), able().sends_packet(0.0, &udp(777, 10)));
    let sent = bodies(&run).remove(0);
    let wanted = Udp { source_port: PORT, destination_port: 777, payload: b"hello".into() };
    assert_eq!(sent.body, Body::Udp(wanted));
    fails("length expected 9, got 10", &format!("{UDP}+0 > udp (9)"), able().sends_packet(0.0, &udp(777, 10)));
    fails("no packet came", &format!("{UDP}+0 > udp (10)"), able());
    fails("time expected", &format!("{UDP}+0 > udp (10)"), able().sends_packet(500.0, &udp(777, 10)));
    #[cfg(target_os = "linux")]
    for (line, verdict) in [("+0 > udp (10)", Verdict::Timing), ("+0 > udp (9)", Verdict::Fail)] {
        let late = able().sends_packet(500.0, &udp(777, 10));
        assert_eq!(
            run_live(&format!("{UDP}{line}"), late).verdict,
            verdict,
            "{line}: a time of a kernel is one of its own"
        );
    }
    // another socket's
    let script = format!("{UDP}+0 > udp (10)\n+0 > udp (10)");
    fails("no packet came", &script, able().sends_packet(0.0, &udp(777, 10)).sends_packet(1.0, &udp(778, 10)));
}

#[test]
fn udp_carries_tcp_where_a_stack_can() {
    let script = "--udp_encapsulation=tcp\n0 < S 0:0(0) win 1000 /udp(9899 > 9900)";
    let refused = run_on(script, able());
    assert_eq!((refused.verdict, refused.message.as_str()), (Verdict::Unsupported, "TCP in UDP, which fake lacks"));
    let run = passes(script, able().with_capabilities(&[Capability::Datagrams, Capability::TcpInUdp]));
    let Body::Udp(sent) = bodies(&run).remove(0).body else { panic!("it is carried in UDP") };
    assert_eq!((sent.source_port, sent.destination_port, sent.payload.len()), (9899, 9900, 20));
}

#[test]
fn a_message_of_icmp_quotes_the_datagram() {
    let script = format!(
        "{UDP}+0 > udp (10)\n+0 < icmp unreachable port_unreachable [udp (10)]\n+0 < icmp echo_reply id 5 [raw (12)]"
    );
    let run = passes(&script, able().sends_packet(0.0, &udp(777, 10)));
    let messages = bodies(&run);
    let Body::Icmp(error) = &messages[0].body else { panic!("no ICMP") };
    assert_eq!((error.kind, error.code, error.payload.len()), (3, 3, 28));
    assert_eq!((error.payload[9], &error.payload[20..26]), (17, &[3, 9, 0x1f, 0x90, 0, 18][..]));
    assert_eq!(messages[1].body, Body::Icmp(Icmp { kind: 0, code: 0, rest: 5 << 16, payload: vec![0; 4] }));
}

#[test]
fn echo_sockets() {
    let script = "0 socket(..., SOCK_DGRAM, IPPROTO_ICMP) = 3\n+0 sendto(3, ..., 20, 0, ..., ...) = 20\n+0 > icmp echo_request [raw (20)]";
    let echo = |len| packet(Body::Icmp(Icmp { kind: 8, code: 0, rest: 0, payload: vec![1; len] }));
    passes(script, able().sends_packet(0.0, &echo(12)));
    fails("length expected 20, got 21", script, able().sends_packet(0.0, &echo(13)));
}

#[test]
fn flow_labels_are_symbolic() {
    let at = |flow_label, seq| {
        let v6 = || IpAddr::from([0_u16; 8]);
        let mut packet = Packet::tcp(v6(), v6(), segment(Flags::RST, seq, 0));
        packet.ip.flow_label = flow_label;
        packet
    };
    let script = |label: &str| {
        format!(
            "--ip_version=ipv6\n0 < S 0:0(0) win 1\n+0 > [flowlabel 0x5] R 0:0(0)\n+0 > [flowlabel {label}] R 0:0(0)"
        )
    };
    let two = |first, second| able().sends_packet(0.0, &at(first, 0)).sends_packet(0.0, &at(second, 0));
    passes(&script("0x5"), two(77, 77));
    passes(&script("0x6"), two(77, 78));
    fails("another one than before", &script("0x5"), two(77, 78));
    fails("the same as before", &script("0x6"), two(77, 77));
    fails("none", &script("0x5"), two(0, 77));
}

#[test]
fn sockets_of_ipv6_with_packets_of_ipv4() {
    let script = "--ip_version=ipv4-mapped-ipv6\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n\
                  +0 listen(3, 1) = 0\n+0 < S 0:0(0) win 1";
    let run = passes(script, able());
    let calls: Vec<Call> = called(&run).into_iter().map(|(_, call)| call).collect();
    assert!(matches!(calls[0], Call::Socket { domain: 10, .. }), "{:?}", calls[0]);
    let Call::Bind { address, .. } = &calls[1] else { panic!("{:?}", calls[1]) };
    assert_eq!(address.to_string(), "[::ffff:192.168.0.1]:8080");
    assert_eq!(bodies(&run)[0].ip.source, IpAddr::from([192, 0, 2, 1]));
}

#[test]
fn what_a_host_sends_for_itself_fails_nothing() {
    let mut igmp = udp(1, 0).encode();
    igmp.truncate(20);
    igmp[2..4].copy_from_slice(&20_u16.to_be_bytes());
    igmp[9] = 2;
    igmp[10..12].fill(0); // and not even its checksum is right
    passes("0 < S 0:0(0) win 1\n+1 silent", Fake::new().add(10.0, Response::Packet(igmp)));
}
