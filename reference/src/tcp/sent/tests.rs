//! The sums of the queue after every kind of change.

use super::{Instant, Sent, SentQueue, Seq};
use alloc::vec::Vec;

const T0: Instant = Instant::ZERO;

/// Four segments of 100 octets from 4294967196 on, so that the second begins at 0; then a FIN.
fn four() -> SentQueue {
    let mut queue = SentQueue::default();
    for n in 0..4 {
        queue.push(Seq(u32::MAX - 99) + n * 100, 100, false, T0);
    }
    queue.push(Seq(300), 0, true, T0);
    queue
}

fn shape(queue: &SentQueue) -> Vec<(u32, u32, bool)> {
    queue.iter().map(|sent| (sent.seq.0, sent.len, sent.fin)).collect()
}

#[test]
fn acknowledgments_take_whole_segments_and_cut_the_first() {
    let mut queue = four();
    assert_eq!(queue.pipe(), 401);
    let mut delivered = Vec::new();
    queue.acknowledge(Seq(150), |sent| delivered.push(sent.seq.0));
    assert_eq!(delivered, [u32::MAX - 99, 0]);
    assert_eq!(shape(&queue), [(150, 50, false), (200, 100, false), (300, 0, true)]);
    assert_eq!(queue.pipe(), 151);
    queue.acknowledge(Seq(301), |_| {});
    assert_eq!((queue.pipe(), queue.iter().count()), (0, 0));
}

#[test]
fn only_whole_segments_are_sacked_and_only_once() {
    let mut queue = four();
    assert_eq!(queue.sack(Seq(50), Seq(250), |_| {}), 100, "the one from 100 to 200");
    assert_eq!(queue.sack(Seq(100), Seq(301), |_| {}), 101, "the rest");
    assert_eq!((queue.sacked(), queue.pipe()), (201, 200));
    queue.lose_all();
    assert_eq!((queue.sacked(), queue.pipe(), queue.due()), (0, 0, 401));
}

#[test]
fn what_is_sent_again_is_cut_and_joined_to_fit() {
    let mut queue = four();
    queue.lose_all();
    let sent: Vec<_> =
        core::iter::from_fn(|| queue.resend(150, 1000, T0)).map(|sent| (sent.seq.0, sent.len, sent.fin)).collect();
    assert_eq!(sent, [(u32::MAX - 99, 150, false), (50, 150, false), (200, 100, true)]);
    assert_eq!((queue.pipe(), queue.due()), (401, 0));
    queue.lose_first();
    assert_eq!((queue.pipe(), queue.due()), (251, 150));
    assert_eq!(queue.resend(60, 1000, T0).map(|sent| sent.len), Some(60));
    assert_eq!(queue.resend(1000, 0, T0), None, "there is no room at all");
    assert_eq!(queue.due(), 90);
}

#[test]
fn a_fin_needs_room_of_its_own() {
    let mut queue = four();
    queue.lose_all();
    queue.acknowledge(Seq(200), |_| {});
    assert_eq!(queue.resend(500, 100, T0).map(|sent| (sent.len, sent.fin)), Some((100, false)));
    queue.lose_first();
    assert_eq!(queue.resend(500, 101, T0).map(|sent| (sent.len, sent.fin)), Some((100, true)), "joined");
    queue.lose_first();
    assert_eq!(queue.resend(500, 100, T0).map(|sent| (sent.len, sent.fin)), Some((100, false)), "parted");
    assert_eq!(queue.resend(500, 1, T0).map(|sent| (sent.len, sent.fin)), Some((0, true)));
}

#[test]
fn sums_follow_every_change() {
    let mut queue = four();
    assert!(queue.lose(|sent| sent.seq.is_before(Seq(200)) && sent.seq.0 < 200), "two of them");
    assert!(!queue.lose(|sent| sent.seq.0 < 200), "again the same two");
    let expected: u32 = queue.iter().map(Sent::pipe).sum();
    assert_eq!((queue.pipe(), expected, queue.due()), (201, 201, 200));
}
