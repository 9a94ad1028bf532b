//! What each call answers in each state, and what it leaves behind.

use alloc::vec::Vec;

use super::super::timers::Timer;
use super::{CallError, Config, Connection, Notice, Reply, State};
use crate::seq::Seq;
use crate::time::{Duration, Instant};

const STATES: [State; 11] = [
    State::Closed,
    State::Listen,
    State::SynSent,
    State::SynReceived,
    State::Established,
    State::FinWait1,
    State::FinWait2,
    State::CloseWait,
    State::Closing,
    State::LastAck,
    State::TimeWait,
];

/// A connection in `state`, its SYN acknowledged, nothing else in flight.
fn in_state(state: State) -> Connection {
    let mut connection = Connection::new(Config { send_buffer: 10, ..Config::default() }.into(), 1, 2, Seq(100));
    connection.state = state;
    (connection.snd.una, connection.snd.nxt) = (Seq(101), Seq(101));
    connection.rcv.nxt = Seq(501);
    connection.fin_queued = state.has_closed() && state != State::Closed;
    connection
}

fn reset() -> Vec<Reply> {
    alloc::vec![Reply::Reset { seq: Seq(101), ack: Some(Seq(501)) }]
}

fn replies(connection: &Connection) -> Vec<Reply> {
    connection.pending.replies.iter().cloned().collect()
}

#[test]
fn only_what_listens_can_be_opened_again() {
    for state in STATES {
        let mut connection = in_state(state);
        connection.passive = true;
        let (nowhere, opened) = (connection.open(Instant::ZERO, 0), connection.open(Instant::ZERO, 80));
        match state {
            State::Closed => assert_eq!(
                (nowhere, opened),
                (Err(CallError::ConnectionDoesNotExist), Err(CallError::ConnectionDoesNotExist))
            ),
            State::Listen => {
                assert_eq!((nowhere, opened), (Err(CallError::RemoteUnspecified), Ok(())));
                assert!(!connection.passive && connection.pending.syn);
                assert_eq!((connection.remote_port, connection.state), (80, State::SynSent));
                assert_eq!((connection.snd.una, connection.snd.nxt), (Seq(100), Seq(101)));
                assert_eq!(connection.poll_timeout(), Some(Instant::from_millis(1000)), "the SYN may be lost");
            }
            _ => assert_eq!(
                (nowhere, opened),
                (Err(CallError::ConnectionAlreadyExists), Err(CallError::ConnectionAlreadyExists))
            ),
        }
    }
}

#[test]
fn the_round_trip_of_the_syn_is_measured() {
    let mut connection = Connection::open_active(Instant::ZERO, Config::default(), 1, 2, Seq(100));
    connection.rto.acknowledged(Seq(101), Instant::from_millis(300));
    assert_eq!(connection.rto.srtt(), Some(Duration::from_millis(300)));
}

#[test]
fn send_takes_what_there_is_room_for() {
    for state in STATES {
        let mut connection = in_state(state);
        let sent = connection.send(b"0123456789ab", false);
        match state {
            State::Closed => assert_eq!(sent, Err(CallError::ConnectionDoesNotExist)),
            State::Listen => assert_eq!(sent, Err(CallError::RemoteUnspecified)),
            _ if connection.fin_queued => assert_eq!(sent, Err(CallError::ConnectionClosing), "{state}"),
            _ => {
                assert_eq!(sent, Ok(10), "{state}");
                assert_eq!(connection.send(b"x", false), Err(CallError::InsufficientResources));
                assert_eq!(connection.send(b"", false), Ok(0), "nothing needs no room");
            }
        }
    }
}

#[test]
fn the_urgent_pointer_stands_behind_the_last_octet_taken() {
    let mut connection = in_state(State::Established);
    connection.snd.up = Seq(101);
    assert_eq!(connection.send(b"plain", false), Ok(5));
    assert_eq!(connection.snd.up, Seq(101));
    assert_eq!(connection.send(b"urgent", true), Ok(5), "as much as there is room for");
    assert_eq!(connection.snd.up, Seq(111));
    let mut idle = in_state(State::Established);
    idle.send_buffer_seq = Seq(105);
    assert_eq!(idle.send(b"", true), Ok(0));
    assert_eq!(idle.snd.up, Seq(100), "no octet is urgent");
}

#[test]
fn receive_and_peek_tell_an_empty_buffer_from_the_end() {
    for state in STATES {
        let expected = match state {
            State::Closed => Err(CallError::ConnectionDoesNotExist),
            _ if state.has_received_fin() => Err(CallError::ConnectionClosing),
            _ => Ok(Vec::new()),
        };
        let mut connection = in_state(state);
        assert_eq!((connection.peek(5), connection.receive(5)), (expected.clone(), expected.clone()), "{state}");
        connection.receive_buffer.extend(b"hello");
        assert_eq!(connection.peek(3), Ok(b"hel".to_vec()), "{state}");
        assert_eq!(connection.receive(3), Ok(b"hel".to_vec()));
        assert_eq!(connection.receive(3), Ok(b"lo".to_vec()));
        assert_eq!(connection.receive(3), expected);
    }
}

#[test]
fn what_is_consumed_is_not_urgent() {
    for (state, fin) in [(State::Established, 0), (State::CloseWait, 1)] {
        let mut connection = in_state(state);
        connection.receive_buffer.extend(b"hello");
        connection.rcv.nxt = Seq(506 + fin);
        connection.rcv.up = Seq(502);
        assert_eq!(connection.receive(3), Ok(b"hel".to_vec()));
        assert_eq!((connection.rcv.up, connection.next_to_receive()), (Seq(504), Seq(504)));
    }
}

#[test]
fn close_in_every_state() {
    use State::{CloseWait, Closed, Established, FinWait1, LastAck, Listen, SynReceived, SynSent};
    for state in STATES {
        let mut connection = in_state(state);
        let after = match state {
            Listen | SynSent => Ok(Closed),
            SynReceived | Established => Ok(FinWait1),
            CloseWait => Ok(LastAck),
            Closed => Err(CallError::ConnectionDoesNotExist),
            _ => Err(CallError::ConnectionClosing),
        };
        assert_eq!(connection.close(), after.map(|_| ()), "{state}");
        assert_eq!(connection.state, after.unwrap_or(state));
        let notice = matches!(state, Listen | SynSent).then_some(Notice::Closed);
        assert_eq!(connection.poll_notice(), notice, "{state}");
        assert_eq!(connection.fin_queued, !matches!(state, Closed | Listen | SynSent));
    }
    let mut waiting = in_state(SynReceived);
    assert_eq!((waiting.send(b"x", false), waiting.close()), (Ok(1), Ok(())));
    assert_eq!((waiting.state, waiting.fin_queued), (SynReceived, true), "until it is established");
}

#[test]
fn an_application_that_leaves_unread_data_resets() {
    use State::{CloseWait, Closed, Established, FinWait1, FinWait2};
    for state in STATES {
        let mut connection = in_state(state);
        connection.receive_buffer.extend(b"unread");
        let resets = matches!(state, Established | CloseWait | FinWait1 | FinWait2);
        let left = connection.detach();
        assert_eq!(left.is_ok(), state != Closed, "{state}: {left:?}");
        assert_eq!(replies(&connection), if resets { reset() } else { Vec::new() }, "{state}");
        assert!(connection.detached);
        if resets {
            assert_eq!((connection.state, connection.readable()), (Closed, 0));
            assert_eq!(connection.poll_notice(), Some(Notice::Closed));
        }
        let mut read = in_state(state);
        assert_eq!(read.detach().is_ok(), state != Closed);
        assert_eq!(replies(&read), [], "{state}: nothing is lost");
    }
}

#[test]
fn abort_in_every_state() {
    use State::{CloseWait, Closed, Established, FinWait1, FinWait2, SynReceived, TimeWait};
    for (state, lingers) in STATES.into_iter().flat_map(|state| [(state, false), (state, true)]) {
        let mut connection = in_state(state);
        connection.configure(Instant::ZERO, |config| config.time_wait_after_abort = lingers);
        connection.receive_buffer.extend(b"unread");
        connection.snd.nxt = Seq(101);
        connection.snd.una = Seq(99);
        if state == Closed {
            assert_eq!(connection.abort(), Err(CallError::ConnectionDoesNotExist));
            continue;
        }
        assert_eq!(connection.abort(), Ok(()), "{state}");
        let resets = matches!(state, SynReceived | Established | FinWait1 | FinWait2 | CloseWait);
        assert_eq!(replies(&connection), if resets { reset() } else { Vec::new() }, "{state}");
        assert_eq!(connection.state, if resets && lingers { TimeWait } else { Closed }, "{state}");
        assert_eq!((connection.readable(), connection.poll_notice()), (0, Some(Notice::Closed)));
        if resets && lingers {
            assert_eq!((connection.snd.una, connection.fin_queued), (Seq(101), true), "nothing is sent again");
        }
    }
}

#[test]
fn what_the_handshake_announced_cannot_be_changed() {
    let mut connection = in_state(State::Established);
    let agreed = (connection.config.mss, connection.config.window_scale);
    connection.unacknowledged_since = Some(Instant::ZERO);
    connection.configure(Instant::ZERO, |config| {
        (config.mss, config.window_scale, config.nagle) = (9, !config.window_scale, false);
        config.keep_alive = Some(super::super::KeepAlive::default());
        config.user_timeout = Some(Duration::from_secs(5));
    });
    assert_eq!((connection.config.mss, connection.config.window_scale), agreed);
    assert!(!connection.config.nagle);
    assert!(connection.timers.is_set(Timer::KeepAlive) && connection.timers.is_set(Timer::User));
}

#[test]
fn errors_are_told_in_the_words_of_the_rfc() {
    use alloc::string::ToString;
    assert_eq!(CallError::ConnectionDoesNotExist.to_string(), "connection does not exist");
    assert_eq!(CallError::InsufficientResources.to_string(), "insufficient resources");
}
