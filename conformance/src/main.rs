//! The `wirelaw` command: parses arguments, calls the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    wirelaw::cli::main(wirelaw::stack::all())
}
