use super::*;

fn report(outcomes: &[(Verdict, Expected)]) -> Report {
    let outcome = |(verdict, expected): &(Verdict, Expected)| Outcome {
        expected: expected.clone(),
        ..Outcome::new("tcp/a", "reference-1", Axes::default(), *verdict)
    };
    Report { outcomes: outcomes.iter().map(outcome).collect(), complaints: Vec::new() }
}

fn known() -> Expected {
    Expected::Known { reason: String::new(), link: String::new() }
}

#[test]
fn exit_status_is_0_when_all_is_as_expected() {
    let fine = Expected::AsExpected;
    assert_eq!(report(&[]).exit_status(), 0);
    assert_eq!(report(&[(Verdict::Pass, fine.clone()), (Verdict::Unsupported, fine)]).exit_status(), 0);
    assert_eq!(report(&[(Verdict::Fail, known()), (Verdict::Broken, known())]).exit_status(), 0);
}

#[test]
fn exit_status_is_1_for_an_unexpected_verdict_and_2_for_a_broken_harness() {
    assert_eq!(report(&[(Verdict::Fail, Expected::Unexpected)]).exit_status(), 1);
    assert_eq!(report(&[(Verdict::Warn, Expected::Unexpected)]).exit_status(), 1);
    assert_eq!(report(&[(Verdict::Pass, Expected::SurprisePass { entry: String::new() })]).exit_status(), 1);
    let both = [(Verdict::Fail, Expected::Unexpected), (Verdict::Broken, Expected::Unexpected)];
    assert_eq!(report(&both).exit_status(), 2);
}

#[test]
fn complaints_count_for_the_exit_status() {
    let with = |complaint| Report { complaints: vec![complaint], ..report(&[]) };
    assert_eq!(with(Complaint::Expectation("unused".into())).exit_status(), 1);
    assert_eq!(with(Complaint::Harness("no such folder".into())).exit_status(), 2);
}

#[test]
fn tally_counts_each_verdict_and_its_known_part() {
    let tally = samples::report().tally();
    assert_eq!(Verdict::ALL.map(|verdict| tally.count(verdict)), [8, 1, 0, 2, 2, 1]);
    assert_eq!((tally.runs(), tally.known(Verdict::Fail), tally.unexpected()), (14, 1, 4));
}

#[test]
fn every_verdict_is_found_by_its_name() {
    for verdict in Verdict::ALL {
        assert_eq!(Verdict::parse(verdict.name()), Some(verdict));
    }
    assert_eq!(Verdict::parse("FAIL"), None);
}
