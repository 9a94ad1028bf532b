//! The names that a stack gives values to, and those with values of their own.

use super::Facts;
use crate::posix::tcp_info;
use crate::script::nearest;

/// Names with values of their own. States are Linux's; FreeBSD's names stand for the same states.
const CONSTANTS: &[(&str, i128)] = &[
    ("TCP_ESTABLISHED", 1),
    ("TCP_SYN_SENT", 2),
    ("TCP_SYN_RECV", 3),
    ("TCP_FIN_WAIT1", 4),
    ("TCP_FIN_WAIT2", 5),
    ("TCP_TIME_WAIT", 6),
    ("TCP_CLOSE", 7),
    ("TCP_CLOSE_WAIT", 8),
    ("TCP_LAST_ACK", 9),
    ("TCP_LISTEN", 10),
    ("TCP_CLOSING", 11),
    ("TCPI_ESTABLISHED", 1),
    ("TCPI_SYN_SENT", 2),
    ("TCPI_SYN_RECEIVED", 3),
    ("TCPI_FIN_WAIT_1", 4),
    ("TCPI_FIN_WAIT_2", 5),
    ("TCPI_TIME_WAIT", 6),
    ("TCPI_CLOSED", 7),
    ("TCPI_CLOSE_WAIT", 8),
    ("TCPI_LAST_ACK", 9),
    ("TCPI_LISTEN", 10),
    ("TCPI_CLOSING", 11),
    ("TCP_CA_Open", 0),
    ("TCP_CA_Disorder", 1),
    ("TCP_CA_CWR", 2),
    ("TCP_CA_Recovery", 3),
    ("TCP_CA_Loss", 4),
    ("TCPI_OPT_TIMESTAMPS", 1),
    ("TCPI_OPT_SACK", 2),
    ("TCPI_OPT_WSCALE", 4),
    ("TCPI_OPT_ECN", 8),
    ("TCPI_OPT_ECN_SEEN", 16),
    ("TCPI_OPT_SYN_DATA", 32),
    ("TCPI_OPT_USEC_TS", 64),
    ("TCPI_OPT_TFO_CHILD", 128),
    ("TCP_INFINITE_SSTHRESH", 0x7fff_ffff),
];

/// Where congestion control tells what, in octets: the start, and the length of the number.
const CC_INFO: &[(&str, usize, usize)] = &[
    ("bbr_bw_lo", 0, 4),
    ("bbr_bw_hi", 4, 4),
    ("bbr_bw", 0, 8),
    ("bbr_min_rtt", 8, 4),
    ("bbr_pacing_gain", 12, 4),
    ("bbr_cwnd_gain", 16, 4),
    ("dctcp_enabled", 0, 2),
    ("dctcp_ce_state", 2, 2),
    ("dctcp_alpha", 4, 4),
    ("dctcp_ab_ecn", 8, 4),
    ("dctcp_ab_tot", 12, 4),
    ("tcpv_enabled", 0, 4),
    ("tcpv_rttcnt", 4, 4),
    ("tcp_rtt", 8, 4),
    ("tcp_minrtt", 12, 4),
    ("tcpv_rtt", 8, 4),
    ("tcpv_minrtt", 12, 4),
];

/// The numbers of `SO_MEMINFO`, 32 bits each, in order.
const MEMINFO: [&str; 9] = [
    "SK_MEMINFO_RMEM_ALLOC",
    "SK_MEMINFO_RCVBUF",
    "SK_MEMINFO_WMEM_ALLOC",
    "SK_MEMINFO_SNDBUF",
    "SK_MEMINFO_FWD_ALLOC",
    "SK_MEMINFO_WMEM_QUEUED",
    "SK_MEMINFO_OPTMEM",
    "SK_MEMINFO_BACKLOG",
    "SK_MEMINFO_DROPS",
];

fn constant(name: &str) -> Option<i128> {
    CONSTANTS.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// The field of `tcp_info` that it names.
pub(super) fn field(name: &str) -> Option<&str> {
    name.strip_prefix("tcpi_").filter(|field| tcp_info::names().any(|known| known == *field))
}

/// Whether it is a span of time that the stack has measured.
pub(super) fn is_time(name: &str) -> bool {
    const TIMES: [&str; 11] = [
        "busy_time",
        "rwnd_limited",
        "sndbuf_limited",
        "last_data_sent",
        "last_ack_sent",
        "last_data_recv",
        "last_ack_recv",
        "rtt",
        "rttvar",
        "rcv_rtt",
        "min_rtt",
    ];
    field(name).is_some_and(|field| TIMES.contains(&field))
}

pub(super) fn is_of_cc_info(name: &str) -> bool {
    CC_INFO.iter().any(|(known, ..)| *known == name)
}

pub(super) fn is_of_meminfo(name: &str) -> bool {
    MEMINFO.contains(&name)
}

/// Whether it has a value in every block.
pub(super) fn is_known(name: &str) -> bool {
    constant(name).is_some() || field(name).is_some() || is_of_cc_info(name) || is_of_meminfo(name)
}

/// Its value; `None` if there is none, or what the stack tells is too short for it.
pub(super) fn value(name: &str, facts: &Facts) -> Option<i128> {
    let number = |octets: &[u8], at: usize, width: usize| {
        let octets = octets.get(at..at.checked_add(width)?)?;
        Some(octets.iter().rev().fold(0, |number, octet| number << 8 | i128::from(*octet)))
    };
    if let Some(field) = field(name) {
        return tcp_info::decode(&facts.tcp_info, field).map(i128::from);
    }
    if let Some((_, at, width)) = CC_INFO.iter().find(|(known, ..)| *known == name) {
        return number(&facts.cc_info, *at, *width);
    }
    if let Some(at) = MEMINFO.iter().position(|known| *known == name) {
        return number(&facts.meminfo, 4 * at, 4);
    }
    constant(name)
}

/// `: did you mean ...?` behind a name that nobody knows.
pub(super) fn hint(name: &str) -> String {
    let fields: Vec<String> = tcp_info::names().map(|field| format!("tcpi_{field}")).collect();
    let constants = CONSTANTS.iter().map(|(name, _)| *name);
    let told = CC_INFO.iter().map(|(name, ..)| *name).chain(MEMINFO);
    let all: Vec<&str> = constants.chain(told).chain(fields.iter().map(String::as_str)).collect();
    nearest(name, &all).map_or(String::new(), |near| format!(": did you mean `{near}`?"))
}
