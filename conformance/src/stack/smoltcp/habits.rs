//! The habits that smoltcp can be given: those that its sockets have a setting for, or that it has by nature.

use wirelaw_reference::tcp::Config;

use super::link::MAX_BUFFER;
use crate::habits::HabitValue;
use crate::stack::engine::SocketOptions;

/// Whether smoltcp follows it. Where it has no setting, only what it always does is followed.
pub(super) fn follows(habit: &HabitValue) -> bool {
    match (habit.name(), habit.value()) {
        ("nagle" | "user-timeout" | "keep-alive", _) => true,
        ("receive-buffer" | "send-buffer", octets) => octets.parse().is_ok_and(|octets: usize| octets <= MAX_BUFFER),
        ("window-scale", value) => value == "on",
        // RTTE_MIN_RTO
        ("min-rto", value) => value == "1s",
        _ => false,
    }
}

/// The options of a socket whose application has set `options`.
pub(super) fn with_habits(habits: &[HabitValue], options: &SocketOptions) -> SocketOptions {
    let mut config = Config::default();
    let mut is_named = |name: &str| {
        let named = habits.iter().filter(|habit| habit.name() == name && follows(habit));
        named.map(|habit| habit.apply(&mut config)).count() > 0
    };
    let (receive_buffer, send_buffer) = (is_named("receive-buffer"), is_named("send-buffer"));
    for name in ["nagle", "user-timeout", "keep-alive"] {
        is_named(name);
    }
    SocketOptions {
        no_delay: options.no_delay || !config.nagle,
        keep_alive: options.keep_alive || config.keep_alive.is_some(),
        user_timeout: options.user_timeout.or(config.user_timeout),
        receive_buffer: options.receive_buffer.or(receive_buffer.then_some(config.receive_buffer)),
        send_buffer: options.send_buffer.or(send_buffer.then_some(config.send_buffer)),
        ..options.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn habits(texts: &[&str]) -> Vec<HabitValue> {
        texts.iter().map(|text| HabitValue::parse(text).expect(text)).collect()
    }

    #[test]
    fn habits_stand_in_for_options_that_were_not_set() {
        let all = habits(&["nagle=off", "user-timeout=5s", "keep-alive=on", "receive-buffer=1000"]);
        let expected = SocketOptions {
            no_delay: true,
            keep_alive: true,
            user_timeout: Some(Duration::from_secs(5)),
            receive_buffer: Some(1000),
            ..SocketOptions::default()
        };
        assert_eq!(with_habits(&all, &SocketOptions::default()), expected);
        let own = SocketOptions { receive_buffer: Some(7), send_buffer: Some(8), ..SocketOptions::default() };
        assert_eq!(
            with_habits(&all, &own),
            SocketOptions { send_buffer: Some(8), receive_buffer: Some(7), ..expected }
        );
        assert_eq!(with_habits(&[], &own), own);
    }

    #[test]
    fn what_smoltcp_cannot_choose_it_does_not_follow() {
        let follows = |text: &str| follows(&HabitValue::parse(text).expect(text));
        assert!(follows("nagle=on") && follows("window-scale=on") && follows("send-buffer=67108864"));
        assert!(follows("min-rto=1s"));
        for text in [
            "min-rto=200ms",
            "window-scale=off",
            "send-buffer=67108865",
            "msl=1s",
            "like=linux",
            "blind-attack-checks=off",
        ] {
            assert!(!follows(text), "{text}");
        }
    }
}
