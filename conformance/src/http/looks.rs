//! Looks at a peer: what seems wrong at the first is played again with more time, for a peer that is slow to answer or
//! to close, or that drops connections when it has many, is not at fault. What is not the same at the second is played
//! a third time, alone.

mod reach;
mod watch;

use std::cmp::Reverse;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::cases::Case;
use super::judge::{Judge, Run, outcome_line};
use super::observe::End;
use super::play::{Bounds, Trouble, octets};
use super::script::{Script, Segments, Step};
use crate::parallel::parallel;
use crate::report::{Outcome, Verdict};
use watch::Watch;

/// How often what is not the same twice is played alone.
const ALONE: usize = 3;

/// The pauses between the parts of a cut write at the second look, and at those that follow.
const PACES: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(8)];

/// For every so many octets that a case sends the later looks have their patience once more, and so often at most.
const EACH: usize = 8 << 10;

/// A run that takes so many times the patience is one of a peer that drips, if there are many of them.
const LONG: u32 = 6;

/// See [`EACH`].
const MOST_TIMES: u32 = 6;

/// How the looks are had.
pub(super) struct Plan<'a> {
    /// How many runs at once the first may have.
    pub(super) first: usize,
    /// How many the second, which counts.
    pub(super) second: usize,
    /// How long the first waits.
    pub(super) bounds: Bounds,
    /// So many times the quiet has the second.
    pub(super) quiet: u32,
    /// Sends a plain request, and says what came if that was no whole reply.
    pub(super) ask: &'a watch::Ask<'a>,
}

/// Which look a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    First,
    Second,
    Alone,
}

/// What the runs of a peer have in common.
struct Looks<'a, P> {
    judge: &'a Judge<'a>,
    plan: &'a Plan<'a>,
    play: P,
    watch: Watch<'a>,
    /// How many runs have used up all their time, or [`LONG`].
    exhausted: AtomicUsize,
    /// Held for writing by who must be alone.
    alone: RwLock<()>,
}

/// Plays every case in every way; `done` has the last word on each outcome, as soon as it is there. Outcomes come back
/// in the order of the cases.
pub(super) fn look<P, D>(judge: &Judge<'_>, cases: &[Case], plan: &Plan<'_>, play: P, done: D) -> Vec<Outcome>
where
    P: Fn(&Script, Segments, &Bounds) -> Result<Run, Trouble> + Sync,
    D: Fn(Outcome) -> Outcome + Sync,
{
    let watch = Watch::new(plan.ask, plan.bounds.patience);
    let looks = Looks { judge, plan, play, watch, exhausted: AtomicUsize::new(0), alone: RwLock::new(()) };
    // Each way to cut a case is a unit of its own, or the case that waits longest would hold up all.
    let playable = |case: &Case| case.script.as_ref().is_ok_and(|script| judge.unsupported(script).is_none());
    let ways = |case: &Case| case.script.as_ref().map_or(0, |script| script.segments.len());
    let units = cases.iter().enumerate().filter(|(_, case)| playable(case));
    let units: Vec<(usize, usize)> = units.flat_map(|(at, case)| (0..ways(case)).map(move |way| (at, way))).collect();
    let script = |at: usize| cases[at].script.as_ref().expect("it is playable");
    let first = reach::play_all(&units, plan.first, |(at, way)| {
        looks.run(&cases[*at], script(*at), script(*at).segments[*way], Look::First)
    });
    let is_over = looks.watch.is_over();
    let mut seen: Vec<Seen<'_>> = cases.iter().map(|case| Seen { case, runs: Mutex::default() }).collect();
    for ((at, way), run) in units.iter().zip(first) {
        // What it did as it went says nothing.
        let name = name(&cases[*at], script(*at).segments[*way]);
        let run = match looks.watch.over() {
            Some(over) if is_over && looks.watch.is_suspect(&name) => Err(Trouble::Gone(over)),
            _ => run,
        };
        seen[*at].runs.get_mut().expect("nobody has the lock").push(run);
    }
    parallel(&seen, plan.second, |seen| {
        let runs = mem::take(&mut *seen.runs.lock().expect("no thread panics with the lock"));
        done(
            judge.outcome(seen.case, |script| {
                looks.second(seen.case, script, runs.into_iter().collect::<Result<_, _>>()?)
            }),
        )
    })
}

/// A case, and what came at the first look.
struct Seen<'a> {
    case: &'a Case,
    runs: Mutex<Vec<Result<Run, Trouble>>>,
}

fn name(case: &Case, segments: Segments) -> String {
    match segments {
        Segments::Whole => case.id.clone(),
        Segments::Octets => format!("{} octet by octet", case.id),
        Segments::Crlf => format!("{} cut inside each CR LF", case.id),
    }
}

impl<P> Looks<'_, P>
where
    P: Fn(&Script, Segments, &Bounds) -> Result<Run, Trouble> + Sync,
{
    fn run(&self, case: &Case, script: &Script, segments: Segments, look: Look) -> Result<Run, Trouble> {
        let bounds = self.bounds(script, look);
        self.watch.run(&name(case, segments), || {
            let begun = Instant::now();
            let run = (self.play)(script, segments, &bounds);
            if begun.elapsed() >= bounds.total.min(self.plan.bounds.patience * LONG) {
                self.exhausted.fetch_add(1, Ordering::Relaxed);
            }
            run
        })
    }

    /// A peer that drips its replies would cost all the time there is, again and again: it gets less of it then.
    /// Much to read takes time, so that silence says something only after more of it.
    fn bounds(&self, script: &Script, look: Look) -> Bounds {
        let size = octets(script, &self.judge.abilities.variables).map_or(0, |octets| octets.len());
        let size = u32::try_from(size / EACH).map_or(MOST_TIMES, |times| (1 + times).min(MOST_TIMES));
        let bounds = match look {
            Look::First => self.plan.bounds,
            Look::Second => Bounds { pace: PACES[0], ..self.plan.bounds.with_more_time(self.plan.quiet) },
            Look::Alone => Bounds { pace: PACES[1], ..self.plan.bounds.with_more_time(self.plan.quiet) },
        };
        let is_dripping = self.exhausted.load(Ordering::Relaxed) >= self.plan.first;
        let total = if is_dripping { bounds.total.min(self.plan.bounds.patience * 3) } else { bounds.total };
        let patience = if look == Look::First { bounds.patience } else { bounds.patience * size };
        Bounds { patience, total, ..bounds }
    }

    /// Plays again what looks wrong, the worst first, until something is wrong again.
    fn second(&self, case: &Case, script: &Script, mut runs: Vec<Run>) -> Result<Vec<Run>, Trouble> {
        let judge = self.judge;
        let mut order: Vec<usize> = (0..runs.len()).filter(|at| judge.is_wrong(script, &runs[*at])).collect();
        order.sort_by_key(|at| Reverse(judge.verdict(script, &runs[*at])));
        let mut worst = Verdict::Pass;
        for at in order {
            if worst >= judge.verdict(script, &runs[at]) {
                break;
            }
            runs[at] = self.again(case, script, &runs[at])?;
            if judge.is_wrong(script, &runs[at]) {
                worst = worst.max(judge.verdict(script, &runs[at]));
            }
        }
        Ok(runs)
    }

    /// The second look at a run; and the next ones, if it is not the same, or if the judge's own octets may have cost
    /// the reply.
    fn again(&self, case: &Case, script: &Script, first: &Run) -> Result<Run, Trouble> {
        let second = {
            let _company = self.alone.read().unwrap_or_else(PoisonError::into_inner);
            reach::insist(|| self.run(case, script, first.segments, Look::Second))?
        };
        let line = |run: &Run| outcome_line(script, &run.observation, &self.judge.abilities.baseline).span.start;
        // Whether the end of the requests comes before or behind the last reply is a race, too.
        let half_closes = || script.steps.iter().any(|placed| placed.step == Step::HalfClose);
        let races = second.observation.end != End::Open && half_closes();
        let is_steady = line(first) == line(&second) && !races;
        if (is_steady && !second.observation.is_cut_off) || !self.judge.is_wrong(script, &second) {
            return Ok(second);
        }
        // What the judge's own octets may have spoilt needs a slower hand, and may have company.
        let (_company, _alone) = if is_steady {
            (Some(self.alone.read().unwrap_or_else(PoisonError::into_inner)), None)
        } else {
            (None, Some(self.alone.write().unwrap_or_else(PoisonError::into_inner)))
        };
        for _ in 0..ALONE {
            let run = reach::insist(|| self.run(case, script, first.segments, Look::Alone))?;
            if !self.judge.is_wrong(script, &run) {
                return Ok(run);
            }
        }
        Ok(second)
    }
}
