//! `wirelaw http list`.

use std::fmt::Write;

use clap::Args;

use super::super::{CliError, terminal};
use crate::http::cases;
use crate::http::script::Role;
use crate::suite::Home;

#[derive(Debug, Args)]
pub(in super::super) struct ListArguments {
    /// Only cases with this in their name, or that test this requirement; may be repeated.
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
}

pub(super) fn list(arguments: &ListArguments) -> Result<u8, CliError> {
    let home = Home::find().ok_or(CliError::NoHome)?;
    let mut text = String::new();
    for role in Role::ALL {
        let Ok(cases) = cases::find(&home.scripts(), role, &arguments.only) else { continue };
        for case in &cases {
            let _ = match &case.script {
                Ok(script) => writeln!(text, "{}  {}  {}", case.id, script.tests.join(" "), script.title),
                Err(error) => writeln!(text, "{}  broken: {error}", case.id),
            };
        }
        let who = match role {
            Role::Server => "servers",
            Role::Proxy => "proxies",
            Role::Client => "clients",
        };
        let _ = writeln!(text, "{} cases for {who}\n", cases.len());
    }
    terminal::say(&text)?;
    Ok(0)
}
