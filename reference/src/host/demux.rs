//! Which connection a packet belongs to (RFC 9293 §3.9, §3.10.7).

use alloc::boxed::Box;
use core::net::{IpAddr, SocketAddr};

use super::{ConnectionId, FourTuple, Host, Listener, ListenerId};
use crate::clause;
use crate::seq::Seq;
use crate::tcp::{
    BlackHole, Codepoint, Connection, Disposition, FastOpenGrant, IcmpError, IllegalOptions, PacketTooBig, Reopening,
    SoftError, State, fast_open_cookie, refusal_in_listen, reset_for, timestamps_in,
};
use crate::time::Instant;
use crate::wire::{Body, Flags, Icmp, Packet, Segment, icmp};

impl Host {
    /// An IP packet arrives. Packets that are not for this host, or not TCP or ICMP, are ignored.
    pub fn handle_packet(&mut self, now: Instant, packet: &Packet) -> Disposition {
        let (source, destination) = (packet.ip.source, packet.ip.destination);
        if !self.addresses.contains(&destination) || !is_unicast(source) {
            return Disposition::Drop(clause::INVALID_ADDRESS);
        }
        match &packet.body {
            Body::Tcp(segment) => {
                let tuple = FourTuple {
                    local: SocketAddr::new(destination, segment.destination_port),
                    remote: SocketAddr::new(source, segment.source_port),
                };
                self.handle_segment(now, tuple, segment, Codepoint::of(packet.ip.traffic_class))
            }
            Body::Icmp(icmp) => self.handle_icmp(now, destination.is_ipv6(), icmp),
            Body::Udp(_) => Disposition::Drop(clause::CLOSED_RST),
        }
    }

    /// A packet arrives whose TCP segment has an option of illegal length; it has the options before
    /// it ([`Packet::decode_received`]). What becomes of it says [`Config::illegal_options`] of the
    /// connection or listener that it is for. Without either, it is answered as any other.
    ///
    /// [`Config::illegal_options`]: crate::tcp::Config::illegal_options
    pub fn handle_illegal_options(&mut self, now: Instant, packet: &Packet) -> Disposition {
        let (source, destination) = (packet.ip.source, packet.ip.destination);
        let Some(segment) = packet.segment() else { return self.handle_packet(now, packet) };
        if !self.addresses.contains(&destination) || !is_unicast(source) {
            return Disposition::Drop(clause::INVALID_ADDRESS);
        }
        let tuple = FourTuple {
            local: SocketAddr::new(destination, segment.destination_port),
            remote: SocketAddr::new(source, segment.source_port),
        };
        if let Some(id) = self.connections.find(&tuple) {
            let Some(entry) = self.connections.get_mut(id) else { return Disposition::Drop(clause::ILLEGAL_OPTION) };
            let disposition = entry.connection.handle_illegal_options(now, segment);
            self.settle(id);
            return disposition;
        }
        let listener = self.listener_for(tuple.local).and_then(|id| self.listeners.get(&id));
        match listener.map(|listener| listener.config.illegal_options) {
            Some(IllegalOptions::Discard) => Disposition::Drop(clause::ILLEGAL_OPTION),
            Some(IllegalOptions::Reset) if !segment.flags.contains(Flags::RST) => {
                self.refuse(tuple, segment);
                Disposition::Reset(clause::ILLEGAL_OPTION)
            }
            _ => self.handle_packet(now, packet),
        }
    }

    fn handle_segment(&mut self, now: Instant, tuple: FourTuple, segment: &Segment, field: Codepoint) -> Disposition {
        if self.strays.drop_syn_fin && segment.flags.contains(Flags::SYN | Flags::FIN) {
            return Disposition::Drop(clause::SYN_FIN);
        }
        if let Some(id) = self.connections.find(&tuple) {
            return match self.knock_on_time_wait(id, tuple, segment) {
                Knock::Open(above) => self.reopen(now, id, segment, above),
                Knock::Drop => Disposition::Drop(clause::SYN_TIME_WAIT),
                Knock::None => self.handle_known(now, id, segment, field),
            };
        }
        self.handle_new(now, tuple, segment, None)
    }

    fn handle_known(&mut self, now: Instant, id: ConnectionId, segment: &Segment, field: Codepoint) -> Disposition {
        let Some(entry) = self.connections.get_mut(id) else {
            return Disposition::Drop(clause::CLOSED_RST);
        };
        let disposition = entry.connection.handle_marked_segment(now, segment, field);
        if let Some(outcome) = entry.connection.take_fast_open_outcome() {
            self.cookies.learn(now, entry.tuple.remote, outcome);
        }
        match entry.connection.state() {
            State::SynReceived => {}
            State::Listen => self.restore_time_wait(id),
            _ => entry.replaced = None,
        }
        self.settle(id);
        disposition
    }

    /// A SYN takes the 4-tuple of a connection in TIME-WAIT, which is kept aside.
    fn reopen(&mut self, now: Instant, id: ConnectionId, segment: &Segment, above: Seq) -> Disposition {
        let Some(mut old) = self.remove(id) else {
            return Disposition::Drop(clause::CLOSED_RST);
        };
        let tuple = old.tuple;
        let disposition = self.handle_new(now, tuple, segment, Some(above));
        if let Some(new) = self.connections.find(&tuple).and_then(|new| self.connections.get_mut(new)) {
            old.is_ready = false;
            new.replaced = Some(Box::new((id, old)));
        }
        disposition
    }

    /// The SYN was an old duplicate: TIME-WAIT is as it was (§3.6.1, MAY-2).
    fn restore_time_wait(&mut self, id: ConnectionId) {
        let Some(replaced) = self.connections.get_mut(id).and_then(|entry| entry.replaced.take()) else { return };
        let (old_id, old) = *replaced;
        self.remove(id);
        self.connections.restore(old_id, old);
        self.settle(old_id);
    }

    /// MAY-2, RFC 6191: a SYN beyond everything the old incarnation has used may reopen TIME-WAIT at
    /// once, if somebody listens and has room.
    fn knock_on_time_wait(&self, id: ConnectionId, tuple: FourTuple, segment: &Segment) -> Knock {
        let Some(old) = self.connections.get(id).map(|entry| &entry.connection) else { return Knock::None };
        if old.state() != State::TimeWait || refusal_in_listen(segment).is_some() {
            return Knock::None;
        }
        let accepts = match old.config().reopen_time_wait {
            Reopening::Never => return Knock::None,
            Reopening::BySequence => is_beyond(old, segment),
            Reopening::ByEither => is_beyond(old, segment) || is_newer(old, segment),
            Reopening::ByTimestamps => {
                let listener = self.listener_for(tuple.local).and_then(|id| self.listeners.get(&id));
                let stamped = listener.map_or(old.config(), |listener| &listener.config).timestamps;
                let new = timestamps_in(&segment.options).filter(|_| stamped);
                if !honors(old, segment, new) {
                    return Knock::Drop;
                }
                true
            }
        };
        if accepts && self.has_room_for(tuple.local) { Knock::Open(old.snd().nxt) } else { Knock::None }
    }

    /// No connection has this 4-tuple: a listener takes a SYN, anything else is answered as in
    /// CLOSED or LISTEN.
    fn handle_new(&mut self, now: Instant, tuple: FourTuple, segment: &Segment, above: Option<Seq>) -> Disposition {
        let Some(listener) = self.listener_for(tuple.local) else {
            let is_syn = segment.flags.contains(Flags::SYN);
            return match self.strays.black_hole {
                BlackHole::Syns if is_syn => Disposition::Drop(clause::BLACK_HOLE),
                BlackHole::Everything => Disposition::Drop(clause::BLACK_HOLE),
                BlackHole::Off | BlackHole::Syns => self.refuse(tuple, segment),
            };
        };
        if let Some(refusal) = refusal_in_listen(segment) {
            if let Disposition::Reset(_) = refusal {
                self.refuse(tuple, segment);
            }
            return refusal;
        }
        let Some(found) = self.listeners.get(&listener) else {
            return self.refuse(tuple, segment);
        };
        if !found.has_room() {
            if found.config.abort_on_overflow {
                self.refuse(tuple, segment);
                return Disposition::Reset(clause::BACKLOG_FULL_RESET);
            }
            return Disposition::Drop(clause::BACKLOG_FULL);
        }
        let config = found.config.clone();
        let iss = self.isn.choose(now, &tuple, above);
        let grant = self.judge_cookie(listener, tuple, segment);
        let mut connection = Connection::open_passive(config, tuple.local.port(), iss);
        connection.suggest_timestamp_offset(self.isn.timestamp_offset(&tuple));
        let accepts = grant.as_ref().is_some_and(|grant| grant.accepts);
        if let Some(grant) = grant {
            connection.grant_fast_open(grant);
        }
        let id = self.insert(tuple, connection, Some(listener));
        if let Some(found) = self.listeners.get_mut(&listener) {
            found.waiting.insert(id);
            if accepts {
                found.opened_fast.insert(id);
            }
        }
        self.handle_known(now, id, segment, Codepoint::NotEct) // a mark on a SYN means nothing (RFC 3168 §6.1.1)
    }

    /// What a SYN with a Fast Open option gets from a listener that serves it; above the limit, nothing
    /// (RFC 7413 §4.2).
    fn judge_cookie(&mut self, listener: ListenerId, tuple: FourTuple, segment: &Segment) -> Option<FastOpenGrant> {
        let (shown, experimental) = fast_open_cookie(&segment.options)?;
        let found = self.listeners.get_mut(&listener)?;
        let limit = found.config.fast_open.pending as usize;
        if limit == 0 {
            return None;
        }
        let cookie = self.cookies.make(tuple.remote.ip());
        if shown != cookie.as_slice() {
            return Some(FastOpenGrant { cookie: Some(cookie), experimental, accepts: false });
        }
        let waits = |id: &ConnectionId| {
            self.connections.get(*id).is_some_and(|entry| entry.connection.state() == State::SynReceived)
        };
        found.opened_fast.retain(waits);
        let room = found.opened_fast.len() < limit;
        room.then_some(FastOpenGrant { cookie: None, experimental, accepts: true })
    }

    /// §3.10.7.1
    fn refuse(&mut self, tuple: FourTuple, segment: &Segment) -> Disposition {
        match reset_for(segment) {
            None => Disposition::Drop(clause::CLOSED_RST),
            Some(mut reset) => {
                if !self.strays.reset_timestamps {
                    reset.options.clear();
                }
                self.outbox.push_back(Packet::tcp(tuple.local.ip(), tuple.remote.ip(), reset));
                Disposition::Reset(clause::CLOSED_RESET)
            }
        }
    }

    fn has_room_for(&self, local: SocketAddr) -> bool {
        let listener = self.listener_for(local).and_then(|id| self.listeners.get(&id));
        listener.is_some_and(Listener::has_room)
    }

    fn listener_for(&self, local: SocketAddr) -> Option<ListenerId> {
        let port = self.ports.get(&local.port())?;
        port.iter().find(|id| self.listeners.get(id).is_some_and(|listener| listener.serves(local))).copied()
    }

    /// §3.9.2.2: an error concerns the connection whose segment it quotes, and no other (MUST-54).
    fn handle_icmp(&mut self, now: Instant, is_v6: bool, icmp: &Icmp) -> Disposition {
        if !is_v6 && icmp.kind == icmp::v4::SOURCE_QUENCH {
            return Disposition::Drop(clause::ICMP_QUENCH); // MUST-55
        }
        let known = icmp.quoted().and_then(|quoted| {
            let tuple = FourTuple {
                local: SocketAddr::new(quoted.source, quoted.source_port),
                remote: SocketAddr::new(quoted.destination, quoted.destination_port),
            };
            let error = classify(is_v6, icmp, quoted.packet_len)?;
            Some((self.connections.find(&tuple)?, quoted.seq, error))
        });
        let Some((id, seq, error)) = known else { return Disposition::Drop(clause::ICMP_UNKNOWN) };
        let Some(entry) = self.connections.get_mut(id) else { return Disposition::Drop(clause::ICMP_UNKNOWN) };
        let disposition = entry.connection.handle_icmp(now, seq, error);
        if let Some(outcome) = entry.connection.take_fast_open_outcome() {
            self.cookies.learn(now, entry.tuple.remote, outcome);
        }
        self.settle(id);
        disposition
    }
}

/// What an ICMP error means to TCP (RFC 1122 §4.2.3.9, RFC 5461 §2.1); `None`: nothing.
fn classify(is_v6: bool, icmp: &Icmp, packet: u32) -> Option<IcmpError> {
    use icmp::{v4, v6};
    if let Some(mtu) = icmp.mtu() {
        return Some(IcmpError::TooBig(PacketTooBig { mtu, packet, is_v6 }));
    }
    Some(match (is_v6, icmp.kind, icmp.code) {
        (false, v4::UNREACHABLE, 2 | v4::PORT_UNREACHABLE) => IcmpError::Hard, // 2: no such protocol
        (true, v6::UNREACHABLE, 1 | v6::PORT_UNREACHABLE) => IcmpError::Hard,  // 1: prohibited
        (false, v4::UNREACHABLE, 0 | 6 | 9 | 11) | (true, v6::UNREACHABLE, 0) => {
            IcmpError::Soft(SoftError::NetworkUnreachable)
        }
        (false, v4::UNREACHABLE, _) | (true, v6::UNREACHABLE, _) => IcmpError::Soft(SoftError::HostUnreachable),
        (false, v4::TIME_EXCEEDED, _) | (true, v6::TIME_EXCEEDED, _) => IcmpError::Soft(SoftError::TimeExceeded),
        (false, v4::PARAMETER_PROBLEM, _) | (true, v6::PARAMETER_PROBLEM, _) => {
            IcmpError::Soft(SoftError::ParameterProblem)
        }
        _ => return None,
    })
}

/// What a segment for a connection in TIME-WAIT asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knock {
    /// Nothing new.
    None,
    /// A new connection, which it gets; the old one had used our numbers up to this one.
    Open(Seq),
    /// A new connection, which it does not get.
    Drop,
}

/// The SYN lies beyond the peer's old FIN, which is the last number that it had used.
fn is_beyond(old: &Connection, syn: &Segment) -> bool {
    syn.seq.is_at_or_after(old.rcv().nxt)
}

/// The timestamp of the SYN is newer than the last one of the old connection.
fn is_newer(old: &Connection, syn: &Segment) -> bool {
    let last = old.timestamps();
    last.ok && timestamps_in(&syn.options).is_some_and(|(val, _)| Seq(val).is_after(Seq(last.recent)))
}

/// RFC 6191 §2. `new`: the timestamps of the SYN, if the new connection would use them.
fn honors(old: &Connection, syn: &Segment, new: Option<(u32, u32)>) -> bool {
    match (old.timestamps().ok.then_some(old.timestamps().recent), new) {
        (Some(last), Some((val, _))) => Seq(val).is_after(Seq(last)) || val == last && is_beyond(old, syn),
        (None, Some(_)) => true,
        (_, None) => is_beyond(old, syn),
    }
}

/// Whether a segment may come from this address (MUST-57, MUST-63).
pub(super) fn is_unicast(address: IpAddr) -> bool {
    let is_broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    !address.is_multicast() && !address.is_unspecified() && !is_broadcast
}
