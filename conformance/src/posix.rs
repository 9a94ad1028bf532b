//! POSIX and Linux names and their numbers, as scripts write them, on any machine.
//!
//! [`symbol`] knows the names of Linux, [`is_foreign`] those of other systems that scripts are known to use: such a
//! name is no mistake, but there is no number for it here.

mod errno;
mod foreign;
mod numbers;
pub mod tcp_info;
#[cfg(test)]
mod tests;

pub use errno::Errno;
pub use foreign::is_foreign;
pub use numbers::*;

/// The names of [`symbol`], for suggestions.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    numbers::NAMES.iter().copied().chain(errno::NAMES.iter().copied())
}
