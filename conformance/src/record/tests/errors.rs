//! ICMP about the connection, and bulk.

use super::{captured, record, recorded, run};
use crate::record::Request;

const START: &str = "
0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   bind(3, ..., ...) = 0
+0   listen(3, 1) = 0
+0.1 < S 0:0(0) win 65535 <mss 1400>
+0   > S. 0:0(0) ack 1 <...>
+0.1 < . 1:1(0) ack 1 win 65535
+0   accept(3, ..., ...) = 4
";

#[test]
fn errors_about_the_connection_are_recorded() {
    let lines = "+0.1 write(4, ..., 1400) = 1400\n+0 > P. 1:1401(1400) ack 1
+0.1 < icmp unreachable frag_needed mtu 1040 [1:1401(1400)]
*    > . 1:1001(1000) ack 1\n* > P. 1001:1401(400) ack 1
+0.1 < icmp unreachable host_unreachable [1:1001(1000)]
+0.1 < . 1:1(0) ack 1401 win 65535\n";
    let octets = captured(&format!("{START}{lines}"));
    let recorded = recorded(&octets);
    for wanted in [
        "+0.1 < icmp unreachable frag_needed mtu 1040 [1:1401(1400)]\n",
        "+0.1 < icmp unreachable host_unreachable [1:1001(1000)]\n",
    ] {
        assert!(recorded.script.contains(wanted), "no {wanted}\nin: {}", recorded.script);
    }
    assert!(!recorded.script.contains("TCP_NODELAY"), "smaller segments are no choice: {}", recorded.script);
    assert_eq!(run(&recorded.script).verdict.to_string(), "pass", "{}", recorded.script);
    let heedless = recorded.script.replace("mtu 1040", "mtu 1300");
    assert_eq!(run(&heedless).verdict.to_string(), "fail", "{heedless}");
    let local = Some("192.0.2.1".parse().expect("an address"));
    let other = record(&octets, &Request { local, ..Request::new("x") }).expect("it is whole");
    assert!(!other.script.contains("icmp"), "{}", other.script);
    assert!(other.remarks.iter().any(|remark| remark.contains("2 ICMP errors")), "{:?}", other.remarks);
}

#[test]
fn bulk_is_asked_for_as_a_stream() {
    let mut lines = String::from("+0.1 write(4, ..., 14000) = 14000\n");
    for at in 0..10 {
        let (from, to) = (at * 1400 + 1, at * 1400 + 1401);
        lines += &["* > . ", &from.to_string(), ":", &to.to_string(), "(1400) ack 1\n"].concat();
    }
    lines = lines.replace("> . 12601", "> P. 12601") + "+0.1 < . 1:1(0) ack 14001 win 65535\n";
    let recorded = recorded(&captured(&format!("// A bulk.\n// with: initial-segments=20\n{START}{lines}")));
    for wanted in [
        "--loose_segments\n",
        "net.ipv4.tcp_congestion_control=reno",
        "// with: initial-segments=20\n",
        "write(4, ..., 14000) = 14000\n",
    ] {
        assert!(recorded.script.contains(wanted), "no {wanted}\nin: {}", recorded.script);
    }
    assert!(recorded.remarks.iter().any(|remark| remark.contains("bulk")), "{:?}", recorded.remarks);
    assert_eq!(run(&recorded.script).verdict.to_string(), "pass", "{}", recorded.script);
    let wrong = recorded.script.replace("14000) = 14000", "13000) = 13000");
    assert_eq!(run(&wrong).verdict.to_string(), "fail", "{wrong}");
}
