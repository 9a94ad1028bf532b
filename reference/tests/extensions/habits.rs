//! What deployed stacks do where RFC 9293 leaves a choice, or goes its own way.

use wirelaw_reference::clause;
use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{BlackHole, Connection, Disposition, State, SynInSynReceived, WindowProbe};
use wirelaw_reference::time::Duration;
use wirelaw_reference::wire::{Flags, Segment};

use super::kit::Bench;

/// `tcp_syn_retries`, `tcp_synack_retries`, `tcp_retries2` of Linux.
#[test]
fn retransmissions_can_be_counted() {
    for retries in [0, 1, 5] {
        let mut bench = Bench::connecting(|config| config.syn_retries = Some(retries));
        bench.advance(Duration::from_secs((2 << retries) - 2));
        assert_eq!(bench.state(), State::SynSent);
        bench.advance(Duration::from_secs(1));
        assert_eq!((bench.state(), bench.take().len() as u32), (State::Closed, 1 + retries));

        let mut bench = Bench::listening(|config| config.syn_ack_retries = Some(retries));
        let syn = Segment { seq: Seq(1000), ..bench.segment(Flags::SYN) };
        bench.arrives(&syn);
        bench.advance(Duration::from_secs(1000));
        assert_eq!(bench.take().len() as u32, 1 + retries);

        let mut bench = Bench::established(|config| config.retries = Some(retries));
        bench.send(1);
        bench.advance(Duration::from_secs(1000));
        assert_eq!((bench.state(), bench.take().len() as u32), (State::Closed, 1 + retries));
    }
}

/// `tcp_fin_timeout` of Linux, `finwait2_timeout` of FreeBSD: only if the application has gone.
#[test]
fn fin_wait_2_ends_without_an_application() {
    for closed_first in [true, false] {
        for (detached, ends) in [(true, true), (false, false)] {
            let mut bench = Bench::established(|config| config.fin_wait_2_timeout = Some(Duration::from_mins(1)));
            let id = bench.id.unwrap();
            if !(closed_first && detached) {
                bench.call(Connection::close);
            }
            if closed_first && detached {
                bench.host.detach(id);
                bench.drain();
            }
            bench.ack(2);
            if !closed_first && detached {
                bench.host.detach(id);
                bench.drain();
            }
            assert_eq!(bench.state(), State::FinWait2);
            bench.advance(Duration::from_secs(59));
            assert_eq!(bench.state(), State::FinWait2);
            bench.advance(Duration::from_secs(1));
            assert_eq!(bench.state() == State::Closed, ends);
            let fin = Segment { ack: Seq(2), ..bench.segment(Flags::FIN | Flags::ACK) };
            bench.take();
            bench.arrives(&fin);
            assert_eq!(bench.take()[0].flags.contains(Flags::RST), ends, "nobody is there any more");
        }
    }
}

/// TIME-WAIT has a length of its own where the MSL is no choice.
#[test]
fn time_wait_need_not_be_two_msl() {
    let mut bench = Bench::established(|config| config.time_wait = Some(Duration::from_secs(5)));
    bench.call(Connection::close);
    bench.arrives(&Segment { ack: Seq(2), ..bench.segment(Flags::FIN | Flags::ACK) });
    assert_eq!(bench.state(), State::TimeWait);
    bench.advance(Duration::from_millis(4999));
    assert_eq!(bench.state(), State::TimeWait);
    bench.advance(Duration::from_millis(1));
    assert_eq!(bench.state(), State::Closed);
}

/// A SYN in the window of SYN-RECEIVED, by the RFC, by RFC 5961, and by Linux.
#[test]
fn a_syn_in_syn_received() {
    use SynInSynReceived::{Challenge, Reset, ReturnToListen};
    for (habit, answer, completes) in [
        (ReturnToListen, None, false),
        (Challenge, Some(Flags::ACK), true),
        (Reset, Some(Flags::RST | Flags::ACK), false),
    ] {
        let mut bench = Bench::listening(|config| config.syn_in_syn_received = habit);
        bench.arrives(&Segment { seq: Seq(1000), ..bench.segment(Flags::SYN) });
        bench.take();
        bench.arrives(&Segment { seq: Seq(1001), ..bench.segment(Flags::SYN) });
        assert_eq!(bench.take().first().map(|segment| segment.flags), answer, "{habit:?}");
        bench.arrives(&bench.segment(Flags::ACK));
        assert_eq!(bench.host.accept(bench.listener.unwrap()).is_some(), completes, "{habit:?}");
    }
}

/// Linux and FreeBSD answer the same SYN with the same SYN,ACK.
#[test]
fn a_syn_come_again_draws_the_syn_ack_again() {
    for (repeats, answer) in [(true, Flags::SYN | Flags::ACK), (false, Flags::ACK)] {
        let mut bench = Bench::listening(|config| config.repeat_syn_ack = repeats);
        let syn = Segment { seq: Seq(1000), ..bench.segment(Flags::SYN) };
        bench.arrives(&syn);
        bench.take();
        bench.arrives(&syn);
        assert_eq!(bench.take().iter().map(|segment| segment.flags).collect::<Vec<_>>(), [answer]);
    }
}

/// Linux probes with an old number and no text; FreeBSD does not probe before `persmin`.
#[test]
fn a_closed_window_is_probed_in_two_ways() {
    for (habit, probe, then) in
        [(WindowProbe::NextOctet, (11, 1), (11, 1)), (WindowProbe::OldNumber, (10, 0), (11, 10))]
    {
        let mut bench = Bench::established(|config| {
            config.window_probe = habit;
            config.min_persist = Some(Duration::from_secs(5));
        });
        bench.send(10);
        let shut = Segment { ack: Seq(11), window: 0, ..bench.segment(Flags::ACK) };
        bench.arrives(&shut);
        bench.send(10);
        bench.take();
        bench.advance(Duration::from_millis(4999));
        assert_eq!(bench.lengths(), []);
        bench.advance(Duration::from_millis(1));
        assert_eq!(bench.lengths(), [probe], "{habit:?}");
        bench.arrives(&Segment { window: 1000, ..shut });
        assert_eq!(bench.lengths(), [then], "the window is open: what was probed first");
    }
}

/// `net.inet.tcp.blackhole` and `drop_synfin` of FreeBSD.
#[test]
fn a_host_may_keep_silent() {
    for (habit, answers_syn, answers_ack) in
        [(BlackHole::Off, true, true), (BlackHole::Syns, false, true), (BlackHole::Everything, false, false)]
    {
        let mut bench = Bench::new(false);
        let rules = bench.config(|config| config.black_hole = habit);
        bench.host.set_stray_rules(rules);
        bench.arrives(&bench.segment(Flags::SYN));
        assert_eq!(!bench.take().is_empty(), answers_syn, "{habit:?}");
        bench.arrives(&bench.segment(Flags::ACK));
        assert_eq!(!bench.take().is_empty(), answers_ack, "{habit:?}");
    }
    for (drops, answers) in [(true, 0), (false, 1)] {
        let mut bench = Bench::listening(|_| {});
        let rules = bench.config(|config| config.drop_syn_fin = drops);
        bench.host.set_stray_rules(rules);
        bench.arrives(&Segment { seq: Seq(1000), ..bench.segment(Flags::SYN | Flags::FIN) });
        assert_eq!(bench.take().len(), answers);
    }
}

/// `tcp_abort_on_overflow` of Linux.
#[test]
fn a_full_backlog_may_refuse() {
    for (refuses, clause) in
        [(true, Disposition::Reset(clause::BACKLOG_FULL_RESET)), (false, Disposition::Drop(clause::BACKLOG_FULL))]
    {
        let mut bench = Bench::listening(|config| config.abort_on_overflow = refuses);
        bench.arrives(&bench.segment(Flags::SYN));
        bench.take();
        bench.peer.set_port(4001);
        assert_eq!(bench.arrives(&bench.segment(Flags::SYN)), clause);
        assert_eq!(bench.take().iter().any(|segment| segment.flags.contains(Flags::RST)), refuses);
    }
}
