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

/// What RACK may still judge, and what the pipe counts: by sacked, lost and resent.
#[test]
fn on_its_way_and_in_the_pipe() {
    for (sacked, lost, resent, on_its_way, due, pipe) in [
        (false, false, false, true, false, 100),
        (false, false, true, true, false, 200),
        (false, true, false, false, true, 0),
        (false, true, true, true, false, 100),
        (true, false, false, false, false, 0),
        (true, false, true, false, false, 0),
        (true, true, false, false, false, 0),
        (true, true, true, false, false, 0),
    ] {
        let sent = Sent { sacked, lost, resent, ..*four().iter().next().unwrap() };
        assert_eq!((sent.is_on_its_way(), sent.is_due(), sent.pipe()), (on_its_way, due, pipe), "{sent:?}");
    }
}

#[test]
fn where_the_queue_stands() {
    let mut queue = four();
    queue.acknowledge(Seq(50), |_| {});
    assert_eq!(
        (queue.len(), queue.first_end(), queue.seq_of(1), queue.seq_of(4)),
        (4, Some(Seq(100)), Some(Seq(100)), None)
    );
    assert_eq!((queue.highest_sacked(), queue.segments_sacked(), queue.first_unsacked_below_sacked()), (None, 0, None));
    assert_eq!(queue.last_unsacked(), Some(3));
    queue.sack(Seq(200), Seq(301), |_| {});
    queue.sack(Seq(50), Seq(100), |_| {});
    assert_eq!((queue.highest_sacked(), queue.segments_sacked()), (Some(Seq(301)), 3));
    assert_eq!((queue.last_unsacked(), queue.first_unsacked_below_sacked()), (Some(1), Some(1)));
    assert_eq!(queue.resend_at(1, 100, 100, T0).map(|sent| sent.seq), Some(Seq(100)));
    assert_eq!(queue.first_unsacked_below_sacked(), None, "it was sent again");
    queue.lose(|sent| sent.seq == Seq(100));
    assert_eq!(queue.first_due().map(|sent| sent.seq), Some(Seq(100)));
    queue.clear();
    assert_eq!(queue, SentQueue::default());
    assert_eq!((queue.first_end(), queue.last_unsacked(), queue.first_due()), (None, None, None));
}

/// RFC 8985 §6.3: a timeout spares what is not late, but for the first segment; what the peer said
/// is void, and not news when it says so again.
#[test]
fn a_timeout_may_spare_what_is_young() {
    let mut queue = four();
    queue.sack(Seq(0), Seq(100), |_| {});
    queue.lose_first_and(|sent| sent.fin);
    let lost: Vec<_> = queue.iter().map(|sent| (sent.lost, sent.was_sacked)).collect();
    assert_eq!(lost, [(true, false), (false, true), (false, false), (false, false), (true, false)]);
    assert_eq!((queue.pipe(), queue.due(), queue.sacked()), (300, 101, 0));
    queue.sack(Seq(100), Seq(200), |_| {});
    queue.lose_first_and(|_| false);
    assert!(queue.iter().nth(1).unwrap().was_sacked, "of the timeout before");
    assert!(queue.resend_at(1, 100, 100, T0).is_some_and(|sent| !sent.was_sacked && sent.retransmissions == 1));
    assert!(queue.resend_at(1, 100, 100, T0).is_some_and(|sent| sent.retransmissions == 2));
}

/// A spurious timeout: what was not sent again is on its way, what was counts once more.
#[test]
fn what_was_not_sent_again_is_found_again() {
    let mut queue = four();
    queue.lose_all();
    queue.resend(100, 100, T0);
    queue.find_again();
    let flags: Vec<_> = queue.iter().map(|sent| (sent.lost, sent.resent)).collect();
    assert_eq!(flags, [(true, true), (false, false), (false, false), (false, false), (false, false)]);
    assert_eq!((queue.pipe(), queue.due()), (401, 0));
}

#[test]
fn a_copy_that_is_lost_too_is_news() {
    let mut queue = four();
    assert!(queue.lose(|sent| sent.seq == Seq(0)));
    assert_eq!(queue.resend(100, 100, T0).map(|sent| sent.seq), Some(Seq(0)));
    assert!(queue.lose(|sent| sent.seq == Seq(0)));
    assert_eq!((queue.pipe(), queue.due()), (301, 100));
    assert!(!queue.lose(|_| false));
}

#[test]
fn ends_are_parted_only_if_they_are_too_long() {
    let mut queue = four();
    assert_eq!(queue.part_end(3, 100), 3);
    assert_eq!(queue.part_end(9, 1), 9, "there is none");
    assert_eq!(queue.len(), 5);
    assert_eq!(queue.part_end(3, 99), 4);
    assert_eq!(shape(&queue)[3..], [(200, 1, false), (201, 99, false), (300, 0, true)]);
    assert_eq!((queue.pipe(), queue.fault(Seq(u32::MAX - 99), Seq(301))), (401, None));
}

/// Neighbours are joined as far as text and room go, and a FIN only as a whole.
#[test]
fn neighbours_are_joined_octet_by_octet() {
    for (limit, room, first, rest) in [
        (100, 101, (200, 100, true), None),
        (100, 100, (200, 100, false), Some((300, 0, true))),
        (101, 100, (200, 100, false), Some((300, 0, true))),
        (99, 1000, (200, 99, false), Some((299, 1, false))),
    ] {
        let mut queue = four();
        queue.acknowledge(Seq(200), |_| {});
        queue.lose_all();
        let sent = queue.resend(limit, room, T0).map(|sent| (sent.seq.0, sent.len, sent.fin));
        assert_eq!((sent, shape(&queue).get(1).copied()), (Some(first), rest), "{limit} {room}");
        assert_eq!(queue.fault(Seq(200), Seq(301)), None);
    }
    let mut queue = four();
    queue.lose(|sent| sent.seq != Seq(100));
    assert_eq!(queue.resend(1000, 1000, T0).map(|sent| sent.len), Some(200), "the third is not due");
    assert_eq!(queue.resend(1000, 1000, T0).map(|sent| (sent.seq.0, sent.len, sent.fin)), Some((200, 100, true)));
}

/// The invariant that every test of the connection asks for can itself tell.
#[test]
fn faults_of_the_queue_are_told() {
    let (una, nxt) = (Seq(u32::MAX - 99), Seq(301));
    assert_eq!(four().fault(una, nxt), None);
    assert!(four().fault(una + 1, nxt).is_some());
    assert!(four().fault(una, nxt + 1).is_some());
    let mut empty = four();
    empty.push(nxt, 0, false, T0);
    assert!(empty.fault(una, nxt).is_some(), "a segment of nothing");
    let faults: [fn(&mut SentQueue); 3] = [|queue| queue.pipe += 1, |queue| queue.sacked += 1, |queue| queue.due += 1];
    for break_sum in faults {
        let mut queue = four();
        break_sum(&mut queue);
        assert!(queue.fault(una, nxt).is_some());
    }
}

/// What is wrong with the queue of a connection, while it has one.
#[test]
fn a_connection_tells_what_is_wrong_with_its_queue() {
    let mut rig = crate::tcp::rig::Rig::new(crate::tcp::rig::config());
    rig.write(1);
    assert_eq!(rig.tcp.fault(), None);
    rig.tcp.sent.push(Seq(77), 1, false, T0);
    assert!(rig.tcp.fault().is_some());
    rig.tcp.abort().unwrap();
    assert_eq!((rig.tcp.fault(), &rig.tcp.sent), (None, &SentQueue::default()), "CLOSED has forgotten it");
}
