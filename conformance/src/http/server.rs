//! The judge of servers: finds out what a server can do, plays every case against it, and reports.

mod probe;
mod reach;

use std::cmp::Reverse;
use std::mem;
use std::num::NonZeroUsize;
use std::sync::Mutex;

pub use probe::{Abilities, Unreachable, probe};

use super::cases::Case;
use super::judge::{Judge, Run};
use super::play::{Bounds, Trouble, play};
use super::script::{Role, Script, Segments, Variables};
use super::wire::Endpoint;
use crate::parallel::parallel;
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
    ///
    /// What looks wrong at first gets a second look, with more time and less company: a server that is slow to answer
    /// or to close, or that drops connections when it has many, is not at fault.
    pub fn judge(&self, cases: &[Case], abilities: &Abilities, done: &(dyn Fn(&Outcome) + Sync)) -> Vec<Outcome> {
        let judge = Judge {
            name: &self.name,
            role: Role::Server,
            endpoint: Some(&self.endpoint),
            is_hardened: self.is_hardened,
            abilities,
        };
        // Each way to cut a case is a unit of its own, or the case that waits longest would hold up all.
        let playable = |case: &Case| case.script.as_ref().is_ok_and(|script| judge.unsupported(script).is_none());
        let ways = |case: &Case| case.script.as_ref().map_or(0, |script| script.segments.len());
        let units = cases.iter().enumerate().filter(|(_, case)| playable(case));
        let units: Vec<(usize, usize)> =
            units.flat_map(|(at, case)| (0..ways(case)).map(move |way| (at, way))).collect();
        let first = reach::play_all(&units, self.jobs.get(), |(at, way)| {
            let script = cases[*at].script.as_ref().expect("it is playable");
            self.play(script, script.segments[*way], abilities, &abilities.bounds)
        });
        let mut looks: Vec<Look<'_>> = cases.iter().map(|case| Look { case, runs: Mutex::default() }).collect();
        for ((at, _), run) in units.iter().zip(first) {
            looks[*at].runs.get_mut().expect("nobody has the lock").push(run);
        }
        parallel(&looks, self.jobs.get().min(COMPANY), |look| {
            let runs = mem::take(&mut *look.runs.lock().expect("no thread panics with the lock"));
            let outcome = judge.outcome(look.case, |script| {
                self.second_look(script, runs.into_iter().collect::<Result<_, _>>()?, &judge)
            });
            done(&outcome);
            outcome
        })
    }

    /// Plays again what looks wrong, the worst first, until something is wrong again.
    fn second_look(&self, script: &Script, mut runs: Vec<Run>, judge: &Judge<'_>) -> Result<Vec<Run>, Trouble> {
        let bounds = judge.abilities.bounds.with_more_time(6);
        let mut order: Vec<usize> = (0..runs.len()).filter(|at| judge.is_wrong(script, &runs[*at])).collect();
        order.sort_by_key(|at| Reverse(judge.verdict(script, &runs[*at])));
        let mut worst = Verdict::Pass;
        for at in order {
            if worst >= judge.verdict(script, &runs[at]) {
                break;
            }
            runs[at] = reach::insist(|| self.play(script, runs[at].segments, judge.abilities, &bounds))?;
            if judge.is_wrong(script, &runs[at]) {
                worst = worst.max(judge.verdict(script, &runs[at]));
            }
        }
        Ok(runs)
    }

    fn play(
        &self,
        script: &Script,
        segments: Segments,
        abilities: &Abilities,
        bounds: &Bounds,
    ) -> Result<Run, Trouble> {
        let observation = play(script, segments, &self.endpoint, &abilities.variables, bounds)?;
        Ok(Run { segments, observation })
    }
}

/// How many connections at once a second look may have.
const COMPANY: usize = 24;

/// A case, and what came at the first look.
struct Look<'a> {
    case: &'a Case,
    runs: Mutex<Vec<Result<Run, Trouble>>>,
}

#[cfg(test)]
mod tests;
