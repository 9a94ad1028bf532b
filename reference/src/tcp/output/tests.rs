//! What goes out when: the send window and its probes, PSH and FIN, the restart after idle time.

use alloc::vec;
use alloc::vec::Vec;

use crate::seq::Seq;
use crate::tcp::rig::{MSS, Rig, config, ms};
use crate::tcp::timers::Timer;
use crate::tcp::{Config, CongestionControl, InitialWindow};
use crate::wire::{Flags, Segment};

/// A segment of the peer: `octets` of ours are acknowledged, and `text` begins at `seq`.
fn hear(rig: &mut Rig, octets: u32, seq: u32, text: usize, window: u16) {
    let segment = Segment {
        source_port: 2,
        destination_port: 1,
        seq: Seq(seq),
        ack: Seq(u32::MAX - 3 * MSS) + 1 + octets,
        flags: Flags::ACK,
        window,
        payload: vec![3; text],
        ..Segment::default()
    };
    rig.tcp.handle_segment(rig.now, &segment);
}

/// A connection whose peer has closed its window.
fn closed_window() -> Rig {
    let mut rig = Rig::new(config());
    rig.window(0);
    assert!(rig.ack(0, &[]).is_empty());
    rig
}

#[test]
fn a_probe_of_a_closed_window_measures_nothing_and_is_no_retransmission() {
    let mut rig = closed_window();
    assert!(rig.write(1).is_empty());
    assert!(rig.tcp.timers.is_set(Timer::Persist));
    assert_eq!(rig.at(1000).sent(), [(0, 1)]);
    assert!(rig.tcp.timers.is_set(Timer::Persist), "the probe goes on");
    assert!(!rig.tcp.timers.is_set(Timer::Retransmission));
    rig.now += ms(900);
    hear(&mut rig, 1, 1, 0, 0);
    assert_eq!(rig.tcp.rto.srtt(), Some(ms(100)), "the round trip of the handshake alone");
}

#[test]
fn a_probe_carries_the_fin_only_if_nothing_else_is_left() {
    let mut rig = closed_window();
    rig.write(1);
    rig.tcp.close().unwrap();
    assert_eq!(rig.at(1000).sent(), [(0, 1)], "one octet");
    let mut rig = closed_window();
    rig.tcp.close().unwrap();
    assert!(rig.sent().is_empty(), "a FIN takes room in the window");
    assert_eq!(rig.at(1000).sent(), [(0, 1)], "the FIN");
}

#[test]
fn a_fin_waits_for_room_behind_text_that_fills_the_window() {
    let mut rig = Rig::new(config());
    rig.window(MSS as u16);
    rig.ack(0, &[]);
    rig.tcp.send(&vec![7; MSS as usize], false).unwrap();
    rig.tcp.close().unwrap();
    assert_eq!(rig.sent(), [(0, MSS)]);
    rig.acknowledge(1, &[], None);
    assert_eq!(rig.sent(), [(MSS, 1)]);
}

#[test]
fn nothing_to_send_starts_no_timer() {
    let mut rig = Rig::new(config());
    assert!(rig.sent().is_empty());
    assert!(!rig.tcp.timers.is_set(Timer::Persist));
    assert_eq!(rig.due(), None);
}

#[test]
fn push_is_on_the_last_text_and_on_no_bare_fin() {
    let mut rig = Rig::new(config());
    rig.tcp.send(&vec![7; 2 * MSS as usize], false).unwrap();
    let flags = |rig: &mut Rig| -> Vec<Flags> {
        core::iter::from_fn(|| rig.tcp.poll_transmit(rig.now)).map(|segment| segment.flags).collect()
    };
    assert_eq!(flags(&mut rig), [Flags::ACK, Flags::ACK | Flags::PSH]);
    rig.tcp.close().unwrap();
    assert_eq!(flags(&mut rig), [Flags::ACK | Flags::FIN]);
}

#[test]
fn sack_blocks_take_their_room_from_the_text() {
    let mut rig = Rig::new(config());
    hear(&mut rig, 0, 1 + MSS, MSS as usize, 0xffff);
    assert!(rig.sent().is_empty(), "a bare acknowledgment");
    rig.tcp.send(&vec![7; 2 * MSS as usize], false).unwrap();
    // two NOPs, kind, length, and one block
    assert_eq!(rig.sent()[0], (0, MSS - 12), "Eff.snd.MSS (§3.7.1)");
}

/// How many segments go out `idle` milliseconds after the last ones, with a window of 8.
fn after_idle(change: Config, idle: u64) -> usize {
    let mut rig = Rig::new(change);
    for at in 0..3 {
        rig.at(100 * at);
        let sent = rig.write(2);
        rig.at(100 * at + 10);
        rig.ack(*sent.last().unwrap() + 1, &[]);
    }
    assert!(rig.windows().0 > 4);
    rig.at(200 + idle);
    rig.write(30).len()
}

#[test]
fn after_more_than_an_rto_of_silence_the_window_is_the_initial_one() {
    let small = || Config { initial_window: InitialWindow::Segments(2), restart_after_idle: true, ..config() };
    let window = after_idle(small(), 1000);
    assert!(window > 4, "an RTO is not more than an RTO (RFC 5681 §4.1)");
    assert_eq!(after_idle(small(), 1001), 2);
    assert_eq!(after_idle(small(), 5000), 2);
    assert_eq!(after_idle(Config { restart_after_idle: false, ..small() }, 5000), window);
}

/// RFC 9438 §4.2, §5.8: CUBIC does not grow for the time in which nothing was in flight.
#[test]
fn an_hour_of_silence_is_no_time_for_cubic() {
    let cubic = CongestionControl::Cubic;
    let mut rig = Rig::new(Config { congestion_control: cubic, restart_after_idle: false, ..config() });
    rig.write(10);
    rig.at(100).acknowledge(0, &[(1, 4)], None);
    rig.sent();
    rig.at(200).acknowledge(10, &[], None);
    assert_eq!(rig.windows(), (7, 7));
    assert_eq!(rig.write(7).len(), 7);
    rig.at(300).acknowledge(17, &[], None);
    let before = rig.windows().0;
    assert_eq!(rig.at(3_600_000).write(before).len(), before as usize);
    rig.at(3_600_100).acknowledge(17 + before, &[], None);
    assert!((before..=before + 1).contains(&rig.windows().0), "{:?}", rig.windows());
}
