//! Known deviations of a stack: `fixtures/expectations/<stack>.toml`.
//!
//! ```toml
//! [[deviation]]
//! scenario = "tcp/reset/*"            # glob on scenario ids; `*` stays within a folder, `**` does not
//! reason = "answers an RST with an RST"
//! link = "https://example.org/issues/1"
//! verdict = "fail"                    # optional: only this one is known (warn, fail, unsupported, broken)
//! versions = ["0.13.*"]               # optional: globs on the version of the stack
//! ```
//!
//! A scenario that is listed and passes is a surprise, and an entry that names no scenario is an error: the list
//! must shrink when a stack gets better.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use globset::{Glob, GlobBuilder, GlobMatcher};
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

use crate::report::{Expected, Outcome, Verdict};

/// The deviations that are listed for one stack.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    file: PathBuf,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    line: usize,
    scenario: GlobMatcher,
    reason: String,
    link: String,
    verdict: Option<Verdict>,
    versions: Vec<GlobMatcher>,
    sometimes: bool,
}

/// Why a list of deviations cannot be used.
#[derive(Debug, Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("{}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no list of deviations.
    #[error("{}:{line}: {message}", file.display())]
    Invalid {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there, in one line.
        message: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    deviation: Vec<Spanned<RawEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    scenario: Spanned<String>,
    reason: Spanned<String>,
    link: Spanned<String>,
    verdict: Option<Spanned<String>>,
    #[serde(default)]
    versions: Vec<Spanned<String>>,
    #[serde(default)]
    sometimes: bool,
}

impl Expectations {
    /// Reads the list of the stack `name` in the folder; a stack without a file has no known deviations.
    pub fn load(folder: &Path, name: &str) -> Result<Expectations, Error> {
        let file = folder.join(format!("{name}.toml"));
        match fs::read_to_string(&file) {
            Ok(text) => Expectations::parse(&text, &file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Expectations { file, entries: Vec::new() }),
            Err(source) => Err(Error::Unreadable { file, source }),
        }
    }

    /// Reads a list; `file` is for messages.
    pub fn parse(text: &str, file: &Path) -> Result<Expectations, Error> {
        let error =
            |(at, message): (usize, String)| Error::Invalid { file: file.to_owned(), line: line(text, at), message };
        let raw: RawFile = toml::from_str(text)
            .map_err(|problem| error((problem.span().map_or(0, |span| span.start), problem.message().to_owned())))?;
        let entries = raw.deviation.into_iter().map(|entry| self::entry(text, entry).map_err(error));
        Ok(Expectations { file: file.to_owned(), entries: entries.collect::<Result<_, _>>()? })
    }

    /// Whether nothing is listed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What the list says about an outcome of a stack of this version.
    pub fn judge(&self, outcome: &Outcome, version: &str) -> Expected {
        let mut about = self.entries.iter().filter(|entry| entry.is_about(&outcome.scenario, version));
        match outcome.verdict {
            Verdict::Pass => about.find(|entry| !entry.sometimes).map_or(Expected::AsExpected, |entry| {
                Expected::SurprisePass { entry: format!("{}:{}", self.file.display(), entry.line) }
            }),
            verdict => match about.find(|entry| entry.verdict.is_none_or(|listed| listed == verdict)) {
                Some(entry) => Expected::Known { reason: entry.reason.clone(), link: entry.link.clone() },
                // Nothing was found out: the table counts it, and it is no deviation.
                None if verdict == Verdict::Unsupported => Expected::AsExpected,
                None => Expected::Unexpected,
            },
        }
    }

    /// Each entry for this version that names none of the scenarios, as one line with file and line.
    pub fn unused<'a>(&self, scenarios: impl IntoIterator<Item = &'a str>, version: &str) -> Vec<String> {
        let mut unused: Vec<&Entry> = self.entries.iter().filter(|entry| entry.covers_version(version)).collect();
        for scenario in scenarios {
            unused.retain(|entry| !entry.scenario.is_match(scenario));
        }
        let text = |entry: &&Entry| {
            format!("{}:{}: unused entry `{}`", self.file.display(), entry.line, entry.scenario.glob())
        };
        unused.iter().map(text).collect()
    }
}

impl Entry {
    fn is_about(&self, scenario: &str, version: &str) -> bool {
        self.covers_version(version) && self.scenario.is_match(scenario)
    }

    fn covers_version(&self, version: &str) -> bool {
        self.versions.is_empty() || self.versions.iter().any(|glob| glob.is_match(version))
    }
}

/// Checks what TOML cannot; an error is an offset and a message.
fn entry(text: &str, raw: Spanned<RawEntry>) -> Result<Entry, (usize, String)> {
    let at = raw.span().start;
    let raw = raw.into_inner();
    if raw.reason.get_ref().trim().is_empty() {
        return Err((raw.reason.span().start, "a deviation needs a reason".into()));
    }
    if !["https://", "http://"].iter().any(|scheme| raw.link.get_ref().starts_with(scheme)) {
        return Err((raw.link.span().start, "`link` must be an http(s) URL where the deviation is discussed".into()));
    }
    Ok(Entry {
        line: line(text, at),
        scenario: glob(&raw.scenario)?,
        reason: raw.reason.into_inner(),
        link: raw.link.into_inner(),
        verdict: raw.verdict.as_ref().map(verdict).transpose()?,
        versions: raw.versions.iter().map(glob).collect::<Result<_, _>>()?,
        sometimes: raw.sometimes,
    })
}

fn verdict(word: &Spanned<String>) -> Result<Verdict, (usize, String)> {
    match Verdict::parse(word.get_ref()) {
        Some(verdict) if verdict != Verdict::Pass => Ok(verdict),
        _ => {
            let message = format!("`{}` is not one of fail, warn, unsupported, broken", word.get_ref());
            Err((word.span().start, message))
        }
    }
}

fn glob(pattern: &Spanned<String>) -> Result<GlobMatcher, (usize, String)> {
    let glob: Result<Glob, _> = GlobBuilder::new(pattern.get_ref()).literal_separator(true).build();
    match glob {
        Ok(glob) if !pattern.get_ref().is_empty() => Ok(glob.compile_matcher()),
        Ok(_) => Err((pattern.span().start, "the glob is empty".into())),
        Err(error) => Err((pattern.span().start, error.to_string())),
    }
}

fn line(text: &str, at: usize) -> usize {
    text[..text.floor_char_boundary(at)].matches('\n').count() + 1
}

#[cfg(test)]
mod tests;
