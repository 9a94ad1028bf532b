//! What a proxy can do, found out by asking it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use thiserror::Error;

use super::super::judge::describe;
use super::super::observe::{Baseline, Message, Observation};
use super::super::play::{Bounds, Trouble};
use super::super::script::{Ability, Script, Segments, parse};
use super::super::server::Abilities;
use super::lane::Run;
use super::{Back, Lane, Proxy};

/// Why there is nothing to judge.
#[derive(Debug, Error)]
pub enum NoProxy {
    /// The judge cannot listen at the back.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// Each front needs a listener behind it.
    #[error("{fronts} times --front but {backs} times --back-listen: give them in pairs")]
    Pairs {
        /// How many of one.
        fronts: usize,
        /// How many of the other.
        backs: usize,
    },
    /// Nobody listens at the front.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// Where.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// A plain request does not come through.
    #[error("a plain request to {address} did not come to {back}, or its reply did not come back: {got}")]
    NotForwarded {
        /// Where it was sent.
        address: String,
        /// Where it should have come.
        back: String,
        /// What came.
        got: String,
    },
}

const GET: &str = "> GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n";

/// Asks the proxy, and finds out how many runs at once do not meet in it. Errors mean that nothing can be judged.
pub fn probe(proxy: &mut Proxy) -> Result<Abilities, NoProxy> {
    let lane = proxy.lanes.first().expect("a proxy has a lane");
    let mut prober = Prober { proxy, lane, is_absolute: false };
    let mut plain = prober.ask(GET)?;
    if !is_through(&plain, 1) {
        // Such as a proxy that users choose: it wants to be told where.
        prober.is_absolute = true;
        let absolute = prober.ask(GET)?;
        if !is_through(&absolute, 1) {
            return Err(prober.not_forwarded(&plain));
        }
        plain = absolute;
    }
    for lane in &proxy.lanes[1..] {
        let prober = Prober { lane, ..prober };
        let plain = prober.ask(GET)?;
        if !is_through(&plain, 1) {
            return Err(prober.not_forwarded(&plain));
        }
    }
    let abilities = abilities(&prober, &plain)?;
    // Whether a request on a second connection goes on where one on the first has left off.
    let apart = prober.ask(&format!("{GET}\nawait\nconnection 2\n{GET}"))?;
    let is_apart = apart.requests.len() == 2 && apart.connections == 2;
    let more = if prober.is_absolute && !is_apart { more_lanes(&prober) } else { Vec::new() };
    proxy.lanes.extend(more);
    if is_apart {
        proxy.lanes.iter_mut().for_each(Lane::share);
    }
    Ok(abilities)
}

/// Whether a plain request still goes through, and what came if not.
pub(super) fn ask(
    play: impl Fn(&Script, &Bounds) -> Result<Observation, Trouble>,
    bounds: &Bounds,
) -> Result<(), String> {
    let bounds = Bounds { patience: bounds.patience * 2, total: bounds.patience * 3, ..*bounds };
    let script = parse("probe", &format!("# probe\n{GET}\nelse fail\n")).expect("the probes are right");
    match play(&script, &bounds) {
        Ok(seen) if is_through(&seen, 1) => Ok(()),
        Ok(seen) => Err(describe(&seen).join(", ")),
        Err(Trouble::Connect(error)) => Err(error.to_string()),
        Err(Trouble::Variable(word) | Trouble::Gone(word)) => Err(word),
    }
}

/// A proxy that users choose takes each port of ours for a server of its own, and never mixes those.
fn more_lanes(prober: &Prober<'_>) -> Vec<Lane> {
    let (proxy, first) = (prober.proxy, prober.lane);
    if first.host != first.back.address().to_string() {
        return Vec::new(); // a name that means that port alone
    }
    let lane = |_| {
        let back = Back::listen(SocketAddr::new(first.back.address().ip(), 0), proxy.bounds).ok()?;
        let host = back.address().to_string();
        let lane = Lane::new(first.front.clone(), back, host);
        let is_open = Prober { lane: &lane, ..*prober }.ask(GET).is_ok_and(|plain| is_through(&plain, 1));
        is_open.then_some(lane)
    };
    (proxy.lanes.len()..proxy.jobs.get()).map_while(lane).collect()
}

fn abilities(prober: &Prober<'_>, plain: &Observation) -> Result<Abilities, NoProxy> {
    let (proxy, get) = (prober.proxy, GET);
    let mut ok: Vec<u16> = plain.replies.iter().filter_map(Message::status).filter(|it| *it >= 200).collect();
    ok.truncate(1);
    let mut found = BTreeMap::new();
    let mut find = |ability, steps: &str, wanted: usize| -> Result<(), NoProxy> {
        let seen = prober.ask(steps)?;
        let able = if is_through(&seen, wanted) { Ok(()) } else { Err(describe(&seen).join(", ")) };
        found.insert(ability, able);
        Ok(())
    };
    let post = "> POST {path} HTTP/1.1\\r\\nHost: {host}\\r\\n";
    find(Ability::KeepAlive, &format!("{get}\nawait\n{get}"), 2)?;
    find(Ability::Pipeline, &format!("{get}\n{get}"), 2)?;
    find(Ability::Body, &format!("{post}\n> Content-Length: 4\\r\\n\\r\\nbody\nawait\n{get}"), 2)?;
    find(
        Ability::Chunked,
        &format!("{post}\n> Transfer-Encoding: chunked\\r\\n\\r\\n4\\r\\nbody\\r\\n0\\r\\n\\r\\n\nawait\n{get}"),
        2,
    )?;
    find(Ability::Http10, "> GET {path} HTTP/1.0\\r\\nHost: {host}\\r\\n\\r\\n", 1)?;
    for (ability, method) in [(Ability::Head, "HEAD"), (Ability::Options, "OPTIONS"), (Ability::Trace, "TRACE")] {
        find(ability, &format!("> {method} {{path}} HTTP/1.1\\r\\nHost: {{host}}\\r\\n\\r\\n"), 1)?;
    }
    let expect = format!(
        "{post}> Content-Length: 4\\r\\nExpect: 100-continue\\r\\n\\r\\n\npause 200ms\n> body\n\
         < HTTP/1.1 100 Continue\\r\\n\\r\\n"
    )
    .replace("\\r\\n>", "\\r\\n\n>");
    let seen = prober.ask(&expect)?;
    let continued = seen.replies.first().and_then(Message::status) == Some(100);
    found.insert(Ability::Continue, if continued { Ok(()) } else { Err(describe(&seen).join(", ")) });
    let kind = if proxy.is_gateway { Err("it is a gateway".to_owned()) } else { Ok(()) };
    found.insert(Ability::Proxy, kind);
    let variables = prober.lane.variables(&proxy.path, "wtag0x", prober.is_absolute);
    Ok(Abilities::new(found, Baseline { ok }, variables, proxy.bounds))
}

/// Whether so many requests came to the back, whole, and were answered with success.
fn is_through(seen: &Observation, wanted: usize) -> bool {
    let good = |status: u16| (200..300).contains(&status);
    seen.requests.iter().filter(|request| request.is_complete).count() == wanted
        && seen.replies.iter().filter(|reply| reply.is_complete && reply.status().is_some_and(good)).count() == wanted
}

#[derive(Clone, Copy)]
struct Prober<'a> {
    proxy: &'a Proxy,
    lane: &'a Lane,
    is_absolute: bool,
}

impl Prober<'_> {
    fn ask(&self, steps: &str) -> Result<Observation, NoProxy> {
        let script = parse("probe", &format!("# probe\n{steps}\nelse fail\n")).expect("the probes are right");
        let run = Run {
            script: &script,
            segments: Segments::Whole,
            path: &self.proxy.path,
            is_absolute: self.is_absolute,
            bounds: &self.proxy.bounds,
        };
        match self.lane.play(&run) {
            Ok(seen) => Ok(seen),
            Err(Trouble::Connect(source)) => {
                Err(NoProxy::Connect { address: self.lane.front.address.to_string(), source })
            }
            Err(Trouble::Variable(name) | Trouble::Gone(name)) => {
                unreachable!("no probe uses {name}, or is played late")
            }
        }
    }

    fn not_forwarded(&self, got: &Observation) -> NoProxy {
        NoProxy::NotForwarded {
            address: self.lane.front.address.to_string(),
            back: self.lane.back.address().to_string(),
            got: describe(got).join(", "),
        }
    }
}
