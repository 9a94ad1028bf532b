//! One TCP connection (RFC 9293), without clock, I/O or randomness.
//!
//! A [`Connection`] has four families of methods and no other:
//!
//! | family | methods | RFC 9293 |
//! |---|---|---|
//! | commands | [`open_passive`](Connection::open_passive), [`open_active`](Connection::open_active), [`open`](Connection::open), [`send`](Connection::send), [`receive`](Connection::receive), [`close`](Connection::close), [`abort`](Connection::abort) | §3.10.1-6 |
//! | input | [`handle_segment`](Connection::handle_segment), [`handle_timeout`](Connection::handle_timeout) | §3.10.7-8 |
//! | output | [`poll_transmit`](Connection::poll_transmit), [`poll_timeout`](Connection::poll_timeout), [`poll_notice`](Connection::poll_notice) | |
//! | getters | [`state`](Connection::state), [`snd`](Connection::snd), [`rcv`](Connection::rcv), … | §3.10.6 |
//!
//! The time is an argument and never goes backwards; so are initial sequence numbers. After any
//! command or input, call `poll_transmit` until it returns nothing, then ask `poll_timeout` when
//! to call `handle_timeout`.
//!
//! Which module holds which part of the RFC:
//!
//! | module | |
//! |---|---|
//! | [`state`] | the states and all transitions, §3.3.2 |
//! | [`tcb`] | the variables, §3.3.1, and the acceptability test, §3.4 |
//! | [`calls`] | user calls, §3.10.1-6 |
//! | [`arrives`] | SEGMENT ARRIVES in CLOSED, LISTEN and SYN-SENT, §3.10.7.1-3; its [`steps`](arrives::steps): the checks of all other states, §3.10.7.4 |
//! | [`timeouts`], [`timers`], [`rto`] | §3.10.8, RFC 6298 |
//! | [`output`] | what to send next: window, Nagle, silly-window avoidance, probes, §3.8.6 |
//! | [`window`] | what to offer: receiver's silly-window avoidance, scaling, §3.8.6.2.2 |
//! | [`info`], [`counters`] | STATUS in numbers, §3.10.6 |
//! | [`sent`], [`recovery`], [`sack`] | what is in flight, when it counts as lost, how it is repaired: RFC 5681 §3.2, 6582, 3042, 2018, 2883, 6675 |
//! | [`rack`], [`tail_loss`] | losses told by time, and probes for them: RFC 8985 |
//! | [`f_rto`] | spurious timeouts: RFC 5682 |
//! | [`congestion`], [`cubic`] | the congestion window: RFC 5681, 6928, 9438 |
//! | [`timestamps`] | PAWS, RTTM: RFC 7323 |
//! | [`ecn`] | congestion that routers tell of by marks: RFC 3168 |
//! | [`delayed_ack`], [`challenge`] | acknowledgments that wait, and those that are rationed: §3.8.6.3, RFC 5961 §7 |
//! | [`config`], [`habits`] | what may differ between conforming stacks; the same by name |
//! | [`reassembly`] | segments out of order, §3.10.7.4 |
//! | [`user_timeout`], [`fast_open`] | RFC 5482, RFC 7413 |
//! | [`icmp`], [`path_mtu`] | ICMP errors, §3.9.2.2, RFC 5927; the size that the path carries, RFC 1191, RFC 8201 |
//! | `octets` | copies out of the buffers |

pub mod arrives;
pub mod calls;
pub mod challenge;
pub mod config;
pub mod congestion;
pub mod counters;
pub mod cubic;
pub mod delayed_ack;
pub mod ecn;
pub mod f_rto;
pub mod fast_open;
mod fingerprint;
pub mod habits;
pub mod icmp;
pub mod info;
mod octets;
pub mod output;
pub mod path_mtu;
pub mod rack;
pub mod reassembly;
pub mod recovery;
#[cfg(test)]
mod rig;
pub mod rto;
mod sabotage;
pub mod sack;
pub mod sent;
pub mod state;
pub mod syn_options;
pub mod tail_loss;
pub mod tcb;
pub mod timeouts;
pub mod timers;
pub mod timestamps;
pub mod user_timeout;
pub mod window;

use alloc::collections::VecDeque;
use alloc::sync::Arc;

#[doc(inline)]
pub use arrives::{Disposition, refusal_in_listen, reset_for};
#[doc(inline)]
pub use calls::CallError;
#[doc(inline)]
pub use config::{
    BlackHole, Config, CongestionControl, FastOpen, HardErrors, IllegalOptions, InitialWindow, KeepAlive, Limit,
    OptionOrder, Reopening, SoftErrors, SynInSynReceived, UserTimeoutOption, WindowProbe,
};
#[doc(inline)]
pub use counters::Counters;
#[doc(inline)]
pub use ecn::{Codepoint, Ecn};
#[doc(inline)]
pub use fast_open::{FastOpenGrant, FastOpenOutcome, FastOpenRequest, fast_open_cookie};
#[doc(inline)]
pub use habits::{HABITS, Habit, HabitError};
#[doc(inline)]
pub use icmp::{IcmpError, SoftError};
#[doc(inline)]
pub use info::{Info, Phase, Segments};
#[doc(inline)]
pub use path_mtu::PacketTooBig;
#[cfg(feature = "sabotage")]
pub use sabotage::Sabotage;
#[doc(inline)]
pub use state::{Event, State};
#[doc(inline)]
pub use tcb::{Rcv, Snd};
#[doc(inline)]
pub use timestamps::Timestamps;
pub(crate) use timestamps::in_options as timestamps_in;

use crate::seq::Seq;
use crate::time::Instant;
use congestion::Congestion;
use delayed_ack::DelayedAck;
use ecn::EcnState;
use path_mtu::PathMtu;
use reassembly::Reassembly;
use recovery::Recovery;
use rto::Rto;
#[cfg(not(feature = "sabotage"))]
use sabotage::Sabotage;
use sent::SentQueue;
use timers::{Timer, Timers};

/// One TCP connection. See the [module](self) for how to drive it.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Shared by the connections of a listener, as long as they do not differ.
    config: Arc<Config>,
    state: State,
    /// Who opened: decides where SYN-RECEIVED falls back to (MUST-11).
    passive: bool,
    local_port: u16,
    remote_port: u16,
    snd: Snd,
    /// The peer has acknowledged our SYN; SND.UNA passes ISS again after 4 GiB.
    syn_acknowledged: bool,
    rcv: Rcv,
    /// Octets sent and not acknowledged, then octets not sent.
    send_buffer: VecDeque<u8>,
    /// The sequence number of the first octet in `send_buffer`.
    send_buffer_seq: Seq,
    /// CLOSE was called: a FIN follows the send buffer.
    fin_queued: bool,
    /// In order, waiting for RECEIVE.
    receive_buffer: VecDeque<u8>,
    /// Octets of the stream in order so far; RCV.NXT in 64 bits.
    received: u64,
    reassembly: Reassembly,
    /// The position at which the peer's FIN stands, known before it is its turn.
    fin_at: Option<u64>,
    /// Nobody will call RECEIVE again: data that arrives now is lost (§3.6.1).
    detached: bool,
    timers: Timers,
    rto: Rto,
    congestion: Congestion,
    recovery: Recovery,
    /// What is in flight, segment by segment; not the SYN.
    sent: SentQueue,
    /// Both SYNs permitted SACK (RFC 2018 §2).
    sack_permitted: bool,
    /// A segment that came twice and of which the next acknowledgment tells (RFC 2883 §4).
    duplicate: Option<(Seq, Seq)>,
    timestamps: Timestamps,
    counters: Counters,
    ecn: EcnState,
    delayed_ack: DelayedAck,
    path_mtu: PathMtu,
    soft_error: Option<SoftError>,
    user_timeout: user_timeout::UserTimeout,
    fast_open: Option<alloc::boxed::Box<fast_open::Handshake>>,
    /// Challenge ACKs, and acknowledgments of segments outside the window.
    challenges: challenge::Spent,
    strays: challenge::Spent,
    /// When data was sent last.
    last_sent_at: Instant,
    pending: Pending,
    /// When the oldest unacknowledged octet was first sent, or last made progress; for R2.
    unacknowledged_since: Option<Instant>,
    /// How often the SYN was sent again (RFC 6298 §5.7, RFC 5681 §3.1, RFC 6928 §2).
    syn_losses: u32,
    keep_alive_probes: u32,
    /// Probes of a closed window in a row that nothing answered.
    silent_probes: u32,
    notices: VecDeque<Notice>,
    /// Why the connection ended, if it did not end in order.
    failure: Option<Notice>,
}

/// What [`Connection::poll_transmit`] owes.
#[derive(Clone, Debug, Default, Hash)]
struct Pending {
    /// Answers that each need a segment of their own.
    replies: VecDeque<Reply>,
    /// The SYN, or SYN,ACK, is to be sent (again).
    syn: bool,
    /// Something was received: the next segment, or one of its own, acknowledges it.
    ack: bool,
    /// One octet beyond a closed window (§3.8.6.1).
    probe: bool,
    /// The override timer allows a small segment (§3.8.6.2.1).
    small_segment: bool,
}

/// A segment that answers another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Reply {
    /// `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`
    Ack,
    /// The keep-alive probe `<SEQ=SND.NXT-1><ACK=RCV.NXT><CTL=ACK>`
    KeepAlive,
    /// `<SEQ=seq><CTL=RST>`, with `<ACK=ack>` if there is one.
    Reset { seq: Seq, ack: Option<Seq> },
}

/// What the application should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// The handshake is complete.
    Established,
    /// The peer has sent its FIN: "connection closing".
    Closing,
    /// The peer has sent urgent data, or moved its urgent pointer (MUST-32).
    Urgent,
    /// The connection was refused: a reset came during the handshake.
    Refused,
    /// An ICMP error says that the peer cannot be reached.
    Unreachable,
    /// An ICMP error says that a segment did not arrive (SHLD-25).
    SoftError(SoftError),
    /// A segment was sent again R1 times, and the peer is still silent (§3.8.3, SHLD-9).
    ExcessiveRetransmission,
    /// The peer reset the connection.
    Reset,
    /// The connection was aborted: user timeout, R2, or unanswered keep-alives.
    TimedOut,
    /// Nothing is left: both sides have closed and TIME-WAIT, if any, is over.
    Closed,
}

impl Connection {
    fn new(config: Arc<Config>, local_port: u16, remote_port: u16, iss: Seq) -> Connection {
        let snd = Snd { iss, una: iss, nxt: iss, up: iss, mss: config.mss.min(config.default_mss), ..Snd::default() };
        let wnd = u32::try_from(config.receive_buffer).unwrap_or(u32::MAX).min(0xffff);
        Connection {
            state: State::Closed,
            passive: false,
            local_port,
            remote_port,
            syn_acknowledged: false,
            rcv: Rcv { wnd, ..Rcv::default() },
            send_buffer: VecDeque::new(),
            send_buffer_seq: iss + 1,
            fin_queued: false,
            receive_buffer: VecDeque::new(),
            received: 0,
            reassembly: Reassembly::default(),
            fin_at: None,
            detached: false,
            timers: Timers::default(),
            rto: Rto::new(&config),
            congestion: Congestion::new(&config, u32::from(snd.mss)),
            recovery: Recovery::default(),
            sent: SentQueue::default(),
            sack_permitted: false,
            duplicate: None,
            timestamps: Timestamps { offset: config.timestamp_offset.unwrap_or(0), ..Timestamps::default() },
            counters: Counters::default(),
            ecn: EcnState::default(),
            delayed_ack: DelayedAck::default(),
            path_mtu: PathMtu::default(),
            soft_error: None,
            user_timeout: user_timeout::UserTimeout::default(),
            fast_open: None,
            challenges: challenge::Spent::default(),
            strays: challenge::Spent::default(),
            last_sent_at: Instant::ZERO,
            pending: Pending::default(),
            unacknowledged_since: None,
            syn_losses: 0,
            keep_alive_probes: 0,
            silent_probes: 0,
            notices: VecDeque::new(),
            failure: None,
            snd,
            config,
        }
    }

    /// The state.
    pub fn state(&self) -> State {
        self.state
    }

    /// Send sequence variables.
    pub fn snd(&self) -> &Snd {
        &self.snd
    }

    /// Receive sequence variables.
    pub fn rcv(&self) -> &Rcv {
        &self.rcv
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The variables of timestamps.
    pub fn timestamps(&self) -> &Timestamps {
        &self.timestamps
    }

    /// Why the connection ended, if it did not end in order.
    pub fn failure(&self) -> Option<Notice> {
        self.failure
    }

    /// Whether the connection was opened by a passive OPEN.
    pub fn is_passive(&self) -> bool {
        self.passive
    }

    /// Octets that RECEIVE can return now.
    pub fn readable(&self) -> usize {
        self.receive_buffer.len()
    }

    /// Octets that SEND can take now.
    pub fn writable(&self) -> usize {
        if self.fin_queued || matches!(self.state, State::Closed | State::Listen) {
            return 0;
        }
        self.config.send_buffer.saturating_sub(self.send_buffer.len())
    }

    /// The next thing the application should know.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// When [`handle_timeout`](Connection::handle_timeout) is to be called next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// What is wrong with the bookkeeping of what is in flight, if anything is: for tests.
    #[doc(hidden)]
    pub fn fault(&self) -> Option<&'static str> {
        let una = self.snd.una + u32::from(!self.syn_is_acknowledged()); // the SYN is not in the queue
        self.sent.fault(una, self.snd.nxt).filter(|_| self.state != State::Closed && self.state != State::Listen)
    }

    /// Whether urgent data has been announced that RECEIVE has not returned (§3.8.5, MUST-32).
    pub fn is_urgent(&self) -> bool {
        self.rcv.up.is_after(self.next_to_receive())
    }

    /// Whether the octet that RECEIVE returns next is the last urgent one (MUST-62).
    pub fn is_at_urgent_mark(&self) -> bool {
        self.rcv.up == self.next_to_receive() + 1
    }

    /// Makes the transition that the table prescribes.
    fn advance(&mut self, event: Event) {
        match self.state.next(event) {
            Some(next) => self.state = next,
            None => debug_assert!(false, "{event:?} does not exist in {}", self.state),
        }
        if self.state == State::Closed {
            self.forget();
        }
    }

    /// Deletes the TCB but for its name, what it still has to send and what it has to tell.
    fn forget(&mut self) {
        self.timers.cancel_all();
        self.send_buffer = VecDeque::new(); // with its memory
        self.reassembly.clear();
        self.sent.clear();
        self.recovery = Recovery::default();
        self.ecn = EcnState::default();
        self.unacknowledged_since = None;
        self.pending = Pending { replies: core::mem::take(&mut self.pending.replies), ..Pending::default() };
        // an acknowledgment of a connection that is gone would be a lie, except the last one of
        // a normal close, which has been queued before the transition
    }

    /// Ends the connection because of an error.
    fn fail(&mut self, event: Event, notice: Notice) {
        self.receive_buffer.clear();
        self.pending.replies.retain(|reply| matches!(reply, Reply::Reset { .. }));
        self.advance(event);
        self.failure = Some(notice);
        self.notices.push_back(notice);
    }

    /// The sequence number after the last octet of the send buffer: the FIN's, once it is queued.
    fn send_end(&self) -> Seq {
        self.send_buffer_seq + self.send_buffer.len() as u32
    }

    fn fin_was_sent(&self) -> bool {
        self.fin_queued && self.snd.nxt.is_after(self.send_end())
    }

    fn syn_is_acknowledged(&self) -> bool {
        self.syn_acknowledged
    }

    fn enter_time_wait(&mut self, now: Instant) {
        self.timers.cancel_all();
        self.unacknowledged_since = None;
        self.send_buffer = VecDeque::new(); // all is acknowledged; TIME-WAIT is long, and needs no memory
        self.receive_buffer.shrink_to_fit();
        let lifetimes = if self.is_sabotaged(Sabotage::NoTimeWait) { 0 } else { 2 };
        self.timers.set(Timer::TimeWait, now + self.config.time_wait.unwrap_or(self.config.msl * lifetimes));
    }
}
