//! The scenarios of `fixtures/scripts` that take longer than a test may sleep.

use std::sync::Arc;

use libtest_mimic::{Completion, Failed, Trial};
use wirelaw::axes::Axes;
use wirelaw::report::Outcome;
use wirelaw::runner;
use wirelaw::suite::{self, Case, Entry, Home, Subject};
use wirelaw::uml;

use crate::conclude::conclude;

/// What `cargo test --test kernel` runs ends within so many seconds.
const LONG: u64 = 3;

/// The releases for which the list of what differs was made.
const MEASURED: [&str; 2] = ["6.1.", "6.12."];

/// A test for each long scenario, on the youngest kernel; `wirelaw run --stack` runs the others, and on the others.
pub(crate) fn trials() -> Result<Vec<Trial>, String> {
    let home = Home::find().ok_or("there is no fixtures/scripts here")?;
    let entries = suite::discover(&[home.scripts()], Some(&home.scripts()), &[]).map_err(|error| error.to_string())?;
    let is_long = |entry: &Entry| entry.scenario.as_ref().is_ok_and(|scenario| scenario.duration().as_secs() > LONG);
    let long: Vec<Entry> = entries.into_iter().filter(is_long).collect();
    let Some(kernel) = uml::kernels().last() else {
        let ignored = |entry: Entry| {
            Trial::ignorable_test(format!("linux-vt::{}", entry.id), || {
                Ok(Completion::ignored_with("no kernel in virtual time was built: wirelaw kernel build"))
            })
        };
        return Ok(long.into_iter().map(ignored).collect());
    };
    let subject = Arc::new(Subject::new(kernel.stack(), Some(&home)).map_err(|error| error.to_string())?);
    let trial = |entry: Entry| {
        let subject = subject.clone();
        Trial::ignorable_test(format!("{}::{}", kernel.name, entry.id), move || {
            let case = Case { entry: &entry, subject: &subject, axes: Axes::default() };
            judge(&case.run(&runner::run).0, &subject.version)
        })
    };
    Ok(long.into_iter().map(trial).collect())
}

fn judge(outcome: &Outcome, version: &str) -> Result<Completion, Failed> {
    if !outcome.expected.is_fine() && !MEASURED.iter().any(|measured| version.starts_with(measured)) {
        let verdict = outcome.verdict;
        let news = format!("nobody has judged Linux {version} yet: {verdict} {}", outcome.message);
        return Ok(Completion::ignored_with(news));
    }
    conclude(outcome)
}
