//! RACK by exact times: the RTT is 100 ms, so the reordering window begins at 25 ms.

use super::{Arrival, Duration, Instant, MIN_RTT_WINDOW, MinRtt, Rack, Seq, sent_after};
use crate::tcp::Config;
use crate::tcp::recovery::Phase;
use crate::tcp::rig::{MSS, Rig, by_time, config, ms};
use crate::tcp::sent::Sent;

fn rack() -> Config {
    Config { rack: true, ..config() }
}

/// Ten segments at 0 ms.
fn ten(config: Config) -> Rig {
    let mut rig = Rig::new(config);
    assert_eq!(rig.write(10), (0..10).collect::<alloc::vec::Vec<_>>());
    rig
}

/// 8985-6.2-REO0: the third segment above a hole that is selectively acknowledged.
#[test]
fn three_segments_suffice_while_nothing_was_reordered() {
    let mut rig = ten(rack());
    assert_eq!(rig.at(100).ack(0, &[(1, 2)]), []);
    assert_eq!(rig.ack(0, &[(1, 3)]), []);
    assert_eq!(rig.ack(0, &[(1, 4)]), [0]);
    assert_eq!(rig.windows(), (5, 5));
}

/// 8985-6.2-REO-QUARTER, 8985-6.2-TIMER
#[test]
fn one_segment_suffices_after_a_quarter_of_the_rtt() {
    let mut rig = ten(rack());
    assert_eq!(rig.at(100).ack(0, &[(4, 5)]), []);
    assert_eq!(rig.due(), Some(125), "100 ms and a quarter after they were sent");
    assert_eq!(rig.at(124).segments(), []);
    assert_eq!(rig.at(125).segments(), [0], "the first at once");
    assert_eq!(rig.tcp.sent.due(), 3 * MSS, "the others wait for the window (8985-9.3-CC)");
    assert_eq!(rig.due(), Some(1125), "the retransmission timer started over");
}

/// 8985-9.3-CC
#[test]
fn what_is_lost_waits_for_the_congestion_window() {
    let mut rig = ten(rack());
    assert_eq!(rig.at(100).ack(0, &[(3, 4)]), []);
    assert_eq!(rig.at(125).segments(), [0], "pipe 6, cwnd 5: only the first");
    assert_eq!(rig.at(126).ack(0, &[(3, 5)]), [], "pipe 6 with the copy of the first");
    assert_eq!(rig.ack(0, &[(3, 6)]), [], "pipe 5");
    assert_eq!(rig.ack(0, &[(3, 7)]), [1], "pipe 4");
    assert_eq!(rig.ack(0, &[(3, 8)]), [2]);
}

/// 8985-6.2-REO-SEEN
#[test]
fn reordering_turns_the_threshold_off() {
    let mut rig = ten(rack());
    assert_eq!(rig.at(100).ack(0, &[(1, 2)]), []);
    assert_eq!(rig.at(101).ack(2, &[]), [], "the first was not lost but late; nothing else is there to send");
    assert!(rig.tcp.recovery.rack.reordering_seen);
    assert_eq!(rig.at(102).ack(2, &[(3, 6)]), [], "three, and yet not lost");
    assert_eq!(rig.due(), Some(127), "102 ms and a quarter of 100");
    assert_eq!(rig.at(127).segments(), [2]);
}

/// 8985-6.2-REO-DSACK
#[test]
fn each_round_with_a_duplicate_widens_the_window_up_to_srtt() {
    let mut rack = Rack::default();
    let arrival = Arrival { now: Instant::from_millis(100), echo: None };
    rack.begin();
    rack.note_delivered(&sent(1, 0, 0), arrival);
    rack.reordering_seen = true;
    let mut widths = alloc::vec::Vec::new();
    for round in 0..6 {
        rack.adapt(Seq(1000 * round), Seq(1000 * round + 1000), true, false);
        rack.adapt(Seq(1000 * round + 999), Seq(1000 * round + 1500), true, false); // the same round
        rack.update_reo_wnd(false, 9, Some(ms(110)));
        widths.push(rack.reo_wnd);
    }
    assert_eq!(widths, [50, 75, 100, 110, 110, 110].map(ms));
}

/// 8985-6.2-REO-PERSIST
#[test]
fn sixteen_recoveries_without_a_duplicate_narrow_the_window() {
    let mut rack = Rack::default();
    rack.adapt(Seq(0), Seq(1000), true, false);
    for _ in 0..15 {
        rack.adapt(Seq(2000), Seq(3000), false, true);
    }
    assert_eq!(rack.reo_wnd_mult, 2);
    rack.adapt(Seq(2000), Seq(3000), false, true);
    assert_eq!(rack.reo_wnd_mult, 1);
}

fn sent(n: u32, at: u64, retransmissions: u32) -> Sent {
    Sent {
        seq: Seq(n * 100),
        len: 100,
        fin: false,
        at: Instant::from_millis(at),
        retransmissions,
        sacked: false,
        lost: false,
        resent: false,
        was_sacked: false,
    }
}

/// 8985-6.2-SPURIOUS
#[test]
fn a_retransmission_that_seems_to_arrive_too_soon_says_nothing() {
    let mut rack = Rack::default();
    let at =
        |now: u64, echo: Option<u32>| Arrival { now: Instant::from_millis(now), echo: echo.map(|echo| (Seq(echo), 0)) };
    rack.note_delivered(&sent(1, 0, 0), at(100, None));
    let first = rack.latest;
    rack.note_delivered(&sent(2, 50, 1), at(149, None));
    assert_eq!((rack.latest, rack.rtt), (first, ms(100)), "99 ms are less than the least RTT");
    rack.note_delivered(&sent(2, 50, 1), at(250, Some(49)));
    assert_eq!((rack.latest, rack.rtt), (first, ms(100)), "the echo is of the first copy");
    rack.note_delivered(&sent(2, 50, 1), at(250, Some(50)));
    assert_eq!((rack.latest, rack.rtt), (Some((Instant::from_millis(50), Seq(300))), ms(200)));
    assert!(!rack.reordering_seen);
}

#[test]
fn blocks_of_one_acknowledgment_are_in_no_order() {
    let mut rack = Rack::default();
    let arrival = Arrival { now: Instant::from_millis(100), echo: None };
    rack.begin();
    rack.note_delivered(&sent(7, 3, 0), arrival);
    rack.note_delivered(&sent(3, 1, 0), arrival);
    assert!(!rack.reordering_seen);
    assert_eq!(rack.rtt, ms(97), "the one that was sent last tells the RTT");
    rack.begin();
    rack.note_delivered(&sent(5, 2, 1), arrival);
    assert!(!rack.reordering_seen, "it was sent again");
    rack.note_delivered(&Sent { was_sacked: true, ..sent(4, 2, 0) }, arrival);
    assert!(!rack.reordering_seen, "that was known");
    rack.note_delivered(&sent(4, 2, 0), arrival);
    assert!(rack.reordering_seen);
}

/// 8985-6.2-LOST-RTX, 8985-9.3-RTXLOSS
#[test]
fn a_lost_retransmission_is_found_and_answered_without_a_timeout() {
    let mut rig = ten(rack());
    rig.tcp.send(&alloc::vec![7; 20_000], false).unwrap();
    assert_eq!(rig.at(100).ack(0, &[(1, 4)]), [0]);
    assert_eq!(rig.windows(), (5, 5));
    assert_eq!(rig.at(110).ack(0, &[(1, 10)]), [10, 11, 12, 13], "pipe 1, cwnd 5");
    assert_eq!(rig.at(209).ack(0, &[(1, 10)]), []);
    assert_eq!(rig.at(210).ack(0, &[(1, 11)]), [], "the new one was sent after the copy of the first");
    assert_eq!(rig.windows(), (2, 2), "another answer: half of five, less than is in the network");
    assert_eq!(rig.tcp.sent.due(), MSS);
    assert_eq!(rig.ack(0, &[(1, 12)]), []);
    assert_eq!(rig.ack(0, &[(1, 13)]), [0]);
    assert_eq!(rig.windows(), (2, 2), "but one a round");
    assert_eq!(rig.at(310).ack(14, &[]), [14, 15]);
    assert_eq!(rig.tcp.recovery.phase, Phase::Open);
}

/// 8985-6.3-RTO
#[test]
fn a_timeout_takes_the_first_and_what_is_late() {
    let mut rig = Rig::new(rack());
    rig.write(1);
    rig.at(100).ack(1, &[]);
    assert_eq!(rig.at(200).write(3), [1, 2, 3]);
    assert_eq!(rig.at(1100).write(1), [4]);
    assert_eq!(rig.at(1101).write(1), [5]);
    assert_eq!(rig.at(1200).segments(), [1], "whatever else is in the network");
    assert_eq!(rig.tcp.sent.due(), 3 * MSS, "the third, the fourth and what was sent 100 ms ago");
    assert_eq!(rig.tcp.sent.pipe(), 2 * MSS);
    assert_eq!(rig.at(1250).ack(1, &[(5, 6)]), [], "a window of one segment is full");
    assert_eq!(rig.at(1300).ack(2, &[(5, 6)]), [2, 3]);
}

#[test]
fn minimum_rtts_are_forgotten() {
    let mut min_rtt = MinRtt::default();
    let at = |secs: u64| Instant::ZERO + Duration::from_secs(secs);
    min_rtt.measure(at(1), ms(10));
    min_rtt.measure(at(2), ms(50));
    assert_eq!(min_rtt.get(), Some(ms(10)));
    min_rtt.measure(at(MIN_RTT_WINDOW.as_secs()), ms(40));
    assert_eq!(min_rtt.get(), Some(ms(10)));
    min_rtt.measure(at(2 * MIN_RTT_WINDOW.as_secs()), ms(50));
    assert_eq!(min_rtt.get(), Some(ms(40)));
}

#[test]
fn ties_are_broken_by_sequence_numbers_that_wrap() {
    let (t, u) = (Instant::from_millis(1), Instant::from_millis(2));
    assert!(sent_after((u, Seq(0)), (t, Seq(9))));
    assert!(sent_after((t, Seq(3)), (t, Seq(u32::MAX))));
    assert!(!sent_after((t, Seq(3)), (t, Seq(3))));
}

/// 8985-4-SB
#[test]
fn without_sack_duplicates_count() {
    let mut rig = Rig::with_sack(by_time(), false);
    rig.write(10);
    assert_eq!(rig.at(100).ack(0, &[]), []);
    assert_eq!(rig.ack(0, &[]), []);
    assert_eq!(rig.ack(0, &[]), [0]);
    assert_eq!(rig.due(), Some(1000), "nothing but the retransmission timer");
}

/// 8985-9.2-NO6675: neither three duplicates nor rule 3 or 4 once reordering was seen.
#[test]
fn no_rule_of_counting_applies() {
    let mut rig = ten(rack());
    rig.tcp.recovery.rack.reordering_seen = true;
    for n in 2..10 {
        assert_eq!(rig.at(100).ack(0, &[(1, n)]), [], "{n}");
    }
    assert_eq!(rig.tcp.recovery.phase, Phase::Open);
}

/// 8985-6.2-RTT: a copy that took as long as the quickest segment ever may well be what arrived; one
/// that took less is not.
#[test]
fn a_copy_as_quick_as_the_quickest_counts() {
    for (copied_at, counts) in [(101, false), (100, true)] {
        let mut rack = Rack::default();
        rack.begin();
        rack.note_delivered(&sent(1, 0, 0), Arrival { now: Instant::from_millis(100), echo: None });
        rack.begin();
        rack.note_delivered(&sent(2, copied_at, 1), Arrival { now: Instant::from_millis(200), echo: None });
        assert_eq!(rack.latest.map(|(at, _)| at), Some(Instant::from_millis(if counts { copied_at } else { 0 })));
    }
}

/// 5682-3.1: after a spurious timeout, the copy that it sent says nothing of the originals behind it.
#[test]
fn the_copy_of_a_spurious_timeout_is_forgotten() {
    let mut rig = Rig::new(Config { rack: true, f_rto: true, ..config() });
    rig.write(20);
    assert_eq!(rig.at(1000).segments(), [0]);
    assert_eq!(rig.at(1010).ack(1, &[]), [10, 11]);
    rig.at(1020).ack(2, &[]);
    assert_eq!(rig.tcp.recovery.phase, Phase::Open);
    rig.at(1030).ack(2, &[(3, 4)]);
    let late = rig.due().unwrap();
    rig.at(late).segments();
    let lost: alloc::vec::Vec<_> = rig.tcp.sent.iter().filter(|sent| sent.lost).map(Sent::end).collect();
    assert_eq!(lost, [rig.tcp.snd().una + MSS], "the third was sent before the fourth, the fifth was not");
}

/// 8985-9.3-CC: a recovery lasts until all is acknowledged that was out when it began.
#[test]
fn a_partial_acknowledgment_ends_no_recovery() {
    let mut rig = ten(rack());
    assert_eq!(rig.at(100).ack(0, &[(1, 4)]), [0]);
    rig.at(200).ack(4, &[]);
    assert!(matches!(rig.tcp.recovery.phase, Phase::Recovery(_)));
    rig.at(201).ack(10, &[]);
    assert_eq!(rig.tcp.recovery.phase, Phase::Open);
}

/// 6675-5-KEEPSB holds for RACK too: what is lost of a second window, and waits for room, is another
/// event when the first recovery ends.
#[test]
fn a_second_window_with_a_loss_is_another_recovery() {
    let mut rig = Rig::new(rack());
    rig.write(30);
    assert_eq!(rig.at(100).ack(0, &[(1, 5)]), [0]);
    assert_eq!(rig.ack(0, &[(1, 10)]), [10, 11, 12, 13]);
    rig.tcp.congestion.set_window(MSS);
    assert_eq!(rig.at(200).ack(0, &[(1, 10), (11, 14)]), [0], "the copy is late as well, and goes first");
    assert_eq!(rig.at(300).ack(10, &[(11, 14)]).first(), Some(&10));
    assert!(matches!(rig.tcp.recovery.phase, Phase::Recovery(_)));
}

/// 8985-9.3-CC: within a recovery, only a lost retransmission is another loss.
#[test]
fn what_was_sent_once_does_not_reduce_the_window_again() {
    let mut rig = Rig::new(rack());
    rig.write(30);
    assert_eq!(rig.at(100).ack(0, &[(1, 5)]), [0]);
    assert_eq!(rig.ack(0, &[(1, 9)]), [10, 11, 12]);
    assert_eq!(rig.windows(), (5, 5));
    rig.at(200).ack(9, &[(11, 13)]);
    assert!(rig.tcp.sent.iter().filter(|sent| sent.lost).count() == 2, "the tenth and the eleventh");
    assert_eq!(rig.windows(), (5, 5));
}
