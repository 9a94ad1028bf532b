//! The judge of servers: finds out what a server can do, plays every case against it, and reports.

mod probe;

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub use probe::{Abilities, Unreachable, probe};

use super::cases::Case;
use super::judge::{Run, judge, reproducer};
use super::play::{Bounds, Trouble, octets, play};
use super::script::{Script, Variables};
use super::wire::Endpoint;
use crate::axes::Axes;
use crate::report::{Outcome, Verdict};

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
        let words = [("scheme", scheme), ("host", self.host.as_str()), ("host-name", name), ("path", &self.path), ("body-method", "POST")];
        words.into_iter().map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).collect()
    }

    /// Plays these cases; `done` hears of each outcome as it is there. Outcomes come back in the order of the cases.
    pub fn judge(&self, cases: &[Case], abilities: &Abilities, done: &(dyn Fn(&Outcome) + Sync)) -> Vec<Outcome> {
        let next = AtomicUsize::new(0);
        let outcomes = Mutex::new(Vec::with_capacity(cases.len()));
        let work = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(case) = cases.get(index) else { return };
                let outcome = self.outcome(case, abilities);
                done(&outcome);
                outcomes.lock().expect("no thread panics with the lock").push((index, outcome));
            }
        };
        thread::scope(|scope| {
            for _ in 0..self.jobs.get().min(cases.len().max(1)) {
                scope.spawn(work);
            }
        });
        let mut outcomes = outcomes.into_inner().expect("no thread panics with the lock");
        outcomes.sort_by_key(|(index, _)| *index);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    fn outcome(&self, case: &Case, abilities: &Abilities) -> Outcome {
        let plain = |verdict, message: String| {
            let mut outcome = Outcome::new(&case.id, &self.name, Axes::default(), verdict);
            outcome.message = message;
            outcome
        };
        let script = match &case.script {
            Ok(script) => script,
            Err(error) => {
                let mut outcome = plain(Verdict::Broken, error.message().to_owned());
                outcome.script_error = Some(error.clone());
                return outcome;
            }
        };
        let mut outcome = match self.unsupported(script, abilities) {
            Some(why) => plain(Verdict::Unsupported, why),
            None => match self.runs(script, abilities) {
                Ok(runs) => judge(case, script, &runs, &abilities.baseline, &self.name, self.is_hardened),
                Err(Trouble::Connect(error)) => {
                    plain(Verdict::Broken, format!("cannot connect to {}: {error}", self.endpoint.address))
                }
                Err(Trouble::Variable(name)) => plain(Verdict::Broken, format!("nothing is known as {{{name}}} here")),
            },
        };
        outcome.covers.clone_from(&script.tests);
        if let Some(failure) = &mut outcome.failure
            && let Ok(octets) = octets(script, &abilities.variables)
        {
            let again = reproducer(&octets, &self.endpoint.address, self.endpoint.tls);
            failure.got.extend(again.map(|again| format!("try: {again}")));
        }
        outcome
    }

    fn unsupported(&self, script: &Script, abilities: &Abilities) -> Option<String> {
        if script.is_hardened && !self.is_hardened {
            return Some("judged under --profile hardened only".to_owned());
        }
        let missing = script.needs.iter().find(|need| !abilities.has(**need))?;
        Some(format!("the server lacks `{missing}`: {}", abilities.why_not(*missing)))
    }

    fn runs(&self, script: &Script, abilities: &Abilities) -> Result<Vec<Run>, Trouble> {
        let run = |segments: &_| {
            let observation = play(script, *segments, &self.endpoint, &abilities.variables, &abilities.bounds)?;
            Ok(Run { segments: *segments, observation })
        };
        script.segments.iter().map(run).collect()
    }
}

#[cfg(test)]
mod tests;
