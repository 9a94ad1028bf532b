//! Live packets in script syntax, so that a line of a report can be pasted into a script.

use crate::hex::hex;
use std::fmt::Write as _;

use wirelaw_reference::time::Instant;
use wirelaw_reference::wire::{Flags, Segment, TcpOption};

use super::flows::{Numbers, Space, scripted};

/// The longest payload shown, in octets.
const MAX_TEXT: usize = 48;

/// `0.203114 > R 1:1(0) win 0`
pub(super) fn sent(at: Instant, label: Option<&str>, numbers: &Numbers, segment: &Segment) -> String {
    let label = label.map_or(String::new(), |label| format!("@{label} "));
    format!("{at} > {label}{}", segment_text(numbers, segment))
}

/// Flags, numbers, window, options and text of a segment of the stack.
pub(super) fn segment_text(numbers: &Numbers, segment: &Segment) -> String {
    let (seq, ack) = scripted(numbers, segment);
    let len = segment.payload.len();
    let mut line = format!("{} {}", segment.flags, range(seq, len));
    if segment.flags.contains(Flags::ACK) || ack != 0 {
        let _ = write!(line, " ack {ack}");
    }
    let _ = write!(line, " win {}", segment.window);
    if segment.urgent_pointer != 0 {
        let _ = write!(line, " urg {}", segment.urgent_pointer);
    }
    if !segment.options.is_empty() {
        let _ = write!(line, " <{}>", options(numbers, segment));
    }
    if segment.payload.iter().any(|octet| *octet != 0) {
        let _ = write!(line, " {}", text(&segment.payload));
    }
    line
}

/// `1:101(100)`
pub(super) fn range(seq: u32, len: usize) -> String {
    format!("{seq}:{}({len})", u64::from(seq) + len as u64)
}

/// The options of a segment of the stack, in wire order.
pub(super) fn options(numbers: &Numbers, segment: &Segment) -> String {
    let syn = segment.flags.contains(Flags::SYN);
    let shown: Vec<String> = segment.options.iter().map(|option| one_option(numbers, syn, option)).collect();
    shown.join(", ")
}

pub(super) fn one_option(numbers: &Numbers, syn: bool, option: &TcpOption) -> String {
    match option {
        TcpOption::EndOfList => "eol".to_owned(),
        TcpOption::NoOperation => "nop".to_owned(),
        TcpOption::Mss(mss) => format!("mss {mss}"),
        TcpOption::WindowScale(shift) => format!("wscale {shift}"),
        TcpOption::SackPermitted => "sackOK".to_owned(),
        TcpOption::Sack(blocks) => {
            let edge = |edge| numbers.script(Space::Remote, syn, edge);
            blocks
                .iter()
                .fold("sack".to_owned(), |line, (left, right)| format!("{line} {}:{}", edge(*left), edge(*right)))
        }
        TcpOption::Timestamps { val, ecr } => format!("TS val {} ecr {ecr}", numbers.script_timestamp(*val)),
        TcpOption::Md5(digest) => format!("md5 {}", hex(digest)),
        TcpOption::UserTimeout { minutes, value } => format!("kind 28 {:04x}", u16::from(*minutes) << 15 | value),
        TcpOption::FastOpen(cookie) => format!("FO {}", hex(cookie)),
        TcpOption::FastOpenExperimental(cookie) => format!("FOEXP {}", hex(cookie)),
        TcpOption::Raw { kind, data } => format!("kind {kind} {}", hex(data)),
    }
}

/// Octets as a string of the script language, cut if they are many.
pub(super) fn text(octets: &[u8]) -> String {
    let shown = &octets[..octets.len().min(MAX_TEXT)];
    let more = if shown.len() < octets.len() { "..." } else { "" };
    format!("\"{}\"{more}", shown.escape_ascii())
}
