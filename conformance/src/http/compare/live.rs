//! What a live server sees in the octets, as far as its replies tell: one final reply for each message.

use std::io;
use std::time::Instant;

use wirelaw_reference::clause::Clause;
use wirelaw_reference::http::clauses as law;

use super::reference::{Reading, Readings};
use super::verdict::Verdict;
use super::{Comparison, Line};
use super::{End as Ended, Seen};
use crate::http::observe::{End, Message, read_replies};
use crate::http::play::Bounds;
use crate::http::wire::{Arrived, Endpoint};

/// What came back.
#[derive(Clone, Debug)]
pub struct Live {
    /// The final replies, in order.
    pub replies: Vec<Message>,
    /// Whether no further message is read: it closed the connection, or its last reply says that it will.
    pub closed: bool,
    /// What the bodies of its replies tell, if it sends back what it got.
    pub echoes: Vec<String>,
    /// Whether that is allowed.
    pub verdict: Verdict,
}

/// Sends the octets in one write, and reads what comes back within these bounds.
pub fn ask(comparison: &mut Comparison, octets: &[u8], endpoint: &Endpoint, bounds: &Bounds) -> io::Result<()> {
    let methods: Vec<String> = comparison
        .reference
        .messages
        .iter()
        .filter_map(|message| match &message.line {
            Line::Request(method, _) => Some(String::from_utf8_lossy(method).into_owned()),
            Line::Response(_) => None,
        })
        .collect();
    let (replies, closed) = exchange(octets, &methods, endpoint, bounds)?;
    let echoes = echoes(&replies, octets, &comparison.reference);
    let verdict = judge(&replies, closed, &comparison.readings);
    comparison.live = Some(Live { replies, closed, echoes, verdict });
    Ok(())
}

fn exchange(
    octets: &[u8],
    methods: &[String],
    endpoint: &Endpoint,
    bounds: &Bounds,
) -> io::Result<(Vec<Message>, bool)> {
    let mut wire = endpoint.open()?;
    let started = Instant::now();
    let _ = wire.send(octets); // whoever refuses stops reading; what it says of that is still to be read
    let (mut received, mut buffer, mut end) = (Vec::new(), vec![0; 64 << 10], End::Open);
    let mut last = Instant::now();
    while end == End::Open && received.len() < bounds.octets {
        let between =
            read_replies(&received, methods, false).last().is_some_and(|one| one.is_complete && !one.is_interim());
        let wait = if between { bounds.quiet.max(bounds.patience / 3) } else { bounds.patience };
        let left = wait.min(bounds.total.saturating_sub(started.elapsed())).saturating_sub(last.elapsed());
        if left.is_zero() {
            break;
        }
        match wire.receive(&mut buffer, left) {
            Arrived::Octets(count) => {
                received.extend_from_slice(&buffer[..count]);
                last = Instant::now();
            }
            Arrived::Nothing => {}
            Arrived::Fin => end = End::Closed,
            Arrived::Reset => end = End::Reset,
        }
    }
    let mut replies = read_replies(&received, methods, end != End::Open);
    replies.retain(|reply| !reply.is_interim());
    let closed = end != End::Open || replies.last().is_some_and(Message::announces_close);
    Ok((replies, closed))
}

/// A body that comes back tells what was read as a body.
fn echoes(replies: &[Message], octets: &[u8], reference: &Seen) -> Vec<String> {
    let came_from = |body: &[u8]| body.len() > 2 && octets.windows(body.len()).any(|window| window == body);
    let mut lines = Vec::new();
    for (number, reply) in replies.iter().enumerate() {
        let body = reference.messages.get(number).map_or(&[][..], |message| &message.body);
        if !body.is_empty() && reply.body == body {
            lines.push(format!("it sends back the body of message {}, as the reference read it", number + 1));
        } else if came_from(&reply.body) {
            lines.push(format!(
                "it sends back {} octets for message {}, of which the reference read a body of {}",
                reply.body.len(),
                number + 1,
                body.len()
            ));
        }
    }
    lines
}

fn judge(replies: &[Message], closed: bool, readings: &Readings) -> Verdict {
    for reading in readings.iter() {
        if fits(replies, closed, reading) {
            let lenient: Vec<(&'static str, Clause)> =
                reading.lenient.iter().map(|one| (one.name, one.clause)).collect();
            return if lenient.is_empty() { Verdict::Agrees } else { Verdict::Permitted(lenient) };
        }
    }
    let Some(strict) = readings.iter().next() else { return Verdict::Agrees };
    let whole = whole(&strict.seen);
    match strict.error {
        Some(error) if replies.len() > whole && error.clause() == law::SKIP_EMPTY_LINE => {
            Verdict::Outside(Some(error.clause()), "answers otherwise")
        }
        Some(error) => Verdict::Outside(Some(error.clause()), error.fault.name()),
        None if replies.len() > whole => Verdict::Outside(
            strict.framed_by.last().copied(),
            "answers more messages than there are: octets of a body were read as a request",
        ),
        None => Verdict::Outside(
            strict.framed_by.first().copied(),
            "answers fewer messages than there are, and does not close: it waits for more, or refuses what is valid",
        ),
    }
}

fn whole(seen: &Seen) -> usize {
    seen.messages.iter().filter(|message| message.end.is_some()).count()
}

/// Whether these replies are what follows from a reading. A server may close behind any reply (RFC 9112 §9.5).
fn fits(replies: &[Message], closed: bool, reading: &Reading) -> bool {
    let whole = whole(&reading.seen);
    let bad_request = replies.last().is_some_and(|last| last.status() == Some(400));
    let refuses = replies.last().is_some_and(|last| last.status().is_some_and(|status| status >= 400));
    match reading.seen.end {
        Ended::Rejected { .. } => closed && (replies.len() <= whole || (replies.len() == whole + 1 && refuses)),
        Ended::Incomplete => replies.len() == whole || (replies.len() == whole + 1 && refuses),
        Ended::Clean | Ended::Behind(_) => {
            !bad_request && (replies.len() == whole || (!replies.is_empty() && replies.len() < whole && closed))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Llhttp, compare};
    use super::*;
    use crate::http::parse::Question;

    fn verdict(octets: &[u8], replies: &[u8], closed: bool) -> Verdict {
        let comparison = compare(octets, &Question::default(), &mut Llhttp::new());
        let replies = read_replies(replies, &["POST".to_owned()], closed);
        judge(&replies, closed, &comparison.readings)
    }

    const BOTH: &[u8] =
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    const BAD: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    #[test]
    fn replies_are_held_against_every_outcome() {
        let get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(verdict(get, OK, false), Verdict::Agrees);
        assert_eq!(verdict(BOTH, BAD, true), Verdict::Agrees);
        assert!(matches!(verdict(BOTH, OK, true), Verdict::Permitted(_)));
        assert!(matches!(verdict(get, BAD, true), Verdict::Outside(..)));
        assert!(matches!(verdict(get, &[OK, OK].concat(), false), Verdict::Outside(..)));
        assert!(matches!(verdict(BOTH, &[OK, BAD].concat(), true), Verdict::Outside(..)));
    }
}
