//! `httparse`: heads, chunk-size lines and trailers are its own. It leaves the framing to whoever calls it; here that is
//! a plain one: chunked if the last transfer coding says so, else the first Content-Length if it is digits alone, else
//! nothing (a request) or until the close (a response). It does not check what `httparse` does not: that is the point.

use httparse::{EMPTY_HEADER, Header, Request, Response, Status, parse_chunk_size, parse_headers};
use wirelaw_reference::http::{Kind, Pair};

use super::{End, Line, Message, Parser, Seen};

/// As many as the reference takes.
const HEADERS: usize = 1000;

/// Where a body ended, or why it did not.
type Stop = End;

/// Reads all messages that these octets begin with.
pub(super) fn read(octets: &[u8], kind: Kind, methods: &[String]) -> Seen {
    let mut seen = Seen { parser: Parser::Httparse, messages: Vec::new(), end: End::Clean };
    let mut at = 0;
    let mut answered = 0;
    while at < octets.len() {
        // Line ends before a start-line are skipped by it: behind the last message they are nothing.
        if octets[at..].iter().all(|octet| matches!(octet, b'\r' | b'\n')) {
            break;
        }
        let (mut message, read) = match head(&octets[at..], kind) {
            Ok(Some(head)) => head,
            Ok(None) => {
                seen.end = End::Incomplete;
                break;
            }
            Err(why) => {
                seen.end = End::Rejected { at: at as u64, why };
                break;
            }
        };
        at += read;
        let method = methods.get(answered).or(methods.last()).map_or("GET", String::as_str);
        let course = course(&message, method);
        if !matches!(message.line, Line::Response(100..=199)) {
            answered += 1;
        }
        let end = body(&course, octets, at, &mut message);
        let is_tunnel = matches!(course, Course::Tunnel);
        message.end = end.as_ref().ok().map(|end| *end as u64);
        message.framing = Some(course.to_string());
        let closes = closes(&message) || matches!(course, Course::Close);
        seen.messages.push(message);
        match end {
            Ok(end) if (is_tunnel || closes) && end < octets.len() => {
                seen.end = End::Behind(end as u64);
                break;
            }
            Ok(end) => at = end,
            Err(stop) => {
                seen.end = stop;
                break;
            }
        }
    }
    seen
}

/// A head and its length.
fn head(octets: &[u8], kind: Kind) -> Result<Option<(Message, usize)>, String> {
    let mut headers = vec![EMPTY_HEADER; HEADERS];
    let (status, line, minor, headers) = match kind {
        Kind::Request => {
            let mut request = Request::new(&mut headers);
            let status = request.parse(octets).map_err(|error| error.to_string())?;
            let line = Line::Request(
                request.method.unwrap_or_default().as_bytes().to_vec(),
                request.path.unwrap_or_default().as_bytes().to_vec(),
            );
            (status, line, request.version, request.headers)
        }
        Kind::Response => {
            let mut response = Response::new(&mut headers);
            let status = response.parse(octets).map_err(|error| error.to_string())?;
            (status, Line::Response(response.code.unwrap_or_default()), response.version, response.headers)
        }
    };
    let Status::Complete(read) = status else { return Ok(None) };
    let message = Message {
        line,
        version: (1, minor.unwrap_or_default()),
        fields: pairs(headers),
        framing: None,
        body: Vec::new(),
        trailers: Vec::new(),
        end: None,
    };
    Ok(Some((message, read)))
}

fn pairs(headers: &[Header<'_>]) -> Vec<Pair> {
    headers.iter().map(|header| (header.name.as_bytes().to_vec(), header.value.trim_ascii().to_vec())).collect()
}

/// The plain frame.
enum Course {
    Nothing,
    Length(u64),
    Chunked,
    Close,
    Tunnel,
    /// Content-Length is not digits.
    Faulty,
}

impl std::fmt::Display for Course {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Course::Nothing => f.write_str("no body"),
            Course::Length(length) => write!(f, "{length} octets"),
            Course::Chunked => f.write_str("chunked"),
            Course::Close => f.write_str("until the connection closes"),
            Course::Tunnel => f.write_str("a tunnel"),
            Course::Faulty => f.write_str("a faulty Content-Length"),
        }
    }
}

fn values<'m>(message: &'m Message, name: &'m str) -> impl DoubleEndedIterator<Item = &'m [u8]> {
    let is = move |pair: &&Pair| pair.0.eq_ignore_ascii_case(name.as_bytes());
    message.fields.iter().filter(is).map(|(_, value)| value.as_slice())
}

fn course(message: &Message, method: &str) -> Course {
    match message.line {
        Line::Response(101) => return Course::Tunnel,
        Line::Response(200..=299) if method == "CONNECT" => return Course::Tunnel,
        Line::Response(100..=199 | 204 | 304) => return Course::Nothing,
        Line::Response(_) if method == "HEAD" => return Course::Nothing,
        _ => {}
    }
    let last = values(message, "transfer-encoding").next_back().and_then(|value| value.rsplit(|o| *o == b',').next());
    if last.is_some_and(|last| last.trim_ascii().eq_ignore_ascii_case(b"chunked")) {
        return Course::Chunked;
    }
    let length = values(message, "content-length").next();
    match (length, &message.line) {
        (Some(value), _) if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
            std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).map_or(Course::Faulty, Course::Length)
        }
        (Some(_), _) => Course::Faulty,
        (None, Line::Request(method, _)) if method == b"CONNECT" => Course::Tunnel,
        (None, Line::Request(..)) => Course::Nothing,
        (None, Line::Response(_)) => Course::Close,
    }
}

/// Whether the connection closes behind the message.
fn closes(message: &Message) -> bool {
    if matches!(message.line, Line::Response(100..=199)) {
        return false;
    }
    let says = |option: &[u8]| {
        values(message, "connection")
            .any(|value| value.split(|octet| *octet == b',').any(|one| one.trim_ascii().eq_ignore_ascii_case(option)))
    };
    says(b"close") || (message.version.1 == 0 && !says(b"keep-alive"))
}

/// Where the body ends that begins at `at`.
fn body(course: &Course, octets: &[u8], at: usize, message: &mut Message) -> Result<usize, Stop> {
    let rest = &octets[at..];
    match course {
        Course::Nothing | Course::Tunnel => Ok(at),
        Course::Length(length) => {
            let taken = usize::try_from(*length).unwrap_or(usize::MAX).min(rest.len());
            message.body.extend_from_slice(&rest[..taken]);
            if taken as u64 == *length { Ok(at + taken) } else { Err(End::Incomplete) }
        }
        Course::Close => {
            message.body.extend_from_slice(rest);
            Ok(octets.len())
        }
        Course::Faulty => Err(End::Rejected { at: at as u64, why: "Content-Length is not digits".to_owned() }),
        Course::Chunked => chunks(octets, at, message),
    }
}

fn chunks(octets: &[u8], mut at: usize, message: &mut Message) -> Result<usize, Stop> {
    let reject = |at: usize, why: &str| Err(End::Rejected { at: at as u64, why: why.to_owned() });
    loop {
        let rest = &octets[at..];
        let (line, size) = match parse_chunk_size(rest) {
            Ok(Status::Complete(read)) => read,
            Ok(Status::Partial) => return Err(End::Incomplete),
            Err(_) => return reject(at, "invalid chunk size"),
        };
        if size == 0 {
            at += line;
            break;
        }
        let data = &rest[line..];
        let taken = usize::try_from(size).unwrap_or(usize::MAX).min(data.len());
        message.body.extend_from_slice(&data[..taken]);
        match &data[taken..] {
            [b'\r', b'\n', ..] => at += line + taken + 2,
            [] | [b'\r'] => return Err(End::Incomplete),
            _ => return reject(at + line + taken, "no CR LF behind chunk-data"),
        }
    }
    let mut headers = vec![EMPTY_HEADER; HEADERS];
    match parse_headers(&octets[at..], &mut headers) {
        Ok(Status::Complete((read, trailers))) => {
            message.trailers = pairs(trailers);
            Ok(at + read)
        }
        Ok(Status::Partial) => Err(End::Incomplete),
        Err(error) => reject(at, &error.to_string()),
    }
}
