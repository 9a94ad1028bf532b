//! What a script asks of a kernel before or between its events, and how it is done.
//!
//! A [`Setting`] acts on the network namespace of the process that applies it, and on nothing else: settings of the
//! namespace below `/proc/sys/net`, its routes, addresses, links and queues. It is data, so that another process can
//! apply it. A process that applies one has to stand in a throw-away namespace of its own.

pub(crate) mod place;
mod program;
mod sysctl;
mod words;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub(crate) use self::program::{first_line, surround};

/// The longest pause that a script may ask for.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// How long `ip`, `tc` and `ethtool` may take.
const PROGRAM_PATIENCE: Duration = Duration::from_secs(5);

/// How long a shell may take.
const SHELL_PATIENCE: Duration = Duration::from_secs(30);

/// One thing to set in a network namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setting {
    /// A setting of the kernel, by its name in `sysctl(8)`'s form with dots: `net.ipv4.tcp_sack`. A slash in it stands
    /// for a dot in the name of a device.
    Sysctl {
        /// Its name.
        name: String,
        /// Its value; numbers of a list are apart by blanks.
        value: String,
    },
    /// The arguments of `ip(8)`.
    Ip(Vec<String>),
    /// The arguments of `tc(8)`.
    Tc(Vec<String>),
    /// The arguments of `ethtool(8)`.
    Ethtool(Vec<String>),
    /// Time that passes, in microseconds.
    Pause(u64),
    /// A setting that a kernel may lack: nothing depends on its success.
    Optional(Box<Setting>),
    /// A text for `/bin/sh`; only where `--allow-shell` is given.
    Shell(String),
}

/// Why a setting was not made.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum SettingError {
    /// It cannot be done here: the kernel or the machine lacks it, or it took too long. Nothing is said about the stack.
    #[error("{0}")]
    Impossible(String),
    /// A shell ran the command of a script, and the command said no: it may have been an assertion.
    #[error("{0}")]
    Failed(String),
}

impl From<String> for SettingError {
    fn from(why: String) -> SettingError {
        SettingError::Impossible(why)
    }
}

/// Removes what shells of this run have left on the disk.
pub(crate) fn clean_up() {
    program::forget_nstat();
}

impl Setting {
    /// A setting of the kernel by its name, with dots or slashes, or its path below `/proc/sys`; `Err` says why the
    /// name is none of a network namespace.
    pub fn sysctl(name: &str, value: &str) -> Result<Setting, String> {
        let name = sysctl::canonical(name)?;
        Ok(Setting::Sysctl { name, value: value.split_whitespace().collect::<Vec<_>>().join(" ") })
    }

    /// A route, an address, a link, a neighbour, a rule or the cache of metrics, by the arguments of `ip(8)`, whose
    /// abbreviations are spelt out; `Err` names the word that is not known to act on the namespace alone.
    pub fn ip(words: &[&str]) -> Result<Setting, String> {
        words::ip(words).map(Setting::Ip)
    }

    /// A queue, a class or a filter, by the arguments of `tc(8)`; `Err` as for [`Setting::ip`].
    pub fn tc(words: &[&str]) -> Result<Setting, String> {
        words::tc(words).map(Setting::Tc)
    }

    /// Abilities of a device, by the arguments of `ethtool(8)`; `Err` as for [`Setting::ip`].
    pub fn ethtool(words: &[&str]) -> Result<Setting, String> {
        words::ethtool(words).map(Setting::Ethtool)
    }

    /// Whether it gives the setting `name` of the kernel a value.
    pub(crate) fn is_of(&self, name: &str) -> bool {
        match self {
            Setting::Sysctl { name: own, .. } => own == name,
            Setting::Optional(setting) => setting.is_of(name),
            _ => false,
        }
    }

    /// Whether it may fail without consequence.
    pub fn is_optional(&self) -> bool {
        matches!(self, Setting::Optional(_))
    }

    /// Does it, in the network namespace of this process. `folder` is where the script lies, `None` for here.
    ///
    /// Every setting is bounded in time. `Err` says which setting, and the kernel's reason; of an optional one that is no
    /// error but a remark, for those who want to know why a run differs.
    pub fn apply(&self, folder: Option<&Path>) -> Result<Option<String>, SettingError> {
        match self {
            Setting::Optional(inner) => return Ok(inner.apply(folder).err().map(|error| error.to_string())),
            Setting::Sysctl { name, value } => sysctl::write(name, value)?,
            Setting::Ip(words) => ip(words)?,
            Setting::Tc(words) => run("tc", "iproute2", &words::tc(&strs(words))?)?,
            Setting::Ethtool(words) => run("ethtool", "ethtool", &words::ethtool(&strs(words))?)?,
            Setting::Pause(micros) => std::thread::sleep(Duration::from_micros(*micros).min(LONGEST_PAUSE)),
            Setting::Shell(text) => program::shell(text, folder, SHELL_PATIENCE)?,
        }
        Ok(None)
    }
}

fn strs(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

fn run(program: &str, package: &str, words: &[String]) -> Result<(), String> {
    program::run(program, package, words, PROGRAM_PATIENCE).map(drop)
}

/// Kernels let nobody but the root of the machine flush the metrics of a namespace. Where there are none, it is done.
fn ip(words: &[String]) -> Result<(), String> {
    let words = words::ip(&strs(words))?;
    let flushed = run("ip", "iproute2", &words);
    if flushed.is_err() && words.first().is_some_and(|object| object == "tcp_metrics") {
        let show = ["tcp_metrics", "show"].map(str::to_owned);
        let left = program::run("ip", "iproute2", &show, PROGRAM_PATIENCE)?;
        return if left.trim().is_empty() { Ok(()) } else { flushed };
    }
    flushed
}
