//! What a scenario or a user asks a stack to do its own way: `// with: nagle=off`, `--with nagle=off`.
//!
//! The vocabulary is the reference's, [`HABITS`]: there a choice of a TCP has one name, whatever stack is asked to
//! make it. Which stack can make which choice is the stack's business ([`Stack::follows`](crate::stack::Stack::follows)).

use std::fmt;
use std::ops::Range;

use wirelaw_reference::tcp::{Config, HABITS};

use crate::script::suggest;

/// A choice with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HabitValue {
    name: String,
    value: String,
}

/// What is wrong with the text of a habit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HabitProblem {
    /// The octets of the text that are wrong.
    pub place: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
}

impl HabitValue {
    /// The habit that `NAME=VALUE` says.
    ///
    /// # Errors
    ///
    /// A name that [`HABITS`] does not have, or a value that the habit does not have.
    pub fn parse(text: &str) -> Result<HabitValue, HabitProblem> {
        let known: Vec<&str> = HABITS.iter().map(|habit| habit.name).collect();
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let Some(habit) = HABITS.iter().find(|habit| habit.name == name) else {
            let mut help = suggest(name, &known);
            if !help.starts_with("known") {
                help.push_str(" `wirelaw list --habits` shows all");
            }
            let message = format!("there is no habit {}", crate::script::quote(name));
            return Err(HabitProblem { place: 0..name.len(), message, help });
        };
        let wrong = |place, message| HabitProblem { place, message, help: format!("give {}", habit.values()) };
        if name.len() == text.len() {
            return Err(wrong(0..text.len(), format!("`{name}` needs a value: `{name}=VALUE`")));
        }
        if Config::default().set(name, value).is_err() {
            let message = format!("`{name}` cannot be {}", crate::script::quote(value));
            return Err(wrong(name.len() + 1..text.len().max(name.len() + 1), message));
        }
        Ok(HabitValue { name: name.to_owned(), value: value.to_owned() })
    }

    /// Its name in [`HABITS`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A value that it can have.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Makes the choice.
    pub fn apply(&self, config: &mut Config) {
        // `parse` has tried the same name and value: this cannot fail
        let done = config.set(&self.name, &self.value);
        debug_assert!(done.is_ok(), "{self}");
    }
}

impl fmt::Display for HabitValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

/// All habits with their values and meanings, one paragraph each.
pub fn describe() -> String {
    let mut text = String::new();
    for habit in HABITS {
        text.push_str(&describe_one(habit));
    }
    text
}

fn describe_one(habit: &wirelaw_reference::tcp::Habit) -> String {
    format!("{}\n    {}\n    values: {}\n", habit.name, habit.meaning, habit.values())
}

/// What the habit `name` means and which values it has, or nothing if there is none.
pub fn explain(name: &str) -> Option<String> {
    HABITS.iter().find(|habit| habit.name == name).map(describe_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_habit_is_printed_as_it_was_given() {
        let habit = HabitValue::parse("min-rto=200ms").expect("it is right");
        assert_eq!((habit.name(), habit.value()), ("min-rto", "200ms"));
        assert_eq!(habit.to_string(), "min-rto=200ms");
        let mut config = Config::default();
        habit.apply(&mut config);
        assert_eq!(config.min_rto.as_millis(), 200);
    }

    #[test]
    fn problems_show_their_place_and_what_would_be_right() {
        let cases = [
            ("nagel=off", 0..5, "there is no habit `nagel`", "did you mean `nagle`?"),
            ("=off", 0..0, "there is no habit ``", "known: like, "),
            ("", 0..0, "there is no habit ``", "known: like, "),
            ("nagle", 0..5, "`nagle` needs a value: `nagle=VALUE`", "give on or off"),
            ("nagle=", 6..6, "`nagle` cannot be ``", "give on or off"),
            ("nagle=of", 6..8, "`nagle` cannot be `of`", "give on or off"),
            ("nagle=on=off", 6..12, "`nagle` cannot be `on=off`", "give on or off"),
        ];
        for (text, place, message, help) in cases {
            let problem = HabitValue::parse(text).expect_err(text);
            assert_eq!((problem.place, problem.message.as_str()), (place, message), "{text}");
            assert!(problem.help.starts_with(help), "{text}: {}", problem.help);
        }
    }

    #[test]
    fn every_habit_is_described() {
        let text = describe();
        for habit in HABITS {
            assert!(explain(habit.name).is_some_and(|one| text.contains(&one)), "{}", habit.name);
        }
        assert_eq!(explain("nagel"), None);
    }
}
