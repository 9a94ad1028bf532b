//! The scenarios of `fixtures/scripts`, each a test.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use libtest_mimic::{Completion, Failed, Trial};
use wirelaw::axes::Axes;
use wirelaw::report::{Outcome, Verdict};
use wirelaw::runner;
use wirelaw::script::ast::{Action, Scenario, Step, Time};
use wirelaw::stack::linux;
use wirelaw::suite::{self, Case, Entry, Home, Subject};

use crate::conclude::conclude;

/// The longest scenario, in seconds.
const LONGEST: u64 = 3;

/// The most lines of a scenario that wait for a packet whenever it comes.
const MOST_OPEN_ENDED: usize = 8;

/// What a namespace that may not be made is called.
const FORBIDDEN: &str = "a network namespace, which this system forbids";

/// The version for which the list of what differs was made.
const MEASURED: &str = "6.18.";

/// How long a run that was not as expected waits before it is tried again.
const PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(2)];

/// Runs that were late are repeated one at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// A test for each scenario that ends in time, and one for the list of what differs.
pub(crate) fn trials() -> Result<Vec<Trial>, String> {
    let home = Home::find().ok_or("there is no fixtures/scripts here")?;
    let entries = suite::discover(&[home.scripts()], Some(&home.scripts()), &[]).map_err(|error| error.to_string())?;
    let subject = Arc::new(Subject::new(linux::LINUX, Some(&home)).map_err(|error| error.to_string())?);
    let entries = Arc::new(entries);
    let is_short = |entry: &Entry| entry.scenario.as_ref().is_ok_and(|scenario| is_short(scenario));
    let mut trials: Vec<Trial> =
        (0..entries.len()).filter(|at| is_short(&entries[*at])).map(|at| trial(at, &entries, &subject)).collect();
    trials.push(Trial::test("kernel::every-expectation-names-a-scenario", move || {
        let unused = subject.expectations.unused(entries.iter().map(|entry| entry.id.as_str()), &subject.version);
        if unused.is_empty() { Ok(()) } else { Err(unused.join("\n").into()) }
    }));
    Ok(trials)
}

/// Whether its lines say that it ends soon: those that wait for a packet whenever it comes say nothing of their length.
fn is_short(scenario: &Scenario) -> bool {
    let open_ended = |step: &&Step| matches!((&step.time.value, &step.action), (Time::Any, Action::Packet(_)));
    scenario.duration().as_secs() <= LONGEST && scenario.steps.iter().filter(open_ended).count() <= MOST_OPEN_ENDED
}

fn trial(at: usize, entries: &Arc<Vec<Entry>>, subject: &Arc<Subject>) -> Trial {
    let (entries, subject) = (entries.clone(), subject.clone());
    Trial::ignorable_test(format!("linux::{}", entries[at].id), move || {
        let case = Case { entry: &entries[at], subject: &subject, axes: Axes::default() };
        let run = || case.run(&runner::run).0;
        let mut outcome = run();
        for pause in PAUSES {
            if outcome.expected.is_fine() || is_forbidden(&outcome.message).is_some() {
                break;
            }
            // many others ran beside it: only what shows alone, too, is the kernel's
            let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
            thread::sleep(pause);
            outcome = run();
        }
        judge(&outcome, &subject.version)
    })
}

/// A kernel of another version may differ in other ways, and a machine that stays too busy is no fault of ours: both are
/// said, and fail nothing. `wirelaw run --stack linux` reports them.
fn judge(outcome: &Outcome, version: &str) -> Result<Completion, Failed> {
    let news = |why: &str| Ok(Completion::ignored_with(format!("{why}: {} {}", outcome.verdict, outcome.message)));
    if !outcome.expected.is_fine() && !version.starts_with(MEASURED) {
        return news(&format!("nobody has judged Linux {version} yet"));
    }
    if outcome.verdict == Verdict::Timing && !outcome.expected.is_fine() {
        return news("at a wrong time again and again, perhaps for want of a processor");
    }
    if let Some(reason) = is_forbidden(&outcome.message) {
        return Ok(Completion::ignored_with(reason));
    }
    conclude(outcome)
}

/// Why nothing can be run here, if a run said so.
pub(crate) fn is_forbidden(message: &str) -> Option<&str> {
    message.contains(FORBIDDEN).then_some(message)
}
