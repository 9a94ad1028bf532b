//! SYNs that come again, at the edges of what the steps let through, and the closed window.

use alloc::vec;
use alloc::vec::Vec;

use super::{Connection, Flags, Instant, Seq, State};
use crate::tcp::Config;
use crate::wire::Segment;

const ISS: Seq = Seq(100);
const IRS: Seq = Seq(u32::MAX);

fn segment(flags: Flags, seq: Seq, ack: Seq) -> Segment {
    Segment { source_port: 2, destination_port: 1, flags, seq, ack, window: 5000, ..Segment::default() }
}

/// What the connection says to a segment: flags, in order.
fn answers(tcp: &mut Connection, segment: &Segment) -> Vec<Flags> {
    let now = Instant::from_millis(10);
    tcp.handle_segment(now, segment);
    core::iter::from_fn(|| tcp.poll_transmit(now)).map(|segment| segment.flags).collect()
}

/// SYN-RECEIVED after the two SYNs have crossed, or after a passive open.
fn syn_received(config: Config, passive: bool) -> Connection {
    let mut tcp = if passive {
        Connection::open_passive(config, 1, ISS)
    } else {
        let mut tcp = Connection::open_active(Instant::ZERO, config, 1, 2, ISS);
        assert!(tcp.poll_transmit(Instant::ZERO).is_some());
        tcp
    };
    assert_eq!(answers(&mut tcp, &segment(Flags::SYN, IRS, Seq(0))), [Flags::SYN | Flags::ACK]);
    assert_eq!(tcp.state(), State::SynReceived);
    tcp
}

fn established(config: Config, passive: bool) -> Connection {
    let mut tcp = syn_received(config, passive);
    assert_eq!(answers(&mut tcp, &segment(Flags::ACK, IRS + 1, ISS + 1)), []);
    assert_eq!(tcp.state(), State::Established);
    tcp
}

#[test]
fn of_crossing_syns_only_the_syn_ack_at_irs_counts() {
    let both = Flags::SYN | Flags::ACK;
    let tcp = || syn_received(Config::default(), false);
    let mut done = tcp();
    assert_eq!(answers(&mut done, &segment(both, IRS, ISS + 1)), []);
    assert_eq!(done.state(), State::Established, "figure 7");
    let mut other = tcp();
    assert_eq!(answers(&mut other, &segment(both, IRS + 1, ISS + 1)), [Flags::ACK], "a challenge");
    assert_eq!(other.state(), State::SynReceived);
    let mut again = tcp();
    assert_eq!(answers(&mut again, &segment(Flags::SYN, IRS, Seq(0))), [Flags::ACK], "outside the window");
    let mut passive = syn_received(Config::default(), true);
    assert_eq!(answers(&mut passive, &segment(both, IRS, ISS + 1)), [Flags::ACK], "outside the window");
    assert_eq!(passive.state(), State::SynReceived);
}

#[test]
fn an_established_connection_acknowledges_a_syn_ack_that_comes_again() {
    for blind_attack_checks in [false, true] {
        let mut tcp = established(Config { blind_attack_checks, ..Config::default() }, false);
        assert_eq!(answers(&mut tcp, &segment(Flags::SYN | Flags::ACK, IRS, ISS + 1)), [Flags::ACK]);
        assert_eq!(tcp.state(), State::Established);
    }
}

#[test]
fn the_syn_ack_is_repeated_for_the_same_syn_alone() {
    let both = Flags::SYN | Flags::ACK;
    let config = || Config { repeat_syn_ack: true, ..Config::default() };
    let tcp = || syn_received(config(), true);
    assert_eq!(answers(&mut tcp(), &segment(Flags::SYN, IRS, Seq(0))), [both]);
    assert_eq!(answers(&mut tcp(), &segment(Flags::SYN, IRS.back(9), Seq(0))), [Flags::ACK], "another SYN");
    assert_eq!(answers(&mut tcp(), &segment(both, IRS, ISS + 1)), [Flags::ACK], "no first SYN has an ACK");
    assert_eq!(answers(&mut tcp(), &segment(Flags::ACK, IRS, ISS + 1)), [Flags::ACK], "no SYN at all");
    assert_eq!(answers(&mut established(config(), true), &segment(Flags::SYN, IRS, Seq(0))), [Flags::ACK]);
    assert_eq!(answers(&mut syn_received(config(), false), &segment(Flags::SYN, IRS, Seq(0))), [Flags::ACK]);
    let plain = syn_received(Config { repeat_syn_ack: false, ..config() }, true);
    assert_eq!(answers(&mut plain.clone(), &segment(Flags::SYN, IRS, Seq(0))), [Flags::ACK]);
}

#[test]
fn a_fin_does_not_pass_a_closed_window() {
    let mut tcp = established(Config { receive_buffer: 1000, ..Config::default() }, true);
    let text = Segment { payload: vec![1; 1000], ..segment(Flags::ACK, IRS + 1, ISS + 1) };
    answers(&mut tcp, &text);
    assert_eq!(tcp.info().rcv_wnd, 0);
    let fin = segment(Flags::ACK | Flags::FIN, IRS + 1001, ISS + 1);
    assert_eq!(answers(&mut tcp, &fin), [Flags::ACK]);
    assert_eq!(tcp.state(), State::Established, "there is no room for it");
    assert_eq!(tcp.receive(1000).map(|text| text.len()), Ok(1000));
    assert!(tcp.poll_transmit(Instant::from_millis(10)).is_some_and(|update| update.window == 1000));
    answers(&mut tcp, &fin);
    assert_eq!(tcp.state(), State::CloseWait, "now there is");
}

#[test]
fn over_a_gap_text_is_acknowledged_at_once_and_nothing_else_is() {
    let mut tcp = established(Config::default(), true);
    let text = |at: u32| Segment { payload: vec![1; 100], ..segment(Flags::ACK, IRS + 1 + at, ISS + 1) };
    assert_eq!(answers(&mut tcp, &text(100)), [Flags::ACK], "out of order");
    let bare = segment(Flags::ACK, IRS + 1, ISS + 1);
    assert_eq!(answers(&mut tcp, &bare), [], "an acknowledgment is never acknowledged");
    assert_eq!(answers(&mut tcp, &text(0)), [Flags::ACK], "the gap is filled (RFC 5681 §4.2)");
}
