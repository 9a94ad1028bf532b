//! `wirelaw http`: judges of live HTTP/1.x implementations.

mod list;
mod output;
mod server;

use clap::{Subcommand, ValueEnum};

use super::CliError;

#[derive(Debug, Subcommand)]
pub(super) enum HttpCommand {
    /// Judge a server that listens somewhere.
    Server(server::ServerArguments),
    /// List the cases with what they test.
    List(list::ListArguments),
}

/// What is asked of a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Profile {
    /// What the RFCs ask.
    #[default]
    Rfc,
    /// Also what a careful implementation does beyond them; what lacks is a warning.
    Hardened,
}

pub(super) fn http(command: &HttpCommand) -> Result<u8, CliError> {
    match command {
        HttpCommand::Server(arguments) => server::server(arguments),
        HttpCommand::List(arguments) => list::list(arguments),
    }
}
