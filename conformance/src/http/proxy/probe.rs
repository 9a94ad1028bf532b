//! What a proxy can do, found out by asking it.

use std::collections::BTreeMap;
use std::io;

use thiserror::Error;

use super::super::judge::describe;
use super::super::observe::{Baseline, Message, Observation};
use super::super::play::Trouble;
use super::super::script::{Ability, Segments, parse};
use super::super::server::Abilities;
use super::{Back, Proxy};

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

/// Asks the proxy. Errors mean that nothing can be judged.
pub fn probe(proxy: &Proxy, back: &Back) -> Result<Abilities, NoProxy> {
    let mut prober = Prober { proxy, back, is_absolute: false };
    let get = "> GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n";
    let mut plain = prober.ask(get)?;
    if !is_through(&plain, 1) {
        // Such as a proxy that users choose: it wants to be told where.
        prober.is_absolute = true;
        let absolute = prober.ask(get)?;
        if !is_through(&absolute, 1) {
            return Err(NoProxy::NotForwarded {
                address: proxy.front.address.to_string(),
                back: back.address().to_string(),
                got: describe(&plain).join(", "),
            });
        }
        plain = absolute;
    }
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
    let variables = proxy.variables("wtag0x", prober.is_absolute);
    Ok(Abilities::new(found, Baseline { ok }, variables, proxy.bounds))
}

/// Whether so many requests came to the back, whole, and were answered with success.
fn is_through(seen: &Observation, wanted: usize) -> bool {
    let good = |status: u16| (200..300).contains(&status);
    seen.requests.iter().filter(|request| request.is_complete).count() == wanted
        && seen.replies.iter().filter(|reply| reply.is_complete && reply.status().is_some_and(good)).count() == wanted
}

struct Prober<'a> {
    proxy: &'a Proxy,
    back: &'a Back,
    is_absolute: bool,
}

impl Prober<'_> {
    fn ask(&self, steps: &str) -> Result<Observation, NoProxy> {
        let script = parse("probe", &format!("# probe\n{steps}\nelse fail\n")).expect("the probes are right");
        match self.proxy.play(self.back, &script, Segments::Whole, self.is_absolute, &self.proxy.bounds) {
            Ok(seen) => Ok(seen),
            Err(Trouble::Connect(source)) => {
                Err(NoProxy::Connect { address: self.proxy.front.address.to_string(), source })
            }
            Err(Trouble::Variable(name)) => unreachable!("no probe uses {name}"),
        }
    }
}
