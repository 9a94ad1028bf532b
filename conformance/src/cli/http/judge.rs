//! What every judge of HTTP is told, and what it leaves behind: text, files, an exit status.

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args};
use serde::Serialize;

use super::super::{CliError, terminal};
use super::Profile;
use crate::expectations::Expectations;
use crate::http::cases::{self, Case};
use crate::http::script::Role;
use crate::report::{Complaint, Expected, Outcome, Report, json, junit, text};
use crate::suite::Home;

#[derive(Debug, Default, Args)]
pub(super) struct JudgeArguments {
    /// Only cases with this in their name, or that test this requirement; may be repeated.
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// What is asked of the peer.
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// Its name in reports; `--expect` gives one, too.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The known deviations: the name of a file in fixtures/expectations/http, or its path with .toml.
    #[arg(long, value_name = "NAME|FILE")]
    expect: Option<String>,
    /// Write everything that is not as expected as a list of known deviations, with the reasons that the cases give.
    #[arg(long, value_name = "FILE")]
    learn: Option<PathBuf>,
    /// Write the report as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the report as JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Findings and totals only.
    #[arg(long, short, conflicts_with = "verbose")]
    quiet: bool,
    /// Every case, known deviations in full.
    #[arg(long, short, action = ArgAction::SetTrue)]
    verbose: bool,
}

impl JudgeArguments {
    /// The cases that are asked for.
    pub(super) fn cases(&self, home: &Home, role: Role) -> Result<Vec<Case>, CliError> {
        // A wrong name is told now, not when all has run.
        self.expectations(home)?;
        Ok(cases::find(&home.scripts(), role, &self.only)?)
    }

    /// Whether surplus caution is asked for.
    pub(super) fn is_hardened(&self) -> bool {
        self.profile == Profile::Hardened
    }

    /// The files that it writes.
    #[cfg(target_os = "linux")]
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        [&self.learn, &self.json, &self.junit].into_iter().flatten().map(PathBuf::as_path)
    }

    /// Says what is judged; `judge` calls back for each case that is done.
    pub(super) fn judge<J>(&self, introduction: &str, cases: usize, judge: J) -> Result<Vec<Outcome>, CliError>
    where
        J: FnOnce(&(dyn Fn(&Outcome) + Sync)) -> Vec<Outcome>,
    {
        if !self.quiet {
            terminal::say(introduction)?;
        }
        let bar = terminal::bar(cases, "cases", self.quiet);
        let outcomes = judge(&|_| bar.inc(1));
        bar.finish_and_clear();
        Ok(outcomes)
    }

    /// Compares with the known deviations, writes everything, and tells the exit status. Once the whole suite has run,
    /// an entry that names no case is one too many.
    pub(super) fn finish(&self, mut outcomes: Vec<Outcome>, home: &Home) -> Result<u8, CliError> {
        let expectations = self.expectations(home)?;
        for outcome in &mut outcomes {
            outcome.expected = expectations.judge(outcome, "");
        }
        let unused = if self.only.is_empty() {
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
    pub(super) fn name(&self, otherwise: &str) -> String {
        let stem = |file: &String| {
            Path::new(file).file_stem().map_or_else(|| file.clone(), |stem| stem.to_string_lossy().into_owned())
        };
        self.name.clone().or_else(|| self.expect.as_ref().map(stem)).unwrap_or_else(|| otherwise.to_owned())
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
