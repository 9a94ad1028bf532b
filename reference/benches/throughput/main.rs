//! Data segments per second over a perfect link in virtual time, on one thread; `Alloc` columns
//! stay empty where a segment costs no allocation.
//!
//! The argument is the MTU: 1500 gives full-size segments of 1460 octets, 104 small ones of 64 (both
//! stacks without timestamps, unless they are named).
//! Every segment is delivered, and its acknowledgment too if there is one, before the next is sent:
//! nobody profits from acknowledging a whole window at once. The reader empties its buffer when the
//! link is silent.
//!
//! `cargo bench -p wirelaw-reference --bench throughput`

mod reference;
mod yardstick;

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher};
use reference::{Encoding, TwoConnections, TwoHosts};
use yardstick::{Checksums, Loopback};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

/// Data segments in one measured run.
const SEGMENTS: u64 = 20_000;
const MTUS: [u16; 2] = [1500, 104];

fn main() {
    divan::main();
}

/// Runs `link` often, its buffers grown to their size before.
fn measure(bencher: Bencher<'_, '_>, mut link: impl FnMut(u64)) {
    link(SEGMENTS);
    bencher.counter(ItemsCount::new(SEGMENTS)).bench_local(|| link(SEGMENTS));
}

/// Two connections: segments as values.
#[divan::bench(args = MTUS)]
fn connections(bencher: Bencher<'_, '_>, mtu: u16) {
    let mut link = TwoConnections::new(mtu, false);
    measure(bencher, |segments| link.run(segments));
}

/// With timestamps (RFC 7323): 12 octets less in each segment.
#[divan::bench(args = MTUS)]
fn connections_timestamps(bencher: Bencher<'_, '_>, mtu: u16) {
    let mut link = TwoConnections::new(mtu, true);
    measure(bencher, |segments| link.run(segments));
}

/// Two hosts: packets as values.
#[divan::bench(args = MTUS)]
fn hosts_packets(bencher: Bencher<'_, '_>, mtu: u16) {
    let mut link = TwoHosts::new(mtu, Encoding::None);
    measure(bencher, |segments| link.run(segments));
}

/// Two hosts: packets as octets, with the checksums of both layers made and checked.
#[divan::bench(args = MTUS)]
fn hosts_octets(bencher: Bencher<'_, '_>, mtu: u16) {
    let mut link = TwoHosts::new(mtu, Encoding::Octets);
    measure(bencher, |segments| link.run(segments));
}

/// smoltcp, two sockets of one interface: packets as octets, checksums neither made nor checked, as
/// its own loopback device has it.
#[divan::bench(args = MTUS)]
fn smoltcp_no_checksums(bencher: Bencher<'_, '_>, mtu: u16) {
    let mut link = Loopback::new(mtu, Checksums::Ignored);
    measure(bencher, |segments| link.run(segments));
}

/// smoltcp: packets as octets, with the checksums of both layers made and checked.
#[divan::bench(args = MTUS)]
fn smoltcp_octets(bencher: Bencher<'_, '_>, mtu: u16) {
    let mut link = Loopback::new(mtu, Checksums::Both);
    measure(bencher, |segments| link.run(segments));
}
