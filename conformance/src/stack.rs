//! The plug-in seam: what a stack under test looks like to the runner.

pub mod engine;
#[cfg(target_os = "linux")]
pub mod linux;
pub mod reference;
pub mod setting;
pub mod smoltcp;
pub mod sockets;

use std::net::IpAddr;
use std::path::Path;

use thiserror::Error;
use wirelaw_reference::seq::Seq;
use wirelaw_reference::time::Instant;

use crate::habits::HabitValue;
use crate::stack::setting::{Setting, SettingError};
use crate::trace::{Response, Stimulus};

/// A TCP stack under test.
///
/// The runner calls [`stimulate`](Stack::stimulate) and [`advance`](Stack::advance) with times that
/// never go backwards. After a stimulus the stack is asked for its responses before the next one.
pub trait Stack {
    /// What stack this is and what it can do.
    fn profile(&self) -> Profile;

    /// Whether the stack has the habit with this value, by nature or because its [`Setup`] asked for
    /// it. A scenario that asks for one that its stack does not follow is `unsupported`.
    fn follows(&self, habit: &HabitValue) -> bool {
        let _ = habit;
        false
    }

    /// Why a difference would say nothing about the stack, if there is a reason by now: it is `unsupported` then.
    fn doubt(&self) -> Option<&'static str> {
        None
    }

    /// The time, if the stack follows the clock on the wall: the first question begins the scenario. A stack in virtual
    /// time has none of its own.
    fn now(&mut self) -> Option<Instant> {
        None
    }

    /// Changes a setting of the kernel's network namespace, now. `folder` is where the script lies. What comes back is
    /// why an optional one could not be changed.
    fn configure(&mut self, setting: &Setting, folder: Option<&Path>) -> Result<Option<String>, SettingError> {
        let _ = folder;
        Err(SettingError::Impossible(format!("{setting:?}")))
    }

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
    /// `fast-open`: `MSG_FASTOPEN` and `TCP_FASTOPEN` (RFC 7413).
    FastOpen,
    /// `datagrams`: whatever goes beyond TCP in plain IP packets: sockets of UDP and ICMP, outer headers, flow
    /// labels, IPv4 in sockets of IPv6, packets that were put together of several.
    Datagrams,
    /// `files`: descriptors that are no sockets (`epoll`, pipes, files), control messages, null buffers.
    Files,
    /// `tcp-in-udp`: a socket can be told to carry its segments in UDP.
    TcpInUdp,
}

impl Capability {
    /// Every capability, with the word that scenarios use for it.
    pub const ALL: [(Capability, &'static str); 14] = [
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
        (Capability::FastOpen, "fast-open"),
        (Capability::Datagrams, "datagrams"),
        (Capability::Files, "files"),
        (Capability::TcpInUdp, "tcp-in-udp"),
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
    /// Whether the link takes large packets and unfinished checksums, as network cards do.
    pub has_offload: bool,
    /// The size of the segments that an injected packet stands for, as if the device had merged them; 0: none.
    pub virtual_mss: u16,
    /// The habits that the stack is asked for, the later of two overriding the earlier. It tells by
    /// [`Stack::follows`] which ones it has.
    pub habits: Vec<HabitValue>,
}

impl Setup {
    /// A plain link between two addresses: Ethernet's MTU, no habits, a seed of 0.
    pub fn plain(local: IpAddr, remote: IpAddr) -> Setup {
        Setup {
            seed: 0,
            local,
            prefix: 24,
            remote,
            mtu: 1500,
            has_offload: true,
            virtual_mss: 0,
            isns: Vec::new(),
            habits: Vec::new(),
        }
    }
}

/// Makes a stack ready for one scenario.
pub type Factory = fn(&Setup) -> Result<Box<dyn Stack>, StackError>;

/// A stack by its name.
#[derive(Clone, Copy, Debug)]
pub struct NamedStack {
    /// The name by which the command line selects it.
    pub name: &'static str,
    /// Makes one.
    pub factory: Factory,
}

/// Every in-process stack.
pub const fn all() -> &'static [NamedStack] {
    &[NamedStack { name: "reference", factory: reference::new }, NamedStack { name: "smoltcp", factory: smoltcp::new }]
}

/// Every stack that follows the clock on the wall: it is judged only where it is named.
pub const fn live() -> &'static [NamedStack] {
    #[cfg(target_os = "linux")]
    return &[linux::LINUX];
    #[cfg(not(target_os = "linux"))]
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

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Setup, StackError, all};
    use crate::posix::{AF_INET, IPPROTO_TCP, SO_RCVBUF, SO_SNDBUF, SOCK_STREAM, SOL_SOCKET};
    use crate::trace::{Call, Fd, Instant, Response, Return, Stimulus, Ticket};

    /// Scripts ask for the buffers before they set any, since windows follow from them.
    #[test]
    fn every_stack_tells_its_buffers() -> Result<(), StackError> {
        let [local, remote] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        let setup = Setup::plain(local, remote);
        for named in all() {
            let mut stack = (named.factory)(&setup)?;
            let mut call = |ticket, call| {
                stack.stimulate(Instant::ZERO, &Stimulus::Call { ticket: Ticket(ticket), call })?;
                stack.advance(Instant::ZERO)
            };
            let socket =
                Call::Socket { domain: AF_INET as i32, kind: SOCK_STREAM as i32, protocol: IPPROTO_TCP as i32 };
            let opened = call(1, socket)?;
            assert!(matches!(opened, Some((_, Response::Return { value: Return { value: 3, .. }, .. }))), "{opened:?}");
            for (ticket, name) in [(2, SO_RCVBUF), (3, SO_SNDBUF)] {
                let get = Call::GetOption { fd: Fd(3), level: SOL_SOCKET as i32, name: name as i32, length: 4 };
                let value = Return { data: 65_535_i32.to_le_bytes().to_vec(), ..Return::ok(0) };
                let told = Response::Return { ticket: Ticket(ticket), value };
                assert_eq!(call(ticket, get)?, Some((Instant::ZERO, told)), "{}", named.name);
            }
        }
        Ok(())
    }
}
