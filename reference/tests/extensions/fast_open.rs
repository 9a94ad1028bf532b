//! RFC 7413.

use wirelaw_reference::seq::Seq;
use wirelaw_reference::tcp::{Config, Connection, FastOpenRequest, Notice, State};
use wirelaw_reference::time::{Duration, Instant};
use wirelaw_reference::wire::{Flags, Segment, TcpOption};

use super::kit::{Bench, plain};

const COOKIE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

fn server(pending: u32) -> Bench {
    let mut bench = Bench::new(false);
    let config = bench.config(|config| config.fast_open.pending = pending);
    bench.listener = Some(bench.host.listen(bench.local, 10, config).unwrap());
    bench
}

/// The cookie in a segment, and whether the experimental option carries it.
fn cookie(segment: &Segment) -> Option<(Vec<u8>, bool)> {
    segment.options.iter().find_map(|option| match option {
        TcpOption::FastOpen(cookie) => Some((cookie.clone(), false)),
        TcpOption::FastOpenExperimental(cookie) => Some((cookie.clone(), true)),
        _ => None,
    })
}

fn syn(bench: &Bench, option: TcpOption, text: &[u8]) -> Segment {
    let options = vec![TcpOption::Mss(1460), option];
    Segment { seq: Seq(1000), options, payload: text.to_vec(), ..bench.segment(Flags::SYN) }
}

fn accept(bench: &mut Bench) -> bool {
    let accepted = bench.host.accept(bench.listener.unwrap()).map(|(id, _)| id);
    bench.id = accepted.or(bench.id);
    accepted.is_some()
}

fn received(bench: &mut Bench) -> Vec<u8> {
    bench.host.call(bench.id.unwrap(), |tcp| tcp.receive(100)).unwrap()
}

/// A SYN,ACK of the server, which acknowledges up to `ack`.
fn syn_ack(bench: &Bench, ack: u32, options: Vec<TcpOption>) -> Segment {
    Segment { seq: Seq(1000), ack: Seq(ack), options, ..bench.segment(Flags::SYN | Flags::ACK) }
}

/// A client that sends `data` on its SYN if it may.
fn open(bench: &mut Bench, change: impl FnOnce(&mut Config), data: &[u8]) -> (Segment, Option<usize>) {
    let mut config = bench.config(plain);
    config.fast_open.client = true;
    change(&mut config);
    let (id, queued) = bench.host.connect_fast(bench.now, Some(bench.local), bench.peer, config, data).unwrap();
    bench.id = Some(id);
    (bench.take().remove(0), queued)
}

/// A client that has asked for a cookie and got one; the connection is gone again.
fn client() -> Bench {
    let mut bench = Bench::new(false);
    let (first, queued) = open(&mut bench, |_| {}, b"hello");
    assert_eq!((cookie(&first), first.payload.len(), queued), (Some((vec![], false)), 0, None), "first contact");
    let options = vec![TcpOption::Mss(1000), TcpOption::FastOpen(COOKIE.to_vec())];
    bench.arrives(&syn_ack(&bench, 1, options));
    gone(&mut bench);
    bench
}

fn gone(bench: &mut Bench) {
    let _ = bench.host.call(bench.id.unwrap(), Connection::abort); // a failed one needs none
    bench.host.release(bench.id.unwrap());
    bench.take();
}

/// 7413-4.1.2-MAC: a cookie belongs to one address and one host.
#[test]
fn a_server_gives_a_cookie_that_is_bound_to_the_client() {
    let mut bench = server(5);
    for (option, experimental) in
        [(TcpOption::FastOpen(vec![]), false), (TcpOption::FastOpenExperimental(vec![]), true)]
    {
        bench.peer.set_port(bench.peer.port() + 1);
        bench.arrives(&syn(&bench, option, b"hello"));
        let answer = bench.take().remove(0);
        assert_eq!(answer.ack, Seq(1001), "without a cookie the data does not count");
        assert_eq!(cookie(&answer), Some((bench.host.fast_open_cookie(bench.peer.ip()), experimental)));
        assert!(!accept(&mut bench));
    }
    let other = bench.host.fast_open_cookie("192.0.2.3".parse().unwrap());
    assert_ne!(other, bench.host.fast_open_cookie(bench.peer.ip()));
}

/// 7413-4.2.2-SRV-VALID, -SRV-DATA, -SRV-IW: the data is there before the handshake is complete, and
/// an answer may leave, up to the initial window.
#[test]
fn a_valid_cookie_delivers_at_once() {
    let mut bench = server(5);
    let right = bench.host.fast_open_cookie(bench.peer.ip());
    bench.arrives(&syn(&bench, TcpOption::FastOpen(right), b"hello"));
    let answer = bench.take().remove(0);
    assert_eq!((answer.flags, answer.ack, cookie(&answer)), (Flags::SYN | Flags::ACK, Seq(1006), None));
    assert!(accept(&mut bench));
    assert_eq!((bench.state(), received(&mut bench)), (State::SynReceived, b"hello".to_vec()));
    bench.send(10_000);
    assert_eq!(bench.lengths(), [(1, 1460), (1461, 1460), (2921, 1460)], "three segments of 1460 are IW");
    bench.arrives(&Segment { seq: Seq(1006), ack: Seq(1461), ..bench.segment(Flags::ACK) });
    assert_eq!(bench.state(), State::Established);
    assert_eq!(bench.lengths().first(), Some(&(4381, 1460)));
}

/// 7413-4.2.2-SYNACKRTX: the SYN,ACK that is sent again has neither option nor data.
#[test]
fn a_syn_ack_is_repeated_bare() {
    for give in [false, true] {
        let mut bench = server(5);
        let right = bench.host.fast_open_cookie(bench.peer.ip());
        bench.arrives(&syn(&bench, TcpOption::FastOpen(if give { vec![] } else { right }), b"hello"));
        bench.take();
        bench.advance(Duration::from_secs(1));
        let again = bench.take();
        assert_eq!(again.len(), 1);
        assert_eq!((again[0].flags, cookie(&again[0])), (Flags::SYN | Flags::ACK, None));
        assert!(again[0].payload.is_empty());
        assert_eq!(again[0].ack, if give { Seq(1001) } else { Seq(1006) });
    }
}

/// 7413-4.2.2-SRV-INVALID, 7413-2-OPTIN, 7413-4.2-SRV-OFF, 7413-4.1.1-INVALID: anything else is an
/// ordinary handshake, and the data is held until it is complete.
#[test]
fn anything_else_is_an_ordinary_handshake() {
    let forged = TcpOption::FastOpen(vec![0; 8]);
    let odd = TcpOption::Raw { kind: 34, data: vec![0; 5] };
    for (pending, option, gives) in [(5, forged.clone(), true), (5, odd, false), (0, forged, false)] {
        let mut bench = server(pending);
        bench.arrives(&syn(&bench, option, b"hello"));
        let answer = bench.take().remove(0);
        assert_eq!((answer.ack, cookie(&answer).is_some()), (Seq(1001), gives));
        assert!(!accept(&mut bench));
        bench.arrives(&bench.segment(Flags::ACK));
        assert!(accept(&mut bench));
        assert_eq!(received(&mut bench), b"hello");
    }
}

/// 7413-4.2-LIMIT: above PendingFastOpenRequests, and until some of them are complete.
#[test]
fn the_limit_falls_back_to_the_ordinary_handshake() {
    let mut bench = server(2);
    let right = bench.host.fast_open_cookie(bench.peer.ip());
    let mut acknowledged = Vec::new();
    for port in 1..=4 {
        bench.peer.set_port(port);
        bench.arrives(&syn(&bench, TcpOption::FastOpen(right.clone()), b"hello"));
        acknowledged.push(bench.take()[0].ack.0);
        if port == 3 {
            bench.peer.set_port(1);
            bench.arrives(&Segment { seq: Seq(1006), ..bench.segment(Flags::ACK) });
        }
    }
    assert_eq!(acknowledged, [1006, 1006, 1001, 1006]);
}

/// Somebody may have the connection already: a reset, a SYN, or silence ends it and does not bring
/// back LISTEN.
#[test]
fn what_was_accepted_early_ends_with_an_error() {
    for (flags, failure) in [(Flags::RST, Some(Notice::Reset)), (Flags::SYN, None)] {
        let mut bench = server(5);
        let right = bench.host.fast_open_cookie(bench.peer.ip());
        bench.arrives(&syn(&bench, TcpOption::FastOpen(right), b"hello"));
        assert!(accept(&mut bench));
        bench.arrives(&Segment { seq: Seq(1006), ..bench.segment(flags) });
        assert_eq!(bench.tcp().failure(), failure);
        assert_eq!(bench.state(), if failure.is_some() { State::Closed } else { State::SynReceived });
        bench.advance(Duration::from_hours(1));
        assert_eq!(bench.tcp().failure(), failure.or(Some(Notice::TimedOut)));
    }
}

/// A FIN may ride along; then the peer's half is over once the handshake is.
#[test]
fn a_fin_on_the_syn_counts_after_the_handshake() {
    let mut bench = server(5);
    let right = bench.host.fast_open_cookie(bench.peer.ip());
    let syn = syn(&bench, TcpOption::FastOpen(right), b"hello");
    bench.arrives(&Segment { flags: Flags::SYN | Flags::FIN, ..syn });
    assert!(accept(&mut bench));
    assert_eq!(received(&mut bench), b"hello");
    bench.take();
    bench.arrives(&Segment { seq: Seq(1006), ..bench.segment(Flags::ACK) });
    assert_eq!((bench.state(), bench.take()[0].ack), (State::CloseWait, Seq(1007)));
}

/// 7413-4.2.1-REQ, 7413-4.2.2-NEEDCOOKIE, 7413-4.1.3-CACHE, 7413-4.1.3-MSS: asked once, shown ever after.
#[test]
fn a_client_asks_and_then_shows_its_cookie() {
    let mut bench = client();
    let (syn, queued) = open(&mut bench, |_| {}, &[7; 3000]);
    assert_eq!((syn.flags, cookie(&syn)), (Flags::SYN, Some((COOKIE.to_vec(), false))));
    let room = 1000 - 20; // MSS 4, window scale 4, cookie 10 and its padding 2
    assert_eq!((syn.payload.len(), queued), (room, Some(3000)));
    bench.arrives(&syn_ack(&bench, 1 + room as u32, vec![TcpOption::Mss(1000)]));
    assert_eq!(bench.state(), State::Established);
    assert_eq!(bench.lengths(), [(981, 1000), (1981, 1000)], "what is left, less a small segment (Nagle)");
}

/// 7413-4.2.2-CLI-RTX: data that the SYN,ACK does not acknowledge rides on the ACK that answers it; a
/// new cookie takes the place of the old one.
#[test]
fn data_that_was_not_taken_is_sent_again_at_once() {
    let new = TcpOption::FastOpen(vec![9; 8]);
    for (option, asked_again) in [(Some(new.clone()), Some((vec![9; 8], false))), (None, None)] {
        let mut bench = client();
        open(&mut bench, |_| {}, b"hello");
        let options = [TcpOption::Mss(1000)].into_iter().chain(option).collect();
        bench.arrives(&syn_ack(&bench, 1, options));
        let segments = bench.take();
        assert_eq!(segments.len(), 1);
        assert_eq!((segments[0].seq, segments[0].ack, &segments[0].payload[..]), (Seq(1), Seq(1001), &b"hello"[..]));
        bench.arrives(&Segment { ack: Seq(6), ..bench.segment(Flags::ACK) });
        assert_eq!(bench.tcp().snd().in_flight(), 0);
        gone(&mut bench);
        let (syn, _) = open(&mut bench, |_| {}, b"hello");
        assert_eq!(cookie(&syn), asked_again, "without a new cookie that was a refusal");
    }
}

/// 7413-4.2.2-SYNRTX, 7413-4.2.1-RTX, 7413-4.1.3.1-NEG: silence, a reset or an ICMP error make the
/// client plain, for a while, and for this server's port only.
#[test]
fn trouble_makes_the_client_plain_for_a_while() {
    for trouble in 0..3 {
        let mut bench = client();
        open(&mut bench, |_| {}, b"hello");
        match trouble {
            0 => {
                bench.advance(Duration::from_secs(1));
                let again = bench.take().remove(0);
                assert_eq!((again.flags, cookie(&again), again.payload.len()), (Flags::SYN, None, 0));
                bench.arrives(&syn_ack(&bench, 1, vec![]));
                assert_eq!(bench.lengths(), [(1, 5)], "the data follows");
            }
            1 => {
                let reset = bench.segment(Flags::RST | Flags::ACK);
                bench.arrives(&reset);
                assert_eq!(bench.tcp().failure(), Some(Notice::Refused));
            }
            _ => {
                bench.icmp((3, 3), 0, 0, 60);
                assert_eq!(bench.tcp().failure(), Some(Notice::Unreachable));
            }
        }
        gone(&mut bench);
        let (syn, queued) = open(&mut bench, |_| {}, b"hello");
        assert_eq!((cookie(&syn), syn.payload.len(), queued), (None, 0, None), "trouble {trouble}");
        gone(&mut bench);
        bench.peer.set_port(81);
        let (syn, queued) = open(&mut bench, |_| {}, b"hello");
        assert_eq!((cookie(&syn).is_some(), queued), (true, Some(5)), "another port");
        gone(&mut bench);
        bench.peer.set_port(4000);
        bench.advance(Duration::from_mins(16));
        let (syn, queued) = open(&mut bench, |_| {}, b"hello");
        assert_eq!((cookie(&syn).is_some(), queued), (true, Some(5)), "later");
    }
}

/// 7413-2-OPTIN: who does not want it does not get it.
#[test]
fn it_is_off_unless_asked_for() {
    let mut bench = client();
    let (syn, queued) = open(&mut bench, |config| config.fast_open.client = false, b"hello");
    assert_eq!((cookie(&syn), syn.payload.len(), queued), (None, 0, None));
    gone(&mut bench);
    let config = bench.config(|config| config.fast_open.client = true);
    bench.id = Some(bench.host.connect(bench.now, Some(bench.local), bench.peer, config).unwrap());
    assert_eq!(cookie(&bench.take()[0]), None, "an ordinary connect");
}

/// Data on a SYN that was too big for the path goes again without it.
#[test]
fn a_syn_that_is_too_big_goes_again_bare() {
    let mut bench = client();
    open(&mut bench, |_| {}, &[7; 900]);
    bench.icmp((3, 4), 500, 0, 980);
    let again = bench.take();
    assert_eq!(again.iter().map(|syn| (syn.flags, syn.payload.len())).collect::<Vec<_>>(), [(Flags::SYN, 0)]);
    bench.arrives(&syn_ack(&bench, 1, vec![TcpOption::Mss(1000)]));
    assert_eq!(bench.lengths(), [(1, 460), (461, 440)]);
}

/// 7413-4.1.3: data rides on the SYN with a cookie, and only then.
#[test]
fn no_cookie_no_data_and_no_data_no_segment() {
    for (cookie, data, rides) in [(&COOKIE[..], &b"hello"[..], 5), (&[], b"hello", 0), (&COOKIE[..], b"", 0)] {
        let mut tcp = Connection::open_active(Instant::ZERO, Config::default(), 1, 2, Seq(0));
        tcp.request_fast_open(FastOpenRequest { cookie: cookie.to_vec(), experimental: false, mss: 1000 });
        tcp.send(data, false).unwrap();
        let syn = tcp.poll_transmit(Instant::ZERO).unwrap();
        assert_eq!((syn.payload.len(), tcp.snd().nxt), (rides, Seq(1 + rides as u32)));
        assert!(rides > 0 || tcp.fault().is_none(), "nothing is in flight but the SYN");
    }
}
