//! `wirelaw http parse`.

use std::fmt::Write;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use wirelaw_reference::http::{Kind, LENIENCIES, Leniency};

use super::super::{CliError, terminal};
use crate::http::parse::{self, Question};

#[derive(Debug, Args)]
pub(in super::super) struct ParseArguments {
    /// The octets as they come on the wire; `-` is the standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// They are requests. Without this and --response the first octets tell.
    #[arg(long)]
    request: bool,
    /// They are responses.
    #[arg(long, conflicts_with = "request")]
    response: bool,
    /// The method of the request that a response answers; may be repeated, the last stands for all further responses.
    #[arg(long = "method", value_name = "M", conflicts_with = "request")]
    methods: Vec<String>,
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
    let octets = octets(&arguments.file).map_err(|cause| CliError::Read { path: arguments.file.clone(), cause })?;
    let kind = match (arguments.request, arguments.response) {
        (true, _) => Some(Kind::Request),
        (_, true) => Some(Kind::Response),
        _ if !arguments.methods.is_empty() => Some(Kind::Response),
        _ => None,
    };
    let lenient = arguments.lenient.iter().flatten().copied().collect();
    let question = Question { kind, methods: arguments.methods.clone(), lenient };
    let reading = parse::read(&octets, &question);
    terminal::say(&if arguments.json { parse::json::render(&reading) } else { parse::text::render(&reading) })?;
    Ok(reading.verdict().status())
}

pub(super) fn octets(path: &Path) -> io::Result<Vec<u8>> {
    if path != Path::new("-") {
        return fs::read(path);
    }
    let mut octets = Vec::new();
    io::stdin().lock().read_to_end(&mut octets)?;
    Ok(octets)
}
