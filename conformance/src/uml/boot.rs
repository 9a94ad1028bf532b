//! A kernel is started, and watched from outside.
//!
//! The guest has the machine's files to read, a private folder to talk through, and nothing else. It ends by itself; one
//! that panics, or goes on for longer than it may, is ended, and says what its console said last.

use std::env;
use std::fs::{self, DirBuilder};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Once, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::{Kernel, UmlError, at};

/// Set in the environment of the process that becomes the kernel: the process that waits for it.
pub(crate) const ROLE: &str = "WIRELAW_BOOT";

/// How private folders begin, below the folder for temporary files; then comes the process that made them.
const PREFIX: &str = "wirelaw-vt-";

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

/// A folder that one guest and its host talk through; it goes with this value.
#[derive(Debug)]
pub struct Private(PathBuf);

impl Private {
    /// A new one, for nobody but this user.
    pub fn new() -> Result<Private, UmlError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        static SWEPT: Once = Once::new();
        let all = env::temp_dir();
        SWEPT.call_once(|| sweep(&all));
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = all.join(format!("{PREFIX}{}-{number}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Private(path)),
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
        let _ = fs::remove_dir_all(&self.0); // what cannot be removed is small, and in the folder for such things
    }
}

/// Removes what interrupted runs have left.
fn sweep(all: &Path) {
    let is_stale = |name: &str| {
        let maker = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        maker.is_some_and(|pid| !Path::new("/proc").join(pid).exists())
    };
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(is_stale) {
            let _ = fs::remove_dir_all(entry.path()); // another user's
        }
    }
}

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
    /// Starts it, and waits until it has ended; meanwhile `each_moment` is called, some fifty times a second.
    ///
    /// Fails if it cannot be started at all.
    pub fn run(&self, private: &Private, each_moment: &mut dyn FnMut()) -> Result<Ended, UmlError> {
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
            each_moment();
            if start.elapsed() > self.limit {
                is_over_time = true;
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
        let myself = env::current_exe().map_err(at("/proc/self/exe"))?;
        let init = private.0.join("init");
        symlink(&myself, &init).map_err(at(init.clone()))?;
        let (reader, writer) = io::pipe().map_err(at("a pipe"))?;
        let also = writer.try_clone().map_err(at("a pipe"))?;
        let child = Command::new(&myself)
            .args([self.kernel.binary().as_os_str()])
            .arg(format!("mem={}M", self.memory))
            .args(WORDS)
            .current_dir(&private.0)
            .env_clear()
            .env(ROLE, std::process::id().to_string())
            .env("UML_SEED", self.seed.to_string())
            .env("GLIBC_TUNABLES", "glibc.pthread.rseq=0") // the child that it clones has no rseq area: it would panic
            .env("TMPDIR", memory_folder(private))
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(also)
            .spawn();
        Ok((child.map_err(at(myself))?, reader))
    }
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
    let room = rustix::fs::statvfs(shared).map_or(0, |it| it.f_bavail.saturating_mul(it.f_frsize));
    if room > ROOM { shared.to_owned() } else { private.0.clone() }
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
    match said("Kernel panic").or_else(|| said("wirelaw: ")) {
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
        sweep(all.path());
        assert_eq!(names.map(|name| all.path().join(name).exists()), [false, true, true]);
    }

    #[test]
    fn an_end_is_explained() {
        let ok = ExitStatus::from_raw(0);
        let aborted = ExitStatus::from_raw(6);
        assert_eq!(trouble(ok, "booting\n"), None);
        let panic = trouble(aborted, "x\nKernel panic - not syncing: No working init found.\ny\n");
        assert_eq!(panic, Some(Trouble::Broken("Kernel panic - not syncing: No working init found.".to_owned())));
        let forbidden = trouble(ExitStatus::from_raw(256), "check_ptrace: ptrace failed: Operation not permitted\n");
        assert!(matches!(forbidden, Some(Trouble::Forbidden(_))), "{forbidden:?}");
        let other = trouble(ExitStatus::from_raw(256), "a\nb\n\n");
        assert!(other.as_ref().is_some_and(|it| it.to_string().ends_with("the last it said: b")), "{other:?}");
    }

    #[test]
    fn a_console_that_never_stops_is_kept_short() {
        let endless = io::repeat(b'x').take(10 << 20);
        assert!(listen(endless).len() <= 2 * CONSOLE);
        assert_eq!(listen(&b"a\r\nb"[..]), "a\nb");
    }
}
