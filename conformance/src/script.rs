//! Scenarios as text: packetdrill's script language and our few words more.
//!
//! [`parse`] makes a [`Scenario`] of a text, [`print()`] makes the canonical text of a scenario, and
//! [`load`] reads a file. Nothing here runs anything, shell commands and code blocks least of all.
//!
//! What we add to the language of packetdrill, each of it one word or one comment form:
//! - `<mss 1460, ...>`: these TCP options in any order, and perhaps others; outbound packets only;
//! - `+2 silent`: until that time the stack sends nothing;
//! - `"text"` at the end of a TCP or UDP packet: what the packet carries;
//! - `@name` behind the direction of a packet: the connection that it belongs to;
//! - comments at the top of the file: a sentence, `// covers: ID ...`, `// needs: NAME ...` and
//!   `// with: NAME=VALUE ...`;
//! - `// covers: ID` at the end of a step: what this step alone covers.

pub mod ast;
mod calls;
mod dscp;
mod error;
pub mod icmp;
mod latin;
mod lexer;
mod names;
mod parser;
pub mod printer;
mod suggest;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

pub use ast::Scenario;
pub(crate) use calls::CallName;
pub use error::{LoadError, ScriptError};
pub(crate) use error::{MOST_TOLD, Problem, quote};
pub(crate) use names::misspelt;
pub use names::unknown_names;
pub(crate) use parser::wants_value;
pub use printer::{format, print, print_option};
pub(crate) use suggest::{nearest, suggest};

use crate::axes::Ip;
use lexer::{Defines, Origin};

/// The largest script that [`load`] reads, in octets.
pub const SIZE_LIMIT: u64 = 16 << 20;

/// The scenario that `text` describes; `name` is what errors call it.
pub fn parse(name: &str, text: &str) -> Result<Scenario, ScriptError> {
    parse_with(name, text, &[])
}

/// [`parse`] with the defines of a command line, each a name and what it stands for. They win
/// over those of the script. A name that begins with `--` is no word but an option, such as
/// `--ip_version`: it wins over that of the script, too; one that takes no value has the value "".
pub fn parse_with(name: &str, text: &str, defines: &[(String, String)]) -> Result<Scenario, ScriptError> {
    parse_in(name, text, defines, Ip::V4)
}

/// The scenario as a run in this family has it, which a script that does not choose its family leaves to the run: some
/// words that google's runner defines for every script depend on it.
pub(crate) fn in_family(scenario: &Scenario, ip: Ip) -> Result<Scenario, ScriptError> {
    parse_in(&scenario.name, &scenario.source, &scenario.defines, ip)
}

fn parse_in(name: &str, text: &str, defines: &[(String, String)], ip: Ip) -> Result<Scenario, ScriptError> {
    let mut known = Defines::default();
    let (options, words): (Vec<_>, Vec<_>) = defines.iter().partition(|(name, _)| name.starts_with("--"));
    let overrides = options.iter().map(|(option, value)| parser::override_of(option, value));
    let overrides = overrides.collect::<Result<_, _>>().map_err(|problem| problem.locate(name, text))?;
    for (word, value) in words {
        known.define(word, value, Origin::CommandLine, &(0..0)).map_err(|problem| problem.locate(name, text))?;
    }
    let scenario = parser::parse(name, text, known, overrides, ip).map_err(|problem| problem.locate(name, text))?;
    Ok(Scenario { defines: defines.to_vec(), ..scenario })
}

/// Whether `--name` with this value may stand on a command line; else what is wrong.
pub(crate) fn check_option(name: &str, value: &str) -> Result<(), String> {
    parser::override_of(name, value).map(|_| ()).map_err(|problem| {
        let error = problem.locate("", "");
        format!("{}{}", error.message(), error.advice().map_or(String::new(), |advice| format!("; {advice}")))
    })
}

/// The scenario in the file at `path`, which is also its name.
pub fn load(path: &Path) -> Result<Scenario, LoadError> {
    load_with(path, &[])
}

/// [`load`] with the defines of a command line.
pub fn load_with(path: &Path, defines: &[(String, String)]) -> Result<Scenario, LoadError> {
    let text = read(path)?;
    Ok(parse_with(&path.display().to_string(), &text, defines)?)
}

/// The text of the file at `path`.
fn read(path: &Path) -> Result<String, LoadError> {
    let failed = |cause| LoadError::Read { path: path.to_owned(), cause };
    let metadata = fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(LoadError::NotAFile { path: path.to_owned() });
    }
    let too_large = |size| LoadError::TooLarge { path: path.to_owned(), size, limit: SIZE_LIMIT };
    if metadata.len() > SIZE_LIMIT {
        return Err(too_large(metadata.len()));
    }
    let mut octets = Vec::new();
    // The file may grow while it is read.
    File::open(path).map_err(failed)?.take(SIZE_LIMIT + 1).read_to_end(&mut octets).map_err(failed)?;
    if octets.len() as u64 > SIZE_LIMIT {
        return Err(too_large(octets.len() as u64));
    }
    latin::decode(&octets).map_err(|offset| {
        let octet = octets.get(offset).copied().unwrap_or(0);
        let text = String::from_utf8_lossy(octets.get(..offset).unwrap_or_default());
        let line = 1 + text.matches('\n').count();
        let column = 1 + text.rsplit('\n').next().map_or(0, |last| last.chars().count());
        LoadError::NotUtf8 { path: path.to_owned(), line, column, octet }
    })
}
