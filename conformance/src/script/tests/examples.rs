//! Every construct parses, and what is printed of it parses to the same again.

use super::good;
use crate::script::print;

/// What may stand after a time, in canonical form.
const ACTIONS: &[&str] = &[
    // §3.1
    "< S 0:0(0) win 1000",
    "> S. 0:0(0) ack 1",
    "< . 1:1(0) ack 1 win 65535 urg 3",
    "> P. 1:101(100) ack 1",
    "> . 4294967295:4294967295(0) ack 4294967295",
    "< 1234 > 80 S 0:0(0) win 1000",
    "> - 1:1(0)",
    "< encap psp spi 7 . 1:1(0) ack 1 win 1",
    "< @a S 0:0(0) win 1000",
    "> @3337-b_c S. 0:0(0) ack 1",
    // §3.2
    "< [noecn] . 1:1(0) ack 1 win 1",
    "> [ect1] . 1:1(0) ack 1",
    "> [ect0, flowlabel 0x12345] . 1:1(0) ack 1",
    "> [ect01] . 1:1(0) ack 1",
    "< [ce] . 1:1(0) ack 1 win 1",
    "< [tos 0x20] . 1:1(0) ack 1 win 1",
    "< [tos 0x20, flowlabel 0x1] . 1:1(0) ack 1 win 1",
    "< [ttl 1] . 1:1(0) ack 1 win 1",
    // §3.3
    "> FSRPUEWA. 0:0(0) ack 1",
    "> S.5 0:0(0) ack 1",
    "> .5 1:1(0) ack 1",
    "> P7 1:1(0)",
    "> 0 1:1(0)",
    // §3.5
    "< S 0:0(0) win 1 <mss 1460, nop, wscale 7>",
    "< S 0:0(0) win 1 <sackOK, eol, eol>",
    "> S 0:0(0) <mss 1460, sackOK, TS val 4294967295 ecr 0, nop, wscale 255>",
    "> . 1:1(0) ack 1 <nop, nop, sack 1001:2001 3001:4001 5001:6001 7001:8001>",
    "> . 1:1(0) ack 1 <nop, nop, md5 000102030405060708090a0b0c0d0e0f>",
    "> S 0:0(0) <FO, nop, nop>",
    "> S 0:0(0) <FO 3021b9d889017eeb, nop, nop>",
    "> S 0:0(0) <FOEXP>",
    "> S 0:0(0) <FOEXP 00ff, nop, nop>",
    "> . 1:1(0) ack 1 <ECN e0b 1, nop, nop, nop>",
    "> . 1:1(0) ack 1 <ECN e0b 1 ceb 2, nop, nop, nop, nop>",
    "> . 1:1(0) ack 1 <ECN e1b 1 ceb 2 e0b 16777215, nop>",
    "> S. 0:0(0) ack 1 <...>",
    "> S. 0:0(0) ack 1 <mss 1460, ...>",
    "> S. 0:0(0) ack 1 <>",
    // payload text
    "< P. 1:6(5) ack 1 win 100 \"hello\"",
    "> P. 1:7(6) ack 1 <nop, nop, TS val 1 ecr 2> \"a\\r\\n\\\"\\\\\\x00\"",
    "< udp (3) \"abc\"",
    "< . 1:1(0) ack 1 win 1 \"\"",
    // §3.6
    "> udp (1000)",
    "< udp 53 > 5353 (12)",
    // §3.7
    "< icmp echo_reply",
    "< icmp unreachable frag_needed mtu 1200 [1:1461(1460)]",
    "< icmp unreachable code_4 mtu 1200",
    "< icmp packet_too_big mtu 100000 [1:1(0)]",
    "< icmp time_exceeded exceeded_hop_limit [udp (8)]",
    "< icmp echo_request id 17 [raw (64)]",
    "< icmp type_200 code_3",
    "< icmp unreachable no_route",
    "> icmp parameter_problem unknown_option",
    // §3.8
    "< ipv4 192.0.2.1 > 192.0.2.2: . 1:1(0) ack 1 win 1",
    "< ipv4 [ttl 3] 192.0.2.1 > 192.0.2.2: gre: . 1:1(0) ack 1 win 1",
    "> ipv6 2001:db8::1 > 2001:db8::2: . 1:1(0) ack 1",
    "> ipv6 :: > ::ffff:1.2.3.4: udp (1)",
    "> gre flags 0x2000 key=5: . 1:1(0) ack 1",
    "> gre flags 0xb000 sum 1 off 2 key=3 seq 4: . 1:1(0) ack 1",
    "> mpls (label 0, tc 0, ttl 0) (label 1048575, tc 7, [S], ttl 255): . 1:1(0) ack 1",
    // §5.1
    "close(3) = 0",
    "fork() = -2147483648",
    "read(4, ..., 1000) = -1 EAGAIN (Resource temporarily unavailable)",
    "read(4, ..., 1000) = -1 EAGAIN",
    "fcntl(3, F_GETFL) = 2 (flags O_RDWR)",
    "read(4, ..., 1000) = -1 EAGAIN (why not) (it's (really) empty)",
    "write(4, ..., 1000) = 1000 ()",
    "socket(..., SOCK_STREAM, IPPROTO_TCP) = 3",
    "call() = 4294967295",
    "call() = ...",
    "call() = NAME",
    // §5.3
    "read(4, \"GET / HTTP/1.1\\r\\n\", 1000) = 16",
    "f(\"abc\"...) = 0",
    "fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK|2048) = 0",
    "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
    "f([], [[1, 2], [...]], {}, {1, 2, 3}, {SYMBOL, \"x\"}, {fd, 5}, {flags, 3}) = 0",
    "f(inet_addr(\"1.2.3.4\"), inet6_addr(\"::1\")) = 0",
    "f({sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"1.2.3.4\")}) = 0",
    "f({sa_family=AF_INET6, sin_port=htons(0), sin_addr=inet6_addr(\"::\")}) = 0",
    "writev(3, [{..., 1000}, {\"text\", 4}, {\"text\"..., 4}], 3) = 1004",
    "recvmsg(3, {msg_name(...)=..., msg_iov(2)=[{..., 10}, {..., 20}], msg_flags=0}, 0) = 30",
    "sendmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=MSG_EOR|MSG_OOB, \
     msg_control=[{cmsg_level=SOL_IP, cmsg_type=IP_TOS, cmsg_data=3}]}, 0) = 10",
    "f({cmsg_level=1, cmsg_type=2, cmsg_data={scm_sec=1, scm_nsec=2000}}) = 0",
    "f({cmsg_level=1, cmsg_type=2, cmsg_data={ee_errno=0, ee_origin=5, ee_type=0, ee_code=1, ee_info=0, ee_data=7}}) = 0",
    "f({cmsg_level=1, cmsg_type=2, cmsg_data={TCP_NLA_X = 1, TCP_NLA_Y = ...}}) = 0",
    "poll([{fd=4, events=POLLIN}, {fd=5, events=POLLOUT, revents=POLLERR|POLLHUP}], 2, 0) = 1",
    "epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLIN, fd=4}) = 0",
    "epoll_wait(5, {events=0, ptr=0}, 1, 0) = 0",
    "f({events=1, u32=4294967295}, {events=1, u64=9223372036854775807}) = 0",
    "setsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=5}, 8) = 0",
    "f({(label 1, tc 2, ttl 3) (label 4, tc 5, [S], ttl 6)}) = 0",
    "f({flags 0x2000 key=7}) = 0",
    "silent(3) = 0",
    // §1.5, §6, silence
    "`echo \\` ; ip link show`",
    "%{ assert tcpi_snd_cwnd == 10, 'it''s {}' }%",
    "%{ \nfor i in range(3):\n\tprint(i)\n }%",
    "silent",
];

#[test]
fn each_action_is_its_own_canonical_form() {
    for action in ACTIONS {
        let text = format!("+0 {action}\n");
        assert_eq!(print(&good(&text)), text);
    }
}

#[test]
fn each_time_is_its_own_canonical_form() {
    let packet = "> . 1:1(0) ack 1";
    for time in ["0", "1.5", "+0", "+0.000001", "*", "1~2.5", "+0.1~+0.2", "1000000000", "999999999.999999"] {
        let text = format!("{time} {packet}\n");
        assert_eq!(print(&good(&text)), text);
    }
    for time in ["0...0.3", "+0.1...0.5", "0.1...0.1"] {
        let text = format!("{time} read(4, ..., 10) = 10\n");
        assert_eq!(print(&good(&text)), text);
    }
}

/// A script with everything in it, laid out as its author liked.
const WHOLE: &str = r#"// A listening socket answers a SYN
// with a SYN,ACK.
// covers: MUST-13, SHLD-2
// covers: 9293-3.4-A
// needs: isn window-scale

// Long story.
//   With an indent.

// set up
--ip_version=ipv4   --tolerance_usecs=5000
/* a frame
 * of two lines
 */
--remote_ip="192.0.2.1/24" --define=PORT=8080 --strict_segments --tolerance_percent="12.5"
--non_fatal="packet,syscall" // both
--code_command="python3 -u"

// before all
`true`

0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3 // the listener
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0 +.1 <   S 0:0(0)
   win 1000 // in between
   <mss 1460> /* also trailing */ // covers: MUST-2
// before the answer
//
// really
+0 > S. 0:0(0) ack 1 <...> // covers: MUST-3
+0.5 silent

// the end
`false`
// after the end
"#;

#[test]
fn a_whole_script_is_printed_in_canonical_form() {
    insta::assert_snapshot!(print(&good(WHOLE)));
}

#[test]
fn printing_keeps_everything() {
    let once = good(WHOLE);
    let printed = print(&once);
    let twice = good(&printed);
    assert_eq!(once, twice);
    assert_eq!(print(&twice), printed);
}

#[test]
fn long_sentences_are_wrapped_and_joined_again() {
    let sentence = format!("{} covers: and needs: are words too", "many words ".repeat(40).trim_end());
    let text = format!("// {sentence}\n// covers: A\n+0 silent\n");
    let scenario = good(&text);
    assert_eq!(scenario.header.sentence, sentence);
    let printed = print(&scenario);
    assert!(printed.lines().all(|line| line.len() < 110), "{printed}");
    assert_eq!(good(&printed), scenario);
}
