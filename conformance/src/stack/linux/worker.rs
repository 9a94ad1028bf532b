//! A run in a process of its own: this program again, with a job on its standard input and the answer on its output.
//!
//! A program that wants to judge the kernel calls [`work_if_asked`] before anything else, as [`crate::cli::main`] does:
//! a process that is to enter a user namespace must not have threads yet.

use std::env;
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
            verdict: Verdict::parse(&self.verdict).unwrap_or(Verdict::Broken),
            message: self.message,
            clause: self.clause.and_then(|id| requirements::find(&id)).map(ClauseRef::from),
            line: self.line,
            failure,
            trace: Trace { records: records.collect() },
            notes: self.notes,
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
            is_punctual: false,
        }
    }
}

/// Runs the scenario in a process of its own. Where nothing but a time was wrong, it is tried again, and the notes say so;
/// another failure must show twice.
pub fn run(scenario: &Scenario, axes: &Axes) -> Run {
    let settled = settle(|attempt| {
        thread::sleep(pause(attempt));
        once(scenario, axes)
    });
    excused(settled, sys::resolution(libc::CLOCK_MONOTONIC_COARSE))
}

/// A run with what of this machine may be to blame; the second says whether it had real-time priority.
fn excused((mut run, is_punctual): (Run, bool), tick: i64) -> Run {
    run.notes.extend(excuses(run.verdict, is_punctual, tick));
    run
}

/// How long to wait before an attempt, which counts from 0.
fn pause(attempt: u32) -> Duration {
    PAUSE.saturating_mul(2_u32.saturating_pow(attempt) / 2)
}

/// What of this machine may have made a time wrong: nothing is said where no time was. `tick` as for [`ticks`].
fn excuses(verdict: Verdict, is_punctual: bool, tick: i64) -> Vec<String> {
    if verdict != Verdict::Timing {
        return Vec::new();
    }
    let priority = "without real-time priority, which root has: a busy machine is late";
    (!is_punctual).then(|| priority.to_owned()).into_iter().chain(ticks(tick)).collect()
}

/// Tries until what came of it is settled: anything but a failure at once, a failure where the same line has shown it before,
/// and an error of time after all attempts. A busy machine makes a kernel do other things, too: a failure that did not
/// show again is one of time. What `attempt` is given counts from 0.
fn settle<T>(mut attempt: impl FnMut(u32) -> (Run, T)) -> (Run, T) {
    let mut before: Vec<(Run, T)> = Vec::new();
    loop {
        let (mut run, more) = attempt(before.len() as u32);
        let is_failure = matches!(run.verdict, Verdict::Fail | Verdict::Warn);
        let is_same = |(other, _): &(Run, T)| (other.verdict, other.line) == (run.verdict, run.line);
        let is_over = match run.verdict {
            Verdict::Timing => before.len() + 1 >= ATTEMPTS,
            Verdict::Fail | Verdict::Warn => before.iter().any(is_same) || before.len() >= ATTEMPTS,
            _ => true,
        };
        if !is_over {
            before.push((run, more));
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
        return (run, more);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What is settled by these attempts, each a verdict with a line, and how many were made.
    fn settled(attempts: &[(Verdict, usize)]) -> (Verdict, usize) {
        let (run, made) = settled_run(attempts);
        (run.verdict, made)
    }

    fn settled_run(attempts: &[(Verdict, usize)]) -> (Run, usize) {
        let scenario = script::parse("x", "0 `true`").expect("it parses");
        let mut made = 0;
        let (run, ()) = settle(|attempt| {
            made += 1;
            let (verdict, line) = attempts[attempt as usize];
            let message = format!("line {line}");
            let answer = Answer { verdict: verdict.name().to_owned(), message, line: Some(line), ..Answer::default() };
            (answer.into_run(&scenario), ())
        });
        (run, made)
    }

    #[test]
    fn further_attempts_are_told_but_not_of_a_plain_failure() {
        use Verdict::{Fail, Pass, Timing};

        let notes = |attempts: &[(Verdict, usize)]| settled_run(attempts).0.notes;
        assert_eq!(notes(&[(Pass, 0)]), Vec::<String>::new());
        assert_eq!(notes(&[(Fail, 1), (Fail, 1)]), Vec::<String>::new());
        assert_eq!(notes(&[(Fail, 1), (Pass, 0)]), ["tried 2 times; before: fail (line 1)"]);
        let all = notes(&[(Timing, 1), (Fail, 2), (Fail, 2)]);
        assert_eq!(all, ["tried 3 times; before: timing (line 1); fail (line 2)"]);
    }

    #[test]
    fn a_failure_must_show_twice_and_a_wrong_time_always() {
        use Verdict::{Fail, Pass, Timing, Unsupported};

        assert_eq!(settled(&[(Pass, 0)]), (Pass, 1));
        assert_eq!(settled(&[(Unsupported, 0)]), (Unsupported, 1));
        assert_eq!(settled(&[(Fail, 1), (Fail, 1)]), (Fail, 2));
        assert_eq!(settled(&[(Fail, 1), (Pass, 0)]), (Pass, 2));
        assert_eq!(settled(&[(Timing, 1), (Timing, 2), (Timing, 1)]), (Timing, 3));
        assert_eq!(settled(&[(Timing, 1), (Fail, 2), (Pass, 0)]), (Pass, 3));
        assert_eq!(settled(&[(Timing, 1), (Fail, 2), (Fail, 2)]), (Fail, 3));
        assert_eq!(settled(&[(Timing, 1), (Timing, 1), (Fail, 2), (Fail, 2)]), (Fail, 4));
        assert_eq!(settled(&[(Timing, 1), (Fail, 2), (Timing, 1)]), (Timing, 3));
        assert_eq!(settled(&[(Timing, 1), (Timing, 1), (Fail, 2), (Fail, 3)]), (Timing, 4), "no line shows twice");
        assert_eq!(settled(&[(Fail, 1), (Fail, 2), (Fail, 3), (Fail, 4)]), (Fail, 4), "no time was ever wrong");
    }

    #[test]
    fn a_worker_that_says_nothing_is_ended() {
        let mut child = Command::new("sleep").arg("60").stdout(Stdio::piped()).spawn().expect("it is everywhere");
        let output = child.stdout.take().expect("it is a pipe");
        let told = read_within(output, &mut child, Duration::from_millis(50)).expect_err("it says nothing");
        assert!(told.starts_with("the run took more than"), "{told}");
        assert!(!child.wait().expect("it is ours").success(), "it was not ended");
    }

    #[test]
    fn what_may_have_made_a_time_wrong_is_named() {
        let notes = |verdict, is_punctual, tick| {
            let notes = excuses(verdict, is_punctual, tick);
            notes.iter().map(|note| note.split(['(', ',']).next().unwrap_or_default().trim().to_owned()).collect()
        };
        let (late, coarse) = ("without real-time priority", "timers of this kernel tick every 4.0 ms");
        let none: [&str; 0] = [];
        let named: Vec<String> = notes(Verdict::Timing, false, 4_000_000);
        assert_eq!(named, [late, coarse]);
        let answer = || Answer { verdict: "timing".to_owned(), ..Answer::default() };
        let run = answer().into_run(&script::parse("x", "0 `true`").expect("it parses"));
        assert_eq!(excused((run, false), 4_000_000).notes.len(), 2, "the run says so");
        let named: Vec<String> = notes(Verdict::Timing, false, 1_000_000);
        assert_eq!(named, [late], "a tick of a millisecond is fine enough");
        let named: Vec<String> = notes(Verdict::Timing, true, 4_000_000);
        assert_eq!(named, [coarse]);
        let named: Vec<String> = notes(Verdict::Timing, true, 1_000_000);
        assert_eq!(named, none);
        for verdict in [Verdict::Pass, Verdict::Fail, Verdict::Broken] {
            let named: Vec<String> = notes(verdict, false, 4_000_000);
            assert_eq!(named, none, "{verdict}: no time was wrong");
        }
    }

    #[test]
    fn the_pauses_between_attempts_grow() {
        let pauses: Vec<Duration> = (0..5).map(pause).collect();
        assert_eq!(pauses, [0, 100, 200, 400, 800].map(Duration::from_millis));
        assert!(pause(u32::MAX) > pause(4), "and do not overflow");
    }

    #[test]
    fn a_worker_hears_all_that_a_run_was_asked_for() {
        let words = [("X", "7"), ("--mtu", "1400")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let scenario = script::parse_with("x", "--mtu=1500\n0 close(X) = 0", &words).expect("it parses");
        let with = ["sack=off", "min-rto=1s"].map(|text| HabitValue::parse(text).expect("a habit")).to_vec();
        for ip in Ip::ALL {
            let axes = Axes { ip, isn: Some(Seq(9)), seed: 7, with: with.clone(), longest: 5, allow_shell: true };
            let text = serde_json::to_vec(&Job::new(&scenario, &axes)).expect("plain data");
            let job: Job = serde_json::from_slice(&text).expect("the same");
            assert_eq!(job.axes().expect("it is sound"), axes);
            let heard = job.scenario().expect("it is sound");
            assert_eq!((&heard, &heard.name, &heard.defines), (&scenario, &scenario.name, &scenario.defines));
            assert_eq!(heard.all_options().count(), 2, "its own, and that of the command line");
        }
    }

    #[test]
    fn all_that_a_worker_tells_arrives() {
        let scenario = script::parse("x", "0 `true`\n+0 `false`").expect("it parses");
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let failure = Failure {
            file: "x".to_owned(),
            source: scenario.source.clone(),
            span: 9..19,
            marks: vec![Mark { span: 9..11, note: "a".to_owned() }, Mark { span: 12..19, note: "b".to_owned() }],
            got: words("c d"),
            before: words("e f g"),
            is_decisive: true,
            trace: None,
        };
        let packet = |at, line, event| Record { at: Instant::from_nanos(at), line, event };
        let records = vec![
            packet(5, Some(1), Event::Stimulus(Stimulus::Packet(vec![1]))),
            packet(6, None, Event::Response(Response::Packet(vec![2, 3]))),
        ];
        let run = Run {
            verdict: Verdict::Warn,
            message: "why".to_owned(),
            clause: requirements::find("MUST-1").map(ClauseRef::from),
            line: Some(2),
            failure: Some(failure),
            trace: Trace { records },
            notes: words("h i"),
        };
        let text = serde_json::to_vec(&Answer::from(run.clone())).expect("plain data");
        let told: Answer = serde_json::from_slice(&text).expect("the same");
        assert_eq!(format!("{:?}", told.into_run(&scenario)), format!("{run:?}"));
    }

    #[test]
    fn a_run_may_take_two_minutes_more_than_its_lines_say() {
        let scenario = script::parse("x", "0 `true`\n+7 `true`").expect("it parses");
        assert_eq!(limit(&scenario), Duration::from_secs(127));
    }
}
