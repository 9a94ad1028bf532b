//! A configuration drawn from the input: each bit turns one mechanism from what is usual.

use wirelaw_reference::tcp::{
    Config, CongestionControl, Ecn, InitialWindow, KeepAlive, OptionOrder, SoftErrors, UserTimeoutOption,
};
use wirelaw_reference::time::Duration;

/// What a bit changes.
type Turn = fn(&mut Config);

/// In the order of the bits, the lowest first. Seeds depend on it: new ones go to the end.
const TURNS: &[Turn] = &[
    |config| config.timestamps = !config.timestamps,
    |config| config.sack = !config.sack,
    |config| config.duplicate_sack = !config.duplicate_sack,
    |config| config.delayed_ack = None,
    |config| config.window_scale = !config.window_scale,
    |config| config.limited_transmit = !config.limited_transmit,
    |config| config.initial_window = InitialWindow::Rfc6928,
    |config| config.restart_after_idle = !config.restart_after_idle,
    |config| config.nagle = !config.nagle,
    |config| config.require_timestamps = !config.require_timestamps,
    |config| config.quick_acks = 16,
    |config| config.syn_options = OptionOrder::FreeBsd,
    |config| config.challenge_ack_limit = None,
    |config| config.quick_acks = 1,
    |config| config.blind_attack_checks = !config.blind_attack_checks,
    |config| config.resets_end_time_wait = !config.resets_end_time_wait,
    |config| config.time_wait_after_abort = !config.time_wait_after_abort,
    |config| config.min_rto = Duration::from_millis(200),
    |config| config.keep_alive = Some(KeepAlive::default()),
    |config| config.timestamp_offset = Some(u32::MAX - 100),
    |config| config.rack = true,
    |config| config.tail_loss_probe = true,
    |config| config.f_rto = true,
    |config| config.congestion_control = CongestionControl::Cubic,
    |config| config.ecn = Ecn::Request,
    |config| config.path_mtu_discovery = !config.path_mtu_discovery,
    |config| config.cautious_path_mtu = !config.cautious_path_mtu,
    |config| config.user_timeout_option = Some(UserTimeoutOption::default()),
    |config| config.soft_errors = SoftErrors::EndHandshakes,
    |config| config.fin_wait_2_timeout = Some(Duration::from_mins(1)),
    |config| drop(config.set("like", "linux")),
    |config| drop(config.set("like", "freebsd")),
];

/// The usual configuration with what `bits` turn.
pub(crate) fn turned(bits: u32) -> Config {
    let mut config = Config::default();
    for (bit, turn) in TURNS.iter().enumerate() {
        if bits >> bit & 1 == 1 {
            turn(&mut config);
        }
    }
    config
}
