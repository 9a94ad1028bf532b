use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use wirelaw_reference::seq::Seq;

use super::*;
use crate::axes::{Axes, Ip};
use crate::report::{Expected, Verdict, text};
use crate::runner::Run;
use crate::script::ast::Scenario;
use crate::stack::{Stack, StackError};

fn no_stack(_: &Setup) -> Result<Box<dyn Stack>, StackError> {
    Err(StackError::Broken("there is none".into()))
}

const STACKS: [NamedStack; 2] =
    [NamedStack { name: "one", factory: no_stack }, NamedStack { name: "two", factory: no_stack }];

/// Scenarios that say of themselves what shall become of them.
fn drive(scenario: &Scenario, stack: &NamedStack, axes: &Axes) -> Run {
    let text = &*scenario.source;
    assert!(!text.contains("panic"), "as the scenario asks");
    if text.contains("slow") {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let fails = text.contains("fail") && stack.name == "two" && axes.isn.is_none_or(|isn| isn == Seq(0));
    Run::of(if fails { Verdict::Fail } else { Verdict::Pass })
}

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("there is room");
    for (file, text) in files {
        fs::write(folder.path().join(file), text).expect("there is room");
    }
    folder
}

fn subjects(list: &str) -> Vec<Subject> {
    let expectations = Expectations::parse(list, Path::new("two.toml")).expect("it is valid");
    let mut subjects: Vec<Subject> =
        STACKS.iter().map(|stack| Subject::new(*stack, None).expect("there is no file")).collect();
    subjects[1].expectations = expectations;
    subjects
}

fn report_of(folder: &Path, list: &str, axes: &[Axes], jobs: usize) -> Report {
    let entries = discover(&[folder.to_owned()], Some(folder), &[]).expect("there are scripts");
    let subjects = subjects(list);
    let matrix = Matrix { entries: &entries, subjects: &subjects, axes };
    let seen = AtomicUsize::new(0);
    let jobs = NonZeroUsize::new(jobs).expect("a test asks for some");
    let outcomes = matrix.run(&drive, jobs, &|_, _, _| {
        seen.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(seen.into_inner(), outcomes.len());
    report(outcomes, &entries, &subjects, true)
}

fn script(word: &str) -> String {
    format!("// {word}\n// covers: MUST-1\n0 `true`\n")
}

#[test]
fn outcomes_come_in_order_whatever_finishes_first() {
    let tree = tree(&[("a.pkt", &script("slow")), ("b.pkt", &script("quick")), ("c.pkt", &script("fail"))]);
    let alone = report_of(tree.path(), "", &[Axes::default()], 1);
    assert_eq!(alone, report_of(tree.path(), "", &[Axes::default()], 8));
    let row = |outcome: &Outcome| format!("{} {} {}", outcome.scenario, outcome.stack, outcome.verdict);
    let rows: Vec<String> = alone.outcomes.iter().map(row).collect();
    assert_eq!(rows, ["a one pass", "a two pass", "b one pass", "b two pass", "c one pass", "c two fail"]);
    assert_eq!(alone.exit_status(), 1);
    assert_eq!(alone.outcomes[0].covers, ["MUST-1"]);
}

#[test]
fn the_longest_script_is_begun_first() {
    let tree = tree(&[("a.pkt", "0 `true`\n"), ("b.pkt", "+60 `true`\n"), ("c.pkt", "+2 `true`\n")]);
    let entries = discover(&[tree.path().to_owned()], Some(tree.path()), &[]).expect("there are scripts");
    let subjects = subjects("");
    let matrix = Matrix { entries: &entries, subjects: &subjects[..1], axes: &[Axes::default()] };
    let begun = Mutex::new(Vec::new());
    let outcomes = matrix.run(&drive, NonZeroUsize::MIN, &|case, _, _| {
        begun.lock().expect("there is one thread").push(case.entry.id.clone());
    });
    assert_eq!(begun.into_inner().expect("there is one thread"), ["b", "c", "a"]);
    let ids: Vec<String> = outcomes.into_iter().map(|outcome| outcome.scenario).collect();
    assert_eq!(ids, ["a", "b", "c"]);
}

#[test]
fn a_doubtful_time_is_tried_again_in_less_company() {
    let tree = tree(&[("doubtful.pkt", "0 `true`\n"), ("certain.pkt", "0 `true`\n")]);
    let entries = discover(&[tree.path().to_owned()], Some(tree.path()), &[]).expect("there are scripts");
    let subjects = subjects("");
    let matrix = Matrix { entries: &entries, subjects: &subjects[..1], axes: &[Axes::default()] };
    let begun = Mutex::new(Vec::new());
    let late = |scenario: &Scenario, _: &NamedStack, _: &Axes| {
        let is_certain = scenario.name.ends_with("certain.pkt");
        Run { is_certain, ..Run::of(Verdict::Timing) }
    };
    let outcomes = matrix.run(&late, NonZeroUsize::MIN, &|case, _, _| {
        begun.lock().expect("there is one thread").push(case.entry.id.clone());
    });
    assert_eq!(begun.into_inner().expect("there is one thread"), ["certain", "doubtful", "doubtful", "doubtful"]);
    assert!(outcomes.iter().all(|outcome| outcome.verdict == Verdict::Timing));
}

#[test]
fn each_axis_is_its_own_outcome() {
    let tree = tree(&[("a.pkt", &script("fail"))]);
    let axes = Axes::SWEEP.map(|isn| Axes { isn: Some(isn), ..Axes::default() });
    let report = report_of(tree.path(), "", &axes, 2);
    assert_eq!(report.outcomes.len(), 12);
    let failed: Vec<Axes> = report
        .outcomes
        .iter()
        .filter(|outcome| outcome.verdict == Verdict::Fail)
        .map(|outcome| outcome.axes.clone())
        .collect();
    assert_eq!(failed, [axes[0].clone()]);
}

#[test]
fn a_script_that_names_its_family_runs_in_that_one() {
    let (four, six) = (format!("--ip_version=ipv4\n{}", script("quick")), "--remote_ip=fd3d::1\n0 `true`\n");
    let files = [
        ("a.pkt", &*script("quick")),
        ("b.pkt", &four),
        ("c.pkt", six),
        ("d-v6.pkt", "0 `true`\n"),
        ("e_v4.pkt", "0 `true`\n"),
    ];
    let tree = tree(&files);
    let ran = |ips: &[Ip]| {
        let axes: Vec<Axes> = ips.iter().map(|ip| Axes { ip: *ip, ..Axes::default() }).collect();
        let outcomes = report_of(tree.path(), "", &axes, 2).outcomes;
        let first = outcomes.iter().filter(|outcome| outcome.stack == outcomes[0].stack);
        first.map(|outcome| format!("{} {}", outcome.scenario, outcome.axes).trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        ran(&Ip::ALL),
        ["a", "a ipv6", "a ipv4-mapped-ipv6", "b", "c ipv6", "d-v6 ipv6", "e_v4", "e_v4 ipv4-mapped-ipv6"],
        "each family once, and none twice"
    );
    assert_eq!(ran(&[Ip::V4]), ["a", "b", "c", "d-v6", "e_v4"], "who asks for one family gets every script");
    assert_eq!(
        ran(&[Ip::V4, Ip::Mapped]),
        ["a", "a ipv4-mapped-ipv6", "b", "c", "d-v6", "e_v4", "e_v4 ipv4-mapped-ipv6"]
    );
}

#[test]
fn a_broken_script_and_a_panic_break_their_own_runs_only() {
    let tree = tree(&[("a.pkt", "0 @\n"), ("b.pkt", &script("panic")), ("c.pkt", &script("quick"))]);
    let report = report_of(tree.path(), "", &[Axes::default(), Axes::default()], 3);
    let verdicts: Vec<Verdict> = report.outcomes.iter().map(|outcome| outcome.verdict).collect();
    assert_eq!(verdicts[..6], [Verdict::Broken; 6], "the script that does not parse has one variation per stack");
    assert_eq!(verdicts[6..], [Verdict::Pass; 4]);
    assert_eq!(report.outcomes[0].line, Some(1));
    let told = text::finding(&report.outcomes[0]);
    assert!(told.contains("a.pkt:1:3") && told.contains("0 @") && told.contains("───"), "{told}");
    assert_eq!(report.outcomes[2].message, "panicked: as the scenario asks");
    assert_eq!(report.exit_status(), 2);
}

#[test]
fn known_deviations_are_expected_and_unused_ones_are_not() {
    let tree = tree(&[("a.pkt", &script("fail")), ("b.pkt", &script("quick"))]);
    let entry = |glob: &str| format!("[[deviation]]\nscenario = '{glob}'\nreason = 'r'\nlink = 'https://l'\n");
    let known = report_of(tree.path(), &entry("a"), &[Axes::default()], 2);
    assert!(matches!(known.outcomes[1].expected, Expected::Known { .. }));
    assert_eq!((known.exit_status(), known.complaints.len()), (0, 0));
    let surprise = report_of(tree.path(), &entry("*"), &[Axes::default()], 2);
    assert!(matches!(surprise.outcomes[3].expected, Expected::SurprisePass { .. }));
    assert_eq!(surprise.exit_status(), 1);
    let unused = report_of(tree.path(), &(entry("a") + &entry("z*")), &[Axes::default()], 2);
    assert_eq!(unused.complaints, [Complaint::Expectation("two.toml:5: unused entry `z*`".into())]);
    assert_eq!(unused.exit_status(), 1);
}

#[test]
fn an_unknown_stack_is_told_which_exist() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
    let selected = |wanted: &[&str]| {
        select(&STACKS, &names(wanted)).map(|stacks| stacks.iter().map(|stack| stack.name).collect::<Vec<_>>())
    };
    assert_eq!(selected(&[]), Ok(vec!["one", "two"]));
    assert_eq!(selected(&["two"]), Ok(vec!["two"]));
    let error = selected(&["one", "three"]).expect_err("there is none").to_string();
    assert_eq!(error, "there is no stack `three`; there is: one, two");
}

/// Scripts that come at a wrong time `wrong` times each, `jobs` at once: their outcomes, and how many of them ran beside
/// each other at most, by attempts.
fn late_runs(count: usize, wrong: usize, jobs: usize) -> (Vec<Outcome>, Vec<usize>) {
    let files: Vec<(String, String)> = (0..count).map(|at| (format!("{at}.pkt"), script("late"))).collect();
    let tree = tree(&files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect::<Vec<_>>());
    let entries = discover(&[tree.path().to_owned()], Some(tree.path()), &[]).expect("there are scripts");
    let subjects = subjects("");
    let matrix = Matrix { entries: &entries, subjects: &subjects[..1], axes: &[Axes::default()] };
    let attempts = Mutex::new(std::collections::BTreeMap::<String, usize>::new());
    let (company, most) = (AtomicUsize::new(0), Mutex::new(Vec::<usize>::new()));
    let drive = |scenario: &Scenario, _: &NamedStack, _: &Axes| {
        let mut known = attempts.lock().expect("no thread panics");
        let attempt = known.entry(scenario.name.clone()).or_default();
        *attempt += 1;
        let attempt = *attempt;
        drop(known);
        let beside = company.fetch_add(1, Ordering::SeqCst) + 1;
        std::thread::sleep(std::time::Duration::from_millis(20));
        company.fetch_sub(1, Ordering::SeqCst);
        let mut most = most.lock().expect("no thread panics");
        if most.len() < attempt {
            most.resize(attempt, 0);
        }
        most[attempt - 1] = most[attempt - 1].max(beside);
        let verdict = if attempt <= wrong { Verdict::Timing } else { Verdict::Pass };
        Run { message: format!("attempt {attempt}"), ..Run::of(verdict) }
    };
    let outcomes = matrix.run(&drive, NonZeroUsize::new(jobs).expect("a test asks for some"), &|_, _, _| {});
    (outcomes, most.into_inner().expect("no thread panics"))
}

#[test]
fn what_came_at_a_wrong_time_is_tried_again_in_less_company() {
    let (outcomes, most) = late_runs(4, 2, 4);
    assert!(outcomes.iter().all(|outcome| outcome.verdict == Verdict::Pass), "{outcomes:?}");
    assert_eq!(outcomes[0].notes, ["again, with 1 at a time; before: attempt 2"]);
    assert!(most.len() == 3 && most[1] <= 2 && most[2] == 1, "{most:?}");
    let (outcomes, most) = late_runs(2, 1, 4);
    assert_eq!((outcomes[0].verdict, most.len()), (Verdict::Pass, 2), "no more often than needed");
    assert_eq!(outcomes[0].notes, ["again, with 2 at a time; before: attempt 1"]);
    let (outcomes, most) = late_runs(2, 9, 4);
    assert_eq!((outcomes[0].verdict, most.len()), (Verdict::Timing, 3), "and not for ever");
    assert!(late_runs(2, 0, 4).0[0].notes.is_empty(), "what is right needs no story");
}
