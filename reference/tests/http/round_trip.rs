//! What is written is read again, and the work of reading is linear.

use proptest::collection::vec;
use proptest::prelude::*;
use wirelaw_reference::http::{Ending, Event, Reader, Rules, StartLine, Transcript};

fn token() -> impl Strategy<Value = String> {
    "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}"
}

/// A field that the parser has no opinion on.
fn field() -> impl Strategy<Value = (String, Vec<u8>)> {
    let value = vec(prop_oneof![Just(b'\t'), 0x20..0x7f_u8, 0x80..=0xff_u8], 0..30);
    (token().prop_map(|name| format!("X-{name}")), value)
}

/// Its whitespace at the ends is no part of a value.
fn trimmed(value: &[u8]) -> Vec<u8> {
    wirelaw_reference::http::grammar::trim(value).to_vec()
}

proptest! {
    #[test]
    fn requests(
        method in token(),
        path in "/([!$&'()*+,;=:@/?0-9A-Za-z._~-]|%[0-9A-Fa-f]{2}){0,40}",
        fields in vec(field(), 0..6),
        chunks in vec(vec(any::<u8>(), 1..40), 0..4),
        trailers in vec(field(), 0..3),
        chunked in any::<bool>(),
        cuts in vec(1..60_usize, 1..8),
    ) {
        prop_assume!(method != "CONNECT");
        let mut octets = format!("{method} {path} HTTP/1.1\r\nHost: a\r\n").into_bytes();
        let body = chunks.concat();
        let write = |octets: &mut Vec<u8>, fields: &[(String, Vec<u8>)]| {
            for (name, value) in fields {
                octets.extend([name.as_bytes(), b":", value, b"\r\n"].concat());
            }
        };
        write(&mut octets, &fields);
        if chunked {
            octets.extend(b"Transfer-Encoding: chunked\r\n\r\n");
            for chunk in &chunks {
                octets.extend(format!("{:x};a=\"b;\"\r\n", chunk.len()).into_bytes());
                octets.extend([chunk, &b"\r\n"[..]].concat());
            }
            octets.extend(b"0\r\n");
            write(&mut octets, &trailers);
            octets.extend(b"\r\n");
        } else {
            octets.extend(format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes());
            octets.extend(&body);
        }
        let twice = [&octets[..], &octets].concat();
        let mut pieces = Vec::new();
        let mut rest = &twice[..];
        for cut in cuts.iter().cycle() {
            let (piece, after) = rest.split_at(rest.len().min(*cut));
            pieces.push(piece);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        let transcript = Transcript::read(Reader::requests(Rules::default()), pieces);
        prop_assert_eq!(transcript.ending, Ending::Clean);
        prop_assert_eq!(transcript.messages.len(), 2);
        for message in &transcript.messages {
            let StartLine::Request { method: read, target, .. } = &message.start_line else { panic!("a response") };
            prop_assert_eq!((&read[..], &target[..]), (method.as_bytes(), path.as_bytes()));
            prop_assert_eq!(message.fields.len(), fields.len() + 2);
            for ((name, value), read) in fields.iter().zip(&message.fields[1..]) {
                prop_assert_eq!((name.as_bytes(), &trimmed(value)), (&read.0[..], &read.1));
            }
            prop_assert_eq!(&message.body, &body);
            prop_assert_eq!(message.trailers.len(), if chunked { trailers.len() } else { 0 });
            prop_assert_eq!(message.chunks.len(), if chunked { chunks.len() } else { 0 });
        }
    }
}

#[test]
fn octets_one_by_one_cost_no_more_than_a_few_steps_each() {
    let long = "x".repeat(60_000);
    let blank = " \r\n".repeat(20_000);
    let inputs = [
        format!("GET /{long} HTTP/1.1\r\n"),
        format!("GET / HTTP/1.1\r\nHost: {long}"),
        format!("GET / HTTP/1.1\r\n{long}"),
        format!("GET / HTTP/1.1\r\nHost: a\r\nA:{blank}"),
        format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{}", "1\r\nx\r\n".repeat(10_000)),
    ];
    for mut rules in [Rules::default(), Rules::lenient()] {
        rules.limits.chunk_size_digits = usize::MAX;
        for input in &inputs {
            let mut reader = Reader::requests(rules.clone());
            for mut octet in input.as_bytes().chunks(1) {
                while let Ok(Some(Event::Request(_) | Event::Body(_))) = reader.next(&mut octet) {}
            }
            assert!(reader.steps() < 8 * input.len() as u64, "{} steps for {}", reader.steps(), input.len());
        }
    }
}
