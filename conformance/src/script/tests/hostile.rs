//! Whatever the text, the parser answers: no panic, no overflow, no endless message.

use std::fmt::Write;
use std::time::Instant;

use miette::{GraphicalReportHandler, GraphicalTheme};

use super::{bad, good};
use crate::script::{parse, print};

const CORPUS: &str = include_str!("corpus.pkt");

/// SplitMix64: the same soups on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % below as u64) as usize
    }
}

/// Parses, and checks what holds for every text.
fn try_text(text: &str) -> bool {
    match parse("soup.pkt", text) {
        Ok(scenario) => {
            for step in &scenario.steps {
                assert!(text.get(step.span.clone()).is_some_and(|step| !step.is_empty()), "{step:?} in: {text}");
            }
            let printed = print(&scenario);
            let again =
                parse("printed.pkt", &printed).unwrap_or_else(|error| panic!("{error}\n{printed}\nfrom: {text}"));
            assert_eq!(again, scenario, "{printed}\nfrom: {text}");
            true
        }
        Err(error) => {
            assert!(error.to_string().len() < 1000, "{error}");
            assert!(error.line() >= 1 && error.column() >= 1);
            let span = error.span();
            assert!(text.get(span).is_some(), "the span of {error} in: {text}");
            let mut report = String::new();
            let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100);
            handler.render_report(&mut report, &error).unwrap_or_else(|_| panic!("no report of {error} in: {text:?}"));
            assert!(report.len() < 8000, "{report}");
            false
        }
    }
}

#[test]
fn truncated_scripts_are_answered() {
    let mut right = 0;
    for end in (0..=CORPUS.len()).filter(|end| CORPUS.is_char_boundary(*end)) {
        right += usize::from(try_text(&CORPUS[..end]));
    }
    assert!(right > 50, "a script may end after each of its steps: {right}");
}

#[test]
fn token_soups_are_answered() {
    const TOKENS: &[&str] = &[
        "+0",
        "0",
        "*",
        "1~2",
        "+.1...0.5",
        "<",
        ">",
        "S",
        ".",
        "P.",
        "-",
        "0:0(0)",
        "1:11(10)",
        "ack",
        "win",
        "1",
        "65536",
        "4294967296",
        "<mss 1>",
        "<...>",
        ", ...>",
        "nop",
        "sack",
        "TS val 1 ecr 2",
        "...",
        "\"ab\"",
        "\"",
        "`x`",
        "`",
        "%{ x }%",
        "%{",
        "f(3) = 0",
        "f(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "=",
        "-1",
        "EAGAIN",
        "(note)",
        "{fd=1, events=2}",
        "|",
        "A",
        ",",
        ":",
        "udp",
        "icmp",
        "unreachable",
        "mtu",
        "[ttl 3]",
        "ipv6",
        "::1",
        "fe80::",
        "ipv4",
        "1.2.3.4",
        "gre",
        "mpls",
        "(label 1, tc 1, ttl 1)",
        "--mtu=1",
        "--define=A=B",
        "--define=A=\"f(\"",
        "--",
        "@a",
        "@",
        "silent",
        "// covers: X\n",
        "// needs: isn\n",
        "// x\n",
        "/* y */",
        "/*",
        "\n",
        "#",
        "é",
        "\u{0}",
        "\\",
        "\r",
        "0x",
        "0x1",
        "1.5",
        "{flags 0x1 key=1}",
        "encap psp spi 1",
    ];
    let mut random = Random(1);
    let mut right = 0;
    for _ in 0..20_000 {
        let mut text = ["", "+0 ", "+0 > ", "+0 > . 1:1(0) ", "+0 f(1"][random.next(5)].to_owned();
        for _ in 0..=random.next(14) {
            text.push_str(TOKENS[random.next(TOKENS.len())]);
            text.push_str(["", " ", " ", "\n"][random.next(4)]);
        }
        right += usize::from(try_text(&text));
    }
    assert!(right > 30, "some soups are scripts: {right}");
}

#[test]
fn mutated_scripts_are_answered() {
    let lines: Vec<&str> = CORPUS.lines().collect();
    let mut random = Random(2);
    let mut right = 0;
    for _ in 0..20_000 {
        let mut line: Vec<char> = lines[random.next(lines.len())].chars().collect();
        let other: Vec<char> = lines[random.next(lines.len())].chars().collect();
        for _ in 0..=random.next(3) {
            let at = random.next(line.len() + 1);
            match random.next(4) {
                0 => line.truncate(at),
                1 if at < line.len() => drop(line.remove(at)),
                2 => line.insert(at, char::from(random.next(128) as u8)),
                _ => line.extend(other.iter().skip(random.next(other.len() + 1))),
            }
        }
        right += usize::from(try_text(&line.into_iter().collect::<String>()));
    }
    assert!(right > 500, "some mutants are scripts: {right}");
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in
        [("[", "]"), ("{", "}"), ("[{1, ", "}]"), ("{cmsg_level=1, cmsg_type=1, cmsg_data=", "}"), ("{a=", "}")]
    {
        let text = format!("+0 f({}1{}) = 0", open.repeat(100_000), close.repeat(100_000));
        assert!(bad(&text).contains("nested more than 64 deep"), "{open}");
    }
    let text = format!("+0 f({}1{}) = 0", "[".repeat(60), "]".repeat(60));
    try_text(&text);
    good(&text);
}

#[test]
fn long_chains_are_not_nested() {
    let mut text = "+0 f(1".to_owned();
    (0..200_000).for_each(|_| text.push_str("|A"));
    text.push_str(") = 0");
    assert!(try_text(&text));
}

#[test]
fn huge_junk_gets_a_small_answer() {
    for junk in ["x", "\"", "9", "[", "\u{1b}[31m", "é", "-", "// ", "/*/", "<", "\\"] {
        let line = junk.repeat((256 << 10) / junk.len());
        try_text(&line);
        try_text(&format!("+0 {line}"));
        try_text(&format!("+0 > S {line}"));
        try_text(&format!("+0 f({line}"));
        try_text(&format!("--mtu={line}"));
        try_text(&format!("+0 f() = 0 ({line}"));
    }
}

#[test]
fn defines_cannot_grow_without_end() {
    let text = format!("--define=A=\"{}\"\n+0 f({}1) = 0", "x".repeat(100_000), "A, ".repeat(100_000));
    assert!(bad(&text).contains("the defines grow to more than"));
}

#[test]
fn parsing_takes_linear_time() {
    let mut text = String::new();
    while text.len() < 2 << 20 {
        let _ = writeln!(text, "+0.1 < P. 1:6(5) ack 1 win 1000 <nop, nop, TS val 1 ecr 2> \"hello\" // and a comment");
    }
    let begin = Instant::now();
    let scenario = good(&text);
    assert!(scenario.steps.len() > 20_000);
    // Without optimization, on a busy machine; quadratic time would be hours.
    assert!(begin.elapsed().as_secs() < 30, "{:?}", begin.elapsed());
}
