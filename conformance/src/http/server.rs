//! The judge of servers: finds out what a server can do, plays every case against it, and reports.

mod probe;
mod started;

use std::num::NonZeroUsize;

pub use probe::{Abilities, Unreachable, probe};
pub use started::{NotStarted, Started};

use super::cases::Case;
use super::judge::{Judge, Run};
use super::looks::{Plan, look};
use super::play::{Bounds, play};
use super::script::{Role, Script, Segments, Variables};
use super::wire::Endpoint;
use crate::report::Outcome;

/// What is judged, and how.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its name in reports.
    pub name: String,
    /// Where it listens.
    pub endpoint: Endpoint,
    /// What `Host` says.
    pub host: String,
    /// What is asked for: a target that it answers.
    pub path: String,
    /// Whether surplus caution is asked for.
    pub is_hardened: bool,
    /// How long to wait.
    pub bounds: Bounds,
    /// How many connections at once.
    pub jobs: NonZeroUsize,
}

impl Server {
    /// What the words of cases stand for, before the server is known better.
    pub fn variables(&self) -> Variables {
        let name = self.host.rsplit_once(':').map_or(self.host.as_str(), |(name, _)| name);
        let scheme = if self.endpoint.tls { "https" } else { "http" };
        let words = [
            ("scheme", scheme),
            ("host", self.host.as_str()),
            ("host-name", name),
            ("path", &self.path),
            ("body-method", "POST"),
        ];
        words.into_iter().map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).collect()
    }

    /// Plays these cases; `done` hears of each outcome as it is there. Outcomes come back in the order of the cases.
    /// What looks wrong at first gets a second look, with more time and less company.
    pub fn judge(&self, cases: &[Case], abilities: &Abilities, done: &(dyn Fn(&Outcome) + Sync)) -> Vec<Outcome> {
        let judge = Judge {
            name: &self.name,
            role: Role::Server,
            endpoint: Some(&self.endpoint),
            is_hardened: self.is_hardened,
            abilities,
        };
        let jobs = self.jobs.get().min(abilities.company);
        let ask = || probe::ask(self, &abilities.variables, &abilities.bounds);
        let plan = Plan { first: jobs, second: jobs.min(COMPANY), bounds: abilities.bounds, quiet: 6, ask: &ask };
        let play = |script: &Script, segments: Segments, bounds: &Bounds| {
            let observation = play(script, segments, &self.endpoint, &abilities.variables, bounds)?;
            Ok(Run { segments, observation })
        };
        look(&judge, cases, &plan, play, |outcome| {
            done(&outcome);
            outcome
        })
    }
}

/// How many connections at once a second look may have.
const COMPANY: usize = 24;

#[cfg(test)]
mod tests;
