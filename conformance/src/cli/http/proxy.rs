//! `wirelaw http proxy`.

use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroUsize;
use std::time::Duration;

use clap::Args;

use super::super::CliError;
use super::judge::JudgeArguments;
use super::server::target;
use crate::http::play::Bounds;
use crate::http::proxy::{Back, Lane, NoProxy, Proxy, probe};
use crate::http::script::{Ability, Role};
use crate::http::server::Abilities;
use crate::http::wire::{Address, Endpoint};
use crate::suite::Home;

#[derive(Debug, Args)]
pub(in super::super) struct ProxyArguments {
    /// Where clients reach the proxy: HOST:PORT, [IPV6]:PORT or unix:PATH. May be repeated, each with a --back-listen of
    /// its own: a proxy that shares its connections among clients is then judged in several places at once.
    #[arg(long, value_name = "ADDRESS", required = true)]
    front: Vec<Address>,
    /// Where the proxy looks for its origin server: the judge listens there. As many as there are of --front.
    #[arg(long, value_name = "HOST:PORT", required = true, value_parser = listen)]
    back_listen: Vec<SocketAddr>,
    /// Speak TLS at the front; any certificate will do.
    #[arg(long)]
    tls: bool,
    /// It is a gateway (a reverse proxy): what binds only proxies that users choose is a warning.
    #[arg(long)]
    gateway: bool,
    /// What Host says, if it is not the address of the back.
    #[arg(long, value_name = "HOST[:PORT]")]
    host_header: Option<String>,
    /// What every target starts with.
    #[arg(long, value_name = "TARGET", default_value = "/", value_parser = target)]
    path: String,
    /// How long a reply may take, in milliseconds.
    #[arg(long, value_name = "MS", default_value = "1000", value_parser = clap::value_parser!(u64).range(50..=60_000))]
    patience: u64,
    /// Runs at once, where the proxy does not mix them.
    #[arg(long, value_name = "N", default_value = "16")]
    jobs: NonZeroUsize,
    #[command(flatten)]
    judge: JudgeArguments,
}

pub(super) fn proxy(arguments: &ProxyArguments) -> Result<u8, CliError> {
    let home = Home::find().ok_or(CliError::NoHome)?;
    let cases = arguments.judge.cases(&home, Role::Proxy)?;
    let mut proxy = arguments.proxy()?;
    let abilities = probe(&mut proxy)?;
    let introduction = introduction(&proxy, &abilities);
    let outcomes = arguments.judge.judge(&introduction, cases.len(), |done| proxy.judge(&cases, &abilities, done))?;
    arguments.judge.finish(outcomes, &home)
}

fn introduction(proxy: &Proxy, abilities: &Abilities) -> String {
    let can: Vec<_> = abilities.known().map(Ability::name).collect();
    let kind = if proxy.is_gateway { "a gateway" } else { "a proxy" };
    let lane = &proxy.lanes[0];
    let mut text = format!(
        "{} at {}, {kind} before {}; it can: {}\n",
        proxy.name,
        lane.front.address,
        lane.back.address(),
        can.join(" ")
    );
    if proxy.runs_at_once() == 1 && proxy.jobs.get() > 1 {
        text.push_str(
            "It lets clients share its connections: one case at a time, unless --front and --back-listen are repeated.\n",
        );
    }
    text.push('\n');
    text
}

impl ProxyArguments {
    fn proxy(&self) -> Result<Proxy, CliError> {
        let patience = Duration::from_millis(self.patience);
        let bounds = Bounds { patience, ..Bounds::default() };
        if self.front.len() != self.back_listen.len() {
            return Err(NoProxy::Pairs { fronts: self.front.len(), backs: self.back_listen.len() }.into());
        }
        let lane = |(front, back): (&Address, &SocketAddr)| {
            let listen = |source| NoProxy::Listen { address: back.to_string(), source };
            let front = Endpoint { address: front.clone(), tls: self.tls, patience };
            // It looks the origin up by this if it is no gateway, and does not care if it is one.
            let host = self.host_header.clone().unwrap_or_else(|| back.to_string());
            Ok::<_, NoProxy>(Lane::new(front, Back::listen(*back, bounds).map_err(listen)?, host))
        };
        Ok(Proxy {
            name: self.judge.name(&self.front[0].to_string()),
            lanes: self.front.iter().zip(&self.back_listen).map(lane).collect::<Result<_, _>>()?,
            path: self.path.clone(),
            is_gateway: self.gateway,
            is_hardened: self.judge.is_hardened(),
            bounds,
            jobs: self.jobs,
        })
    }
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    let mut found = text.to_socket_addrs().map_err(|error| format!("{error}; give HOST:PORT"))?;
    found.next().ok_or_else(|| "the name has no address".to_owned())
}
