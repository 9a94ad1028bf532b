//! Two of ours, with and without hosts around them.

use core::net::SocketAddr;

use wirelaw_reference::host::{ConnectionId, Host, IsnGenerator};
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Config, Connection};
use wirelaw_reference::time::{Duration, Instant};
use wirelaw_reference::wire::{Packet, Segment};

/// Virtual time between two data segments.
const GAP: Duration = Duration::from_micros(1);
/// What the sender offers and the receiver takes at once.
const BUFFER: usize = 65_536;

/// Two connections, the first sending.
pub(crate) struct TwoConnections {
    now: Instant,
    ends: [Connection; 2],
    segment: Segment,
    data: Vec<u8>,
    sink: Vec<u8>,
}

impl TwoConnections {
    pub(crate) fn new(mtu: u16, timestamps: bool) -> TwoConnections {
        let config = Config { mss: mtu - 40, timestamps, ..Config::default() };
        let now = Instant::ZERO;
        let ends =
            [Connection::open_active(now, config.clone(), 1, 2, Seq(1)), Connection::open_passive(config, 2, Seq(2))];
        let (data, sink) = (vec![1; BUFFER], vec![0; BUFFER]);
        TwoConnections { now, ends, segment: Segment::default(), data, sink }
    }

    /// Carries at least so many data segments.
    pub(crate) fn run(&mut self, segments: u64) {
        let mut delivered = 0;
        while delivered < segments {
            let _ = self.ends[0].send(&self.data, false); // as much as fits
            while let Some(data) = self.turn() {
                delivered += u64::from(data);
            }
            let _ = self.ends[1].receive_into(&mut self.sink);
        }
    }

    /// One segment of the sender, then what the receiver answers; whether it carried data, or
    /// nothing if both are silent.
    fn turn(&mut self) -> Option<bool> {
        self.now += GAP;
        let mut data = None;
        if self.ends[0].poll_transmit_into(self.now, &mut self.segment) {
            data = Some(!self.segment.payload.is_empty());
            self.ends[1].handle_segment(self.now, &self.segment);
        }
        while self.ends[1].poll_transmit_into(self.now, &mut self.segment) {
            data.get_or_insert(false);
            self.ends[0].handle_segment(self.now, &self.segment);
        }
        self.ends.iter_mut().for_each(|end| end.handle_timeout(self.now));
        data
    }
}

/// Whether packets cross as values or as octets.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Encoding {
    None,
    Octets,
}

/// Two hosts, the first sending.
pub(crate) struct TwoHosts {
    now: Instant,
    ends: [Host; 2],
    ids: [ConnectionId; 2],
    encoding: Encoding,
    sent: Packet,
    octets: Vec<u8>,
    received: Packet,
    data: Vec<u8>,
    sink: Vec<u8>,
}

impl TwoHosts {
    pub(crate) fn new(mtu: u16, encoding: Encoding) -> TwoHosts {
        let addresses = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().expect("an address"));
        let mut hosts = addresses.map(|address| Host::new(vec![address], mtu, IsnGenerator::new(1)));
        let there = SocketAddr::new(addresses[1], 80);
        let config = Config { timestamps: false, ..hosts[0].config(false) };
        let listener = hosts[1].listen(there, 1, config.clone()).expect("a free port");
        let client = hosts[0].connect(Instant::ZERO, None, there, config).expect("a free port");
        let (data, sink) = (vec![1; BUFFER], vec![0; BUFFER]);
        let (sent, received) = (Packet::empty(), Packet::empty());
        let (ids, octets) = ([client; 2], Vec::new());
        let mut pair = TwoHosts { now: Instant::ZERO, ends: hosts, ids, encoding, sent, octets, received, data, sink };
        while pair.turn().is_some() {}
        pair.ids[1] = pair.ends[1].accept(listener).expect("the handshake is complete").0;
        pair
    }

    /// Carries at least so many data segments.
    pub(crate) fn run(&mut self, segments: u64) {
        let mut delivered = 0;
        while delivered < segments {
            let _ = self.ends[0].call(self.ids[0], |tcp| tcp.send(&self.data, false)); // as much as fits
            while let Some(data) = self.turn() {
                delivered += u64::from(data);
            }
            let _ = self.ends[1].call(self.ids[1], |tcp| tcp.receive_into(&mut self.sink));
        }
    }

    fn turn(&mut self) -> Option<bool> {
        self.now += GAP;
        let mut data = None;
        if self.ends[0].poll_transmit_into(self.now, &mut self.sent) {
            data = Some(self.sent.segment().is_some_and(|segment| !segment.payload.is_empty()));
            self.deliver(1);
        }
        while self.ends[1].poll_transmit_into(self.now, &mut self.sent) {
            data.get_or_insert(false);
            self.deliver(0);
        }
        self.ends.iter_mut().for_each(|host| host.handle_timeout(self.now));
        data
    }

    fn deliver(&mut self, to: usize) {
        if self.encoding == Encoding::None {
            self.ends[to].handle_packet(self.now, &self.sent);
            return;
        }
        self.sent.encode_into(&mut self.octets);
        self.received.decode_into(&self.octets).expect("what was encoded");
        self.ends[to].handle_packet(self.now, &self.received);
    }
}
