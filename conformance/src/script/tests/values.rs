//! What the parsed values say.

use wirelaw_reference::wire::Flags;

use super::{call, good, packet, tcp};
use crate::script::ast::*;
use crate::script::{icmp, parse_with};
use crate::stack::Capability;

#[test]
fn times_are_whole_microseconds() {
    let cases = [
        ("0", Time::Absolute(0)),
        ("1.5", Time::Absolute(1_500_000)),
        (".25", Time::Absolute(250_000)),
        ("+0.0000019", Time::Relative(1)),
        ("+3", Time::Relative(3_000_000)),
        ("*", Time::Any),
        ("1~2", Time::AbsoluteRange(1_000_000, 2_000_000)),
        ("+.1~+.2", Time::RelativeRange(100_000, 200_000)),
    ];
    for (text, time) in cases {
        assert_eq!(good(&format!("{text} > . 1:1(0) ack 1")).steps[0].time.value, time, "{text}");
    }
    let step = good("+.1...0.5 accept(3, ..., ...) = 4").steps.remove(0);
    assert_eq!((step.time.value, step.end.unwrap().value), (Time::Relative(100_000), 500_000));
}

#[test]
fn a_segment_has_all_its_fields() {
    let text = "+0 < 1 > 2 S. 3:8(5) ack 4 win 5 urg 6 <mss 7> \"hello\"";
    let Action::Packet(packet) = good(text).steps.remove(0).action else { panic!() };
    let TransportSpec::Tcp(tcp) = &packet.transport else { panic!() };
    assert_eq!(packet.direction.value, Direction::Inbound);
    assert_eq!(tcp.ports.as_ref().unwrap().value, (1, 2));
    assert_eq!(tcp.flags.value, FlagsSpec { flags: Flags::SYN | Flags::ACK, ace: None });
    assert_eq!((tcp.seq.value, tcp.end.value, tcp.len.value), (3, 8, 5));
    assert_eq!(tcp.ack.as_ref().unwrap().value, 4);
    assert_eq!(tcp.window.as_ref().unwrap().value, 5);
    assert_eq!(tcp.urgent.as_ref().unwrap().value, 6);
    let OptionsSpec::Exact(options) = &tcp.options.value else { panic!() };
    assert_eq!(options[0].value, OptionSpec::Mss(7));
    assert_eq!(packet.payload.as_ref().unwrap().value, b"hello");
    // and their places
    let at = |span: &std::ops::Range<usize>| &text[span.clone()];
    assert_eq!(at(&tcp.ports.as_ref().unwrap().span), "1 > 2");
    assert_eq!(at(&tcp.flags.span), "S.");
    assert_eq!((at(&tcp.seq.span), at(&tcp.end.span), at(&tcp.len.span)), ("3", "8", "5"));
    assert_eq!(at(&tcp.ack.as_ref().unwrap().span), "4");
    assert_eq!(at(&tcp.options.span), "<mss 7>");
    assert_eq!(at(&options[0].span), "mss 7");
    assert_eq!(at(&packet.payload.as_ref().unwrap().span), "\"hello\"");
}

#[test]
fn what_is_not_written_is_none() {
    let tcp = tcp("> . 1:1(0)");
    assert!(tcp.ack.is_none() && tcp.window.is_none() && tcp.urgent.is_none() && tcp.ports.is_none());
    assert_eq!(tcp.options.value, OptionsSpec::None);
    assert!(packet("> . 1:2(1)").payload.is_none());
}

#[test]
fn the_ace_digit_sets_its_bits() {
    let cases = [
        (".5", Flags::ACK | Flags::AE | Flags::ECE, Some(5)),
        ("S2", Flags::SYN | Flags::CWR, Some(2)),
        ("P5.", Flags::PSH | Flags::ACK | Flags::AE | Flags::ECE, Some(5)),
        ("0", Flags::NONE, Some(0)),
        ("SEW", Flags::SYN | Flags::ECE | Flags::CWR, None),
        ("-", Flags::NONE, None),
    ];
    for (text, flags, ace) in cases {
        assert_eq!(tcp(&format!("> {text} 0:0(0)")).flags.value, FlagsSpec { flags, ace }, "{text}");
    }
}

#[test]
fn options_are_none_any_exact_or_a_set() {
    let options = |text: &str| tcp(&format!("> S 0:0(0) {text}")).options.value;
    assert_eq!(options("<...>"), OptionsSpec::Any);
    assert_eq!(options("<>"), OptionsSpec::Exact(Vec::new()));
    let one = |option| vec![Spanned::new(option, 0..0)];
    assert_eq!(options("<mss 1460>"), OptionsSpec::Exact(one(OptionSpec::Mss(1460))));
    assert_eq!(options("<wscale 7, ...>"), OptionsSpec::AtLeast(one(OptionSpec::WindowScale(7))));
    assert_eq!(options("<sack 1:2 3:4, ...>"), OptionsSpec::AtLeast(one(OptionSpec::Sack(vec![(1, 2), (3, 4)]))));
    assert_eq!(options("<FO, ...>"), OptionsSpec::AtLeast(one(OptionSpec::FastOpen(Vec::new()))));
    assert_eq!(options("<FO 12e5, ...>"), OptionsSpec::AtLeast(one(OptionSpec::FastOpen(vec![0x12, 0xe5]))));
    assert_eq!(
        options("<ECN e1b 1 ceb 2, ...>"),
        OptionsSpec::AtLeast(one(OptionSpec::AccEcn(AccEcn {
            e1b_first: true,
            counters: vec![1, 2],
            words: AccEcnWords::Ecn
        })))
    );
}

#[test]
fn escapes_are_octets() {
    let text = r#"< P. 1:13(12) ack 1 win 1 "\n\r\t\f\v\0\\\"\x41\xff" "b" "c""#;
    assert_eq!(packet(text).payload.unwrap().value, b"\n\r\t\x0c\x0b\0\\\"A\xffbc");
}

#[test]
fn a_call_has_all_its_parts() {
    let text = "read(4, ..., 0x10) = -1 EAGAIN (Try again) (as it's empty)";
    let call = call(text);
    assert_eq!(call.name.value, "read");
    let arguments: Vec<_> = call.arguments.into_iter().map(|argument| argument.value).collect();
    assert_eq!(arguments, [Expr::Integer(4), Expr::Ellipsis, Expr::Integer(16)]);
    assert_eq!(call.result.value, ResultSpec::Integer(-1));
    assert_eq!(&text[call.result.span.start - 3..call.result.span.end - 3], "-1");
    assert_eq!(call.errno.unwrap().value, "EAGAIN");
    assert_eq!(call.errno_text.as_deref(), Some("Try again"));
    assert_eq!(call.note.as_deref(), Some("as it's empty"));
}

#[test]
fn the_header_says_what_is_covered_and_needed() {
    let text = "// First line.\n//   Second  line.\n// covers: MUST-13 9293-3.4-ACC-TEST,\tX\n// needs: isn, window-scale\n\
                // note\n// covers: Y\n\n+0 silent";
    let header = good(text).header;
    assert_eq!(header.sentence, "First line. Second line.");
    let covers: Vec<&str> = header.covers.iter().map(|id| id.as_str()).collect();
    assert_eq!(covers, ["MUST-13", "9293-3.4-ACC-TEST", "X", "Y"]);
    assert_eq!(&text[header.covers[1].span.clone()], "9293-3.4-ACC-TEST");
    let needs: Vec<Capability> = header.needs.iter().map(|need| need.value).collect();
    assert_eq!(needs, [Capability::Isn, Capability::WindowScale]);
    assert_eq!(&text[header.needs[1].span.clone()], "window-scale");
    assert_eq!(header.notes, ["note"]);
}

#[test]
fn comments_stay_with_their_steps() {
    let text = "// Title.\n\n// one\n+0 silent // two\n// three\n+0 /* four */ silent /* five */ // covers: ID\n// six";
    let scenario = good(text);
    assert_eq!(scenario.header.sentence, "Title.");
    assert_eq!(scenario.steps[0].comments, ["one"]);
    assert_eq!(scenario.steps[0].trailing.as_deref(), Some("two"));
    assert_eq!(scenario.steps[1].comments, ["three", "four"]);
    assert_eq!(scenario.steps[1].trailing.as_deref(), Some("five"));
    assert_eq!(scenario.steps[1].clause.as_ref().unwrap().value, "ID");
    assert_eq!(scenario.epilogue, ["six"]);
    assert_eq!((scenario.steps[0].line, scenario.steps[1].line), (4, 6));
    assert_eq!(&text[scenario.steps[1].span.clone()], "+0 /* four */ silent");
}

#[test]
fn defines_stand_for_tokens() {
    let text = "--define=NAME=\"text\" --define=COUNT=0x10 --define=\"OCT=010\" --define=FL=S. --define=CALL=read\n\
                --define=X=from_script --define=fd=7 --define=NIL=\n\
                +0 CALL(fd, NAME, COUNT, OCT, X, {fd=1, events=fd}NIL) = COUNT +0 > FL 0:0(0) ack 1";
    let scenario = parse_with("x", text, &[("X".to_owned(), "from_command_line".to_owned())]).unwrap();
    let Action::Call(call) = &scenario.steps[0].action else { panic!() };
    assert_eq!(call.name.value, "read");
    let number = |value| Box::new(Spanned::new(Expr::Integer(value), 0..0));
    let arguments: Vec<_> = call.arguments.iter().map(|argument| argument.value.clone()).collect();
    assert_eq!(
        arguments,
        [
            Expr::Integer(7),
            Expr::String(b"text".to_vec()),
            Expr::Integer(16),
            Expr::Integer(8),
            Expr::Symbol("from_command_line".to_owned()),
            Expr::Pollfd { fd: number(1), events: number(7), revents: None },
        ]
    );
    assert_eq!(call.result.value, ResultSpec::Integer(16));
    let Action::Packet(packet) = &scenario.steps[1].action else { panic!() };
    let TransportSpec::Tcp(tcp) = &packet.transport else { panic!() };
    assert_eq!(tcp.flags.value.flags, Flags::SYN | Flags::ACK);
    assert_eq!(&text[tcp.flags.span.clone()], "FL");
    assert!(scenario.options.is_empty(), "defines are applied, not kept");
}

#[test]
fn options_of_the_command_line_win() {
    let text = "--ip_version=ipv4 --mtu=1400\n+0 close(CMSG_LEVEL_IP) = 0";
    let given = [("--ip_version".to_owned(), "ipv6".to_owned()), ("--strict_segments".to_owned(), String::new())];
    let scenario = parse_with("x", text, &given).unwrap();
    let options: Vec<&str> = scenario.all_options().map(|option| option.name.value.as_str()).collect();
    assert_eq!(options, ["ip_version", "mtu", "ip_version", "strict_segments"]);
    assert_eq!(scenario.options.len(), 2, "they are no part of the text");
    let Action::Call(call) = &scenario.steps[0].action else { panic!() };
    assert_eq!(call.arguments[0].value, Expr::Symbol("SOL_IPV6".to_owned()), "what goes with the family comes along");
    for (name, value) in [("--ip_version", "ipv5"), ("--mtu", ""), ("--strict_segments", "1"), ("--no_such", "1")] {
        assert!(parse_with("x", text, &[(name.to_owned(), value.to_owned())]).is_err(), "{name}={value}");
    }
}

#[test]
fn icmp_names_have_their_numbers() {
    let kind = |name: &str| IcmpType::Name(name.to_owned());
    let code = |name: &str| IcmpCode::Name(name.to_owned());
    assert_eq!(icmp::type_number(&kind("unreachable"), false), Some(3));
    assert_eq!(icmp::type_number(&kind("unreachable"), true), Some(1));
    assert_eq!(icmp::type_number(&kind("source_quench"), true), None);
    assert_eq!(icmp::code_number(&kind("unreachable"), &code("port_unreachable"), false), Some(3));
    assert_eq!(icmp::code_number(&kind("unreachable"), &code("port_unreachable"), true), Some(4));
    assert_eq!(icmp::code_number(&IcmpType::Number(3), &code("frag_needed"), false), Some(4));
    assert_eq!(icmp::code_number(&kind("echo_reply"), &IcmpCode::Number(9), true), Some(9));
}

#[test]
fn lengths_of_options_are_those_on_the_wire() {
    let cases = [
        ("nop", 1),
        ("mss 1", 4),
        ("wscale 1", 3),
        ("sackOK", 2),
        ("sack 1:2 3:4", 18),
        ("TS val 1 ecr 2", 10),
        ("md5 00", 3),
        ("FO 00", 3),
        ("FOEXP 00", 5),
        ("ECN e0b 1 ceb 2", 8),
    ];
    for (text, length) in cases {
        let OptionsSpec::AtLeast(options) = tcp(&format!("> S 0:0(0) <{text}, ...>")).options.value else { panic!() };
        assert_eq!(options[0].len(), length, "{text}");
        assert!(!options[0].is_empty());
    }
}
