//! Packets in script syntax.

use wirelaw_reference::wire::Flags;

use super::print_text;
use crate::hex::hex;
use crate::script::ast::{
    AccEcn, AccEcnWords, Direction, Echoed, EcnSpec, Encapsulation, FlagsSpec, Gre, IcmpCode, IcmpSpec, IcmpType,
    IpInfo, MplsEntry, OptionSpec, OptionsSpec, PacketSpec, SeqKind, Spanned, TcpSpec, TrafficClass, TransportSpec,
};
use crate::script::dscp;

/// A packet without its time, such as `> S. 0:0(0) ack 1 <mss 1460>`.
pub fn print_packet(packet: &PacketSpec) -> String {
    let mut words = Vec::new();
    words.push(if packet.direction.value == Direction::Inbound { "<".to_owned() } else { ">".to_owned() });
    words.extend(packet.connection.as_ref().map(|name| format!("@{}", name.value)));
    words.extend(packet.encapsulation.iter().map(|header| print_encapsulation(header)));
    words.extend(packet.ip.as_ref().map(|info| print_ip_info(info)));
    words.push(match &packet.transport {
        TransportSpec::Tcp(tcp) => print_tcp(tcp),
        TransportSpec::Udp(udp) => match &udp.coverage {
            None => format!("udp {}({})", print_ports(udp.ports.as_ref()), udp.len.value),
            Some(covered) => {
                format!("udplite {}({}, {})", print_ports(udp.ports.as_ref()), udp.len.value, covered.value)
            }
        },
        TransportSpec::Sctp(text) => text.value.clone(),
        TransportSpec::Icmp(icmp) => print_icmp(icmp),
    });
    words.extend(packet.payload.as_ref().map(|payload| print_text(payload)));
    words.join(" ")
}

/// A TCP segment without direction and text.
pub fn print_tcp(tcp: &TcpSpec) -> String {
    let mut out = String::new();
    if let Some(spi) = &tcp.psp {
        out.push_str(&format!("encap psp spi {} ", spi.value));
    }
    out.push_str(&print_ports(tcp.ports.as_ref()));
    out.push_str(&print_flags(&tcp.flags));
    out.push_str(&match tcp.seq_kind {
        SeqKind::Any => format!(" ...({})", tcp.len.value),
        SeqKind::Literal => format!(" {}:{}({})!", tcp.seq.value, tcp.end.value, tcp.len.value),
        SeqKind::Mapped => format!(" {}:{}({})", tcp.seq.value, tcp.end.value, tcp.len.value),
    });
    if let Some(ack) = &tcp.ack {
        out.push_str(&format!(" ack {}", ack.value));
    }
    if let Some(window) = &tcp.window {
        out.push_str(&format!(" win {}", window.value));
    }
    if let Some(urgent) = &tcp.urgent {
        out.push_str(&format!(" urg {}", urgent.value));
    }
    let options = print_options(&tcp.options);
    if !options.is_empty() {
        out.push(' ');
        out.push_str(&options);
    }
    if let Some(reason) = &tcp.reason {
        out.push_str(&format!(" [code {}, pen {}]", reason.code, reason.pen));
    }
    if let Some(udp) = &tcp.udp {
        out.push_str(&format!(" {}", print_over_udp(udp.value)));
    }
    out
}

fn print_over_udp((source, destination): (u16, u16)) -> String {
    format!("/udp({source} > {destination})")
}

fn print_ports(ports: Option<&Spanned<(u16, u16)>>) -> String {
    ports.map_or_else(String::new, |ports| format!("{} > {} ", ports.0, ports.1))
}

/// Control bits: letters, the dot of ACK, and ACE if it was written as a digit.
pub fn print_flags(spec: &FlagsSpec) -> String {
    let Some(ace) = spec.ace else { return spec.flags.to_string() };
    let rest = spec.flags.without(Flags::ECE | Flags::CWR | Flags::AE);
    if rest == Flags::NONE { ace.to_string() } else { format!("{rest}{ace}") }
}

/// TCP options in their brackets; nothing if they were not written.
pub fn print_options(options: &OptionsSpec) -> String {
    let list = |options: &[Spanned<OptionSpec>]| options.iter().map(|o| print_option(o)).collect::<Vec<_>>().join(", ");
    match options {
        OptionsSpec::None => String::new(),
        OptionsSpec::Any => "<...>".to_owned(),
        OptionsSpec::Octets(octets) => format!("<{}>", hex(octets)),
        OptionsSpec::Exact(options) => format!("<{}>", list(options)),
        OptionsSpec::AtLeast(options) => format!("<{}, ...>", list(options)),
    }
}

/// One TCP option.
pub fn print_option(option: &OptionSpec) -> String {
    match option {
        OptionSpec::EndOfList => "eol".to_owned(),
        OptionSpec::NoOperation => "nop".to_owned(),
        OptionSpec::Mss(size) => format!("mss {size}"),
        OptionSpec::WindowScale(shift) => format!("wscale {shift}"),
        OptionSpec::SackPermitted => "sackOK".to_owned(),
        OptionSpec::Sack(blocks) => {
            blocks.iter().fold("sack".to_owned(), |out, (left, right)| format!("{out} {left}:{right}"))
        }
        OptionSpec::Timestamps { val, ecr, literal } => {
            let val = val.map_or("...".to_owned(), |val| val.to_string());
            format!("TS val {val} ecr {ecr}{}", if *literal { "!" } else { "" })
        }
        OptionSpec::Md5Valid => "md5 valid".to_owned(),
        OptionSpec::Md5(digest) => print_hex("md5", digest),
        OptionSpec::FastOpen(cookie) => print_hex("FO", cookie),
        OptionSpec::FastOpenExperimental(cookie) => print_hex("FOEXP", cookie),
        OptionSpec::Raw { kind, data } => print_hex(&format!("kind {kind}"), data),
        OptionSpec::Generic { kind, data } => print_hex(&format!("gen-{kind}"), data),
        OptionSpec::ExpFastOpen(cookie) => print_hex("exp-FO", cookie),
        OptionSpec::Experiment { id, data } => print_hex(&format!("exp-{id:04x}"), data),
        OptionSpec::AckRate(rate) => rate.map_or("exp-tarr".to_owned(), |rate| format!("exp-tarr {rate}")),
        OptionSpec::AccEcn(option) => print_acc_ecn(option),
    }
}

fn print_acc_ecn(AccEcn { e1b_first, counters, words }: &AccEcn) -> String {
    let names = if *e1b_first { ["e1b", "ceb", "e0b"] } else { ["e0b", "ceb", "e1b"] };
    let order = u8::from(*e1b_first);
    let (name, prefix) = match words {
        AccEcnWords::Ecn => ("ECN".to_owned(), ""),
        AccEcnWords::AccEcn => (format!("AccECN{order}"), "e"),
        AccEcnWords::Experiment => (format!("exp-AccECN{order}"), "e"),
    };
    names.iter().zip(counters).fold(name, |out, (name, count)| format!("{out} {prefix}{name} {count}"))
}

fn print_hex(name: &str, octets: &[u8]) -> String {
    if octets.is_empty() { name.to_owned() } else { format!("{name} {}", hex(octets)) }
}

/// An ICMP message.
pub fn print_icmp(icmp: &IcmpSpec) -> String {
    let mut out = format!("icmp {}", print_icmp_message(icmp));
    if let Some(mtu) = &icmp.mtu {
        out.push_str(&format!(" mtu {}", mtu.value));
    }
    if let Some(id) = &icmp.id {
        out.push_str(&format!(" id {}", id.value));
    }
    match icmp.echoed.as_ref().map(|echoed| echoed.value) {
        Some(Echoed::Tcp { seq, len, udp }) => {
            let udp = udp.map_or_else(String::new, print_over_udp);
            out.push_str(&format!(" [{seq}:{}({len}){udp}]", u64::from(seq) + u64::from(len)));
        }
        Some(Echoed::Udp(len)) => out.push_str(&format!(" [udp ({len})]")),
        Some(Echoed::Raw(len)) => out.push_str(&format!(" [raw ({len})]")),
        None => {}
    }
    out
}

/// Which ICMP message it is: its type and code.
pub fn print_icmp_message(icmp: &IcmpSpec) -> String {
    let kind = match &icmp.kind.value {
        IcmpType::Name(name) => name.clone(),
        IcmpType::Number(number) => format!("type_{number}"),
    };
    match icmp.code.as_ref().map(|code| &code.value) {
        Some(IcmpCode::Name(name)) => format!("{kind} {name}"),
        Some(IcmpCode::Number(number)) => format!("{kind} code_{number}"),
        None => kind,
    }
}

/// What is said of an IP header, in brackets.
pub fn print_ip_info(info: &IpInfo) -> String {
    let (tos, ttl) = if info.v6_words { ("class", "hlim") } else { ("tos", "ttl") };
    let print_dscp = |code| format!("dscp {}", dscp::name(code).unwrap_or_else(|| format!("0x{code:02x}")));
    let class = info.class.map(|class| match class {
        TrafficClass::Ecn(ecn) => print_ecn(ecn).to_owned(),
        TrafficClass::Tos(octet) => format!("{tos} 0x{octet:02x}"),
        TrafficClass::Dscp(code) => print_dscp(code),
        TrafficClass::DscpAndEcn(code, ecn) => format!("{}, ecn {}", print_dscp(code), print_ecn(ecn)),
    });
    let label = info.flow_label.map(|label| format!("flowlabel 0x{label:x}"));
    let ttl = info.ttl.map(|limit| format!("{ttl} {limit}"));
    let items: Vec<String> = [class, label, ttl].into_iter().flatten().collect();
    format!("[{}]", items.join(", "))
}

fn print_ecn(ecn: EcnSpec) -> &'static str {
    match ecn {
        EcnSpec::NoEcn => "noecn",
        EcnSpec::Ect1 => "ect1",
        EcnSpec::Ect0 => "ect0",
        EcnSpec::Ce => "ce",
        EcnSpec::Ect01 => "ect01",
    }
}

/// An outer header, with the colon that ends it.
pub fn print_encapsulation(header: &Encapsulation) -> String {
    let info =
        |info: &Option<Spanned<IpInfo>>| info.as_ref().map_or_else(String::new, |i| format!("{} ", print_ip_info(i)));
    match header {
        Encapsulation::Ipv4 { info: of, source, destination } => format!("ipv4 {}{source} > {destination}:", info(of)),
        Encapsulation::Ipv6 { info: of, source, destination } => format!("ipv6 {}{source} > {destination}:", info(of)),
        Encapsulation::Gre(gre) if *gre == Gre::default() => "gre:".to_owned(),
        Encapsulation::Gre(gre) => format!("gre {}:", print_gre(gre)),
        Encapsulation::Mpls(stack) => format!("mpls {}:", print_mpls(stack)),
    }
}

/// The fields of a GRE header.
pub(super) fn print_gre(gre: &Gre) -> String {
    let mut out = format!("flags 0x{:04x}", gre.flags);
    if let Some(sum) = gre.sum {
        out.push_str(&format!(" sum {sum}"));
    }
    if let Some(off) = gre.off {
        out.push_str(&format!(" off {off}"));
    }
    if let Some(key) = gre.key {
        out.push_str(&format!(" key={key}"));
    }
    if let Some(seq) = gre.seq {
        out.push_str(&format!(" seq {seq}"));
    }
    out
}

/// A stack of MPLS labels.
pub(super) fn print_mpls(stack: &[MplsEntry]) -> String {
    let entry = |entry: &MplsEntry| {
        let bottom = if entry.bottom { "[S], " } else { "" };
        format!("(label {}, tc {}, {bottom}ttl {})", entry.label, entry.tc, entry.ttl)
    };
    stack.iter().map(entry).collect::<Vec<_>>().join(" ")
}
