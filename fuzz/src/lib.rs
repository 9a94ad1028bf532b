//! Properties that hold of every input, each a function that panics on the input that breaks it.
//!
//! A property is a module with `pub fn check(octets: &[u8])`, a line in [`TARGETS`], a line in
//! `fuzz_targets/<name>.rs` with its `[[bin]]`, and seeds in `seeds/<name>/`, named by what they mean.

mod habits;
mod http;
pub mod http_differential;
pub mod http_request;
pub mod http_response;
pub mod script_parser;
pub mod seq_arithmetic;
pub mod tcp_pair;
pub mod tcp_transitions;
pub mod wire_roundtrip;

/// A property and the name of its folders.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of the module, of the fuzz target, and of the folders of seeds and regressions.
    pub name: &'static str,
    /// Panics if the octets break the property.
    pub check: fn(&[u8]),
}

/// All properties.
pub const TARGETS: &[Target] = &[
    Target { name: "http_differential", check: http_differential::check },
    Target { name: "http_request", check: http_request::check },
    Target { name: "http_response", check: http_response::check },
    Target { name: "script_parser", check: script_parser::check },
    Target { name: "seq_arithmetic", check: seq_arithmetic::check },
    Target { name: "tcp_pair", check: tcp_pair::check },
    Target { name: "tcp_transitions", check: tcp_transitions::check },
    Target { name: "wire_roundtrip", check: wire_roundtrip::check },
];
