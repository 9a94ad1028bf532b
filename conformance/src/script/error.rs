//! What is wrong with a script, and where.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use miette::{Diagnostic, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use thiserror::Error;

/// The longest part of a source line that a report shows, in characters; more says nothing more.
const LINE_LIMIT: usize = 120;
/// The longest piece of a script that a message quotes, in characters.
const QUOTE_LIMIT: usize = 40;

/// How many errors of one kind are told of a script. To find the line of each takes as long as the script is.
pub(crate) const MOST_TOLD: usize = 100;

/// An error of a script: what is wrong, where, and what would be right.
///
/// Its `Display` is one line, `FILE:LINE:COLUMN: message`; as a [`Diagnostic`] it shows the line
/// with a caret. However large the script, both are small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptError(Box<Details>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Details {
    file: String,
    line: usize,
    column: usize,
    span: Range<usize>,
    message: String,
    label: String,
    help: Option<String>,
    excerpt: Excerpt,
}

impl ScriptError {
    /// The name under which the script was parsed.
    pub fn file(&self) -> &str {
        &self.0.file
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// The column in characters, from 1.
    pub fn column(&self) -> usize {
        self.0.column
    }

    /// The octets of the script that are wrong.
    pub fn span(&self) -> Range<usize> {
        self.0.span.clone()
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What would be right.
    pub fn advice(&self) -> Option<&str> {
        self.0.help.as_deref()
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.0.file, self.0.line, self.0.column, self.0.message)
    }
}

impl std::error::Error for ScriptError {}

impl Diagnostic for ScriptError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.0.excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let focus = &self.0.excerpt.focus;
        let label = LabeledSpan::new_primary_with_span(Some(self.0.label.clone()), (focus.start, focus.len()));
        Some(Box::new(std::iter::once(label)))
    }
}

/// What the lexer and the parser find wrong, before it is known what file they read.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    span: Range<usize>,
    message: String,
    label: String,
    help: Option<String>,
}

impl Problem {
    /// `message` about the octets of `span`.
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Problem {
        Problem { span, message: message.into(), label: "here".to_owned(), help: None }
    }

    /// Where it is, and what it says with its advice.
    pub(crate) fn into_parts(self) -> (Range<usize>, String) {
        let help = self.help.map_or(String::new(), |help| format!("; {help}"));
        (self.span, format!("{}{help}", self.message))
    }

    /// The same about no place in the source.
    pub(crate) fn nowhere(self) -> Problem {
        Problem { span: 0..0, ..self }
    }

    /// What stands beside the caret.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Problem {
        self.label = label.into();
        self
    }

    /// What would be right.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// The same, in another place.
    pub(crate) fn at(mut self, span: Range<usize>) -> Problem {
        self.span = span;
        self
    }

    /// The error of the script `source`, called `file`.
    pub(crate) fn locate(self, file: &str, source: &str) -> ScriptError {
        let start = floor_boundary(source, self.span.start);
        let end = floor_boundary(source, self.span.end.max(start)).max(start);
        let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let line = 1 + source[..line_start].matches('\n').count();
        let column = 1 + source[line_start..start].chars().count();
        let excerpt = Excerpt::new(file, source, start..end, (line, column));
        let Problem { message, label, help, .. } = self;
        ScriptError(Box::new(Details {
            file: file.to_owned(),
            line,
            column,
            span: start..end,
            message,
            label,
            help,
            excerpt,
        }))
    }
}

/// The last character boundary of `source` that is not after `at`.
fn floor_boundary(source: &str, at: usize) -> usize {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// `text` in quotes for a message: short, and on one line.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted: String = text.chars().take(QUOTE_LIMIT).map(visible).collect();
    if text.chars().nth(QUOTE_LIMIT).is_some() {
        quoted.push('…');
    }
    format!("`{quoted}`")
}

/// A stand-in for characters that would disturb a terminal.
fn visible(character: char) -> char {
    if character == '\t' {
        ' '
    } else if character.is_control() {
        '\u{fffd}'
    } else {
        character
    }
}

/// The lines around an error, cut to a size that can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Excerpt {
    file: String,
    text: String,
    /// The line of `text`'s first line, from 0.
    first_line: usize,
    /// The place of the error, from 0.
    line: usize,
    column: usize,
    /// The error within `text`.
    focus: Range<usize>,
}

impl Excerpt {
    fn new(file: &str, source: &str, span: Range<usize>, (line, column): (usize, usize)) -> Excerpt {
        let line_start = source[..span.start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[span.start..].find('\n').map_or(source.len(), |at| span.start + at);
        let mut text = String::new();
        let mut first_line = line - 1;
        if line_start > 0 {
            let before = source[..line_start - 1].rfind('\n').map_or(0, |at| at + 1);
            text.extend(source[before..line_start - 1].trim_end().chars().take(LINE_LIMIT).map(visible));
            text.push('\n');
            first_line -= 1;
        }
        let lead = source[line_start..span.start].chars().rev().take(LINE_LIMIT / 2).count();
        if column - 1 > lead {
            text.push('…');
        }
        text.extend(source[line_start..span.start].chars().skip(column - 1 - lead).map(visible));
        let start = text.len();
        let next = source[span.start..line_end].chars().next().filter(|&next| next != '\r').map_or(0, char::len_utf8);
        let shown = span.end.min(line_end).max(span.start + next); // a mere place: what stands there
        text.extend(source[span.start..shown].trim_end_matches('\r').chars().take(LINE_LIMIT / 2).map(visible));
        let end = text.len();
        if end == start {
            text.push(' '); // at the end of a line, for the caret to stand on
        }
        let rest = source[shown..line_end].trim_end_matches('\r');
        text.extend(rest.chars().take(LINE_LIMIT / 2).map(visible));
        if rest.chars().nth(LINE_LIMIT / 2).is_some() {
            text.push('…');
        }
        Excerpt {
            file: file.to_owned(),
            text,
            first_line,
            line: line - 1,
            column: column - 1,
            focus: start..end.max(start + 1),
        }
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        _: &SourceSpan,
        before: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        // Without context only the place is asked for, and that is one of the whole script.
        let (range, line, column) = if before == 0 {
            (self.focus.clone(), self.line, self.column)
        } else {
            (0..self.text.len(), self.first_line, 0)
        };
        let data = &self.text.as_bytes()[range.clone()];
        let lines = self.text[range.clone()].matches('\n').count();
        let span = (range.start, range.len()).into();
        Ok(Box::new(MietteSpanContents::new_named(self.file.clone(), data, span, line, column, lines)))
    }
}

/// Why a script file did not become a scenario.
#[derive(Debug, Error, Diagnostic)]
pub enum LoadError {
    /// It cannot be read: it does not exist, say, or may not be opened.
    #[error("{}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// It is a directory, or something else that is not a file.
    #[error("{}: not a regular file", path.display())]
    #[diagnostic(help("give the path of a script; folders are searched by the commands that run scripts"))]
    NotAFile {
        /// What it is not.
        path: PathBuf,
    },
    /// It is larger than any script.
    #[error("{}: {size} octets, but a script has at most {limit}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in octets; as far as it was read, if the system does not know.
        size: u64,
        /// The limit in octets.
        limit: u64,
    },
    /// It is no text.
    #[error("{}:{line}:{column}: not UTF-8: 0x{octet:02x} begins no character", path.display())]
    #[diagnostic(help("a script is UTF-8 text; other octets of a payload are written as \\xHH"))]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line of what is wrong, from 1.
        line: usize,
        /// Its column in characters, from 1.
        column: usize,
        /// What stands there.
        octet: u8,
    },
    /// It is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Script(#[from] ScriptError),
}
