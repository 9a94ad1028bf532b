//! The command line: one definition gives parser, help and errors.

mod arguments;
mod check;
mod explain;
mod fmt;
mod http;
mod interrupt;
#[cfg(target_os = "linux")]
mod kernel;
mod list;
mod record;
mod run;
mod terminal;
#[cfg(target_os = "linux")]
mod virtual_time;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use thiserror::Error;

use crate::expectations;
use crate::stack::NamedStack;
use crate::suite::{DiscoverError, Home, UnknownStack};
use arguments::{Arguments, Command};

/// Runs the command that the process was started with, on these stacks. A program that judges a stack of its
/// own is `wirelaw::cli::main(&[NamedStack { name: "mine", factory: mine::new }])`.
pub fn main(stacks: &[NamedStack]) -> ExitCode {
    #[cfg(target_os = "linux")]
    if let Some(status) = crate::stack::linux::worker::work_if_asked() {
        return status;
    }
    let arguments = Arguments::parse_from(arguments::as_options(std::env::args_os()));
    let result = match arguments.command.unwrap_or_default() {
        Command::Run(arguments) => run::run(&arguments, stacks),
        Command::Check(arguments) => check::check(&arguments),
        Command::Fmt(arguments) => fmt::format(&arguments),
        Command::List(arguments) => list::list(&arguments, stacks),
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Record(arguments) => record::record(&arguments),
        Command::Http(command) => http::http(&command),
        #[cfg(target_os = "linux")]
        Command::Kernel(command) => kernel::kernel(&command),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            terminal::complain(&format!("wirelaw: {error}\n"));
            ExitCode::from(2)
        }
    }
}

/// Why a command could not do its work; exit status 2.
#[derive(Debug, Error)]
enum CliError {
    #[error("{0}")]
    Discover(#[from] DiscoverError),
    #[error("{0}")]
    Stack(#[from] UnknownStack),
    #[error("{0}")]
    Expectations(#[from] expectations::Error),
    #[error(
        "there is no fixtures/scripts here: run this in a checkout of wirelaw, or name scripts: wirelaw run PATH..."
    )]
    NoHome,
    #[error("{0}")]
    Cases(#[from] crate::http::cases::CasesError),
    #[error("{0}")]
    Unreachable(#[from] crate::http::server::Unreachable),
    #[error("{0}")]
    NotStarted(#[from] crate::http::server::NotStarted),
    #[error("a server in virtual time has to be started there: put `-- COMMAND` behind everything else")]
    NoServer,
    #[error("{0}")]
    Proxy(#[from] crate::http::proxy::NoProxy),
    #[error("{0}")]
    Command(#[from] crate::http::client::NoCommand),
    #[error("{0}")]
    Mute(#[from] crate::http::client::Mute),
    #[error("cannot talk to {address}: {cause}")]
    Connect { address: String, cause: std::io::Error },
    #[cfg(target_os = "linux")]
    #[error("{0}")]
    Kernel(#[from] crate::uml::UmlError),
    #[error("no in-process stack is built in")]
    NoStack,
    #[error("no requirement or clause `{id}`{}", hint(.near))]
    UnknownId { id: String, near: Vec<String> },
    #[error("cannot read {}: {cause}", path.display())]
    Read { path: PathBuf, cause: std::io::Error },
    #[error("cannot write {}: {cause}", path.display())]
    Write { path: PathBuf, cause: std::io::Error },
    #[error("cannot write: {0}")]
    Output(std::io::Error),
}

fn hint(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) }
}

/// What a command that was not given any path works on.
fn paths_or_suite(paths: &[PathBuf], home: Option<&Home>) -> Result<Vec<PathBuf>, CliError> {
    match (paths, home) {
        ([], Some(home)) => Ok(vec![home.scripts()]),
        ([], None) => Err(CliError::NoHome),
        (paths, _) => Ok(paths.to_vec()),
    }
}
