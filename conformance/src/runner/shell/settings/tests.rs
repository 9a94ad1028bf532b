//! Lines as scripts write them, and what they set in a namespace.

use super::*;

/// Settings in a short form: `a=b`, the program and its words, `?` behind what is optional.
fn short(setting: &Setting) -> String {
    match setting {
        Setting::Sysctl { name, value } => format!("{}={value}", name.strip_prefix("net.ipv4.").unwrap_or(name)),
        Setting::Ip(words) => format!("ip {}", words.join(" ")),
        Setting::Tc(words) => format!("tc {}", words.join(" ")),
        Setting::Ethtool(words) => format!("ethtool {}", words.join(" ")),
        Setting::Pause(micros) => format!("pause {micros}"),
        Setting::Optional(inner) => format!("{}?", short(inner)),
        Setting::Shell(text) => format!("sh {text}"),
    }
}

#[track_caller]
fn asks(text: &str) -> String {
    let all = settings(text, false, None).unwrap_or_else(|part| panic!("`{part}` of `{text}` is not understood"));
    all.iter().map(short).collect::<Vec<_>>().join("; ")
}

#[test]
fn sysctl_in_all_its_forms() {
    for (text, expected) in [
        ("sysctl -w net.ipv4.tcp_sack=0", "tcp_sack=0"),
        ("sysctl -q net/ipv4/tcp_pacing_ss_ratio=200", "tcp_pacing_ss_ratio=200"),
        ("sysctl -e -q net.ipv4.tcp_min_tso_segs=2", "tcp_min_tso_segs=2?"),
        ("sysctl -qe net.ipv4.tcp_x=2", "tcp_x=2?"),
        ("sudo /sbin/sysctl -q -w net.ipv4.tcp_sack=1 net.ipv4.tcp_dsack=0", "tcp_sack=1; tcp_dsack=0"),
        ("sysctl -q net.ipv4.tcp_rmem=\"4096 131072 6291456\"", "tcp_rmem=4096 131072 6291456"),
        ("sysctl -q 'net.ipv4.tcp_rmem=4096\t131072  6291456'", "tcp_rmem=4096 131072 6291456"),
        ("sysctl -w net.ipv4.tcp_rmem=4096\\ 1\\ 2", "tcp_rmem=4096 1 2"),
        ("sysctl net.ipv6.conf.tun0.hop_limit=3", "net.ipv6.conf.tun0.hop_limit=3"),
        ("sysctl net.ipv4.tcp_sack", ""),
        ("sysctl -n net.ipv4.tcp_sack > /dev/null", ""),
        ("echo 0 > /proc/sys/net/ipv4/tcp_sack", "tcp_sack=0"),
        ("echo -n \"1 2 3\" >/proc/sys/net/ipv4/tcp_wmem", "tcp_wmem=1 2 3"),
        ("printf 1 > /proc/sys/net/ipv4/tcp_sack", "tcp_sack=1"),
        ("printf '%d' > /proc/sys/net/ipv4/tcp_sack", "!"),
        ("./set_sysctls.py /proc/sys/net/ipv4/tcp_fastopen=0x207", "tcp_fastopen=0x207"),
        ("python3 ../common/set_sysctls.py net.ipv4.tcp_ecn=1 tcp=1", "!"),
        ("../common/set_sysctls.py net.ipv4.tcp_ecn=1", "tcp_ecn=1"),
    ] {
        if expected == "!" {
            assert!(settings(text, false, None).is_err(), "{text}");
        } else {
            assert_eq!(asks(text), expected, "{text}");
        }
    }
}

#[test]
fn programs_that_act_on_the_namespace() {
    for (text, expected) in [
        ("ip tcp_metrics flush all > /dev/null 2>&1", "ip tcp_metrics flush all"),
        ("ip -6 ro replace default via fd3d::1 dev tun0", "ip -6 route replace default via fd3d::1 dev tun0"),
        ("ip ru add from 192.0.2.1 table 7", "ip rule add from 192.0.2.1 table 7"),
        ("ip link set dev tun0 mtu 1000", "ip link set dev tun0 mtu 1000"),
        ("ifconfig tun0 mtu 1040 up", "ip link set dev tun0 mtu 1040; ip link set dev tun0 up"),
        ("tc qdisc replace dev tun0 root fq", "tc qdisc replace dev tun0 root fq"),
        ("ethtool -K tun0 tso off gso off", "ethtool -K tun0 tso off gso off"),
        ("sleep 0.25", "pause 250000"),
        ("sleep 2s", "pause 2000000"),
        ("usleep 1000", "pause 1000"),
        ("rm -f /tmp/sysctl_restore_${PPID}.sh", ""),
        ("/tmp/sysctl_restore_${PPID}.sh", ""),
        ("sh /tmp/sysctl_restore_${PPID}.sh", ""),
        ("true", ""),
        (":; exit 0; rm x", "!"),
        ("cat /dev/null", ""),
        ("modprobe tcp_bbr", ""),
        ("cd .", ""),
        ("nstat -n", ""),
        ("", ""),
        ("# rm -rf /", ""),
    ] {
        if expected == "!" {
            assert_eq!(asks(text), "", "behind the end nothing is done");
        } else {
            assert_eq!(asks(text), expected, "{text}");
        }
    }
}

#[test]
fn joiners_comments_and_long_lines() {
    let (a, b) = ("sysctl -q net.ipv4.tcp_sack=0", "sysctl -q net.ipv4.tcp_ecn=1");
    for text in [
        format!("{a} && {b}"),
        format!("{a}&&\n  {b}"),
        "sysctl -q \\\n  net.ipv4.tcp_sack=0 \\\r\n net.ipv4.tcp_ecn=1\r\n".to_owned(),
    ] {
        assert_eq!(asks(&text), "tcp_sack=0; tcp_ecn=1", "{text}");
    }
    // a shell goes on behind the first, whatever became of it
    for text in [
        format!("{a}; {b}"),
        format!("\n{a} # why\n\n# and\n\t{b};\n"),
        format!("{a} >/dev/null 2>&1;{b} 2> /dev/null"),
        format!("{a} &>/dev/null\n{b} </dev/null"),
    ] {
        assert_eq!(asks(&text), "tcp_sack=0?; tcp_ecn=1", "{text}");
    }
    assert_eq!(asks(&format!("{a} || true; {b}")), "tcp_sack=0?; tcp_ecn=1");
    assert_eq!(asks(&format!("{a} && {b} || :")), "tcp_sack=0?; tcp_ecn=1?");
    assert_eq!(asks(&format!("{a} ||\n true\n{b}")), "tcp_sack=0?; tcp_ecn=1");
}

#[test]
fn the_usual_defaults_are_built_in() {
    for text in ["./defaults.sh", "../common/defaults.sh", ". common/defaults.sh", "bash ./defaults.sh\n"] {
        let all = settings(text, false, None).expect(text);
        assert!(all.iter().all(Setting::is_optional), "a kernel may lack one");
        assert!(asks(text).contains("tcp_sack=1?") && asks(text).ends_with("tc qdisc replace dev tun0 root pfifo?"));
    }
    let then = "../common/defaults.sh\nsysctl -q net.ipv4.tcp_tso_win_divisor=100";
    assert!(asks(then).ends_with("pfifo?; tcp_tso_win_divisor=100"));
    let list = defaults::settings();
    assert!(list.len() > 50, "no name of the table is refused: {}", list.len());
}

#[test]
fn what_is_not_understood_is_named() {
    for (text, part) in [
        ("rm -rf /", "rm -rf /"),
        ("./defaults.sh; rm -rf /", "rm -rf /"),
        ("grep \" 0A \" /proc/net/tcp | grep \":1F90\"", "| grep"),
        ("sysctl -p", "sysctl -p"),
        ("sysctl -w", "sysctl -w"),
        ("sysctl -a", "sysctl -a"),
        ("sysctl -w kernel.panic=1", "kernel.panic"),
        ("sysctl -w net.ipv4.tcp_sack=", "tcp_sack="),
        ("sysctl -q net.ipv4.tcp_sack=$(cat x)", "$(cat x)"),
        ("sysctl -q net.ipv4.tcp_sack=`cat x`", "`cat x`"),
        ("sysctl -q net.ipv4.tcp_sack=\"`x`\"", "`x`"),
        ("echo 1 > file", "echo 1"),
        ("echo 1 > /proc/sys/kernel/panic", "echo 1"),
        ("echo 1 > /proc/sys/net/../kernel/panic", "echo 1"),
        ("cat < /etc/passwd", "< /etc/passwd"),
        ("cat /etc/passwd", "cat /etc/passwd"),
        ("cat /proc/net/../1/environ", "cat /proc"),
        ("sleep 1 &", "&"),
        ("sleep 3600", "sleep 3600"),
        ("sleep inf", "sleep inf"),
        ("usleep 9999999", "usleep"),
        ("rm -rf /tmp/sysctl_restore_${PPID}.sh", "rm -rf"),
        ("rm -f /tmp/x", "rm -f"),
        ("sleep 1e9", "sleep 1e9"),
        ("kill -9 $PPID", "kill"),
        ("python3 x.py", "x.py"),
        ("python3 -c 'x'", "python3"),
        ("iptables -A INPUT -j DROP", "iptables"),
        ("ip netns exec x sh", "ip netns"),
        ("ss -K dst 1", "ss -K"),
        ("if true; then x; fi", "if true"),
        ("(true)", "(true)"),
        ("true || rm x", "rm x"),
        ("true 'x", "a quote"),
        ("true \\", "a backslash"),
        ("true >", "nowhere"),
        ("true 2> file", "> file"),
        ("&& true", "&&"),
        ("true && || true", "||"),
        ("X=1 sysctl net.ipv4.tcp_sack=0", "X=1"),
        ("kldload tcp_rack", "kldload"),
        ("../common/defaults.sh --fast", "--fast"),
        ("sh -c true", "sh -c"),
        ("/tmp/sysctl_restore_${HOME}.sh", "${HOME}"),
        ("./sysctl_restore_1.sh", "restore"),
    ] {
        let error = settings(text, false, None).expect_err(text);
        assert!(error.contains(part), "{text}: {error}");
        assert_eq!(settings(text, true, None), Ok(vec![Setting::Shell(text.to_owned())]));
    }
    assert!(settings(&"true;".repeat(100_000), false, None).is_err(), "a text without end");
    assert_eq!(settings(&"true;".repeat(10_000), false, None), Ok(Vec::new()));
}

/// No text, however odd, panics; and none is understood by halves.
#[test]
fn odd_texts() {
    let marks = ["&", "|", "&&", "||", ";", "\n", "\\", "\\\n", "'", "\"", "$", "é", "#", ">", "<", "2>", " ", "x"];
    for a in marks {
        for b in marks {
            for c in marks {
                let _ = settings(&format!("{a}{b}{c}"), false, None);
                let _ = settings(&format!("true {a}{b} {c} true"), false, None);
            }
        }
    }
}

/// Without a shell nobody can ask about counters later, with one somebody may.
#[test]
fn counters_are_shown_where_a_shell_may_run() {
    assert_eq!(settings("nstat > /dev/null", false, None), Ok(Vec::new()));
    assert_eq!(settings("nstat -n", true, None), Ok(vec![Setting::Shell("nstat -n".to_owned())]));
}

#[test]
fn a_suite_has_defaults_of_its_own() {
    let folder = tempfile::tempdir().expect("there is room");
    let names = |path: &str| {
        let all = settings(path, false, Some(folder.path())).expect("it is understood");
        all.iter().map(|setting| format!("{setting:?}")).collect::<Vec<_>>().join("\n")
    };
    let usual = names("./defaults.sh");
    assert!(usual.contains("tcp_keepalive_time"), "there is no such file: the usual ones");
    let write = |text: &str| std::fs::write(folder.path().join("defaults.sh"), text).expect("there is room");
    write(
        "#!/bin/bash\n# ours\nsysctl -q net.ipv4.tcp_fastopen=0x3\nsysctl -q net.ipv4.tcp_rmem=\"4096 540000 $((15*1024*1024))\"\n",
    );
    let own = names("./defaults.sh");
    assert!(own.contains("tcp_fastopen") && own.contains("4096 540000 15728640"), "{own}");
    assert!(!own.contains("tcp_keepalive_time"), "and no others: {own}");
    assert_eq!(names("other/defaults.sh"), usual);
    write("rm -rf /\n");
    assert_eq!(names("./defaults.sh"), usual, "what is not understood is not run");
}
