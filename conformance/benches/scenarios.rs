//! Scenarios per second, per stack: the whole of `fixtures/scripts`, as `cargo run --release` runs it
//! but on one thread and without a report.
//!
//! `cargo bench -p wirelaw`

use divan::Bencher;
use divan::counter::ItemsCount;
use wirelaw::axes::Axes;
use wirelaw::report::Verdict;
use wirelaw::runner;
use wirelaw::stack;
use wirelaw::suite::{self, Entry, Home};

fn main() {
    divan::main();
}

fn entries() -> Vec<Entry> {
    let home = Home::find().expect("the checkout holds fixtures/scripts");
    suite::discover(&[home.scripts()], Some(&home.scripts()), &[]).expect("fixtures/scripts can be read")
}

/// Reading and parsing every script.
#[divan::bench]
fn parse(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(entries().len())).bench(entries);
}

/// Running every scenario that is parsed already.
#[divan::bench(args = ["reference", "smoltcp"])]
fn run(bencher: Bencher<'_, '_>, name: &str) {
    let stack = stack::all().iter().find(|stack| stack.name == name).expect("an in-process stack");
    let entries = entries();
    let scenarios: Vec<_> = entries.iter().filter_map(|entry| entry.scenario.as_ref().ok()).collect();
    bencher.counter(ItemsCount::new(scenarios.len())).bench_local(|| {
        scenarios
            .iter()
            .filter(|scenario| runner::run(scenario, stack, &Axes::default()).verdict == Verdict::Pass)
            .count()
    });
}
