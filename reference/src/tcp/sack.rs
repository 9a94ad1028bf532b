//! Selective acknowledgments: what to tell (RFC 2018, RFC 2883) and what to learn (RFC 6675).

use alloc::vec::Vec;

use super::rack::Arrival;
use super::{Connection, Sabotage};
use crate::seq::Seq;
use crate::wire::{MAX_OPTIONS, Segment, TcpOption};

/// DupThresh: so many discontiguous runs above a segment, or a byte more than one segment less of
/// them, make it count as lost (RFC 6675 §2).
pub(super) const DUP_THRESH: u32 = 3;

/// What an acknowledgment said about the scoreboard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Learned {
    /// Octets that are known to have arrived since just now.
    pub(super) fresh: u32,
    /// The first block told of a segment that came twice (RFC 2883 §4).
    pub(super) duplicate: Option<(Seq, Seq)>,
}

/// The blocks of the first SACK option.
pub(super) fn in_options(options: &[TcpOption]) -> &[(Seq, Seq)] {
    options
        .iter()
        .find_map(|option| if let TcpOption::Sack(blocks) = option { Some(blocks.as_slice()) } else { None })
        .unwrap_or_default()
}

impl Connection {
    /// Tells what is held above RCV.NXT: the run that grew last first (RFC 2018 §4), and before it a
    /// segment that came twice (RFC 2883 §4), as many as there is room for.
    pub(super) fn tell_sack(&mut self, segment: &mut Segment) {
        let duplicate = self.duplicate.take();
        if !self.sack_permitted || duplicate.is_none() && self.reassembly.is_empty() {
            return;
        }
        let room = MAX_OPTIONS.saturating_sub(segment.options_len() + 4) / 8;
        let position = |at: u64| self.rcv.nxt + at.saturating_sub(self.received) as u32;
        let mut blocks: Vec<(Seq, Seq)> = duplicate.into_iter().collect();
        let beside = duplicate.and_then(|(left, _)| {
            // a duplicate of something inside a run: the run follows it (§4.2, §4.3)
            let at = self.received + u64::from(left - self.rcv.nxt);
            self.reassembly.run_around(at).filter(|_| left.is_at_or_after(self.rcv.nxt))
        });
        let runs = beside.into_iter().chain(self.reassembly.recent_runs(room).filter(|run| Some(*run) != beside));
        blocks.extend(runs.map(|(first, last)| (position(first), position(last))));
        blocks.truncate(room);
        if self.is_sabotaged(Sabotage::SackBlocksByNumber) {
            blocks.sort_by_key(|(left, _)| *left - self.rcv.nxt);
        }
        if !blocks.is_empty() {
            segment.options.push(TcpOption::NoOperation);
            segment.options.push(TcpOption::NoOperation);
            segment.options.push(TcpOption::Sack(blocks));
        }
    }

    /// Octets that the SACK option of the next segment will take.
    pub(super) fn sack_length(&self) -> usize {
        if !self.sack_permitted || self.duplicate.is_none() && self.reassembly.is_empty() {
            return 0;
        }
        let stamp = if self.timestamps.ok { usize::from(super::timestamps::LENGTH) } else { 0 };
        let room = MAX_OPTIONS.saturating_sub(stamp + 4) / 8;
        let blocks = usize::from(self.duplicate.is_some()) + self.reassembly.recent_runs(room).count();
        4 + 8 * blocks.min(room)
    }

    /// A segment, or a part of it, arrived that had arrived before.
    pub(super) fn note_duplicate(&mut self, left: Seq, right: Seq) {
        if self.sack_permitted && self.config.duplicate_sack && left.is_before(right) {
            self.duplicate = Some((left, right));
        }
    }

    /// Update (RFC 6675 §4): marks what the blocks cover. Blocks that make no sense are ignored
    /// (RFC 2018 §8 lets the sender do with them what it likes). `arrival`: what RACK needs to know.
    pub(super) fn learn_from_sack(&mut self, ack: Seq, blocks: &[(Seq, Seq)], arrival: Option<Arrival>) -> Learned {
        let mut learned = Learned::default();
        if !self.sack_permitted {
            return learned;
        }
        let (rack, counters) = (&mut self.recovery.rack, &mut self.counters);
        rack.begin();
        let in_flight = |left: Seq, right: Seq| {
            left.is_before(right)
                && left.is_at_or_after(ack)
                && left.is_in_window(self.snd.una, self.snd.in_flight())
                && right - left <= self.snd.nxt - left
        };
        for (index, (left, right)) in blocks.iter().copied().enumerate() {
            let inside_second = index == 0
                && blocks
                    .get(1)
                    .is_some_and(|(l, r)| in_flight(*l, *r) && l.is_at_or_before(left) && right.is_at_or_before(*r));
            if index == 0 && left.is_before(right) && (left.is_before(ack) || inside_second) {
                learned.duplicate = Some((left, right));
                counters.duplicate_told();
            } else if in_flight(left, right) {
                learned.fresh += self.sent.sack(left, right, |sent| {
                    counters.delivered(u32::from(!sent.was_sacked));
                    if let Some(arrival) = arrival {
                        rack.note_delivered(sent, arrival);
                    }
                });
            }
        }
        learned
    }

    /// IsLost (RFC 6675 §4) for everything in flight, and marks it; whether that is news. What was
    /// sent again is not judged once more: only RACK or a timeout can tell.
    pub(super) fn judge_losses(&mut self) -> bool {
        let enough = (DUP_THRESH - 1) * self.congestion.smss();
        let (mut octets, mut runs, mut above) = (0_u32, 0_u32, None);
        self.sent.lose(|sent| {
            if sent.sacked {
                octets += sent.octets();
                runs += u32::from(above != Some(sent.end()));
                above = Some(sent.seq);
                return false;
            }
            !sent.lost && (octets > enough || runs >= DUP_THRESH)
        })
    }
}

#[cfg(test)]
mod tests;
