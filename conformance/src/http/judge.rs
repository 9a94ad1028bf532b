//! From what came back to a verdict.

use std::fmt::Write;

use super::cases::Case;
use super::observe::{Baseline, End, Message, Observation};
use super::script::{OutcomeLine, Script, Segments};
use super::server::Abilities;
use crate::axes::Axes;
use crate::report::{Failure, Mark, Outcome, Verdict};
use crate::requirements::http;

/// How many octets of a message a report shows.
const SHOWN: usize = 300;

/// One run of a case: how the octets were cut, and what came.
#[derive(Clone, Debug)]
pub struct Run {
    /// How.
    pub segments: Segments,
    /// What.
    pub observation: Observation,
}

/// An outcome that rests on no outcome line.
pub fn plain(case: &Case, peer: &str, verdict: Verdict, message: String) -> Outcome {
    let mut outcome = Outcome::new(&case.id, peer, Axes::default(), verdict);
    outcome.message = message;
    if let Ok(script) = &case.script {
        outcome.covers.clone_from(&script.tests);
    }
    outcome
}

/// What a case needs and the peer lacks.
pub fn unsupported(script: &Script, abilities: &Abilities, peer: &str, is_hardened: bool) -> Option<String> {
    if script.is_hardened && !is_hardened {
        return Some("judged under --profile hardened only".to_owned());
    }
    let missing = script.needs.iter().find(|need| !abilities.has(**need))?;
    Some(format!("the {peer} lacks `{missing}`: {}", abilities.why_not(*missing)))
}

/// The first outcome line that fits; the last one fits always.
pub fn outcome_line<'a>(script: &'a Script, observation: &Observation, baseline: &Baseline) -> &'a OutcomeLine {
    let fits = |line: &&OutcomeLine| line.pattern.as_ref().is_none_or(|pattern| observation.fits(pattern, baseline));
    script.outcomes.iter().find(fits).expect("a case ends with `else`")
}

/// Whether what came is a warning or worse.
pub fn is_wrong(script: &Script, run: &Run, baseline: &Baseline, is_hardened: bool) -> bool {
    let verdict = outcome_line(script, &run.observation, baseline).given.verdict(is_hardened);
    matches!(verdict, Verdict::Warn | Verdict::Fail)
}

/// Judges the runs of a case: the worst of them decides. `peer` is its name in reports.
pub fn judge(
    case: &Case,
    script: &Script,
    runs: &[Run],
    baseline: &Baseline,
    peer: &str,
    is_hardened: bool,
) -> Outcome {
    let judged = runs.iter().map(|run| {
        let line = outcome_line(script, &run.observation, baseline);
        (line.given.verdict(is_hardened), line, run)
    });
    let judged: Vec<_> = judged.collect();
    let rank = |verdict: Verdict| if verdict == Verdict::Unsupported { 0 } else { 1 + verdict as u8 };
    // The first of the worst: a case that fails whole is not shown cut in pieces.
    let Some((verdict, line, run)) = judged.iter().rev().max_by_key(|(verdict, ..)| rank(*verdict)) else {
        return Outcome::new(&case.id, peer, Axes::default(), Verdict::Unsupported);
    };
    let mut outcome = Outcome::new(&case.id, peer, Axes::default(), *verdict);
    outcome.covers.clone_from(&script.tests);
    outcome.message = message(script, line, run, &judged.iter().map(|(verdict, ..)| *verdict).collect::<Vec<_>>());
    if !matches!(verdict, Verdict::Pass | Verdict::Unsupported) {
        let id = line.id.as_ref().or(script.tests.first());
        outcome.clause = id.and_then(|id| http().clause(id));
        outcome.line = Some(script.line(line.span.start));
        outcome.failure = Some(failure(script, line, run));
    }
    outcome
}

/// The reason of the line, and with which segments if the others fared better.
fn message(script: &Script, line: &OutcomeLine, run: &Run, verdicts: &[Verdict]) -> String {
    let reason = if line.reason.is_empty() { script.title.clone() } else { line.reason.clone() };
    if verdicts.iter().all(|verdict| *verdict == verdicts[0]) {
        return reason;
    }
    let how = match run.segments {
        Segments::Whole => "in whole segments",
        Segments::Octets => "octet by octet",
        Segments::Crlf => "cut inside each CR LF",
    };
    format!("{reason} (only when sent {how})")
}

fn failure(script: &Script, line: &OutcomeLine, run: &Run) -> Failure {
    let sent = script.steps.first().map_or(0..0, |placed| placed.span.clone());
    let first_line = script.source[sent.clone()].find('\n').map_or(sent.end, |end| sent.start + end);
    let note = if line.reason.is_empty() { "what came fits no outcome that conforms" } else { line.reason.as_str() };
    Failure {
        file: script.file.clone(),
        source: script.source.clone(),
        marks: vec![Mark { span: sent.start..first_line, note: note.to_owned() }],
        span: sent,
        got: describe(&run.observation),
        is_decisive: true,
        trace: None,
    }
}

/// What came, for people: one line for each message, one for the end.
pub fn describe(observation: &Observation) -> Vec<String> {
    let mut lines = Vec::new();
    let came = if observation.success.is_some() { "request" } else { "forwarded" };
    for request in &observation.requests {
        lines.push(format!("{came}: {}", shown(request)));
    }
    for reply in &observation.replies {
        lines.push(shown(reply));
    }
    if observation.replies.is_empty() && observation.success.is_none() {
        lines.push("no reply".to_owned());
    }
    if let Some(success) = observation.success {
        let how = match (success, observation.is_hung) {
            (true, _) => "succeeded",
            (false, false) => "failed",
            (false, true) => "hung, and was killed",
        };
        let output = &observation.output;
        let cut = output.len().min(SHOWN);
        let dots = if cut < output.len() { "..." } else { "" };
        lines.push(format!("the client {how}; it delivered \"{}{dots}\"", visible(&output[..cut])));
    } else {
        lines.push(
            match observation.end {
                End::Open if observation.announces_close() => "the connection was still open, but its end announced",
                End::Open => "the connection stayed open",
                End::Closed => "the connection was closed",
                End::Reset => "the connection was reset",
            }
            .to_owned(),
        );
    }
    lines.extend(observation.notes.iter().cloned());
    lines
}

/// The head of a message with visible line ends, and how much body it had.
fn shown(message: &Message) -> String {
    let head = message.raw.windows(4).position(|four| four == b"\r\n\r\n").map_or(message.raw.len(), |at| at + 4);
    let cut = head.min(SHOWN);
    let mut text = visible(&message.raw[..cut]);
    if cut < head {
        text.push_str("...");
    }
    if !message.body.is_empty() {
        let _ = write!(text, " + {} octets", message.body.len());
    }
    if !message.is_complete {
        text.push_str(" (cut off)");
    }
    text
}

/// Octets as the cases write them.
pub fn visible(octets: &[u8]) -> String {
    let mut text = String::new();
    for &octet in octets {
        match octet {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(octet)),
            _ => {
                let _ = write!(text, "\\x{octet:02x}");
            }
        }
    }
    text
}

/// A line for a shell that sends these octets to this address; nothing if they are too many for one.
pub fn reproducer(octets: &[u8], address: &super::wire::Address, tls: bool) -> Option<String> {
    if octets.len() > 4000 {
        return None;
    }
    let mut text = String::from("printf '");
    for &octet in octets {
        match octet {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\\' => text.push_str("\\\\"),
            b'%' => text.push_str("%%"),
            b'\'' => text.push_str("'\\''"),
            b' '..=b'~' => text.push(char::from(octet)),
            _ => {
                let _ = write!(text, "\\{octet:03o}");
            }
        }
    }
    text.push_str("' | ");
    match address {
        _ if tls => {
            let _ = write!(text, "openssl s_client -quiet -connect {address}");
        }
        super::wire::Address::Tcp(host, port) => {
            let _ = write!(text, "nc -q 2 {host} {port}");
        }
        super::wire::Address::Unix(path) => {
            let _ = write!(text, "nc -q 2 -U {}", path.display());
        }
    }
    Some(text)
}
