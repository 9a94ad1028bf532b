//! The same octets through several parsers: `wirelaw http compare`.
//!
//! [`compare`] reads octets with the reference parser, with `httparse` and with `llhttp`; [`live`] asks a server. Each
//! gives a [`Seen`]: the messages, where they end, and how it all ended. What a parser saw is then held against every
//! outcome that the RFCs allow, which are the readings of the reference with each set of leniencies ([`verdict`]).
//! Where two parsers see different boundaries of messages, [`consequence`] says what follows from that in a chain.

pub mod consequence;
pub mod json;
pub mod live;
pub mod text;
pub mod verdict;

mod httparse;
mod llhttp;
mod reference;

use wirelaw_reference::http::{Kind, Pair};

use super::parse::{self, Question};
pub use llhttp::Llhttp;
pub use verdict::{Difference, Verdict};

/// Who read the octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parser {
    /// The reference parser, strict.
    Reference,
    /// `httparse`, which reads heads and chunk-size lines; the frame around them is a plain one of ours.
    Httparse,
    /// `llhttp`, with its defaults.
    Llhttp,
    /// A live server, by its replies.
    Server,
}

impl Parser {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Parser::Reference => "reference",
            Parser::Httparse => "httparse",
            Parser::Llhttp => "llhttp",
            Parser::Server => "server",
        }
    }
}

/// What a message begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Method and request-target.
    Request(Vec<u8>, Vec<u8>),
    /// A status.
    Response(u16),
}

/// A message as a parser saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its first line.
    pub line: Line,
    /// Its version, major and minor.
    pub version: (u8, u8),
    /// Its header section; values without blanks around them.
    pub fields: Vec<Pair>,
    /// How its body was framed, in words, if the parser tells.
    pub framing: Option<String>,
    /// Its body, as far as it came, without the chunked coding.
    pub body: Vec<u8>,
    /// Its trailer section.
    pub trailers: Vec<Pair>,
    /// Where it ends, in octets from the beginning; `None` if it is not whole.
    pub end: Option<u64>,
}

/// How a parser's reading ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// All octets belong to messages.
    Clean,
    /// From here on the octets are no message: the connection closes, or is a tunnel.
    Behind(u64),
    /// More octets are to come.
    Incomplete,
    /// A message is refused.
    Rejected {
        /// Where the parser stood.
        at: u64,
        /// What it says of it.
        why: String,
    },
}

impl End {
    /// In one word.
    pub fn name(&self) -> &'static str {
        match self {
            End::Clean | End::Behind(_) => "accepted",
            End::Incomplete => "incomplete",
            End::Rejected { .. } => "rejected",
        }
    }
}

/// What a parser saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Who.
    pub parser: Parser,
    /// The messages whose head was taken, in order; the last may not be whole.
    pub messages: Vec<Message>,
    /// How it ended.
    pub end: End,
}

/// One parser beside the reference.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What it saw.
    pub seen: Seen,
    /// Where it differs first from the strict reading, if it does.
    pub difference: Option<Difference>,
    /// Whether that is allowed.
    pub verdict: Verdict,
}

/// All parsers side by side.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What the octets were read as.
    pub kind: Kind,
    /// What the reference makes of them.
    pub reference: Seen,
    /// The others.
    pub others: Vec<Judged>,
    /// What a server answered, if one was asked.
    pub live: Option<live::Live>,
    /// The readings that are allowed.
    pub(crate) readings: reference::Readings,
    /// What follows where boundaries differ.
    pub consequences: Vec<String>,
}

impl Comparison {
    /// Whether all see the same.
    pub fn agrees(&self) -> bool {
        let live = self.live.as_ref().is_none_or(|live| matches!(live.verdict, Verdict::Agrees));
        live && self.others.iter().all(|one| matches!(one.verdict, Verdict::Agrees))
    }
}

/// Reads octets with every parser here. The leniencies of the question are not used: the strict reading is the measure.
pub fn compare(octets: &[u8], question: &Question, llhttp: &mut Llhttp) -> Comparison {
    let strict = parse::read(octets, &Question { lenient: Vec::new(), ..question.clone() });
    let kind = strict.kind;
    let question = Question { kind: Some(kind), methods: question.methods.clone(), lenient: Vec::new() };
    let readings = reference::Readings::of(octets, &question);
    let seen = [httparse::read(octets, kind, &question.methods), llhttp.read(octets, kind, &question.methods)];
    let others: Vec<Judged> = seen
        .into_iter()
        .map(|seen| {
            let difference = verdict::difference(&seen, readings.strict());
            let verdict = verdict::judge(&seen, &readings);
            Judged { seen, difference, verdict }
        })
        .collect();
    let reference = readings.strict().clone();
    let all: Vec<&Seen> = std::iter::once(&reference).chain(others.iter().map(|one| &one.seen)).collect();
    let consequences = consequence::consequences(kind, &all, octets.len() as u64);
    Comparison { kind, reference, others, live: None, readings, consequences }
}

#[cfg(test)]
mod tests;
