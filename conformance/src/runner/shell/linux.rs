//! Settings of Linux (`ip-sysctl`, `ip-route(8)`, `ethtool(8)`).

use super::sysctl::Meaning::{self, Any, By, Inverse, Number, Only, Span, Switch, Values};
use super::sysctl::number;

/// What is known, by name.
pub(super) const SETTINGS: &[(&str, Meaning)] = &[
    ("net.ipv4.tcp_sack", Switch("sack")),
    ("net.ipv4.tcp_dsack", Switch("duplicate-sack")),
    ("net.ipv4.tcp_fack", Any), // gone since Linux 4.15
    (
        "net.ipv4.tcp_timestamps",
        Values(&[("0", &["timestamps=off"]), ("1", &["timestamps=on"]), ("2", &["timestamps=on"])]),
    ),
    ("net.ipv4.tcp_window_scaling", Switch("window-scale")),
    ("net.ipv4.tcp_ecn", Values(&[("0", &["ecn=off"]), ("1", &["ecn=request"]), ("2", &["ecn=accept"])])),
    ("net.ipv4.tcp_ecn_fallback", Only(&["1"])),
    ("net.ipv4.tcp_congestion_control", By(congestion_control)),
    ("net.core.default_qdisc", Any),
    ("net.ipv4.tcp_reordering", Only(&["3"])),
    (
        "net.ipv4.tcp_recovery",
        Values(&[("0", &["rack=off"]), ("0x0", &["rack=off"]), ("1", &["rack=on"]), ("0x1", &["rack=on"])]),
    ),
    (
        "net.ipv4.tcp_early_retrans",
        Values(&[("0", &["tail-loss-probe=off"]), ("3", &["tail-loss-probe=on"]), ("4", &["tail-loss-probe=on"])]),
    ),
    ("net.ipv4.tcp_frto", Values(&[("0", &["f-rto=off"]), ("1", &["f-rto=on"]), ("2", &["f-rto=on"])])),
    ("net.ipv4.tcp_slow_start_after_idle", Switch("restart-after-idle")),
    ("net.ipv4.tcp_retries1", Number("r1")),
    ("net.ipv4.tcp_retries2", Number("retries")),
    ("net.ipv4.tcp_syn_retries", Number("syn-retries")),
    ("net.ipv4.tcp_synack_retries", Number("syn-ack-retries")),
    ("net.ipv4.tcp_syn_linear_timeouts", Only(&["0"])),
    ("net.ipv4.tcp_thin_linear_timeouts", Only(&["0"])),
    ("net.ipv4.tcp_rto_min_us", Span("min-rto", "us")),
    ("net.ipv4.tcp_rto_max_ms", Span("max-rto", "ms")),
    ("net.ipv4.tcp_fin_timeout", Span("fin-wait-2-timeout", "s")),
    ("net.ipv4.tcp_keepalive_time", Only(&["7200"])),
    ("net.ipv4.tcp_keepalive_intvl", Only(&["75"])),
    ("net.ipv4.tcp_keepalive_probes", Only(&["9"])),
    ("net.ipv4.tcp_rfc1337", Inverse("resets-end-time-wait")),
    ("net.ipv4.tcp_abort_on_overflow", Switch("abort-on-overflow")),
    ("net.ipv4.tcp_invalid_ratelimit", By(invalid_rate_limit)),
    ("net.ipv4.tcp_challenge_ack_limit", By(challenge_ack_limit)),
    ("net.ipv4.tcp_fastopen", By(fast_open)),
    ("net.ipv4.tcp_fastopen_blackhole_timeout_sec", Only(&["0"])),
    ("net.ipv4.tcp_mtu_probing", Only(&["0"])),
    ("net.ipv4.ip_no_pmtu_disc", Inverse("path-mtu-discovery")),
    ("net.ipv4.route.min_pmtu", Number("min-path-mtu")),
    ("net.ipv4.route.mtu_expires", Span("path-mtu-increase", "s")),
    ("net.ipv4.tcp_rmem", By(receive_memory)),
    ("net.ipv4.tcp_wmem", By(send_memory)),
    ("net.ipv4.tcp_adv_win_scale", Only(&["1"])),
    ("net.ipv4.tcp_stdurg", Only(&["0"])),
    ("net.ipv4.tcp_shrink_window", Only(&["0"])),
    ("net.ipv4.tcp_comp_sack_nr", Only(&["0"])),
    ("net.ipv4.tcp_syncookies", Only(&["0", "1"])),
    ("net.ipv4.tcp_tw_reuse", Any), // which port a connect takes
    ("net.ipv4.tcp_no_metrics_save", Any),
    ("net.ipv4.tcp_moderate_rcvbuf", Only(&["0"])),
    ("net.ipv4.tcp_max_syn_backlog", Any),
    ("net.ipv4.tcp_max_tw_buckets", Any),
    ("net.ipv4.tcp_max_orphans", Any),
    ("net.ipv4.tcp_limit_output_bytes", Any),
    ("net.ipv4.tcp_min_tso_segs", Any),
    ("net.ipv4.tcp_tso_rtt_log", Any),
    ("net.ipv4.tcp_tso_win_divisor", Any),
    ("net.ipv4.tcp_autocorking", Only(&["0"])),
    ("net.ipv4.tcp_notsent_lowat", Any),
    ("net.ipv4.tcp_pacing_ss_ratio", Any),
    ("net.ipv4.tcp_pacing_ca_ratio", Any),
    ("net.ipv4.tcp_low_latency", Any),
    ("net.ipv4.tcp_mem", Any),
    ("net.core.rmem_max", Any),
    ("net.core.wmem_max", Any),
    ("net.core.rmem_default", Any),
    ("net.core.wmem_default", Any),
    ("net.core.optmem_max", Any),
    ("net.core.somaxconn", Any),
    ("net.core.netdev_max_backlog", Any),
];

fn congestion_control(value: &str) -> Option<Vec<String>> {
    let name = match value {
        "reno" => "newreno",
        "cubic" => "cubic",
        _ => return None,
    };
    Some(vec![format!("congestion-control={name}")])
}

/// Milliseconds between two answers of a socket to what it does not accept.
fn invalid_rate_limit(value: &str) -> Option<Vec<String>> {
    let limit = match number(value)? {
        0 => "off".to_owned(),
        millis => format!("1/{millis}ms"),
    };
    Some(["challenge-ack-limit", "stray-ack-limit"].map(|name| format!("{name}={limit}")).to_vec())
}

/// Challenge ACKs in a second; `INT_MAX`: any number.
fn challenge_ack_limit(value: &str) -> Option<Vec<String>> {
    let limit = match number(value)? {
        0x7fff_ffff => "off".to_owned(),
        count => format!("{count}/1s"),
    };
    Some(vec![format!("challenge-ack-limit={limit}")])
}

/// A bit for clients, a bit for servers that also set `TCP_FASTOPEN`; the others have no habit.
fn fast_open(value: &str) -> Option<Vec<String>> {
    let bits = match value.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => u32::try_from(number(value)?).ok()?,
    };
    let client = if bits & 1 == 1 { "on" } else { "off" };
    (bits <= 3).then(|| vec![format!("fast-open-client={client}")])
}

/// Least, default and largest: the default, of which half is window (`tcp_adv_win_scale` is 1).
fn receive_memory(value: &str) -> Option<Vec<String>> {
    Some(vec![format!("receive-buffer={}", middle(value)? / 2)])
}

fn send_memory(value: &str) -> Option<Vec<String>> {
    Some(vec![format!("send-buffer={}", middle(value)?)])
}

fn middle(value: &str) -> Option<u64> {
    let numbers: Option<Vec<u64>> = value.split_whitespace().map(number).collect();
    match numbers?.as_slice() {
        [_, middle, _] => Some(*middle),
        _ => None,
    }
}

/// `ethtool -K DEVICE FEATURE on|off...`: there is no device to do anything.
pub(super) fn offload(switches: &[&str]) -> Option<Vec<String>> {
    let known = |pair: &&[&str; 2]| {
        let [feature, switch] = **pair;
        ["tso", "gso", "gro", "lro"].contains(&feature) && ["on", "off"].contains(&switch)
    };
    let (pairs, rest) = switches.as_chunks::<2>();
    (rest.is_empty() && pairs.iter().all(|pair| known(&pair))).then(Vec::new)
}

/// The attributes of a route that concern TCP; what says where it leads does not.
pub(super) fn route(words: &[&str]) -> Option<Vec<String>> {
    let words = words.strip_prefix(&["default"]).unwrap_or(words);
    // a destination is a word of its own
    let words = if words.len() % 2 == 1 { &words[1..] } else { words };
    let (pairs, _) = words.as_chunks::<2>();
    let mut habits = Vec::new();
    for [name, value] in pairs {
        match *name {
            "dev" | "via" | "src" | "proto" | "scope" | "table" => {}
            "initcwnd" => habits.push(format!("initial-segments={}", number(value)?)),
            "rto_min" => habits.push(format!("min-rto={value}")),
            "quickack" if *value == "1" => habits.push("delayed-ack=off".to_owned()),
            "advmss" => habits.push(format!("mss={}", number(value)?)),
            "mtu" => habits.push(format!("mss={}", number(value)?.checked_sub(40)?)),
            _ => return None,
        }
    }
    Some(habits)
}
