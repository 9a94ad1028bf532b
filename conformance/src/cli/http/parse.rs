//! `wirelaw http parse`.

use std::fmt::Write;

use clap::Args;
use wirelaw_reference::http::{LENIENCIES, Leniency};

use super::super::{CliError, terminal};
use super::input::InputArguments;
use crate::http::parse;

#[derive(Debug, Args)]
pub(in super::super) struct ParseArguments {
    #[command(flatten)]
    input: InputArguments,
    /// Refuse whatever may be refused, as is the default.
    #[arg(long, conflicts_with = "lenient")]
    strict: bool,
    /// Bear something that may be refused, or `all` of it; may be repeated.
    #[arg(long, value_name = "NAME", value_parser = parse::leniencies)]
    lenient: Vec<Leniencies>,
    /// Write JSON: bodies in hexadecimal, elsewhere each octet as the character of its number.
    #[arg(long)]
    json: bool,
}

/// What one `--lenient` asks for.
type Leniencies = Vec<&'static Leniency>;

pub(super) fn lenient_help() -> String {
    let mut help = "Leniencies, all permitted by the clause in brackets:\n".to_owned();
    for leniency in LENIENCIES {
        let _ = writeln!(help, "  {:<30} {} [{}]", leniency.name, leniency.meaning, leniency.clause.id);
    }
    help
}

pub(super) fn parse(arguments: &ParseArguments) -> Result<u8, CliError> {
    let octets = arguments.input.octets()?;
    let lenient = arguments.lenient.iter().flatten().copied().collect();
    let question = arguments.input.question(lenient);
    let reading = parse::read(&octets, &question);
    terminal::say(&if arguments.json { parse::json::render(&reading) } else { parse::text::render(&reading) })?;
    Ok(reading.verdict().status())
}
