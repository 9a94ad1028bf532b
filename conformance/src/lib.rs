//! `wirelaw`: conformance scenarios for TCP and HTTP/1.x stacks, judged by RFC clause.

pub mod axes;
mod checksum;
pub mod cli;
pub mod expectations;
mod groups;
pub mod habits;
mod hex;
pub mod http;
mod parallel;
pub mod pcap;
pub mod posix;
pub mod record;
pub mod report;
pub mod requirements;
pub mod runner;
pub mod script;
pub mod stack;
pub mod suite;
pub mod trace;
pub mod transcript;
#[cfg(target_os = "linux")]
pub mod uml;
