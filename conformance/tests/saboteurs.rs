//! Scenarios that are said to find a fault, on a reference that has it.
//!
//! For each [`Sabotage`], the scenario named here passes on the sound reference and fails on the
//! sabotaged one, for the clause named here. `cargo test --test saboteurs -- --nocapture` also tells how
//! many scenarios of the whole suite notice each fault.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::{Arguments, Failed, Trial};
use wirelaw::axes::Axes;
use wirelaw::report::{Outcome, Verdict, text};
use wirelaw::runner;
use wirelaw::stack::reference::Reference;
use wirelaw::stack::sockets::Sockets;
use wirelaw::stack::{NamedStack, Setup, Stack, StackError};
use wirelaw::suite::{self, Case, Entry, Home, Subject};
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::Sabotage;

/// A fault, the scenario that is there for it, and the clause that the scenario's failure names.
type Row = (Sabotage, &'static str, &'static str);

#[rustfmt::skip] // one line each
/// The eighteen known problems of RFC 2525 §2, in its order.
const RFC_2525: [Row; 18] = [
    (Sabotage::NoInitialSlowStart, "tcp/retransmission/write-established-initial-window", "5681-3.1-IW-2190"),
    (Sabotage::NoSlowStartAfterRetransmission, "tcp/retransmission/timeout-established-slow-start", "2525-2.2-NO-SLOW-START-AFTER-RETRANSM"),
    (Sabotage::UninitializedCwnd, "tcp/known-problems/syn-ack-syn-sent-no-mss", "2525-2.3-UNINITIALISED-CWND-IN-ONE-PA"),
    (Sabotage::InconsistentRetransmission, "tcp/known-problems/timeout-established-same-octets", "2525-2.4-INCONSISTENT-RETRANSMISSION"),
    (Sabotage::FailureToRetainAboveSequenceData, "tcp/known-problems/data-established-above-a-gap", "2525-2.5-FAILURE-TO-RETAIN-ABOVE-SEQU"),
    (Sabotage::ExtraAdditiveConstant, "tcp/known-problems/ack-established-one-segment-per-window", "2525-2.6-EXTRA-ADDITIVE-CONSTANT-IN-C"),
    (Sabotage::InitialRtoTooLow, "tcp/retransmission/timeout-syn-received", "2525-2.7-INITIAL-RTO-TOO-LOW"),
    (Sabotage::FailureOfWindowDeflation, "tcp/retransmission/dup-acks-established-more-than-three", "5681-3.2-FR-6-DEFL"),
    (Sabotage::ExcessivelyShortKeepAlive, "tcp/keepalive/probe-established-one-lost", "MUST-29"),
    (Sabotage::FailureToBackOff, "tcp/retransmission/timeout-established-gives-up", "2525-2.10-FAILURE-TO-BACK-OFF-THE-RETR"),
    (Sabotage::InsufficientIntervalBetweenKeepAlives, "tcp/keepalive/idle-established-two-hours", "MUST-28"),
    (Sabotage::WindowProbeDeadlock, "tcp/known-problems/probe-established-less-than-a-segment-free", "2525-2.12-WINDOW-PROBE-DEADLOCK"),
    (Sabotage::StretchAckViolation, "tcp/known-problems/data-established-stream-of-full-segments", "2525-2.13-STRETCH-ACK-VIOLATION"),
    (Sabotage::RetransmissionSendsMultiplePackets, "tcp/known-problems/timeout-established-one-segment", "2525-2.14-RETRANSMISSION-SENDS-MULTIPL"),
    (Sabotage::FailureToSendFinPromptly, "tcp/close/close-established-data-unacknowledged", "2525-2.15-FAILURE-TO-SEND-FIN-PROMPTLY"),
    (Sabotage::FailureToSendRstAfterHalfDuplexClose, "tcp/close/data-fin-wait-2-after-close", "SHLD-3"),
    (Sabotage::FailureToRstOnCloseWithDataPending, "tcp/close/close-established-unread-data", "SHLD-3"),
    (Sabotage::OptionsMissingFromMss, "tcp/known-problems/write-established-timestamps", "2525-2.18-OPTIONS-MISSING-FROM-MSS-CAL"),
];

#[rustfmt::skip] // one line each
/// Faults beyond RFC 2525 that TCPs have had.
const CLASSICS: [Row; 21] = [
    (Sabotage::PlainComparison, "tcp/window/data-established-out-of-order", "SHLD-31"),
    (Sabotage::PawsIgnoresWrap, "tcp/known-problems/data-established-timestamp-wraps", "7323-5.3-PAWS-R1-WRAP"),
    (Sabotage::SackBlocksByNumber, "tcp/known-problems/data-established-sack-youngest-first", "2018-4-FIRST"),
    (Sabotage::DelayedAckTooLong, "tcp/window/data-established-acknowledged-in-time", "MUST-40"),
    (Sabotage::RstAnywhere, "tcp/reset/rst-established-right-edge", "5961-3.2-RST-OUT"),
    (Sabotage::NoChallengeAck, "tcp/reset/rst-established-in-window", "9293-3.10.7.4-5961-RST"),
    (Sabotage::WindowShrinks, "tcp/window/data-established-right-edge-stays", "SHLD-14"),
    (Sabotage::FinSentOnce, "tcp/retransmission/timeout-fin-wait-1", "6298-5.5-BACKOFF"),
    (Sabotage::TimeWaitNotRestarted, "tcp/known-problems/fin-time-wait-starts-over", "MUST-13"),
    (Sabotage::NoTimeWait, "tcp/close/timeout-time-wait", "MUST-13"),
    (Sabotage::UrgentOffByOne, "tcp/urgent/write-established-urgent", "MUST-62"),
    (Sabotage::NoWindowProbe, "tcp/window/write-established-zero-window-first-probe", "SHLD-29"),
    (Sabotage::MssIgnored, "tcp/options/syn-listen-mss-honoured", "MUST-14"),
    (Sabotage::KarnIgnored, "tcp/retransmission/ack-established-karn", "6298-3-KARN"),
    (Sabotage::WindowOfSynScaled, "tcp/options/syn-ack-syn-sent-window-unscaled", "7323-2.2-WS-SYNWIN"),
    (Sabotage::OldSegmentsSetWindow, "tcp/window/ack-established-old-window-update", "9293-3.8.6-WND-WL"),
    (Sabotage::FastRetransmitTooSoon, "tcp/retransmission/dup-acks-established-two", "6298-5-NOT-EARLY"),
    (Sabotage::NoFastRetransmit, "tcp/retransmission/dup-acks-established-three", "5681-3.2-FR-3DUP"),
    (Sabotage::OverlapDeliveredTwice, "tcp/window/data-established-overlaps-left-edge", "9293-3.4-ACC-TEST"),
    (Sabotage::AckOfUnsentIgnored, "tcp/window/ack-established-of-unsent-data", "9293-3.5.2-RST-SYNC-ACK"),
    (Sabotage::SillyWindow, "tcp/window/read-established-silly-window", "MUST-39"),
];

/// The initial sequence number with which a fault shows, if it does not show with any.
fn axes(fault: Sabotage) -> Axes {
    let isn = (fault == Sabotage::PlainComparison).then_some(Seq(u32::MAX - 8));
    Axes { isn, ..Axes::default() }
}

thread_local! {
    /// The fault of the references that are made on this thread.
    static FAULT: Cell<Option<Sabotage>> = const { Cell::new(None) };
}

#[expect(clippy::unnecessary_wraps)] // a factory has this shape
fn saboteur(setup: &Setup) -> Result<Box<dyn Stack>, StackError> {
    let reference = Reference::with_habits(setup, |config| config.sabotage = FAULT.get());
    Ok(Box::new(Sockets::new(reference, setup)))
}

/// The suite and the stack that can be sabotaged.
struct Laboratory {
    entries: Vec<Entry>,
    subject: Subject,
    /// How many scenarios notice each fault.
    notices: Mutex<Vec<(Sabotage, usize)>>,
}

impl Laboratory {
    fn open() -> Result<Laboratory, String> {
        let home = Home::find().ok_or("there is no fixtures/scripts here")?;
        let entries = suite::discover(&[home.scripts()], Some(&home.scripts()), &[]).map_err(|e| e.to_string())?;
        let stack = NamedStack { name: "reference", factory: saboteur };
        let subject = Subject::new(stack, None).map_err(|e| e.to_string())?;
        Ok(Laboratory { entries, subject, notices: Mutex::default() })
    }

    fn run(&self, entry: &Entry, fault: Option<Sabotage>, axes: Axes) -> Outcome {
        FAULT.set(fault);
        let (outcome, _) = Case { entry, subject: &self.subject, axes }.run(&runner::run);
        FAULT.set(None);
        outcome
    }

    /// The scenario of `row` must find its fault, and nothing in a sound reference.
    fn try_row(&self, (fault, scenario, clause): Row) -> Result<(), Failed> {
        let entry = self.entries.iter().find(|entry| entry.id == scenario).ok_or("there is no such scenario")?;
        let sound = self.run(entry, None, axes(fault));
        if sound.verdict != Verdict::Pass {
            return Err(format!("{scenario} fails without a fault\n{}", text::finding(&sound)).into());
        }
        let found = self.run(entry, Some(fault), axes(fault));
        if !is_finding(&found) {
            return Err(format!("{scenario} does not notice {fault:?}: {}", found.verdict).into());
        }
        let blamed = found.clause.as_ref().map_or("", |clause| &clause.id);
        if blamed != clause {
            return Err(format!("blames {blamed}, not {clause}\n{}", text::finding(&found)).into());
        }
        let noticed =
            self.entries.iter().filter(|entry| is_finding(&self.run(entry, Some(fault), axes(fault)))).count();
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).push((fault, noticed));
        Ok(())
    }
}

/// Whether the stack is blamed: a harness that breaks finds nothing.
fn is_finding(outcome: &Outcome) -> bool {
    matches!(outcome.verdict, Verdict::Warn | Verdict::Fail)
}

fn every_fault_has_a_row() -> Result<(), Failed> {
    let rows: BTreeSet<_> = RFC_2525.iter().chain(&CLASSICS).map(|(fault, ..)| format!("{fault:?}")).collect();
    let all: BTreeSet<_> = Sabotage::ALL.iter().map(|fault| format!("{fault:?}")).collect();
    if rows == all { Ok(()) } else { Err(format!("{:?}", all.symmetric_difference(&rows)).into()) }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let laboratory = match Laboratory::open() {
        Ok(laboratory) => Arc::new(laboratory),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let trial = |table: &str, row: Row| {
        let laboratory = Arc::clone(&laboratory);
        Trial::test(format!("{table}::{:?}", row.0), move || laboratory.try_row(row))
    };
    let mut trials: Vec<Trial> = RFC_2525.iter().map(|row| trial("rfc2525", *row)).collect();
    trials.extend(CLASSICS.iter().map(|row| trial("classic", *row)));
    trials.push(Trial::test("every-fault-has-a-row", every_fault_has_a_row));
    let conclusion = libtest_mimic::run(&arguments, trials);
    if arguments.nocapture {
        tell(&laboratory);
    }
    conclusion.exit_code()
}

/// How many scenarios notice each fault.
fn tell(laboratory: &Laboratory) {
    let mut notices = std::mem::take(&mut *laboratory.notices.lock().unwrap_or_else(PoisonError::into_inner));
    notices.sort_by_key(|(fault, _)| *fault as usize);
    for (fault, count) in notices {
        eprintln!("{count:4} of {} scenarios notice {fault:?}", laboratory.entries.len());
    }
}
