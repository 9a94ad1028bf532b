//! Code blocks: judged where they stand, by what the stack tells of the socket under test.

use super::*;
use crate::posix::tcp_info;

const SOCKET: &str = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n";

/// A stack whose second call returns this `tcp_info`.
fn telling(fields: &[(&str, u64)]) -> Fake {
    let mut fake = Fake::new();
    fake.returns.insert(Ticket(2), Return { data: tcp_info::encode(fields), ..Return::ok(0) });
    fake
}

#[test]
fn an_assertion_that_holds_passes() {
    let script = format!("{SOCKET}+1 %{{ assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd }}%");
    let run = expect(Verdict::Pass, "", &script, telling(&[("snd_cwnd", 10)]));
    assert!(run.trace.records.iter().all(|record| record.line.is_some()), "its call and return are of its line");
}

#[test]
fn an_assertion_that_does_not_hold_fails_with_what_came() {
    let script = format!("{SOCKET}+0 %{{ assert tcpi_snd_cwnd == 10 }}%");
    let run = expect(Verdict::Fail, "got tcpi_snd_cwnd = 9", &script, telling(&[("snd_cwnd", 9)]));
    assert_eq!(run.line, Some(2));
}

#[test]
fn a_stack_that_tells_nothing_is_not_judged() {
    let script = format!("{SOCKET}+0 %{{ assert tcpi_snd_cwnd == 10 }}%");
    let mut fake = Fake::new();
    fake.returns.insert(Ticket(2), Return { data: vec![0; 8], ..Return::ok(0) });
    expect(Verdict::Unsupported, "tcpi_snd_cwnd, which the stack does not tell", &script, fake);
    let mut fake = Fake::new();
    fake.returns.insert(Ticket(2), Return::error(crate::posix::Errno::ENOPROTOOPT));
    expect(Verdict::Unsupported, "does not tell TCP_INFO", &script, fake);
}

#[test]
fn a_code_block_needs_a_socket() {
    expect(Verdict::Broken, "needs a socket", "0 < S 0:0(0) win 1000\n+0 %{ assert 1 }%", Fake::new());
}
