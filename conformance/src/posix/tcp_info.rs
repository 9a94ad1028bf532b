//! `struct tcp_info` as Linux lays it out: what `getsockopt(TCP_INFO)` returns, in little-endian order.
//!
//! Only the fields that the socket layer can fill have a line here: a script that asks for another is told so,
//! for a zero in its place would be a lie.

/// Where a field stands, and how wide it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Octet(usize),
    /// The lower four bits of the octet.
    Low(usize),
    /// The upper four bits of the octet.
    High(usize),
    /// 32 bits
    Word(usize),
    /// 64 bits
    Long(usize),
}

/// The length of the structure, in octets.
pub const LENGTH: usize = 240;

/// Names without their `tcpi_`.
const FIELDS: &[(&str, Place)] = &[
    ("state", Place::Octet(0)),
    ("ca_state", Place::Octet(1)),
    ("retransmits", Place::Octet(2)),
    ("probes", Place::Octet(3)),
    ("backoff", Place::Octet(4)),
    ("options", Place::Octet(5)),
    ("snd_wscale", Place::Low(6)),
    ("rcv_wscale", Place::High(6)),
    ("rto", Place::Word(8)),
    ("snd_mss", Place::Word(16)),
    ("rcv_mss", Place::Word(20)),
    ("unacked", Place::Word(24)),
    ("sacked", Place::Word(28)),
    ("lost", Place::Word(32)),
    ("retrans", Place::Word(36)),
    ("last_data_sent", Place::Word(44)),
    ("last_data_recv", Place::Word(52)),
    ("rtt", Place::Word(68)),
    ("rttvar", Place::Word(72)),
    ("snd_ssthresh", Place::Word(76)),
    ("snd_cwnd", Place::Word(80)),
    ("advmss", Place::Word(84)),
    ("reordering", Place::Word(88)),
    ("total_retrans", Place::Word(100)),
    ("bytes_received", Place::Long(128)),
    ("segs_out", Place::Word(136)),
    ("segs_in", Place::Word(140)),
    ("notsent_bytes", Place::Word(144)),
    ("min_rtt", Place::Word(148)),
    ("data_segs_in", Place::Word(152)),
    ("data_segs_out", Place::Word(156)),
    ("delivered", Place::Word(192)),
    ("bytes_sent", Place::Long(200)),
    ("bytes_retrans", Place::Long(208)),
    ("dsack_dups", Place::Word(216)),
    ("snd_wnd", Place::Word(228)),
    ("rcv_wnd", Place::Word(232)),
];

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
        let value = *value;
        let octet = u8::try_from(value).unwrap_or(u8::MAX);
        match place(field) {
            Some(Place::Octet(at)) => octets[at] = octet,
            Some(Place::Low(at)) => octets[at] |= octet.min(15),
            Some(Place::High(at)) => octets[at] |= octet.min(15) << 4,
            Some(Place::Word(at)) => {
                octets[at..at + 4].copy_from_slice(&u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes());
            }
            Some(Place::Long(at)) => octets[at..at + 8].copy_from_slice(&value.to_le_bytes()),
            None => debug_assert!(false, "tcp_info has no line for {field}"),
        }
    }
    octets
}

/// The value of a field; `None` if there is none of that name, or the structure is too short for it.
pub fn decode(octets: &[u8], field: &str) -> Option<u64> {
    let octet = |at: usize| octets.get(at).copied();
    match place(field)? {
        Place::Octet(at) => octet(at).map(u64::from),
        Place::Low(at) => octet(at).map(|octet| u64::from(octet & 15)),
        Place::High(at) => octet(at).map(|octet| u64::from(octet >> 4)),
        Place::Word(at) => octets.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word).into()),
        Place::Long(at) => octets.get(at..)?.first_chunk().map(|long| u64::from_le_bytes(*long)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_values_beside_each_other() {
        let fields: Vec<(&str, u64)> = FIELDS.iter().zip(1..).map(|((name, _), value)| (*name, value % 16)).collect();
        let octets = encode(&fields);
        for (name, value) in fields {
            assert_eq!(decode(&octets, name), Some(value), "{name}");
        }
        assert_eq!(decode(&octets, "ato"), None);
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
}
