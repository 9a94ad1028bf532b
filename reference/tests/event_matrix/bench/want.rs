//! What a segment must look like.

use std::fmt::Write as _;

use wirelaw_reference::seq::Seq;
use wirelaw_reference::wire::{Flags, Segment};

/// A segment that must be sent: flags but for PSH, numbers and text.
#[derive(Clone, Debug)]
pub struct Want {
    flags: Flags,
    seq: Seq,
    ack: Option<Seq>,
    /// The text prescribes no ACK field, and allows one (RFC 9293 §3.5.2).
    ack_may_be_absent: bool,
    text: Vec<u8>,
}

impl Want {
    /// `<SEQ=seq><CTL=flags>`
    pub fn new(flags: Flags, seq: Seq) -> Want {
        Want { flags: flags.without(Flags::ACK), seq, ack: None, ack_may_be_absent: false, text: Vec::new() }
    }

    /// `<ACK=ack>`, with its flag.
    pub fn ack(self, ack: Seq) -> Want {
        Want { ack: Some(ack), ..self }
    }

    /// An ACK field may ride, and must then be right.
    pub fn may_ack(self, ack: Seq) -> Want {
        Want { ack: Some(ack), ack_may_be_absent: true, ..self }
    }

    /// With these octets of data.
    pub fn text(self, text: &[u8]) -> Want {
        Want { text: text.to_vec(), ..self }
    }

    /// Whether `segment` is it.
    pub fn is(&self, segment: &Segment) -> bool {
        let ack = segment.flags.contains(Flags::ACK).then_some(segment.ack);
        segment.flags.without(Flags::ACK | Flags::PSH) == self.flags
            && segment.seq == self.seq
            && (ack == self.ack || ack.is_none() && self.ack_may_be_absent)
            && segment.payload == self.text
    }

    /// In the notation of scripts, see [`show`].
    pub fn show(&self, iss: Seq, irs: Seq) -> String {
        let flags = if self.ack.is_some() { self.flags | Flags::ACK } else { self.flags };
        let ack = self.ack.unwrap_or_default();
        show(&Segment { flags, seq: self.seq, ack, payload: self.text.clone(), ..Segment::default() }, iss, irs)
    }
}

/// A segment of ours in the notation of scripts: numbers relative to ISS and IRS.
pub fn show(segment: &Segment, iss: Seq, irs: Seq) -> String {
    let start = segment.seq - iss;
    let len = segment.payload.len();
    let mut out = format!("{} {start}:{}({len})", segment.flags.letters(), start.wrapping_add(len as u32));
    if segment.flags.contains(Flags::ACK) {
        let _ = write!(out, " ack {}", segment.ack - irs); // a String takes everything
    }
    out
}

/// Segments one after the other; what repeats, once.
pub fn list(segments: impl Iterator<Item = String>) -> String {
    let mut runs: Vec<(String, usize)> = Vec::new();
    for segment in segments {
        match runs.last_mut() {
            Some((last, times)) if *last == segment => *times += 1,
            _ => runs.push((segment, 1)),
        }
    }
    let show = |(segment, times): &(String, usize)| match times {
        1 => format!("<{segment}>"),
        _ => format!("{times} times <{segment}>"),
    };
    if runs.is_empty() { "nothing".to_owned() } else { runs.iter().map(show).collect::<Vec<_>>().join(", ") }
}
