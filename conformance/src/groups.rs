//! Programs that this one has started, each in a process group of its own: a terminal does not reach them, so whoever is
//! interrupted ends them.

use std::collections::BTreeSet;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

/// The process groups of the programs that run now, each named after its first process.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Those that run now. Whoever starts one holds this until the new group is in it.
pub(crate) fn running() -> MutexGuard<'static, BTreeSet<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills every program that runs now, with all that it started in its group: the last act of a program that is
/// interrupted. None is started any more.
pub fn kill_running() {
    let running = running();
    running.iter().copied().for_each(kill_group);
    mem::forget(running);
}

/// Kills a group.
pub(crate) fn kill_group(group: u32) {
    if let Some(group) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL); // there may be nobody left
    }
}
