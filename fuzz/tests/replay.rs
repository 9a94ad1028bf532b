//! Every seed and every input that once broke a property, as a test of its own name.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use wirelaw_fuzz::TARGETS;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut trials = vec![
        Trial::test("every_target_has_seeds", || every_target_has_seeds(root)),
        Trial::test("every_folder_and_fuzz_target_has_its_property", || every_name_is_a_target(root)),
    ];
    for target in TARGETS {
        for folder in ["seeds", "regressions"] {
            trials.extend(files(&root.join(folder).join(target.name)).into_iter().map(|file| {
                let name = format!("{folder}::{}::{}", target.name, name_of(&file));
                Trial::test(name, move || {
                    (target.check)(&fs::read(&file)?); // a panic is this test's failure
                    Ok(())
                })
            }));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn every_target_has_seeds(root: &Path) -> Result<(), Failed> {
    let bare = TARGETS.iter().map(|target| root.join("seeds").join(target.name)).find(|seeds| files(seeds).is_empty());
    bare.map_or(Ok(()), |folder| Err(format!("no seeds in {}", folder.display()).into()))
}

fn every_name_is_a_target(root: &Path) -> Result<(), Failed> {
    let targets: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    let fuzz_targets: BTreeSet<String> = files(&root.join("fuzz_targets"))
        .iter()
        .filter_map(|file| name_of(file).strip_suffix(".rs").map(str::to_owned))
        .collect();
    if fuzz_targets != targets {
        return Err(format!("fuzz_targets has {fuzz_targets:?}, TARGETS has {targets:?}").into());
    }
    let strays: Vec<String> = ["seeds", "regressions"]
        .iter()
        .flat_map(|folder| entries(&root.join(folder)))
        .map(|folder| name_of(&folder))
        .filter(|name| !targets.contains(name))
        .collect();
    if strays.is_empty() { Ok(()) } else { Err(format!("folders that no target reads: {strays:?}").into()) }
}

/// The files of a folder by name, hidden ones left out; none if the folder is missing.
fn files(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|path| path.is_file()).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| !name_of(path).starts_with('.')).collect();
    paths.sort();
    paths
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
