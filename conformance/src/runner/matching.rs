//! Whether a live segment is what a line expects (packetdrill language, 4.5).
//!
//! All differences are found, not only the first, and each is told in script syntax.

use std::net::SocketAddr;

use wirelaw_reference::wire::{Flags, Ip, Segment, TcpOption};

use super::flows::{Flow, Space, scripted};
use super::inbound::fixed_option;
use super::settings::Settings;
use super::show;
use crate::report::Mark;
use crate::script::ast::{EcnSpec, OptionSpec, OptionsSpec, PacketSpec, Spanned, TcpSpec, TrafficClass};
use crate::script::print_option;
use crate::trace::Instant;

/// A live segment with its IP header and the time at which it was sent.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) at: Instant,
    pub(super) ip: Ip,
    pub(super) segment: Segment,
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
    let (OptionsSpec::Exact(options) | OptionsSpec::AtLeast(options)) = &spec.options.value else { return };
    let scripted = options.iter().find_map(|option| match option.value {
        OptionSpec::Timestamps { val, .. } => Some(val),
        _ => None,
    });
    let sent = live.segment.options.iter().find_map(|option| match option {
        TcpOption::Timestamps { val, .. } => Some(*val),
        _ => None,
    });
    if let (Some(script), Some(live)) = (scripted, sent) {
        flow.timestamps.insert(script, live);
        flow.first_timestamp.get_or_insert((script, live));
    }
    for want in options {
        let given = live.segment.options.iter().find_map(|have| given_cookie(&want.value, have, live));
        if let Some((script, live)) = given {
            flow.cookies.entry(script.to_vec()).or_insert_with(|| live.to_vec());
        }
    }
}

/// A cookie that a server gives, as the script has it and as it is: only the server knows it before.
fn given_cookie<'a>(want: &'a OptionSpec, have: &'a TcpOption, live: &Live) -> Option<(&'a [u8], &'a [u8])> {
    let ((OptionSpec::FastOpen(script), TcpOption::FastOpen(given))
    | (OptionSpec::FastOpenExperimental(script), TcpOption::FastOpenExperimental(given))) = (want, have)
    else {
        return None;
    };
    let gives = live.segment.flags.contains(Flags::SYN | Flags::ACK) && !script.is_empty() && !given.is_empty();
    gives.then_some((script, given))
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
    if segment.flags != wanted {
        let reserved = if segment.flags.intersects(Flags::RESERVED) { " and reserved bits" } else { "" };
        mark(&tcp.flags.span, format!("flags expected {wanted}  got {}{reserved}", segment.flags));
    }
    let len = segment.payload.len();
    if seq != tcp.seq.value || len != usize::from(tcp.len.value) {
        let expected = show::range(tcp.seq.value, usize::from(tcp.len.value));
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
    for (span, note) in option_differences(tcp, live, flow, settings) {
        mark(&span, note);
    }
    if len == usize::from(tcp.len.value)
        && let Some(note) = text_difference(spec, &segment.payload)
    {
        mark(spec.payload.as_ref().map_or(&tcp.len.span, |payload| &payload.span), note);
    }
    if let Some(info) = &spec.ip {
        for note in ip_differences(info.value, &live.ip) {
            mark(&info.span, note);
        }
    }
    marks
}

type Found = Vec<(std::ops::Range<usize>, String)>;

fn option_differences(tcp: &TcpSpec, live: &Live, flow: &Flow, settings: &Settings) -> Found {
    let got = || match show::options(&flow.numbers, &live.segment) {
        none if none.is_empty() => "none".to_owned(),
        options => format!("<{options}>"),
    };
    let mut left: Vec<&TcpOption> = live.segment.options.iter().collect();
    match &tcp.options.value {
        OptionsSpec::Any => Vec::new(),
        OptionsSpec::None if live.segment.options.is_empty() => Vec::new(),
        OptionsSpec::None => vec![(tcp.options.span.clone(), format!("options expected none  got {}", got()))],
        OptionsSpec::Exact(wanted) => {
            let same = wanted.len() == live.segment.options.len()
                && wanted
                    .iter()
                    .zip(&live.segment.options)
                    .all(|(want, have)| is_same(want, have, live, flow, settings));
            if same {
                return Vec::new();
            }
            let wanted: Vec<String> = wanted.iter().map(|want| print_option(&want.value)).collect();
            let note = format!("options expected <{}>  got {}", wanted.join(", "), got());
            vec![(tcp.options.span.clone(), note)]
        }
        OptionsSpec::AtLeast(wanted) => wanted
            .iter()
            .filter(|want| match left.iter().position(|have| is_same(want, have, live, flow, settings)) {
                Some(at) => {
                    left.swap_remove(at); // each can be asked for once
                    false
                }
                None => true,
            })
            .map(|want| (want.span.clone(), format!("option expected {}  got {}", print_option(&want.value), got())))
            .collect(),
    }
}

/// TSecr is compared only if the script asks for it, TSval only if it says how fast it ticks.
fn is_same(want: &Spanned<OptionSpec>, have: &TcpOption, live: &Live, flow: &Flow, settings: &Settings) -> bool {
    match (&want.value, have) {
        (OptionSpec::Timestamps { val, ecr }, TcpOption::Timestamps { val: sent, ecr: echo }) => {
            // what is echoed was sent as the script has it
            let same_echo = !settings.compares_echo || ecr == echo;
            same_echo && timestamp_is_near(*val, *sent, live.at, flow, settings)
        }
        (OptionSpec::Sack(blocks), TcpOption::Sack(have)) => {
            let syn = live.segment.flags.contains(Flags::SYN);
            let edge = |edge| flow.numbers.live(Space::Remote, syn, edge);
            blocks.iter().map(|(left, right)| (edge(*left), edge(*right))).eq(have.iter().copied())
        }
        (want, have) => match given_cookie(want, have, live) {
            Some((script, given)) => flow.cookies.get(script).is_some_and(|known| known == given),
            None => fixed_option(want) == *have,
        },
    }
}

fn timestamp_is_near(script: u32, live: u32, at: Instant, flow: &Flow, settings: &Settings) -> bool {
    let (Some((first_script, first_live)), tick @ 1..) = (flow.first_timestamp, settings.timestamp_tick) else {
        return true;
    };
    let expected = first_live.wrapping_add(script.wrapping_sub(first_script));
    let apart = u64::from(expected.wrapping_sub(live).min(live.wrapping_sub(expected))).saturating_mul(tick);
    u128::from(apart) <= settings.tolerance(at.since(Instant::ZERO)).as_micros()
}

fn text_difference(spec: &PacketSpec, got: &[u8]) -> Option<String> {
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

fn ip_differences(info: crate::script::ast::IpInfo, ip: &Ip) -> Vec<String> {
    let ecn = ip.traffic_class & 3;
    let class = match info.class {
        None => None,
        Some(TrafficClass::Tos(tos)) => {
            (tos != ip.traffic_class).then(|| format!("tos expected {tos:#04x}  got {:#04x}", ip.traffic_class))
        }
        Some(TrafficClass::Ecn(wanted)) => {
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
    };
    let ttl = info.ttl.filter(|ttl| *ttl != 255 && *ttl != ip.hop_limit);
    class.into_iter().chain(ttl.map(|ttl| format!("ttl expected {ttl}  got {}", ip.hop_limit))).collect()
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
