//! RFC 5482. The test of the formats stands beside the code.

use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Config, KeepAlive, Notice, State, UserTimeoutOption};
use wirelaw_reference::time::Duration;
use wirelaw_reference::wire::{Flags, Segment, TcpOption};

use super::kit::Bench;

fn on(config: &mut Config) {
    config.user_timeout_option = Some(UserTimeoutOption::default());
}

fn told(segment: &Segment) -> Option<&TcpOption> {
    segment.options.iter().find(|option| matches!(option, TcpOption::UserTimeout { .. }))
}

/// The peer tells its timeout with an acknowledgment.
fn peer_tells(bench: &mut Bench, ack: u32, minutes: bool, value: u16) {
    let options = vec![TcpOption::UserTimeout { minutes, value }];
    bench.arrives(&Segment { ack: Seq(ack), options, ..bench.segment(Flags::ACK) });
}

/// When the connection was given up, in seconds from now on.
fn gives_up_after(bench: &mut Bench) -> u64 {
    let start = bench.now;
    while bench.state() != State::Closed {
        bench.advance(Duration::from_secs(1));
        assert!(bench.now.since(start) < Duration::from_hours(24 * 60), "it never gives up");
    }
    assert_eq!(bench.tcp().failure(), Some(Notice::TimedOut));
    bench.now.since(start).as_secs()
}

/// 5482-3-SYN, 5482-3-CHANGE: told on the SYN, on the first segment after it, and when it changes.
#[test]
fn our_timeout_is_told_and_told_again_when_it_changes() {
    let five_minutes = Some(TcpOption::UserTimeout { minutes: false, value: 300 });
    let mut bench = Bench::connecting(on);
    assert_eq!(told(&bench.take()[0]).cloned(), five_minutes);
    bench.arrives(&Segment { seq: Seq(1000), ..bench.segment(Flags::SYN | Flags::ACK) });
    assert_eq!(told(&bench.take()[0]).cloned(), five_minutes, "the first segment after the SYN");
    bench.send(10);
    assert_eq!(told(&bench.take()[0]), None, "once is enough");
    let now = bench.now;
    bench.call(|tcp| {
        tcp.configure(now, |config| config.user_timeout = Some(Duration::from_hours(24)));
        Ok(())
    });
    bench.ack(11);
    bench.send(1460 + 10);
    let segments = bench.take();
    assert_eq!(told(&segments[0]), Some(&TcpOption::UserTimeout { minutes: true, value: 1440 }));
    assert_eq!(segments[0].payload.len(), 1456 - 924, "the option takes room of the 536 octets");
}

/// MUST-6, 5482-3-IGNORE: one that does not know the option never sends it and is not impressed.
#[test]
fn off_it_is_neither_sent_nor_heeded() {
    let mut bench = Bench::established(|_| {});
    bench.send(10);
    assert_eq!(told(&bench.take()[0]), None);
    peer_tells(&mut bench, 1, true, 600);
    assert_eq!(bench.tcp().user_timeout(), None);
    assert!((100..=160).contains(&gives_up_after(&mut bench)), "R2");
}

/// 5482-3.1-FORMULA, -LLIMIT, 5482-3-LIMITS, 5482-3.4-RESERVED: min(U_LIMIT, max(ADV, REMOTE, L_LIMIT)).
#[test]
fn both_sides_agree_within_limits() {
    let seconds = Duration::from_secs;
    for (advertised, (minutes, value), agreed) in [
        (300, (false, 200), 300),
        (200, (false, 300), 300),
        (1, (false, 2), 100),
        (200, (true, 32_767), 3600),
        (7200, (false, 1), 3600),
    ] {
        let mut bench = Bench::established(|config| {
            let advertised = seconds(advertised);
            config.user_timeout_option = Some(UserTimeoutOption { advertised, ..UserTimeoutOption::default() });
        });
        assert_eq!(bench.tcp().user_timeout(), None, "nothing is agreed on yet");
        bench.send(10);
        peer_tells(&mut bench, 1, minutes, 0); // reserved: says nothing
        assert_eq!(bench.tcp().user_timeout(), None);
        peer_tells(&mut bench, 1, minutes, value);
        assert_eq!(bench.tcp().user_timeout(), Some(seconds(agreed)));
        assert_eq!(gives_up_after(&mut bench), agreed);
    }
}

/// A peer that keeps telling new timeouts cannot put off the end: it counts from the first
/// transmission.
#[test]
fn a_change_does_not_start_over() {
    let mut bench = Bench::established(on);
    bench.send(10);
    peer_tells(&mut bench, 1, false, 400);
    for value in 401..=600 {
        bench.advance(Duration::from_secs(1));
        peer_tells(&mut bench, 1, false, value - value % 2);
    }
    assert_eq!(gives_up_after(&mut bench), 400);
}

/// 5482-3.1-LLIMIT-RTO: never below the RTO.
#[test]
fn the_rto_is_a_lower_limit() {
    let mut bench = Bench::established(|config| {
        let second = Duration::from_secs(1);
        config.user_timeout_option = Some(UserTimeoutOption { advertised: second, lower: second, upper: second });
    });
    bench.send(10);
    bench.advance(Duration::from_secs(40)); // retransmissions at 1, 3, 7, 15, 31 s
    peer_tells(&mut bench, 1, false, 1);
    assert_eq!(bench.tcp().user_timeout(), Some(Duration::from_secs(32)));
}

/// 5482-3-APPSET: what the application has set, no peer changes; 5482-3.3-STATES: and in a handshake
/// nothing is agreed on.
#[test]
fn the_application_goes_first_and_handshakes_stay_as_they_are() {
    let mut bench = Bench::established(|config| {
        on(config);
        config.user_timeout = Some(Duration::from_secs(20));
    });
    bench.send(10);
    peer_tells(&mut bench, 1, true, 60);
    assert_eq!(gives_up_after(&mut bench), 20);
    let mut bench = Bench::listening(on);
    let options = vec![TcpOption::UserTimeout { minutes: true, value: 50 }];
    bench.arrives(&Segment { seq: Seq(1000), options, ..bench.segment(Flags::SYN) });
    assert!(told(&bench.take()[0]).is_some());
    let tuple = wirelaw_reference::host::FourTuple { local: bench.local, remote: bench.peer };
    bench.id = bench.host.find(&tuple);
    assert_eq!(bench.tcp().user_timeout(), None);
    bench.arrives(&bench.segment(Flags::ACK));
    assert_eq!(bench.tcp().user_timeout(), Some(Duration::from_mins(50)), "it was on the SYN");
}

/// MUST-21: an application may want to wait for longer than R2 as well.
#[test]
fn the_application_may_be_patient() {
    let mut bench = Bench::established(|config| config.user_timeout = Some(Duration::from_hours(2)));
    bench.send(10);
    assert_eq!(gives_up_after(&mut bench), 7200);
}

/// 5482-4.2-KEEPALIVE: probes do not end what the timeout lets live.
#[test]
fn keep_alive_waits_for_longer() {
    let mut bench = Bench::established(|config| {
        on(config);
        let second = Duration::from_secs(1);
        config.keep_alive = Some(KeepAlive { idle: second, interval: second, count: 2 });
    });
    peer_tells(&mut bench, 1, false, 400);
    bench.take();
    bench.advance(Duration::from_secs(400));
    assert_eq!(bench.take().len(), 0);
    bench.advance(Duration::from_secs(1));
    assert_eq!(bench.take().len(), 1, "the first probe");
}

/// The option has its place beside the others, as long as 40 octets hold them.
#[test]
fn there_is_room_beside_other_options() {
    let mut bench = Bench::connecting(|config| {
        on(config);
        config.timestamps = true;
        config.sack = true;
    });
    assert!(told(&bench.take()[0]).is_some());
}
