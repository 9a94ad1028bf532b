//! One host and a hand-made peer, in virtual time. Our ISS is 0 and the peer's 1000 throughout.

use std::net::{IpAddr, SocketAddr};

use wirelaw_reference::host::{ConnectionId, Host, IsnGenerator, ListenerId};
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Config, Connection, Disposition, Notice, State};
use wirelaw_reference::time::{Duration, Instant};
use wirelaw_reference::wire::{Body, Flags, Icmp, Ip, Packet, Segment, TcpOption};

/// The window that the peer offers unless a test says otherwise.
const WINDOW: u16 = 60_000;

pub(crate) struct Bench {
    pub(crate) host: Host,
    pub(crate) now: Instant,
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
    pub(crate) listener: Option<ListenerId>,
    pub(crate) id: Option<ConnectionId>,
    /// What the host sent and nobody has looked at yet.
    pub(crate) sent: Vec<Packet>,
}

/// No timestamps, no SACK, no delay: numbers that can be counted by hand.
pub(crate) fn plain(config: &mut Config) {
    config.timestamps = false;
    config.sack = false;
    config.delayed_ack = None;
}

impl Bench {
    pub(crate) fn new(is_v6: bool) -> Bench {
        let [local, peer]: [IpAddr; 2] =
            if is_v6 { ["2001:db8::1", "2001:db8::2"] } else { ["192.0.2.1", "192.0.2.2"] }.map(|a| a.parse().unwrap());
        let mut isn = IsnGenerator::new(1);
        isn.plan([Seq(0); 8]);
        Bench {
            host: Host::new(vec![local], 1500, isn),
            now: Instant::ZERO,
            local: SocketAddr::new(local, 80),
            peer: SocketAddr::new(peer, 4000),
            listener: None,
            id: None,
            sent: Vec::new(),
        }
    }

    pub(crate) fn config(&self, change: impl FnOnce(&mut Config)) -> Config {
        let mut config = self.host.config(self.local.is_ipv6());
        plain(&mut config);
        change(&mut config);
        config
    }

    /// A host that listens.
    pub(crate) fn listening(change: impl FnOnce(&mut Config)) -> Bench {
        let mut bench = Bench::new(false);
        let config = bench.config(change);
        bench.listener = Some(bench.host.listen(bench.local, 1, config).unwrap());
        bench
    }

    /// A connection that was opened from outside.
    pub(crate) fn established(change: impl FnOnce(&mut Config)) -> Bench {
        let mut bench = Bench::listening(change);
        bench.accept();
        bench
    }

    /// The handshake and the `accept` of a listening host.
    pub(crate) fn accept(&mut self) {
        self.arrives(&Segment { seq: Seq(1000), options: vec![TcpOption::Mss(1460)], ..self.segment(Flags::SYN) });
        self.arrives(&self.segment(Flags::ACK));
        self.id = Some(self.host.accept(self.listener.unwrap()).unwrap().0);
        self.take();
    }

    /// A connection that sent its SYN.
    pub(crate) fn connecting(change: impl FnOnce(&mut Config)) -> Bench {
        let mut bench = Bench::new(false);
        bench.peer.set_port(80);
        bench.local.set_port(4000);
        let config = bench.config(change);
        bench.id = Some(bench.host.connect(bench.now, Some(bench.local), bench.peer, config).unwrap());
        bench.drain();
        bench
    }

    /// A segment of the peer: in order, and acknowledging the SYN.
    pub(crate) fn segment(&self, flags: Flags) -> Segment {
        Segment {
            source_port: self.peer.port(),
            destination_port: self.local.port(),
            seq: Seq(1001),
            ack: if flags.contains(Flags::ACK) { Seq(1) } else { Seq(0) },
            flags,
            window: WINDOW,
            ..Segment::default()
        }
    }

    pub(crate) fn ack(&mut self, ack: u32) {
        self.arrives(&Segment { ack: Seq(ack), ..self.segment(Flags::ACK) });
    }

    pub(crate) fn arrives(&mut self, segment: &Segment) -> Disposition {
        let packet = Packet::tcp(self.peer.ip(), self.local.ip(), segment.clone());
        let disposition = self.host.handle_packet(self.now, &packet);
        self.drain();
        disposition
    }

    /// An ICMP error that quotes our segment at `seq`, whose packet is `len` octets long.
    pub(crate) fn icmp(&mut self, (kind, code): (u8, u8), mtu: u32, seq: u32, len: usize) -> Disposition {
        let quoted = Segment {
            source_port: self.local.port(),
            destination_port: self.peer.port(),
            seq: Seq(seq),
            payload: vec![0; len - if self.local.is_ipv6() { 60 } else { 40 }],
            ..Segment::default()
        };
        let original = Packet::tcp(self.local.ip(), self.peer.ip(), quoted).encode();
        let ip = Ip::new(self.peer.ip(), self.local.ip());
        let packet = Packet { ip, body: Body::Icmp(Icmp::quoting(kind, code, mtu, &original)) };
        let disposition = self.host.handle_packet(self.now, &Packet::decode(&packet.encode()).unwrap());
        self.drain();
        disposition
    }

    pub(crate) fn drain(&mut self) {
        while let Some(packet) = self.host.poll_transmit(self.now) {
            assert_eq!(Packet::decode(&packet.encode()).as_ref(), Ok(&packet));
            self.sent.push(packet);
        }
    }

    /// What was sent since somebody last asked.
    pub(crate) fn take(&mut self) -> Vec<Segment> {
        self.drain();
        self.sent.drain(..).filter_map(|packet| packet.segment().cloned()).collect()
    }

    /// The sequence numbers and lengths of [`take`](Bench::take), with their ends.
    pub(crate) fn lengths(&mut self) -> Vec<(u32, usize)> {
        self.take().iter().map(|segment| (segment.seq.0, segment.payload.len())).collect()
    }

    /// Time passes.
    pub(crate) fn advance(&mut self, by: Duration) {
        let end = self.now + by;
        while let Some(at) = self.host.poll_timeout().filter(|at| *at <= end) {
            self.now = at;
            self.host.handle_timeout(at);
            self.drain();
        }
        self.now = end;
    }

    pub(crate) fn send(&mut self, len: usize) {
        let data = vec![b'x'; len];
        self.call(|tcp| tcp.send(&data, false).map(|taken| assert_eq!(taken, data.len())));
    }

    pub(crate) fn call(&mut self, call: impl FnOnce(&mut Connection) -> Result<(), wirelaw_reference::tcp::CallError>) {
        self.host.call(self.id.unwrap(), call).unwrap();
        self.drain();
    }

    pub(crate) fn tcp(&self) -> &Connection {
        self.host.connection(self.id.unwrap()).unwrap()
    }

    pub(crate) fn state(&self) -> State {
        self.host.connection(self.id.unwrap()).map_or(State::Closed, Connection::state)
    }

    /// What the application was told since it last asked.
    pub(crate) fn notices(&mut self) -> Vec<Notice> {
        let mut notices = Vec::new();
        self.call(|tcp| {
            notices.extend(std::iter::from_fn(|| tcp.poll_notice()));
            Ok(())
        });
        notices
    }
}
