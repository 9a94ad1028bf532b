//! Values to script text: one canonical form, which parses to the same values again.

// Writing into a string cannot fail; `write!` would need its impossible error dealt with each time.
#![allow(clippy::format_push_string)]

mod call;
mod layout;
mod packet;

use super::ast::{Action, Header, Micros, Scenario, ScriptOption, Shell, Step, Time};

pub use call::{print_call, print_expr, print_result};
pub use layout::format;
pub use packet::{
    print_encapsulation, print_flags, print_icmp, print_icmp_message, print_ip_info, print_option, print_options,
    print_packet, print_tcp,
};

/// Columns that a header line has at most, where words allow.
const WIDTH: usize = 100;

/// A whole script. Everything of it is kept but its layout, its defines (which have been applied)
/// and the base of its numbers.
pub fn print(scenario: &Scenario) -> String {
    let mut out = String::new();
    print_header(&mut out, &scenario.header);
    if out.is_empty() && has_comments(scenario) {
        out.push_str("//\n"); // or those comments would be taken for the header
    }
    if !out.is_empty() {
        out.push('\n');
    }
    for option in &scenario.options {
        print_comments(&mut out, &option.comments);
        out.push_str(&print_script_option(option));
        out.push('\n');
    }
    if !scenario.options.is_empty() {
        out.push('\n');
    }
    print_shell(&mut out, scenario.init.as_ref());
    for step in &scenario.steps {
        print_comments(&mut out, &step.comments);
        out.push_str(&print_step(step));
        out.push('\n');
    }
    print_shell(&mut out, scenario.cleanup.as_ref());
    print_comments(&mut out, &scenario.epilogue);
    out
}

/// Whether the first thing in a script after its header has comments of its own.
fn has_comments(scenario: &Scenario) -> bool {
    let first_step = scenario.steps.first().map(|step| &step.comments);
    let first = scenario.options.first().map(|option| &option.comments);
    let first = first.or(scenario.init.as_ref().map(|shell| &shell.comments)).or(first_step);
    first.is_some_and(|comments| !comments.is_empty())
}

/// The line of a step, with the comment at its end but without those before it.
pub fn print_step(step: &Step) -> String {
    let mut out = print_time(&step.time);
    if let Some(end) = &step.end {
        out.push_str("...");
        out.push_str(&print_seconds(end.value));
    }
    out.push(' ');
    out.push_str(&print_action(&step.action));
    match (&step.clause, &step.trailing) {
        (None, None) => {}
        (None, Some(text)) => out.push_str(&format!("  // {text}")),
        (Some(clause), None) => out.push_str(&format!("  // covers: {}", clause.value)),
        (Some(clause), Some(text)) => out.push_str(&format!("  /* {text} */ // covers: {}", clause.value)),
    }
    out
}

/// What happens in a step.
pub fn print_action(action: &Action) -> String {
    match action {
        Action::Packet(packet) => print_packet(packet),
        Action::Call(call) => print_call(call),
        Action::Shell(command) => format!("`{command}`"),
        Action::Code(code) => format!("%{{ {code} }}%"),
        Action::Silent => "silent".to_owned(),
    }
}

/// The time of a step.
pub fn print_time(time: &Time) -> String {
    let seconds = print_seconds;
    match *time {
        Time::Any => "*".to_owned(),
        Time::Absolute(at) => seconds(at),
        Time::Relative(after) => format!("+{}", seconds(after)),
        Time::AbsoluteRange(from, to) => format!("{}~{}", seconds(from), seconds(to)),
        Time::RelativeRange(from, to) => format!("+{}~+{}", seconds(from), seconds(to)),
    }
}

/// Microseconds as seconds, with as many digits as they need.
pub fn print_seconds(micros: Micros) -> String {
    let (whole, fraction) = (micros / 1_000_000, micros % 1_000_000);
    if fraction == 0 {
        return whole.to_string();
    }
    format!("{whole}.{fraction:06}").trim_end_matches('0').to_owned()
}

/// Octets as a string with its quotes.
pub fn print_text(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len() + 2);
    out.push('"');
    for chunk in octets.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                control if control.is_control() => {
                    let mut utf8 = [0; 4];
                    print_octets(&mut out, control.encode_utf8(&mut utf8).as_bytes());
                }
                other => out.push(other),
            }
        }
        print_octets(&mut out, chunk.invalid());
    }
    out.push('"');
    out
}

fn print_octets(out: &mut String, octets: &[u8]) {
    for octet in octets {
        out.push_str(&format!("\\x{octet:02x}"));
    }
}

fn print_header(out: &mut String, header: &Header) {
    let mut column = 0;
    for word in header.sentence.split(' ').filter(|word| !word.is_empty()) {
        // A line that begins with a keyword would say something else.
        let breakable = !["covers:", "needs:", "with:"].iter().any(|keyword| word.starts_with(keyword));
        if column == 0 || (breakable && column + 1 + word.chars().count() > WIDTH) {
            out.push_str(if column == 0 { "//" } else { "\n//" });
            column = 2;
        }
        out.push(' ');
        out.push_str(word);
        column += 1 + word.chars().count();
    }
    if column > 0 {
        out.push('\n');
    }
    if !header.covers.is_empty() {
        let ids: Vec<&str> = header.covers.iter().map(|id| id.as_str()).collect();
        out.push_str(&format!("// covers: {}\n", ids.join(" ")));
    }
    if !header.needs.is_empty() {
        let names: Vec<&str> = header.needs.iter().map(|capability| capability.name()).collect();
        out.push_str(&format!("// needs: {}\n", names.join(" ")));
    }
    if !header.with.is_empty() {
        let habits: Vec<String> = header.with.iter().map(|habit| habit.value.to_string()).collect();
        out.push_str(&format!("// with: {}\n", habits.join(" ")));
    }
    if !header.notes.is_empty() {
        if !out.is_empty() {
            out.push_str("//\n");
        }
        print_comments(out, &header.notes);
    }
}

fn print_comments(out: &mut String, lines: &[String]) {
    for line in lines {
        out.push_str(if line.is_empty() { "//" } else { "// " });
        out.push_str(line);
        out.push('\n');
    }
}

fn print_shell(out: &mut String, shell: Option<&Shell>) {
    if let Some(shell) = shell {
        print_comments(out, &shell.comments);
        out.push_str(&format!("`{}`\n", shell.command.value));
    }
}

fn print_script_option(option: &ScriptOption) -> String {
    let Some(value) = &option.value else { return format!("--{}", option.name.value) };
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.:/%,-+".contains(c);
    if !value.is_empty() && value.chars().all(plain) && !value.contains("//") {
        format!("--{}={}", option.name.value, value.value)
    } else {
        format!("--{}={}", option.name.value, print_text(value.as_bytes()))
    }
}
