//! `wirelaw http compare`.

use std::time::Duration;

use clap::Args;
use wirelaw_reference::http::Kind;

use super::super::{CliError, terminal};
use super::input::InputArguments;
use crate::http::compare::{self, Llhttp, live};
use crate::http::play::Bounds;
use crate::http::wire::{Address, Endpoint};

#[derive(Debug, Args)]
pub(in super::super) struct CompareArguments {
    #[command(flatten)]
    input: InputArguments,
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
    let octets = arguments.input.octets()?;
    let mut question = arguments.input.question(Vec::new());
    if arguments.server.is_some() {
        question.kind = Some(Kind::Request);
    }
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
