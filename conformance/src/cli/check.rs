//! `wirelaw check`: does a script parse?

use std::fmt::Write;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

use super::arguments::CheckArguments;
use super::{CliError, terminal};
use crate::suite::discover;

pub(super) fn check(arguments: &CheckArguments) -> Result<u8, CliError> {
    let entries = discover(&arguments.paths, None, &arguments.defines)?;
    let mut wrong = 0_usize;
    for entry in &entries {
        if let Err(error) = &entry.scenario {
            wrong += 1;
            terminal::complain(&render(&**error));
        }
    }
    let noun = if entries.len() == 1 { "script" } else { "scripts" };
    terminal::say(&format!("{} {noun} checked, {wrong} wrong\n", entries.len()))?;
    Ok(u8::from(wrong > 0))
}

fn render(error: &dyn Diagnostic) -> String {
    let theme = if terminal::color_of_errors() { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let mut text = String::new();
    match GraphicalReportHandler::new_themed(theme).with_links(false).render_report(&mut text, error) {
        Ok(()) => text.push('\n'),
        Err(_) => {
            let _ = writeln!(text, "{error}");
        }
    }
    text
}
