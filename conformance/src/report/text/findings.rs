//! Every run that did not pass, so that a person sees at once what to look at.

use std::collections::HashMap;
use std::fmt::Write;

use super::super::ClauseRef;
use super::{Expected, Outcome, Paint, Report, Verdict, diagnostic, excerpt, printable};
use crate::script::ScriptError;

/// The failures that nobody expected in full, known deviations as one line each (in full if `verbose`).
pub(super) fn render(out: &mut String, report: &Report, verbose: bool, paint: Paint) {
    let shown = report.outcomes.iter().filter(|outcome| match outcome.expected {
        Expected::Unexpected | Expected::SurprisePass { .. } => true,
        Expected::Known { .. } => verbose && outcome.verdict != Verdict::Unsupported,
        Expected::AsExpected => false,
    });
    for same in groups(shown) {
        out.push_str(&one(&same, paint));
        out.push('\n');
    }
    if !verbose {
        known(out, report, paint);
    }
}

/// Runs that say the same of one scenario, in order: its variations on a stack, or a script that does not parse and so
/// breaks on every stack. Once is enough.
fn groups<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Vec<Vec<&'a Outcome>> {
    let mut places = HashMap::new();
    let mut groups: Vec<Vec<&Outcome>> = Vec::new();
    for outcome in outcomes {
        let stack = if outcome.verdict == Verdict::Broken { "" } else { &outcome.stack };
        let key = (&outcome.scenario, stack, outcome.verdict, outcome.line, &outcome.message);
        let place = *places.entry(key).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(outcome);
    }
    groups
}

/// One run that did not pass, as the plan of the house shows it, without colours.
pub fn finding(outcome: &Outcome) -> String {
    one(&[outcome], Paint(false))
}

/// The first of these in full, with the stacks and the variations of all.
fn one(same: &[&Outcome], paint: Paint) -> String {
    let mut out = String::new();
    let Some(outcome) = same.first() else { return out };
    let _ = writeln!(out, "{}", head(outcome, same, paint));
    match (&outcome.failure, &outcome.script_error) {
        (Some(failure), _) => {
            let line = outcome.line.map_or(String::new(), |line| format!(":{line}"));
            let _ = writeln!(out, "  {}{line}", printable(&failure.file));
            for line in excerpt::render(failure, &outcome.message) {
                let _ = writeln!(out, "{line}");
            }
            labelled(&mut out, "got", &failure.got);
            labelled(&mut out, "before", &failure.before);
        }
        (None, Some(error)) => script_error(&mut out, error),
        (None, None) if !outcome.message.is_empty() => {
            let line = outcome.line.map_or(String::new(), |line| format!("line {line}: "));
            let _ = writeln!(out, "  {line}{}", printable(&outcome.message));
        }
        (None, None) => {}
    }
    if let Some(clause) = &outcome.clause {
        let is_decisive = outcome.failure.as_ref().is_none_or(|failure| failure.is_decisive);
        let _ = writeln!(out, "  {} {clause}", if is_decisive { "breaks" } else { "tests " });
    }
    pointers(&mut out, outcome);
    for note in &outcome.notes {
        let _ = writeln!(out, "  note   {}", printable(note));
    }
    expectation(&mut out, &outcome.expected);
    out
}

fn head(outcome: &Outcome, same: &[&Outcome], paint: Paint) -> String {
    let word = match (&outcome.expected, outcome.verdict) {
        (Expected::SurprisePass { .. }, _) => "SURPRISE",
        (_, Verdict::Pass) => "PASS",
        (_, Verdict::Warn) => "WARN",
        (_, Verdict::Timing) => "TIMING",
        (_, Verdict::Fail) => "FAIL",
        (_, Verdict::Unsupported) => "UNSUPPORTED",
        (_, Verdict::Broken) => "BROKEN",
    };
    let axes = distinct(same.iter().map(|outcome| outcome.axes.to_string()));
    let axes = if axes.is_empty() { axes } else { format!("  ({axes})") };
    let stacks = distinct(same.iter().map(|outcome| outcome.stack.clone()));
    let scenario = paint.color(Paint::BOLD, &printable(&outcome.scenario));
    format!("{}  {scenario}   on {stacks}{axes}", paint.color(Paint::code(outcome), word))
}

/// Each word once, with commas between.
fn distinct(words: impl Iterator<Item = String>) -> String {
    let mut seen: Vec<String> = Vec::new();
    for word in words {
        if !word.is_empty() && !seen.contains(&word) {
            seen.push(word);
        }
    }
    seen.join(", ")
}

/// Where a script is wrong and what would be right, as `wirelaw check` shows it.
fn script_error(out: &mut String, error: &ScriptError) {
    for line in diagnostic(error, false).lines().filter(|line| !line.trim().is_empty()) {
        let _ = writeln!(out, "{}", printable(line));
    }
}

/// Lines in script syntax, the first with a word in front.
fn labelled(out: &mut String, label: &str, lines: &[String]) {
    for (index, line) in lines.iter().enumerate() {
        let label = if index == 0 { label } else { "" };
        let _ = writeln!(out, "  {label:<6} {}", printable(line));
    }
}

/// Where to look further: the capture, and the command that explains the clause.
fn pointers(out: &mut String, outcome: &Outcome) {
    let explain = outcome.clause.as_ref().map(|ClauseRef { id, .. }| format!("wirelaw explain {id}"));
    let trace = outcome.failure.as_ref().and_then(|failure| failure.trace.as_ref());
    let _ = match (trace, explain) {
        (Some(trace), Some(explain)) => writeln!(out, "  trace  {}     {explain}", trace.display()),
        (Some(trace), None) => writeln!(out, "  trace  {}", trace.display()),
        (None, Some(explain)) => writeln!(out, "  more   {explain}"),
        (None, None) => Ok(()),
    };
}

fn expectation(out: &mut String, expected: &Expected) {
    let _ = match expected {
        Expected::Known { reason, link } => writeln!(out, "  known  {reason}  {link}"),
        Expected::SurprisePass { entry } => {
            writeln!(out, "  passes although {entry} lists it as a deviation: remove or narrow the entry")
        }
        Expected::AsExpected | Expected::Unexpected => Ok(()),
    };
}

/// Known deviations, grouped by reason: a reader must see that they exist, not read them again each time.
fn known(out: &mut String, report: &Report, paint: Paint) {
    let mut groups: Vec<(&str, &str, &str, usize)> = Vec::new();
    for outcome in &report.outcomes {
        let Expected::Known { reason, link } = &outcome.expected else { continue };
        match groups.iter_mut().find(|group| (group.0, group.1, group.2) == (&outcome.stack, reason, link)) {
            Some(group) => group.3 += 1,
            None => groups.push((&outcome.stack, reason, link, 1)),
        }
    }
    if groups.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}", paint.color(Paint::BOLD, "known deviations"));
    for (stack, reason, link, runs) in groups {
        let _ = writeln!(out, "  {runs:>3}  on {stack}: {reason}  {link}");
    }
    out.push('\n');
}
