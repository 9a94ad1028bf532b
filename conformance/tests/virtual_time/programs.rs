//! `wirelaw kernel exec` and `--virtual-time`, as a user calls them.

use std::fs;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use libtest_mimic::{Completion, Trial};
use wirelaw::uml::Kernel;

use super::promises::{Check, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let checks: [(&str, Check); 5] = [
        ("a-program-sleeps-without-waiting", a_program_sleeps_without_waiting),
        ("a-program-has-its-exit-status", a_program_has_its_exit_status),
        ("a-program-cannot-change-the-machine", a_program_cannot_change_the_machine),
        ("a-program-has-no-way-out", a_program_has_no_way_out),
        ("a-program-that-is-not-there-is-told", a_program_that_is_not_there_is_told),
    ];
    let mut trials: Vec<Trial> = checks.into_iter().map(|(name, check)| trial(name, check)).collect();
    trials.push(if has_curl() {
        trial("a-client-is-judged", a_client_is_judged)
    } else {
        let ignored = || Ok(Completion::ignored_with("curl is not installed"));
        Trial::ignorable_test("virtual-time::a-client-is-judged", ignored)
    });
    trials
}

fn wirelaw(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wirelaw")).args(words).output().expect("it was built for this test")
}

fn exec(kernel: &Kernel, script: &str) -> Output {
    wirelaw(&["kernel", "exec", "--kernel", kernel.name, "--", "/bin/sh", "-c", script])
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn same(got: &str, wanted: &str) -> Result<(), String> {
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

fn has_curl() -> bool {
    Command::new("curl").arg("--version").output().is_ok_and(|output| output.status.success())
}
