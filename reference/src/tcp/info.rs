//! STATUS (RFC 9293 §3.10.6) in numbers: what `TCP_INFO` tells on systems that have it.

use crate::time::Duration;

use super::recovery::Phase as Stage;
use super::{Connection, Counters, State};

/// How a connection stands, in the units of the RFCs: octets and spans of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The state.
    pub state: State,
    /// What the sender thinks of the network.
    pub phase: Phase,
    /// How often the RTO has been doubled since the last measurement (RFC 6298 §5.5).
    pub back_off: u32,
    /// How many timeouts there were since the last new acknowledgment.
    pub timeouts: u32,
    /// Probes of a closed window, or of an idle peer, that nothing has answered (§3.8.4, §3.8.6.1).
    pub probes: u32,
    /// Both sides offered window scaling (RFC 7323 §2.2).
    pub window_scale: bool,
    /// Both SYNs permitted SACK (RFC 2018 §2).
    pub sack: bool,
    /// Both SYNs carried timestamps (RFC 7323 §3.2).
    pub timestamps: bool,
    /// Snd.Wind.Shift: how far the peer's windows are scaled (RFC 7323 §2.2).
    pub snd_wind_shift: u8,
    /// Rcv.Wind.Shift: how far ours are.
    pub rcv_wind_shift: u8,
    /// The retransmission timeout with its back-off (RFC 6298).
    pub rto: Duration,
    /// Smoothed round-trip time; `None` before the first measurement (RFC 6298 §2.2).
    pub srtt: Option<Duration>,
    /// Variation of the round-trip time (RFC 6298 §2.2).
    pub rttvar: Duration,
    /// Eff.snd.MSS: the most data one segment may carry, in octets (§3.7.1).
    pub snd_mss: u16,
    /// The MSS that we have announced, in octets (§3.7.1).
    pub advertised_mss: u16,
    /// Sequence space sent and not acknowledged, in octets.
    pub in_flight: u32,
    /// The same in segments, with what loss recovery knows of them.
    pub segments: Segments,
    /// Data queued and never sent, in octets.
    pub unsent: usize,
    /// The congestion window, in octets (RFC 5681).
    pub cwnd: u32,
    /// The slow start threshold, in octets; `None` as long as it is arbitrarily high (RFC 5681 §3.1).
    pub ssthresh: Option<u32>,
    /// SND.WND in octets.
    pub snd_wnd: u32,
    /// RCV.WND in octets.
    pub rcv_wnd: u32,
    /// Octets of the stream received in order.
    pub received: u64,
    /// Both sides are capable of ECN (RFC 3168 §6.1.1).
    pub ecn: bool,
    /// The peer's data came marked as capable of ECN, or with a mark of congestion (RFC 3168 §5).
    pub ecn_seen: bool,
    /// DupThresh: so many segments out of order mean a loss (RFC 6675 §2).
    pub reordering: u32,
    /// Sums since the connection began.
    pub counters: Counters,
}

/// What is in flight, in segments; a SYN counts as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Segments {
    /// All of them.
    pub in_flight: u32,
    /// Those that the peer holds (RFC 2018).
    pub sacked: u32,
    /// Those that count as lost (RFC 6675 §4).
    pub lost: u32,
    /// Those that were sent again, and whose copy is in the network.
    pub resent: u32,
}

/// What the sender thinks of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is amiss.
    Open,
    /// Duplicate acknowledgments have come, too few to mean a loss (RFC 5681 §3.2).
    Disorder,
    /// Fast recovery (RFC 6582).
    Recovery,
    /// After a retransmission timeout, until new data is acknowledged.
    Loss,
}

impl Connection {
    /// How the connection stands, in numbers.
    pub fn info(&self) -> Info {
        Info {
            state: self.state,
            phase: self.phase(),
            back_off: self.rto.exponent(),
            timeouts: self.rto.timeouts(),
            probes: self.silent_probes.max(self.keep_alive_probes),
            window_scale: self.has_agreed_on_scaling(),
            sack: self.sack_permitted,
            timestamps: self.timestamps.ok,
            snd_wind_shift: self.snd.wind_shift,
            rcv_wind_shift: self.rcv.wind_shift,
            rto: self.rto.current(),
            srtt: self.rto.srtt(),
            rttvar: self.rto.rttvar(),
            snd_mss: self.snd.mss,
            advertised_mss: self.config.mss,
            in_flight: self.snd.in_flight(),
            segments: self.segments(),
            unsent: self.unsent(),
            cwnd: self.congestion.window(),
            ssthresh: Some(self.congestion.ssthresh()).filter(|threshold| *threshold != u32::MAX),
            snd_wnd: self.snd.wnd,
            rcv_wnd: self.rcv.wnd,
            received: self.received,
            ecn: self.ecn.may_mark(),
            ecn_seen: self.ecn.seen,
            reordering: super::sack::DUP_THRESH,
            counters: self.counters,
        }
    }

    /// Octets of sequence space that the peer has not acknowledged, sent or not: a FIN that is
    /// queued counts for one, a SYN does not.
    pub fn unacknowledged(&self) -> usize {
        if matches!(self.state, State::Closed | State::Listen | State::TimeWait) {
            return 0;
        }
        let fin_is_acknowledged = self.fin_queued && self.snd.una.is_after(self.send_end());
        self.send_buffer.len() + usize::from(self.fin_queued && !fin_is_acknowledged)
    }

    fn unsent(&self) -> usize {
        let sent = if self.syn_is_acknowledged() { self.snd.nxt - self.send_buffer_seq } else { 0 };
        self.send_buffer.len().saturating_sub(sent as usize)
    }

    fn has_agreed_on_scaling(&self) -> bool {
        // a handshake that ends without agreement takes the wish back
        self.config.window_scale && !matches!(self.state, State::Closed | State::Listen | State::SynSent)
    }

    fn phase(&self) -> Phase {
        match self.recovery.phase {
            Stage::Loss(_) => Phase::Loss,
            Stage::Recovery(_) => Phase::Recovery,
            Stage::Open if self.recovery.duplicates > 0 => Phase::Disorder,
            Stage::Open => Phase::Open,
        }
    }

    fn segments(&self) -> Segments {
        let syn = u32::from(self.state != State::Closed && !self.syn_is_acknowledged() && self.snd.nxt != self.snd.una);
        self.sent.iter().fold(Segments { in_flight: syn, ..Segments::default() }, |all, segment| Segments {
            in_flight: all.in_flight + 1,
            sacked: all.sacked + u32::from(segment.sacked),
            lost: all.lost + u32::from(segment.lost && !segment.sacked),
            resent: all.resent + u32::from(segment.resent && !segment.sacked),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Connection, Duration, Phase, Segments, State};
    use crate::seq::Seq;
    use crate::tcp::Config;
    use crate::tcp::rig::{Rig, config};
    use crate::time::Instant;
    use crate::wire::{Flags, Segment, TcpOption};

    /// An active opener that has finished its handshake after 100 ms.
    fn established(options: Vec<TcpOption>) -> Connection {
        let mut tcp = Connection::open_active(Instant::ZERO, Config::default(), 1, 2, Seq(100));
        assert!(tcp.poll_transmit(Instant::ZERO).is_some());
        let flags = Flags::SYN | Flags::ACK;
        let segment = Segment { seq: Seq(500), ack: Seq(101), flags, window: 1000, options, ..Segment::default() };
        tcp.handle_segment(Instant::from_millis(100), &segment);
        while tcp.poll_transmit(Instant::from_millis(100)).is_some() {}
        tcp
    }

    use alloc::vec;
    use alloc::vec::Vec;

    #[test]
    fn a_new_connection_tells_what_it_measured_and_agreed() {
        let info = established(vec![TcpOption::Mss(900), TcpOption::WindowScale(3)]).info();
        assert_eq!((info.state, info.phase, info.back_off), (State::Established, Phase::Open, 0));
        assert_eq!((info.snd_mss, info.advertised_mss, info.snd_wnd), (900, 1460, 1000));
        assert_eq!((info.window_scale, info.snd_wind_shift, info.rcv_wind_shift), (true, 3, 0));
        assert_eq!((info.srtt, info.rttvar), (Some(Duration::from_millis(100)), Duration::from_millis(50)));
        assert_eq!((info.cwnd, info.ssthresh, info.in_flight, info.unsent), (3600, None, 0, 0));
        assert!(!established(Vec::new()).info().window_scale, "the peer has not offered it");
    }

    #[test]
    fn a_timeout_shows_in_phase_back_off_and_threshold() {
        let mut tcp = established(vec![TcpOption::Mss(900)]);
        let now = Instant::from_millis(100);
        assert_eq!(tcp.send(&[0; 1500], false), Ok(1500));
        assert!(tcp.poll_transmit(now).is_some());
        while tcp.poll_transmit(now).is_some() {}
        let info = tcp.info();
        assert_eq!((info.in_flight as usize + info.unsent, tcp.unacknowledged()), (1500, 1500));
        assert!(info.in_flight >= 900, "{info:?}");
        tcp.handle_timeout(Instant::from_millis(1200));
        let info = tcp.info();
        assert_eq!((info.phase, info.back_off), (Phase::Loss, 1));
        assert_eq!((info.cwnd, info.ssthresh, info.rto), (900, Some(1800), Duration::from_secs(2)));
    }

    #[test]
    fn a_fin_is_unacknowledged_until_its_acknowledgment_comes() {
        let mut tcp = established(Vec::new());
        let now = Instant::from_millis(200);
        assert_eq!(tcp.unacknowledged(), 0);
        assert_eq!(tcp.close(), Ok(()));
        assert_eq!(tcp.unacknowledged(), 1, "queued");
        while tcp.poll_transmit(now).is_some() {}
        assert_eq!(tcp.unacknowledged(), 1, "sent");
        let ack = Segment { seq: Seq(501), ack: Seq(102), flags: Flags::ACK, window: 1000, ..Segment::default() };
        tcp.handle_segment(now, &ack);
        assert_eq!((tcp.state(), tcp.unacknowledged()), (State::FinWait2, 0));
    }

    #[test]
    fn segments_in_flight_are_sorted_by_what_is_known_of_them() {
        let mut rig = Rig::new(config());
        assert_eq!(rig.tcp.info().segments, Segments::default());
        rig.write(10);
        let all = Segments { in_flight: 10, ..Segments::default() };
        assert_eq!((rig.tcp.info().phase, rig.tcp.info().segments), (Phase::Open, all));
        assert!(rig.ack(0, &[(7, 9)]).is_empty());
        let info = rig.tcp.info();
        assert_eq!((info.phase, info.segments), (Phase::Disorder, Segments { sacked: 2, ..all }));
        // three are above the first seven: those are lost, and half a window of them goes out again
        let resent = rig.ack(0, &[(7, 10)]);
        let info = rig.tcp.info();
        assert_eq!((resent, info.phase), (Vec::from([0, 1, 2, 3, 4]), Phase::Recovery));
        assert_eq!(info.segments, Segments { sacked: 3, lost: 7, resent: 5, ..all });
    }

    #[test]
    fn a_syn_is_a_segment_in_flight_until_it_is_acknowledged() {
        let mut tcp = Connection::open_active(Instant::ZERO, Config::default(), 1, 2, Seq(100));
        assert!(tcp.poll_transmit(Instant::ZERO).is_some());
        assert_eq!(tcp.info().segments.in_flight, 1);
        assert_eq!(Connection::open_passive(Config::default(), 1, Seq(100)).info().segments.in_flight, 0);
        assert_eq!(established(Vec::new()).info().segments.in_flight, 0);
    }
}
