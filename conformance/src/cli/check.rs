//! `wirelaw check`: does a script parse, and does it cover what there is?

use miette::Diagnostic;

use super::arguments::CheckArguments;
use super::{CliError, terminal};
use crate::report::text::diagnostic;
use crate::requirements::unknown_ids;
use crate::script::unknown_names;
use crate::suite::discover;

pub(super) fn check(arguments: &CheckArguments) -> Result<u8, CliError> {
    let entries = discover(&arguments.paths, None, &arguments.defines)?;
    let mut wrong = 0_usize;
    for entry in &entries {
        let complain = |error: &dyn Diagnostic| {
            terminal::complain(&format!("{}\n", diagnostic(error, terminal::color_of_errors())));
        };
        let unknown = match &entry.scenario {
            Ok(scenario) => unknown_ids(scenario).into_iter().chain(unknown_names(scenario)).collect::<Vec<_>>(),
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
    let noun = if entries.len() == 1 { "script" } else { "scripts" };
    terminal::say(&format!("{} {noun} checked, {wrong} wrong\n", entries.len()))?;
    Ok(u8::from(wrong > 0))
}
