//! What is said of scripts that are wrong.

use std::fs;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

use super::bad;
use crate::script::{LoadError, load, parse};

/// A wrong script, and how its error begins after the file's name.
const MISTAKES: &[(&str, &str)] = &[
    // the file
    ("", "1:1: the script has no step"),
    ("// Only a comment.", "1:19: the script has no step"),
    ("`a` `b` +0 silent", "1:5: only one shell command may come before the first step"),
    ("+0 silent `a` `b`", "1:15: only one shell command may come after the last step"),
    ("+0 silent `a` +0 silent", "1:15: expected the end of the file, found `+`"),
    ("`a` --mtu=1 +0 silent", "1:5: options come before the first shell command"),
    ("+0 silent --mtu=1", "1:11: options come before the first step"),
    ("silent", "1:1: expected a time, found `silent`"),
    ("+0 < S 0:0(0) win 1\n> S. 0:0(0) ack 1", "2:1: expected `urg`, TCP options, `/udp`, a text or a time, found `>`"),
    (
        "+0",
        "1:3: expected `~`, `...` and the time of return, `<`, `>`, a shell command, a code block, a call or `silent`",
    ),
    ("+0 silent\n// covers: A\n+0 silent", "2:4: `covers:`"),
    ("+0 silent // covers: A B", "1:24: a step has at most one clause of its own"),
    ("// needs: isn, windowscale\n+0 silent", "1:16: `windowscale` is no capability of stacks"),
    ("+0 silent // needs: isn", "1:14: `needs:` has no meaning here"),
    ("// with: nagle=off nagel=on\n+0 silent", "1:20: there is no habit `nagel`"),
    ("// with: nagle=off\n// with: nagle\n+0 silent", "2:10: `nagle` needs a value"),
    ("// with: nagle=\n+0 silent", "1:16: `nagle` cannot be ``"),
    ("// with: msl=1s min-rto=200\n+0 silent", "1:25: `min-rto` cannot be `200`"),
    ("/* Text.\n   with: msl=1 */\n+0 silent", "1:1: `msl` cannot be `1`"),
    ("// with:\n+0 silent", "1:4: this line names nothing"),
    ("+0 silent // with: nagle=off", "1:14: `with:` has no meaning here"),
    ("+0 silent\n// with: nagle=off\n+0 silent", "2:4: `with:` has no meaning here"),
    ("// covers:\n+0 silent", "1:4: this line names nothing"),
    ("+0 é", "1:4: `é` does not belong into a script"),
    ("+0 f(\"abc) = 0", "1:6: this string is never closed"),
    ("+0 `abc", "1:4: this shell command is never closed"),
    ("+0 %{ abc }", "1:4: this code block is never closed"),
    ("/* abc", "1:1: this comment is never closed"),
    // options
    ("--mtv=1500\n+0 silent", "1:1: unknown option `--mtv`"),
    ("--mtu\n+0 silent", "1:1: the option `--mtu` lacks its value"),
    ("--mtu= +0 silent", "1:8: `+0` is no value for the option `--mtu`"),
    ("--mtu=70000\n+0 silent", "1:7: `70000` is no value for the option `--mtu`"),
    ("--tolerance_usecs=0\n+0 silent", "1:19: `0` is no value for the option `--tolerance_usecs`"),
    ("--tolerance_percent=101\n+0 silent", "1:21: `101` is no value"),
    ("--strict_segments=1\n+0 silent", "1:19: the option `--strict_segments` takes no value"),
    ("--ip_version=ipv5\n+0 silent", "1:14: `ipv5` is no value for the option `--ip_version`"),
    ("--non_fatal=packets\n+0 silent", "1:13: `packets` is no value for the option `--non_fatal`"),
    ("--remote_ip=1.2.3.4/33\n+0 silent", "1:13: `1.2.3.4/33` is no value"),
    ("--define=N\n+0 silent", "1:10: `N` is no value for the option `--define`"),
    ("--define=A-B=1\n+0 silent", "1:10: `A-B` cannot be defined"),
    ("--define=\"A=\\\"x\"\n+0 silent", "1:10: this string is never closed"),
    // times
    ("-1 silent", "1:1: a time is never negative"),
    ("+-1 silent", "1:2: a time is never negative"),
    ("2~1 > . 1:1(0)", "1:1: the range goes backwards"),
    ("+1~2 > . 1:1(0)", "1:4: both ends of a range are absolute, or both are relative"),
    ("1~+2 > . 1:1(0)", "1:3: both ends of a range are absolute, or both are relative"),
    ("* silent", "1:1: `*` stands only before outbound packets"),
    ("1~2 f() = 0", "1:1: a range of times stands only before outbound packets"),
    ("* < S 0:0(0) win 1", "1:1: `*` stands only before outbound packets"),
    ("0.3...0.1 f() = 0", "1:7: the call returns before it starts"),
    ("0...+1 f() = 0", "1:5: the time of return has no `+`"),
    ("0...1 > . 1:1(0)", "1:5: only calls have a time of return"),
    ("0...1 silent", "1:5: only calls have a time of return"),
    ("1.5 silent\n1 silent", "2:1: time goes backwards: 1 on line 2 comes after 1.5 on line 1"),
    ("99999999999 silent", "1:1: `99999999999` is too long a time"),
    // packets
    ("+0 < S 0:0(0)", "1:14: an inbound TCP packet needs its window"),
    ("+0 < . 1:1(0) win 1 ack 1", "1:21: `ack` comes too late here"),
    ("+0 > . 1:1(0) win *", "1:19: there is no wildcard for the window"),
    ("+0 > . 1:1(0) win 65536", "1:19: `65536` is out of range for the window"),
    ("+0 > . 1:1(0) win -1", "1:19: expected the window, found a negative number"),
    ("+0 > . 1:1(0) ack 4294967296", "1:19: `4294967296` is out of range for the acknowledgment number"),
    ("+0 > . 1:1(0) ack x", "1:19: expected the acknowledgment number, found `x`"),
    ("+0 > . 1:3(1)", "1:8: 1 and a length of 1 end at 2, not 3"),
    ("+0 > . 4294967295:0(1)", "1:8: the segment goes beyond the sequence number 4294967295"),
    ("+0 > . 1:65537(65536)", "1:16: `65536` is out of range for the length"),
    ("+0 > X 1:1(0)", "1:6: `X` in `X` is no TCP flag"),
    ("+0 > S45 1:1(0)", "1:6: more than one digit in the flags `S45`"),
    ("+0 > E4 1:1(0)", "1:6: the digit in `E4` already says what E, W and A say"),
    ("+0 > 8 1:1(0)", "1:6: `8` in `8` is no TCP flag"),
    ("+0 > 1:1(0)", "1:6: expected TCP flags, found `1`"),
    ("+0 < . ...(5) win 1", "1:8: what is sent must be said"),
    ("+0 < . 1:1(0) win 1 <TS val ... ecr 1, nop, nop>", "1:22: what is sent must be said: no `val ...`"),
    ("+0 > . 1:1(0) <020405>", "1:16: the options take 3 octets, which is no multiple of 4"),
    ("+0 > . 1:1(0) <exp-F9 01, nop>", "1:20: the id of an experiment has four hexadecimal digits"),
    ("+0 > [dscp af44] . 1:1(0)", "1:12: `af44` is no code point"),
    ("+0 > [ecn ttl 3] . 1:1(0)", "1:11: expected"),
    ("+0 silent\n#ifdef\n+0 silent", "2:1: this `#ifdef` lacks its name"),
    ("+0 silent\n#ifdef XX\n+0 silent", "2:1: this `#ifdef` is never closed"),
    ("+0 silent\n#ifdef Linux\n+0 silent", "2:1: this `#ifdef` is never closed"),
    ("+0 silent\n#endif", "2:1: this `#endif` ends nothing"),
    ("#ifdef Linux\n#ifdef Linux\n#endif\n+0 silent", "2:1: conditions cannot be nested"),
    ("+0 < [1:1(0)] icmp unreachable [1:1(0)]", "1:32: this message quotes two packets"),
    ("+0 > 65536 > 1 S 0:0(0)", "1:6: `65536` is out of range for the source port"),
    ("+0 > @ S 0:0(0)", "1:6: the connection lacks its name"),
    ("+0 < [ect01] . 1:1(0) win 1", "1:7: `ect01` leaves a choice"),
    ("+0 > [ttl 256] . 1:1(0)", "1:11: `256` is out of range for the time to live"),
    ("+0 > [ect0, tos 0x1] . 1:1(0)", "1:13: this part of the IP header has been given already"),
    ("+0 > ipv4 1.2.3 > 1.2.3.4: . 1:1(0)", "1:11: expected `[`, `(` or an IPv4 address, found `1.2`"),
    ("+0 > ipv6 1:2 > ::: . 1:1(0)", "1:11: `1:2` is no IPv6 address"),
    // options of TCP
    ("+0 < S 0:0(0) win 1 <...>", "1:22: what is sent must be said"),
    ("+0 < S 0:0(0) win 1 <mss 1460, ...>", "1:32: what is sent must be said"),
    ("+0 > S 0:0(0) <sackOK>", "1:15: the options take 2 octets, which is no multiple of 4"),
    ("+0 > S 0:0(0) <sack 1:2 1:2 1:2 1:2, TS val 1 ecr 2>", "1:15: the options take 44 octets"),
    ("+0 > S 0:0(0) <sack 1:2 1:2 1:2 1:2, TS val 1 ecr 2, ...>", "1:15: the options take 44 octets"),
    ("+0 > S 0:0(0) <msss 1460>", "1:16: `msss` is no TCP option"),
    ("+0 > S 0:0(0) <sackok, ...>", "1:16: `sackok` is no TCP option"),
    ("+0 > S 0:0(0) <sack, ...>", "1:16: a `sack` option has one to four blocks"),
    ("+0 > S 0:0(0) <sack 1:2 1:2 1:2 1:2 1:2, ...>", "1:37: a `sack` option has at most four blocks"),
    ("+0 > S 0:0(0) <sack 1::2, ...>", "1:23: expected the right edge, found `:`"),
    ("+0 > S 0:0(0) <wscale 256, ...>", "1:23: `256` is out of range for the window scale"),
    ("+0 > S 0:0(0) <TS val 1, ...>", "1:24: expected `ecr`, found `,`"),
    ("+0 > S 0:0(0) <..., nop>", "1:19: expected `>` (nothing follows `...`), found `,`"),
    ("+0 > S 0:0(0) <md5 0, ...>", "1:20: `0` has 1 digits"),
    ("+0 > S 0:0(0) <md5, ...>", "1:19: expected `valid` or hexadecimal digits, found `,`"),
    ("+0 > S 0:0(0) <FO xy, ...>", "1:19: `xy` are no hexadecimal digits"),
    (
        "+0 > S 0:0(0) <md5 0001020304050607080910111213141516, ...>",
        "1:20: `0001020304050607080910111213141516` has 17 octets",
    ),
    ("+0 > S 0:0(0) <ECN, ...>", "1:19: expected `e1b` or `e0b`, found `,`"),
    // texts
    ("+0 > P. 1:6(5) ack 1 \"hell\"", "1:22: the text has 4 octets, but the packet says (5)"),
    ("+0 > P. 1:2(1) \"\\q\"", "1:17: `\\q` is no escape"),
    ("+0 > P. 1:2(1) \"\\xg\"", "1:17: `\\x` lacks its hexadecimal digits"),
    ("+0 < icmp echo_reply \"x\"", "1:22: only TCP and UDP packets carry a text"),
    // ICMP
    ("+0 < icmp unreachabel", "1:11: `unreachabel` is no type of ICMP"),
    ("+0 < icmp unreachable port_unreachible", "1:23: `port_unreachible` is no code of this ICMP type"),
    ("+0 < icmp echo_reply port_unreachable", "1:22: `port_unreachable` is no code of this ICMP type"),
    ("+0 < icmp type_256", "1:11: `type_256` is no number of ICMP"),
    ("+0 < icmp unreachable mtu 5", "1:23: only some ICMP messages have an MTU"),
    ("+0 < icmp unreachable frag_needed mtu 65536", "1:39: `65536` is out of range for the MTU"),
    ("+0 < icmp echo_request [raw (7)]", "1:30: an ICMP message has at least 8 octets"),
    // calls
    ("+0 f(3)", "1:8: expected `=`, found the end of the file"),
    ("+0 f(3 = 0", "1:8: expected `|`, `,` or `)`, found `=`"),
    ("+0 f(3) = 4294967296", "1:11: `4294967296` is out of range for an integer"),
    ("+0 f(-2147483649) = 0", "1:6: `2147483649` is out of range for an integer"),
    ("+0 f(3) = -1 EAGAIN (never closed\n+0 silent", "1:21: this parenthesis is not closed"),
    ("+0 f(3) = -1 EAGAIN (never closed\n0.1 f(3) = 0 (x)", "1:21: this parenthesis is not closed"),
    ("+0 f() = 0\nread(3, ..., 1) = 0", "2:1: expected an error name, a note in parentheses or a time, found `read`"),
    ("+0 f(1|\"x\") = 0", "1:8: only names and numbers are joined by `|`"),
    ("+0 f({fd=1, revents=1}) = 0", "1:13: expected `events`, found `revents`"),
    ("+0 f({sa_family=1, sin_port=80}) = 0", "1:29: expected `htons`, found `80`"),
    ("+0 f(inet_addr(\"1.2.3\")) = 0", "1:16: `1.2.3` is not an IPv4 address"),
    ("+0 f(1.5) = 0", "1:6: expected `)`, `...`, a number, a string, a name, `[` or `{`, found `1.5`"),
];

#[test]
fn each_mistake_is_told_in_its_place() {
    let mut wrong = Vec::new();
    for (text, message) in MISTAKES {
        let found = bad(text);
        let found = found.strip_prefix("test.pkt:").unwrap_or(&found);
        if !found.starts_with(message) {
            wrong.push(format!("in {text:?}\nexpected {message}\nfound    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn render(text: &str) -> String {
    render_any(&parse("dir/test.pkt", text).unwrap_err())
}

fn render_any(error: &dyn Diagnostic) -> String {
    let mut report = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100);
    handler.render_report(&mut report, error).unwrap();
    report
}

#[test]
fn reports_show_the_line_and_what_would_be_right() {
    let wrong_header = "// Title.\n// needs: isn widow-scale\n+0 silent";
    insta::assert_snapshot!("unknown_capability", render(wrong_header));
    insta::assert_snapshot!("unknown_option", render("--ip_versoin=ipv4\n+0 silent\n"));
    insta::assert_snapshot!("value_of_option", render("// Title.\n\n--mtu=1500\n--tolerance_percent=200\n+0 silent\n"));
    insta::assert_snapshot!("empty_file", render(""));
    insta::assert_snapshot!(
        "end_of_file",
        render("+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...)\n\n")
    );
    insta::assert_snapshot!("time_backwards", render("0 silent\n1.25 silent // wait\n0.5 silent\n"));
    insta::assert_snapshot!("missing_time", render("+0 close(3) = 0\nclose(4) = 0\n"));
    insta::assert_snapshot!("missing_window", render("+0 < S 0:0(0) <mss 1460>\n"));
    insta::assert_snapshot!("wrong_end", render("+0.1 > P. 1:101(10) ack 1\n"));
    insta::assert_snapshot!("unknown_tcp_option", render("\t+0 > S. 0:0(0) ack 1 <mss 1460, nop, wscal 7>\n"));
    insta::assert_snapshot!("padding", render("+0 > S. 0:0(0) ack 1 <mss 1460, wscale 7>\n"));
    insta::assert_snapshot!("length_of_text", render("+0 < P. 1:6(5) ack 1 win 100\n   \"hello, \"\n   \"world\"\n"));
    insta::assert_snapshot!("unclosed_string", render("+0 write(3, \"abc, 3) = 3\n+0 silent\n"));
    insta::assert_snapshot!(
        "long_line",
        render(&format!("+0 f({}, $, {}) = 0\n", "1, ".repeat(500) + "2", "3, ".repeat(500) + "4"))
    );
    insta::assert_snapshot!("carriage_return", render("+0 silent\r\n+0 > Z 0:0(0)\r\n+0 silent\r\n"));
}

#[test]
fn a_report_shows_the_line_as_it_stands() {
    for line in ["+0 < S 0:0(0) <mss 1460>", "+0 < S 0:0(0) winn 5", "+0 /* \u{6f22} */ < S 0:0(0) \u{22}x\u{22}"] {
        let report = render(line);
        assert!(report.lines().any(|shown| shown.ends_with(&format!("\u{2502} {line}"))), "{report}");
    }
}

#[test]
fn known_codes_of_icmp_are_told_once() {
    let report = render("+0 < icmp unreachable foo [0:0(0)]");
    assert_eq!(report.matches(" port_unreachable").count(), 1, "{report}");
}

#[test]
fn files_that_are_no_scripts_are_told() {
    let folder = std::env::temp_dir().join(format!("wirelaw-load-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, octets: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, octets).unwrap();
        path
    };
    assert!(matches!(load(&folder), Err(LoadError::NotAFile { .. })));
    assert!(matches!(load(&folder.join("missing.pkt")), Err(LoadError::Read { .. })));
    let latin = load(&write("latin.pkt", b"// a\n+0 `caf\xe9`")).unwrap_err();
    assert!(matches!(latin, LoadError::NotUtf8 { line: 2, column: 8, octet: 0xe9, .. }), "{latin}");
    let huge = write("huge.pkt", b"");
    fs::File::options().write(true).open(&huge).unwrap().set_len((16 << 20) + 1).unwrap();
    let huge = load(&huge).unwrap_err();
    assert!(huge.to_string().ends_with("huge.pkt: 16777217 octets, but a script has at most 16777216"), "{huge}");
    let wrong = load(&write("wrong.pkt", b"+0 < S 0:0(0)")).unwrap_err();
    assert!(wrong.to_string().contains("wrong.pkt:1:14: an inbound TCP packet needs its window"), "{wrong}");
    assert!(render_any(&wrong).contains("`win N` is missing"));
    assert_eq!(load(&write("right.pkt", b"+0 silent")).unwrap().steps.len(), 1);
    fs::remove_dir_all(&folder).unwrap();
}
