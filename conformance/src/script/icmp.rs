//! The names of ICMP types and codes (RFC 792, RFC 4443) and their numbers.

use super::ast::{IcmpCode, IcmpType};

/// Name, ICMPv4 type, ICMPv6 type.
const TYPES: [(&str, Option<u8>, Option<u8>); 15] = [
    ("echo_reply", Some(0), Some(129)),
    ("unreachable", Some(3), Some(1)),
    ("source_quench", Some(4), None),
    ("redirect", Some(5), None),
    ("echo_request", Some(8), Some(128)),
    ("router_advertisement", Some(9), Some(134)),
    ("time_exceeded", Some(11), Some(3)),
    ("parameter_problem", Some(12), Some(4)),
    ("timestamp_request", Some(13), None),
    ("timestamp_reply", Some(14), None),
    ("information_request", Some(15), None),
    ("information_reply", Some(16), None),
    ("address_mask_request", Some(17), None),
    ("address_mask_reply", Some(18), None),
    ("packet_too_big", None, Some(2)),
];

/// ICMPv4: type, name, code.
const CODES_V4: [(u8, &str, u8); 19] = [
    (3, "net_unreachable", 0),
    (3, "host_unreachable", 1),
    (3, "protocol_unreachable", 2),
    (3, "port_unreachable", 3),
    (3, "frag_needed", 4),
    (3, "source_route_failed", 5),
    (3, "net_unknown", 6),
    (3, "host_unknown", 7),
    (3, "source_host_isolated", 8),
    (3, "net_prohibited", 9),
    (3, "host_prohibited", 10),
    (3, "net_unreachable_for_tos", 11),
    (3, "host_unreachable_for_tos", 12),
    (3, "packet_filtered", 13),
    (3, "admin_prohibited", 13), // RFC 1812, 5.2.7.1, as FreeBSD's scripts name it
    (3, "precedence_violation", 14),
    (3, "precedence_cutoff", 15),
    (11, "ttl_exceeded_in_transit", 0),
    (11, "frag_reass_exceeded", 1),
];

/// ICMPv6: type, name, code.
const CODES_V6: [(u8, &str, u8); 11] = [
    (1, "net_unreachable", 0),
    (1, "no_route", 0),
    (1, "admin_prohibited", 1),
    (1, "not_neighbour", 2),
    (1, "address_unreachable", 3),
    (1, "port_unreachable", 4),
    (3, "exceeded_hop_limit", 0),
    (3, "exceeded_frag_time", 1),
    (4, "header_field", 0),
    (4, "unknown_next_header", 1),
    (4, "unknown_option", 2),
];

/// The number of a type in ICMPv6 or else in ICMP; `None` if that family has no such type.
pub fn type_number(kind: &IcmpType, v6: bool) -> Option<u8> {
    match kind {
        IcmpType::Number(number) => Some(*number),
        IcmpType::Name(name) => {
            let (_, four, six) = TYPES.iter().find(|(known, _, _)| known == name)?;
            if v6 { *six } else { *four }
        }
    }
}

/// The number of a code of that type in ICMPv6 or else in ICMP; `None` if that family has no such code.
pub fn code_number(kind: &IcmpType, code: &IcmpCode, v6: bool) -> Option<u8> {
    match code {
        IcmpCode::Number(number) => Some(*number),
        IcmpCode::Name(name) => {
            let number = type_number(kind, v6)?;
            codes(v6).iter().find(|(of, known, _)| *of == number && known == name).map(|(_, _, code)| *code)
        }
    }
}

/// The names of a type and of a code of it, where they have some.
pub(crate) fn names(kind: u8, code: u8, v6: bool) -> (Option<&'static str>, Option<&'static str>) {
    let of_kind = TYPES.iter().find(|(_, four, six)| if v6 { *six } else { *four } == Some(kind));
    let of_code = codes(v6).iter().find(|(of, _, number)| *of == kind && *number == code);
    (of_kind.map(|(name, _, _)| *name), of_code.map(|(_, name, _)| *name))
}

/// All names of types.
pub(crate) fn type_names() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|(name, _, _)| *name)
}

/// The names of the codes of a type, in either family, each once.
pub(crate) fn code_names(kind: &IcmpType) -> Vec<&'static str> {
    let of = |v6: bool| {
        let number = type_number(kind, v6);
        codes(v6).iter().filter(move |(of, _, _)| Some(*of) == number).map(|(_, name, _)| *name)
    };
    let mut names: Vec<&str> = of(false).collect();
    for name in of(true) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn codes(v6: bool) -> &'static [(u8, &'static str, u8)] {
    if v6 { &CODES_V6 } else { &CODES_V4 }
}
