//! `wirelaw http`: the reference parser, and judges of live HTTP/1.x implementations.

mod client;
mod compare;
mod input;
mod judge;
mod list;
mod parse;
mod proxy;
mod server;

use clap::{Subcommand, ValueEnum};

use super::CliError;

#[derive(Debug, Subcommand)]
pub(super) enum HttpCommand {
    /// Read messages with the reference parser and show what it makes of them, by which clause.
    ///
    /// The end of the octets is the end of the connection. Exit status: 0 accepted, 1 rejected, 3 incomplete, 2 asked
    /// for nonsense.
    #[command(after_help = parse::lenient_help())]
    Parse(parse::ParseArguments),
    /// Read messages with several parsers, and judge where they disagree, by which clause.
    ///
    /// The end of the octets is the end of the connection. Exit status: 0 all agree, 1 one disagrees, 2 asked for
    /// nonsense.
    Compare(compare::CompareArguments),
    /// Judge a server that listens somewhere.
    Server(server::ServerArguments),
    /// Judge a proxy or a gateway, from both sides.
    Proxy(proxy::ProxyArguments),
    /// Judge a client: a command that fetches a URL.
    Client(client::ClientArguments),
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
        HttpCommand::Parse(arguments) => parse::parse(arguments),
        HttpCommand::Compare(arguments) => compare::compare(arguments),
        HttpCommand::Server(arguments) => server::server(arguments),
        HttpCommand::Proxy(arguments) => proxy::proxy(arguments),
        HttpCommand::Client(arguments) => client::client(arguments),
        HttpCommand::List(arguments) => list::list(arguments),
    }
}
