//! A capture of one connection becomes a script that passes on the stack that made it.
//!
//! | module | what |
//! |---|---|
//! | `capture` | capture files -> frames |
//! | `link` | frames -> TCP segments |
//! | `errors` | ICMP messages about a connection |
//! | `connections` | segments -> connections, and the one that is meant |
//! | `view` | a connection as one of its ends sees it, in the numbers of a script |
//! | `sending`, `receiving` | what the application must have done: writes and closing; reads |
//! | `setup` | options, settings and calls before the first packet |
//! | `write` | all of it as a script |

mod capture;
mod connections;
mod errors;
mod link;
mod receiving;
mod sending;
mod setup;
#[cfg(test)]
mod tests;
mod view;
mod write;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use thiserror::Error;

use link::Sight;

/// The largest capture, in octets.
pub const SIZE_LIMIT: u64 = 256 << 20;

/// The most octets of text of all packets together: those that the capture has not count too.
const MAX_TEXT: usize = 64 << 20;

/// Why there is no script.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}{message}", .offset.map_or(String::new(), |offset| format!("octet {offset}: ")))]
pub struct RecordError {
    /// Where in the file, in octets.
    pub offset: Option<usize>,
    /// What is wrong, and what to write instead if that is known.
    pub message: String,
}

impl RecordError {
    fn new(message: String) -> RecordError {
        RecordError { offset: None, message }
    }

    fn at(offset: usize, message: String) -> RecordError {
        RecordError { offset: Some(offset), message }
    }
}

/// Which connection of a capture is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Its number in the list, from 1.
    Number(usize),
    /// Its ends, in any order.
    Ends(SocketAddr, SocketAddr),
}

impl FromStr for Choice {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Choice, &'static str> {
        if let Ok(number) = text.parse() {
            return Ok(Choice::Number(number));
        }
        let ends = text.split_once('-').and_then(|(a, b)| Some(Choice::Ends(a.parse().ok()?, b.parse().ok()?)));
        ends.ok_or("give a number, or both ends: 192.0.2.1:1234-192.0.2.2:80")
    }
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Its address.
    pub address: IpAddr,
    /// Its port, if the address does not tell the ends apart.
    pub port: Option<u16>,
}

impl FromStr for End {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<End, &'static str> {
        if let Ok(end) = text.parse::<SocketAddr>() {
            return Ok(End { address: end.ip(), port: Some(end.port()) });
        }
        let address =
            text.parse().map_err(|_| "give an address, or one with a port: 192.0.2.1:80, [2001:db8::1]:80")?;
        Ok(End { address, port: None })
    }
}

/// What is to be recorded, and how.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// What the script says of where it comes from: the name of the capture.
    pub name: &'a str,
    /// The connection, if there are several.
    pub connection: Option<Choice>,
    /// The stack under test.
    pub local: Option<End>,
    /// `--tolerance_usecs` of the script.
    pub tolerance: u64,
}

impl<'a> Request<'a> {
    /// Microseconds by which the stack that made a capture may miss its own times.
    pub const TOLERANCE: u64 = 10_000;

    /// The only connection of a capture with this name.
    pub fn new(name: &'a str) -> Request<'a> {
        Request { name, connection: None, local: None, tolerance: Request::TOLERANCE }
    }
}

/// A script, and what there is to say about it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The text, in canonical form.
    pub script: String,
    /// What was decided or left out.
    pub remarks: Vec<String>,
}

/// The script that does again what one connection of this capture file did.
///
/// The error says where the file is wrong, or which connections it has.
pub fn record(octets: &[u8], request: &Request<'_>) -> Result<Recorded, RecordError> {
    if octets.len() as u64 > SIZE_LIMIT {
        return Err(RecordError::new(format!("a capture of more than {SIZE_LIMIT} octets: cut it to one connection")));
    }
    let mut remarks = Vec::new();
    let (packets, errors) = packets(&capture::frames(octets)?, &mut remarks)?;
    let mut all = connections::connections(packets);
    let strays = connections::tell(&mut all, errors);
    if strays > 0 {
        remarks.push(format!("left out: {strays} ICMP errors about other connections"));
    }
    let mut connection = connections::select(all, request.connection.as_ref())?;
    let twins = connections::drop_twins(&mut connection);
    if twins > 0 {
        remarks.push(format!("{twins} packets that the capture has twice are dropped"));
    }
    if !connection.is_whole() {
        let why = "the capture begins in the middle of the connection: a script needs its SYN";
        return Err(RecordError::new(why.to_owned()));
    }
    let local = connections::local(&connection, request.local.as_ref())?;
    let remote = if local == connection.client { connection.server } else { connection.client };
    if request.local.is_none() {
        let role = if local == connection.client { "client" } else { "server" };
        remarks.push(format!("under test is the {role}, {local}; --local {remote} records the other end"));
    }
    let view = view::View::new(&connection, local, &mut remarks)?;
    write::script(&view, request, &mut remarks).map(|script| Recorded { script, remarks })
}

/// The TCP segments of a capture and the ICMP errors about some, in the order of their times; what else there is becomes a remark.
fn packets(
    frames: &[capture::Frame<'_>],
    remarks: &mut Vec<String>,
) -> Result<(Vec<link::Seen>, Vec<errors::Told>), RecordError> {
    let (mut packets, mut errors) = (Vec::new(), Vec::new());
    let mut others: BTreeMap<String, usize> = BTreeMap::new();
    let mut text = 0;
    for frame in frames {
        let other = match link::segment(frame) {
            Sight::Tcp(seen) => {
                text += seen.segment.payload.len();
                if text > MAX_TEXT {
                    let message = format!("packet {}: more than {MAX_TEXT} octets of text are too many", frame.number);
                    return Err(RecordError::new(message));
                }
                packets.push(*seen);
                continue;
            }
            Sight::Told(told) => {
                errors.push(*told);
                continue;
            }
            Sight::Other(what) => what.to_owned(),
            Sight::UnknownLink(link) => format!("of link type {link}, which wirelaw does not know"),
            Sight::Damaged(error) => format!("TCP that cannot be read ({error})"),
        };
        if others.len() < 20 || others.contains_key(&other) {
            *others.entry(other).or_default() += 1;
        }
    }
    let others: Vec<String> = others.into_iter().map(|(what, count)| format!("{count} {what}")).collect();
    if packets.is_empty() {
        let found = if others.is_empty() { String::new() } else { format!(", only: {}", others.join("; ")) };
        return Err(RecordError::new(format!("the capture has no TCP packet{found}")));
    }
    remarks.extend(others.into_iter().map(|what| format!("left out: {what}")));
    packets.sort_by_key(|seen: &link::Seen| seen.at); // stable: equal times keep the order of the file
    errors.sort_by_key(|told: &errors::Told| told.at);
    Ok((packets, errors))
}
