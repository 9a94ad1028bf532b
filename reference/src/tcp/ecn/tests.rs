use alloc::vec;
use alloc::vec::Vec;

use super::super::{Config, Connection, Ecn, State};
use super::Codepoint;
use crate::seq::Seq;
use crate::time::{Duration, Instant};
use crate::wire::{Flags, Segment, TcpOption};

const ECE_CWR: Flags = Flags(Flags::ECE.0 | Flags::CWR.0);

/// A connection whose peer is played by the test: it holds both sides' next numbers.
struct Play {
    tcp: Connection,
    now: Instant,
    /// What the peer sends next, and has received.
    seq: Seq,
    ack: Seq,
}

fn config(ecn: Ecn) -> Config {
    Config { mss: 1000, default_mss: 1000, timestamps: false, sack: false, delayed_ack: None, ecn, ..Config::default() }
}

impl Play {
    fn active(config: Config) -> Play {
        let now = Instant::from_millis(1000);
        let tcp = Connection::open_active(now, config, 1, 2, Seq(99));
        Play { tcp, now, seq: Seq(500), ack: Seq(100) }
    }

    fn segment(&self, flags: Flags, text: usize) -> Segment {
        let (seq, ack) = (self.seq, self.ack);
        Segment {
            source_port: 2,
            destination_port: 1,
            seq,
            ack,
            flags,
            window: 60_000,
            payload: vec![b'x'; text],
            ..Segment::default()
        }
    }

    fn arrives(&mut self, flags: Flags, text: usize, field: Codepoint) -> Vec<(Segment, Codepoint)> {
        let segment = self.segment(flags, text);
        self.tcp.handle_marked_segment(self.now, &segment, field);
        self.seq = segment.end();
        self.sends()
    }

    fn sends(&mut self) -> Vec<(Segment, Codepoint)> {
        let mut sent = Vec::new();
        while let Some(segment) = self.tcp.poll_transmit(self.now) {
            sent.push((segment, self.tcp.codepoint()));
        }
        sent
    }

    /// After the handshake, in which our SYN was answered with these flags.
    fn established(config: Config, flags: Flags) -> Play {
        let mut play = Play::active(config);
        play.sends();
        let mut answer = play.segment(Flags::SYN | Flags::ACK | flags, 0);
        answer.options = vec![TcpOption::Mss(1000)];
        play.tcp.handle_segment(play.now, &answer);
        play.seq += 1;
        play.sends();
        assert_eq!(play.tcp.state(), State::Established);
        play
    }

    /// SEND, and what goes out.
    fn send(&mut self, octets: usize) -> Vec<(Segment, Codepoint)> {
        assert_eq!(self.tcp.send(&vec![7; octets], false), Ok(octets));
        self.sends()
    }

    /// The peer acknowledges `octets` more.
    fn acks(&mut self, octets: u32, flags: Flags) -> Vec<(Segment, Codepoint)> {
        self.ack += octets;
        self.arrives(Flags::ACK | flags, 0, Codepoint::NotEct)
    }

    /// Lets the next timer expire.
    fn expire(&mut self) -> Vec<(Segment, Codepoint)> {
        self.now = self.tcp.poll_timeout().expect("a timer runs");
        self.tcp.handle_timeout(self.now);
        self.sends()
    }
}

fn flags(sent: &[(Segment, Codepoint)]) -> Vec<Flags> {
    sent.iter().map(|(segment, _)| segment.flags).collect()
}

fn fields(sent: &[(Segment, Codepoint)]) -> Vec<Codepoint> {
    sent.iter().map(|(_, field)| *field).collect()
}

#[test]
fn the_active_side_asks_and_falls_back() {
    let mut play = Play::active(config(Ecn::Request));
    assert_eq!(flags(&play.sends()), [Flags::SYN | ECE_CWR]);
    assert_eq!(flags(&play.expire()), [Flags::SYN], "lost: without (RFC 3168 §6.1.1.1)");
    let mut play = Play::active(config(Ecn::Request));
    play.sends();
    let sent = play.arrives(Flags::RST | Flags::ACK, 0, Codepoint::NotEct);
    assert_eq!((flags(&sent), play.tcp.state()), (vec![Flags::SYN], State::SynSent), "refused: without");
    play.arrives(Flags::RST | Flags::ACK, 0, Codepoint::NotEct);
    assert_eq!(play.tcp.state(), State::Closed, "the second refusal counts");
    for quiet in [Ecn::Off, Ecn::Accept] {
        assert_eq!(flags(&Play::active(config(quiet)).sends()), [Flags::SYN]);
    }
}

#[test]
fn the_passive_side_answers_a_proper_request() {
    for (ecn, asked, answered) in [
        (Ecn::Accept, ECE_CWR, Flags::ECE),
        (Ecn::Request, ECE_CWR, Flags::ECE),
        (Ecn::Off, ECE_CWR, Flags::NONE),
        (Ecn::Accept, Flags::ECE, Flags::NONE),
        (Ecn::Accept, Flags::CWR, Flags::NONE),
        (Ecn::Accept, Flags::NONE, Flags::NONE),
    ] {
        let mut play = Play::active(config(ecn));
        play.tcp = Connection::open_passive(config(ecn), 1, Seq(99));
        play.ack = Seq(0);
        let sent = play.arrives(Flags::SYN | asked, 0, Codepoint::NotEct);
        assert_eq!(flags(&sent), [Flags::SYN | Flags::ACK | answered], "{ecn:?} {asked:?}");
        assert_eq!(fields(&sent), [Codepoint::NotEct], "SYN,ACK is not capable (§6.1.1)");
        play.ack = Seq(100);
        play.arrives(Flags::ACK, 0, Codepoint::NotEct);
        let expected = if answered == Flags::ECE { Codepoint::Ect0 } else { Codepoint::NotEct };
        assert_eq!(fields(&play.send(1000)), [expected], "{ecn:?} {asked:?}");
    }
}

#[test]
fn new_data_alone_is_marked() {
    for (answer, expected) in [
        (Flags::ECE, Codepoint::Ect0),
        (Flags::NONE, Codepoint::NotEct),
        (Flags::CWR, Codepoint::NotEct),
        (ECE_CWR, Codepoint::NotEct), // it mirrors what it does not understand
    ] {
        let mut play = Play::established(config(Ecn::Request), answer);
        assert_eq!(fields(&play.send(2000)), [expected; 2], "{answer:?}");
        assert_eq!(fields(&play.expire()), [Codepoint::NotEct], "a retransmission (§6.1.5)");
        let ack = play.arrives(Flags::ACK, 10, Codepoint::NotEct);
        assert_eq!(fields(&ack), [Codepoint::NotEct], "a pure acknowledgment (§6.1.4)");
    }
}

#[test]
fn a_probe_of_a_closed_window_is_neither_marked_nor_tells() {
    let mut play = Play::established(config(Ecn::Request), Flags::ECE);
    assert_eq!(fields(&play.send(2000)).len(), 2);
    play.acks(1000, Flags::ECE); // CWR is due
    let mut shut = play.segment(Flags::ACK, 0);
    shut.window = 0;
    shut.ack += 1000;
    play.tcp.handle_segment(play.now, &shut);
    play.send(500);
    let probe = play.expire();
    assert_eq!((probe[0].0.payload.len(), probe[0].1), (1, Codepoint::NotEct));
    assert!(!probe[0].0.flags.intersects(Flags::CWR), "{:?}", probe[0].0.flags);
}

#[test]
fn a_mark_is_echoed_until_cwr_and_cwr_is_judged_first() {
    let mut play = Play::established(config(Ecn::Request), Flags::ECE);
    let ece = |sent: &[(Segment, Codepoint)]| sent.iter().all(|(s, _)| s.flags.contains(Flags::ECE));
    assert!(!ece(&play.arrives(Flags::ACK, 10, Codepoint::Ect0)));
    assert!(ece(&play.arrives(Flags::ACK, 10, Codepoint::Ce)));
    assert!(ece(&play.arrives(Flags::ACK, 10, Codepoint::Ect0)), "sticky");
    assert!(ece(&play.send(100)), "data acknowledges too");
    assert!(ece(&play.arrives(Flags::ACK | Flags::CWR, 10, Codepoint::Ce)), "the new mark counts (erratum 3639)");
    assert!(!ece(&play.arrives(Flags::ACK | Flags::CWR, 10, Codepoint::Ect0)));
    // outside the window a mark says nothing (§6.1.5)
    play.seq = Seq(400);
    let outside = play.arrives(Flags::ACK, 10, Codepoint::Ce);
    assert!(!outside.is_empty() && !ece(&outside));
    let mut deaf = Play::established(config(Ecn::Request), Flags::NONE);
    assert!(!ece(&deaf.arrives(Flags::ACK, 10, Codepoint::Ce)), "nothing was agreed");
}

#[test]
fn one_reduction_per_window_and_the_next_new_data_tells() {
    let mut play = Play::established(config(Ecn::Request), Flags::ECE);
    assert_eq!(play.send(20_000).len(), 4);
    let sent = play.acks(2000, Flags::ECE); // 4 in flight: two are left, and stay the window
    assert_eq!(play.tcp.congestion.window(), 2000);
    assert_eq!(flags(&sent), [], "the window is full");
    let sent = play.acks(1000, Flags::ECE);
    assert_eq!(play.tcp.congestion.window(), 2000, "once per window, and no growth");
    assert_eq!(sent.len(), 1);
    assert!(sent[0].0.flags.contains(Flags::CWR) && sent[0].1 == Codepoint::Ect0, "{:?}", sent[0]);
    let sent = play.acks(1000, Flags::NONE);
    assert!(!sent[0].0.flags.contains(Flags::CWR), "only the first");
    let sent = play.acks(1000, Flags::ECE);
    assert_eq!(play.tcp.congestion.window(), 1000, "a new window: down to one segment");
    assert_eq!(flags(&sent), []);
}

#[test]
fn at_one_segment_the_timer_paces() {
    let mut play = Play::established(config(Ecn::Request), Flags::ECE);
    play.send(20_000);
    play.expire(); // the window is one segment
    let sent = play.acks(4000, Flags::ECE);
    assert_eq!((play.tcp.congestion.window(), sent.len()), (1000, 0), "it cannot be halved: nothing is sent");
    let before = play.now;
    let mut sent = play.expire();
    while sent.is_empty() {
        sent = play.expire();
    }
    assert_eq!((sent.len(), sent[0].1), (1, Codepoint::Ect0));
    assert!(play.now.since(before) >= Duration::from_secs(1), "{:?}", play.now.since(before));
    assert_eq!(play.tcp.congestion.window(), 1000, "nothing was lost");
}

#[test]
fn a_loss_in_a_reduced_window_reduces_no_further() {
    let mut play = Play::established(config(Ecn::Request), Flags::ECE);
    play.send(20_000);
    play.acks(1000, Flags::ECE);
    assert_eq!(play.tcp.congestion.ssthresh(), 2000);
    for _ in 0..3 {
        play.acks(0, Flags::NONE);
    }
    assert_eq!(play.tcp.congestion.ssthresh(), 2000);
    play.acks(play.tcp.snd().in_flight(), Flags::NONE);
    assert_eq!(play.tcp.congestion.window(), 2000, "after recovery");
}

#[test]
fn a_loss_is_told_by_cwr_too() {
    let mut play = Play::established(config(Ecn::Request), Flags::ECE);
    play.send(20_000);
    let resent = play.expire();
    assert!(!resent[0].0.flags.intersects(Flags::CWR), "not on a retransmission (§6.1.2)");
    let sent = play.acks(4000, Flags::NONE);
    assert!(sent[0].0.flags.contains(Flags::CWR));
}

/// RFC 5681 §3.1: the acknowledgment of a SYN,ACK opens the window by nothing, not by the SYN's octet.
#[test]
fn a_handshake_does_not_open_the_window() {
    let mut play = Play::active(config(Ecn::Accept));
    play.tcp = Connection::open_passive(config(Ecn::Accept), 1, Seq(99));
    play.arrives(Flags::SYN, 0, Codepoint::NotEct);
    let before = play.tcp.congestion.window();
    play.arrives(Flags::ACK, 0, Codepoint::NotEct);
    assert_eq!((play.tcp.state(), play.tcp.congestion.window()), (State::Established, before));
}

/// The window closes and opens again while the timer paces: what waits is sent in the end.
#[test]
fn a_closed_window_ends_the_wait() {
    let mut play = Play::established(config(Ecn::Request), Flags::ECE);
    play.send(20_000);
    play.expire();
    play.ack += 4000;
    let mut shut = play.segment(Flags::ACK | Flags::ECE, 0);
    shut.window = 0;
    play.tcp.handle_segment(play.now, &shut);
    for _ in 0..3 {
        play.expire(); // the wait is over, or a probe goes out
    }
    let sent = play.arrives(Flags::ACK, 0, Codepoint::NotEct); // opens, and takes no octet of the probe
    assert_eq!(sent.len(), 1, "the probe's octet again");
    assert_eq!(play.acks(1, Flags::NONE).first().map(|(segment, _)| segment.payload.len()), Some(1000));
}

#[test]
fn the_field_is_the_two_lowest_bits() {
    for (low, field) in [(0, Codepoint::NotEct), (1, Codepoint::Ect1), (2, Codepoint::Ect0), (3, Codepoint::Ce)] {
        assert_eq!(Codepoint::of(low), field);
        assert_eq!(Codepoint::of(0xb8 | low), field, "expedited forwarding (RFC 3168 §5)");
    }
}
