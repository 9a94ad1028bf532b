//! Tokens to values: a recursive descent with one token of lookahead.
//!
//! Whatever may stand at a place is noted when it is asked for ([`Parser::eat`] and its kin), so
//! that an error can list all that would have been right there.

mod advice;
mod call;
mod encapsulation;
mod expr;
mod header;
mod icmp;
mod number;
mod options;
mod packet;
mod scenario;
mod structures;
mod tcp;
mod tcp_options;
mod time;

use std::fmt;
use std::ops::Range;

use super::ast::Spanned;
use super::error::{Problem, quote};
use super::lexer::{Comment, Kind, Lexer, Token};

pub(crate) use options::{override_of, wants_value};
pub(crate) use scenario::parse;

type Result<T> = std::result::Result<T, Problem>;

/// How deep lists may be nested; far beyond any real script, and far within the thread's stack.
const DEPTH_LIMIT: usize = 64;

/// Something that could stand where something else was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    /// This very word.
    Word(&'static str),
    /// Something of this description.
    Thing(&'static str),
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Want::Word(word) => write!(f, "`{word}`"),
            Want::Thing(description) => f.write_str(description),
        }
    }
}

/// A script that is being read.
#[derive(Debug)]
struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The token that comes next.
    token: Token<'a>,
    /// What has been looked for at `token` without being found.
    wanted: Vec<Want>,
    /// The offset and line at which the last token ended.
    end: usize,
    end_line: usize,
    /// The comments between the tokens of the present step.
    comments: Vec<Comment>,
    /// How many lists are open.
    depth: usize,
}

impl<'a> Parser<'a> {
    /// At the token that comes next in `lexer`.
    fn new(mut lexer: Lexer<'a>) -> Result<Parser<'a>> {
        let (end, end_line) = (lexer.offset(), 0);
        let token = lexer.token()?;
        Ok(Parser { lexer, token, wanted: Vec::new(), end, end_line, comments: Vec::new(), depth: 0 })
    }

    /// Takes the next token.
    fn bump(&mut self) -> Result<Token<'a>> {
        let next = self.lexer.token()?;
        let mut token = std::mem::replace(&mut self.token, next);
        self.comments.append(&mut token.comments);
        self.end = token.span.end;
        self.end_line = token.last_line;
        self.wanted.clear();
        Ok(token)
    }

    /// Looks at the next token again after the lexer has been moved by other rules.
    fn refill(&mut self) -> Result<()> {
        self.end = self.lexer.offset();
        self.end_line = self.lexer.line();
        let mut comments = std::mem::take(&mut self.token.comments);
        self.comments.append(&mut comments);
        self.token = self.lexer.token()?;
        self.wanted.clear();
        Ok(())
    }

    /// Notes that something of this description could come next.
    fn want(&mut self, description: &'static str) {
        self.wanted.push(Want::Thing(description));
    }

    /// Takes the mark `mark` if it comes next. `shown` is the mark as a message shows it.
    fn eat(&mut self, mark: &str, shown: &'static str) -> Result<bool> {
        if self.token.is(mark) {
            self.bump()?;
            return Ok(true);
        }
        self.want(shown);
        Ok(false)
    }

    /// Takes the word `word` if it comes next.
    fn eat_word(&mut self, word: &'static str) -> Result<bool> {
        if self.token.is_word(word) {
            self.bump()?;
            return Ok(true);
        }
        self.wanted.push(Want::Word(word));
        Ok(false)
    }

    /// Takes a token of the kind `kind` if it comes next.
    fn eat_kind(&mut self, kind: Kind, shown: &'static str) -> Result<Option<Token<'a>>> {
        if self.token.kind == kind {
            return self.bump().map(Some);
        }
        self.want(shown);
        Ok(None)
    }

    /// Takes the mark `mark`, which must come next.
    fn expect(&mut self, mark: &str, shown: &'static str) -> Result<()> {
        if self.eat(mark, shown)? { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Takes the word `word`, which must come next.
    fn expect_word(&mut self, word: &'static str) -> Result<()> {
        if self.eat_word(word)? { Ok(()) } else { Err(self.unexpected()) }
    }

    /// The next token is none of what could stand here.
    fn unexpected(&mut self) -> Problem {
        let mut wanted = Vec::new();
        let asked = std::mem::take(&mut self.wanted);
        let advice = advice::advice(&self.token, &asked);
        for want in asked {
            let want = want.to_string();
            if !wanted.contains(&want) {
                wanted.push(want);
            }
        }
        let list = match wanted.as_slice() {
            [] => "something else".to_owned(),
            [only] => only.clone(),
            [most @ .., last] => format!("{} or {last}", most.join(", ")),
        };
        let token = &self.token;
        // At the end of the file the caret goes behind what is there.
        let span = if token.kind == Kind::End { self.end..self.end } else { token.span.clone() };
        let problem =
            Problem::new(span, format!("expected {list}, found {}", describe(token))).label("not expected here");
        match advice {
            Some(advice) => problem.help(advice),
            None => problem,
        }
    }

    /// `value`, which reaches from `start` to the last token.
    fn spanned<T>(&self, value: T, start: usize) -> Spanned<T> {
        Spanned::new(value, self.span_from(start))
    }

    fn span_from(&self, start: usize) -> Range<usize> {
        start..self.end.max(start)
    }

    /// Adjacent strings as one, and `None` if there is none.
    fn strings(&mut self, shown: &'static str) -> Result<Option<Spanned<Vec<u8>>>> {
        let start = self.token.span.start;
        let Some(first) = self.eat_kind(Kind::String, shown)? else { return Ok(None) };
        let mut octets = text_of(&first)?;
        while let Some(more) = self.eat_kind(Kind::String, "another string")? {
            octets.append(&mut text_of(&more)?);
        }
        Ok(Some(self.spanned(octets, start)))
    }
}

/// The octets of a string token.
fn text_of(token: &Token<'_>) -> Result<Vec<u8>> {
    let octets = super::lexer::unescape(&token.text, token.span.start + 1);
    if token.expanded { octets.map_err(|problem| problem.at(token.span.clone())) } else { octets }
}

/// A token as a message shows it.
fn describe(token: &Token<'_>) -> String {
    match token.kind {
        Kind::End => "the end of the file".to_owned(),
        Kind::String => format!("the string {}", quote(&token.text)),
        Kind::Backquote => "a shell command".to_owned(),
        Kind::Code => "a code block".to_owned(),
        Kind::Connection => format!("the connection {}", quote(&format!("@{}", token.text))),
        Kind::Option => format!("the option {}", quote(&token.text)),
        _ => quote(&token.text),
    }
}
