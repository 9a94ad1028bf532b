//! Capture files -> frames: pcap and pcapng.
//!
//! `pcap_file`, which writes our captures, refuses packets that a snap length has cut and does not tell where a file
//! is wrong; hence a reader of our own. It copies nothing, so that what a file claims about its lengths costs nothing.

mod pcapng;

use super::RecordError;

/// The most frames of one capture.
pub(super) const MAX_FRAMES: usize = 200_000;

/// What the link saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    /// Nanoseconds, since whenever.
    pub(super) at: u64,
    /// Its place in the capture, from 1.
    pub(super) number: usize,
    /// The interface: frames of different ones can be the same packet twice.
    pub(super) interface: u32,
    /// `LINKTYPE_`
    pub(super) link: u32,
    /// Whether the machine that captured it sent it, where the file says so.
    pub(super) is_sent: Option<bool>,
    /// What was kept.
    pub(super) octets: &'a [u8],
}

/// Octets that are read one number after the other, in the file's order of octets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
    is_big_endian: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize, what: &str) -> Result<&'a [u8], RecordError> {
        let left = self.octets.len().saturating_sub(self.at);
        let end = self.at.checked_add(count).filter(|end| *end <= self.octets.len());
        let Some(end) = end else {
            let message = format!("{what} needs {count} octets, and {left} are left");
            return Err(RecordError::at(self.at, message));
        };
        let taken = &self.octets[self.at..end];
        self.at = end;
        Ok(taken)
    }

    pub(super) fn u16(&mut self, what: &str) -> Result<u16, RecordError> {
        let octets = self.take(2, what)?;
        let octets = [octets[0], octets[1]];
        Ok(if self.is_big_endian { u16::from_be_bytes(octets) } else { u16::from_le_bytes(octets) })
    }

    pub(super) fn u32(&mut self, what: &str) -> Result<u32, RecordError> {
        let octets = self.take(4, what)?;
        let octets = [octets[0], octets[1], octets[2], octets[3]];
        Ok(if self.is_big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) })
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.octets.len()
    }
}

/// All frames of a capture file, in its order.
pub(super) fn frames(octets: &[u8]) -> Result<Vec<Frame<'_>>, RecordError> {
    let magic = octets.first_chunk::<4>().ok_or_else(|| {
        RecordError::at(0, format!("{} octets are no capture: the first four say what it is", octets.len()))
    })?;
    let reader = |is_big_endian| Reader { octets, at: 0, is_big_endian };
    match u32::from_be_bytes(*magic) {
        0xa1b2_c3d4 => pcap(reader(true), 1000),
        0xa1b2_3c4d => pcap(reader(true), 1),
        0xd4c3_b2a1 => pcap(reader(false), 1000),
        0x4d3c_b2a1 => pcap(reader(false), 1),
        0x0a0d_0d0a => pcapng::frames(reader(true)),
        other => {
            let message = format!("{other:#010x} is not how a capture begins; wirelaw reads pcap and pcapng");
            Err(RecordError::at(0, message))
        }
    }
}

/// `unit`: how many nanoseconds the fractions of its seconds are.
fn pcap(mut reader: Reader<'_>, unit: u64) -> Result<Vec<Frame<'_>>, RecordError> {
    reader.take(20, "the header of the file")?;
    let link = reader.u32("the link type")? & 0x0fff_ffff; // above: the length of a frame check sequence
    let mut frames = Vec::new();
    while !reader.is_at_end() {
        let start = reader.at;
        let seconds = u64::from(reader.u32("the header of a packet")?);
        let fraction = u64::from(reader.u32("the header of a packet")?);
        let captured = reader.u32("the header of a packet")? as usize;
        reader.u32("the header of a packet")?; // what the link carried: the IP header says it better
        let octets = reader.take(captured, "a packet")?;
        let at = seconds * 1_000_000_000 + fraction * unit;
        push(&mut frames, Frame { at, number: 0, interface: 0, link, is_sent: None, octets }, start)?;
    }
    Ok(frames)
}

/// Adds a frame, and its number.
fn push<'a>(frames: &mut Vec<Frame<'a>>, frame: Frame<'a>, at: usize) -> Result<(), RecordError> {
    if frames.len() >= MAX_FRAMES {
        let message = format!("more than {MAX_FRAMES} packets are too many: cut the capture to one connection first");
        return Err(RecordError::at(at, message));
    }
    let number = frames.len() + 1;
    frames.push(Frame { number, ..frame });
    Ok(())
}
