//! `wirelaw http compare`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use wirelaw_reference::http::Kind;

use super::super::{CliError, terminal};
use super::parse::octets;
use crate::http::compare::{self, Llhttp, live};
use crate::http::parse::Question;
use crate::http::play::Bounds;
use crate::http::wire::{Address, Endpoint};

#[derive(Debug, Args)]
pub(in super::super) struct CompareArguments {
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
    /// Send the requests to this server, too, and count its replies: HOST:PORT, [IPV6]:PORT or unix:PATH.
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["response", "methods"])]
    server: Option<Address>,
    /// Speak TLS to the server; any certificate will do.
    #[arg(long, requires = "server")]
    tls: bool,
    /// How long a reply may take, in milliseconds.
    #[arg(long, value_name = "MS", default_value = "1500", value_parser = clap::value_parser!(u64).range(50..=60_000))]
    patience: u64,
    /// Write JSON: bodies in hexadecimal, elsewhere each octet as the character of its number.
    #[arg(long)]
    json: bool,
}

pub(super) fn compare(arguments: &CompareArguments) -> Result<u8, CliError> {
    let octets = octets(&arguments.file).map_err(|cause| CliError::Read { path: arguments.file.clone(), cause })?;
    let kind = match (arguments.request || arguments.server.is_some(), arguments.response) {
        (true, _) => Some(Kind::Request),
        (_, true) => Some(Kind::Response),
        _ if !arguments.methods.is_empty() => Some(Kind::Response),
        _ => None,
    };
    let question = Question { kind, methods: arguments.methods.clone(), lenient: Vec::new() };
    let mut comparison = compare::compare(&octets, &question, &mut Llhttp::new());
    if let Some(address) = &arguments.server {
        let patience = Duration::from_millis(arguments.patience);
        let endpoint = Endpoint { address: address.clone(), tls: arguments.tls, patience };
        let bounds = Bounds { patience, ..Bounds::default() };
        live::ask(&mut comparison, &octets, &endpoint, &bounds)
            .map_err(|cause| CliError::Connect { address: address.to_string(), cause })?;
    }
    let text = if arguments.json { compare::json::render(&comparison) } else { compare::text::render(&comparison) };
    terminal::say(&text)?;
    Ok(u8::from(!comparison.agrees()))
}
