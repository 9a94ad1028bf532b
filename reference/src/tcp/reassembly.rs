//! Segments that arrived above RCV.NXT, held until the gap is filled (RFC 9293 §3.10.7.4, SHLD-31).
//!
//! Positions are octets of the stream counted from its first one, in 64 bits: they never wrap, so
//! they may be sorted. What arrived first wins where segments overlap. An insertion costs the
//! logarithm of the number of held pieces, plus the pieces it touches.

use alloc::collections::BTreeMap;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// The pieces above RCV.NXT, by position; no two overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reassembly {
    pieces: BTreeMap<u64, Vec<u8>>,
}

impl Reassembly {
    /// Holds `text`, whose first octet is number `at` of the stream.
    pub(super) fn insert(&mut self, at: u64, text: &[u8]) {
        let mut at = at;
        let mut text = text;
        if let Some((start, piece)) = self.pieces.range(..=at).next_back() {
            let covered = (start + piece.len() as u64).saturating_sub(at);
            text = text.get(covered as usize..).unwrap_or_default();
            at += covered;
        }
        while !text.is_empty() {
            let next = self.pieces.range(at..).next().map(|(start, piece)| (*start, piece.len()));
            let gap = next.map_or(text.len(), |(start, _)| text.len().min((start - at) as usize));
            if gap > 0 {
                self.pieces.insert(at, text[..gap].to_vec());
            }
            let Some((start, len)) = next else { return };
            let skip = gap + len.min(text.len().saturating_sub(gap));
            text = &text[skip..];
            at = start + len as u64;
        }
    }

    /// Moves what continues the stream at `at` into `buffer`; the number of octets moved.
    pub(super) fn take(&mut self, at: u64, buffer: &mut VecDeque<u8>) -> u64 {
        let mut end = at;
        while let Some(entry) = self.pieces.first_entry() {
            if *entry.key() > end {
                break;
            }
            let (start, piece) = entry.remove_entry();
            let old = (end - start) as usize;
            let fresh = piece.get(old..).unwrap_or_default();
            buffer.extend(fresh);
            end += fresh.len() as u64;
        }
        end - at
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.pieces.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{Reassembly, VecDeque};
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn what_came_first_stays() {
        let mut held = Reassembly::default();
        held.insert(4, b"EF");
        held.insert(8, b"IJ");
        held.insert(2, b"cdefghijkl");
        let mut buffer = VecDeque::new();
        assert_eq!(held.take(0, &mut buffer), 0, "octets 0 and 1 are missing");
        assert_eq!(held.take(2, &mut buffer), 10);
        assert_eq!(Vec::from(buffer), b"cdEFghIJkl");
        assert!(held.is_empty());
    }

    proptest! {
        /// Any pieces in any order give what a naive array of octets gives.
        #[test]
        fn like_an_array(pieces in prop::collection::vec((0u64..40, prop::collection::vec(any::<u8>(), 0..20)), 0..20)) {
            let mut held = Reassembly::default();
            let mut naive: Vec<Option<u8>> = alloc::vec![None; 64];
            for (at, text) in &pieces {
                held.insert(*at, text);
                for (i, octet) in text.iter().enumerate() {
                    naive[*at as usize + i].get_or_insert(*octet);
                }
            }
            let mut buffer = VecDeque::new();
            let start = naive.iter().position(Option::is_some).unwrap_or(0);
            let taken = held.take(start as u64, &mut buffer);
            let expected: Vec<u8> = naive[start..].iter().map_while(|octet| *octet).collect();
            prop_assert_eq!(taken as usize, expected.len());
            prop_assert_eq!(Vec::from(buffer), expected);
        }
    }
}
