//! The folder that one guest and its host talk through.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use super::{UmlError, at};

/// How private folders begin, below the folder for temporary files; then comes the process that made them.
const PREFIX: &str = "wirelaw-vt-";

/// Those that are there now.
static MADE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn made() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    MADE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often a folder is removed that is not empty yet.
const ATTEMPTS: usize = 10;

/// Removes every private folder of this process: the last act of one that is interrupted. None is made any more; the
/// guests end with the process.
pub fn remove_all() {
    let made = made();
    for folder in made.iter() {
        // a guest that is ending may write meanwhile; what it leaves after that the next run removes
        let _ = (0..ATTEMPTS).any(|_| fs::remove_dir_all(folder).is_ok() || !folder.exists());
    }
    std::mem::forget(made);
}

/// A folder that one guest and its host talk through; it goes with this value.
#[derive(Debug)]
pub struct Private(PathBuf);

impl Private {
    /// A new one, for nobody but this user.
    pub fn new() -> Result<Private, UmlError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        static SWEPT: Once = Once::new();
        let all = std::path::absolute(env::temp_dir()).map_err(at(env::temp_dir()))?;
        SWEPT.call_once(|| sweep(&all, PREFIX));
        let mut made = made();
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = all.join(format!("{PREFIX}{}-{number}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    made.insert(path.clone());
                    return Ok(Private(path));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {} // of a process long gone
                Err(error) => return Err(at(path)(error)),
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Puts a file into it.
    pub fn put(&self, name: &str, content: &[u8]) -> Result<(), UmlError> {
        let path = self.0.join(name);
        fs::write(&path, content).map_err(at(path))
    }

    /// A file of it, if it is there.
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.0.join(name)).ok()
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        made().remove(&self.0);
        let _ = fs::remove_dir_all(&self.0); // what cannot be removed is small, and in the folder for such things
    }
}

/// Removes what interrupted processes have left in a folder: what begins with `prefix` and the number of its maker.
pub(super) fn sweep(all: &Path, prefix: &str) {
    let is_stale = |name: &str| {
        let maker = name.strip_prefix(prefix).and_then(|rest| rest.split('-').next());
        maker.is_some_and(|pid| !Path::new("/proc").join(pid).exists())
    };
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(is_stale) {
            let _ = fs::remove_dir_all(entry.path()); // another user's
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_folder_is_private_and_goes_away() {
        use std::os::unix::fs::PermissionsExt;

        let private = Private::new().expect("there is room");
        let path = private.path().to_owned();
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o700);
        private.put("x", b"y").expect("there is room");
        assert_eq!(private.get("x").as_deref(), Some(&b"y"[..]));
        drop(private);
        assert!(!path.exists());
    }

    #[test]
    fn what_dead_processes_left_is_swept_and_nothing_else() {
        let all = tempfile::tempdir().expect("there is room");
        let names = [format!("{PREFIX}999999999-0"), format!("{PREFIX}{}-0", std::process::id()), "other".to_owned()];
        for name in &names {
            fs::create_dir(all.path().join(name)).expect("there is room");
        }
        sweep(all.path(), PREFIX);
        assert_eq!(names.map(|name| all.path().join(name).exists()), [false, true, true]);
    }
}
