//! The judge of proxies: speaks to the front as a client and listens at the back as the origin server, and judges
//! what was made of each message, both ways.

mod back;
mod lane;
mod probe;

use std::num::NonZeroUsize;

pub use back::{Back, Came, tag};
pub use lane::Lane;
pub use probe::{NoProxy, probe};

use super::cases::Case;
use super::judge::{Judge, Run};
use super::looks::{Plan, look};
use super::play::Bounds;
use super::script::{Role, Script, Segments};
use super::server::Abilities;
use crate::report::{Outcome, Verdict};
use crate::requirements::http;
use lane::Places;

/// What is judged, and how.
#[derive(Debug)]
pub struct Proxy {
    /// Its name in reports.
    pub name: String,
    /// The ways through it; at least one. [`probe`] adds more where it can.
    pub lanes: Vec<Lane>,
    /// What every target starts with.
    pub path: String,
    /// Whether it was put up by the owner of the origin, so that rules for proxies that users choose are advice.
    pub is_gateway: bool,
    /// Whether surplus caution is asked for.
    pub is_hardened: bool,
    /// How long to wait.
    pub bounds: Bounds,
    /// How many runs at once, if that is sound.
    pub jobs: NonZeroUsize,
}

impl Proxy {
    /// How many runs there are at once: as many as are wanted, and as go through without meeting each other.
    pub fn runs_at_once(&self) -> usize {
        Places::new(&self.lanes).count().min(self.jobs.get())
    }

    /// Plays these cases; `done` hears of each outcome as it is there. Outcomes come back in the order of the cases.
    ///
    /// What looks wrong is played again with more time, and the second look counts. What may have met another run in
    /// the proxy is played again alone.
    pub fn judge(&self, cases: &[Case], abilities: &Abilities, done: &(dyn Fn(&Outcome) + Sync)) -> Vec<Outcome> {
        let judge = Judge {
            name: &self.name,
            role: Role::Proxy,
            endpoint: self.lanes.first().map(|lane| &lane.front),
            is_hardened: self.is_hardened,
            abilities,
        };
        let is_absolute = abilities.variables.get("path").is_some_and(|path| path.starts_with(b"http:"));
        let places = Places::new(&self.lanes);
        let jobs = self.runs_at_once();
        let run = |script: &Script, segments: Segments, bounds: &Bounds| {
            let run = lane::Run { script, segments, path: &self.path, is_absolute, bounds };
            places.with(|lane| lane.play(&run))
        };
        let ask = || probe::ask(|script, bounds| run(script, Segments::Whole, bounds), &abilities.bounds);
        let plan = Plan { first: jobs, second: jobs, bounds: abilities.bounds, quiet: 4, ask: &ask };
        let play = |script: &Script, segments: Segments, bounds: &Bounds| {
            Ok(Run { segments, observation: run(script, segments, bounds)? })
        };
        look(&judge, cases, &plan, play, |outcome| {
            let outcome = self.mitigate(outcome);
            done(&outcome);
            outcome
        })
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
