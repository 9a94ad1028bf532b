//! Scenarios × stacks × axes, run side by side.

use std::cmp::Reverse;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::{Entry, Subject, panic_message};
use crate::axes::{Axes, Ip};
use crate::parallel::parallel;
use crate::report::{Outcome, Verdict};
use crate::runner::Run;
use crate::script::{LoadError, ast::Scenario};
use crate::stack::NamedStack;
#[cfg(target_os = "linux")]
use crate::stack::linux;
use crate::trace::{Event, Response, Stimulus, Trace};
#[cfg(target_os = "linux")]
use crate::uml;

/// Drives one scenario on one stack; [`crate::runner::run`] in earnest.
pub type Drive<'a> = &'a (dyn Fn(&Scenario, &NamedStack, &Axes) -> Run + Sync);

/// Every run that shall happen.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// The scenarios.
    pub entries: &'a [Entry],
    /// The stacks.
    pub subjects: &'a [Subject],
    /// The variations.
    pub axes: &'a [Axes],
}

/// How many runs may go on beside each other where times matter.
const QUIET: usize = 2;

/// Whether a script is meant for this family: it says, or the end of its name does, as google's suite has it.
fn runs_in(entry: &Entry, scenario: &Scenario, ip: Ip) -> bool {
    if let Some(own) = scenario.family() {
        return own == ip;
    }
    let stem = entry.path.file_stem().map_or_else(Default::default, |stem| stem.to_string_lossy());
    match ip {
        Ip::V6 => !stem.ends_with("v4"),
        Ip::V4 | Ip::Mapped => !stem.ends_with("v6"),
    }
}

/// One run that shall happen.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// The scenario.
    pub entry: &'a Entry,
    /// The stack.
    pub subject: &'a Subject,
    /// The variation.
    pub axes: Axes,
}

impl<'a> Matrix<'a> {
    /// The runs in the order of scenarios, then stacks, then axes. A script that does not parse has but one
    /// variation, and one that names its family is not run again for another.
    pub fn cases(&self) -> Vec<Case<'a>> {
        let mut cases = Vec::new();
        for entry in self.entries {
            for subject in self.subjects {
                cases.extend(self.axes_of(entry).into_iter().map(|axes| Case { entry, subject, axes }));
            }
        }
        cases
    }

    fn axes_of(&self, entry: &Entry) -> Vec<Axes> {
        let Ok(scenario) = &entry.scenario else { return self.axes.iter().take(1).cloned().collect() };
        let mut families: Vec<Ip> = self.axes.iter().map(|axes| axes.ip).collect();
        families.dedup();
        if families.len() > 1 {
            let fitting: Vec<Ip> = families.iter().copied().filter(|ip| runs_in(entry, scenario, *ip)).collect();
            // whichever it is, the script goes its own way
            families = if fitting.is_empty() { families[..1].to_vec() } else { fitting };
        }
        self.axes.iter().filter(|axes| families.contains(&axes.ip)).cloned().collect()
    }

    /// Runs everything on `jobs` threads; the outcomes come in the order of [`Matrix::cases`] whatever finishes first.
    ///
    /// `done` hears of each run as it ends, from any thread, and may add to its outcome.
    pub fn run(
        &self,
        drive: Drive<'_>,
        jobs: NonZeroUsize,
        done: &(dyn Fn(&Case<'_>, &mut Outcome, &Trace) + Sync),
    ) -> Vec<Outcome> {
        let cases = self.cases();
        let run = |case: &Case<'_>| {
            let (mut outcome, trace) = case.run(drive);
            done(case, &mut outcome, &trace);
            outcome
        };
        // the longest first: begun last, it would run on by itself
        let mut order: Vec<usize> = (0..cases.len()).collect();
        order.sort_by_cached_key(|at| Reverse(cases[*at].duration()));
        let mut ran = parallel(&order, jobs.get(), |at| (*at, run(&cases[*at])));
        ran.sort_unstable_by_key(|(at, _)| *at);
        let mut outcomes: Vec<Outcome> = ran.into_iter().map(|(_, outcome)| outcome).collect();
        // what came at a wrong time on a clock on the wall is tried again in less company, and then alone
        for company in [jobs.get().min(QUIET), 1] {
            let late = |outcome: &Outcome| {
                outcome.verdict == Verdict::Timing && !outcome.is_certain && !outcome.expected.is_fine()
            };
            let again: Vec<usize> = (0..cases.len()).filter(|at| late(&outcomes[*at])).collect();
            let runs = parallel(&again, company, |at| run(&cases[*at]));
            for (at, mut outcome) in again.into_iter().zip(runs) {
                outcome.notes.push(format!("again, with {company} at a time; before: {}", outcomes[at].message));
                outcomes[at] = outcome;
            }
        }
        outcomes
    }
}

impl Case<'_> {
    /// How long its script says that it takes.
    fn duration(&self) -> Duration {
        self.entry.scenario.as_ref().map_or(Duration::ZERO, |scenario| scenario.duration())
    }

    /// Runs it, and compares its verdict with the known deviations of the stack.
    pub fn run(&self, drive: Drive<'_>) -> (Outcome, Trace) {
        let (mut outcome, trace) = match &self.entry.scenario {
            Ok(scenario) => self.drive(scenario, drive),
            Err(error) => (self.unparsed(error), Trace::default()),
        };
        outcome.expected = self.subject.expectations.judge(&outcome, &self.subject.version);
        (outcome, trace)
    }

    fn outcome(&self, verdict: Verdict) -> Outcome {
        Outcome::new(self.entry.id.clone(), self.subject.label(), self.axes.clone(), verdict)
    }

    fn drive(&self, scenario: &Scenario, drive: Drive<'_>) -> (Outcome, Trace) {
        // A stack that panics must not take the other runs with it.
        let run = catch_unwind(AssertUnwindSafe(|| {
            #[cfg(target_os = "linux")]
            if self.subject.stack.name == linux::NAME {
                return linux::worker::run(scenario, &self.axes);
            } else if let Some(kernel) = uml::find(self.subject.stack.name) {
                return uml::scenario::run(kernel, scenario, &self.axes);
            }
            drive(scenario, &self.subject.stack, &self.axes)
        }));
        let covers = scenario.header.covers.iter().map(|id| id.value.clone()).collect();
        match run {
            Ok(run) => {
                let run = run.unless_in_doubt();
                let outcome = Outcome {
                    message: run.message,
                    clause: run.clause,
                    line: run.line,
                    failure: run.failure,
                    packets: packets(&run.trace),
                    notes: run.notes,
                    is_certain: run.is_certain,
                    covers,
                    ..self.outcome(run.verdict)
                };
                (outcome, run.trace)
            }
            Err(payload) => {
                let message = format!("panicked: {}", panic_message(&*payload));
                (Outcome { message, covers, ..self.outcome(Verdict::Broken) }, Trace::default())
            }
        }
    }

    fn unparsed(&self, error: &LoadError) -> Outcome {
        let LoadError::Script(error) = error else {
            return Outcome { message: error.to_string(), ..self.outcome(Verdict::Broken) };
        };
        let advice = error.advice().map_or(String::new(), |advice| format!("; {advice}"));
        Outcome {
            message: format!("{}{advice}", error.message()),
            line: Some(error.line()),
            script_error: Some(error.clone()),
            ..self.outcome(Verdict::Broken)
        }
    }
}

fn packets(trace: &Trace) -> usize {
    let is_packet =
        |event: &Event| matches!(event, Event::Stimulus(Stimulus::Packet(_)) | Event::Response(Response::Packet(_)));
    trace.records.iter().filter(|record| is_packet(&record.event)).count()
}
