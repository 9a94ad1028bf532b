//! What the path carries: "packet too big" and what follows from it (RFC 1191, RFC 8201, RFC 5927 §7).

use super::timers::Timer;
use super::{Connection, Disposition, Sabotage, State};
use crate::clause;
use crate::seq::Seq;
use crate::time::Instant;

/// The sizes at which the MTUs of links lie close together (RFC 1191 §7, table 7-1), in octets.
const PLATEAUS: [u32; 11] = [65_535, 32_000, 17_914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68];

/// No router may claim less (RFC 1191 §3; RFC 8201 §4), in octets.
const LEAST_MTU_V4: u32 = 68;
const LEAST_MTU_V6: u32 = 1280;

/// After an increase that was not contradicted, the next one comes so many times sooner: 2 minutes
/// where the first takes 10 (RFC 1191 §6.3).
const LATER_INCREASES: u32 = 5;

/// What an ICMP error says whose sender could not forward a packet because of its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PacketTooBig {
    /// The MTU of the next hop, in octets; 0 if a router from before RFC 1191 does not tell it.
    pub mtu: u32,
    /// The length of the quoted packet as its IP header tells it, in octets.
    pub packet: u32,
    /// The path is one of IPv6.
    pub is_v6: bool,
}

impl PacketTooBig {
    /// The octets of IP and TCP header, without options.
    fn headers(&self) -> u32 {
        if self.is_v6 { 60 } else { 40 }
    }
}

/// What is known of the path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct PathMtu {
    /// Eff.snd.MSS as the handshake left it: no increase goes beyond.
    agreed: u16,
    /// The largest Eff.snd.MSS that the path is believed to carry; `None`: nobody has complained.
    limit: Option<u16>,
    /// IP and TCP header, as the last complaint had them.
    headers: u32,
    /// RFC 5927 §7.2: maxsizesent and maxsizeacked, less the headers.
    largest_sent: u32,
    largest_acknowledged: u32,
    /// RFC 5927 §7.2: a complaint that waits for the segment it quotes to time out.
    pending: Option<(Seq, PacketTooBig)>,
}

impl PathMtu {
    /// Eff.snd.MSS as the handshake left it.
    pub(super) fn agreed(&self) -> u16 {
        self.agreed
    }

    /// A segment with so many octets of text and options was sent.
    pub(super) fn sent(&mut self, octets: u32) {
        self.largest_sent = self.largest_sent.max(octets);
    }

    /// Everything below `ack` has arrived, in segments of up to so many octets.
    pub(super) fn acknowledged(&mut self, ack: Seq, octets: u32) {
        self.largest_acknowledged = self.largest_acknowledged.max(octets);
        self.pending.take_if(|(seq, _)| seq.is_before(ack)); // the complaint was false
    }
}

impl Connection {
    /// A router could not forward a segment of ours that is in flight and begins at `seq`.
    pub(super) fn handle_packet_too_big(&mut self, now: Instant, seq: Seq, told: PacketTooBig) -> Disposition {
        let Some(mtu) = self.believable_mtu(told) else {
            return Disposition::Drop(clause::PACKET_TOO_BIG_ABSURD);
        };
        if self.config.cautious_path_mtu {
            let size = mtu.saturating_sub(told.headers());
            if size > self.path_mtu.largest_sent {
                return Disposition::Drop(clause::PACKET_TOO_BIG_ABSURD);
            }
            if size < self.path_mtu.largest_acknowledged && self.rto.timeouts() == 0 {
                self.path_mtu.pending = Some((seq, told));
                return Disposition::Drop(clause::PACKET_TOO_BIG_DELAYED);
            }
        }
        self.lower_path_mtu(now, mtu, told.headers());
        Disposition::Accept
    }

    /// The MTU to go down to, if there is a reason to.
    fn believable_mtu(&self, told: PacketTooBig) -> Option<u32> {
        let current = u32::from(self.snd.mss) + told.headers();
        let claimed = match told.mtu {
            0 if told.is_v6 => return None,
            // an old router: the next plateau below what did not get through (RFC 1191 §5)
            0 => {
                let packet = if told.packet == 0 { current } else { told.packet.min(current) };
                *PLATEAUS.iter().find(|plateau| **plateau < packet).unwrap_or(&LEAST_MTU_V4)
            }
            mtu => mtu,
        };
        if told.is_v6 && claimed < LEAST_MTU_V6 {
            return None; // RFC 8201 §4
        }
        let least = u32::from(self.config.min_path_mtu).max(LEAST_MTU_V4);
        let mtu = claimed.max(least);
        (mtu < current || self.state == State::SynSent).then_some(mtu)
    }

    /// The path carries packets of `mtu` octets: what is larger goes out again in smaller pieces,
    /// while the congestion window stays (RFC 1191 §6.4, RFC 8201 §5.4).
    fn lower_path_mtu(&mut self, now: Instant, mtu: u32, headers: u32) {
        let limit = u16::try_from(mtu.saturating_sub(headers).max(1)).unwrap_or(u16::MAX);
        let limit = self.path_mtu.limit.map_or(limit, |before| before.min(limit));
        self.path_mtu.limit = Some(limit);
        self.path_mtu.headers = headers;
        self.path_mtu.pending = None;
        self.path_mtu.largest_sent = 0; // RFC 5927 §7.2
        self.path_mtu.largest_acknowledged = self.path_mtu.largest_acknowledged.min(u32::from(limit));
        if let Some(after) = self.config.path_mtu_increase {
            self.timers.set(Timer::PathMtu, now + after);
        }
        if self.state == State::SynSent {
            // it counts once the peer's MSS is known; data on the SYN goes without it
            self.pending.syn |= self.sent.iter().next().is_some();
            return;
        }
        self.snd.mss = self.snd.mss.min(limit);
        let smss = self.text_per_segment();
        self.congestion.shrink_segments(smss);
        if self.sent.lose(|sent| sent.len > smss && !sent.sacked) {
            self.rto.stop_timing(); // Karn (RFC 6298 §3)
            if self.timers.is_set(Timer::Retransmission) {
                self.start_retransmission_timer(now);
            }
        }
    }

    /// Eff.snd.MSS as the handshake has it, and what the path is known to carry of it.
    pub(super) fn agree_on_segment_size(&mut self, mss: u16) {
        self.path_mtu.agreed = mss;
        self.snd.mss = self.path_mtu.limit.map_or(mss, |limit| mss.min(limit));
    }

    /// SMSS: what of Eff.snd.MSS the options that every segment carries leave for text (§3.7.1,
    /// RFC 6691).
    pub(super) fn text_per_segment(&self) -> u32 {
        let options = if self.timestamps.ok && !self.is_sabotaged(Sabotage::OptionsMissingFromMss) {
            super::timestamps::LENGTH
        } else {
            0
        };
        u32::from(self.snd.mss.saturating_sub(options).max(1))
    }

    /// A segment timed out: what was said about its size is true (RFC 5927 §7.2, with MAXSEGRTO 1).
    pub(super) fn heed_pending_packet_too_big(&mut self, now: Instant) {
        if let Some((_, told)) = self.path_mtu.pending.take()
            && let Some(mtu) = self.believable_mtu(told)
        {
            self.lower_path_mtu(now, mtu, told.headers());
        }
    }

    /// Nobody complained for long: the path may carry more by now (RFC 1191 §6.3).
    pub(super) fn increase_path_mtu(&mut self, now: Instant) {
        let headers = self.path_mtu.headers;
        let current = u32::from(self.snd.mss) + headers;
        let next = PLATEAUS.iter().rev().find(|plateau| **plateau > current).copied().unwrap_or(u32::MAX);
        let mss = u16::try_from(next.saturating_sub(headers)).unwrap_or(u16::MAX).min(self.path_mtu.agreed);
        if mss <= self.snd.mss {
            return;
        }
        self.snd.mss = mss;
        self.congestion.set_smss(self.text_per_segment());
        if mss == self.path_mtu.agreed {
            self.path_mtu.limit = None;
        } else {
            self.path_mtu.limit = Some(mss);
            if let Some(after) = self.config.path_mtu_increase {
                self.timers.set(Timer::PathMtu, now + after / LATER_INCREASES);
            }
        }
    }
}
