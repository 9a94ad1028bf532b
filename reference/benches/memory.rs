//! Octets of heap for an idle connection: established, nothing buffered, in a host with many.
//!
//! `cargo bench -p wirelaw-reference --bench memory`
#![allow(clippy::print_stdout)]

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use allocation_counter::measure;
use wirelaw_reference::host::{ConnectionId, Host, IsnGenerator};
use wirelaw_reference::tcp::Connection;
use wirelaw_reference::time::Instant;
use wirelaw_reference::wire::Packet;

/// What `build` leaves on the heap, for each of `number`.
fn each<T>(number: usize, build: impl FnOnce() -> T) -> f64 {
    let mut kept = None;
    let heap = measure(|| kept = Some(build()));
    heap.bytes_current as f64 / number as f64
}

/// A host with clients, one with servers, and as many connections between them.
fn pair(number: usize) -> ([Host; 2], Vec<ConnectionId>) {
    let addresses: [IpAddr; 2] = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().expect("an address"));
    let mut hosts = addresses.map(|address| Host::new(vec![address], 1500, IsnGenerator::new(1)));
    let config = Arc::new(hosts[0].config(false));
    let mut packet = Packet::empty();
    let mut ids = Vec::with_capacity(number);
    for i in 0..number {
        let local = SocketAddr::new(addresses[0], 1024 + (i % 50_000) as u16);
        let remote = SocketAddr::new(addresses[1], 80 + (i / 50_000) as u16);
        let listener = (i % 50_000 == 0).then(|| hosts[1].listen(remote, number, config.clone()));
        assert!(listener.is_none_or(|listener| listener.is_ok()), "a free port");
        ids.push(hosts[0].connect(Instant::ZERO, Some(local), remote, config.clone()).expect("a free port"));
        for from in [0, 1, 0] {
            while hosts[from].poll_transmit_into(Instant::ZERO, &mut packet) {
                hosts[1 - from].handle_packet(Instant::ZERO, &packet);
            }
        }
    }
    (hosts, ids)
}

fn main() {
    println!("size of Connection: {} octets", size_of::<Connection>());
    for number in [1, 1000, 10_000, 100_000] {
        let both = each(number, || {
            let (hosts, _) = pair(number);
            hosts
        });
        println!("{number:>7} connections: {:.0} octets for each end", both / 2.0);
    }
}
