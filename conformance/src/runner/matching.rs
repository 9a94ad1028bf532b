//! Whether a live segment is what a line expects (packetdrill language, 4.5).
//!
//! All differences are found, not only the first, and each is told in script syntax.

use std::net::SocketAddr;

use wirelaw_reference::wire::{Flags, Ip, Segment};

use super::flows::{Flow, scripted};
use super::headers::{self, Outer};
use super::settings::Settings;
use super::{options, show};
use crate::report::Mark;
use crate::script::ast::{EcnSpec, IpInfo, PacketSpec, SeqKind, TcpSpec, TrafficClass};
use crate::trace::Instant;

/// A live segment with its IP header and the time at which it was sent.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) at: Instant,
    pub(super) ip: Ip,
    pub(super) segment: Segment,
    /// The headers around that of IP, outermost first.
    pub(super) outer: Vec<Outer>,
    /// The ports of the UDP header that carries the segment.
    pub(super) udp: Option<(u16, u16)>,
}

impl Live {
    /// The stack's end.
    pub(super) fn local(&self) -> SocketAddr {
        SocketAddr::new(self.ip.source, self.segment.source_port)
    }

    /// The runner's end.
    pub(super) fn remote(&self) -> SocketAddr {
        SocketAddr::new(self.ip.destination, self.segment.destination_port)
    }
}

/// Learns from a live segment what later lines need: the stack's initial sequence number and its
/// timestamps.
pub(super) fn learn(spec: &TcpSpec, live: &Live, flow: &mut Flow) {
    let syn = live.segment.flags.contains(Flags::SYN);
    if syn && spec.flags.value.flags.contains(Flags::SYN) && !flow.numbers.knows_local() {
        flow.numbers.bind_local(spec.seq.value, live.segment.seq);
    }
    options::learn(spec, live, flow);
    if let Some(ports) = live.udp {
        flow.udp_ports = Some(ports);
    }
}

/// Everything in which `live` differs from `spec`.
pub(super) fn differences(
    spec: &PacketSpec,
    tcp: &TcpSpec,
    live: &Live,
    flow: &Flow,
    settings: &Settings,
) -> Vec<Mark> {
    let segment = &live.segment;
    let mut marks = Vec::new();
    let mut mark = |span: &std::ops::Range<usize>, note: String| marks.push(Mark { span: span.clone(), note });
    let (seq, ack) = scripted(&flow.numbers, segment);

    let wanted = tcp.flags.value.flags;
    let is_pushed = settings.may_push && !segment.payload.is_empty();
    let allowed = if is_pushed { wanted | Flags::PSH } else { wanted };
    let is_same = if settings.loose_segments {
        segment.flags.without(Flags::PSH) == wanted.without(Flags::PSH)
    } else {
        segment.flags == wanted || segment.flags == allowed
    };
    if !is_same {
        let reserved = if segment.flags.intersects(Flags::RESERVED) { " and reserved bits" } else { "" };
        mark(&tcp.flags.span, format!("flags expected {wanted}  got {}{reserved}", segment.flags));
    }
    let len = segment.payload.len();
    let seq = if tcp.seq_kind == SeqKind::Literal { segment.seq.0 } else { seq };
    let same_seq = tcp.seq_kind == SeqKind::Any || seq == tcp.seq.value;
    if !same_seq || len != usize::from(tcp.len.value) {
        let expected = match tcp.seq_kind {
            SeqKind::Any => format!("...({})", tcp.len.value),
            _ => show::range(tcp.seq.value, usize::from(tcp.len.value)),
        };
        mark(
            &(tcp.seq.span.start..tcp.len.span.end),
            format!("seq expected {expected}  got {}", show::range(seq, len)),
        );
    }
    let wanted_ack = tcp.ack.as_ref().map_or(0, |ack| ack.value);
    if ack != wanted_ack {
        let span = tcp.ack.as_ref().map_or(&tcp.len.span, |ack| &ack.span);
        let got = if segment.flags.contains(Flags::ACK) { ack.to_string() } else { "absent".to_owned() };
        mark(
            span,
            format!(
                "ack expected {}  got {got}",
                tcp.ack.as_ref().map_or("none".to_owned(), |_| wanted_ack.to_string())
            ),
        );
    }
    if let Some(window) = tcp.window.as_ref().filter(|window| window.value != segment.window) {
        mark(&window.span, format!("win expected {}  got {}", window.value, segment.window));
    }
    let urgent = tcp.urgent.as_ref().map_or(0, |urgent| urgent.value);
    if urgent != segment.urgent_pointer {
        let span = tcp.urgent.as_ref().map_or(&tcp.flags.span, |urgent| &urgent.span);
        mark(span, format!("urg expected {urgent}  got {}", segment.urgent_pointer));
    }
    for (span, note) in options::differences(tcp, live, flow, settings) {
        mark(&span, note);
    }
    if len == usize::from(tcp.len.value)
        && let Some(note) = text_difference(spec, &segment.payload)
    {
        mark(spec.payload.as_ref().map_or(&tcp.len.span, |payload| &payload.span), note);
    }
    if let Some(info) = &spec.ip {
        for note in ip_differences(info.value, &live.ip).into_iter().chain(label_difference(info.value, &live.ip, flow))
        {
            mark(&info.span, note);
        }
    }
    if let Some(note) = udp_difference(tcp.udp.as_ref().map(|ports| ports.value), live.udp) {
        mark(tcp.udp.as_ref().map_or(&tcp.flags.span, |ports| &ports.span), note);
    }
    marks.extend(headers::outer_differences(&spec.encapsulation, &live.outer, &spec.direction.span));
    marks
}

/// Whether a segment is carried in UDP, and with the ports that a line names; 0 names none.
fn udp_difference(want: Option<(u16, u16)>, have: Option<(u16, u16)>) -> Option<String> {
    let shown = |ports: Option<(u16, u16)>| ports.map_or("no UDP".to_owned(), |(a, b)| format!("/udp({a} > {b})"));
    let fits = match (want, have) {
        (None, None) => true,
        (Some(want), Some(have)) => (want.0 == 0 || want.0 == have.0) && (want.1 == 0 || want.1 == have.1),
        _ => false,
    };
    (!fits).then(|| format!("expected {}  got {}", shown(want), shown(have)))
}

/// The flow label of the script stands for one of the stack: the same one as long as the script says the same,
/// and another one when it says another; never 0. IPv4 has none.
pub(super) fn label_difference(info: IpInfo, ip: &Ip, flow: &Flow) -> Option<String> {
    let wanted = info.flow_label.filter(|_| ip.source.is_ipv6())?;
    let live = ip.flow_label;
    let why = match flow.label_of_ip {
        _ if live == 0 => "none",
        Some((script, before)) if script == wanted && before != live => "another one than before",
        Some((script, before)) if script != wanted && before == live => "the same as before",
        _ => return None,
    };
    Some(format!("flowlabel expected {wanted:#x}  got {live:#x}, {why}"))
}

/// Later lines compare flow labels to that of this one.
pub(super) fn learn_label(spec: &PacketSpec, ip: &Ip, flow: &mut Flow) {
    if let Some(wanted) = spec.ip.as_ref().and_then(|info| info.flow_label).filter(|_| ip.source.is_ipv6()) {
        flow.label_of_ip = Some((wanted, ip.flow_label));
    }
}

pub(super) fn text_difference(spec: &PacketSpec, got: &[u8]) -> Option<String> {
    match &spec.payload {
        Some(wanted) if wanted.value != got => {
            Some(format!("text expected {}  got {}", show::text(&wanted.value), show::text(got)))
        }
        None if got.iter().any(|octet| *octet != 0) => {
            Some(format!("text expected zero octets  got {}", show::text(got)))
        }
        _ => None,
    }
}

/// In what an IP header differs from what a line says of it; flow labels apart.
pub(super) fn ip_differences(info: IpInfo, ip: &Ip) -> Vec<String> {
    let class = match info.class {
        None => None,
        Some(TrafficClass::Tos(tos)) => {
            (tos != ip.traffic_class).then(|| format!("tos expected {tos:#04x}  got {:#04x}", ip.traffic_class))
        }
        Some(TrafficClass::Ecn(wanted)) => ecn_difference(wanted, ip),
        Some(TrafficClass::Dscp(wanted)) => dscp_difference(wanted, ip),
        Some(TrafficClass::DscpAndEcn(dscp, ecn)) => dscp_difference(dscp, ip).or_else(|| ecn_difference(ecn, ip)),
    };
    let ttl = info.ttl.filter(|ttl| *ttl != 255 && *ttl != ip.hop_limit);
    let name = if info.v6_words { "hlim" } else { "ttl" };
    class.into_iter().chain(ttl.map(|ttl| format!("{name} expected {ttl}  got {}", ip.hop_limit))).collect()
}

fn dscp_difference(wanted: u8, ip: &Ip) -> Option<String> {
    let dscp = ip.traffic_class >> 2;
    (dscp != wanted).then(|| format!("dscp expected {wanted:#04x}  got {dscp:#04x}"))
}

fn ecn_difference(wanted: EcnSpec, ip: &Ip) -> Option<String> {
    let ecn = ip.traffic_class & 3;
    let (name, fits) = match wanted {
        EcnSpec::NoEcn => ("noecn", ecn == 0),
        EcnSpec::Ect1 => ("ect1", ecn == 1),
        EcnSpec::Ect0 => ("ect0", ecn == 2),
        EcnSpec::Ce => ("ce", ecn == 3),
        EcnSpec::Ect01 => ("ect01", ecn == 1 || ecn == 2),
    };
    let got = ["noecn", "ect1", "ect0", "ce"][usize::from(ecn)];
    (!fits).then(|| format!("ECN expected {name}  got {got}"))
}

/// Whether a further live segment may be joined to what came before, to meet one scripted segment
/// (4.6): it must continue it and equal it in all but FIN, PSH, CWR.
pub(super) fn continues(first: &Live, next: &Live) -> bool {
    const MAY_DIFFER: Flags = Flags(Flags::FIN.0 | Flags::PSH.0 | Flags::CWR.0);
    let (a, b) = (&first.segment, &next.segment);
    b.seq == a.seq + a.payload.len() as u32
        && a.flags.without(MAY_DIFFER) == b.flags.without(MAY_DIFFER)
        && !a.flags.contains(Flags::FIN)
        && (a.ack, a.window, a.urgent_pointer) == (b.ack, b.window, b.urgent_pointer)
        && a.header_len() == b.header_len()
        && first.ip.hop_limit == next.ip.hop_limit
}

/// Both as one segment: the sequence number and CWR of the first and the rest of the last.
pub(super) fn join(first: &Live, next: Live) -> Live {
    let a = &first.segment;
    let mut joined = next;
    joined.segment.seq = a.seq;
    joined.segment.flags = joined.segment.flags.without(Flags::CWR) | Flags(a.flags.0 & Flags::CWR.0);
    joined.segment.payload = [a.payload.as_slice(), &joined.segment.payload].concat();
    joined
}
