//! The retransmission queue: what was sent and is not acknowledged, segment by segment (RFC 9293
//! §3.10.7.4), with what loss recovery knows of each (RFC 6675 §3, RFC 8985 §5.2).

use alloc::collections::VecDeque;

use crate::seq::Seq;
use crate::time::Instant;

/// A segment in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sent {
    pub(super) seq: Seq,
    /// Octets of text.
    pub(super) len: u32,
    pub(super) fin: bool,
    /// When it was sent last.
    pub(super) at: Instant,
    /// How often it was sent again.
    pub(super) retransmissions: u32,
    /// The peer holds it (RFC 2018).
    pub(super) sacked: bool,
    /// It counts as lost: it is no longer in the network.
    pub(super) lost: bool,
    /// It was sent again after it had been lost, and that copy is in the network.
    pub(super) resent: bool,
    /// The peer had said that it holds it, before a timeout made that void: nothing is new when it
    /// says so again.
    pub(super) was_sacked: bool,
}

impl Sent {
    pub(super) fn end(&self) -> Seq {
        self.seq + self.octets()
    }

    /// Octets of sequence space.
    pub(super) fn octets(&self) -> u32 {
        self.len + u32::from(self.fin)
    }

    /// The segment, or the copy that was sent last, may still be on its way.
    pub(super) fn is_on_its_way(&self) -> bool {
        !self.sacked && (!self.lost || self.resent)
    }

    /// It is to be sent again.
    fn is_due(&self) -> bool {
        self.lost && !self.resent && !self.sacked
    }

    /// Octets of the segment and of its copy that are in the network (RFC 6675 §4, SetPipe).
    fn pipe(&self) -> u32 {
        if self.sacked { 0 } else { self.octets() * (u32::from(!self.lost) + u32::from(self.resent)) }
    }
}

/// What is in flight, in the order of its sequence numbers, without gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct SentQueue {
    queue: VecDeque<Sent>,
    /// SetPipe's result.
    pipe: u32,
    /// Octets that are marked as sacked.
    sacked: u32,
    /// Octets that are due to be sent again.
    due: u32,
}

impl SentQueue {
    /// A segment was sent for the first time.
    pub(super) fn push(&mut self, seq: Seq, len: u32, fin: bool, at: Instant) {
        let sent = Sent {
            seq,
            len,
            fin,
            at,
            retransmissions: 0,
            sacked: false,
            lost: false,
            resent: false,
            was_sacked: false,
        };
        self.pipe += sent.pipe();
        self.queue.push_back(sent);
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Sent> {
        self.queue.iter()
    }

    pub(super) fn clear(&mut self) {
        *self = SentQueue::default();
    }

    /// Octets that are believed to be in the network.
    pub(super) fn pipe(&self) -> u32 {
        self.pipe
    }

    /// Octets that the peer holds above its acknowledgment.
    pub(super) fn sacked(&self) -> u32 {
        self.sacked
    }

    /// Octets that are to be sent again.
    pub(super) fn due(&self) -> u32 {
        self.due
    }

    /// The first segment that is to be sent again.
    pub(super) fn first_due(&self) -> Option<&Sent> {
        self.queue.iter().find(|sent| sent.is_due())
    }

    /// The first segment that was not sent again while the peer holds a later one (RFC 6675 §4,
    /// NextSeg rule 3).
    pub(super) fn first_unsacked_below_sacked(&self) -> Option<usize> {
        let highest = self.queue.iter().rposition(|sent| sent.sacked)?;
        self.queue.iter().take(highest).position(|sent| !sent.sacked && !sent.resent)
    }

    /// How many segments are in flight.
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// The end of the first segment.
    pub(super) fn first_end(&self) -> Option<Seq> {
        self.queue.front().map(Sent::end)
    }

    /// The end of the last segment that the peer holds.
    pub(super) fn highest_sacked(&self) -> Option<Seq> {
        self.queue.iter().rfind(|sent| sent.sacked).map(Sent::end)
    }

    /// How many segments the peer holds above its acknowledgment (RFC 8985 §5.3, RACK.segs_sacked).
    pub(super) fn segments_sacked(&self) -> usize {
        if self.sacked == 0 { 0 } else { self.queue.iter().filter(|sent| sent.sacked).count() }
    }

    /// Where the segment at `index` begins.
    pub(super) fn seq_of(&self, index: usize) -> Option<Seq> {
        self.queue.get(index).map(|sent| sent.seq)
    }

    /// The last segment that the peer does not hold (RFC 6675 §4, NextSeg rule 4).
    pub(super) fn last_unsacked(&self) -> Option<usize> {
        self.queue.iter().rposition(|sent| !sent.sacked)
    }

    /// Changes the segment at `index`, and the sums with it.
    pub(super) fn update(&mut self, index: usize, change: impl FnOnce(&mut Sent)) {
        let Some(sent) = self.queue.get_mut(index) else { return };
        let before = *sent;
        change(sent);
        let after = *sent;
        self.discount(&before);
        self.count(&after);
    }

    fn count(&mut self, sent: &Sent) {
        self.pipe += sent.pipe();
        self.sacked += if sent.sacked { sent.octets() } else { 0 };
        self.due += if sent.is_due() { sent.octets() } else { 0 };
    }

    fn discount(&mut self, sent: &Sent) {
        self.pipe -= sent.pipe();
        self.sacked -= if sent.sacked { sent.octets() } else { 0 };
        self.due -= if sent.is_due() { sent.octets() } else { 0 };
    }

    /// Everything below `ack` has arrived: `delivered` sees each segment that leaves the queue
    /// whole.
    pub(super) fn acknowledge(&mut self, ack: Seq, mut delivered: impl FnMut(&Sent)) {
        while let Some(first) = self.queue.front().copied() {
            if first.end().is_at_or_before(ack) {
                self.discount(&first);
                self.queue.pop_front();
                delivered(&first);
                continue;
            }
            if first.seq.is_before(ack) {
                self.update(0, |sent| {
                    sent.len -= ack - sent.seq; // the FIN is not acknowledged, or the segment would be whole
                    sent.seq = ack;
                });
            }
            return;
        }
    }

    /// The index of the first segment that begins at `seq` or later.
    fn index_of(&self, seq: Seq) -> usize {
        self.queue.partition_point(|sent| sent.seq.is_before(seq))
    }

    /// The peer holds what lies from `left` to `right`: octets that were not known to be held.
    /// `delivered` sees each such segment.
    pub(super) fn sack(&mut self, left: Seq, right: Seq, mut delivered: impl FnMut(&Sent)) -> u32 {
        let mut fresh = 0;
        let mut index = self.index_of(left);
        while let Some(sent) = self.queue.get(index).copied() {
            if !sent.end().is_at_or_before(right) {
                break;
            }
            if !sent.sacked {
                fresh += sent.octets();
                delivered(&sent);
                self.update(index, |sent| sent.sacked = true);
            }
            index += 1;
        }
        fresh
    }

    /// The first segment is lost, even if the peer says that it holds it: its acknowledgment stops
    /// before it.
    pub(super) fn lose_first(&mut self) {
        self.update(0, |sent| (sent.sacked, sent.lost, sent.resent) = (false, true, false));
    }

    /// Everything is lost, what the peer had selectively acknowledged too: it may have reneged
    /// (RFC 2018 §8).
    pub(super) fn lose_all(&mut self) {
        self.lose_first_and(|_| true);
    }

    /// Like [`lose_all`](SentQueue::lose_all), but beside the first segment only those are lost for
    /// which `is_lost` says so (RFC 8985 §6.3).
    pub(super) fn lose_first_and(&mut self, mut is_lost: impl FnMut(&Sent) -> bool) {
        for (index, sent) in self.queue.iter_mut().enumerate() {
            sent.was_sacked |= sent.sacked;
            sent.sacked = false;
            if index == 0 || is_lost(sent) {
                (sent.lost, sent.resent) = (true, false);
            }
        }
        self.sum_up();
    }

    /// What counts as lost and was not sent again is on its way after all.
    pub(super) fn find_again(&mut self) {
        for sent in &mut self.queue {
            sent.lost &= sent.resent;
        }
        self.sum_up();
    }

    /// Sums everything anew after many changes.
    fn sum_up(&mut self) {
        (self.pipe, self.sacked, self.due) = (0, 0, 0);
        for index in 0..self.queue.len() {
            let sent = self.queue[index];
            self.count(&sent);
        }
    }

    /// Marks as lost every segment for which `is_lost` says so, from the last to the first;
    /// whether there is a new one.
    pub(super) fn lose(&mut self, mut is_lost: impl FnMut(&Sent) -> bool) -> bool {
        let mut any = false;
        for index in (0..self.queue.len()).rev() {
            let sent = self.queue[index];
            if is_lost(&sent) && (!sent.lost || sent.resent) {
                self.update(index, |sent| (sent.lost, sent.resent) = (true, false));
                any = true;
            }
        }
        any
    }

    /// What is to be sent again next, up to `limit` octets of text and `room` octets of sequence
    /// space: neighbours that are due go together (RFC 9293 §3.8.3 allows to repacketize). The
    /// segment counts as sent at `at`.
    pub(super) fn resend(&mut self, limit: u32, room: u32, at: Instant) -> Option<Sent> {
        if self.due == 0 {
            return None;
        }
        let index = self.queue.iter().position(Sent::is_due)?;
        self.resend_at(index, limit, room, at)
    }

    /// Sends the segment at `index` again, with neighbours that are due, within the same limits.
    pub(super) fn resend_at(&mut self, index: usize, limit: u32, room: u32, at: Instant) -> Option<Sent> {
        self.shape(index, limit.min(room), room)?;
        self.update(index, |sent| {
            sent.resent = true;
            sent.was_sacked = false;
            sent.at = at;
            sent.retransmissions = sent.retransmissions.saturating_add(1);
        });
        self.queue.get(index).copied()
    }

    /// Parts the segment at `index` after `len` octets of text.
    fn part(&mut self, index: usize, len: u32) {
        let Some(first) = self.queue.get(index).copied().filter(|first| first.len >= len) else { return };
        let rest = Sent { seq: first.seq + len, len: first.len - len, ..first };
        self.update(index, |sent| (sent.len, sent.fin) = (len, false));
        self.count(&rest);
        self.queue.insert(index + 1, rest);
    }

    /// Parts the segment at `index` so that its end takes no more than `limit` octets of text; the
    /// index of that end.
    pub(super) fn part_end(&mut self, index: usize, limit: u32) -> usize {
        match self.queue.get(index) {
            Some(sent) if sent.len > limit => {
                let head = sent.len - limit;
                self.part(index, head);
                index + 1
            }
            _ => index,
        }
    }

    /// What is wrong with the queue, if anything is: it has no gaps, from `una` to `nxt`, and its
    /// sums are those of its segments.
    pub(super) fn fault(&self, una: Seq, nxt: Seq) -> Option<&'static str> {
        let mut sums = SentQueue::default();
        let mut next = una;
        for sent in &self.queue {
            if sent.seq != next || sent.octets() == 0 {
                return Some("a gap in the retransmission queue");
            }
            next = sent.end();
            sums.count(sent);
        }
        if next != nxt {
            return Some("the retransmission queue does not end at SND.NXT");
        }
        let same = (sums.pipe, sums.sacked, sums.due) == (self.pipe, self.sacked, self.due);
        (!same).then_some("the sums of the retransmission queue")
    }

    /// Cuts the segment at `index` to `limit` octets of text, or joins it with what follows and is
    /// due too. A FIN needs `room` of its own.
    fn shape(&mut self, index: usize, limit: u32, room: u32) -> Option<()> {
        let first = *self.queue.get(index)?;
        if first.len > limit || first.fin && room <= first.len {
            let len = first.len.min(limit);
            if len == 0 {
                return None;
            }
            self.part(index, len);
            return Some(());
        }
        while let Some((sent, next)) = self.queue.get(index).copied().zip(self.queue.get(index + 1).copied()) {
            let taken = next.len.min(limit.saturating_sub(sent.len));
            let whole = taken == next.len && !(next.fin && sent.len + taken >= room);
            if sent.fin || !sent.is_due() || !next.is_due() || taken == 0 && !whole {
                break;
            }
            self.update(index, |sent| {
                sent.len += taken;
                sent.fin = whole && next.fin;
            });
            if whole {
                self.discount(&next);
                self.queue.remove(index + 1);
            } else {
                self.update(index + 1, |next| {
                    next.seq += taken;
                    next.len -= taken;
                });
                break;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests;
