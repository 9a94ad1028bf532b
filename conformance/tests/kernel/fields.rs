//! Every field that a line can state is compared, and a wrong one is named; what scripts of other people need.

use wirelaw::axes::{Axes, Ip};
use wirelaw::record::{Request, record};
use wirelaw::report::Verdict;

use super::promises::{expect, opened, run};
use crate::open::OPEN;

/// What stands behind the opening, with one thing wrong, and what is said of it.
const WRONG: [(&str, &str); 24] = [
    ("+0 write(4, ..., 10) = 10\n+0 > . 1:11(10) ack 1\n", "flags expected ., got P."),
    ("+0 write(4, ..., 10) = 10\n+0 > P. 2:12(10) ack 1\n", "seq expected 2:12(10), got 1:11(10)"),
    ("+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 2\n", "ack expected 2, got 1"),
    ("+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1 win 1\n", "win expected 1, got "),
    ("+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1 <mss 1460>\n", "options expected <mss 1460>, got none"),
    ("+0 write(4, ..., 10) = 10\n+0 > [ect0] P. 1:11(10) ack 1\n", "ECN expected ect0, got noecn"),
    ("+0 write(4, ..., 10) = 10\n+0 > [tos 0x10] P. 1:11(10) ack 1\n", "tos expected 0x10, got 0x00"),
    ("+0 write(4, ..., 10) = 10\n+0 > [ttl 63] P. 1:11(10) ack 1\n", "ttl expected 63, got 64"),
    ("+0 write(4, \"hello\", 5) = 5\n+0 > P. 1:6(5) ack 1 \"hellO\"\n", "text expected \"hellO\", got \"hello\""),
    ("+0 send(4, ..., 1, MSG_OOB) = 1\n+0 > PU. 1:2(1) ack 1 urg 2\n", "urg expected 2, got 1"),
    ("+0 write(4, ..., 10) = 10\n+.1 silent\n", "silence expected until"),
    ("+0 shutdown(4, 7) = -1 EPIPE (why)\n", "result expected -1 EPIPE, got -1 EINVAL"),
    (
        "+0 poll([{fd=4, events=POLLOUT, revents=POLLIN}], 1, 0) = 1\n",
        "revents of element 1 expected POLLIN, got POLLOUT",
    ),
    (
        "+0 epoll_create(1) = 5\n+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT, fd=4}) = 0\n\
         +0 epoll_wait(5, {events=EPOLLIN, fd=4}, 1, 0) = 1\n",
        "events expected EPOLLIN, got EPOLLOUT",
    ),
    (
        "+0 setsockopt(4, SOL_TCP, TCP_CONGESTION, \"reno\", 4) = 0\n\
         +0 getsockopt(4, SOL_TCP, TCP_CONGESTION, \"bono\", [4]) = 0\n",
        "value expected \"bono\", got \"reno\"",
    ),
    ("+0 getsockopt(4, SOL_TCP, TCP_NODELAY, [1], [4]) = 0\n", "value expected 1, got 0"),
    ("+0 < P. 1:11(10) ack 1 win 9\n+0 > . 1:1(0) ack 11\n+0 ioctl(4, SIOCINQ, [9]) = 0\n", "value expected 9, got 10"),
    (
        "+0 < P. 1:3(2) ack 1 win 9 \"hi\"\n+0 > . 1:1(0) ack 3\n+0 read(4, \"ho\", 9) = 2\n",
        "data expected \"ho\", got \"hi\"",
    ),
    (
        "+0 < P. 1:3(2) ack 1 win 9\n+0 > . 1:1(0) ack 3\n\
         +0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 5}], msg_flags=MSG_TRUNC}, 0) = 2\n",
        "msg_flags expected MSG_TRUNC, got 0",
    ),
    (
        "+0 setsockopt(4, SOL_TCP, TCP_INQ, [1], 4) = 0\n+0 < P. 1:11(10) ack 1 win 9\n+0 > . 1:1(0) ack 11\n\
         +0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 4}], msg_flags=0, \
         msg_control=[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=5}]}, 0) = 4\n",
        "control data expected 5, got 6",
    ),
    ("+0 %{ assert tcpi_snd_cwnd == 11, 'cwnd' }%\n", "got tcpi_snd_cwnd = 10"),
    (
        "+0 < P. 2:12(10) ack 1 win 9\n+0 > . 1:1(0) ack 1 <nop, nop, sack 2:13>\n",
        "options expected <nop, nop, sack 2:13>",
    ),
    ("+0 cap_set(9, CAP_NET_ADMIN, CAP_CLEAR) = 0\n", "result expected 0, got -1 EINVAL"),
    ("+0...1 read(4, ..., 10) = 10\n", "the script ends, but the call does not return"),
];

pub(crate) fn wrong_fields() -> Result<(), String> {
    let open = OPEN.replace("<mss 1000>", "<mss 1000, sackOK, nop, nop>");
    for (lines, told) in WRONG {
        let run = run(&format!("{open}{lines}"), &Axes::default())?;
        expect(told, run.verdict == Verdict::Fail && run.message.contains(told), &run)?;
    }
    Ok(())
}

pub(crate) fn capabilities() -> Result<(), String> {
    let mark = "+0 setsockopt(4, SOL_SOCKET, SO_MARK, [1], 4) =";
    let drop = |name: &str| format!("+0 cap_set(CAP_EFFECTIVE, {name}, CAP_CLEAR) = 0\n");
    let run = opened(&format!("{mark} 0\n{}{}{mark} -1 EPERM (no)\n", drop("CAP_NET_ADMIN"), drop("CAP_NET_RAW")))?;
    expect("a capability is dropped", run.verdict == Verdict::Pass, &run)?;
    let run = opened(&format!("{}{}{mark} 0\n", drop("CAP_NET_ADMIN"), drop("CAP_NET_RAW")))?;
    expect("what needs it fails", run.verdict == Verdict::Fail && run.line == Some(11), &run)
}

pub(crate) fn timeouts() -> Result<(), String> {
    let set = "+0 setsockopt(4, SOL_SOCKET, SO_RCVTIMEO, {tv_sec=0, tv_usec=200000}, 16) = 0\n\
               +0 getsockopt(4, SOL_SOCKET, SO_RCVTIMEO, {tv_sec=0, tv_usec=200000}, [16]) = 0\n";
    let run = opened(&format!("{set}+0...0.2 read(4, ..., 1) = -1 EAGAIN (why)\n"))?;
    expect("a read that times out", run.verdict == Verdict::Pass, &run)?;
    let run = opened(&format!("{set}+0...0.5 read(4, ..., 1) = -1 EAGAIN (why)\n"))?;
    expect("at another time", run.verdict == Verdict::Timing, &run)
}

/// Google's runner defines words that depend on the family.
pub(crate) fn defines() -> Result<(), String> {
    let level = |wanted: &str| {
        format!(
            "+0 setsockopt(4, CMSG_LEVEL_IP, CMSG_TYPE_RECVERR, [1], 4) = 0\n\
         +0 getsockopt(4, {wanted}, [1], [4]) = 0\n"
        )
    };
    for (ip, wanted) in [(Ip::V4, "SOL_IP, IP_RECVERR"), (Ip::V6, "SOL_IPV6, IPV6_RECVERR")] {
        let run = run(&format!("{OPEN}{}", level(wanted)), &Axes { ip, ..Axes::default() })?;
        expect(wanted, run.verdict == Verdict::Pass, &run)?;
    }
    let run = run(
        &format!("--remote_ip=2001:db8::1\n--local_ip=fd3d::1\n{OPEN}{}", level("SOL_IPV6, IPV6_RECVERR")),
        &Axes::default(),
    )?;
    expect("a family by addresses", run.verdict == Verdict::Pass, &run)
}

/// What is asked of the route holds in every family, also where both ends are in one network.
pub(crate) fn families() -> Result<(), String> {
    let script = |options: &str| {
        let silent = "+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n+.8 silent\n";
        format!("// with: min-rto=1s\n\n{options}{OPEN}{silent}")
    };
    let (silent, near) = (script(""), script("--local_ip=fd3d:fa7b:d17d::1\n--remote_ip=fd3d:fa7b:d17d::2\n"));
    let all = Ip::ALL.map(|ip| (ip, silent.as_str()));
    for (ip, script) in all.into_iter().chain([(Ip::V6, near.as_str())]) {
        let run = run(script, &Axes { ip, ..Axes::default() })?;
        expect(ip.name(), run.verdict == Verdict::Pass, &run)?;
    }
    Ok(())
}

/// Whatever a command starts ends with it, daemons too.
pub(crate) fn shells() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let late = folder.path().join("late");
    let axes = Axes { allow_shell: true, ..Axes::default() };
    let line = format!(
        "+0 `(setsid sh -c 'sleep 1; touch {}' &) ; sleep 0.2; test \"$PPID\" = \"$PACKETDRILL_PID\"`\n",
        late.display()
    );
    let lines = format!("{line}+.5 `sleep 0.01`\n+0...1 read(4, ..., 1) = 1\n+.9 < P. 1:2(1) ack 1 win 9\n")
        .replace("+0...1 ", "+0...0.9 ");
    let run = run(&format!("{OPEN}{lines}+0 `exit 3`\n"), &axes)?;
    let is_so = run.verdict == Verdict::Fail && run.message.contains("exit status: 3");
    expect("the last command says no", is_so, &run)?;
    std::thread::sleep(std::time::Duration::from_millis(500));
    if late.exists() { Err("a daemon has outlived its command".to_owned()) } else { Ok(()) }
}

/// An algorithm that the root of the machine has not allowed to everybody is that of every socket, if a script wants it, and
/// of what they accept.
pub(crate) fn congestion_control() -> Result<(), String> {
    let words = |name: &str| std::fs::read_to_string(format!("/proc/sys/net/ipv4/tcp_{name}_congestion_control"));
    let available = words("available").map_err(|error| error.to_string())?;
    let allowed = words("allowed").map_err(|error| error.to_string())?;
    let is_allowed = |name: &&str| allowed.split_whitespace().any(|one| one == *name);
    let name = available.split_whitespace().find(|name| !is_allowed(name)).unwrap_or("reno");
    let is = |fd: u32, name: &str| {
        format!("+0 getsockopt({fd}, SOL_TCP, TCP_CONGESTION, \"{name}\", [{}]) = 0\n", name.len())
    };
    for before in ["", "sysctl -q net.ipv4.tcp_congestion_control=reno; "] {
        let script =
            format!("`{before}sysctl -q net.ipv4.tcp_congestion_control={name}`\n{OPEN}{}{}", is(3, name), is(4, name));
        let run = run(&script, &Axes::default())?;
        expect("sockets have it", run.verdict == Verdict::Pass && run.notes.is_empty(), &run)?;
    }
    let set = "sysctl -q net.ipv4.tcp_congestion_control";
    let last = run(&format!("`{set}={name}; {set}=reno`\n{OPEN}{}", is(3, "reno")), &Axes::default())?;
    expect("the last that is asked for counts", last.verdict == Verdict::Pass, &last)?;
    let script = format!("`sysctl -q net.ipv4.tcp_congestion_control=nosuch`\n{OPEN}");
    let run = run(&script, &Axes::default())?;
    expect("what there is not is told", run.verdict == Verdict::Unsupported, &run)
}

/// Captures of this kernel's kind become scripts that pass on it, from both ends.
pub(crate) fn captures() -> Result<(), String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/captures");
    let files = std::fs::read_dir(&folder).map_err(|error| error.to_string())?;
    let mut count = 0;
    for file in files.filter_map(Result::ok).map(|file| file.path()) {
        if !file.extension().is_some_and(|kind| kind == "pcap" || kind == "pcapng") {
            continue;
        }
        let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let octets = std::fs::read(&file).map_err(|error| error.to_string())?;
        for local in both_ends(&octets, &name)?.into_iter().filter(|local| saw_all(&name, local)) {
            let recorded = record(&octets, &Request { local: Some(local), ..Request::new(&name) });
            let script = recorded.map_err(|error| format!("{name}: {error}"))?.script;
            let run = run(&script, &Axes::default())?;
            expect(&format!("{name} of {local:?}"), run.verdict == Verdict::Pass, &run)?;
            count += 1;
        }
    }
    if count == 32 { Ok(()) } else { Err(format!("{count} scripts of captures")) }
}

/// Whether a capture was made at this end of a connection, or nothing got lost: what is lost behind it, it does not show.
fn saw_all(name: &str, local: &wirelaw::record::End) -> bool {
    match name {
        "lossy-client.pcap" => local.address == std::net::IpAddr::from([10, 9, 0, 1]),
        "lossy-server.pcap" => local.address == std::net::IpAddr::from([10, 9, 0, 2]),
        _ => true,
    }
}

/// Both ends of the only connection: its first remark says which is under test, and how to get the other.
fn both_ends(octets: &[u8], name: &str) -> Result<[wirelaw::record::End; 2], String> {
    let recorded = record(octets, &Request::new(name)).map_err(|error| format!("{name}: {error}"))?;
    let remark =
        recorded.remarks.iter().find(|remark| remark.starts_with("under test is")).cloned().unwrap_or_default();
    let mut words = remark.split([' ', ',', ';']).filter_map(|word| word.parse().ok());
    words.next().zip(words.next()).map(|(one, other)| [one, other]).ok_or(format!("{name}: {remark}"))
}
