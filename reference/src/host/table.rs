//! The connections of a host: found by id and by 4-tuple in constant time, however many there are.
//!
//! A [`ConnectionId`] holds the slot in which its connection lives, so that no lookup by id needs
//! a tree or a hash. The 4-tuple comes from the peer: it is hashed with a key that no peer knows,
//! or somebody could choose ports that all fall into one bucket. No order of the hash table can be
//! seen: nothing iterates over it.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

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

/// All of the 4-tuple that a packet can show: 12 octets for IPv4, 36 for any other.
fn hash(hasher: SipHasher13, tuple: &FourTuple) -> u64 {
    let FourTuple { local, remote } = tuple;
    if let (SocketAddr::V4(local), SocketAddr::V4(remote)) = (local, remote) {
        let mut octets = [0; 12];
        octets[..4].copy_from_slice(&local.ip().octets());
        octets[4..8].copy_from_slice(&remote.ip().octets());
        octets[8..10].copy_from_slice(&local.port().to_be_bytes());
        octets[10..].copy_from_slice(&remote.port().to_be_bytes());
        return hasher.hash(&octets);
    }
    let v6 = |address: &SocketAddr| match address.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    };
    let mut octets = [0; 36];
    octets[..16].copy_from_slice(&v6(local));
    octets[16..32].copy_from_slice(&v6(remote));
    octets[32..34].copy_from_slice(&local.port().to_be_bytes());
    octets[34..].copy_from_slice(&remote.port().to_be_bytes());
    hasher.hash(&octets)
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;
    use alloc::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::{ConnectionId, Entry, FourTuple};
    use super::Table;
    use crate::seq::Seq;
    use crate::tcp::{Config, Connection};

    fn tuple(number: u8) -> FourTuple {
        let remote = match number % 2 {
            0 => ([192, 0, 2, 1], u16::from(number)).into(),
            _ => ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], u16::from(number)).into(),
        };
        FourTuple { local: ([192, 0, 2, 2], 80).into(), remote }
    }

    fn entry(serial: u64, number: u8) -> Box<Entry> {
        let connection = Connection::open_passive(Config::default(), 80, Seq(0));
        Box::new(Entry {
            serial,
            connection,
            tuple: tuple(number),
            listener: None,
            detached: false,
            armed: None,
            is_ready: false,
            replaced: None,
        })
    }

    proptest! {
        /// Any calls do what they do to two sorted maps: one by id, one of who holds which 4-tuple.
        #[test]
        fn like_two_maps(calls in prop::collection::vec((0..4u8, 0..24u8, any::<prop::sample::Index>()), 0..200)) {
            let mut table = Table::new((1, 2));
            let mut ids: BTreeMap<ConnectionId, FourTuple> = BTreeMap::new();
            let mut holders: BTreeMap<FourTuple, ConnectionId> = BTreeMap::new();
            for (serial, (call, number, which)) in calls.into_iter().enumerate() {
                let chosen = (!ids.is_empty()).then(|| *ids.keys().nth(which.index(ids.len())).expect("in range"));
                match (call, chosen) {
                    (0 | 1, _) => {
                        let id = table.insert(entry(serial as u64, number));
                        ids.insert(id, tuple(number));
                        holders.insert(tuple(number), id);
                    }
                    (2, Some(id)) => {
                        let removed = table.remove(id).expect("it is there");
                        prop_assert!(table.remove(id).is_none());
                        ids.remove(&id);
                        holders.retain(|_, holder| *holder != id);
                        if number < 8 {
                            table.restore(id, removed);
                            let tuple = table.get(id).expect("it is back").tuple;
                            ids.insert(id, tuple);
                            holders.insert(tuple, id);
                        }
                    }
                    (_, Some(id)) => {
                        table.release_tuple(id);
                        holders.retain(|_, holder| *holder != id);
                    }
                    (_, None) => {}
                }
                for number in 0..24 {
                    prop_assert_eq!(table.find(&tuple(number)), holders.get(&tuple(number)).copied());
                }
                for (id, tuple) in &ids {
                    prop_assert_eq!(table.get(*id).map(|entry| entry.tuple), Some(*tuple));
                }
            }
        }
    }
}
