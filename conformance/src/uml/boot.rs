//! A kernel is started, and watched from outside.
//!
//! The guest has the machine's files to read, a private folder to talk through, and nothing else. It ends by itself; one
//! that panics, or goes on for longer than it may, is ended, and says what its console said last.

use std::env;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::private::Private;
use super::{Kernel, UmlError, at, room};

/// Set in the environment of the process that becomes the kernel: the process that waits for it.
pub(crate) const ROLE: &str = "WIRELAW_BOOT";

/// This program, even where its file was replaced or removed since it was started.
const MYSELF: &str = "/proc/self/exe";

/// How often the one who waits is told so.
const MOMENT: Duration = Duration::from_millis(20);

/// The most of its console that is kept, in octets: its end.
const CONSOLE: usize = 64 << 10;

/// What a guest may need of shared memory; where there is less its memory is a file on a disk.
const ROOM: u64 = 1 << 30;

/// The words of its command line, the same for every run: the kernel's randomness depends on them, too. The private folder
/// is where the process that is the kernel stands, and so it is found by a name that is always the same.
const WORDS: [&str; 13] = [
    "rootfstype=hostfs",
    "rootflags=/",
    "ro",
    "init=/proc/self/cwd/init",
    "umid=guest",
    "uml_dir=/proc/self/cwd/",
    "con=null",
    "con0=null,fd:1",
    "panic=-1",
    "time-travel=inf-cpu",
    "time-travel-start=1700000000000000000", // nanoseconds since 1970
    "quiet",
    "WIRELAW_GUEST=1",
];

/// How a guest is started.
#[derive(Clone, Copy, Debug)]
pub struct Boot<'a> {
    /// What.
    pub kernel: &'a Kernel,
    /// Where all of its randomness comes from.
    pub seed: u64,
    /// Its memory, in MiB.
    pub memory: u32,
    /// How long it may take by the clock on the wall.
    pub limit: Duration,
}

/// How a guest has ended.
#[derive(Debug)]
pub struct Ended {
    /// The end of what its console said.
    pub console: String,
    /// Why it did not end as it should have.
    pub trouble: Option<Trouble>,
}

impl Ended {
    /// That it ended as it should have, but has left no answer; for people.
    pub(super) fn silent(&self) -> String {
        format!("the guest ended without an answer: {}", self.console.trim())
    }
}

/// Why a guest did not end by switching itself off; for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// This machine forbids such guests, and what would allow them.
    Forbidden(String),
    /// Anything else.
    Broken(String),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Trouble::Forbidden(text) | Trouble::Broken(text)) = self;
        f.write_str(text)
    }
}

impl Boot<'_> {
    /// Starts it, and waits until it has ended; meanwhile `each_moment` is called, some fifty times a second, and says
    /// whether the guest shall go on.
    ///
    /// Fails if it cannot be started at all.
    pub fn run(&self, private: &Private, each_moment: &mut dyn FnMut() -> bool) -> Result<Ended, UmlError> {
        let (mut child, console) = self.start(private)?;
        let (sender, receiver) = mpsc::channel();
        let listener = thread::Builder::new().spawn(move || {
            let _ = sender.send(listen(console)); // nobody waits any more: it took too long
        });
        listener.map_err(at("a thread"))?;
        let start = Instant::now();
        let mut is_over_time = false;
        let console = loop {
            match receiver.recv_timeout(MOMENT) {
                Ok(console) => break console,
                Err(mpsc::RecvTimeoutError::Disconnected) => break String::new(),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            is_over_time |= start.elapsed() > self.limit;
            if is_over_time || !each_moment() {
                end(&mut child);
            }
        };
        let status = child.wait().map_err(at(self.kernel.binary()))?;
        let trouble = if is_over_time {
            let limit = self.limit.as_secs();
            Some(Trouble::Broken(format!("it took more than {limit} s by the clock on the wall, and was ended")))
        } else {
            trouble(status, &console)
        };
        Ok(Ended { console, trouble })
    }

    fn start(&self, private: &Private) -> Result<(Child, io::PipeReader), UmlError> {
        first_process(&private.path().join("init"))?;
        let (reader, writer) = io::pipe().map_err(at("a pipe"))?;
        let also = writer.try_clone().map_err(at("a pipe"))?;
        let child = Command::new(MYSELF)
            .args([self.kernel.binary().as_os_str()])
            .arg(format!("mem={}M", self.memory))
            .args(WORDS)
            .current_dir(private.path())
            .env_clear()
            .env(ROLE, std::process::id().to_string())
            .env("UML_SEED", self.seed.to_string())
            .env("GLIBC_TUNABLES", "glibc.pthread.rseq=0") // the child that it clones has no rseq area: it would panic
            .env("TMPDIR", memory_folder(private))
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(also)
            .spawn();
        Ok((child.map_err(at(MYSELF))?, reader))
    }
}

/// Makes this program the first process of the guest, which finds it by its path: one that no longer leads to it would
/// start another program, or none. A name of its own stays, whatever becomes of the other; folders of another disk get a
/// link, whose end has to stay for as long as the guest takes to begin.
fn first_process(init: &Path) -> Result<(), UmlError> {
    let identity = |path: &Path| fs::metadata(path).map(|it| (it.dev(), it.ino()));
    let path = fs::read_link(MYSELF).map_err(at(MYSELF))?;
    let mine = identity(Path::new(MYSELF)).map_err(at(MYSELF))?;
    let made = fs::hard_link(&path, init).or_else(|_| symlink(&path, init));
    if made.is_ok() && identity(init).is_ok_and(|there| there == mine) {
        return Ok(());
    }
    let _ = fs::remove_file(init); // another program, or none
    fs::copy(MYSELF, init).map(drop).map_err(at(init))
}

/// Becomes the kernel that this process was started for, if it was.
pub(crate) fn become_if_asked(die_with_parent: impl Fn(&str) -> bool) -> Option<ExitCode> {
    let parent = env::var(ROLE).ok()?;
    if !die_with_parent(&parent) {
        return Some(ExitCode::from(2));
    }
    let mut words = env::args_os().skip(1);
    let kernel = words.next()?;
    let error = Command::new(&kernel).args(words).env_remove(ROLE).exec();
    eprintln!("cannot start {}: {error}", kernel.display());
    Some(ExitCode::from(2))
}

/// Its memory is a file: where there is shared memory of some size, it lies there.
fn memory_folder(private: &Private) -> PathBuf {
    let shared = Path::new("/dev/shm");
    if room(shared).is_some_and(|room| room > ROOM) { shared.to_owned() } else { private.path().to_owned() }
}

/// The end of what the console says.
fn listen(mut console: impl Read) -> String {
    let (mut kept, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = console.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..count]);
        if kept.len() > 2 * CONSOLE {
            kept.drain(..kept.len() - CONSOLE);
        }
    }
    String::from_utf8_lossy(&kept).replace('\r', "")
}

fn end(child: &mut Child) {
    let _ = child.kill(); // it may have ended by now; its own children die with it
}

/// Why it ended as it did, if that was not by switching itself off.
fn trouble(status: ExitStatus, console: &str) -> Option<Trouble> {
    let said = |needle: &str| console.lines().find(|line| line.contains(needle)).map(str::trim);
    // first of all: the trace of a panic may well name ptrace
    if let Some(line) = said("Kernel panic") {
        return Some(Trouble::Broken(line.to_owned()));
    }
    let last = || console.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("nothing on its console");
    if let Some(line) = said("ptrace").filter(|_| !status.success()) {
        let remedy = match fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").as_deref().map(str::trim) {
            Ok("2" | "3") => "sysctl kernel.yama.ptrace_scope=1 allows it",
            _ => {
                "a container has to be started with it (docker run --cap-add SYS_PTRACE), and no debugger may trace this process"
            }
        };
        let why = "a kernel in virtual time, which traces its own processes; that is forbidden here";
        return Some(Trouble::Forbidden(format!("{why}: {remedy} ({line})")));
    }
    match said("wirelaw: ") {
        Some(line) => Some(Trouble::Broken(line.to_owned())),
        None if status.success() => None,
        None => Some(Trouble::Broken(format!("it ended with {status}; the last it said: {}", last()))),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn an_end_is_explained() {
        let ok = ExitStatus::from_raw(0);
        let aborted = ExitStatus::from_raw(6);
        assert_eq!(trouble(ok, "booting\n"), None);
        let panic = trouble(aborted, "x\nKernel panic - not syncing: No working init found.\ny\n");
        assert_eq!(panic, Some(Trouble::Broken("Kernel panic - not syncing: No working init found.".to_owned())));
        let traced = trouble(aborted, "Kernel panic - not syncing: init!\n[<60457a50>] ? ptrace+0x0/0xc0\n");
        assert!(matches!(traced, Some(Trouble::Broken(_))), "a guest may not make itself unsupported: {traced:?}");
        let forbidden = trouble(ExitStatus::from_raw(256), "check_ptrace: ptrace failed: Operation not permitted\n");
        assert!(matches!(forbidden, Some(Trouble::Forbidden(_))), "{forbidden:?}");
        let other = trouble(ExitStatus::from_raw(256), "a\nb\n\n");
        assert!(other.as_ref().is_some_and(|it| it.to_string().ends_with("the last it said: b")), "{other:?}");
    }

    #[test]
    fn the_first_process_is_this_program_whatever_becomes_of_its_name() {
        let mine = fs::metadata(MYSELF).expect("it runs");
        let beside = env::current_exe().expect("it has a path");
        let near = tempfile::tempdir_in(beside.parent().expect("it is in a folder")).expect("there is room");
        let init = near.path().join("init");
        first_process(&init).expect("there is room");
        let there = fs::symlink_metadata(&init).expect("it was made");
        assert_eq!((there.dev(), there.ino()), (mine.dev(), mine.ino()), "a name of its own");
        let far = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("there is room");
        first_process(&far.path().join("init")).expect("there is room");
        assert_eq!(fs::metadata(far.path().join("init")).expect("it leads there").len(), mine.len());
    }

    #[test]
    fn a_console_that_never_stops_is_kept_short() {
        let endless = io::repeat(b'x').take(10 << 20);
        assert!(listen(endless).len() <= 2 * CONSOLE);
        assert_eq!(listen(&b"a\r\nb"[..]), "a\nb");
    }
}
