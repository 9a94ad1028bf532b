//! What comments say to us.

use std::ops::Range;

use super::{Problem, Result, Spanned, quote};
use crate::habits::HabitValue;
use crate::script::ast::Header;
use crate::script::lexer::Comment;
use crate::script::suggest::suggest;
use crate::stack::Capability;

const COVERS: &str = "covers:";
const NEEDS: &str = "needs:";
const WITH: &str = "with:";

/// The header that the comments `before` the first item say, and the comments of the item itself.
///
/// The last block of comments belongs to the item if nothing separates them, and another block
/// comes before it. `line` is where the item begins.
pub(super) fn split(mut before: Vec<Comment>, line: usize) -> Result<(Header, Vec<Comment>)> {
    let gap = |pair: &[Comment]| pair[1].line > pair[0].last_line + 1;
    let adjacent = before.last().is_some_and(|last| line <= last.last_line + 1);
    let start = before.windows(2).rposition(gap).map_or(0, |at| at + 1);
    let keyword = before[start..].iter().flat_map(|comment| &comment.lines).any(|line| is_keyword(line));
    let own = if adjacent && start > 0 && !keyword { before.split_off(start) } else { Vec::new() };
    Ok((header(&before)?, own))
}

fn header(comments: &[Comment]) -> Result<Header> {
    let mut header = Header::default();
    let mut in_sentence = true;
    let mut last_line = None;
    for comment in comments {
        if last_line.is_some_and(|last| comment.line > last + 1) {
            blank(&mut header, &mut in_sentence);
        }
        last_line = Some(comment.last_line);
        for line in &comment.lines {
            let text = line.trim();
            if let Some(ids) = text.strip_prefix(COVERS) {
                in_sentence = false;
                header.covers.extend(words(ids, comment, line)?);
            } else if let Some(names) = text.strip_prefix(NEEDS) {
                in_sentence = false;
                for name in words(names, comment, line)? {
                    header.needs.push(capability(&name)?);
                }
            } else if let Some(habits) = text.strip_prefix(WITH) {
                in_sentence = false;
                for text in words(habits, comment, line)? {
                    header.with.push(habit(&text)?);
                }
            } else if text.is_empty() {
                blank(&mut header, &mut in_sentence);
            } else if in_sentence {
                for word in text.split_whitespace() {
                    header.sentence.push_str(if header.sentence.is_empty() { "" } else { " " });
                    header.sentence.push_str(word);
                }
            } else {
                header.notes.push(line.clone());
            }
        }
    }
    while header.notes.last().is_some_and(String::is_empty) {
        header.notes.pop();
    }
    Ok(header)
}

/// A line without text: it ends the sentence, and separates notes.
fn blank(header: &mut Header, in_sentence: &mut bool) {
    if *in_sentence {
        *in_sentence = header.sentence.is_empty();
    } else if !header.notes.is_empty() {
        header.notes.push(String::new());
    }
}

fn is_keyword(line: &str) -> bool {
    keyword_of(line).is_some()
}

/// The keyword with which `line` begins.
fn keyword_of(line: &str) -> Option<&'static str> {
    [COVERS, NEEDS, WITH].into_iter().find(|keyword| line.trim_start().starts_with(keyword))
}

fn capability(name: &Spanned<String>) -> Result<Spanned<Capability>> {
    let known: Vec<&str> = Capability::ALL.iter().map(|(_, word)| *word).collect();
    Capability::parse(name).map(|capability| Spanned::new(capability, name.span.clone())).ok_or_else(|| {
        let mut help = suggest(name, &known);
        if !help.starts_with("known") {
            help = format!("{help} Known: {}", known.join(", "));
        }
        Problem::new(name.span.clone(), format!("{} is no capability of stacks", quote(name)))
            .label("unknown")
            .help(help)
    })
}

/// `NAME=VALUE`
fn habit(text: &Spanned<String>) -> Result<Spanned<HabitValue>> {
    HabitValue::parse(text).map(|habit| Spanned::new(habit, text.span.clone())).map_err(|wrong| {
        // a comment of several lines has no exact place of its words
        let exact = text.span.len() == text.len();
        let start = text.span.start;
        let place = if exact { start + wrong.place.start..start + wrong.place.end } else { text.span.clone() };
        Problem::new(place, wrong.message).label("here").help(wrong.help)
    })
}

/// The words of a keyword line, separated by blanks or commas; at least one.
fn words(list: &str, comment: &Comment, line: &str) -> Result<Vec<Spanned<String>>> {
    let first =
        comment.lines.first().is_some_and(|first| std::ptr::eq(first.as_str(), line)) && comment.lines.len() == 1;
    let span_of = |word: &str| -> Range<usize> {
        let at = word.as_ptr() as usize - line.as_ptr() as usize;
        if first && comment.span.len() == line.len() {
            comment.span.start + at..comment.span.start + at + word.len()
        } else {
            comment.span.clone()
        }
    };
    let words = list.split([' ', '\t', ',']).filter(|word| !word.is_empty());
    let words: Vec<_> = words.map(|word| Spanned::new(word.to_owned(), span_of(word))).collect();
    if words.is_empty() {
        return Err(Problem::new(comment.span.clone(), "this line names nothing")
            .help("give one or more names after the colon"));
    }
    Ok(words)
}

/// The comments at the end of a step's last line: its clause, and the rest as one text.
pub(super) fn trailing(comments: &[Comment]) -> Result<(Option<Spanned<String>>, Option<String>)> {
    let mut clause: Option<Spanned<String>> = None;
    let mut rest = Vec::new();
    for comment in comments {
        for line in &comment.lines {
            match keyword_of(line) {
                Some(COVERS) => {}
                Some(keyword) => return Err(misplaced(keyword, comment)),
                None => {
                    rest.push(line.trim());
                    continue;
                }
            }
            let mut ids = words(&line.trim_start()[COVERS.len()..], comment, line)?;
            if ids.len() > 1 || clause.is_some() {
                return Err(Problem::new(ids[ids.len() - 1].span.clone(), "a step has at most one clause of its own")
                    .help("what the whole scenario covers goes to the `// covers:` lines at the top of the file"));
            }
            clause = ids.pop();
        }
    }
    rest.retain(|line| !line.is_empty());
    Ok((clause, (!rest.is_empty()).then(|| rest.join(" "))))
}

/// The lines of comments that say nothing to us.
pub(super) fn plain(comments: Vec<Comment>) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for comment in comments {
        if let Some(keyword) = comment.lines.iter().find_map(|line| keyword_of(line)) {
            return Err(misplaced(keyword, &comment));
        }
        lines.extend(comment.lines);
    }
    Ok(lines)
}

fn misplaced(keyword: &str, comment: &Comment) -> Problem {
    let help = if keyword == COVERS {
        "it belongs to the comment at the top of the file, or behind the last token of a step, on the same line"
    } else {
        "it belongs to the comment at the top of the file"
    };
    Problem::new(comment.span.clone(), format!("`{keyword}` has no meaning here")).help(help)
}
