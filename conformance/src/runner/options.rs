//! TCP options of scripts -> options on the wire, and whether live ones are what a line says
//! (packetdrill language, 3.5, 4.4).

use wirelaw_reference::seq::Seq;
use wirelaw_reference::wire::{Body, Flags, Packet, Segment, TcpOption};

use super::flows::{Flow, Space};
use super::matching::Live;
use super::settings::Settings;
use super::{Stop, digest, show};
use crate::script::ast::{AccEcnWords, OptionSpec, OptionsSpec, Spanned, TcpSpec};
use crate::script::print_option;
use crate::trace::Instant;

/// The kind of experiments (RFC 6994).
const EXPERIMENT: u8 = 254;
/// Experiment ids of AccECN, order 0 and 1 (RFC 9768 §3.2.3).
const ACC_ECN_IDS: [u16; 2] = [0xacc0, 0xacc1];
/// The experiment id of requests for a rate of acknowledgments.
const ACK_RATE_ID: u16 = 0x00ac;

/// What packetdrill does not compare: a TSecr other than the line says. What is echoed was sent as the script has it.
pub(super) fn echo_remark(tcp: &TcpSpec, segment: &Segment, settings: &Settings) -> Option<String> {
    let (OptionsSpec::Exact(options) | OptionsSpec::AtLeast(options)) = &tcp.options.value else { return None };
    let wanted = options.iter().find_map(|option| match option.value {
        OptionSpec::Timestamps { ecr, .. } => Some(ecr),
        _ => None,
    })?;
    let sent = segment.options.iter().find_map(|option| match option {
        TcpOption::Timestamps { ecr, .. } => Some(*ecr),
        _ => None,
    })?;
    (wanted != sent && !settings.compares_echo).then(|| format!("TS ecr expected {wanted}  got {sent}"))
}

/// The options of an inbound segment, as its connection has them.
pub(super) fn live(spec: &OptionsSpec, flow: &Flow, flags: Flags, settings: &Settings) -> Result<Vec<TcpOption>, Stop> {
    match spec {
        OptionsSpec::Exact(options) => {
            options.iter().map(|option| live_option(option, flow, flags, settings.timestamp_scaled)).collect()
        }
        // room for what is written in later
        OptionsSpec::Octets(octets) => Ok(vec![TcpOption::NoOperation; octets.len()]),
        OptionsSpec::None | OptionsSpec::Any | OptionsSpec::AtLeast(_) => Ok(Vec::new()),
    }
}

fn live_option(option: &Spanned<OptionSpec>, flow: &Flow, flags: Flags, scaled: bool) -> Result<TcpOption, Stop> {
    let edge = |edge: u32| flow.numbers.live(Space::Local, flags.contains(Flags::SYN), edge);
    Ok(match &option.value {
        OptionSpec::Sack(blocks) => TcpOption::Sack(blocks.iter().map(|(l, r)| (edge(*l), edge(*r))).collect()),
        OptionSpec::Timestamps { val, ecr, literal } => {
            let mapped = flags.contains(Flags::ACK) && !literal;
            let ecr = if mapped { live_ecr(*ecr, flow, option, scaled)? } else { *ecr };
            TcpOption::Timestamps { val: val.unwrap_or(0), ecr }
        }
        OptionSpec::FastOpen(cookie) => TcpOption::FastOpen(live_cookie(cookie, flow)),
        OptionSpec::FastOpenExperimental(cookie) | OptionSpec::ExpFastOpen(cookie) => {
            TcpOption::FastOpenExperimental(live_cookie(cookie, flow))
        }
        plain => fixed(plain),
    })
}

/// A cookie that an earlier line got from the stack, or any other as it is written.
fn live_cookie(cookie: &[u8], flow: &Flow) -> Vec<u8> {
    flow.cookies.get(cookie).map_or(cookie, Vec::as_slice).to_vec()
}

/// TSecr must be a TSval that an earlier line has seen from the stack (4.4).
fn live_ecr(ecr: u32, flow: &Flow, option: &Spanned<OptionSpec>, scaled: bool) -> Result<u32, Stop> {
    if let Some(live) = flow.timestamps.get(&ecr) {
        return Ok(*live);
    }
    match flow.numbers.first_timestamp {
        Some((script, live)) if scaled => Ok(ecr.wrapping_sub(script).wrapping_add(live)),
        _ => {
            Err(Stop::broken_at(&option.span, format!("TS ecr {ecr} answers no TS val of an earlier outbound packet")))
        }
    }
}

/// An option whose octets do not depend on the connection; a digest is filled in later.
fn fixed(option: &OptionSpec) -> TcpOption {
    let experiment =
        |id: u16, data: &[u8]| TcpOption::Raw { kind: EXPERIMENT, data: [&id.to_be_bytes()[..], data].concat() };
    match option {
        OptionSpec::EndOfList => TcpOption::EndOfList,
        OptionSpec::NoOperation => TcpOption::NoOperation,
        OptionSpec::Mss(mss) => TcpOption::Mss(*mss),
        OptionSpec::WindowScale(shift) => TcpOption::WindowScale(*shift),
        OptionSpec::SackPermitted => TcpOption::SackPermitted,
        OptionSpec::Sack(blocks) => TcpOption::Sack(blocks.iter().map(|(l, r)| (Seq(*l), Seq(*r))).collect()),
        OptionSpec::Timestamps { val, ecr, .. } => TcpOption::Timestamps { val: val.unwrap_or(0), ecr: *ecr },
        OptionSpec::Md5(digest) => TcpOption::Md5(digest.clone()),
        OptionSpec::Md5Valid => TcpOption::Md5(vec![0; digest::LENGTH]),
        OptionSpec::FastOpen(cookie) => TcpOption::FastOpen(cookie.clone()),
        OptionSpec::FastOpenExperimental(cookie) | OptionSpec::ExpFastOpen(cookie) => {
            TcpOption::FastOpenExperimental(cookie.clone())
        }
        OptionSpec::Raw { kind, data } | OptionSpec::Generic { kind, data } => {
            TcpOption::Raw { kind: *kind, data: data.clone() }
        }
        OptionSpec::Experiment { id, data } => experiment(*id, data),
        OptionSpec::AckRate(rate) => {
            experiment(ACK_RATE_ID, &rate.map_or(Vec::new(), |rate| rate.to_be_bytes().into()))
        }
        OptionSpec::AccEcn(option) => {
            let data: Vec<u8> =
                option.counters.iter().flat_map(|counter| counter.to_be_bytes()[1..].to_vec()).collect();
            match option.words {
                AccEcnWords::Experiment => experiment(ACC_ECN_IDS[usize::from(option.e1b_first)], &data),
                AccEcnWords::Ecn | AccEcnWords::AccEcn => {
                    TcpOption::Raw { kind: if option.e1b_first { 174 } else { 172 }, data }
                }
            }
        }
    }
}

/// Options as they are on the wire, unpadded.
fn octets(options: &[TcpOption]) -> Vec<u8> {
    let nowhere = std::net::IpAddr::from([0; 4]);
    let segment = Segment { options: options.to_vec(), ..Segment::default() };
    let length = segment.options_len();
    let packet = Packet::tcp(nowhere, nowhere, segment).encode();
    packet.get(40..40 + length).unwrap_or_default().to_vec()
}

/// Learns from the options of a live segment what later lines need: timestamps and cookies.
pub(super) fn learn(spec: &TcpSpec, live: &Live, flow: &mut Flow) {
    let (OptionsSpec::Exact(options) | OptionsSpec::AtLeast(options)) = &spec.options.value else { return };
    let scripted = options.iter().find_map(|option| match option.value {
        OptionSpec::Timestamps { val, .. } => val,
        _ => None,
    });
    let sent = live.segment.options.iter().find_map(|option| match option {
        TcpOption::Timestamps { val, .. } => Some(*val),
        _ => None,
    });
    if let (Some(script), Some(live)) = (scripted, sent) {
        flow.timestamps.insert(script, live);
        flow.numbers.first_timestamp.get_or_insert((script, live));
    }
    for want in options {
        let given = live.segment.options.iter().find_map(|have| given_cookie(&want.value, have, live));
        if let Some((script, live)) = given {
            flow.cookies.entry(script.to_vec()).or_insert_with(|| live.to_vec());
        }
    }
}

/// A cookie that a server gives, as the script has it and as it is.
fn given_cookie<'a>(want: &'a OptionSpec, have: &'a TcpOption, live: &Live) -> Option<(&'a [u8], &'a [u8])> {
    let ((OptionSpec::FastOpen(script), TcpOption::FastOpen(given))
    | (
        OptionSpec::FastOpenExperimental(script) | OptionSpec::ExpFastOpen(script),
        TcpOption::FastOpenExperimental(given),
    )) = (want, have)
    else {
        return None;
    };
    let gives = live.segment.flags.contains(Flags::SYN | Flags::ACK) && !script.is_empty() && !given.is_empty();
    gives.then_some((script, given))
}

type Found = Vec<(std::ops::Range<usize>, String)>;

/// In what the options of a live segment differ from those of its line.
pub(super) fn differences(tcp: &TcpSpec, live: &Live, flow: &Flow, settings: &Settings) -> Found {
    let got = || match show::options(&flow.numbers, &live.segment) {
        none if none.is_empty() => "none".to_owned(),
        options => format!("<{options}>"),
    };
    let expected = |what: String| vec![(tcp.options.span.clone(), format!("options expected {what}  got {}", got()))];
    let mut left: Vec<&TcpOption> = live.segment.options.iter().collect();
    match &tcp.options.value {
        OptionsSpec::Any => Vec::new(),
        OptionsSpec::None if live.segment.options.is_empty() => Vec::new(),
        OptionsSpec::None => expected("none".to_owned()),
        OptionsSpec::Octets(wanted) if octets(&live.segment.options) == *wanted => Vec::new(),
        OptionsSpec::Octets(wanted) => {
            let got = crate::hex::hex(&octets(&live.segment.options));
            vec![(tcp.options.span.clone(), format!("options expected <{}>  got <{got}>", crate::hex::hex(wanted)))]
        }
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
            expected(format!("<{}>", wanted.join(", ")))
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
        (OptionSpec::Timestamps { val, ecr, .. }, TcpOption::Timestamps { val: sent, ecr: echo }) => {
            // what is echoed was sent as the script has it
            let same_echo = !settings.compares_echo || ecr == echo;
            same_echo && val.is_none_or(|val| timestamp_is_near(val, *sent, live.at, flow, settings))
        }
        (OptionSpec::Sack(blocks), TcpOption::Sack(have)) => {
            let syn = live.segment.flags.contains(Flags::SYN);
            let edge = |edge| flow.numbers.live(Space::Remote, syn, edge);
            blocks.iter().map(|(left, right)| (edge(*left), edge(*right))).eq(have.iter().copied())
        }
        (OptionSpec::Md5Valid, TcpOption::Md5(have)) => {
            let octets = Packet { ip: live.ip.clone(), body: Body::Tcp(live.segment.clone()) }.encode();
            let secret = settings.md5_secret.as_deref().unwrap_or_default();
            digest::digest(&live.ip, &octets, secret.as_bytes()).is_some_and(|digest| digest == have[..])
        }
        // only the server knows it before, unless the script has given it the key
        (want, have) => match given_cookie(want, have, live).filter(|_| !settings.knows_cookies) {
            Some((script, given)) => flow.cookies.get(script).is_some_and(|known| known == given),
            // a length that no RFC allows has a form of its own when it comes, but the same octets
            None => octets(&[fixed(want)]) == octets(std::slice::from_ref(have)),
        },
    }
}

fn timestamp_is_near(script: u32, live: u32, at: Instant, flow: &Flow, settings: &Settings) -> bool {
    let (Some((first_script, first_live)), tick @ 1..) = (flow.numbers.first_timestamp, settings.timestamp_tick) else {
        return true;
    };
    let expected = first_live.wrapping_add(script.wrapping_sub(first_script));
    let apart = u64::from(expected.wrapping_sub(live).min(live.wrapping_sub(expected))).saturating_mul(tick);
    u128::from(apart) <= settings.tolerance(at.since(Instant::ZERO)).as_micros()
}
