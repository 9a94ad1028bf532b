//! The vocabulary itself: one line for each choice.

use super::Kind::{Limit, Number, Rate, Span, Switch, Word};
use super::{Habit, Kind};
use crate::tcp::{
    BlackHole, Config, CongestionControl, Ecn, HardErrors, IllegalOptions, InitialWindow, KeepAlive, OptionOrder,
    Reopening, SoftErrors, SynInSynReceived, UserTimeoutOption, WindowProbe,
};

/// A line of the table.
const fn habit(name: &'static str, meaning: &'static str, kind: Kind) -> Habit {
    Habit { name, meaning, kind }
}

/// The largest buffer that window scaling can offer whole (RFC 7323 §2.3).
const MOST_OCTETS: u64 = 1 << 30;

/// The largest segment that fits an IPv4 packet with the least headers.
const MOST_SEGMENT: u64 = 65_495;

/// Everything that [`Config::set`] knows, families first.
#[rustfmt::skip] // one line each
pub const HABITS: &[Habit] = &[
    habit("like", "whatever a deployed stack does differently from the advice of RFC 9293", Word(&[("rfc9293", |c| *c = Config::default()), ("linux", Config::follow_linux), ("freebsd", Config::follow_freebsd)])),
    habit("mss", "the MSS option we send, in octets; never more than the link carries (RFC 9293 §3.7.1)", Number(64, MOST_SEGMENT, |c, n| c.mss = n as u16)),
    habit("default-mss", "the MSS to assume if the peer sends none, in octets (RFC 9293 §3.7.1, MUST-15)", Number(64, MOST_SEGMENT, |c, n| c.default_mss = n as u16)),
    habit("receive-buffer", "octets that wait for the application, if it does not set SO_RCVBUF (RFC 9293 §3.8.6)", Number(1, MOST_OCTETS, |c, n| c.receive_buffer = n as usize)),
    habit("send-buffer", "octets that wait to be sent or acknowledged, if the application does not set SO_SNDBUF (RFC 9293 §3.10.2)", Number(1, MOST_OCTETS, |c, n| c.send_buffer = n as usize)),
    habit("window-scale", "offer window scaling (RFC 7323 §2)", Switch(|c, on| c.window_scale = on)),
    habit("timestamps", "offer, and use, timestamps (RFC 7323 §3)", Switch(|c, on| c.timestamps = on)),
    habit("require-timestamps", "drop segments that lack the timestamps that were agreed on; off takes them (RFC 7323 §3.2)", Switch(|c, on| c.require_timestamps = on)),
    habit("timestamp-offset", "what the timestamp clock shows at the beginning; if it is not given, every 4-tuple has a secret one of its own (RFC 7323 §5.4)", Number(0, u32::MAX as u64, |c, n| c.timestamp_offset = Some(n as u32))),
    habit("sack", "offer, and use, selective acknowledgments (RFC 2018, RFC 6675)", Switch(|c, on| c.sack = on)),
    habit("duplicate-sack", "tell of segments that came twice (RFC 2883)", Switch(|c, on| c.duplicate_sack = on)),
    habit("syn-options", "in which order the options of a SYN stand: as in Linux or as in FreeBSD (RFC 9293 §3.2 leaves it open)", Word(&[("linux", |c| c.syn_options = OptionOrder::Linux), ("freebsd", |c| c.syn_options = OptionOrder::FreeBsd)])),
    habit("delayed-ack", "how long an acknowledgment may wait for something to ride on; off acknowledges every segment (RFC 9293 §3.8.6.3, SHLD-18)", Limit(|c, span| c.delayed_ack = span)),
    habit("quick-acks", "so many segments at the beginning are acknowledged at once (RFC 9293 §3.8.6.3)", Number(0, 1_000_000, |c, n| c.quick_acks = n as u32)),
    habit("initial-window", "the initial congestion window (RFC 5681 §3.1, RFC 6928)", Word(&[("rfc5681", |c| c.initial_window = InitialWindow::Rfc5681), ("rfc6928", |c| c.initial_window = InitialWindow::Rfc6928)])),
    habit("initial-segments", "the initial congestion window in segments (RFC 6928 §2)", Number(1, 1000, |c, n| c.initial_window = InitialWindow::Segments(n as u16))),
    habit("limited-transmit", "the first two duplicates let out a new segment each (RFC 3042)", Switch(|c, on| c.limited_transmit = on)),
    habit("ecn", "explicit congestion notification: never, if the peer asks, or by our SYN (RFC 3168)", Word(&[("off", |c| c.ecn = Ecn::Off), ("accept", |c| c.ecn = Ecn::Accept), ("request", |c| c.ecn = Ecn::Request)])),
    habit("congestion-control", "how the congestion window grows and shrinks (RFC 5681, RFC 9438)", Word(&[("newreno", |c| c.congestion_control = CongestionControl::NewReno), ("cubic", |c| c.congestion_control = CongestionControl::Cubic)])),
    habit("rack", "losses are told by time where the peer permits SACK (RFC 8985 §6)", Switch(|c, on| c.rack = on)),
    habit("tail-loss-probe", "probe for the loss of the last segments of a flight; needs rack (RFC 8985 §7)", Switch(|c, on| c.tail_loss_probe = on)),
    habit("f-rto", "detect and undo spurious retransmission timeouts (RFC 5682)", Switch(|c, on| c.f_rto = on)),
    habit("restart-after-idle", "the congestion window starts over after an idle time (RFC 5681 §4.1)", Switch(|c, on| c.restart_after_idle = on)),
    habit("challenge-ack-limit", "how many challenge ACKs may be sent in how much time (RFC 5961 §7)", Rate(|c, limit| c.challenge_ack_limit = limit)),
    habit("stray-ack-limit", "how many segments without text outside the window are acknowledged in how much time (RFC 9293 §3.10.7.4)", Rate(|c, limit| c.stray_ack_limit = limit)),
    habit("blind-attack-checks", "check RST, SYN and ACK against blind attackers; off is RFC 793's behaviour (RFC 5961)", Switch(|c, on| c.blind_attack_checks = on)),
    habit("resets-end-time-wait", "a valid RST ends TIME-WAIT; off ignores it (RFC 9293 §3.10.7.4, RFC 1337 §3)", Switch(|c, on| c.resets_end_time_wait = on)),
    habit("reopen-time-wait", "which SYN reopens from TIME-WAIT: none, one beyond the old sequence numbers, one beyond them or with a newer timestamp, or as RFC 6191 says (RFC 9293 §3.6.1, MAY-2, SHLD-4)", Word(&[("never", |c| c.reopen_time_wait = Reopening::Never), ("by-sequence", |c| c.reopen_time_wait = Reopening::BySequence), ("by-either", |c| c.reopen_time_wait = Reopening::ByEither), ("by-timestamps", |c| c.reopen_time_wait = Reopening::ByTimestamps)])),
    habit("illegal-options", "what becomes of a segment with an option of illegal length (RFC 9293 §3.1, MUST-7)", Word(&[("discard", |c| c.illegal_options = IllegalOptions::Discard), ("ignore", |c| c.illegal_options = IllegalOptions::Ignore), ("reset", |c| c.illegal_options = IllegalOptions::Reset)])),
    habit("reset-timestamps", "a reset that answers a segment for nobody carries timestamps if that does (RFC 7323 §5.2)", Switch(|c, on| c.reset_timestamps = on)),
    habit("time-wait-after-abort", "ABORT lingers in TIME-WAIT; off deletes the connection at once (RFC 9293 §3.5.2, §3.10.5)", Switch(|c, on| c.time_wait_after_abort = on)),
    habit("hard-errors", "what a hard ICMP error may end (RFC 9293 §3.9.2.2, SHLD-26; RFC 5927 §5.2)", Word(&[("end-nothing", |c| c.hard_errors = HardErrors::EndNothing), ("end-handshakes", |c| c.hard_errors = HardErrors::EndHandshakes), ("end-connections", |c| c.hard_errors = HardErrors::EndConnections)])),
    habit("nagle", "hold back small segments while data is in flight, unless TCP_NODELAY is set (RFC 9293 §3.7.4, SHLD-7)", Switch(|c, on| c.nagle = on)),
    habit("msl", "the maximum segment lifetime; TIME-WAIT lasts two of them (RFC 9293 §3.4.3, MUST-13)", Span(|c, span| c.msl = span)),
    habit("initial-rto", "the RTO before any measurement (RFC 6298 §2.1)", Span(|c, span| c.initial_rto = span)),
    habit("min-rto", "the least RTO (RFC 6298 §2.4)", Span(|c, span| c.min_rto = span)),
    habit("max-rto", "the largest RTO (RFC 6298 §2.5)", Span(|c, span| c.max_rto = span)),
    habit("r2", "how long to retransmit data before giving up (RFC 9293 §3.8.3, SHLD-11)", Span(|c, span| c.r2 = span)),
    habit("r2-syn", "how long to retransmit a SYN before giving up (RFC 9293 §3.8.3, MUST-23)", Span(|c, span| c.r2_syn = span)),
    habit("user-timeout", "how long data may stay unacknowledged, if the application does not set TCP_USER_TIMEOUT (RFC 9293 §3.10.8)", Limit(|c, span| c.user_timeout = span)),
    habit("keep-alive", "probe idle connections even if the application does not set SO_KEEPALIVE (RFC 9293 §3.8.4, MUST-25)", Switch(|c, on| c.keep_alive = on.then(KeepAlive::default))),
    habit("soft-errors", "what a soft ICMP error may end: nothing, a handshake, or one whose SYN was sent again more than three times (RFC 9293 §3.9.2.2, MUST-56; RFC 5461 §4)", Word(&[("remember", |c| c.soft_errors = SoftErrors::Remember), ("end-handshakes", |c| c.soft_errors = SoftErrors::EndHandshakes), ("end-late-handshakes", |c| c.soft_errors = SoftErrors::EndHandshakesAfter(3))])),
    habit("path-mtu-discovery", "heed packet-too-big, and forbid routers to fragment (RFC 9293 §3.7.2, RFC 1191, RFC 8201)", Switch(|c, on| c.path_mtu_discovery = on)),
    habit("cautious-path-mtu", "believe a packet-too-big of a size that came through before only after a timeout (RFC 5927 §7.2)", Switch(|c, on| c.cautious_path_mtu = on)),
    habit("min-path-mtu", "the least path MTU to go down to, in octets (RFC 1191 §3)", Number(68, 65_535, |c, n| c.min_path_mtu = n as u16)),
    habit("path-mtu-increase", "how long after a packet-too-big to try larger segments again (RFC 1191 §6.3)", Limit(|c, span| c.path_mtu_increase = span)),
    habit("r1", "after so many retransmissions the application is told (RFC 9293 §3.8.3, SHLD-9, SHLD-10)", Number(1, 31, |c, n| c.r1 = n as u32)),
    habit("retries", "R2 counted in retransmissions of a segment, in place of r2 (RFC 9293 §3.8.3)", Number(0, 31, |c, n| c.retries = Some(n as u32))),
    habit("syn-retries", "R2 of a SYN counted in retransmissions, in place of r2-syn (RFC 9293 §3.8.3)", Number(0, 31, |c, n| c.syn_retries = Some(n as u32))),
    habit("syn-ack-retries", "R2 of a SYN,ACK counted in retransmissions, in place of r2-syn (RFC 9293 §3.8.3)", Number(0, 31, |c, n| c.syn_ack_retries = Some(n as u32))),
    habit("fin-wait-2-timeout", "how long FIN-WAIT-2 lasts once the application has gone (RFC 9293 §3.6.1 sets no limit)", Limit(|c, span| c.fin_wait_2_timeout = span)),
    habit("time-wait", "how long TIME-WAIT lasts; off is two msl (RFC 9293 §3.4.3, MUST-13)", Limit(|c, span| c.time_wait = span)),
    habit("syn-in-syn-received", "what a SYN in the window does to SYN-RECEIVED after a passive OPEN (RFC 9293 §3.10.7.4 step 4, MUST-11)", Word(&[("return-to-listen", |c| c.syn_in_syn_received = SynInSynReceived::ReturnToListen), ("challenge", |c| c.syn_in_syn_received = SynInSynReceived::Challenge), ("reset", |c| c.syn_in_syn_received = SynInSynReceived::Reset)])),
    habit("repeat-syn-ack", "the peer's SYN, come again, is answered with the SYN,ACK; off answers with an ACK (RFC 9293 §3.10.7.4 step 1)", Switch(|c, on| c.repeat_syn_ack = on)),
    habit("window-probe", "how a closed window is probed (RFC 9293 §3.8.6.1)", Word(&[("next-octet", |c| c.window_probe = WindowProbe::NextOctet), ("old-number", |c| c.window_probe = WindowProbe::OldNumber)])),
    habit("min-persist", "the least time before a closed window is probed, and between probes (RFC 9293 §3.8.6.1)", Limit(|c, span| c.min_persist = span)),
    habit("drop-syn-fin", "segments with SYN and FIN are dropped (contrary to RFC 9293 §3.10.7)", Switch(|c, on| c.drop_syn_fin = on)),
    habit("black-hole", "what is for nobody is not answered (contrary to RFC 9293 §3.10.7.1)", Word(&[("off", |c| c.black_hole = BlackHole::Off), ("syns", |c| c.black_hole = BlackHole::Syns), ("everything", |c| c.black_hole = BlackHole::Everything)])),
    habit("abort-on-overflow", "a SYN for which a listener has no room is answered with a reset (RFC 9293 §3.10.7.2 leaves it open)", Switch(|c, on| c.abort_on_overflow = on)),
    habit("user-timeout-option", "tell and heed the user timeout option (RFC 5482)", Switch(|c, on| c.user_timeout_option = on.then(UserTimeoutOption::default))),
    habit("advertised-user-timeout", "what the user timeout option tells; turns it on (RFC 5482 §3)", Span(|c, span| c.user_timeout_option.get_or_insert_default().advertised = span)),
    habit("fast-open-client", "SYNs carry data once the server has given a cookie (RFC 7413)", Switch(|c, on| c.fast_open.client = on)),
    habit("fast-open-server", "so many connections may have got data on their SYN and wait for the handshake; 0 is off (RFC 7413 §4.2)", Number(0, 65_535, |c, n| c.fast_open.pending = n as u32)),
    habit("fast-open-experimental", "ask for cookies with the experimental option (RFC 7413 §4.1.1)", Switch(|c, on| c.fast_open.experimental = on)),
];
