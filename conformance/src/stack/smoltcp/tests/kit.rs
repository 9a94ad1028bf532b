//! A smoltcp stack and the peer that a test plays.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use wirelaw_reference::seq::Seq;
use wirelaw_reference::wire::{Body, Flags, Ip, Packet, Segment};

use crate::posix::Errno;
use crate::stack::{Profile, Setup, Stack, StackError};
use crate::trace::{Call, Fd, Instant, Response, Return, Stimulus, Ticket};

/// The stack, all it has said, and the ports of the segments that the test sends.
pub(super) struct Kit {
    stack: Box<dyn Stack>,
    pub(super) setup: Setup,
    pub(super) local_port: u16,
    pub(super) peer_port: u16,
    now: Instant,
    tickets: u32,
    segments: VecDeque<Segment>,
    returns: Vec<(Ticket, Return)>,
}

impl Kit {
    pub(super) fn v4() -> Kit {
        Kit::new(false, Seq(0))
    }

    pub(super) fn new(is_ipv6: bool, isn: Seq) -> Kit {
        Kit::made(is_ipv6, vec![isn])
    }

    pub(super) fn with_isns(isns: &[u32]) -> Kit {
        Kit::made(false, isns.iter().copied().map(Seq).collect())
    }

    fn made(is_ipv6: bool, isns: Vec<Seq>) -> Kit {
        let v6 = |host: u8| IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host.into()));
        let [local, remote] = [1, 2].map(|host| if is_ipv6 { v6(host) } else { [192, 0, 2, host].into() });
        let setup = Setup { seed: 42, isns, ..Setup::plain(local, remote) };
        Kit {
            stack: super::super::new(&setup).expect("made"),
            setup,
            local_port: 80,
            peer_port: 1000,
            now: Instant::ZERO,
            tickets: 0,
            segments: VecDeque::new(),
            returns: Vec::new(),
        }
    }

    pub(super) fn profile(&self) -> Profile {
        self.stack.profile()
    }

    pub(super) fn remote(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.setup.remote, port)
    }

    /// Lets time pass.
    pub(super) fn wait(&mut self, until: Instant) {
        self.now = until;
        while let Some((at, response)) = self.stack.advance(until).expect("works") {
            assert!(at <= until);
            match response {
                Response::Return { ticket, value } => self.returns.push((ticket, value)),
                Response::Packet(octets) => match Packet::decode(&octets).expect("well formed").body {
                    Body::Tcp(segment) => self.segments.push_back(segment),
                    other => assert!(matches!(other, Body::Icmp(_))),
                },
            }
        }
    }

    pub(super) fn try_start(&mut self, call: Call) -> Result<Ticket, StackError> {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.stack.stimulate(self.now, &Stimulus::Call { ticket, call })?;
        self.wait(self.now);
        Ok(ticket)
    }

    pub(super) fn start(&mut self, call: Call) -> Ticket {
        self.try_start(call).expect("supported")
    }

    /// What a call has returned.
    pub(super) fn returned(&mut self, ticket: Ticket) -> Return {
        let place = self.returns.iter().position(|(other, _)| *other == ticket).expect("returned");
        self.returns.swap_remove(place).1
    }

    pub(super) fn full(&mut self, call: Call) -> Return {
        let ticket = self.start(call);
        self.returned(ticket)
    }

    pub(super) fn call(&mut self, call: Call) -> Result<i64, Errno> {
        let value = self.full(call);
        value.errno.map_or(Ok(value.value), Err)
    }

    /// The next segment that the stack has sent, or sends within the time of a delayed acknowledgment.
    pub(super) fn segment(&mut self) -> Segment {
        if self.segments.is_empty() {
            self.wait(self.now + std::time::Duration::from_millis(500));
        }
        self.segments.pop_front().expect("a segment")
    }

    pub(super) fn is_silent(&self) -> bool {
        self.segments.is_empty()
    }

    pub(super) fn packet(&mut self, octets: &[u8]) {
        self.stack.stimulate(self.now, &Stimulus::Packet(octets.to_vec())).expect("works");
        self.wait(self.now);
    }

    pub(super) fn encode(&self, flags: Flags, seq: Seq, ack: Seq, payload: &[u8]) -> Vec<u8> {
        let segment = Segment {
            source_port: self.peer_port,
            destination_port: self.local_port,
            seq,
            ack,
            flags,
            window: 65_535,
            payload: payload.to_vec(),
            ..Segment::default()
        };
        let ip = Ip::new(self.setup.remote, self.setup.local);
        Packet { ip, body: Body::Tcp(segment) }.encode()
    }

    /// The peer sends a segment.
    pub(super) fn send(&mut self, flags: Flags, seq: Seq, ack: Seq, payload: &[u8]) {
        let octets = self.encode(flags, seq, ack, payload);
        self.packet(&octets);
    }

    /// The peer sends a SYN from this port; the answer.
    pub(super) fn syn(&mut self, port: u16, seq: Seq) -> Segment {
        self.peer_port = port;
        self.send(Flags::SYN, seq, Seq(0), b"");
        self.segment()
    }

    /// A socket that listens on this port with a backlog of 1; its descriptor.
    pub(super) fn listen(&mut self, port: u16) -> i32 {
        let fd = self.call(socket(self.setup.local.is_ipv6())).expect("a socket") as i32;
        self.bind(fd, port, 1);
        fd
    }

    fn bind(&mut self, fd: i32, port: u16, backlog: i32) {
        let address = SocketAddr::new(self.setup.local, port);
        assert_eq!(self.call(Call::Bind { fd: Fd(fd), address }), Ok(0));
        assert_eq!(self.call(Call::Listen { fd: Fd(fd), backlog }), Ok(0));
    }

    /// A connection from the peer, accepted: its descriptor and the peer's next sequence number.
    pub(super) fn accepted(&mut self, port: u16) -> (i32, Seq) {
        let fd = self.listen(port);
        let syn_ack = self.syn(1000, Seq(7000));
        self.send(Flags::ACK, Seq(7001), syn_ack.seq + 1, b"");
        let new = self.call(Call::Accept { fd: Fd(fd) }).expect("accepted") as i32;
        (new, Seq(7001))
    }
}

pub(super) fn listen_on(kit: &mut Kit, port: u16, backlog: i32) {
    kit.bind(3, port, backlog);
}

pub(super) fn socket(is_ipv6: bool) -> Call {
    Call::Socket { domain: if is_ipv6 { 10 } else { 2 }, kind: 1, protocol: 6 }
}

pub(super) fn connect(address: SocketAddr) -> Call {
    Call::Connect { fd: Fd(3), address }
}

pub(super) fn read(fd: i32, length: usize) -> Call {
    Call::Read { fd: Fd(fd), length, flags: 0 }
}

pub(super) fn write(fd: i32, data: &[u8]) -> Call {
    Call::Write { fd: Fd(fd), data: data.to_vec(), flags: 0, to: None }
}
