//! What follows where two parsers in a chain see different boundaries of messages.

use wirelaw_reference::http::Kind;

use super::{End, Parser, Seen};

/// One line for each pair of parsers that part ways, at the first message where they do.
pub fn consequences(kind: Kind, all: &[&Seen], length: u64) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, one) in all.iter().enumerate() {
        for other in &all[index + 1..] {
            lines.extend(between(kind, one, other, length));
        }
    }
    lines
}

/// Where it thinks that a message ends which has begun: beyond all octets if it waits for more.
fn end_of(seen: &Seen, number: usize, length: u64) -> Option<u64> {
    let message = seen.messages.get(number)?;
    message.end.or_else(|| (seen.end == End::Incomplete && seen.messages.len() == number + 1).then_some(length))
}

fn between(kind: Kind, one: &Seen, other: &Seen, length: u64) -> Option<String> {
    let name = |seen: &Seen| match seen.parser {
        Parser::Httparse => "httparse (with a plain frame around it)",
        other => other.name(),
    };
    let attack = match kind {
        Kind::Request => "request smuggling",
        Kind::Response => "response smuggling",
    };
    for number in 0.. {
        let (a, b) = (end_of(one, number, length)?, end_of(other, number, length)?);
        if a == b {
            continue;
        }
        let (short, from, long, to) = if a < b { (one, a, other, b) } else { (other, b, one, a) };
        let waits = long.messages.get(number).is_some_and(|message| message.end.is_none());
        let end = if waits { "waits for more".to_owned() } else { format!("at {to}") };
        let reads_on = short.messages.len() > number + 1 || !matches!(short.end, End::Behind(_));
        let role = if reads_on { format!("a {kind}") } else { "no part of it".to_owned() };
        return Some(format!(
            "{} ends message {} at octet {from}, {} {end}: in a chain, octets {from}..{to} are {role} to the one and body \
             to the other ({attack})",
            name(short),
            number + 1,
            name(long),
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::{Line, Message};
    use super::*;

    fn seen(parser: Parser, ends: &[Option<u64>], end: End) -> Seen {
        let message = |end: &Option<u64>| Message {
            line: Line::Request(b"POST".to_vec(), b"/".to_vec()),
            version: (1, 1),
            fields: Vec::new(),
            framing: None,
            body: Vec::new(),
            trailers: Vec::new(),
            end: *end,
        };
        Seen { parser, messages: ends.iter().map(message).collect(), end }
    }

    #[test]
    fn the_octets_between_two_ends_are_named() {
        let short = seen(Parser::Httparse, &[Some(52), Some(90)], End::Clean);
        let long = seen(Parser::Llhttp, &[Some(57)], End::Clean);
        let lines = consequences(Kind::Request, &[&short, &long], 90);
        assert_eq!(lines.len(), 1);
        assert!(
            lines[0].starts_with("httparse (with a plain frame around it) ends message 1 at octet 52, llhttp at 57: ")
        );
        assert!(lines[0].contains("in a chain, octets 52..57 are a request to the one and body to the other"));
        assert!(lines[0].ends_with("(request smuggling)"));
        assert_eq!(consequences(Kind::Request, &[&long, &short], 90).len(), 1);
    }

    #[test]
    fn a_parser_that_waits_takes_all_there_is() {
        let short = seen(Parser::Reference, &[Some(52), Some(90)], End::Clean);
        let long = seen(Parser::Llhttp, &[None], End::Incomplete);
        let lines = consequences(Kind::Request, &[&short, &long], 90);
        assert!(lines[0].contains("llhttp waits for more") && lines[0].contains("52..90"), "{lines:?}");
    }

    #[test]
    fn a_refusal_is_no_boundary() {
        let takes = seen(Parser::Httparse, &[Some(52)], End::Clean);
        for end in [End::Rejected { at: 30, why: String::new() }, End::Incomplete] {
            let none = seen(Parser::Llhttp, &[], end);
            assert!(consequences(Kind::Request, &[&takes, &none], 90).is_empty());
        }
        let within = seen(Parser::Llhttp, &[None], End::Rejected { at: 50, why: String::new() });
        assert!(consequences(Kind::Request, &[&takes, &within], 90).is_empty());
        assert!(consequences(Kind::Request, &[&takes, &takes], 90).is_empty());
    }
}
