//! Recovery by counting, with and without a scoreboard.

use alloc::vec;

use super::Phase;
use crate::tcp::Config;
use crate::tcp::rig::{MSS, Rig, config};

/// Ten segments at 0 ms, and so many behind them.
fn ten(sack: bool, more: u32) -> Rig {
    let mut rig = Rig::with_sack(config(), sack);
    rig.write(10 + more);
    rig.at(100);
    rig
}

/// 6675-5-HALVE, 5681 §3.2 step 2
#[test]
fn limited_transmit_does_not_count_when_the_window_is_halved() {
    for sack in [false, true] {
        let mut rig = ten(sack, 5);
        let block = |n| if sack { vec![(1, n)] } else { vec![] };
        assert_eq!(rig.ack(0, &block(2)), [10]);
        assert_eq!(rig.ack(0, &block(3)), [11]);
        assert_eq!(rig.ack(0, &block(4)), [0]);
        assert_eq!(rig.windows().1, 5, "half of ten, not of twelve");
    }
}

/// 6675-5-ENTER: more than two segments' worth above the hole are enough, or three runs.
#[test]
fn what_the_scoreboard_says_comes_before_the_third_duplicate() {
    let mut rig = ten(true, 0);
    assert_eq!(rig.ack(0, &[(1, 3)]), [], "two segments are not more than two");
    assert_eq!(rig.ack(0, &[(1, 4)]), [0]);
    let mut rig = ten(true, 0);
    assert_eq!(rig.ack(0, &[(1, 2), (4, 5), (7, 8)]), [0], "three runs at once");
}

/// 6675-4-NEXT4: the rescue retransmission waits for the first one, and comes once.
#[test]
fn one_rescue_and_not_before_the_first_retransmission_has_arrived() {
    let mut rig = ten(true, 0);
    assert_eq!(rig.ack(0, &[(1, 4)]), [0], "of ten, nine are in the network or held");
    assert_eq!(rig.ack(0, &[(1, 6)]), [], "pipe is five");
    assert_eq!(rig.ack(0, &[(1, 8)]), [], "three in the network, but the first is not acknowledged");
    assert_eq!(rig.at(200).ack(8, &[]), [9], "the last one, in case it is lost");
    assert_eq!(rig.ack(9, &[]), [], "but only once");
}

/// 6675-4-NEXT3: what is below something that was selectively acknowledged, though not lost.
#[test]
fn rule_three_before_the_rescue() {
    let mut rig = ten(true, 0);
    assert_eq!(rig.ack(0, &[(1, 7)]), [0]);
    assert_eq!(rig.ack(0, &[(8, 9), (1, 7)]), [7]);
}

/// 6675-5-C: less than a segment of room lets out nothing.
#[test]
fn retransmissions_do_not_crumble() {
    let mut rig = ten(true, 0);
    rig.ack(0, &[(5, 8)]);
    rig.tcp.congestion.set_window(rig.tcp.sent.pipe() + MSS - 1);
    assert!(rig.tcp.sent.due() > 0);
    assert_eq!(rig.sent(), []);
    rig.tcp.congestion.set_window(rig.tcp.sent.pipe() + MSS);
    assert_eq!(rig.segments().len(), 1);
}

/// New data, however small, waits for what is lost (6675-4-NEXT1 before 6675-4-NEXT2).
#[test]
fn what_is_lost_goes_before_what_is_new() {
    let mut rig = Rig::new(Config { nagle: false, ..config() });
    rig.write(10);
    rig.at(100).ack(0, &[(5, 8)]);
    rig.tcp.congestion.set_window(rig.tcp.sent.pipe() + MSS / 2);
    rig.tcp.send(&[7; 10], false).unwrap();
    assert!(rig.tcp.sent.due() > 0);
    assert_eq!(rig.sent(), []);
}

/// 6675-5-KEEPSB: losses behind the recovery point are another event.
#[test]
fn losses_of_a_second_window_are_answered_once_more() {
    let mut rig = ten(true, 20);
    assert_eq!(rig.ack(0, &[(1, 5)]), [0]);
    assert_eq!(rig.ack(0, &[(1, 10)]), [10, 11, 12, 13]);
    assert_eq!(rig.windows(), (5, 5));
    let mut at_once = rig.clone();
    assert_eq!(at_once.at(200).ack(10, &[(11, 14)]).first(), Some(&10), "found when the first recovery ends");
    assert_eq!(at_once.windows(), (2, 2));

    rig.tcp.congestion.set_window(MSS);
    assert_eq!(rig.ack(0, &[(1, 10), (11, 14)]), [], "found before, with no room to repair it");
    assert_eq!(rig.at(200).ack(10, &[(11, 14)]).first(), Some(&10));
    assert!(matches!(rig.tcp.recovery.phase, Phase::Recovery(_)));
    assert_eq!(rig.windows(), (2, 2));
}

/// RFC 6582 §3.2 step 2: an old recovery point must not come to lie ahead after 2^31 octets.
#[test]
fn an_old_recovery_point_is_forgotten() {
    for sack in [false, true] {
        let mut rig = ten(sack, 2);
        for n in 2..5 {
            rig.ack(0, if sack { &[(1, 10)][..n.min(1)] } else { &[] });
            rig.tcp.recovery.duplicates = n as u32;
        }
        rig.at(1100).segments();
        assert!(rig.tcp.recovery.recover.is_some());
        rig.at(1200).ack(10, &[]);
        rig.at(1300).ack(12, &[]);
        rig.write(1);
        rig.at(1400).ack(13, &[]);
        assert_eq!(rig.tcp.recovery.recover, None);
    }
}

/// 6582-3.2-RTO, 6675-5.1-RTO: after a timeout, duplicates of the old flight start nothing.
#[test]
fn duplicates_after_a_timeout_start_nothing() {
    for sack in [false, true] {
        let mut rig = ten(sack, 0);
        assert_eq!(rig.at(1000).segments(), [0]);
        for n in 2..8 {
            let block = if sack { vec![(1, n)] } else { vec![] };
            rig.at(1000 + u64::from(n)).ack(0, &block);
        }
        assert!(matches!(rig.tcp.recovery.phase, Phase::Loss(_)));
        assert_eq!(rig.windows(), (1, 5));
    }
}

/// 2018-5-RTO-LEFT, and the same for a third duplicate: blocks that cover the left edge contradict
/// the acknowledgment.
#[test]
fn the_left_edge_is_sent_again_whatever_the_blocks_say() {
    let mut rig = ten(true, 0);
    assert_eq!(rig.ack(0, &[(0, 2)]), []);
    assert_eq!(rig.ack(0, &[(0, 3)]), []);
    assert_eq!(rig.ack(0, &[(0, 10)]), [0]);
    let mut rig = ten(true, 0);
    rig.ack(0, &[(0, 10)]);
    assert_eq!(rig.at(1000).segments(), [0]);
}

/// 6675-6: fast recovery with a FIN at the end of the flight.
#[test]
fn a_fin_in_flight_is_recovered() {
    for sack in [false, true] {
        let mut rig = Rig::with_sack(config(), sack);
        rig.write(5);
        rig.tcp.close().unwrap();
        assert_eq!(rig.sent(), [(5 * MSS, 1)]);
        for n in 2..5 {
            rig.at(100).acknowledge(0, &if sack { vec![(1, n)] } else { vec![] }, None);
        }
        assert_eq!(rig.sent(), [(0, MSS)]);
        rig.at(200).acknowledge(5, &[], None);
        assert_eq!(rig.sent(), [(5 * MSS, 1)], "the FIN: a partial acknowledgment, or the rescue");
    }
}

/// 3042-2-LT, 3042-2-LT-CWND, 3042-2-LT-SACK
#[test]
fn limited_transmit_lets_out_two_and_with_sack_only_for_news() {
    let mut rig = ten(false, 9);
    assert_eq!(rig.ack(0, &[]), [10]);
    assert_eq!(rig.ack(0, &[]), [11]);
    assert_eq!(rig.windows().0, 10);
    let mut rig = ten(true, 9);
    assert_eq!(rig.ack(0, &[]), [], "no block");
    assert_eq!(rig.ack(0, &[(1, 2)]), [10]);
    assert_eq!(rig.ack(0, &[(1, 2)]), [], "nothing new");
}

/// 5681-3.2-INFLATE (RFC 5681 §3.2 step 4): a duplicate in recovery lets out a segment; what is no
/// duplicate, such as a new window, does not.
#[test]
fn duplicates_inflate_the_window_and_nothing_else_does() {
    let mut rig = ten(false, 9);
    rig.ack(0, &[]);
    rig.ack(0, &[]);
    assert_eq!(rig.ack(0, &[]), [0]);
    assert_eq!(rig.windows(), (8, 5), "ssthresh and three segments that have left the network");
    assert_eq!(rig.ack(0, &[]), []);
    assert_eq!(rig.windows().0, 9);
    rig.window(0xfff0);
    assert_eq!(rig.ack(0, &[]), []);
    assert_eq!(rig.windows().0, 9, "the window has changed: it is no duplicate");
    for n in 10..13 {
        assert_eq!(rig.ack(0, &[]), []);
        assert_eq!(rig.windows().0, n);
    }
    assert_eq!(rig.ack(0, &[]), [12], "more than the twelve that are out");
}

/// 6582-3.2-FULL, 6675-5-END: everything has arrived, and nothing else is lost.
#[test]
fn recovery_ends_once() {
    for sack in [false, true] {
        let mut rig = ten(sack, 20);
        for n in 2..5 {
            rig.ack(0, if sack { &[(1, 2), (1, 3), (1, 4)][n - 2..n - 1] } else { &[] });
        }
        assert!(matches!(rig.tcp.recovery.phase, Phase::Recovery(_)));
        let end = rig.tcp.sent.len() as u32;
        let sent = rig.at(200).ack(end, &[]);
        assert_eq!(rig.tcp.recovery.phase, Phase::Open);
        assert_eq!((rig.windows(), sent.first()), ((5, 5), Some(&end)), "only what is new");
    }
}

/// 6582-3.2-RTO, 6675-5.1-RTO: a partial acknowledgment after a timeout ends nothing.
#[test]
fn the_time_after_a_timeout_lasts_until_all_is_acknowledged() {
    for sack in [false, true] {
        let mut rig = ten(sack, 0);
        assert_eq!(rig.at(1000).segments(), [0]);
        rig.at(1100).ack(1, &[]);
        rig.at(1200).ack(9, &[]);
        assert!(matches!(rig.tcp.recovery.phase, Phase::Loss(_)));
        rig.at(1300).ack(10, &[]);
        assert_eq!(rig.tcp.recovery.phase, Phase::Open);
    }
}

/// An acknowledgment of nothing is nothing to the window, not even the beginning of an epoch of
/// CUBIC (RFC 9438 §4.2).
#[test]
fn what_acknowledges_nothing_does_not_touch_the_window() {
    let cubic = crate::tcp::CongestionControl::Cubic;
    let mut rig = Rig::new(Config { congestion_control: cubic, ..config() });
    rig.write(30);
    for n in 2..5 {
        rig.at(100).ack(0, &[(1, n)]);
    }
    let end = rig.tcp.sent.len() as u32;
    rig.at(200).ack(end, &[]);
    assert_eq!(rig.tcp.recovery.phase, Phase::Open);
    let before = rig.tcp.congestion.clone();
    rig.at(250).ack(end, &[]);
    assert_eq!(rig.tcp.congestion, before);
}

/// 6582-3.2-PARTIAL (RFC 6582 §3.2 step 3): the window deflates by what has arrived, less a segment.
#[test]
fn a_partial_acknowledgment_deflates_the_window() {
    let mut rig = ten(false, 9);
    for _ in 0..3 {
        rig.ack(0, &[]);
    }
    assert_eq!(rig.windows(), (8, 5));
    assert_eq!(rig.at(200).ack(3, &[]), [3], "the next one is lost as well");
    assert_eq!(rig.windows(), (6, 5), "8 - 3 + 1");
}

/// 3042-2-LT is a SHOULD: without it the first duplicates let out nothing, yet recovery goes by the pipe.
#[test]
fn without_limited_transmit_blocks_let_out_nothing_before_recovery() {
    let mut rig = Rig::new(Config { limited_transmit: false, ..config() });
    rig.write(20);
    assert_eq!(rig.at(100).ack(0, &[(1, 2)]), []);
    assert_eq!(rig.ack(0, &[(1, 3)]), []);
    assert_eq!(rig.ack(0, &[(1, 4)]), [0]);
    assert_eq!(rig.ack(0, &[(1, 8)]), [10, 11], "five, with three in the network");
}
