//! Numbers back to the names that scripts use, for messages about what is unsupported.

use crate::posix::{
    MSG_DONTROUTE, MSG_ERRQUEUE, MSG_FASTOPEN, MSG_MORE, MSG_OOB, MSG_TRUNC, MSG_ZEROCOPY, SOL_IP, SOL_IPV6,
    SOL_SOCKET, SOL_TCP, SOL_UDP, symbol,
};

const SOCKET: &[&str] = &[
    "SO_DEBUG",
    "SO_REUSEADDR",
    "SO_TYPE",
    "SO_ERROR",
    "SO_DONTROUTE",
    "SO_BROADCAST",
    "SO_SNDBUF",
    "SO_RCVBUF",
    "SO_KEEPALIVE",
    "SO_OOBINLINE",
    "SO_PRIORITY",
    "SO_LINGER",
    "SO_REUSEPORT",
    "SO_RCVLOWAT",
    "SO_SNDLOWAT",
    "SO_RCVTIMEO",
    "SO_SNDTIMEO",
    "SO_ACCEPTCONN",
    "SO_TIMESTAMPING",
    "SO_MARK",
    "SO_MAX_PACING_RATE",
    "SO_ZEROCOPY",
];
const TCP: &[&str] = &[
    "TCP_NODELAY",
    "TCP_MAXSEG",
    "TCP_CORK",
    "TCP_KEEPIDLE",
    "TCP_KEEPINTVL",
    "TCP_KEEPCNT",
    "TCP_SYNCNT",
    "TCP_LINGER2",
    "TCP_DEFER_ACCEPT",
    "TCP_WINDOW_CLAMP",
    "TCP_INFO",
    "TCP_QUICKACK",
    "TCP_CONGESTION",
    "TCP_MD5SIG",
    "TCP_USER_TIMEOUT",
    "TCP_FASTOPEN",
    "TCP_TIMESTAMP",
    "TCP_NOTSENT_LOWAT",
    "TCP_CC_INFO",
    "TCP_FASTOPEN_CONNECT",
    "TCP_INQ",
];
const IP: &[&str] = &["IP_TOS", "IP_TTL", "IP_MTU_DISCOVER", "IP_RECVERR", "IP_MTU", "IP_FREEBIND"];
const IPV6: &[&str] = &["IPV6_RECVERR", "IPV6_MTU", "IPV6_TCLASS", "IPV6_UNICAST_HOPS"];

/// `SOL_TCP, TCP_FASTOPEN`, or the bare numbers.
pub(super) fn option(level: i32, name: i32) -> String {
    let (level_name, options): (&str, &[&str]) = match i64::from(level) {
        SOL_SOCKET => ("SOL_SOCKET", SOCKET),
        SOL_TCP => ("SOL_TCP", TCP),
        SOL_IP => ("SOL_IP", IP),
        SOL_IPV6 => ("SOL_IPV6", IPV6),
        SOL_UDP => ("SOL_UDP", &[]),
        other => return format!("{}, {name}", number(other)),
    };
    match options.iter().find(|option| symbol(option) == Some(name.into())) {
        Some(option) => format!("{level_name}, {option}"),
        None => format!("{level_name}, {name}"),
    }
}

/// `MSG_MORE | 0x10`
pub(super) fn message_flags(flags: i64) -> String {
    let known = [
        (MSG_OOB, "MSG_OOB"),
        (MSG_DONTROUTE, "MSG_DONTROUTE"),
        (MSG_TRUNC, "MSG_TRUNC"),
        (MSG_ERRQUEUE, "MSG_ERRQUEUE"),
        (MSG_MORE, "MSG_MORE"),
        (MSG_ZEROCOPY, "MSG_ZEROCOPY"),
        (MSG_FASTOPEN, "MSG_FASTOPEN"),
    ];
    let mut names: Vec<String> =
        known.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, name)| (*name).to_string()).collect();
    let rest = known.iter().fold(flags, |rest, (flag, _)| rest & !flag);
    if rest != 0 {
        names.push(format!("{rest:#x}"));
    }
    names.join(" | ")
}

/// A number that no table knows.
pub(super) fn number(number: i64) -> String {
    number.to_string()
}
