//! Shell commands of scripts that may run, in a process namespace: whatever they start ends with the command, and with the
//! run if that is interrupted.
//!
//! The worker starts a *founder*, which makes the namespace: a process that has made one can start no thread any more. Its
//! child is the first process in there, the *keeper*, which starts a *runner*, which runs the commands. When the worker
//! dies the kernel kills the founder, then the keeper, and with the first process of a namespace all others in it, daemons
//! too. All of them are this program again.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Pid, getpid, getppid, wait};
use serde::{Deserialize, Serialize};

use super::sys;
use crate::stack::setting::{self, Setting, SettingError};

/// Set in the environment of a founder and a keeper: the number that the runner shall have.
const FOUNDER: &str = "WIRELAW_FOUNDER";

/// Such, too.
const KEEPER: &str = "WIRELAW_KEEPER";

/// Set in the environment of a runner.
const RUNNER: &str = "WIRELAW_RUNNER";

/// The founder that this process has started, and the way to its runner.
static SHELLS: Mutex<Option<Shells>> = Mutex::new(None);

#[derive(Debug)]
struct Shells {
    _founder: Child,
    jobs: ChildStdin,
    answers: BufReader<ChildStdout>,
}

#[derive(Serialize, Deserialize)]
struct Job {
    text: String,
    folder: Option<PathBuf>,
}

/// What became of a job.
type Answer = Result<(), SettingError>;

/// Makes a process namespace for commands. `Err` if that is not allowed.
pub(super) fn prepare() -> io::Result<()> {
    let mut founder = Command::new(env::current_exe()?)
        .env(FOUNDER, std::process::id().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let missing = || io::Error::other("no pipe");
    let (jobs, answers) = (founder.stdin.take().ok_or_else(missing)?, founder.stdout.take().ok_or_else(missing)?);
    let mut shells = Shells { _founder: founder, jobs, answers: BufReader::new(answers) };
    shells.ask(&Job { text: ":".to_owned(), folder: None })?.map_err(io::Error::other)?;
    *SHELLS.lock().unwrap_or_else(PoisonError::into_inner) = Some(shells);
    Ok(())
}

/// Runs a command in the namespace that [`prepare`] has made, in the script's folder.
pub(super) fn run(text: &str, folder: Option<&Path>) -> Result<Option<String>, SettingError> {
    let impossible =
        |why: &str| SettingError::Impossible(format!("the shell command `{}`: {why}", setting::first_line(text)));
    let mut shells = SHELLS.lock().unwrap_or_else(PoisonError::into_inner);
    // a machine of one's own ends with the run, and all that is in it
    let Some(shells) = shells.as_mut() else { return Setting::Shell(text.to_owned()).apply(folder) };
    let job = Job { text: text.to_owned(), folder: folder.map(Path::to_owned) };
    shells.ask(&job).map_err(|error| impossible(&error.to_string()))?.map(|()| None)
}

impl Shells {
    fn ask(&mut self, job: &Job) -> io::Result<Answer> {
        send(&mut self.jobs, job)?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        serde_json::from_str(&line).map_err(|_| io::Error::other("it has ended the process that ran it"))
    }
}

fn send(to: &mut impl Write, what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    to.write_all(&line)?;
    to.flush()
}

/// Is the founder, the keeper or the runner, if this process was started as one.
pub(super) fn keep_if_asked() -> Option<ExitCode> {
    if env::var_os(RUNNER).is_some() {
        return Some(as_exit(&serve()));
    }
    let role = |name| env::var(name).ok();
    let done = match (role(KEEPER), role(FOUNDER)) {
        (Some(number), _) => keep(&number),
        (None, Some(number)) => found(number),
        (None, None) => return None,
    };
    Some(as_exit(&done))
}

/// Makes the namespace and its first process, and stays as long as that does.
fn found(number: String) -> io::Result<()> {
    sys::die_with_parent();
    sys::unshare(libc::CLONE_NEWPID)?;
    let mut keeper = Command::new(env::current_exe()?).env_remove(FOUNDER).env(KEEPER, number).spawn()?;
    keeper.wait().map(|_| ())
}

fn as_exit(done: &io::Result<()>) -> ExitCode {
    ExitCode::from(if done.is_ok() { 0 } else { 2 })
}

/// The first process of the namespace: it waits until the runner ends, and takes up whoever has lost its parent.
fn keep(number: &str) -> io::Result<()> {
    sys::die_with_parent();
    // scripts name files by the number of their shell's parent: in one namespace each, all would have the same
    if let Some(before) = number.parse::<u32>().ok().and_then(|number| number.checked_sub(1)) {
        let _ = fs::write("/proc/sys/kernel/ns_last_pid", before.to_string()); // then the names are less good
    }
    let runner = Command::new(env::current_exe()?).env_remove(KEEPER).env(RUNNER, "1").spawn()?;
    while let Ok(ended) = wait(rustix::process::WaitOptions::empty()) {
        if ended.is_some_and(|(who, _)| who.as_raw_nonzero().get().unsigned_abs() == runner.id()) {
            break;
        }
    }
    Ok(())
}

/// Runs one command after the other, until the worker asks for no more.
fn serve() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let job: Job = serde_json::from_str(&line?)?;
        let answer: Answer = Setting::Shell(job.text).apply(job.folder.as_deref()).map(drop);
        // all that a process can see is its own namespace, if its parent is the first there
        if getppid().is_some_and(Pid::is_init) && !getpid().is_init() {
            sys::kill_all_others();
        }
        send(&mut out, &answer)?;
    }
    Ok(())
}
