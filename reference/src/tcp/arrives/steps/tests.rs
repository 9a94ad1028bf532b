//! SYNs that come again, at the edges of what the steps let through, the closed window, and what an
//! acknowledgment moves.

use alloc::vec;
use alloc::vec::Vec;

use super::{Connection, Flags, Instant, Seq, State};
use crate::clause;
use crate::tcp::rig::{Rig, by_time, config, ms};
use crate::tcp::timers::Timer;
use crate::tcp::{Config, Disposition};
use crate::time::Duration;
use crate::wire::{Segment, TcpOption};

const ISS: Seq = Seq(100);
const IRS: Seq = Seq(u32::MAX);

fn segment(flags: Flags, seq: Seq, ack: Seq) -> Segment {
    Segment { source_port: 2, destination_port: 1, flags, seq, ack, window: 5000, ..Segment::default() }
}

/// What the connection says to a segment: flags, in order.
fn answers(tcp: &mut Connection, segment: &Segment) -> Vec<Flags> {
    let now = Instant::from_millis(10);
    tcp.handle_segment(now, segment);
    core::iter::from_fn(|| tcp.poll_transmit(now)).map(|segment| segment.flags).collect()
}

/// SYN-RECEIVED after the two SYNs have crossed, or after a passive open.
fn syn_received(config: Config, passive: bool) -> Connection {
    let mut tcp = if passive {
        Connection::open_passive(config, 1, ISS)
    } else {
        let mut tcp = Connection::open_active(Instant::ZERO, config, 1, 2, ISS);
        assert!(tcp.poll_transmit(Instant::ZERO).is_some());
        tcp
    };
    assert_eq!(answers(&mut tcp, &segment(Flags::SYN, IRS, Seq(0))), [Flags::SYN | Flags::ACK]);
    assert_eq!(tcp.state(), State::SynReceived);
    tcp
}

fn established(config: Config, passive: bool) -> Connection {
    let mut tcp = syn_received(config, passive);
    assert_eq!(answers(&mut tcp, &segment(Flags::ACK, IRS + 1, ISS + 1)), []);
    assert_eq!(tcp.state(), State::Established);
    tcp
}

#[test]
fn of_crossing_syns_only_the_syn_ack_at_irs_counts() {
    let both = Flags::SYN | Flags::ACK;
    let tcp = || syn_received(Config::default(), false);
    let mut done = tcp();
    assert_eq!(answers(&mut done, &segment(both, IRS, ISS + 1)), []);
    assert_eq!(done.state(), State::Established, "figure 7");
    let mut other = tcp();
    assert_eq!(answers(&mut other, &segment(both, IRS + 1, ISS + 1)), [Flags::ACK], "a challenge");
    assert_eq!(other.state(), State::SynReceived);
    let mut again = tcp();
    assert_eq!(answers(&mut again, &segment(Flags::SYN, IRS, Seq(0))), [Flags::ACK], "outside the window");
    let mut passive = syn_received(Config::default(), true);
    assert_eq!(answers(&mut passive, &segment(both, IRS, ISS + 1)), [Flags::ACK], "outside the window");
    assert_eq!(passive.state(), State::SynReceived);
}

#[test]
fn an_established_connection_acknowledges_a_syn_ack_that_comes_again() {
    for blind_attack_checks in [false, true] {
        let mut tcp = established(Config { blind_attack_checks, ..Config::default() }, false);
        assert_eq!(answers(&mut tcp, &segment(Flags::SYN | Flags::ACK, IRS, ISS + 1)), [Flags::ACK]);
        assert_eq!(tcp.state(), State::Established);
    }
}

#[test]
fn the_syn_ack_is_repeated_for_the_same_syn_alone() {
    let both = Flags::SYN | Flags::ACK;
    let config = || Config { repeat_syn_ack: true, ..Config::default() };
    let tcp = || syn_received(config(), true);
    assert_eq!(answers(&mut tcp(), &segment(Flags::SYN, IRS, Seq(0))), [both]);
    assert_eq!(answers(&mut tcp(), &segment(Flags::SYN, IRS.back(9), Seq(0))), [Flags::ACK], "another SYN");
    assert_eq!(answers(&mut tcp(), &segment(both, IRS, ISS + 1)), [Flags::ACK], "no first SYN has an ACK");
    assert_eq!(answers(&mut tcp(), &segment(Flags::ACK, IRS, ISS + 1)), [Flags::ACK], "no SYN at all");
    assert_eq!(answers(&mut established(config(), true), &segment(Flags::SYN, IRS, Seq(0))), [Flags::ACK]);
    assert_eq!(answers(&mut syn_received(config(), false), &segment(Flags::SYN, IRS, Seq(0))), [Flags::ACK]);
    let plain = syn_received(Config { repeat_syn_ack: false, ..config() }, true);
    assert_eq!(answers(&mut plain.clone(), &segment(Flags::SYN, IRS, Seq(0))), [Flags::ACK]);
}

#[test]
fn a_fin_does_not_pass_a_closed_window() {
    let mut tcp = established(Config { receive_buffer: 1000, ..Config::default() }, true);
    let text = Segment { payload: vec![1; 1000], ..segment(Flags::ACK, IRS + 1, ISS + 1) };
    answers(&mut tcp, &text);
    assert_eq!(tcp.info().rcv_wnd, 0);
    let fin = segment(Flags::ACK | Flags::FIN, IRS + 1001, ISS + 1);
    assert_eq!(answers(&mut tcp, &fin), [Flags::ACK]);
    assert_eq!(tcp.state(), State::Established, "there is no room for it");
    let more = Segment { payload: vec![2], ..segment(Flags::ACK, IRS + 1001, ISS + 1) };
    assert_eq!(answers(&mut tcp, &more), [Flags::ACK], "nor for text");
    assert_eq!(tcp.receive(2000).map(|text| text.len()), Ok(1000));
    assert!(tcp.poll_transmit(Instant::from_millis(10)).is_some_and(|update| update.window == 1000));
    answers(&mut tcp, &fin);
    assert_eq!(tcp.state(), State::CloseWait, "now there is");
}

#[test]
fn over_a_gap_text_is_acknowledged_at_once_and_nothing_else_is() {
    let mut tcp = established(Config::default(), true);
    let text = |at: u32| Segment { payload: vec![1; 100], ..segment(Flags::ACK, IRS + 1 + at, ISS + 1) };
    assert_eq!(answers(&mut tcp, &text(100)), [Flags::ACK], "out of order");
    let bare = segment(Flags::ACK, IRS + 1, ISS + 1);
    assert_eq!(answers(&mut tcp, &bare), [], "an acknowledgment is never acknowledged");
    assert_eq!(answers(&mut tcp, &text(0)), [Flags::ACK], "the gap is filled (RFC 5681 §4.2)");
}

#[test]
fn in_closing_whatever_does_not_acknowledge_our_fin_is_dropped() {
    let mut tcp = established(Config::default(), true);
    let now = Instant::from_millis(10);
    tcp.close().unwrap();
    assert!(tcp.poll_transmit(now).is_some_and(|segment| segment.flags == Flags::ACK | Flags::FIN));
    assert_eq!(answers(&mut tcp, &segment(Flags::ACK | Flags::FIN, IRS + 1, ISS + 1)), [Flags::ACK]);
    assert_eq!(tcp.state(), State::Closing);
    let old = tcp.handle_segment(now, &segment(Flags::ACK, IRS + 2, ISS + 1));
    assert_eq!((old, tcp.state()), (Disposition::Drop(clause::CLOSING_ACK), State::Closing));
    let ack = tcp.handle_segment(now, &segment(Flags::ACK, IRS + 2, ISS + 2));
    assert_eq!((ack, tcp.state()), (Disposition::Accept, State::TimeWait));
}

/// The answers to probes look like duplicates of RFC 5681 §2, but nothing was lost: there was no room.
#[test]
fn what_a_closed_window_answers_starts_no_recovery() {
    let mut rig = Rig::with_sack(config(), false);
    rig.write(5);
    rig.window(0);
    assert_eq!(rig.ack(1, &[]), []);
    let windows = rig.windows();
    for _ in 0..4 {
        assert_eq!(rig.ack(1, &[]), []);
    }
    assert_eq!(rig.windows(), windows);
}

/// RFC 8985 §7.2: only what is new moves the time of the probe.
#[test]
fn a_tail_probe_is_put_off_by_progress_alone() {
    let mut rig = Rig::new(Config { f_rto: false, ..by_time() });
    rig.write(3);
    assert_eq!(rig.due(), Some(200));
    assert_eq!(rig.at(50).ack(0, &[]), []);
    assert_eq!(rig.due(), Some(200), "nothing is new");
    assert_eq!(rig.at(100).ack(1, &[]), []);
    assert_eq!(rig.due(), Some(300), "two round trips from here on");
    assert_eq!(rig.at(150).ack(1, &[(2, 3)]), []);
    assert!(!rig.tcp.timers.is_set(Timer::Probe), "the reordering timer takes over");
    let mut lost = Rig::new(Config { f_rto: false, ..by_time() });
    lost.write(10);
    assert_eq!(lost.at(100).ack(0, &[(1, 4)]), [0]);
    assert!(!lost.tcp.timers.is_set(Timer::Probe), "no probe while recovery goes on");
}

/// Segments each once, and the SYN (RFC 4898 has no such counter; Linux calls it `tcpi_delivered`).
#[test]
fn what_has_arrived_is_counted_with_the_syn() {
    let mut rig = Rig::new(config());
    assert_eq!(rig.tcp.counters().delivered, 1);
    rig.write(3);
    rig.ack(2, &[]);
    assert_eq!(rig.tcp.counters().delivered, 3);
    rig.ack(3, &[]);
    assert_eq!(rig.tcp.counters().delivered, 4);
}

/// RFC 7323 appendix G: of ten segments half are acknowledged one by one, so each measurement weighs
/// a fifth of an eighth.
#[test]
fn a_measurement_weighs_less_if_many_are_expected() {
    let mut rig = Rig::new(Config { timestamps: true, ..config() });
    let smss = rig.tcp.congestion.smss();
    rig.tcp.send(&vec![7; 10 * smss as usize], false).unwrap();
    assert_eq!(rig.sent().len(), 10);
    let before = rig.tcp.rto.srtt();
    assert_eq!(before, Some(ms(100)));
    rig.at(200).acknowledge(1, &[], Some(0));
    assert_eq!(rig.tcp.rto.srtt(), Some(ms(100) + Duration::from_micros(2500)));
}

/// RFC 2883 §4: the first block tells exactly what came twice.
#[test]
fn a_duplicate_above_a_gap_is_told_as_far_as_it_is_one() {
    let mut tcp = Connection::open_passive(Config { sack: true, ..Config::default() }, 1, ISS);
    let syn = Segment { options: vec![TcpOption::SackPermitted], ..segment(Flags::SYN, IRS, Seq(0)) };
    answers(&mut tcp, &syn);
    answers(&mut tcp, &segment(Flags::ACK, IRS + 1, ISS + 1));
    let mut blocks = |at: u32, len: usize| {
        let text = Segment { payload: vec![1; len], ..segment(Flags::ACK, IRS + 1 + at, ISS + 1) };
        tcp.handle_segment(Instant::from_millis(10), &text);
        let answer = tcp.poll_transmit(Instant::from_millis(10)).expect("a gap is told of at once");
        let sack = answer.options.into_iter().find_map(|option| match option {
            TcpOption::Sack(blocks) => Some(blocks),
            _ => None,
        });
        sack.unwrap_or_default().into_iter().map(|(left, right)| (left - (IRS + 1), right - (IRS + 1))).collect()
    };
    let expected: Vec<Vec<(u32, u32)>> = vec![vec![(100, 200)], vec![(150, 200), (100, 300)]];
    let got: Vec<Vec<(u32, u32)>> = vec![blocks(100, 100), blocks(150, 150)];
    assert_eq!(got, expected);
}
