//! Requests: split invariance, linear work, and what is written again reads the same.

use wirelaw_reference::http::{Ending, Message, Reader, Rules, StartLine, Transcript, framing::Framing};

use crate::http;

/// Panics if the octets break the property.
pub fn check(octets: &[u8]) {
    let Some((rules, _, size, octets)) = http::split(octets) else { return };
    let controls = rules.retain_controls;
    let transcript = http::check(&Reader::requests(rules), octets, size);
    for message in transcript.messages.iter().filter(|message| message.outcome.is_some()) {
        let plain = Rules { retain_controls: controls, unknown_te: true, ..Rules::default() };
        let again = Transcript::read(Reader::requests(plain), [&written(message)[..]]);
        assert_eq!(again.ending, Ending::Clean, "{message:?}");
        assert_eq!(again.messages.len(), 1, "one message is read as several: {message:?}");
        let again = &again.messages[0];
        assert_eq!((line(again), &again.body), (line(message), &message.body));
        assert_eq!(again.trailers, message.trailers);
    }
}

/// Method and target; an HTTP/1.0 message is written as one of HTTP/1.1, which has a Host and may expect something.
fn line(message: &Message) -> Option<(&[u8], &[u8])> {
    match &message.start_line {
        StartLine::Request { method, target, .. } => Some((method, target)),
        StartLine::Response { .. } => None,
    }
}

/// The message as a proxy would send it: its framing fields are of its framing alone.
fn written(message: &Message) -> Vec<u8> {
    let StartLine::Request { method, target, .. } = &message.start_line else { return Vec::new() };
    let mut octets = [&method[..], b" ", target, b" HTTP/1.1\r\n"].concat();
    let add = |octets: &mut Vec<u8>, (name, value): &(Vec<u8>, Vec<u8>)| {
        octets.extend([&name[..], b": ", value, b"\r\n"].concat());
    };
    let is = |name: &[u8], other: &str| name.eq_ignore_ascii_case(other.as_bytes());
    let chunked = message.frame.framing == Framing::Chunked;
    let mut has_host = false;
    for field in &message.fields {
        has_host |= is(&field.0, "host");
        let dropped = is(&field.0, "content-length") || is(&field.0, "transfer-encoding") && !chunked;
        if !dropped {
            add(&mut octets, field);
        }
    }
    if !has_host {
        octets.extend(b"Host:\r\n");
    }
    if chunked {
        octets.extend(format!("\r\n{:x}\r\n", message.body.len()).into_bytes());
        if !message.body.is_empty() {
            octets.extend([&message.body[..], b"\r\n0\r\n"].concat());
        }
        message.trailers.iter().for_each(|field| add(&mut octets, field));
        octets.extend(b"\r\n");
        return octets;
    }
    if let Framing::ContentLength(length) = message.frame.framing {
        octets.extend(format!("Content-Length: {length}\r\n").into_bytes());
    }
    octets.extend([b"\r\n", &message.body[..]].concat());
    octets
}
