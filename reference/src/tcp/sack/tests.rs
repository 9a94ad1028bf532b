//! What is learnt from blocks that strangers send.

use alloc::vec;

use super::Learned;
use crate::seq::Seq;
use crate::tcp::rig::{MSS, Rig, config};

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
