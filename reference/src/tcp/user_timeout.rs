//! The user timeout option: both sides tell how long they will wait for acknowledgments (RFC 5482).

use super::timers::Timer;
use super::{Connection, State};
use crate::time::{Duration, Instant};
use crate::wire::{MAX_OPTIONS, Segment, TcpOption};

/// Octets of the option.
const LENGTH: usize = 4;

/// The largest number that the option can carry.
const LARGEST: u64 = 0x7fff;

/// The switch ENABLED and the limits of RFC 5482 §3. CHANGEABLE is whether the application has left
/// [`Config::user_timeout`](super::Config::user_timeout) alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserTimeoutOption {
    /// ADV_UTO: what the peer is told, unless the application has set a timeout of its own.
    pub advertised: Duration,
    /// L_LIMIT: whatever the peer asks for, at least 100 s (§3.1).
    pub lower: Duration,
    /// U_LIMIT: no peer can make us hold on for longer (§3.1, §6).
    pub upper: Duration,
}

impl Default for UserTimeoutOption {
    fn default() -> UserTimeoutOption {
        UserTimeoutOption {
            advertised: Duration::from_mins(5), // RFC 9293 §3.9.1.1
            lower: Duration::from_secs(100),
            upper: Duration::from_hours(1),
        }
    }
}

/// What is known of the peer's wishes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct UserTimeout {
    /// REMOTE_UTO, once one came.
    remote: Option<Duration>,
    /// The next segment with room is to tell ours.
    pending: bool,
}

/// The option that says `timeout`: in seconds if it can, else in minutes, rounded up; never 0, which
/// is reserved (§3.4).
fn encode(timeout: Duration) -> TcpOption {
    let seconds = timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0);
    let (minutes, value) = if seconds <= LARGEST { (false, seconds) } else { (true, seconds.div_ceil(60)) };
    TcpOption::UserTimeout { minutes, value: value.clamp(1, LARGEST) as u16 }
}

/// What the first such option says; 0 says nothing (§3.4).
fn in_options(options: &[TcpOption]) -> Option<Duration> {
    options.iter().find_map(|option| match option {
        TcpOption::UserTimeout { value: 0, .. } => None,
        TcpOption::UserTimeout { minutes: true, value } => Some(Duration::from_mins(u64::from(*value))),
        TcpOption::UserTimeout { minutes: false, value } => Some(Duration::from_secs(u64::from(*value))),
        _ => None,
    })
}

impl Connection {
    /// USER_TIMEOUT: what the application has set, or what both sides agree on (§3.1); `None`: R2
    /// decides (RFC 9293 §3.8.3).
    pub fn user_timeout(&self) -> Option<Duration> {
        self.config.user_timeout.or_else(|| self.adopted_user_timeout())
    }

    /// min(U_LIMIT, max(ADV_UTO, REMOTE_UTO, L_LIMIT)), in the states of §3.3 only, and never below
    /// the RTO.
    fn adopted_user_timeout(&self) -> Option<Duration> {
        use State::{CloseWait, Closing, Established, FinWait1, FinWait2, LastAck};
        let option = self.config.user_timeout_option.as_ref()?;
        let remote = self.user_timeout.remote?;
        if self.config.user_timeout.is_some()
            || !matches!(self.state, Established | FinWait1 | FinWait2 | CloseWait | Closing | LastAck)
        {
            return None;
        }
        Some(option.advertised.max(remote).max(option.lower).min(option.upper).max(self.rto.current()))
    }

    /// The peer may have told its timeout. Ours follows at once, counted from where it began.
    pub(super) fn heed_user_timeout(&mut self, now: Instant, options: &[TcpOption]) {
        if self.config.user_timeout_option.is_none() {
            return; // unknown options are ignored (MUST-6)
        }
        let Some(remote) = in_options(options).filter(|remote| self.user_timeout.remote != Some(*remote)) else {
            return;
        };
        self.user_timeout.remote = Some(remote);
        if let Some((limit, since)) = self.adopted_user_timeout().zip(self.unacknowledged_since) {
            self.timers.set(Timer::User, (since + limit).max(now));
        }
        self.restart_keep_alive_timer(now);
    }

    /// The next segment tells our timeout: the first after the handshake, and the first after a
    /// change (§3).
    pub(super) fn announce_user_timeout(&mut self) {
        self.user_timeout.pending = self.config.user_timeout_option.is_some();
    }

    /// Adds the option to a segment that has room for it, if it is its turn. A SYN always tells.
    pub(super) fn tell_user_timeout(&mut self, segment: &mut Segment, is_syn: bool) {
        let Some(option) = &self.config.user_timeout_option else { return };
        if (is_syn || self.user_timeout.pending) && segment.options_len() + LENGTH <= MAX_OPTIONS {
            segment.options.push(encode(self.config.user_timeout.unwrap_or(option.advertised)));
            self.user_timeout.pending &= is_syn;
        }
    }

    /// Octets that the option will take of the next segment.
    pub(super) fn user_timeout_length(&self) -> usize {
        if self.user_timeout.pending { LENGTH } else { 0 }
    }

    /// Keep-alive must not end what the user timeout would let live (§4.2).
    pub(super) fn keep_alive_after(&self, time: Duration) -> Duration {
        match self.adopted_user_timeout() {
            Some(adopted) => time.max(adopted + Duration::from_secs(1)),
            None => time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, TcpOption, encode, in_options};

    /// RFC 5482 §3.3-4: 15 bits and a granularity.
    #[test]
    fn seconds_while_they_fit_then_minutes() {
        for (millis, minutes, value) in [
            (0, false, 1),
            (1, false, 1),
            (1001, false, 2),
            (32_767_000, false, 32_767),
            (32_767_001, true, 547),
            (u64::MAX, true, 32_767),
        ] {
            let option = encode(Duration::from_millis(millis));
            assert_eq!(option, TcpOption::UserTimeout { minutes, value });
            let seconds = if minutes { u64::from(value) * 60 } else { value.into() };
            assert_eq!(in_options(&[TcpOption::NoOperation, option]), Some(Duration::from_secs(seconds)));
        }
        assert_eq!(in_options(&[TcpOption::UserTimeout { minutes: true, value: 0 }]), None);
    }
}
