//! Headers around a packet, and packets that are no plain TCP (packetdrill language, 3.6, 3.8, 8): octets to
//! values and back, without any policy.

mod decode;
mod encode;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::ops::Range;

use wirelaw_reference::wire::{Body, Ip};

use crate::report::Mark;
use crate::script::ast::{Encapsulation, Gre, MplsEntry, Spanned};
use crate::script::printer::print_encapsulation;

pub(super) use decode::{Fault, decode};
pub(super) use encode::{check_outermost, encapsulate, header_len, over_udp, seal_tcp, udp_lite};

/// Numbers of protocols in IP headers beyond those that a TCP knows.
mod protocol {
    pub(super) const IPV4: u8 = 4;
    pub(super) const IPV6: u8 = 41;
    pub(super) const GRE: u8 = 47;
    pub(super) const UDP_LITE: u8 = 136;
    pub(super) const MPLS: u8 = 137;
}

/// Numbers of protocols in GRE headers.
mod ether {
    pub(super) const IPV4: u16 = 0x0800;
    pub(super) const IPV6: u16 = 0x86dd;
    pub(super) const MPLS: u16 = 0x8847;
}

/// A live packet with all its headers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Frame {
    /// The outer headers, outermost first.
    pub(super) outer: Vec<Outer>,
    /// The innermost IP header.
    pub(super) ip: Ip,
    /// What it carries.
    pub(super) body: Body,
    /// The ports of the UDP header in which a TCP segment is carried.
    pub(super) udp: Option<(u16, u16)>,
    /// Octets that the checksum of UDP-Lite covers.
    pub(super) coverage: Option<u16>,
}

/// A live outer header.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outer {
    /// IPv4 or IPv6, as the addresses say.
    Ip(Ip),
    Gre(Gre),
    Mpls(Vec<MplsEntry>),
}

impl Outer {
    /// As a script writes it, but for what is said of an IP header.
    fn spec(&self) -> Encapsulation {
        match self {
            Outer::Ip(Ip { source: IpAddr::V4(source), destination: IpAddr::V4(destination), .. }) => {
                Encapsulation::Ipv4 { info: None, source: *source, destination: *destination }
            }
            Outer::Ip(ip) => {
                let v6 = |address| match address {
                    IpAddr::V4(v4) => v4.to_ipv6_mapped(),
                    IpAddr::V6(v6) => v6,
                };
                Encapsulation::Ipv6 { info: None, source: v6(ip.source), destination: v6(ip.destination) }
            }
            Outer::Gre(gre) => Encapsulation::Gre(*gre),
            Outer::Mpls(stack) => Encapsulation::Mpls(stack.clone()),
        }
    }
}

/// In what outer headers differ from those of a line: number, types, the fields of GRE and MPLS, and what is
/// said of IP headers; addresses are not compared (4.5). `at` is where a line without headers is marked.
pub(super) fn outer_differences(want: &[Spanned<Encapsulation>], have: &[Outer], at: &Range<usize>) -> Vec<Mark> {
    let names = |all: Vec<Encapsulation>| match all.iter().map(print_encapsulation).collect::<Vec<_>>().join(" ") {
        none if none.is_empty() => "none".to_owned(),
        some => some,
    };
    let same_kinds = want.len() == have.len() && want.iter().zip(have).all(|(want, have)| is_same_kind(want, have));
    if !same_kinds {
        let span = match want {
            [first, .., last] => first.span.start..last.span.end,
            [only] => only.span.clone(),
            [] => at.clone(),
        };
        let expected = names(want.iter().map(|header| header.value.clone()).collect());
        let got = names(have.iter().map(Outer::spec).collect());
        return vec![Mark { span, note: format!("outer headers expected {expected}  got {got}") }];
    }
    let mut marks = Vec::new();
    for (want, have) in want.iter().zip(have) {
        let notes = match (&want.value, have) {
            (Encapsulation::Ipv4 { info, .. } | Encapsulation::Ipv6 { info, .. }, Outer::Ip(ip)) => {
                info.as_ref().map_or_else(Vec::new, |info| super::matching::ip_differences(info.value, ip))
            }
            (Encapsulation::Gre(want), Outer::Gre(have)) if encode::full(*want) == *have => Vec::new(),
            (Encapsulation::Mpls(want), Outer::Mpls(have)) if want == have => Vec::new(),
            (want, have) => {
                vec![format!(
                    "header expected {}  got {}",
                    print_encapsulation(want),
                    print_encapsulation(&have.spec())
                )]
            }
        };
        marks.extend(notes.into_iter().map(|note| Mark { span: want.span.clone(), note }));
    }
    marks
}

fn is_same_kind(want: &Encapsulation, have: &Outer) -> bool {
    matches!(
        (want, have.spec()),
        (Encapsulation::Ipv4 { .. }, Encapsulation::Ipv4 { .. })
            | (Encapsulation::Ipv6 { .. }, Encapsulation::Ipv6 { .. })
            | (Encapsulation::Gre(_), Encapsulation::Gre(_))
            | (Encapsulation::Mpls(_), Encapsulation::Mpls(_))
    )
}

/// The pseudo-header of a transport packet (RFC 9293 §3.1, RFC 8200 §8.1).
pub(super) fn pseudo_header(ip: &Ip, protocol: u8, length: usize) -> Vec<u8> {
    let length = length as u32;
    match (ip.source, ip.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let tail = [0, protocol, (length >> 8) as u8, length as u8];
            [&source.octets()[..], &destination.octets(), &tail].concat()
        }
        (source, destination) => {
            let octets = |address| match address {
                IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
                IpAddr::V6(v6) => v6.octets(),
            };
            [&octets(source)[..], &octets(destination), &length.to_be_bytes(), &[0, 0, 0, protocol]].concat()
        }
    }
}
