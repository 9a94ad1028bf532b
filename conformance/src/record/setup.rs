//! What is settled before the first packet: options, settings of a kernel, calls.

use wirelaw_reference::wire::Flags;

use super::view::{Packet, View};
use super::{RecordError, Request};

/// Option kinds.
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const TIMESTAMPS: u8 = 8;

/// The receive buffer with which Linux begins, in octets.
const USUAL_BUFFER: u64 = 131_072;

/// Octets that every stack takes at once, whoever reads them.
const SMALL_BUFFER: usize = 8192;

/// The largest link that an option can say.
const MAX_MTU: u32 = 0xffff;

/// The MSS of the largest link that an option can say.
pub(super) fn largest_mss(view: &View) -> u16 {
    0xffff - if view.local.is_ipv6() { 60 } else { 40 }
}

/// The `--name=value` lines.
pub(super) fn options(view: &View, request: &Request<'_>, is_scaled: bool, remarks: &mut Vec<String>) -> Vec<String> {
    let mut lines = Vec::new();
    let is_v6 = view.local.is_ipv6();
    if is_v6 {
        lines.push("--ip_version=ipv6".to_owned());
    }
    let own_mss = view.own_syn.and_then(|at| view.packets.get(at)).and_then(Packet::mss);
    if let Some(mss) = own_mss {
        let mtu = u32::from(mss) + if is_v6 { 60 } else { 40 };
        if mtu > MAX_MTU {
            remarks.push(format!("the link of the capture has an MTU of {mtu}; a script can say {MAX_MTU} at most"));
        }
        let mtu = mtu.min(MAX_MTU);
        if mtu != 1500 {
            lines.push(format!("--mtu={mtu}"));
        }
    }
    let takes = i64::from(own_mss.unwrap_or(536));
    if view.packets.iter().any(|packet| !packet.is_out && packet.len() > takes) {
        lines.push(format!("--mss={takes}"));
        remarks.push(format!("some inbound packets are put together of several: --mss={takes} takes them apart"));
    }
    if has_small_buffer(view) {
        let what = "took back what its window had offered: its application has set SO_RCVBUF";
        remarks.push(format!("the stack under test {what}, to what no capture tells; the script may fail without"));
    }
    if view.has_bulk {
        lines.push("--loose_segments".to_owned());
        let what = "it is compared as a stream, not segment by segment";
        remarks.push(format!("the capture has bulk: {what} (--loose_segments)"));
    }
    lines.push(format!("--tolerance_usecs={}", request.tolerance.max(1)));
    if is_scaled || view.has_bulk {
        lines.push("--tcp_ts_ecr_scaled".to_owned());
    }
    lines
}

/// The largest window that the stack has offered, in octets.
fn largest_window(view: &View) -> u64 {
    let offered = view.packets.iter().filter(|packet| packet.is_out).map(|packet| view.window(packet)).max();
    offered.and_then(|most| u64::try_from(most).ok()).unwrap_or(0)
}

/// Whether the stack closed its window before as much had come as it had offered: then its application has asked for a
/// smaller buffer.
fn has_small_buffer(view: &View) -> bool {
    let mut offered = 0;
    view.packets.iter().filter(|packet| packet.is_out && !packet.has(Flags::RST)).any(|packet| {
        let edge = packet.ack + view.window(packet);
        let is_closed = packet.segment.window == 0 && !packet.has(Flags::SYN) && edge < offered;
        offered = offered.max(edge);
        is_closed
    })
}

/// The initial congestion window with which bulk can go out as it did, in segments, if none was lost. How a window grows
/// hangs on whether the application kept it full.
pub(super) fn initial_segments(view: &View) -> Option<i64> {
    const USUAL: i64 = 10; // RFC 6928 §2
    const MOST: i64 = 1000;
    if !view.has_bulk || view.has_lost() {
        return None;
    }
    let (mut una, mut most) = (1, 0);
    for packet in &view.packets {
        if packet.is_out {
            most = most.max(packet.end() - una);
        } else if packet.has(Flags::ACK) {
            una = una.max(packet.ack);
        }
    }
    // segments need not be full: RFC 9293 §3.8.6.2.1 lets a stack take half of a small window for one
    let segments = 2 * most / view.send_mss().clamp(1, 1460);
    (segments > USUAL).then_some(segments.min(MOST))
}

/// What the options of the stack's SYN say about the settings of a Linux kernel, as one shell line.
///
/// `written`: octets of all writes, none of which shall block.
pub(super) fn settings(view: &View, written: usize) -> Option<String> {
    let own = view.packets.get(view.own_syn?)?;
    let peer = view.peer_syn.and_then(|at| view.packets.get(at));
    // a passive stack offers what it is offered
    let is_asked = |kind| view.is_active || peer.is_some_and(|peer| peer.offers(kind));
    let mut values = Vec::new();
    for (kind, name) in
        [(TIMESTAMPS, "tcp_timestamps"), (SACK_PERMITTED, "tcp_sack"), (WINDOW_SCALE, "tcp_window_scaling")]
    {
        if is_asked(kind) && !own.offers(kind) {
            values.push(format!("net.ipv4.{name}=0"));
        }
    }
    let asks_for_ecn = |packet: &Packet| packet.segment.flags.contains(Flags::ECE | Flags::CWR);
    if view.is_active && asks_for_ecn(own) {
        values.push("net.ipv4.tcp_ecn=1".to_owned());
    } else if !view.is_active && peer.is_some_and(asks_for_ecn) && !own.has(Flags::ECE) {
        values.push("net.ipv4.tcp_ecn=0".to_owned());
    }
    // Linux takes the shift with which the largest buffer fits into 16 bits
    if let Some(shift @ 2..) = own.window_scale().filter(|_| is_linux(own)) {
        let most = 3_u64 << (shift + 14);
        // how far a buffer has grown hangs on round-trip times; what the window offered has to have room
        let room = if view.has_bulk && !has_small_buffer(view) { 4 * largest_window(view) } else { 0 };
        values.push(format!("net.ipv4.tcp_rmem='4096 {} {most}'", room.clamp(USUAL_BUFFER.min(most), most)));
    }
    // CUBIC leaves slow start when round-trip times grow by some microseconds (RFC 9406), which are those of the link
    if view.has_bulk && !view.has_lost() {
        values.push("net.ipv4.tcp_congestion_control=reno".to_owned());
    }
    // a segment costs the buffer more than its text
    if written > SMALL_BUFFER {
        let room = written.saturating_mul(4).next_power_of_two();
        values.push(format!("net.ipv4.tcp_wmem='4096 {room} {room}'"));
    }
    (!values.is_empty()).then(|| format!("sysctl -w {}", values.join(" ")))
}

/// Whether the options of a SYN stand in the order of Linux.
fn is_linux(own: &Packet) -> bool {
    let kinds: Vec<u8> = own.segment.options.iter().map(wirelaw_reference::wire::TcpOption::kind).collect();
    let rest: &[u8] = match kinds.strip_prefix(&[2]) {
        Some([SACK_PERMITTED, TIMESTAMPS, rest @ ..] | [1, 1, TIMESTAMPS | SACK_PERMITTED, rest @ ..] | rest) => rest,
        None => return false,
    };
    rest.starts_with(&[1, WINDOW_SCALE])
}

/// The calls before the first packet.
pub(super) fn calls(view: &View) -> Result<Vec<String>, RecordError> {
    let socket = "socket(..., SOCK_STREAM, IPPROTO_TCP) = 3".to_owned();
    if view.is_active {
        return Ok(vec![
            socket,
            "fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0".to_owned(),
            "connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)".to_owned(),
        ]);
    }
    if view.own_syn.is_none() {
        if view.packets.iter().any(|packet| packet.is_out) {
            return Ok(Vec::new()); // a port where nobody listens
        }
        let message = format!("{} never answers: --local {} records the other end", view.local, view.remote);
        return Err(RecordError::new(message));
    }
    Ok(vec![
        socket,
        "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0".to_owned(),
        "bind(3, ..., ...) = 0".to_owned(),
        "listen(3, 1) = 0".to_owned(),
    ])
}
