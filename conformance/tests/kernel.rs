//! The Linux kernel of this machine against the scenarios that end within a few seconds: `linux::tcp/handshake/passive-open`;
//! and what `--stack linux` promises whoever uses it: `kernel::...`.
//!
//! They sleep most of the time, so all of them run at once. Where namespaces are forbidden each of them is ignored, with the
//! reason. Elsewhere than on Linux there is nothing here.

#[cfg(target_os = "linux")]
#[path = "shared/conclude.rs"]
mod conclude;
#[cfg(target_os = "linux")]
#[path = "shared/open.rs"]
mod open;

#[cfg(target_os = "linux")]
mod kernel {
    pub(crate) mod fields;
    pub(crate) mod machine;
    pub(crate) mod promises;
    pub(crate) mod scenarios;
    pub(crate) mod traces;
}

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    use std::process::ExitCode;

    use libtest_mimic::Arguments;

    // each run is this program again, in namespaces of its own
    if let Some(status) = wirelaw::stack::linux::worker::work_if_asked() {
        return status;
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(AT_ONCE));
    let (devices, mut trials) = (kernel::traces::devices(), kernel::promises::trials());
    match kernel::scenarios::trials() {
        Ok(scenarios) => trials.extend(scenarios),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    let left = kernel::traces::left_behind(&devices);
    for what in &left {
        eprintln!("left behind: {what}");
    }
    if conclusion.has_failed() || !left.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Tests at once: two cores drive so many without coming late.
#[cfg(target_os = "linux")]
const AT_ONCE: usize = 32;
