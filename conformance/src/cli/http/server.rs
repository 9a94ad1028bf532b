//! `wirelaw http server`.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::Args;

use super::super::CliError;
use super::super::interrupt::when_interrupted;
#[cfg(target_os = "linux")]
use super::super::virtual_time::VirtualTime;
use super::judge::JudgeArguments;
use crate::http::client::kill_running;
use crate::http::play::Bounds;
use crate::http::script::{Ability, Role};
use crate::http::server::{Abilities, Server, Started, probe};
use crate::http::wire::{Address, Endpoint};
use crate::suite::Home;

#[derive(Debug, Args)]
pub(in super::super) struct ServerArguments {
    /// HOST:PORT, [IPV6]:PORT or unix:PATH. Traffic that no server likes is sent there: ask its owner first.
    #[arg(value_name = "ADDRESS")]
    address: Address,
    /// Speak TLS; any certificate will do.
    #[arg(long)]
    tls: bool,
    /// What Host says, if it is not ADDRESS.
    #[arg(long, value_name = "HOST[:PORT]")]
    host_header: Option<String>,
    /// A target that the server answers with success.
    #[arg(long, value_name = "TARGET", default_value = "/", value_parser = target)]
    path: String,
    /// Connections at once.
    #[arg(long, value_name = "N", default_value = "48")]
    jobs: NonZeroUsize,
    /// How long a reply may take, in milliseconds.
    #[arg(long, value_name = "MS", default_value = "1000", value_parser = clap::value_parser!(u64).range(50..=60_000))]
    patience: u64,
    #[command(flatten)]
    judge: JudgeArguments,
    #[cfg(target_os = "linux")]
    #[command(flatten)]
    time: VirtualTime,
    /// Start this server first, without a shell, and end it afterwards.
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<String>,
}

pub(super) fn server(arguments: &ServerArguments) -> Result<u8, CliError> {
    let home = Home::find().ok_or(CliError::NoHome)?;
    #[cfg(target_os = "linux")]
    {
        if arguments.time.is_wanted() && arguments.command.is_empty() {
            return Err(CliError::NoServer);
        }
        if let Some(status) = arguments.time.run(arguments.judge.files())? {
            return Ok(status);
        }
    }
    let cases = arguments.judge.cases(&home, Role::Server)?;
    let server = arguments.server();
    let _started = arguments.start(&server)?;
    let abilities = probe(&server)?;
    let introduction = introduction(&server, &abilities);
    let outcomes = arguments.judge.judge(&introduction, cases.len(), |done| server.judge(&cases, &abilities, done))?;
    arguments.judge.finish(outcomes, &home)
}

fn introduction(server: &Server, abilities: &Abilities) -> String {
    let can: Vec<_> = abilities.known().map(Ability::name).collect();
    let ok: Vec<_> = abilities.baseline.ok.iter().map(ToString::to_string).collect();
    let method =
        abilities.variables.get("body-method").map(|method| String::from_utf8_lossy(method)).unwrap_or_default();
    let most = abilities.company;
    let few = if most < server.jobs.get() {
        format!("It does not serve more than {most} at once as it serves one: so many cases are played at a time.\n")
    } else {
        String::new()
    };
    format!(
        "{} at {}: answers {} to GET {} and to {method} with a body; it can: {}\n{few}\n",
        server.name,
        server.endpoint.address,
        ok.join(" or "),
        server.path,
        can.join(" ")
    )
}

impl ServerArguments {
    /// The server that is to be started, if one is; it runs as long as this value lives.
    fn start(&self, server: &Server) -> Result<Option<Started>, CliError> {
        if self.command.is_empty() {
            return Ok(None);
        }
        when_interrupted(kill_running);
        Ok(Some(Started::new(&self.command, &server.endpoint)?))
    }

    fn server(&self) -> Server {
        let host = match (&self.host_header, &self.address) {
            (Some(host), _) => host.clone(),
            (None, Address::Unix(_)) => "localhost".to_owned(),
            (None, address) => address.to_string(),
        };
        let patience = Duration::from_millis(self.patience);
        Server {
            name: self.judge.name(&self.address.to_string()),
            endpoint: Endpoint { address: self.address.clone(), tls: self.tls, patience },
            host,
            path: self.path.clone(),
            is_hardened: self.judge.is_hardened(),
            bounds: Bounds { patience, ..Bounds::default() },
            jobs: self.jobs,
        }
    }
}

pub(super) fn target(text: &str) -> Result<String, String> {
    if text.starts_with('/') && text.bytes().all(|octet| octet.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err("a target starts with `/` and has no blanks".to_owned())
    }
}
