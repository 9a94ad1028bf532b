//! Probes by exact times: the RTT is 100 ms, so the PTO is 200 ms.

use crate::tcp::Config;
use crate::tcp::recovery::Phase;
use crate::tcp::rig::{MSS, Rig, by_time};

fn probing() -> Rig {
    Rig::new(Config { f_rto: false, ..by_time() })
}

/// 8985-7.2-PTO-ARM, 8985-7.3-PROBE-LAST, 8985-7.3-REARM
#[test]
fn two_round_trips_of_silence_draw_the_last_segment() {
    let mut rig = probing();
    assert_eq!(rig.write(3), [0, 1, 2]);
    assert_eq!(rig.due(), Some(200));
    assert_eq!(rig.at(199).segments(), []);
    assert_eq!(rig.at(200).segments(), [2]);
    assert_eq!(rig.due(), Some(1200), "the retransmission timer, not another probe");
    assert_eq!(rig.at(1200).segments(), [0]);
}

/// 8985-7.4.1: the answer to the probe shows what was lost before it.
#[test]
fn the_answer_begins_recovery() {
    let mut rig = probing();
    rig.write(5);
    assert_eq!(rig.at(200).segments(), [4]);
    assert_eq!(rig.at(300).ack(0, &[(4, 5)]), [0, 1], "all four are late; the window is half of five segments");
    assert_eq!(rig.tcp.sent.due(), 2 * MSS);
    assert_eq!(rig.windows(), (2, 2));
}

/// 8985-7.2-PTO-ONE
#[test]
fn the_acknowledgment_of_one_segment_may_be_delayed() {
    let mut rig = probing();
    assert_eq!(rig.write(1), [0]);
    assert_eq!(rig.due(), Some(400));
    rig.at(300).tcp.send(&[7; 10], false).unwrap();
    assert_eq!(rig.sent(), [], "Nagle");
    assert_eq!(rig.at(400).sent(), [(MSS, 10)], "8985-7.3-PROBE-NEW: whatever Nagle says");
}

/// 8985-7.2-PTO-RTO
#[test]
fn the_probe_comes_no_later_than_the_timeout() {
    let mut rig = Rig::new(Config { min_rto: crate::tcp::rig::ms(1), ..by_time() });
    rig.write(1);
    assert_eq!(rig.due(), Some(300), "the RTO is 100 + 4 * 50");
    assert_eq!(rig.at(300).segments(), [0]);
    assert_eq!(rig.tcp.recovery.phase, Phase::Open, "that was the probe");
    assert_eq!(rig.due(), Some(600));
}

/// 8985-7.3-PROBE-NEW
#[test]
fn new_data_goes_beyond_the_congestion_window() {
    let mut rig = probing();
    assert_eq!(rig.write(12).len(), 10);
    assert_eq!(rig.at(200).segments(), [10]);
    assert_eq!(rig.at(300).ack(1, &[]), [11], "ten segments are out again, and eleven is the window");
}

#[test]
fn new_data_keeps_within_the_window_of_the_peer() {
    let mut rig = probing();
    rig.window(2 * MSS as u16);
    rig.acknowledge(0, &[], None);
    assert_eq!(rig.write(3), [0, 1]);
    assert_eq!(rig.at(200).segments(), [1]);
}

/// 8985-7.3-PROBE-COND
#[test]
fn no_probe_while_one_is_out_nor_without_a_new_measurement() {
    let mut rig = probing();
    rig.write(2);
    assert_eq!(rig.at(200).segments(), [1]);
    assert_eq!(rig.at(250).write(1), [2]);
    assert_eq!(rig.due(), Some(450));
    assert_eq!(rig.at(450).segments(), [], "the first probe is not acknowledged");
    assert_eq!(rig.due(), Some(1450));
    assert_eq!(rig.at(500).ack(3, &[]), []);
    assert_eq!(rig.write(1), [3]);
    let due = rig.due().unwrap();
    assert_eq!(rig.at(due).segments(), [3], "the third segment was measured");
}

#[test]
fn a_probe_that_was_not_measured_stays_the_last() {
    let mut rig = probing();
    rig.write(2);
    assert_eq!(rig.at(200).segments(), [1]);
    assert_eq!(rig.at(300).ack(2, &[(1, 2)]), [], "Karn: nothing is measured");
    assert_eq!(rig.write(1), [2]);
    let due = rig.due().unwrap();
    assert_eq!(rig.at(due).segments(), []);
    assert_eq!(rig.due(), Some(due + 1000));
}

/// 8985-7.4.2-CC, and the two cases in which nothing was lost.
#[test]
fn a_loss_that_the_probe_repaired_is_paid_for() {
    let probed = || {
        let mut rig = probing();
        rig.write(6);
        assert_eq!(rig.at(200).segments(), [5]);
        rig
    };
    let mut repaired = probed();
    repaired.at(300).ack(6, &[]);
    assert_eq!(repaired.windows().0, 11, "as yet nobody knows");
    assert_eq!(repaired.write(1), [6]);
    repaired.at(400).ack(7, &[]);
    assert_eq!(repaired.windows(), (2, 2), "what was out is halved, but to two segments at least");

    let mut told_twice = probed();
    told_twice.at(250).ack(6, &[]);
    told_twice.at(300).ack(6, &[(5, 6)]);
    told_twice.write(1);
    told_twice.at(400).ack(7, &[]);
    assert_eq!(told_twice.windows().0, 12, "case 1");

    let mut duplicate = probed();
    duplicate.at(250).ack(6, &[]);
    duplicate.at(300).ack(6, &[]);
    duplicate.write(1);
    duplicate.at(400).ack(7, &[]);
    assert_eq!(duplicate.windows().0, 12, "case 2");
}

#[test]
fn a_fin_is_probed_with() {
    let mut rig = probing();
    rig.write(2);
    rig.tcp.close().unwrap();
    assert_eq!(rig.sent(), [(2 * MSS, 1)]);
    assert_eq!(rig.at(200).sent(), [(2 * MSS, 1)]);
    assert_eq!(rig.due(), Some(1200));
}

#[test]
fn selective_acknowledgments_and_closed_windows_call_the_probe_off() {
    let mut rig = probing();
    rig.write(4);
    assert_eq!(rig.at(100).ack(0, &[(1, 2)]), []);
    assert_eq!(rig.due(), Some(125), "the reordering timer");
    let mut shut = probing();
    shut.write(2);
    shut.window(0);
    shut.at(100).ack(1, &[]);
    let due = shut.due().unwrap();
    assert_eq!(shut.at(due).segments(), []);
}

/// 8985-7.2-PTO-NOSRTT
#[test]
fn without_a_measurement_there_is_no_probe() {
    let mut rig = probing();
    rig.tcp.rto = crate::tcp::rto::Rto::new(&by_time());
    rig.tcp.recovery.tail_loss.samples = 0;
    rig.write(2);
    assert_eq!(rig.at(1000).segments(), [], "the PTO of a second");
    assert_eq!(rig.due(), Some(2000));
}

/// 8985-4: TLP requires RACK.
#[test]
fn no_probe_without_rack() {
    let mut rig = Rig::new(Config { rack: false, f_rto: false, ..by_time() });
    rig.write(3);
    assert_eq!(rig.due(), Some(1000));
}

/// 8985-7.2-PTO: where something is selectively acknowledged, RACK's timer takes over, whatever else
/// is sent.
#[test]
fn no_probe_beside_the_reordering_timer() {
    let mut rig = Rig::new(by_time());
    rig.write(20);
    assert_eq!(rig.at(100).ack(0, &[(1, 2)]), [10]);
    assert!(rig.tcp.timers.is_set(crate::tcp::timers::Timer::Reordering));
    assert!(!rig.tcp.timers.is_set(crate::tcp::timers::Timer::Probe));
}

/// 8985-7.3-PROBE: the FIN goes with the last of the text.
#[test]
fn a_probe_with_new_text_carries_the_fin_and_no_other_follows() {
    let mut rig = Rig::new(by_time());
    rig.write(11);
    rig.tcp.close().unwrap();
    assert_eq!(rig.sent(), []);
    let at = rig.due().unwrap();
    assert_eq!(rig.at(at).sent(), [(10 * MSS, MSS + 1)]);
    assert!(!rig.tcp.timers.is_set(crate::tcp::timers::Timer::Probe), "only the retransmission timer");
    assert_eq!(rig.due(), Some(at + 1000));
}

/// The window of the peer leaves no room for the FIN.
#[test]
fn a_probe_keeps_to_the_window_of_the_peer() {
    let mut rig = Rig::new(by_time());
    rig.window(11_000);
    rig.ack(0, &[]);
    rig.write(11);
    rig.tcp.close().unwrap();
    let at = rig.due().unwrap();
    assert_eq!(rig.at(at).sent(), [(10 * MSS, MSS)]);
}

/// 8985-7.3-PROBE-COND: one at a time, even if round trips are measured meanwhile.
#[test]
fn no_second_probe_while_the_first_is_not_answered() {
    let mut rig = probing();
    rig.write(13);
    assert_eq!(rig.at(200).segments(), [10], "new data, which Karn has nothing against");
    assert_eq!(rig.at(300).ack(1, &[]), [11], "measured");
    let due = rig.due().unwrap();
    assert!(due < 1000, "the PTO");
    assert_eq!(rig.at(due).segments(), [], "the twelfth waits for the window");
}

/// 8985-7.4.2: a duplicate that tells of later segments says nothing of the probe.
#[test]
fn what_was_sent_after_the_probe_does_not_say_that_it_came_twice() {
    let mut rig = probing();
    rig.write(6);
    assert_eq!(rig.at(200).segments(), [5]);
    rig.at(250).ack(6, &[]);
    assert_eq!(rig.at(300).write(2), [6, 7]);
    assert_eq!(rig.at(400).ack(6, &[(7, 8)]), []);
    rig.at(401).ack(8, &[]);
    assert_eq!(rig.windows(), (3, 2), "it may have repaired a loss; two segments, and what ack 8 lets it grow");
}

/// A FIN rides on the probe: receivers tell of the text before it, and count the FIN only in SEG.ACK.
#[test]
fn a_probe_with_a_fin_is_known_to_have_come_twice_by_its_text() {
    let block = |rig: &mut Rig, left: u32, right: u32| {
        rig.acknowledge_octets(2 * MSS + 1, &[(left, right)]);
        rig.tcp.recovery.tail_loss.is_out()
    };
    let probed = || {
        let mut rig = probing();
        rig.tcp.send(&[7; 2 * MSS as usize], false).unwrap();
        rig.tcp.close().unwrap();
        assert_eq!(rig.sent(), [(0, MSS), (MSS, MSS + 1)]);
        assert_eq!(rig.at(200).sent(), [(MSS, MSS + 1)]);
        rig
    };
    assert!(!block(&mut probed(), MSS, 2 * MSS), "it came twice");
    assert!(!block(&mut probed(), MSS, 2 * MSS + 1), "so it did, from a receiver that counts the FIN");
    assert!(block(&mut probed(), 0, MSS), "that was another");
}
