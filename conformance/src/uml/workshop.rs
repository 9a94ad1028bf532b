//! The folder that a kernel is built in, and the programs that work there: an interrupted build leaves neither.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::mem;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

use super::private::sweep;
use super::{UmlError, at};

/// How such folders begin; then comes the process that made them.
const PREFIX: &str = ".build-";

/// How often a folder is removed in which somebody may still write who was killed.
const ATTEMPTS: usize = 20;

/// What there is to put in order.
struct Now {
    folders: BTreeSet<PathBuf>,
    /// Process groups, each named after its first process.
    groups: BTreeSet<u32>,
}

static NOW: Mutex<Now> = Mutex::new(Now { folders: BTreeSet::new(), groups: BTreeSet::new() });

fn now() -> MutexGuard<'static, Now> {
    NOW.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends every program that builds, and removes what it has made: the last act of a process that is interrupted. Nothing
/// is begun any more.
pub fn abandon() {
    let now = now();
    for group in now.groups.iter().filter_map(|group| Pid::from_raw(i32::try_from(*group).ok()?)) {
        let _ = kill_process_group(group, Signal::KILL); // there may be nobody left
    }
    for folder in &now.folders {
        let _ = (0..ATTEMPTS).find(|_| fs::remove_dir_all(folder).is_ok()); // the next build removes what is left
    }
    mem::forget(now);
}

/// A folder to build in; it goes with this value.
#[derive(Debug)]
pub(super) struct Workshop(tempfile::TempDir);

impl Workshop {
    /// A new one, after those that died without a word have left theirs.
    pub(super) fn new(all: &Path) -> Result<Workshop, UmlError> {
        sweep(all, PREFIX);
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let mut now = now();
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(all).map_err(at(all))?;
        now.folders.insert(folder.path().to_owned());
        Ok(Workshop(folder))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        now().folders.remove(self.path());
    }
}

/// A program that works here, with all that it starts.
#[derive(Debug)]
pub(super) struct Worker(Child);

impl Worker {
    /// Starts it.
    pub(super) fn start(command: &mut Command) -> io::Result<Worker> {
        let mut now = now();
        let child = command.process_group(0).spawn()?;
        now.groups.insert(child.id());
        Ok(Worker(child))
    }

    /// Waits until it has ended.
    pub(super) fn wait(mut self) -> io::Result<ExitStatus> {
        let status = self.0.wait();
        now().groups.remove(&self.0.id());
        status
    }

    /// Waits until it has ended, and gives what it has written to pipes.
    pub(super) fn wait_with_output(self) -> io::Result<Output> {
        let id = self.0.id();
        let output = self.0.wait_with_output();
        now().groups.remove(&id);
        output
    }
}
