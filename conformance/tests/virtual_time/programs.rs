//! `wirelaw kernel exec` and `--virtual-time`, as a user calls them.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};
use wirelaw::uml::Kernel;

use super::promises::{Check, trial, trial_with};

pub(crate) fn trials() -> Vec<Trial> {
    let checks: [(&str, Check); 10] = [
        ("a-program-sleeps-without-waiting", a_program_sleeps_without_waiting),
        ("a-program-has-its-exit-status", a_program_has_its_exit_status),
        ("a-program-cannot-change-the-machine", a_program_cannot_change_the_machine),
        ("a-program-has-no-way-out", a_program_has_no_way_out),
        ("a-program-that-is-not-there-is-told", a_program_that_is_not_there_is_told),
        ("a-program-whose-reader-has-gone-ends", a_program_whose_reader_has_gone_ends),
        ("an-interrupted-program-leaves-nothing", an_interrupted_program_leaves_nothing),
        ("an-interrupted-run-leaves-nothing", an_interrupted_run_leaves_nothing),
        ("a-guest-is-the-program-that-was-started", a_guest_is_the_program_that_was_started),
        ("a-suite-finds-its-files", a_suite_finds_its_files),
    ];
    let mut trials: Vec<Trial> = checks.into_iter().map(|(name, check)| trial(name, check)).collect();
    trials.push(trial_with("python3", "a-program-that-reboots-is-told", a_program_that_reboots_is_told));
    trials.push(trial_with("curl", "a-client-is-judged", a_client_is_judged));
    trials
}

fn wirelaw(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wirelaw")).args(words).output().expect("it was built for this test")
}

pub(crate) fn exec(kernel: &Kernel, script: &str) -> Output {
    exec_with(kernel, &[], &["/bin/sh", "-c", script])
}

/// Runs a program in a guest, with options of `kernel exec`.
pub(crate) fn exec_with(kernel: &Kernel, options: &[&str], program: &[&str]) -> Output {
    wirelaw(&[&["kernel", "exec", "--kernel", kernel.name], options, &["--"], program].concat())
}

/// A guest that has begun, and does not end by itself; what it has on the disk is in the folder.
pub(crate) fn busy(kernel: &Kernel, folder: &Path) -> Result<Child, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelaw"));
    command.args(["kernel", "exec", "--kernel", kernel.name, "--", "sh", "-c", "echo begun; while :; do :; done"]);
    let child = command.env("TMPDIR", folder).stdout(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| error.to_string())?;
    let mut begun = [0; 5];
    child.stdout.take().ok_or("no pipe")?.read_exact(&mut begun).map_err(|error| error.to_string())?;
    Ok(child)
}

pub(crate) fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

pub(crate) fn same(got: &str, wanted: &str) -> Result<(), String> {
    if got == wanted { Ok(()) } else { Err(format!("{wanted:?} was expected, and it is {got:?}")) }
}

fn a_program_sleeps_without_waiting(kernel: &Kernel) -> Result<(), String> {
    let start = Instant::now();
    let output = exec(kernel, "a=$(date +%s); sleep 3600; b=$(date +%s); echo $((b - a))");
    same(&text(&output.stdout), "3600\n")?;
    let took = start.elapsed();
    if took < Duration::from_mins(1) { Ok(()) } else { Err(format!("it took {took:?}")) }
}

fn a_program_has_its_exit_status(kernel: &Kernel) -> Result<(), String> {
    let output = exec(kernel, "echo out; echo err >&2; exit 7");
    let got = (output.status.code(), text(&output.stdout), text(&output.stderr));
    if got == (Some(7), "out\n".to_owned(), "err\n".to_owned()) { Ok(()) } else { Err(format!("{got:?}")) }
}

fn a_program_cannot_change_the_machine(kernel: &Kernel) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (mine, theirs) = (folder.path().join("mine"), folder.path().join("theirs"));
    fs::write(&mine, "before").map_err(|error| error.to_string())?;
    let script = format!(
        "echo after > {0}; cat {0}; echo new > {1}; rm -rf {2}",
        mine.display(),
        theirs.display(),
        folder.path().display()
    );
    same(&text(&exec(kernel, &script).stdout), "after\n")?;
    same(&fs::read_to_string(&mine).unwrap_or_default(), "before")?;
    if theirs.exists() { Err("what it wrote is there".to_owned()) } else { Ok(()) }
}

fn a_program_has_no_way_out(kernel: &Kernel) -> Result<(), String> {
    let output =
        exec(kernel, "tail -n +2 /proc/net/route; tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | grep -x lo");
    same(&text(&output.stdout), "lo\n")
}

fn a_program_that_is_not_there_is_told(kernel: &Kernel) -> Result<(), String> {
    let output = wirelaw(&["kernel", "exec", "--kernel", kernel.name, "--", "/no/such/program"]);
    let said = text(&output.stderr);
    if output.status.code() == Some(125) && said.starts_with("wirelaw: cannot run /no/such/program: ") {
        return Ok(());
    }
    Err(format!("{}: {said}", output.status))
}

/// As `yes | head -1` ends at once, and not when the disk is full.
fn a_program_whose_reader_has_gone_ends(kernel: &Kernel) -> Result<(), String> {
    let (reader, writer) = io::pipe().map_err(|error| error.to_string())?;
    drop(reader);
    let start = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelaw"));
    command.args(["kernel", "exec", "--kernel", kernel.name, "--longest", "60", "--", "yes"]).stdout(writer);
    let status = command.status().map_err(|error| error.to_string())?;
    if status.code() == Some(141) && start.elapsed() < Duration::from_secs(50) {
        return Ok(());
    }
    Err(format!("{status} after {:?}", start.elapsed()))
}

fn a_program_that_reboots_is_told(kernel: &Kernel) -> Result<(), String> {
    let reboot = "import ctypes; ctypes.CDLL(None).reboot(0x1234567)"; // RB_AUTOBOOT
    let output = exec_with(kernel, &[], &["python3", "-c", reboot]);
    if output.status.code() == Some(125) && text(&output.stderr).contains("rebooted from inside") {
        return Ok(());
    }
    Err(format!("{}: {}", output.status, text(&output.stderr)))
}

fn an_interrupted_program_leaves_nothing(kernel: &Kernel) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let is_empty = || fs::read_dir(folder.path()).is_ok_and(|mut entries| entries.next().is_none());
    let mut child = busy(kernel, folder.path())?;
    let was_empty = is_empty();
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or("no process")?;
    kill_process(pid, Signal::TERM).map_err(|error| error.to_string())?;
    let status = child.wait().map_err(|error| error.to_string())?;
    match (was_empty, status.code(), is_empty()) {
        (false, Some(130), true) => Ok(()),
        found => Err(format!("{found:?}")),
    }
}

/// As a whole run of scenarios: each guest has something on the disk.
fn an_interrupted_run_leaves_nothing(kernel: &Kernel) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let [scripts, disk] = ["scripts", "disk"].map(|name| folder.path().join(name));
    fs::create_dir(&scripts).and_then(|()| fs::create_dir(&disk)).map_err(|error| error.to_string())?;
    fs::write(scripts.join("long.pkt"), "0 `while :; do :; done`\n").map_err(|error| error.to_string())?;
    let is_empty = || fs::read_dir(&disk).is_ok_and(|mut entries| entries.next().is_none());
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelaw"));
    command.arg("run").arg(&scripts).args(["--stack", kernel.name, "--allow-shell"]).env("TMPDIR", &disk);
    let mut child = command.stdout(Stdio::null()).spawn().map_err(|error| error.to_string())?;
    let start = Instant::now();
    while is_empty() && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let was_empty = is_empty();
    kill_process(Pid::from_child(&child), Signal::INT).map_err(|error| error.to_string())?;
    let status = child.wait().map_err(|error| error.to_string())?;
    match (was_empty, status.code(), is_empty()) {
        (false, Some(130), true) => Ok(()),
        found => Err(format!("{found:?}")),
    }
}

/// Whoever builds anew while a run goes on gets the run of the program that was started.
fn a_guest_is_the_program_that_was_started(kernel: &Kernel) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mine = folder.path().join("wirelaw");
    fs::copy(env!("CARGO_BIN_EXE_wirelaw"), &mine).map_err(|error| error.to_string())?;
    for number in 0..40 {
        let script = folder.path().join(format!("{number}.pkt"));
        fs::write(script, "0 `true`\n").map_err(|error| error.to_string())?;
    }
    let report = folder.path().join("report.json");
    let mut command = Command::new(&mine);
    command.args(["run", "--allow-shell", "--jobs", "1", "--stack", kernel.name, "--json"]);
    let child = command.arg(&report).arg(folder.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = child.map_err(|error| error.to_string())?;
    std::thread::sleep(Duration::from_millis(600));
    fs::remove_file(&mine).map_err(|error| error.to_string())?;
    let status = child.wait().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(fs::read_to_string(&report).unwrap_or_default()) }
}

/// Shell lines name files from the script's folder, or from where the run was started; and variables of whoever started it.
fn a_suite_finds_its_files(kernel: &Kernel) -> Result<(), String> {
    let started = tempfile::tempdir().map_err(|error| error.to_string())?;
    let put = |name: &str, text: &str| fs::write(started.path().join(name), text).map_err(|error| error.to_string());
    fs::create_dir_all(started.path().join("suite/a")).map_err(|error| error.to_string())?;
    put("suite/defaults.sh", "sysctl -q net.ipv4.tcp_sack=0\n")?;
    put("suite/set.sh", "exec sysctl -q $SETTING\n")?;
    let wanted = "+0 `test $(cat /proc/sys/net/ipv4/tcp_sack /proc/sys/net/ipv4/tcp_syn_retries | tr -d '\\n') = 03`\n";
    put("suite/a/beside.pkt", &format!("`../defaults.sh`\n0 `sh ../set.sh`\n{wanted}"))?;
    put("suite/a/above.pkt", &format!("`suite/defaults.sh`\n0 `sh suite/set.sh`\n{wanted}"))?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelaw"));
    command.args(["run", "suite", "--allow-shell", "--stack", kernel.name]).current_dir(started.path());
    let output = command.env("SETTING", "net.ipv4.tcp_syn_retries=3").output().map_err(|error| error.to_string())?;
    let said = text(&output.stdout);
    if output.status.success() && said.contains(" 2 pass\n") { Ok(()) } else { Err(said) }
}

/// curl waits for replies that never end; nobody waits for curl.
fn a_client_is_judged(kernel: &Kernel) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let report = folder.path().join("new/report.json");
    let report = report.to_str().ok_or("a path that is no text")?;
    let words = ["http", "client", "--virtual-time", "--kernel", kernel.name, "--preset", "curl", "--expect", "curl"];
    let output = wirelaw(&[&words[..], &["--only", "client/incomplete", "--json", report]].concat());
    let said = text(&output.stdout) + &text(&output.stderr);
    let written = fs::read_to_string(report).map_err(|error| format!("{error}: {said}"))?;
    if written.contains("\"scenario\": \"http/client/incomplete") && output.status.success() {
        Ok(())
    } else {
        Err(said)
    }
}
