//! Clauses: the names of RFC sentences, carried by every decision and every rule.

use core::fmt;

/// How binding a clause is (RFC 2119).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// MAY: a permission; to do otherwise breaks nothing.
    May,
    /// SHOULD and SHOULD NOT: to do otherwise needs a reason.
    Should,
    /// MUST and MUST NOT, and procedure text that is normative in intent.
    Must,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::May => "MAY",
            Level::Should => "SHOULD",
            Level::Must => "MUST",
        })
    }
}

/// The name of one RFC sentence. Two clauses are equal if their ids are.
#[derive(Clone, Copy, Debug)]
pub struct Clause {
    /// Selects the clause on the command line, such as `rfc9293-3.10.7.4-2`.
    pub id: &'static str,
    /// Where the sentence stands, such as `rfc9293 §3.10.7.4 step 2`.
    pub place: &'static str,
    /// How binding it is.
    pub level: Level,
    /// What it says, in our words.
    pub text: &'static str,
}

/// Every clause that has a name here, for those who look one up.
pub const ALL: &[Clause] = &[];

impl PartialEq for Clause {
    fn eq(&self, other: &Clause) -> bool {
        self.id == other.id
    }
}

impl Eq for Clause {}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.place, self.level, self.text)
    }
}
