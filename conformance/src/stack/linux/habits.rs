//! The habits that a kernel can be given: by settings of its network namespace, by metrics of the route to the other
//! side, by an option of every socket; or those that it has by nature.
//!
//! The inverse of what shell lines of scripts mean to an in-process stack (`runner/shell/linux.rs`).

use std::path::Path;
use std::time::Duration;

use wirelaw_reference::tcp::Config;

use crate::habits::HabitValue;
use crate::stack::setting::Setting;
use crate::stack::{Setup, StackError};

/// The metrics of a route, `RTAX_*` of rtnetlink(7).
const LOCK: u16 = 1;
const ADVERTISED_MSS: u16 = 8;
const INITIAL_WINDOW: u16 = 11;
const LEAST_RTO: u16 = 13;
const QUICK_ACK: u16 = 15;

/// How a kernel comes to have a habit.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Means {
    /// It has no other.
    Nature,
    /// Settings below `net.ipv4`, with their values.
    Settings(Vec<(&'static str, String)>),
    /// A metric of the route to the other side.
    Metric(u16, u32),
    /// `TCP_NODELAY` on every socket that is made.
    NoDelay,
}

/// What makes a kernel follow the habits of a scenario.
#[derive(Debug, Default)]
pub(super) struct Habits {
    settings: Vec<Setting>,
    /// The metrics of the route to the other side.
    pub(super) metrics: Vec<(u16, u32)>,
    /// Whether sockets are made with `TCP_NODELAY`.
    pub(super) no_delay: bool,
}

impl Habits {
    /// Those of `setup` that the kernel of this `version` can have, the later of two overriding the earlier.
    pub(super) fn new(setup: &Setup, version: &str) -> Habits {
        let mut habits = Habits::default();
        if !setup.has_offload {
            habits.settings.extend(common().into_iter().map(|setting| Setting::Optional(Box::new(setting))));
        }
        for habit in &setup.habits {
            if habit.name() == "nagle" {
                habits.no_delay = false;
            }
            match means(habit, version) {
                None | Some(Means::Nature) => {}
                Some(Means::Settings(list)) => {
                    habits.settings.extend(list.iter().map(|(name, value)| setting(name, value)));
                }
                Some(Means::Metric(kind, value)) => {
                    habits.metrics.retain(|(other, _)| *other != kind);
                    habits.metrics.push((kind, value));
                }
                Some(Means::NoDelay) => habits.no_delay = true,
            }
        }
        if habits.metrics.iter().any(|(kind, _)| *kind == LEAST_RTO) {
            habits.metrics.push((LOCK, 1 << LEAST_RTO)); // without it the kernel does not heed the metric
        }
        habits
    }

    /// Sets what is set in the namespace.
    pub(super) fn apply(&self) -> Result<(), StackError> {
        let mut done = self.settings.iter().map(|setting| setting.apply(None).map(drop));
        done.try_for_each(|done| done).map_err(|error| StackError::Unsupported(error.to_string()))
    }
}

/// Whether the kernel of this version has the habit, or can be given it here.
pub(super) fn follows(habit: &HabitValue, version: &str) -> bool {
    match means(habit, version) {
        Some(Means::Settings(list)) => list.iter().all(|(name, value)| is_settable(name, value)),
        means => means.is_some(),
    }
}

fn is_settable(name: &str, value: &str) -> bool {
    let folder = Path::new("/proc/sys/net/ipv4");
    let is_there = folder.join(name.replace('.', "/")).exists();
    let is_allowed = name != "tcp_congestion_control"
        || std::fs::read_to_string(folder.join("tcp_allowed_congestion_control"))
            .is_ok_and(|allowed| allowed.split_whitespace().any(|one| one == value));
    is_there && is_allowed
}

fn setting(name: &str, value: &str) -> Setting {
    Setting::Sysctl { name: format!("net.ipv4.{name}"), value: value.to_owned() }
}

/// What a namespace takes over from the machine, as the kernel has it before anybody tunes the machine: a verdict about
/// a requirement must not depend on that.
fn common() -> [Setting; 3] {
    [
        setting("tcp_congestion_control", "reno"),
        setting("tcp_rmem", "4096 131072 6291456"),
        setting("tcp_wmem", "4096 16384 4194304"),
    ]
}

fn means(habit: &HabitValue, version: &str) -> Option<Means> {
    let value = habit.value();
    let switch = |name, on: &str| Some(Means::Settings(vec![(name, if value == "on" { on } else { "0" }.to_owned())]));
    let set = |name, value: String| Some(Means::Settings(vec![(name, value)]));
    match habit.name() {
        "sack" => switch("tcp_sack", "1"),
        "duplicate-sack" => switch("tcp_dsack", "1"),
        "timestamps" => switch("tcp_timestamps", "1"),
        "window-scale" => switch("tcp_window_scaling", "1"),
        "f-rto" => switch("tcp_frto", "2"),
        "tail-loss-probe" => switch("tcp_early_retrans", "3"),
        "restart-after-idle" => switch("tcp_slow_start_after_idle", "1"),
        "abort-on-overflow" => switch("tcp_abort_on_overflow", "1"),
        "resets-end-time-wait" => set("tcp_rfc1337", if value == "on" { "0" } else { "1" }.to_owned()),
        "path-mtu-discovery" => set("ip_no_pmtu_disc", if value == "on" { "0" } else { "1" }.to_owned()),
        // loss detection without RACK was removed in Linux 6.17
        "rack" if value == "off" && is_at_least(version, (6, 17)) => None,
        "rack" => switch("tcp_recovery", "1"),
        "ecn" => {
            let number = ["off", "request", "accept"].iter().position(|name| *name == value)?;
            set("tcp_ecn", number.to_string())
        }
        "congestion-control" => {
            let name = if value == "newreno" { "reno" } else { value };
            set("tcp_congestion_control", name.to_owned())
        }
        "fast-open-client" => switch("tcp_fastopen", "1"),
        "syn-retries" => set("tcp_syn_retries", value.to_owned()),
        "syn-ack-retries" => set("tcp_synack_retries", value.to_owned()),
        "retries" => set("tcp_retries2", value.to_owned()),
        "r1" => set("tcp_retries1", value.to_owned()),
        "min-path-mtu" => set("route.min_pmtu", value.to_owned()),
        "challenge-ack-limit" | "stray-ack-limit" => rate_limit(value),
        "send-buffer" | "receive-buffer" => buffer(habit),
        "mss" => Some(Means::Metric(ADVERTISED_MSS, value.parse().ok()?)),
        "initial-segments" => Some(Means::Metric(INITIAL_WINDOW, value.parse().ok()?)),
        "delayed-ack" if value == "off" => Some(Means::Metric(QUICK_ACK, 1)),
        "nagle" => Some(if value == "off" { Means::NoDelay } else { Means::Nature }),
        "min-rto" => {
            Some(Means::Metric(LEAST_RTO, u32::try_from(span(habit, |config| config.min_rto).as_millis()).ok()?))
        }
        "max-rto" => set("tcp_rto_max_ms", span(habit, |config| config.max_rto).as_millis().to_string()),
        "fin-wait-2-timeout" => {
            let timeout = span(habit, |config| config.fin_wait_2_timeout.unwrap_or_default());
            (timeout.as_secs() > 0)
                .then(|| timeout.as_secs().to_string())
                .and_then(|value| set("tcp_fin_timeout", value))
        }
        "path-mtu-increase" => {
            let timeout = span(habit, |config| config.path_mtu_increase.unwrap_or_default());
            (timeout.as_secs() > 0)
                .then(|| timeout.as_secs().to_string())
                .and_then(|value| set("route.mtu_expires", value))
        }
        _ => NATURE.contains(&habit.to_string().as_str()).then_some(Means::Nature),
    }
}

/// What a kernel does without being told, and cannot be talked out of.
const NATURE: &[&str] = &[
    "like=linux",
    "syn-options=linux",
    "require-timestamps=off",     // tcp_validate_incoming: what lacks them is taken
    "initial-window=rfc6928",     // TCP_INIT_CWND
    "blind-attack-checks=on",     // tcp_validate_incoming, tcp_send_challenge_ack
    "reopen-time-wait=by-either", // tcp_timewait_state_process
    "illegal-options=ignore",     // tcp_parse_options
    "reset-timestamps=off",       // tcp_v4_send_reset
    "time-wait-after-abort=off",  // tcp_disconnect
    "hard-errors=end-handshakes", // tcp_v4_err
    "soft-errors=end-handshakes", // tcp_v4_err
    "initial-rto=1s",             // TCP_TIMEOUT_INIT
    "time-wait=1min",             // TCP_TIMEWAIT_LEN
    "time-wait=60s",
    "msl=30s",
    "keep-alive=off",
    "user-timeout=off",
    "user-timeout-option=off",
    "cautious-path-mtu=off",
    "syn-in-syn-received=reset", // tcp_check_req
    "repeat-syn-ack=on",         // tcp_check_req
    "window-probe=old-number",   // tcp_xmit_probe_skb
    "black-hole=off",
    "drop-syn-fin=off",
];

/// Answers to what is not accepted: `off`, or one per socket in so many milliseconds.
fn rate_limit(value: &str) -> Option<Means> {
    let millis = match value {
        "off" => 0,
        limit => limit.strip_prefix("1/")?.strip_suffix("ms")?.parse::<u32>().ok()?,
    };
    let own = ("tcp_invalid_ratelimit", millis.to_string());
    Some(Means::Settings(vec![own, ("tcp_challenge_ack_limit", i32::MAX.to_string())]))
}

/// Half of a buffer is for what the kernel needs besides, and half for octets: `tcp_adv_win_scale`, socket(7).
fn buffer(habit: &HabitValue) -> Option<Means> {
    let whole = habit.value().parse::<u32>().ok()?.checked_mul(2).filter(|whole| i32::try_from(*whole).is_ok())?;
    let name = if habit.name() == "send-buffer" { "tcp_wmem" } else { "tcp_rmem" };
    Some(Means::Settings(vec![(name, format!("{} {whole} {whole}", whole.min(4096)))]))
}

/// The span of time that a habit says.
fn span(habit: &HabitValue, field: impl FnOnce(&Config) -> Duration) -> Duration {
    let mut config = Config::default();
    habit.apply(&mut config);
    field(&config)
}

fn is_at_least(version: &str, least: (u32, u32)) -> bool {
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= least
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::setting_habits;

    fn habit(text: &str) -> HabitValue {
        HabitValue::parse(text).expect(text)
    }

    fn setup(habits: &[&str], has_offload: bool) -> Setup {
        Setup {
            has_offload,
            habits: habits.iter().map(|text| habit(text)).collect(),
            ..Setup::plain([192, 0, 2, 1].into(), [192, 0, 2, 2].into())
        }
    }

    #[test]
    fn what_is_set_means_the_same_in_a_shell_line() {
        // the other direction is another table, for scripts that set a kernel
        for text in [
            "sack=off",
            "sack=on",
            "duplicate-sack=off",
            "timestamps=on",
            "timestamps=off",
            "window-scale=off",
            "ecn=off",
            "ecn=request",
            "ecn=accept",
            "congestion-control=newreno",
            "rack=on",
            "f-rto=off",
            "f-rto=on",
            "tail-loss-probe=off",
            "tail-loss-probe=on",
            "restart-after-idle=off",
            "resets-end-time-wait=off",
            "resets-end-time-wait=on",
            "abort-on-overflow=on",
            "r1=4",
            "retries=4",
            "syn-retries=2",
            "syn-ack-retries=3",
            "max-rto=5000ms",
            "fin-wait-2-timeout=7s",
            "path-mtu-discovery=off",
            "path-mtu-increase=600s",
            "min-path-mtu=600",
            "fast-open-client=off",
            "receive-buffer=65535",
        ] {
            let Some(Means::Settings(list)) = means(&habit(text), "6.18.0") else { panic!("{text} sets nothing") };
            let told = list.iter().flat_map(|(name, value)| {
                setting_habits(&format!("net.ipv4.{name}"), value).unwrap_or_else(|| panic!("{name}={value}"))
            });
            assert_eq!(told.collect::<Vec<_>>(), [text]);
        }
    }

    #[test]
    fn routes_and_sockets_follow_what_no_setting_does() {
        let habits = Habits::new(
            &setup(&["initial-segments=4", "min-rto=1s", "delayed-ack=off", "nagle=off", "initial-segments=10"], true),
            "6.18.0",
        );
        let expected = [(LEAST_RTO, 1000), (QUICK_ACK, 1), (INITIAL_WINDOW, 10), (LOCK, 1 << LEAST_RTO)];
        assert_eq!((habits.metrics.as_slice(), habits.no_delay), (&expected[..], true));
        assert!(habits.settings.is_empty());
        assert!(!Habits::new(&setup(&["nagle=off", "nagle=on"], true), "6.18.0").no_delay);
    }

    #[test]
    fn scenarios_about_requirements_are_independent_of_the_machine() {
        let habits = Habits::new(&setup(&["congestion-control=cubic"], false), "6.18.0");
        let names: Vec<String> = habits.settings.iter().map(|setting| format!("{setting:?}")).collect();
        assert!(names[0].contains("Optional") && names[0].contains("\"reno\""), "{names:?}");
        // what the scenario asks for comes last
        assert!(names.last().is_some_and(|last| last.contains("cubic")), "{names:?}");
    }

    #[test]
    fn what_a_kernel_cannot_choose_it_does_not_follow() {
        for (text, version, is_followed) in [
            ("delayed-ack=200ms", "6.18.0", false),
            ("limited-transmit=off", "6.18.0", false),
            ("syn-options=freebsd", "6.18.0", false),
            ("timestamp-offset=0", "6.18.0", false),
            ("challenge-ack-limit=10/5s", "6.18.0", false),
            ("challenge-ack-limit=1/500ms", "6.18.0", true),
            ("rack=off", "6.18.0", false),
            ("rack=off", "6.17.0", false),
            ("rack=off", "6.12.9", true),
            ("rack=on", "6.18.0", true),
            ("like=linux", "4.19.0", true),
        ] {
            assert_eq!(means(&habit(text), version).is_some(), is_followed, "{text} on {version}");
        }
    }

    #[test]
    fn what_is_natural_is_a_habit() {
        for text in NATURE {
            assert_eq!(HabitValue::parse(text).map(|habit| habit.to_string()), Ok((*text).to_owned()));
        }
    }
}
