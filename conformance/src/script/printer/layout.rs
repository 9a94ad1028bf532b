//! A script in canonical form, with its comments and empty lines where they are.

use std::ops::Range;

use super::{print_action, print_script_option, print_seconds, print_time};
use crate::script::ast::{Action, Scenario, Step};

/// Columns of a time, so that most actions stand below one another.
const TIME_WIDTH: usize = 4;

/// The canonical text of a scenario that came from a file: options, times, packets and calls are printed anew, what
/// stands between them is kept, but for blanks at the ends of lines and more than one empty line in a row.
///
/// A step stays as it is if it was broken into lines, or holds a comment, or a word that a define replaces.
pub fn format(scenario: &Scenario) -> String {
    let source = &*scenario.source;
    let mut out = String::new();
    let mut at = 0;
    for (span, text) in items(scenario) {
        between(&mut out, source.get(at..span.start).unwrap_or_default());
        out.push_str(&text);
        at = span.end;
    }
    between(&mut out, source.get(at..).unwrap_or_default());
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// Everything but comments, in order, with its place and its canonical text.
fn items(scenario: &Scenario) -> Vec<(Range<usize>, String)> {
    let verbatim = |span: &Range<usize>| (span.clone(), scenario.source[span.clone()].to_owned());
    let mut items = Vec::new();
    for option in &scenario.options {
        let end = option.value.as_ref().map_or(option.name.span.end, |value| value.span.end);
        items.push((option.name.span.start..end, print_script_option(option)));
    }
    items.extend(scenario.init.iter().map(|shell| verbatim(&shell.command.span)));
    for step in &scenario.steps {
        items.push(if stays(scenario, step) {
            verbatim(&step.span)
        } else {
            (step.span.clone(), canonical(scenario, step))
        });
    }
    items.extend(scenario.cleanup.iter().map(|shell| verbatim(&shell.command.span)));
    items
}

fn stays(scenario: &Scenario, step: &Step) -> bool {
    let source = &scenario.source[step.span.clone()];
    let first = scenario.expansions.partition_point(|word| word.start < step.span.start);
    let holds_define = scenario.expansions.get(first).is_some_and(|word| word.start < step.span.end);
    ["\n", "//", "/*", "#"].iter().any(|sign| source.contains(sign)) || holds_define
}

fn canonical(scenario: &Scenario, step: &Step) -> String {
    let end = step.end.as_ref().map_or_else(String::new, |end| format!("...{}", print_seconds(end.value)));
    let time = format!("{}{end}", print_time(&step.time));
    let written = scenario.source[step.span.clone()]
        .get(step.end.as_ref().map_or(step.time.span.end, |end| end.span.end) - step.span.start..);
    let action = match (&step.action, written.map(str::trim_start)) {
        // flags are easier to read as they were written
        (Action::Call(_), Some(written)) if written.contains("0x") => written.to_owned(),
        (action, _) => print_action(action),
    };
    format!("{time:<TIME_WIDTH$} {action}")
}

/// Comments and empty lines.
fn between(out: &mut String, text: &str) {
    let text = text.trim_start_matches('\u{feff}').trim_end_matches([' ', '\t']);
    let mut lines = text.lines().map(str::trim_end);
    if !out.is_empty() {
        // the end of the line of what stands before
        let comment = lines.next().map_or("", str::trim_start);
        if !comment.is_empty() {
            out.push_str("  ");
            out.push_str(comment);
        }
        out.push('\n');
    }
    for line in lines {
        let bare = line.trim_start();
        let line = if bare.starts_with("//") || bare.starts_with("/*") { bare } else { line };
        if !line.is_empty() || !out.is_empty() && !out.ends_with("\n\n") {
            out.push_str(line);
            out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::format;
    use crate::script::parse;

    #[track_caller]
    fn formatted(text: &str) -> String {
        let scenario = parse("test.pkt", text).expect("it parses");
        let out = format(&scenario);
        let again = parse("test.pkt", &out).unwrap_or_else(|error| panic!("{error}\nin: {out}"));
        assert_eq!(again, scenario, "{out}");
        assert_eq!(format(&again), out, "a second time changes something");
        out
    }

    #[test]
    fn comments_and_empty_lines_stay_where_they_are() {
        let text = "\u{feff}// SPDX: x\r\n  //  The  title.\r\n\r\n\r\n\r\n--mtu  =  1500  // link\r\n\r\n\r\n`true`\r\n\
                    /* a\r\n   b */\r\n  +0.10<S 0:0(0)win   5<mss 1460>   // covers: MUST-1\r\n\r\n // next\r\n\r\n \
                    +0 > S. 0:0(0) ack 1\r\n // the end";
        let wanted = "// SPDX: x\n//  The  title.\n\n--mtu=1500  // link\n\n`true`\n/* a\n   b */\n\
                      +0.1 < S 0:0(0) win 5 <mss 1460>  // covers: MUST-1\n\n// next\n\n+0   > S. 0:0(0) ack 1\n// the end\n";
        assert_eq!(formatted(text), wanted);
    }

    #[test]
    fn steps_that_share_a_line_get_their_own() {
        assert_eq!(
            formatted("0 silent +1 silent/* x */+2...3 close(3)=0`y`"),
            "0    silent\n+1   silent  /* x */\n+2...3 close(3) = 0\n`y`\n"
        );
    }

    #[test]
    fn some_steps_stay_as_they_are() {
        let text = "--define=N=5\n#ifdef Apple\n junk \n#endif\n+0  silent\n+0 <  S /* no data */ 0:0(0)  win 5 // x\n\
                    +0 close( N ) = 0\n+0 close(\n    5) = 0\n+.1 fcntl(3,F_GETFL) = 0x2 (flags)\n+0 > S 0:0(0) <FO TFO_COOKIE,nop,nop>";
        let wanted = "--define=N=5\n#ifdef Apple\n junk\n#endif\n+0   silent\n+0 <  S /* no data */ 0:0(0)  win 5  // x\n\
                      +0 close( N ) = 0\n+0 close(\n    5) = 0\n+0.1 fcntl(3,F_GETFL) = 0x2 (flags)\n+0 > S 0:0(0) <FO TFO_COOKIE,nop,nop>\n";
        assert_eq!(formatted(text), wanted);
    }
}
