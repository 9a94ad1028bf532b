//! Segments that arrived above RCV.NXT, held until the gap is filled (RFC 9293 §3.10.7.4, SHLD-31).
//!
//! Positions are octets of the stream counted from its first one, in 64 bits: they never wrap, so
//! they may be sorted. What arrived first wins where segments overlap. Octets stand at their place
//! in one buffer, and runs of them in one map, so that a segment costs the logarithm of the number
//! of runs, plus its octets, plus the runs it joins.

use alloc::collections::BTreeMap;
use alloc::collections::VecDeque;

/// How many runs are remembered in the order in which they last grew: as many as one SACK option
/// can tell (RFC 2018 §3).
const REMEMBERED: usize = 4;

/// What is held above RCV.NXT.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Reassembly {
    /// The runs: where each begins and ends. No two touch.
    runs: BTreeMap<u64, u64>,
    /// The octets from `base` on; what no run covers has no meaning.
    octets: VecDeque<u8>,
    /// The position of the first of `octets`.
    base: u64,
    /// A position in each of the runs that grew last, the youngest first.
    recent: [Option<u64>; REMEMBERED],
}

impl Reassembly {
    /// Holds `text`, whose first octet is number `at` of the stream. `next`: the position of
    /// RCV.NXT, below which nothing is asked for.
    pub(super) fn insert(&mut self, next: u64, at: u64, text: &[u8]) {
        let skip = next.saturating_sub(at).min(text.len() as u64);
        let (at, text) = (at + skip, &text[skip as usize..]);
        if text.is_empty() {
            return;
        }
        if self.runs.is_empty() {
            self.octets.clear();
            self.base = next;
        }
        let (mut start, mut end) = (at, at + text.len() as u64);
        self.reach(end);
        // a run that begins before and touches, then all that begin inside or just behind
        let mut from = at;
        if let Some((first, last)) = self.runs.range(..=at).next_back().map(|(first, last)| (*first, *last)) {
            if last >= at {
                self.runs.remove(&first);
                start = first;
                from = last.max(at);
                end = end.max(last);
            }
        }
        while let Some((first, last)) = self.runs.range(from.min(end)..=end).next().map(|(first, last)| (*first, *last))
        {
            self.runs.remove(&first);
            self.place(at, text, from, first);
            from = last;
            end = end.max(last);
        }
        self.place(at, text, from, at + text.len() as u64);
        self.runs.insert(start, end);
        self.remember(start, end, at);
    }

    /// Makes the buffer long enough to hold the octet before `end`.
    fn reach(&mut self, end: u64) {
        let len = (end - self.base) as usize;
        if self.octets.len() < len {
            self.octets.resize(len, 0);
        }
    }

    /// Copies the part of `text` (which begins at `at`) that lies between `from` and `to`.
    fn place(&mut self, at: u64, text: &[u8], from: u64, to: u64) {
        let to = to.min(at + text.len() as u64);
        if from >= to {
            return;
        }
        let source = &text[(from - at) as usize..(to - at) as usize];
        let offset = (from - self.base) as usize;
        let (front, back) = self.octets.as_mut_slices();
        let in_front = front.len().saturating_sub(offset).min(source.len());
        if in_front > 0 {
            front[offset..offset + in_front].copy_from_slice(&source[..in_front]);
        }
        if in_front < source.len() {
            let offset = offset + in_front - front.len();
            back[offset..offset + source.len() - in_front].copy_from_slice(&source[in_front..]);
        }
    }

    /// The run from `start` to `end` grew last, at `at`.
    fn remember(&mut self, start: u64, end: u64, at: u64) {
        let others = self.recent.into_iter().flatten().filter(|position| !(start..end).contains(position));
        let mut recent = [None; REMEMBERED];
        recent[0] = Some(at);
        for (slot, position) in recent[1..].iter_mut().zip(others) {
            *slot = Some(position);
        }
        self.recent = recent;
    }

    /// Moves what continues the stream at `next` into `buffer`; the number of octets moved.
    pub(super) fn take(&mut self, next: u64, buffer: &mut VecDeque<u8>) -> u64 {
        let Some((first, last)) = self.runs.first_key_value().map(|(first, last)| (*first, *last)) else { return 0 };
        if first > next {
            return 0;
        }
        self.runs.pop_first();
        for slot in &mut self.recent {
            *slot = slot.filter(|position| *position >= last);
        }
        let old = next.saturating_sub(self.base).min(self.octets.len() as u64) as usize;
        self.octets.drain(..old);
        let fresh = last.saturating_sub(next).min(self.octets.len() as u64) as usize;
        buffer.extend(self.octets.drain(..fresh));
        self.base = next + fresh as u64;
        if self.runs.is_empty() {
            self.octets = VecDeque::new(); // an idle connection holds no memory
        }
        fresh as u64
    }

    /// The runs, those that grew last first: at most `count` (RFC 2018 §4).
    pub(super) fn recent_runs(&self, count: usize) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.recent.iter().flatten().filter_map(|position| self.run_around(*position)).take(count)
    }

    /// The run that holds the octet at `position`.
    pub(super) fn run_around(&self, position: u64) -> Option<(u64, u64)> {
        let (first, last) = self.runs.range(..=position).next_back()?;
        (*last > position).then_some((*first, *last))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Octets held.
    #[cfg(test)]
    fn held(&self) -> usize {
        self.runs.iter().map(|(first, last)| (last - first) as usize).sum()
    }

    pub(super) fn clear(&mut self) {
        *self = Reassembly::default();
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
        held.insert(0, 4, b"EF");
        held.insert(0, 8, b"IJ");
        held.insert(0, 2, b"cdefghijkl");
        let mut buffer = VecDeque::new();
        assert_eq!(held.take(0, &mut buffer), 0, "octets 0 and 1 are missing");
        assert_eq!(held.take(2, &mut buffer), 10);
        assert_eq!(Vec::from(buffer), b"cdEFghIJkl");
        assert!(held.is_empty());
        assert_eq!(held.held(), 0);
    }

    #[test]
    fn the_run_that_grew_last_is_told_first() {
        let mut held = Reassembly::default();
        for at in [10, 20, 30, 40, 50] {
            held.insert(0, at, b"xx");
        }
        held.insert(0, 22, b"yy"); // grows
        let told: Vec<_> = held.recent_runs(3).collect();
        assert_eq!(told, [(20, 24), (50, 52), (40, 42)]);
        held.insert(0, 12, b"eight123"); // joins the first two
        assert_eq!(held.recent_runs(2).collect::<Vec<_>>(), [(10, 24), (50, 52)]);
        held.insert(0, 0, b"ten octets");
        assert_eq!(held.take(0, &mut VecDeque::new()), 24);
        assert_eq!(held.recent_runs(4).collect::<Vec<_>>(), [(50, 52), (40, 42), (30, 32)]);
        assert_eq!(held.run_around(51), Some((50, 52)));
        assert_eq!(held.run_around(52), None);
    }

    /// A window far from the beginning of the stream costs what it holds, not what came before.
    #[test]
    fn the_buffer_begins_at_what_is_expected_next() {
        let mut held = Reassembly::default();
        held.insert(1_000_000, 1_000_010, b"xx");
        assert_eq!((held.octets.len(), held.held()), (12, 2));
        assert!(!held.is_empty());
        held.clear();
        assert_eq!(held, Reassembly::default());
    }

    proptest! {
        /// Any pieces in any order give what a naive array of octets gives, however often
        /// what is in order is taken away.
        #[test]
        fn like_an_array(pieces in prop::collection::vec((0u64..40, prop::collection::vec(any::<u8>(), 0..20), any::<bool>()), 0..20)) {
            let mut held = Reassembly::default();
            let mut naive: Vec<Option<u8>> = alloc::vec![None; 64];
            let mut buffer = VecDeque::new();
            for (at, text, take) in &pieces {
                held.insert(buffer.len() as u64, *at, text);
                for (i, octet) in text.iter().enumerate() {
                    naive[*at as usize + i].get_or_insert(*octet);
                }
                if *take {
                    held.take(buffer.len() as u64, &mut buffer);
                }
            }
            held.take(buffer.len() as u64, &mut buffer);
            let expected: Vec<u8> = naive.iter().map_while(|octet| *octet).collect();
            prop_assert_eq!(held.held(), naive.iter().flatten().count() - expected.len());
            prop_assert_eq!(Vec::from(buffer), expected);
        }
    }
}
