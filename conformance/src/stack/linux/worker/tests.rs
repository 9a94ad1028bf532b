//! What a worker is told and tells, when a run is tried again, and what is said of it.

use super::*;

/// What is settled by these attempts, each a verdict with a line, and how many were made.
fn settled(attempts: &[(Verdict, usize)]) -> (Verdict, usize) {
    let (run, made) = settled_run(attempts);
    (run.verdict, made)
}

fn settled_run(attempts: &[(Verdict, usize)]) -> (Run, usize) {
    let mut made = 0;
    let (run, _) = settle(|attempt| {
        made += 1;
        let (verdict, line) = attempts[attempt as usize];
        (Run { line: Some(line), message: format!("line {line}, attempt {made}"), ..Run::of(verdict) }, true)
    });
    (run, made)
}

#[test]
fn further_attempts_are_told_but_not_of_a_plain_failure() {
    use Verdict::{Fail, Pass, Timing};

    let notes = |attempts: &[(Verdict, usize)]| settled_run(attempts).0.notes;
    assert_eq!(notes(&[(Pass, 0)]), Vec::<String>::new());
    assert_eq!(notes(&[(Fail, 1), (Fail, 1)]), Vec::<String>::new());
    assert_eq!(notes(&[(Fail, 1), (Pass, 0)]), ["tried 2 times; before: fail (line 1, attempt 1)"]);
    let all = notes(&[(Timing, 1), (Fail, 2), (Fail, 2)]);
    assert_eq!(all, ["tried 3 times; before: timing (line 1, attempt 1); fail (line 2, attempt 2)"]);
}

/// How many attempts are made of a run whose time is off by this, in microseconds, and whether they leave a doubt.
fn attempts_and_doubt(off: [i64; 3], is_punctual: bool) -> (usize, bool) {
    let mut made = 0;
    let (run, _) = settle(|attempt| {
        made += 1;
        let off = Some(off[attempt as usize] * 1000);
        (Run { line: Some(1), off, ..Run::of(Verdict::Timing) }, is_punctual)
    });
    (made, !run.is_certain)
}

#[test]
fn a_time_that_is_always_off_alike_is_no_chance() {
    assert_eq!(attempts_and_doubt([4300, 4200, 4400], true), (3, false));
    assert_eq!(attempts_and_doubt([4300, 4200, 4400], false), (3, true), "it may be late as often");
    assert_eq!(attempts_and_doubt([4100, 4300, 4400], true), (3, true));
    assert_eq!(attempts_and_doubt([4300, -4300, 4300], true), (3, true));
    assert_eq!(attempts_and_doubt([1_016_000, 1_012_000, 0], false), (2, false), "nobody is late by a second twice");
    assert_eq!(attempts_and_doubt([-316_000, -316_200, 0], false), (2, false));
    assert_eq!(attempts_and_doubt([1_016_000, 1_030_000, 1_016_000], true), (3, true));
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

/// What is said of this machine behind a run with this verdict and a time that is off by so many milliseconds: each
/// without its advice.
fn excuses_of(verdict: Verdict, off: i64, is_punctual: bool, tick: i64) -> Vec<String> {
    let run = Run { off: Some(off * 1_000_000), ..Run::of(verdict) };
    let short = |note: &String| note.split(['(', ',']).next().unwrap_or_default().trim().to_owned();
    excuses(&run, is_punctual, tick).iter().map(short).collect()
}

#[test]
fn what_may_have_made_a_time_wrong_is_named() {
    let (late, coarse) = ("without real-time priority", "timers of this kernel tick every 4.0 ms");
    let none: [&str; 0] = [];
    assert_eq!(excuses_of(Verdict::Timing, 5, false, 4_000_000), [late, coarse]);
    assert_eq!(excuses_of(Verdict::Timing, 5, false, 1_000_000), [late], "a tick of a millisecond is fine enough");
    assert_eq!(excuses_of(Verdict::Timing, 5, true, 4_000_000), [coarse]);
    assert_eq!(excuses_of(Verdict::Timing, 5, true, 1_000_000), none);
    assert_eq!(excuses_of(Verdict::Timing, 999, false, 4_000_000), none, "neither explains so much");
    for verdict in [Verdict::Pass, Verdict::Fail, Verdict::Broken] {
        assert_eq!(excuses_of(verdict, 5, false, 4_000_000), none, "{verdict}: no time was wrong");
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
        off: Some(-7),
        is_certain: false,
        doubt: Some("why".to_owned()),
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
