//! The report for continuous integration: JUnit's XML, one test suite per stack.

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::{Complaint, Expected, Outcome, Report, Verdict, text};

/// The report as JUnit XML. An unexpected FAIL, WARN or pass is a failure, BROKEN an error; a known deviation
/// passes with its reason as a system-out, and an unsupported scenario is skipped with its reason.
pub fn render(report: &Report) -> String {
    let mut junit = quick_junit::Report::new("wirelaw");
    for stack in report.stacks() {
        let mut suite = TestSuite::new(stack);
        suite.add_test_cases(report.on_stack(stack).map(case));
        junit.add_test_suite(suite);
    }
    if !report.complaints.is_empty() {
        let mut suite = TestSuite::new("wirelaw");
        suite
            .add_test_cases(report.complaints.iter().enumerate().map(|(at, complaint)| self::complaint(at, complaint)));
        junit.add_test_suite(suite);
    }
    let xml = junit.to_string().expect("strings are always written, and control characters are dropped");
    // These two are characters of Unicode but not of XML 1.0 §2.2, and quick-junit lets them through.
    xml.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

fn case(outcome: &Outcome) -> TestCase {
    let (folder, _) = outcome.scenario.rsplit_once('/').unwrap_or((".", ""));
    let axes = outcome.axes.to_string();
    let name = if axes.is_empty() { outcome.scenario.clone() } else { format!("{} ({axes})", outcome.scenario) };
    let mut case = TestCase::new(name, status(outcome));
    case.set_classname(format!("{}::{folder}", outcome.stack));
    if let Expected::Known { reason, link } = &outcome.expected {
        case.set_system_out(format!("known {}: {reason} {link}", outcome.verdict));
    }
    case
}

fn status(outcome: &Outcome) -> TestCaseStatus {
    if let Expected::SurprisePass { entry } = &outcome.expected {
        return not_ok(NonSuccessKind::Failure, "surprise-pass", &format!("passes although {entry} lists it"), "");
    }
    let verdict = outcome.verdict.name();
    match outcome.verdict {
        Verdict::Unsupported => {
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_type(verdict).set_message(outcome.message.as_str());
            skipped
        }
        _ if outcome.expected.is_fine() => TestCaseStatus::success(),
        Verdict::Broken => not_ok(NonSuccessKind::Error, verdict, &outcome.message, &text::finding(outcome)),
        Verdict::Pass | Verdict::Warn | Verdict::Timing | Verdict::Fail => {
            not_ok(NonSuccessKind::Failure, verdict, &outcome.message, &text::finding(outcome))
        }
    }
}

fn complaint(at: usize, complaint: &Complaint) -> TestCase {
    let (kind, word) = match complaint {
        Complaint::Expectation(_) => (NonSuccessKind::Failure, "expectation"),
        Complaint::Harness(_) => (NonSuccessKind::Error, "harness"),
    };
    TestCase::new(format!("{word} {}", at + 1), not_ok(kind, word, complaint.message(), ""))
}

fn not_ok(kind: NonSuccessKind, word: &str, message: &str, description: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(word).set_message(message);
    if !description.is_empty() {
        status.set_description(description);
    }
    status
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn the_whole_report() {
        insta::assert_snapshot!(render(&samples::report()));
    }

    #[test]
    fn hostile_text_leaves_the_xml_whole() {
        let mut report = samples::report();
        report.outcomes[7].message = "]]> <failure> & \" \u{0}\u{1b}[31m \u{fffe}\u{b} é".into();
        report.outcomes[7].failure = None;
        let xml = render(&report);
        assert!(
            xml.chars().all(|c| matches!(c, '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'..)),
            "XML 1.0 §2.2: {xml:?}"
        );
        assert!(!xml.contains("]]> <failure>"), "{xml}");
    }
}
