//! Urgent data in both directions.

use super::{captured, recorded};

const URGENT: &str = "
0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   bind(3, ..., ...) = 0
+0   listen(3, 1) = 0
+0.1 < S 0:0(0) win 65535 <mss 1000>
+0   > S. 0:0(0) ack 1 <...>
+0.1 < . 1:1(0) ack 1 win 65535
+0   accept(3, ..., ...) = 4
+0.1 < PU. 1:5(4) ack 1 win 65535 urg 4 \"abc!\"
*    > . 1:1(0) ack 5
+0   send(4, \"x?\", 2, MSG_OOB) = 2
*    > PU. 1:3(2) ack 5 urg 2 \"x?\"
+0.1 < . 5:5(0) ack 3 win 65535
";

#[test]
fn urgent_octets_are_taken_and_sent_apart() {
    let script = recorded(&captured(URGENT)).script;
    for wanted in [
        "urg 4 \"abc!\"\n+0 read(4, \"abc\", 3) = 3\n+0 recv(4, \"!\", 1, MSG_OOB) = 1\n",
        "send(4, \"x?\", 2, MSG_OOB) = 2\n",
    ] {
        assert!(script.contains(wanted), "no {wanted}\nin: {script}");
    }
}
