//! The plug-in seam: what a stack under test looks like to the runner.

pub mod engine;

use std::net::IpAddr;

use thiserror::Error;
use wirelaw_reference::seq::Seq;
use wirelaw_reference::time::Instant;

use crate::trace::{Response, Stimulus};

/// A TCP stack under test.
///
/// The runner calls [`stimulate`](Stack::stimulate) and [`advance`](Stack::advance) with times that
/// never go backwards. After a stimulus the stack is asked for its responses before the next one.
pub trait Stack {
    /// What stack this is and what it can do.
    fn profile(&self) -> Profile;

    /// Does `what` to the stack at the time `at`.
    fn stimulate(&mut self, at: Instant, what: &Stimulus) -> Result<(), StackError>;

    /// The next thing the stack does, no later than `until`; `None` if it stays silent till then.
    fn advance(&mut self, until: Instant) -> Result<Option<(Instant, Response)>, StackError>;
}

/// What a stack is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name by which the command line and `expectations/<name>.toml` select it.
    pub name: &'static str,
    /// Its version, as far as it is known.
    pub version: String,
    /// Whose time it follows.
    pub clock: Clock,
    /// What it can be asked to do.
    pub capabilities: &'static [Capability],
}

/// Whose time a stack follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The runner's: time jumps to the next event.
    Virtual,
    /// The machine's: the runner waits.
    Wall,
}

/// Something that scenarios may need and stacks may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Capability {
    /// `ipv6`
    Ipv6,
    /// `isn`: initial sequence numbers can be chosen from outside.
    Isn,
    /// `backlog`: a bounded queue of connections before `accept`.
    Backlog,
    /// `urgent`: `MSG_OOB` can be sent and received.
    Urgent,
    /// `keepalive`: `SO_KEEPALIVE`, `TCP_KEEPIDLE`, `TCP_KEEPINTVL`, `TCP_KEEPCNT`.
    KeepAlive,
    /// `user-timeout`: `TCP_USER_TIMEOUT`.
    UserTimeout,
    /// `nodelay`: `TCP_NODELAY`.
    NoDelay,
    /// `linger`: `SO_LINGER`.
    Linger,
    /// `window-scale`: RFC 7323 §2.
    WindowScale,
    /// `buffers`: `SO_RCVBUF` and `SO_SNDBUF`.
    Buffers,
}

impl Capability {
    /// Every capability, with the word that scenarios use for it.
    pub const ALL: [(Capability, &'static str); 10] = [
        (Capability::Ipv6, "ipv6"),
        (Capability::Isn, "isn"),
        (Capability::Backlog, "backlog"),
        (Capability::Urgent, "urgent"),
        (Capability::KeepAlive, "keepalive"),
        (Capability::UserTimeout, "user-timeout"),
        (Capability::NoDelay, "nodelay"),
        (Capability::Linger, "linger"),
        (Capability::WindowScale, "window-scale"),
        (Capability::Buffers, "buffers"),
    ];

    /// The capability that `word` names.
    pub fn parse(word: &str) -> Option<Capability> {
        Capability::ALL.iter().find(|(_, name)| *name == word).map(|(capability, _)| *capability)
    }

    /// The word that scenarios use for it.
    pub fn name(self) -> &'static str {
        Capability::ALL.iter().find(|(capability, _)| *capability == self).map_or("", |(_, name)| name)
    }
}

/// What a stack is told before it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Where all of the stack's randomness comes from.
    pub seed: u64,
    /// The stack's own address.
    pub local: IpAddr,
    /// The length of the network prefix of `local`, in bits.
    pub prefix: u8,
    /// The address that the runner plays; everything but `local` is routed to it.
    pub remote: IpAddr,
    /// The largest IP packet of the link, in octets.
    pub mtu: u16,
    /// Initial sequence numbers, in the order in which the stack will need them. A stack that
    /// cannot be told ignores them; when they run out it chooses by itself.
    pub isns: Vec<Seq>,
}

/// Makes a stack ready for one scenario.
pub type Factory = fn(&Setup) -> Result<Box<dyn Stack>, StackError>;

/// A stack that can be chosen by name.
#[derive(Clone, Copy, Debug)]
pub struct NamedStack {
    /// As in [`Profile::name`].
    pub name: &'static str,
    /// Makes one.
    pub factory: Factory,
}

/// Every in-process stack, the reference first.
pub fn all() -> &'static [NamedStack] {
    &[]
}

/// Why a stack could not do what was asked of it. Neither is a failure of conformance.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StackError {
    /// The stack lacks it.
    #[error("{0}")]
    Unsupported(String),
    /// The harness failed.
    #[error("{0}")]
    Broken(String),
}
