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

/// The socket options that were asked for.
fn asked(run: &Run) -> Vec<i32> {
    let name = |record: &crate::trace::Record| match &record.event {
        Event::Stimulus(Stimulus::Call { call: Call::GetOption { name, .. }, .. }) => Some(*name),
        _ => None,
    };
    run.trace.records.iter().filter_map(name).collect()
}

/// A stack that lacks an option is only asked for it where a block reads what it tells.
#[test]
fn options_are_asked_for_where_they_are_read() {
    let cc_info: Vec<u8> = [7_u32, 0, 3, 4, 5].iter().flat_map(|number| number.to_le_bytes()).collect();
    let telling_all = || {
        let mut fake = telling(&[("snd_cwnd", 10)]);
        fake.returns.insert(Ticket(3), Return { data: cc_info.clone(), ..Return::ok(0) });
        fake.returns.insert(Ticket(4), Return { data: vec![1, 0, 0, 0, 2, 0, 0, 0], ..Return::ok(0) });
        fake
    };
    let script = format!("{SOCKET}+0 %{{ assert bbr_bw == 7 and SK_MEMINFO_RCVBUF == 2 and tcpi_snd_cwnd == 10 }}%");
    let run = expect(Verdict::Pass, "", &script, telling_all());
    assert_eq!(asked(&run), [11, 26, 55], "TCP_INFO, TCP_CC_INFO, SO_MEMINFO");
    let run = expect(Verdict::Pass, "", &format!("{SOCKET}+0 %{{ assert tcpi_snd_cwnd == 10 }}%"), telling_all());
    assert_eq!(asked(&run), [11]);
    let script = format!("{SOCKET}+0 %{{ assert bbr_bw == 7 }}%");
    let mut fake = telling(&[("snd_cwnd", 10)]);
    fake.returns.insert(Ticket(3), Return::error(crate::posix::Errno::ENOPROTOOPT));
    expect(Verdict::Unsupported, "does not tell TCP_CC_INFO", &script, fake);
}

#[test]
fn blocks_of_a_script_share_their_names() {
    let script = format!("{SOCKET}+0 %{{ before = tcpi_snd_cwnd }}%\n+0 %{{ assert tcpi_snd_cwnd == before + 2 }}%");
    let mut fake = telling(&[("snd_cwnd", 10)]);
    fake.returns.insert(Ticket(3), Return { data: tcp_info::encode(&[("snd_cwnd", 11)]), ..Return::ok(0) });
    let run = expect(Verdict::Fail, "got before = 10, tcpi_snd_cwnd = 11", &script, fake);
    assert_eq!(run.line, Some(3));
}

/// What can never be evaluated is found before anything runs.
#[test]
fn names_are_checked_before_the_run() {
    for (block, why) in [
        ("assert tcpi_snd_cwn == 1", "did you mean `tcpi_snd_cwnd`?"),
        ("assert later == 1 }%\n+0 %{ later = 1", "the name `later`"),
        ("assert tcpi_pacing_rate == 0", "the name `tcpi_pacing_rate`, which the stack does not tell"),
    ] {
        let run = expect(Verdict::Unsupported, why, &format!("{SOCKET}+0 %{{ {block} }}%"), Fake::new());
        assert!(run.trace.records.is_empty(), "{block}");
    }
}
