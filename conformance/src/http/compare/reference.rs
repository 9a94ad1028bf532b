//! The reference parser's readings: the strict one, and one for each set of leniencies that changes something.

use wirelaw_reference::clause::Clause;
use wirelaw_reference::http::{Ending, Error, LENIENCIES, Leniency, StartLine};

use super::{End, Line, Message, Parser, Seen};
use crate::http::parse::{self, Question};

/// So many readings that differ are looked at: a message that needs more repairs than these reach is out of bounds.
const MOST: usize = 64;

/// A reading, and what it bore.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(super) lenient: Vec<&'static Leniency>,
    pub(super) seen: Seen,
    /// Why it was refused, if it was.
    pub(super) error: Option<Error>,
    /// By which clause each message was framed.
    pub(super) framed_by: Vec<Clause>,
    /// Whether a line stands in the octets that begins with a blank.
    pub(super) folded: bool,
}

/// Every outcome that is allowed, the strict one first, those with fewer leniencies before those with more.
#[derive(Clone, Debug)]
pub(crate) struct Readings(Vec<Reading>);

impl Readings {
    /// A leniency that changes nothing is not followed further: which fault is told first is the same in every order,
    /// so whatever a set of leniencies reaches is reached by adding one after another, each with an effect.
    pub(super) fn of(octets: &[u8], question: &Question) -> Readings {
        let mut all = vec![read(octets, question, Vec::new())];
        let mut next = 0;
        while next < all.len() {
            let base = all[next].lenient.clone();
            for leniency in LENIENCIES {
                if all.len() >= MOST || base.iter().any(|one| one.name == leniency.name) {
                    continue;
                }
                let reading = read(octets, question, [&base[..], &[leniency]].concat());
                if all.iter().all(|other| other.seen != reading.seen) {
                    all.push(reading);
                }
            }
            next += 1;
        }
        Readings(all)
    }

    pub(super) fn strict(&self) -> &Seen {
        &self.0[0].seen
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Reading> {
        self.0.iter()
    }
}

fn read(octets: &[u8], question: &Question, lenient: Vec<&'static Leniency>) -> Reading {
    let transcript = parse::read(octets, &Question { lenient: lenient.clone(), ..question.clone() }).transcript;
    let behind = transcript.tunnel.len() + transcript.surplus.len();
    let mut error = None;
    let end = match transcript.ending {
        Ending::Clean | Ending::EndsBody if behind > 0 => End::Behind((octets.len() - behind) as u64),
        Ending::Clean | Ending::EndsBody => End::Clean,
        Ending::Incomplete(_) => End::Incomplete,
        Ending::Refused(refused) => {
            error = Some(refused);
            End::Rejected { at: refused.offset, why: refused.fault.name().to_owned() }
        }
    };
    let framed_by = transcript.messages.iter().map(|message| message.frame.because.clause()).collect();
    let messages = transcript.messages.into_iter().map(|message| Message {
        line: match message.start_line {
            StartLine::Request { method, target, .. } => Line::Request(method, target),
            StartLine::Response { status, .. } => Line::Response(status),
        },
        version: (1, message.version.minor),
        fields: message.fields,
        framing: Some(message.frame.framing.to_string()),
        body: message.body,
        trailers: message.trailers,
        end: message.end_at,
    });
    let seen = Seen { parser: Parser::Reference, messages: messages.collect(), end };
    let folded = octets.windows(3).any(|window| matches!(window, b"\r\n " | b"\r\n\t"));
    Reading { lenient, seen, error, framed_by, folded }
}
