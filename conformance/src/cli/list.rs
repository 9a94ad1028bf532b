//! `wirelaw list`: what is there to run, and on what.

use std::fmt::Write;

use super::arguments::ListArguments;
use super::{CliError, paths_or_suite, terminal};
use crate::habits;
use crate::stack::{self, NamedStack};
use crate::suite::{Entry, Home, Subject, discover};

pub(super) fn list(arguments: &ListArguments, stacks: &[NamedStack]) -> Result<u8, CliError> {
    if arguments.habits {
        terminal::say(&habits::describe())?;
        return Ok(0);
    }
    let home = Home::find();
    let paths = paths_or_suite(&arguments.paths, home.as_ref())?;
    let entries = discover(&paths, home.as_ref().map(Home::scripts).as_deref(), &[])?;
    let mut out = String::new();
    for entry in &entries {
        scenario(&mut out, entry);
    }
    out.push_str("\nstacks\n");
    for stack in stacks.iter().chain(stack::live()) {
        let subject = Subject::new(*stack, None)?;
        let _ = writeln!(out, "  {:<12} {}", stack.name, subject.version);
    }
    terminal::say(&out)?;
    Ok(0)
}

fn scenario(out: &mut String, entry: &Entry) {
    let _ = writeln!(out, "{}", entry.id);
    match &entry.scenario {
        Ok(scenario) => {
            let header = &scenario.header;
            if !header.sentence.is_empty() {
                let _ = writeln!(out, "    {}", header.sentence);
            }
            let mut words = |label: &str, words: Vec<&str>| {
                if !words.is_empty() {
                    let _ = writeln!(out, "    {label}: {}", words.join(" "));
                }
            };
            words("covers", header.covers.iter().map(|id| id.value.as_str()).collect());
            words("needs", header.needs.iter().map(|capability| capability.value.name()).collect());
            let habits: Vec<String> = header.with.iter().map(|habit| habit.value.to_string()).collect();
            words("with", habits.iter().map(String::as_str).collect());
        }
        Err(error) => {
            let _ = writeln!(out, "    does not parse: {error}");
        }
    }
}
