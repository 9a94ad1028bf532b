use super::super::script::{Script, parse};
use super::*;
use crate::report::Verdict;

fn replies(text: &str) -> Observation {
    Observation {
        replies: read_replies(text.as_bytes(), &["HEAD".into(), "GET".into()], false),
        ..Observation::default()
    }
}

fn script(pattern: &str) -> Script {
    parse("x.http", &format!("# t\n> x\npass {pattern}\nelse fail\n")).expect(pattern)
}

fn fits(observation: &Observation, pattern: &str) -> bool {
    let script = script(pattern);
    assert_eq!(script.outcomes[0].given.verdict(false), Verdict::Pass);
    let pattern = script.outcomes[0].pattern.as_ref().expect("it has one");
    observation.fits(pattern, &Baseline { ok: vec![200, 405] })
}

const TWO: &str = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\
    HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nConnection: Close, x\r\n\r\n3;x\r\nabc\r\n0\r\nT: 1\r\n\r\n";

#[test]
fn replies_are_told_apart() {
    let two = replies(TWO);
    let statuses: Vec<_> = two.replies.iter().map(Message::status).collect();
    assert_eq!(statuses, [Some(100), Some(200), Some(404)]);
    assert_eq!(two.replies[2].body, b"abc");
    assert!(two.replies.iter().all(|reply| reply.is_complete));
    for right in [
        "200, 404 close",
        "2xx, ...",
        "100, 200, 404",
        "ok, 4xx",
        "ok, refused with reply 2 body is \"abc\" and reply 2 header t is 1",
        "any close",
        "200|500, 400-404 with interim there and no header t",
        "any, any",
    ] {
        assert!(fits(&two, right), "{right}");
    }
    for wrong in
        ["200", "200, 404 open", "200, 404 closed", "none", "404, ...", "200, 404 with body", "raw, ...", "1xx, 404"]
    {
        assert!(!fits(&two, wrong), "{wrong}");
    }
}

#[test]
fn what_is_usual_is_no_refusal() {
    let usual = replies("HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n");
    assert!(fits(&usual, "ok") && !fits(&usual, "refused"));
    assert!(!fits(&replies(TWO), "ok, ok") && !fits(&replies(TWO), "refused, ..."));
}

#[test]
fn what_came_to_the_judge_is_told_apart() {
    let request = |text: &str| read_message(text.as_bytes(), None, false);
    let requests = vec![request("GET /a HTTP/1.1\r\n\r\n"), request("GET /b HTTP/1.1\r\nX: 1\r\n\r\n")];
    let killed = Observation {
        requests,
        connections: 1,
        success: Some(false),
        is_hung: true,
        output: b"abc".to_vec(),
        ..Observation::default()
    };
    for right in [
        "failure",
        "hung",
        "any with requests 2 and connections 1",
        "any with output is \"abc\" and output contains \"b\"",
        "any with request 1 line contains \"/a\" and forwarded 2 line contains \"/b\"",
        "any with request 1 no header x and request 2 header x",
        "any with request 3 no there",
    ] {
        assert!(fits(&killed, right), "{right}");
    }
    for wrong in [
        "success",
        "any with requests 1",
        "any with connections 2",
        "any with forwarded none",
        "any with output is \"ab\"",
        "any with output contains \"d\"",
        "any with request 1 header x",
        "any with request 2 no header x",
        "any with request 3 header x",
        "any with request 3 no header x",
    ] {
        assert!(!fits(&killed, wrong), "{wrong}");
    }
    let failed = Observation { is_hung: false, ..killed };
    assert!(fits(&failed, "failure") && !fits(&failed, "hung"));
}

#[test]
fn what_is_cut_off_is_told() {
    for end in 1..TWO.len() {
        let cut = replies(&TWO[..end]);
        assert!(cut.replies.iter().rev().skip(1).all(|reply| reply.is_complete), "{end}");
        let octets: usize = cut.replies.iter().map(|reply| reply.raw.len()).sum();
        assert_eq!(octets, end, "no octet is lost");
    }
    assert!(fits(&replies("hello\r\n"), "raw"));
    assert!(fits(&replies(""), "none open"));
    assert!(fits(&replies("HTTP/1.1 200 OK\r\nX: 1\r\n"), "raw"), "half a header is no reply");
    let old = "HTTP/1.1 304 Not Modified\r\n\r\nHTTP/1.0 200 OK\r\n\r\nabc";
    assert!(fits(&replies(old), "304, 200 close with reply 2 body is \"abc\" and reply 2 not complete"));
}

#[test]
fn a_storm_of_interim_replies_is_read_in_little_memory() {
    let octets = b"HTTP/1.1 102 Processing\r\n\r\n".repeat(100_000);
    let replies = read_replies(&octets, &[], false);
    assert_eq!(replies.len(), MOST_REPLIES);
    assert!(replies.iter().all(|reply| reply.is_complete && reply.raw.capacity() < 100));
}

#[test]
fn a_flood_is_neither_read_nor_kept_without_end() {
    let replies = read_replies(&b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na".repeat(5000), &[], false);
    assert_eq!(replies.len(), MOST_REPLIES);
    let fields = [b"HTTP/1.1 200 OK\r\n".as_slice(), &b"X: y\r\n".repeat(100_000), b"\r\n"].concat();
    assert_eq!(read_message(&fields, Some("GET"), false).fields.len(), 10_000);
    let big = [b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n".as_slice(), &b"a".repeat(500_000)].concat();
    let big = read_replies(&big.repeat(3), &[], false);
    let kept = Observation { replies: big, ..Observation::default() }.shortened();
    assert!(kept.replies.iter().all(|reply| reply.is_complete && reply.raw.starts_with(b"HTTP/1.1 200 OK\r\n")));
    assert!(kept.replies.iter().map(|reply| reply.raw.len() + reply.body.len()).sum::<usize>() < 200_000);
}
