//! The kernels that were built: one folder each below the user's cache.
//!
//! `$WIRELAW_KERNELS`, or `wirelaw/kernels` below `$XDG_CACHE_HOME` or `~/.cache`, holds `RELEASE-HASH/{linux,config,about.json}`.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::{UmlError, at, recipe};
use crate::stack::{NamedStack, linux};

/// A kernel that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// The name by which it is selected as a stack: `linux-6.12-vt`.
    pub name: &'static str,
    /// Its folder.
    pub folder: PathBuf,
    /// What is known of it.
    pub about: About,
}

/// What is known of a kernel, as `about.json` keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Its release: `6.12.117`.
    pub release: String,
    /// Of how it was configured and changed: [`recipe::hash`].
    pub recipe: String,
    /// Where its source came from.
    pub source: String,
    /// What the configuration asks for and this kernel does not know.
    pub refused: Vec<String>,
    /// How long it took to build, in seconds.
    pub seconds: u64,
}

impl Kernel {
    /// The kernel that lies in a folder, if one does.
    pub(super) fn open(folder: PathBuf) -> Option<Kernel> {
        let text = fs::read_to_string(folder.join("about.json")).ok()?;
        let about: About = serde_json::from_str(&text).ok()?;
        // a handful in the life of a process
        let name = Box::leak(format!("linux-{}-vt", recipe::series(&about.release)).into_boxed_str());
        let kernel = Kernel { name, folder, about };
        kernel.binary().is_file().then_some(kernel)
    }

    /// The program that it is.
    pub fn binary(&self) -> PathBuf {
        self.folder.join("linux")
    }

    /// Whether it was built as this program would build it now.
    pub fn is_current(&self) -> bool {
        self.about.recipe == recipe::hash()
    }

    /// Its numbers, for order.
    fn numbers(&self) -> Vec<u32> {
        self.about.release.split('.').filter_map(|part| part.parse().ok()).collect()
    }

    /// The stack that it is.
    pub fn stack(&self) -> NamedStack {
        NamedStack { name: self.name, factory: linux::new }
    }
}

/// Where kernels are kept.
pub fn folder() -> Result<PathBuf, UmlError> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || set("HOME").map(|home| home.join(".cache"));
    set("WIRELAW_KERNELS")
        .or_else(|| set("XDG_CACHE_HOME").or_else(home).map(|cache| cache.join("wirelaw/kernels")))
        .filter(|folder| folder.is_absolute())
        .ok_or_else(|| {
            UmlError::Lacks(
                "no place for kernels: set HOME, or WIRELAW_KERNELS to the absolute path of a folder".to_owned(),
            )
        })
}

/// Every kernel that was built, also those of older recipes, by release.
pub fn all() -> Result<Vec<Kernel>, UmlError> {
    let folder = folder()?;
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(folder)(error)),
    };
    let mut kernels: Vec<Kernel> = entries.flatten().filter_map(|entry| Kernel::open(entry.path())).collect();
    kernels.sort_by_key(|kernel| (kernel.numbers(), kernel.is_current(), kernel.about.recipe.clone()));
    Ok(kernels)
}

/// The kernels that can be asked for as stacks: of each series the newest that this recipe built. They are looked up once.
pub fn kernels() -> &'static [Kernel] {
    static KERNELS: OnceLock<Vec<Kernel>> = OnceLock::new();
    KERNELS.get_or_init(|| newest(all().unwrap_or_default()))
}

fn newest(all: Vec<Kernel>) -> Vec<Kernel> {
    let mut newest: Vec<Kernel> = Vec::new();
    for kernel in all.into_iter().filter(Kernel::is_current) {
        match newest.last_mut().filter(|last| last.name == kernel.name) {
            Some(last) => *last = kernel,
            None => newest.push(kernel),
        }
    }
    newest
}

/// The kernel with this name of a stack.
pub fn find(name: &str) -> Option<&'static Kernel> {
    // the cache is looked at only where one of its kernels is meant
    if is_name(name) { kernels().iter().find(|kernel| kernel.name == name) } else { None }
}

/// Whether a name is that of a kernel in virtual time, built or not.
pub fn is_name(name: &str) -> bool {
    name.strip_prefix("linux-").and_then(|rest| rest.strip_suffix("-vt")).is_some_and(|series| !series.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel(release: &str, recipe: &str) -> Kernel {
        let about = About {
            release: release.to_owned(),
            recipe: recipe.to_owned(),
            source: String::new(),
            refused: Vec::new(),
            seconds: 0,
        };
        let name = Box::leak(format!("linux-{}-vt", recipe::series(release)).into_boxed_str());
        Kernel { name, folder: PathBuf::from(release), about }
    }

    #[test]
    fn of_each_series_the_newest_counts_and_none_of_another_recipe() {
        let current = recipe::hash();
        let all = vec![
            kernel("6.1.9", &current),
            kernel("6.1.192", &current),
            kernel("6.12.3", &current),
            kernel("6.12.117", "older"),
        ];
        let names: Vec<String> =
            newest(all).iter().map(|kernel| format!("{} {}", kernel.name, kernel.about.release)).collect();
        assert_eq!(names, ["linux-6.1-vt 6.1.192", "linux-6.12-vt 6.12.3"]);
    }

    #[test]
    fn a_kernel_is_a_folder_with_a_binary_and_a_description() {
        let folder = tempfile::tempdir().expect("there is room");
        assert_eq!(Kernel::open(folder.path().to_owned()), None);
        let about = serde_json::to_string(&kernel("6.1.2", "x").about).expect("it is plain data");
        fs::write(folder.path().join("about.json"), about).expect("there is room");
        assert_eq!(Kernel::open(folder.path().to_owned()), None, "a build that was interrupted");
        fs::write(folder.path().join("linux"), "").expect("there is room");
        let kernel = Kernel::open(folder.path().to_owned()).expect("it is whole");
        assert_eq!((kernel.name, kernel.is_current()), ("linux-6.1-vt", false));
    }

    #[test]
    fn names_of_kernels_are_recognised() {
        assert!(is_name("linux-6.12-vt") && is_name("linux-5.4-vt"));
        assert!(!is_name("linux") && !is_name("linux--vt") && !is_name("smoltcp"));
    }
}
