//! An application: it writes its stream, reads the other, and closes, all at its own pace.

use wirelaw_reference::tcp::{Connection, State};
use wirelaw_reference::time::{Duration, Instant};

/// What an application wants.
#[derive(Clone, Debug)]
pub(crate) struct Habits {
    /// Octets of its stream.
    pub(crate) octets: usize,
    /// What it does first, one after the other; then it writes and reads whenever it can.
    pub(crate) acts: Vec<Act>,
    /// The most that it then writes at a time, at least 1.
    pub(crate) write: usize,
    /// The most that it then reads at a time, at least 1.
    pub(crate) read: usize,
    pub(crate) close: Close,
}

/// One turn of an application, after which it sleeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Act {
    pub(crate) write: usize,
    pub(crate) read: usize,
    pub(crate) pause: Duration,
}

/// When an application closes, its own stream written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Close {
    /// At once; it goes on to read.
    Written,
    /// Once it has read so many octets, if the peer sends as many.
    Read(usize),
    /// Once the peer has closed. Of two that would wait for each other, neither does.
    PeerClosed,
    /// Once it has read all that the peer will send; it leaves without waiting for the peer's FIN.
    Leave,
}

#[derive(Debug)]
pub(crate) struct Application<'a> {
    habits: &'a Habits,
    peer: &'a Habits,
    acts: std::slice::Iter<'a, Act>,
    sleeps_until: Instant,
    written: usize,
    received: usize,
    saw_end: bool,
    has_closed: bool,
}

/// Octet number `at` of a stream. The period is a prime: no two segments hold the same.
pub(crate) fn octet(at: usize) -> u8 {
    (at * 7 % 251) as u8
}

impl<'a> Application<'a> {
    pub(crate) fn new(habits: &'a Habits, peer: &'a Habits) -> Application<'a> {
        let acts = habits.acts.iter();
        let sleeps_until = Instant::ZERO;
        Application { habits, peer, acts, sleeps_until, written: 0, received: 0, saw_end: false, has_closed: false }
    }

    pub(crate) fn received(&self) -> usize {
        self.received
    }

    /// The length of its stream.
    pub(crate) fn octets(&self) -> usize {
        self.habits.octets
    }

    /// When it wants to act by itself.
    pub(crate) fn wakes(&self) -> Option<Instant> {
        (self.acts.len() > 0 && !self.has_left()).then_some(self.sleeps_until)
    }

    pub(crate) fn has_left(&self) -> bool {
        self.has_closed && self.habits.close == Close::Leave
    }

    /// Does what is due at `now`; whether anything came of it.
    pub(crate) fn act(&mut self, now: Instant, tcp: &mut Connection) -> bool {
        if self.has_left() || self.acts.len() > 0 && now < self.sleeps_until {
            return false;
        }
        let act = self.acts.next().copied();
        let (write, read) = act.map_or((self.habits.write, self.habits.read), |act| (act.write, act.read));
        self.sleeps_until = now + act.map_or(Duration::ZERO, |act| act.pause);
        let written = self.write(tcp, write);
        let received = self.read(tcp, read);
        let closed = self.close(tcp);
        act.is_some() || written || received || closed
    }

    fn write(&mut self, tcp: &mut Connection, most: usize) -> bool {
        let until = self.habits.octets.min(self.written.saturating_add(most));
        let text: Vec<u8> = (self.written..until).map(octet).collect();
        let taken = tcp.send(&text, false).unwrap_or(0);
        self.written += taken;
        taken > 0
    }

    fn read(&mut self, tcp: &mut Connection, most: usize) -> bool {
        let Ok(octets) = tcp.receive(most) else {
            self.saw_end |= tcp.state().has_received_fin() || tcp.state() == State::Closed;
            return false;
        };
        for (at, found) in (self.received..).zip(&octets) {
            assert_eq!(*found, octet(at), "octet {at}");
        }
        self.received += octets.len();
        assert!(self.received <= self.peer.octets, "octets that nobody sent");
        !octets.is_empty()
    }

    fn close(&mut self, tcp: &mut Connection) -> bool {
        let all_read = self.received == self.peer.octets;
        let wants = match self.habits.close {
            Close::Written => true,
            Close::Read(octets) => self.received >= octets.min(self.peer.octets),
            Close::PeerClosed => self.saw_end || self.peer.close != Close::Written,
            Close::Leave => all_read,
        };
        // CLOSE in SYN-SENT would forget what was written
        let may = self.written == self.habits.octets && tcp.state() != State::SynSent && !self.has_closed;
        if !may || !wants {
            return false;
        }
        let closed = if self.habits.close == Close::Leave { tcp.detach() } else { tcp.close() };
        self.has_closed = closed.is_ok();
        self.has_closed
    }
}
