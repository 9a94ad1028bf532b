//! What a server asks of a request beyond its framing: what may follow it, and whom it is for.

use wirelaw_reference::http::{Decoded, Event, FieldLines, Reader, Rules, decode_request};

/// The targets of requests that are read from `octets`, the tunnels of CONNECT all refused; then how much is surplus.
fn with_tunnels_refused(octets: &str) -> (Vec<String>, usize) {
    let mut reader = Reader::requests(Rules::default());
    let (mut targets, mut surplus) = (Vec::new(), 0);
    let mut rest = octets.as_bytes();
    while let Some(event) = reader.next(&mut rest).expect("nothing is wrong") {
        match event {
            Event::Request(head) => targets.push(String::from_utf8_lossy(head.target.octets).into_owned()),
            Event::End(_) => reader.refuse_tunnel(),
            Event::Surplus(octets, _) => surplus += octets.len(),
            other => panic!("{other:?}"),
        }
    }
    (targets, surplus)
}

#[test]
fn behind_a_refused_tunnel_requests_go_on_unless_the_connection_closes() {
    let connect = "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n";
    let behind = "GET /b HTTP/1.0\r\n\r\n";
    let targets = |octets: String| with_tunnels_refused(&octets);
    assert_eq!(targets(format!("{connect}\r\n{behind}")), (vec!["a:1".into(), "/b".into()], 0));
    assert_eq!(targets(format!("{connect}Connection: close\r\n\r\n{behind}")), (vec!["a:1".into()], behind.len()));
    assert_eq!(targets(format!("CONNECT a:1 HTTP/1.0\r\n\r\n{behind}")), (vec!["a:1".into()], behind.len()));
}

#[test]
fn host_differs_from_the_target_by_name_or_port_only() {
    let differs = |target: &str, host: &str| {
        let octets = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        match decode_request(octets.as_bytes(), &mut FieldLines::new(), &Rules::default()) {
            Decoded::Complete(head, _) => head.host_differs(),
            other => panic!("{other:?}"),
        }
    };
    for (target, host) in [
        ("http://a/", "A"),
        ("http://a/", "a:80"),
        ("http://a/", "a:"),
        ("HTTP://a:80", "a"),
        ("http://a:080/", "a:80"),
        ("https://[::1]:443/", "[::1]"),
        ("x://user@a:1/", "a:1"),
        ("/", "a"),
        ("urn:a", "b"),
    ] {
        assert!(!differs(target, host), "{target} {host}");
    }
    for (target, host) in [
        ("http://a/", "b"),
        ("http://a/", "a:81"),
        ("http://a/", "a:443"),
        ("https://a/", "a:80"),
        ("http://a/", ""),
        ("x://a/", "a:80"),
    ] {
        assert!(differs(target, host), "{target} {host}");
    }
}
