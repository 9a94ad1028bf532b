//! An executable RFC 9293: a TCP without clock, I/O or randomness that says which clause every
//! decision follows.
//!
//! | module | what | source |
//! |---|---|---|
//! | [`tcp`] | one connection: states, variables, timers, what to send next | RFC 9293, 6298, 5681, 7323 §2 |
//! | [`host`] | sockets, listeners with a backlog, demultiplexing by 4-tuple | RFC 9293 §3.9, §3.10 |
//! | [`wire`] | octets to values and back, no policy | RFC 9293 §3.1, RFC 791, 8200, 792, 4443 |
//! | [`seq`] | arithmetic modulo 2^32 | RFC 9293 §3.4 |
//! | [`clause`] | the names of RFC sentences | |
//! | [`time`] | nanoseconds since the scenario began | |
#![no_std]

extern crate alloc;

pub mod clause;
pub mod host;
pub mod seq;
pub mod tcp;
pub mod time;
pub mod wire;
