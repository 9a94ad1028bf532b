//! `wirelaw run`: the main job.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::arguments::RunArguments;
use super::{CliError, paths_or_suite, terminal};
use crate::report::{Complaint, Outcome, Report, json, junit, text};
use crate::runner;
use crate::stack::{self, NamedStack};
use crate::suite::{self, Case, Entry, Home, Matrix, Subject};
use crate::trace::Trace;

pub(super) fn run(arguments: &RunArguments, stacks: &[NamedStack]) -> Result<u8, CliError> {
    let home = Home::find();
    let stacks = if arguments.stacks.is_empty() { stacks.to_vec() } else { select(stacks, &arguments.stacks)? };
    let paths = paths_or_suite(&arguments.paths, home.as_ref())?;
    let entries = suite::discover(&paths, home.as_ref().map(Home::scripts).as_deref(), &arguments.words())?;
    if stacks.is_empty() {
        return Err(CliError::NoStack);
    }
    let subjects: Vec<Subject> =
        stacks.into_iter().map(|stack| Subject::new(stack, home.as_ref())).collect::<Result<_, _>>()?;
    let report = report(arguments, &entries, &subjects);
    let written = write(arguments, home.as_ref(), &report)?;
    let options = text::Options { color: terminal::color(), verbose: arguments.verbose, quiet: arguments.quiet };
    terminal::say(&format!("{}{written}", text::render(&report, &options)))?;
    Ok(report.exit_status())
}

/// Those of these names, also such as are judged only where they are named.
fn select(stacks: &[NamedStack], names: &[String]) -> Result<Vec<NamedStack>, CliError> {
    let mut all = [stacks, stack::live()].concat();
    #[cfg(target_os = "linux")]
    {
        use crate::uml::{UmlError, cache};

        for name in names.iter().filter(|name| cache::is_name(name)) {
            let lacks = || UmlError::Lacks(super::kernel::not_built(name));
            all.push(cache::find(name).ok_or_else(lacks)?.stack());
            super::virtual_time::clean_when_interrupted();
        }
    }
    Ok(suite::select(&all, names)?)
}

fn report(arguments: &RunArguments, entries: &[Entry], subjects: &[Subject]) -> Report {
    let axes = arguments.axes();
    let is_live = subjects.iter().any(|subject| stack::live().iter().any(|live| live.name == subject.stack.name));
    let matrix = Matrix { entries, subjects, axes: &axes };
    let bar = terminal::bar(matrix.cases().len(), "runs", arguments.quiet);
    let lost = Mutex::new(Vec::<Complaint>::new());
    let outcomes = matrix.run(&runner::run, arguments.jobs(is_live), &|case, outcome, trace| {
        if let Some(folder) = &arguments.pcap
            && let Err(error) = capture(folder, case, outcome, trace)
        {
            lost.lock().expect("no thread panics with the lock").push(Complaint::Harness(error.to_string()));
        }
        bar.inc(1);
    });
    bar.finish_and_clear();
    let mut report = suite::report(outcomes, entries, subjects, arguments.paths.is_empty());
    let mut lost = lost.into_inner().expect("no thread panics with the lock");
    lost.sort_unstable_by(|a, b| a.message().cmp(b.message())); // threads end in any order, reports do not
    report.complaints.append(&mut lost);
    report
}

/// Writes the packets of a run, and tells its failure where they are.
fn capture(folder: &Path, case: &Case<'_>, outcome: &mut Outcome, trace: &Trace) -> Result<(), CliError> {
    let Ok(scenario) = &case.entry.scenario else { return Ok(()) };
    let path = folder.join(capture_name(outcome));
    let mut octets = Vec::new();
    let error = |cause| CliError::Write { path: path.clone(), cause };
    crate::pcap::write(trace, &scenario.source, &case.entry.id, &mut octets).map_err(error)?;
    terminal::write(&path, &octets)?;
    if let Some(failure) = &mut outcome.failure {
        failure.trace = Some(path);
    }
    Ok(())
}

/// `tcp/reset/rst-listen.smoltcp-0.14.0-ipv6.pcapng`, always below the folder whatever the scenario's path was.
fn capture_name(outcome: &Outcome) -> PathBuf {
    let parts = outcome.scenario.split(['/', '\\']).filter(|part| !["", ".", ".."].contains(part));
    let mut path: PathBuf = parts.map(|part| part.replace(':', "_")).collect();
    let axes = outcome.axes.to_string().replace(' ', "-");
    let dash = if axes.is_empty() { "" } else { "-" };
    let stem = path.file_name().map_or_else(|| "scenario".into(), |name| name.to_string_lossy().into_owned());
    path.set_file_name(format!("{stem}.{}{dash}{axes}.pcapng", outcome.stack));
    path
}

/// Writes the reports for programs; returns a line that says where they are.
fn write(arguments: &RunArguments, home: Option<&Home>, report: &Report) -> Result<String, CliError> {
    let usual = |name: &str| home.filter(|_| arguments.paths.is_empty()).map(|home| home.output().join(name));
    let mut written = Vec::new();
    if let Some(path) = arguments.json.clone().or_else(|| usual("report.json")) {
        terminal::write(&path, json::render(report).as_bytes())?;
        written.push(path.display().to_string());
    }
    if let Some(path) = arguments.junit.clone().or_else(|| usual("junit.xml")) {
        terminal::write(&path, junit::render(report).as_bytes())?;
        written.push(path.display().to_string());
    }
    if let Some(folder) = &arguments.pcap {
        written.push(format!("captures below {}", folder.display()));
    }
    Ok(if written.is_empty() || arguments.quiet { String::new() } else { format!("written: {}\n", written.join(", ")) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axes::{Axes, Ip};
    use crate::report::Verdict;

    #[test]
    fn captures_stay_below_their_folder() {
        let name = |scenario: &str, axes| {
            capture_name(&Outcome::new(scenario, "smoltcp-0.14", axes, Verdict::Pass)).display().to_string()
        };
        assert_eq!(name("tcp/a/b", Axes::default()), "tcp/a/b.smoltcp-0.14.pcapng");
        assert_eq!(name("../../x.pkt", Axes { ip: Ip::V6, ..Axes::default() }), "x.pkt.smoltcp-0.14-ipv6.pcapng");
        assert_eq!(name("/tmp/x", Axes::default()), "tmp/x.smoltcp-0.14.pcapng");
        assert_eq!(name("..", Axes::default()), "scenario.smoltcp-0.14.pcapng");
    }
}
