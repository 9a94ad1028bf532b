//! What the reference puts on the wire in each scenario, kept as a snapshot in `fixtures/snapshots`.
//!
//! A change of behaviour shows as a diff of packets. `INSTA_UPDATE=always cargo test --test transcripts`
//! takes the present behaviour as right; read the diff before you commit it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use wirelaw::axes::Axes;
use wirelaw::runner;
use wirelaw::stack;
use wirelaw::suite::{self, Entry, Home};
use wirelaw::transcript;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = match trials() {
        Ok(trials) => trials,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trials() -> Result<Vec<Trial>, String> {
    let home = Home::find().ok_or("there is no fixtures/scripts here")?;
    let entries = suite::discover(&[home.scripts()], Some(&home.scripts()), &[]).map_err(|error| error.to_string())?;
    let folder = home.scripts().with_file_name("snapshots").canonicalize().map_err(|error| error.to_string())?;
    let names: BTreeSet<String> = entries.iter().map(|entry| snapshot_name(entry) + ".snap").collect();
    let mut trials: Vec<Trial> = entries
        .into_iter()
        .map(|entry| {
            let folder = folder.clone();
            Trial::test(format!("transcript::{}", entry.id), move || transcript_of(&entry, &folder))
        })
        .collect();
    trials.push(Trial::test("transcript-without-scenario", move || no_stray_snapshot(&folder, &names)));
    Ok(trials)
}

fn snapshot_name(entry: &Entry) -> String {
    entry.id.replace('/', "__")
}

fn transcript_of(entry: &Entry, folder: &Path) -> Result<(), Failed> {
    let scenario = Arc::clone(entry.scenario.as_ref().map_err(ToString::to_string)?);
    let reference = stack::all().iter().find(|stack| stack.name == "reference").ok_or("there is no reference")?;
    let run = runner::run(&scenario, reference, &Axes::default());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(scenario.header.sentence.clone());
    // insta tells a difference by a panic, which ends this test alone
    settings.bind(|| insta::assert_snapshot!(snapshot_name(entry), transcript::render(&run.trace)));
    Ok(())
}

/// A scenario that was renamed or removed must not leave its transcript behind.
fn no_stray_snapshot(folder: &PathBuf, names: &BTreeSet<String>) -> Result<(), Failed> {
    let mut strays = Vec::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_some_and(|extension| extension == "snap") && !names.contains(&name) {
            strays.push(name);
        }
    }
    if strays.is_empty() { Ok(()) } else { Err(format!("no scenario goes with {}", strays.join(", ")).into()) }
}
