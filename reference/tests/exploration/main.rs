//! Two references over a network that loses, doubles and reorders, explored to the last state: no transition
//! beside the table, no deadlock, no livelock, no octet lost, invented or out of order, and both ends finish.
//!
//! The scopes here take seconds; `cargo run --release -p wirelaw-reference --example explore -- --scope large`
//! takes minutes.

mod check;
#[path = "../hostile_network/configs.rs"]
mod configs;
mod model;
mod scope;
mod search;

/// The least that a scope explores: fewer states are a model that has lost an action.
const FEW: usize = 1_000;

#[test]
fn every_run_of_a_small_world_ends_well() {
    let explore = |scope: &scope::Scope, name: &str, config| match search::explore(scope, &config) {
        Ok(explored) => assert!(explored.states > FEW, "{name}, {}: only {explored}", scope.name),
        Err(why) => panic!("{name}, {}: {why}", scope.name),
    };
    std::thread::scope(|threads| {
        for scope in scope::small() {
            threads.spawn(move || {
                for (name, config) in configs::named() {
                    explore(&scope, name, config);
                }
            });
        }
    });
}
