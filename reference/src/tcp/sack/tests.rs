//! What is told, and what is learnt from blocks that strangers send.

use alloc::vec;

use super::Learned;
use crate::seq::Seq;
use crate::tcp::Config;
use crate::tcp::rig::{MSS, Rig, config};
use crate::wire::{Segment, TcpOption};

fn ten() -> Rig {
    let mut rig = Rig::new(config());
    rig.write(10);
    rig
}

/// Blocks by octets from SND.UNA on; the acknowledgment is SND.UNA.
fn learn(rig: &mut Rig, blocks: &[(i64, i64)]) -> Learned {
    let una = rig.tcp.snd().una;
    let at = |offset: i64| una + offset as u32;
    let blocks: vec::Vec<(Seq, Seq)> = blocks.iter().map(|(l, r)| (at(*l), at(*r))).collect();
    let learned = rig.tcp.learn_from_sack(una, &blocks, None);
    assert_eq!(rig.tcp.fault(), None);
    learned
}

/// The fourth segment begins at sequence number 0.
#[test]
fn blocks_across_the_wrap() {
    let mut rig = ten();
    assert_eq!(learn(&mut rig, &[(2000, 5000)]).fresh, 3000);
    assert_eq!(rig.tcp.sent.sacked(), 3 * MSS);
    assert_eq!(learn(&mut rig, &[(1000, 6000)]).fresh, 2000);
}

#[test]
fn nonsense_is_ignored() {
    for block in [
        (0, 0),
        (3000, 3000),
        (5000, 4000),
        (9000, 11_000),
        (10_000, 11_000),
        (10_000, 10_000),
        (1, 1 << 31),
        (1000, (1 << 31) + 5000),
        (1 << 31, (1 << 31) + 1000),
        (-1000, 11_000),
        (i64::from(u32::MAX), 1000),
    ] {
        let mut rig = ten();
        assert_eq!(learn(&mut rig, &[(2000, 3000), block]).fresh, MSS, "{block:?}");
        assert_eq!(rig.tcp.sent.sacked(), MSS, "{block:?}");
    }
}

/// RFC 2883 §4: below the acknowledgment, or inside the second block.
#[test]
fn duplicates_are_told_by_the_first_block_alone() {
    for (blocks, duplicate, fresh) in [
        (&[(-1000, 0)][..], true, 0),
        (&[(-1000, 0), (2000, 3000)], true, 1000),
        (&[(2000, 3000), (-1000, 0)], false, 1000),
        (&[(2000, 3000), (1000, 4000)], true, 3000),
        (&[(1000, 4000), (2000, 3000)], false, 3000),
        (&[(2000, 3000), (4000, 5000)], false, 2000),
        (&[(-500, 500)], true, 0),
        (&[(0, -1000)], false, 0),
    ] {
        let mut rig = ten();
        let learned = learn(&mut rig, blocks);
        assert_eq!((learned.duplicate.is_some(), learned.fresh), (duplicate, fresh), "{blocks:?}");
    }
}

/// 2883-5-SND-COMPARE: a block of an old acknowledgment is no duplicate because SND.UNA has moved.
#[test]
fn a_block_is_judged_by_the_acknowledgment_it_came_with() {
    let mut rig = ten();
    rig.at(100).ack(4, &[]);
    let una = rig.tcp.snd().una;
    let old = una.back(3 * MSS);
    let learned = rig.tcp.learn_from_sack(old, &[(una.back(2 * MSS), una.back(MSS)), (una + MSS, una + 2 * MSS)], None);
    assert_eq!((learned.duplicate, learned.fresh), (None, MSS));
}

/// 2018-5-RTO-CLEAR, 2018-8-KEEP, 6675-4-KEEP: what is held may be dropped.
#[test]
fn a_peer_that_reneges_gets_everything_again() {
    let mut rig = ten();
    assert_eq!(rig.at(100).ack(0, &[(1, 10)]), [0]);
    assert_eq!(rig.at(1100).segments(), [0]);
    let mut next = 1;
    while next < 10 {
        let sent = rig.at(1100 + u64::from(next)).ack(next, &[]);
        next = sent.last().map_or(next + 1, |last| last + 1);
    }
    rig.at(1200).ack(10, &[]);
    assert_eq!(rig.tcp.snd().in_flight(), 0);
}

/// The blocks that the next segment carries, and the octets that its SACK option takes.
fn told(rig: &mut Rig) -> (vec::Vec<(u32, u32)>, usize) {
    let mut segment = Segment::default();
    rig.tcp.stamp(rig.now, &mut segment);
    let before = segment.options_len();
    rig.tcp.tell_sack(&mut segment);
    let blocks = super::in_options(&segment.options).iter().map(|(left, right)| (left.0, right.0)).collect();
    (blocks, segment.options_len() - before)
}

/// RFC 2018 §3, §4, RFC 2883 §4: three or four blocks, a duplicate first and then the run around it,
/// the rest by age; and text leaves exactly the room that they take (RFC 6691).
#[test]
fn blocks_as_many_as_there_is_room_for_and_room_for_them() {
    for (stamps, most) in [(false, 4), (true, 3)] {
        for runs in 0..6 {
            for (duplicate, around) in [(None, None), (Some((1, 51)), None), (Some((201, 251)), Some(0))] {
                let mut rig = Rig::new(Config { timestamps: stamps, ..config() });
                rig.text(0, 100); // RCV.NXT is 101
                let run = |n: u32| (201 + 200 * n, 301 + 200 * n);
                for n in 0..runs {
                    rig.text(run(n).0 - 1, 100);
                }
                if let Some((left, right)) = duplicate {
                    rig.tcp.note_duplicate(Seq(left), Seq(right));
                }
                let around = around.filter(|n| *n < runs);
                let others = (0..runs).rev().filter(|n| Some(*n) != around);
                let mut want: vec::Vec<_> =
                    duplicate.into_iter().chain(around.into_iter().chain(others).map(run)).collect();
                want.truncate(most);
                let kept = rig.tcp.sack_length();
                let (blocks, taken) = told(&mut rig);
                assert_eq!(blocks, want, "{runs} runs, duplicate {duplicate:?}");
                assert_eq!((taken, kept), (if want.is_empty() { 0 } else { 4 + 8 * want.len() }, taken));
                assert_eq!(
                    told(&mut rig).0.first(),
                    (runs > 0).then(|| run(runs - 1)).as_ref(),
                    "a duplicate is told once"
                );
            }
        }
    }
}

/// RFC 2018 §2, RFC 2883 §4: who did not permit SACK, or wants no D-SACK, is told nothing.
#[test]
fn nobody_is_told_who_did_not_ask() {
    let mut rig = Rig::with_sack(config(), false);
    rig.text(200, 100);
    rig.tcp.note_duplicate(Seq(1), Seq(51));
    assert_eq!(rig.tcp.sack_length(), 0);
    assert_eq!((told(&mut rig).1, rig.tcp.duplicate), (0, None));
    assert_eq!(learn(&mut rig, &[]), Learned::default());
    let mut rig = Rig::new(Config { duplicate_sack: false, ..config() });
    rig.tcp.note_duplicate(Seq(1), Seq(51));
    assert_eq!(rig.tcp.duplicate, None);
    let mut rig = Rig::new(config());
    rig.tcp.note_duplicate(Seq(51), Seq(51));
    assert_eq!(rig.tcp.duplicate, None, "no octet came twice");
    let blocks = TcpOption::Sack(vec![(Seq(1), Seq(2))]);
    assert_eq!(super::in_options(&[TcpOption::NoOperation, blocks]), [(Seq(1), Seq(2))]);
}

/// 6675-4-ISLOST: more than two segments above, or three runs of any size.
#[test]
fn what_is_above_is_weighed_octet_by_octet_and_run_by_run() {
    for (sizes, blocks, lost) in [
        (&[100, 999, 1000, 1][..], &[(1, 2), (2, 3), (3, 4)][..], false),
        (&[100, 1000, 1000, 1], &[(1, 4)], true),
        (&[100, 1000, 999, 1], &[(1, 4)], false),
        (&[100, 10, 10, 10, 10, 10], &[(1, 2), (3, 4), (5, 6)], true),
        (&[100, 10, 10, 10, 10, 10], &[(1, 2), (3, 4), (4, 6)], false),
        (&[100, 1000, 1000, 1, 10], &[(1, 4)], true),
    ] {
        let mut rig = Rig::new(Config { nagle: false, ..config() });
        for size in sizes {
            rig.tcp.send(&vec![7; *size], false).unwrap();
            rig.sent();
        }
        let end = |n: usize| sizes[..n].iter().sum::<usize>() as i64;
        let octets: vec::Vec<_> = blocks.iter().map(|(l, r)| (end(*l), end(*r))).collect();
        learn(&mut rig, &octets);
        assert_eq!(rig.tcp.judge_losses(), lost, "{sizes:?} {blocks:?}");
        assert_eq!(rig.tcp.sent.first_due().is_some(), lost);
        assert_eq!(rig.tcp.judge_losses(), false, "that is no news");
    }
}
