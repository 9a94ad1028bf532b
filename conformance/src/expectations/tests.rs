use super::*;
use crate::axes::Axes;

const LIST: &str = r#"
[[deviation]]
scenario = "tcp/reset/*"
reason = "answers an RST"
link = "https://example.org/1"
verdict = "fail"

[[deviation]]
scenario = "tcp/**/urg-*"
reason = "no urgent pointer"
link = "https://example.org/2"
versions = ["0.13.*"]
"#;

fn parse(text: &str) -> Result<Expectations, String> {
    Expectations::parse(text, Path::new("smoltcp.toml")).map_err(|error| error.to_string())
}

fn judge(scenario: &str, verdict: Verdict, version: &str) -> Expected {
    let outcome = Outcome::new(scenario, "smoltcp", Axes::default(), verdict);
    parse(LIST).expect("it is valid").judge(&outcome, version)
}

#[test]
fn a_listed_deviation_is_known_and_an_unlisted_one_is_not() {
    let known = Expected::Known { reason: "answers an RST".into(), link: "https://example.org/1".into() };
    assert_eq!(judge("tcp/reset/a", Verdict::Fail, "1"), known);
    assert_eq!(judge("tcp/reset/a", Verdict::Warn, "1"), Expected::Unexpected);
    assert_eq!(judge("tcp/reset/deep/a", Verdict::Fail, "1"), Expected::Unexpected);
    assert_eq!(judge("tcp/close/a", Verdict::Broken, "1"), Expected::Unexpected);
    assert_eq!(judge("tcp/close/a", Verdict::Pass, "1"), Expected::AsExpected);
}

#[test]
fn a_listed_pass_is_a_surprise_that_names_the_entry() {
    assert_eq!(judge("tcp/reset/a", Verdict::Pass, "1"), Expected::SurprisePass { entry: "smoltcp.toml:2".into() });
}

#[test]
fn what_fails_sometimes_may_pass() {
    let list =
        parse(&LIST.replacen("verdict = \"fail\"", "verdict = \"fail\"\nsometimes = true", 1)).expect("it is valid");
    let judge = |verdict| list.judge(&Outcome::new("tcp/reset/a", "smoltcp", Axes::default(), verdict), "1");
    assert_eq!(judge(Verdict::Pass), Expected::AsExpected);
    assert!(matches!(judge(Verdict::Fail), Expected::Known { .. }));
    assert_eq!(judge(Verdict::Warn), Expected::Unexpected);
}

#[test]
fn versions_limit_an_entry() {
    assert!(matches!(judge("tcp/x/y/urg-1", Verdict::Warn, "0.13.2"), Expected::Known { .. }));
    assert_eq!(judge("tcp/x/y/urg-1", Verdict::Warn, "0.14.0"), Expected::Unexpected);
}

#[test]
fn unsupported_needs_no_entry_but_may_have_one() {
    assert_eq!(judge("tcp/reset/a", Verdict::Unsupported, "1"), Expected::AsExpected);
    assert!(matches!(judge("tcp/a/urg-1", Verdict::Unsupported, "0.13.0"), Expected::Known { .. }));
}

#[test]
fn entries_that_name_no_scenario_are_unused() {
    let list = parse(LIST).expect("it is valid");
    assert_eq!(list.unused(["tcp/reset/a", "tcp/b/urg-2"], "0.13.0"), Vec::<String>::new());
    assert_eq!(list.unused(["tcp/b/urg-2"], "0.13.0"), ["smoltcp.toml:2: unused entry `tcp/reset/*`"]);
    assert_eq!(list.unused(["tcp/reset/a"], "0.14.0"), Vec::<String>::new(), "the other is for another version");
}

#[test]
fn errors_name_file_and_line() {
    let entry = |lines: &str| parse(&format!("# comment\n[[deviation]]\n{lines}\n")).expect_err("it is invalid");
    let good = "scenario = 'a'\nreason = 'b'\nlink = 'https://c'\n";
    insta::assert_snapshot!(
        [
            entry(&format!("{good}reasons = 'x'")),
            entry("scenario = 'a'\nlink = 'https://c'"),
            entry("scenario = 'a'\nreason = ' '\nlink = 'https://c'"),
            entry("scenario = 'a'\nreason = 'b'\nlink = 'c'"),
            entry("scenario = 'a/[b'\nreason = 'b'\nlink = 'https://c'"),
            entry("scenario = ''\nreason = 'b'\nlink = 'https://c'"),
            entry(&format!("{good}verdict = 'pass'")),
            entry(&format!("{good}versions = ['{{']")),
            entry("scenario = "),
            entry("scenario = 7\nreason = 'b'\nlink = 'https://c'"),
            parse("[[deviations]]").expect_err("it is invalid"),
        ]
        .join("\n")
    );
}

#[test]
fn a_missing_file_lists_nothing_and_a_folder_is_an_error() {
    let folder = tempfile::tempdir().expect("there is room");
    assert!(Expectations::load(folder.path(), "x").is_ok_and(|list| list.is_empty()));
    fs::create_dir(folder.path().join("y.toml")).expect("there is room");
    assert!(matches!(Expectations::load(folder.path(), "y"), Err(Error::Unreadable { .. })));
}
