//! Scripted inbound packets -> octets on the wire (packetdrill language, 3.2 to 3.7).

use std::net::SocketAddr;

use wirelaw_reference::seq::Seq;
use wirelaw_reference::wire::{Body, Flags, Icmp, Ip, Packet, Segment, Udp};

use super::flows::{Flow, Space};
use super::settings::Settings;
use super::{Stop, digest, headers, options};
use crate::script::ast::{
    Echoed, EcnSpec, IcmpSpec, IpInfo, OptionSpec, OptionsSpec, PacketSpec, SeqKind, TcpSpec, TrafficClass,
    TransportSpec, UdpSpec,
};
use crate::script::icmp;
use crate::script::printer::print_icmp_message;

/// The octets of `spec`, sent by the peer of `flow`.
pub(super) fn build(spec: &PacketSpec, flow: &Flow, settings: &Settings) -> Result<Vec<u8>, Stop> {
    let (Some(local), Some(remote)) = (flow.local, flow.remote) else {
        let why = "the connection has no addresses yet: the stack has not sent its first packet";
        return Err(Stop::broken_at(&spec.direction.span, why.to_owned()));
    };
    let mut ip = Ip::new(remote.ip(), local.ip());
    ip.hop_limit = 255;
    if let Some(info) = &spec.ip {
        set_ip(&mut ip, &info.value);
    }
    let octets = match &spec.transport {
        TransportSpec::Tcp(tcp) => tcp_packet(spec, tcp, &ip, flow, (local, remote), settings)?,
        TransportSpec::Icmp(icmp) => Packet { ip, body: Body::Icmp(message(icmp, flow, local, remote)?) }.encode(),
        TransportSpec::Udp(udp) => datagram(spec, udp, &ip, local, remote)?,
        TransportSpec::Sctp(text) => return Err(Stop::unsupported_at(&text.span, SCTP.to_owned())),
    };
    headers::encapsulate(&spec.encapsulation, octets)
}

/// Why nothing is made of a line of SCTP.
pub(super) const SCTP: &str = "SCTP, which is out of scope";

/// Zero octets, or the text that the line has.
fn payload(spec: &PacketSpec, len: u16) -> Vec<u8> {
    spec.payload.as_ref().map_or_else(|| vec![0; usize::from(len)], |payload| payload.value.clone())
}

fn tcp_packet(
    spec: &PacketSpec,
    tcp: &TcpSpec,
    ip: &Ip,
    flow: &Flow,
    (local, remote): (SocketAddr, SocketAddr),
    settings: &Settings,
) -> Result<Vec<u8>, Stop> {
    let segment = segment(tcp, flow, local, remote, payload(spec, tcp.len.value), settings)?;
    check_size(&segment, tcp, local)?;
    let mut octets = Packet { ip: ip.clone(), body: Body::Tcp(segment) }.encode();
    match &tcp.options.value {
        OptionsSpec::Octets(options) => {
            let start = headers::header_len(ip) + 20;
            if let Some(field) = octets.get_mut(start..start + options.len()) {
                field.copy_from_slice(options);
            }
            headers::seal_tcp(ip, &mut octets);
        }
        OptionsSpec::Exact(list) if list.iter().any(|option| option.value == OptionSpec::Md5Valid) => {
            digest::sign(ip, &mut octets, settings.md5_secret.as_deref().unwrap_or_default().as_bytes());
        }
        _ => {}
    }
    let Some(ports) = &tcp.udp else { return Ok(octets) };
    // the peer sends to where the stack sends from
    let known = flow.udp_ports.map_or((0, 0), |(source, destination)| (destination, source));
    let or_known = |port: u16, known: u16| if port == 0 { known } else { port };
    Ok(headers::over_udp(ip, &octets, (or_known(ports.0, known.0), or_known(ports.1, known.1))))
}

fn datagram(spec: &PacketSpec, udp: &UdpSpec, ip: &Ip, local: SocketAddr, remote: SocketAddr) -> Result<Vec<u8>, Stop> {
    let (source, destination) = udp.ports.as_ref().map_or((0, 0), |ports| ports.value);
    let or_live = |port: u16, live: SocketAddr| if port == 0 { live.port() } else { port };
    let room = if local.is_ipv6() { 0xffff - 8 } else { 0xffff - 28 };
    if udp.len.value > room {
        return Err(Stop::broken_at(&udp.len.span, format!("a datagram holds at most {room} octets")));
    }
    let datagram = Udp {
        source_port: or_live(source, remote),
        destination_port: or_live(destination, local),
        payload: payload(spec, udp.len.value),
    };
    Ok(match &udp.coverage {
        Some(coverage) => headers::udp_lite(ip, datagram, coverage.value),
        None => Packet { ip: ip.clone(), body: Body::Udp(datagram) }.encode(),
    })
}

/// What does not fit would be cut off without a word.
fn check_size(segment: &Segment, tcp: &TcpSpec, local: SocketAddr) -> Result<(), Stop> {
    let (header, family) = if local.is_ipv6() { (0, "IPv6") } else { (20, "IPv4") };
    let size = header + segment.header_len() + segment.payload.len();
    if u16::try_from(size).is_ok() {
        return Ok(());
    }
    Err(Stop::broken_at(&tcp.len.span, format!("{size} octets are more than an {family} packet holds")))
}

/// Writes what a line says of an IP header; what it does not say is zero, but for the hops to live.
pub(super) fn set_ip(ip: &mut Ip, info: &IpInfo) {
    let bits = |ecn| match ecn {
        EcnSpec::NoEcn => 0,
        EcnSpec::Ect1 | EcnSpec::Ect01 => 1,
        EcnSpec::Ect0 => 2,
        EcnSpec::Ce => 3,
    };
    ip.traffic_class = match info.class {
        None => 0,
        Some(TrafficClass::Tos(tos)) => tos,
        Some(TrafficClass::Ecn(ecn)) => bits(ecn),
        Some(TrafficClass::Dscp(dscp)) => dscp << 2,
        Some(TrafficClass::DscpAndEcn(dscp, ecn)) => dscp << 2 | bits(ecn),
    };
    ip.hop_limit = info.ttl.unwrap_or(ip.hop_limit);
    ip.flow_label = info.flow_label.unwrap_or(0);
}

fn segment(
    tcp: &TcpSpec,
    flow: &Flow,
    local: SocketAddr,
    remote: SocketAddr,
    payload: Vec<u8>,
    settings: &Settings,
) -> Result<Segment, Stop> {
    let flags = tcp.flags.value.flags;
    let syn = flags.contains(Flags::SYN);
    let ack = tcp.ack.as_ref().map_or(0, |ack| ack.value);
    let (source, destination) = tcp.ports.as_ref().map_or((0, 0), |ports| ports.value);
    let or_live = |port: u16, live: SocketAddr| if port == 0 { live.port() } else { port };
    Ok(Segment {
        source_port: or_live(source, remote),
        destination_port: or_live(destination, local),
        seq: match tcp.seq_kind {
            SeqKind::Literal => Seq(tcp.seq.value),
            SeqKind::Mapped | SeqKind::Any => flow.numbers.live(Space::Remote, syn, tcp.seq.value),
        },
        ack: if flags.contains(Flags::ACK) { flow.numbers.live(Space::Local, syn, ack) } else { Seq(ack) },
        flags,
        window: tcp.window.as_ref().map_or(0, |window| window.value),
        urgent_pointer: tcp.urgent.as_ref().map_or(0, |urgent| urgent.value),
        options: options::live(&tcp.options.value, flow, flags, settings)?,
        payload,
    })
}

/// The numbers of the type and the code of an ICMP message that can be made.
pub(super) fn check_icmp(spec: &IcmpSpec, is_v6: bool) -> Result<(u8, u8), Stop> {
    let kind = icmp::type_number(&spec.kind.value, is_v6);
    let code = spec.code.as_ref().map_or(Some(0), |code| icmp::code_number(&spec.kind.value, &code.value, is_v6));
    let (Some(kind), Some(code)) = (kind, code) else {
        let (family, version) = if is_v6 { ("ICMPv6", "ipv6") } else { ("ICMP", "ipv4") };
        let name = print_icmp_message(spec);
        let what = format!("`{name}`, a message that {family} does not have: this is a run with {version}");
        return Err(Stop::unsupported_at(&spec.kind.span, what));
    };
    Ok((kind, code))
}

/// An ICMP message: an error quotes the head of a packet of the stack (3.7).
fn message(spec: &IcmpSpec, flow: &Flow, local: SocketAddr, remote: SocketAddr) -> Result<Icmp, Stop> {
    let (kind, code) = check_icmp(spec, local.is_ipv6())?;
    let rest =
        spec.mtu.as_ref().map_or(0, |mtu| mtu.value) | spec.id.as_ref().map_or(0, |id| u32::from(id.value) << 16);
    let echoed = spec.echoed.as_ref().map(|echoed| echoed.value);
    if let Some(Echoed::Raw(len)) = echoed {
        return Ok(Icmp { kind, code, rest, payload: vec![0; usize::from(len).saturating_sub(8)] });
    }
    let original = quoted(echoed, flow, local, remote);
    let header = if local.is_ipv6() { 40 } else { 20 };
    Ok(Icmp::quoting(kind, code, rest, original.get(..header + 8).unwrap_or(&original)))
}

/// The length of the message that a line describes, its own header included.
pub(super) fn icmp_len(spec: &IcmpSpec, is_v6: bool) -> usize {
    match spec.echoed.as_ref().map(|echoed| echoed.value) {
        Some(Echoed::Raw(len)) => usize::from(len),
        _ if is_v6 => 8 + 40 + 8,
        _ => 8 + 20 + 8,
    }
}

/// The packet of the stack that a message quotes.
fn quoted(echoed: Option<Echoed>, flow: &Flow, local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
    let udp = |(source_port, destination_port), len: usize| {
        let body = Body::Udp(Udp { source_port, destination_port, payload: vec![0; len] });
        Packet { ip: Ip::new(local.ip(), remote.ip()), body }.encode()
    };
    let (seq, len) = match echoed {
        Some(Echoed::Udp(len)) => return udp((local.port(), remote.port()), usize::from(len)),
        Some(Echoed::Tcp { len, udp: Some(ports), .. }) => return udp(ports, usize::from(len) + 20),
        Some(Echoed::Tcp { seq, len, udp: None }) => (seq, len),
        None | Some(Echoed::Raw(_)) => (0, 0),
    };
    let segment = Segment {
        source_port: local.port(),
        destination_port: remote.port(),
        seq: flow.numbers.live(Space::Local, false, seq),
        flags: Flags::ACK,
        payload: vec![0; usize::from(len)],
        ..Segment::default()
    };
    Packet::tcp(local.ip(), remote.ip(), segment).encode()
}
