//! Drives one scenario on one stack. A placeholder with the runner's types.

pub use crate::axes::{Axes, Ip};
use crate::report::{ClauseRef, Failure, Verdict};
use crate::script::ast::Scenario;
use crate::stack::NamedStack;
use crate::trace::Trace;

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
}

/// Drives `scenario` on `stack`.
pub fn run(scenario: &Scenario, stack: &NamedStack, axes: &Axes) -> Run {
    let _ = (scenario, stack, axes);
    Run {
        verdict: Verdict::Unsupported,
        message: "there is no runner yet".to_owned(),
        clause: None,
        line: None,
        failure: None,
        trace: Trace::default(),
        notes: Vec::new(),
    }
}
