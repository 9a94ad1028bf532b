//! Heads and chunked bodies per second, beside `httparse`, which looks for the ends of lines and checks the octets of
//! tokens and values, but neither URIs, Host nor framing.
//!
//! `cargo bench -p wirelaw-reference --bench http`; with `.ci/llhttp` before it, `llhttp` is timed on the same inputs.

use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher, black_box};
use wirelaw_reference::http::{
    Decoded, Event, FieldLines, Reader, RequestMethod, Rules, decode_request, decode_response,
};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

const SMALL: &[u8] = b"GET / HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n";

const BROWSER: &[u8] = b"GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg?size=large HTTP/1.1\r\n\
    Host: www.kittyhell.com\r\n\
    User-Agent: Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10.6; ja-JP-mac; rv:1.9.2.3) Gecko/20100401 Firefox/3.6.3\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    Accept-Language: ja,en-us;q=0.7,en;q=0.3\r\n\
    Accept-Encoding: gzip,deflate\r\n\
    Accept-Charset: Shift_JIS,utf-8;q=0.7,*;q=0.7\r\n\
    Keep-Alive: 115\r\n\
    Connection: keep-alive\r\n\
    Cookie: wp_ozh_wsa_visits=2; wp_ozh_wsa_visit_lasttime=xxxxxxxxxx; __utma=xxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx; \
    __utmz=xxxxxxxxx.xxxxxxxxxx.x.x.utmccn=(referral)|utmcsr=reader.livedoor.com|utmcct=/reader/|utmcmd=referral\r\n\r\n";

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\n\
    Date: Sun, 22 Nov 2026 20:00:00 GMT\r\n\
    Server: nginx/1.26.0\r\n\
    Content-Type: text/html; charset=utf-8\r\n\
    Content-Length: 5120\r\n\
    Connection: keep-alive\r\n\
    Cache-Control: max-age=600, must-revalidate\r\n\
    ETag: \"65f2a-1400-5f1c0a\"\r\n\
    Vary: Accept-Encoding\r\n\r\n";

#[path = "http/llhttp.rs"]
mod llhttp;

fn main() {
    divan::main();
    // Tests only list benchmarks; a filter asks for something else.
    if std::env::args().skip(1).all(|argument| argument == "--bench") {
        let message = |size| [HEAD, &chunked(size)].concat();
        llhttp::compare(&[
            ("request small", "request", SMALL.to_vec()),
            ("request browser", "request", BROWSER.to_vec()),
            ("response", "response", RESPONSE.to_vec()),
            ("chunked 16", "request", message(CHUNKS[0])),
            ("chunked 4096", "request", message(CHUNKS[1])),
        ]);
    }
}

/// What stands before the chunks.
const HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

fn requests() -> [(&'static str, &'static [u8]); 2] {
    [("small", SMALL), ("browser", BROWSER)]
}

fn named(name: &str) -> &'static [u8] {
    requests().iter().find(|(other, _)| *other == name).map_or(RESPONSE, |(_, octets)| octets)
}

#[divan::bench(args = ["small", "browser"])]
fn request_wirelaw(bencher: Bencher<'_, '_>, name: &str) {
    let (octets, rules, mut lines) = (named(name), Rules::default(), FieldLines::new());
    bencher.counter(BytesCount::new(octets.len())).bench_local(|| {
        match decode_request(black_box(octets), &mut lines, &rules) {
            Decoded::Complete(head, end) => (head.fields.len(), head.frame.framing, end),
            other => panic!("{other:?}"),
        }
    });
}

#[divan::bench(args = ["small", "browser"])]
fn request_httparse(bencher: Bencher<'_, '_>, name: &str) {
    let octets = named(name);
    bencher.counter(BytesCount::new(octets.len())).bench_local(|| {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        let status = request.parse(black_box(octets)).expect("it is valid");
        (request.headers.len(), status)
    });
}

#[divan::bench]
fn response_wirelaw(bencher: Bencher<'_, '_>) {
    let (rules, mut lines) = (Rules::default(), FieldLines::new());
    bencher.counter(BytesCount::new(RESPONSE.len())).bench_local(|| {
        match decode_response(black_box(RESPONSE), &mut lines, RequestMethod::Other, &rules) {
            Decoded::Complete(head, end) => (head.fields.len(), head.frame.framing, end),
            other => panic!("{other:?}"),
        }
    });
}

#[divan::bench]
fn response_httparse(bencher: Bencher<'_, '_>) {
    bencher.counter(BytesCount::new(RESPONSE.len())).bench_local(|| {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        let status = response.parse(black_box(RESPONSE)).expect("it is valid");
        (response.headers.len(), status)
    });
}

/// The lengths of chunks: small ones show the cost of a line, large ones that of data.
const CHUNKS: [usize; 2] = [16, 4096];

fn chunked(size: usize) -> Vec<u8> {
    let chunk = [format!("{size:x}\r\n").into_bytes(), vec![b'x'; size], b"\r\n".to_vec()].concat();
    [chunk.repeat(64), b"0\r\n\r\n".to_vec()].concat()
}

/// Head, all chunks, and the end.
#[divan::bench(args = CHUNKS)]
fn chunked_wirelaw(bencher: Bencher<'_, '_>, size: usize) {
    let octets = [HEAD, &chunked(size)].concat();
    let mut reader = Reader::requests(Rules::default());
    let mut spans = [(octets.as_ptr(), 0); 256];
    bencher.counter(BytesCount::new(octets.len())).bench_local(|| {
        let mut rest = black_box(&octets[..]);
        let mut count = 0;
        while let Some(event) = reader.next(&mut rest).expect("it is valid") {
            if let Event::Body(data) = event {
                spans[count % spans.len()] = (data.as_ptr(), data.len()); // the driver of llhttp notes them, too
                count += 1;
            }
        }
        black_box(&spans);
        count
    });
}

/// The chunk-size lines alone, for it reads no more.
#[divan::bench(args = CHUNKS)]
fn chunked_httparse(bencher: Bencher<'_, '_>, size: usize) {
    let octets = chunked(size);
    bencher.counter(BytesCount::new(octets.len())).bench_local(|| {
        let mut rest = black_box(&octets[..]);
        let mut chunks = 0;
        while let Ok(httparse::Status::Complete((line, length))) = httparse::parse_chunk_size(rest) {
            if length == 0 {
                break;
            }
            rest = &rest[line + length as usize + 2..];
            chunks += 1;
        }
        chunks
    });
}
