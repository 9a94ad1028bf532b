//! Requests, by the twenty situations of the requirements map.

use crate::cases::check;

const A: &[&str] = &[];

#[test]
fn situations_1_to_4_lengths() {
    check(
        None,
        &[
            // 1
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                A,
                "length-and-coding 64 400",
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nGET",
                &["te-and-cl-te-wins"],
                "x! surplus(GET) ok",
            ),
            // 2
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx", A, "content-length-repeated 42 400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx", &["equal-content-lengths"], "x| ok"),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\ncontent-length:1\r\n\r\nx",
                &["equal-content-lengths"],
                "x| ok",
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1,\r\n\r\nx",
                &["equal-content-lengths"],
                "content-length 42 400",
            ),
            // 3
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
                &["equal-content-lengths"],
                "content-lengths-differ 61 400",
            ),
            // 4
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx", A, "content-length 42 400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 0\r\n\r\nx", A, "content-length 42 400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\nx", A, "content-length 42 400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\nx", A, "content-length 42 400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nx", A, "content-length 41 400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \u{a0}1\r\n\r\nx", A, "content-length 42 400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \t1 \t\r\n\r\nx", A, "x| ok"),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0001\r\n\r\nx", A, "x| ok"),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616, 18446744073709551617\r\n\r\nx",
                &["equal-content-lengths"],
                "content-length-repeated 42 400",
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\nx",
                A,
                "content-length-too-large 42 413",
            ),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\nx", A, "x... incomplete 67"),
        ],
    );
}

#[test]
fn situations_5_to_7_codings() {
    check(
        None,
        &[
            // 5
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", A, "coding-not-final 45 400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", A, "coding-not-final 45 400"),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
                &["unknown-te"],
                "coding-not-final 45 400",
            ),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", A, "coding-not-final 44 400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", A, "chunked-twice 45 400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;a=b\r\n\r\n", A, "chunked-parameters 45 400"),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip;q=1, chunked\r\n\r\n",
                A,
                "coding-parameters 45 400",
            ),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", A, "coding 45 400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,cHuNkEd\t,\r\n\r\n0\r\n\r\n", A, "| ok"),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                A,
                "| ok",
            ),
            // 6
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: foo, chunked\r\n\r\n0\r\n\r\n",
                A,
                "coding-unknown 45 501",
            ),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: foo, chunked\r\n\r\n0\r\n\r\n", &["unknown-te"], "| ok"),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
                &["unknown-te"],
                "coding-not-final 45 400",
            ),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n", A, "control 45 400"),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n",
                &["retain-controls"],
                "control 45 400",
            ),
            // 7
            (
                "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                A,
                "coding-in-http10 60 400",
            ),
            (
                "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET",
                &["te-in-http10"],
                "! surplus(GET) ok",
            ),
            (
                "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
                &["te-in-http10"],
                "length-and-coding 36 400",
            ),
        ],
    );
}

/// Behind `POST / HTTP/1.1`, Host and Transfer-Encoding: 56 octets.
macro_rules! chunked {
    ($body:literal) => {
        concat!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", $body)
    };
}

#[test]
fn situations_8_to_10_chunks() {
    check(
        None,
        &[
            // 8
            (chunked!("5\r\nhello\r\n0\r\n\r\n"), A, "hello| ok"),
            (chunked!("00A\r\n0123456789\r\n1\r\nx\r\n000\r\n\r\n"), A, "0123456789x| ok"),
            (chunked!("a\r\n0123456789\r\n0\r\n\r\nGET / HTTP/1.0\r\n\r\n"), A, "0123456789| ! ok"),
            (chunked!("10000000000000000\r\n"), A, "... chunk-size-too-large 72 413"),
            (chunked!("FFFFFFFFFFFFFFFF\r\n"), A, "... incomplete 74"),
            (chunked!("+5\r\nhello\r\n"), A, "... chunk-size 56 400"),
            (chunked!("0x5\r\n"), A, "... chunk-size-end 57 400"),
            (chunked!(" 5\r\n"), A, "... chunk-size 56 400"),
            (chunked!("5 \r\nhello\r\n"), A, "... chunk-space 58 400"),
            (chunked!("\r\n"), A, "... chunk-size 56 400"),
            (chunked!("5_0\r\n"), A, "... chunk-size-end 57 400"),
            (chunked!("5\r\nhelloX\r\n"), A, "hello... chunk-data-end 64 400"),
            (chunked!("5\r\nhello"), A, "hello... incomplete 64"),
            (chunked!("5\r\nhello\r\n0\r\n"), A, "hello... incomplete 69"),
            // 9
            (chunked!("5;a;b=c;d=\"e;\\\"\\\\\"\r\nhello\r\n0;z\r\n\r\n"), A, "hello| ok"),
            (chunked!("5 \t; a = b ; c\r\nhello\r\n0\r\n\r\n"), A, "hello| ok"),
            (chunked!("5;\r\n"), A, "... chunk-extension 58 400"),
            (chunked!("5;a=\r\n"), A, "... chunk-extension 60 400"),
            (chunked!("5;a \r\n"), A, "... chunk-space 60 400"),
            (chunked!("5;a@\r\n"), A, "... chunk-extension 59 400"),
            (chunked!("5;a=\"b\r\n"), A, "... chunk-extension-quoted 62 400"),
            (chunked!("5;a=\"b\"c\r\n"), A, "... chunk-extension 63 400"),
            (chunked!("5 a\r\n"), A, "... chunk-space 58 400"),
            // 10
            (chunked!("5\nhello\r\n"), &["lf-line-end"], "... chunk-bare-lf 57 400"),
            (chunked!("5;a\nhello\r\n"), &["lf-line-end"], "... chunk-bare-lf 59 400"),
            (chunked!("5\r\nhello\n0\r\n\r\n"), &["lf-line-end"], "hello... chunk-bare-lf 64 400"),
            (chunked!("5\rhello\r\n"), &["bare-cr-as-sp"], "... chunk-bare-cr 57 400"),
            (chunked!("5;a\rb\r\n"), A, "... chunk-bare-cr 59 400"),
            (chunked!("1;a\r;\rb\r=\r\"\r\"\r\nx\r\n0\r\n\r\n"), &["bare-cr-as-sp"], "x| ok"),
            (chunked!("1;a\r\r\nx"), &["bare-cr-as-sp"], "... chunk-space 61 400"),
            (chunked!("1;a\rb\r\nx"), &["bare-cr-as-sp"], "... chunk-extension 60 400"),
            (chunked!("0\r\nA: b\r\nC:\r\n\r\n"), A, "| ok"),
            (chunked!("0\r\nA b\r\n\r\n"), A, "... space-after-name 60 400"),
            (chunked!("0\r\nA: b\n\n"), A, "... bare-lf 63 400"),
            (chunked!("0\r\nA: b\n\n"), &["lf-line-end"], "| ok"),
            (chunked!("0\r\n A: b\r\n\r\n"), &["ws-before-first-field-dropped"], "... name-octet 59 400"),
        ],
    );
}

#[test]
fn situation_10_line_ends() {
    check(
        None,
        &[
            ("GET / HTTP/1.1\nHost: a\n\n", A, "bare-lf 14 400"),
            ("GET / HTTP/1.1\nHost: a\n\n", &["lf-line-end"], "| ok"),
            ("GET / HTTP/1.1\r\nHost: a\n\r\n", A, "bare-lf 23 400"),
            ("GET / HTTP/1.1\r\nHost: a\r\n\n", &["lf-line-end"], "| ok"),
            ("GET / HTTP/1.1\rHost: a\r\n\r\n", A, "bare-cr 14 400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nA: b\rC: d\r\n\r\n", A, "bare-cr 29 400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nA: b\rC: d\r\n\r\n", &["bare-cr-as-sp"], "| ok"),
            ("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\r\n\r\n", &["bare-cr-as-sp"], "| ok"),
            ("GET / HTTP/1.1\r\nHost: a\r\nA\r: b\r\n\r\n", &["bare-cr-as-sp"], "no-colon 26 400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nA: \0b\r\n\r\n", A, "nul 28 400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nA: \0b\r\n\r\n", &["nul-as-sp"], "| ok"),
            ("GET / HTTP/1.1\r\nHost: a\r\nA: \x7f\r\n\r\n", A, "control 28 400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nA: \x01\x7f\r\n\r\n", &["retain-controls"], "| ok"),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: \x01close\r\n\r\n", &["retain-controls"], "control 37 400"),
            (
                "GET / HTTP/1.1\r\nHost: a\r\nUpgrade:\r\n \x01\r\n\r\n",
                &["retain-controls", "obs-fold"],
                "control 36 400",
            ),
            ("GET / HTTP/1.1\r\nHost: a\r\nUpgrade_:\r\n \x01\r\n\r\n", &["retain-controls", "obs-fold"], "| ok"),
            ("GET / HTTP/1.1\r\nHost: a\r\nA: \u{80}\u{ff}\t!\r\n\r\n", A, "| ok"),
        ],
    );
}

#[test]
fn situations_11_to_13_field_lines() {
    check(
        None,
        &[
            // 11
            ("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", A, "obs-fold 31 400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", &["obs-fold"], "| ok"),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", &["obs-fold"], "| ok"),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\t1\r\n\r\nx", &["obs-fold"], "content-length 42 400"),
            ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", &["obs-fold"], "space-before-fields 16 400"),
            ("GET / HTTP/1.1\r\n x: y\r\n\tz\r\nHost: a\r\n\r\n", &["ws-before-first-field-dropped"], "| ok"),
            ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", &["ws-before-first-field-dropped"], "host-missing 28 400"),
            // 12
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", &["space-before-colon"], "space-after-name 20 400"),
            // 13
            ("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", A, "name-empty 25 400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nAb\r\n\r\n", A, "no-colon 27 400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nA(b: c\r\n\r\n", A, "name-octet 26 400"),
            ("GET / HTTP/1.1\r\nHost: a\r\n\u{e9}: c\r\n\r\n", A, "name-octet 25 400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent_Length: x\r\n!#$%&'*+-.^_`|~: :\r\n\r\n", A, "| ok"),
        ],
    );
}

#[test]
fn situations_14_and_15_start_lines() {
    check(
        None,
        &[
            // 14
            ("\r\nGET / HTTP/1.0\r\n\r\n", A, "! ok"),
            ("\r\n\r\nGET / HTTP/1.0\r\n\r\n", A, "empty-lines 2 400"),
            ("\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n", &["skip-empty-lines"], "! ok"),
            ("\nGET / HTTP/1.0\r\n\r\n", A, "bare-lf 0 400"),
            ("\nGET / HTTP/1.0\r\n\r\n", &["lf-line-end"], "! ok"),
            (" \r\nGET / HTTP/1.0\r\n\r\n", &["skip-empty-lines"], "method 0 400"),
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n", A, "| | ok"),
            ("\r", A, "incomplete 1"),
            ("", A, "ok"),
            // 15
            ("GET /\r\n", A, "version-missing 5 400"),
            ("GET\r\n", A, "target-missing 3 400"),
            ("GET / HTTP/0.9\r\n\r\n", A, "version-unsupported 11 505"),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", A, "asterisk-not-options 4 400"),
            ("GET / HTTP/2.0\r\n\r\n", A, "version-unsupported 11 505"),
            ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", A, "| ok"),
            ("GET / HTTP/1.2\r\n\r\n", A, "host-missing 18 400"),
            ("GET / http/1.1\r\n", A, "version 6 400"),
            ("GET / HTTP/1.1 \r\n", A, "version 14 400"),
            ("GET / HTTP/1.10\r\n", A, "version 14 400"),
            ("GET / HTTP/1\r\n", A, "version 12 400"),
            ("GET  / HTTP/1.1\r\n", A, "extra-space 4 400"),
            ("GET /  HTTP/1.1\r\n", A, "extra-space 6 400"),
            ("GET /a b HTTP/1.1\r\n", A, "version 7 400"),
            ("GET\t/ HTTP/1.1\r\n", A, "method 3 400"),
            ("GET /\tHTTP/1.1\r\n", A, "target-space 5 400"),
            ("\tGET\x0b/ \x0c HTTP/1.1\r \r\nHost: a\r\n\r\n", &["lenient-request-line-ws"], "| ok"),
            ("GET / a HTTP/1.1\r\n", &["lenient-request-line-ws"], "target-space 5 400"),
            ("GET /%4 HTTP/1.1\r\n", &["lenient-request-line-ws"], "percent-encoding 5 400"),
            ("GET / HTTP/1.1\n", &["lenient-request-line-ws"], "bare-lf 14 400"),
            ("G@T / HTTP/1.1\r\n", A, "method 1 400"),
            ("get / HTTP/1.0\r\n\r\n", A, "! ok"),
            ("\x16\x03\x01", A, "method 0 400"),
        ],
    );
}

#[test]
fn situations_16_and_17_targets_and_hosts() {
    check(
        None,
        &[
            // 16
            ("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", A, "| ok"),
            ("GET http://b/ HTTP/1.1\r\n\r\n", A, "host-missing 26 400"),
            ("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", A, "empty-host 11 400"),
            ("GET http://u:p@b/ HTTP/1.1\r\nHost: b\r\n\r\n", A, "userinfo 11 400"),
            ("GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", A, "target-form 4 400"),
            ("GET http://a:b/ HTTP/1.1\r\nHost: a\r\n\r\n", A, "authority 13 400"),
            ("GET a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", A, "authority-not-connect 4 400"),
            ("OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", A, "| ok"),
            ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", A, "asterisk-not-options 4 400"),
            ("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\nabc", A, "| tunnel(abc) ok"),
            ("CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", A, "connect-port 9 400"),
            ("CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n", A, "connect-target 8 400"),
            ("GET /a#b HTTP/1.1\r\n", A, "fragment 6 400"),
            ("GET /%zz HTTP/1.1\r\n", A, "percent-encoding 6 400"),
            ("GET /%4 HTTP/1.1\r\n", A, "percent-encoding 7 400"),
            ("GET /\u{e9} HTTP/1.1\r\n", A, "target-octet 5 400"),
            ("GET /[ HTTP/1.1\r\n", A, "target-octet 5 400"),
            ("GET /a|b HTTP/1.1\r\n", A, "target-octet 6 400"),
            ("GET /%20?%20/?:@!$&'()*+,;=-._~ HTTP/1.0\r\n\r\n", A, "! ok"),
            ("GET http://[::1]:80/ HTTP/1.0\r\n\r\n", A, "! ok"),
            // 17
            ("GET / HTTP/1.1\r\n\r\n", A, "host-missing 18 400"),
            ("GET / HTTP/1.0\r\n\r\n", A, "! ok"),
            ("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", A, "host-twice 25 400"),
            ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", A, "host-invalid 23 400"),
            ("GET / HTTP/1.1\r\nHost: u@b\r\n\r\n", A, "host-invalid 23 400"),
            ("GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", A, "host-invalid 25 400"),
            ("GET / HTTP/1.1\r\nHost: a/\r\n\r\n", A, "host-invalid 23 400"),
            ("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", A, "| ok"),
            ("GET / HTTP/1.1\r\nHost: a:\r\n\r\n", A, "| ok"),
            ("GET / HTTP/1.1\r\nHost: [::1]:8\r\n\r\n", A, "| ok"),
            ("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", &["obs-fold"], "host-invalid 23 400"),
        ],
    );
}

#[test]
fn situation_18_and_connections() {
    check(
        None,
        &[
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.0\r\n\r\n", A, "abc| ! ok"),
            ("POST / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.0\r\n\r\n", A, "| ! ok"),
            ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", A, "connect-content 52 400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\nGET /", A, "! surplus(GET /) ok"),
            (
                "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
                A,
                "| ! ok",
            ),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab", A, "ab... incomplete 49"),
            ("GET / HTTP/1.1\r\nHost: a\r\n", A, "incomplete 25"),
        ],
    );
}

#[test]
fn limits_have_a_status_each() {
    use crate::{read, reader, summary};
    use wirelaw_reference::http::{Limits, Rules};
    let limits = Limits {
        method: 7,
        start_line: 30,
        fields: 40,
        field_lines: 3,
        chunk_size_digits: 4,
        chunk_extensions: 5,
        content: 20,
    };
    let rules = Rules { limits, ..Rules::default() };
    let got = |octets: &str| summary(&read(octets.as_bytes(), &reader(None, rules.clone())));
    assert_eq!(got("OPTIONS / HTTP/1.0\r\n\r\n"), "! ok");
    assert_eq!(got("OPTIONSX / HTTP/1.0\r\n\r\n"), "method-too-long 7 501");
    assert_eq!(got("GET /23456789012345 HTTP/1.0\r\n\r\n"), "! ok");
    assert_eq!(got("GET /234567890123456 HTTP/1.0\r\n\r\n"), "line-too-long 30 414");
    assert_eq!(got("GET / HTTP/1.0\r\na: b\r\na:b\r\na:b\r\n\r\n"), "! ok");
    assert_eq!(got("GET / HTTP/1.0\r\na: b\r\na:b\r\na:b\r\na:b\r\n\r\n"), "too-many-fields 32 431");
    assert_eq!(got("GET / HTTP/1.0\r\na: 78901234567890123456789012345678901\r\n\r\n"), "fields-too-large 56 431");
    assert_eq!(got("GET / HTTP/1.0\r\nContent-Length: 21\r\n\r\n"), "content-too-large 32 413");
    let got = |octets: &str| got(&format!("GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding:chunked\r\n\r\n{octets}"));
    assert_eq!(got(""), "... incomplete 52");
    assert_eq!(got("00001\r\n"), "... chunk-size-too-long 56 400");
    assert_eq!(got("1;a=b\r\nx\r\n1;a\r\n"), "x... chunk-extensions-too-long 64 413");
    assert_eq!(got("15\r\n"), "... content-too-large 55 413");
    assert_eq!(got("14\r\n"), "... incomplete 56");
}
