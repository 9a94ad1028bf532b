//! `wirelaw http client`.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::Args;

use super::super::CliError;
use super::super::interrupt::when_interrupted;
#[cfg(target_os = "linux")]
use super::super::virtual_time::VirtualTime;
use super::judge::JudgeArguments;
use crate::http::client::{Client, Command, Peer, kill_running, probe};
use crate::http::play::Bounds;
use crate::http::script::{Ability, Role};
use crate::suite::Home;

#[derive(Debug, Args)]
pub(in super::super) struct ClientArguments {
    /// A command that is known: curl or wget.
    #[arg(long, value_name = "NAME", conflicts_with = "command", required_unless_present = "command")]
    preset: Option<String>,
    /// What to run, without a shell. {url} becomes the URL; an argument with {url2} is there when two URLs are asked
    /// for; {head:ARG} and {post:ARG} are ARG when that method is asked for.
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<String>,
    /// Runs at once.
    #[arg(long, value_name = "N", default_value = "8")]
    jobs: NonZeroUsize,
    /// How long one run of the command may take, in milliseconds; then it is killed.
    #[arg(long, value_name = "MS", default_value = "6000", value_parser = clap::value_parser!(u64).range(50..=60_000))]
    patience: u64,
    #[command(flatten)]
    judge: JudgeArguments,
    #[cfg(target_os = "linux")]
    #[command(flatten)]
    time: VirtualTime,
}

pub(super) fn client(arguments: &ClientArguments) -> Result<u8, CliError> {
    let home = Home::find().ok_or(CliError::NoHome)?;
    #[cfg(target_os = "linux")]
    if let Some(status) = arguments.time.run(arguments.judge.files())? {
        return Ok(status);
    }
    let cases = arguments.judge.cases(&home, Role::Client)?;
    let command = match &arguments.preset {
        Some(name) => Command::preset(name)?,
        None => Command::new(&arguments.command)?,
    };
    let called = arguments.preset.clone().or_else(|| arguments.command.first().cloned()).unwrap_or_default();
    let patience = Duration::from_millis(arguments.patience);
    let client = Client {
        name: arguments.judge.name(&called),
        peer: Peer::Command(command),
        is_hardened: arguments.judge.is_hardened(),
        bounds: Bounds { patience, total: patience + Duration::from_secs(5), ..Bounds::default() },
        jobs: arguments.jobs,
    };
    when_interrupted(kill_running);
    let abilities = probe(&client)?;
    let can: Vec<_> = abilities.known().map(Ability::name).collect();
    let introduction = format!("{}; it can: {}\n\n", client.name, can.join(" "));
    let outcomes = arguments.judge.judge(&introduction, cases.len(), |done| client.judge(&cases, &abilities, done))?;
    arguments.judge.finish(outcomes, &home)
}
