//! The `wirelaw` command: parses arguments, calls the library.

fn main() {}
