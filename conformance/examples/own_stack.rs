//! A stack of one's own under the whole command line:
//! `cargo run --example own_stack -- run fixtures/scripts --stack mine`.
//!
//! Here the stack is the reference host with the habits of a time before RFC 5961, so that a few scenarios fail and
//! show what a failure looks like. For a TCP of your own, implement [`Engine`](wirelaw::stack::engine::Engine)
//! (non-blocking calls and a poll loop; [`Sockets`] adds POSIX semantics) or, for whole socket semantics of your
//! own, [`Stack`](wirelaw::stack::Stack).

use std::process::ExitCode;

use wirelaw::stack::NamedStack;
use wirelaw::stack::reference::Reference;
use wirelaw::stack::sockets::Sockets;

fn main() -> ExitCode {
    let mine = NamedStack {
        name: "mine",
        factory: |setup| {
            let engine = Reference::with_habits(setup, |config| config.blind_attack_checks = false);
            Ok(Box::new(Sockets::new(engine, setup)))
        },
    };
    wirelaw::cli::main(&[mine])
}
