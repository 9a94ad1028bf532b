//! Panics inside smoltcp become values.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::path::Path;
use std::sync::Once;

use crate::stack::StackError;

thread_local! {
    /// Whether this thread is inside smoltcp. The hook is one for all threads; what it does is not.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// Where the last panic inside smoltcp happened.
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// Calls into smoltcp. A panic there is reported by the error alone, nothing is printed.
pub(super) fn guarded<R>(call: impl FnOnce() -> R) -> Result<R, StackError> {
    install_hook();
    let outer = INSIDE.replace(true);
    // After a panic the engine refuses all further calls, so nobody sees what it left half done.
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    INSIDE.set(outer);
    result.map_err(|payload| {
        let message = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        let place = PLACE.take().unwrap_or_default();
        StackError::Broken(format!("smoltcp panicked: {message}{place}"))
    })
}

/// Puts a hook before the one that is there, once per process.
fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if INSIDE.get() {
                PLACE.set(place(info));
            } else {
                previous(info);
            }
        }));
    });
}

/// File and line, without the directories of this machine.
fn place(info: &PanicHookInfo<'_>) -> Option<String> {
    let location = info.location()?;
    let file = Path::new(location.file()).file_name()?.to_string_lossy();
    Some(format!(" ({file}:{})", location.line()))
}

#[cfg(test)]
mod tests {
    use super::guarded;
    use crate::stack::StackError;

    #[test]
    fn a_panic_is_a_value_that_says_what_and_where() {
        let Err(StackError::Broken(message)) = guarded(|| panic!("number {}", 7)) else { panic!("no error") };
        assert!(message.starts_with("smoltcp panicked: number 7 (guard.rs:"), "{message}");
        assert_eq!(guarded(|| 5), Ok(5));
    }
}
