//! pcapng (draft-ietf-opsawg-pcapng): sections, interfaces and packets; all other blocks are skipped.

use super::{Frame, Reader, push};
use crate::record::RecordError;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// Options of a block: `opt_endofopt`, `if_tsresol`, `epb_flags`.
const END_OF_OPTIONS: u16 = 0;
const TIME_RESOLUTION: u16 = 9;
const FLAGS: u16 = 2;

/// The most interfaces of one section.
const MAX_INTERFACES: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: u32,
    /// `if_tsresol`: as a power of 10, or with the upper bit of 2.
    resolution: u8,
}

pub(super) fn frames(mut reader: Reader<'_>) -> Result<Vec<Frame<'_>>, RecordError> {
    let mut frames = Vec::new();
    let mut interfaces: Vec<Interface> = Vec::new();
    while !reader.is_at_end() {
        let start = reader.at;
        let kind = reader.u32("a block")?;
        if kind == SECTION_HEADER {
            interfaces.clear();
            reader.is_big_endian = is_big_endian(reader)?;
        }
        let length = reader.u32("the length of a block")? as usize;
        if length < 12 || !length.is_multiple_of(4) {
            let message = format!("a block of {length} octets: 12 are the least, and 4 divide its length");
            return Err(RecordError::at(start + 4, message));
        }
        let body_at = reader.at;
        let body = reader.take(length - 12, "the rest of a block")?;
        let again = reader.u32("the length at the end of a block")? as usize;
        if again != length {
            let message = format!("a block ends with another length, {again}, than the {length} it begins with");
            return Err(RecordError::at(reader.at - 4, message));
        }
        let mut block = Reader { octets: &reader.octets[..body_at + body.len()], at: body_at, ..reader };
        match kind {
            INTERFACE_DESCRIPTION if interfaces.len() < MAX_INTERFACES => interfaces.push(interface(&mut block)?),
            ENHANCED_PACKET | PACKET => push(&mut frames, packet(&mut block, &interfaces, kind)?, start)?,
            SIMPLE_PACKET => {
                let message = "a simple packet block has no time, and a script needs them".to_owned();
                return Err(RecordError::at(start, message));
            }
            _ => {}
        }
    }
    Ok(frames)
}

/// The order of octets of a section, which is told behind its length.
fn is_big_endian(mut reader: Reader<'_>) -> Result<bool, RecordError> {
    reader.is_big_endian = true;
    reader.u32("a section header")?;
    match reader.u32("a section header")? {
        0x1a2b_3c4d => Ok(true),
        0x4d3c_2b1a => Ok(false),
        other => {
            let message = format!("{other:#010x} does not tell the order of octets; 0x1a2b3c4d would");
            Err(RecordError::at(reader.at - 4, message))
        }
    }
}

fn interface(block: &mut Reader<'_>) -> Result<Interface, RecordError> {
    let link = u32::from(block.u16("an interface")?);
    block.take(6, "an interface")?;
    let mut resolution = 6;
    options(block, |code, value, _| {
        if let (TIME_RESOLUTION, Some(exponent)) = (code, value.first()) {
            resolution = *exponent;
        }
    })?;
    Ok(Interface { link, resolution })
}

fn packet<'a>(block: &mut Reader<'a>, interfaces: &[Interface], kind: u32) -> Result<Frame<'a>, RecordError> {
    let start = block.at;
    let number = if kind == PACKET {
        let number = u32::from(block.u16("a packet block")?);
        block.take(2, "a packet block")?; // drops
        number
    } else {
        block.u32("a packet block")?
    };
    let Some(interface) = interfaces.get(number as usize) else {
        let message = format!("a packet of interface {number}, of which there are {}", interfaces.len());
        return Err(RecordError::at(start, message));
    };
    let time = u64::from(block.u32("a packet block")?) << 32 | u64::from(block.u32("a packet block")?);
    let captured = block.u32("a packet block")? as usize;
    block.u32("a packet block")?;
    let octets = block.take(captured, "a packet")?;
    block.take((4 - captured % 4) % 4, "the padding of a packet")?;
    let mut is_sent = None;
    options(block, |code, value, is_big_endian| {
        if let (FLAGS, Some(flags)) = (code, value.first_chunk::<4>()) {
            let flags = if is_big_endian { u32::from_be_bytes(*flags) } else { u32::from_le_bytes(*flags) };
            is_sent = match flags & 3 {
                1 => Some(false),
                2 => Some(true),
                _ => None,
            };
        }
    })?;
    let at = nanoseconds(time, interface.resolution);
    Ok(Frame { at, number: 0, interface: number, link: interface.link, is_sent, octets })
}

/// A time in nanoseconds; what does not fit is as late as can be.
fn nanoseconds(time: u64, resolution: u8) -> u64 {
    let exponent = u32::from(resolution & 0x7f);
    let base: u128 = if resolution & 0x80 == 0 { 10 } else { 2 };
    let Some(per_second) = base.checked_pow(exponent) else { return 0 };
    let scaled = u128::from(time).saturating_mul(1_000_000_000) / per_second;
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// Calls `each` with code and value of every option up to the end of the block.
fn options(block: &mut Reader<'_>, mut each: impl FnMut(u16, &[u8], bool)) -> Result<(), RecordError> {
    while !block.is_at_end() {
        let code = block.u16("an option of a block")?;
        let length = usize::from(block.u16("an option of a block")?);
        if code == END_OF_OPTIONS {
            return Ok(());
        }
        let value = block.take(length, "an option of a block")?;
        block.take((4 - length % 4) % 4, "the padding of an option")?;
        each(code, value, block.is_big_endian);
    }
    Ok(())
}
