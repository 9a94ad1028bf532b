//! Explores two references over a hostile network to the last state, and says how many there are.
//!
//! `cargo run --release -p wirelaw-reference --example explore -- --scope large`

#![expect(clippy::print_stdout, reason = "its purpose")]

use std::process::ExitCode;
use std::time::Instant;

use wirelaw_reference::tcp::Config;

#[path = "../tests/exploration/check.rs"]
mod check;
#[path = "../tests/hostile_network/configs.rs"]
mod configs;
#[path = "../tests/exploration/model.rs"]
mod model;
#[path = "../tests/exploration/scope.rs"]
mod scope;
#[path = "../tests/exploration/search.rs"]
mod search;

/// The configuration of that name.
fn only(name: &str) -> Vec<(&'static str, Config)> {
    configs::named().into_iter().filter(|(known, _)| *known == name).collect()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (scopes, configs) = match arguments[..] {
        ["--scope", "small"] => (scope::small(), configs::named()),
        ["--scope", "huge"] => (scope::huge(), only("plain")),
        ["--scope", "large"] => (scope::large(), only("plain")),
        ["--scope", "large", "--config", name] => (scope::large(), only(name)),
        _ => {
            println!("explore --scope small|large [--config NAME], or --scope huge");
            return ExitCode::from(2);
        }
    };
    let (mut states, mut transitions) = (0, 0);
    for (name, config) in &configs {
        for scope in &scopes {
            let start = Instant::now();
            match search::explore(scope, config) {
                Ok(explored) => {
                    println!("{name}, {}: {explored}, {:.1} s", scope.name, start.elapsed().as_secs_f64());
                    states += explored.states;
                    transitions += explored.transitions;
                }
                Err(why) => {
                    println!("{name}, {}: {why}", scope.name);
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    println!("{states} states, {transitions} transitions: every run ends well");
    ExitCode::SUCCESS
}
