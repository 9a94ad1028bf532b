//! Messages of HTTP/1.x: what becomes of each by default and with each leniency, however its octets are split.

mod cases;
mod connections;
mod requests;
mod responses;
mod round_trip;

use wirelaw_reference::http::{Ending, LENIENCIES, Reader, RequestMethod, Rules, Transcript};

/// The default with these leniencies.
fn rules(names: &[&str]) -> Rules {
    let mut rules = Rules::default();
    for name in names {
        let leniency = LENIENCIES.iter().find(|leniency| leniency.name == *name).expect("there is one of this name");
        (leniency.set)(&mut rules, true);
    }
    rules
}

/// A reader of requests, or of responses to requests with this method.
fn reader(answers: Option<RequestMethod>, rules: Rules) -> Reader {
    match answers {
        None => Reader::requests(rules),
        Some(method) => {
            let mut reader = Reader::responses(rules);
            reader.expect_always(method);
            reader
        }
    }
}

/// Reads the octets whole, cut at every place, and one by one; all must come to the same.
fn read(octets: &[u8], reader: &Reader) -> Transcript {
    let whole = Transcript::read(reader.clone(), [octets]);
    for cut in 0..=octets.len() {
        let (first, second) = octets.split_at(cut);
        let cut_there = Transcript::read(reader.clone(), [first, second]);
        assert_eq!(cut_there, whole, "cut at {cut}: {}", octets.escape_ascii());
    }
    assert_eq!(Transcript::read(reader.clone(), octets.chunks(1)), whole, "one by one: {}", octets.escape_ascii());
    whole
}

/// In a few words: the framing and body of each message, and how it ended.
fn summary(transcript: &Transcript) -> String {
    use std::fmt::Write;
    use wirelaw_reference::http::connection::Outcome;
    let mut words = String::new();
    for message in &transcript.messages {
        let _ = write!(words, "{}", message.body.escape_ascii());
        words.push_str(match message.outcome {
            None => "... ",
            Some(Outcome::Persist(_)) => "| ",
            Some(Outcome::Close(_)) => "! ",
        });
    }
    if !transcript.tunnel.is_empty() {
        let _ = write!(words, "tunnel({}) ", transcript.tunnel.escape_ascii());
    }
    if !transcript.surplus.is_empty() {
        let _ = write!(words, "surplus({}) ", transcript.surplus.escape_ascii());
    }
    match &transcript.ending {
        Ending::Clean | Ending::EndsBody => words.push_str("ok"),
        Ending::Incomplete(incomplete) => {
            let _ = write!(words, "incomplete {}", incomplete.offset);
        }
        Ending::Refused(error) => {
            let _ = write!(words, "{} {} {}", error.fault.name(), error.offset, error.status());
        }
    }
    words
}
