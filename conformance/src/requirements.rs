//! The catalogue of requirements: RFC sentences with an id, by which scenarios say what they cover.

use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;
use wirelaw_reference::clause::Level;

use crate::report::ClauseRef;
use crate::script::ast::{Scenario, Spanned};
use crate::script::{MOST_TOLD, Problem, ScriptError, quote};

/// The catalogues' texts, as they stand in the repository.
const TCP: &str = include_str!("../../fixtures/requirements/tcp.csv");
const HTTP: &str = include_str!("../../fixtures/requirements/http.csv");

/// One requirement.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Requirement {
    /// RFC 9293's own label (`MUST-10`), or RFC, section and a word (`6298-5.5-BACKOFF`).
    pub id: String,
    /// The number of the RFC.
    pub rfc: String,
    /// The section in it.
    pub section: String,
    /// As the RFC has it: `MUST`, `SHOULD NOT`, or what stands for it, such as `algorithm`.
    pub level: String,
    /// Who is bound: `sender`, `receiver`, `both`, `listener`, `application`, ...
    pub role: String,
    /// Whether a test from outside can see it: `yes`, `partly`, `no`.
    #[serde(rename = "testable_blackbox", default)]
    pub testable: String,
    /// How a test can see it.
    #[serde(default)]
    pub how: String,
    /// What it says, in our words.
    pub text: String,
}

impl Requirement {
    /// How binding it is, on the scale that verdicts use.
    ///
    /// The RFCs before 2119 write keywords in lower case or none at all. `algorithm` is procedure text, normative
    /// in intent; a `BUG` of RFC 2525 is a MUST NOT in other words. `definition`, `note`, `hazard` and
    /// `informational` bind nobody by themselves: like a MAY they never turn a verdict into a failure. A `MUST if`
    /// is part of an optional extension such as RFC 5961: a stack without it breaks no more than the advice to
    /// have it.
    pub fn binding(&self) -> Level {
        let word = self.level.to_ascii_lowercase();
        let starts = |words: &[&str]| words.iter().any(|start| word.starts_with(start));
        if starts(&["must if"]) {
            Level::Should
        } else if starts(&["must", "shall", "required", "algorithm", "bug"]) {
            Level::Must
        } else if starts(&["should", "recommended", "ought"]) {
            Level::Should
        } else {
            Level::May
        }
    }

    /// Where the sentence stands, such as `rfc9293 §3.1`.
    pub fn place(&self) -> String {
        format!("rfc{} §{}", self.rfc, self.section)
    }
}

impl From<&Requirement> for ClauseRef {
    fn from(requirement: &Requirement) -> ClauseRef {
        ClauseRef {
            id: requirement.id.clone(),
            place: requirement.place(),
            level: requirement.binding(),
            text: requirement.text.clone(),
        }
    }
}

impl fmt::Display for Requirement {
    /// Everything that is known of it, over several lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}  {}  {}", self.id, self.place(), self.level)?;
        writeln!(f, "  {}", self.text)?;
        writeln!(f, "  binds     {}", self.role)?;
        if !self.testable.is_empty() {
            writeln!(f, "  testable  {} from outside", self.testable)?;
        }
        if !self.how.is_empty() {
            writeln!(f, "  how       {}", self.how)?;
        }
        Ok(())
    }
}

/// All requirements, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    requirements: Vec<Requirement>,
}

impl Catalogue {
    /// Reads a catalogue in CSV; a first line names the columns.
    pub fn parse(text: &str) -> Result<Catalogue, csv::Error> {
        let requirements = csv::Reader::from_reader(text.as_bytes()).into_deserialize().collect::<Result<_, _>>()?;
        Ok(Catalogue { requirements })
    }

    /// The requirement with this id; ids have no case of their own.
    pub fn get(&self, id: &str) -> Option<&Requirement> {
        self.requirements.iter().find(|requirement| requirement.id.eq_ignore_ascii_case(id))
    }

    /// The requirements in order.
    pub fn iter(&self) -> impl Iterator<Item = &Requirement> {
        self.requirements.iter()
    }

    /// The clause of the requirement with this id.
    pub fn clause(&self, id: &str) -> Option<ClauseRef> {
        self.get(id).map(ClauseRef::from)
    }
}

/// The requirements of TCP that are built into the program.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> =
        LazyLock::new(|| Catalogue::parse(TCP).expect("the embedded catalogue is tested to parse"));
    &CATALOGUE
}

/// The requirements of HTTP/1.x that are built into the program.
pub fn http() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> =
        LazyLock::new(|| Catalogue::parse(HTTP).expect("the embedded catalogue is tested to parse"));
    &CATALOGUE
}

/// The requirements of both.
pub fn all() -> impl Iterator<Item = &'static Requirement> {
    catalogue().iter().chain(http().iter())
}

/// The requirement with this id, of TCP or of HTTP.
pub fn find(id: &str) -> Option<&'static Requirement> {
    catalogue().get(id).or_else(|| http().get(id))
}

/// The ids in `covers:` comments that no requirement has, each as an error of the script.
pub fn unknown_ids(scenario: &Scenario) -> Vec<ScriptError> {
    let in_steps = scenario.steps.iter().filter_map(|step| step.clause.as_ref());
    let ids = scenario.header.covers.iter().chain(in_steps);
    let is_unknown = |id: &&Spanned<String>| find(&id.value).is_none();
    ids.filter(is_unknown).take(MOST_TOLD).map(|id| unknown_id(scenario, id)).collect()
}

fn unknown_id(scenario: &Scenario, id: &Spanned<String>) -> ScriptError {
    let near = suggestions(&id.value, catalogue().iter().map(|requirement| requirement.id.as_str()));
    let help = if near.is_empty() {
        "the ids stand in fixtures/requirements/tcp.csv".to_owned()
    } else {
        format!("did you mean {}?", near.join(", "))
    };
    Problem::new(id.span.clone(), format!("no requirement is called {}", quote(&id.value)))
        .label("unknown")
        .help(help)
        .locate(&scenario.name, &scenario.source)
}

/// Up to three of `known` that somebody who wrote `id` may have meant, the nearest first.
pub fn suggestions<'a>(id: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted: Vec<char> = id.to_ascii_lowercase().chars().take(64).collect();
    let limit = (wanted.len() / 3).max(1);
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|name| {
            let other: Vec<char> = name.to_ascii_lowercase().chars().take(64).collect();
            let distance = if !wanted.is_empty() && other.starts_with(&wanted) { 0 } else { distance(&wanted, &other) };
            (distance <= limit).then_some((distance, name))
        })
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// How many characters must be put in, taken out or changed to make one out of the other (Levenshtein).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_embedded_catalogue_is_whole() {
        let ids: HashSet<String> = catalogue().iter().map(|requirement| requirement.id.to_lowercase()).collect();
        assert_eq!((catalogue().iter().count(), ids.len()), (492, 492));
        assert!(catalogue().iter().all(|requirement| !requirement.text.is_empty()));
        assert!(catalogue().iter().all(|requirement| ["yes", "partly", "no"].contains(&&*requirement.testable)));
    }

    #[test]
    fn the_catalogue_of_http_is_whole() {
        let ids: HashSet<String> = http().iter().map(|requirement| requirement.id.to_lowercase()).collect();
        assert_eq!((http().iter().count(), ids.len()), (310, 310));
        assert_eq!(http().get("9112-6.2-NO-CL-WITH-TE").map(Requirement::binding), Some(Level::Must));
        assert_eq!(http().get("9112-C.1-NO-09").map(Requirement::binding), Some(Level::Should), "ought");
        assert_eq!(http().get("9112-2.2-LF-LINE").map(Requirement::binding), Some(Level::May));
    }

    #[test]
    fn levels_map_to_three() {
        let level = |id| catalogue().get(id).map(Requirement::binding);
        assert_eq!(level("MUST-1"), Some(Level::Must));
        assert_eq!(level("must-1"), Some(Level::Must));
        assert_eq!(level("SHLD-1"), Some(Level::Should));
        assert_eq!(level("REC-1"), Some(Level::Should));
        assert_eq!(level("MAY-1"), Some(Level::May));
        assert_eq!(level("2525-2.7-INITIAL-RTO-TOO-LOW"), Some(Level::Must));
        assert_eq!(level("1337-2-H1"), Some(Level::May));
        assert_eq!(level("5961-3.2-RST-INWIN"), Some(Level::Should), "MUST if RFC 5961");
        let all: HashSet<&str> = catalogue().iter().map(|requirement| requirement.level.as_str()).collect();
        for word in ["MUST NOT", "must(lc)", "required(lc)", "shall(lc)", "algorithm"] {
            assert!(all.contains(word), "{word}");
            let requirement = catalogue().iter().find(|requirement| requirement.level == word);
            assert_eq!(requirement.map(Requirement::binding), Some(Level::Must), "{word}");
        }
    }

    #[test]
    fn a_clause_names_rfc_and_section() {
        let clause = catalogue().clause("MUST-2").expect("it exists");
        assert_eq!((clause.place.as_str(), clause.level), ("rfc9293 §3.1", Level::Must));
        assert!(clause.to_string().starts_with("rfc9293 §3.1 (MUST): Every emitted segment"));
    }

    #[test]
    fn near_misses_are_suggested() {
        let ids = || catalogue().iter().map(|requirement| requirement.id.as_str());
        assert_eq!(suggestions("MUST-700", ids())[0], "MUST-7");
        assert!(suggestions("6298-5.5-BACKOF", ids()).contains(&"6298-5.5-BACKOFF"));
        assert!(suggestions("colourless green ideas", ids()).is_empty());
        assert_eq!(suggestions("smoltpc", ["reference", "smoltcp"]), ["smoltcp"]);
    }

    #[test]
    fn distances() {
        let d = |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        assert_eq!((d("", "abc"), d("abc", ""), d("kitten", "sitting"), d("x", "x")), (3, 3, 3, 0));
    }

    #[test]
    fn a_row_that_lacks_a_column_is_an_error() {
        assert!(Catalogue::parse("id,rfc\nMUST-1,9293\n").is_err());
    }
}
