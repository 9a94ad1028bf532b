//! Control messages, as Linux on a machine of 64 bits lays them out (packetdrill language, 5.6).

use std::ops::Range;
use std::time::Duration;

use super::number;
use crate::posix::{names, symbol};
use crate::runner::Stop;
use crate::script::ast::{Expr, Spanned};

/// The octets before the data of a message: its length in 8, its level and its kind in 4 each.
const HEADER: usize = 16;

/// How much room there is for those that are received.
pub(super) const ROOM: usize = 4096;

/// What a message is to carry.
#[derive(Clone, Debug, PartialEq)]
enum Data {
    /// `...`
    Any,
    Octets(Vec<u8>),
    /// `sock_extended_err` without the offender's address: that many octets are compared.
    ExtendedError(Vec<u8>),
    /// The first time of `scm_timestamping`, in nanoseconds since the scenario began; `None`: not compared.
    Time(Option<u64>),
    /// Attributes with their kinds and values, in order.
    Attributes(Vec<(String, i64, Option<i64>)>),
}

/// A control message that a line expects.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::runner) struct Expected {
    level: i32,
    kind: i32,
    data: Data,
    span: Range<usize>,
}

/// The messages that a list expects.
pub(super) fn expected(list: &Spanned<Expr>) -> Result<Vec<Expected>, Stop> {
    messages(list)?.iter().map(one).collect()
}

fn messages(list: &Spanned<Expr>) -> Result<&[Spanned<Expr>], Stop> {
    match &list.value {
        Expr::List(messages) => Ok(messages),
        _ => Err(Stop::unsupported_at(&list.span, "control messages that are no list".to_owned())),
    }
}

fn one(message: &Spanned<Expr>) -> Result<Expected, Stop> {
    let Expr::Cmsg(cmsg) = &message.value else {
        return Err(Stop::unsupported_at(&message.span, "something other than a control message".to_owned()));
    };
    let data = match &cmsg.data.value {
        Expr::Ellipsis => Data::Any,
        Expr::ExtendedError(fields) => Data::ExtendedError(extended_error(fields)?),
        Expr::ScmTimestamp { seconds, nanoseconds } => {
            let (seconds, nanoseconds) = (number(seconds)?, number(nanoseconds)?);
            let time = u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000_000_000);
            let time = time.saturating_add(u64::try_from(nanoseconds).unwrap_or(0));
            Data::Time((seconds != 0 || nanoseconds != 0).then_some(time))
        }
        Expr::Braces(parts) | Expr::List(parts) => {
            Data::Attributes(parts.iter().map(attribute).collect::<Result<_, _>>()?)
        }
        Expr::Assign(..) => Data::Attributes(vec![attribute(&cmsg.data)?]),
        Expr::String(text) => Data::Octets(text.clone()),
        _ => Data::Octets((number(&cmsg.data)? as i32).to_le_bytes().to_vec()),
    };
    let (level, kind) = (number(&cmsg.level)? as i32, number(&cmsg.kind)? as i32);
    Ok(Expected { level, kind, data, span: message.span.clone() })
}

/// `struct sock_extended_err`
fn extended_error(fields: &[Spanned<Expr>; 6]) -> Result<Vec<u8>, Stop> {
    let [errno, origin, kind, code, info, data] = fields;
    let octet = |field: &Spanned<Expr>| number(field).map(|value| value as u8);
    let word = |field: &Spanned<Expr>| number(field).map(|value| (value as u32).to_le_bytes());
    Ok([&word(errno)?[..], &[octet(origin)?, octet(kind)?, octet(code)?, 0], &word(info)?, &word(data)?].concat())
}

fn attribute(part: &Spanned<Expr>) -> Result<(String, i64, Option<i64>), Stop> {
    let Expr::Assign(name, value) = &part.value else {
        return Err(Stop::unsupported_at(&part.span, "control data of this kind".to_owned()));
    };
    let kind = symbol(&name.value)
        .ok_or_else(|| Stop::unsupported_at(&name.span, format!("the name {}, which is not known here", name.value)))?;
    let value = if value.value == Expr::Ellipsis { None } else { Some(number(value)?) };
    Ok((name.value.clone(), kind, value))
}

/// The octets of messages that are sent.
pub(super) fn encode(list: &Spanned<Expr>) -> Result<Vec<u8>, Stop> {
    let mut octets = Vec::new();
    for message in expected(list)? {
        let (Data::Octets(data) | Data::ExtendedError(data)) = message.data else {
            return Err(Stop::unsupported_at(&message.span, "sending control data of this kind".to_owned()));
        };
        octets.extend(((HEADER + data.len()) as u64).to_le_bytes());
        octets.extend(message.level.to_le_bytes());
        octets.extend(message.kind.to_le_bytes());
        octets.extend(data);
        octets.resize(octets.len().next_multiple_of(8), 0);
    }
    Ok(octets)
}

/// The messages of a control buffer: level, kind, data.
fn decode(mut octets: &[u8]) -> Vec<(i32, i32, &[u8])> {
    let mut messages = Vec::new();
    while let Some((length, rest)) = octets.split_first_chunk::<8>() {
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let int = |at: usize| rest.get(at..at + 4).and_then(|four| four.try_into().ok()).map(i32::from_le_bytes);
        let (Some(level), Some(kind), Some(data)) = (int(0), int(4), octets.get(HEADER..length)) else { break };
        messages.push((level, kind, data));
        octets = octets.get(length.next_multiple_of(8)..).unwrap_or_default();
    }
    messages
}

/// In what the messages that came differ from those that a line expects.
pub(super) fn differences(
    expected: &[Expected],
    place: &Range<usize>,
    got: &[u8],
    tolerance: Duration,
) -> Vec<(Range<usize>, String)> {
    let messages = decode(got);
    let mut notes: Vec<_> = expected
        .iter()
        .zip(&messages)
        .filter_map(|(want, have)| Some((want.span.clone(), want.difference(*have, tolerance)?)))
        .collect();
    if expected.len() != messages.len() {
        let names: Vec<String> = messages.iter().map(|(level, kind, _)| format!("level {level} type {kind}")).collect();
        let got = if names.is_empty() { "none".to_owned() } else { format!("{} ({})", names.len(), names.join(", ")) };
        notes.push((place.clone(), format!("control messages expected {}  got {got}", expected.len())));
    }
    notes
}

impl Expected {
    fn difference(&self, (level, kind, data): (i32, i32, &[u8]), tolerance: Duration) -> Option<String> {
        if (level, kind) != (self.level, self.kind) {
            let (own_level, own) = (self.level, self.kind);
            return Some(format!(
                "control message expected level {own_level} type {own}  got level {level} type {kind}"
            ));
        }
        match &self.data {
            Data::Any | Data::Time(None) => None,
            Data::Octets(want) => (want != data)
                .then(|| format!("control data expected {}  got {}", show_octets(want), show_octets(data))),
            Data::ExtendedError(want) => {
                let have = data.get(..want.len()).unwrap_or(data);
                (want != have).then(|| format!("error expected {}  got {}", show_error(want), show_error(have)))
            }
            Data::Time(Some(want)) => time_difference(*want, data, tolerance),
            Data::Attributes(want) => attribute_difference(want, data, tolerance),
        }
    }
}

/// An `int` as a number, anything else by its octets.
fn show_octets(octets: &[u8]) -> String {
    match octets.try_into() {
        Ok(four) => i32::from_le_bytes(four).to_string(),
        Err(_) => format!("{octets:02x?}"),
    }
}

fn show_error(octets: &[u8]) -> String {
    let word = |at: usize| octets.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_le_bytes);
    let octet = |at: usize| octets.get(at).copied().unwrap_or(0);
    format!(
        "{{ee_errno={}, ee_origin={}, ee_type={}, ee_code={}, ee_info={}, ee_data={}}}",
        word(0),
        octet(4),
        octet(5),
        octet(6),
        word(8),
        word(12)
    )
}

/// Seconds and nanoseconds in 8 octets each; the stack has made them times of the scenario.
fn time_difference(want: u64, data: &[u8], tolerance: Duration) -> Option<String> {
    let long = |at: usize| data.get(at..at + 8).and_then(|eight| eight.try_into().ok()).map_or(0, i64::from_le_bytes);
    let have = i128::from(long(0)) * 1_000_000_000 + i128::from(long(8));
    let apart = (have - i128::from(want)).unsigned_abs();
    let seconds = |nanos: i128| format!("{}.{:06}", nanos / 1_000_000_000, nanos % 1_000_000_000 / 1000);
    (apart > tolerance.as_nanos())
        .then(|| format!("timestamp expected {}  got {}", seconds(want.into()), seconds(have)))
}

/// The number of the attribute that is nothing but room, before one of 64 bits where a machine needs that aligned.
const PAD: u16 = 0;

/// Netlink attributes, length and kind in 2 octets each, then the value, filled up to a multiple of 4: kind and value
/// of each.
fn attributes(mut data: &[u8]) -> Vec<(u16, i64)> {
    let mut all = Vec::new();
    while let Some(([length, more, kind, of], _)) = data.split_first_chunk::<4>() {
        let length = usize::from(u16::from_le_bytes([*length, *more]));
        let Some(octets) = data.get(4..length) else { break };
        let mut wide = [0; 8];
        wide.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
        all.push((u16::from_le_bytes([*kind, *of]), i64::from_le_bytes(wide)));
        data = data.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    all.retain(|(kind, _)| *kind != PAD);
    all
}

/// The name of an attribute of `SCM_TIMESTAMPING_OPT_STATS`.
fn attribute_name(kind: u16) -> String {
    let mut known = names().filter(|name| name.starts_with("TCP_NLA_"));
    known.find(|name| symbol(name) == Some(kind.into())).map_or_else(|| format!("number {kind}"), str::to_owned)
}

fn attribute_difference(want: &[(String, i64, Option<i64>)], data: &[u8], tolerance: Duration) -> Option<String> {
    const TIMES: [&str; 3] = ["TCP_NLA_BUSY", "TCP_NLA_RWND_LIMITED", "TCP_NLA_SNDBUF_LIMITED"];
    let have = attributes(data);
    for ((name, kind, value), (own, got)) in want.iter().zip(&have) {
        if i64::from(*own) != *kind {
            return Some(format!("attribute expected {name}  got {}", attribute_name(*own)));
        }
        // times are in microseconds, and one that is 0 is exact
        let room = if TIMES.contains(&name.as_str()) && *value != Some(0) { tolerance.as_micros() } else { 0 };
        if value.is_some_and(|value| u128::from(value.abs_diff(*got)) > room) {
            return Some(format!("{name} expected {}  got {got}", value.unwrap_or_default()));
        }
    }
    if let Some((name, ..)) = want.get(have.len()) {
        return Some(format!("attribute expected {name}  got none"));
    }
    have.get(want.len()).map(|(more, _)| format!("attribute expected none  got {}", attribute_name(*more)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(names: &[(&str, Option<i64>)]) -> Vec<(String, i64, Option<i64>)> {
        names.iter().map(|(name, value)| ((*name).to_owned(), symbol(name).unwrap(), *value)).collect()
    }

    /// `TCP_NLA_BUSY=5000`, room, and `TCP_NLA_SND_CWND=10`
    const STATS: &[u8] = &[12, 0, 1, 0, 0x88, 0x13, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 8, 0, 8, 0, 10, 0, 0, 0];

    fn told(names: &[(&str, Option<i64>)], data: &[u8]) -> String {
        attribute_difference(&wanted(names), data, Duration::from_millis(4)).unwrap_or_default()
    }

    #[test]
    fn attributes_are_compared_one_by_one() {
        let right = [("TCP_NLA_BUSY", Some(4000)), ("TCP_NLA_SND_CWND", Some(10))];
        assert_eq!(told(&right, STATS), "");
        assert_eq!(told(&[right[0], ("TCP_NLA_SND_CWND", None)], STATS), "");
        assert_eq!(told(&[right[0], ("TCP_NLA_SND_CWND", Some(11))], STATS), "TCP_NLA_SND_CWND expected 11  got 10");
        assert_eq!(told(&[("TCP_NLA_BUSY", Some(900)), right[1]], STATS), "TCP_NLA_BUSY expected 900  got 5000");
        assert_eq!(told(&[right[1]], STATS), "attribute expected TCP_NLA_SND_CWND  got TCP_NLA_BUSY");
    }

    #[test]
    fn attributes_that_are_missing_or_too_many_are_told() {
        let right = [("TCP_NLA_BUSY", None), ("TCP_NLA_SND_CWND", None)];
        let more = [right[0], right[1], ("TCP_NLA_TTL", None)];
        assert_eq!(told(&more, STATS), "attribute expected TCP_NLA_TTL  got none");
        assert_eq!(told(&right[..1], STATS), "attribute expected none  got TCP_NLA_SND_CWND");
        assert_eq!(told(&right, &STATS[..20]), "attribute expected TCP_NLA_SND_CWND  got none", "cut off");
        assert_eq!(told(&right, &[0; 8]), "attribute expected TCP_NLA_BUSY  got none", "a length of nothing");
    }

    #[test]
    fn control_data_is_shown_as_the_number_that_it_is() {
        assert_eq!((show_octets(&[91, 0, 0, 0]), show_octets(&[1, 2])), ("91".to_owned(), "[01, 02]".to_owned()));
    }
}
