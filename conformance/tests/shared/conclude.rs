//! From an outcome to the end of a test.

use libtest_mimic::{Completion, Failed};
use wirelaw::report::{Outcome, Verdict, text};

/// What is not as expected fails; whatever else is no pass is ignored, by name.
pub(crate) fn conclude(outcome: &Outcome) -> Result<Completion, Failed> {
    match outcome.verdict {
        _ if !outcome.expected.is_fine() => Err(text::finding(outcome).into()),
        Verdict::Pass => Ok(Completion::Completed),
        Verdict::Unsupported => Ok(Completion::ignored_with(&outcome.message)),
        Verdict::Warn | Verdict::Timing | Verdict::Fail | Verdict::Broken => {
            Ok(Completion::ignored_with(format!("known {}: {}", outcome.verdict, outcome.message)))
        }
    }
}
