//! Overlapping and reordered text is put together exactly, at any sequence number, and SACK tells the truth
//! about it: a connection compared with an array of octets.

use proptest::prelude::*;
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Config, Connection, State};
use wirelaw_reference::time::{Duration, Instant};
use wirelaw_reference::wire::{Flags, Segment, TcpOption};

/// First numbers of the peer for which the stream, or the window, crosses an edge.
const ISNS: [u32; 7] = [0, 0x7fff_fff0, 0x7fff_ffff, 0x8000_0000, 0xffff_ffe8, 0xffff_fffa, 0xffff_ffff];

const WINDOW: u32 = 24;

/// A connection that takes text, and what it must hold.
struct Receiver {
    tcp: Connection,
    now: Instant,
    irs: Seq,
    /// The octets of the stream that have arrived inside the window, the first to come.
    model: Vec<Option<u8>>,
    /// Octets of the stream in order.
    next: usize,
    /// Octets that the application has taken.
    taken: usize,
}

impl Receiver {
    fn new(irs: u32) -> Receiver {
        let config = Config { receive_buffer: WINDOW as usize, mss: 8, window_scale: false, ..Config::default() };
        let mut tcp = Connection::open_passive(config, 80, Seq(7));
        let now = Instant::ZERO;
        let syn = Segment {
            seq: Seq(irs),
            flags: Flags::SYN,
            window: 1000,
            options: vec![TcpOption::SackPermitted],
            ..Segment::default()
        };
        tcp.handle_segment(now, &syn);
        while tcp.poll_transmit(now).is_some() {}
        let mut receiver = Receiver { tcp, now, irs: Seq(irs), model: vec![None; 256], next: 0, taken: 0 };
        receiver.tcp.handle_segment(now, &receiver.segment(0, &[]));
        assert_eq!(receiver.tcp.state(), State::Established);
        receiver
    }

    /// A segment whose text begins `at` octets into the stream, or before it.
    fn segment(&self, at: i64, text: &[u8]) -> Segment {
        let seq = self.irs + 1 + at as u32;
        Segment { seq, ack: Seq(8), flags: Flags::ACK, window: 1000, payload: text.to_vec(), ..Segment::default() }
    }

    /// The right edge of the window in the stream, as the connection has offered it.
    fn edge(&self) -> usize {
        (self.tcp.rcv().nxt + self.tcp.rcv().wnd - (self.irs + 1)) as usize
    }

    fn arrives(&mut self, at: i64, text: &[u8]) {
        let edge = self.edge();
        let segment = self.segment(at, text);
        self.now += Duration::from_millis(1);
        self.tcp.handle_segment(self.now, &segment);
        for (position, octet) in (at..).zip(text) {
            let inside = usize::try_from(position).is_ok_and(|position| (self.next..edge).contains(&position));
            if inside {
                self.model[position as usize].get_or_insert(*octet);
            }
        }
        self.next = self.model.iter().position(Option::is_none).expect("the stream is short");
        self.check();
    }

    fn read(&mut self) {
        let octets = self.tcp.receive(usize::MAX).expect("open");
        let expected: Vec<u8> = self.model[self.taken..self.next].iter().flatten().copied().collect();
        assert_eq!(octets, expected, "the octets from {} on", self.taken);
        self.taken = self.next;
        self.check();
    }

    /// RCV.NXT, and every acknowledgment with its blocks, is what the model says.
    fn check(&mut self) {
        let nxt = self.irs + 1 + self.next as u32;
        assert_eq!(self.tcp.rcv().nxt, nxt);
        assert_eq!(self.tcp.readable(), self.next - self.taken);
        while let Some(segment) = self.tcp.poll_transmit(self.now) {
            assert_eq!(segment.ack, nxt);
            for option in &segment.options {
                if let TcpOption::Sack(blocks) = option {
                    self.check_blocks(blocks);
                }
            }
        }
    }

    fn check_blocks(&self, blocks: &[(Seq, Seq)]) {
        let first = self.irs + 1;
        for (index, (left, right)) in blocks.iter().enumerate() {
            assert!(left.is_before(*right), "an empty block");
            let may_be_duplicate = index == 0;
            if may_be_duplicate && left.is_before(first + self.next as u32) {
                continue; // RFC 2883 §4: below the acknowledgment
            }
            let (left, right) = ((*left - first) as usize, (*right - first) as usize);
            assert!(self.model[left..right].iter().all(Option::is_some), "{left}..{right} has not arrived");
            let whole = self.model[left - 1].is_none() && self.model[right].is_none();
            assert!(whole || may_be_duplicate, "{left}..{right} is a part of a run");
        }
    }
}

/// All orders of `items`, by Heap's algorithm.
fn permutations<T: Clone>(items: &mut Vec<T>, k: usize, visit: &mut impl FnMut(&[T])) {
    if k <= 1 {
        return visit(items);
    }
    for i in 0..k {
        permutations(items, k - 1, visit);
        items.swap(if k.is_multiple_of(2) { i } else { 0 }, k - 1);
    }
}

/// Six overlapping segments in all 720 orders, from every first number.
#[test]
fn every_order_of_overlapping_segments() {
    let octet = |at: i64| (at as u8).wrapping_mul(37);
    let mut segments: Vec<(i64, i64)> = vec![(0, 4), (2, 7), (4, 8), (7, 12), (10, 11), (11, 16)];
    let mut orders = 0;
    let count = segments.len();
    permutations(&mut segments, count, &mut |order| {
        orders += 1;
        for irs in ISNS {
            let mut receiver = Receiver::new(irs);
            for (start, end) in order {
                let text: Vec<u8> = (*start..*end).map(octet).collect();
                receiver.arrives(*start, &text);
            }
            assert_eq!(receiver.next, 16, "isn {irs}: {order:?}");
            receiver.read();
        }
    });
    assert_eq!(orders, 720);
}

proptest! {
    /// Any segments, also before and behind the window and with other octets where they overlap; the
    /// application reads when it likes.
    #[test]
    fn like_an_array(
        irs in prop_oneof![prop::sample::select(ISNS.to_vec()), any::<u32>()],
        steps in prop::collection::vec((-6i64..40, prop::collection::vec(any::<u8>(), 0..12), any::<bool>()), 1..24),
    ) {
        let mut receiver = Receiver::new(irs);
        for (from_next, text, read) in &steps {
            // near RCV.NXT: the stream moves on
            receiver.arrives(receiver.next as i64 + from_next - 6, text);
            if *read {
                receiver.read();
            }
        }
        receiver.read();
    }
}
