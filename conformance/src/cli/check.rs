//! `wirelaw check`: does a script parse?

use super::arguments::CheckArguments;
use super::{CliError, terminal};
use crate::report::text::diagnostic;
use crate::suite::discover;

pub(super) fn check(arguments: &CheckArguments) -> Result<u8, CliError> {
    let entries = discover(&arguments.paths, None, &arguments.defines)?;
    let mut wrong = 0_usize;
    for entry in &entries {
        if let Err(error) = &entry.scenario {
            wrong += 1;
            terminal::complain(&format!("{}\n", diagnostic(&**error, terminal::color_of_errors())));
        }
    }
    let noun = if entries.len() == 1 { "script" } else { "scripts" };
    terminal::say(&format!("{} {noun} checked, {wrong} wrong\n", entries.len()))?;
    Ok(u8::from(wrong > 0))
}
