//! Scripted inbound packets -> octets on the wire (packetdrill language, 3.2 to 3.7).

use std::net::SocketAddr;

use wirelaw_reference::wire::{Body, Flags, Icmp, Ip, Packet, Segment, TcpOption};

use super::Stop;
use super::flows::{Flow, Space};
use crate::script::ast::{
    Echoed, EcnSpec, IcmpSpec, IpInfo, OptionSpec, OptionsSpec, PacketSpec, Spanned, TcpSpec, TrafficClass,
    TransportSpec,
};
use crate::script::icmp;

/// The octets of `spec`, sent by the peer of `flow`.
pub(super) fn build(spec: &PacketSpec, flow: &Flow, scaled_ecr: bool) -> Result<Vec<u8>, Stop> {
    let (Some(local), Some(remote)) = (flow.local, flow.remote) else {
        let why = "the connection has no addresses yet: the stack has not sent its first packet";
        return Err(Stop::broken_at(&spec.direction.span, why.to_owned()));
    };
    let mut ip = Ip::new(remote.ip(), local.ip());
    ip.hop_limit = 255;
    if let Some(info) = &spec.ip {
        set_ip(&mut ip, &info.value);
    }
    let body = match &spec.transport {
        TransportSpec::Tcp(tcp) => {
            let payload =
                spec.payload.as_ref().map_or_else(|| vec![0; usize::from(tcp.len.value)], |p| p.value.clone());
            let segment = segment(tcp, flow, local, remote, payload, scaled_ecr)?;
            check_size(&segment, tcp, local)?;
            Body::Tcp(segment)
        }
        TransportSpec::Icmp(icmp) => Body::Icmp(message(icmp, flow, local, remote)?),
        TransportSpec::Udp(udp) => return Err(Stop::unsupported_at(&udp.len.span, "UDP packets".to_owned())),
    };
    Ok(Packet { ip, body }.encode())
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

fn set_ip(ip: &mut Ip, info: &IpInfo) {
    ip.traffic_class = match info.class {
        None => 0,
        Some(TrafficClass::Tos(tos)) => tos,
        Some(TrafficClass::Ecn(EcnSpec::NoEcn)) => 0,
        Some(TrafficClass::Ecn(EcnSpec::Ect1 | EcnSpec::Ect01)) => 1,
        Some(TrafficClass::Ecn(EcnSpec::Ect0)) => 2,
        Some(TrafficClass::Ecn(EcnSpec::Ce)) => 3,
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
    scaled_ecr: bool,
) -> Result<Segment, Stop> {
    let flags = tcp.flags.value.flags;
    let syn = flags.contains(Flags::SYN);
    let ack = tcp.ack.as_ref().map_or(0, |ack| ack.value);
    let (source, destination) = tcp.ports.as_ref().map_or((0, 0), |ports| ports.value);
    let or_live = |port: u16, live: SocketAddr| if port == 0 { live.port() } else { port };
    Ok(Segment {
        source_port: or_live(source, remote),
        destination_port: or_live(destination, local),
        seq: flow.numbers.live(Space::Remote, syn, tcp.seq.value),
        ack: if flags.contains(Flags::ACK) {
            flow.numbers.live(Space::Local, syn, ack)
        } else {
            wirelaw_reference::seq::Seq(ack)
        },
        flags,
        window: tcp.window.as_ref().map_or(0, |window| window.value),
        urgent_pointer: tcp.urgent.as_ref().map_or(0, |urgent| urgent.value),
        options: options(&tcp.options.value, flow, flags, scaled_ecr)?,
        payload,
    })
}

fn options(spec: &OptionsSpec, flow: &Flow, flags: Flags, scaled_ecr: bool) -> Result<Vec<TcpOption>, Stop> {
    let OptionsSpec::Exact(options) = spec else { return Ok(Vec::new()) };
    options.iter().map(|option| live_option(option, flow, flags, scaled_ecr)).collect()
}

fn live_option(option: &Spanned<OptionSpec>, flow: &Flow, flags: Flags, scaled_ecr: bool) -> Result<TcpOption, Stop> {
    let edge = |edge: u32| flow.numbers.live(Space::Local, flags.contains(Flags::SYN), edge);
    Ok(match &option.value {
        OptionSpec::Sack(blocks) => TcpOption::Sack(blocks.iter().map(|(l, r)| (edge(*l), edge(*r))).collect()),
        OptionSpec::Timestamps { val, ecr } => {
            let ecr = if flags.contains(Flags::ACK) { live_ecr(*ecr, flow, option, scaled_ecr)? } else { *ecr };
            TcpOption::Timestamps { val: *val, ecr }
        }
        OptionSpec::FastOpen(cookie) => TcpOption::FastOpen(live_cookie(cookie, flow)),
        OptionSpec::FastOpenExperimental(cookie) => TcpOption::FastOpenExperimental(live_cookie(cookie, flow)),
        plain => fixed_option(plain),
    })
}

/// A cookie that an earlier line got from the stack, or any other as it is written.
fn live_cookie(cookie: &[u8], flow: &Flow) -> Vec<u8> {
    flow.cookies.get(cookie).map_or(cookie, Vec::as_slice).to_vec()
}

/// An option whose octets do not depend on the connection.
pub(super) fn fixed_option(option: &OptionSpec) -> TcpOption {
    match option {
        OptionSpec::EndOfList => TcpOption::EndOfList,
        OptionSpec::NoOperation => TcpOption::NoOperation,
        OptionSpec::Mss(mss) => TcpOption::Mss(*mss),
        OptionSpec::WindowScale(shift) => TcpOption::WindowScale(*shift),
        OptionSpec::SackPermitted => TcpOption::SackPermitted,
        OptionSpec::Sack(blocks) => TcpOption::Sack(
            blocks.iter().map(|(l, r)| (wirelaw_reference::seq::Seq(*l), wirelaw_reference::seq::Seq(*r))).collect(),
        ),
        OptionSpec::Timestamps { val, ecr } => TcpOption::Timestamps { val: *val, ecr: *ecr },
        OptionSpec::Md5(digest) => TcpOption::Md5(digest.clone()),
        OptionSpec::FastOpen(cookie) => TcpOption::FastOpen(cookie.clone()),
        OptionSpec::FastOpenExperimental(cookie) => TcpOption::FastOpenExperimental(cookie.clone()),
        OptionSpec::Raw { kind: 28, data } if data.len() == 2 => TcpOption::UserTimeout {
            minutes: data[0] & 0x80 != 0,
            value: u16::from_be_bytes([data[0] & 0x7f, data[1]]),
        },
        OptionSpec::Raw { kind, data } => TcpOption::Raw { kind: *kind, data: data.clone() },
        OptionSpec::AccEcn(option) => TcpOption::Raw {
            kind: if option.e1b_first { 174 } else { 172 },
            data: option.counters.iter().flat_map(|counter| counter.to_be_bytes()[1..].to_vec()).collect(),
        },
    }
}

/// TSecr must be a TSval that an earlier line has seen from the stack (4.4).
fn live_ecr(ecr: u32, flow: &Flow, option: &Spanned<OptionSpec>, scaled: bool) -> Result<u32, Stop> {
    if let Some(live) = flow.timestamps.get(&ecr) {
        return Ok(*live);
    }
    match flow.first_timestamp {
        Some((script, live)) if scaled => Ok(ecr.wrapping_sub(script).wrapping_add(live)),
        _ => {
            Err(Stop::broken_at(&option.span, format!("TS ecr {ecr} answers no TS val of an earlier outbound packet")))
        }
    }
}

/// The numbers of the type and the code of an ICMP message that can be made.
pub(super) fn check_icmp(spec: &IcmpSpec, is_v6: bool) -> Result<(u8, u8), Stop> {
    if let Some(Echoed::Udp(_) | Echoed::Raw(_)) = spec.echoed.as_ref().map(|echoed| echoed.value) {
        return Err(Stop::unsupported_at(&spec.kind.span, "ICMP that quotes something other than TCP".to_owned()));
    }
    let kind = icmp::type_number(&spec.kind.value, is_v6);
    let code = spec.code.as_ref().map_or(Some(0), |code| icmp::code_number(&spec.kind.value, &code.value, is_v6));
    let (Some(kind), Some(code)) = (kind, code) else {
        let family = if is_v6 { "ICMPv6" } else { "ICMP" };
        return Err(Stop::unsupported_at(&spec.kind.span, format!("a message that {family} does not have")));
    };
    Ok((kind, code))
}

/// An ICMP error that quotes a packet of the stack (3.7).
fn message(spec: &IcmpSpec, flow: &Flow, local: SocketAddr, remote: SocketAddr) -> Result<Icmp, Stop> {
    let is_v6 = local.is_ipv6();
    let (kind, code) = check_icmp(spec, is_v6)?;
    let rest =
        spec.mtu.as_ref().map_or(0, |mtu| mtu.value) | spec.id.as_ref().map_or(0, |id| u32::from(id.value) << 16);
    let (seq, len) = match spec.echoed.as_ref().map(|echoed| echoed.value) {
        Some(Echoed::Tcp { seq, len }) => (seq, len),
        None | Some(Echoed::Udp(_) | Echoed::Raw(_)) => (0, 0),
    };
    let quoted = Segment {
        source_port: local.port(),
        destination_port: remote.port(),
        seq: flow.numbers.live(Space::Local, false, seq),
        flags: Flags::ACK,
        payload: vec![0; usize::from(len)],
        ..Segment::default()
    };
    let original = Packet::tcp(local.ip(), remote.ip(), quoted).encode();
    let header = if is_v6 { 40 } else { 20 };
    Ok(Icmp::quoting(kind, code, rest, &original[..header + 8]))
}
