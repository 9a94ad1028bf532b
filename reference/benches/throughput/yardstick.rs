//! smoltcp on a loopback device like its own, but for an MTU, buffers that are used again, and
//! checksums if they are wanted. It acknowledges every second segment, and has no congestion control.

use std::cell::RefCell;
use std::collections::VecDeque;

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, ChecksumCapabilities, Device, DeviceCapabilities, Medium};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

const BUFFER: usize = 65_535;

/// Which checksums are made and checked.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Checksums {
    Ignored,
    Both,
}

/// What is under way.
#[derive(Default)]
struct Wire {
    queue: VecDeque<Vec<u8>>,
    /// Buffers to be used again.
    spare: Vec<Vec<u8>>,
    data_segments: u64,
}

struct Link {
    mtu: u16,
    checksums: Checksums,
    wire: RefCell<Wire>,
}

struct RxToken<'a>(&'a RefCell<Wire>, Vec<u8>);

struct TxToken<'a>(&'a RefCell<Wire>);

impl Device for Link {
    type RxToken<'a> = RxToken<'a>;
    type TxToken<'a> = TxToken<'a>;

    fn receive(&mut self, _now: Instant) -> Option<(RxToken<'_>, TxToken<'_>)> {
        let packet = self.wire.get_mut().queue.pop_front()?;
        Some((RxToken(&self.wire, packet), TxToken(&self.wire)))
    }

    fn transmit(&mut self, _now: Instant) -> Option<TxToken<'_>> {
        Some(TxToken(&self.wire))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.max_transmission_unit = usize::from(self.mtu);
        capabilities.medium = Medium::Ip;
        if self.checksums == Checksums::Ignored {
            capabilities.checksum = ChecksumCapabilities::ignored();
        }
        capabilities
    }
}

impl phy::RxToken for RxToken<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        let RxToken(wire, packet) = self;
        let result = f(&packet);
        wire.borrow_mut().spare.push(packet);
        result
    }
}

impl phy::TxToken for TxToken<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut packet = self.0.borrow_mut().spare.pop().unwrap_or_default();
        packet.resize(len, 0);
        let result = f(&mut packet);
        let headers = 20 + usize::from(packet[32] >> 4) * 4; // an IPv4 header without options
        let mut wire = self.0.borrow_mut();
        wire.data_segments += u64::from(len > headers);
        wire.queue.push_back(packet);
        result
    }
}

/// Two sockets of one interface, the client sending.
pub(crate) struct Loopback {
    micros: i64,
    interface: Interface,
    link: Link,
    sockets: SocketSet<'static>,
    client: SocketHandle,
    server: SocketHandle,
    data: Vec<u8>,
    sink: Vec<u8>,
}

impl Loopback {
    pub(crate) fn new(mtu: u16, checksums: Checksums) -> Loopback {
        let mut link = Link { mtu, checksums, wire: RefCell::default() };
        let mut interface = Interface::new(Config::new(HardwareAddress::Ip), &mut link, Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            addresses.push(IpCidr::new(IpAddress::v4(127, 0, 0, 1), 8)).expect("room for one");
        });
        let mut sockets = SocketSet::new(Vec::new());
        let buffer = || tcp::SocketBuffer::new(vec![0; BUFFER]);
        let [client, server] = [(); 2].map(|()| sockets.add(tcp::Socket::new(buffer(), buffer())));
        sockets.get_mut::<tcp::Socket<'_>>(server).listen(80).expect("a free port");
        let peer = (IpAddress::v4(127, 0, 0, 1), 80);
        sockets.get_mut::<tcp::Socket<'_>>(client).connect(interface.context(), peer, 50_000).expect("a free port");
        let (data, sink) = (vec![1; BUFFER], vec![0; BUFFER]);
        Loopback { micros: 0, interface, link, sockets, client, server, data, sink }
    }

    /// Carries at least so many data segments.
    pub(crate) fn run(&mut self, segments: u64) {
        let end = self.link.wire.get_mut().data_segments + segments;
        while self.link.wire.get_mut().data_segments < end {
            self.micros += 40; // about as many segments go out in one poll
            self.interface.poll(Instant::from_micros(self.micros), &mut self.link, &mut self.sockets);
            let server = self.sockets.get_mut::<tcp::Socket<'_>>(self.server);
            if server.can_recv() {
                server.recv_slice(&mut self.sink).expect("established");
            }
            let client = self.sockets.get_mut::<tcp::Socket<'_>>(self.client);
            if client.can_send() {
                client.send_slice(&self.data).expect("established");
            }
        }
    }
}
