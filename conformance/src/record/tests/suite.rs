//! Every scenario with one connection: run on the reference, recorded, and run again.

use std::collections::BTreeMap;

use super::capture;
use crate::axes::Axes;
use crate::record::{Request, record};
use crate::report::Verdict;
use crate::runner::{self, Run};
use crate::script::{self, Scenario};
use crate::stack::{self, NamedStack};
use crate::suite::{Home, discover};

/// Of the scenarios that a capture can tell of, so many make a script that passes.
const LEAST: usize = 360;

/// Runs what was recorded, with the habits of the scenario: a capture cannot tell them.
fn again(scenario: &Scenario, text: &str, reference: &NamedStack) -> Run {
    let mut recorded = script::parse("recorded.pkt", text).unwrap_or_else(|error| panic!("{error}\nin: {text}"));
    assert_eq!(script::print(&recorded), text, "it is canonical");
    recorded.header.with = scenario.header.with.clone();
    if scenario.init.is_some() {
        recorded.init = scenario.init.clone();
    }
    runner::run(&recorded, reference, &Axes::default())
}

#[test]
fn most_scenarios_pass_again_when_recorded() {
    let home = Home::find().expect("this is a checkout");
    let tcp = home.scripts().join("tcp");
    let entries = discover(&[tcp], Some(&home.scripts()), &[]).expect("the suite is there");
    let reference = stack::all().iter().find(|stack| stack.name == "reference").expect("it is built in");
    let (mut passed, mut others) = (0, BTreeMap::<String, Vec<String>>::new());
    let mut left_out = 0;
    for entry in &entries {
        let Ok(scenario) = &entry.scenario else { continue };
        let first = runner::run(scenario, reference, &Axes::default());
        if first.verdict != Verdict::Pass {
            left_out += 1;
            continue;
        }
        let outcome = match record(&capture(&first.trace), &Request::new("x.pcapng")) {
            Err(error) => Err(error.message.lines().next().unwrap_or_default().to_owned()),
            Ok(recorded) => {
                let second = again(scenario, &recorded.script, reference);
                if second.verdict == Verdict::Pass { Ok(()) } else { Err(second.message.clone()) }
            }
        };
        match outcome {
            Ok(()) => passed += 1,
            Err(why) if why.contains("connections:") || why.contains("no TCP") => left_out += 1,
            Err(why) => others.entry(why.chars().take(90).collect()).or_default().push(entry.id.clone()),
        }
    }
    let failed: usize = others.values().map(Vec::len).sum();
    eprintln!("{passed} pass, {failed} do not, {left_out} have not one connection; of {}", entries.len());
    for (why, ids) in &others {
        eprintln!("{} {why}: {}", ids.len(), ids.join(" "));
    }
    assert!(passed >= LEAST, "{passed} of {}", passed + failed);
}
