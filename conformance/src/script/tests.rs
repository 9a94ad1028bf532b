//! The language as a whole, by examples.

mod advice;
mod dialect;
mod errors;
mod examples;
mod hostile;
mod traps;
mod values;

use super::ast::{Action, CallSpec, PacketSpec, Scenario, TcpSpec, TransportSpec};
use super::parse;

/// The scenario of a text that must be right.
fn good(text: &str) -> Scenario {
    parse("test.pkt", text).unwrap_or_else(|error| panic!("{error}\nin: {text}"))
}

/// The message of a text that must be wrong.
fn bad(text: &str) -> String {
    match parse("test.pkt", text) {
        Ok(scenario) => panic!("no error in: {text}\n{scenario:#?}"),
        Err(error) => error.to_string(),
    }
}

/// The only packet of `+0 ...`.
fn packet(text: &str) -> PacketSpec {
    match good(&format!("+0 {text}")).steps.remove(0).action {
        Action::Packet(packet) => *packet,
        other => panic!("{other:?} in: {text}"),
    }
}

fn tcp(text: &str) -> TcpSpec {
    match packet(text).transport {
        TransportSpec::Tcp(tcp) => tcp,
        other => panic!("{other:?} in: {text}"),
    }
}

/// The only call of `+0 ...`.
fn call(text: &str) -> CallSpec {
    match good(&format!("+0 {text}")).steps.remove(0).action {
        Action::Call(call) => *call,
        other => panic!("{other:?} in: {text}"),
    }
}
