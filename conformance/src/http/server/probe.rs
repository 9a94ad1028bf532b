//! What a server can do, found out by asking it.

mod company;

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::super::observe::{Baseline, End, Message, Observation};
use super::super::play::{Bounds, Trouble, play};
use super::super::script::{Ability, Segments, Variables, parse};
use super::Server;

/// Why there is nothing to judge.
#[derive(Debug, Error)]
pub enum Unreachable {
    /// Nobody listens there.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// Where.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// A plain request is not answered with HTTP/1.x, or the reply does not end.
    #[error("{address} does not answer `GET {path}` with a whole reply of HTTP/1.x: {got}")]
    Mute {
        /// Where.
        address: String,
        /// What was asked for.
        path: String,
        /// What came.
        got: String,
    },
}

/// What a server can do.
#[derive(Clone, Debug)]
pub struct Abilities {
    found: BTreeMap<Ability, Result<(), String>>,
    /// What it answers to plain requests.
    pub baseline: Baseline,
    /// What the words of cases stand for.
    pub variables: Variables,
    /// How long to wait, by what was measured.
    pub bounds: Bounds,
    /// How many clients at once it serves as it serves one.
    pub company: usize,
}

impl Abilities {
    pub(in crate::http) fn new(
        found: BTreeMap<Ability, Result<(), String>>,
        baseline: Baseline,
        variables: Variables,
        bounds: Bounds,
    ) -> Abilities {
        Abilities { found, baseline, variables, bounds, company: usize::MAX }
    }

    /// Whether it can.
    pub fn has(&self, ability: Ability) -> bool {
        self.found.get(&ability).is_some_and(Result::is_ok)
    }

    /// What it did instead.
    pub fn why_not(&self, ability: Ability) -> &str {
        match self.found.get(&ability) {
            Some(Err(why)) => why,
            Some(Ok(())) => "it can",
            None => "not asked",
        }
    }

    /// All that it can do.
    pub fn known(&self) -> impl Iterator<Item = Ability> {
        Ability::ALL.into_iter().filter(|ability| self.has(*ability))
    }
}

/// Asks the server. Errors mean that nothing can be judged.
pub fn probe(server: &Server) -> Result<Abilities, Unreachable> {
    let mut prober = Prober { server, variables: server.variables(), bounds: server.bounds };
    let address = || server.endpoint.address.to_string();
    let asked = Instant::now();
    let plain = prober
        .ask("> GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n\nawait", "GET")
        .map_err(|source| Unreachable::Connect { address: address(), source })?;
    let latency = asked.elapsed();
    let is_whole = plain.replies.iter().any(|reply| reply.is_complete && !reply.is_interim());
    let Some(status) = final_status(&plain, 0).filter(|_| is_whole) else {
        let mut got = super::super::judge::describe(&plain);
        if got.len() > FEW {
            got.splice(FEW - 1..got.len() - 1, ["and so on".to_owned()]);
        }
        let got = got.join(", ");
        return Err(Unreachable::Mute { address: address(), path: server.path.clone(), got });
    };
    // A slow server is given time in proportion, so that it is not found to be mute.
    prober.bounds.quiet =
        prober.bounds.quiet.max((latency.saturating_sub(prober.bounds.quiet) * 4).min(Duration::from_secs(2)));
    let mut ok = vec![status];
    let mut found = BTreeMap::new();
    prober.persistence(&mut found, status);
    prober.bodies(&mut found, &mut ok);
    prober.methods(&mut found, status);
    prober.host(&mut found, status);
    let keeps = found.get(&Ability::KeepAlive).is_some_and(Result::is_ok);
    let company = company::most(server, &prober.variables, &prober.bounds, keeps);
    Ok(Abilities { found, baseline: Baseline { ok }, variables: prober.variables, bounds: prober.bounds, company })
}

/// Whether a plain request still has a whole reply, and what came if not.
pub(super) fn ask(server: &Server, variables: &Variables, bounds: &Bounds) -> Result<(), String> {
    let bounds = Bounds { patience: bounds.patience * 2, total: bounds.patience * 3, ..*bounds };
    let script = parse("probe", "# probe\n> GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n\nawait\nelse fail\n")
        .expect("the probes are right");
    let seen =
        play(&script, Segments::Whole, &server.endpoint, variables, &bounds).map_err(|trouble| match trouble {
            Trouble::Connect(error) => error.to_string(),
            Trouble::Variable(word) | Trouble::Gone(word) => word,
        })?;
    let is_whole = seen.replies.iter().any(|reply| reply.is_complete && !reply.is_interim());
    if is_whole { Ok(()) } else { Err(summary(&seen)) }
}

/// What every status-line starts with.
const BEGINNING: &[u8] = b"HTTP/1.";

/// How many lines tell what a server sent that is none.
const FEW: usize = 5;

fn final_status(observation: &Observation, number: usize) -> Option<u16> {
    observation.replies.iter().filter(|reply| !reply.is_interim()).nth(number).and_then(Message::status)
}

/// Such as `200, 400, then it closed`.
fn summary(observation: &Observation) -> String {
    let statuses = observation.replies.iter().map(|reply| match reply.status() {
        None if !reply.raw.is_empty() && BEGINNING.starts_with(&reply.raw[..reply.raw.len().min(BEGINNING.len())]) => {
            "the beginning of a reply".to_owned()
        }
        None => "no HTTP".to_owned(),
        Some(status) if !reply.is_complete => format!("a part of a {status}"),
        Some(status) => status.to_string(),
    });
    let mut words: Vec<String> = statuses.collect();
    if words.is_empty() {
        words.push("no reply".to_owned());
    }
    if observation.end != End::Open {
        words.push("then it closed".to_owned());
    }
    words.join(", ")
}

type Found = BTreeMap<Ability, Result<(), String>>;

struct Prober<'a> {
    server: &'a Server,
    variables: Variables,
    bounds: Bounds,
}

impl Prober<'_> {
    fn ask(&self, steps: &str, answers: &str) -> io::Result<Observation> {
        let text = format!("# probe\nanswers: {answers}\n{steps}\nelse fail\n");
        let script = parse("probe", &text).expect("the probes are right");
        match play(&script, Segments::Whole, &self.server.endpoint, &self.variables, &self.bounds) {
            Ok(observation) => Ok(observation),
            Err(Trouble::Connect(error)) => Err(error),
            Err(Trouble::Variable(name) | Trouble::Gone(name)) => {
                unreachable!("no probe uses {name}, or is played late")
            }
        }
    }

    fn find(
        &self,
        found: &mut Found,
        ability: Ability,
        steps: &str,
        answers: &str,
        is_able: impl Fn(&Observation) -> bool,
    ) -> bool {
        let result = match self.ask(steps, answers) {
            Ok(observation) if is_able(&observation) => Ok(()),
            Ok(observation) => Err(summary(&observation)),
            Err(error) => Err(error.to_string()),
        };
        let is_able = result.is_ok();
        found.insert(ability, result);
        is_able
    }

    fn persistence(&self, found: &mut Found, status: u16) {
        const GET: &str = "> GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n";
        let both = |observation: &Observation| final_status(observation, 1) == Some(status);
        self.find(found, Ability::KeepAlive, &format!("{GET}\nawait\n{GET}\nawait"), "GET", both);
        self.find(found, Ability::Pipeline, &format!("{GET}\n{GET}"), "GET", both);
        let old = "> GET {path} HTTP/1.0\\r\\nHost: {host}\\r\\n\\r\\n";
        self.find(found, Ability::Http10, old, "GET", |observation| final_status(observation, 0) == Some(status));
    }

    fn host(&self, found: &mut Found, ok: u16) {
        let without = "> GET {path} HTTP/1.1\\r\\n\\r\\n\nawait";
        self.find(found, Ability::Host, without, "GET", |observation| final_status(observation, 0) != Some(ok));
    }

    /// Which method carries a body, how it is answered, and whether what follows the body is read as a request.
    fn bodies(&mut self, found: &mut Found, ok: &mut Vec<u16>) {
        let asks = |method: &str, framing: &str| {
            format!(
                "> {method} {{path}} HTTP/1.1\\r\\nHost: {{host}}\\r\\nContent-Type: text/plain\\r\\n{framing}\n\
                 > GET {{path}} HTTP/1.1\\r\\nHost: {{host}}\\r\\n\\r\\n"
            )
        };
        let body = "Content-Length: 12\\r\\n\\r\\nwirelaw body";
        // A method that succeeds shows most; one that is refused with its body read shows where the body ends.
        let tried: Vec<(&str, Option<Observation>)> =
            ["POST", "PUT", "GET"].map(|method| (method, self.ask(&asks(method, body), method).ok())).into();
        let answered = |observation: &Option<Observation>, good: bool| {
            observation.as_ref().is_some_and(|observation| {
                let first = final_status(observation, 0);
                final_status(observation, 1).is_some_and(|status| ok.contains(&status))
                    && first.is_some_and(|status| !good || status < 400)
            })
        };
        let best = tried
            .iter()
            .find(|(_, seen)| answered(seen, true))
            .or_else(|| tried.iter().find(|(_, seen)| answered(seen, false)));
        let Some((method, Some(seen))) = best else {
            let why = tried[0].1.as_ref().map_or("no connection".to_owned(), summary);
            for ability in [Ability::Body, Ability::Chunked, Ability::Echo, Ability::Continue] {
                found.insert(ability, Err(why.clone()));
            }
            return;
        };
        found.insert(Ability::Body, Ok(()));
        let echoes = seen.replies.iter().any(|reply| reply.body.windows(12).any(|window| window == b"wirelaw body"));
        found.insert(Ability::Echo, if echoes { Ok(()) } else { Err("its reply does not hold the body".to_owned()) });
        let status = final_status(seen, 0);
        ok.extend(status.filter(|status| !ok.contains(status)));
        self.variables.insert("body-method".to_owned(), method.as_bytes().to_vec());
        let both = |observation: &Observation| {
            final_status(observation, 0) == status && final_status(observation, 1).is_some()
        };
        let chunks = asks(method, "Transfer-Encoding: chunked\\r\\n\\r\\nc\\r\\nwirelaw body\\r\\n0\\r\\n\\r\\n");
        self.find(found, Ability::Chunked, &chunks, method, both);
        let expect = format!(
            "> {method} {{path}} HTTP/1.1\\r\\nHost: {{host}}\\r\\nContent-Length: 12\\r\\nExpect: 100-continue\\r\\n\\r\\n\n\
             pause 200ms\n> wirelaw body"
        );
        let continued = |observation: &Observation| observation.replies.first().and_then(Message::status) == Some(100);
        self.find(found, Ability::Continue, &expect, method, continued);
    }

    fn methods(&self, found: &mut Found, ok: u16) {
        let ask =
            |method: &str, target: &str| format!("> {method} {target} HTTP/1.1\\r\\nHost: {{host}}\\r\\n\\r\\n\nawait");
        let success = |observation: &Observation| final_status(observation, 0).is_some_and(|status| status < 300);
        self.find(found, Ability::Head, &ask("HEAD", "{path}"), "HEAD", |observation| {
            final_status(observation, 0) == Some(ok)
        });
        self.find(found, Ability::Options, &ask("OPTIONS", "{path}"), "OPTIONS", success);
        self.find(found, Ability::Trace, &ask("TRACE", "{path}"), "TRACE", success);
    }
}
