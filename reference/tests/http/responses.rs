//! Responses, to GET, HEAD and CONNECT.

use wirelaw_reference::http::{Ending, Fault, Limits, Reader, RequestMethod, Rules, StartLine, Transcript};

use crate::cases::check;

const A: &[&str] = &[];

#[test]
fn bodies_are_delimited_by_item_of_the_list() {
    check(
        Some(RequestMethod::Other),
        &[
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", A, "hi| | ok"),
            ("HTTP/1.1 200 OK\r\n\r\nhi\r\n", A, "hi\\r\\n! ok"),
            (
                "HTTP/1.1 204 \r\nContent-Length: x\r\n\r\nHTTP/1.0 304 \r\nTransfer-Encoding: chunked\r\n\r\nx",
                A,
                "| ! surplus(x) ok",
            ),
            (
                "HTTP/1.1 100 \r\nContent-Length: 3\r\n\r\nHTTP/1.1 103 \r\nConnection: close\r\n\r\nHTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
                A,
                "| | | ok",
            ),
            ("HTTP/1.1 101 \r\nUpgrade: x\r\nContent-Length: 1\r\n\r\nabc", A, "! tunnel(abc) ok"),
            ("HTTP/1.1 205 \r\nContent-Length: 1\r\n\r\nx", A, "x| ok"),
            ("HTTP/1.1 200 \r\nTransfer-Encoding: gzip\r\nConnection: keep-alive\r\n\r\nabc", A, "abc! ok"),
            ("HTTP/1.1 200 \r\nTransfer-Encoding: foo, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", A, "x| ok"),
            ("HTTP/1.1 200 \r\nTransfer-Encoding: chunked, gzip\r\n\r\nabc", A, "abc! ok"),
            ("HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", A, "length-and-coding 34 502"),
            (
                "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
                &["te-and-cl-te-wins"],
                "| ok",
            ),
            ("HTTP/1.0 200 \r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", A, "coding-in-http10 34 502"),
            ("HTTP/1.0 200 \r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", &["te-in-http10"], "! ok"),
            ("HTTP/1.1 200 \r\nContent-Length: 2, 3\r\n\r\n", A, "content-lengths-differ 31 502"),
            ("HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nabc", A, "abc... incomplete 39"),
            ("HTTP/1.0 200 \r\nContent-Length: 1\r\n\r\nab", A, "a! surplus(b) ok"),
        ],
    );
}

#[test]
fn status_lines() {
    check(
        Some(RequestMethod::Other),
        &[
            ("HTTP/1.1 200\r\n\r\n", A, "status-space 12 502"),
            ("HTTP/1.1 200\r\n\r\n", &["lenient-status-line-ws"], "! ok"),
            ("HTTP/1.1\t200  OK \x0b there \r\n\r\n", &["lenient-status-line-ws"], "! ok"),
            ("HTTP/1.1 2000 \r\n", &["lenient-status-line-ws"], "status-code 12 502"),
            ("HTTP/1.1 20\r\n", &["lenient-status-line-ws"], "status-code 11 502"),
            ("HTTP/1.1  200 OK\r\n", A, "status-line-space 9 502"),
            ("HTTP/1.1 20 OK\r\n", A, "status-code 11 502"),
            ("HTTP/1.1 2000 OK\r\n", A, "status-code 12 502"),
            ("HTTP/1.1 200OK\r\n", A, "status-space 12 502"),
            ("HTTP/1.1 999 \r\n\r\n", A, "! ok"),
            ("HTTP/1.1 200 \u{e9}\t \x01\r\n", A, "reason 16 502"),
            ("HTTP/1.1 200 a\rb\r\n\r\n", A, "bare-cr 14 502"),
            ("HTTP/1.1 200 a\rb\r\n\r\n", &["bare-cr-as-sp"], "! ok"),
            ("HTTP/2.0 200 \r\n", A, "version-unsupported 5 502"),
            ("HTTP/1.1\r\n", A, "version 8 502"),
            ("ICY 200 OK\r\n", A, "version 0 502"),
            ("\r\nHTTP/1.1 200 OK\r\n\r\n", A, "empty-lines 0 502"),
            ("\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", &["skip-empty-lines"], "! ok"),
            ("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", A, "space-after-name 18 502"),
            ("HTTP/1.1 200 OK\r\nContent-Length \t: 1\r\n\r\nx", &["space-before-colon"], "x| ok"),
            ("HTTP/1.1 200 OK\r\nA b: 1\r\n\r\nx", &["space-before-colon"], "no-colon 19 502"),
            ("HTTP/1.1 200 OK\r\nContent-Length:\r\n \r\n\t1\r\n \r\n\r\nx", A, "x| ok"),
        ],
    );
}

#[test]
fn responses_to_head_and_connect() {
    check(
        Some(RequestMethod::Head),
        &[
            (
                "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n",
                A,
                "| | ok",
            ),
            ("HTTP/1.1 200 \r\n\r\nHTTP/1.1 404 \r\n\r\n", A, "| | ok"),
        ],
    );
    check(
        Some(RequestMethod::Connect),
        &[
            ("HTTP/1.1 200 \r\nContent-Length: 5\r\nTransfer-Encoding: x\r\n\r\nabc", A, "! tunnel(abc) ok"),
            ("HTTP/1.1 204 \r\n\r\nabc", A, "! tunnel(abc) ok"),
            ("HTTP/1.1 407 \r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 \r\n\r\n", A, "x| ! ok"),
        ],
    );
}

#[test]
fn a_response_answers_a_request() {
    let response = b"HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx";
    let mut reader = Reader::responses(Rules::default());
    reader.expect(RequestMethod::Head);
    reader.expect(RequestMethod::Other);
    let octets = [&response[..response.len() - 1], response, b"\r\n\r\n"].concat();
    let transcript = Transcript::read(reader.clone(), [&octets[..]]);
    assert_eq!(transcript.ending, Ending::Clean);
    assert_eq!(transcript.messages.iter().map(|message| message.body.len()).collect::<Vec<_>>(), [0, 1]);
    let octets = [&octets[..], response].concat();
    match Transcript::read(reader, octets.chunks(1)).ending {
        Ending::Refused(error) => {
            assert_eq!((error.fault, error.offset), (Fault::Unsolicited, octets.len() as u64 - response.len() as u64));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn folds_in_values_are_spaces() {
    let octets = b"HTTP/1.1 200 OK\r\nA: b\r\n  c\r\n\t\r\nConnection:\r\n close\r\nContent-Length: 0\r\n\r\n";
    let transcript = crate::read(octets, &crate::reader(Some(RequestMethod::Other), Rules::default()));
    assert_eq!(transcript.messages[0].fields[0], (b"A".to_vec(), b"b c".to_vec()));
    assert_eq!(transcript.messages[0].fields[1], (b"Connection".to_vec(), b"close".to_vec()));
    assert_eq!(crate::summary(&transcript), "! ok");
}

#[test]
fn whitespace_borne_in_a_reason_is_passed_on_as_sp() {
    let octets = b"HTTP/1.1 204 a\rb\x0bc\x0cd\r\n\r\n";
    let rules = crate::rules(&["lenient-status-line-ws"]);
    let transcript = crate::read(octets, &crate::reader(Some(RequestMethod::Other), rules));
    let reason = b"a b c d".to_vec();
    assert_eq!(transcript.messages[0].start_line, StartLine::Response { status: 204, reason });
}

#[test]
fn bounds_of_a_response_stand_on_no_clause_for_servers() {
    let limits = Limits { start_line: 20, fields: 20, content: 5, ..Limits::default() };
    let rules = Rules { limits, ..Rules::default() };
    for (octets, fault) in [
        (&b"HTTP/1.1 200 23456789012"[..], Fault::LineTooLong),
        (b"HTTP/1.1 200 \r\nA: 456789012345678901", Fault::FieldsTooLarge),
        (b"HTTP/1.1 200 \r\nContent-Length:6\r\n\r\n", Fault::ContentTooLarge),
    ] {
        match crate::read(octets, &crate::reader(Some(RequestMethod::Other), rules.clone())).ending {
            Ending::Refused(error) => {
                assert_eq!((error.fault, error.clause().id, error.status()), (fault, "9110-17.5-LIMITS", 502));
            }
            other => panic!("{other:?}"),
        }
    }
}
