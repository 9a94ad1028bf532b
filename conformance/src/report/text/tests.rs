use super::super::samples;
use super::*;

#[test]
fn a_failure_reads_as_the_plan_of_the_house_shows_it() {
    insta::assert_snapshot!(finding(&samples::left_edge()));
}

#[test]
fn the_whole_report() {
    insta::assert_snapshot!(render(&samples::report(), &Options::default()));
}

#[test]
fn the_whole_report_in_full() {
    insta::assert_snapshot!(render(&samples::report(), &Options { verbose: true, ..Options::default() }));
}

#[test]
fn sixty_scenarios_on_two_stacks_fit_a_terminal() {
    let mut report = Report::default();
    for scenario in 0..60 {
        for stack in ["reference-0.1.0", "smoltcp-0.14.0"] {
            let id = format!("tcp/area{}/event-state-edge-{scenario}", scenario % 8);
            report.outcomes.push(Outcome::new(id, stack, crate::axes::Axes::default(), Verdict::Pass));
        }
    }
    let text = render(&report, &Options::default());
    assert!(text.lines().count() < 24, "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn colours_only_when_asked_for() {
    assert!(!render(&samples::report(), &Options::default()).contains('\x1b'));
    assert!(render(&samples::report(), &Options { color: true, ..Options::default() }).contains("\x1b[31mFAIL\x1b[0m"));
}

#[test]
fn control_characters_of_a_message_are_shown_and_not_obeyed() {
    let mut outcome = samples::left_edge();
    outcome.failure = None;
    outcome.message = "\x1b[2J bell \x07".into();
    let text = finding(&outcome);
    assert!(text.contains(r"\u{1b}[2J bell \u{7}"), "{text}");
}

#[test]
fn a_scenario_in_many_variations_is_one_row() {
    let mut report = Report::default();
    for isn in crate::axes::Axes::SWEEP {
        let axes = crate::axes::Axes { isn: Some(isn), ..Default::default() };
        let verdict = if isn.0 == 0 { Verdict::Fail } else { Verdict::Pass };
        let expected = if isn.0 == 0 { Expected::Unexpected } else { Expected::AsExpected };
        report.outcomes.push(Outcome { expected, ..Outcome::new("tcp/a/b", "smoltcp-1", axes, verdict) });
    }
    let text = render(&report, &Options::default());
    assert!(text.contains("FAIL 1/6") && text.contains("5/6") && text.contains("(isn 0)"), "{text}");
}

#[test]
fn what_fails_alike_in_many_variations_is_told_once() {
    let mut report = Report::default();
    for isn in crate::axes::Axes::SWEEP {
        let axes = crate::axes::Axes { isn: Some(isn), ..Default::default() };
        report.outcomes.push(Outcome { axes, ..samples::left_edge() });
    }
    let text = render(&report, &Options::default());
    assert_eq!(text.matches("FAIL  tcp/").count(), 1, "{text}");
    assert!(text.contains("on smoltcp-0.13  (isn 0, isn 1, isn 2147483647,"), "{text}");
}

#[test]
fn a_script_that_does_not_parse_is_told_once_for_all_stacks() {
    let broken = |stack: &str| Outcome {
        message: "expected a packet".into(),
        expected: Expected::Unexpected,
        ..Outcome::new("a", stack, crate::axes::Axes::default(), Verdict::Broken)
    };
    let report = Report { outcomes: vec![broken("one"), broken("two")], ..Report::default() };
    assert!(render(&report, &Options::default()).contains("BROKEN  a   on one, two\n  expected a packet\n"));
}
