//! The judge of servers: finds out what a server can do, plays every case against it, and reports.

mod probe;

use std::mem;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub use probe::{Abilities, Unreachable, probe};

use super::cases::Case;
use super::judge::{Run, judge, outcome_line, reproducer};
use super::observe::End;
use super::play::{Bounds, Trouble, octets, play};
use super::script::{Script, Segments, Variables};
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
    pub fn judge(&self, cases: &[Case], abilities: &Abilities, done: &(dyn Fn(&Outcome) + Sync)) -> Vec<Outcome> {
        let work: Vec<Work<'_>> = cases.iter().map(|case| self.work(case, abilities)).collect();
        // Each way to cut a case is a unit of its own, or the case that waits longest would hold up all.
        let units: Vec<(usize, usize)> =
            (0..work.len()).flat_map(|at| (0..work[at].ways()).map(move |way| (at, way))).collect();
        let next = AtomicUsize::new(0);
        let run = || {
            while let Some(&(at, way)) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Some(outcome) = self.unit(&work[at], way, abilities) {
                    done(&outcome);
                    *work[at].outcome.lock().expect("no thread panics with the lock") = Some(outcome);
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..self.jobs.get().min(units.len()) {
                scope.spawn(run);
            }
        });
        let outcome = |work: Work<'_>| work.outcome.into_inner().expect("no thread panics with the lock");
        work.into_iter().filter_map(outcome).collect()
    }

    fn plain(&self, case: &Case, verdict: Verdict, message: String) -> Outcome {
        let mut outcome = Outcome::new(&case.id, &self.name, Axes::default(), verdict);
        outcome.message = message;
        if let Ok(script) = &case.script {
            outcome.covers.clone_from(&script.tests);
        }
        outcome
    }

    /// What there is to do for a case; nothing, if it cannot be judged here.
    fn work<'a>(&self, case: &'a Case, abilities: &Abilities) -> Work<'a> {
        let (script, outcome) = match &case.script {
            Err(error) => {
                let mut outcome = self.plain(case, Verdict::Broken, error.message().to_owned());
                outcome.script_error = Some(error.clone());
                (None, Some(outcome))
            }
            Ok(script) => match self.unsupported(script, abilities) {
                Some(why) => (None, Some(self.plain(case, Verdict::Unsupported, why))),
                None => (Some(script), None),
            },
        };
        Work { case, script, runs: Mutex::default(), outcome: Mutex::new(outcome) }
    }

    /// Plays a case in one way; the outcome, once all ways have been played.
    fn unit(&self, work: &Work<'_>, way: usize, abilities: &Abilities) -> Option<Outcome> {
        let script = work.script?;
        let run = self.run(script, script.segments[way], abilities);
        let mut runs = work.runs.lock().expect("no thread panics with the lock");
        runs.push(run);
        if runs.len() < script.segments.len() {
            return None;
        }
        let runs: Result<Vec<Run>, Trouble> = mem::take(&mut *runs).into_iter().collect();
        let mut outcome = match runs {
            Ok(mut runs) => {
                runs.sort_by_key(|run| run.segments);
                judge(work.case, script, &runs, &abilities.baseline, &self.name, self.is_hardened)
            }
            Err(Trouble::Connect(error)) => {
                self.plain(work.case, Verdict::Broken, format!("cannot connect to {}: {error}", self.endpoint.address))
            }
            Err(Trouble::Variable(name)) => {
                self.plain(work.case, Verdict::Broken, format!("nothing is known as {{{name}}} here"))
            }
        };
        if let Some(failure) = &mut outcome.failure
            && let Ok(octets) = octets(script, &abilities.variables)
        {
            let again = reproducer(&octets, &self.endpoint.address, self.endpoint.tls);
            failure.got.extend(again.map(|again| format!("try: {again}")));
        }
        Some(outcome)
    }

    fn unsupported(&self, script: &Script, abilities: &Abilities) -> Option<String> {
        if script.is_hardened && !self.is_hardened {
            return Some("judged under --profile hardened only".to_owned());
        }
        let missing = script.needs.iter().find(|need| !abilities.has(**need))?;
        Some(format!("the server lacks `{missing}`: {}", abilities.why_not(*missing)))
    }

    fn run(&self, script: &Script, segments: Segments, abilities: &Abilities) -> Result<Run, Trouble> {
        let bounds = &abilities.bounds;
        let play = |bounds| play(script, segments, &self.endpoint, &abilities.variables, bounds);
        let mut observation = play(bounds)?;
        // What looks wrong gets a second look, with more time: a server that is slow to answer, or to close, is not
        // at fault.
        let verdict = outcome_line(script, &observation, &abilities.baseline).given.verdict(self.is_hardened);
        if matches!(verdict, Verdict::Warn | Verdict::Fail) && observation.end == End::Open {
            observation = play(&Bounds { patience: bounds.patience * 2, quiet: bounds.quiet * 6, ..*bounds })?;
        }
        Ok(Run { segments, observation })
    }
}

/// A case that is being played.
struct Work<'a> {
    case: &'a Case,
    script: Option<&'a Script>,
    runs: Mutex<Vec<Result<Run, Trouble>>>,
    outcome: Mutex<Option<Outcome>>,
}

impl Work<'_> {
    fn ways(&self) -> usize {
        self.script.map_or(0, |script| script.segments.len())
    }
}

#[cfg(test)]
mod tests;
