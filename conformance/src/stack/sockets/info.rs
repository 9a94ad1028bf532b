//! `TCP_INFO` and what else is asked of a connection in numbers, in Linux's units: windows of the sender and what is
//! in flight count in segments of the sending MSS there, time in microseconds.

use std::time::Duration;

use wirelaw_reference::tcp::{Info, Phase, State as TcpState};

use wirelaw_reference::time::Instant;

use super::Sockets;
use super::descriptor::State;
use super::waiting::Failure;
use crate::posix::{Errno, tcp_info};
use crate::stack::engine::Engine;
use crate::trace::Fd;

/// What Linux assumes before a peer has told its MSS (`TCP_MSS_DEFAULT`).
const DEFAULT_MSS: i32 = 536;

/// `TCP_INFINITE_SSTHRESH`
const INFINITE: u64 = 0x7fff_ffff;

/// `TCPI_OPT_TIMESTAMPS`, `TCPI_OPT_SACK`, `TCPI_OPT_WSCALE`, `TCPI_OPT_ECN`, `TCPI_OPT_ECN_SEEN`, `TCPI_OPT_SYN_DATA`
const OPTIONS: [u64; 6] = [1, 2, 4, 8, 16, 32];

impl<E: Engine> Sockets<E> {
    /// `struct tcp_info`
    pub(super) fn tcp_info(&self, fd: Fd) -> Result<Vec<u8>, Failure> {
        let state = match self.table.get(fd)?.state {
            State::Unconnected => TcpState::Closed,
            State::Listening { .. } => TcpState::Listen,
            State::Open { connection, .. } => {
                let Some(info) = self.engine.info(connection) else {
                    let name = self.engine.profile().name;
                    return Err(Failure::unsupported(format!("getsockopt(SOL_TCP, TCP_INFO) on {name}")));
                };
                return Ok(tcp_info::encode(&fields(&info, self.now)));
            }
        };
        Ok(tcp_info::encode(&[("state", number(state))]))
    }

    /// `TCP_MAXSEG`: the effective value once the peer's is known, before that what was set, or the default.
    pub(super) fn max_segment(&self, fd: Fd) -> Result<i32, Failure> {
        let socket = self.table.get(fd)?;
        if let State::Open { connection, .. } = socket.state
            && !self.engine.status(connection).connecting
        {
            let info = self.engine.info(connection);
            let mss = info.map(|info| info.snd_mss.into());
            return mss.ok_or_else(|| Failure::unsupported("getsockopt(SOL_TCP, TCP_MAXSEG) of a connection"));
        }
        Ok(socket.options.max_segment.map_or(DEFAULT_MSS, i32::from))
    }

    /// `SIOCINQ`: octets that can be read; `SIOCOUTQ`: octets that the peer has not acknowledged.
    pub(super) fn queue(&self, fd: Fd, outward: bool) -> Result<usize, Failure> {
        match self.table.get(fd)?.state {
            State::Listening { .. } => Err(Errno::EINVAL.into()),
            State::Unconnected => Ok(0),
            State::Open { connection, .. } => {
                let status = self.engine.status(connection);
                if status.connecting {
                    return Ok(0);
                }
                if !outward {
                    return Ok(status.readable);
                }
                let gone = status.closed.then_some(0);
                let queued = status.unacknowledged.or(gone);
                queued.ok_or_else(|| Failure::unsupported("ioctl(SIOCOUTQ): the stack does not tell"))
            }
        }
    }
}

/// `TCP_ESTABLISHED` and so on.
fn number(state: TcpState) -> u64 {
    match state {
        TcpState::Established => 1,
        TcpState::SynSent => 2,
        TcpState::SynReceived => 3,
        TcpState::FinWait1 => 4,
        TcpState::FinWait2 => 5,
        TcpState::TimeWait => 6,
        TcpState::Closed => 7,
        TcpState::CloseWait => 8,
        TcpState::LastAck => 9,
        TcpState::Listen => 10,
        TcpState::Closing => 11,
    }
}

fn fields(info: &Info, now: Instant) -> Vec<(&'static str, u64)> {
    let counters = &info.counters;
    let mss = u32::from(info.snd_mss.max(1));
    let segments = |octets: u32| u64::from(octets / mss);
    let micros = |span: Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    let since = |at: Option<Instant>| at.map_or(0, |at| u64::try_from(now.since(at).as_millis()).unwrap_or(u64::MAX));
    let ca_state = match info.phase {
        Phase::Open => 0,
        Phase::Disorder => 1,
        Phase::Recovery => 3,
        Phase::Loss => 4,
    };
    let agreed = [info.timestamps, info.sack, info.window_scale, info.ecn, info.ecn_seen, counters.data_on_syn];
    let agreed = OPTIONS.into_iter().zip(agreed);
    let options = agreed.map(|(option, agreed)| if agreed { option } else { 0 }).sum();
    vec![
        ("state", number(info.state)),
        ("ca_state", ca_state),
        ("retransmits", info.timeouts.into()),
        ("probes", info.probes.into()),
        ("backoff", info.back_off.into()),
        ("options", options),
        ("snd_wscale", info.snd_wind_shift.into()),
        ("rcv_wscale", info.rcv_wind_shift.into()),
        ("rto", micros(info.rto)),
        ("snd_mss", info.snd_mss.into()),
        ("rcv_mss", counters.longest_text_in.max(DEFAULT_MSS.unsigned_abs()).into()),
        ("unacked", info.segments.in_flight.into()),
        ("sacked", info.segments.sacked.into()),
        ("lost", info.segments.lost.into()),
        ("retrans", info.segments.resent.into()),
        ("last_data_sent", since(counters.text_out_at)),
        ("last_data_recv", since(counters.text_in_at)),
        ("rtt", info.srtt.map_or(0, micros)),
        ("rttvar", micros(info.rttvar)),
        ("snd_ssthresh", info.ssthresh.map_or(INFINITE, segments)),
        ("snd_cwnd", segments(info.cwnd)),
        ("advmss", info.advertised_mss.into()),
        ("reordering", info.reordering.into()),
        ("total_retrans", counters.segments_resent.into()),
        ("bytes_received", info.received),
        ("segs_out", counters.segments_out.into()),
        ("segs_in", counters.segments_in.into()),
        ("min_rtt", counters.least_round_trip.map_or(u32::MAX.into(), micros)),
        ("data_segs_in", counters.text_segments_in.into()),
        ("data_segs_out", counters.text_segments_out.into()),
        ("delivered", counters.delivered.into()),
        ("bytes_sent", counters.octets_out),
        ("bytes_retrans", counters.octets_resent),
        ("dsack_dups", counters.duplicates_told.into()),
        ("notsent_bytes", info.unsent as u64),
        ("snd_wnd", info.snd_wnd.into()),
        ("rcv_wnd", info.rcv_wnd.into()),
    ]
}
