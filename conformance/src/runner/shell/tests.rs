//! Lines as scripts write them, and the habits that they ask for.

use super::*;
use crate::runner::settings::Settings;
use crate::{axes::Axes, script};

#[track_caller]
fn asks(line: &str) -> String {
    let habits = translate(line).unwrap_or_else(|part| panic!("`{part}` of `{line}` is not understood"));
    habits.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn settings_of_kernels_become_habits() {
    for (line, expected) in [
        ("sysctl -w net.ipv4.tcp_sack=0", "sack=off"),
        ("sysctl -q net.ipv4.tcp_timestamps=0 net.ipv4.tcp_ecn=1", "timestamps=off ecn=request"),
        ("/sbin/sysctl net.inet.tcp.rfc1323=1", "window-scale=on timestamps=on"),
        ("sysctl net.inet.tcp.rfc1323=0 > /dev/null 2>&1", "window-scale=off timestamps=off"),
        ("sysctl -w net.ipv4.tcp_retries2=8 >/dev/null", "retries=8"),
        ("sysctl -q -w net.ipv4.tcp_rfc1337=1", "resets-end-time-wait=off"),
        ("sysctl net.inet.tcp.msl=2000", "msl=2000ms"),
        ("sysctl net.inet.tcp.minmss=216", "min-path-mtu=256"),
        ("sysctl kern.timecounter.alloweddeviation=0", ""),
        ("kldload -n tcp_rack", ""),
        ("./defaults.sh", "like=linux"),
        ("../common/defaults.sh\n../common/set_sysctls.py /proc/sys/net/ipv4/tcp_recovery=0", "like=linux rack=off"),
        ("sysctl -q 'net.ipv4.tcp_rmem=4096 131072 6291456'", "receive-buffer=65536"),
        ("set_sysctls.py /proc/sys/net/ipv4/tcp_wmem=\"4096\t16384 4194304\"", "send-buffer=16384"),
        ("echo 0 > /proc/sys/net/ipv4/tcp_sack", "sack=off"),
        ("sysctl -w net.ipv4.tcp_invalid_ratelimit=0", "challenge-ack-limit=off stray-ack-limit=off"),
        ("sysctl -w net.ipv4.tcp_fastopen=0x3; sysctl -w net.ipv4.tcp_frto=0 && sync=", ""),
        ("ip route change default via 192.0.2.1 dev tun0 initcwnd 4", "initial-segments=4"),
        ("ip route replace 192.0.2.0/24 dev tun0 rto_min 10ms mtu 1000", "min-rto=10ms mss=960"),
        ("tc qdisc replace dev tun0 root fq", ""),
        ("ethtool -K tun0 tso off gso off", ""),
    ] {
        if line.ends_with("sync=") {
            assert_eq!(translate(line), Err("sync=".to_owned()));
        } else {
            assert_eq!(asks(line), expected, "{line}");
        }
    }
}

#[test]
fn what_is_not_exactly_known_is_not_guessed() {
    for line in [
        "true",
        "sysctl",
        "sysctl -n net.ipv4.tcp_sack",
        "sysctl net.ipv4.tcp_sack",
        "sysctl net.ipv4.tcp_sack=2",
        "sysctl net.ipv4.tcp_sack=",
        "sysctl net.ipv4.tcp_sack=0 rm=1",
        "sysctl net.ipv4.tcp_sac=0",
        "sysctl net.ipv4.tcp_retries2=99999999999999999999",
        "sysctl net.ipv4.tcp_retries2=+8",
        "sysctl net.ipv4.tcp_retries2=32",
        "sysctl net.inet.tcp.msl=0",
        "sysctl net.inet.tcp.minmss=18446744073709551615",
        "sysctl net.ipv4.tcp_sack=$X",
        "sysctl net.ipv4.tcp_sack=0 | tee log",
        "sysctl net.ipv4.tcp_sack=0 > file",
        "sysctl 'net.ipv4.tcp_sack=0",
        "sysctl net.ipv4.tcp_rmem=4096",
        "echo 0 > /etc/passwd",
        "kldload -n tcp_bbr",
        "ip route add default via 192.0.2.1 features ecn",
        "ip route add default mtu 10",
        "defaults.sh --now",
        "sockstat -P tcp",
        "rm -rf /",
        "./defaults.sh; rm -rf /",
        "./defaults.sh `ls`",
    ] {
        assert!(translate(line).is_err(), "{line}");
    }
}

fn of(text: &str) -> Result<String, String> {
    let scenario = script::parse("test.pkt", text).expect("it parses");
    Settings::new(&scenario, &Axes::default()).map_err(|stop| stop.message)?;
    let asked = habits(&scenario).map_err(|stop| stop.message)?;
    Ok(asked.iter().map(|habit| habit.value.to_string()).collect::<Vec<_>>().join(" "))
}

const RUN: &str = "+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n";

#[test]
fn lines_before_the_first_event_set_and_those_behind_the_last_clean_up() {
    let set = "0 `kldload -n cc_newreno`\n+0 `sysctl net.inet.tcp.sack.enable=0`\n";
    let reset = "+0 `sysctl net.inet.tcp.sack.enable=1`\n`sysctl -q net.ipv4.tcp_sack=1`";
    assert_eq!(of(&format!("{set}{RUN}{reset}")), Ok("sack=off".to_owned()));
    assert_eq!(of(&format!("`./defaults.sh`\n{set}{RUN}")), Ok("like=linux sack=off".to_owned()));
    assert_eq!(of(&format!("{RUN}`/root/x.sh`")), Err("the shell command `/root/x.sh`".to_owned()));
}

#[test]
fn a_running_stack_cannot_change() {
    let change = |value| {
        format!("0 `sysctl net.inet.tcp.msl=5000`\n{RUN}+0 `sysctl net.inet.tcp.msl={value}`\n+0 close(3) = 0\n")
    };
    assert_eq!(of(&change(5000)), Ok("msl=5000ms".to_owned()));
    let stopped = of(&change(1)).expect_err("it changes");
    assert!(stopped.ends_with("while the stack is running"), "{stopped}");
}
