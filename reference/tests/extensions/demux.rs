//! RFC 9293 §3.9, §3.10.7: which packet concerns whom, and what it may do there.

use std::net::IpAddr;

use wirelaw_reference::clause;
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{
    BlackHole, Config, Disposition, HardErrors, IllegalOptions, Notice, Reopening, SoftError, State,
};
use wirelaw_reference::time::Duration;
use wirelaw_reference::wire::{Body, Flags, Icmp, Ip, Packet, Segment, TcpOption};

use super::kit::Bench;

const ELSEWHERE: &str = "192.0.2.99";
const GROUP: &str = "224.0.0.1";

fn packet(bench: &Bench, (source, destination): (Option<&str>, Option<&str>), segment: Segment) -> Packet {
    let or = |text: Option<&str>, address: IpAddr| text.map_or(address, |text| text.parse().unwrap());
    Packet::tcp(or(source, bench.peer.ip()), or(destination, bench.local.ip()), segment)
}

fn syn(bench: &Bench) -> Segment {
    Segment { seq: Seq(1000), ..bench.segment(Flags::SYN) }
}

/// MUST-57, MUST-63: neither what is for somebody else nor what comes from nobody.
#[test]
fn packets_of_others_and_of_groups_are_ignored() {
    for addresses in [(None, Some(ELSEWHERE)), (Some(GROUP), None), (Some(GROUP), Some(ELSEWHERE))] {
        let mut bench = Bench::listening(|config| config.illegal_options = IllegalOptions::Reset);
        let packet = packet(&bench, addresses, syn(&bench));
        let invalid = Disposition::Drop(clause::INVALID_ADDRESS);
        assert_eq!(bench.host.handle_packet(bench.now, &packet), invalid);
        assert_eq!(bench.host.handle_illegal_options(bench.now, &packet), invalid);
        assert!(bench.take().is_empty());
    }
}

/// MUST-7: a listener discards the segment, refuses it, or takes it for what stands before the option.
#[test]
fn a_listener_chooses_what_an_illegal_option_does() {
    let hears = |habit: IllegalOptions, flags: Flags| {
        let mut bench = Bench::listening(|config| config.illegal_options = habit);
        let packet = packet(&bench, (None, None), Segment { flags, ..syn(&bench) });
        let disposition = bench.host.handle_illegal_options(bench.now, &packet);
        (disposition, bench.take().first().map(|answer| answer.flags))
    };
    let illegal = clause::ILLEGAL_OPTION;
    let reset = Some(Flags::RST | Flags::ACK);
    assert_eq!(hears(IllegalOptions::Discard, Flags::SYN), (Disposition::Drop(illegal), None));
    assert_eq!(hears(IllegalOptions::Reset, Flags::SYN), (Disposition::Reset(illegal), reset));
    let never_answered = (Disposition::Drop(clause::LISTEN_RST), None);
    assert_eq!(hears(IllegalOptions::Reset, Flags::RST), never_answered);
    assert_eq!(hears(IllegalOptions::Ignore, Flags::SYN), (Disposition::Accept, Some(Flags::SYN | Flags::ACK)));
}

/// Where nobody listens it is answered as any other; a connection has its own choice.
#[test]
fn an_illegal_option_elsewhere() {
    let mut bench = Bench::new(false);
    let stray = packet(&bench, (None, None), syn(&bench));
    assert_eq!(bench.host.handle_illegal_options(bench.now, &stray), Disposition::Reset(clause::CLOSED_RESET));
    let body = Body::Icmp(Icmp { kind: 8, code: 0, rest: 0, payload: Vec::new() });
    let echo = Packet { ip: Ip::new(bench.peer.ip(), bench.local.ip()), body };
    assert_eq!(bench.host.handle_illegal_options(bench.now, &echo), Disposition::Drop(clause::ICMP_UNKNOWN));

    let mut bench = Bench::established(|config| config.illegal_options = IllegalOptions::Reset);
    let text = Segment { payload: vec![1; 10], ..bench.segment(Flags::ACK) };
    let known = packet(&bench, (None, None), text);
    assert_eq!(bench.host.handle_illegal_options(bench.now, &known), Disposition::Reset(clause::ILLEGAL_OPTION));
    assert_eq!(bench.state(), State::Closed);
    assert_eq!(bench.take().last().map(|answer| answer.flags), Some(Flags::RST | Flags::ACK));
}

/// RFC 7323 §5.2: whether the reset of a stray segment echoes its timestamp is a choice of the host.
#[test]
fn a_stray_segment_is_refused_with_or_without_its_timestamp() {
    for reset_timestamps in [false, true] {
        let mut bench = Bench::new(false);
        bench.host.set_stray_rules(Config { reset_timestamps, ..Config::default() });
        let options = vec![TcpOption::Timestamps { val: 7, ecr: 0 }];
        bench.arrives(&Segment { options, ..syn(&bench) });
        let echo = TcpOption::Timestamps { val: 0, ecr: 7 };
        assert_eq!(bench.take()[0].options.contains(&echo), reset_timestamps);
    }
}

/// The black holes of FreeBSD swallow SYNs, or everything, that nobody waits for.
#[test]
fn a_black_hole_swallows_what_nobody_waits_for() {
    for (black_hole, flags, is_refused) in [
        (BlackHole::Off, Flags::SYN, true),
        (BlackHole::Off, Flags::ACK, true),
        (BlackHole::Syns, Flags::SYN, false),
        (BlackHole::Syns, Flags::ACK, true),
        (BlackHole::Everything, Flags::SYN, false),
        (BlackHole::Everything, Flags::ACK, false),
    ] {
        let mut bench = Bench::new(false);
        bench.host.set_stray_rules(Config { black_hole, ..Config::default() });
        let disposition = bench.arrives(&bench.segment(flags));
        assert_eq!(disposition != Disposition::Drop(clause::BLACK_HOLE), is_refused, "{black_hole:?} {flags:?}");
        assert_eq!(!bench.take().is_empty(), is_refused);
    }
}

/// A listening host with a connection of either family whose text is in flight.
fn in_flight(is_v6: bool) -> Bench {
    let mut bench = Bench::new(is_v6);
    let config = bench.config(|config| config.hard_errors = HardErrors::EndConnections);
    bench.listener = Some(bench.host.listen(bench.local, 1, config).unwrap());
    bench.accept();
    bench.send(10);
    bench
}

/// RFC 1122 §4.2.3.9 and RFC 5461 §2.1, for ICMP and, by meaning, for ICMPv6. `None`: hard.
#[test]
fn every_error_has_its_meaning() {
    use SoftError::{HostUnreachable, NetworkUnreachable, ParameterProblem, TimeExceeded};
    let v4 = (0..16).filter(|code| *code != 4).map(|code| match code {
        2 | 3 => (false, (3, code), None),
        0 | 6 | 9 | 11 => (false, (3, code), Some(NetworkUnreachable)),
        _ => (false, (3, code), Some(HostUnreachable)),
    });
    let v6 = (0..7).map(|code| match code {
        1 | 4 => (true, (1, code), None),
        0 => (true, (1, code), Some(NetworkUnreachable)),
        _ => (true, (1, code), Some(HostUnreachable)),
    });
    let rest = [
        (false, (11, 0), Some(TimeExceeded)),
        (false, (12, 0), Some(ParameterProblem)),
        (true, (3, 1), Some(TimeExceeded)),
        (true, (4, 0), Some(ParameterProblem)), // of ICMPv6, not the source quench of ICMP
    ];
    for (is_v6, message, meaning) in v4.chain(v6).chain(rest) {
        let mut bench = in_flight(is_v6);
        bench.icmp(message, 0, 1, 80);
        let expected = if meaning.is_none() { State::Closed } else { State::Established };
        assert_eq!((bench.state(), bench.tcp().soft_error()), (expected, meaning), "{message:?}, IPv6: {is_v6}");
        assert_eq!(bench.tcp().failure(), meaning.is_none().then_some(Notice::Unreachable));
    }
}

/// MUST-55, and what is no error at all.
#[test]
fn other_messages_mean_nothing() {
    for (is_v6, message, clause) in [
        (false, (4, 0), clause::ICMP_QUENCH),
        (false, (5, 0), clause::ICMP_UNKNOWN),
        (false, (1, 0), clause::ICMP_UNKNOWN),
        (true, (5, 0), clause::ICMP_UNKNOWN),
        (true, (128, 0), clause::ICMP_UNKNOWN),
    ] {
        let mut bench = in_flight(is_v6);
        assert_eq!(bench.icmp(message, 0, 1, 80), Disposition::Drop(clause), "{message:?}, IPv6: {is_v6}");
        assert_eq!((bench.state(), bench.tcp().soft_error()), (State::Established, None));
    }
}

/// A connection in TIME-WAIT whose peer has used the numbers up to 1001.
fn time_wait(reopen: Reopening) -> Bench {
    let mut bench = Bench::listening(|config| config.reopen_time_wait = reopen);
    bench.accept();
    bench.host.detach(bench.id.unwrap());
    bench.take();
    bench.arrives(&Segment { ack: Seq(2), ..bench.segment(Flags::FIN | Flags::ACK) });
    assert_eq!(bench.state(), State::TimeWait);
    bench.take();
    bench
}

/// MAY-2: only a SYN, only beyond the old numbers, only from TIME-WAIT, and only if there is room.
#[test]
fn what_reopens_time_wait() {
    for (reopen, seq, reopens) in [
        (Reopening::Never, 5000, false),
        (Reopening::BySequence, 5000, true),
        (Reopening::BySequence, 1002, true),
        (Reopening::BySequence, 1001, false),
        (Reopening::ByEither, 5000, true),
        (Reopening::ByEither, 1001, false),
    ] {
        let mut bench = time_wait(reopen);
        bench.arrives(&Segment { seq: Seq(seq), ..bench.segment(Flags::SYN) });
        let expected = if reopens { Flags::SYN | Flags::ACK } else { Flags::ACK };
        assert_eq!(bench.take()[0].flags, expected, "{reopen:?} {seq}");
    }
    let mut bench = time_wait(Reopening::BySequence);
    bench.arrives(&Segment { seq: Seq(5000), ack: Seq(2), ..bench.segment(Flags::ACK) });
    assert_eq!((bench.take(), bench.state()), (Vec::new(), State::TimeWait), "no SYN");
    bench.peer.set_port(4001);
    bench.arrives(&syn(&bench)); // the only place in the backlog
    bench.peer.set_port(4000);
    bench.take();
    bench.arrives(&Segment { seq: Seq(5000), ..bench.segment(Flags::SYN) });
    assert_eq!(bench.take()[0].flags, Flags::ACK, "no room");

    let mut bench = Bench::established(|config| config.reopen_time_wait = Reopening::BySequence);
    bench.arrives(&Segment { seq: Seq(5000), ..bench.segment(Flags::SYN) });
    assert_eq!((bench.take()[0].flags, bench.state()), (Flags::ACK, State::Established), "not in TIME-WAIT");
}

/// What answers a SYN at `seq`, with this timestamp, for a connection in TIME-WAIT that has used the
/// numbers up to 1001 and had timestamps up to `old`.
fn knock(reopen: Reopening, old: Option<u32>, new: Option<u32>, seq: u32) -> Option<Flags> {
    let stamp = |val: Option<u32>| val.map(|val| TcpOption::Timestamps { val, ecr: 0 }).into_iter().collect();
    let mut bench = Bench::listening(|config| {
        config.timestamps = true;
        config.reopen_time_wait = reopen;
    });
    bench.arrives(&Segment { options: stamp(old), ..syn(&bench) });
    bench.arrives(&Segment { options: stamp(old), ..bench.segment(Flags::ACK) });
    bench.id = Some(bench.host.accept(bench.listener.unwrap()).unwrap().0);
    bench.host.detach(bench.id.unwrap());
    bench.take();
    bench.arrives(&Segment { options: stamp(old), ack: Seq(2), ..bench.segment(Flags::FIN | Flags::ACK) });
    assert_eq!(bench.state(), State::TimeWait);
    bench.take();
    bench.arrives(&Segment { options: stamp(new), seq: Seq(seq), ..bench.segment(Flags::SYN) });
    bench.take().first().map(|answer| answer.flags)
}

/// A SYN inside of the old numbers reopens TIME-WAIT if its timestamp is newer.
#[test]
fn a_newer_timestamp_reopens_time_wait() {
    for (old, new, reopens) in
        [(Some(10), Some(9), false), (Some(10), Some(10), false), (Some(10), Some(11), true), (None, Some(11), false)]
    {
        let expected = if reopens { Flags::SYN | Flags::ACK } else { Flags::ACK };
        assert_eq!(knock(Reopening::ByEither, old, new, 1001), Some(expected), "{old:?} {new:?}");
    }
}

/// RFC 6191 §2: what it does not honor is dropped without a word.
#[test]
fn timestamps_decide_before_sequence_numbers() {
    for (old, new, seq, reopens) in [
        (Some(10), Some(11), 900, true),
        (Some(10), Some(10), 5000, true),
        (Some(10), Some(10), 900, false),
        (Some(10), Some(9), 5000, false),
        (Some(10), None, 5000, true),
        (Some(10), None, 900, false),
        (None, Some(1), 900, true),
        (None, None, 5000, true),
        (None, None, 900, false),
    ] {
        let expected = reopens.then_some(Flags::SYN | Flags::ACK);
        assert_eq!(knock(Reopening::ByTimestamps, old, new, seq), expected, "{old:?} {new:?} {seq}");
    }
}

/// §3.6.1: TIME-WAIT is kept aside until the new handshake is complete, whatever else arrives before.
#[test]
fn time_wait_comes_back_if_the_new_syn_was_an_old_duplicate() {
    let mut bench = time_wait(Reopening::BySequence);
    bench.arrives(&Segment { seq: Seq(5000), ..bench.segment(Flags::SYN) });
    bench.advance(Duration::from_millis(10));
    bench.arrives(&Segment { seq: Seq(70_000), ..bench.segment(Flags::ACK) }); // outside the window
    bench.arrives(&Segment { seq: Seq(5001), ..bench.segment(Flags::RST) });
    assert_eq!(bench.state(), State::TimeWait);
}
