//! The judge of proxies: speaks to the front as a client and listens at the back as the origin server, and judges
//! what was made of each message, both ways.

mod back;
mod probe;

use std::net::SocketAddr;

pub use back::{Back, Came, tag};
pub use probe::{NoProxy, probe};

use super::cases::Case;
use super::judge::{Judge, Run};
use super::observe::Observation;
use super::origin::blocks;
use super::play::{Bounds, Trouble, play};
use super::script::{Role, Script, Segments, Side, Step, Variables};
use super::server::Abilities;
use super::wire::Endpoint;
use crate::report::{Outcome, Verdict};
use crate::requirements::http;

/// What is judged, and how.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// Its name in reports.
    pub name: String,
    /// Where clients reach it.
    pub front: Endpoint,
    /// Where it reaches its origin server: the judge listens there.
    pub back: SocketAddr,
    /// What `Host` says.
    pub host: String,
    /// What every target starts with.
    pub path: String,
    /// Whether it was put up by the owner of the origin, so that rules for proxies that users choose are advice.
    pub is_gateway: bool,
    /// Whether surplus caution is asked for.
    pub is_hardened: bool,
    /// How long to wait.
    pub bounds: Bounds,
}

impl Proxy {
    /// What the words of cases stand for in a run with this tag. `is_absolute`: its targets are URIs.
    pub fn variables(&self, tag: &str, is_absolute: bool) -> Variables {
        let name = self.host.rsplit_once(':').map_or(self.host.as_str(), |(name, _)| name);
        let path = format!("{}/{tag}", self.path.trim_end_matches('/'));
        let absolute = format!("http://{}{path}", self.host);
        let words = [
            ("host", self.host.clone()),
            ("host-name", name.to_owned()),
            ("path", if is_absolute { absolute.clone() } else { path }),
            ("absolute", absolute),
            ("tag", tag.to_owned()),
            ("body-method", "POST".to_owned()),
        ];
        words.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect()
    }

    /// Plays a case once.
    pub fn play(
        &self,
        back: &Back,
        script: &Script,
        segments: Segments,
        is_absolute: bool,
        bounds: &Bounds,
    ) -> Result<Observation, Trouble> {
        let tag = tag();
        let variables = self.variables(&tag, is_absolute);
        let blocks = blocks(script, &variables, segments, false)?;
        let mut front = script.clone();
        front.steps.retain(|placed| placed.side == Side::Client || matches!(placed.step, Step::Connection(_)));
        back.begin(&tag, blocks);
        let played = play(&front, segments, &self.front, &variables, bounds);
        let came = back.finish();
        let observation = played?;
        Ok(Observation { requests: came.requests, connections: came.connections, ..observation })
    }

    /// Plays these cases one after another; `done` hears of each outcome as it is there. What looks wrong is played
    /// again with more time, and the second look counts.
    pub fn judge(&self, back: &Back, cases: &[Case], abilities: &Abilities, done: &dyn Fn(&Outcome)) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(cases.len());
        for case in cases {
            let outcome = self.outcome(back, case, abilities);
            done(&outcome);
            outcomes.push(outcome);
        }
        outcomes
    }

    fn outcome(&self, back: &Back, case: &Case, abilities: &Abilities) -> Outcome {
        let judge = Judge {
            name: &self.name,
            role: Role::Proxy,
            endpoint: Some(&self.front),
            is_hardened: self.is_hardened,
            abilities,
        };
        let is_absolute = abilities.variables.get("path").is_some_and(|path| path.starts_with(b"http:"));
        let outcome = judge.outcome(case, |script| {
            let look = |segments: Segments, bounds: &Bounds| {
                let observation = self.play(back, script, segments, is_absolute, bounds)?;
                Ok(Run { segments, observation })
            };
            let run = |segments: &Segments| {
                let run = look(*segments, &abilities.bounds)?;
                if judge.is_wrong(script, &run) {
                    look(*segments, &abilities.bounds.with_more_time(4))
                } else {
                    Ok(run)
                }
            };
            script.segments.iter().map(run).collect()
        });
        self.mitigate(outcome)
    }

    /// What binds only proxies that users choose is advice for a gateway (9110 3.7).
    fn mitigate(&self, mut outcome: Outcome) -> Outcome {
        let text = outcome.clause.as_ref().and_then(|clause| http().get(&clause.id)).map(|found| found.text.as_str());
        // Of an invalid length 6.3 of 9112 says first that every recipient takes it for an error.
        let is_for_all = outcome.clause.as_ref().is_some_and(|clause| clause.id == "9112-6.3-CL-INVALID-PROXY");
        // 3.2.4 of 9112 and 7.7 of 9110 speak of proxies, too.
        let is_for_proxies = text.is_some_and(|text| text.starts_with("(proxy)") || text.starts_with("A proxy "))
            || outcome.clause.as_ref().is_some_and(|clause| {
                ["9112-3.2.4-LAST-PROXY-STAR", "9110-7.7-KEEP-PATH"].contains(&clause.id.as_str())
            });
        if self.is_gateway && outcome.verdict == Verdict::Fail && is_for_proxies && !is_for_all {
            outcome.verdict = Verdict::Warn;
            outcome.message.push_str(" (a rule for proxies; this is a gateway)");
        }
        outcome
    }
}
