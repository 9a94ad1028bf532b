mod trust;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::super::script::{Ability, Role, parse};
use super::*;
use crate::http::observe::{Baseline, End, Observation, read_replies};
use crate::http::wire::Address;
use crate::report::Verdict;
use crate::suite::Home;

/// A server on a thread of its own, that treats each connection with `serve`. Its thread ends with the process.
fn listen(serve: fn(TcpStream)) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(thread::spawn(move || serve(stream)))));
    let patience = Duration::from_millis(200);
    Server {
        name: "peer".into(),
        endpoint: Endpoint { address: Address::Tcp("127.0.0.1".into(), port), tls: false, patience },
        host: format!("127.0.0.1:{port}"),
        path: "/".into(),
        is_hardened: false,
        bounds: Bounds {
            patience,
            quiet: Duration::from_millis(50),
            total: Duration::from_millis(500),
            octets: 1 << 20,
            pace: Duration::ZERO,
        },
        jobs: NonZeroUsize::MIN,
    }
}

/// Answers each empty line, whatever stands before it.
fn careless(mut stream: TcpStream) {
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..read]);
        while let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
            seen.drain(..end + 4);
            if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").is_err() {
                return;
            }
        }
    }
}

fn case(text: &str) -> Case {
    let script = parse("case.http", text);
    Case { id: "http/server/case".into(), path: "case.http".into(), script }
}

fn verdict(server: &Server, text: &str) -> Outcome {
    let abilities = probe(server).expect("it answers");
    server.judge(&[case(text)], &abilities, &|_| {}).remove(0)
}

const CLOSE: &str = "# The connection ends.\ntests: 9112-9.6-SERVER-CLOSES\n\
    > GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: close\\r\\n\\r\\n\npass ok closed\nelse fail : it stayed open\n";

#[test]
fn a_finding_has_clause_reason_and_reproducer() {
    let server = listen(careless);
    let outcome = verdict(&server, CLOSE);
    assert_eq!((outcome.verdict, outcome.message.as_str()), (Verdict::Fail, "it stayed open"));
    assert_eq!(outcome.clause.map(|clause| clause.id).as_deref(), Some("9112-9.6-SERVER-CLOSES"));
    let failure = outcome.failure.expect("it failed");
    assert!(failure.got.iter().any(|line| line.starts_with("try: printf 'GET / HTTP/1.1\\r\\n")), "{:?}", failure.got);
    assert!(failure.got.iter().any(|line| line == "the connection stayed open"), "{:?}", failure.got);
}

#[test]
fn what_a_server_lacks_is_unsupported_and_said() {
    let server = listen(careless);
    let outcome = verdict(&server, "# t\nneeds: continue\n> x\nelse fail\n");
    assert_eq!(outcome.verdict, Verdict::Unsupported);
    assert_eq!(outcome.message, "the server lacks `continue`: 200");
    let abilities = probe(&server).expect("it answers");
    assert!(abilities.has(Ability::KeepAlive) && abilities.has(Ability::Pipeline) && !abilities.has(Ability::Echo));
    let outcome = verdict(&server, "# t\nprofile: hardened\n> x\nelse fail\n");
    assert_eq!(outcome.message, "judged under --profile hardened only");
    let outcome = verdict(&server, "# t\n> {nonsense}\nelse fail\n");
    assert_eq!((outcome.verdict, outcome.message.as_str()), (Verdict::Broken, "nothing is known as {nonsense} here"));
    let error = outcome.script_error.expect("it has a place");
    assert_eq!((error.line(), error.column()), (2, 3));
    assert!(error.advice().is_some_and(|help| help.contains("there are {body-method}, ")), "{:?}", error.advice());
}

#[test]
fn the_worst_way_to_cut_decides_and_is_named() {
    let case = case("# Cuts do not matter.\n> x\npass ok\nwarn none closed\nelse fail\n");
    let script = case.script.as_ref().expect("it is right");
    let reply = read_replies(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &[], false);
    let good = Observation { replies: reply, ..Observation::default() };
    let closed = Observation { end: End::Closed, ..Observation::default() };
    let judge = |runs: [(Segments, &Observation); 3]| {
        let runs = runs.map(|(segments, observation)| Run { segments, observation: observation.clone() });
        let outcome = crate::http::judge::judge(&case, script, &runs, &Baseline { ok: vec![200] }, "peer", false);
        (outcome.verdict, outcome.message)
    };
    let [whole, octets, crlf] = Segments::ALL;
    let mute = Observation::default();
    let title = "Cuts do not matter.".to_owned();
    assert_eq!(judge([(whole, &good), (octets, &good), (crlf, &good)]), (Verdict::Pass, title.clone()));
    assert_eq!(judge([(whole, &mute), (octets, &mute), (crlf, &mute)]), (Verdict::Fail, title.clone()));
    let octets_alone = judge([(whole, &good), (octets, &mute), (crlf, &closed)]);
    assert_eq!(octets_alone, (Verdict::Fail, format!("{title} (only when sent octet by octet)")));
}

#[test]
fn a_careful_profile_warns_of_what_conforms() {
    let case = case("# t\n> x\nharden none\nelse fail\n");
    let script = case.script.as_ref().expect("it is right");
    let runs = [Run { segments: Segments::Whole, observation: Observation::default() }];
    let judge = |is_hardened| {
        crate::http::judge::judge(&case, script, &runs, &Baseline { ok: vec![200] }, "peer", is_hardened).verdict
    };
    assert_eq!((judge(false), judge(true)), (Verdict::Pass, Verdict::Warn));
}

#[test]
fn hostile_servers_cost_bounded_time() {
    let endless: fn(TcpStream) = |mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&vec![b'x'; 65536]).is_ok() {}
    };
    let drip: fn(TcpStream) = |mut stream| {
        for octet in b"HTTP/1.1 200 OK\r\nX: ".iter().chain(std::iter::repeat(&b'x')) {
            if stream.write_all(&[*octet]).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    };
    let storm: fn(TcpStream) = |mut stream| while stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").is_ok() {};
    let garbage: fn(TcpStream) = |mut stream| drop(stream.write_all(&[0xff, 0, b'\n'].repeat(1000)));
    let mute: fn(TcpStream) = |mut stream| while stream.read(&mut [0; 64]).is_ok_and(|read| read > 0) {};
    for (name, serve) in [("endless", endless), ("drip", drip), ("storm", storm), ("garbage", garbage), ("mute", mute)]
    {
        let server = listen(serve);
        let started = Instant::now();
        let script =
            parse("case.http", "# t\n> GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\nelse fail\n").expect("it is right");
        let seen = play(&script, script.segments[0], &server.endpoint, &server.variables(), &server.bounds)
            .expect("it connects");
        assert!(started.elapsed() < Duration::from_secs(5), "{name}: {:?}", started.elapsed());
        let octets: usize = seen.replies.iter().map(|reply| reply.raw.len()).sum();
        assert!(octets <= 2 << 20, "{name}: {octets} octets");
        assert_eq!(seen.end == End::Open, ["endless", "drip", "storm", "mute"].contains(&name), "{name}");
        if name != "endless" {
            assert!(probe(&server).is_err(), "{name} is no HTTP server");
        }
    }
}

#[test]
fn nobody_there_is_said() {
    let mut server = listen(careless);
    server.endpoint.address = Address::Tcp("127.0.0.1".into(), 1);
    let error = probe(&server).expect_err("nobody listens on port 1").to_string();
    assert!(error.starts_with("cannot connect to 127.0.0.1:1: "), "{error}");
}

#[test]
fn every_case_of_the_suite_is_right() {
    let scripts = Home::find().expect("the tests run in a checkout").scripts();
    for role in Role::ALL {
        for case in super::super::cases::find(&scripts, role, &[]).unwrap_or_default() {
            let script = case.script.unwrap_or_else(|error| panic!("{error}"));
            assert!(!script.tests.is_empty(), "{} names no requirement", case.id);
            assert!(script.title.ends_with(['.', '?']), "{}: its title is no sentence", case.id);
        }
    }
}

#[test]
fn the_steps_of_a_case_reach_the_peer() {
    // 200 says that one write came by itself, 201 that a FIN did.
    static RESETS: AtomicUsize = AtomicUsize::new(0);
    let told: fn(TcpStream) = |mut stream| {
        let mut buffer = [0; 4096];
        loop {
            let status = match stream.read(&mut buffer) {
                Ok(0) => "201",
                Ok(read) if buffer[..read] == *b"GET" => "200",
                Ok(_) => "400",
                Err(_) => {
                    RESETS.fetch_add(1, Ordering::SeqCst);
                    return;
                }
            };
            if stream.write_all(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n").as_bytes()).is_err() {
                return;
            }
            if status == "201" {
                return; // with a FIN: nothing is unread
            }
        }
    };
    let mut server = listen(told);
    (server.bounds.total, server.bounds.patience) = (Duration::from_secs(10), Duration::from_secs(3));
    let fits = |text: &str, pattern: &str| {
        let script = parse("case.http", &format!("# t\n{text}\npass {pattern}\nelse fail\n")).expect("it is right");
        let seen = play(&script, Segments::Whole, &server.endpoint, &server.variables(), &server.bounds);
        let pattern = script.outcomes[0].pattern.as_ref().expect("it has one");
        seen.expect("it connects").fits(pattern, &Baseline { ok: vec![200] })
    };
    assert!(fits("> GET\nawait\n> GET", "ok, ok open"), "each is sent when the one before is answered");
    assert!(fits("> GET\nawait\nhalf-close", "ok, 201 closed"), "FIN is sent, and that of the peer is seen");
    assert!(fits("> GET\nawait\nreset", "any"));
    let started = Instant::now();
    while RESETS.load(Ordering::SeqCst) == 0 {
        assert!(started.elapsed() < Duration::from_secs(5), "the peer saw no RST");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn writes_are_cut_as_the_case_says_and_lose_nothing() {
    let whole: Vec<u8> = (0..1000).map(|at| if at % 10 == 9 { b'\r' } else { b'x' }).collect();
    let pieces = |octets: &[u8], segments| -> Vec<Vec<u8>> {
        crate::http::play::cut(octets, segments).into_iter().map(<[u8]>::to_vec).collect()
    };
    for segments in Segments::ALL {
        assert_eq!(pieces(&whole, segments).concat(), whole, "{}", segments.name());
    }
    assert_eq!(pieces(b"a\r\nb", Segments::Whole), [b"a\r\nb"]);
    assert_eq!(pieces(b"a\r\nb", Segments::Octets), [b"a", b"\r", b"\n", b"b"]);
    assert_eq!(pieces(b"a\r\nb", Segments::Crlf), [&b"a\r"[..], b"\nb"]);
}

#[test]
fn cuts_and_pauses_reach_the_peer() {
    // The status says in how many pieces the request came.
    let told: fn(TcpStream) = |mut stream| {
        let (mut seen, mut count, mut buffer) = (Vec::new(), 0, [0; 64]);
        while !seen.ends_with(b"!") {
            let Ok(read @ 1..) = stream.read(&mut buffer) else { return };
            seen.extend_from_slice(&buffer[..read]);
            count += 1;
        }
        let _ = write!(stream, "HTTP/1.1 {} X\r\nContent-Length: 0\r\n\r\n", 200 + count); // gone: no reply, no status
    };
    let server = listen(told);
    let pieces = |steps: &str, segments| {
        let script = parse("case.http", &format!("# t\n{steps}\nelse fail\n")).expect("it is right");
        let seen = play(&script, segments, &server.endpoint, &server.variables(), &server.bounds).expect("it connects");
        seen.replies.first().and_then(crate::http::observe::Message::status)
    };
    let took = |steps: &str, segments| {
        let started = Instant::now();
        (pieces(steps, segments), started.elapsed())
    };
    // a machine that is busy may read several pieces at once now and then; it is never early
    let mostly = |steps: &str, segments, status| (0..20).any(|_| pieces(steps, segments) == Some(status));
    assert_eq!(pieces("> ab!", Segments::Whole), Some(201));
    assert!(mostly("> a\\rb!", Segments::Crlf, 202), "the beginning comes by itself");
    assert!(mostly("> ab!", Segments::Octets, 203), "each octet comes by itself");
    let (status, time) = took("> ab\npause 300ms\n> c!", Segments::Whole);
    assert!(
        status == Some(202) && time >= Duration::from_millis(300),
        "a pause parts two writes: {status:?}, {time:?}"
    );
    let (_, time) = took(&format!("> {}!", "x".repeat(1000)), Segments::Octets);
    assert!(time >= Duration::from_millis(200), "pieces are apart: {time:?}");
}
