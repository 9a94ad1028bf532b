//! Other parsers beside the reference: what the strict reading takes, `httparse` takes, too, with the same head and the
//! same end, but for what is explained here. `llhttp` and the verdicts may say what they like, but do not panic.

use std::cell::RefCell;

use wirelaw::http::compare::{Comparison, End, Llhttp, Message, Parser, Seen, Verdict, compare};
use wirelaw::http::parse::Question;
use wirelaw_reference::http::Kind;

thread_local! {
    static MACHINE: RefCell<Llhttp> = RefCell::new(Llhttp::new());
}

/// Panics if the octets break the property. The first octet says what the rest is.
pub fn check(octets: &[u8]) {
    let Some((first, octets)) = octets.split_first() else { return };
    let (kind, method) = match first % 4 {
        0 => (Kind::Request, None),
        1 => (Kind::Response, Some("GET")),
        2 => (Kind::Response, Some("HEAD")),
        _ => (Kind::Response, Some("CONNECT")),
    };
    let methods = method.into_iter().map(str::to_owned).collect();
    let question = Question { kind: Some(kind), methods, lenient: Vec::new() };
    let comparison = MACHINE.with_borrow_mut(|machine| compare(octets, &question, machine));
    for judged in &comparison.others {
        assert_eq!(judged.difference.is_none(), judged.verdict == Verdict::Agrees, "{comparison:?}");
        assert!(!judged.verdict.to_string().is_empty());
        ends_grow(&judged.seen, octets.len() as u64);
    }
    ends_grow(&comparison.reference, octets.len() as u64);
    agrees(&comparison, octets);
}

fn ends_grow(seen: &Seen, length: u64) {
    let ends: Vec<u64> = seen.messages.iter().filter_map(|message| message.end).collect();
    assert!(ends.is_sorted() && ends.last().is_none_or(|last| *last <= length), "{seen:?}");
}

fn agrees(comparison: &Comparison, octets: &[u8]) {
    let Some(other) = comparison.others.iter().find(|one| one.seen.parser == Parser::Httparse) else { return };
    for (number, ours) in comparison.reference.messages.iter().enumerate() {
        let Some(theirs) = other.seen.messages.get(number) else {
            assert!(head_is_explained(ours, octets), "the head of message {number} is refused: {comparison:?}");
            return;
        };
        assert_eq!((&ours.line, ours.version), (&theirs.line, theirs.version), "{comparison:?}");
        assert_eq!(ours.fields.len(), theirs.fields.len(), "{comparison:?}");
        if ours.framing != theirs.framing {
            return; // the plain frame around `httparse`, which is not its own
        }
        if ours.end.is_some() && theirs.end.is_none() {
            assert!(matches!(other.seen.end, End::Rejected { .. }) && has_many_digits(octets), "{comparison:?}");
            return;
        }
        if ours.end.is_none() {
            return;
        }
        assert_eq!((ours.end, &ours.body), (theirs.end, &theirs.body), "message {number}: {comparison:?}");
    }
}

/// `httparse` knows HTTP/1.0 and 1.1 alone, and no folds.
fn head_is_explained(ours: &Message, octets: &[u8]) -> bool {
    ours.version.1 > 1 || octets.windows(2).any(|window| matches!(window, b"\n " | b"\n\t"))
}

/// `httparse` reads no more than 16 digits of a chunk-size, leading zeros and all.
fn has_many_digits(octets: &[u8]) -> bool {
    octets.split(|octet| !octet.is_ascii_hexdigit()).any(|digits| digits.len() > 15)
}
