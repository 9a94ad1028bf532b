//! Two looks at a peer: what seems wrong at the first is played again with more time, for a peer that is slow to answer
//! or to close, or that drops connections when it has many, is not at fault.

mod reach;

use std::cmp::Reverse;
use std::mem;
use std::sync::Mutex;

use super::cases::Case;
use super::judge::{Judge, Run};
use super::play::Trouble;
use super::script::{Script, Segments};
use crate::parallel::parallel;
use crate::report::{Outcome, Verdict};

/// Which look a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The first, with much company.
    First,
    /// The second, which counts.
    Second,
}

/// How many runs at once each look may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jobs {
    /// The first.
    pub(super) first: usize,
    /// The second.
    pub(super) second: usize,
}

/// Plays every case in every way; `done` has the last word on each outcome, as soon as it is there. Outcomes come back
/// in the order of the cases.
pub(super) fn two_looks<P, D>(judge: &Judge<'_>, cases: &[Case], jobs: Jobs, play: P, done: D) -> Vec<Outcome>
where
    P: Fn(&Script, Segments, Look) -> Result<Run, Trouble> + Sync,
    D: Fn(Outcome) -> Outcome + Sync,
{
    // Each way to cut a case is a unit of its own, or the case that waits longest would hold up all.
    let playable = |case: &Case| case.script.as_ref().is_ok_and(|script| judge.unsupported(script).is_none());
    let ways = |case: &Case| case.script.as_ref().map_or(0, |script| script.segments.len());
    let units = cases.iter().enumerate().filter(|(_, case)| playable(case));
    let units: Vec<(usize, usize)> = units.flat_map(|(at, case)| (0..ways(case)).map(move |way| (at, way))).collect();
    let first = reach::play_all(&units, jobs.first, |(at, way)| {
        let script = cases[*at].script.as_ref().expect("it is playable");
        play(script, script.segments[*way], Look::First)
    });
    let mut seen: Vec<Seen<'_>> = cases.iter().map(|case| Seen { case, runs: Mutex::default() }).collect();
    for ((at, _), run) in units.iter().zip(first) {
        seen[*at].runs.get_mut().expect("nobody has the lock").push(run);
    }
    parallel(&seen, jobs.second, |seen| {
        let runs = mem::take(&mut *seen.runs.lock().expect("no thread panics with the lock"));
        done(judge.outcome(seen.case, |script| {
            second_look(judge, script, runs.into_iter().collect::<Result<_, _>>()?, &play)
        }))
    })
}

/// A case, and what came at the first look.
struct Seen<'a> {
    case: &'a Case,
    runs: Mutex<Vec<Result<Run, Trouble>>>,
}

/// Plays again what looks wrong, the worst first, until something is wrong again.
fn second_look<P>(judge: &Judge<'_>, script: &Script, mut runs: Vec<Run>, play: &P) -> Result<Vec<Run>, Trouble>
where
    P: Fn(&Script, Segments, Look) -> Result<Run, Trouble>,
{
    let mut order: Vec<usize> = (0..runs.len()).filter(|at| judge.is_wrong(script, &runs[*at])).collect();
    order.sort_by_key(|at| Reverse(judge.verdict(script, &runs[*at])));
    let mut worst = Verdict::Pass;
    for at in order {
        if worst >= judge.verdict(script, &runs[at]) {
            break;
        }
        runs[at] = reach::insist(|| play(script, runs[at].segments, Look::Second))?;
        if judge.is_wrong(script, &runs[at]) {
            worst = worst.max(judge.verdict(script, &runs[at]));
        }
    }
    Ok(runs)
}
