//! Challenge acknowledgments and their limit (RFC 5961 §7).

use super::{Connection, Reply, Sabotage};
use crate::time::{Duration, Instant};

/// How many acknowledgments may answer suspicious segments in how much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    /// So many …
    pub count: u32,
    /// … in so much time.
    pub per: Duration,
}

/// How many were sent in the current span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Spent {
    since: Instant,
    count: u32,
}

impl Spent {
    /// Whether one more may be sent at `now`; counts it if so.
    fn may(&mut self, now: Instant, limit: Option<Limit>) -> bool {
        let Some(limit) = limit else { return true };
        if self.count == 0 || now.since(self.since) >= limit.per {
            *self = Spent { since: now, count: 0 };
        }
        let may = self.count < limit.count;
        self.count += u32::from(may);
        may
    }
}

impl Connection {
    /// `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`: let the peer prove that it sent this.
    pub(super) fn challenge(&mut self, now: Instant) {
        if self.challenges.may(now, self.config.challenge_ack_limit) && !self.is_sabotaged(Sabotage::NoChallengeAck) {
            self.pending.replies.push_back(Reply::Ack);
        }
    }

    /// The acknowledgment that answers a segment outside the window (RFC 9293 §3.10.7.4 step 1).
    /// `has_text`: those that carry none may be part of a loop of acknowledgments, or of a flood.
    pub(super) fn acknowledge_unacceptable(&mut self, now: Instant, has_text: bool) {
        if has_text || self.strays.may(now, self.config.stray_ack_limit) {
            self.pending.replies.push_back(Reply::Ack);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Connection, Duration, Instant, Limit, Spent};
    use crate::seq::Seq;
    use crate::tcp::Config;

    #[test]
    fn so_many_in_so_much_time() {
        let limit = Some(Limit { count: 2, per: Duration::from_secs(5) });
        let mut spent = Spent::default();
        let may = [0, 1, 2, 4, 5, 6, 9, 10].map(|at| spent.may(Instant::ZERO + Duration::from_secs(at), limit));
        assert_eq!(may, [true, true, false, false, true, true, false, true]);
        assert!((0..100).all(|_| spent.may(Instant::ZERO, None)), "no limit");
    }

    #[test]
    fn above_the_limit_nothing_is_sent() {
        let limit = Limit { count: 3, per: Duration::from_secs(1) };
        let config = Config { challenge_ack_limit: Some(limit), ..Config::default() };
        let mut tcp = Connection::open_passive(config, 1, Seq(0));
        for _ in 0..10 {
            tcp.challenge(Instant::ZERO);
        }
        assert_eq!(tcp.pending.replies.len(), 3);
        tcp.challenge(Instant::ZERO + limit.per);
        assert_eq!(tcp.pending.replies.len(), 4);
    }
}
