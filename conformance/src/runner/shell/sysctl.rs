//! Settings of a kernel by name, and what one means.

use super::{freebsd, linux};

/// What the values of a setting mean.
#[derive(Clone, Copy)]
pub(super) enum Meaning {
    /// `0` and `1` turn this habit off and on.
    Switch(&'static str),
    /// `0` and `1` turn this habit on and off.
    Inverse(&'static str),
    /// The number is the habit's.
    Number(&'static str),
    /// A span of time, in this unit; the number 0 has no meaning.
    Span(&'static str, &'static str),
    /// These values, and what each asks for.
    Values(&'static [(&'static str, &'static [&'static str])]),
    /// These values are what every stack here does.
    Only(&'static [&'static str]),
    /// The setting concerns a kernel's devices, caches, memory or log: any value does.
    Any,
    /// As the function says.
    By(fn(&str) -> Option<Vec<String>>),
}

/// The habits that `NAME=VALUE...` ask for.
pub(super) fn settings(settings: &[&str]) -> Option<Vec<String>> {
    let mut habits = Vec::new();
    for text in settings {
        let (name, value) = text.split_once('=')?;
        habits.extend(setting(name, value)?);
    }
    Some(habits)
}

/// The habits that one setting asks for, by its name or its place under `/proc/sys`.
pub(crate) fn setting(name: &str, value: &str) -> Option<Vec<String>> {
    let name = match name.strip_prefix("/proc/sys/") {
        Some(path) => path.replace('/', "."),
        None => name.to_owned(),
    };
    let tables = linux::SETTINGS.iter().chain(freebsd::SETTINGS);
    let (_, meaning) = tables.into_iter().find(|(own, _)| *own == name)?;
    meaning.of(value)
}

impl Meaning {
    fn of(self, value: &str) -> Option<Vec<String>> {
        let number = || number(value);
        let one = |name: &str, value: &str| Some(vec![format!("{name}={value}")]);
        match (self, value) {
            (Meaning::Switch(name), "0") | (Meaning::Inverse(name), "1") => one(name, "off"),
            (Meaning::Switch(name), "1") | (Meaning::Inverse(name), "0") => one(name, "on"),
            (Meaning::Switch(_) | Meaning::Inverse(_), _) => None,
            (Meaning::Number(name), _) => one(name, &number()?.to_string()),
            (Meaning::Span(name, unit), _) => one(name, &format!("{}{unit}", number()?)),
            (Meaning::Values(values), _) => {
                let (_, habits) = values.iter().find(|(own, _)| *own == value)?;
                Some(habits.iter().map(|habit| (*habit).to_owned()).collect())
            }
            (Meaning::Only(values), _) => values.contains(&value).then(Vec::new),
            (Meaning::Any, _) => Some(Vec::new()),
            (Meaning::By(habits), _) => habits(value),
        }
    }
}

/// A number in decimal, without a sign.
pub(super) fn number(text: &str) -> Option<u64> {
    text.bytes().all(|octet| octet.is_ascii_digit()).then(|| text.parse().ok())?
}
