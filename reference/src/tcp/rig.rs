//! One connection and a peer that the test plays: what unit tests of loss recovery need.

use alloc::vec;
use alloc::vec::Vec;

use super::{Config, Connection, InitialWindow};
use crate::seq::Seq;
use crate::time::{Duration, Instant};
use crate::wire::{Flags, Segment, TcpOption};

/// SMSS; segment `n` of the stream begins at `n * MSS`.
pub(super) const MSS: u32 = 1000;

/// Our initial sequence number: the fourth segment begins at 0.
const ISS: Seq = Seq(u32::MAX - 3 * MSS);

#[derive(Clone)]
pub(super) struct Rig {
    pub(super) tcp: Connection,
    pub(super) now: Instant,
    window: u16,
    stamps: bool,
}

/// Without timestamps and delays, with ten segments to begin with.
pub(super) fn config() -> Config {
    Config {
        timestamps: false,
        initial_window: InitialWindow::Rfc6928,
        mss: MSS as u16,
        send_buffer: 1 << 20,
        ..Config::default()
    }
}

/// All three mechanisms on.
pub(super) fn by_time() -> Config {
    Config { rack: true, tail_loss_probe: true, f_rto: true, ..config() }
}

impl Rig {
    /// An established connection whose handshake took 100 ms, at 0 ms of its life.
    pub(super) fn new(config: Config) -> Rig {
        Rig::with_sack(config, true)
    }

    pub(super) fn with_sack(config: Config, sack: bool) -> Rig {
        let began = Instant::from_millis(900);
        let stamps = config.timestamps;
        let mut tcp = Connection::open_active(began, config, 1, 2, ISS);
        while tcp.poll_transmit(began).is_some() {}
        let mut rig = Rig { tcp, now: Instant::from_millis(1000), window: 0xffff, stamps };
        let mut options = vec![TcpOption::Mss(MSS as u16)];
        if sack {
            options.push(TcpOption::SackPermitted);
        }
        if stamps {
            options.push(TcpOption::Timestamps { val: 1, ecr: 900 });
        }
        rig.deliver(Flags::SYN | Flags::ACK, Seq(0), ISS + 1, options);
        assert!(rig.sent().is_empty());
        rig
    }

    fn deliver(&mut self, flags: Flags, seq: Seq, ack: Seq, options: Vec<TcpOption>) {
        let segment = Segment {
            source_port: 2,
            destination_port: 1,
            seq,
            ack,
            flags,
            window: self.window,
            options,
            ..Segment::default()
        };
        self.tcp.handle_segment(self.now, &segment);
    }

    /// The windows that the peer offers from now on.
    pub(super) fn window(&mut self, window: u16) {
        self.window = window;
    }

    /// What goes out now: position in the stream and length, a FIN counted.
    pub(super) fn sent(&mut self) -> Vec<(u32, u32)> {
        let mut sent = Vec::new();
        while let Some(segment) = self.tcp.poll_transmit(self.now) {
            if !segment.is_empty() {
                sent.push((segment.seq - (ISS + 1), segment.len()));
            }
            assert_eq!(self.tcp.fault(), None);
        }
        sent
    }

    /// The whole segments among what goes out now, by number.
    pub(super) fn segments(&mut self) -> Vec<u32> {
        self.sent()
            .into_iter()
            .map(|(at, len)| {
                assert_eq!((at % MSS, len), (0, MSS), "not a whole segment");
                at / MSS
            })
            .collect()
    }

    /// The application writes so many segments.
    pub(super) fn write(&mut self, segments: u32) -> Vec<u32> {
        self.tcp.send(&vec![7; (segments * MSS) as usize], false).unwrap();
        self.segments()
    }

    /// Time passes, to so many milliseconds after the handshake.
    pub(super) fn at(&mut self, millis: u64) -> &mut Rig {
        self.now = Instant::from_millis(1000 + millis);
        self.tcp.handle_timeout(self.now);
        assert_eq!(self.tcp.fault(), None);
        self
    }

    /// An acknowledgment up to segment `ack`, with blocks from one segment to another.
    pub(super) fn ack(&mut self, ack: u32, blocks: &[(u32, u32)]) -> Vec<u32> {
        self.acknowledge(ack, blocks, None);
        self.segments()
    }

    /// Like [`ack`](Rig::ack), with an echo of what was sent at `echo` milliseconds.
    pub(super) fn acknowledge(&mut self, ack: u32, blocks: &[(u32, u32)], echo: Option<u32>) {
        let position = |segment: u32| ISS + 1 + segment * MSS;
        let mut options = Vec::new();
        if self.stamps {
            options.push(TcpOption::Timestamps { val: 2, ecr: 1000 + echo.unwrap_or_default() });
        }
        if !blocks.is_empty() {
            options.push(TcpOption::Sack(blocks.iter().map(|(l, r)| (position(*l), position(*r))).collect()));
        }
        self.deliver(Flags::ACK, Seq(1), position(ack), options);
        assert_eq!(self.tcp.fault(), None);
    }

    /// Like [`ack`](Rig::ack), in octets of the stream.
    pub(super) fn acknowledge_octets(&mut self, ack: u32, blocks: &[(u32, u32)]) {
        let blocks = blocks.iter().map(|(left, right)| (ISS + 1 + *left, ISS + 1 + *right)).collect();
        self.deliver(Flags::ACK, Seq(1), ISS + 1 + ack, vec![TcpOption::Sack(blocks)]);
    }

    /// Text of the peer, from so many octets of its stream on, and what it draws is not looked at.
    pub(super) fn text(&mut self, at: u32, len: usize) {
        let options = if self.stamps { vec![TcpOption::Timestamps { val: 2, ecr: 1000 }] } else { Vec::new() };
        let segment = Segment {
            source_port: 2,
            destination_port: 1,
            seq: Seq(1) + at,
            ack: self.tcp.snd().una,
            flags: Flags::ACK,
            window: self.window,
            options,
            payload: vec![7; len],
            ..Segment::default()
        };
        self.tcp.handle_segment(self.now, &segment);
        assert!(self.sent().is_empty());
    }

    /// When the next timer is due, in milliseconds after the handshake.
    pub(super) fn due(&self) -> Option<u64> {
        let since = |at: Instant| at.since(Instant::from_millis(1000)).as_micros() as u64;
        self.tcp.poll_timeout().map(|at| since(at).div_ceil(1000))
    }

    /// cwnd and ssthresh in segments, rounded down.
    pub(super) fn windows(&self) -> (u32, u32) {
        (self.tcp.congestion.window() / MSS, self.tcp.congestion.ssthresh() / MSS)
    }
}

/// Milliseconds.
pub(super) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
