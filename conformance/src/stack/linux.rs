//! The Linux kernel of this machine as a stack under test, without root.
//!
//! Each run has a process of its own ([`worker`]), which enters a user and a network namespace, makes a link there and
//! runs the scenario on it. Nothing of the host changes, and nothing is left behind: the namespace ends with the process.
//!
//! | module | what |
//! |---|---|
//! | [`worker`] | a run in a process of its own: the job goes in, what became of it comes out |
//! | `namespace`, `netlink` | the namespaces and the link: a TUN device, or a pair of Ethernet devices |
//! | `kernel` | the stack: packets into the link and out of it, time |
//! | `habits` | what a scenario may ask of it |
//! | `caller`, `calls` | socket calls, in threads if they may block |
//! | `capability` | what the process may do, as far as scripts change it |
//! | `offload`, `stamps` | what is left to the device; times of day |
//! | `shells` | shell commands that may run, so that nothing of them stays |
//! | `sys` | system calls; the only `unsafe` |

mod caller;
mod calls;
mod capability;
mod habits;
mod kernel;
mod namespace;
mod netlink;
mod offload;
mod shells;
mod stamps;
mod sys;
pub mod worker;

use crate::stack::{Clock, NamedStack, Profile, Setup, Stack, StackError};
use crate::trace::{Instant, Response, Stimulus};

/// The name by which it is selected.
pub const NAME: &str = "linux";

/// The kernel of this machine.
pub const LINUX: NamedStack = NamedStack { name: NAME, factory: new };

/// The kernel, in a process that [`worker`] has prepared; elsewhere only its profile.
pub fn new(setup: &Setup) -> Result<Box<dyn Stack>, StackError> {
    let version = version();
    if worker::is_worker() {
        return Ok(Box::new(kernel::Kernel::new(setup, version)?));
    }
    Ok(Box::new(Elsewhere(version)))
}

/// Turns on the loopback device of the network that this process is in.
pub(crate) fn turn_on_loopback() -> std::io::Result<()> {
    namespace::turn_on_loopback(&netlink::Netlink::open()?)
}

/// Such as `6.1.0`; of `6.1.0-13-amd64` the numbers alone, as the rest names a build.
fn version() -> String {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    release.split(|c: char| c != '.' && !c.is_ascii_digit()).next().unwrap_or_default().to_owned()
}

/// The stack as long as it is only asked what it is.
#[derive(Debug)]
struct Elsewhere(String);

impl Stack for Elsewhere {
    fn profile(&self) -> Profile {
        Profile { name: NAME, version: self.0.clone(), clock: Clock::Wall, capabilities: kernel::CAPABILITIES }
    }

    fn stimulate(&mut self, _: Instant, _: &Stimulus) -> Result<(), StackError> {
        Err(StackError::Broken("the kernel runs scenarios in processes of their own: stack::linux::worker".to_owned()))
    }

    fn advance(&mut self, _: Instant) -> Result<Option<(Instant, Response)>, StackError> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::Capability;

    #[test]
    fn a_version_is_numbers() {
        let version = version();
        assert!(version.split('.').all(|part| part.parse::<u32>().is_ok()), "{version}");
    }

    #[test]
    fn a_kernel_does_nothing_to_the_process_that_only_asks() {
        let setup = Setup::plain([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let mut stack = new(&setup).expect("it only tells what it is");
        assert!(stack.profile().capabilities.contains(&Capability::FastOpen));
        let told = stack.stimulate(Instant::ZERO, &Stimulus::Packet(Vec::new()));
        assert!(matches!(told, Err(StackError::Broken(_))));
    }
}
