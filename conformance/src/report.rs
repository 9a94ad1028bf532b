//! What became of a run: outcomes, and their total. The renderers below are pure functions of one [`Report`].

pub mod json;
pub mod junit;
pub mod text;

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use wirelaw_reference::clause::Clause;
pub use wirelaw_reference::clause::Level;

use crate::axes::Axes;
use crate::script::ScriptError;

/// What one run of a scenario on a stack says about the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// It did what the scenario expects.
    Pass,
    /// Only a SHOULD or a MAY is broken.
    Warn,
    /// Nothing but a time was wrong, on a stack that follows the clock on the wall: the stack may be at fault, or the
    /// machine too busy.
    Timing,
    /// A MUST is broken, or the scenario's own expectation.
    Fail,
    /// The stack or the runner lacks something that the scenario needs: nothing was found out.
    Unsupported,
    /// The harness failed: nothing was found out, and somebody must repair it.
    Broken,
}

impl Verdict {
    /// Every verdict, from good to bad.
    pub const ALL: [Verdict; 6] =
        [Verdict::Pass, Verdict::Warn, Verdict::Timing, Verdict::Fail, Verdict::Unsupported, Verdict::Broken];

    /// The lower-case word of reports and expectations.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Warn => "warn",
            Verdict::Timing => "timing",
            Verdict::Fail => "fail",
            Verdict::Unsupported => "unsupported",
            Verdict::Broken => "broken",
        }
    }

    /// The verdict that `word` names.
    pub fn parse(word: &str) -> Option<Verdict> {
        Verdict::ALL.into_iter().find(|verdict| verdict.name() == word)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The clause that a verdict rests on, out of the catalogue or of the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClauseRef {
    /// What `wirelaw explain` takes, such as `MUST-10` or `rfc9293-3.10.7.4-2`.
    pub id: String,
    /// Where the sentence stands, such as `rfc9293 §3.10.7.4 step 2`.
    pub place: String,
    /// How binding it is.
    pub level: Level,
    /// What it says, in our words.
    pub text: String,
}

impl From<&Clause> for ClauseRef {
    fn from(clause: &Clause) -> ClauseRef {
        ClauseRef {
            id: clause.id.to_owned(),
            place: clause.place.to_owned(),
            level: clause.level,
            text: clause.text.to_owned(),
        }
    }
}

impl fmt::Display for ClauseRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.place, self.level, self.text)
    }
}

/// A place in the line of the failed step, and what was wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Octets of the source; may be empty, and is cut to the source if it lies outside.
    pub span: Range<usize>,
    /// Such as `flags expected .  got R`.
    pub note: String,
}

/// Everything a person needs to understand a failure, in the scenario's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The scenario's file name, as it is shown.
    pub file: String,
    /// The text of the file.
    pub source: Arc<str>,
    /// The step that failed, in octets of the source.
    pub span: Range<usize>,
    /// What was wrong in it.
    pub marks: Vec<Mark>,
    /// What came instead, in script syntax with its time; empty: nothing came.
    pub got: Vec<String>,
    /// The last packets before, in script syntax.
    pub before: Vec<String>,
    /// Whether the clause is about this very line. If not, the line may stand before the ones that test it, and
    /// the report says no more than that the run did not get as far as the scenario wants.
    pub is_decisive: bool,
    /// The capture of the run, if one was written.
    pub trace: Option<PathBuf>,
}

/// How a verdict relates to what `fixtures/expectations` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A pass, or an unsupported scenario, and nothing else was announced.
    AsExpected,
    /// A listed deviation.
    Known {
        /// Why the stack deviates.
        reason: String,
        /// Where that is discussed.
        link: String,
    },
    /// A deviation that nobody has listed.
    Unexpected,
    /// A listed deviation that is gone: its entry must go too.
    SurprisePass {
        /// The entry, as `file:line`.
        entry: String,
    },
}

impl Expected {
    /// Whether the run is as it should be.
    pub const fn is_fine(&self) -> bool {
        matches!(self, Expected::AsExpected | Expected::Known { .. })
    }

    /// The word of the JSON report.
    pub const fn name(&self) -> &'static str {
        match self {
            Expected::AsExpected => "as-expected",
            Expected::Known { .. } => "known",
            Expected::Unexpected => "unexpected",
            Expected::SurprisePass { .. } => "surprise-pass",
        }
    }
}

/// One run of one scenario on one stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The scenario's path below the root, with `/` and without extension.
    pub scenario: String,
    /// Name and version of the stack, such as `smoltcp-0.14`.
    pub stack: String,
    /// In which variation it ran.
    pub axes: Axes,
    /// What it says about the stack.
    pub verdict: Verdict,
    /// Why, in one line; empty for a plain pass.
    pub message: String,
    /// The clause that the verdict rests on.
    pub clause: Option<ClauseRef>,
    /// The line of the scenario, from 1.
    pub line: Option<usize>,
    /// The details of a failure.
    pub failure: Option<Failure>,
    /// What is wrong with a script that did not parse.
    pub script_error: Option<ScriptError>,
    /// How this relates to the known deviations.
    pub expected: Expected,
    /// How many packets the trace holds, in both directions.
    pub packets: usize,
    /// The requirement ids that the scenario says it covers.
    pub covers: Vec<String>,
    /// Remarks of the runner that are no verdict.
    pub notes: Vec<String>,
    /// Whether another run would say the same, as far as attempts can tell.
    pub is_certain: bool,
}

impl Outcome {
    /// An outcome as [`Expected::AsExpected`] with nothing more to say.
    pub fn new(scenario: impl Into<String>, stack: impl Into<String>, axes: Axes, verdict: Verdict) -> Outcome {
        Outcome {
            scenario: scenario.into(),
            stack: stack.into(),
            axes,
            verdict,
            message: String::new(),
            clause: None,
            line: None,
            failure: None,
            script_error: None,
            expected: Expected::AsExpected,
            packets: 0,
            covers: Vec::new(),
            notes: Vec::new(),
            is_certain: false,
        }
    }
}

/// All outcomes of one invocation, in the order of scenarios, then stacks, then axes.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Report {
    /// In order.
    pub outcomes: Vec<Outcome>,
    /// What is wrong around the runs: an unused expectation, a capture that could not be written.
    pub complaints: Vec<Complaint>,
}

/// Something wrong that belongs to no single run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// The suite's own promises do not hold (an expectation that nothing uses): exit status 1.
    Expectation(String),
    /// The harness failed: exit status 2.
    Harness(String),
}

impl Complaint {
    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        match self {
            Complaint::Expectation(message) | Complaint::Harness(message) => message,
        }
    }
}

/// How many runs ended how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Tally {
    counts: [usize; Verdict::ALL.len()],
    known: [usize; Verdict::ALL.len()],
    unexpected: usize,
}

impl Tally {
    /// Counts these outcomes.
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Tally {
        let mut tally = Tally::default();
        for outcome in outcomes {
            let row = outcome.verdict as usize;
            tally.counts[row] += 1;
            tally.known[row] += usize::from(matches!(outcome.expected, Expected::Known { .. }));
            tally.unexpected += usize::from(!outcome.expected.is_fine());
        }
        tally
    }

    /// How many runs ended with this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.counts[verdict as usize]
    }

    /// How many of them are listed deviations.
    pub fn known(&self, verdict: Verdict) -> usize {
        self.known[verdict as usize]
    }

    /// How many runs there were.
    pub fn runs(&self) -> usize {
        self.counts.iter().sum()
    }

    /// How many did not end as expected.
    pub fn unexpected(&self) -> usize {
        self.unexpected
    }
}

impl Report {
    /// All runs counted.
    pub fn tally(&self) -> Tally {
        Tally::of(&self.outcomes)
    }

    /// The stacks, in the order of their first run.
    pub fn stacks(&self) -> Vec<&str> {
        let mut stacks: Vec<&str> = Vec::new();
        for outcome in &self.outcomes {
            if !stacks.contains(&outcome.stack.as_str()) {
                stacks.push(&outcome.stack);
            }
        }
        stacks
    }

    /// The runs on one stack.
    pub fn on_stack<'a>(&'a self, stack: &'a str) -> impl Iterator<Item = &'a Outcome> {
        self.outcomes.iter().filter(move |outcome| outcome.stack == stack)
    }

    /// 0: all as expected; 1: an unexpected verdict; 2: the harness failed, and so nothing may be concluded.
    pub fn exit_status(&self) -> u8 {
        let broken = |outcome: &Outcome| outcome.verdict == Verdict::Broken && !outcome.expected.is_fine();
        let harness = |complaint: &Complaint| matches!(complaint, Complaint::Harness(_));
        if self.outcomes.iter().any(broken) || self.complaints.iter().any(harness) {
            2
        } else {
            u8::from(!self.complaints.is_empty() || self.tally().unexpected() > 0)
        }
    }
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
