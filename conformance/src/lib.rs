//! `wirelaw`: conformance scenarios for TCP and HTTP/1.x stacks, judged by RFC clause.

pub mod posix;
pub mod script;
pub mod stack;
pub mod trace;
