//! `wirelaw`: conformance scenarios for TCP and HTTP/1.x stacks, judged by RFC clause.

pub mod pcap;
pub mod posix;
pub mod stack;
pub mod trace;
pub mod transcript;
