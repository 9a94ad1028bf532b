//! The choices of [`Config`] by name, for scenarios and command lines that know no Rust.
//!
//! [`HABITS`] is the whole vocabulary: a choice that gets a line there can be made by
//! [`Config::set`], is listed, and is explained.

mod families;
mod table;

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::{Config, Limit};
use crate::time::Duration;
pub use table::HABITS;

/// The longest span of time that a habit can have: timers are sums and multiples of such spans.
const LONGEST: Duration = Duration::from_hours(24 * 365);

/// One choice of [`Config`], as a line of [`HABITS`].
#[derive(Clone, Copy, Debug)]
pub struct Habit {
    /// In kebab-case, such as `window-scale`.
    pub name: &'static str,
    /// What it means, with the clause that leaves the choice.
    pub meaning: &'static str,
    /// What its values look like, and what they do.
    kind: Kind,
}

/// A word, and what it does.
type Choice = (&'static str, fn(&mut Config));

/// What the values of a habit look like, and what they do.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// `on` or `off`
    Switch(fn(&mut Config, bool)),
    /// `200ms`, `2s`, `2min`
    Span(fn(&mut Config, Duration)),
    /// A span of time, or `off`
    Limit(fn(&mut Config, Option<Duration>)),
    /// A whole number from the first to the second
    Number(u64, u64, fn(&mut Config, u64)),
    /// So many in a span of time, or `off`
    Rate(fn(&mut Config, Option<Limit>)),
    /// One of these words
    Word(&'static [Choice]),
}

/// Why [`Config::set`] changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HabitError {
    /// [`HABITS`] has no line of this name.
    UnknownName(String),
    /// The habit cannot have this value.
    WrongValue {
        /// The name of the habit.
        name: &'static str,
        /// As it was given.
        value: String,
        /// What would be right, as [`Habit::values`] has it.
        expected: String,
    },
}

impl fmt::Display for HabitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HabitError::UnknownName(name) => write!(f, "there is no habit `{name}`"),
            HabitError::WrongValue { name, value, expected } => {
                write!(f, "`{name}` cannot be `{value}`, but {expected}")
            }
        }
    }
}

impl core::error::Error for HabitError {}

impl Habit {
    /// The line of [`HABITS`] with this name.
    pub fn find(name: &str) -> Option<&'static Habit> {
        HABITS.iter().find(|habit| habit.name == name)
    }

    /// What its values look like: `on or off`, `a span of time such as 200ms, 2s or 2min`, …
    pub fn values(&self) -> String {
        match self.kind {
            Kind::Switch(_) => "on or off".to_owned(),
            Kind::Span(_) => "a span of time such as 200ms, 2s or 2min, at most a year".to_owned(),
            Kind::Limit(_) => "off, or a span of time such as 200ms, 2s or 2min, at most a year".to_owned(),
            Kind::Rate(_) => "off, or so many in a span of time such as 10/5s".to_owned(),
            Kind::Number(least, most, _) => format!("a number from {least} to {most}"),
            Kind::Word(words) => words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" or "),
        }
    }

    /// Gives `config` the habit with this value; `None` if the value is none of [`Habit::values`].
    fn apply(&self, config: &mut Config, value: &str) -> Option<()> {
        match self.kind {
            Kind::Switch(set) => set(config, parse_switch(value)?),
            Kind::Span(set) => set(config, parse_span(value)?),
            Kind::Limit(set) if value == "off" => set(config, None),
            Kind::Limit(set) => set(config, Some(parse_span(value)?)),
            Kind::Rate(set) if value == "off" => set(config, None),
            Kind::Rate(set) => set(config, Some(parse_rate(value)?)),
            Kind::Number(least, most, set) => {
                set(config, parse_number(value).filter(|number| (least..=most).contains(number))?);
            }
            Kind::Word(words) => words.iter().find(|(word, _)| *word == value)?.1(config),
        }
        Some(())
    }
}

impl Config {
    /// Makes one choice by its name in [`HABITS`]. Later choices override earlier ones.
    ///
    /// # Errors
    ///
    /// A name or a value that does not exist; nothing has changed then.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), HabitError> {
        let habit = Habit::find(name).ok_or_else(|| HabitError::UnknownName(name.to_string()))?;
        habit.apply(self, value).ok_or_else(|| HabitError::WrongValue {
            name: habit.name,
            value: value.to_string(),
            expected: habit.values(),
        })
    }
}

fn parse_switch(text: &str) -> Option<bool> {
    match text {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

/// A span of time: a whole number with its unit. Nothing and more than [`LONGEST`] is refused, for
/// a timer that is due at once again and again would stop the time.
fn parse_span(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let nanos: u64 = match unit {
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let span = Duration::from_nanos(parse_number(number)?.checked_mul(nanos)?);
    (!span.is_zero() && span <= LONGEST).then_some(span)
}

/// So many in a span of time: `10/5s`.
fn parse_rate(text: &str) -> Option<Limit> {
    let (count, per) = text.split_once('/')?;
    Some(Limit { count: parse_number(count)?.try_into().ok()?, per: parse_span(per)? })
}

/// Digits only: `parse` alone would take a sign.
fn parse_number(text: &str) -> Option<u64> {
    text.bytes().all(|octet| octet.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests;
