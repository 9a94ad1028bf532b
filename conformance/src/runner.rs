//! Drives one scenario on one stack and says what that brought to light.
//!
//! | module | what | packetdrill language |
//! |---|---|---|
//! | `settings` | addresses, ports, link, tolerance | 1.3 |
//! | `plan` | whether the whole script can be run, and initial sequence numbers | 4.3 |
//! | `mistakes` | what is wrong with a script whatever the stack, for `wirelaw check` | - |
//! | `shell` | habits, or settings of a kernel, that the shell lines of scripts ask for; no shell is run | 1.5 |
//! | `drive` | the lines of the script, one after the other, in virtual time | 2 |
//! | `expect` | waits for packets and silence | 2.4, 4.6 |
//! | `flows` | script numbers and live ones, connections and their names | 4.1-4.3 |
//! | `inbound`, `matching` | packets to the stack, and from it | 3, 4.4, 4.5 |
//! | `options`, `digest` | TCP options, both ways | 3.5, 4.4, 8 |
//! | `datagrams` | UDP and ICMP from the stack | 3.6, 3.7 |
//! | `headers` | outer headers, UDP-Lite, TCP in UDP | 3.8, 8 |
//! | `calls` | socket calls and their returns | 5 |
//! | `serve` | a server of ours on a connection, for scenarios that mix TCP and HTTP | - |
//! | `code` | code blocks: assertions about what a stack tells of a connection | 6 |

mod calls;
mod code;
mod datagrams;
mod digest;
mod drive;
mod expect;
mod flows;
mod headers;
mod inbound;
mod matching;
mod mistakes;
mod options;
mod plan;
mod recent;
mod serve;
mod settings;
mod shell;
mod show;
mod streams;

#[cfg(test)]
mod tests;

#[cfg(all(test, target_os = "linux"))]
pub(crate) use shell::setting_habits;

use std::ops::Range;

use wirelaw_reference::clause::Level;

pub use crate::axes::{Axes, Ip};
use crate::report::{ClauseRef, Failure, Mark, Verdict};
use crate::requirements::find;
use crate::script;
use crate::script::ast::{Scenario, Step};
use crate::stack::{NamedStack, StackError};
use crate::trace::Trace;
use drive::Driver;
pub use mistakes::mistakes;

/// What one run brought to light.
#[derive(Clone, Debug)]
pub struct Run {
    /// What it says about the stack.
    pub verdict: Verdict,
    /// Why, in one line.
    pub message: String,
    /// The clause that the verdict rests on.
    pub clause: Option<ClauseRef>,
    /// The line of the scenario, from 1.
    pub line: Option<usize>,
    /// The details of a failure.
    pub failure: Option<Failure>,
    /// All that happened.
    pub trace: Trace,
    /// Remarks that are no verdict.
    pub notes: Vec<String>,
    /// By how many nanoseconds a time was off, if nothing else was wrong; negative: it was too early.
    pub off: Option<i64>,
    /// A clock on the wall was involved, and still it is no chance: attempts agree on by how much a time is off.
    pub is_certain: bool,
    /// Why a difference would say nothing about the stack.
    pub doubt: Option<String>,
}

impl Run {
    /// A run of which nothing is known but its verdict.
    pub(crate) fn of(verdict: Verdict) -> Run {
        Run {
            verdict,
            message: String::new(),
            clause: None,
            line: None,
            failure: None,
            trace: Trace::default(),
            notes: Vec::new(),
            off: None,
            is_certain: false,
            doubt: None,
        }
    }

    /// The same, but `unsupported` if there is a reason not to blame the stack for what differs.
    pub(crate) fn unless_in_doubt(self) -> Run {
        match (&self.doubt, self.verdict) {
            (Some(why), Verdict::Fail | Verdict::Warn | Verdict::Timing) => Run {
                message: format!("{why}: {}", self.message),
                verdict: Verdict::Unsupported,
                clause: None,
                failure: None,
                ..self
            },
            _ => self,
        }
    }
}

/// Why a run ends before its last line.
#[derive(Clone, Debug)]
struct Stop {
    why: Why,
    message: String,
    /// What it is about, in octets of the source.
    span: Option<Range<usize>>,
    /// What was wrong in the line.
    marks: Vec<Mark>,
    /// What came instead, in script syntax.
    got: Vec<String>,
    /// The last packets before that, in script syntax.
    before: Vec<String>,
    /// Where the step begins that is to blame, if not the one at which it was noticed.
    step: Option<usize>,
    /// By how many nanoseconds a time was off, if nothing else was wrong.
    off: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// The stack did something else.
    Mismatch,
    /// Nothing but a time was wrong.
    Time,
    /// The stack or the runner lacks something.
    Unsupported,
    /// The script or the harness is wrong.
    Broken,
}

impl Stop {
    fn new(why: Why, message: String) -> Stop {
        Stop { why, message, span: None, marks: Vec::new(), got: Vec::new(), before: Vec::new(), step: None, off: None }
    }

    /// To blame is `step`, wherever it was noticed.
    fn of(self, step: &Step) -> Stop {
        Stop { step: Some(step.span.start), ..self }
    }

    fn unsupported_at(span: &Range<usize>, what: String) -> Stop {
        Stop { span: Some(span.clone()), ..Stop::new(Why::Unsupported, what) }
    }

    fn broken_at(span: &Range<usize>, message: String) -> Stop {
        Stop { span: Some(span.clone()), ..Stop::new(Why::Broken, message) }
    }

    /// What came differs from the line in these ways.
    fn mismatch(mut marks: Vec<Mark>, got: Vec<String>) -> Stop {
        marks.sort_by_key(|mark| mark.span.start);
        let notes: Vec<String> = marks.iter().map(|mark| mark.note.replace("  got", ", got")).collect();
        Stop { marks, got, ..Stop::new(Why::Mismatch, notes.join("; ")) }
    }
}

impl From<StackError> for Stop {
    fn from(error: StackError) -> Stop {
        match error {
            StackError::Unsupported(what) => Stop::new(Why::Unsupported, what),
            StackError::Broken(what) => Stop::new(Why::Broken, what),
        }
    }
}

/// Drives `scenario` on `stack`. Every wait is bounded, and the same arguments give the same run.
pub fn run(scenario: &Scenario, stack: &NamedStack, axes: &Axes) -> Run {
    // what parses parses in the other family, too: only what words stand for differs
    let other = (axes.ip != Ip::V4).then(|| script::in_family(scenario, axes.ip).ok()).flatten();
    run_in_family(other.as_ref().unwrap_or(scenario), stack, axes)
}

fn run_in_family(scenario: &Scenario, stack: &NamedStack, axes: &Axes) -> Run {
    let mut driver = match Driver::new(scenario, stack, axes) {
        Ok(driver) => driver,
        Err(stop) => return conclude(scenario, None, stop, Trace::default(), Vec::new()),
    };
    let stopped = scenario.steps.iter().find_map(|step| driver.step(step).err().map(|stop| (Some(step), stop)));
    let stopped = stopped.or_else(|| driver.finish().err().map(|stop| (scenario.steps.last(), stop)));
    if let Some((step, stop)) = stopped {
        let before = driver.recent(&stop.got);
        let doubt = driver.doubt();
        let (trace, notes) = driver.into_trace();
        return Run { doubt, ..conclude(scenario, step, Stop { before, ..stop }, trace, notes) };
    }
    let (trace, notes) = driver.into_trace();
    Run { trace, notes, ..Run::of(Verdict::Pass) }
}

fn conclude(scenario: &Scenario, step: Option<&Step>, stop: Stop, trace: Trace, notes: Vec<String>) -> Run {
    let blamed_step = stop.step.and_then(|start| scenario.steps.iter().find(|step| step.span.start == start));
    let step = blamed_step.or(step);
    let line =
        step.map(|step| step.line).or_else(|| stop.span.as_ref().map(|span| line_of(&scenario.source, span.start)));
    let clause = if stop.why == Why::Mismatch { blamed(scenario, step) } else { None };
    let verdict = match stop.why {
        Why::Unsupported => Verdict::Unsupported,
        Why::Broken => Verdict::Broken,
        Why::Time => Verdict::Timing,
        Why::Mismatch if clause.as_ref().is_some_and(|clause| clause.level != Level::Must) => Verdict::Warn,
        Why::Mismatch => Verdict::Fail,
    };
    let mut marks = stop.marks;
    if let Some(span) = stop.span.filter(|_| marks.is_empty()) {
        marks.push(Mark { span, note: stop.message.clone() });
    }
    let shown = step.map(|step| step.span.clone()).or_else(|| marks.first().map(|mark| mark.span.clone()));
    let failure = shown.filter(|_| stop.why != Why::Unsupported).map(|span| Failure {
        file: scenario.name.clone(),
        source: scenario.source.clone(),
        span,
        marks,
        got: stop.got,
        before: stop.before,
        is_decisive: is_decisive(scenario, step),
        trace: None,
    });
    Run { message: stop.message, clause, line, failure, trace, notes, off: stop.off, ..Run::of(verdict) }
}

/// The clause that a mismatch breaks: the line's own, else the most binding one that the scenario covers.
fn blamed(scenario: &Scenario, step: Option<&Step>) -> Option<ClauseRef> {
    let own = step.and_then(|step| step.clause.as_ref()).and_then(|id| find(&id.value).map(ClauseRef::from));
    own.or_else(|| {
        let clauses: Vec<ClauseRef> =
            scenario.header.covers.iter().filter_map(|id| find(&id.value).map(ClauseRef::from)).collect();
        let most = clauses.iter().map(|clause| clause.level).max()?;
        clauses.into_iter().find(|clause| clause.level == most)
    })
}

/// A line with a clause of its own is blamed by it; in a scenario without such lines every line counts.
fn is_decisive(scenario: &Scenario, step: Option<&Step>) -> bool {
    step.is_some_and(|step| step.clause.is_some()) || scenario.steps.iter().all(|step| step.clause.is_none())
}

fn line_of(source: &str, at: usize) -> usize {
    source.as_bytes().iter().take(at).filter(|octet| **octet == b'\n').count() + 1
}
