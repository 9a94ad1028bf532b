//! What a case says of each outcome.

use std::ops::Range;

use super::Pattern;
use crate::report::Verdict;

/// What an outcome line says of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// This verdict.
    Verdict(Verdict),
    /// It conforms; a hardened peer would not do it.
    Harden,
}

impl Given {
    /// The verdict under this profile.
    pub const fn verdict(self, is_hardened: bool) -> Verdict {
        match self {
            Given::Verdict(verdict) => verdict,
            Given::Harden if is_hardened => Verdict::Warn,
            Given::Harden => Verdict::Pass,
        }
    }

    pub(super) fn parse(word: &str) -> Option<Given> {
        match word {
            "harden" => Some(Given::Harden),
            "broken" => None,
            _ => Verdict::parse(word).map(Given::Verdict),
        }
    }
}

/// One line: if this is what came, that is what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeLine {
    /// What it means.
    pub given: Given,
    /// The requirement that it rests on.
    pub id: Option<String>,
    /// What came; none: anything else.
    pub pattern: Option<Pattern>,
    /// Why, in the words of the case; may be empty.
    pub reason: String,
    /// Where the line stands.
    pub span: Range<usize>,
}
