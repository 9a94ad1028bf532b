//! The folder that a kernel is built in, and the programs that work there: an interrupted build leaves neither.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::mem;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::private::sweep;
use super::{UmlError, at};
use crate::groups::{kill_running, running};

/// How such folders begin; then comes the process that made them.
const PREFIX: &str = ".build-";

/// How often a folder is removed in which somebody may still write who was killed.
const ATTEMPTS: usize = 20;

/// The folders that are there now.
static FOLDERS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn folders() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends every program that builds, and removes what it has made: the last act of a process that is interrupted. Nothing
/// is begun any more.
pub fn abandon() {
    kill_running();
    let folders = folders();
    for folder in folders.iter() {
        let _ = (0..ATTEMPTS).find(|_| fs::remove_dir_all(folder).is_ok()); // the next build removes what is left
    }
    mem::forget(folders);
}

/// A folder to build in; it goes with this value.
#[derive(Debug)]
pub(super) struct Workshop(tempfile::TempDir);

impl Workshop {
    /// A new one, after those that died without a word have left theirs.
    pub(super) fn new(all: &Path) -> Result<Workshop, UmlError> {
        sweep(all, PREFIX);
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let mut folders = folders();
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(all).map_err(at(all))?;
        folders.insert(folder.path().to_owned());
        Ok(Workshop(folder))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        folders().remove(self.path());
    }
}

/// A program that works here, with all that it starts.
#[derive(Debug)]
pub(super) struct Worker(Child);

impl Worker {
    /// Starts it.
    pub(super) fn start(command: &mut Command) -> io::Result<Worker> {
        let mut running = running();
        let child = command.process_group(0).spawn()?;
        running.insert(child.id());
        Ok(Worker(child))
    }

    /// Waits until it has ended.
    pub(super) fn wait(mut self) -> io::Result<ExitStatus> {
        let status = self.0.wait();
        running().remove(&self.0.id());
        status
    }

    /// Waits until it has ended, and gives what it has written to pipes.
    pub(super) fn wait_with_output(self) -> io::Result<Output> {
        let id = self.0.id();
        let output = self.0.wait_with_output();
        running().remove(&id);
        output
    }
}
