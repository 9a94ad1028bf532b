//! The connections of a host: found by id and by 4-tuple in constant time, however many there are.
//!
//! A [`ConnectionId`] holds the slot in which its connection lives, so that no lookup by id needs
//! a tree or a hash. The 4-tuple comes from the peer: it is hashed with a key that no peer knows,
//! or somebody could choose ports that all fall into one bucket. No order of the hash table can be
//! seen: nothing iterates over it.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::IpAddr;

use hashbrown::HashTable;
use siphasher::sip::SipHasher13;

use super::{ConnectionId, Entry, FourTuple};

#[derive(Clone, Debug)]
pub(super) struct Table {
    slots: Vec<Option<Box<Entry>>>,
    /// Slots that are empty; the last one is taken first.
    free: Vec<u32>,
    /// The slots of those connections that hold their 4-tuple.
    tuples: HashTable<u32>,
    hasher: SipHasher13,
}

impl Table {
    /// An empty table; `key`: what makes its hashes unpredictable.
    pub(super) fn new(key: (u64, u64)) -> Table {
        let hasher = SipHasher13::new_with_keys(key.0, key.1);
        Table { slots: Vec::new(), free: Vec::new(), tuples: HashTable::new(), hasher }
    }

    pub(super) fn get(&self, id: ConnectionId) -> Option<&Entry> {
        self.slots.get(id.slot as usize)?.as_deref().filter(|entry| entry.serial == id.serial)
    }

    pub(super) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Entry> {
        self.slots.get_mut(id.slot as usize)?.as_deref_mut().filter(|entry| entry.serial == id.serial)
    }

    /// The connection that holds this 4-tuple.
    pub(super) fn find(&self, tuple: &FourTuple) -> Option<ConnectionId> {
        let slot = *self.tuples.find(hash(self.hasher, tuple), |slot| holds(&self.slots, *slot, tuple))?;
        let serial = self.slots.get(slot as usize)?.as_ref()?.serial;
        Some(ConnectionId { serial, slot })
    }

    /// Adds a connection, which holds its 4-tuple from now on.
    pub(super) fn insert(&mut self, entry: Box<Entry>) -> ConnectionId {
        let serial = entry.serial;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("memory ends before 2^32 connections")
        });
        self.put(slot, entry);
        ConnectionId { serial, slot }
    }

    /// Brings back a connection that was removed, and whose slot has become empty again.
    pub(super) fn restore(&mut self, id: ConnectionId, entry: Box<Entry>) {
        let Some(at) = self.free.iter().rposition(|slot| *slot == id.slot) else {
            debug_assert!(false, "its successor is still there");
            return;
        };
        self.free.swap_remove(at);
        self.put(id.slot, entry);
    }

    fn put(&mut self, slot: u32, entry: Box<Entry>) {
        let tuple = entry.tuple;
        self.give_up_tuple(&tuple);
        self.slots[slot as usize] = Some(entry);
        let (slots, hasher) = (&self.slots, self.hasher);
        self.tuples.insert_unique(hash(hasher, &tuple), slot, |slot| {
            slots.get(*slot as usize).and_then(Option::as_ref).map_or(0, |entry| hash(hasher, &entry.tuple))
        });
    }

    /// Removes a connection, and its hold on the 4-tuple.
    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<Box<Entry>> {
        self.release_tuple(id);
        self.get(id)?;
        let entry = self.slots.get_mut(id.slot as usize)?.take()?;
        self.free.push(id.slot);
        Some(entry)
    }

    /// The 4-tuple of this connection is free for another, if it was its own.
    pub(super) fn release_tuple(&mut self, id: ConnectionId) {
        if let Some(tuple) = self.get(id).map(|entry| entry.tuple) {
            if self.find(&tuple) == Some(id) {
                self.give_up_tuple(&tuple);
            }
        }
    }

    fn give_up_tuple(&mut self, tuple: &FourTuple) {
        let slots = &self.slots;
        if let Ok(found) = self.tuples.find_entry(hash(self.hasher, tuple), |slot| holds(slots, *slot, tuple)) {
            found.remove();
        }
    }
}

fn holds(slots: &[Option<Box<Entry>>], slot: u32, tuple: &FourTuple) -> bool {
    slots.get(slot as usize).and_then(Option::as_ref).is_some_and(|entry| entry.tuple == *tuple)
}

/// All of the 4-tuple that a packet can show: 12 octets for IPv4, 36 for IPv6.
fn hash(hasher: SipHasher13, tuple: &FourTuple) -> u64 {
    let mut octets = [0; 36];
    let mut len = 0;
    let mut put = |part: &[u8]| {
        if let Some(place) = octets.get_mut(len..len + part.len()) {
            place.copy_from_slice(part);
        }
        len += part.len();
    };
    for end in [&tuple.local, &tuple.remote] {
        match end.ip() {
            IpAddr::V4(ip) => put(&ip.octets()),
            IpAddr::V6(ip) => put(&ip.octets()),
        }
        put(&end.port().to_be_bytes());
    }
    hasher.hash(octets.get(..len).unwrap_or(&octets))
}
