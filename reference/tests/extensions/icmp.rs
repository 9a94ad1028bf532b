//! RFC 9293 §3.9.2.2 and §3.8.3, RFC 5927 §4.1, RFC 5461.

use wirelaw_reference::clause;
use wirelaw_reference::tcp::{Disposition, HardErrors, Notice, SoftError, SoftErrors, State};
use wirelaw_reference::time::Duration;

use super::kit::Bench;

const HOST_UNREACHABLE: (u8, u8) = (3, 1);
const PORT_UNREACHABLE: (u8, u8) = (3, 3);

/// RFC 5927 §4.1: what is acknowledged, or was never sent, cannot have caused an error.
#[test]
fn only_what_is_in_flight_can_have_caused_an_error() {
    for (seq, believed) in [(0, false), (u32::MAX, false), (1, true), (500, true), (1000, true), (1001, false)] {
        let mut bench = Bench::established(|config| config.hard_errors = HardErrors::EndConnections);
        bench.send(1000);
        let disposition = bench.icmp(PORT_UNREACHABLE, 0, seq, 1040);
        assert_eq!(bench.state() == State::Closed, believed, "sequence number {seq}");
        assert_eq!(disposition == Disposition::Drop(clause::ICMP_OUTSIDE), !believed);
    }
}

/// SHLD-25: a soft error ends nothing, is told once, and is the reason when the connection times out.
#[test]
fn soft_errors_are_remembered_until_there_is_progress() {
    let mut bench = Bench::established(|_| {});
    bench.notices();
    bench.send(10);
    for _ in 0..1000 {
        assert_eq!(bench.icmp(HOST_UNREACHABLE, 0, 1, 50), Disposition::Drop(clause::ICMP_ENDURED));
    }
    assert_eq!(bench.notices(), [Notice::SoftError(SoftError::HostUnreachable)], "however often it comes");
    bench.icmp((11, 0), 0, 1, 50);
    assert_eq!(bench.tcp().soft_error(), Some(SoftError::TimeExceeded));
    bench.ack(11);
    assert_eq!(bench.tcp().soft_error(), None);
    bench.send(10);
    bench.icmp((12, 0), 0, 11, 50);
    bench.advance(Duration::from_mins(10));
    assert_eq!(bench.tcp().failure(), Some(Notice::TimedOut));
    assert_eq!(bench.tcp().soft_error(), Some(SoftError::ParameterProblem));
}

/// RFC 5461 §4.1-2: what Linux and FreeBSD do to a handshake.
#[test]
fn soft_errors_may_end_handshakes() {
    for (habit, retransmissions, ends) in [
        (SoftErrors::Remember, 5, false),
        (SoftErrors::EndHandshakes, 0, true),
        (SoftErrors::EndHandshakesAfter(3), 3, false),
        (SoftErrors::EndHandshakesAfter(3), 4, true),
    ] {
        let mut bench = Bench::connecting(|config| config.soft_errors = habit);
        bench.advance(Duration::from_secs((1 << retransmissions) - 1));
        assert_eq!(bench.take().len(), retransmissions + 1);
        bench.icmp(HOST_UNREACHABLE, 0, 0, 60);
        assert_eq!(bench.state() == State::Closed, ends, "{habit:?} after {retransmissions}");
        let mut bench = Bench::established(|config| config.soft_errors = habit);
        bench.send(10);
        bench.icmp(HOST_UNREACHABLE, 0, 1, 50);
        assert_eq!(bench.state(), State::Established, "{habit:?}");
    }
}

/// MUST-20, SHLD-9, SHLD-10: the application hears of the third retransmission, and only of it.
#[test]
fn the_application_is_told_at_r1() {
    let mut bench = Bench::established(|_| {});
    bench.notices();
    bench.send(10);
    bench.advance(Duration::from_secs(6)); // at 1 and 3 s
    assert_eq!(bench.notices(), []);
    bench.advance(Duration::from_secs(1)); // at 7 s
    assert_eq!(bench.notices(), [Notice::ExcessiveRetransmission]);
    bench.advance(Duration::from_mins(1));
    assert_eq!(bench.notices(), []);
}

/// Whatever a forger writes: nothing panics, and the segment size has a floor.
#[test]
fn hostile_messages_do_no_harm() {
    for is_v6 in [false, true] {
        for kind in 0..=255 {
            for code in [0, 1, 2, 3, 4, 5, 255] {
                let mut bench = Bench::established(|_| {});
                if is_v6 {
                    bench = Bench::new(true);
                    let config = bench.config(|_| {});
                    bench.listener = Some(bench.host.listen(bench.local, 1, config).unwrap());
                    bench.accept();
                }
                bench.send(3000);
                bench.take();
                for (mtu, len) in [(0, 1500), (1, 60), (u32::MAX, 1500), (0xffff, 1500), (67, 1500), (69, 1500)] {
                    bench.icmp((kind, code), mtu, 1, len);
                    bench.icmp((kind, code), mtu, 3000, len);
                }
                let least = if is_v6 { 1220 } else { 28 };
                assert!(bench.tcp().snd().mss >= least, "ICMP {kind} {code}");
                assert_eq!(bench.state(), State::Established);
            }
        }
    }
}
