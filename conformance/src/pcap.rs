//! A trace as a capture file that Wireshark opens: pcapng, raw IP, times in nanoseconds since the
//! scenario began, and on each packet the script line that it belongs to as a comment.

use std::borrow::Cow;
use std::io::{self, Write};

use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness, PcapError};

use crate::trace::{Event, Response, Stimulus, Trace};

/// The comment of a packet that no line of the script did or expected.
pub const NOT_ASKED_FOR: &str = "not asked for by any line";

/// The longest comment, in octets: well below the 65,535 that an option can hold.
const MAX_COMMENT: usize = 1024;

/// `if_tsresol`: the times of [`pcap_file`] are nanoseconds, whatever the file says.
const NANOSECONDS: u8 = 9;

/// `epb_flags`, bits 0 and 1: as seen by the stack under test.
const INBOUND: u32 = 1;
const OUTBOUND: u32 = 2;

/// Writes the packets of `trace` to `out`; calls and returns have no place in a capture.
///
/// `source` is the text of the script whose lines the trace names, and `name` the name by which
/// the comments call it. The octets depend on nothing else.
pub fn write(trace: &Trace, source: &str, name: &str, out: impl Write) -> io::Result<()> {
    let mut writer = PcapNgWriter::with_section_header(out, section(name)).map_err(io_error)?;
    writer.write_pcapng_block(interface()).map_err(io_error)?;
    let lines: Vec<&str> = source.lines().collect();
    for record in &trace.records {
        let (octets, direction) = match &record.event {
            Event::Stimulus(Stimulus::Packet(octets)) => (octets, INBOUND),
            Event::Response(Response::Packet(octets)) => (octets, OUTBOUND),
            Event::Stimulus(Stimulus::Call { .. }) | Event::Response(Response::Return { .. }) => continue,
        };
        let block = EnhancedPacketBlock {
            interface_id: 0,
            timestamp: std::time::Duration::from_nanos(record.at.as_nanos()),
            original_len: octets.len() as u32,
            data: Cow::Borrowed(octets),
            options: vec![
                EnhancedPacketOption::Comment(comment(name, &lines, record.line).into()),
                EnhancedPacketOption::Flags(direction),
            ],
        };
        writer.write_pcapng_block(block).map_err(io_error)?;
    }
    writer.into_inner().flush()
}

fn section(name: &str) -> SectionHeaderBlock<'static> {
    SectionHeaderBlock {
        endianness: Endianness::Little, // not the machine's: the same run gives the same file
        major_version: 1,
        minor_version: 0,
        section_length: -1,
        options: vec![
            SectionHeaderOption::Comment(cut(name.to_owned()).into()),
            SectionHeaderOption::UserApplication(concat!("wirelaw ", env!("CARGO_PKG_VERSION")).into()),
        ],
    }
}

fn interface() -> InterfaceDescriptionBlock<'static> {
    InterfaceDescriptionBlock {
        linktype: DataLink::RAW,
        snaplen: 0,
        options: vec![
            InterfaceDescriptionOption::IfName("stack".into()),
            InterfaceDescriptionOption::IfDescription("the stack under test; inbound is what the script sends".into()),
            InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
        ],
    }
}

/// `FILE:LINE  <script line>`
fn comment(name: &str, lines: &[&str], line: Option<usize>) -> String {
    let Some(number) = line else { return NOT_ASKED_FOR.to_owned() };
    let text = number.checked_sub(1).and_then(|index| lines.get(index)).map_or("", |text| text.trim());
    cut(format!("{name}:{number}  {text}"))
}

/// Cuts at a character boundary: a line of a script may be longer than an option.
fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_COMMENT));
    text
}

fn io_error(error: PcapError) -> io::Error {
    match error {
        PcapError::IoError(error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests;
