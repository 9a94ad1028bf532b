//! Every number is RFC 5681's, 3168's, 6928's or 9438's, for segments of 1000 octets.

use super::{Acknowledged, Config, Congestion, CongestionControl, Duration, InitialWindow, Instant};

fn reno(smss: u32) -> Congestion {
    Congestion::new(&Config::default(), smss)
}

fn ack(octets: u32) -> Acknowledged {
    Acknowledged { now: Instant::ZERO, octets, in_flight: u32::MAX, srtt: None }
}

#[test]
fn slow_start_then_one_segment_per_window() {
    let mut congestion = reno(1000);
    assert_eq!(congestion.window(), 4000);
    congestion.grow(ack(1000));
    assert_eq!(congestion.window(), 5000);
    congestion.grow(ack(3000));
    assert_eq!(congestion.window(), 6000, "at most a segment per acknowledgment");
    congestion.on_timeout(5000, true);
    assert_eq!(congestion.window(), 1000);
    for _ in 0..2 {
        congestion.grow(ack(1000));
    }
    assert_eq!(congestion.window(), 3000, "slow start up to ssthresh 2500");
    congestion.grow(ack(2999));
    assert_eq!(congestion.window(), 3000, "an octet is missing");
    congestion.grow(ack(1));
    assert_eq!(congestion.window(), 4000, "congestion avoidance");
}

#[test]
fn a_loss_halves_what_is_in_flight_and_may_be_undone() {
    let mut congestion = reno(1000);
    congestion.on_loss(9000);
    assert_eq!((congestion.window(), congestion.ssthresh()), (4500, 4500));
    congestion.undo();
    assert_eq!((congestion.window(), congestion.ssthresh()), (4500, u32::MAX));
    congestion.on_timeout(3000, true);
    assert_eq!((congestion.window(), congestion.ssthresh()), (1000, 2000), "two segments at least");
    congestion.on_timeout(1000, false);
    assert_eq!(congestion.ssthresh(), 2000, "once per loss");
    congestion.undo();
    assert_eq!((congestion.window(), congestion.ssthresh()), (4500, u32::MAX));
}

#[test]
fn cubic_takes_three_tenths_and_gives_back_what_was_no_loss() {
    let config = Config { congestion_control: CongestionControl::Cubic, ..Config::default() };
    let mut congestion = Congestion::new(&config, 1000);
    congestion.set_window(100_000);
    congestion.on_loss(100_000);
    assert_eq!((congestion.window(), congestion.ssthresh()), (70_000, 70_000));
    let before = congestion.clone();
    congestion.on_mark(60_000);
    assert_eq!((congestion.window(), congestion.ssthresh()), (42_000, 42_000));
    let mut congestion = before.clone();
    congestion.on_timeout(60_000, true);
    assert_eq!((congestion.window(), congestion.ssthresh()), (1000, 42_000));
    congestion.undo();
    assert_eq!((congestion.window(), congestion.ssthresh()), (70_000, 70_000));
    assert_eq!(congestion.cubic, before.cubic);
    // an application that does not fill the window does not open it
    congestion.grow(Acknowledged { in_flight: 10_000, ..ack(1000) });
    assert_eq!(congestion.window(), 70_000);
}

#[test]
fn initial_window_by_segment_size() {
    for (choice, smss, window) in [
        (InitialWindow::Rfc5681, 536, 2144),
        (InitialWindow::Rfc5681, 1095, 4380),
        (InitialWindow::Rfc5681, 1460, 4380),
        (InitialWindow::Rfc5681, 4000, 8000),
        (InitialWindow::Rfc6928, 1460, 14_600),
        (InitialWindow::Rfc6928, 536, 5360),
        (InitialWindow::Rfc6928, 4000, 14_600),
        (InitialWindow::Rfc6928, 9000, 18_000),
        (InitialWindow::Segments(1), 1460, 1460),
    ] {
        let config = Config { initial_window: choice, ..Config::default() };
        assert_eq!(Congestion::new(&config, smss).window(), window, "{choice:?} {smss}");
    }
}

#[test]
fn a_mark_takes_half_but_leaves_a_segment() {
    let mut congestion = reno(1000);
    congestion.on_mark(3000);
    assert_eq!((congestion.window(), congestion.ssthresh()), (1500, 2000), "below ssthresh (RFC 3168 §6.1.2)");
    congestion.on_mark(1000);
    assert_eq!((congestion.window(), congestion.ssthresh()), (1000, 2000), "a segment at least");
    congestion.on_mark(9000);
    assert_eq!(congestion.window(), 1000, "a mark opens no window");
}

#[test]
fn a_reduction_starts_the_count_of_congestion_avoidance_over() {
    let mut congestion = reno(1000);
    congestion.on_loss(4000);
    congestion.grow(ack(1999));
    congestion.on_loss(4000);
    congestion.grow(ack(1));
    assert_eq!(congestion.window(), 2000);
    congestion.grow(ack(2500));
    assert_eq!(congestion.window(), 3000);
    congestion.grow(ack(2498));
    assert_eq!(congestion.window(), 3000, "an octet is missing");
    congestion.grow(ack(1));
    assert_eq!(congestion.window(), 4000, "what was acknowledged beyond the window counts for the next");
}

#[test]
fn what_a_window_of_cubic_needs_to_grow_is_to_be_full_but_for_a_segment() {
    let config = Config { congestion_control: CongestionControl::Cubic, ..Config::default() };
    let mut congestion = Congestion::new(&config, 1000);
    congestion.set_window(20_000);
    congestion.on_loss(20_000);
    assert_eq!(congestion.window(), 14_000);
    let grown = |in_flight| {
        let mut congestion = congestion.clone();
        for second in 0..10 {
            let now = Instant::from_millis(1000 * second);
            congestion.grow(Acknowledged { now, in_flight, ..ack(1000) });
        }
        congestion.window()
    };
    assert_eq!(grown(12_999), 14_000);
    assert!(grown(13_000) > 14_000);
}

#[test]
fn undo_takes_the_older_variables_of_cubic_only_with_the_older_window() {
    let config = Config { congestion_control: CongestionControl::Cubic, ..Config::default() };
    let mut congestion = Congestion::new(&config, 1000);
    congestion.set_window(50_000);
    congestion.on_loss(50_000);
    congestion.set_window(50_000);
    let newer = congestion.cubic;
    congestion.undo();
    assert_eq!((congestion.window(), congestion.cubic), (50_000, newer), "RFC 9438 §4.9.2");
}

#[test]
fn idle_time_lost_syns_and_the_floor() {
    let mut congestion = reno(1000);
    congestion.set_window(9000);
    congestion.restart_after_idle();
    assert_eq!(congestion.window(), 4000, "RW is IW at most (RFC 5681 §4.1)");
    congestion.set_window(3000);
    congestion.restart_after_idle();
    assert_eq!(congestion.window(), 3000);
    congestion.syn_was_lost();
    assert_eq!(congestion.window(), 1000);
    congestion.set_window(1);
    assert_eq!(congestion.window(), 1000, "a segment at least");
    congestion.set_smss(0);
    assert_eq!(congestion.smss(), 1);
}

#[test]
fn cubic_does_not_count_the_time_in_which_nothing_was_sent() {
    let config = Config { congestion_control: CongestionControl::Cubic, ..Config::default() };
    let mut congestion = Congestion::new(&config, 1000);
    congestion.set_window(20_000);
    congestion.on_loss(20_000);
    congestion.grow(ack(1000));
    let before = congestion.cubic;
    congestion.was_idle(Duration::from_secs(3));
    assert_ne!(congestion.cubic, before);
}

#[test]
fn smaller_segments_shrink_the_initial_window_alone() {
    let mut congestion = reno(1000);
    congestion.shrink_segments(500);
    assert_eq!((congestion.window(), congestion.smss()), (2000, 500));
    congestion.shrink_segments(500);
    congestion.shrink_segments(800);
    assert_eq!((congestion.window(), congestion.smss()), (2000, 800), "they have grown: nothing to take back");
    let mut congestion = reno(1000);
    congestion.set_window(9000);
    congestion.shrink_segments(500);
    assert_eq!((congestion.window(), congestion.smss()), (9000, 500), "the path is not congested");
    congestion.restart_after_idle();
    assert_eq!(congestion.window(), 4000);
}

#[test]
fn only_smaller_segments_change_the_initial_window() {
    let one = Config { initial_window: InitialWindow::Segments(1), ..Config::default() };
    let mut congestion = Congestion::new(&one, 1000);
    congestion.set_smss(1500);
    congestion.shrink_segments(1500);
    assert_eq!((congestion.window(), congestion.initial), (1000, 1000), "the size is what it was");
    congestion.shrink_segments(750);
    assert_eq!((congestion.window(), congestion.initial), (750, 750), "one segment at least");
}
