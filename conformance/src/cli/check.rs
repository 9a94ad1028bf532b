//! `wirelaw check`: does a script parse, and does it cover what there is? Cases for HTTP, too.

use std::path::PathBuf;

use miette::Diagnostic;

use super::arguments::CheckArguments;
use super::{CliError, terminal};
use crate::http::cases::{self, Case};
use crate::report::text::diagnostic;
use crate::requirements::unknown_ids;
use crate::runner::mistakes;
use crate::script::{Scenario, ScriptError, unknown_names};
use crate::suite::{DiscoverError, discover, files};

pub(super) fn check(arguments: &CheckArguments) -> Result<u8, CliError> {
    let (cases, scripts) = sort(&arguments.paths)?;
    let entries = discover(&scripts, None, &arguments.defines)?;
    let complain = |error: &dyn Diagnostic| {
        terminal::complain(&format!("{}\n", diagnostic(error, terminal::color_of_errors())));
    };
    let mut wrong = 0_usize;
    for entry in &entries {
        let unknown = match &entry.scenario {
            Ok(scenario) => everything_wrong(scenario),
            Err(error) => {
                wrong += 1;
                complain(&**error);
                continue;
            }
        };
        wrong += usize::from(!unknown.is_empty());
        for error in &unknown {
            complain(error);
        }
    }
    for error in cases.iter().filter_map(|case| case.script.as_ref().err()) {
        wrong += 1;
        complain(error);
    }
    let count = entries.len() + cases.len();
    let noun = if count == 1 { "script" } else { "scripts" };
    terminal::say(&format!("{count} {noun} checked, {wrong} wrong\n"))?;
    Ok(u8::from(wrong > 0))
}

/// Beyond its grammar, in the order of its lines.
fn everything_wrong(scenario: &Scenario) -> Vec<ScriptError> {
    let names = unknown_ids(scenario).into_iter().chain(unknown_names(scenario));
    let mut all: Vec<ScriptError> = names.chain(mistakes(scenario)).collect();
    all.sort_by_key(|error| error.span().start);
    all
}

/// The cases for HTTP at these paths, and the paths where scripts for TCP are.
fn sort(paths: &[PathBuf]) -> Result<(Vec<Case>, Vec<PathBuf>), CliError> {
    let (mut found, mut scripts) = (Vec::new(), Vec::new());
    for path in paths {
        let cases = cases::below(path)?;
        // A folder with cases need not hold scripts as well.
        let is_empty = || matches!(files(path), Err(DiscoverError::Empty(_)));
        if cases.is_empty() || path.is_dir() && !is_empty() {
            scripts.push(path.clone());
        }
        found.extend(cases);
    }
    Ok((found, scripts))
}
