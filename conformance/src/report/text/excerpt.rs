//! Lines of a script with carets below the places that were wrong.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use super::super::{Failure, Mark};

/// The columns of a line that are shown; a line may be as long as its author likes.
const COLUMNS: usize = 200;
/// The lines of a step that are shown.
const LINES: usize = 12;
/// As most editors and terminals show it.
const TAB: usize = 8;

/// The lines of the failed step, numbered, each with its marks below; `message` stands in where there are none.
pub(super) fn render(failure: &Failure, message: &str) -> Vec<String> {
    let source = &*failure.source;
    let span = clamp(source, &failure.span);
    let fallback = [Mark { span: span.start..span.start, note: message.to_owned() }];
    let marks = if failure.marks.is_empty() && !message.is_empty() { &fallback[..] } else { &failure.marks[..] };
    let mut out = Vec::new();
    for (shown, line) in lines(source, &span).take(LINES).enumerate() {
        let text = &source[line.clone()];
        out.push(format!("{:>5} |  {}", number(source, line.start), expand(text)));
        for mark in marks {
            let at = clamp(source, &mark.span).start;
            // A mark outside the step still gets its words, below the step's first line.
            let stray = !(span.contains(&at) || at == span.start);
            if (stray && shown == 0) || (!stray && (line.contains(&at) || at == line.end)) {
                let column = columns(&text[..at.saturating_sub(line.start).min(text.len())]);
                out.push(format!("      |  {}^ {}", " ".repeat(column.min(COLUMNS)), super::printable(&mark.note)));
            }
        }
    }
    out
}

/// The ranges of the lines that `span` touches, without their line ends; at least one.
fn lines<'a>(source: &'a str, span: &Range<usize>) -> impl Iterator<Item = Range<usize>> + use<'a> {
    let first = source[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = span.end;
    let mut next = Some(first);
    std::iter::from_fn(move || {
        let start = next?;
        let stop = source[start..].find('\n').map_or(source.len(), |at| start + at);
        next = (stop < source.len() && stop + 1 < end).then_some(stop + 1);
        let text = source[start..stop].trim_end_matches('\r');
        Some(start..start + text.len())
    })
}

/// The number of the line, from 1, that begins at `start`.
fn number(source: &str, start: usize) -> usize {
    source[..start].matches('\n').count() + 1
}

/// `span` cut to the source and moved to character boundaries: marks come from a parser that may see octets.
fn clamp(source: &str, span: &Range<usize>) -> Range<usize> {
    let start = source.floor_char_boundary(span.start.min(source.len()));
    let end = source.floor_char_boundary(span.end.min(source.len()));
    start..end.max(start)
}

/// The columns that `text` takes on a terminal when it starts a line.
fn columns(text: &str) -> usize {
    text.chars().fold(0, |column, c| column + width(c, column))
}

fn width(c: char, column: usize) -> usize {
    match c {
        '\t' => TAB - column % TAB,
        c if c.is_control() => 1,
        c => c.width().unwrap_or(0),
    }
}

/// The text with tabs as spaces, so that it keeps its columns behind the gutter; control characters as `�`.
fn expand(text: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for c in text.chars() {
        let width = width(c, column);
        if column + width > COLUMNS {
            out.push('…');
            break;
        }
        match c {
            '\t' => out.push_str(&" ".repeat(width)),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
        column += width;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::failure;
    use super::*;

    fn shown(line: &str, marks: &[(&str, &str)]) -> String {
        render(&failure(line, marks), "message").join("\n")
    }

    #[test]
    fn carets_stand_below_their_place() {
        let text = shown("+0.1 > . 1:1(0) ack 2", &[("> .", "here"), ("ack", "there")]);
        assert_eq!(text, "    9 |  +0.1 > . 1:1(0) ack 2\n      |       ^ here\n      |                  ^ there");
    }

    #[test]
    fn tabs_and_wide_characters_keep_carets_aligned() {
        assert_eq!(shown("+0\t> ack", &[("ack", "x")]), "    9 |  +0      > ack\n      |            ^ x");
        assert_eq!(shown("\"漢é\" ack", &[("ack", "x")]), "    9 |  \"漢é\" ack\n      |        ^ x");
    }

    #[test]
    fn a_step_of_several_lines_shows_all_of_them() {
        let text = shown("+0 read(4,\n  \"abc\",\n 3) = 3", &[("\"abc\"", "x"), ("= 3", "y")]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1..], ["   10 |    \"abc\",", "      |    ^ x", "   11 |   3) = 3", "      |      ^ y"]);
    }

    #[test]
    fn without_marks_the_message_stands_there() {
        assert_eq!(shown("+0 > F.", &[]), "    9 |  +0 > F.\n      |  ^ message");
    }

    #[test]
    fn spans_outside_the_source_or_inside_a_character_do_no_harm() {
        let mut failure = failure("é", &[]);
        failure.marks =
            vec![Mark { span: 17..900, note: "inside".into() }, Mark { span: 800..900, note: "outside".into() }];
        failure.span = 17..9000;
        let text = render(&failure, "").join("\n");
        assert!(text.contains("^ inside") && text.contains("^ outside"), "{text}");
        let empty = Failure { source: "".into(), span: 5..6, ..failure };
        assert_eq!(render(&empty, "").len(), 3);
    }

    #[test]
    fn a_line_of_a_megabyte_is_cut() {
        let line = "x".repeat(1 << 20) + "ack";
        assert!(shown(&line, &[("ack", "far")]).len() < 600);
    }
}
