//! Ctrl-C, where something has to be put in order first.

/// What a shell says of a program that SIGINT ended: 128 + SIGINT.
const INTERRUPTED: i32 = 130;

/// Before an interrupted program ends it does this.
pub(super) fn when_interrupted(last_act: fn()) {
    // Who cannot listen to signals runs all the same.
    let _ = ctrlc::set_handler(move || {
        last_act();
        std::process::exit(INTERRUPTED);
    });
}
