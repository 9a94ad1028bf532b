//! `wirelaw http proxy`.

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use clap::Args;

use super::super::CliError;
use super::judge::JudgeArguments;
use super::server::target;
use crate::http::play::Bounds;
use crate::http::proxy::{Back, NoProxy, Proxy, probe};
use crate::http::script::{Ability, Role};
use crate::http::server::Abilities;
use crate::http::wire::{Address, Endpoint};
use crate::suite::Home;

#[derive(Debug, Args)]
pub(in super::super) struct ProxyArguments {
    /// Where clients reach the proxy: HOST:PORT, [IPV6]:PORT or unix:PATH.
    #[arg(long, value_name = "ADDRESS")]
    front: Address,
    /// Where the proxy looks for its origin server: the judge listens there.
    #[arg(long, value_name = "HOST:PORT", value_parser = listen)]
    back_listen: SocketAddr,
    /// Speak TLS at the front; any certificate will do.
    #[arg(long)]
    tls: bool,
    /// It is a gateway (a reverse proxy): what binds only proxies that users choose is a warning.
    #[arg(long)]
    gateway: bool,
    /// What Host says: the address of the front, or that of the back if targets are to be URIs.
    #[arg(long, value_name = "HOST[:PORT]")]
    host_header: Option<String>,
    /// What every target starts with.
    #[arg(long, value_name = "TARGET", default_value = "/", value_parser = target)]
    path: String,
    /// How long a reply may take, in milliseconds.
    #[arg(long, value_name = "MS", default_value = "1000", value_parser = clap::value_parser!(u64).range(50..=60_000))]
    patience: u64,
    #[command(flatten)]
    judge: JudgeArguments,
}

pub(super) fn proxy(arguments: &ProxyArguments) -> Result<u8, CliError> {
    let home = Home::find().ok_or(CliError::NoHome)?;
    let cases = arguments.judge.cases(&home, Role::Proxy)?;
    let proxy = arguments.proxy();
    let listen = |source| NoProxy::Listen { address: proxy.back.to_string(), source };
    let back = Back::listen(proxy.back, proxy.bounds).map_err(listen)?;
    let abilities = probe(&proxy, &back)?;
    let introduction = introduction(&proxy, &abilities);
    let outcomes =
        arguments.judge.judge(&introduction, cases.len(), |done| proxy.judge(&back, &cases, &abilities, done))?;
    arguments.judge.finish(outcomes, &home)
}

fn introduction(proxy: &Proxy, abilities: &Abilities) -> String {
    let can: Vec<_> = abilities.known().map(Ability::name).collect();
    let kind = if proxy.is_gateway { "a gateway" } else { "a proxy" };
    format!("{} at {}, {kind} before {}; it can: {}\n\n", proxy.name, proxy.front.address, proxy.back, can.join(" "))
}

impl ProxyArguments {
    fn proxy(&self) -> Proxy {
        let patience = Duration::from_millis(self.patience);
        let host = match (&self.host_header, &self.front) {
            (Some(host), _) => host.clone(),
            // It looks the origin up by this if it is no gateway, and does not care if it is one.
            (None, _) => self.back_listen.to_string(),
        };
        Proxy {
            name: self.judge.name(&self.front.to_string()),
            front: Endpoint { address: self.front.clone(), tls: self.tls, patience },
            back: self.back_listen,
            host,
            path: self.path.clone(),
            is_gateway: self.gateway,
            is_hardened: self.judge.is_hardened(),
            bounds: Bounds { patience, ..Bounds::default() },
        }
    }
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    let mut found = text.to_socket_addrs().map_err(|error| format!("{error}; give HOST:PORT"))?;
    found.next().ok_or_else(|| "the name has no address".to_owned())
}
