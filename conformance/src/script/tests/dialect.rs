//! What FreeBSD's and nplab's scripts write beyond google's (packetdrill language, 8).

use super::{bad, call, good, packet, tcp};
use crate::script::ast::*;
use crate::script::{parse_with, print};

/// Each is its own canonical form.
#[test]
fn packets_of_the_dialect() {
    for text in [
        "< [class 0x20, hlim 3] . 1:1(0) win 1",
        "> [dscp af11] . 1:1(0)",
        "> [dscp 0x3f, ecn ect0] . 1:1(0)",
        "> [dscp voice-admit] . 1:1(0)",
        "< R 0:0(0)! win 0",
        "> . ...(5) ack 1",
        "> . 1:1(0) ack 1 <nop, nop, TS val ... ecr 5>",
        "< . 1:1(0) ack 1 win 1 <nop, nop, TS val 1 ecr 5!>",
        "> . 1:1(0) <nop, nop, md5 valid>",
        "> . 1:1(0) <gen-77 0102>",
        "> . 1:1(0) <exp-1234 05, nop, nop, nop>",
        "> S 0:0(0) <exp-FO>",
        "> S 0:0(0) <AccECN0 ee0b 1 eceb 2, nop, nop, nop, nop>",
        "> S 0:0(0) <AccECN1, nop, nop>",
        "> S 0:0(0) <exp-AccECN1 ee1b 1, nop>",
        "> S 0:0(0) <exp-tarr, exp-tarr 7, nop, nop>",
        "> S 0:0(0) <020405b4>",
        "> S 0:0(0) <01010101>",
        "> R 0:0(0) [code 1, pen 2]",
        "< S 0:0(0) win 1 <mss 1460> /udp(9899 > 0)",
        "< udplite (10, 8)",
        "> udplite 1 > 2 (10, 0)",
        "< icmp unreachable port_unreachable [1:11(10)/udp(1 > 2)]",
        "< sctp: INIT[flgs=0, tag=1, a_rwnd=1500]",
    ] {
        let printed = print(&good(&format!("+0 {text}")));
        assert_eq!(printed.trim_end(), format!("+0 {text}"), "{text}");
        assert_eq!(good(&printed), good(&format!("+0 {text}")));
    }
}

#[test]
fn other_spellings_mean_the_same() {
    for (text, same) in [
        ("> [ecn ce, dscp ef] . 1:1(0)", "> [dscp ef, ecn ce] . 1:1(0)"),
        ("> S 0:0(0) <EXP-FO 01020304>", "> S 0:0(0) <exp-FO 01020304>"),
        ("< [1:11(10)] icmp unreachable frag_needed mtu 1200", "< icmp unreachable frag_needed mtu 1200 [1:11(10)]"),
        ("< [udp (8)] icmp unreachable", "< icmp unreachable [udp (8)]"),
    ] {
        assert_eq!(packet(text), packet(same), "{text}");
    }
    assert_eq!(tcp("> . ...(5)").seq_kind, SeqKind::Any);
    assert_eq!(tcp("> . 5:5(0)!").seq_kind, SeqKind::Literal);
}

#[test]
fn conditions_choose_the_text() {
    let text = "#ifdef FreeBSD\nthis is \"not read `\n#endif\n+0 silent\n#ifdef Linux\n+1 silent\n#endif\n\
                #ifdef STANDARD\n+2 silent\n  #endif // end\n+3 silent";
    let lines = |defines: &[(&str, &str)]| {
        let defines: Vec<_> = defines.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let scenario = parse_with("x", text, &defines).expect("it parses");
        scenario.steps.iter().map(|step| step.line).collect::<Vec<_>>()
    };
    assert_eq!(lines(&[]), [4, 6, 11]);
    assert_eq!(lines(&[("STANDARD", "x")]), [4, 6, 9, 11]);
}

#[test]
fn options_of_the_dialect() {
    let text = "--udp_encapsulation=tcp\n--tcp_md5_secret=abc\n--no_cleanup\n--tun_dev=tun5\n--persistent_tun_dev\n\
                --define=N=5\n+0 close(N) = 0";
    let scenario = good(text);
    assert_eq!((scenario.options.len(), &scenario.steps[0]), (5, &good("+0 close(5) = 0").steps[0]));
    assert!(bad("--udp_encapsulation=ip\n+0 silent").contains("is no value for the option"));
}

#[test]
fn sctp_ends_where_the_next_step_begins() {
    let text = "+0 > sctp: INIT[flgs=0,\n   tag=1]   // a remark\n\n+0 < sctp: ABORT[]\n* > sctp: X[]\n`true`";
    let scenario = good(text);
    assert_eq!(scenario.steps.len(), 3);
    assert!(scenario.cleanup.is_some());
    let Action::Packet(packet) = &scenario.steps[0].action else { panic!() };
    let TransportSpec::Sctp(text) = &packet.transport else { panic!() };
    assert_eq!(text.value, "sctp: INIT[flgs=0, tag=1]");
}

#[test]
fn structures_of_calls() {
    for text in [
        "recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{iov_base=..., iov_len=10}], msg_control(20)=\
         [{cmsg_len=20, cmsg_level=SOL_IP, cmsg_type=IP_TTL, cmsg_data=1}], msg_flags=0}, 0) = 10",
        "setsockopt(3, IPPROTO_TCP, TCP_FUNCTION_BLK, {function_set_name = \"rack\", pcbcnt = 5}, 36) = 0",
        "setsockopt(3, SOL_SOCKET, SO_ACCEPTFILTER, {af_name = \"x\", af_arg = \"\"}, ...) = 0",
        "getsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=..., linger=...}, ...) = 0",
        "setsockopt(3, IPPROTO_TCP, TCP_FASTOPEN, NULL, 0) = 0",
        "f(htonl(5), htons(7)) = 0",
    ] {
        let printed = print(&good(&format!("+0 {text}")));
        assert_eq!(printed.trim_end(), format!("+0 {text}"));
    }
    let Expr::Iovec(iovec) = &call("f({iov_base=..., iov_len=10}) = 0").arguments[0].value else { panic!() };
    assert!(iovec.named && iovec.len.value == Expr::Integer(10));
}

/// The scripts of google's suite use words that only their runner defines.
#[test]
fn words_of_the_usual_runner_are_defined() {
    let text = "+0 < S 0:0(0) win 1 <FO TFO_COOKIE, nop, nop>\n+0 f(CMSG_LEVEL_IP, CMSG_TYPE_RECVERR) = 0";
    let scenario = good(text);
    assert_eq!(scenario.expansions.len(), 3);
    let [v4, v6] = ["ipv4", "ipv6"].map(|version| {
        print(&good(&format!("--ip_version={version}\n+0 < S 0:0(0) win 1 <FO TFO_COOKIE_ZERO, nop, nop>")))
    });
    assert!(v4.contains("FO b7c12350a90dc8f5") && v6.contains("FO 82af1a8f9a205c34"), "{v4}{v6}");
    assert!(print(&scenario).contains("FO 3021b9d889017eeb") && print(&scenario).contains("f(SOL_IP, IP_RECVERR)"));
    let mapped = print(&good(&format!("--ip_version=ipv4-mapped-ipv6\n{text}")));
    assert!(mapped.contains("FO 3021b9d889017eeb") && mapped.contains("f(SOL_IPV6, IPV6_RECVERR)"));
    let given = parse_with("x", text, &[("TFO_COOKIE".to_owned(), "0102030405060708".to_owned())]).expect("it parses");
    assert!(print(&given).contains("FO 0102030405060708"));
    assert!(!good("#ifdef CODE\nnonsense\n#endif\n+0 silent").steps.is_empty(), "nobody has defined it");
}
