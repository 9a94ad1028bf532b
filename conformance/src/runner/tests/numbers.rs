//! Sequence numbers and timestamps: those of scripts and live ones (packetdrill language, 4.3, 4.4).

use super::*;
use crate::axes::Ip;

/// Live initial sequence numbers of the stack at which careless arithmetic breaks.
const LIVE: [u32; 7] = [0, 1, 77_777, (1 << 31) - 1, 1 << 31, u32::MAX - 15, u32::MAX];

fn plus(a: u32, b: u32) -> u32 {
    a.wrapping_add(b)
}

#[test]
fn numbers_of_a_passive_connection() {
    // script: both sides begin at other numbers than they do live
    let script = "0 < S 5000:5000(0) win 1000\n\
                  +0 > S. 100:100(0) ack 5001\n\
                  +0.1 < P. 1:11(10) ack 1 win 1000\n\
                  +0 > . 1:1(0) ack 11\n\
                  +0 > P. 1:21(20) ack 11\n\
                  +0.1 < S. 5000:5000(0) ack 101 win 1000";
    for isn in LIVE {
        let fake = |off: u32| {
            Fake::new()
                .sends(0.0, ack(segment(Flags::SYN, isn, 0), 5001))
                .sends(100.0, bare_ack(plus(isn, 1), plus(5011, off)))
                .sends(100.0, ack(segment(Flags::PSH, plus(isn, 1), 20), 5011))
        };
        let run = passes(script, fake(0));
        let sent = injected(&run);
        assert_eq!((sent[0].1.seq, sent[0].1.ack), (Seq(5000), Seq(0)));
        assert_eq!((sent[1].1.seq, sent[1].1.ack), (Seq(5001), Seq(plus(isn, 1))));
        assert_eq!((sent[2].1.seq, sent[2].1.ack), (Seq(5000), Seq(plus(isn, 1))), "absolute again, with SYN");
        fails("ack expected 11, got 12", script, fake(1));
    }
}

#[test]
fn numbers_of_an_active_connection() {
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n\
                  +0 connect(3, ..., ...) = 0\n\
                  +0 > S 100:100(0)\n\
                  +0.1 < S. 5000:5000(0) ack 101 win 1000\n\
                  +0 > . 1:1(0) ack 1\n\
                  +0.1 < . 1:1(0) ack 1 win 1000 <sack 1:11>";
    for isn in LIVE {
        let fake = Fake::new()
            .sends(0.0, active(50_000, segment(Flags::SYN, isn, 0)))
            .sends(100.0, active(50_000, bare_ack(plus(isn, 1), 5001)));
        let run = passes(&script.replace("<sack 1:11>", "<sack 1:11, nop, nop>"), fake);
        let sent = injected(&run);
        assert_eq!((sent[0].1.seq, sent[0].1.ack), (Seq(5000), Seq(plus(isn, 1))));
        assert_eq!((sent[0].1.source_port, sent[0].1.destination_port), (PORT, 50_000));
        assert_eq!((sent[1].1.seq, sent[1].1.ack), (Seq(5001), Seq(plus(isn, 1))));
        assert_eq!(sent[1].1.options[0], TcpOption::Sack(vec![(Seq(plus(isn, 1)), Seq(plus(isn, 11)))]));
    }
}

#[test]
fn before_its_syn_the_peer_of_an_active_connection_has_no_number() {
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 connect(3, ..., ...) = 0\n+0 > S 100:100(0)\n\
                  +0.1 < R. 5:5(0) ack 1 win 0";
    let run = passes(script, Fake::new().sends(0.0, active(50_000, segment(Flags::SYN, 9, 0))));
    assert_eq!((injected(&run)[0].1.seq, injected(&run)[0].1.ack), (Seq(5), Seq(10)));
}

#[test]
fn a_simultaneous_open_tells_the_peers_number_in_its_bare_syn() {
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 connect(3, ..., ...) = 0\n+0 > S 0:0(0)\n\
                  +0.1 < S 700:700(0) win 1000\n+0 > S. 0:0(0) ack 701\n+0.1 < . 1:1(0) ack 1 win 1000";
    let fake = Fake::new()
        .sends(0.0, active(50_000, segment(Flags::SYN, 9, 0)))
        .sends(100.0, active(50_000, ack(segment(Flags::SYN, 9, 0), 701)));
    assert_eq!(injected(&passes(script, fake))[1].1.seq, Seq(701));
}

#[test]
fn sack_blocks_of_the_stack_lie_in_the_peers_space() {
    let script = |blocks: &str| {
        format!("0 < S 5000:5000(0) win 1000\n+0 > S. 0:0(0) ack 5001\n+0.1 > . 1:1(0) ack 1 <nop, nop, sack {blocks}>")
    };
    let options = [
        TcpOption::NoOperation,
        TcpOption::NoOperation,
        TcpOption::Sack(vec![(Seq(5011), Seq(5021)), (Seq(5031), Seq(5041))]),
    ];
    let fake = Fake::new()
        .sends(0.0, ack(segment(Flags::SYN, 3, 0), 5001))
        .sends(100.0, with_options(&options, bare_ack(4, 5001)));
    passes(&script("11:21 31:41"), fake.clone());
    fails("sack 11:21 31:41", &script("31:41 11:21"), fake.clone());
    fails("options", &script("11:21"), fake);
}

#[test]
fn an_ack_without_its_flag_is_not_mapped() {
    let script = "0 < S 5000:5000(0) ack 9 win 1000\n+0 > R 0:0(0) ack 4";
    let mut reset = segment(Flags::RST, 0, 0);
    reset.ack = Seq(4);
    let run = passes(script, Fake::new().sends(0.0, reset.clone()));
    assert_eq!(injected(&run)[0].1.ack, Seq(9));
    // and one that is not written is 0, and compared
    fails("ack expected none", "0 < S 0:0(0) win 1\n+0 > R 0:0(0)", Fake::new().sends(0.0, reset));
    // inbound, 0 is mapped if the flag is set
    let script = "0 < S 0:0(0) win 1\n+0 > S. 0:0(0) ack 1\n+0.1 < . 1:1(0) win 1";
    let run = passes(script, Fake::new().sends(0.0, ack(segment(Flags::SYN, 600, 0), 1)));
    assert_eq!(injected(&run)[1].1.ack, Seq(600));
}

#[test]
fn numbers_of_a_port_without_a_socket() {
    // the first packet tells the peer's number even if it is no SYN; nobody knows the stack's
    let script = "0 < . 10:10(0) ack 50 win 1000\n+0 > R 50:50(0)\n+0.1 < . 11:11(0) ack 7 win 1000";
    let run = passes(script, Fake::new().sends(0.0, segment(Flags::RST, 50, 0)));
    let sent = injected(&run);
    assert_eq!((sent[0].1.seq, sent[0].1.ack), (Seq(20), Seq(50)));
    assert_eq!((sent[1].1.seq, sent[1].1.ack), (Seq(21), Seq(7)));
}

#[test]
fn a_syn_corrects_what_a_stray_first_packet_told() {
    let script = "0 < R 40:40(0) win 1000\n+0.1 < S 5000:5000(0) win 1000\n+0 > S. 0:0(0) ack 5001\n\
                  +0.1 < . 1:1(0) ack 1 win 1000\n+0 > . 1:1(0) ack 1";
    let fake = Fake::new().sends(100.0, ack(segment(Flags::SYN, 3, 0), 5001)).sends(200.0, bare_ack(4, 5001));
    assert_eq!(injected(&passes(script, fake))[2].1.seq, Seq(5001));
}

#[test]
fn a_later_syn_tells_nothing_new() {
    let script = "0 < S 5000:5000(0) win 1\n+0.1 < S 6000:6000(0) win 1\n+0.1 < . 1:1(0) win 1";
    assert_eq!(injected(&passes(script, Fake::new()))[2].1.seq, Seq(5001));
}

#[test]
fn the_axis_of_initial_sequence_numbers_moves_both_sides() {
    let script = "0 < S 5000:5000(0) win 1000\n+0 > S. 100:100(0) ack 5001\n+0.1 < . 1:1(0) ack 1 win 1000";
    for isn in LIVE.map(Seq) {
        let axes = Axes { isn: Some(isn), ..Axes::default() };
        let fake = Fake::new().sends(0.0, ack(segment(Flags::SYN, isn.0, 0), plus(isn.0, 1)));
        let run = run_with(script, fake, &axes);
        assert_eq!((run.verdict, run.message.as_str()), (Verdict::Pass, ""));
        assert_eq!(setup().isns, [isn]);
        let sent = injected(&run);
        assert_eq!(sent[0].1.seq, isn);
        assert_eq!((sent[1].1.seq, sent[1].1.ack), (isn + 1, isn + 1));
    }
}

#[test]
fn all_connections_of_a_run_move_by_the_same_distance() {
    let script = "0 < @a S 100:100(0) win 1\n+0 > @a S. 10:10(0) ack 101\n\
                  +0 < @b S 300:300(0) win 1\n+0 > @b S. 25:25(0) ack 301\n+0 > @b S. 25:25(0) ack 301";
    let axes = Axes { isn: Some(Seq(u32::MAX)), ..Axes::default() };
    let syn = |port, isn, number| to(port, ack(segment(Flags::SYN, isn, 0), number));
    let fake =
        Fake::new().sends(0.0, syn(40_001, 1, 0)).sends(0.0, syn(40_002, 2, 200)).sends(0.0, syn(40_002, 2, 200));
    let run = run_with(script, fake, &axes);
    assert_eq!((run.verdict, run.message.as_str()), (Verdict::Pass, ""));
    assert_eq!(setup().isns, [Seq(u32::MAX), Seq(14)], "a retransmission is no connection");
    assert_eq!(injected(&run)[1].1.seq, Seq(199));
}

#[test]
fn a_stack_that_cannot_be_told_is_told_of() {
    let axes = Axes { isn: Some(Seq(7)), ..Axes::default() };
    let run = run_with("0 < S 0:0(0) win 1", Fake::new().with_capabilities(&[]), &axes);
    assert_eq!(run.notes, ["fake chose its own initial sequence numbers"]);
}

#[test]
fn the_axis_of_address_families() {
    let script = "--local_ip=192.168.1.123\n--remote_ip=192.168.1.116/24\n0 < S 0:0(0) win 1000";
    let axes = Axes { ip: Ip::V6, ..Axes::default() };
    run_with(script, Fake::new(), &axes);
    let v6 = setup();
    assert_eq!(
        (v6.local.to_string(), v6.remote.to_string()),
        ("fd3d:fa7b:d17d::c0a8:17b".into(), "fd3d:fa7b:d17d::c0a8:174".into())
    );
    assert_eq!((v6.mtu, v6.prefix), (1520, 48));
    run_on("--ip_version=ipv6\n0 < S 0:0(0) win 1000", Fake::new());
    assert_eq!(setup().mtu, 1500, "a script that asks for IPv6 knows its link");
    run_with("--ip_version=ipv6\n0 < S 0:0(0) win 1000", Fake::new(), &axes);
    let suite = setup();
    assert_eq!(
        (suite.local.to_string(), suite.remote.to_string(), suite.mtu),
        ("fd3d:a0b:17d6::1".into(), "fd3d:fa7b:d17d::1".into(), 1520),
        "those of packetdrill's suites"
    );
    let mapped = Axes { ip: Ip::Mapped, ..Axes::default() };
    run_with("0 < S 0:0(0) win 1000", Fake::new(), &mapped);
    let v4 = setup();
    assert_eq!((v4.local.to_string(), v4.mtu), ("192.168.0.1".into(), 1500), "its packets are of IPv4");
    run_on(script, Fake::new());
    let v4 = setup();
    assert_eq!(
        (v4.local.to_string(), v4.remote.to_string(), v4.mtu),
        ("192.168.1.123".into(), "192.168.1.116".into(), 1500)
    );
    // what the script says wins
    run_with(&format!("--ip_version=ipv4\n{script}"), Fake::new(), &axes);
    let own = setup();
    assert!(own.local.is_ipv4() && own.mtu == 1500);
    run_on("--remote_ip=fd3d::1\n--local_ip=fd3d::2\n0 < S 0:0(0) win 1000", Fake::new());
    assert_eq!(setup().remote.to_string(), "fd3d::1");
    let run = run_on("--ip_version=ipv4\n--local_ip=fd3d::2\n0 < S 0:0(0) win 1000", Fake::new());
    assert_eq!((run.verdict, run.line), (Verdict::Broken, Some(2)), "{}", run.message);
    let run = run_on("--mtu=1400\n--local_ip=192.0.2.1\n0 < S 0:0(0) win 1000", Fake::new());
    assert_eq!((run.verdict, run.line), (Verdict::Broken, Some(2)), "{}", run.message);
    assert_eq!(run.message, "192.0.2.1 is the address of both sides");
}

/// Google's runner defines words for the family of each run; those of the command line hold in all of them.
#[test]
fn words_follow_the_family_of_the_run() {
    let text = "--define=NAME=TCP_MAXSEG\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n\
        +0 setsockopt(3, CMSG_LEVEL_IP, NAME, [1], 4) = 0";
    let words = [("NAME".to_owned(), "IPV6_RECVERR".to_owned())];
    let scenario = script::parse_with("x", text, &words).expect("it parses");
    for (ip, wanted) in [(Ip::V4, (0, 25)), (Ip::V6, (41, 25)), (Ip::Mapped, (41, 25))] {
        NEXT.set(Fake::new());
        let trace = run(&scenario, &FAKE, &Axes { ip, ..Axes::default() }).trace;
        let set = trace.records.iter().find_map(|record| match &record.event {
            Event::Stimulus(Stimulus::Call { call: Call::SetOption { level, name, .. }, .. }) => Some((*level, *name)),
            _ => None,
        });
        assert_eq!(set, Some(wanted), "{ip}");
    }
}

fn timestamps(val: u32, ecr: u32) -> [TcpOption; 1] {
    [TcpOption::Timestamps { val, ecr }]
}

/// A SYN,ACK with TSval `first`, and a second later an ACK with TSval `second`.
fn with_timestamps(first: u32, second: u32) -> Fake {
    Fake::new()
        .sends(0.0, with_options(&timestamps(first, 5), ack(segment(Flags::SYN, 0, 0), 1)))
        .sends(1000.0, with_options(&timestamps(second, 6), bare_ack(1, 1)))
}

const TIMESTAMPS: &str = "0 < S 0:0(0) win 1 <TS val 5 ecr 0, nop, nop>\n\
    +0 > S. 0:0(0) ack 1 <TS val 100 ecr 9, ...>\n+1 > . 1:1(0) ack 1 <TS val 1100 ecr 9, ...>\n";

#[test]
fn tsval_is_compared_if_its_tick_is_known_and_tsecr_never() {
    passes(TIMESTAMPS, with_timestamps(7, 0));
    let script = format!("--tcp_ts_tick_usecs=1000\n{TIMESTAMPS}");
    for (first, second, fits) in [
        (7, 1007, true),
        (7, 1132, true), // 12.5 % of the second since the start
        (7, 1133, false),
        (7, 882, true),
        (7, 881, false),
        (u32::MAX, 999, true),
    ] {
        let run = run_on(&script, with_timestamps(first, second));
        assert_eq!(run.verdict == Verdict::Pass, fits, "{first} {second}: {}", run.message);
    }
}

#[test]
fn tsecr_of_the_peer_is_what_the_stack_sent() {
    let answer = |ecr: u32| format!("{TIMESTAMPS}+0 < . 1:1(0) ack 1 win 1 <TS val 6 ecr {ecr}, nop, nop>");
    let ecr = |script: &str| {
        let run = passes(script, with_timestamps(u32::MAX, 4711));
        injected(&run).last().map(|(_, segment)| segment.options[0].clone())
    };
    assert_eq!(ecr(&answer(100)), Some(TcpOption::Timestamps { val: 6, ecr: u32::MAX }));
    assert_eq!(ecr(&answer(1100)), Some(TcpOption::Timestamps { val: 6, ecr: 4711 }));
    let run = expect(Verdict::Broken, "TS ecr 600 answers no TS val", &answer(600), with_timestamps(7, 8));
    assert_eq!(run.line, Some(4));
    let scaled = format!("--tcp_ts_ecr_scaled\n{}", answer(600));
    assert_eq!(ecr(&scaled), Some(TcpOption::Timestamps { val: 6, ecr: 499 }));
    // what the dots hide is not remembered
    let hidden = answer(100).replace("<TS val 100 ecr 9, ...>", "<...>");
    expect(Verdict::Broken, "TS ecr 100", &hidden, with_timestamps(7, 8));
    // without ACK it is sent as it is
    assert_eq!(
        ecr(&format!("{TIMESTAMPS}+0 < R 1:1(0) win 1 <TS val 6 ecr 600, nop, nop>")),
        Some(TcpOption::Timestamps { val: 6, ecr: 600 })
    );
}

#[test]
fn icmp_quotes_the_stacks_number() {
    let script = "0 < S 0:0(0) win 1\n+0 > S. 100:100(0) ack 1\n\
                  +0.1 < icmp unreachable frag_needed mtu 1200 [1001:2001(1000)]";
    for isn in LIVE {
        let run = passes(script, Fake::new().sends(0.0, ack(segment(Flags::SYN, isn, 0), 1)));
        let Some(Event::Stimulus(Stimulus::Packet(octets))) = run.trace.records.last().map(|record| &record.event)
        else {
            panic!("{:?}", run.trace);
        };
        let Body::Icmp(icmp) = Packet::decode(octets).expect("it is a packet").body else { panic!("it is no ICMP") };
        assert_eq!((icmp.kind, icmp.code), (3, 4));
        assert_eq!(icmp.rest, 1200);
        let quoted = icmp.quoted().expect("it quotes a segment");
        assert_eq!(quoted.seq, Seq(plus(isn, 1001)));
        assert_eq!((quoted.source_port, quoted.destination_port), (PORT, FIRST_CLIENT));
    }
}
