//! A comparison as JSON. Octets of bodies are in hexadecimal; elsewhere each octet is the character of its number.

use serde_json::{Value, json};
use wirelaw_reference::http::Pair;

use super::verdict::Weight;
use super::{Comparison, End, Line, Message, Seen, Verdict};
use crate::hex::hex;
use crate::http::parse::latin1;

/// The comparison, in full.
pub fn render(comparison: &Comparison) -> String {
    let others = comparison.others.iter().map(|one| {
        let mut value = seen(&one.seen);
        value["differs_in"] = json!(one.difference.as_ref().map(super::Difference::text));
        value["verdict"] = verdict(&one.verdict);
        value
    });
    let live = comparison.live.as_ref().map(|live| {
        json!({
            "statuses": live.replies.iter().map(crate::http::observe::Message::status).collect::<Vec<_>>(),
            "closed": live.closed,
            "echoes": live.echoes,
            "verdict": verdict(&live.verdict),
        })
    });
    let value = json!({
        "agrees": comparison.agrees(),
        "kind": comparison.kind.to_string(),
        "reference": seen(&comparison.reference),
        "parsers": others.collect::<Vec<_>>(),
        "server": live,
        "consequences": comparison.consequences,
    });
    format!("{value:#}\n")
}

fn verdict(verdict: &Verdict) -> Value {
    let (kind, clauses) = match verdict {
        Verdict::Agrees => ("agrees", Vec::new()),
        Verdict::Permitted(lenient) => ("permitted", lenient.iter().map(|(_, clause)| clause.id).collect()),
        Verdict::MayRefuse(clause) => ("may-refuse", vec![clause.id]),
        Verdict::LeavesToCaller(clause, _) => ("leaves-to-caller", vec![clause.id]),
        Verdict::Outside(clause, _) => ("outside", clause.iter().map(|clause| clause.id).collect()),
    };
    let lenient = match verdict {
        Verdict::Permitted(lenient) => lenient.iter().map(|(name, _)| *name).collect(),
        _ => Vec::new(),
    };
    let weight = match verdict.weight() {
        Weight::None => "none",
        Weight::Open => "open",
        Weight::Breach => "breach",
    };
    json!({ "kind": kind, "weight": weight, "clauses": clauses, "lenient": lenient, "text": verdict.to_string() })
}

fn seen(seen: &Seen) -> Value {
    let (at, why) = match &seen.end {
        End::Rejected { at, why } => (Some(*at), Some(why)),
        End::Behind(at) => (Some(*at), None),
        End::Clean | End::Incomplete => (None, None),
    };
    json!({
        "parser": seen.parser.name(),
        "outcome": seen.end.name(),
        "at": at,
        "why": why,
        "messages": seen.messages.iter().map(message).collect::<Vec<_>>(),
    })
}

fn message(message: &Message) -> Value {
    let line = match &message.line {
        Line::Request(method, target) => json!({ "method": latin1(method), "target": latin1(target) }),
        Line::Response(status) => json!({ "status": status }),
    };
    json!({
        "line": line,
        "version": format!("HTTP/{}.{}", message.version.0, message.version.1),
        "fields": fields(&message.fields),
        "framing": message.framing,
        "body": hex(&message.body),
        "body_length": message.body.len(),
        "trailers": fields(&message.trailers),
        "ends_at": message.end,
    })
}

fn fields(pairs: &[Pair]) -> Vec<Value> {
    pairs.iter().map(|(name, value)| json!({ "name": latin1(name), "value": latin1(value) })).collect()
}
