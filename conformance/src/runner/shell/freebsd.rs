//! Settings of FreeBSD (`tcp(4)`, `mod_cc(4)`).

use super::sysctl::Meaning::{self, Any, By, Inverse, Number, Only, Span, Switch, Values};
use super::sysctl::number;

/// What is known, by name. Times are in milliseconds.
pub(super) const SETTINGS: &[(&str, Meaning)] = &[
    (
        "net.inet.tcp.rfc1323",
        Values(&[
            ("0", &["window-scale=off", "timestamps=off"]),
            ("1", &["window-scale=on", "timestamps=on"]),
            ("2", &["window-scale=on", "timestamps=off"]),
            ("3", &["window-scale=off", "timestamps=on"]),
        ]),
    ),
    ("net.inet.tcp.tolerate_missing_ts", Inverse("require-timestamps")),
    ("net.inet.tcp.ts_offset_per_conn", Any),
    ("net.inet.tcp.sack.enable", Switch("sack")),
    ("net.inet.tcp.sack.maxholes", Any),
    ("net.inet.tcp.sack.globalmaxholes", Any),
    ("net.inet.tcp.ecn.enable", Values(&[("0", &["ecn=off"]), ("1", &["ecn=request"]), ("2", &["ecn=accept"])])),
    ("net.inet.tcp.ecn.maxretries", Only(&["1"])),
    (
        "net.inet.tcp.cc.algorithm",
        Values(&[("newreno", &["congestion-control=newreno"]), ("cubic", &["congestion-control=cubic"])]),
    ),
    ("net.inet.tcp.functions_default", Values(&[("freebsd", &[]), ("rack", &["rack=on", "tail-loss-probe=on"])])),
    ("net.inet.tcp.functions_inherit_listen_socket_stack", Any),
    ("net.inet.tcp.initcwnd_segments", Number("initial-segments")),
    ("net.inet.tcp.rfc3042", Switch("limited-transmit")),
    ("net.inet.tcp.rfc3390", Any), // only counts where initcwnd_segments is 0
    ("net.inet.tcp.rfc3465", Only(&["1"])),
    ("net.inet.tcp.delayed_ack", Values(&[("0", &["delayed-ack=off"]), ("1", &["delayed-ack=40ms"])])),
    ("net.inet.tcp.delacktime", Span("delayed-ack", "ms")),
    ("net.inet.tcp.msl", Span("msl", "ms")),
    ("net.inet.tcp.rexmit_initial", Span("initial-rto", "ms")),
    ("net.inet.tcp.rexmit_min", Span("min-rto", "ms")),
    ("net.inet.tcp.rexmit_max", Span("max-rto", "ms")),
    ("net.inet.tcp.rexmit_slop", Any),
    ("net.inet.tcp.rexmit_drop_options", Only(&["0"])),
    ("net.inet.tcp.retries", Number("retries")),
    ("net.inet.tcp.syncache.rexmtlimit", Number("syn-ack-retries")),
    ("net.inet.tcp.syncache.rst_on_sock_fail", Any),
    ("net.inet.tcp.syncookies", Any),
    ("net.inet.tcp.syncookies_only", Only(&["0"])),
    ("net.inet.tcp.keepinit", Span("r2-syn", "ms")),
    ("net.inet.tcp.keepidle", Only(&["7200000"])),
    ("net.inet.tcp.keepintvl", Only(&["75000"])),
    ("net.inet.tcp.always_keepalive", Switch("keep-alive")),
    ("net.inet.tcp.persmin", Span("min-persist", "ms")),
    ("net.inet.tcp.persmax", Only(&["60000"])),
    ("net.inet.tcp.finwait2_timeout", Span("fin-wait-2-timeout", "ms")),
    ("net.inet.tcp.fast_finwait2_recycle", Only(&["0"])),
    ("net.inet.tcp.nolocaltimewait", Any),
    ("net.inet.tcp.drop_synfin", Switch("drop-syn-fin")),
    (
        "net.inet.tcp.blackhole",
        Values(&[("0", &["black-hole=off"]), ("1", &["black-hole=syns"]), ("2", &["black-hole=everything"])]),
    ),
    // one of the three alone has no habit
    ("net.inet.tcp.insecure_rst", Only(&["0"])),
    ("net.inet.tcp.insecure_syn", Only(&["0"])),
    ("net.inet.tcp.insecure_ack", Only(&["0"])),
    (
        "net.inet.tcp.icmp_may_rst",
        Values(&[("0", &["hard-errors=end-nothing"]), ("1", &["hard-errors=end-handshakes"])]),
    ),
    ("net.inet.tcp.path_mtu_discovery", Switch("path-mtu-discovery")),
    ("net.inet.tcp.pmtud_blackhole_detection", Only(&["0"])),
    ("net.inet.tcp.minmss", By(least_segment)),
    ("net.inet.tcp.mssdflt", Number("default-mss")),
    ("net.inet.tcp.v6mssdflt", Any),
    ("net.inet.tcp.recvspace", Number("receive-buffer")),
    ("net.inet.tcp.sendspace", Number("send-buffer")),
    ("net.inet.tcp.recvbuf_auto", Only(&["0"])),
    ("net.inet.tcp.sendbuf_auto", Only(&["0"])),
    ("net.inet.tcp.recvbuf_max", Any),
    ("net.inet.tcp.sendbuf_max", Any),
    ("net.inet.tcp.fastopen.client_enable", Switch("fast-open-client")),
    // a server of Fast Open also sets TCP_FASTOPEN
    ("net.inet.tcp.fastopen.server_enable", Values(&[("0", &["fast-open-server=0"]), ("1", &[])])),
    ("net.inet.tcp.udp_tunneling_port", Only(&["0"])),
    ("net.inet.tcp.hostcache.enable", Any),
    ("net.inet.tcp.hostcache.purge", Any),
    ("net.inet.tcp.hostcache.purgenow", Any),
    ("net.inet.tcp.isn_reseed_interval", Any),
    ("net.inet.tcp.log_in_vain", Any),
    ("net.inet.tcp.log_debug", Any),
    ("net.inet.tcp.tso", Any),
    ("net.inet.tcp.per_cpu_timers", Any),
    ("net.inet.tcp.do_tcpdrain", Any),
    ("net.inet.tcp.reass.maxqueuelen", Any),
    ("net.inet.icmp.icmplim", Any),
    ("kern.ipc.maxsockbuf", Any),
    ("kern.ipc.somaxconn", Any),
    ("kern.ipc.soacceptqueue", Any),
    ("kern.timecounter.alloweddeviation", Any),
];

/// The least segment is the least path MTU without the headers.
fn least_segment(value: &str) -> Option<Vec<String>> {
    Some(vec![format!("min-path-mtu={}", number(value)?.checked_add(40)?)])
}
