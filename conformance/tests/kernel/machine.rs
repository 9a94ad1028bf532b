//! What a run is to the machine: anybody may start it, and when it is interrupted nothing of it stays.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::open::OPEN;

/// The user that owns nothing.
const NOBODY: u32 = 65_534;

/// How long anything may take to begin, or to end.
const PATIENCE: Duration = Duration::from_secs(10);

fn text<T: ToString>(error: T) -> String {
    error.to_string()
}

/// Becomes somebody who may do nothing, if this is root: else it is such already.
fn as_anybody(command: &mut Command) -> &mut Command {
    if geteuid().is_root() { command.uid(NOBODY).gid(NOBODY) } else { command }
}

/// Whether the machine lets somebody make namespaces, as another program than ours sees it: `unshare(1)`, as it was prepared.
pub(crate) fn are_namespaces_open(unshare: &mut Command) -> bool {
    // one that allows that program alone has its own reasons
    let is_restricted = fs::read_to_string("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
    let is_restricted = is_restricted.is_ok_and(|value| value.trim() == "1");
    !is_restricted && unshare.args(["-Urn", "true"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// No root is needed where namespaces are open to all; and without root times are kept less well, which is said.
pub(crate) fn anybody_may() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(text)?;
    let program = folder.path().join("wirelaw");
    fs::copy(env!("CARGO_BIN_EXE_wirelaw"), &program).map_err(text)?;
    let talk = "+.01 write(4, ..., 100) = 100\n";
    fs::write(folder.path().join("good.pkt"), format!("{OPEN}{talk}+0 > P. 1:101(100) ack 1\n")).map_err(text)?;
    fs::write(folder.path().join("late.pkt"), format!("{OPEN}{talk}+.05 > P. 1:101(100) ack 1\n")).map_err(text)?;
    if geteuid().is_root() {
        chown(folder.path(), Some(NOBODY), Some(NOBODY)).map_err(text)?;
    }
    let is_open = are_namespaces_open(as_anybody(Command::new("unshare").current_dir(folder.path())));
    let mut command = Command::new(&program);
    command.args(["run", "good.pkt", "late.pkt", "--stack", "linux", "--json", "report.json"]);
    let output = as_anybody(command.current_dir(folder.path())).output().map_err(text)?;
    let said = || String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
    let report = fs::read_to_string(folder.path().join("report.json")).map_err(|_| said())?;
    let report: serde_json::Value = serde_json::from_str(&report).map_err(text)?;
    let of = |at: usize, what: &str| report["results"][at][what].to_string();
    let verdicts = [of(0, "verdict"), of(1, "verdict")];
    let wanted = if is_open { ["\"pass\"", "\"timing\""] } else { ["\"unsupported\"", "\"unsupported\""] };
    let is_told = of(1, "notes").contains("without real-time priority");
    if verdicts == wanted && is_told == (is_open && !may_be_punctual()?) { Ok(()) } else { Err(said()) }
}

/// The priority that a run asks for.
const PRIORITY: u32 = 50;

/// Whether a limit of this process, which others inherit, lets anybody have a priority in real time.
fn may_be_punctual() -> Result<bool, String> {
    let limits = fs::read_to_string("/proc/self/limits").map_err(text)?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max realtime priority"));
    let limit = line.and_then(|line| line.split_whitespace().nth(1)).ok_or("no limit of priorities".to_owned())?;
    Ok(limit.parse::<u32>().map_or(limit == "unlimited", |limit| limit >= PRIORITY))
}

/// Whatever a shell was doing for a run ends with it, whichever way that is ended.
pub(crate) fn interrupted_shells() -> Result<(), String> {
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let folder = tempfile::tempdir().map_err(text)?;
        let script = folder.path().join("long.pkt");
        fs::write(&script, format!("{OPEN}+0 `(setsid sleep 60 &); sleep 60; true`\n")).map_err(text)?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirelaw"));
        command.arg("run").arg(&script).args(["--stack", "linux", "--allow-shell"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(text)?;
        let has_begun = comes(|| inside(folder.path()).len() >= 3); // the shell and both that it has started
        let sent = kill_process(Pid::from_child(&child), signal).map_err(text);
        let ended = child.wait().map_err(text);
        let is_over = comes(|| inside(folder.path()).is_empty());
        for process in inside(folder.path()) {
            let id = process.file_name().and_then(|name| name.to_str()?.parse().ok()).and_then(Pid::from_raw);
            let _ = id.map(|id| kill_process(id, Signal::KILL)); // the test has failed, and leaves nothing
        }
        sent.and(ended)?;
        if !has_begun || !is_over {
            return Err(format!("{signal:?}: begun {has_begun}, over {is_over}"));
        }
    }
    Ok(())
}

fn comes(is_so: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while !is_so() {
        if start.elapsed() > PATIENCE {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

/// The processes that stand in a folder.
fn inside(folder: &Path) -> Vec<PathBuf> {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    processes.filter(|path| fs::read_link(path.join("cwd")).is_ok_and(|cwd| cwd == folder)).collect()
}
