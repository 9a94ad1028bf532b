//! What is on its way, in the order of its arrival.

use std::collections::BTreeMap;
use std::collections::btree_map::OccupiedEntry;

use wirelaw_reference::time::Instant;

/// Items under way. Those that arrive at the same instant do so in the order in which they were sent.
#[derive(Debug)]
pub(crate) struct Link<T> {
    under_way: BTreeMap<(Instant, u64), T>,
    sent: u64,
}

impl<T> Link<T> {
    pub(crate) fn new() -> Link<T> {
        Link { under_way: BTreeMap::new(), sent: 0 }
    }

    /// `item` will arrive at `at`.
    pub(crate) fn send(&mut self, at: Instant, item: T) {
        self.under_way.insert((at, self.sent), item);
        self.sent += 1;
    }

    /// When the next item arrives.
    pub(crate) fn next_arrival(&self) -> Option<Instant> {
        self.under_way.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next item that has arrived by `now`.
    pub(crate) fn receive(&mut self, now: Instant) -> Option<T> {
        self.under_way.first_entry().filter(|entry| entry.key().0 <= now).map(OccupiedEntry::remove)
    }
}
