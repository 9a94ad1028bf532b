//! What is advised where something is wrong: each mistake of a newcomer, and what would be right.

use crate::script::parse;

/// A step, where its error is, and what the advice has.
const ADVICE: &[(&str, &str, &str)] = &[
    ("+0 write(4, ..., 10 = 10", "1:21:", "arguments are separated by `,` and end with `)`"),
    ("+0 .1 write(4, ..., 10) = 10", "1:4:", "behind its time a step has"),
    ("+1e-3 write(4, ..., 10) = 10", "1:2:", "without an exponent"),
    ("++1 > . 1:1(0) ack 1", "1:2:", "seconds are written"),
    ("+0 < S 0:0(0) win 1 <mss>", "1:25:", "`mss N`"),
    ("+0 < S 0:0(0) win 1 <mss 1000", "1:30:", "options are separated by `,` and end with `>`"),
    ("+0 < S 0:0(0) win 1 <mss 1000,,nop>", "1:31:", "options are separated by `,`"),
    ("+0 < . 1:1(0) win 1 <nop,nop,sack 1:2,3:4>", "1:39:", "the blocks of `sack` by blanks alone"),
    ("+0 < . 1:1(0) win 1 <nop,nop,TS 100 ecr 0>", "1:33:", "`TS val N ecr N`"),
    ("+0 < S 0:0(0) win 1 <FO abc>", "1:25:", "two digits are an octet"),
    ("->  . 1:1(0)", "1:1:", "`<` is a packet to the stack, `>` one from it"),
    ("+0 S 0:0(0) win 1000", "1:6:", "a packet has its direction in front of its flags"),
    ("+0 sysctl -w foo", "1:11:", "a shell command stands in backquotes"),
    ("+0 write 4, ..., 10", "1:10:", "it is written `write(fd, ..., length)`"),
    ("+0 < . 1:1(0) ACK 1 win 100", "1:15:", "did you mean `ack`?"),
    ("+0 > . 1:1(0) Win 1", "1:15:", "did you mean `win`?"),
    ("+0 < udp 100", "1:13:", "`udp (100)`"),
    ("+0 poll([{fd=4, event=POLLIN}], 1, 0) = 0", "1:17:", "did you mean `events`?"),
    ("+0 f({msg_iov(1)=[{...,80}], msg_name(...)=..., msg_flags=0}) = 80", "1:14:", "have their order"),
    ("+0 < [ect2] . 1:1(0) win 1", "1:7:", "did you mean `ect"),
    ("+0 < [cs1] . 1:1(0) win 1", "1:7:", "`dscp cs1`"),
    ("+0 write(4, …, 10) = 10", "1:13:", "write `...`"),
    ("+0 write(4, “abc”, 3) = 3", "1:13:", "write `\"`"),
    ("+0 write(4, ..., 10) = 10;", "1:26:", "nothing ends a line but its end"),
    ("/ comment\n+0 silent", "1:1:", "comments begin with `//`"),
    ("-D N=5\n+0 silent", "1:1:", "`--define=NAME=value`"),
    ("-DN=5\n+0 silent", "1:1:", "`--define=NAME=value`"),
    ("--mtu=60\n+0 silent", "1:7:", "a whole number from 68 to 65535"),
];

#[test]
fn mistakes_come_with_what_would_be_right() {
    let mut wrong = Vec::new();
    for (text, place, words) in ADVICE {
        let error = parse("t", text).expect_err(text);
        let advice = error.advice().unwrap_or_default();
        if !error.to_string().starts_with(&format!("t:{place}")) || !advice.contains(words) {
            wrong.push(format!("{text}: {error}; {advice}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
