//! The connections of a capture, and which of them is meant.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use wirelaw_reference::wire::Flags;

use super::errors::Told;
use super::link::Seen;
use super::{Choice, RecordError};

/// Within so many nanoseconds the same packet twice can be one packet.
const TWICE: u64 = 10_000_000;

/// One incarnation of a connection.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    /// Who sent the first packet: with a SYN, the client.
    pub(super) client: SocketAddr,
    pub(super) server: SocketAddr,
    pub(super) packets: Vec<Seen>,
    /// ICMP errors that quote a segment of it.
    pub(super) errors: Vec<Told>,
    /// A reset, or a FIN of both.
    is_over: bool,
    fins: [bool; 2],
}

impl Connection {
    /// Whether it begins with a SYN.
    pub(super) fn is_whole(&self) -> bool {
        self.packets.first().is_some_and(is_syn)
    }

    fn add(&mut self, seen: Seen) {
        let flags = seen.segment.flags;
        if flags.contains(Flags::FIN) {
            self.fins[usize::from(seen.source() == self.server)] = true;
        }
        self.is_over |= flags.contains(Flags::RST) || self.fins == [true; 2];
        self.packets.push(seen);
    }
}

fn is_syn(seen: &Seen) -> bool {
    seen.segment.flags.contains(Flags::SYN) && !seen.segment.flags.contains(Flags::ACK)
}

/// Sorts packets into connections, in the order of their first packets; a SYN with another number after the end of
/// one begins the next.
pub(super) fn connections(packets: Vec<Seen>) -> Vec<Connection> {
    let mut all: Vec<Connection> = Vec::new();
    let mut latest = BTreeMap::new();
    for seen in packets {
        let (a, b) = (seen.source(), seen.destination());
        let key = ends(a, b);
        let known = latest.get(&key).copied().filter(|at: &usize| {
            let connection = &all[*at];
            let first = &connection.packets[0];
            let same = first.source() == a && first.segment.seq == seen.segment.seq;
            !(is_syn(&seen) && connection.is_over && !same)
        });
        let at = known.unwrap_or_else(|| {
            let (fins, is_over) = ([false; 2], false);
            all.push(Connection { client: a, server: b, packets: Vec::new(), errors: Vec::new(), is_over, fins });
            latest.insert(key, all.len() - 1);
            all.len() - 1
        });
        all[at].add(seen);
    }
    all
}

/// Gives ICMP errors to the connections that they are about, of several with the same ends the latest before it; how
/// many are about none.
pub(super) fn tell(all: &mut [Connection], errors: Vec<Told>) -> usize {
    let mut places: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, connection) in all.iter().enumerate() {
        places.entry(ends(connection.client, connection.server)).or_default().push(at);
    }
    let mut strays = 0;
    for told in errors {
        let has_begun = |at: &&usize| all[**at].packets.first().is_some_and(|first| first.at <= told.at);
        let Some(at) = places.get(&ends(told.source, told.to)).and_then(|all| all.iter().rev().find(has_begun)) else {
            strays += 1;
            continue;
        };
        let known = &mut all[*at].errors;
        // the same message, seen at another interface
        if !known.iter().rev().take_while(|other| other.is_near(&told)).any(|other| other.is_twin(&told)) {
            known.push(told);
        }
    }
    strays
}

/// The ends of a connection, whoever is named first.
fn ends(a: SocketAddr, b: SocketAddr) -> (SocketAddr, SocketAddr) {
    (a.min(b), a.max(b))
}

/// Drops packets that the capture has twice, as one on all interfaces does; how many.
pub(super) fn drop_twins(connection: &mut Connection) -> usize {
    let before = connection.packets.len();
    let mut kept: Vec<Seen> = Vec::with_capacity(before);
    for seen in connection.packets.drain(..) {
        let recent = kept.iter().rev().take_while(|other| seen.at.saturating_sub(other.at) <= TWICE).take(64);
        if !recent.into_iter().any(|other| is_twin(other, &seen)) {
            kept.push(seen);
        }
    }
    connection.packets = kept;
    before - connection.packets.len()
}

/// The same packet, seen at another place; or at the same, with the number that no other packet has (RFC 6864).
fn is_twin(a: &Seen, b: &Seen) -> bool {
    let is_elsewhere = a.interface != b.interface || a.is_sent != b.is_sent;
    let is_numbered = a.ip.source.is_ipv4() && a.ip.identification != 0;
    a.segment == b.segment
        && (a.ip.source, a.ip.destination) == (b.ip.source, b.ip.destination)
        && a.ip.identification == b.ip.identification
        && (is_elsewhere || is_numbered)
}

/// The connection that is meant.
pub(super) fn select(all: Vec<Connection>, choice: Option<&Choice>) -> Result<Connection, RecordError> {
    let several = |all: &[Connection], why: &str| {
        RecordError::new(format!("{why}\n{}write --connection N with one of these numbers", list(all)))
    };
    match choice {
        None if all.len() == 1 => Ok(all.into_iter().next().ok_or_else(none)?),
        None if all.is_empty() => Err(none()),
        None => Err(several(&all, &format!("the capture has {} connections:", all.len()))),
        Some(Choice::Number(number)) => match number.checked_sub(1).filter(|at| *at < all.len()) {
            Some(at) => all.into_iter().nth(at).ok_or_else(none),
            None => Err(several(&all, &format!("there is no connection {number}:"))),
        },
        Some(Choice::Ends(a, b)) => {
            let is_it = |connection: &Connection| {
                let ends = (connection.client, connection.server);
                ends == (*a, *b) || ends == (*b, *a)
            };
            match all.iter().filter(|connection| is_it(connection)).count() {
                0 => Err(several(&all, &format!("there is no connection {a}-{b}:"))),
                1 => all.into_iter().find(is_it).ok_or_else(none),
                _ => Err(several(&all, &format!("there is more than one connection {a}-{b}:"))),
            }
        }
    }
}

fn none() -> RecordError {
    RecordError::new("the capture has no TCP connection".to_owned())
}

fn list(all: &[Connection]) -> String {
    use std::fmt::Write as _;
    const MOST: usize = 100;
    let epoch = all.first().and_then(|first| first.packets.first()).map_or(0, |first| first.at);
    let mut text = String::new();
    for (at, connection) in all.iter().enumerate().take(MOST) {
        let start = connection.packets.first().map_or(0, |first| first.at).saturating_sub(epoch);
        let note = if connection.is_whole() { "" } else { ", without its beginning" };
        let seconds = crate::script::printer::print_seconds(start / 1000);
        let (client, server, count) = (connection.client, connection.server, connection.packets.len());
        let plural = if count == 1 { "packet" } else { "packets" };
        let _ = writeln!(text, "  {}  at {seconds} s  {client}-{server}  {count} {plural}{note}", at + 1);
    }
    if all.len() > MOST {
        let _ = writeln!(text, "  and {} more", all.len() - MOST);
    }
    text
}

/// Which end is the stack under test: the one that is named; else the one on whose machine the capture was made, if
/// it says; else the server, if it ever answers.
pub(super) fn local(connection: &Connection, named: Option<&super::End>) -> Result<SocketAddr, RecordError> {
    let ends = [connection.server, connection.client];
    if let Some(end) = named {
        let fits = |candidate: &SocketAddr| {
            candidate.ip() == end.address && end.port.is_none_or(|port| port == candidate.port())
        };
        let found: Vec<&SocketAddr> = ends.iter().filter(|candidate| fits(candidate)).collect();
        return match found[..] {
            [one] => Ok(*one),
            [] => Err(RecordError::new(format!("neither {} nor {} is that of --local", ends[1], ends[0]))),
            _ => Err(RecordError::new(format!(
                "both ends have the address {}: write --local {} for the server, or --local {} for the client",
                end.address, ends[0], ends[1]
            ))),
        };
    }
    let senders = |is_sent| {
        let of = connection.packets.iter().filter(move |seen| seen.is_sent == Some(is_sent));
        of.map(Seen::source).collect::<std::collections::BTreeSet<_>>()
    };
    let (ours, theirs) = (senders(true), senders(false));
    let candidates: Vec<&SocketAddr> = ours.difference(&theirs).collect();
    if let [one] = candidates[..]
        && !theirs.is_empty()
    {
        return Ok(*one);
    }
    let answers = connection.packets.iter().any(|seen| seen.source() == connection.server);
    Ok(if answers { connection.server } else { connection.client })
}
