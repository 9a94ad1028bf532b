//! Every scenario on every in-process stack is one named test, such as `reference::tcp/handshake/passive-open`.
//!
//! `cargo test reset` or `cargo nextest run reset` selects by name.

use std::env;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use wirelaw::axes::{Axes, Ip};
use wirelaw::report::{Outcome, Report, Verdict, text};
use wirelaw::requirements::unknown_ids;
use wirelaw::runner;
use wirelaw::stack;
use wirelaw::suite::{self, Case, Entry, Home, Subject};

#[path = "shared/conclude.rs"]
mod conclude;

use conclude::conclude;

/// Outcomes with the place that they have in the whole suite: tests end in any order.
type Outcomes = Arc<Mutex<Vec<(usize, Outcome)>>>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let outcomes = Outcomes::default();
    let (trials, fatal) = match trials(&outcomes) {
        Ok(trials) => (trials, false),
        Err(error) => {
            eprintln!("{error}");
            (Vec::new(), true)
        }
    };
    let conclusion = libtest_mimic::run(&arguments, trials);
    // nextest runs a process per test: a summary of one run each would say nothing.
    if !arguments.list && env::var_os("NEXTEST").is_none() {
        summarise(&outcomes);
    }
    if fatal || conclusion.has_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn summarise(outcomes: &Outcomes) {
    let mut outcomes = std::mem::take(&mut *outcomes.lock().expect("no test panics with the lock"));
    if outcomes.is_empty() {
        return;
    }
    outcomes.sort_by_key(|(at, _)| *at);
    let outcomes = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
    let report = Report { outcomes, ..Report::default() };
    let color = io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let summary = text::summary(&report, &text::Options { color, ..text::Options::default() });
    // A closed pipe has no use for a summary.
    let _ = io::stdout().lock().write_all(summary.as_bytes());
}

fn trials(outcomes: &Outcomes) -> Result<Vec<Trial>, String> {
    let home = Home::find().ok_or("there is no fixtures/scripts here")?;
    let entries = suite::discover(&[home.scripts()], Some(&home.scripts()), &[]).map_err(|error| error.to_string())?;
    let subjects = stack::all().iter().map(|stack| Subject::new(*stack, Some(&home)));
    let subjects: Vec<Subject> = subjects.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    let (entries, subjects) = (Arc::new(entries), Arc::new(subjects));
    let mut trials = Vec::new();
    for at in 0..entries.len() * subjects.len() {
        trials.push(scenario(at, &entries, &subjects, outcomes));
    }
    trials.extend(sweep_trials(&entries, &subjects));
    trials.extend(catalogue_trials(&entries));
    trials.extend(expectation_trials(&home, &entries, &subjects));
    Ok(trials)
}

fn scenario(at: usize, entries: &Arc<Vec<Entry>>, subjects: &Arc<Vec<Subject>>, outcomes: &Outcomes) -> Trial {
    let (entries, subjects, outcomes) = (entries.clone(), subjects.clone(), outcomes.clone());
    let (entry, subject) = (at / subjects.len(), at % subjects.len());
    let name = format!("{}::{}", subjects[subject].stack.name, entries[entry].id);
    Trial::ignorable_test(name, move || {
        let case = Case { entry: &entries[entry], subject: &subjects[subject], axes: Axes::default() };
        let (outcome, _) = case.run(&runner::run);
        outcomes.lock().expect("no test panics with the lock").push((at, outcome.clone()));
        judge(&outcome, case.subject.stack.name)
    })
}

/// The reference must pass everything: it has no deviations that could be known, and lacks nothing.
fn judge(outcome: &Outcome, stack: &str) -> Result<Completion, Failed> {
    if stack == "reference" && outcome.verdict != Verdict::Pass {
        return Err(format!("the reference must pass\n{}", text::finding(outcome)).into());
    }
    conclude(outcome)
}

/// All scenarios on the reference at every initial sequence number and in both address families: whatever
/// passes at one place of the circle has to pass at all of them.
fn sweep_trials(entries: &Arc<Vec<Entry>>, subjects: &Arc<Vec<Subject>>) -> Vec<Trial> {
    let isns = Axes::SWEEP.map(Some).into_iter().chain([None]);
    let axes = isns.flat_map(|isn| [Ip::V4, Ip::V6].map(|ip| Axes { ip, isn, ..Axes::default() }));
    let sweep = |axes: Axes| {
        let (entries, subjects) = (entries.clone(), subjects.clone());
        let point = axes.isn.map_or("isn of the script".to_owned(), |isn| format!("isn {}", isn.0));
        Trial::test(format!("sweep::reference::{}::{point}", axes.ip), move || {
            let reference = subjects.iter().find(|subject| subject.stack.name == "reference");
            let subject = reference.ok_or("there is no reference")?;
            let outcomes = entries.iter().map(|entry| Case { entry, subject, axes: axes.clone() }.run(&runner::run).0);
            verdict(outcomes.filter(|outcome| outcome.verdict != Verdict::Pass).map(|o| text::finding(&o)).collect())
        })
    };
    axes.map(sweep).collect()
}

fn catalogue_trials(entries: &Arc<Vec<Entry>>) -> Vec<Trial> {
    let (covered, told) = (entries.clone(), entries.clone());
    vec![
        Trial::test("suite::every-covered-id-is-in-the-catalogue", move || {
            verdict(covered.iter().flat_map(unknown_requirements).collect())
        }),
        Trial::test("suite::every-scenario-says-what-it-tests", move || {
            let silent = |entry: &&Entry| {
                entry.scenario.as_ref().is_ok_and(|scenario| scenario.header.sentence.trim().is_empty())
            };
            let message = |entry: &Entry| format!("{}: no sentence at the top", entry.id);
            verdict(told.iter().filter(silent).map(message).collect())
        }),
    ]
}

fn unknown_requirements(entry: &Entry) -> Vec<String> {
    let Ok(scenario) = &entry.scenario else { return Vec::new() };
    unknown_ids(scenario).iter().map(|error| format!("{error}; {}", error.advice().unwrap_or_default())).collect()
}

fn expectation_trials(home: &Home, entries: &Arc<Vec<Entry>>, subjects: &Arc<Vec<Subject>>) -> Vec<Trial> {
    let (entries, subjects) = (entries.clone(), subjects.clone());
    let folder = home.expectations();
    vec![
        Trial::test("expectations::every-entry-names-a-scenario", move || {
            let ids = || entries.iter().map(|entry| entry.id.as_str());
            let unused = |subject: &Subject| subject.expectations.unused(ids(), &subject.version);
            verdict(subjects.iter().flat_map(unused).collect())
        }),
        Trial::test("expectations::every-file-names-a-stack", move || verdict(strangers(&folder)?)),
    ]
}

/// Files of expectations that no stack will ever read, and any at all for the reference.
fn strangers(folder: &Path) -> Result<Vec<String>, Failed> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut strangers = Vec::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let stem = path.file_stem().map_or(String::new(), |stem| stem.to_string_lossy().into_owned());
        let is_list = path.extension().is_some_and(|extension| extension == "toml");
        if is_list && (stem == "reference" || is_stranger(&stem)) {
            strangers.push(format!("{}: no stack has expectations under this name", path.display()));
        }
    }
    Ok(strangers)
}

/// The list of the kernel stands there on other systems, too.
fn is_stranger(stem: &str) -> bool {
    stem != "linux" && stack::all().iter().all(|stack| stack.name != stem)
}

fn verdict(wrong: Vec<String>) -> Result<(), Failed> {
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}
