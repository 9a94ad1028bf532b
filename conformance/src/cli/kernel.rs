//! `wirelaw kernel`: Linux kernels in virtual time.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use super::interrupt::when_interrupted;
use super::virtual_time::clean_when_interrupted;
use super::{CliError, terminal};
use crate::uml::build::{self, Progress};
use crate::uml::input::Input;
use crate::uml::program::{self, Means, Program};
use crate::uml::source::{SERIES, Source};
use crate::uml::{Kernel, UmlError, cache, private, workshop};

/// The exit status of `kernel exec` if it was not the program that failed, as timeout(1) and env(1) have it.
const NOT_THE_PROGRAM: u8 = 125;

#[derive(Debug, Subcommand)]
pub(super) enum KernelCommand {
    /// Build a kernel, try it, and keep it in the user's cache; `run --stack linux-6.12-vt` then judges it.
    Build(BuildArguments),
    /// The kernels that were built.
    List,
    /// Run a program in virtual time: it sees the files of this machine, what it writes goes to memory, and its
    /// timeouts pass in no time. The exit status is the program's, or 125 if there is none.
    Exec(ExecArguments),
}

#[derive(Debug, Args)]
pub(super) struct BuildArguments {
    /// The series of Linux, out of Debian's packages: 6.1 or 6.12. The youngest if none is given.
    #[arg(long, value_name = "SERIES", value_parser = SERIES, conflicts_with = "source")]
    version: Option<String>,
    /// Take the source from a folder, which is not changed, or from an archive.
    #[arg(long, value_name = "DIR|TARBALL")]
    source: Option<PathBuf>,
    /// Compilers at once; as many as there are processors if not given.
    #[arg(long, short, value_name = "N")]
    jobs: Option<usize>,
    /// Build it again although it is there.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExecArguments {
    /// In this kernel; the youngest if not given. `wirelaw kernel list` names them.
    #[arg(long, value_name = "NAME")]
    kernel: Option<String>,
    /// Where all of the guest's randomness comes from; equal seeds give equal runs.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Memory of the guest, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(32..=65_536))]
    memory: u32,
    /// The program is ended after so many seconds by the clock on the wall.
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    longest: u64,
    /// A folder of this machine that the program may really write to; may be repeated.
    #[arg(long, value_name = "DIR")]
    writable: Vec<PathBuf>,
    /// The program and its arguments.
    #[arg(value_name = "PROGRAM", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

pub(super) fn kernel(command: &KernelCommand) -> Result<u8, CliError> {
    match command {
        KernelCommand::Build(arguments) => build(arguments),
        KernelCommand::List => list(),
        KernelCommand::Exec(arguments) => Ok(exec(arguments)),
    }
}

fn build(arguments: &BuildArguments) -> Result<u8, CliError> {
    let youngest = SERIES[SERIES.len() - 1];
    let source = match &arguments.source {
        Some(path) => Source::Path(std::path::absolute(path).unwrap_or_else(|_| path.clone())),
        None => Source::Debian(arguments.version.clone().unwrap_or_else(|| youngest.to_owned())),
    };
    if let (Source::Debian(series), false) = (&source, arguments.force)
        && let Some(kernel) = cache::find(&format!("linux-{series}-vt"))
    {
        terminal::say(&format!("{} is there already; --force builds it again\n{}", kernel.name, line(kernel)))?;
        return Ok(0);
    }
    terminal::complain(&format!("{}\n", build::announce(&source)));
    let jobs = arguments.jobs.filter(|jobs| *jobs > 0);
    let jobs = jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let mut progress = Spinner::new();
    when_interrupted(|| {
        workshop::abandon();
        private::remove_all();
    });
    let built = build::build(&source, jobs, &mut progress);
    progress.bar.finish_and_clear();
    let kernel = built?;
    let refused = match kernel.about.refused.join(" ") {
        words if words.is_empty() => String::new(),
        words => format!("this kernel does not know: {words}\n"),
    };
    let (seconds, line, name) = (kernel.about.seconds, line(&kernel), kernel.name);
    terminal::say(&format!("built in {seconds} s\n{line}{refused}judge it: wirelaw run --stack {name}\n"))?;
    Ok(0)
}

fn list() -> Result<u8, CliError> {
    let kernels = cache::all()?;
    let mut text: String = kernels.iter().map(line).collect();
    if kernels.is_empty() {
        text = format!("none was built yet in {}; wirelaw kernel build\n", cache::folder()?.display());
    }
    terminal::say(&text)?;
    Ok(0)
}

fn line(kernel: &Kernel) -> String {
    let remark = if kernel.is_current() { "" } else { "   of an older recipe: not used; wirelaw kernel build" };
    format!("{:<14}  Linux {:<9}  {}{remark}\n", kernel.name, kernel.about.release, kernel.folder.display())
}

fn exec(arguments: &ExecArguments) -> u8 {
    let means = Means { seed: arguments.seed, memory: arguments.memory, limit: Duration::from_secs(arguments.longest) };
    let ran = choose(arguments.kernel.as_deref()).and_then(|kernel| {
        let program = Program {
            words: arguments.words.clone(),
            folder: env::current_dir().map_err(|cause| UmlError::File { path: ".".into(), cause })?,
            environment: environment(),
            writable: arguments.writable.iter().map(|path| writable(path)).collect::<Result<_, _>>()?,
        };
        clean_when_interrupted();
        program::run(kernel, &program, means, Input::mine(), [&mut io::stdout(), &mut io::stderr()])
    });
    ran.unwrap_or_else(|error| {
        terminal::complain(&format!("wirelaw: {error}\n"));
        NOT_THE_PROGRAM
    })
}

/// A folder that a guest may write to.
fn writable(path: &Path) -> Result<PathBuf, UmlError> {
    let folder = path.canonicalize().map_err(|cause| UmlError::File { path: path.to_owned(), cause })?;
    if !folder.is_dir() {
        return Err(UmlError::Lacks(format!("{}: --writable takes a folder, and this is none", path.display())));
    }
    if folder == Path::new("/") || ["/proc", "/sys", "/dev", "/run/wirelaw"].iter().any(|own| folder.starts_with(own)) {
        return Err(UmlError::Lacks(format!(
            "{}: a guest has one of its own; --writable takes another",
            path.display()
        )));
    }
    Ok(folder)
}

/// The kernel of this name, or the youngest.
pub(super) fn choose(name: Option<&str>) -> Result<&'static Kernel, UmlError> {
    let kernels = cache::kernels();
    let found = match name {
        Some(name) => cache::find(name),
        None => kernels.last(),
    };
    found.ok_or_else(|| UmlError::Lacks(not_built(name.unwrap_or(""))))
}

/// Why there is no such kernel, and what would make one.
pub(super) fn not_built(name: &str) -> String {
    let built: Vec<&str> = cache::kernels().iter().map(|kernel| kernel.name).collect();
    let series = name.trim_start_matches("linux-").trim_end_matches("-vt");
    let command = match SERIES.iter().find(|known| **known == series) {
        Some(series) => format!("wirelaw kernel build --version {series}"),
        None if name.is_empty() => "wirelaw kernel build".to_owned(),
        None => format!("wirelaw kernel build --source DIR|TARBALL (Debian's packages: {})", SERIES.join(", ")),
    };
    let what = if name.is_empty() {
        "no kernel in virtual time was built".to_owned()
    } else {
        format!("{name} was not built")
    };
    let others = if built.is_empty() { String::new() } else { format!(" (there is {})", built.join(", ")) };
    format!("{what}{others}; {command}")
}

/// That of this process.
pub(super) fn environment() -> BTreeMap<OsString, OsString> {
    env::vars_os().collect()
}

/// What goes on, on a terminal as a line that changes, in a log as a line for each part.
struct Spinner {
    bar: ProgressBar,
    what: String,
}

impl Spinner {
    fn new() -> Spinner {
        let bar = if io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(Duration::from_millis(200));
        Spinner { bar, what: String::new() }
    }
}

impl Progress for Spinner {
    fn begin(&mut self, what: &str) {
        what.clone_into(&mut self.what);
        self.bar.set_message(what.to_owned());
        if self.bar.is_hidden() {
            terminal::complain(&format!("{what}\n"));
        }
    }

    fn done(&mut self, files: usize) {
        self.bar.set_message(format!("{}: {files} files", self.what));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_shared_is_told() {
        let told = |path: &str| writable(Path::new(path)).expect_err("it cannot").to_string();
        assert_eq!(told("/etc/passwd"), "/etc/passwd: --writable takes a folder, and this is none");
        assert!(told("/").starts_with("/: a guest has one of its own"), "{}", told("/"));
        assert!(told("/proc/self").contains("one of its own"), "{}", told("/proc/self"));
        assert!(told("/no/such").contains("No such file"), "{}", told("/no/such"));
    }

    #[test]
    fn a_kernel_that_is_not_there_is_told_with_the_command_that_makes_it() {
        assert!(not_built("linux-5.4-vt").contains("--source DIR|TARBALL"), "{}", not_built("linux-5.4-vt"));
        assert!(not_built("linux-6.1-vt").ends_with("wirelaw kernel build --version 6.1"));
        assert!(not_built("").contains("wirelaw kernel build"));
    }
}
