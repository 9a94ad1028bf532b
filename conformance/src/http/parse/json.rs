//! A reading as JSON. Octets of bodies are in hexadecimal; elsewhere each octet is the character of its number.

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use wirelaw_reference::clause::Clause;
use wirelaw_reference::http::{Ending, Error, Incomplete, Message, Missing, Pair, StartLine, framing::Framing};

use super::{Reading, latin1};
use crate::hex::hex;

/// The reading, in full.
pub fn render(reading: &Reading<'_>) -> String {
    let transcript = &reading.transcript;
    let (error, incomplete) = match &transcript.ending {
        Ending::Refused(error) => (refusal(error), Value::Null),
        Ending::Incomplete(cut) => (Value::Null, missing(cut)),
        Ending::Clean | Ending::EndsBody => (Value::Null, Value::Null),
    };
    let shown = Shown {
        error,
        guessed: reading.guessed,
        incomplete,
        kind: reading.kind.to_string(),
        lenient: json!(reading.lenient),
        messages: Messages(&transcript.messages),
        surplus: hex(&transcript.surplus),
        tunnel: hex(&transcript.tunnel),
        verdict: reading.verdict().name(),
    };
    let mut text = serde_json::to_string_pretty(&shown).expect("its keys are strings");
    text.push('\n');
    text
}

/// What is shown, in the order of the names.
#[derive(Serialize)]
struct Shown<'a> {
    error: Value,
    guessed: bool,
    incomplete: Value,
    kind: String,
    lenient: Value,
    messages: Messages<'a>,
    surplus: String,
    tunnel: String,
    verdict: &'static str,
}

/// Messages that become values one at a time: as values they take four hundred times what they took on the wire.
struct Messages<'a>(&'a [Message]);

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(message))
    }
}

fn message(message: &Message) -> Value {
    let start_line = match &message.start_line {
        StartLine::Request { method, target, form, authority, expect } => json!({
            "method": latin1(method),
            "target": latin1(target),
            "form": form.name(),
            "authority": authority.as_deref().map(latin1),
            "expect": format!("{expect:?}").to_lowercase(),
        }),
        StartLine::Response { status, reason } => json!({ "status": status, "reason": latin1(reason) }),
    };
    let chunks = message.chunks.iter().map(|chunk| {
        let extensions = chunk.extensions.iter();
        let extensions =
            extensions.map(|(name, value)| json!({ "name": latin1(name), "value": value.as_deref().map(latin1) }));
        json!({ "size": chunk.size, "extensions": extensions.collect::<Vec<_>>() })
    });
    let kind = match message.start_line {
        StartLine::Request { .. } => wirelaw_reference::http::Kind::Request,
        StartLine::Response { .. } => wirelaw_reference::http::Kind::Response,
    };
    let mut value = json!({
        "version": message.version.to_string(),
        "fields": fields(&message.fields),
        "framing": framing(message),
        "body_at": message.body_at,
        "body": hex(&message.body),
        "chunks": chunks.collect::<Vec<_>>(),
        "trailers": fields(&message.trailers),
        "complete": message.outcome.is_some(),
        "connection": message.outcome.map(|outcome| json!({
            "persists": outcome.persists(),
            "why": outcome.to_string(),
            "clause": outcome.clause(kind).id,
        })),
    });
    if let (Value::Object(all), Value::Object(first)) = (&mut value, start_line) {
        all.extend(first);
    }
    value
}

fn framing(message: &Message) -> Value {
    let frame = message.frame;
    let (name, length) = match frame.framing {
        Framing::None => ("none", None),
        Framing::ContentLength(length) => ("content-length", Some(length)),
        Framing::Chunked => ("chunked", None),
        Framing::UntilClose => ("until-close", None),
        Framing::Tunnel => ("tunnel", None),
    };
    json!({
        "kind": name,
        "length": length,
        "coded": frame.coded,
        "clause": frame.because.clause().id,
        "why": frame.because.clause().text,
    })
}

fn fields(pairs: &[Pair]) -> Vec<Value> {
    pairs.iter().map(|(name, value)| json!({ "name": latin1(name), "value": latin1(value) })).collect()
}

fn refusal(error: &Error) -> Value {
    let mut value = law(&error.clause());
    if let Value::Object(all) = &mut value {
        all.insert("offset".to_owned(), json!(error.offset));
        all.insert("octet".to_owned(), json!(error.octet));
        all.insert("fault".to_owned(), json!(error.fault.name()));
        all.insert("wrong".to_owned(), json!(error.wrong()));
        all.insert("legal".to_owned(), json!(error.legal()));
        all.insert("status".to_owned(), json!(error.status()));
    }
    value
}

fn missing(cut: &Incomplete) -> Value {
    let mut value = law(&cut.clause());
    if let Value::Object(all) = &mut value {
        all.insert("offset".to_owned(), json!(cut.offset));
        all.insert("missing".to_owned(), json!(super::text::missing(cut)));
        if let Missing::Octets(octets) = cut.missing {
            all.insert("octets".to_owned(), json!(octets));
        }
    }
    value
}

fn law(clause: &Clause) -> Value {
    json!({ "clause": clause.id, "place": clause.place, "level": clause.level.to_string(), "law": clause.text })
}
