//! Whether what a parser saw is an outcome that the RFCs allow.

use std::fmt;

use wirelaw_reference::clause::{Clause, Level};
use wirelaw_reference::http::{Fault, Pair, clauses as law};

use super::reference::{Reading, Readings};
use super::{End, Line, Message, Parser, Seen};

/// What is said of a parser's outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the strict reading.
    Agrees,
    /// It is the reading with these leniencies, each permitted by a clause.
    Permitted(Vec<(&'static str, Clause)>),
    /// It refuses something valid, which a clause lets it do.
    MayRefuse(Clause),
    /// It leaves this check to whoever calls it, who is outside the clause if it does not check.
    LeavesToCaller(Clause, &'static str),
    /// It is outside; this clause says otherwise, or none allows it.
    Outside(Option<Clause>, &'static str),
}

/// The first thing that two parsers see differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// One takes the head of this message, the other does not.
    Taken(usize),
    /// The first line of this message.
    Line(usize),
    /// The version of this message.
    Version(usize),
    /// The header section of this message.
    Fields(usize),
    /// The body of this message.
    Body(usize),
    /// The trailers of this message.
    Trailers(usize),
    /// Where this message ends, or whether it does.
    Boundary(usize),
    /// How the octets end behind the last message.
    End,
}

/// What makes of a disagreement something to be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Nothing: it is one of the outcomes that are allowed.
    None,
    /// A recommendation, or the grammar, which binds senders and leaves repairs to recipients (RFC 9110 §2.4).
    Open,
    /// A MUST.
    Breach,
}

const HIGHER_MINOR: Clause = Clause {
    id: "9110-6.2-HIGHER-MINOR",
    place: "rfc9110 §6.2",
    level: Level::Should,
    requirement: Some("9110-6.2-HIGHER-MINOR"),
    text: "a minor version above the highest that is known is read as that",
};

const UNKNOWN_METHOD: Clause = Clause {
    id: "9110-9.1-UNKNOWN-501",
    place: "rfc9110 §9.1",
    level: Level::Should,
    requirement: Some("9110-9.1-UNKNOWN-501"),
    text: "a method that is not known is answered with 501",
};

const BLANKS: Clause = Clause {
    id: "9112-5.1-OWS-TRIM",
    place: "rfc9112 §5.1",
    level: Level::Must,
    requirement: Some("9112-5.1-OWS-TRIM"),
    text: "the blanks before and behind a value are no part of it, and all else is",
};

impl Verdict {
    /// How much it weighs.
    pub fn weight(&self) -> Weight {
        match self {
            Verdict::Agrees | Verdict::Permitted(_) | Verdict::MayRefuse(_) | Verdict::LeavesToCaller(..) => {
                Weight::None
            }
            Verdict::Outside(None, _) => Weight::Breach,
            Verdict::Outside(Some(clause), _) if clause.level != Level::Must || is_grammar(clause) => Weight::Open,
            Verdict::Outside(Some(_), _) => Weight::Breach,
        }
    }
}

/// Whether the clause is one of grammar alone: it says what is sent, not what becomes of it if something else comes.
fn is_grammar(clause: &Clause) -> bool {
    let row = clause.requirement.and_then(|id| crate::requirements::http().get(id));
    row.is_some_and(|row| row.level.contains("grammar"))
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Agrees => f.write_str("agrees"),
            Verdict::Permitted(lenient) => {
                f.write_str("permitted by ")?;
                for (index, (name, clause)) in lenient.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{} (leniency {name})", clause.id)?;
                }
                Ok(())
            }
            Verdict::MayRefuse(clause) => write!(f, "may refuse by {}", clause.id),
            Verdict::LeavesToCaller(clause, what) => write!(f, "leaves {} to its caller ({what})", clause.id),
            Verdict::Outside(Some(clause), what) => match self.weight() {
                Weight::Breach => write!(f, "outside: breaks {} ({}): {what}", clause.id, clause.level),
                _ if clause.level == Level::Must => write!(f, "repairs {} (grammar of senders): {what}", clause.id),
                _ => write!(f, "departs from {} ({}): {what}", clause.id, clause.level),
            },
            Verdict::Outside(None, what) => write!(f, "outside: {what}, which no clause allows"),
        }
    }
}

impl Difference {
    /// In a few words.
    pub fn text(&self) -> String {
        match self {
            Difference::Taken(number) => format!("whether message {} is one", number + 1),
            Difference::Line(number) => format!("the first line of message {}", number + 1),
            Difference::Version(number) => format!("the version of message {}", number + 1),
            Difference::Fields(number) => format!("the fields of message {}", number + 1),
            Difference::Body(number) => format!("the body of message {}", number + 1),
            Difference::Trailers(number) => format!("the trailers of message {}", number + 1),
            Difference::Boundary(number) => format!("where message {} ends", number + 1),
            Difference::End => "what follows the last message".to_owned(),
        }
    }

    /// How far two parsers agree before it.
    fn depth(&self) -> (usize, u8) {
        match self {
            Difference::Taken(number) => (*number, 0),
            Difference::Line(number) => (*number, 1),
            Difference::Version(number) => (*number, 2),
            Difference::Fields(number) => (*number, 3),
            Difference::Boundary(number) => (*number, 4),
            Difference::Body(number) => (*number, 5),
            Difference::Trailers(number) => (*number, 6),
            Difference::End => (usize::MAX, 7),
        }
    }
}

/// Where two readings differ first. That one refuses what another still waits for is no difference: neither took it.
/// Nor is it one that a head has been told of and refused afterwards.
pub fn difference(one: &Seen, other: &Seen) -> Option<Difference> {
    let refused = |a: &Seen, b: &Seen| {
        let number = b.messages.len();
        a.messages.len() == number + 1 && a.messages[number].end.is_none() && both_refuse(&a.end, &b.end)
    };
    if refused(one, other) || refused(other, one) {
        let number = one.messages.len().min(other.messages.len());
        let whole = |seen: &Seen| Seen { messages: seen.messages[..number].to_vec(), ..seen.clone() };
        return difference(&whole(one), &whole(other));
    }
    for number in 0..one.messages.len().max(other.messages.len()) {
        let (Some(a), Some(b)) = (one.messages.get(number), other.messages.get(number)) else {
            return Some(Difference::Taken(number));
        };
        if let Some(difference) = within(number, a, b) {
            return Some(difference);
        }
    }
    let goes_on = |end: &End| matches!(end, End::Incomplete | End::Rejected { .. });
    (goes_on(&one.end) != goes_on(&other.end)).then_some(Difference::End)
}

/// Whether the one is a refusal, and the other one, too.
fn both_refuse(one: &End, other: &End) -> bool {
    matches!((one, other), (End::Rejected { .. }, End::Rejected { .. }))
}

fn within(number: usize, a: &Message, b: &Message) -> Option<Difference> {
    if a.line != b.line {
        return Some(Difference::Line(number));
    }
    if a.version != b.version {
        return Some(Difference::Version(number));
    }
    if !same_fields(&a.fields, &b.fields) {
        return Some(Difference::Fields(number));
    }
    if a.end != b.end {
        return Some(Difference::Boundary(number));
    }
    if a.end.is_some() && a.body != b.body {
        return Some(Difference::Body(number));
    }
    if a.end.is_some() && !same_fields(&a.trailers, &b.trailers) {
        return Some(Difference::Trailers(number));
    }
    None
}

/// A fold becomes one SP or more, so runs of blanks are equal whatever they are of.
fn same_fields(a: &[Pair], b: &[Pair]) -> bool {
    let words = |value: &[u8]| -> Vec<Vec<u8>> {
        let blank = |octet: &u8| matches!(octet, b' ' | b'\t');
        value.split(blank).filter(|word| !word.is_empty()).map(<[u8]>::to_vec).collect()
    };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && words(&a.1) == words(&b.1))
}

/// Holds an outcome against all that are allowed.
pub(super) fn judge(seen: &Seen, readings: &Readings) -> Verdict {
    let mut nearest: Option<(&Reading, Difference)> = None;
    for reading in readings.iter() {
        let Some(difference) = difference(seen, &reading.seen) else {
            if reading.lenient.is_empty() {
                return Verdict::Agrees;
            }
            return Verdict::Permitted(reading.lenient.iter().map(|one| (one.name, one.clause)).collect());
        };
        let rank = |reading: &Reading, difference: &Difference| {
            (difference.depth(), reading.error.map_or(u64::MAX, |error| error.offset))
        };
        if nearest.as_ref().is_none_or(|(other, found)| rank(reading, &difference) > rank(other, found)) {
            nearest = Some((reading, difference));
        }
    }
    nearest.map_or(Verdict::Agrees, |(reading, difference)| outside(seen, reading, &difference))
}

/// What is wrong with an outcome, beside the one of those allowed that is nearest to it.
fn outside(seen: &Seen, nearest: &Reading, difference: &Difference) -> Verdict {
    let framed_by = |number: &usize| nearest.framed_by.get(*number).copied();
    match difference {
        Difference::Taken(number) | Difference::Boundary(number) => {
            let here = seen.messages.get(*number);
            let is_whole = here.is_some_and(|message| message.end.is_some());
            let there = nearest.seen.messages.get(*number).is_some_and(|message| message.end.is_some());
            match (&seen.end, nearest.error) {
                (End::Rejected { .. }, _) if !is_whole && (there || here.is_none()) => refuses(seen, *number, nearest),
                (_, Some(error)) if !there => takes(seen.parser, &error),
                (_, None) if nearest.seen.messages.len() <= *number => reads_on(seen.parser),
                _ => match (framed_by(number), frames_otherwise(seen, nearest, *number)) {
                    (Some(clause), true) => Verdict::LeavesToCaller(clause, "framing"),
                    (clause, _) => Verdict::Outside(clause, "ends the message elsewhere"),
                },
            }
        }
        Difference::Line(_) => Verdict::Outside(Some(law::SINGLE_SP), "splits the start-line otherwise"),
        Difference::Version(_) => Verdict::Outside(Some(law::VERSION_GRAMMAR), "reads another version"),
        Difference::Fields(_) | Difference::Trailers(_) => Verdict::Outside(Some(BLANKS), "reads other fields"),
        Difference::Body(number) => Verdict::Outside(framed_by(number), "reads another body"),
        Difference::End => match (&seen.end, nearest.error) {
            (End::Rejected { .. }, _) => refuses(seen, seen.messages.len(), nearest),
            (_, Some(error)) => takes(seen.parser, &error),
            _ => reads_on(seen.parser),
        },
    }
}

/// Whether the plain frame around `httparse` is the cause, which is not its own.
fn frames_otherwise(seen: &Seen, nearest: &Reading, number: usize) -> bool {
    let framing = |seen: &Seen| seen.messages.get(number).map(|message| message.framing.clone());
    seen.parser == Parser::Httparse && framing(seen) != framing(&nearest.seen)
}

/// It reads messages where the connection ends.
fn reads_on(parser: Parser) -> Verdict {
    match parser {
        Parser::Httparse => Verdict::LeavesToCaller(law::NO_MORE_REQUESTS, "persistence"),
        _ => Verdict::Outside(Some(law::NO_MORE_REQUESTS), "reads on where the connection ends"),
    }
}

/// A refusal of what the reference takes.
fn refuses(seen: &Seen, number: usize, nearest: &Reading) -> Verdict {
    let Some(message) = nearest.seen.messages.get(number) else {
        return Verdict::Outside(Some(law::SKIP_EMPTY_LINE), "refuses what is between messages");
    };
    let End::Rejected { why, .. } = &seen.end else { return Verdict::Outside(None, "refuses a valid message") };
    match &message.line {
        _ if message.version.1 > 1 => Verdict::Outside(Some(HIGHER_MINOR), "refuses a minor version above 1"),
        Line::Request(..) if why == "HPE_INVALID_METHOD" => Verdict::MayRefuse(UNKNOWN_METHOD),
        Line::Response(_) if nearest.folded => {
            Verdict::Outside(Some(law::OBS_FOLD_RESPONSE), "refuses a folded field line")
        }
        _ if nearest.framed_by.get(number) == Some(&law::CHUNKED) && seen.messages.len() > number => {
            Verdict::Outside(Some(law::CHUNKED), "refuses a valid chunked body")
        }
        _ if why == "HPE_INVALID_CONTENT_LENGTH" => Verdict::Outside(Some(BLANKS), "refuses a valid Content-Length"),
        _ => Verdict::Outside(None, "refuses a valid message"),
    }
}

/// It takes what the reference refuses with every leniency.
fn takes(parser: Parser, error: &wirelaw_reference::http::Error) -> Verdict {
    if error.fault == Fault::ChunkSpace {
        return Verdict::Outside(Some(law::CHUNK_SIZE), error.fault.name()); // no extension, so no blanks to be removed
    }
    if leaves_to_caller(parser, error.fault) {
        Verdict::LeavesToCaller(error.clause(), error.fault.name())
    } else {
        Verdict::Outside(Some(error.clause()), error.fault.name())
    }
}

/// What these parsers do not look at, by their own description.
fn leaves_to_caller(parser: Parser, fault: Fault) -> bool {
    use Fault as F;
    let host_and_target = matches!(
        fault,
        F::HostMissing
            | F::HostTwice
            | F::HostInvalid
            | F::EmptyHost
            | F::Userinfo
            | F::TargetForm
            | F::AuthoritySyntax
            | F::AuthorityOnlyConnect
            | F::AsteriskOnlyOptions
            | F::ConnectTarget
            | F::ConnectPort
            | F::PercentEncoding
            | F::Fragment
            | F::TargetOctet
            | F::ConnectContent
    );
    let framing = matches!(
        fault,
        F::CodingSyntax
            | F::CodingNotFinal
            | F::ChunkedTwice
            | F::ChunkedParameters
            | F::CodingParameters
            | F::CodingUnknown
            | F::LengthAndCoding
            | F::CodingInHttp10
            | F::ContentLengthSyntax
            | F::ContentLengthsDiffer
            | F::ContentLengthRepeated
            | F::ContentLengthTooLarge
            | F::ContentTooLarge
            | F::Unsolicited
    );
    match parser {
        Parser::Httparse => host_and_target || framing,
        Parser::Llhttp => host_and_target,
        Parser::Reference | Parser::Server => false,
    }
}
