//! Names of other systems.

/// Beginnings of names that FreeBSD has and Linux has not.
const PREFIXES: [&str; 5] = ["TCP_RACK_", "TCP_BBR_", "TCP_LOG", "SCTP_", "IPTOS_DSCP_"];

/// Names that FreeBSD and its kin have and Linux has not.
const NAMES: [&str; 26] = [
    "TCP_NOOPT",
    "TCP_NOPUSH",
    "TCP_KEEPINIT",
    "TCP_FUNCTION_BLK",
    "TCP_FUNCTION_ALIAS",
    "TCP_REMOTE_UDP_ENCAPS_PORT",
    "TCP_DELACK",
    "TCP_MAXUNACKTIME",
    "TCP_MAXPEAKRATE",
    "TCP_IDLE_REDUCE",
    "TCP_CCALGOOPT",
    "TCP_PCAP_OUT",
    "TCP_PCAP_IN",
    "TCP_REUSPORT_LB_NUMA",
    "TCP_RESET_REASON",
    "TCP_TXTLS_ENABLE",
    "TCP_TXTLS_MODE",
    "TCP_RXTLS_ENABLE",
    "TCP_RXTLS_MODE",
    "IPV6_USE_MIN_MTU",
    "IP_DONTFRAG",
    "SO_REUSEPORT_LB",
    "SO_ACCEPTFILTER",
    "SO_SETFIB",
    "MSG_NOTIFICATION",
    "FIONWRITE",
];

/// Whether another system has this name: no mistake of the script, but there is no number for it here.
pub fn is_foreign(name: &str) -> bool {
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
