//! What a command writes, and where it goes.

use std::env;
use std::fs;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::CliError;

/// Writes to the standard output. A reader who has seen enough (`wirelaw list | head`) is no error.
pub(super) fn say(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(CliError::Output(error)),
        _ => Ok(()),
    }
}

/// Writes to the standard error; if even that fails there is nobody left to tell.
pub(super) fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Writes a file, and the folders that lead to it.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), CliError> {
    let error = |cause| CliError::Write { path: path.to_owned(), cause };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(error)?;
    }
    fs::write(path, content).map_err(error)
}

/// Whether the standard output wants colours (<https://no-color.org>).
pub(super) fn color() -> bool {
    io::stdout().is_terminal() && allows_color(env::var_os("NO_COLOR").as_deref(), env::var_os("TERM").as_deref())
}

/// As [`color`], for the standard error.
pub(super) fn color_of_errors() -> bool {
    io::stderr().is_terminal() && allows_color(env::var_os("NO_COLOR").as_deref(), env::var_os("TERM").as_deref())
}

fn allows_color(no_color: Option<&std::ffi::OsStr>, term: Option<&std::ffi::OsStr>) -> bool {
    no_color.is_none_or(std::ffi::OsStr::is_empty) && term.is_none_or(|term| term != "dumb")
}

/// A bar for so many runs, or whatever they are called. On a terminal only: in a log a bar is noise.
pub(super) fn bar(count: usize, what: &str, quiet: bool) -> ProgressBar {
    if quiet || !io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template(&format!("{{wide_bar}} {{pos}}/{{len}} {what}"));
    ProgressBar::new(count as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_and_dumb_terminals_are_obeyed() {
        assert!(allows_color(None, None));
        assert!(allows_color(Some("".as_ref()), Some("xterm".as_ref())));
        assert!(!allows_color(Some("1".as_ref()), None));
        assert!(!allows_color(None, Some("dumb".as_ref())));
    }
}
