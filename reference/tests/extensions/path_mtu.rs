//! RFC 1191, RFC 8201, RFC 5927 §7.2.

use wirelaw_reference::clause;
use wirelaw_reference::tcp::{Disposition, HardErrors, State};
use wirelaw_reference::time::Duration;

use super::kit::Bench;

const TOO_BIG: (u8, u8) = (3, 4);
const TOO_BIG_V6: (u8, u8) = (2, 0);

/// What is too large goes out again at once in pieces that fit, what fits does not, and new data
/// comes in the new size.
#[test]
fn what_is_too_large_is_sent_again_in_pieces() {
    let mut bench = Bench::established(|config| config.nagle = false);
    bench.send(100);
    bench.send(1460);
    bench.take();
    assert_eq!(bench.icmp(TOO_BIG, 1040, 101, 1500), Disposition::Accept);
    assert_eq!(bench.lengths(), [(101, 1000), (1101, 460)]);
    bench.ack(1561);
    bench.send(2000);
    assert_eq!(bench.lengths(), [(1561, 1000), (2561, 1000)]);
}

/// RFC 8201 §5.4, RFC 1191 §6.5: the network is not congested, so the window does not shrink, but for an
/// initial one, which is counted in segments (RFC 5681 §3.1).
#[test]
fn the_congestion_window_stays() {
    let mut bench = Bench::established(|_| {});
    bench.send(1460);
    bench.ack(1461); // cwnd 5840
    bench.send(20_000);
    assert_eq!(bench.lengths().len(), 1 + 4);
    bench.icmp(TOO_BIG, 540, 1461, 1500);
    assert_eq!(
        bench.lengths().iter().map(|(_, len)| len).sum::<usize>(),
        5500,
        "as many pieces of 500 as 5840 octets hold"
    );
    let mut bench = Bench::established(|_| {});
    bench.send(20_000);
    assert_eq!(bench.lengths().len(), 3, "the initial window");
    bench.icmp(TOO_BIG, 540, 1, 1500);
    assert_eq!(bench.lengths(), [(1, 500), (501, 500), (1001, 500)], "three segments still");
}

/// RFC 1191 §5: a router that does not know better tells no MTU; then the next plateau below.
#[test]
fn an_old_router_leaves_the_size_to_the_table() {
    let mut bench = Bench::established(|_| {});
    bench.send(4000);
    bench.take();
    let sizes = [1500, 1492, 1006, 508, 296].map(|size| {
        bench.icmp(TOO_BIG, 0, 1, size);
        bench.tcp().snd().mss + 40
    });
    assert_eq!(sizes, [1492, 1006, 508, 296, 68]);
    assert_eq!(bench.icmp(TOO_BIG, 0, 1, 68), Disposition::Drop(clause::PACKET_TOO_BIG_ABSURD));
}

/// RFC 1191 §3, RFC 8201 §4: not up, and not below what every link carries.
#[test]
fn absurd_claims_change_nothing() {
    let mut bench = Bench::established(|_| {});
    bench.send(1460);
    bench.take();
    for mtu in [1500, 1501, 9000, 0xffff] {
        assert_eq!(bench.icmp(TOO_BIG, mtu, 1, 1500), Disposition::Drop(clause::PACKET_TOO_BIG_ABSURD), "{mtu}");
    }
    assert_eq!(bench.lengths(), []);
    bench.icmp(TOO_BIG, 1, 1, 1500);
    assert_eq!(bench.tcp().snd().mss, 28, "68 octets are the least");

    let mut bench = Bench::new(true);
    let config = bench.config(|_| {});
    bench.listener = Some(bench.host.listen(bench.local, 1, config).unwrap());
    bench.accept();
    bench.send(1440);
    bench.take();
    for mtu in [0, 1, 68, 1279, 1500] {
        assert_eq!(bench.icmp(TOO_BIG_V6, mtu, 1, 1500), Disposition::Drop(clause::PACKET_TOO_BIG_ABSURD), "{mtu}");
    }
    bench.icmp(TOO_BIG_V6, 1280, 1, 1500);
    assert_eq!(bench.lengths(), [(1, 1220), (1221, 220)]);
}

/// The least MTU is a choice, as Linux's `min_pmtu`.
#[test]
fn the_floor_can_be_raised() {
    let mut bench = Bench::established(|config| config.min_path_mtu = 552);
    bench.send(1460);
    bench.icmp(TOO_BIG, 68, 1, 1500);
    assert_eq!(bench.tcp().snd().mss, 512);
}

/// RFC 5927 §7.2: a size that has come through is doubted until the segment times out.
#[test]
fn a_size_that_came_through_is_doubted() {
    let mut bench = Bench::established(|config| config.cautious_path_mtu = true);
    bench.send(1460);
    bench.ack(1461); // 1500 octets came through
    bench.send(1460);
    bench.take();
    let delayed = Disposition::Drop(clause::PACKET_TOO_BIG_DELAYED);
    assert_eq!(bench.icmp(TOO_BIG, 1040, 1461, 1500), delayed);
    assert_eq!(bench.lengths(), []);
    bench.ack(2921); // it arrived: the message was false
    bench.send(1460);
    bench.advance(Duration::from_secs(1));
    assert_eq!(bench.lengths(), [(2921, 1460), (2921, 1460)], "the size is what it was");
    bench.advance(Duration::from_millis(100));
    assert_eq!(bench.icmp(TOO_BIG, 1040, 2921, 1500), Disposition::Accept, "it has timed out before");
    assert_eq!(bench.lengths(), [(2921, 1000)]);

    let mut bench = Bench::established(|config| config.cautious_path_mtu = true);
    bench.send(1460);
    assert_eq!(bench.icmp(TOO_BIG, 1499, 1, 1500), Disposition::Accept, "nothing that large came through");
    bench.ack(1460);
    bench.take();
    bench.send(2000);
    bench.icmp(TOO_BIG, 1040, 1460, 1499);
    bench.advance(Duration::from_secs(1));
    assert_eq!(bench.take().last().unwrap().payload.len(), 1000, "after the timeout it counts");
    assert_eq!(
        bench.icmp(TOO_BIG, 1030, 1460, 1499),
        Disposition::Drop(clause::PACKET_TOO_BIG_ABSURD),
        "nothing that large was sent since"
    );
}

/// RFC 1191 §6.3: after ten minutes larger segments are tried, in steps, two minutes apart.
#[test]
fn the_size_goes_up_again() {
    let mut bench = Bench::established(|_| {});
    bench.send(1460);
    bench.icmp(TOO_BIG, 600, 1, 1500);
    bench.ack(1461);
    let sizes = [599, 1, 119, 1, 119, 1, 1000].map(|seconds| {
        bench.advance(Duration::from_secs(seconds));
        bench.tcp().snd().mss + 40
    });
    assert_eq!(sizes, [600, 1006, 1006, 1492, 1492, 1500, 1500]);
    bench.take();
    bench.send(1460);
    assert_eq!(bench.lengths(), [(1461, 1460)]);
    let mut bench = Bench::established(|config| config.path_mtu_increase = None);
    bench.send(1460);
    bench.icmp(TOO_BIG, 600, 1, 1500);
    bench.ack(1461);
    assert_eq!(bench.host.poll_timeout(), None);
}

/// §3.7.2, SHLD-26: without discovery, routers may fragment, and a router that will not is a hard error.
#[test]
fn without_discovery_the_message_is_a_hard_error() {
    for (discovers, state) in [(true, State::Established), (false, State::Closed)] {
        let mut bench = Bench::established(|config| {
            config.path_mtu_discovery = discovers;
            config.hard_errors = HardErrors::EndConnections;
        });
        bench.send(1460);
        assert!(bench.sent.iter().all(|packet| packet.ip.dont_fragment == discovers));
        bench.icmp(TOO_BIG, 600, 1, 1500);
        assert_eq!(bench.state(), state);
    }
}

/// RFC 5927 §7.2: only what is larger than all that was sent is absurd, and only what is smaller than
/// what came through is doubted.
#[test]
fn doubts_begin_beyond_what_was_sent_and_below_what_came_through() {
    let cautious = || Bench::established(|config| config.cautious_path_mtu = true);
    for (mtu, believed) in [(1041, false), (1040, true)] {
        let mut bench = cautious();
        bench.send(1000);
        assert_eq!(bench.icmp(TOO_BIG, mtu, 1, 1040) == Disposition::Accept, believed, "{mtu}");
    }
    for (mtu, at_once) in [(1039, false), (1040, true)] {
        let mut bench = cautious();
        bench.send(1000);
        bench.ack(1001);
        bench.send(1460);
        assert_eq!(bench.icmp(TOO_BIG, mtu, 1001, 1500) == Disposition::Accept, at_once, "{mtu}");
    }
}

/// RFC 1191 §5: the next plateau is below the packet that did not get through, though the path was
/// believed to carry more.
#[test]
fn the_table_is_read_from_the_packet_that_was_dropped() {
    let mut bench = Bench::established(|_| {});
    bench.send(960);
    bench.icmp(TOO_BIG, 0, 1, 1000);
    assert_eq!(bench.tcp().snd().mss + 40, 508);
}

/// What fits to the octet is not sent again.
#[test]
fn what_just_fits_stays_where_it_is() {
    let mut bench = Bench::established(|config| config.nagle = false);
    bench.send(1000);
    bench.send(1001);
    bench.take();
    bench.icmp(TOO_BIG, 1040, 1001, 1041);
    assert_eq!(bench.lengths(), [(1001, 1000), (2001, 1)]);
}

/// In IPv6 the message has no code of hard errors: without discovery it means nothing.
#[test]
fn without_discovery_the_message_means_nothing_in_ipv6() {
    let mut bench = Bench::new(true);
    let config = bench.config(|config| {
        config.path_mtu_discovery = false;
        config.hard_errors = HardErrors::EndConnections;
    });
    bench.listener = Some(bench.host.listen(bench.local, 1, config).unwrap());
    bench.accept();
    bench.send(1440);
    assert_eq!(bench.icmp(TOO_BIG_V6, 1280, 1, 1500), Disposition::Drop(clause::ICMP_ENDURED));
    assert_eq!(bench.state(), State::Established);
}

/// RFC 6864 §4.3: the fragments of two packets must not be taken for those of one; a packet that may
/// not be fragmented needs no identification.
#[test]
fn packets_that_may_be_fragmented_are_told_apart() {
    for discovers in [false, true] {
        let mut bench = Bench::established(|config| {
            config.path_mtu_discovery = discovers;
            config.nagle = false;
        });
        bench.send(1460);
        bench.send(100);
        let headers: Vec<_> = bench.sent.iter().map(|packet| &packet.ip).collect();
        assert!(headers.iter().all(|ip| ip.dont_fragment == discovers));
        let ids: Vec<u16> = headers.iter().map(|ip| ip.identification).collect();
        assert_eq!(ids.len(), 2);
        assert_eq!(ids[0] == ids[1], discovers, "{ids:?}");
    }
}
