//! Drivers: one applies the event of a row under its condition and compares what follows.

mod ack;
mod before_sync;
mod calls;
mod external;
mod open;
mod options;
mod reset;
mod sequence;
mod syn;
mod text;
mod timeouts;
mod timestamps;
mod urgent;

use crate::bench::Outcome;
use crate::case::{Case, Subjects};
use crate::rows::Row;

/// What drives the rows with this event and condition in these states.
pub struct Driver {
    pub pattern: Pattern,
    pub subjects: Subjects,
    pub run: fn(&Case<'_>) -> Outcome,
}

/// Rows, named by event, states and condition.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    pub event: &'static str,
    /// Separated by blanks; `*` is any.
    pub states: &'static str,
    /// The whole condition, or its beginning and `…`.
    pub condition: &'static str,
}

impl Pattern {
    pub const fn new(event: &'static str, states: &'static str, condition: &'static str) -> Pattern {
        Pattern { event, states, condition }
    }

    pub fn names(&self, row: &Row) -> bool {
        let condition = match self.condition.strip_suffix('…') {
            Some(start) => row.condition.starts_with(start),
            None => row.condition == self.condition,
        };
        row.event == self.event && condition && (self.states == "*" || self.states.split(' ').any(|s| s == row.state))
    }
}

type Run = fn(&Case<'_>) -> Outcome;

const fn driver(pattern: Pattern, subjects: Subjects, run: Run) -> Driver {
    Driver { pattern, subjects, run }
}

const fn both(event: &'static str, states: &'static str, condition: &'static str, run: Run) -> Driver {
    driver(Pattern::new(event, states, condition), Subjects::Both, run)
}

const fn alone(event: &'static str, states: &'static str, condition: &'static str, run: Run) -> Driver {
    driver(Pattern::new(event, states, condition), Subjects::Alone, run)
}

const fn host(event: &'static str, states: &'static str, condition: &'static str, run: Run) -> Driver {
    driver(Pattern::new(event, states, condition), Subjects::Host, run)
}

/// Every driver.
pub fn all() -> impl Iterator<Item = &'static Driver> {
    let files = [
        open::DRIVERS,
        calls::DRIVERS,
        before_sync::DRIVERS,
        sequence::DRIVERS,
        reset::DRIVERS,
        syn::DRIVERS,
        ack::DRIVERS,
        urgent::DRIVERS,
        text::DRIVERS,
        timeouts::DRIVERS,
        timestamps::DRIVERS,
        external::DRIVERS,
        options::DRIVERS,
    ];
    files.into_iter().flatten()
}
