//! The configurations that every proof is tried with.

use wirelaw_reference::tcp::{Config, CongestionControl, HardErrors, InitialWindow, Reopening};

/// Each configuration and its name. A mechanism that can be switched gets a line of its own.
pub(crate) fn named() -> Vec<(&'static str, Config)> {
    let default = Config::default;
    // RFC 9293 and what it demands, without any later mechanism
    let plain = || Config {
        timestamps: false,
        sack: false,
        duplicate_sack: false,
        delayed_ack: None,
        limited_transmit: false,
        ..default()
    };
    vec![
        ("default", default()),
        ("plain", plain()),
        ("sack", Config { sack: true, duplicate_sack: true, ..plain() }),
        ("timestamps", Config { timestamps: true, ..plain() }),
        ("delayed-ack", Config { delayed_ack: default().delayed_ack, ..plain() }),
        ("limited", Config { limited_transmit: true, ..plain() }),
        ("iw10", Config { initial_window: InitialWindow::Rfc6928, ..default() }),
        ("rack", Config { rack: true, tail_loss_probe: true, ..default() }),
        ("f-rto", Config { f_rto: true, ..plain() }),
        ("cubic", Config { congestion_control: CongestionControl::Cubic, ..default() }),
        ("linux", Config::linux()),
        ("freebsd", Config::freebsd()),
        ("no-nagle", Config { nagle: false, ..plain() }),
        ("rfc793", Config { blind_attack_checks: false, hard_errors: HardErrors::EndConnections, ..plain() }),
        ("rfc1337", Config { resets_end_time_wait: false, reopen_time_wait: Reopening::Never, ..plain() }),
    ]
}
