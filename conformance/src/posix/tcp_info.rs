//! `struct tcp_info` as Linux lays it out (`linux/tcp.h`): what `getsockopt(TCP_INFO)` returns, in little-endian order.
//!
//! A kernel returns as much of it as its version knows. The socket layer in front of in-process stacks fills only
//! [some fields](is_simulated): a script that asks it for another is told so, for a zero in its place would be a lie.

/// Where a field stands, and how wide it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Octet(usize),
    /// So many bits of the octet, from this one up.
    Bits(usize, u8, u8),
    /// 16 bits
    Half(usize),
    /// 32 bits
    Word(usize),
    /// The upper 24 bits of the word.
    Upper(usize),
    /// 64 bits
    Long(usize),
}

use Place::{Bits, Half, Long, Octet, Upper, Word};

/// The length of the structure that in-process stacks tell, in octets: it holds all that they know.
pub const LENGTH: usize = 240;

/// The length of the structure of the newest kernel whose fields are known here, in octets.
pub const LONGEST: usize = 280;

/// Names without their `tcpi_`.
const FIELDS: &[(&str, Place)] = &[
    ("state", Octet(0)),
    ("ca_state", Octet(1)),
    ("retransmits", Octet(2)),
    ("probes", Octet(3)),
    ("backoff", Octet(4)),
    ("options", Octet(5)),
    ("snd_wscale", Bits(6, 0, 4)),
    ("rcv_wscale", Bits(6, 4, 4)),
    ("delivery_rate_app_limited", Bits(7, 0, 1)),
    ("fastopen_client_fail", Bits(7, 1, 2)),
    ("rto", Word(8)),
    ("ato", Word(12)),
    ("snd_mss", Word(16)),
    ("rcv_mss", Word(20)),
    ("unacked", Word(24)),
    ("sacked", Word(28)),
    ("lost", Word(32)),
    ("retrans", Word(36)),
    ("fackets", Word(40)),
    ("last_data_sent", Word(44)),
    ("last_ack_sent", Word(48)),
    ("last_data_recv", Word(52)),
    ("last_ack_recv", Word(56)),
    ("pmtu", Word(60)),
    ("rcv_ssthresh", Word(64)),
    ("rtt", Word(68)),
    ("rttvar", Word(72)),
    ("snd_ssthresh", Word(76)),
    ("snd_cwnd", Word(80)),
    ("advmss", Word(84)),
    ("reordering", Word(88)),
    ("rcv_rtt", Word(92)),
    ("rcv_space", Word(96)),
    ("total_retrans", Word(100)),
    ("pacing_rate", Long(104)),
    ("max_pacing_rate", Long(112)),
    ("bytes_acked", Long(120)),
    ("bytes_received", Long(128)),
    ("segs_out", Word(136)),
    ("segs_in", Word(140)),
    ("notsent_bytes", Word(144)),
    ("min_rtt", Word(148)),
    ("data_segs_in", Word(152)),
    ("data_segs_out", Word(156)),
    ("delivery_rate", Long(160)),
    ("busy_time", Long(168)),
    ("rwnd_limited", Long(176)),
    ("sndbuf_limited", Long(184)),
    ("delivered", Word(192)),
    ("delivered_ce", Word(196)),
    ("bytes_sent", Long(200)),
    ("bytes_retrans", Long(208)),
    ("dsack_dups", Word(216)),
    ("reord_seen", Word(220)),
    ("rcv_ooopack", Word(224)),
    ("snd_wnd", Word(228)),
    ("rcv_wnd", Word(232)),
    ("rehash", Word(236)),
    ("total_rto", Half(240)),
    ("total_rto_recoveries", Half(242)),
    ("total_rto_time", Word(244)),
    ("received_ce", Word(248)),
    ("delivered_e1_bytes", Word(252)),
    ("delivered_e0_bytes", Word(256)),
    ("delivered_ce_bytes", Word(260)),
    ("received_e1_bytes", Word(264)),
    ("received_e0_bytes", Word(268)),
    ("received_ce_bytes", Word(272)),
    ("ecn_mode", Bits(276, 0, 2)),
    ("accecn_opt_seen", Bits(276, 2, 2)),
    ("accecn_fail_mode", Bits(276, 4, 4)),
    ("options2", Upper(276)),
];

/// The fields that the socket layer in front of in-process stacks fills.
#[rustfmt::skip]
const SIMULATED: &[&str] = &[
    "state", "ca_state", "retransmits", "probes", "backoff", "options", "snd_wscale", "rcv_wscale", "rto", "snd_mss",
    "rcv_mss", "unacked", "sacked", "lost", "retrans", "last_data_sent", "last_data_recv", "rtt", "rttvar",
    "snd_ssthresh", "snd_cwnd", "advmss", "reordering", "total_retrans", "bytes_received", "segs_out", "segs_in",
    "notsent_bytes", "min_rtt", "data_segs_in", "data_segs_out", "delivered", "bytes_sent", "bytes_retrans",
    "dsack_dups", "snd_wnd", "rcv_wnd",
];

/// The names of all fields, without their `tcpi_`, in the order of the structure.
pub fn names() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|(name, _)| *name)
}

/// Whether the field, named without its `tcpi_`, is one that an in-process stack tells.
pub fn is_simulated(field: &str) -> bool {
    SIMULATED.contains(&field)
}

fn place(field: &str) -> Option<Place> {
    FIELDS.iter().find(|(name, _)| *name == field).map(|(_, place)| *place)
}

/// Whether the structure has the field, named without its `tcpi_`.
pub fn has(field: &str) -> bool {
    place(field).is_some()
}

/// The fields that are not zero, with their values, in the order of the structure.
pub fn told(octets: &[u8]) -> impl Iterator<Item = (&'static str, u64)> {
    let values = FIELDS.iter().filter_map(|(name, _)| Some((*name, decode(octets, name)?)));
    values.filter(|(_, value)| *value != 0)
}

/// The structure with these fields. A value that does not fit becomes the largest that does.
pub fn encode(fields: &[(&str, u64)]) -> Vec<u8> {
    let mut octets = vec![0; LENGTH];
    for (field, value) in fields {
        debug_assert!(is_simulated(field), "nobody expects {field} to be told");
        let (at, width) = match place(field) {
            Some(Bits(at, from, width)) => {
                let most = (1_u8 << width) - 1;
                if let Some(octet) = octets.get_mut(at) {
                    *octet |= u8::try_from(*value).unwrap_or(u8::MAX).min(most) << from;
                }
                continue;
            }
            Some(Octet(at)) => (at, 1),
            Some(Half(at)) => (at, 2),
            Some(Upper(at)) => (at + 1, 3),
            Some(Word(at)) => (at, 4),
            Some(Long(at)) => (at, 8),
            None => continue,
        };
        let most = u64::MAX >> (64 - 8 * width);
        if let Some(octets) = octets.get_mut(at..at + width) {
            octets.copy_from_slice(&(*value).min(most).to_le_bytes()[..width]);
        }
    }
    octets
}

/// The value of a field; `None` if there is none of that name, or the structure is too short for it.
pub fn decode(octets: &[u8], field: &str) -> Option<u64> {
    let number = |at: usize, width: usize| {
        let octets = octets.get(at..at + width)?;
        Some(octets.iter().rev().fold(0, |number, octet| number << 8 | u64::from(*octet)))
    };
    match place(field)? {
        Octet(at) => number(at, 1),
        Bits(at, from, width) => number(at, 1).map(|octet| octet >> from & ((1 << width) - 1)),
        Half(at) => number(at, 2),
        Upper(at) => number(at + 1, 3),
        Word(at) => number(at, 4),
        Long(at) => number(at, 8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_values_beside_each_other() {
        let fields: Vec<(&str, u64)> = SIMULATED.iter().zip(1..).map(|(name, value)| (*name, value % 16)).collect();
        let octets = encode(&fields);
        for (name, value) in fields {
            assert_eq!(decode(&octets, name), Some(value), "{name}");
        }
        assert_eq!(decode(&octets, "ato"), Some(0));
        assert_eq!(decode(&octets, "att"), None);
        assert_eq!(decode(&octets[..3], "probes"), None);
        assert_eq!(decode(&octets[..79], "snd_ssthresh"), None);
    }

    #[test]
    fn large_values_are_cut_to_the_largest() {
        let octets = encode(&[("state", 256), ("snd_wscale", 99), ("rtt", u64::MAX), ("bytes_received", u64::MAX)]);
        let value = |field| decode(&octets, field);
        assert_eq!((value("state"), value("snd_wscale"), value("rcv_wscale")), (Some(255), Some(15), Some(0)));
        assert_eq!((value("rtt"), value("bytes_received")), (Some(u32::MAX.into()), Some(u64::MAX)));
    }

    /// The layout, by the C structure: every octet belongs to one field, and each field stands behind the one before.
    #[test]
    fn the_structure_has_no_gaps() {
        let octets: Vec<u8> = (0..LONGEST).map(|at| at as u8).collect();
        let value = |field| decode(&octets, field);
        assert_eq!(value("rto"), Some(0x0b0a_0908));
        assert_eq!((value("delivery_rate_app_limited"), value("fastopen_client_fail")), (Some(1), Some(3)));
        assert_eq!(value("pacing_rate"), Some(0x6f6e_6d6c_6b6a_6968));
        assert_eq!((value("rehash"), value("total_rto")), (Some(0xefee_edec), Some(0xf1f0)));
        assert_eq!((value("ecn_mode"), value("accecn_opt_seen")), (Some(0), Some(1)), "of 0x14");
        assert_eq!((value("accecn_fail_mode"), value("options2")), (Some(1), Some(0x17_1615)));
        let mut bits = [0_u32; LONGEST];
        for (name, place) in FIELDS {
            let (at, width) = match *place {
                Bits(at, _, width) => {
                    bits[at] += u32::from(width);
                    continue;
                }
                Octet(at) => (at, 1),
                Half(at) => (at, 2),
                Upper(at) => (at + 1, 3),
                Word(at) => (at, 4),
                Long(at) => (at, 8),
            };
            assert!(width == 3 || at % width == 0, "{name} is aligned");
            bits[at..at + width].iter_mut().for_each(|bits| *bits += 8);
        }
        let odd: Vec<usize> = (0..LONGEST).filter(|at| bits[*at] != 8).collect();
        assert_eq!(odd, [7], "five bits of one octet are free");
        assert!(SIMULATED.iter().all(|name| decode(&octets[..LENGTH], name).is_some()));
    }
}
