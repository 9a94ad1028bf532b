//! From what came back to a verdict.

use std::fmt::Write;

use super::cases::Case;
use super::observe::{Baseline, End, Message, Observation};
use super::play::{Trouble, octets};
use super::script::{OutcomeLine, Role, Script, Segments};
use super::server::Abilities;
use super::wire::{Address, Endpoint};
use crate::axes::Axes;
use crate::report::{Failure, Mark, Outcome, Verdict};
use crate::requirements::http;
use crate::script::{Problem, ScriptError};

/// How many octets of a message a report shows.
const SHOWN: usize = 300;

/// How many replies a report shows: a storm of interim ones says no more than its beginning.
const MOST_SHOWN: usize = 12;

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

/// A peer, and what is known of it: what the judges of servers, proxies and clients share.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// Its name in reports.
    pub name: &'a str,
    /// What it is.
    pub role: Role,
    /// Where it is reached; none for a client, which reaches the judge.
    pub endpoint: Option<&'a Endpoint>,
    /// Whether surplus caution is asked for.
    pub is_hardened: bool,
    /// What it can do.
    pub abilities: &'a Abilities,
}

impl Judge<'_> {
    /// The outcome of a case that `runs` plays, if it can be judged at all.
    pub fn outcome(&self, case: &Case, runs: impl FnOnce(&Script) -> Result<Vec<Run>, Trouble>) -> Outcome {
        let plain = |verdict, message| plain(case, self.name, verdict, message);
        let script = match &case.script {
            Ok(script) => script,
            Err(error) => {
                let mut outcome = plain(Verdict::Broken, error.message().to_owned());
                outcome.script_error = Some(error.clone());
                return outcome;
            }
        };
        if let Some(why) = self.unsupported(script) {
            return plain(Verdict::Unsupported, why);
        }
        let mut outcome = match runs(script) {
            Ok(runs) => judge(case, script, &runs, &self.abilities.baseline, self.name, self.is_hardened),
            Err(Trouble::Connect(error)) => {
                let failed =
                    self.endpoint.map_or("cannot listen".to_owned(), |at| format!("cannot connect to {}", at.address));
                plain(Verdict::Broken, format!("{failed}: {error}"))
            }
            Err(Trouble::Gone(since)) => plain(Verdict::Broken, since),
            Err(Trouble::Variable(name)) => {
                let error = unknown_variable(script, &name, self.abilities.variables.keys());
                let mut outcome = plain(Verdict::Broken, error.message().to_owned());
                outcome.script_error = Some(error);
                return outcome;
            }
        };
        if let (Some(failure), Some(endpoint)) = (&mut outcome.failure, self.endpoint)
            && let Ok(octets) = octets(script, &self.abilities.variables)
        {
            let again = reproducer(&octets, &endpoint.address, endpoint.tls);
            failure.got.extend(again.map(|again| format!("try: {again}")));
        }
        outcome
    }

    /// What a case needs and the peer lacks.
    pub fn unsupported(&self, script: &Script) -> Option<String> {
        if script.is_hardened && !self.is_hardened {
            return Some("judged under --profile hardened only".to_owned());
        }
        let missing = script.needs.iter().find(|need| !self.abilities.has(**need))?;
        Some(format!("the {} lacks `{missing}`: {}", self.role.name(), self.abilities.why_not(*missing)))
    }

    /// What one run says of the peer.
    pub fn verdict(&self, script: &Script, run: &Run) -> Verdict {
        outcome_line(script, &run.observation, &self.abilities.baseline).given.verdict(self.is_hardened)
    }

    /// Whether what came is a warning or worse, and so worth a second look.
    pub fn is_wrong(&self, script: &Script, run: &Run) -> bool {
        matches!(self.verdict(script, run), Verdict::Warn | Verdict::Fail)
    }
}

/// A `{name}` that no judge of this role fills in: where it stands, and those that are.
fn unknown_variable<'a>(script: &Script, name: &str, known: impl Iterator<Item = &'a String>) -> ScriptError {
    let word = format!("{{{name}}}");
    let at = script.source.find(&word).unwrap_or_default();
    let mut known: Vec<_> = known.map(|name| format!("{{{name}}}")).collect();
    known.sort();
    let help = if known.is_empty() { String::new() } else { format!("there are {}; ", known.join(", ")) };
    Problem::new(at..at + word.len(), format!("nothing is known as {word} here"))
        .help(format!("{help}an opening brace itself is `\\{{`"))
        .locate(&script.file, &script.source)
}

/// The first outcome line that fits; the last one fits always.
pub fn outcome_line<'a>(script: &'a Script, observation: &Observation, baseline: &Baseline) -> &'a OutcomeLine {
    let fits = |line: &&OutcomeLine| line.pattern.as_ref().is_none_or(|pattern| observation.fits(pattern, baseline));
    script.outcomes.iter().find(fits).expect("a case ends with `else`")
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
    let verdicts: Vec<_> = judged.iter().map(|(verdict, ..)| *verdict).collect();
    let mut outcome = plain(case, peer, *verdict, message(script, line, run, &verdicts));
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
        before: Vec::new(),
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
    lines.extend(observation.replies.iter().take(MOST_SHOWN).map(shown));
    if observation.replies.len() > MOST_SHOWN {
        lines.push(format!("{} replies more", observation.replies.len() - MOST_SHOWN));
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
pub fn reproducer(octets: &[u8], address: &Address, tls: bool) -> Option<String> {
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
        Address::Tcp(host, port) => {
            let _ = write!(text, "nc -q 2 {host} {port}");
        }
        Address::Unix(path) => {
            let _ = write!(text, "nc -q 2 -U {}", path.display());
        }
    }
    Some(text)
}
