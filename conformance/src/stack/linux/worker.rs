//! A run in a process of its own: this program again, with a job on its standard input and the answer on its output.
//!
//! A program that wants to judge the kernel calls [`work_if_asked`] before anything else, as [`crate::cli::main`] does:
//! a process that is to enter a user namespace must not have threads yet.

#[cfg(test)]
mod tests;

use std::env;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant as WallInstant};

use serde::{Deserialize, Serialize};
use wirelaw_reference::seq::Seq;

use super::{LINUX, namespace, shells, sys};
use crate::axes::{Axes, Ip};
use crate::habits::HabitValue;
use crate::report::{ClauseRef, Failure, Mark, Verdict};
use crate::requirements;
use crate::runner::{self, Run};
use crate::script;
use crate::script::ast::Scenario;
use crate::stack::{StackError, setting};
use crate::trace::{Event, Instant, Record, Response, Stimulus, Trace};
use crate::uml;

/// Set in the environment of a worker: the process that waits for its answer.
const ROLE: &str = "WIRELAW_WORKER";

/// The most that an answer may hold, in octets.
const ANSWER_LIMIT: u64 = 1 << 30;

/// How much longer than its script says a run may take.
const GRACE: Duration = Duration::from_mins(2);

/// How often a run whose times were wrong is tried, all in all.
const ATTEMPTS: usize = 3;

/// How long a run waits before its second attempt; twice as long before each further one: a machine that is too busy now
/// may be so for a while.
const PAUSE: Duration = Duration::from_millis(100);

/// How close a difference in time shows again if it is the kernel's and no chance, in nanoseconds.
const ALIKE: u64 = 250_000;

/// By so many nanoseconds no machine is late twice alike, give or take a tick of its clock; a container that has had its share
/// of the processors waits for up to 100 ms.
const FAR: u64 = 250_000_000;

/// The longest tick of a kernel's clock, in nanoseconds.
const TICK: u64 = 10_000_000;

/// Set in a process that has a network of its own.
static IS_WORKER: OnceLock<Time> = OnceLock::new();

/// Whose time a worker lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Time {
    /// The machine's.
    Wall,
    /// A guest's: it jumps to the next event.
    Virtual,
}

/// Whether this process has entered namespaces of its own.
pub(super) fn is_worker() -> bool {
    IS_WORKER.get().is_some()
}

/// Whether time is virtual in this process.
pub fn is_virtual() -> bool {
    IS_WORKER.get() == Some(&Time::Virtual)
}

/// Does the job that this process was started for, if it was. The first thing that a program does which judges the kernel.
pub fn work_if_asked() -> Option<ExitCode> {
    let other = uml::guest::live_if_asked().or_else(|| uml::boot::become_if_asked(has_parent));
    if let Some(status) = other.or_else(shells::keep_if_asked) {
        return Some(status);
    }
    let parent = env::var(ROLE).ok()?;
    if !has_parent(&parent) {
        return Some(ExitCode::from(2));
    }
    let answer = work().unwrap_or_else(|error| Answer::broken(format!("the worker failed: {error}")));
    let mut out = io::stdout().lock();
    let written = serde_json::to_writer(&mut out, &answer).map_err(io::Error::from).and_then(|()| out.flush());
    Some(if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// From now on this process ends with the one that started it. Whether that still lives: it may have ended before it could
/// be said so.
fn has_parent(parent: &str) -> bool {
    sys::die_with_parent();
    rustix::process::getppid().is_some_and(|now| now.as_raw_nonzero().get().to_string() == parent)
}

fn work() -> io::Result<Answer> {
    let job: Job = serde_json::from_reader(io::stdin().lock())?;
    let (scenario, axes) = (job.scenario()?, job.axes()?);
    sys::prepare_for_real_time();
    match namespace::enter() {
        Ok(()) => {}
        Err(StackError::Unsupported(what)) => return Ok(Answer::unsupported(what)),
        Err(StackError::Broken(what)) => return Ok(Answer::broken(what)),
    }
    if job.allow_shell
        && let Err(error) = shells::prepare()
    {
        let what = format!("--allow-shell: a process namespace, which this system forbids ({error})");
        return Ok(Answer::unsupported(what));
    }
    let _ = IS_WORKER.set(Time::Wall);
    let run = runner::run(&scenario, &LINUX, &axes);
    if job.allow_shell {
        setting::clean_up();
    }
    Ok(Answer { is_punctual: sys::is_in_real_time(), ..Answer::from(run) })
}

/// Does a job in a guest whose time is virtual, and which has a network of its own.
pub(crate) fn work_in_guest(job: &Job) -> Answer {
    let work = || {
        let (scenario, axes) = (job.scenario()?, job.axes()?);
        sys::prepare_for_real_time();
        let _ = IS_WORKER.set(Time::Virtual);
        let _ = env::set_current_dir(&job.folder); // a folder below /run or /dev is not in the guest, nor are files there
        setting::surround(job.environment.clone());
        Ok::<_, io::Error>(Answer::from(runner::run(&scenario, &LINUX, &axes)))
    };
    work().unwrap_or_else(|error| Answer::broken(format!("the guest failed: {error}")))
}

/// What a worker is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    name: String,
    source: String,
    defines: Vec<(String, String)>,
    ip: String,
    isn: Option<u32>,
    seed: u64,
    with: Vec<String>,
    longest: u64,
    allow_shell: bool,
    /// Where paths begin, and the environment of shells: a guest has neither. Names need not be UTF-8, which a path in JSON
    /// has to be.
    folder: OsString,
    environment: Vec<(OsString, OsString)>,
}

impl Job {
    pub(crate) fn new(scenario: &Scenario, axes: &Axes) -> Job {
        Job {
            name: scenario.name.clone(),
            source: scenario.source.to_string(),
            defines: scenario.defines.clone(),
            ip: axes.ip.name().to_owned(),
            isn: axes.isn.map(|isn| isn.0),
            seed: axes.seed,
            with: axes.with.iter().map(HabitValue::to_string).collect(),
            longest: axes.longest,
            allow_shell: axes.allow_shell,
            folder: env::current_dir().unwrap_or_else(|_| "/".into()).into(),
            environment: if axes.allow_shell { env::vars_os().collect() } else { Vec::new() },
        }
    }

    fn scenario(&self) -> io::Result<Scenario> {
        script::parse_with(&self.name, &self.source, &self.defines).map_err(io::Error::other)
    }

    /// How long the script says that it takes.
    pub(crate) fn duration(&self) -> Duration {
        self.scenario().map_or(Duration::ZERO, |scenario| scenario.duration())
    }

    fn axes(&self) -> io::Result<Axes> {
        let with = self.with.iter().map(|text| HabitValue::parse(text));
        Ok(Axes {
            ip: Ip::named(&self.ip).unwrap_or_default(),
            isn: self.isn.map(Seq),
            seed: self.seed,
            with: with.collect::<Result<_, _>>().map_err(|_| io::Error::other("a habit that nobody knows"))?,
            longest: self.longest,
            allow_shell: self.allow_shell,
        })
    }
}

/// What became of it: a [`Run`] without what the other side knows.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Answer {
    verdict: String,
    message: String,
    clause: Option<String>,
    line: Option<usize>,
    failure: Option<AnswerFailure>,
    /// Time in nanoseconds, line, whether the stack sent it, octets.
    packets: Vec<(u64, Option<usize>, bool, Vec<u8>)>,
    notes: Vec<String>,
    off: Option<i64>,
    doubt: Option<String>,
    /// Whether the worker ran in real time.
    is_punctual: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct AnswerFailure {
    span: Range<usize>,
    marks: Vec<(Range<usize>, String)>,
    got: Vec<String>,
    before: Vec<String>,
    is_decisive: bool,
}

impl Answer {
    pub(crate) fn broken(message: String) -> Answer {
        Answer { verdict: Verdict::Broken.name().to_owned(), message, ..Answer::default() }
    }

    pub(crate) fn unsupported(message: String) -> Answer {
        Answer { verdict: Verdict::Unsupported.name().to_owned(), message, ..Answer::default() }
    }

    pub(crate) fn into_run(self, scenario: &Scenario) -> Run {
        let failure = self.failure.map(|failure| Failure {
            file: scenario.name.clone(),
            source: scenario.source.clone(),
            span: failure.span,
            marks: failure.marks.into_iter().map(|(span, note)| Mark { span, note }).collect(),
            got: failure.got,
            before: failure.before,
            is_decisive: failure.is_decisive,
            trace: None,
        });
        let records = self.packets.into_iter().map(|(at, line, is_sent, octets)| Record {
            at: Instant::from_nanos(at),
            line,
            event: if is_sent {
                Event::Response(Response::Packet(octets))
            } else {
                Event::Stimulus(Stimulus::Packet(octets))
            },
        });
        Run {
            message: self.message,
            clause: self.clause.and_then(|id| requirements::find(&id)).map(ClauseRef::from),
            line: self.line,
            failure,
            trace: Trace { records: records.collect() },
            notes: self.notes,
            off: self.off,
            doubt: self.doubt,
            ..Run::of(Verdict::parse(&self.verdict).unwrap_or(Verdict::Broken))
        }
    }
}

impl From<Run> for Answer {
    fn from(run: Run) -> Answer {
        let packet = |record: Record| match record.event {
            Event::Stimulus(Stimulus::Packet(octets)) => Some((record.at.as_nanos(), record.line, false, octets)),
            Event::Response(Response::Packet(octets)) => Some((record.at.as_nanos(), record.line, true, octets)),
            _ => None,
        };
        Answer {
            verdict: run.verdict.name().to_owned(),
            message: run.message,
            clause: run.clause.map(|clause| clause.id),
            line: run.line,
            failure: run.failure.map(|failure| AnswerFailure {
                span: failure.span,
                marks: failure.marks.into_iter().map(|mark| (mark.span, mark.note)).collect(),
                got: failure.got,
                before: failure.before,
                is_decisive: failure.is_decisive,
            }),
            packets: run.trace.records.into_iter().filter_map(packet).collect(),
            notes: run.notes,
            off: run.off,
            doubt: run.doubt,
            is_punctual: false,
        }
    }
}

/// Runs the scenario in a process of its own. Where nothing but a time was wrong, it is tried again, and the notes say so;
/// another failure must show twice.
pub fn run(scenario: &Scenario, axes: &Axes) -> Run {
    let (mut run, is_punctual) = settle(|attempt| {
        thread::sleep(pause(attempt));
        once(scenario, axes)
    });
    run.notes.extend(excuses(&run, is_punctual, sys::resolution(libc::CLOCK_MONOTONIC_COARSE)));
    run
}

/// How long to wait before an attempt, which counts from 0.
fn pause(attempt: u32) -> Duration {
    PAUSE.saturating_mul(2_u32.saturating_pow(attempt) / 2)
}

/// What of this machine may have made a time wrong: nothing is said where no time was, or one by more than that explains.
/// `tick` as for [`ticks`].
fn excuses(run: &Run, is_punctual: bool, tick: i64) -> Vec<String> {
    if run.verdict != Verdict::Timing || is_far(run) {
        return Vec::new();
    }
    let priority = "without real-time priority, which root has: a busy machine is late";
    (!is_punctual).then(|| priority.to_owned()).into_iter().chain(ticks(tick)).collect()
}

/// Tries until what came of it is settled: anything but a failure at once, a failure where the same line has shown it before,
/// and an error of time after all attempts, or two that agree on one that is no lateness. A busy machine makes a kernel do
/// other things, too: a failure that did not show again is one of time. What `attempt` is given counts from 0; it returns
/// whether the run was in real time, too.
fn settle(mut attempt: impl FnMut(u32) -> (Run, bool)) -> (Run, bool) {
    let mut before: Vec<(Run, bool)> = Vec::new();
    loop {
        let (mut run, is_punctual) = attempt(before.len() as u32);
        let is_failure = matches!(run.verdict, Verdict::Fail | Verdict::Warn);
        let is_same = |(other, _): &(Run, bool)| (other.verdict, other.line) == (run.verdict, run.line);
        let is_far = is_far(&run);
        let are_alike = !before.is_empty() && before.iter().all(|(other, _)| are_alike(other, &run));
        let is_over = match run.verdict {
            Verdict::Timing => before.len() + 1 >= ATTEMPTS || is_far && are_alike,
            Verdict::Fail | Verdict::Warn => before.iter().any(is_same) || before.len() >= ATTEMPTS,
            _ => true,
        };
        if !is_over {
            before.push((run, is_punctual));
            continue;
        }
        let is_settled_failure = is_failure && before.iter().any(is_same);
        // a failure that shows twice needs no story
        let is_plain = is_settled_failure && before.iter().all(|(other, _)| other.verdict == run.verdict);
        let earlier: Vec<String> = before.iter().map(|(run, _)| format!("{} ({})", run.verdict, run.message)).collect();
        if !is_plain && !earlier.is_empty() {
            run.notes.push(format!("tried {} times; before: {}", earlier.len() + 1, earlier.join("; ")));
        }
        if is_failure && !is_settled_failure && before.iter().any(|(other, _)| other.verdict == Verdict::Timing) {
            run.verdict = Verdict::Timing;
        }
        run.is_certain = are_alike && (is_far || is_punctual);
        return (run, is_punctual);
    }
}

/// Whether a time was off by more than chance explains.
fn is_far(run: &Run) -> bool {
    run.off.is_some_and(|off| off.unsigned_abs() > FAR)
}

/// Whether the same time was off by as much.
fn are_alike(one: &Run, other: &Run) -> bool {
    let near = if is_far(one) { TICK } else { ALIKE };
    let is_off_alike = match (one.off, other.off) {
        (Some(one), Some(other)) => one.abs_diff(other) <= near,
        (None, None) => one.message == other.message,
        _ => false,
    };
    [one, other].iter().all(|run| run.verdict == Verdict::Timing) && one.line == other.line && is_off_alike
}

/// Where a kernel's timers are coarser than the tolerance of scripts leaves room for: what was written on a kernel that ticks a
/// thousand times a second may differ by that alone. `tick` is what the coarse clocks advance by, in nanoseconds.
fn ticks(tick: i64) -> Option<String> {
    const FINE: i64 = 1_000_000;
    (tick > FINE).then(|| {
        format!("timers of this kernel tick every {:.1} ms (CONFIG_HZ): it cannot be more exact", tick as f64 / 1e6)
    })
}

/// One attempt, and whether it had real-time priority.
fn once(scenario: &Scenario, axes: &Axes) -> (Run, bool) {
    let answer = ask(&Job::new(scenario, axes), limit(scenario)).unwrap_or_else(Answer::broken);
    let is_punctual = answer.is_punctual;
    (answer.into_run(scenario), is_punctual)
}

/// How long a run may take: what its lines say, and some more.
fn limit(scenario: &Scenario) -> Duration {
    scenario.duration().saturating_add(GRACE)
}

fn ask(job: &Job, limit: Duration) -> Result<Answer, String> {
    let failed = |what: &str, error: &dyn std::fmt::Display| format!("cannot {what} the worker: {error}");
    let program = env::current_exe().map_err(|error| failed("find", &error))?;
    let mut child = Command::new(program)
        .env(ROLE, std::process::id().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| failed("start", &error))?;
    let (mut input, output) = (child.stdin.take(), child.stdout.take());
    if let Some(mut input) = input.take() {
        // a worker that ends early says why by its status
        let _ = serde_json::to_writer(&mut input, job).map_err(io::Error::from).and_then(|()| input.flush());
    }
    let answer = output.map_or(Ok(Vec::new()), |output| read_within(output, &mut child, limit));
    let status = child.wait().map_err(|error| failed("wait for", &error))?;
    let answer = answer?;
    serde_json::from_slice(&answer).map_err(|_| format!("the worker ended without an answer: {status}"))
}

/// All that the worker says; one that is not done within `limit` is ended.
fn read_within(output: impl Read + Send + 'static, child: &mut Child, limit: Duration) -> Result<Vec<u8>, String> {
    let (sender, receiver) = mpsc::channel();
    let reader = thread::Builder::new().spawn(move || {
        let mut octets = Vec::new();
        let read = output.take(ANSWER_LIMIT).read_to_end(&mut octets);
        let _ = sender.send(read.map(|_| octets)); // nobody waits any more: it took too long
    });
    reader.map_err(|error| format!("cannot hear the worker: {error}"))?;
    let start = WallInstant::now();
    match receiver.recv_timeout(limit) {
        Ok(Ok(octets)) => Ok(octets),
        Ok(Err(error)) => Err(format!("cannot hear the worker: {error}")),
        Err(_) => {
            let _ = child.kill(); // it may have ended by now
            Err(format!("the run took more than {} s and was ended", start.elapsed().as_secs()))
        }
    }
}
