//! Octets of heap for an idle connection: established, nothing buffered, in a host with many.
//!
//! `cargo bench -p wirelaw-reference --bench memory`
#![allow(clippy::print_stdout)]

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use allocation_counter::measure;
use wirelaw_reference::host::{ConnectionId, Host, IsnGenerator};
use wirelaw_reference::tcp::{Connection, State};
use wirelaw_reference::time::Instant;
use wirelaw_reference::wire::Packet;

/// What `build` leaves on the heap, for each of `number`.
fn each<T>(number: usize, build: impl FnOnce() -> T) -> f64 {
    let mut kept = None;
    let heap = measure(|| kept = Some(build()));
    heap.bytes_current as f64 / number as f64
}

/// A host with clients, one with servers, and the connections between them.
struct Pair {
    now: Instant,
    hosts: [Host; 2],
    ids: Vec<[ConnectionId; 2]>,
    packet: Packet,
}

impl Pair {
    fn new(number: usize) -> Pair {
        let addresses: [IpAddr; 2] = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().expect("an address"));
        let hosts = addresses.map(|address| Host::new(vec![address], 1500, IsnGenerator::new(1)));
        let mut pair = Pair { now: Instant::ZERO, hosts, ids: Vec::new(), packet: Packet::empty() };
        let config = Arc::new(pair.hosts[0].config(false));
        let mut listener = None;
        for i in 0..number {
            let local = SocketAddr::new(addresses[0], 1024 + (i % 50_000) as u16);
            let remote = SocketAddr::new(addresses[1], 80 + (i / 50_000) as u16);
            if i % 50_000 == 0 {
                listener = pair.hosts[1].listen(remote, 1, config.clone()).ok();
            }
            let client = pair.hosts[0].connect(pair.now, Some(local), remote, config.clone()).expect("a free port");
            pair.exchange();
            let (server, _) = listener.and_then(|id| pair.hosts[1].accept(id)).expect("the handshake is complete");
            pair.ids.push([client, server]);
        }
        pair
    }

    fn exchange(&mut self) {
        for from in [0, 1, 0, 1] {
            while self.hosts[from].poll_transmit_into(self.now, &mut self.packet) {
                self.hosts[1 - from].handle_packet(self.now, &self.packet);
            }
        }
    }

    /// Each client sends 4000 octets and closes, then its server: TIME-WAIT at the client's, nothing
    /// at the server's.
    fn use_and_close(&mut self) {
        for [client, server] in core::mem::take(&mut self.ids) {
            let _ = self.hosts[0].call(client, |tcp| tcp.send(&[1; 4000], false));
            self.exchange();
            let _ = self.hosts[1].call(server, |tcp| tcp.receive(4000));
            self.hosts[0].detach(client);
            self.exchange();
            self.hosts[1].detach(server);
            self.exchange();
            assert_eq!(self.hosts[0].connection(client).map(Connection::state), Some(State::TimeWait));
            assert!(self.hosts[1].connection(server).is_none());
        }
    }
}

fn main() {
    println!("size of Connection: {} octets", size_of::<Connection>());
    for number in [1, 1000, 10_000, 100_000] {
        let both = each(number, || Pair::new(number).hosts);
        println!("{number:>7} connections: {:.0} octets for each end", both / 2.0);
    }
    let number = 10_000;
    let one = each(number, || {
        let mut pair = Pair::new(number);
        pair.use_and_close();
        pair.hosts
    });
    println!("{number:>7} in TIME-WAIT:  {one:.0} octets, the empty tables of the other host included");
}
