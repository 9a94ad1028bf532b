//! Where timestamp clocks begin (RFC 7323 §5.4, §7.1).

use wirelaw_reference::tcp::Config;
use wirelaw_reference::wire::{Flags, Segment, TcpOption};

use crate::kit::Bench;

fn val(segment: &Segment) -> u32 {
    let val = |option: &TcpOption| if let TcpOption::Timestamps { val, .. } = option { Some(*val) } else { None };
    segment.options.iter().find_map(val).unwrap()
}

/// The TSval of the SYN,ACK that answers a SYN from this port.
fn answered(bench: &mut Bench, port: u16) -> u32 {
    bench.peer.set_port(port);
    let options = vec![TcpOption::Timestamps { val: 7, ecr: 0 }];
    bench.arrives(&Segment { options, ..bench.segment(Flags::SYN) });
    val(&bench.take()[0])
}

fn listening(change: impl FnOnce(&mut Config)) -> Bench {
    let mut bench = Bench::new(false);
    let config = bench.config(|config| {
        config.timestamps = true;
        change(config);
    });
    bench.listener = Some(bench.host.listen(bench.local, 9, config).unwrap());
    bench
}

#[test]
fn every_connection_of_a_listener_has_its_own_clock() {
    let mut bench = listening(|_| {});
    let first = answered(&mut bench, 4000);
    assert_ne!(answered(&mut bench, 4001), first);
    assert_eq!(answered(&mut listening(|_| {}), 4000), first, "it is the 4-tuple that chooses");
}

#[test]
fn every_connection_that_is_opened_has_its_own_clock() {
    let mut bench = Bench::new(false);
    let config = bench.config(|config| config.timestamps = true);
    let mut opened = |port| {
        bench.peer.set_port(port);
        bench.host.connect(bench.now, None, bench.peer, config.clone()).unwrap();
        val(&bench.take()[0])
    };
    assert_ne!(opened(80), opened(81));
}

#[test]
fn the_configuration_may_choose_for_all() {
    let mut bench = listening(|config| config.timestamp_offset = Some(5));
    assert_eq!((answered(&mut bench, 4000), answered(&mut bench, 4001)), (5, 5));
}
