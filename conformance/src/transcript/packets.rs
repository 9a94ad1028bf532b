//! The lines of packets.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::net::{IpAddr, SocketAddr};

use wirelaw_reference::seq::Seq;
use wirelaw_reference::wire::{Body, Flags, Icmp, Ip, Packet, Segment, TcpOption, icmp};

use super::Text;

/// What is known of each direction, by sender and receiver.
#[derive(Default)]
pub(super) struct Flows(BTreeMap<(SocketAddr, SocketAddr), Numbers>);

/// The numbers of one direction.
#[derive(Clone, Copy)]
struct Numbers {
    /// The initial sequence number that relative numbers count from.
    initial: Seq,
    /// The number of the last SYN, which may be an old duplicate or the start of a new connection.
    last_syn: Seq,
}

impl Flows {
    /// Writes the line of the packet `octets`, which go `to` the stack or come `from` it.
    pub(super) fn packet(&mut self, out: &mut String, way: &str, octets: &[u8]) -> fmt::Result {
        let (packet, fault) = match Packet::decode_lenient(octets) {
            Ok(decoded) => decoded,
            Err(error) => return write!(out, "{} octets {way} the stack that are no packet: {error}", octets.len()),
        };
        header(out, &packet.ip)?;
        match &packet.body {
            Body::Tcp(segment) => self.segment(out, &packet.ip, segment)?,
            Body::Udp(udp) => {
                endpoints(out, &packet.ip, udp.source_port, udp.destination_port)?;
                write!(out, "UDP, length {}", udp.payload.len())?;
                text(out, &udp.payload)?;
            }
            Body::Icmp(message) => icmp_message(out, &packet.ip, message)?,
        }
        fault.map_or(Ok(()), |fault| write!(out, " ({fault})"))
    }

    fn segment(&mut self, out: &mut String, ip: &Ip, segment: &Segment) -> fmt::Result {
        let source = SocketAddr::new(ip.source, segment.source_port);
        let destination = SocketAddr::new(ip.destination, segment.destination_port);
        let is_syn = segment.flags.contains(Flags::SYN);
        if is_syn {
            self.synchronize(source, destination, segment);
        }
        let known = |from, to| if is_syn { None } else { self.0.get(&(from, to)).map(|numbers| numbers.initial) };
        let (ours, theirs) = (known(source, destination), known(destination, source));

        endpoints(out, ip, segment.source_port, segment.destination_port)?;
        write!(out, "Flags [{}], seq ", segment.flags.letters())?;
        let length = segment.payload.len() as u32;
        range(out, segment.seq, (length > 0).then(|| segment.seq + length), ours)?;
        if segment.flags.contains(Flags::ACK) {
            out.push_str(", ack ");
            range(out, segment.ack, None, theirs)?;
        }
        write!(out, ", win {}", segment.window)?;
        if segment.flags.contains(Flags::URG) {
            write!(out, ", urg {}", segment.urgent_pointer)?;
        }
        options(out, &segment.options, theirs)?;
        write!(out, ", length {length}")?;
        text(out, &segment.payload)
    }

    /// The first SYN of a direction tells its initial number. A later one does so only once the other side has
    /// answered it with a SYN,ACK: before that it may be refused.
    fn synchronize(&mut self, source: SocketAddr, destination: SocketAddr, segment: &Segment) {
        let acknowledged = segment.flags.contains(Flags::ACK).then(|| segment.ack.back(1));
        let peer = self.0.get_mut(&(destination, source)).filter(|peer| Some(peer.last_syn) == acknowledged);
        let opens = peer.is_some();
        if let Some(peer) = peer {
            peer.initial = peer.last_syn;
        }
        let fresh = Numbers { initial: segment.seq, last_syn: segment.seq };
        let numbers = self.0.entry((source, destination)).or_insert(fresh);
        numbers.last_syn = segment.seq;
        if opens {
            numbers.initial = segment.seq;
        }
    }
}

/// `IP`, with the type of service only where it says something.
fn header(out: &mut String, ip: &Ip) -> fmt::Result {
    out.push_str(if ip.source.is_ipv4() { "IP " } else { "IP6 " });
    if ip.traffic_class == 0 { Ok(()) } else { write!(out, "(tos 0x{:x}) ", ip.traffic_class) }
}

fn endpoints(out: &mut String, ip: &Ip, source_port: u16, destination_port: u16) -> fmt::Result {
    write!(out, "{}.{source_port} > {}.{destination_port}: ", ip.source, ip.destination)
}

/// `1:19 (3626544837)`: relative to `initial` and then absolute, or absolute only.
fn range(out: &mut String, first: Seq, end: Option<Seq>, initial: Option<Seq>) -> fmt::Result {
    number(out, first, initial)?;
    if let Some(end) = end {
        out.push(':');
        number(out, end, initial)?;
    }
    initial.map_or(Ok(()), |_| write!(out, " ({first})"))
}

/// A number before the initial one is negative, since a huge one would say nothing.
fn number(out: &mut String, seq: Seq, initial: Option<Seq>) -> fmt::Result {
    match initial {
        None => write!(out, "{seq}"),
        Some(initial) if seq.is_before(initial) => write!(out, "-{}", initial - seq),
        Some(initial) => write!(out, "{}", seq - initial),
    }
}

fn options(out: &mut String, options: &[TcpOption], theirs: Option<Seq>) -> fmt::Result {
    for (index, option) in options.iter().enumerate() {
        out.push_str(if index == 0 { ", options [" } else { "," });
        let TcpOption::Sack(blocks) = option else {
            write!(out, "{option}")?;
            continue;
        };
        write!(out, "sack {} ", blocks.len())?;
        for (left, right) in blocks {
            out.push('{');
            range(out, *left, Some(*right), theirs)?;
            out.push('}');
        }
    }
    if !options.is_empty() {
        out.push(']');
    }
    Ok(())
}

fn icmp_message(out: &mut String, ip: &Ip, message: &Icmp) -> fmt::Result {
    let (title, name) = match ip.source {
        IpAddr::V4(_) => ("ICMP", icmp::v4::name(message.kind, message.code)),
        IpAddr::V6(_) => ("ICMP6", icmp::v6::name(message.kind, message.code)),
    };
    write!(out, "{} > {}: {title} ", ip.source, ip.destination)?;
    match name {
        Some(name) => out.push_str(name),
        None => write!(out, "type {} code {}", message.kind, message.code)?,
    }
    if let Some((identifier, sequence)) = message.echo() {
        write!(out, ", id {identifier}, seq {sequence}")?;
    }
    if let Some(mtu) = message.mtu() {
        write!(out, ", mtu {mtu}")?;
    }
    if let Some(quoted) = message.quoted() {
        write!(out, ", quoting {}.{} > ", quoted.source, quoted.source_port)?;
        write!(out, "{}.{}: seq {}", quoted.destination, quoted.destination_port, quoted.seq)?;
    }
    write!(out, ", length {}", message.payload.len() + 8)
}

fn text(out: &mut String, payload: &[u8]) -> fmt::Result {
    if payload.is_empty() { Ok(()) } else { write!(out, ": {}", Text(payload)) }
}
