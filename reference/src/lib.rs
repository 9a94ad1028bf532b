//! An executable RFC 9293.
#![no_std]

extern crate alloc;

pub mod clause;
pub mod seq;
pub mod time;
pub mod wire;
