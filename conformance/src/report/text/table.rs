//! Scenarios × stacks. A folder is one line; a scenario gets its own only if there is something to see.

use std::collections::BTreeMap;
use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::{Expected, Outcome, Paint, Report, Verdict, printable};

/// The table; `verbose`: with the rows where everything passed.
pub(super) fn render(out: &mut String, report: &Report, verbose: bool, paint: Paint) {
    let stacks = report.stacks();
    let folders = folders(report);
    if folders.is_empty() {
        return;
    }
    let rows = rows(&folders, &stacks, verbose);
    let names = rows.iter().map(|row| row.name.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..stacks.len())
        .map(|at| rows.iter().map(|row| row.cells[at].0.width()).chain([stacks[at].width()]).max().unwrap_or(0))
        .collect();
    let _ = write!(out, "{}", " ".repeat(names));
    for (stack, width) in stacks.iter().zip(&widths) {
        let _ = write!(out, "  {}", paint.color(Paint::BOLD, &pad(stack, *width)));
    }
    trim(out);
    for row in rows {
        let name = pad(&row.name, names);
        out.push_str(&if row.folder { paint.color(Paint::BOLD, &name) } else { name });
        for ((text, code), width) in row.cells.iter().zip(&widths) {
            let _ = write!(out, "  {}", paint.color(code, &pad(text, *width)));
        }
        trim(out);
    }
    out.push('\n');
}

/// Ends the line, without spaces at its end.
fn trim(out: &mut String) {
    out.truncate(out.trim_end_matches(' ').len());
    out.push('\n');
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

type Scenarios<'a> = BTreeMap<&'a str, Vec<&'a Outcome>>;

/// Outcomes by folder, then by scenario.
fn folders(report: &Report) -> BTreeMap<&str, Scenarios<'_>> {
    let mut folders: BTreeMap<&str, Scenarios<'_>> = BTreeMap::new();
    for outcome in &report.outcomes {
        let (folder, name) = outcome.scenario.rsplit_once('/').unwrap_or((".", &outcome.scenario));
        folders.entry(folder).or_default().entry(name).or_default().push(outcome);
    }
    folders
}

struct Row {
    name: String,
    folder: bool,
    cells: Vec<(String, &'static str)>,
}

fn rows(folders: &BTreeMap<&str, Scenarios<'_>>, stacks: &[&str], verbose: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for (folder, scenarios) in folders {
        let all: Vec<&Outcome> = scenarios.values().flatten().copied().collect();
        let cells = stacks.iter().map(|stack| share(&on(&all, stack))).collect();
        rows.push(Row { name: printable(folder), folder: true, cells });
        for (name, outcomes) in scenarios {
            if verbose || outcomes.iter().any(|outcome| !is_plain_pass(outcome)) {
                let cells = stacks.iter().map(|stack| cell(&on(outcomes, stack))).collect();
                rows.push(Row { name: format!("  {}", printable(name)), folder: false, cells });
            }
        }
    }
    rows
}

fn on<'a>(outcomes: &[&'a Outcome], stack: &str) -> Vec<&'a Outcome> {
    outcomes.iter().filter(|outcome| outcome.stack == stack).copied().collect()
}

fn is_plain_pass(outcome: &Outcome) -> bool {
    outcome.verdict == Verdict::Pass && outcome.expected.is_fine()
}

/// How many of a folder's runs passed.
fn share(outcomes: &[&Outcome]) -> (String, &'static str) {
    if outcomes.is_empty() {
        return ("-".into(), Paint::DIM);
    }
    let passed = outcomes.iter().filter(|outcome| is_plain_pass(outcome)).count();
    let code = if passed == outcomes.len() { Paint::GREEN } else { worst(outcomes).map_or(Paint::DIM, Paint::code) };
    (format!("{passed}/{}", outcomes.len()), code)
}

/// What became of a scenario on one stack: the worst of its variations, and how many of them share it.
fn cell(outcomes: &[&Outcome]) -> (String, &'static str) {
    let Some(worst) = worst(outcomes) else { return ("-".into(), Paint::DIM) };
    let word = word(worst);
    let same = outcomes.iter().filter(|outcome| self::word(outcome) == word).count();
    let text = if outcomes.len() == 1 { word.to_owned() } else { format!("{word} {same}/{}", outcomes.len()) };
    (text, Paint::code(worst))
}

fn worst<'a>(outcomes: &[&'a Outcome]) -> Option<&'a Outcome> {
    let badness = |outcome: &&&Outcome| {
        let verdict = match outcome.verdict {
            Verdict::Pass => 0,
            Verdict::Unsupported => 1,
            Verdict::Warn => 2,
            Verdict::Timing => 3,
            Verdict::Fail => 4,
            Verdict::Broken => 5,
        };
        (!outcome.expected.is_fine(), verdict)
    };
    outcomes.iter().max_by_key(badness).copied()
}

/// Capitals where somebody has to act.
fn word(outcome: &Outcome) -> &'static str {
    match (outcome.verdict, &outcome.expected) {
        (_, Expected::SurprisePass { .. }) => "SURPRISE",
        (Verdict::Unsupported, _) => "unsup",
        (_, Expected::Known { .. }) => "known",
        (Verdict::Pass, _) => "pass",
        (Verdict::Warn, _) => "warn",
        (Verdict::Timing, _) => "TIMING",
        (Verdict::Fail, _) => "FAIL",
        (Verdict::Broken, _) => "BROKEN",
    }
}
