//! The socket layer over an engine whose state the tests set by hand: the only way to see every
//! `errno` and every order of events.

mod calls;
mod connect;
mod data;
mod fake;
mod looking;
mod options;
mod time;
