//! When which connection of a host is to be woken.
//!
//! Nearly every segment moves a timer into the future. Following each move would cost a tree
//! operation per segment; so a connection that is known under an earlier instant stays there, and
//! is looked at again when that instant comes: at most once in each retransmission timeout.

use super::{ConnectionId, Host};
use crate::time::Instant;

/// How many connections that were put off [`Host::poll_timeout`] looks at before it settles for an
/// instant at which perhaps nothing is due.
const LOOKS: usize = 16;

impl Host {
    /// When [`handle_timeout`](Host::handle_timeout) is to be called next: the earliest timer of
    /// any connection. It may come out earlier, but never later, where many connections have put
    /// their timers off.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let mut earliest: Option<Instant> = None;
        for (looks, (armed, id)) in self.deadlines.iter().enumerate() {
            if earliest.is_some_and(|earliest| earliest <= *armed) {
                break; // all others are later still
            }
            if looks == LOOKS {
                return Some(*armed);
            }
            let due = self.connections.get(*id).and_then(|entry| entry.connection.poll_timeout());
            earliest = earliest.into_iter().chain(due).min();
        }
        earliest
    }

    /// Handles every timer that is due at `now`: in the order of time, and of age at the same time.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((armed, id)) = self.deadlines.first().copied().filter(|(armed, _)| *armed <= now) {
            self.deadlines.pop_first();
            let Some(entry) = self.connections.get_mut(id) else { continue };
            entry.armed = None;
            if entry.connection.poll_timeout().is_some_and(|due| due <= armed) {
                entry.connection.handle_timeout(now);
                if let Some(outcome) = entry.connection.take_fast_open_outcome() {
                    self.cookies.learn(now, entry.tuple.remote, outcome);
                }
                self.settle(id);
            } else {
                self.note_deadline(id); // put off; perhaps it is due at `now` all the same
            }
        }
    }

    /// The timers of a connection may have changed.
    pub(super) fn note_deadline(&mut self, id: ConnectionId) {
        let Some(entry) = self.connections.get_mut(id) else { return };
        let Some(due) = entry.connection.poll_timeout() else { return };
        if entry.armed.is_some_and(|armed| armed <= due) {
            return;
        }
        if let Some(old) = entry.armed.replace(due) {
            self.deadlines.remove(&(old, id));
        }
        self.deadlines.insert((due, id));
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use core::net::{IpAddr, SocketAddr};

    use super::{Host, Instant};
    use crate::host::IsnGenerator;
    use crate::seq::Seq;
    use crate::wire::{Flags, Packet, Segment};

    /// The first connection was to be woken at 1 s and has put that off; the second comes before.
    #[test]
    fn who_has_put_off_does_not_hide_who_is_due() {
        let [local, remote] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        let mut isn = IsnGenerator::new(1);
        isn.plan([Seq(0); 2]);
        let mut host = Host::new(vec![local], 1500, isn);
        let config = host.config(false);
        let open = |host: &mut Host, millis, port| {
            let now = Instant::from_millis(millis);
            let server = SocketAddr::new(remote, 80);
            let id = host.connect(now, Some(SocketAddr::new(local, port)), server, config.clone()).unwrap();
            while host.poll_transmit(now).is_some() {}
            id
        };
        let first = open(&mut host, 0, 1000);
        assert_eq!(host.poll_timeout(), Some(Instant::from_millis(1000)));
        let answer = Segment {
            source_port: 80,
            destination_port: 1000,
            ack: Seq(1),
            flags: Flags::SYN | Flags::ACK,
            window: 1000,
            ..Segment::default()
        };
        host.handle_packet(Instant::from_millis(10), &Packet::tcp(remote, local, answer));
        open(&mut host, 500, 1001);
        let now = Instant::from_millis(900);
        host.call(first, |tcp| tcp.send(b"x", false)).unwrap();
        while host.poll_transmit(now).is_some() {}
        assert_eq!(host.poll_timeout(), Some(Instant::from_millis(1500)), "the SYN of the second");
    }
}
