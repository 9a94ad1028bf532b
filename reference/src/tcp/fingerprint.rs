//! What decides how a connection will behave from now on, as one number.

use core::hash::{Hash, Hasher};

use super::timers::Timers;
use super::{Connection, State};
use crate::time::Instant;

impl Connection {
    /// Hashes everything that the future of this connection depends on, but for its configuration and
    /// ports. Deadlines count relative to `now`, so that the time of day makes no difference;
    /// where a mechanism keeps instants of its own (timestamps, what is in flight) it does. For
    /// programs that search through the states of a connection.
    ///
    /// Each field is named here, so that one that is new has to be thought of.
    #[doc(hidden)]
    pub fn fingerprint(&self, now: Instant, hasher: &mut impl Hasher) {
        let Connection {
            config,
            state,
            passive,
            local_port: _,
            remote_port: _,
            snd,
            rcv,
            send_buffer,
            send_buffer_seq,
            fin_queued,
            receive_buffer,
            received,
            reassembly,
            fin_at,
            detached,
            timers,
            rto,
            congestion,
            recovery,
            sent,
            sack_permitted,
            duplicate,
            ecn,
            timestamps,
            delayed_ack,
            challenges,
            strays,
            last_sent_at,
            pending,
            unacknowledged_since,
            syn_losses,
            keep_alive_probes,
            silent_probes,
            notices,
            failure,
            counters: _, // nothing depends on them
            syn_acknowledged,
            path_mtu,
            soft_error,
            user_timeout,
            fast_open,
        } = self;
        if *state == State::Closed {
            // what it was no longer matters, only what it still has to say
            (state, &pending.replies, receive_buffer, notices, failure).hash(hasher);
            return;
        }
        (state, passive, snd, rcv, send_buffer, send_buffer_seq, fin_queued).hash(hasher);
        (receive_buffer, received, reassembly, fin_at, detached, congestion).hash(hasher);
        (pending, syn_losses, keep_alive_probes, silent_probes, notices, failure).hash(hasher);
        if config.tail_loss_probe {
            rto.samples().hash(hasher); // a probe waits for a new one
        }
        (recovery, ecn, sent, sack_permitted, duplicate, timestamps, delayed_ack, challenges, strays).hash(hasher);
        (syn_acknowledged, path_mtu, soft_error, user_timeout, fast_open).hash(hasher);
        hash_instant(Some(*last_sent_at), now, hasher);
        config.window_scale.hash(hasher); // the handshake may switch it off
        hash_instant(*unacknowledged_since, now, hasher);
        timers.fingerprint(now, hasher);
        rto.fingerprint(now, hasher);
    }
}

/// How far away an instant is, and in which direction.
fn hash_instant(instant: Option<Instant>, now: Instant, hasher: &mut impl Hasher) {
    instant.map(|instant| (instant.since(now), now.since(instant))).hash(hasher);
}

impl Timers {
    fn fingerprint(&self, now: Instant, hasher: &mut impl Hasher) {
        for deadline in self.deadlines() {
            hash_instant(deadline, now, hasher);
        }
    }
}
