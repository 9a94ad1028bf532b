//! What a kernel in virtual time promises: the same run for the same seed, an end whatever happens, nothing left behind.

use std::env;
use std::time::{Duration, Instant};

use libtest_mimic::{Completion, Trial};
use wirelaw::axes::Axes;
use wirelaw::report::Verdict;
use wirelaw::runner::Run;
use wirelaw::uml::{self, Kernel};

use crate::open::OPEN;

/// A test of one kernel.
pub(crate) type Check = fn(&Kernel) -> Result<(), String>;

pub(crate) fn trials() -> Vec<Trial> {
    let checks: [(&str, Check); 6] = [
        ("two-hours-pass-in-no-time", two_hours_pass_in_no_time),
        ("a-seed-is-a-run", a_seed_is_a_run),
        ("another-seed-is-another-run", another_seed_is_another_run),
        ("a-difference-in-time-is-a-failure", a_difference_in_time_is_a_failure),
        ("a-call-that-never-returns-ends", a_call_that_never_returns_ends),
        ("a-shell-that-never-ends-is-ended", a_shell_that_never_ends_is_ended),
    ];
    checks.into_iter().map(|(name, check)| trial(name, check)).collect()
}

/// On the youngest kernel; ignored where there is none.
pub(crate) fn trial(name: &str, check: Check) -> Trial {
    Trial::ignorable_test(format!("virtual-time::{name}"), move || match uml::kernels().last() {
        None => Ok(Completion::ignored_with("no kernel in virtual time was built: wirelaw kernel build")),
        Some(kernel) => check(kernel).map(|()| Completion::Completed).map_err(Into::into),
    })
}

/// The same, with a program that a machine need not have.
pub(crate) fn trial_with(program: &str, name: &str, check: Check) -> Trial {
    let path = env::var_os("PATH").unwrap_or_default();
    if env::split_paths(&path).any(|folder| folder.join(program).is_file()) {
        return trial(name, check);
    }
    let why = format!("{program} is not installed");
    Trial::ignorable_test(format!("virtual-time::{name}"), move || Ok(Completion::ignored_with(why)))
}

fn run(kernel: &Kernel, lines: &str, axes: &Axes) -> Run {
    let scenario = wirelaw::script::parse("test.pkt", &format!("{OPEN}{lines}")).expect("it parses");
    uml::scenario::run(kernel, &scenario, axes)
}

fn expect(run: &Run, verdict: Verdict) -> Result<(), String> {
    if run.verdict == verdict { Ok(()) } else { Err(format!("{} instead of {verdict}: {}", run.verdict, run.message)) }
}

/// The packets with their times, as text.
fn packets(run: &Run) -> String {
    format!("{:?}", run.trace)
}

fn two_hours_pass_in_no_time(kernel: &Kernel) -> Result<(), String> {
    let lines = "+0 setsockopt(4, SOL_SOCKET, SO_KEEPALIVE, [1], 4) = 0\n+7199 silent\n+0~+900 > . 0:0(0) ack 1\n";
    let start = Instant::now();
    expect(&run(kernel, lines, &Axes::default()), Verdict::Pass)?;
    // a quarter of a second; no test of speed, but of time that is not waited for
    let took = start.elapsed();
    if took < Duration::from_mins(1) { Ok(()) } else { Err(format!("it took {took:?}")) }
}

const TALK: &str = "+0 write(4, ..., 3000) = 3000\n+0 > P. 1:3001(3000) ack 1\n+60 silent\n";

fn a_seed_is_a_run(kernel: &Kernel) -> Result<(), String> {
    let axes = Axes { seed: 7, ..Axes::default() };
    let first = run(kernel, TALK, &axes);
    for _ in 0..4 {
        let again = run(kernel, TALK, &axes);
        if packets(&again) != packets(&first) || again.message != first.message {
            return Err(format!("two runs differ:\n{}\n{}", packets(&first), packets(&again)));
        }
    }
    if first.trace.records.len() > 5 { Ok(()) } else { Err(format!("nothing happened: {}", first.message)) }
}

fn another_seed_is_another_run(kernel: &Kernel) -> Result<(), String> {
    let [one, other] = [1, 2].map(|seed| packets(&run(kernel, TALK, &Axes { seed, ..Axes::default() })));
    if one == other { Err("initial sequence numbers do not depend on the seed".to_owned()) } else { Ok(()) }
}

fn a_difference_in_time_is_a_failure(kernel: &Kernel) -> Result<(), String> {
    let late = run(kernel, "+0 write(4, ..., 1) = 1\n+.1 > P. 1:2(1) ack 1\n", &Axes::default());
    expect(&late, Verdict::Fail)?;
    if late.message.starts_with("time expected 0.12") { Ok(()) } else { Err(late.message) }
}

fn a_call_that_never_returns_ends(kernel: &Kernel) -> Result<(), String> {
    let stuck = run(kernel, "+0 read(4, ..., 100) = 5\n", &Axes::default());
    expect(&stuck, Verdict::Fail)
}

/// Time stands still while a guest is busy, so the clock on the wall has to end it.
fn a_shell_that_never_ends_is_ended(kernel: &Kernel) -> Result<(), String> {
    let axes = Axes { allow_shell: true, longest: 3, ..Axes::default() };
    let start = Instant::now();
    let stuck = run(kernel, "+0 `while :; do :; done`\n", &axes);
    expect(&stuck, Verdict::Broken)?;
    if !stuck.message.contains("by the clock on the wall") {
        return Err(stuck.message);
    }
    let took = start.elapsed();
    if took < Duration::from_mins(1) { Ok(()) } else { Err(format!("it took {took:?}")) }
}
