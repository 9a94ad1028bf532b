//! From text to [`Script`].

use std::ops::Range;
use std::time::Duration;

use super::{Ability, Given, OutcomeLine, Placed, Script, Segments, Side, Step, Template, pattern};
use crate::report::Verdict;
use crate::requirements::{http, suggestions};
use crate::script::{Problem, ScriptError, quote};

/// The longest `pause`.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Reads a case; `file` is for messages.
pub fn parse(file: &str, text: &str) -> Result<Script, ScriptError> {
    let mut parser = Parser { script: empty(file, text), side: Side::Client };
    let result = lines(text).try_for_each(|(line, at)| parser.line(line, at)).and_then(|()| parser.finish());
    result.map_err(|problem| problem.locate(file, text))?;
    Ok(parser.script)
}

fn empty(file: &str, text: &str) -> Script {
    Script {
        file: file.to_owned(),
        source: text.into(),
        title: String::new(),
        tests: Vec::new(),
        needs: Vec::new(),
        segments: Segments::ALL.to_vec(),
        answers: Vec::new(),
        target: None,
        is_hardened: false,
        steps: Vec::new(),
        outcomes: Vec::new(),
    }
}

/// Each line without the blanks at its end, and where it starts.
fn lines(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (line.trim_end(), start)
    })
}

struct Parser {
    script: Script,
    side: Side,
}

impl Parser {
    fn line(&mut self, line: &str, at: usize) -> Result<(), Problem> {
        let span = at..at + line.len();
        if line.is_empty() {
            return Ok(());
        }
        if let Some(comment) = line.strip_prefix('#') {
            if self.script.title.is_empty() {
                comment.trim().clone_into(&mut self.script.title);
            }
            return Ok(());
        }
        for (mark, side) in [('>', Side::Client), ('<', Side::Origin)] {
            if let Some(octets) = line.strip_prefix(mark) {
                let octets = octets.strip_prefix(' ').unwrap_or(octets);
                return self.send(side, octets, at + line.len() - octets.len(), span);
            }
        }
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest_at = at + line.len() - rest.len();
        if word == "else" || Given::parse(word).is_some() {
            return self.outcome(line, at);
        }
        if !self.script.outcomes.is_empty() {
            return Err(
                Problem::new(span, "a step behind the outcomes").help("steps come first, then what they may lead to")
            );
        }
        if let Some(name) = word.strip_suffix(':') {
            return self.header(name, rest, rest_at, span);
        }
        let step = step(word, rest.trim(), &span)?;
        self.script.steps.push(Placed { step, span, side: self.side });
        Ok(())
    }

    fn send(&mut self, side: Side, octets: &str, at: usize, span: Range<usize>) -> Result<(), Problem> {
        if !self.script.outcomes.is_empty() {
            return Err(
                Problem::new(span, "octets behind the outcomes").help("steps come first, then what they may lead to")
            );
        }
        self.side = side;
        if let Some(Placed { step: Step::Send(last, template), span: before, .. }) = self.script.steps.last_mut() {
            if *last == side {
                before.end = span.end;
                return template.parse(octets, at);
            }
        }
        let mut template = Template::default();
        template.parse(octets, at)?;
        self.script.steps.push(Placed { step: Step::Send(side, template), span, side });
        Ok(())
    }

    fn header(&mut self, name: &str, value: &str, at: usize, span: Range<usize>) -> Result<(), Problem> {
        if !self.script.steps.is_empty() {
            return Err(
                Problem::new(span, format!("the header {} behind a step", quote(name))).help("headers stand first")
            );
        }
        let words = || words(value, at);
        match name {
            "tests" => self.script.tests = words().map(|(id, span)| requirement(id, span)).collect::<Result<_, _>>()?,
            "answers" => self.script.answers = words().map(|(method, _)| method.to_owned()).collect(),
            "needs" => {
                let named = |word: &str| Ability::ALL.into_iter().find(|ability| ability.name() == word);
                let known = || Ability::ALL.map(Ability::name);
                self.script.needs =
                    words().map(|(word, span)| one_of(word, span, named, known)).collect::<Result<_, _>>()?;
            }
            "segments" => {
                let named = |word: &str| Segments::ALL.into_iter().find(|way| way.name() == word);
                let known = || Segments::ALL.map(Segments::name);
                self.script.segments =
                    words().map(|(word, span)| one_of(word, span, named, known)).collect::<Result<_, _>>()?;
                if self.script.segments.is_empty() {
                    return Err(Problem::new(span, "no way to cut the octets").help("some of: whole octets crlf"));
                }
            }
            "target" if value.trim().starts_with(['/', '?', '#']) => self.script.target = Some(value.trim().to_owned()),
            "profile" if value.trim() == "hardened" => self.script.is_hardened = true,
            _ => {
                return Err(Problem::new(span, format!("an unknown header {}", quote(name)))
                    .help("there are tests, needs, segments, answers, `target: /...`, and `profile: hardened`"));
            }
        }
        Ok(())
    }

    fn outcome(&mut self, line: &str, at: usize) -> Result<(), Problem> {
        let span = at..at + line.len();
        if self.script.outcomes.last().is_some_and(|last| last.pattern.is_none()) {
            return Err(
                Problem::new(span, "an outcome behind `else`").help("`else` fits everything: it is the last one")
            );
        }
        let (left, reason) = split_reason(line);
        let mut words = words(left, at).peekable();
        let (first, first_span) = words.next().expect("the line has a first word");
        let is_else = first == "else";
        let (given, given_span) =
            if is_else { words.next().unwrap_or(("", span.clone())) } else { (first, first_span) };
        let given = Given::parse(given).ok_or_else(|| {
            Problem::new(given_span, "a verdict is missing").help("one of pass, warn, fail, harden, unsupported")
        })?;
        let id = words.next_if(|(word, _)| is_id(word)).map(|(id, span)| requirement(id, span)).transpose()?;
        let pattern = match words.next() {
            None if is_else => None,
            Some((_, extra)) if is_else => {
                return Err(Problem::new(extra, "a pattern behind `else`")
                    .help("`else` fits everything: `else VERDICT [ID] [: reason]`"));
            }
            None => {
                return Err(Problem::new(span, "an outcome without a pattern")
                    .help("`any` fits whatever comes; the last line is `else VERDICT`"));
            }
            Some((_, first)) => Some(pattern::parse(&line[first.start - at..left.len()], first.start)?),
        };
        self.script.outcomes.push(OutcomeLine { given, id, pattern, reason: reason.to_owned(), span });
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Problem> {
        let end = self.script.source.trim_end().len();
        let problem = |message: &str| Problem::new(end..end, message);
        if self.script.title.is_empty() {
            return Err(Problem::new(0..0, "a case without a title").help("the first line says what it tests: `# ...`"));
        }
        if self.script.steps.is_empty() {
            return Err(problem("a case that does nothing").help("`> OCTETS` sends, `< OCTETS` answers"));
        }
        match self.script.outcomes.last() {
            Some(last) if last.pattern.is_none() => {}
            _ => {
                return Err(
                    problem("the last outcome is not `else`").help("what else may come is judged, too: `else fail ID`")
                );
            }
        }
        let bad = |line: &OutcomeLine| !matches!(line.given, Given::Verdict(Verdict::Pass | Verdict::Unsupported));
        if !self.script.outcomes.iter().any(bad) {
            return Err(problem("no outcome would be wrong").help("a case that cannot fail tests nothing"));
        }
        Ok(())
    }
}

/// The reason stands behind ` : `, outside of strings.
fn split_reason(line: &str) -> (&str, &str) {
    let mut in_string = false;
    let octets = line.as_bytes();
    for at in 1..octets.len() {
        match octets[at] {
            b'"' if octets[at - 1] != b'\\' => in_string = !in_string,
            b':' if !in_string && octets[at - 1].is_ascii_whitespace() => {
                return (line[..at].trim_end(), line[at + 1..].trim());
            }
            _ => {}
        }
    }
    (line, "")
}

/// Requirements start with the number of an RFC and a section; of the words of a pattern only a range of statuses
/// (`400-417`) starts alike.
fn is_id(word: &str) -> bool {
    let (rfc, rest) = word.split_once('-').unwrap_or_default();
    let is_range = rest.len() == 3 && rest.bytes().all(|octet| octet.is_ascii_digit());
    rfc.len() >= 3 && rfc.bytes().all(|octet| octet.is_ascii_digit()) && !is_range
}

fn requirement(id: &str, span: Range<usize>) -> Result<String, Problem> {
    if let Some(requirement) = http().get(id) {
        return Ok(requirement.id.clone());
    }
    let near = suggestions(id, http().iter().map(|requirement| requirement.id.as_str()));
    let help = if near.is_empty() {
        "the ids stand in fixtures/requirements/http.csv".to_owned()
    } else {
        format!("did you mean {}?", near.join(", "))
    };
    Err(Problem::new(span, format!("no requirement is called {}", quote(id))).label("unknown").help(help))
}

fn words(text: &str, at: usize) -> impl Iterator<Item = (&str, Range<usize>)> {
    text.split_whitespace().map(move |word| {
        let start = at + (word.as_ptr() as usize - text.as_ptr() as usize);
        (word, start..start + word.len())
    })
}

fn one_of<T, const N: usize>(
    word: &str,
    span: Range<usize>,
    named: impl Fn(&str) -> Option<T>,
    known: impl Fn() -> [&'static str; N],
) -> Result<T, Problem> {
    named(word).ok_or_else(|| {
        Problem::new(span, format!("unknown: {}", quote(word))).help(format!("there are {}", known().join(", ")))
    })
}

fn step(word: &str, rest: &str, span: &Range<usize>) -> Result<Step, Problem> {
    let nothing_follows = |step| {
        if rest.is_empty() { Ok(step) } else { Err(Problem::new(span.clone(), format!("`{word}` stands alone"))) }
    };
    match word {
        "half-close" => nothing_follows(Step::HalfClose),
        "close" => nothing_follows(Step::Close),
        "reset" => nothing_follows(Step::Reset),
        "await" => nothing_follows(Step::Await),
        "pause" => duration(rest)
            .filter(|pause| *pause <= LONGEST_PAUSE)
            .map(Step::Pause)
            .ok_or_else(|| Problem::new(span.clone(), "a pause is such as `50ms` or `1s`, ten seconds at most")),
        "connection" => match rest.parse() {
            Ok(number @ 1..=64) => Ok(Step::Connection(number)),
            _ => Err(Problem::new(span.clone(), "connections are counted from 1 to 64")),
        },
        _ => Err(Problem::new(span.start..span.start + word.len(), format!("an unknown step {}", quote(word))).help(
            "`> OCTETS`, `< OCTETS`, pause, half-close, close, reset, connection, await; outcomes start with pass, warn, fail, harden, unsupported or else",
        )),
    }
}

fn duration(text: &str) -> Option<Duration> {
    match text.strip_suffix("ms") {
        Some(number) => number.parse().ok().map(Duration::from_millis),
        None => text.strip_suffix('s')?.parse().ok().map(Duration::from_secs),
    }
}
