//! smoltcp behind the socket layer, with real packets: the test plays the peer.

mod kit;
mod storm;

use wirelaw_reference::seq::Seq;
use wirelaw_reference::wire::{Flags, Segment, TcpOption};

use self::kit::{Kit, connect, listen_on, read, socket, write};
use super::{CAPABILITIES, Smoltcp};
use crate::posix::{Errno, SO_LINGER, SOL_SOCKET, TCP_USER_TIMEOUT};
use crate::stack::engine::{Engine, SocketOptions};
use crate::stack::{Capability, StackError};
use crate::trace::{Call, Fd, Instant};

#[test]
fn the_profile_says_which_smoltcp_it_is_and_what_it_can_do() {
    let profile = Kit::v4().profile();
    assert_eq!(profile.name, "smoltcp");
    assert!(profile.version.starts_with("0.1"), "{}", profile.version);
    assert_eq!(profile.capabilities, CAPABILITIES);
    assert!(!profile.capabilities.contains(&Capability::Backlog));
}

#[test]
fn the_first_isn_is_the_chosen_one() {
    for isn in [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, u32::MAX] {
        let mut active = Kit::new(false, Seq(isn));
        active.start(socket(false));
        active.start(connect(active.remote(80)));
        assert_eq!(active.segment().seq, Seq(isn));
        let mut passive = Kit::new(true, Seq(isn));
        passive.listen(80);
        assert_eq!(passive.syn(1000, Seq(7)).seq, Seq(isn));
    }
}

#[test]
fn later_isns_are_the_chosen_ones_too_then_smoltcps_own() {
    let mut kit = Kit::with_isns(&[5, 0x8000_0000, 0]);
    assert_eq!(kit.call(socket(false)), Ok(3));
    listen_on(&mut kit, 80, 5);
    let first = kit.syn(1001, Seq(1));
    kit.send(Flags::ACK, Seq(2), first.seq + 1, b"");
    kit.send(Flags::ACK | Flags::PSH, Seq(2), first.seq + 1, b"x"); // draws no number
    kit.segment();
    assert_eq!((first.seq, kit.syn(1002, Seq(1)).seq), (Seq(5), Seq(0x8000_0000)));
    assert_eq!(kit.call(socket(false)), Ok(4));
    kit.start(Call::Connect { fd: Fd(4), address: kit.remote(81) });
    assert_eq!(kit.segment().seq, Seq(0));
    assert_ne!(kit.syn(1003, Seq(1)).seq, kit.syn(1004, Seq(1)).seq);
}

#[test]
fn a_connection_that_is_reset_before_accept_is_accepted_with_its_peer() {
    let mut kit = Kit::v4();
    let fd = kit.listen(80);
    let syn_ack = kit.syn(1001, Seq(10));
    kit.send(Flags::ACK, Seq(11), syn_ack.seq + 1, b"");
    kit.send(Flags::RST, Seq(11), Seq(0), b"");
    let accepted = kit.full(Call::Accept { fd: Fd(fd) });
    assert_eq!(accepted.peer, Some(kit.remote(1001)));
    assert_eq!(kit.call(read(accepted.value as i32, 1)), Err(Errno::ECONNRESET));
}

#[test]
fn runs_with_one_seed_are_alike() {
    let run = || {
        let mut kit = Kit::v4();
        kit.listen(80);
        (0..3).map(|port| kit.syn(1000 + port, Seq(1))).collect::<Vec<Segment>>()
    };
    assert_eq!(run(), run());
}

#[test]
fn a_connection_is_opened_used_and_closed() {
    for is_ipv6 in [false, true] {
        let mut kit = Kit::new(is_ipv6, Seq(100));
        assert_eq!(kit.call(socket(is_ipv6)), Ok(3));
        let ticket = kit.start(connect(kit.remote(80)));
        let syn = kit.segment();
        assert_eq!((syn.flags, syn.seq, syn.destination_port), (Flags::SYN, Seq(100), 80));
        assert!(syn.options.contains(&TcpOption::Mss(if is_ipv6 { 1440 } else { 1460 })));
        kit.local_port = syn.source_port;
        kit.peer_port = 80;
        kit.send(Flags::SYN | Flags::ACK, Seq(500), Seq(101), b"");
        let ack = kit.segment();
        assert_eq!((ack.flags, ack.seq, ack.ack), (Flags::ACK, Seq(101), Seq(501)));
        assert_eq!(kit.returned(ticket).value, 0);

        assert_eq!(kit.call(write(3, b"question")), Ok(8));
        assert_eq!(kit.segment().payload, b"question");
        let ticket = kit.start(read(3, 100));
        kit.send(Flags::ACK | Flags::PSH, Seq(501), Seq(109), b"answer");
        assert_eq!(kit.returned(ticket).data, b"answer");
        assert_eq!(kit.segment().ack, Seq(507));

        assert_eq!(kit.call(Call::Shutdown { fd: Fd(3), how: 1 }), Ok(0));
        let fin = kit.segment();
        assert_eq!((fin.flags, fin.seq), (Flags::FIN | Flags::ACK, Seq(109)));
        assert_eq!(kit.call(write(3, b"x")), Err(Errno::EPIPE));
        let ticket = kit.start(read(3, 100));
        kit.send(Flags::FIN | Flags::ACK, Seq(507), Seq(110), b"");
        assert_eq!(kit.segment().ack, Seq(508));
        assert_eq!(kit.returned(ticket).value, 0);
        assert_eq!(kit.call(Call::Close { fd: Fd(3) }), Ok(0));
        kit.wait(Instant::from_millis(120_000));
        assert!(kit.is_silent());
    }
}

#[test]
fn a_refused_connect_says_so() {
    let mut kit = Kit::v4();
    kit.call(socket(false)).expect("a socket");
    let ticket = kit.start(connect(kit.remote(80)));
    let syn = kit.segment();
    (kit.local_port, kit.peer_port) = (syn.source_port, 80);
    kit.send(Flags::RST | Flags::ACK, Seq(0), syn.seq + 1, b"");
    assert_eq!(kit.returned(ticket).errno, Some(Errno::ECONNREFUSED));
    assert_eq!(kit.call(write(3, b"x")), Err(Errno::EPIPE));
}

#[test]
fn a_reset_is_told_once() {
    let mut kit = Kit::v4();
    let (fd, peer) = kit.accepted(80);
    kit.send(Flags::ACK, peer, Seq(1), b"data");
    kit.send(Flags::RST, peer + 4, Seq(0), b"");
    assert_eq!(kit.full(read(fd, 9)).data, b"data");
    assert_eq!(kit.call(read(fd, 9)), Err(Errno::ECONNRESET));
    assert_eq!(kit.call(read(fd, 9)), Ok(0));
    assert_eq!(kit.call(write(fd, b"x")), Err(Errno::EPIPE));
}

#[test]
fn a_closed_port_answers_with_a_reset() {
    let mut kit = Kit::v4();
    let answer = kit.syn(1000, Seq(41));
    assert_eq!((answer.flags, answer.seq, answer.ack), (Flags::RST | Flags::ACK, Seq(0), Seq(42)));
}

#[test]
fn a_backlog_of_two_serves_two_in_the_order_of_establishment() {
    let mut kit = Kit::v4();
    kit.call(socket(false)).expect("a socket");
    listen_on(&mut kit, 80, 2);
    let first = kit.syn(1001, Seq(10));
    let second = kit.syn(1002, Seq(20));
    assert_eq!(kit.syn(1003, Seq(30)).flags, Flags::RST | Flags::ACK);
    assert_eq!(kit.call(Call::Fcntl { fd: Fd(3), command: 4, argument: 0o4000 }), Ok(0));
    assert_eq!(kit.call(Call::Accept { fd: Fd(3) }), Err(Errno::EAGAIN));
    kit.peer_port = 1002;
    kit.send(Flags::ACK, Seq(21), second.seq + 1, b"");
    kit.peer_port = 1001;
    kit.send(Flags::ACK, Seq(11), first.seq + 1, b"");
    let accepted = kit.full(Call::Accept { fd: Fd(3) });
    assert_eq!((accepted.value, accepted.peer.map(|peer| peer.port())), (4, Some(1002)));
    // There is room for one more now.
    assert_eq!(kit.syn(1004, Seq(40)).flags, Flags::SYN | Flags::ACK);
    let accepted = kit.full(Call::Accept { fd: Fd(3) });
    assert_eq!((accepted.value, accepted.peer.map(|peer| peer.port())), (5, Some(1001)));
}

#[test]
fn closing_a_listener_resets_who_was_not_accepted() {
    let mut kit = Kit::v4();
    kit.call(socket(false)).expect("a socket");
    listen_on(&mut kit, 80, 3);
    let syn_ack = kit.syn(1001, Seq(10));
    kit.send(Flags::ACK, Seq(11), syn_ack.seq + 1, b"");
    kit.syn(1002, Seq(20));
    assert_eq!(kit.call(Call::Close { fd: Fd(3) }), Ok(0));
    let ports = [kit.segment(), kit.segment()].map(|segment| {
        assert!(segment.flags.contains(Flags::RST));
        segment.destination_port
    });
    assert_eq!(ports, [1001, 1002]);
    assert!(kit.syn(1003, Seq(10)).flags.contains(Flags::RST));
}

#[test]
fn linger_zero_aborts() {
    let mut kit = Kit::v4();
    let (fd, _) = kit.accepted(80);
    let value = [1_i32.to_le_bytes(), 0_i32.to_le_bytes()].concat();
    let linger = Call::SetOption { fd: Fd(fd), level: SOL_SOCKET as i32, name: SO_LINGER as i32, value };
    assert_eq!(kit.call(linger), Ok(0));
    assert_eq!(kit.call(Call::Close { fd: Fd(fd) }), Ok(0));
    assert!(kit.segment().flags.contains(Flags::RST));
    kit.wait(Instant::from_millis(60_000));
    assert!(kit.is_silent());
}

#[test]
fn a_user_timeout_ends_a_connect() {
    let mut kit = Kit::v4();
    kit.call(socket(false)).expect("a socket");
    let value = 5000_i32.to_le_bytes().to_vec();
    assert_eq!(kit.call(Call::SetOption { fd: Fd(3), level: 6, name: TCP_USER_TIMEOUT as i32, value }), Ok(0));
    let ticket = kit.start(connect(kit.remote(80)));
    kit.wait(Instant::from_millis(6000));
    assert_eq!(kit.returned(ticket).errno, Some(Errno::ETIMEDOUT));
}

#[test]
fn lost_segments_are_sent_again_as_virtual_time_jumps() {
    let mut kit = Kit::v4();
    kit.call(socket(false)).expect("a socket");
    kit.start(connect(kit.remote(80)));
    let syn = kit.segment();
    kit.wait(Instant::from_millis(5000));
    let again = kit.segment();
    assert_eq!((again.flags, again.seq), (Flags::SYN, syn.seq));
}

#[test]
fn what_smoltcp_cannot_do_is_unsupported() {
    let mut kit = Kit::v4();
    kit.call(socket(false)).expect("a socket");
    let set = |level: i32, name: i32, number: i32| Call::SetOption {
        fd: Fd(3),
        level,
        name,
        value: number.to_le_bytes().to_vec(),
    };
    for (name, word) in [(2, "TCP_MAXSEG"), (6, "TCP_KEEPCNT"), (5, "TCP_KEEPINTVL")] {
        let Err(StackError::Unsupported(message)) = kit.try_start(set(6, name, 100)) else { panic!("{word}") };
        assert!(message.contains(word), "{message}");
    }
    assert_eq!(kit.call(set(6, 4, 100)), Ok(0));
    assert_eq!(kit.call(set(6, 5, 100)), Ok(0));
    assert!(kit.try_start(set(1, 8, i32::MAX)).is_err());
    let (fd, _) = kit.accepted(80);
    let buffer = Call::SetOption { fd: Fd(fd), level: 1, name: 8, value: 9000_i32.to_le_bytes().to_vec() };
    assert!(matches!(kit.try_start(buffer), Err(StackError::Unsupported(_))));
}

#[test]
fn the_receive_buffer_is_the_window() {
    let mut kit = Kit::v4();
    kit.call(socket(false)).expect("a socket");
    let value = 3000_i32.to_le_bytes().to_vec();
    assert_eq!(kit.call(Call::SetOption { fd: Fd(3), level: 1, name: 8, value }), Ok(0));
    listen_on(&mut kit, 80, 1);
    assert_eq!(kit.syn(1000, Seq(1)).window, 3000);
}

#[test]
fn senseless_packets_harm_nobody() {
    let mut kit = Kit::v4();
    kit.listen(80);
    let whole = kit.encode(Flags::SYN, Seq(1), Seq(0), b"data");
    for length in 0..whole.len() {
        kit.packet(&whole[..length]);
    }
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut bent = whole.clone();
            bent[place] ^= 1 << bit;
            kit.packet(&bent);
        }
    }
    kit.packet(&vec![0x60; 70_000]);
    kit.wait(Instant::from_millis(1000));
}

#[test]
fn a_panic_in_smoltcp_breaks_the_run_and_no_more() {
    let mut kit = Kit::v4();
    kit.setup.mtu = 10; // an MSS below zero
    let mut engine = Smoltcp::new(&kit.setup).expect("made");
    let remote = kit.remote(80);
    engine.connect(Instant::ZERO, None, remote, &SocketOptions::default()).expect("made");
    assert_eq!(engine.poll_packet(Instant::ZERO), None);
    // Without overflow checks smoltcp sends some nonsense or panics elsewhere: both are its own.
    if let Err(error) = engine.health() {
        assert!(matches!(&error, StackError::Broken(why) if why.starts_with("smoltcp panicked: ")), "{error}");
        assert_eq!(engine.poll_deadline(Instant::ZERO), None);
    }
}
