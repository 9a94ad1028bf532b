//! Linux kernels in virtual time: User-Mode Linux, the real kernel as an ordinary process, whose clock jumps to the
//! next event.
//!
//! No permission is needed but to trace one's own children (`ptrace(2)`), and nothing of the machine is changed: the
//! guest sees its files, but what it writes stays in memory, and it has no network but its own.
//!
//! | module | what |
//! |---|---|
//! | [`recipe`] | what is changed in the source of the kernel, and how it is configured |
//! | [`source`] | where the source comes from |
//! | [`build`] | a kernel is built, and tried |
//! | [`workshop`] | where a kernel is built |
//! | [`cache`] | the kernels that are there |
//! | [`boot`] | a kernel is started, and watched from outside |
//! | [`private`] | the folder that a guest and its host talk through |
//! | [`guest`] | the first process inside: this program again |
//! | [`input`] | what a program reads from its standard input |
//! | [`program`] | any program in virtual time |
//! | [`scenario`] | a scenario in virtual time |

pub mod boot;
pub mod build;
pub mod cache;
pub mod guest;
pub mod input;
pub mod private;
pub mod program;
pub mod recipe;
pub mod scenario;
pub mod source;
pub mod workshop;

use std::path::{Path, PathBuf};

use thiserror::Error;

pub use cache::{Kernel, find, kernels};

/// Why there is no kernel, or it did not do what it was to do.
#[derive(Debug, Error)]
pub enum UmlError {
    /// A file or folder cannot be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// What the command needs is not there. One sentence that says what would help.
    #[error("{0}")]
    Lacks(String),
    /// A program that is needed failed.
    #[error("{program} failed{}{}", colon(.said), log_of(.log.as_ref()))]
    Program {
        /// Which, with its arguments as far as they matter.
        program: String,
        /// The last of what it said.
        said: String,
        /// Where all of it is.
        log: Option<PathBuf>,
    },
    /// The source is not what the recipe knows.
    #[error("{0}")]
    Source(String),
    /// The guest did not end as it should have.
    #[error("{0}")]
    Guest(String),
}

fn colon(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(":\n{said}") }
}

fn log_of(log: Option<&PathBuf>) -> String {
    log.map_or(String::new(), |log| format!("\nall it said: {}", log.display()))
}

/// An error about a path.
fn at(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> UmlError {
    let path = path.into();
    move |cause| UmlError::File { path, cause }
}

/// How much room a file system has for its users, in octets, if it says so.
fn room(folder: &Path) -> Option<u64> {
    rustix::fs::statvfs(folder).ok().map(|it| it.f_bavail.saturating_mul(it.f_frsize))
}
