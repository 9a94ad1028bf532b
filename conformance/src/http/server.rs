//! The judge of servers: finds out what a server can do, plays every case against it, and reports.

mod probe;

use std::cmp::Reverse;
use std::mem;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub use probe::{Abilities, Unreachable, probe};

use super::cases::Case;
use super::judge::{Run, judge, outcome_line, reproducer};
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
    ///
    /// What looks wrong at first gets a second look, with more time and less company: a server that is slow to answer
    /// or to close, or that drops connections when it has many, is not at fault.
    pub fn judge(&self, cases: &[Case], abilities: &Abilities, done: &(dyn Fn(&Outcome) + Sync)) -> Vec<Outcome> {
        // Each way to cut a case is a unit of its own, or the case that waits longest would hold up all.
        let playable =
            |case: &Case| case.script.as_ref().is_ok_and(|script| self.unsupported(script, abilities).is_none());
        let ways = |case: &Case| case.script.as_ref().map_or(0, |script| script.segments.len());
        let units = cases.iter().enumerate().filter(|(_, case)| playable(case));
        let units: Vec<(usize, usize)> =
            units.flat_map(|(at, case)| (0..ways(case)).map(move |way| (at, way))).collect();
        let first = parallel(&units, self.jobs.get(), |(at, way)| {
            let script = cases[*at].script.as_ref().ok()?;
            Some(self.play(script, script.segments[*way], abilities, &abilities.bounds))
        });
        let mut looks: Vec<Look<'_>> = cases.iter().map(|case| Look { case, runs: Mutex::default() }).collect();
        for ((at, _), run) in units.iter().zip(first) {
            looks[*at].runs.get_mut().expect("nobody has the lock").extend(run);
        }
        parallel(&looks, self.jobs.get().min(COMPANY), |look| {
            let runs = mem::take(&mut *look.runs.lock().expect("no thread panics with the lock"));
            let outcome = self.outcome(look.case, runs, abilities);
            done(&outcome);
            outcome
        })
    }

    fn plain(&self, case: &Case, verdict: Verdict, message: String) -> Outcome {
        let mut outcome = Outcome::new(&case.id, &self.name, Axes::default(), verdict);
        outcome.message = message;
        if let Ok(script) = &case.script {
            outcome.covers.clone_from(&script.tests);
        }
        outcome
    }

    fn outcome(&self, case: &Case, runs: Vec<Result<Run, Trouble>>, abilities: &Abilities) -> Outcome {
        let script = match &case.script {
            Ok(script) => script,
            Err(error) => {
                let mut outcome = self.plain(case, Verdict::Broken, error.message().to_owned());
                outcome.script_error = Some(error.clone());
                return outcome;
            }
        };
        if let Some(why) = self.unsupported(script, abilities) {
            return self.plain(case, Verdict::Unsupported, why);
        }
        let runs: Result<Vec<Run>, Trouble> = runs.into_iter().collect();
        let mut outcome = match runs.and_then(|runs| self.second_look(script, runs, abilities)) {
            Ok(runs) => judge(case, script, &runs, &abilities.baseline, &self.name, self.is_hardened),
            Err(Trouble::Connect(error)) => {
                self.plain(case, Verdict::Broken, format!("cannot connect to {}: {error}", self.endpoint.address))
            }
            Err(Trouble::Variable(name)) => {
                self.plain(case, Verdict::Broken, format!("nothing is known as {{{name}}} here"))
            }
        };
        if let Some(failure) = &mut outcome.failure
            && let Ok(octets) = octets(script, &abilities.variables)
        {
            let again = reproducer(&octets, &self.endpoint.address, self.endpoint.tls);
            failure.got.extend(again.map(|again| format!("try: {again}")));
        }
        outcome
    }

    /// Plays again what looks wrong, the worst first, until something is wrong again.
    fn second_look(&self, script: &Script, mut runs: Vec<Run>, abilities: &Abilities) -> Result<Vec<Run>, Trouble> {
        let verdict =
            |run: &Run| outcome_line(script, &run.observation, &abilities.baseline).given.verdict(self.is_hardened);
        let is_wrong = |verdict| matches!(verdict, Verdict::Warn | Verdict::Fail);
        let bounds = abilities.bounds;
        let bounds = Bounds { patience: bounds.patience * 2, quiet: bounds.quiet * 6, ..bounds };
        let mut order: Vec<usize> = (0..runs.len()).filter(|at| is_wrong(verdict(&runs[*at]))).collect();
        order.sort_by_key(|at| Reverse(verdict(&runs[*at])));
        let mut worst = Verdict::Pass;
        for at in order {
            if worst >= verdict(&runs[at]) {
                break;
            }
            runs[at] = self.play(script, runs[at].segments, abilities, &bounds)?;
            worst = worst.max(Some(verdict(&runs[at])).filter(|verdict| is_wrong(*verdict)).unwrap_or(Verdict::Pass));
        }
        Ok(runs)
    }

    fn unsupported(&self, script: &Script, abilities: &Abilities) -> Option<String> {
        if script.is_hardened && !self.is_hardened {
            return Some("judged under --profile hardened only".to_owned());
        }
        let missing = script.needs.iter().find(|need| !abilities.has(**need))?;
        Some(format!("the server lacks `{missing}`: {}", abilities.why_not(*missing)))
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

/// Does this to every item on so many threads; the results are in the order of the items.
fn parallel<T: Sync, R: Send>(items: &[T], jobs: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let run = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return };
            let result = work(item);
            results.lock().expect("no thread panics with the lock").push((at, result));
        }
    };
    thread::scope(|scope| (0..jobs.min(items.len())).for_each(|_| drop(scope.spawn(run))));
    let mut results = results.into_inner().expect("no thread panics with the lock");
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests;
