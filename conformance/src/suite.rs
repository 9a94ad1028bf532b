//! Everything between a list of paths and a report: find scenarios, run them in every variation, judge the outcomes.

mod discover;
mod home;
mod matrix;

use std::any::Any;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use crate::expectations::{self, Expectations};
use crate::report::{Complaint, Outcome, Report};
use crate::stack::{NamedStack, Setup};

pub(crate) use discover::files;
pub use discover::{DiscoverError, Entry, discover};
pub use home::Home;
pub use matrix::{Case, Drive, Matrix};

/// A stack as the suite knows it: with its version and its known deviations.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The stack.
    pub stack: NamedStack,
    /// Its version; empty if it could not be asked.
    pub version: String,
    /// Its known deviations.
    pub expectations: Expectations,
}

impl Subject {
    /// Asks the stack for its version, and `home` for its known deviations.
    pub fn new(stack: NamedStack, home: Option<&Home>) -> Result<Subject, expectations::Error> {
        let (list, version) = kernel(&stack).unwrap_or_else(|| (stack.name, version(&stack)));
        let expectations = match home {
            Some(home) => Expectations::load(&home.expectations(), list)?,
            None => Expectations::default(),
        };
        Ok(Subject { stack, version, expectations })
    }

    /// Name and version, such as `smoltcp-0.14.0`.
    pub fn label(&self) -> String {
        if self.version.is_empty() {
            self.stack.name.to_owned()
        } else {
            format!("{}-{}", self.stack.name, self.version)
        }
    }
}

/// Of a kernel in virtual time: its list of known deviations, and its release. What is known of Linux is one list, whatever
/// its time: entries name versions.
fn kernel(stack: &NamedStack) -> Option<(&'static str, String)> {
    #[cfg(target_os = "linux")]
    return crate::uml::find(stack.name).map(|kernel| (crate::stack::linux::NAME, kernel.about.release.clone()));
    #[cfg(not(target_os = "linux"))]
    return None;
}

/// The version as the stack states it. A stack that cannot even be made says so in each of its runs.
fn version(stack: &NamedStack) -> String {
    let local = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let remote = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
    let setup = Setup::plain(local, remote);
    (stack.factory)(&setup).map_or(String::new(), |stack| stack.profile().version)
}

/// A name that selects no stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownStack {
    /// As it was given.
    pub name: String,
    /// Those that exist.
    pub known: Vec<&'static str>,
}

impl fmt::Display for UnknownStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = if self.known.is_empty() { "none".to_owned() } else { self.known.join(", ") };
        write!(f, "there is no stack `{}`; there is: {known}", self.name)
    }
}

impl std::error::Error for UnknownStack {}

/// Of all stacks those of these names, in the order of `all`; all of them if no name is given.
pub fn select(all: &[NamedStack], names: &[String]) -> Result<Vec<NamedStack>, UnknownStack> {
    let known: Vec<&'static str> = all.iter().map(|stack| stack.name).collect();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(UnknownStack { name: name.clone(), known }),
        None => {
            Ok(all.iter().filter(|stack| names.is_empty() || names.iter().any(|n| n == stack.name)).copied().collect())
        }
    }
}

/// The report of these outcomes. `whole`: every scenario of the suite ran, so an expectation without one is an error.
pub fn report(outcomes: Vec<Outcome>, entries: &[Entry], subjects: &[Subject], whole: bool) -> Report {
    let mut complaints = Vec::new();
    if whole {
        for subject in subjects {
            let ids = entries.iter().map(|entry| entry.id.as_str());
            let unused = subject.expectations.unused(ids, &subject.version);
            complaints.extend(unused.into_iter().map(Complaint::Expectation));
        }
    }
    Report { outcomes, complaints }
}

/// What a panic said.
fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests;
