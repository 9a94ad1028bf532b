//! A packet as a line of a script.

use std::collections::BTreeSet;

use wirelaw_reference::wire::{Flags, Packet as IpPacket, TcpOption};

use crate::hex::hex;
use crate::record::view::{Packet, View};
use crate::record::{RecordError, setup};
use crate::script::ast::{EcnSpec, FlagsSpec, IpInfo, OptionSpec, TrafficClass};
use crate::script::printer::{print_flags, print_ip_info, print_option, print_text};

/// Where the timestamps of a script begin.
const FIRST_STAMP: u32 = 100;

/// TSval of both sides, moved so that each begins with [`FIRST_STAMP`].
pub(super) struct Stamps {
    first: [Option<u32>; 2],
    /// Whether an echo is of a value that no packet before it had.
    pub(super) is_scaled: bool,
}

impl Stamps {
    pub(super) fn new(view: &View) -> Stamps {
        let first = |is_out| {
            let of_side = view.packets.iter().filter(move |packet| packet.is_out == is_out);
            of_side.filter_map(Packet::stamps).map(|(val, _)| val).next()
        };
        let mut sent = BTreeSet::new();
        let mut is_scaled = false;
        for packet in &view.packets {
            match packet.stamps() {
                Some((val, _)) if packet.is_out => drop(sent.insert(val)),
                Some((_, ecr)) => is_scaled |= packet.has(Flags::ACK) && !sent.contains(&ecr),
                None => {}
            }
        }
        Stamps { first: [first(true), first(false)], is_scaled }
    }

    fn moved(&self, is_out: bool, stamp: u32) -> u32 {
        self.first[usize::from(!is_out)].map_or(stamp, |first| stamp.wrapping_sub(first).wrapping_add(FIRST_STAMP))
    }
}

/// The line without its time.
pub(super) fn print(view: &View, place: usize, packet: &Packet, stamps: &Stamps) -> Result<String, RecordError> {
    let segment = &packet.segment;
    let mut words = vec![if packet.is_out { ">" } else { "<" }.to_owned()];
    words.extend(ip_info(view, packet).map(|info| print_ip_info(&info)));
    let flags = segment.flags.without(Flags::RESERVED);
    words.push(print_flags(&FlagsSpec { flags, ace: None }));
    let seq = packet.seq as u32;
    let end = u64::from(seq) + segment.payload.len() as u64;
    if end > u64::from(u32::MAX) {
        let message = format!("packet {} of the connection has text before its beginning", place + 1);
        return Err(RecordError::new(message));
    }
    words.push(format!("{seq}:{end}({})", segment.payload.len()));
    if packet.has(Flags::ACK) {
        words.push(format!("ack {}", packet.ack as u32));
    } else if segment.ack.0 != 0 {
        words.push(format!("ack {}", segment.ack.0));
    }
    if !packet.is_out {
        words.push(format!("win {}", segment.window));
    }
    if segment.urgent_pointer != 0 {
        words.push(format!("urg {}", segment.urgent_pointer));
    }
    if !segment.options.is_empty() {
        words.push(format!("<{}>", options(view, place, packet, stamps)));
    }
    if packet.is_known && segment.payload.iter().any(|octet| *octet != 0) {
        words.push(print_text(&segment.payload));
    }
    Ok(words.join(" "))
}

/// Inbound all that is not zero; outbound whether the packet can tell of congestion, if any of them can.
fn ip_info(view: &View, packet: &Packet) -> Option<IpInfo> {
    let class = packet.ip.traffic_class;
    let ecn = match class & 3 {
        0 => EcnSpec::NoEcn,
        1 => EcnSpec::Ect1,
        2 => EcnSpec::Ect0,
        _ => EcnSpec::Ce,
    };
    let told = if packet.is_out {
        view.packets.iter().any(|packet| packet.is_out && packet.ip.traffic_class & 3 != 0)
    } else {
        class != 0
    };
    let whole = !packet.is_out && class >> 2 != 0;
    let class = if whole { TrafficClass::Tos(class) } else { TrafficClass::Ecn(ecn) };
    told.then(|| IpInfo { class: Some(class), ..IpInfo::default() })
}

fn options(view: &View, place: usize, packet: &Packet, stamps: &Stamps) -> String {
    let list = &packet.segment.options;
    let specs: Option<Vec<OptionSpec>> = list.iter().map(|option| spec(view, place, packet, option, stamps)).collect();
    match specs {
        Some(specs) if !specs.is_empty() => specs.iter().map(print_option).collect::<Vec<_>>().join(", "),
        _ => {
            let nowhere = std::net::IpAddr::from([0; 4]);
            let length = packet.segment.header_len() - 20;
            let octets = IpPacket::tcp(nowhere, nowhere, packet.segment.clone()).encode();
            hex(octets.get(40..40 + length).unwrap_or_default())
        }
    }
}

/// An option in the words of a script; those that have none make the whole list one of octets.
fn spec(view: &View, place: usize, packet: &Packet, option: &TcpOption, stamps: &Stamps) -> Option<OptionSpec> {
    Some(match option {
        TcpOption::EndOfList => OptionSpec::EndOfList,
        TcpOption::NoOperation => OptionSpec::NoOperation,
        // the link of the script may be smaller than that of the capture
        TcpOption::Mss(mss) if packet.is_out => OptionSpec::Mss((*mss).min(setup::largest_mss(view))),
        TcpOption::Mss(mss) => OptionSpec::Mss(*mss),
        TcpOption::WindowScale(shift) => OptionSpec::WindowScale(*shift),
        TcpOption::SackPermitted => OptionSpec::SackPermitted,
        TcpOption::Sack(blocks) if (1..=4).contains(&blocks.len()) => {
            let edge = |edge| view.edge(place, edge);
            OptionSpec::Sack(blocks.iter().map(|(left, right)| (edge(*left), edge(*right))).collect())
        }
        TcpOption::Sack(_) => return None,
        TcpOption::Timestamps { val, ecr } => {
            let val = Some(stamps.moved(packet.is_out, *val));
            // without ACK an echo means nothing, and is what it is
            let ecr = if packet.has(Flags::ACK) { stamps.moved(!packet.is_out, *ecr) } else { *ecr };
            OptionSpec::Timestamps { val, ecr, literal: false }
        }
        TcpOption::Md5(digest) => OptionSpec::Md5(digest.clone()),
        TcpOption::UserTimeout { minutes, value } => {
            let data = (u16::from(*minutes) << 15 | value).to_be_bytes().to_vec();
            OptionSpec::Raw { kind: 28, data }
        }
        TcpOption::FastOpen(cookie) => OptionSpec::FastOpen(cookie.clone()),
        TcpOption::FastOpenExperimental(cookie) => OptionSpec::FastOpenExperimental(cookie.clone()),
        TcpOption::Raw { kind: 2.., data } if !data.is_empty() => {
            OptionSpec::Raw { kind: option.kind(), data: data.clone() }
        }
        TcpOption::Raw { .. } => return None,
    })
}
