//! What the kernel leaves to its device: the checksum of a packet that goes out.
//!
//! The field then holds the sum of the pseudo-header, and the device adds the rest of the packet to it.

/// Does what the device would do. A packet that is neither TCP nor UDP stays as it is.
pub(super) fn finish_checksum(packet: &mut [u8]) {
    let Some((start, protocol)) = transport(packet) else { return };
    let field = match protocol {
        6 => 16,
        17 => 6,
        _ => return,
    };
    let Some(body) = packet.get_mut(start..).filter(|body| body.len() >= field + 2) else { return };
    let mut sum: u64 = body.chunks(2).map(|two| u64::from(two[0]) << 8 | two.get(1).map_or(0, |&low| low.into())).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let sum = match !(sum as u16) {
        0 if protocol == 17 => 0xffff, // a UDP checksum of 0 says that there is none
        sum => sum,
    };
    body[field..field + 2].copy_from_slice(&sum.to_be_bytes());
}

/// Where the transport header begins, and of what protocol it is.
fn transport(packet: &[u8]) -> Option<(usize, u8)> {
    match packet.first()? >> 4 {
        4 => Some((usize::from(packet[0] & 15) * 4, *packet.get(9)?)),
        6 => Some((40, *packet.get(6)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use wirelaw_reference::wire::{Packet, Segment};

    use super::finish_checksum;

    /// The sum of the pseudo-header, as a kernel leaves it.
    fn unfinished(packet: &Packet) -> Vec<u8> {
        let mut octets = packet.encode();
        let (start, source) = if octets[0] >> 4 == 4 { (20, 12..20) } else { (40, 8..40) };
        let words = octets[source].chunks(2).map(|two| u32::from(two[0]) << 8 | u32::from(two[1]));
        let sum: u32 = words.sum::<u32>() + 6 + (octets.len() - start) as u32;
        let folded = (sum & 0xffff) + (sum >> 16);
        octets[start + 16..start + 18].copy_from_slice(&(folded as u16).to_be_bytes());
        octets
    }

    #[test]
    fn a_finished_packet_is_as_if_it_had_been_made_whole() {
        for (source, destination) in [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")] {
            for length in [0, 1, 1459, 1460] {
                let segment = Segment { payload: (0..length).map(|at| at as u8).collect(), ..Segment::default() };
                let ends = (source.parse().expect("an address"), destination.parse().expect("an address"));
                let packet = Packet::tcp(ends.0, ends.1, segment);
                let mut octets = unfinished(&packet);
                finish_checksum(&mut octets);
                assert_eq!(octets, packet.encode(), "{source} {length}");
            }
        }
    }

    #[test]
    fn what_is_no_packet_stays_as_it_is() {
        for octets in [vec![], vec![0x45], vec![0x4f; 20], vec![0x60; 40], vec![0x45; 30], vec![6; 100]] {
            let mut same = octets.clone();
            finish_checksum(&mut same);
            assert_eq!(same, octets);
        }
    }
}
