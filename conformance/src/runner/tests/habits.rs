//! What a stack is asked to do its own way, and what becomes of the run if it cannot.

use super::*;
use crate::habits::HabitValue;

const SCRIPT: &str = "// with: nagle=off\n// with: msl=1s msl=2s\n\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n";

fn following(follows: &'static [&'static str]) -> Fake {
    Fake { follows, ..Fake::new() }
}

fn with(texts: &[&str]) -> Axes {
    let with = texts.iter().map(|text| HabitValue::parse(text).expect(text)).collect();
    Axes { with, ..Axes::default() }
}

fn run_with(fake: Fake, axes: &Axes) -> Run {
    NEXT.set(fake);
    let scenario = script::parse("test.pkt", SCRIPT).expect("it parses");
    run(&scenario, &FAKE, axes)
}

#[test]
fn the_stack_is_told_those_of_the_run_and_then_those_of_the_script() {
    let run = run_with(following(&["nagle", "msl", "like"]), &with(&["like=linux", "nagle=on"]));
    assert_eq!(run.verdict, Verdict::Pass, "{}", run.message);
    let told: Vec<String> = setup().habits.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["like=linux", "nagle=on", "nagle=off", "msl=1s", "msl=2s"]);
}

#[test]
fn a_stack_without_the_habit_cannot_be_judged() {
    let run = run_with(following(&["nagle"]), &Axes::default());
    assert_eq!((run.verdict, run.line), (Verdict::Unsupported, Some(2)), "{}", run.message);
    assert_eq!(run.message, "the habit msl=1s, which fake cannot have");
    let run = run_with(following(&["nagle", "msl"]), &with(&["r2=5min"]));
    assert_eq!((run.verdict, run.line), (Verdict::Unsupported, None), "{}", run.message);
    assert_eq!(run.message, "the habit r2=5min, which fake cannot have");
    assert!(run.trace.records.is_empty(), "something happened before: {:?}", run.trace);
}

/// A stack that knows nothing of habits must not pass by that.
#[test]
fn a_stack_has_no_habits_unless_it_says_so() {
    struct Plain(Fake);
    impl Stack for Plain {
        fn profile(&self) -> Profile {
            self.0.profile()
        }
        fn stimulate(&mut self, at: Instant, what: &Stimulus) -> Result<(), StackError> {
            self.0.stimulate(at, what)
        }
        fn advance(&mut self, until: Instant) -> Result<Option<(Instant, Response)>, StackError> {
            self.0.advance(until)
        }
    }
    let plain = NamedStack { name: "plain", factory: |_| Ok(Box::new(Plain(Fake::new()))) };
    let scenario = script::parse("test.pkt", SCRIPT).expect("it parses");
    let run = run(&scenario, &plain, &Axes::default());
    assert_eq!((run.verdict, run.line), (Verdict::Unsupported, Some(1)), "{}", run.message);
}
