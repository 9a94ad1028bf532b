//! What came back, as a pattern.

use std::ops::Range;

use super::octets::escaped;
use crate::script::Problem;

/// Which final statuses a reply may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statuses {
    /// Any reply.
    Any,
    /// One of these ranges, or what [`Statuses::Ok`] or [`Statuses::Refused`] say.
    OneOf(Vec<Statuses>),
    /// From, to.
    Range(u16, u16),
    /// What the peer answers to a plain request.
    Ok,
    /// 4xx or 5xx, but for what [`Statuses::Ok`] stands for.
    Refused,
    /// Octets that are no reply.
    Raw,
}

/// How the connection was when all was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Neither closed nor announced to be.
    Open,
    /// Closed, aborted, or the last reply says that it will be.
    Close,
    /// Closed or aborted.
    Closed,
}

/// Which message a condition is about, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A reply of the peer, interim ones not counted.
    Reply(usize),
    /// An interim reply.
    Interim(usize),
    /// A message that came to the judge as a server: forwarded by a proxy, or sent by a client.
    Request(usize),
    /// What the command wrote.
    Output,
}

/// What must hold of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// The field is there; case of the name aside.
    Header(String),
    /// A line of the field has exactly this value.
    HeaderIs(String, Vec<u8>),
    /// A line of the field holds this, case aside.
    HeaderContains(String, Vec<u8>),
    /// More than one line of the field.
    HeaderTwice(String),
    /// The body has octets.
    Body,
    /// The body is this.
    BodyIs(Vec<u8>),
    /// The body holds this.
    BodyContains(Vec<u8>),
    /// The octets as they came hold this.
    RawContains(Vec<u8>),
    /// The start-line holds this.
    LineContains(Vec<u8>),
    /// The whole message came.
    Complete,
    /// There is such a message.
    There,
}

/// One condition of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The test holds, or must not.
    Message {
        /// Of this message; one that is not there fails every test.
        subject: Subject,
        /// Whether the test must fail.
        negated: bool,
        /// What is asked.
        test: Test,
    },
    /// So many requests came to the judge as a server.
    Requests(usize),
    /// So many connections were opened to the judge as a server.
    Connections(usize),
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Pattern {
    /// The replies in order; none: whatever.
    pub replies: Option<Vec<Statuses>>,
    /// Whether more may follow.
    pub more: bool,
    /// How it ended; none: however.
    pub ending: Option<Ending>,
    /// How the command ended; none: however.
    pub success: Option<bool>,
    /// Whether the command must have hung.
    pub is_hung: bool,
    /// All must hold.
    pub with: Vec<Condition>,
}

impl Pattern {
    /// Whether interim replies are among what it names.
    pub fn names_interim(&self) -> bool {
        fn interim(statuses: &Statuses) -> bool {
            match statuses {
                Statuses::Range(from, _) => *from < 200,
                Statuses::OneOf(all) => all.iter().any(interim),
                _ => false,
            }
        }
        self.replies.iter().flatten().any(interim)
    }
}

/// A word or a quoted string, and where it stands.
#[derive(Clone, Debug)]
struct Word<'a> {
    text: &'a str,
    value: Option<Vec<u8>>,
    span: Range<usize>,
}

/// Reads the pattern of an outcome line; `at` is where it stands.
pub(super) fn parse(text: &str, at: usize) -> Result<Pattern, Problem> {
    let words = words(text, at)?;
    let mut words = words.iter().peekable();
    let mut pattern = Pattern::default();
    let mut replies: Vec<Statuses> = Vec::new();
    let (mut is_none, mut is_any) = (false, false);
    while let Some(word) = words.next() {
        let is_said = match word.text {
            "open" | "close" | "closed" => pattern.ending.is_some(),
            "success" | "failure" | "hung" => pattern.success.is_some(),
            _ => false,
        };
        if is_said {
            return Err(Problem::new(word.span.clone(), "the end is said twice")
                .help("one of `open`, `close`, `closed`, for a client one of `success`, `failure`, `hung`; two lines for either"));
        }
        match word.text {
            "open" => pattern.ending = Some(Ending::Open),
            "close" => pattern.ending = Some(Ending::Close),
            "closed" => pattern.ending = Some(Ending::Closed),
            "success" => pattern.success = Some(true),
            "failure" => pattern.success = Some(false),
            "hung" => (pattern.is_hung, pattern.success) = (true, Some(false)),
            "none" => is_none = true,
            "any" if words.peek().is_none_or(|next| next.text != ",") && replies.is_empty() => is_any = true,
            "..." => pattern.more = true,
            "," => {}
            "with" => {
                pattern.with.push(condition(&mut words, word)?);
                while let Some(next) = words.next() {
                    if next.text != "and" {
                        return Err(Problem::new(next.span.clone(), "more words than a condition has")
                            .help("join conditions by `and`"));
                    }
                    pattern.with.push(condition(&mut words, next)?);
                }
            }
            _ => replies.push(statuses(word)?),
        }
    }
    if !replies.is_empty() || is_none {
        pattern.replies = Some(replies);
    } else if !is_any && pattern.ending.is_none() && pattern.success.is_none() && pattern.with.is_empty() {
        return Err(Problem::new(at..at + text.len(), "a pattern that says nothing").help("`any` fits whatever comes"));
    }
    Ok(pattern)
}

fn words(text: &str, at: usize) -> Result<Vec<Word<'_>>, Problem> {
    let mut words = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let here = at + text.len() - rest.len();
        let Some(first) = rest.chars().next() else { return Ok(words) };
        let (len, value) = match first {
            '"' => {
                let (value, len) = quoted(rest, here)?;
                (len, Some(value))
            }
            ',' => (1, None),
            _ => (rest.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(rest.len()), None),
        };
        words.push(Word { text: &rest[..len], value, span: here..here + len });
        rest = &rest[len..];
    }
}

fn quoted(rest: &str, at: usize) -> Result<(Vec<u8>, usize), Problem> {
    let mut value = Vec::new();
    let mut inner = &rest[1..];
    loop {
        let here = at + rest.len() - inner.len();
        match inner.chars().next() {
            None => return Err(Problem::new(at..here, "a string without its closing quote")),
            Some('"') => return Ok((value, rest.len() - inner.len() + 1)),
            Some('\\') => {
                let (octet, after) = escaped(inner, here)?;
                value.push(octet);
                inner = after;
            }
            Some(c) => {
                value.extend_from_slice(&inner.as_bytes()[..c.len_utf8()]);
                inner = &inner[c.len_utf8()..];
            }
        }
    }
}

fn statuses(word: &Word<'_>) -> Result<Statuses, Problem> {
    let mut all = word.text.split('|').map(|part| match part {
        "any" => Some(Statuses::Any),
        "ok" => Some(Statuses::Ok),
        "refused" => Some(Statuses::Refused),
        "raw" => Some(Statuses::Raw),
        _ => range(part),
    });
    let unknown = || {
        Problem::new(word.span.clone(), format!("`{}` is no part of a pattern", word.text))
            .help("such as `400|5xx`, `2xx, ...`, `ok`, `refused`, `none`, `any`, `raw`, then `open`, `close` or `closed`, then `with ...`")
    };
    let mut read: Vec<Statuses> = all.by_ref().collect::<Option<_>>().ok_or_else(unknown)?;
    Ok(if read.len() == 1 { read.remove(0) } else { Statuses::OneOf(read) })
}

/// `404`, `4xx` or `400-417`.
fn range(part: &str) -> Option<Statuses> {
    let number = |text: &str| (text.len() == 3).then(|| text.parse::<u16>().ok()).flatten();
    if let Some(class) = part.strip_suffix("xx") {
        let class: u16 = class.parse().ok().filter(|class| (1..=9).contains(class))?;
        return Some(Statuses::Range(class * 100, class * 100 + 99));
    }
    if let Some((from, to)) = part.split_once('-') {
        return Some(Statuses::Range(number(from)?, number(to)?));
    }
    number(part).map(|status| Statuses::Range(status, status))
}

type Words<'a, 'b> = std::iter::Peekable<std::slice::Iter<'b, Word<'a>>>;

/// `[reply|forwarded|request|interim [N]] [no] TEST`, `requests N`, `forwarded none`, `connections N`.
fn condition(words: &mut Words<'_, '_>, before: &Word<'_>) -> Result<Condition, Problem> {
    let help = "such as `header allow`, `no header transfer-encoding`, `header connection contains \"close\"`, `body is \"x\"`, \
                `forwarded line contains \"/\"`, `request 2 no body`, `requests 2`, `output contains \"x\"`";
    let end = Problem::new(before.span.clone(), "a condition is missing behind this").help(help);
    let mut word = next(words, &end)?;
    let mut subject = Subject::Reply(1);
    match word.text {
        "requests" | "connections" => {
            let number = next(words, &end)?;
            let count = number.text.parse().map_err(|_| Problem::new(number.span.clone(), "a number belongs here"))?;
            return Ok(if word.text == "requests" {
                Condition::Requests(count)
            } else {
                Condition::Connections(count)
            });
        }
        "reply" | "forwarded" | "request" | "interim" => {
            let name = word.text;
            let mut number = 1;
            word = next(words, &end)?;
            if name == "forwarded" && word.text == "none" {
                return Ok(Condition::Requests(0));
            }
            if let Ok(given) = word.text.parse::<usize>() {
                number = given.max(1);
                word = next(words, &end)?;
            }
            subject = match name {
                "reply" => Subject::Reply(number),
                "interim" => Subject::Interim(number),
                _ => Subject::Request(number),
            };
        }
        "output" => {
            subject = Subject::Output;
            word = Word { text: "body", ..word };
        }
        _ => {}
    }
    let negated = word.text == "no" || word.text == "not";
    if negated {
        word = next(words, &end)?;
    }
    let test = test(&word, words).ok_or_else(|| Problem::new(word.span.clone(), "an unknown condition").help(help))?;
    Ok(Condition::Message { subject, negated, test })
}

fn next<'a>(words: &mut Words<'a, '_>, missing: &Problem) -> Result<Word<'a>, Problem> {
    words.next().cloned().ok_or_else(|| missing.clone())
}

/// What is compared: `is`, `contains` or `twice`, and with what.
fn comparison(words: &mut Words<'_, '_>) -> Option<(&'static str, Vec<u8>)> {
    let how = ["is", "contains", "twice"].into_iter().find(|how| words.peek().is_some_and(|word| word.text == *how))?;
    words.next();
    if how == "twice" {
        return Some((how, Vec::new()));
    }
    let value = words.next()?;
    Some((how, value.value.clone().unwrap_or_else(|| value.text.as_bytes().to_vec())))
}

fn test(word: &Word<'_>, words: &mut Words<'_, '_>) -> Option<Test> {
    match word.text {
        "header" => {
            let name = words.next()?.text.to_owned();
            Some(match comparison(words) {
                None => Test::Header(name),
                Some(("is", value)) => Test::HeaderIs(name, value),
                Some(("contains", value)) => Test::HeaderContains(name, value),
                Some(_) => Test::HeaderTwice(name),
            })
        }
        "body" => Some(match comparison(words) {
            None => Test::Body,
            Some(("is", value)) => Test::BodyIs(value),
            Some((_, value)) => Test::BodyContains(value),
        }),
        "raw" => comparison(words).map(|(_, value)| Test::RawContains(value)),
        "line" => comparison(words).map(|(_, value)| Test::LineContains(value)),
        "complete" => Some(Test::Complete),
        "there" => Some(Test::There),
        _ => None,
    }
}
