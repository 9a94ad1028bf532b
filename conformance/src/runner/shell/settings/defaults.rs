//! What `defaults.sh` asks for, whichever folder it is in.
//!
//! Suites for Linux begin each script with a file of this name that puts TCP into a state in which the script's
//! numbers hold, whatever the machine's administrator prefers. The values are those that the kernel's documentation
//! (`ip-sysctl`) gives as defaults, but for those that are known to matter to such scripts: no ECN, no restart after
//! idle time, Fast Open on all listeners with a fixed key, and a queue that does not pace.

use crate::stack::setting::Setting;

const SETTINGS: &[(&str, &str)] = &[
    // what is negotiated
    ("tcp_sack", "1"),
    ("tcp_dsack", "1"),
    ("tcp_timestamps", "1"),
    ("tcp_window_scaling", "1"),
    ("tcp_ecn", "0"),
    ("tcp_ecn_fallback", "1"),
    // Fast Open (RFC 7413): client, server, every listener; the key is that of the cookies in scripts
    ("tcp_fastopen", "0x403"),
    ("tcp_fastopen_key", "a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4"),
    ("tcp_fastopen_blackhole_timeout_sec", "0"),
    // congestion control and recovery
    ("tcp_congestion_control", "cubic"),
    ("tcp_slow_start_after_idle", "0"),
    ("tcp_reordering", "3"),
    ("tcp_max_reordering", "300"),
    ("tcp_recovery", "1"),
    ("tcp_early_retrans", "3"),
    ("tcp_frto", "2"),
    ("tcp_min_rtt_wlen", "300"),
    ("tcp_no_metrics_save", "1"), // a run does not depend on the one before
    ("tcp_thin_linear_timeouts", "0"),
    ("tcp_retrans_collapse", "1"),
    // how often
    ("tcp_syn_retries", "5"),
    ("tcp_synack_retries", "5"),
    ("tcp_syn_linear_timeouts", "4"),
    ("tcp_retries1", "3"),
    ("tcp_retries2", "15"),
    ("tcp_orphan_retries", "0"),
    ("tcp_keepalive_time", "7200"),
    ("tcp_keepalive_intvl", "75"),
    ("tcp_keepalive_probes", "9"),
    ("tcp_fin_timeout", "60"),
    // buffers and windows
    ("tcp_rmem", "4096 540000 15728640"),
    ("tcp_wmem", "4096 262144 4194304"),
    ("tcp_moderate_rcvbuf", "1"),
    ("tcp_adv_win_scale", "1"),
    ("tcp_app_win", "31"),
    ("tcp_shrink_window", "0"),
    ("tcp_notsent_lowat", "4294967295"),
    ("tcp_limit_output_bytes", "4194304"),
    ("tcp_autocorking", "1"),
    // shapes of what is sent
    ("tcp_min_tso_segs", "2"),
    ("tcp_tso_win_divisor", "3"),
    ("tcp_tso_rtt_log", "9"),
    ("tcp_pacing_ss_ratio", "200"),
    ("tcp_pacing_ca_ratio", "120"),
    ("tcp_mtu_probing", "0"),
    ("tcp_base_mss", "1024"),
    ("tcp_min_snd_mss", "48"),
    ("ip_no_pmtu_disc", "0"),
    // acknowledgements and rates
    ("tcp_comp_sack_nr", "44"),
    ("tcp_comp_sack_delay_ns", "1000000"),
    ("tcp_invalid_ratelimit", "500"),
    ("tcp_challenge_ack_limit", "2147483647"),
    // listeners and ends
    ("tcp_syncookies", "1"),
    ("tcp_abort_on_overflow", "0"),
    ("tcp_rfc1337", "0"),
    ("tcp_stdurg", "0"),
];

/// All of them, each one where the kernel has it.
pub(super) fn settings() -> Vec<Setting> {
    let sysctl = |(name, value): &(&str, &str)| Setting::sysctl(&format!("net.ipv4.{name}"), value).ok();
    let flush = Setting::ip(&["tcp_metrics", "flush", "all"]).ok();
    let queue = Setting::tc(&["qdisc", "replace", "dev", "tun0", "root", "pfifo"]).ok();
    let all = flush.into_iter().chain(SETTINGS.iter().filter_map(sysctl)).chain(queue);
    all.map(|setting| Setting::Optional(Box::new(setting))).collect()
}
