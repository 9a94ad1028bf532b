//! Programs that set something: bounded in time, and gone with all that they started.

use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::{SettingError, place};

/// So much of a program's output is kept, in octets.
const OUTPUT: usize = 4096;

/// How a shell ends if the command could not be run, or was not found (POSIX, 2.8.2).
const NOT_RUN: [Option<i32>; 2] = [Some(126), Some(127)];

/// How long a pipe is listened to that somebody still holds.
const MOMENT: Duration = Duration::from_millis(200);

/// Runs a program without a shell; its output. It is found even where `PATH` lacks the folders of the superuser.
pub(super) fn run(program: &str, package: &str, words: &[String], patience: Duration) -> Result<String, String> {
    let line = format!("{program} {}", words.join(" "));
    let mut command = Command::new(found(program));
    command.args(words).env("LC_ALL", "C").stdin(Stdio::null());
    match watched(&mut command, patience) {
        Ok((Some(status), said)) if status.success() => Ok(said),
        Ok((Some(status), said)) => Err(format!("{line}: {}", reason(&said, status))),
        Ok((None, _)) => Err(format!("{line}: no end after {} s", patience.as_secs())),
        Err(ErrorKind::NotFound) => Err(format!("{line}: {program} is not installed (package {package})")),
        Err(kind) => Err(format!("{line}: {kind}")),
    }
}

/// The environment of shells, if it is not that of this process.
static ENVIRONMENT: OnceLock<Vec<(OsString, OsString)>> = OnceLock::new();

/// Whether a variable tells this program what it is to be.
fn is_ours(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"WIRELAW_")
}

/// Shells get this environment, not that of this process. Only the first call counts.
pub(crate) fn surround(environment: Vec<(OsString, OsString)>) {
    let _ = ENVIRONMENT.set(environment.into_iter().filter(|(name, _)| !is_ours(name)).collect());
}

/// Runs a text in a shell, as `system(3)` does.
pub(super) fn shell(text: &str, folder: Option<&Path>, patience: Duration) -> Result<(), SettingError> {
    let mut command = Command::new("/bin/sh");
    if let Some(environment) = ENVIRONMENT.get() {
        command.env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
    }
    // scripts write $PPID for the same number
    command.arg("-c").arg(text).env("PACKETDRILL_PID", std::process::id().to_string()).stdin(Stdio::null());
    command.env("NSTAT_HISTORY", nstat_history());
    // a command may start this program again, which is then nobody's worker
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_ours(name)) {
        command.env_remove(name);
    }
    if let Some(folder) = place::of_text(text, folder) {
        command.current_dir(folder);
    }
    let line = first_line(text);
    let impossible = |why: String| Err(SettingError::Impossible(format!("the shell command `{line}`: {why}")));
    match watched(&mut command, patience) {
        Ok((Some(status), _)) if status.success() => Ok(()),
        Ok((Some(status), said)) if NOT_RUN.contains(&status.code()) => impossible(reason(&said, status)),
        Ok((Some(status), said)) => {
            Err(SettingError::Failed(format!("the shell command `{line}`: {}", reason(&said, status))))
        }
        Ok((None, _)) => impossible(format!("no end after {} s", patience.as_secs())),
        Err(kind) => impossible(kind.to_string()),
    }
}

/// The most characters of a program's last line that a message shows, but one.
const SAID: usize = 299;

/// The most characters of a command that a message shows.
const SHOWN: usize = 60;

/// The first line of a command, as messages show it.
pub(crate) fn first_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let mut shown: String = line.chars().take(SHOWN).collect();
    if line.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// Where `nstat` keeps what it has told already: that of another run would be taken for this one's. A run is a network
/// namespace.
fn nstat_history() -> PathBuf {
    let namespace = std::fs::read_link("/proc/self/ns/net").unwrap_or_default();
    let number: String = namespace.to_string_lossy().chars().filter(char::is_ascii_digit).collect();
    std::env::temp_dir().join(format!("wirelaw-nstat-{number}"))
}

/// Removes what shells of this process have left of that.
pub(super) fn forget_nstat() {
    let _ = std::fs::remove_file(nstat_history()); // most runs have none
}

fn found(program: &str) -> std::path::PathBuf {
    let own = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&own).chain(["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(Into::into));
    let mut files = folders.filter(|folder| folder.is_absolute()).map(|folder| folder.join(program));
    files.find(|file| file.is_file()).unwrap_or_else(|| OsStr::new(program).into())
}

/// The last line that the program said, else how it ended.
fn reason(said: &str, status: ExitStatus) -> String {
    match said.lines().rfind(|line| !line.trim().is_empty()) {
        Some(last) => format!("{} ({status})", end_of(last.trim()).escape_debug()),
        None => format!("it ended with {status}"),
    }
}

/// The end of a line, where shells and programs say what is wrong.
fn end_of(line: &str) -> &str {
    line.char_indices().rev().nth(SAID).map_or(line, |(at, _)| &line[at..])
}

/// The status, none if there was no end within `patience`, and what the program said.
fn watched(command: &mut Command, patience: Duration) -> Result<(Option<ExitStatus>, String), ErrorKind> {
    let command = command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.kind())?;
    let (output, errors) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let status = wait(&mut child, patience);
    let said = [output, errors].map(|pipe| pipe.recv_timeout(MOMENT).unwrap_or_default()).concat();
    Ok((status, String::from_utf8_lossy(&said).into_owned()))
}

/// Waits for the end without taking the status, for as long as that is not taken, the number of the group is nobody
/// else's: so that the kill behind it can only hit what the child left.
fn wait(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw)?;
    let (started, mut nap) = (Instant::now(), Duration::from_micros(200));
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    let mut is_over = false;
    while !is_over && started.elapsed() < patience {
        match waitid(WaitId::Pid(group), options) {
            Ok(Some(_)) => is_over = true,
            Ok(None) | Err(rustix::io::Errno::INTR) => thread::sleep(nap),
            Err(_) => break,
        }
        nap = (nap * 2).min(Duration::from_millis(5));
    }
    let _ = kill_process_group(group, Signal::KILL); // there may be nobody left
    let status = child.wait().ok()?;
    is_over.then_some(status)
}

/// Reads all of a pipe, and keeps its first octets.
fn collect(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (tell, hear) = channel();
    thread::spawn(move || {
        let (mut kept, mut chunk) = (Vec::new(), [0; 1024]);
        if let Some(mut pipe) = pipe {
            while let Ok(length @ 1..) = pipe.read(&mut chunk) {
                kept.extend(&chunk[..length.min(OUTPUT.saturating_sub(kept.len()))]);
            }
        }
        let _ = tell.send(kept); // nobody may be waiting any more
    });
    hear
}
