//! `#ifdef NAME` ... `#endif`: text for one system only (packetdrill language, 8).

use super::{Lexer, Problem, Result, quote, word_length};

/// The name that is defined without being said: the system whose numbers and calls scripts mean here.
const SYSTEM: &str = "Linux";

impl Lexer<'_> {
    /// Steps over the `#ifdef` or `#endif` that comes next, and over the text between them if it is not
    /// for us. Whether there was one.
    pub(super) fn condition(&mut self) -> Result<bool> {
        let (at, rest) = (self.at, self.rest());
        if let Some(after) = directive(rest, "#endif") {
            if self.condition.take().is_none() {
                return Err(Problem::new(at..at + after, "this `#endif` ends nothing")
                    .help("it ends the text after an `#ifdef NAME`"));
            }
            self.advance(after);
            return Ok(true);
        }
        let Some(after) = directive(rest, "#ifdef") else { return Ok(false) };
        let blanks = rest[after..].len() - rest[after..].trim_start_matches([' ', '\t']).len();
        let start = after + blanks;
        let length = word_length(&rest[start..]);
        if length == 0 {
            return Err(Problem::new(at..at + after, "this `#ifdef` lacks its name").help("write `#ifdef Linux`"));
        }
        if self.condition.is_some() {
            return Err(Problem::new(at..at + start + length, "conditions cannot be nested")
                .help("close the one before with `#endif`"));
        }
        let name = &rest[start..start + length];
        let span = at..at + start + length;
        if name == SYSTEM || self.defines.knows(name) {
            self.advance(start + length);
            self.condition = Some(span);
            return Ok(true);
        }
        let skipped = lines(&rest[start + length..]).find_map(|(offset, line)| {
            let lead = line.len() - line.trim_start().len();
            directive(&line[lead..], "#endif").map(|length| offset + lead + length)
        });
        match skipped {
            Some(end) => self.advance(start + length + end),
            None => return Err(never_closed(span)),
        }
        Ok(true)
    }

    /// At the end of the text no condition may be open.
    pub(super) fn check_conditions(&mut self) -> Result<()> {
        self.condition.take().map_or(Ok(()), |span| Err(never_closed(span)))
    }
}

fn never_closed(span: std::ops::Range<usize>) -> Problem {
    Problem::new(span, "this `#ifdef` is never closed").label("opened here").help("close it with `#endif`")
}

/// The length of `word` at the start of `text`, if it stands there as a word of its own.
fn directive(text: &str, word: &str) -> Option<usize> {
    let rest = text.strip_prefix(word)?;
    (word_length(rest) == 0).then_some(word.len())
}

/// The lines of `text` with the offset of each.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |offset, line| {
        let start = *offset;
        *offset += line.len();
        Some((start, line))
    })
}

/// `#` and something that is no condition.
pub(super) fn unknown(at: usize, rest: &str) -> Problem {
    let word = &rest[1..];
    let word = &word[..word_length(word)];
    let problem =
        Problem::new(at..at + 1 + word.len(), format!("{} is not part of the language", quote(&format!("#{word}"))));
    match word {
        "ifndef" | "else" | "if" | "elif" => problem.help("the only conditions are `#ifdef NAME` and `#endif`"),
        _ => problem.help("comments begin with `//`, or stand between `/*` and `*/`"),
    }
}
