//! What every judge of HTTP leaves behind: text, files, an exit status.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::{ArgAction, Args};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::super::{CliError, terminal};
use crate::expectations::Expectations;
use crate::report::{Complaint, Expected, Outcome, Report, json, junit, text};
use crate::suite::Home;

#[derive(Debug, Default, Args)]
pub(super) struct OutputArguments {
    /// The known deviations: the name of a file in fixtures/expectations/http, or its path with .toml.
    #[arg(long, value_name = "NAME|FILE")]
    pub(super) expect: Option<String>,
    /// Write everything that is not as expected as a list of known deviations, with the reasons that the cases give.
    #[arg(long, value_name = "FILE")]
    pub(super) learn: Option<PathBuf>,
    /// Write the report as JSON.
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// Write the report as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Findings and totals only.
    #[arg(long, short, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Every case, known deviations in full.
    #[arg(long, short, action = ArgAction::SetTrue)]
    pub(super) verbose: bool,
}

impl OutputArguments {
    /// Compares with the known deviations, writes everything, and tells the exit status. `is_all` says whether the
    /// whole suite ran, so that an entry that names no case is one too many.
    pub(super) fn finish(&self, mut outcomes: Vec<Outcome>, home: &Home, is_all: bool) -> Result<u8, CliError> {
        let expectations = self.expectations(home)?;
        for outcome in &mut outcomes {
            outcome.expected = expectations.judge(outcome, "");
        }
        let unused = if is_all {
            expectations.unused(outcomes.iter().map(|outcome| outcome.scenario.as_str()), "")
        } else {
            Vec::new()
        };
        let report = Report { outcomes, complaints: unused.into_iter().map(Complaint::Expectation).collect() };
        let mut written = Vec::new();
        if let Some(path) = &self.learn {
            terminal::write(path, learned(&report).as_bytes())?;
            written.push(path.display().to_string());
        }
        if let Some(path) = &self.json {
            terminal::write(path, json::render(&report).as_bytes())?;
            written.push(path.display().to_string());
        }
        if let Some(path) = &self.junit {
            terminal::write(path, junit::render(&report).as_bytes())?;
            written.push(path.display().to_string());
        }
        let options = text::Options { color: terminal::color(), verbose: self.verbose, quiet: self.quiet };
        let written = if written.is_empty() { String::new() } else { format!("written: {}\n", written.join(", ")) };
        terminal::say(&format!("{}{written}", text::render(&report, &options)))?;
        Ok(report.exit_status())
    }

    fn expectations(&self, home: &Home) -> Result<Expectations, CliError> {
        let Some(name) = &self.expect else { return Ok(Expectations::default()) };
        let path = match name.strip_suffix(".toml") {
            Some(_) => PathBuf::from(name),
            None => home.expectations().join("http").join(format!("{name}.toml")),
        };
        let unreadable = |cause| CliError::Read { path: path.clone(), cause };
        let text = std::fs::read_to_string(&path).map_err(unreadable)?;
        Ok(Expectations::parse(&text, &path)?)
    }

    /// The peer's name in reports: the one given, that of the known deviations, or else this one.
    pub(super) fn name(&self, given: Option<&String>, otherwise: &str) -> String {
        let stem = |file: &String| {
            Path::new(file).file_stem().map_or_else(|| file.clone(), |stem| stem.to_string_lossy().into_owned())
        };
        given.cloned().or_else(|| self.expect.as_ref().map(stem)).unwrap_or_else(|| otherwise.to_owned())
    }

    /// On a terminal only: in a log a bar is noise.
    pub(super) fn bar(&self, cases: usize) -> ProgressBar {
        if self.quiet || !io::stderr().is_terminal() {
            return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        }
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} cases")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(cases as u64).with_style(style)
    }
}

/// A list of known deviations, as [`crate::expectations`] reads it.
#[derive(Serialize)]
struct Learned {
    deviation: Vec<Deviation>,
}

#[derive(Serialize)]
struct Deviation {
    scenario: String,
    reason: String,
    link: String,
    verdict: &'static str,
}

fn learned(report: &Report) -> String {
    let unexpected = report.outcomes.iter().filter(|outcome| outcome.expected == Expected::Unexpected);
    let deviation = unexpected.map(|outcome| Deviation {
        scenario: globset::escape(&outcome.scenario),
        reason: outcome.message.clone(),
        link: outcome.clause.as_ref().map_or_else(|| RFC.to_owned(), |clause| link(&clause.place)),
        verdict: outcome.verdict.name(),
    });
    toml::to_string(&Learned { deviation: deviation.collect() }).expect("strings in tables can be written")
}

const RFC: &str = "https://www.rfc-editor.org/rfc/rfc9112";

/// `rfc9112 §6.1, 7.1` -> where that can be read.
fn link(place: &str) -> String {
    let (rfc, section) = place.split_once(" §").unwrap_or((place, ""));
    let section = section.split([',', ' ']).next().unwrap_or_default();
    let appendix = section.starts_with(|c: char| c.is_ascii_uppercase());
    let anchor = if appendix { "appendix" } else { "section" };
    format!("https://www.rfc-editor.org/rfc/{rfc}#{anchor}-{section}")
}
