use alloc::string::ToString;

use super::*;
use crate::tcp::{HardErrors, KeepAlive};

fn with(choices: &[(&str, &str)]) -> Result<Config, HabitError> {
    let mut config = Config::default();
    choices.iter().try_for_each(|(name, value)| config.set(name, value)).map(|()| config)
}

#[test]
fn each_kind_of_value_is_understood() {
    assert_eq!(with(&[("nagle", "off")]), Ok(Config { nagle: false, ..Config::default() }));
    assert_eq!(with(&[("nagle", "off"), ("nagle", "on")]), Ok(Config::default()));
    assert_eq!(with(&[("mss", "65495")]).map(|config| config.mss), Ok(65_495));
    assert_eq!(with(&[("hard-errors", "end-nothing")]).map(|c| c.hard_errors), Ok(HardErrors::EndNothing));
    assert_eq!(with(&[("user-timeout", "5s")]).map(|c| c.user_timeout), Ok(Some(Duration::from_secs(5))));
    assert_eq!(with(&[("user-timeout", "5s"), ("user-timeout", "off")]), Ok(Config::default()));
    assert_eq!(with(&[("keep-alive", "on")]).map(|c| c.keep_alive), Ok(Some(KeepAlive::default())));
}

#[test]
fn spans_have_a_unit() {
    for (text, span) in [
        ("200us", Duration::from_micros(200)),
        ("200ms", Duration::from_millis(200)),
        ("2s", Duration::from_secs(2)),
        ("2min", Duration::from_mins(2)),
        ("8760h", Duration::from_hours(8760)),
    ] {
        assert_eq!(with(&[("msl", text)]).map(|config| config.msl), Ok(span), "{text}");
    }
}

#[test]
fn nonsense_is_refused_and_changes_nothing() {
    for (name, value) in [
        ("nagle", ""),
        ("nagle", "yes"),
        ("nagle", "ON"),
        ("msl", "2"),
        ("msl", "s"),
        ("msl", "0s"),
        ("msl", "-1s"),
        ("msl", "+1s"),
        ("msl", "1.5s"),
        ("msl", "8761h"),
        ("msl", "18446744073709551615min"),
        ("msl", "99999999999999999999s"),
        ("msl", "2µs"),
        ("mss", "63"),
        ("mss", "65496"),
        ("mss", "+100"),
        ("receive-buffer", "0"),
        ("receive-buffer", "18446744073709551616"),
        ("hard-errors", "end"),
        ("like", "windows"),
    ] {
        let mut config = Config::default();
        let error = config.set(name, value).expect_err(value);
        assert!(matches!(&error, HabitError::WrongValue { name: wrong, .. } if *wrong == name), "{error}");
        assert_eq!(config, Config::default(), "{name}={value}");
    }
    assert_eq!(with(&[("nagel", "on")]), Err(HabitError::UnknownName("nagel".into())));
}

#[test]
fn errors_say_what_would_be_right() {
    let told = |name, value| with(&[(name, value)]).expect_err("it is wrong").to_string();
    assert_eq!(told("nagle", "maybe"), "`nagle` cannot be `maybe`, but on or off");
    assert_eq!(told("mss", "1"), "`mss` cannot be `1`, but a number from 64 to 65495");
    assert_eq!(told("like", "x"), "`like` cannot be `x`, but rfc9293 or linux or freebsd");
}

#[test]
fn families_can_be_refined_and_left() {
    assert_eq!(with(&[("like", "linux")]), Ok(Config::linux()));
    assert_eq!(with(&[("like", "freebsd")]), Ok(Config::freebsd()));
    assert_eq!(with(&[("like", "linux"), ("like", "rfc9293")]), Ok(Config::default()));
    for (first, last, expected) in [("linux", "freebsd", Config::freebsd()), ("freebsd", "linux", Config::linux())] {
        assert_eq!(with(&[("like", first), ("like", last)]), Ok(expected), "{first}, then {last}");
    }
    let refined = Config { min_rto: Duration::from_secs(1), ..Config::linux() };
    assert_eq!(with(&[("like", "linux"), ("min-rto", "1s")]), Ok(refined));
}

/// Each line must do something: its name is kebab-case and its own, its meaning names its source,
/// and some value of it changes the default.
#[test]
fn every_line_of_the_table_is_sound() {
    for (at, habit) in HABITS.iter().enumerate() {
        let Habit { name, meaning, .. } = *habit;
        assert!(name.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-'));
        assert!(HABITS[..at].iter().all(|other| other.name != name), "{name} twice");
        assert!(meaning.contains("RFC "), "{name} names no source");
        let words: &[&str] = match habit.kind {
            Kind::Word(words) => &words.iter().map(|(word, _)| *word).collect::<Vec<_>>(),
            Kind::Number(least, most, _) => &[&least.to_string(), &most.to_string()],
            Kind::Rate(_) => &["7/7s"],
            Kind::Switch(_) => &["on", "off"],
            Kind::Span(_) | Kind::Limit(_) => &["7us"],
        };
        let changes = words.iter().any(|word| with(&[(name, word)]).is_ok_and(|config| config != Config::default()));
        assert!(changes, "{name} changes nothing");
    }
}
