//! Characters to tokens.
//!
//! Tokens are made one at a time, because some parts of a script (options, notes, addresses) are
//! read by rules of their own, and the parser knows when. No word is reserved here: what a word
//! means depends on where it stands.

mod condition;
mod define;
mod text;
mod token;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;

use super::error::{Problem, quote};

pub(crate) use define::{Defines, Origin};
pub(crate) use text::unescape;
pub(crate) use token::{Comment, Kind, Token};

type Result<T> = std::result::Result<T, Problem>;

/// Reads one script.
#[derive(Debug)]
pub(crate) struct Lexer<'a> {
    source: &'a str,
    at: usize,
    line: usize,
    /// What `-D` and `--define` have said.
    pub(crate) defines: Defines<'a>,
    /// What is left of a define that stands for several tokens.
    pending: VecDeque<Token<'a>>,
    /// Where the `#ifdef` stands that is open, whose text is read.
    condition: Option<Range<usize>>,
    /// The words for which defines have put something else.
    pub(crate) expansions: Vec<Range<usize>>,
}

impl<'a> Lexer<'a> {
    /// At the start of `source`.
    pub(crate) fn new(source: &'a str, defines: Defines<'a>) -> Lexer<'a> {
        let at = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Lexer { source, at, line: 1, defines, pending: VecDeque::new(), condition: None, expansions: Vec::new() }
    }

    /// The offset of the next character.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// The line of the next character, from 1.
    pub(crate) fn line(&self) -> usize {
        self.line
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    /// The next token, with the comments before it; defines have been applied.
    pub(crate) fn token(&mut self) -> Result<Token<'a>> {
        if let Some(token) = self.pending.pop_front() {
            return Ok(token);
        }
        let mut comments = Vec::new();
        loop {
            self.trivia(&mut comments)?;
            let mut token = self.plain_token()?;
            if token.kind == Kind::Word
                && !self.defines.is_empty()
                && !token::is_reserved(&token.text)
                && let Some(expansion) = self.defines.expand(&token)?
            {
                self.expansions.push(token.span.clone());
                self.pending = expansion;
                match self.pending.pop_front() {
                    Some(first) => token = first,
                    None => continue, // an empty define stands for nothing
                }
            }
            token.comments = comments;
            return Ok(token);
        }
    }

    /// A reserved word stands where only a name can stand: if it is defined, what it stands for.
    pub(crate) fn expand_reserved(&mut self, token: &Token<'a>) -> Result<Option<Token<'a>>> {
        if token.expanded || self.defines.is_empty() || !token::is_reserved(&token.text) {
            return Ok(None);
        }
        let Some(mut expansion) = self.defines.expand(token)? else { return Ok(None) };
        self.expansions.push(token.span.clone());
        match (expansion.pop_front(), expansion.is_empty()) {
            (Some(mut only), true) => {
                only.comments.clone_from(&token.comments);
                Ok(Some(only))
            }
            _ => Err(Problem::new(token.span.clone(), "the define of a word of the language must be a single token")),
        }
    }

    /// Steps over blanks and comments; the comments are added to `comments`.
    pub(crate) fn trivia(&mut self, comments: &mut Vec<Comment>) -> Result<()> {
        loop {
            let blank =
                self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']).len();
            self.advance(blank);
            if self.rest().starts_with("//") {
                let end = self.rest().find('\n').unwrap_or(self.rest().len());
                comments.push(Comment::line(&self.rest()[2..end], self.at, self.line));
                self.at += end;
            } else if self.rest().starts_with("/*") {
                let Some(end) = self.rest()[2..].find("*/") else {
                    return Err(Problem::new(self.at..self.at + 2, "this comment is never closed")
                        .label("opened here")
                        .help("close it with `*/`"));
                };
                comments.push(Comment::block(&self.rest()[2..2 + end], self.at, self.line));
                self.advance(end + 4);
            } else if !self.condition()? {
                return Ok(());
            }
        }
    }

    /// Moves on by `length` octets and counts the lines.
    fn advance(&mut self, length: usize) {
        let passed = &self.source[self.at..self.at + length];
        self.line += passed.matches('\n').count();
        self.at += length;
    }

    /// The token that begins at the next character, as it is written.
    fn plain_token(&mut self) -> Result<Token<'a>> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            self.check_conditions()?;
            return Ok(self.make(Kind::End, 0, ""));
        };
        match first {
            '"' => self.delimited(Kind::String, '"'),
            '`' => self.delimited(Kind::Backquote, '`'),
            '%' if rest.starts_with("%{") => self.code(),
            '@' => {
                let end = 1 + rest[1..]
                    .find(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c)))
                    .unwrap_or(rest.len() - 1);
                Ok(self.make(Kind::Connection, end, &rest[1..end]))
            }
            '.' if rest.starts_with("...") => Ok(self.make(Kind::Ellipsis, 3, "...")),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => Ok(self.number(rest)),
            '-' if rest.starts_with("--") && rest[2..].starts_with(|c: char| c.is_ascii_alphabetic()) => {
                let end = 2 + word_length(&rest[2..]);
                Ok(self.make(Kind::Option, end, &rest[..end]))
            }
            '#' => Err(condition::unknown(self.at, rest)),
            c if c.is_ascii_alphanumeric() || c == '_' => Ok(self.number(rest)),
            c if c.is_ascii_punctuation() => Ok(self.make(Kind::Mark, 1, &rest[..1])),
            c => Err(Problem::new(
                self.at..self.at + c.len_utf8(),
                format!("{} does not belong into a script", quote(&rest[..c.len_utf8()])),
            )
            .help(plain_of(c).map_or_else(
                || "outside of strings and comments a script is ASCII text".to_owned(),
                |plain| format!("write `{plain}`: outside of strings and comments a script is ASCII text"),
            ))),
        }
    }

    /// A word or a number: whatever is longest.
    fn number(&mut self, rest: &'a str) -> Token<'a> {
        let length = word_length(rest);
        if &rest[..length] == "sequence" && rest[length..].starts_with('#') {
            return self.make(Kind::Word, length + 1, &rest[..=length]); // a flag of GRE
        }
        let word = &rest[..length];
        if !word.bytes().all(|octet| octet.is_ascii_digit()) {
            let hex = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
            let is_hex = hex.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|o| o.is_ascii_hexdigit()));
            return self.make(if is_hex { Kind::Hex } else { Kind::Word }, length, word);
        }
        let fraction = fraction_length(&rest[length..]);
        if fraction == 0 {
            return self.make(Kind::Decimal, length, word);
        }
        let length = length + fraction;
        let more = fraction_length(&rest[length..]);
        let last = fraction_length(&rest[length + more..]);
        if more > 0 && last > 0 {
            return self.make(Kind::Address, length + more + last, &rest[..length + more + last]);
        }
        self.make(Kind::Float, length, &rest[..length])
    }

    /// A string or a backquoted command: a back-slash takes the next character with it.
    fn delimited(&mut self, kind: Kind, delimiter: char) -> Result<Token<'a>> {
        let rest = self.rest();
        let mut octets = rest.bytes().enumerate().skip(1);
        while let Some((at, octet)) = octets.next() {
            if octet == b'\\' {
                octets.next();
            } else if octet == delimiter as u8 {
                return Ok(self.make(kind, at + 1, &rest[1..at]));
            }
        }
        let (what, help) = match kind {
            Kind::String => ("string", "close it with `\"`; inside it, a quote is written `\\\"`"),
            _ => ("shell command", "close it with a backquote"),
        };
        Err(Problem::new(self.at..self.at + 1, format!("this {what} is never closed")).label("opened here").help(help))
    }

    /// A code block. The first `}%` ends it, whatever braces stand before.
    fn code(&mut self) -> Result<Token<'a>> {
        let rest = self.rest();
        match rest.find("}%") {
            Some(end) => Ok(self.make(Kind::Code, end + 2, rest[2..end].trim_matches([' ', '\t']))),
            None => Err(Problem::new(self.at..self.at + 2, "this code block is never closed")
                .label("opened here")
                .help("close it with `}%`")),
        }
    }

    fn make(&mut self, kind: Kind, length: usize, text: &'a str) -> Token<'a> {
        let (start, line) = (self.at, self.line);
        self.advance(length);
        let (span, text) = (start..self.at, Cow::Borrowed(text));
        Token { kind, text, span, line, last_line: self.line, comments: Vec::new(), expanded: false }
    }

    /// The text up to the parenthesis that closes one that has just been read: blanks and line ends
    /// made single blanks, and whatever else it holds unchanged. `None` if a define stands in between.
    ///
    /// Line ends have no meaning in scripts, so a note may go on below. There it holds plain words
    /// alone: the sign of a time or of a packet says that the parenthesis was forgotten.
    pub(crate) fn note(&mut self, open: &Range<usize>) -> Option<Result<String>> {
        if !self.pending.is_empty() || open.end != self.at {
            return None;
        }
        let (mut depth, mut below) = (1_usize, false);
        for (at, octet) in self.rest().bytes().enumerate() {
            match octet {
                b'\n' => below = true,
                b'(' if !below => depth += 1,
                b')' => depth -= 1,
                _ if below && !is_of_a_plain_word(octet) => break,
                _ => {}
            }
            if depth == 0 {
                let note = self.rest()[..at].split_whitespace().collect::<Vec<_>>().join(" ");
                self.advance(at + 1);
                return Some(Ok(note));
            }
        }
        Some(Err(Problem::new(open.clone(), "this parenthesis is not closed")
            .label("opened here")
            .help("close the note with `)`")))
    }

    /// Takes `length` octets by other rules than those of tokens.
    pub(crate) fn take(&mut self, length: usize) -> &'a str {
        let taken = &self.source[self.at..self.at + length];
        self.advance(length);
        taken
    }

    /// Goes back to the start of `token`, which has just been read, to read it by other rules.
    /// Whether that is possible: what a define stands for has no other reading.
    pub(crate) fn reread(&mut self, token: &Token<'a>) -> bool {
        let possible = !token.expanded && self.pending.is_empty() && token.span.end == self.at;
        if possible {
            self.at = token.span.start;
            self.line = token.line;
        }
        possible
    }
}

/// Octets of letters, digits and `_` at the start of `text`.
pub(crate) fn word_length(text: &str) -> usize {
    text.bytes().take_while(|octet| octet.is_ascii_alphanumeric() || *octet == b'_').count()
}

/// Whether a note that goes over several lines may hold `octet` on the later ones.
fn is_of_a_plain_word(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet.is_ascii_whitespace() || matches!(octet, b'_' | b',' | b'|' | b'\'' | b'-')
}

/// Octets of `.` and digits at the start of `text`; 0 if there is no digit.
fn fraction_length(text: &str) -> usize {
    let digits = text.strip_prefix('.').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    if digits == 0 { 0 } else { digits + 1 }
}

/// What is meant by a character that word processors put in the place of another.
fn plain_of(character: char) -> Option<&'static str> {
    Some(match character {
        '…' => "...",
        '“' | '”' | '„' | '«' | '»' => "\"",
        '‘' | '’' => "`",
        '–' | '—' | '−' => "-",
        '→' | '＞' | '›' => ">",
        '←' | '＜' | '‹' => "<",
        '\u{a0}' => " ",
        '（' => "(",
        '）' => ")",
        '，' => ",",
        '：' => ":",
        _ => return None,
    })
}
