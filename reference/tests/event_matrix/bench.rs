//! A connection on the test bench: brought into a state by real segments and calls, then prodded.
//!
//! The bench keeps its own book of sequence numbers, so that expectations do not come from the
//! connection that is being judged.

mod subject;
mod want;

use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{CallError, Config, Connection, Disposition, Notice, State};
use wirelaw_reference::time::{Duration, Instant};
use wirelaw_reference::wire::{Flags, Segment, TcpOption};

use crate::case::Case;
pub use subject::{LOCAL, PEER, Subject};
pub use want::Want;

/// The window that we offer, in octets.
pub const WINDOW: u32 = 4000;
/// The window that the peer offers.
pub const PEER_WINDOW: u16 = 10_000;
/// Octets in a full segment, both ways.
pub const MSS: u16 = 1000;

/// That a state and an output have been compared with what a row demands: only [`Bench::ends`] makes it.
#[derive(Debug)]
pub struct Asserted(());

/// What a driver returns.
pub type Outcome = Result<Asserted, String>;

/// Fails the row unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err(format!($($message)+));
        }
    };
}
pub(crate) use ensure;

/// A connection under test. See the [module](self).
pub struct Bench {
    pub subject: Subject,
    pub now: Instant,
    /// Our first number.
    pub iss: Seq,
    /// The peer's first number.
    pub irs: Seq,
    /// SND.NXT as the wire shows it.
    pub snd_nxt: Seq,
    /// RCV.NXT as it must be: what follows everything that the peer has sent in order.
    pub rcv_nxt: Seq,
    /// SND.UNA as it must be: what the peer has acknowledged.
    pub una: Seq,
    /// The window that the peer's next segments offer.
    pub peer_window: u16,
    /// TSval of the peer's next segments; `None`: they carry no timestamps.
    pub stamp: Option<u32>,
    /// What has been sent since the preparations ended.
    pub sent: Vec<Segment>,
    /// What the application was told since then.
    pub notices: Vec<Notice>,
}

impl Bench {
    /// In the state of the row, with nothing in flight but what belongs to the state.
    pub fn new(case: &Case<'_>) -> Bench {
        Bench::with(case, |_| {})
    }

    /// Like [`new`](Bench::new), with another configuration.
    pub fn with(case: &Case<'_>, change: impl Fn(&mut Config)) -> Bench {
        Bench::stamped(case, None, change)
    }

    /// Like [`with`](Bench::with), from a peer whose segments have this TSval.
    pub fn stamped(case: &Case<'_>, stamp: Option<u32>, change: impl Fn(&mut Config)) -> Bench {
        let state = case.state();
        if state.is_synchronized() {
            let mut bench = Bench::stamped_established(case, stamp, change);
            bench.proceed(state);
            return bench;
        }
        let opening = if state == State::SynReceived && case.passive { State::Listen } else { state };
        let opening = if state == State::SynReceived && !case.passive { State::SynSent } else { opening };
        let mut bench = Bench::start(case, opening, change);
        bench.stamp = stamp;
        if state == State::SynReceived {
            bench.arrives_quietly(&Segment { seq: case.irs, ..bench.peer(Flags::SYN) });
            bench.rcv_nxt = case.irs + 1;
        }
        bench.ready(state)
    }

    /// In ESTABLISHED, whatever the row says: [`proceed`](Bench::proceed) leads on.
    pub fn established(case: &Case<'_>, change: impl Fn(&mut Config)) -> Bench {
        Bench::stamped_established(case, None, change)
    }

    fn stamped_established(case: &Case<'_>, stamp: Option<u32>, change: impl Fn(&mut Config)) -> Bench {
        let opening = if case.passive { State::Listen } else { State::SynSent };
        let mut bench = Bench::start(case, opening, change);
        bench.stamp = stamp;
        if case.passive {
            bench.arrives_quietly(&Segment { seq: case.irs, ..bench.peer(Flags::SYN) });
        } else {
            bench.una = case.iss + 1;
            bench.arrives_quietly(&Segment { seq: case.irs, ..bench.peer(Flags::SYN | Flags::ACK) });
        }
        bench.rcv_nxt = case.irs + 1;
        bench.una = case.iss + 1;
        bench.arrives_quietly(&bench.peer(Flags::ACK));
        bench.subject.accept();
        bench.ready(State::Established)
    }

    /// From ESTABLISHED to a later state. The peer acknowledges nothing that it need not.
    pub fn proceed(&mut self, state: State) {
        match state {
            State::FinWait1 => self.close(),
            State::FinWait2 => {
                self.close();
                self.una = self.snd_nxt;
                self.arrives_quietly(&self.peer(Flags::ACK));
            }
            State::CloseWait => self.peer_closes(),
            State::Closing => {
                self.close();
                self.peer_closes();
            }
            State::LastAck => {
                self.peer_closes();
                self.close();
            }
            State::TimeWait => {
                self.proceed(State::FinWait2);
                self.peer_closes();
            }
            _ => {}
        }
        assert_eq!(self.state(), state, "the preparations failed");
        self.sent.clear();
        self.notices.clear();
    }

    fn start(case: &Case<'_>, state: State, change: impl Fn(&mut Config)) -> Bench {
        let mut config = config(case);
        change(&mut config);
        let now = Instant::from_millis(1000);
        let mut bench = Bench {
            subject: Subject::open(case, state, config, now),
            now,
            iss: case.iss,
            irs: case.irs,
            snd_nxt: case.iss,
            rcv_nxt: case.irs,
            una: case.iss,
            peer_window: PEER_WINDOW,
            stamp: None,
            sent: Vec::new(),
            notices: Vec::new(),
        };
        bench.drain();
        bench.ready(state)
    }

    fn ready(mut self, state: State) -> Bench {
        assert_eq!(self.state(), state, "the preparations failed");
        self.sent.clear();
        self.notices.clear();
        self
    }

    fn close(&mut self) {
        self.call(Connection::close).expect("open until now");
        self.drain();
    }

    fn peer_closes(&mut self) {
        self.arrives_quietly(&self.peer(Flags::FIN | Flags::ACK));
        self.rcv_nxt += 1;
    }

    /// The peer's next segment in order, without text, acknowledging what it has to.
    pub fn peer(&self, flags: Flags) -> Segment {
        Segment {
            source_port: PEER.port(),
            destination_port: LOCAL.port(),
            seq: self.rcv_nxt,
            ack: if flags.contains(Flags::ACK) { self.una } else { Seq(0) },
            flags,
            window: self.peer_window,
            options: self.stamp.map(|val| TcpOption::Timestamps { val, ecr: 0 }).into_iter().collect(),
            ..Segment::default()
        }
    }

    /// The same with text.
    pub fn peer_text(&self, text: &[u8]) -> Segment {
        Segment { payload: text.to_vec(), ..self.peer(Flags::ACK) }
    }

    /// A segment arrives; what it draws is kept in `sent` and `notices`.
    pub fn arrives(&mut self, segment: &Segment) -> Disposition {
        let disposition = self.subject.handle_segment(self.now, segment);
        self.note();
        self.drain();
        disposition
    }

    /// The same, as part of the preparations.
    pub fn arrives_quietly(&mut self, segment: &Segment) {
        self.arrives(segment);
        self.sent.clear();
    }

    /// A segment arrives with an option of illegal length behind those that it has.
    pub fn arrives_with_illegal_options(&mut self, segment: &Segment) -> Disposition {
        let disposition = self.subject.handle_illegal_options(self.now, segment);
        self.note();
        self.drain();
        disposition
    }

    /// A user call. What it makes the connection send is seen by [`drain`](Bench::drain).
    pub fn call<T>(&mut self, call: impl FnOnce(&mut Connection) -> Result<T, CallError>) -> Result<T, CallError> {
        let result = self.subject.call(call);
        self.note();
        result
    }

    /// SEND, as part of the preparations.
    pub fn send(&mut self, octets: &[u8]) {
        assert_eq!(self.call(|tcp| tcp.send(octets, false)), Ok(octets.len()), "there is room");
        self.drain();
        self.sent.clear();
    }

    /// Lets time pass; timers expire on the way.
    pub fn wait(&mut self, span: Duration) {
        let end = self.now + span;
        while self.subject.poll_timeout().is_some_and(|at| at <= end) {
            self.next_timer();
        }
        self.now = end;
    }

    /// The next timer expires, if one is running; how long that took.
    pub fn next_timer(&mut self) -> Option<Duration> {
        let at = self.subject.poll_timeout()?;
        let waited = at.since(self.now);
        self.now = self.now.max(at);
        self.subject.handle_timeout(self.now);
        self.note();
        self.drain();
        Some(waited)
    }

    fn note(&mut self) {
        self.subject.note(&mut self.notices);
    }

    /// Collects what is sent.
    pub fn drain(&mut self) {
        while let Some(segment) = self.subject.poll_transmit(self.now) {
            if !segment.flags.contains(Flags::RST) {
                self.snd_nxt = self.snd_nxt.later(segment.end());
            }
            self.sent.push(segment);
            assert!(self.sent.len() < 1000, "it never stops sending");
        }
    }

    pub fn state(&self) -> State {
        self.subject.state()
    }

    /// The connection, for its getters.
    pub fn tcp(&self) -> &Connection {
        self.subject.connection().expect("the row keeps the connection")
    }

    /// `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`
    pub fn ack(&self) -> Want {
        self.ack_of(0)
    }

    /// The same, acknowledging `octets` beyond what had come before.
    pub fn ack_of(&self, octets: u32) -> Want {
        Want::new(Flags::ACK, self.snd_nxt).ack(self.rcv_nxt + octets)
    }

    /// `<SEQ=SND.NXT><CTL=RST>`
    pub fn abort(&self) -> Want {
        Want::new(Flags::RST, self.snd_nxt).may_ack(self.rcv_nxt)
    }

    /// Compares the state with the row's next state, and what was sent with `wants`; then forgets
    /// what was sent, for drivers that go on.
    pub fn ends(&mut self, case: &Case<'_>, wants: &[Want]) -> Outcome {
        self.drain();
        self.keeps_silent_but_for(wants)?;
        ensure!(self.state() == case.next, "state expected {}, got {}", case.next, self.state());
        Ok(Asserted(()))
    }

    /// Compares what was sent with `wants` and forgets it.
    pub fn keeps_silent_but_for(&mut self, wants: &[Want]) -> Result<(), String> {
        self.drain();
        let same =
            self.sent.len() == wants.len() && self.sent.iter().zip(wants).all(|(segment, want)| want.is(segment));
        let wanted = want::list(wants.iter().map(|want| want.show(self.iss, self.irs)));
        let got = want::list(self.sent.iter().map(|segment| want::show(segment, self.iss, self.irs)));
        ensure!(same, "sent expected {wanted}, got {got}");
        self.sent.clear();
        Ok(())
    }

    /// Whether the application was told.
    pub fn told(&self, notice: Notice) -> Result<(), String> {
        ensure!(self.notices.contains(&notice), "{notice:?} expected, told {:?}", self.notices);
        Ok(())
    }

    /// That the application was not told.
    pub fn not_told(&self, notice: Notice) -> Result<(), String> {
        ensure!(!self.notices.contains(&notice), "no {notice:?} expected, told {:?}", self.notices);
        Ok(())
    }
}

/// Small round numbers, and timers of data that do not interfere with each other.
fn config(case: &Case<'_>) -> Config {
    Config {
        mss: MSS,
        default_mss: MSS,
        receive_buffer: WINDOW as usize,
        send_buffer: 8000,
        window_scale: false,
        blind_attack_checks: case.blind_attack_checks,
        delayed_ack: None,
        challenge_ack_limit: None,
        ..Config::default()
    }
}
