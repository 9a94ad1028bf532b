//! `--virtual-time`: the same command again, inside a kernel whose clock jumps to the next event.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::CliError;
use super::interrupt::when_interrupted;
use super::kernel::{choose, environment};
use crate::uml::input::Input;
use crate::uml::private;
use crate::uml::program::{self, Means, Program};

/// How long a judge may take by the clock on the wall.
const LIMIT: Duration = Duration::from_mins(15);

/// Memory of a guest in which a judge and its peer live, in MiB.
const MEMORY: u32 = 1024;

#[derive(Debug, Default, Args)]
pub(super) struct VirtualTime {
    /// Judge in virtual time: judge and peer run inside a kernel that `wirelaw kernel build` has built. Nothing waits,
    /// no verdict depends on how busy the machine is, and equal seeds give equal runs.
    #[arg(id = "virtual_time", long = "virtual-time")]
    is_wanted: bool,
    /// With --virtual-time: in this kernel; the youngest if not given.
    #[arg(long, value_name = "NAME", requires = "virtual_time")]
    kernel: Option<String>,
    /// With --virtual-time: where all randomness comes from.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "virtual_time")]
    seed: u64,
}

impl VirtualTime {
    /// Whether it is asked for.
    pub(super) fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    /// Runs this very command in virtual time, if that is asked for, and tells its exit status. It may write `files`.
    pub(super) fn run<'a>(&self, files: impl IntoIterator<Item = &'a Path>) -> Result<Option<u8>, CliError> {
        if !self.is_wanted {
            return Ok(None);
        }
        let kernel = choose(self.kernel.as_deref())?;
        let words = without(env::args_os().skip(1).collect());
        let myself = env::current_exe().map_err(|cause| CliError::Read { path: "/proc/self/exe".into(), cause })?;
        let folder = env::current_dir().map_err(|cause| CliError::Read { path: ".".into(), cause })?;
        let program = Program {
            words: [myself.into()].into_iter().chain(words).collect(),
            folder,
            environment: environment(),
            writable: folders(files)?,
        };
        clean_when_interrupted();
        let means = Means { seed: self.seed, memory: MEMORY, limit: LIMIT };
        Ok(Some(program::run(kernel, &program, means, Input::Nothing, [&mut io::stdout(), &mut io::stderr()])?))
    }
}

/// An interrupted run leaves no private folder behind; its guests end with it.
pub(super) fn clean_when_interrupted() {
    when_interrupted(private::remove_all);
}

/// The words without those that are for the host.
fn without(words: Vec<OsString>) -> Vec<OsString> {
    let (mut kept, mut rest) = (Vec::new(), words.into_iter());
    while let Some(word) = rest.next() {
        match word.to_str().unwrap_or_default() {
            "--" => {
                kept.push(word);
                kept.extend(rest);
                return kept;
            }
            "--virtual-time" => {}
            "--kernel" | "--seed" => drop(rest.next()),
            text if text.starts_with("--kernel=") || text.starts_with("--seed=") => {}
            _ => kept.push(word),
        }
    }
    kept
}

/// The folders of the files, which are made if they are not there.
fn folders<'a>(files: impl IntoIterator<Item = &'a Path>) -> Result<Vec<PathBuf>, CliError> {
    let mut folders = Vec::new();
    for file in files {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let error = |cause| CliError::Write { path: file.to_owned(), cause };
        fs::create_dir_all(folder).map_err(error)?;
        folders.push(folder.canonicalize().map_err(error)?);
    }
    folders.sort();
    folders.dedup();
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn words_for_the_host_stay_there() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        let without = |text: &str| without(words(text)).join(OsStr::new(" "));
        let given = "http client --virtual-time --json a --kernel linux-6.1-vt --seed=7 -- x --virtual-time {url}";
        assert_eq!(without(given), "http client --json a -- x --virtual-time {url}");
        assert_eq!(without("http server --seed 7 localhost:1"), "http server localhost:1");
    }

    #[test]
    fn the_folder_of_a_report_is_made_and_named_once() {
        let folder = tempfile::tempdir().expect("there is room");
        let [a, b] = ["x/a.json", "x/b.xml"].map(|name| folder.path().join(name));
        let found = folders([a.as_path(), b.as_path()]).expect("there is room");
        assert_eq!(found, [folder.path().canonicalize().expect("it is there").join("x")]);
    }
}
