//! A reading for people.

use std::fmt::Write;

use wirelaw_reference::http::{Ending, Error, Expect, Incomplete, Kind, Message, Missing, StartLine};

use super::Reading;

/// Octets in a line of an excerpt.
const WIDTH: usize = 16;

/// So many lines of a body are shown.
const BODY_LINES: usize = 16;

/// The reading: every message, and what is wrong if anything is.
pub fn render(reading: &Reading<'_>) -> String {
    let mut out = String::new();
    if reading.guessed {
        let _ = writeln!(out, "read as {}s, by the first octets; --request or --response says otherwise", reading.kind);
    }
    let transcript = &reading.transcript;
    for (number, one) in transcript.messages.iter().enumerate() {
        message(&mut out, number + 1, reading.kind, one);
    }
    for (what, octets) in [
        ("not HTTP any more", &transcript.tunnel),
        ("behind the last message, not read: the connection closes", &transcript.surplus),
    ] {
        if !octets.is_empty() {
            let _ = writeln!(out, "{} octets {what}", octets.len());
            dump(&mut out, octets, BODY_LINES);
        }
    }
    match &transcript.ending {
        Ending::Clean | Ending::EndsBody => {
            let count = transcript.messages.len();
            let _ = writeln!(out, "accepted: {count} {}{}", reading.kind, if count == 1 { "" } else { "s" });
        }
        Ending::Refused(error) => refusal(&mut out, reading.octets, error),
        Ending::Incomplete(cut) => {
            let _ = writeln!(out, "incomplete: the octets end at {}, {}", cut.offset, missing(cut));
            let _ = writeln!(out, "  clause  {}  {}", cut.clause().id, cut.clause());
        }
    }
    out
}

fn message(out: &mut String, number: usize, kind: Kind, message: &Message) {
    match &message.start_line {
        StartLine::Request { method, target, form, authority, expect } => {
            let _ = write!(out, "{kind} {number}  {} {} {}", shown(method), shown(target), message.version);
            let _ = write!(out, "  ({}", form.name());
            if let Some(authority) = authority {
                let _ = write!(out, ", for `{}`", shown(authority));
            }
            out.push_str(match expect {
                Expect::Nothing => ")\n",
                Expect::Continue => ", expects 100)\n",
                Expect::Unknown => ", expects something unknown)\n",
            });
        }
        StartLine::Response { status, reason } => {
            let _ = writeln!(out, "{kind} {number}  {} {status:03} {}", message.version, shown(reason));
        }
    }
    for (name, value) in &message.fields {
        let _ = writeln!(out, "  {}: {}", shown(name), shown(value));
    }
    let because = message.frame.because.clause();
    let coded = if message.frame.coded { ", other codings left on it" } else { "" };
    let _ = writeln!(out, "  framing     {}{coded}  [{}: {}]", message.frame.framing, because.id, because.place);
    for chunk in &message.chunks {
        let _ = write!(out, "  chunk       {} octets", chunk.size);
        for (name, value) in &chunk.extensions {
            let _ = write!(out, "; {}", shown(name));
            if let Some(value) = value {
                let _ = write!(out, "={}", shown(value));
            }
        }
        out.push('\n');
    }
    if !message.body.is_empty() {
        let _ = writeln!(out, "  body        {} octets at {}", message.body.len(), message.body_at);
        dump(out, &message.body, BODY_LINES);
    }
    for (name, value) in &message.trailers {
        let _ = writeln!(out, "  trailer     {}: {}", shown(name), shown(value));
    }
    if let Some(outcome) = message.outcome {
        let _ = writeln!(out, "  connection  {outcome}  [{}]", outcome.clause(kind).id);
    }
}

fn refusal(out: &mut String, octets: &[u8], error: &Error) {
    let _ = write!(out, "rejected at octet {}: {}", error.offset, error.wrong());
    if let Some(octet) = error.octet {
        let _ = write!(out, " (0x{octet:02x})");
    }
    out.push('\n');
    excerpt(out, octets, usize::try_from(error.offset).unwrap_or(usize::MAX));
    let _ = writeln!(out, "  fault   {}", error.fault.name());
    let _ = writeln!(out, "  legal   {}", error.legal());
    let _ = writeln!(out, "  clause  {}  {}", error.clause().id, error.clause());
    let _ = match error.kind {
        Kind::Request => writeln!(out, "  answer  {}, then close", error.status()),
        Kind::Response => writeln!(out, "  answer  a gateway {}; a client discards it and closes", error.status()),
    };
}

/// What was to come.
pub(super) fn missing(cut: &Incomplete) -> String {
    match cut.missing {
        Missing::StartLine => "within the start-line".to_owned(),
        Missing::Fields => "within the header section".to_owned(),
        Missing::Octets(octets) => format!("{octets} octets before the end of the body"),
        Missing::Chunk => "before the last chunk".to_owned(),
        Missing::Trailers => "after the last chunk, before the empty line".to_owned(),
    }
}

/// The line of octets that holds `at`, with the one before it, and a mark below.
fn excerpt(out: &mut String, octets: &[u8], at: usize) {
    let row = at / WIDTH;
    for row in row.saturating_sub(1)..=row {
        line(out, octets, row);
    }
    let _ = writeln!(out, "  {:8}  {:indent$}^^", "", "", indent = at % WIDTH * 3);
}

fn dump(out: &mut String, octets: &[u8], lines: usize) {
    for row in 0..octets.len().div_ceil(WIDTH).min(lines) {
        line(out, octets, row);
    }
    if octets.len() > lines * WIDTH {
        let _ = writeln!(out, "  ...       {} octets more", octets.len() - lines * WIDTH);
    }
}

/// One line of octets, in hexadecimal and as text.
fn line(out: &mut String, octets: &[u8], row: usize) {
    let start = row * WIDTH;
    let cells = octets.get(start..octets.len().min(start + WIDTH)).unwrap_or_default();
    let hex = cells.iter().fold(String::new(), |mut hex, octet| {
        let _ = write!(hex, "{octet:02x} ");
        hex
    });
    let text: String =
        cells.iter().map(|octet| if matches!(octet, 0x20..=0x7e) { char::from(*octet) } else { '.' }).collect();
    let _ = writeln!(out, "  {start:08x}  {hex:48} |{text}|");
}

/// Octets that a terminal bears.
pub(in crate::http) fn shown(octets: &[u8]) -> String {
    let escape = |octet: &u8| match octet {
        0x20..=0x7e => char::from(*octet).to_string(),
        b'\t' => "\\t".to_owned(),
        other => format!("\\x{other:02x}"),
    };
    octets.iter().map(escape).collect()
}
