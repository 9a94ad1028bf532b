//! Which connection a packet belongs to, and how its numbers in the script relate to live ones
//! (packetdrill language, 4.1 to 4.4).
//!
//! Numbers are absolute in segments with SYN and relative to the initial sequence number in all
//! others. The runner's own initial sequence number is the scripted one, moved by the same distance
//! on every connection of a run.

use super::streams::Streams;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use wirelaw_reference::seq::Seq;
use wirelaw_reference::wire::{Flags, Ip, Segment};

use super::settings::Settings;

/// Names a flow of this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FlowId(usize);

/// How far the script has brought a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// `socket()` and perhaps `bind()`.
    New,
    /// `listen()`
    Listening,
    /// `connect()`
    Active,
    /// Made by an inbound packet.
    Passive,
}

/// One connection, or a socket that may become one.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) role: Role,
    pub(super) label: Option<String>,
    /// The stack's end; not known before the first packet of an active flow.
    pub(super) local: Option<SocketAddr>,
    /// The runner's end.
    pub(super) remote: Option<SocketAddr>,
    pub(super) numbers: Numbers,
    /// Whether the runner has sent anything but zeros.
    pub(super) has_text: bool,
    /// How far what the stack sends has come, where it is compared as streams.
    pub(super) streams: Streams,
    /// TSval of the script -> live, of what the stack sent.
    pub(super) timestamps: BTreeMap<u32, u32>,
    /// Cookies of Fast Open that the stack has given: script -> live. Those of one connection are
    /// there for the next, so a new flow has them all.
    pub(super) cookies: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The flow label of the script and the live one that it stood for last.
    pub(super) label_of_ip: Option<(u32, u32)>,
    /// The UDP ports in which the stack carried its last segment, its own first.
    pub(super) udp_ports: Option<(u16, u16)>,
    /// Whether its socket is one of UDP or ICMP: sending to an address connects it as far as scripts are concerned.
    pub(super) is_datagram: bool,
    /// `connect(fd, AF_UNSPEC, ...)` has ended the connection.
    pub(super) is_disconnected: bool,
}

/// How script numbers and live ones relate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    /// The stack's initial sequence number: script, live.
    local: Option<(Seq, Seq)>,
    /// The runner's: script, live.
    remote: Option<(Seq, Seq)>,
    /// Whether a SYN told the runner's, and not a stray first packet.
    remote_is_sure: bool,
    /// By how much the runner's numbers are moved.
    shift: u32,
    /// The first TSval of the stack that a line names: script, live.
    pub(super) first_timestamp: Option<(u32, u32)>,
}

/// Whose sequence space a number belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// The stack's.
    Local,
    /// The runner's.
    Remote,
}

impl Numbers {
    fn offset(&self, space: Space, syn: bool) -> u32 {
        match (space, syn) {
            (Space::Local, true) => self.local.map_or(0, |(script, live)| live - script),
            (Space::Local, false) => self.local.map_or(0, |(_, live)| live.0),
            (Space::Remote, true) => self.shift,
            (Space::Remote, false) => self.remote.map_or(0, |(_, live)| live.0),
        }
    }

    /// As the other side sees them.
    pub(super) fn mirrored(&self) -> Numbers {
        let shift = self.local.map_or(0, |(script, live)| live - script);
        Numbers { local: self.remote, remote: self.local, remote_is_sure: true, shift, first_timestamp: None }
    }

    /// The live number of a scripted one in a segment with or without SYN.
    pub(super) fn live(&self, space: Space, syn: bool, script: u32) -> Seq {
        Seq(script) + self.offset(space, syn)
    }

    /// The scripted number of a live one.
    pub(super) fn script(&self, space: Space, syn: bool, live: Seq) -> u32 {
        live.back(self.offset(space, syn)).0
    }

    /// A live TSval of the stack as the script counts.
    pub(super) fn script_timestamp(&self, live: u32) -> u32 {
        self.first_timestamp.map_or(live, |(script, first)| script.wrapping_add(live.wrapping_sub(first)))
    }

    /// The stack's initial sequence number is what the script calls `script`.
    pub(super) fn bind_local(&mut self, script: u32, live: Seq) {
        self.local = Some((Seq(script), live));
    }

    pub(super) fn knows_local(&self) -> bool {
        self.local.is_some()
    }

    /// The runner's initial sequence number is what the script calls `script`: so says the first
    /// packet of a connection, or the first with SYN if another came before (4.3).
    pub(super) fn bind_remote(&mut self, script: u32, syn: bool) {
        if self.remote.is_none() || syn && !self.remote_is_sure {
            self.remote = Some((Seq(script), Seq(script) + self.shift));
            self.remote_is_sure = syn;
        }
    }
}

/// All flows of a run.
#[derive(Debug)]
pub(super) struct Flows {
    all: Vec<Flow>,
    /// The socket under test: that of the lines that name no connection.
    current: Option<FlowId>,
    bind: SocketAddr,
    connect: SocketAddr,
    remote_ip: IpAddr,
    next_port: u16,
    used_ports: BTreeSet<u16>,
    labels: BTreeMap<String, FlowId>,
    /// The youngest flow of each pair of ends: of those with one 4-tuple, it lives.
    youngest: BTreeMap<(SocketAddr, SocketAddr), FlowId>,
    shift: u32,
}

impl Flows {
    pub(super) fn new(settings: &Settings, shift: u32) -> Flows {
        Flows {
            all: Vec::new(),
            current: None,
            bind: SocketAddr::new(settings.local, settings.bind_port),
            connect: SocketAddr::new(settings.remote, settings.connect_port),
            remote_ip: settings.remote,
            next_port: 40_000, // below the ephemeral ports of stacks, so that the two are told apart
            used_ports: BTreeSet::new(),
            labels: BTreeMap::new(),
            youngest: BTreeMap::new(),
            shift,
        }
    }

    /// The socket under test: that of the lines that name no connection.
    pub(super) fn under_test(&self) -> Option<FlowId> {
        self.current
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Flow> {
        self.all.iter()
    }

    pub(super) fn get(&self, id: FlowId) -> &Flow {
        &self.all[id.0]
    }

    pub(super) fn get_mut(&mut self, id: FlowId) -> &mut Flow {
        &mut self.all[id.0]
    }

    fn add(&mut self, role: Role, local: Option<SocketAddr>, remote: Option<SocketAddr>) -> FlowId {
        let cookies = self.all.iter().flat_map(|flow| flow.cookies.clone()).collect();
        self.all.push(Flow {
            role,
            label: None,
            local,
            remote,
            numbers: Numbers { shift: self.shift, ..Numbers::default() },
            has_text: false,
            streams: Streams::default(),
            timestamps: BTreeMap::new(),
            cookies,
            label_of_ip: None,
            udp_ports: None,
            is_datagram: false,
            is_disconnected: false,
        });
        let id = FlowId(self.all.len() - 1);
        self.current = Some(id);
        if let (Some(local), Some(remote)) = (local, remote) {
            self.youngest.insert((local, remote), id);
        }
        id
    }

    fn name(&mut self, id: FlowId, label: &str) {
        self.get_mut(id).label = Some(label.to_owned());
        self.labels.insert(label.to_owned(), id);
    }

    /// The first packet of an active flow tells the stack's end.
    pub(super) fn learn_local(&mut self, id: FlowId, local: SocketAddr) {
        let flow = self.get_mut(id);
        if let (None, Some(remote)) = (flow.local, flow.remote) {
            flow.local = Some(local);
            self.youngest.insert((local, remote), id);
        }
    }

    /// `socket()`: the new socket is the one under test.
    pub(super) fn open(&mut self) -> FlowId {
        self.add(Role::New, None, None)
    }

    /// `listen()`
    pub(super) fn listen(&mut self, id: FlowId) {
        self.get_mut(id).role = Role::Listening;
        self.current = Some(id);
    }

    /// `connect()`: the remote end is known, the local one is learnt from the first packet.
    pub(super) fn connect(&mut self, id: FlowId) {
        let remote = self.connect;
        let flow = self.get_mut(id);
        if flow.role != Role::Active {
            flow.role = Role::Active;
            flow.remote = Some(remote);
            self.current = Some(id); // another call for its result does not bring it back under test (4.1)
        }
    }

    /// Where a connection that is made by an inbound packet comes from. A name that begins with a
    /// number is the peer's port; else a port is found that no flow has used.
    fn peer(&mut self, label: Option<&str>) -> SocketAddr {
        let digits: String = label.unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
        let named = digits.parse().ok().filter(|port| *port > 0);
        let port = named.unwrap_or_else(|| self.unused_port());
        self.used_ports.insert(port);
        SocketAddr::new(self.remote_ip, port)
    }

    /// The next port that no flow has; if nearly all are taken, the next one again.
    fn unused_port(&mut self) -> u16 {
        const MANY: usize = 60_000;
        let first = self.next_port.checked_add(1).unwrap_or(1024);
        let mut ports = (first..=u16::MAX).chain(1024..first);
        let unused = ports.find(|port| self.used_ports.len() > MANY || !self.used_ports.contains(port));
        self.next_port = unused.unwrap_or(first);
        self.next_port
    }

    fn by_label(&self, label: &str) -> Option<FlowId> {
        self.labels.get(label).copied()
    }

    /// The flow of an inbound packet; it is made if this is its first.
    pub(super) fn inbound(&mut self, label: Option<&str>) -> FlowId {
        let known = match label {
            Some(label) => self.by_label(label),
            None => self.current.filter(|id| matches!(self.get(*id).role, Role::Active | Role::Passive)),
        };
        known.unwrap_or_else(|| {
            let remote = self.peer(label);
            let id = self.add(Role::Passive, Some(self.bind), Some(remote));
            if let Some(label) = label {
                self.name(id, label);
            }
            id
        })
    }

    /// The flow of an outbound packet that a line expects: a name that is not known yet stands for
    /// the first active connection that has none.
    pub(super) fn outbound(&mut self, label: Option<&str>) -> Option<FlowId> {
        let Some(label) = label else { return self.current };
        self.by_label(label).or_else(|| {
            let unnamed = |flow: &Flow| flow.role == Role::Active && flow.label.is_none();
            let id = self.all.iter().position(unnamed).map(FlowId)?;
            self.name(id, label);
            Some(id)
        })
    }

    /// The passive connection with this peer that was made last: what `accept` returns.
    pub(super) fn with_peer(&self, peer: SocketAddr) -> Option<FlowId> {
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port()); // IPv4 in a socket of IPv6
        self.youngest.get(&(self.bind, peer)).copied()
    }

    /// Whether a live packet from `local` to `remote` belongs to the flow: to one that is not known
    /// yet, if an active flow still waits for its first.
    pub(super) fn owns(&self, id: FlowId, local: SocketAddr, remote: SocketAddr) -> bool {
        let flow = self.get(id);
        if flow.remote != Some(remote) {
            return false;
        }
        let youngest = self.youngest.get(&(local, remote));
        match flow.local {
            Some(_) => youngest == Some(&id),
            None => flow.role == Role::Active && youngest.is_none(),
        }
    }

    /// Whether a live datagram or ICMP message belongs to the flow: ICMP has no ports.
    pub(super) fn owns_datagram(&self, id: FlowId, ip: &Ip, ports: Option<(u16, u16)>) -> bool {
        let flow = self.get(id);
        let is = |end: SocketAddr, address, port: Option<u16>| {
            end.ip() == address && port.is_none_or(|port| port == end.port())
        };
        let (source, destination) = (ports.map(|ports| ports.0), ports.map(|ports| ports.1));
        flow.remote.is_some_and(|remote| is(remote, ip.destination, destination))
            && flow.local.is_none_or(|local| is(local, ip.source, source))
    }

    /// The flow of a live packet, for showing it.
    pub(super) fn of_packet(&self, local: SocketAddr, remote: SocketAddr) -> Option<FlowId> {
        self.youngest.get(&(local, remote)).copied()
    }
}

/// A live segment's numbers as a script would write them.
pub(super) fn scripted(numbers: &Numbers, segment: &Segment) -> (u32, u32) {
    let syn = segment.flags.contains(Flags::SYN);
    let seq = numbers.script(Space::Local, syn, segment.seq);
    let ack = if segment.flags.contains(Flags::ACK) {
        numbers.script(Space::Remote, syn, segment.ack)
    } else {
        segment.ack.0
    };
    (seq, ack)
}
