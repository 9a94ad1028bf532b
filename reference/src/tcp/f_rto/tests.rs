//! F-RTO step by step.

use super::FRto;
use crate::tcp::Config;
use crate::tcp::recovery::Phase;
use crate::tcp::rig::{Rig, config};

/// Ten segments at 0 ms, more waiting, and the timeout at 1 s.
fn timed_out(sack: bool) -> Rig {
    let mut rig = Rig::with_sack(Config { f_rto: true, ..config() }, sack);
    rig.write(20);
    assert_eq!(rig.at(1000).segments(), [0], "5682-2.1-1");
    rig
}

/// 5682-2.1-2B, 5682-2.1-3B
#[test]
fn the_originals_arrive_after_all() {
    for sack in [false, true] {
        let mut rig = timed_out(sack);
        assert_eq!(rig.windows(), (1, 5));
        assert_eq!(rig.at(1010).ack(1, &[]), [10, 11], "two new ones");
        assert_eq!(rig.at(1020).ack(2, &[]), [12], "nothing is sent again");
        assert_eq!(rig.tcp.recovery.phase, Phase::Open);
        assert_eq!(rig.tcp.sent.due(), 0);
        assert!(rig.windows().1 > 1_000_000, "ssthresh is what it was");
        assert_eq!(rig.at(1030).ack(3, &[]), [13, 14]);
    }
}

/// 5682-2.1-2A
#[test]
fn a_duplicate_at_first_means_a_loss() {
    let mut rig = timed_out(false);
    assert_eq!(rig.at(1010).ack(0, &[]), []);
    assert_eq!(rig.tcp.recovery.f_rto, FRto::Off);
    assert_eq!(rig.at(1100).ack(1, &[]), [1, 2], "slow start");
}

/// 5682-2.1-2A: an acknowledgment of everything says nothing about the timeout.
#[test]
fn an_acknowledgment_of_everything_ends_it() {
    for sack in [false, true] {
        let mut rig = timed_out(sack);
        assert_eq!(rig.at(1010).ack(10, &[]), [10, 11]);
        assert_eq!((rig.tcp.recovery.f_rto, rig.tcp.recovery.phase), (FRto::Off, Phase::Open));
        assert_eq!(rig.windows(), (2, 5));
    }
}

/// 5682-2.1-3A
#[test]
fn a_duplicate_at_second_means_a_loss() {
    let mut rig = timed_out(false);
    assert_eq!(rig.at(1100).ack(1, &[]), [10, 11]);
    assert_eq!(rig.at(1200).ack(1, &[]), [1, 2], "a window of two, at most three");
    assert_eq!(rig.at(1300).ack(3, &[]), [3, 4, 5]);
}

/// 5682-3.1-SACK
#[test]
fn with_sack_what_is_new_below_the_timeout_tells() {
    let mut rig = timed_out(true);
    assert_eq!(rig.at(1010).ack(0, &[(3, 4)]), [], "step 2 waits on");
    assert_eq!(rig.at(1020).ack(1, &[(3, 4)]), [10, 11]);
    let mut lost = rig.tcp.clone();
    core::mem::swap(&mut lost, &mut rig.tcp);
    assert_eq!(rig.at(1030).ack(1, &[(4, 5), (3, 4)]), [12], "the original of the fifth");
    assert_eq!(rig.tcp.recovery.phase, Phase::Open);
    rig.tcp = lost;
    assert_eq!(rig.at(1120).ack(1, &[(10, 11), (3, 4)]), [1], "a new one, but not those before it");
    assert_eq!(rig.tcp.recovery.f_rto, FRto::Off);
}

/// 5682-2.1-AGAIN
#[test]
fn another_timeout_before_the_first_answer_asks_again_and_later_does_not() {
    let mut rig = timed_out(false);
    assert_eq!(rig.at(3000).segments(), [0]);
    assert_eq!(rig.at(3010).ack(1, &[]), [10, 11]);
    assert_eq!(rig.at(3020).ack(2, &[]), [12]);
    assert!(rig.windows().1 > 1_000_000, "both timeouts are undone");

    let mut rig = timed_out(false);
    assert_eq!(rig.at(1100).ack(1, &[]), [10, 11]);
    assert_eq!(rig.at(3100).segments(), [1], "the back-off stays");
    assert_eq!(rig.tcp.recovery.f_rto, FRto::Off);
    assert_eq!(rig.at(3200).ack(2, &[]), [2, 3]);
}

/// 5682-2.1-NOTFR
#[test]
fn not_during_fast_recovery() {
    let mut rig = Rig::new(Config { f_rto: true, ..config() });
    rig.write(10);
    for n in 2..5 {
        rig.at(100).ack(0, &[(1, n)]);
    }
    assert!(matches!(rig.tcp.recovery.phase, Phase::Recovery(_)));
    rig.at(1100);
    assert_eq!((rig.tcp.recovery.f_rto, rig.segments()), (FRto::Off, alloc::vec![0]));
}

/// 5682-2.1-2B: nothing new to send.
#[test]
fn without_new_data_it_is_slow_start() {
    let mut rig = Rig::with_sack(Config { f_rto: true, ..config() }, false);
    rig.write(8);
    assert_eq!(rig.at(1000).segments(), [0]);
    assert_eq!(rig.at(1100).ack(1, &[]), [1, 2]);
}

#[test]
fn a_window_that_closes_and_opens_ends_it() {
    for sack in [false, true] {
        let mut rig = timed_out(sack);
        rig.window(0);
        assert_eq!(rig.at(1010).ack(1, &[]), []);
        rig.window(20_000);
        assert_eq!(rig.at(1020).ack(1, &[]), [1, 2], "everything that was sent into the closed window goes out again");
    }
}

/// 5682-2.1-IGN: a window update is neither new nor a duplicate.
#[test]
fn other_acknowledgments_change_nothing() {
    let mut rig = timed_out(false);
    rig.window(30_000);
    assert_eq!(rig.at(1010).ack(0, &[]), []);
    assert!(matches!(rig.tcp.recovery.f_rto, FRto::First(_)));
    assert_eq!(rig.at(1020).ack(1, &[]), [10, 11]);
    rig.window(31_000);
    assert_eq!(rig.at(1030).ack(1, &[]), []);
    assert!(matches!(rig.tcp.recovery.f_rto, FRto::Second { left: 0, .. }));
}

/// 5682-2.1-2A: a part of what was sent again.
#[test]
fn a_part_of_the_retransmission_is_no_answer() {
    let mut rig = timed_out(false);
    let una = rig.tcp.snd().una;
    rig.tcp.handle_segment(
        rig.now,
        &crate::wire::Segment {
            source_port: 2,
            destination_port: 1,
            seq: crate::seq::Seq(1),
            ack: una + 500,
            flags: crate::wire::Flags::ACK,
            window: 20_000,
            ..crate::wire::Segment::default()
        },
    );
    assert_eq!(rig.tcp.recovery.f_rto, FRto::Off);
}

/// 5682-2.1-2B: without room for something new there is nothing to ask with.
#[test]
fn a_full_window_ends_it() {
    for (window, goes_on) in [(9001, true), (9000, false)] {
        let mut rig = timed_out(false);
        rig.window(window);
        rig.at(1010).acknowledge(1, &[], None);
        assert_eq!(matches!(rig.tcp.recovery.f_rto, FRto::Second { .. }), goes_on, "{window}");
    }
}

/// 5682-3.1-SACK: a duplicate that brings nothing new means a loss; what is no duplicate means nothing.
#[test]
fn with_sack_a_duplicate_without_news_means_a_loss() {
    let mut rig = timed_out(true);
    assert_eq!(rig.at(1010).ack(1, &[]), [10, 11]);
    rig.window(0xfff0);
    rig.at(1020).ack(1, &[]);
    assert!(matches!(rig.tcp.recovery.f_rto, FRto::Second { .. }), "the window has changed");
    rig.at(1030).ack(1, &[]);
    assert_eq!(rig.tcp.recovery.f_rto, FRto::Off);
}

/// RFC 4015 §3.2 step 5: however much has arrived, no more than four segments leave at once.
#[test]
fn the_end_of_a_spurious_timeout_is_no_burst() {
    let mut rig = timed_out(true);
    assert_eq!(rig.at(1010).ack(1, &[]), [10, 11]);
    assert_eq!(rig.at(1020).ack(8, &[]), [12, 13, 14, 15]);
    assert_eq!(rig.windows().0, 8, "four in flight, and four");
}
