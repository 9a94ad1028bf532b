//! What may differ between one conforming TCP and another.

pub use super::challenge::Limit;
use super::ecn::Ecn;
pub use super::fast_open::FastOpen;
pub use super::user_timeout::UserTimeoutOption;
use crate::time::Duration;

/// The choices of one connection; [`Config::default`] follows every SHOULD of RFC 9293.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The MSS option we send: the most data we can receive in one segment, in octets (§3.7.1).
    pub mss: u16,
    /// The MSS to assume if the peer sends none: 536 for IPv4, 1220 for IPv6 (§3.7.1, MUST-15).
    pub default_mss: u16,
    /// Octets that wait for the application; the largest window we offer.
    pub receive_buffer: usize,
    /// Octets that wait to be sent or acknowledged.
    pub send_buffer: usize,
    /// Offer window scaling (RFC 7323 §2).
    pub window_scale: bool,
    /// Offer, and use, timestamps (RFC 7323 §3).
    pub timestamps: bool,
    /// Drop segments that lack the timestamps that were agreed on (RFC 7323 §3.2, SHOULD); off
    /// takes them as they are.
    pub require_timestamps: bool,
    /// What the timestamp clock shows at the beginning of time. `None` leaves it to the
    /// [`Host`](crate::host::Host), which gives every 4-tuple a secret one of its own, so that nobody can
    /// tell how long it has been up, or which connections are its (RFC 7323 §5.4, §7.1).
    pub timestamp_offset: Option<u32>,
    /// Offer, and use, selective acknowledgments (RFC 2018, RFC 6675).
    pub sack: bool,
    /// Tell of segments that came twice (RFC 2883).
    pub duplicate_sack: bool,
    /// In which order the options of a SYN stand.
    pub syn_options: OptionOrder,
    /// How long an acknowledgment may wait for something to ride on, less than 500 ms (§3.8.6.3,
    /// SHLD-18, MUST-58); `None` acknowledges every segment.
    pub delayed_ack: Option<Duration>,
    /// So many segments at the beginning are acknowledged at once, as Linux does to speed up the
    /// peer's slow start.
    pub quick_acks: u32,
    /// The initial congestion window.
    pub initial_window: InitialWindow,
    /// The first two duplicates let out a new segment each (RFC 3042).
    pub limited_transmit: bool,
    /// How the congestion window grows and shrinks.
    pub congestion_control: CongestionControl,
    /// Explicit congestion notification (RFC 3168).
    pub ecn: Ecn,
    /// What is lost is told by time (RACK, RFC 8985 §6) where the peer permits SACK, instead of RFC
    /// 6675's counting.
    pub rack: bool,
    /// Probe for the loss of the last segments of a flight (RFC 8985 §7); needs `rack`.
    pub tail_loss_probe: bool,
    /// Detect spurious retransmission timeouts and undo what they did (RFC 5682).
    pub f_rto: bool,
    /// The congestion window starts over after an idle time (RFC 5681 §4.1).
    pub restart_after_idle: bool,
    /// How many challenge ACKs may be sent in how much time (RFC 5961 §7); `None`: any number.
    pub challenge_ack_limit: Option<Limit>,
    /// The same for acknowledgments that answer segments without text outside the window, as Linux
    /// does. `None` is the letter of §3.10.7.4 step 1: any number, with which two ends whose
    /// segments are both unacceptable answer each other for ever.
    pub stray_ack_limit: Option<Limit>,
    /// Check RST, SYN and ACK against blind attackers (RFC 5961); off is RFC 793's behaviour.
    pub blind_attack_checks: bool,
    /// A valid RST ends TIME-WAIT (§3.10.7.4 step 2); off ignores it, so that an old duplicate
    /// cannot cut TIME-WAIT short (RFC 1337 §3, F1).
    pub resets_end_time_wait: bool,
    /// Which SYN opens a new connection from TIME-WAIT (§3.6.1, MAY-2, SHLD-4).
    pub reopen_time_wait: Reopening,
    /// What becomes of a segment with an option of illegal length (§3.1, MUST-7).
    pub illegal_options: IllegalOptions,
    /// A reset that answers a segment for which there is no connection carries timestamps if that
    /// does (RFC 7323 §5.2, SHOULD).
    pub reset_timestamps: bool,
    /// ABORT lingers in TIME-WAIT once it has sent its reset, as §3.5.2 advises; off deletes the
    /// connection at once (§3.10.5).
    pub time_wait_after_abort: bool,
    /// What a hard ICMP error may end (§3.9.2.2, SHLD-26).
    pub hard_errors: HardErrors,
    /// Hold back small segments while data is in flight (§3.7.4, SHLD-7).
    pub nagle: bool,
    /// Hold back segments that are not full, for 200 ms at most, as Linux does between `TCP_CORK` on
    /// and off: more is to come.
    pub cork: bool,
    /// Maximum segment lifetime; TIME-WAIT lasts two of them (§3.4.3, MUST-13).
    pub msl: Duration,
    /// RTO before any measurement (RFC 6298 §2.1).
    pub initial_rto: Duration,
    /// The least RTO (RFC 6298 §2.4).
    pub min_rto: Duration,
    /// The largest RTO, at least 60 s (RFC 6298 §2.5).
    pub max_rto: Duration,
    /// R2 for data: how long to retransmit before giving up, at least 100 s (§3.8.3, SHLD-11).
    pub r2: Duration,
    /// R2 for a SYN, at least 3 minutes (§3.8.3, MUST-23).
    pub r2_syn: Duration,
    /// How long data may stay unacknowledged before the connection is aborted (§3.10.8); `None`
    /// leaves it to R2.
    pub user_timeout: Option<Duration>,
    /// Probe an idle connection (§3.8.4); off by default (MUST-25).
    pub keep_alive: Option<KeepAlive>,
    /// What a soft ICMP error may end (§3.9.2.2, MUST-56).
    pub soft_errors: SoftErrors,
    /// Heed "packet too big", and forbid routers to fragment (§3.7.2, RFC 1191, RFC 8201). Off makes
    /// "fragmentation needed" a hard error (SHLD-26).
    pub path_mtu_discovery: bool,
    /// Believe "packet too big" of a size that has come through before only once the segment has timed
    /// out (RFC 5927 §7.2).
    pub cautious_path_mtu: bool,
    /// The least path MTU to go down to, in octets; at least 68 (RFC 1191 §3), or 1280 for IPv6.
    pub min_path_mtu: u16,
    /// How long after a "packet too big" to try larger segments again (RFC 1191 §6.3: 10 minutes);
    /// `None`: never.
    pub path_mtu_increase: Option<Duration>,
    /// R1: after so many retransmissions of a segment the application is told (§3.8.3, SHLD-9,
    /// SHLD-10).
    pub r1: u32,
    /// R2 counted in retransmissions of a segment, in place of [`Config::r2`].
    pub retries: Option<u32>,
    /// The same for a SYN, in place of [`Config::r2_syn`].
    pub syn_retries: Option<u32>,
    /// The same for a SYN,ACK.
    pub syn_ack_retries: Option<u32>,
    /// How long FIN-WAIT-2 lasts if the application has gone; `None`: as long as the peer likes.
    pub fin_wait_2_timeout: Option<Duration>,
    /// How long TIME-WAIT lasts, if not two [`Config::msl`] (MUST-13).
    pub time_wait: Option<Duration>,
    /// What a SYN in the window does to SYN-RECEIVED after a passive OPEN (§3.10.7.4 step 4).
    pub syn_in_syn_received: SynInSynReceived,
    /// The peer's SYN, come again in SYN-RECEIVED, is answered with the SYN,ACK again; off answers it
    /// with an acknowledgment (§3.10.7.4 step 1).
    pub repeat_syn_ack: bool,
    /// How a closed window is probed (§3.8.6.1).
    pub window_probe: WindowProbe,
    /// The least time before a closed window is probed, and between probes.
    pub min_persist: Option<Duration>,
    /// Segments with SYN and FIN are dropped, against fingerprinting.
    pub drop_syn_fin: bool,
    /// What is for no connection and no listener is not answered, against port scans (contrary to §3.10.7.1).
    pub black_hole: BlackHole,
    /// A SYN for which a listener has no room is answered with a reset; off drops it, so that the peer
    /// tries again.
    pub abort_on_overflow: bool,
    /// Tell and heed the user timeout option (RFC 5482); `None` ignores it.
    pub user_timeout_option: Option<UserTimeoutOption>,
    /// Data on the SYN (RFC 7413).
    pub fast_open: FastOpen,
    /// A fault to have on purpose.
    #[cfg(feature = "sabotage")]
    pub sabotage: Option<super::Sabotage>,
}

/// What an ICMP error ends that says that a segment did not arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SoftErrors {
    /// Nothing: it is kept as the reason, should the connection time out.
    #[default]
    Remember,
    /// A handshake, as Linux has it (RFC 5461 §4.1).
    EndHandshakes,
    /// A handshake whose SYN was sent again more often than this, as FreeBSD has it with 3.
    EndHandshakesAfter(u32),
}

/// What a SYN in the window does to SYN-RECEIVED after a passive OPEN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SynInSynReceived {
    /// Back to LISTEN (RFC 9293 §3.10.7.4 step 4, MUST-11).
    #[default]
    ReturnToListen,
    /// A challenge acknowledgment, as on a synchronized connection (RFC 5961 §4.2).
    Challenge,
    /// A reset, and back to LISTEN, as Linux has it.
    Reset,
}

/// How a closed window is probed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WindowProbe {
    /// With the next octet (RFC 9293 §3.8.6.1).
    #[default]
    NextOctet,
    /// With a number that is acknowledged already and without text, as Linux does.
    OldNumber,
}

/// What is not answered if nobody is there to take it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BlackHole {
    /// Everything is answered (§3.10.7.1).
    #[default]
    Off,
    /// SYNs are not, as with FreeBSD's `net.inet.tcp.blackhole=1`.
    Syns,
    /// Nothing is, as with 2.
    Everything,
}

/// The order of a SYN's options, by the system that is known for it. The RFCs leave it open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OptionOrder {
    /// MSS, SACK permitted, timestamps, window scale.
    #[default]
    Linux,
    /// MSS, window scale, SACK permitted, timestamps.
    FreeBsd,
}

/// How the congestion window grows in congestion avoidance, and what a loss takes from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CongestionControl {
    /// A segment per round trip, and half of what is in flight (RFC 5681, RFC 6582).
    #[default]
    NewReno,
    /// By a cubic function of time, and three tenths (RFC 9438).
    Cubic,
}

/// IW: what may be sent before the first acknowledgment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitialWindow {
    /// Two to four segments (RFC 5681 §3.1).
    #[default]
    Rfc5681,
    /// Ten segments of up to 1460 octets (RFC 6928 §2).
    Rfc6928,
    /// So many segments.
    Segments(u16),
}

/// Which SYN may take the place of a connection in TIME-WAIT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reopening {
    /// None: it is handled as in any other state (§3.10.7.4 step 4).
    Never,
    /// One whose sequence number lies beyond the old ones (RFC 9293 MAY-2, RFC 1122 §4.2.2.13).
    BySequence,
    /// One whose sequence number lies beyond the old ones, or whose timestamp is newer than the old
    /// ones; any other is handled as in any other state, as Linux does.
    ByEither,
    /// The rules of RFC 6191 §2, by timestamp and sequence number (SHLD-4). A SYN that they do not
    /// accept is dropped without a word.
    #[default]
    ByTimestamps,
}

/// What becomes of a segment with an option of length 0 or 1, or one that runs beyond the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IllegalOptions {
    /// It is dropped without a word.
    #[default]
    Discard,
    /// It is processed with the options that stand before the illegal one.
    Ignore,
    /// The connection is reset, as the text suggests; in LISTEN only the segment is answered so.
    Reset,
}

/// What an ICMP error ends that says that the peer's port or protocol cannot be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HardErrors {
    /// Nothing.
    EndNothing,
    /// A handshake; a connection endures, against blind attackers (RFC 5461 §4.1, RFC 5927 §5.2).
    #[default]
    EndHandshakes,
    /// Every connection, as RFC 1122 §4.2.3.9 has it (SHLD-26).
    EndConnections,
}

/// How an idle connection is probed (RFC 9293 §3.8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// Idle time before the first probe, two hours unless told otherwise (MUST-28).
    pub idle: Duration,
    /// Time between unanswered probes.
    pub interval: Duration,
    /// Unanswered probes before the connection counts as dead; one is not enough (MUST-29).
    pub count: u32,
}

impl Default for KeepAlive {
    fn default() -> KeepAlive {
        KeepAlive { idle: Duration::from_hours(2), interval: Duration::from_secs(75), count: 9 }
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            mss: 1460,
            default_mss: 536,
            receive_buffer: 65_535,
            send_buffer: 65_535,
            window_scale: true,
            timestamps: true,
            require_timestamps: true,
            timestamp_offset: None,
            sack: true,
            duplicate_sack: true,
            syn_options: OptionOrder::default(),
            delayed_ack: Some(Duration::from_millis(200)),
            quick_acks: 0,
            initial_window: InitialWindow::default(),
            limited_transmit: true,
            congestion_control: CongestionControl::default(),
            ecn: Ecn::default(),
            rack: false,
            tail_loss_probe: false,
            f_rto: false,
            restart_after_idle: true,
            challenge_ack_limit: Some(Limit { count: 10, per: Duration::from_secs(5) }),
            stray_ack_limit: Some(Limit { count: 10, per: Duration::from_secs(5) }),
            blind_attack_checks: true,
            resets_end_time_wait: true,
            reopen_time_wait: Reopening::default(),
            illegal_options: IllegalOptions::default(),
            reset_timestamps: true,
            time_wait_after_abort: false,
            hard_errors: HardErrors::default(),
            nagle: true,
            cork: false,
            msl: Duration::from_mins(2),
            initial_rto: Duration::from_secs(1),
            min_rto: Duration::from_secs(1),
            max_rto: Duration::from_mins(1),
            r2: Duration::from_secs(100),
            r2_syn: Duration::from_mins(3),
            user_timeout: None,
            keep_alive: None,
            soft_errors: SoftErrors::default(),
            path_mtu_discovery: true,
            cautious_path_mtu: false,
            min_path_mtu: 68,
            path_mtu_increase: Some(Duration::from_mins(10)),
            r1: 3,
            retries: None,
            syn_retries: None,
            syn_ack_retries: None,
            fin_wait_2_timeout: None,
            time_wait: None,
            syn_in_syn_received: SynInSynReceived::default(),
            repeat_syn_ack: false,
            window_probe: WindowProbe::default(),
            min_persist: None,
            drop_syn_fin: false,
            black_hole: BlackHole::default(),
            abort_on_overflow: false,
            user_timeout_option: None,
            fast_open: FastOpen::default(),
            #[cfg(feature = "sabotage")]
            sabotage: None,
        }
    }
}

impl Config {
    /// Rcv.Wind.Shift: the least shift with which a 16-bit field can express the whole receive
    /// buffer, at most 14 (RFC 7323 §2.3).
    pub(super) fn wind_shift(&self) -> u8 {
        (0..14).find(|shift| self.receive_buffer >> shift <= 0xffff).unwrap_or(14)
    }
}
