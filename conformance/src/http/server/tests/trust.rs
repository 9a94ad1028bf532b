//! Servers that make a judge err, unless it looks twice: crowded ones, slow ones, and those that go in the middle.

use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Reads up to an empty line; nothing at the end.
fn head(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let (mut seen, mut one) = (Vec::new(), [0; 1]);
    while !seen.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut one).ok()?;
        seen.push(one[0]);
    }
    Some(seen)
}

fn many(jobs: usize, serve: fn(TcpStream)) -> Server {
    Server { jobs: NonZeroUsize::new(jobs).expect("it is not zero"), ..listen(serve) }
}

fn outcomes(server: &Server, cases: &[Case]) -> Vec<Outcome> {
    let abilities = probe(server).expect("it answers");
    server.judge(cases, &abilities, &|_| {})
}

fn named(id: &str, text: &str) -> Case {
    Case { id: id.to_owned(), ..case(text) }
}

const PLAIN: &str = "# A plain request is answered.\nsegments: whole\n> GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n\n\
    pass ok\nelse fail : no reply\n";

#[test]
fn a_server_with_few_places_gets_no_more_company_than_that() {
    static HERE: AtomicUsize = AtomicUsize::new(0);
    let server = many(24, |mut stream| {
        while HERE.fetch_add(1, Ordering::SeqCst) >= 4 {
            HERE.fetch_sub(1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(2));
        }
        while head(&mut stream).is_some_and(|_| stream.write_all(OK).is_ok()) {}
        HERE.fetch_sub(1, Ordering::SeqCst);
    });
    let abilities = probe(&server).expect("it answers");
    assert!((2..=4).contains(&abilities.company), "{}", abilities.company);
    let free = probe(&many(24, careless)).expect("it answers");
    assert_eq!(free.company, 24);
}

#[test]
fn a_storm_is_told_in_short() {
    let storm = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100);
    let seen = Observation { replies: read_replies(&storm, &[], false), ..Observation::default() };
    let told = crate::http::judge::describe(&seen);
    assert!(told.len() < 20 && told.contains(&"88 replies more".to_owned()), "{told:?}");
}

#[test]
fn what_was_in_play_when_a_server_died_is_told() {
    static IS_DEAD: AtomicBool = AtomicBool::new(false);
    let server = listen(|mut stream| {
        while !IS_DEAD.load(Ordering::SeqCst)
            && let Some(seen) = head(&mut stream)
        {
            IS_DEAD.fetch_or(seen.starts_with(b"DIE"), Ordering::SeqCst);
            if !IS_DEAD.load(Ordering::SeqCst) && stream.write_all(OK).is_err() {
                return;
            }
        }
    });
    let deadly = "# t\nsegments: whole\n> DIE / HTTP/1.1\\r\\n\\r\\n\npass none\nelse fail\n";
    let cases = [named("first", PLAIN), named("deadly", deadly), named("last", PLAIN)];
    let outcomes = outcomes(&server, &cases);
    let verdicts: Vec<_> = outcomes.iter().map(|outcome| outcome.verdict).collect();
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Broken, Verdict::Broken]);
    for outcome in &outcomes[1..] {
        assert!(outcome.message.contains("when that began: deadly"), "{}", outcome.message);
    }
}

#[test]
fn a_server_that_begins_to_drip_costs_little_time() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let mut server = many(8, |mut stream| {
        while head(&mut stream).is_some() {
            let is_dripping = ASKED.fetch_add(1, Ordering::SeqCst) > 60;
            for octet in OK {
                thread::sleep(Duration::from_millis(if is_dripping { 60 } else { 0 }));
                if stream.write_all(&[*octet]).is_err() {
                    return;
                }
            }
        }
    });
    server.bounds.total = Duration::from_secs(3);
    let started = Instant::now();
    let cases: Vec<Case> = (0..400).map(|number| named(&format!("case-{number}"), PLAIN)).collect();
    let outcomes = outcomes(&server, &cases);
    assert!(outcomes.iter().all(|outcome| outcome.verdict != Verdict::Fail), "what drips is no answer to a case");
    assert!(
        outcomes.iter().any(|outcome| outcome.message.contains("(the beginning of a reply)")),
        "{}",
        outcomes[399].message
    );
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[test]
fn much_to_read_may_take_time() {
    let server = listen(|mut stream| {
        while let Some(seen) = head(&mut stream) {
            thread::sleep(Duration::from_millis(if seen.len() > 9000 { 700 } else { 0 }));
            if stream.write_all(OK).is_err() {
                return;
            }
        }
    });
    let server = Server { bounds: Bounds { total: Duration::from_secs(4), ..server.bounds }, ..server };
    let large = PLAIN.replace("\\r\\n\\r\\n", "\\r\\nX: {10000*b}\\r\\n\\r\\n");
    let outcome = outcomes(&server, &[named("large", &large)]).remove(0);
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.message);
}

/// Answers the first octets, and aborts when more come before it has gone: with them its reply would be lost.
#[test]
fn octets_that_cost_a_reply_are_not_held_against_the_server() {
    let server = listen(|mut stream| {
        let mut one = [0; 4];
        while stream.read(&mut one).is_ok_and(|read| read > 0) && !one.starts_with(b"X") {
            if one.starts_with(b"G") {
                let _ = head(&mut stream);
                let _ = stream.write_all(OK);
            }
        }
        thread::sleep(Duration::from_millis(3)); // it makes up its mind
        let _ = stream.set_nonblocking(true);
        if !stream.read(&mut one).is_ok_and(|read| read > 0) {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
    let text = "# Refused.\nsegments: octets\n> XXXX / HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n\npass 400\nelse warn : closed without a word\n";
    let outcome = outcomes(&server, &[named("early", text)]).remove(0);
    assert_eq!(outcome.verdict, Verdict::Pass, "{:?}", outcome.failure.map(|failure| failure.got));
}
