//! `wirelaw explain`: what does a requirement say, and who tests it?

use std::fmt::Write;

use wirelaw_reference::clause::{self, Clause};
use wirelaw_reference::http;

use super::arguments::ExplainArguments;
use super::{CliError, terminal};
use crate::habits;
use crate::http::cases::{self, Case};
use crate::http::script::Role;
use crate::requirements::{all, find, suggestions};
use crate::suite::{Entry, Home, discover};

pub(super) fn explain(arguments: &ExplainArguments) -> Result<u8, CliError> {
    let id = arguments.id.as_str();
    if let Some(text) = habits::explain(id) {
        terminal::say(&text)?;
        return Ok(0);
    }
    let Some((ids, mut text)) = explanation(id) else {
        let known = all().map(|requirement| requirement.id.as_str());
        let known = known.chain(clauses().map(|clause| clause.id));
        let near = suggestions(id, known).into_iter().map(str::to_owned).collect();
        return Err(CliError::UnknownId { id: id.to_owned(), near });
    };
    let home = Home::find();
    let entries = match &home {
        Some(home) => discover(&[home.scripts()], Some(&home.scripts()), &[]).unwrap_or_default(),
        None => Vec::new(),
    };
    let covering: Vec<&Entry> = entries.iter().filter(|entry| ids.iter().any(|id| covers(entry, id))).collect();
    let mut names: Vec<String> = covering.iter().map(|entry| entry.id.clone()).collect();
    if let Some(home) = &home {
        names.extend(http_cases(home, &ids));
    }
    text.push_str(if names.is_empty() { "  no scenario covers it\n" } else { "  covered by\n" });
    for name in names {
        let _ = writeln!(text, "    {name}");
    }
    terminal::say(&text)?;
    Ok(0)
}

/// The cases of HTTP that test one of these.
fn http_cases(home: &Home, ids: &[String]) -> Vec<String> {
    let cases = Role::ALL.into_iter().flat_map(|role| cases::find(&home.scripts(), role, &[]).unwrap_or_default());
    let tests = |case: &Case| {
        let script = case.script.as_ref().ok();
        script.is_some_and(|script| script.tests.iter().any(|test| ids.iter().any(|id| id.eq_ignore_ascii_case(test))))
    };
    cases.filter(tests).map(|case| case.id).collect()
}

/// Every clause that the reference decides by, of TCP and of HTTP.
fn clauses() -> impl Iterator<Item = &'static Clause> {
    clause::ALL.iter().chain(http::clauses::ALL)
}

/// The ids under which scenarios cover it, and what is known of it.
fn explanation(id: &str) -> Option<(Vec<String>, String)> {
    if let Some(requirement) = find(id) {
        return Some((vec![requirement.id.clone()], requirement.to_string()));
    }
    let clause = clauses().find(|clause| clause.id.eq_ignore_ascii_case(id))?;
    let mut text = format!("{}  {}  {}\n  {}\n", clause.id, clause.place, clause.level, clause.text);
    let mut ids = vec![clause.id.to_owned()];
    if let Some(requirement) = clause.requirement.filter(|requirement| *requirement != clause.id) {
        let _ = writeln!(text, "  see       {requirement}");
        ids.push(requirement.to_owned());
    }
    Some((ids, text))
}

fn covers(entry: &Entry, id: &str) -> bool {
    let Ok(scenario) = &entry.scenario else { return false };
    let in_header = scenario.header.covers.iter();
    let in_steps = scenario.steps.iter().filter_map(|step| step.clause.as_ref());
    in_header.chain(in_steps).any(|covered| covered.value.eq_ignore_ascii_case(id))
}
