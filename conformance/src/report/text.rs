//! The report for people: a table, then every failure in the scenario's own words, totals last.

mod diagnostic;
mod excerpt;
mod findings;
mod table;
mod totals;

use std::fmt::Write;

use super::{Complaint, Expected, Outcome, Report, Verdict};

pub use diagnostic::diagnostic;
pub use findings::finding;

/// How the text shall look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Options {
    /// With SGR colours; ask for them only on a terminal.
    pub color: bool,
    /// Every row of the table, known deviations in full, requirements by RFC.
    pub verbose: bool,
    /// No table: failures and totals only.
    pub quiet: bool,
}

/// The whole report.
pub fn render(report: &Report, options: &Options) -> String {
    let paint = Paint(options.color);
    let mut out = String::new();
    if !options.quiet {
        table::render(&mut out, report, options.verbose, paint);
    }
    findings::render(&mut out, report, options.verbose, paint);
    totals::render(&mut out, report, options.verbose, paint);
    out
}

/// The table and the totals without the failures, for callers that show those by themselves.
pub fn summary(report: &Report, options: &Options) -> String {
    let paint = Paint(options.color);
    let mut out = String::new();
    table::render(&mut out, report, options.verbose, paint);
    totals::render(&mut out, report, options.verbose, paint);
    out
}

/// Colours, or none.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    const BOLD: &'static str = "1";
    const DIM: &'static str = "2";
    const RED: &'static str = "31";
    const GREEN: &'static str = "32";
    const YELLOW: &'static str = "33";
    const CYAN: &'static str = "36";

    /// `text` in the colour of this SGR code.
    fn color(self, code: &str, text: &str) -> String {
        if self.0 && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// The colour of a run.
    fn code(outcome: &Outcome) -> &'static str {
        match (outcome.verdict, &outcome.expected) {
            (_, Expected::SurprisePass { .. }) => Paint::RED,
            (Verdict::Unsupported, _) => Paint::DIM,
            (_, Expected::Known { .. }) => Paint::CYAN,
            (Verdict::Pass, _) => Paint::GREEN,
            (Verdict::Warn, _) => Paint::YELLOW,
            (Verdict::Timing | Verdict::Fail | Verdict::Broken, _) => Paint::RED,
        }
    }
}

/// Text from a script or a stack as it may go to a terminal: control characters are shown, not obeyed.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests;
