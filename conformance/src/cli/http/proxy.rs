//! `wirelaw http proxy`.

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use clap::Args;

use super::super::{CliError, terminal};
use super::Profile;
use super::output::OutputArguments;
use super::server::target;
use crate::http::cases;
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
    /// Only cases with this in their name, or that test this requirement; may be repeated.
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// What is asked of the proxy.
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// Its name in reports; `--expect` gives one, too.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// How long a reply may take, in milliseconds.
    #[arg(long, value_name = "MS", default_value = "1000", value_parser = clap::value_parser!(u64).range(50..=60_000))]
    patience: u64,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn proxy(arguments: &ProxyArguments) -> Result<u8, CliError> {
    let home = Home::find().ok_or(CliError::NoHome)?;
    let cases = cases::find(&home.scripts(), Role::Proxy, &arguments.only)?;
    let proxy = arguments.proxy();
    let listen = |source| NoProxy::Listen { address: proxy.back.to_string(), source };
    let back = Back::listen(proxy.back, proxy.bounds).map_err(listen)?;
    let abilities = probe(&proxy, &back)?;
    if !arguments.output.quiet {
        terminal::say(&introduction(&proxy, &abilities))?;
    }
    let bar = arguments.output.bar(cases.len());
    let outcomes = proxy.judge(&back, &cases, &abilities, &|_| bar.inc(1));
    bar.finish_and_clear();
    arguments.output.finish(outcomes, &home, arguments.only.is_empty())
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
            name: self.output.name(self.name.as_ref(), &self.front.to_string()),
            front: Endpoint { address: self.front.clone(), tls: self.tls, patience },
            back: self.back_listen,
            host,
            path: self.path.clone(),
            is_gateway: self.gateway,
            is_hardened: self.profile == Profile::Hardened,
            bounds: Bounds { patience, ..Bounds::default() },
        }
    }
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    let mut found = text.to_socket_addrs().map_err(|error| format!("{error}; give HOST:PORT"))?;
    found.next().ok_or_else(|| "the name has no address".to_owned())
}
