//! What the reference parser makes of octets, as a report: `wirelaw http parse`.

pub mod json;
pub mod text;

use wirelaw_reference::http::{Ending, Kind, LENIENCIES, Leniency, Reader, RequestMethod, Rules, Transcript};

use crate::requirements::suggestions;

/// What octets are read as.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Requests or responses; guessed from the first octets if not given.
    pub kind: Option<Kind>,
    /// The methods of the requests that the responses answer, in their order; the last stands for all further ones,
    /// GET if there is none.
    pub methods: Vec<String>,
    /// The leniencies.
    pub lenient: Vec<&'static Leniency>,
}

/// What they came to.
#[derive(Clone, Debug)]
pub struct Reading<'a> {
    /// The octets.
    pub octets: &'a [u8],
    /// What they were read as.
    pub kind: Kind,
    /// Whether that was a guess.
    pub guessed: bool,
    /// The leniencies they were read with.
    pub lenient: Vec<&'static str>,
    /// The messages and how they ended.
    pub transcript: Transcript,
}

/// In one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every octet is of a message that is whole, or behind the last one.
    Accepted,
    /// A message is refused.
    Rejected,
    /// The octets end within a message.
    Incomplete,
}

impl Verdict {
    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Accepted => "accepted",
            Verdict::Rejected => "rejected",
            Verdict::Incomplete => "incomplete",
        }
    }

    /// The exit status: 0, 1 and 3, for 2 is nonsense on the command line.
    pub fn status(self) -> u8 {
        match self {
            Verdict::Accepted => 0,
            Verdict::Rejected => 1,
            Verdict::Incomplete => 3,
        }
    }
}

impl Reading<'_> {
    /// In one word.
    pub fn verdict(&self) -> Verdict {
        match self.transcript.ending {
            Ending::Clean | Ending::EndsBody => Verdict::Accepted,
            Ending::Refused(_) => Verdict::Rejected,
            Ending::Incomplete(_) => Verdict::Incomplete,
        }
    }
}

/// Reads octets as all that comes on a connection before it closes.
pub fn read<'a>(octets: &'a [u8], question: &Question) -> Reading<'a> {
    let kind = question.kind.unwrap_or_else(|| guess(octets));
    let mut rules = Rules::default();
    for leniency in &question.lenient {
        (leniency.set)(&mut rules, true);
    }
    let reader = match kind {
        Kind::Request => Reader::requests(rules),
        Kind::Response => {
            let mut reader = Reader::responses(rules);
            let mut methods = question.methods.iter().map(|method| RequestMethod::of(method.as_bytes()));
            reader.expect_always(methods.next_back().unwrap_or_default());
            methods.for_each(|method| reader.expect(method));
            reader
        }
    };
    Reading {
        octets,
        kind,
        guessed: question.kind.is_none(),
        lenient: question.lenient.iter().map(|leniency| leniency.name).collect(),
        transcript: Transcript::read(reader, [octets]),
    }
}

/// Responses begin with their version; empty lines may come before it.
fn guess(octets: &[u8]) -> Kind {
    let start = octets.iter().position(|octet| !matches!(octet, b'\r' | b'\n')).unwrap_or(0);
    let is_response = octets[start..].starts_with(b"HTTP/");
    if is_response { Kind::Response } else { Kind::Request }
}

/// The leniencies of this name, or all of them for `all`; the error names what may have been meant.
pub fn leniencies(name: &str) -> Result<Vec<&'static Leniency>, String> {
    if name == "all" {
        return Ok(LENIENCIES.iter().collect());
    }
    if let Some(leniency) = LENIENCIES.iter().find(|leniency| leniency.name == name) {
        return Ok(vec![leniency]);
    }
    let near = suggestions(name, LENIENCIES.iter().map(|leniency| leniency.name));
    let hint = near.first().map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
    Err(format!("no leniency is called so{hint}; `wirelaw http parse --help` lists them"))
}

/// The octets as text: each is the character of its number, U+0000 to U+00FF.
pub(super) fn latin1(octets: &[u8]) -> String {
    octets.iter().map(|octet| char::from(*octet)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(octets: &[u8], kind: Option<Kind>, methods: &[&str]) -> Verdict {
        let methods = methods.iter().map(|method| (*method).to_owned()).collect();
        read(octets, &Question { kind, methods, lenient: Vec::new() }).verdict()
    }

    #[test]
    fn responses_answer_methods_in_order() {
        let head = b"HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\n";
        let octets = [&head[..], head, b"x", head, b"x"].concat();
        assert_eq!(verdict(&octets, None, &["HEAD", "GET"]), Verdict::Accepted);
        assert_eq!(verdict(&octets, None, &[]), Verdict::Rejected);
        assert_eq!(verdict(head, None, &[]), Verdict::Incomplete);
        assert_eq!(verdict(head, Some(Kind::Request), &[]), Verdict::Rejected);
    }

    #[test]
    fn names_of_leniencies() {
        assert_eq!(leniencies("all").map(|all| all.len()), Ok(LENIENCIES.len()));
        assert_eq!(leniencies("obs-fold").map(|all| all.len()), Ok(1));
        assert!(leniencies("obsfold").is_err_and(|error| error.contains("`obs-fold`")));
    }
}
