//! What a kernel leaves to its device: the checksum of a packet that goes out, and the merging of those that come in.
//!
//! A checksum that is left holds the sum of the pseudo-header, to which the device adds the rest of the packet.

use crate::checksum::checksum;

/// Does what the device would do. A packet that is neither TCP nor UDP stays as it is.
pub(super) fn finish_checksum(packet: &mut [u8]) {
    let Some((start, protocol)) = transport(packet) else { return };
    let field = match protocol {
        6 => 16,
        17 => 6,
        _ => return,
    };
    let Some(body) = packet.get_mut(start..).filter(|body| body.len() >= field + 2) else { return };
    let sum = match checksum(&[body]) {
        0 if protocol == 17 => 0xffff, // a UDP checksum of 0 says that there is none
        sum => sum,
    };
    body[field..field + 2].copy_from_slice(&sum.to_be_bytes());
}

/// The `virtio_net_hdr` of a packet that stands for several of `mss` octets each, as if the device had merged them.
///
/// It says nothing of a length of headers, nor of a checksum to be made, from which one follows: the kernel would put the
/// octets into other buffers, and windows follow from how much memory they take. Scripts count on them.
pub(super) fn merged(packet: &[u8], mss: u16) -> [u8; 10] {
    let mut header = [0; 10];
    let Some((start, 6)) = transport(packet) else { return header };
    let data = packet.get(start + 12).map_or(packet.len(), |offset| start + usize::from(offset >> 4) * 4);
    if packet.len().saturating_sub(data) <= usize::from(mss) {
        return header;
    }
    let is_v6 = packet[0] >> 4 == 6;
    header[1] = if is_v6 { 4 } else { 1 }; // VIRTIO_NET_HDR_GSO_TCPV6, ..._TCPV4
    header[4..6].copy_from_slice(&mss.to_ne_bytes());
    header
}

/// Whether a packet stands for several of `mss` octets each.
pub(super) fn is_merged(packet: &[u8], mss: u16) -> bool {
    merged(packet, mss)[1] != 0
}

/// A packet as [`merged`] for a pair of Ethernet devices: with its `virtio_net_hdr` and Ethernet's header. Without a
/// checksum that is not made yet the sender's side would cut the packet.
pub(super) fn merged_frame(packet: &[u8], mss: u16, hardware: [u8; 6]) -> Vec<u8> {
    const ETHERNET: u16 = 14;
    let mut header = merged(packet, mss);
    if let Some((start, _)) = transport(packet).filter(|_| header[1] != 0) {
        header[0] = 1; // VIRTIO_NET_HDR_F_NEEDS_CSUM
        header[6..8].copy_from_slice(&(ETHERNET + start as u16).to_ne_bytes()); // at most 60
        header[8..10].copy_from_slice(&16_u16.to_ne_bytes());
    }
    let kind: [u8; 2] = if packet.first().is_some_and(|first| first >> 4 == 6) { [0x86, 0xdd] } else { [8, 0] };
    [&header[..], &hardware, &[2, 0, 0, 0, 0, 2], &kind, packet].concat()
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

    use super::{finish_checksum, merged, merged_frame};

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
    fn only_what_is_larger_than_a_segment_is_merged() {
        let header = |length| {
            let segment = Segment { payload: vec![0; length], ..Segment::default() };
            let [source, destination] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse().expect("an address"));
            merged(&Packet::tcp(source, destination, segment).encode(), 1000)
        };
        assert_eq!(header(1000), [0; 10]);
        assert_eq!(header(1001), [&[0, 1, 0, 0][..], &1000_u16.to_ne_bytes(), &[0; 4]].concat()[..]);
    }

    #[test]
    fn frames_for_a_pair_of_devices_leave_the_checksum_to_them() {
        let segment = Segment { payload: vec![0; 2000], ..Segment::default() };
        for (ends, kind, start) in
            [(["192.0.2.1", "192.0.2.2"], [8, 0], 34_u16), (["2001:db8::1", "2001:db8::2"], [0x86, 0xdd], 54)]
        {
            let [source, destination] = ends.map(|text| text.parse().expect("an address"));
            let packet = Packet::tcp(source, destination, segment.clone()).encode();
            let frame = merged_frame(&packet, 1000, [2, 0, 0, 0, 0, 1]);
            assert_eq!(frame[..6], [&[1, merged(&packet, 1000)[1], 0, 0][..], &1000_u16.to_ne_bytes()].concat());
            assert_eq!(frame[6..10], [start.to_ne_bytes(), 16_u16.to_ne_bytes()].concat());
            assert_eq!(frame[10..24], [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2][..], &kind].concat());
            assert_eq!(frame[24..], packet);
            assert_eq!(merged_frame(&packet, 2000, [0; 6])[..10], [0; 10], "it is one segment");
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
