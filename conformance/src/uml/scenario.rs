//! A scenario in virtual time: the code of `--stack linux`, inside a guest.

use std::path::Path;
use std::time::Duration;

use super::boot::{Boot, Trouble};
use super::private::Private;
use super::{Kernel, UmlError, guest};
use crate::axes::Axes;
use crate::runner::Run;
use crate::script::ast::Scenario;
use crate::stack::linux::worker::{self, Answer, Job};

/// The file that tells a guest of a scenario.
pub(crate) const JOB: &str = "job.json";

/// The file in which it tells what became of it.
const ANSWER: &str = "answer.json";

/// Memory for a scenario, in MiB.
const MEMORY: u32 = 128;

/// How much longer than its script says a scenario may take, in virtual time: the runner gives up a call after a day.
const GRACE: Duration = Duration::from_hours(26);

/// How long a guest may take by the clock on the wall besides what its script takes, unless `--longest` says less.
const LIMIT: Duration = Duration::from_mins(1);

/// How many virtual seconds pass in one on the wall, at least. Every tick costs something: on a calm machine a million
/// of seconds takes ten on the wall or more, on a busy one ten times as much, and shall change no verdict.
const PACE: u32 = 10_000;

/// The most that any guest may take by the clock on the wall, whatever `--longest` says.
const MOST: Duration = Duration::from_mins(10);

/// Runs a scenario in a guest of its own.
pub fn run(kernel: &Kernel, scenario: &Scenario, axes: &Axes) -> Run {
    let answer = ask(kernel, &Job::new(scenario, axes), axes).unwrap_or_else(|error| Answer::broken(error.to_string()));
    answer.into_run(scenario)
}

fn ask(kernel: &Kernel, job: &Job, axes: &Axes) -> Result<Answer, UmlError> {
    let private = Private::new()?;
    private.put(JOB, &serde_json::to_vec(job).unwrap_or_default())?; // plain data: it can always be written
    let limit = limit(job.duration()).min(Duration::from_secs(axes.longest));
    let boot = Boot { kernel, seed: axes.seed, memory: MEMORY, limit };
    let ended = boot.run(&private, &mut || true)?;
    let answer = private.get(ANSWER).and_then(|octets| serde_json::from_slice(&octets).ok());
    match (answer, &ended.trouble) {
        (Some(answer), _) => Ok(answer),
        (None, Some(Trouble::Forbidden(what))) => Ok(Answer::unsupported(what.clone())),
        (None, Some(Trouble::Broken(what))) => Ok(Answer::broken(format!("the guest failed: {what}"))),
        (None, None) => Ok(Answer::broken(ended.silent())),
    }
}

/// How long a script may take by the clock on the wall.
fn limit(virtual_time: Duration) -> Duration {
    LIMIT.saturating_add(virtual_time / PACE).min(MOST)
}

/// In the guest: does the job, and leaves the answer.
pub(crate) fn work(job: &[u8]) -> Result<(), String> {
    let job: Job = serde_json::from_slice(job).map_err(|error| format!("the job makes no sense: {error}"))?;
    let limit = job.duration().saturating_add(GRACE);
    let watch = std::thread::Builder::new().spawn(move || {
        std::thread::sleep(limit);
        let what = format!("the run took more than {} s of virtual time, and was ended", limit.as_secs());
        let _ = leave(&Answer::broken(what)); // the host says that there is none
        let _ = rustix::system::reboot(rustix::system::RebootCommand::PowerOff);
    });
    watch.map_err(|error| format!("cannot watch the run: {error}"))?;
    leave(&worker::work_in_guest(&job))
}

fn leave(answer: &Answer) -> Result<(), String> {
    let octets = serde_json::to_vec(answer).map_err(|error| error.to_string())?;
    // whole or not at all: the host may end the guest at any time
    let (whole, part) = (Path::new(guest::FOLDER).join(ANSWER), Path::new(guest::FOLDER).join("answer.part"));
    std::fs::write(&part, octets)
        .and_then(|()| std::fs::rename(&part, &whole))
        .map_err(|error| format!("cannot leave the answer: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_script_has_time_on_a_busy_machine_and_none_has_for_ever() {
        assert_eq!(limit(Duration::ZERO), Duration::from_mins(1));
        assert!(limit(Duration::from_hours(24 * 40)) > Duration::from_mins(5));
        assert_eq!(limit(Duration::MAX), MOST);
    }
}
