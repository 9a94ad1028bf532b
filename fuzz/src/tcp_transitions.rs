//! Any calls, segments and times on one connection: its state moves only by the table, and its variables keep
//! the relations that RFC 9293 §3.3.1 and §3.8.6 give them.

use arbitrary::{Arbitrary, Unstructured};
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Config, Connection, Event, IcmpError, KeepAlive, PacketTooBig, SoftError, State};
use wirelaw_reference::time::{Duration, Instant};
use wirelaw_reference::wire::{Flags, Segment, TcpOption};

use crate::habits::turned;

/// More segments than this in answer to one input is talking without end.
const MAX_ANSWERS: usize = 70_000;

#[derive(Arbitrary, Debug)]
struct Input {
    /// See [`turned`].
    habits: u32,
    passive: bool,
    iss: u32,
    irs: u32,
    receive_buffer: u16,
    send_buffer: u16,
    checks: bool,
    nagle: bool,
    keep_alive: bool,
    user_timeout: bool,
    steps: Vec<Step>,
}

#[derive(Arbitrary, Debug)]
enum Step {
    Send {
        len: u16,
        urgent: bool,
    },
    Receive {
        len: u16,
    },
    Close,
    Detach,
    Abort,
    /// Milliseconds.
    Wait(u32),
    /// Till the next timer.
    Expire,
    Segment(Incoming),
    /// An ICMP error that quotes a segment.
    Icmp {
        seq: Offset,
        what: u8,
        mtu: u16,
        packet: u16,
    },
}

/// A segment by its distance from what the connection expects, so that most are near an edge.
#[derive(Arbitrary, Debug)]
struct Incoming {
    flags: u8,
    seq: Offset,
    ack: Offset,
    window: u16,
    urgent: u16,
    len: u8,
    mss: Option<u16>,
    scale: Option<u8>,
    sack_permitted: bool,
    /// SACK blocks from SND.UNA on: where they begin and how long they are.
    sack: Option<Vec<(Offset, i16)>>,
    /// TSval and TSecr.
    timestamps: Option<(u32, u32)>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Offset {
    /// From RCV.NXT, or SND.NXT for an acknowledgment.
    FromNext(i8),
    /// From the right edge of the window, or SND.UNA for an acknowledgment.
    FromEdge(i8),
    Anything(u32),
}

/// Interprets the octets as a story and lives through it.
pub fn check(octets: &[u8]) {
    let Ok(input) = Input::arbitrary(&mut Unstructured::new(octets)) else { return };
    let config = Config {
        receive_buffer: usize::from(input.receive_buffer),
        send_buffer: usize::from(input.send_buffer),
        blind_attack_checks: input.checks,
        nagle: input.nagle,
        keep_alive: input.keep_alive.then(KeepAlive::default),
        user_timeout: input.user_timeout.then(|| Duration::from_secs(30)),
        ..turned(input.habits)
    };
    let mut now = Instant::ZERO;
    let mut tcp = if input.passive {
        Connection::open_passive(config, 80, Seq(input.iss))
    } else {
        Connection::open_active(now, config, 80, 81, Seq(input.iss))
    };
    drain(&mut tcp, now);
    for step in &input.steps {
        let before = (tcp.state(), tcp.snd().clone(), tcp.rcv().clone());
        apply(step, &mut tcp, &mut now, Seq(input.irs));
        assert!(reachable(before.0, tcp.state()), "{} -> {} by {step:?}", before.0, tcp.state());
        drain(&mut tcp, now);
        invariants(&tcp, step);
        if before.0.is_synchronized() && tcp.state().is_synchronized() {
            let (snd, rcv) = (tcp.snd(), tcp.rcv());
            assert!(snd.una.is_at_or_after(before.1.una), "SND.UNA went back by {step:?}");
            assert!(snd.nxt.is_at_or_after(before.1.nxt), "SND.NXT went back by {step:?}");
            assert!(rcv.nxt.is_at_or_after(before.2.nxt), "RCV.NXT went back by {step:?}");
            let (old, new) = (before.2.nxt + before.2.wnd, rcv.nxt + rcv.wnd);
            let fin = u32::from(tcp.state().has_received_fin()); // a FIN takes a number, but no room
            assert!((new + fin).is_at_or_after(old), "the window's right edge went from {old} to {new} by {step:?}");
        }
    }
}

fn apply(step: &Step, tcp: &mut Connection, now: &mut Instant, irs: Seq) {
    // what a call returns is for its caller; here only what it does matters
    match step {
        Step::Send { len, urgent } => drop(tcp.send(&vec![7; usize::from(*len)], *urgent)),
        Step::Receive { len } => drop(tcp.receive(usize::from(*len))),
        Step::Close => drop(tcp.close()),
        Step::Detach => drop(tcp.detach()),
        Step::Abort => drop(tcp.abort()),
        Step::Wait(millis) => {
            *now += Duration::from_millis(u64::from(*millis));
            tcp.handle_timeout(*now);
        }
        Step::Expire => {
            *now = tcp.poll_timeout().unwrap_or(*now).max(*now);
            tcp.handle_timeout(*now);
        }
        Step::Icmp { seq, what, mtu, packet } => {
            let seq = seq.from(tcp.snd().nxt, tcp.snd().una);
            let error = match what % 3 {
                0 => IcmpError::Hard,
                1 => IcmpError::Soft(SoftError::HostUnreachable),
                _ => IcmpError::TooBig(PacketTooBig {
                    mtu: u32::from(*mtu),
                    packet: u32::from(*packet),
                    is_v6: what & 64 != 0,
                }),
            };
            tcp.handle_icmp(*now, seq, error);
        }
        Step::Segment(incoming) => {
            let segment = incoming.segment(tcp, irs);
            tcp.handle_segment(*now, &segment);
        }
    }
}

impl Incoming {
    fn segment(&self, tcp: &Connection, irs: Seq) -> Segment {
        let (snd, rcv) = (tcp.snd(), tcp.rcv());
        let flags = Flags(u16::from(self.flags & 0x3f));
        let knows_peer = tcp.state().is_synchronized() || tcp.state() == State::SynReceived;
        let next = if knows_peer { rcv.nxt } else { irs };
        let mss = self.mss.map(TcpOption::Mss);
        let scale = self.scale.map(TcpOption::WindowScale);
        let permitted = self.sack_permitted.then_some(TcpOption::SackPermitted);
        let block = |(left, len): &(Offset, i16)| {
            let left = left.from(snd.nxt, snd.una);
            (left, left + i32::from(*len) as u32)
        };
        let sack = self.sack.as_ref().map(|blocks| TcpOption::Sack(blocks.iter().take(4).map(block).collect()));
        let stamps = self.timestamps.map(|(val, ecr)| TcpOption::Timestamps { val, ecr });
        Segment {
            source_port: 81,
            destination_port: 80,
            seq: self.seq.from(next, next + rcv.wnd),
            ack: self.ack.from(snd.nxt, snd.una),
            flags,
            window: self.window,
            urgent_pointer: self.urgent,
            options: mss.into_iter().chain(scale).chain(permitted).chain(sack).chain(stamps).collect(),
            payload: vec![9; usize::from(self.len)],
        }
    }
}

impl Offset {
    fn from(self, next: Seq, edge: Seq) -> Seq {
        match self {
            Offset::FromNext(by) => next + i32::from(by) as u32,
            Offset::FromEdge(by) => edge + i32::from(by) as u32,
            Offset::Anything(seq) => Seq(seq),
        }
    }
}

/// Sends everything that is due now. That must come to an end.
fn drain(tcp: &mut Connection, now: Instant) {
    for _ in 0..MAX_ANSWERS {
        let Some(segment) = tcp.poll_transmit(now) else { return };
        let up_to = segment.seq + segment.len();
        if !segment.flags.contains(Flags::RST) && tcp.state().is_synchronized() {
            assert!(up_to.is_at_or_before(tcp.snd().nxt), "{segment} was sent beyond SND.NXT {}", tcp.snd().nxt);
            assert_eq!(segment.ack, tcp.rcv().nxt, "{segment} acknowledges something else than RCV.NXT");
        }
        let carried = segment.payload.len() + if segment.payload.is_empty() { 0 } else { segment.options_len() };
        let room = usize::from(tcp.snd().mss).max(1 + segment.options_len()); // an octet of text goes through any path
        assert!(carried <= room, "{segment} is larger than the MSS of {}", tcp.snd().mss);
    }
    panic!("{MAX_ANSWERS} segments at {now} in state {}", tcp.state());
}

fn invariants(tcp: &Connection, step: &Step) {
    let (state, snd) = (tcp.state(), tcp.snd());
    assert_eq!(tcp.fault(), None, "in {state} after {step:?}");
    if state == State::Closed || state == State::Listen {
        assert_eq!(tcp.poll_timeout(), None, "a timer runs in {state} after {step:?}");
        return;
    }
    assert!(snd.una.is_at_or_before(snd.nxt), "SND.UNA {} is beyond SND.NXT {}", snd.una, snd.nxt);
    if snd.in_flight() > 0 || state == State::TimeWait {
        assert!(tcp.poll_timeout().is_some(), "nothing will ever happen in {state} after {step:?}");
    }
    assert!(tcp.readable() <= tcp.config().receive_buffer.max(1), "more was taken than there was room for");
}

/// Whether the table leads from one state to the other. One input can be several events: a segment that
/// acknowledges our FIN and carries the peer's, or several timers at once.
fn reachable(from: State, to: State) -> bool {
    let steps = |states: Vec<State>| -> Vec<State> {
        let next = states.iter().flat_map(|state| Event::ALL.iter().filter_map(|event| state.next(*event)));
        states.iter().copied().chain(next).collect()
    };
    (0..3).fold(vec![from], |states, _| steps(states)).contains(&to)
}
