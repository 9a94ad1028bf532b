//! Linux in virtual time: the scenarios that are too long for a clock on the wall, `linux-6.12-vt::tcp/keepalive/...`,
//! and what such a kernel promises whoever uses it, `virtual-time::...`.
//!
//! Where no kernel was built each of them is ignored, with the command that builds one. Elsewhere than on Linux there is
//! nothing here.

#[cfg(target_os = "linux")]
#[path = "shared/conclude.rs"]
mod conclude;
#[cfg(target_os = "linux")]
#[path = "shared/open.rs"]
mod open;

#[cfg(target_os = "linux")]
mod virtual_time {
    pub(crate) mod guests;
    pub(crate) mod input;
    pub(crate) mod programs;
    pub(crate) mod promises;
    pub(crate) mod scenarios;
}

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    use libtest_mimic::Arguments;
    use virtual_time::{guests, input, programs, promises, scenarios};

    // a guest's first process is this program again
    if let Some(status) = wirelaw::stack::linux::worker::work_if_asked() {
        return status;
    }
    let arguments = Arguments::from_args();
    let trials = match scenarios::trials() {
        Ok(scenarios) => scenarios
            .into_iter()
            .chain(promises::trials())
            .chain(programs::trials())
            .chain(input::trials())
            .chain(guests::trials())
            .collect(),
        Err(error) => {
            eprintln!("{error}");
            return std::process::ExitCode::FAILURE;
        }
    };
    if wirelaw::uml::kernels().is_empty() && !arguments.list {
        eprintln!("no kernel in virtual time was built, so nothing is found out here: wirelaw kernel build");
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
