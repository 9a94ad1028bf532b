//! Every row of the event matrix is one named test of the reference, such as
//! `SYN-RECEIVED/SEG:5-ACK/ACK off`; `cargo test --test event_matrix SEG:2-RST` selects by name.
//!
//! A row is driven at every pair of awkward initial sequence numbers, with and without RFC 5961 and
//! for both openers unless it says which, on a `Connection` by itself and on one of a `Host`. A
//! driver cannot pass a row without comparing an output and the next state: only that comparison
//! makes the value that it has to return. Rows that are not driven are named, with a reason, in
//! `exceptions.rs`; a row that is neither driven nor excepted fails, and so does an exception or a
//! driver that names no row.

#![allow(unreachable_pub, reason = "a test binary has no outside")]

mod bench;
mod case;
mod drivers;
mod exceptions;
mod rows;

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use drivers::{Driver, Pattern};
use exceptions::{DISPUTED, Exception, NOT_APPLICABLE, NOT_YET, OTHERWISE, Otherwise};
use rows::Row;

/// What is to be done with a row.
enum Plan {
    Drive(&'static Driver),
    NotApplicable,
    NotYet,
    Disputed,
    /// Nobody claims it, or more than one does.
    Unclear(String),
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.quiet |= arguments.filter.is_none() && !arguments.list;
    let rows = rows::load();
    let summary = summary(&rows);
    let mut trials: Vec<Trial> = rows.into_iter().map(trial).collect();
    trials.push(Trial::test("every driver and every exception names a row", names_rows));
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        print(&summary);
    }
    conclusion.exit_code()
}

#[allow(clippy::print_stdout, reason = "the summary of a test run")]
fn print(text: &str) {
    print!("{text}");
}

fn plan(row: &Row) -> Plan {
    let mut plans: Vec<Plan> = drivers::all().filter(|driver| driver.pattern.names(row)).map(Plan::Drive).collect();
    let named = |list: &'static [Exception]| list.iter().filter(|exception| exception.pattern.names(row));
    plans.extend(named(NOT_APPLICABLE).map(|_| Plan::NotApplicable));
    plans.extend(named(NOT_YET).map(|_| Plan::NotYet));
    plans.extend(named(DISPUTED).map(|_| Plan::Disputed));
    match (plans.pop(), plans.len()) {
        (Some(plan), 0) => plan,
        (None, _) => Plan::Unclear("no driver claims this row and no exception names it".to_owned()),
        (_, others) => Plan::Unclear(format!("{} drivers and exceptions claim this row", others + 1)),
    }
}

fn trial(row: Row) -> Trial {
    let name = row.name();
    match plan(&row) {
        Plan::Drive(driver) => Trial::test(name, move || drive(&row, driver)),
        Plan::Unclear(why) => Trial::test(name, move || Err(Failed::from(why))),
        Plan::NotApplicable => Trial::test(name, || Ok(())).with_ignored_flag(true).with_kind("not applicable"),
        Plan::NotYet => Trial::test(name, || Ok(())).with_ignored_flag(true).with_kind("not yet"),
        Plan::Disputed => Trial::test(name, || Ok(())).with_ignored_flag(true).with_kind("disputed"),
    }
}

fn drive(row: &Row, driver: &Driver) -> Result<(), Failed> {
    let otherwise = OTHERWISE.iter().find(|otherwise| otherwise.exception.pattern.names(row));
    let next = otherwise.map_or(row.next(), |otherwise| rows::state(otherwise.next));
    for case in case::all(row, next, driver.subjects) {
        let outcome = catch_unwind(AssertUnwindSafe(|| (driver.run)(&case)));
        let fault = match outcome {
            Ok(Ok(_)) => continue,
            Ok(Err(fault)) => fault,
            Err(panic) => panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "panicked".to_owned()),
        };
        let family = if case.blind_attack_checks { "RFC 5961" } else { "RFC 793" };
        let opener = if case.passive { "passive" } else { "active" };
        let on = if case.on_host { "a host" } else { "a connection" };
        return Err(Failed::from(format!(
            "{fault}\n  with ISS {}, IRS {}, {family}, opened {opener}, on {on}\n  action: {}\n  next state: {}\n  rfc9293 {}",
            case.iss, case.irs, row.action, row.next_state, row.rfc_section
        )));
    }
    Ok(())
}

/// What stands in a list for no row is a slip of the pen, or a row that has changed.
fn names_rows() -> Result<(), Failed> {
    let rows = rows::load();
    let otherwise = OTHERWISE.iter().map(|otherwise| &otherwise.exception);
    let exceptions = NOT_APPLICABLE.iter().chain(NOT_YET).chain(DISPUTED).chain(otherwise);
    let patterns = exceptions.map(|exception| exception.pattern).chain(drivers::all().map(|driver| driver.pattern));
    let idle: Vec<Pattern> = patterns.filter(|pattern| !rows.iter().any(|row| pattern.names(row))).collect();
    if idle.is_empty() { Ok(()) } else { Err(Failed::from(format!("these name no row: {idle:#?}"))) }
}

/// What a row names that is a choice of `Config`, and which setting its cases have. The other
/// setting is that of the rows that it stands beside.
const CHOICES: &[(&str, &str)] = &[
    ("[RFC 5961", "blind_attack_checks on"),
    ("[RFC 793]", "blind_attack_checks off"),
    ("[RFC 1337", "resets_end_time_wait off"),
    ("[MAY-2]", "reopen_time_wait BySequence"),
    ("RFC 6191", "reopen_time_wait ByTimestamps"),
    ("[RFC 7323]", "timestamps and require_timestamps on, then either off"),
    ("illegal option length", "illegal_options Discard or Reset"),
    ("ignores the bad options", "illegal_options Ignore"),
    ("stack does not abort", "hard_errors EndNothing"),
    ("stack follows RFC 5461", "hard_errors EndHandshakes"),
];

/// Which side of a choice is driven by how many rows.
fn alternatives(rows: &[Row]) -> String {
    let driven: Vec<&Row> = rows.iter().filter(|row| matches!(plan(row), Plan::Drive(_))).collect();
    let settings: usize = driven.iter().map(|row| case::families(row).len()).sum();
    let mut out = format!("  {} rows x RFC 5961 on and off, unless the row is for one: {settings}\n", driven.len());
    for (tag, choice) in CHOICES {
        let count = driven.iter().filter(|row| row.condition.contains(tag)).count();
        let _ = writeln!(out, "  driven with {choice}: {count:3} rows ({tag})"); // a String takes everything
    }
    out
}

/// How many rows are driven, and which are not, by reason.
fn summary(rows: &[Row]) -> String {
    let plans: Vec<Plan> = rows.iter().map(plan).collect();
    let count = |is: fn(&Plan) -> bool| plans.iter().filter(|plan| is(plan)).count();
    let mut out = format!(
        "event matrix: {} rows, {} driven, {} not applicable, {} not yet, {} disputed\n",
        rows.len(),
        count(|plan| matches!(plan, Plan::Drive(_))),
        count(|plan| matches!(plan, Plan::NotApplicable)),
        count(|plan| matches!(plan, Plan::NotYet)),
        count(|plan| matches!(plan, Plan::Disputed)),
    );
    out.push_str(&alternatives(rows));
    for (title, list) in [("not applicable", NOT_APPLICABLE), ("not yet", NOT_YET), ("disputed", DISPUTED)] {
        let mut reasons: Vec<(&str, usize)> = Vec::new();
        for exception in list {
            let named = rows.iter().filter(|row| exception.pattern.names(row)).count();
            match reasons.iter_mut().find(|(why, _)| *why == exception.why) {
                Some((_, rows)) => *rows += named,
                None => reasons.push((exception.why, named)),
            }
        }
        out.extend(reasons.iter().map(|(why, rows)| format!("  {title}: {rows:3} rows: {why}\n")));
    }
    out.extend(OTHERWISE.iter().map(|Otherwise { exception: Exception { pattern, why }, .. }| {
        format!("  driven to another allowed outcome: {}/{}: {why}\n", pattern.states, pattern.event)
    }));
    out
}
