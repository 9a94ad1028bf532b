//! The last lines of a report: what a person reads first.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::super::Tally;
use super::{Complaint, Outcome, Paint, Report, Verdict, printable};
use crate::requirements;

/// Reasons for `unsupported` that are shown before the rest is only counted.
const REASONS: usize = 12;

pub(super) fn render(out: &mut String, report: &Report, verbose: bool, paint: Paint) {
    unsupported(out, report, verbose, paint);
    remarks(out, report, verbose, paint);
    if verbose {
        by_rfc(out, report, paint);
    }
    complaints(out, report, paint);
    let width = report.stacks().iter().map(|stack| stack.len()).max().unwrap_or(0);
    for stack in report.stacks() {
        let tally = Tally::of(report.on_stack(stack));
        let _ = writeln!(out, "{stack:<width$}  {}{}", counts(&tally, paint), requirements(report.on_stack(stack)));
    }
    let tally = report.tally();
    let verdict = match (report.exit_status(), tally.unexpected()) {
        (0, _) if tally.runs() > 0 && tally.count(Verdict::Unsupported) == tally.runs() => {
            paint.color(Paint::YELLOW, "all unsupported, so nothing was judged")
        }
        (0, _) => paint.color(Paint::GREEN, "all as expected"),
        (status, 0) => paint.color(Paint::RED, &format!("not as expected (exit status {status})")),
        (status, runs) => paint.color(Paint::RED, &format!("{runs} not as expected (exit status {status})")),
    };
    let _ = writeln!(out, "{} runs: {verdict}", tally.runs());
}

fn counts(tally: &Tally, paint: Paint) -> String {
    let mut parts = Vec::new();
    for verdict in Verdict::ALL {
        let count = tally.count(verdict);
        if count == 0 && verdict != Verdict::Pass {
            continue;
        }
        let known = match tally.known(verdict) {
            0 => String::new(),
            known => format!(" ({known} known)"),
        };
        let code = match verdict {
            Verdict::Pass => Paint::GREEN,
            Verdict::Unsupported => Paint::DIM,
            Verdict::Warn => Paint::YELLOW,
            Verdict::Timing | Verdict::Fail | Verdict::Broken => Paint::RED,
        };
        parts.push(paint.color(code, &format!("{count} {verdict}{known}")));
    }
    parts.join(", ")
}

/// How many requirements the runs on one stack touched, and how many of them held in every run.
fn requirements<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> String {
    let (upheld, exercised) = upheld(outcomes);
    match exercised.len() {
        0 => String::new(),
        all => format!("; {} of {all} requirements exercised held", upheld.len()),
    }
}

/// The ids of requirements that hold in every run that covers them, and of all that were exercised at all. An id that
/// the catalogue lacks stands for no requirement.
fn upheld<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> (BTreeSet<&'a str>, BTreeSet<&'a str>) {
    let (mut exercised, mut broken) = (BTreeSet::new(), BTreeSet::new());
    for outcome in outcomes {
        let ids = outcome.covers.iter().map(String::as_str).filter(|id| requirements::find(id).is_some());
        match outcome.verdict {
            Verdict::Pass => exercised.extend(ids),
            Verdict::Warn | Verdict::Fail => {
                exercised.extend(ids.clone());
                broken.extend(ids);
            }
            Verdict::Timing | Verdict::Unsupported | Verdict::Broken => {}
        }
    }
    (exercised.difference(&broken).copied().collect(), exercised)
}

/// Requirements by RFC: exercised of the catalogue's, and how many held on each stack.
fn by_rfc(out: &mut String, report: &Report, paint: Paint) {
    let rfc_of = |id: &str| requirements::find(id).map_or("", |requirement| requirement.rfc.as_str());
    let mut rfcs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for id in upheld(report.outcomes.iter()).1 {
        rfcs.entry(rfc_of(id)).or_default().insert(id);
    }
    if rfcs.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}", paint.color(Paint::BOLD, "requirements exercised, and held on each stack"));
    for (rfc, ids) in rfcs {
        let all = requirements::all().filter(|requirement| requirement.rfc == rfc).count();
        let _ = write!(out, "  rfc{rfc:<5} {:>3} of {all:>3}", ids.len());
        for stack in report.stacks() {
            let held = upheld(report.on_stack(stack)).0.into_iter().filter(|id| rfc_of(id) == rfc).count();
            let _ = write!(out, "   {held} {stack}");
        }
        out.push('\n');
    }
    out.push('\n');
}

fn unsupported(out: &mut String, report: &Report, verbose: bool, paint: Paint) {
    let mut reasons: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for outcome in report.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Unsupported) {
        *reasons.entry((&outcome.stack, &outcome.message)).or_default() += 1;
    }
    if reasons.is_empty() {
        return;
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let _ = writeln!(out, "{}", paint.color(Paint::BOLD, "unsupported"));
    let shown = if verbose { reasons.len() } else { REASONS.min(reasons.len()) };
    for ((stack, reason), count) in &reasons[..shown] {
        let _ = writeln!(out, "  {count:>3}  on {stack}: {}", printable(reason));
    }
    let rest: usize = reasons[shown..].iter().map(|(_, count)| count).sum();
    if rest > 0 {
        let _ = writeln!(out, "  {rest:>3}  for other reasons (--verbose shows them)");
    }
    out.push('\n');
}

/// What was remarked on runs that are as they should be; those that are not show it themselves.
fn remarks(out: &mut String, report: &Report, verbose: bool, paint: Paint) {
    let remarked = || report.outcomes.iter().filter(|o| o.verdict == Verdict::Pass && !o.notes.is_empty());
    let count = remarked().count();
    if count == 0 {
        return;
    }
    if !verbose {
        let _ = writeln!(out, "remarks on {count} that passed (--verbose shows them)\n");
        return;
    }
    let _ = writeln!(out, "{}", paint.color(Paint::BOLD, "remarks"));
    for outcome in remarked() {
        let scenario = printable(&outcome.scenario);
        for note in &outcome.notes {
            let _ = writeln!(out, "  {scenario} on {}: {}", outcome.stack, printable(note));
        }
    }
    out.push('\n');
}

fn complaints(out: &mut String, report: &Report, paint: Paint) {
    for complaint in &report.complaints {
        let word = match complaint {
            Complaint::Expectation(_) => "EXPECTATION",
            Complaint::Harness(_) => "BROKEN",
        };
        let _ = writeln!(out, "{}  {}\n", paint.color(Paint::RED, word), printable(complaint.message()));
    }
}
