//! The integers are compared with the equations of RFC 9438 in floating point.

use proptest::prelude::*;

use super::{Acknowledged, Cubic, Duration, Epoch, Instant, beta, cube_root};

const SMSS: u32 = 1000;

fn ack(now: Instant, octets: u32, rtt_ms: u64) -> Acknowledged {
    Acknowledged { now, octets, in_flight: u32::MAX, srtt: Some(Duration::from_millis(rtt_ms)) }
}

/// W_cubic(t) of §4.2 in octets.
fn w_cubic(t: f64, epoch_window: f64, w_max: f64, smss: f64) -> f64 {
    let k = (((w_max - epoch_window) / smss).max(0.0) / 0.4).cbrt();
    smss * 0.4 * (t - k).powi(3) + w_max.max(epoch_window)
}

proptest! {
    #[test]
    fn cube_root_is_the_floor(n in any::<u64>(), shift in 0..60u32) {
        let n = u128::from(n) << shift;
        let root = u128::from(cube_root(n));
        prop_assert!(root.pow(3) <= n && (root + 1).pow(3) > n);
    }

    #[test]
    fn the_function_is_the_one_of_the_rfc(
        cwnd in 1000..100_000_000u32, above in 0..100_000_000u32, smss in 100..9000u32, micros in 0..100_000_000u64,
    ) {
        let w_max = cwnd + above;
        let epoch = Epoch::new(Instant::ZERO, cwnd, w_max, smss);
        let got = f64::from(epoch.window_after(Duration::from_micros(micros), smss));
        let t = micros as f64 / 1e6;
        let expected = w_cubic(t, cwnd.into(), w_max.into(), smss.into()).clamp(0.0, u32::MAX.into());
        let tolerance = 2.0 + expected * 1e-5 + f64::from(smss) * 1e-3;
        prop_assert!((got - expected).abs() <= tolerance, "got {got}, expected {expected}");
    }

    #[test]
    fn nothing_overflows(
        cwnd in any::<u32>(), w_max in any::<u32>(), smss in 1..=u32::from(u16::MAX), octets in any::<u32>(),
        at in any::<u64>(), rtt in any::<u64>(),
    ) {
        let mut cubic = Cubic::default();
        cubic.reduce(w_max);
        let now = Instant::from_nanos(at);
        let first = Acknowledged { now: Instant::ZERO, octets, in_flight: 0, srtt: None };
        prop_assert!(cubic.grown(cwnd, smss, first) >= cwnd);
        let later = Acknowledged { now, octets, in_flight: 0, srtt: Some(Duration::from_nanos(rtt)) };
        prop_assert!(cubic.grown(cwnd, smss, later) >= cwnd, "it never shrinks");
    }
}

/// A window's worth of acknowledgments, a segment each, once per RTT, for `seconds`.
fn run(cubic: &mut Cubic, mut cwnd: u32, rtt_ms: u64, seconds: u64) -> u32 {
    for round in 0..seconds * 1000 / rtt_ms {
        let now = Instant::from_millis(round * rtt_ms);
        for _ in 0..(cwnd / SMSS).max(1) {
            cwnd = cubic.grown(cwnd, SMSS, ack(now, SMSS, rtt_ms));
        }
    }
    cwnd
}

#[test]
fn it_is_back_at_w_max_after_k_and_goes_on() {
    let mut cubic = Cubic::default();
    cubic.reduce(1_000_000);
    let k = (300.0_f64 / 0.4).cbrt(); // 9.09 s
    let at_k = run(&mut cubic.clone(), beta(1_000_000), 100, k as u64);
    assert!((980_000..1_010_000).contains(&at_k), "{at_k} at {k} s");
    let later = run(&mut cubic, beta(1_000_000), 100, 20);
    let expected = w_cubic(20.0, 700_000.0, 1_000_000.0, SMSS.into());
    let error = (f64::from(later) - expected).abs() / expected;
    assert!(error < 0.05, "{later} after 20 s, expected about {expected}");
}

#[test]
fn on_a_short_path_it_does_as_well_as_reno() {
    let mut cubic = Cubic::default();
    cubic.reduce(20_000);
    // in 10 ms rounds: 9/17 of a segment each, until the old window is reached, then one each
    let cwnd = run(&mut cubic, 14_000, 10, 1);
    let rounds_below = 6.0 * 17.0 / 9.0;
    let expected = 20_000.0 + (100.0 - rounds_below) * 1000.0;
    let error = (f64::from(cwnd) - expected).abs() / expected;
    assert!(error < 0.05, "{cwnd} after 100 rounds, expected about {expected}");
}

#[test]
fn fast_convergence_gives_room_to_others() {
    let mut cubic = Cubic::default();
    cubic.reduce(100_000);
    assert_eq!(cubic.w_max, 100_000);
    cubic.reduce(80_000);
    assert_eq!((cubic.w_max, cubic.prior), (68_000, 80_000));
    cubic.reduce(68_000);
    assert_eq!(cubic.w_max, 68_000, "not below: as large as before");
}

#[test]
fn after_a_timeout_the_stage_starts_from_its_own_window() {
    let mut cubic = Cubic::default();
    cubic.reduce(1_000_000);
    cubic.timed_out();
    cubic.grown(500_000, SMSS, ack(Instant::ZERO, SMSS, 100));
    let epoch = cubic.epoch.expect("begun");
    assert_eq!((epoch.k, epoch.origin), (0, 500_000));
    cubic.reduce(600_000);
    cubic.grown(420_000, SMSS, ack(Instant::ZERO, SMSS, 100));
    assert!(cubic.epoch.expect("begun").k > 0, "only the first stage");
}

#[test]
fn a_rise_is_at_most_half_a_window_per_round_trip() {
    let mut cubic = Cubic::default();
    cubic.reduce(10_000);
    cubic.grown(10_000, SMSS, ack(Instant::ZERO, 0, 100));
    let late = Instant::ZERO + Duration::from_hours(1);
    assert_eq!(cubic.grown(10_000, SMSS, ack(late, 10_000, 100)), 15_000);
}

#[test]
fn idle_time_does_not_count() {
    let mut cubic = Cubic::default();
    cubic.reduce(1_000_000);
    cubic.grown(700_000, SMSS, ack(Instant::ZERO, SMSS, 100));
    let mut idle = cubic;
    idle.idle(Duration::from_secs(5));
    let at = |cubic: &mut Cubic, s| cubic.grown(700_000, SMSS, ack(Instant::ZERO + Duration::from_secs(s), 7_000, 100));
    assert_eq!(at(&mut idle, 8), at(&mut cubic.clone(), 3));
    assert!(at(&mut cubic, 8) > at(&mut idle, 8));
}

#[test]
fn time_in_which_the_application_sends_little_does_not_count() {
    let mut cubic = Cubic::default();
    cubic.reduce(1_000_000);
    cubic.grown(700_000, SMSS, ack(Instant::ZERO, SMSS, 100));
    let mut limited = cubic;
    for s in 1..=5 {
        limited.limited_by_application(Instant::ZERO + Duration::from_secs(s));
    }
    let at = |cubic: &mut Cubic, s| cubic.grown(700_000, SMSS, ack(Instant::ZERO + Duration::from_secs(s), 7_000, 100));
    assert_eq!(at(&mut limited, 8), at(&mut cubic, 3));
}

/// W_cubic is no less than W_est: not the Reno-friendly region (RFC 9438 §4.3).
#[test]
fn where_both_functions_meet_the_cubic_one_counts() {
    let mut cubic = Cubic::default();
    cubic.reduce(2_000_000);
    cubic.timed_out();
    // ten seconds from the start W_cubic is 400 segments more, and W_est not yet an octet
    assert_eq!(cubic.grown(1_000_000, SMSS, ack(Instant::ZERO, 1000, 10_000)), 1_000_400);
}

/// What is missing to an octet is not lost, however small the acknowledgments are.
#[test]
fn many_small_acknowledgments_are_as_good_as_a_large_one() {
    let begun = || {
        let mut cubic = Cubic::default();
        cubic.reduce(2_000_000);
        cubic.timed_out();
        cubic.grown(1_000_000, SMSS, ack(Instant::ZERO, 0, 10_000));
        cubic
    };
    let (mut one, mut many) = (begun(), begun());
    let by_one = one.grown(1_000_000, SMSS, ack(Instant::ZERO, 1700, 10_000));
    let mut window = 1_000_000;
    for _ in 0..1700 {
        // the window is held, as if every acknowledgment saw the same
        window += many.grown(1_000_000, SMSS, ack(Instant::ZERO, 1, 10_000)) - 1_000_000;
    }
    assert_eq!((by_one, window), (1_000_680, 1_000_000 + 1700 * 2 / 5));
    assert_eq!((one.epoch.unwrap().rest, many.epoch.unwrap().rest), (0, 0));
    // 1700 octets at 9/17 of a segment per window of a thousand segments
    let estimates = [one, many].map(|cubic| cubic.epoch.map(|epoch| (epoch.estimate, epoch.estimate_rest)));
    assert_eq!(estimates, [Some((1_000_000, 15_300_000)); 2]);
}
