//! A comparison for people.

use std::fmt::Write;

use super::{Comparison, Difference, End, Line, Message, Seen, Verdict};
use crate::http::parse::text::shown;

/// Who saw what, who disagrees and whether that is allowed, and what follows.
pub fn render(comparison: &Comparison) -> String {
    let mut out = String::new();
    seen(&mut out, &comparison.reference, "strict");
    for one in &comparison.others {
        seen(&mut out, &one.seen, notes(&one.seen));
    }
    if let Some(live) = &comparison.live {
        let statuses: Vec<String> =
            live.replies.iter().map(|reply| reply.status().map_or("?".to_owned(), |s| s.to_string())).collect();
        let closed = if live.closed { ", then it closes" } else { "" };
        let _ = writeln!(
            out,
            "server      {}: {}{closed}",
            counted(live.replies.len(), "reply", "replies"),
            statuses.join(" ")
        );
        for echo in &live.echoes {
            let _ = writeln!(out, "  {echo}");
        }
    }
    out.push('\n');
    for one in &comparison.others {
        verdict(&mut out, one.seen.parser.name(), one.difference.as_ref(), &one.verdict);
    }
    if let Some(live) = &comparison.live {
        verdict(&mut out, "server", None, &live.verdict);
    }
    for line in &comparison.consequences {
        let _ = writeln!(out, "=> {line}");
    }
    out
}

fn notes(seen: &Seen) -> &'static str {
    match seen.parser {
        super::Parser::Httparse => "its framing is a plain one around it",
        _ => "its defaults",
    }
}

fn seen(out: &mut String, seen: &Seen, note: &str) {
    let messages = counted(seen.messages.len(), "message", "messages");
    let _ = write!(out, "{:<11} {}: {messages}", seen.parser.name(), seen.end.name());
    let _ = match &seen.end {
        End::Rejected { at, why } => writeln!(out, ", stopped at octet {at}: {why} ({note})"),
        End::Behind(at) => writeln!(out, ", octets from {at} on are none ({note})"),
        End::Clean | End::Incomplete => writeln!(out, " ({note})"),
    };
    for message in &seen.messages {
        let _ = writeln!(out, "  {}", line(message));
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A message in one line.
fn line(message: &Message) -> String {
    let (major, minor) = message.version;
    let mut out = match &message.line {
        Line::Request(method, target) => format!("{} {} HTTP/{major}.{minor}", shown(method), shown(target)),
        Line::Response(status) => format!("HTTP/{major}.{minor} {status}"),
    };
    let _ = write!(out, ", {}", counted(message.fields.len(), "field", "fields"));
    if let Some(framing) = &message.framing {
        let _ = write!(out, ", framing: {framing}");
    }
    let _ = write!(out, ", body of {}", message.body.len());
    let _ = match message.end {
        Some(end) => write!(out, ", ends at {end}"),
        None => write!(out, ", not whole"),
    };
    out
}

fn verdict(out: &mut String, name: &str, difference: Option<&Difference>, verdict: &Verdict) {
    let _ = write!(out, "{name:<11} {verdict}");
    if let Some(difference) = difference {
        let _ = write!(out, "; differs in {}", difference.text());
    }
    out.push('\n');
    let clauses: Vec<_> = match verdict {
        Verdict::Permitted(lenient) => lenient.iter().map(|(_, clause)| *clause).collect(),
        Verdict::MayRefuse(clause) | Verdict::LeavesToCaller(clause, _) | Verdict::Outside(Some(clause), _) => {
            vec![*clause]
        }
        Verdict::Agrees | Verdict::Outside(None, _) => Vec::new(),
    };
    for clause in clauses {
        let _ = writeln!(out, "  {}  {clause}", clause.id);
    }
}
