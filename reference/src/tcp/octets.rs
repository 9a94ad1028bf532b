//! Copies out of a queue of octets by the two slices it consists of: octet by octet would cost more
//! than all the rest of a segment.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::Range;

/// Fills `buffer` from the front of `queue`; the rest of it is left as it is if that is shorter.
pub(super) fn copy_front(queue: &VecDeque<u8>, buffer: &mut [u8]) {
    let (front, back) = queue.as_slices();
    let (low, high) = buffer.split_at_mut(front.len().min(buffer.len()));
    let rest = back.len().min(high.len());
    low.copy_from_slice(&front[..low.len()]);
    high[..rest].copy_from_slice(&back[..rest]);
}

/// Appends the octets of `queue` at `range` to `out`, as far as they exist.
pub(super) fn append_range(queue: &VecDeque<u8>, range: Range<usize>, out: &mut Vec<u8>) {
    let (front, back) = queue.as_slices();
    let split = front.len();
    let part = |of: &'_ [u8], range: Range<usize>| -> Range<usize> {
        let end = range.end.min(of.len());
        range.start.min(end)..end
    };
    out.extend_from_slice(&front[part(front, range.clone())]);
    out.extend_from_slice(&back[part(back, range.start.saturating_sub(split)..range.end.saturating_sub(split))]);
}

#[cfg(test)]
mod tests {
    use super::{append_range, copy_front};
    use alloc::collections::VecDeque;
    use alloc::vec::Vec;

    /// Every split of a queue of ten octets, every range, beyond its end too.
    #[test]
    fn like_octet_by_octet() {
        for turned in 0..10 {
            let mut queue: VecDeque<u8> = (0..10).collect();
            queue.rotate_left(turned);
            for start in 0..12 {
                for end in start..13 {
                    let mut out = alloc::vec![99];
                    append_range(&queue, start..end, &mut out);
                    let expected: Vec<u8> = queue.iter().copied().skip(start).take(end - start).collect();
                    assert_eq!(out[1..], expected, "turned {turned}, {start}..{end}");
                }
                let mut buffer = alloc::vec![77; start];
                copy_front(&queue, &mut buffer);
                let expected: Vec<u8> = queue.iter().copied().chain([77, 77]).take(start).collect();
                assert_eq!(buffer, expected);
            }
        }
    }
}
