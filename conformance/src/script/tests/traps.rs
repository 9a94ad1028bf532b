//! What packetdrill stumbles over and we do not (table 10, no. 19 of the language reference).

use super::{bad, good, packet, tcp};
use crate::script::ast::{Action, Expr};
use crate::script::{parse_with, print};

#[test]
fn carriage_returns_are_blanks() {
    let text = "// Title.\r\n// covers: A\r\n--mtu=1500\r\n+0 silent // x\r\n+0 > . 1:1(0) ack 1\r\n";
    let scenario = good(text);
    assert_eq!(scenario, good(&text.replace('\r', "")));
    assert_eq!(scenario.header.covers[0].value, "A");
}

#[test]
fn carriage_returns_are_no_part_of_shell_commands() {
    let text = "`a\r\nb`\r\n+0 silent\r\n+0 `c \\\r\n  d`\r\n`e\r\n`\r\n";
    assert_eq!(good(text), good(&text.replace('\r', "")));
}

#[test]
fn a_comment_may_end_the_file_without_a_newline() {
    assert_eq!(good("+0 silent\n// the end").epilogue, ["the end"]);
    assert_eq!(good("+0 silent //").epilogue.len(), 0);
}

#[test]
fn stars_may_close_a_comment() {
    for text in ["/* x **/ +0 silent", "/* x ***/ +0 silent", "/***/ +0 silent", "/**/ +0 silent", "/****/+0 silent"] {
        assert_eq!(good(text).steps.len(), 1, "{text}");
    }
}

#[test]
fn a_brace_may_touch_the_end_of_a_code_block() {
    for (text, code) in [("%{ d={}}%", "d={}"), ("%{d={} }%", "d={}"), ("%{ {}%", "{"), ("%{}}%", "}"), ("%{}%", "")] {
        let scenario = good(&format!("+0 {text}"));
        assert_eq!(scenario.steps[0].action, Action::Code(code.to_owned()), "{text}");
        assert_eq!(good(&print(&scenario)), scenario, "{text}");
    }
}

#[test]
fn words_of_the_language_are_words_elsewhere() {
    let text = "+0 f(fd, key, off, id, tc, win, silent, udp) = -1 ENOENT (fd key off id tc it's 42) (ack (the) `key`)";
    let Action::Call(call) = good(text).steps.remove(0).action else { panic!() };
    assert_eq!(call.arguments[1].value, Expr::Symbol("key".to_owned()));
    assert_eq!(call.errno_text.as_deref(), Some("fd key off id tc it's 42"));
    let defines = ["fd", "key", "off", "id", "tc", "win"].map(|word| (word.to_owned(), "key".to_owned()));
    let scenario = parse_with("x", "+0 f(fd, {events=1, fd=win}) = 0 +0 < . 1:1(0) win 5", &defines).unwrap();
    assert_eq!(print(&scenario), "+0 f(key, {events=1, fd=key}) = 0\n+0 < . 1:1(0) win 5\n");
}

#[test]
fn flags_come_in_any_order() {
    for (text, canonical) in
        [(".E", "E."), (".P", "P."), ("E.W", "EW."), (".SF", "FS."), ("WES", "SEW"), (".S5", "S.5"), ("5.", ".5")]
    {
        let printed = print(&good(&format!("+0 > {text} 0:0(0)")));
        assert_eq!(printed, format!("+0 > {canonical} 0:0(0)\n"), "{text}");
    }
}

#[test]
fn no_blank_is_needed_between_flags_and_sequence_number() {
    for text in ["P.1:11(10)", "P. 1:11(10)", "P1:11(10)", "-1:11(10)", "SF1:11(10)"] {
        let tcp = tcp(&format!("> {text} ack 1"));
        assert_eq!((tcp.seq.value, tcp.end.value), (1, 11), "{text}");
        assert_eq!(tcp.flags.ace, None);
    }
}

#[test]
fn numbers_are_decimal_or_hexadecimal() {
    let hex = tcp("< . 0x1:0x2(0x1) ack 0x3 win 0x10 urg 0x4 <mss 0x5b4>");
    assert_eq!(hex, tcp("< . 1:2(1) ack 3 win 16 urg 4 <mss 1460>"));
    assert_eq!(packet("< [tos 32, flowlabel 5] . 1:1(0) win 1"), packet("< [tos 0x20, flowlabel 0x5] . 1:1(0) win 1"));
    assert_eq!(tcp("> S 0:0(0) <FO 0x3021, ...>"), tcp("> S 0:0(0) <FO 3021, ...>"));
}

#[test]
fn option_values_need_no_quotes() {
    let bare = "--tolerance_percent=12.5\n--ip_version=ipv4-mapped-ipv6\n--remote_ip=192.0.2.1/24\n--local_ip=fd3d:0a0b:17d6::1\n\
                --non_fatal=packet,syscall\n--mtu=0x5dc\n+0 silent";
    let quoted = "--tolerance_percent=\"12.5\" --ip_version = \"ipv4-mapped-ipv6\" --remote_ip=\"192.0.2.1/24\"// x\n\
                  --local_ip=\"fd3d:0a0b:17d6::1\" --non_fatal=\"packet,syscall\" --mtu=\"0x5dc\"/**/ +0 silent";
    let (bare, mut quoted) = (good(bare), good(quoted));
    quoted.options[3].comments.clear();
    quoted.steps[0].comments.clear();
    assert_eq!(bare.options, quoted.options);
}

#[test]
fn the_first_token_is_substituted_too() {
    assert_eq!(good("--define=T=0x10\nT > . 1:1(0) ack 1"), good("16 > . 1:1(0) ack 1"));
    let command = "--define=INIT=`true`\nINIT +0 silent";
    assert_eq!(good(command).init.unwrap().command.value, "true");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_script() {
    assert_eq!(good("\u{feff}// Title.\n+0 silent").header.sentence, "Title.");
}

#[test]
fn events_may_share_lines_and_be_split() {
    let scenario = good("0<S 0:0(0)win 1<mss 1>+0>S.0:0(0)ack 1+0\nclose\n(\n3\n)\n=\n0+0`x`+0%{}%+0 silent`y`");
    assert_eq!(scenario.steps.len(), 6);
    assert_eq!(scenario.steps[2].line, 1);
    assert_eq!(scenario.cleanup.unwrap().command.value, "y");
}

#[test]
fn a_note_may_go_over_lines() {
    let split =
        "0 f(3) = -1 EAGAIN (Resource\n  temporarily\r\n unavailable) +0 f(3) = 0 (flags\nO_RDWR)\n+0 g(1) = 0\n";
    let whole = "0 f(3) = -1 EAGAIN (Resource temporarily unavailable)\n+0 f(3) = 0 (flags O_RDWR)\n+0 g(1) = 0\n";
    assert_eq!(print(&good(split)), print(&good(whole)));
    assert_eq!(good(split).steps[2].line, 5, "the lines are counted");
}

#[test]
fn hash_comments_are_refused_with_a_reason() {
    assert_eq!(bad("# comment\n+0 silent"), "test.pkt:1:1: `#` is not part of the language");
    assert!(bad("+0 silent\n#else\n").contains("`#else` is not part of the language"));
}
