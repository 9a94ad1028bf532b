//! What `--stack linux` promises: sharp verdicts, bounded runs, nothing left behind.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use libtest_mimic::{Completion, Failed, Trial};
use wirelaw::axes::{Axes, Ip};
use wirelaw::report::Verdict;
use wirelaw::runner::Run;
use wirelaw::stack::linux::worker;

use super::scenarios::is_forbidden;
use super::{fields, machine};
use crate::open::OPEN;

type Check = fn() -> Result<(), String>;

/// All of them.
pub(crate) fn trials() -> Vec<Trial> {
    let checks: &[(&str, Check)] = &[
        ("every-family-of-addresses", families),
        ("a-wrong-expectation-fails-where-it-stands", wrong_expectation),
        ("a-late-packet-is-timing", late_packet),
        ("a-call-that-blocks-for-ever-is-ended", blocks_for_ever),
        ("a-call-that-times-out-returns", times_out),
        ("lines-for-a-shell-run-nothing", shell_lines),
        ("habits-reach-the-wire", habits),
        ("both-links-give-the-same-verdicts", links),
        ("an-interrupted-run-leaves-nothing", interrupted),
        ("a-wrong-field-is-named", fields::wrong_fields),
        ("capabilities-are-dropped", fields::capabilities),
        ("timeouts-of-sockets", fields::timeouts),
        ("words-of-the-usual-runner", fields::defines),
        ("routes-hold-in-every-family", fields::families),
        ("nothing-of-a-shell-stays", fields::shells),
        ("captures-become-scripts-that-pass", fields::captures),
        ("a-congestion-control-need-not-be-allowed", fields::congestion_control),
        ("anybody-may", machine::anybody_may),
        ("a-shell-ends-with-an-interrupted-run", machine::interrupted_shells),
    ];
    let trial = |(name, check): &(&str, Check)| {
        let check = *check;
        Trial::ignorable_test(format!("kernel::{name}"), move || {
            let probe = run(OPEN, &Axes::default())?;
            // that they are forbidden is believed where another program says so, too
            let is_open = || machine::are_namespaces_open(&mut Command::new("unshare"));
            match is_forbidden(&probe.message).filter(|_| !is_open()) {
                Some(reason) => Ok(Completion::ignored_with(reason)),
                None => persistently(check).map(|()| Completion::Completed).map_err(Failed::from),
            }
        })
    };
    checks.iter().map(trial).collect()
}

/// A machine that is too busy for a script that is to the millisecond is no news: what fails must fail three times.
fn persistently(check: Check) -> Result<(), String> {
    check().or_else(|_| check()).or_else(|_| check())
}

pub(super) fn run(script: &str, axes: &Axes) -> Result<Run, String> {
    let scenario = wirelaw::script::parse("test.pkt", script).map_err(|error| format!("{error}"))?;
    Ok(worker::run(&scenario, axes))
}

/// Runs a script behind [`OPEN`].
pub(super) fn opened(lines: &str) -> Result<Run, String> {
    run(&format!("{OPEN}{lines}"), &Axes::default())
}

pub(super) fn expect(what: &str, is_so: bool, run: &Run) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(format!("{what}; it was {} at {:?}: {}", run.verdict, run.line, run.message)) }
}

fn families() -> Result<(), String> {
    let talk = "+.01 write(4, ..., 100) = 100\n+0   > P. 1:101(100) ack 1\n";
    for option in ["--ip_version=ipv4", "--ip_version=ipv6", "--ip_version=ipv4-mapped-ipv6"] {
        let run = run(&format!("{option}\n{OPEN}{talk}"), &Axes::default())?;
        expect(option, run.verdict == Verdict::Pass, &run)?;
        let first = run.trace.records.iter().find_map(|record| match &record.event {
            wirelaw::trace::Event::Response(wirelaw::trace::Response::Packet(octets)) => octets.first().copied(),
            _ => None,
        });
        let version = if option.ends_with("=ipv6") { 6 } else { 4 };
        expect(option, first.map(|octet| octet >> 4) == Some(version), &run)?;
    }
    let run = run(&format!("{OPEN}{talk}"), &Axes { ip: Ip::V6, ..Axes::default() })?;
    expect("the axis of addresses", run.verdict == Verdict::Pass, &run)
}

fn wrong_expectation() -> Result<(), String> {
    let run = opened("+.01 write(4, ..., 100) = 100\n+0   > P. 1:201(200) ack 1\n")?;
    let is_so = run.verdict == Verdict::Fail
        && run.line == Some(10)
        && run.message.contains("seq expected 1:201(200), got 1:101(100)");
    expect("line 10 is wrong about the length", is_so, &run)?;
    let run = opened("+.01 write(4, ..., 100) = 99\n")?;
    let is_so =
        run.verdict == Verdict::Fail && run.line == Some(9) && run.message.contains("result expected 99, got 100");
    expect("line 9 is wrong about the result", is_so, &run)?;
    let run = opened("+.01 < P. 1:101(100) ack 1 win 65535\n+0   > . 1:1(0) ack 100\n")?;
    let is_so =
        run.verdict == Verdict::Fail && run.line == Some(10) && run.message.contains("ack expected 100, got 101");
    expect("line 10 is wrong about the acknowledgment", is_so, &run)
}

fn late_packet() -> Result<(), String> {
    let run = opened("+.01 write(4, ..., 100) = 100\n+.05 > P. 1:101(100) ack 1\n")?;
    let is_so = run.verdict == Verdict::Timing && run.line == Some(10) && run.message.contains("time expected");
    expect("only the time is wrong", is_so, &run)?;
    let is_told = run.notes.iter().any(|note| note.contains("tried 3 times"));
    expect("a note tells of the other attempts", is_told, &run)?;
    let may_be_punctual = Command::new("chrt").args(["-r", "50", "true"]).status().is_ok_and(|status| status.success());
    let is_excused = run.notes.iter().any(|note| note.contains("without real-time priority"));
    expect("who may be in real time is", !(may_be_punctual && is_excused), &run)
}

fn blocks_for_ever() -> Result<(), String> {
    let start = Instant::now();
    let run = opened("+0...0.2 read(4, ..., 100) = 100\n+.3 close(4) = 0\n")?;
    let is_so = run.verdict != Verdict::Pass && run.line == Some(9) && start.elapsed() < Duration::from_secs(30);
    expect("line 9 never returns", is_so, &run)
}

fn times_out() -> Result<(), String> {
    let run = opened("+0...0.2 poll([{fd=4, events=POLLIN, revents=0}], 1, 200) = 0\n")?;
    expect("the poll returns after 200 ms", run.verdict == Verdict::Pass, &run)?;
    let run = opened("+0...0.1 poll([{fd=4, events=POLLIN, revents=0}], 1, 200) = 0\n")?;
    expect("and not after 100 ms", run.verdict == Verdict::Timing && run.line == Some(9), &run)
}

fn shell_lines() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let witness = folder.path().join("witness");
    fs::write(&witness, "it stays").map_err(|error| error.to_string())?;
    let file = witness.display();
    let lines = [
        format!("rm -f {file}"),
        format!("(sleep 1; rm -f {file}) &"),
        format!("sysctl -q net.ipv4.tcp_sack=1; rm {file}"),
    ];
    for line in lines {
        let run = run(&format!("`{line}`\n{OPEN}"), &Axes::default())?;
        let is_so = run.verdict == Verdict::Unsupported && run.message.contains("rm") && run.trace.records.is_empty();
        expect(&line, is_so, &run)?;
    }
    std::thread::sleep(Duration::from_millis(1200));
    if witness.exists() { Ok(()) } else { Err("a shell ran".to_owned()) }
}

/// Each habit shows in a packet, and its opposite does not pass.
fn habits() -> Result<(), String> {
    let syn = "+.01 < S 0:0(0) win 65535 <mss 1000,sackOK,TS val 1 ecr 0,nop,wscale 7>";
    let server = OPEN.lines().take(4).collect::<Vec<_>>().join("\n");
    for (with, answer) in [
        ("sack=off timestamps=off window-scale=off", "<mss 1460>"),
        ("sack=on timestamps=off window-scale=off", "<mss 1460,nop,nop,sackOK>"),
        ("sack=on timestamps=on window-scale=off", "<mss 1460,sackOK,TS val 2 ecr 1>"),
        ("sack=off timestamps=off window-scale=off mss=1200", "<mss 1200>"),
    ] {
        let script = format!("// with: {with}\n{server}\n{syn}\n+0   > S. 0:0(0) ack 1 {answer}\n");
        let run = run(&script, &Axes::default())?;
        expect(with, run.verdict == Verdict::Pass, &run)?;
    }
    let late = "+.01 write(4, ..., 100) = 100\n+0   > P. 1:101(100) ack 1\n";
    let again = "+.9~+1.4 > P. 1:101(100) ack 1\n";
    let run = self::run(&format!("// with: min-rto=1s sack=off\n{OPEN}{late}{again}"), &Axes::default())?;
    expect("the least RTO is a second", run.verdict == Verdict::Pass, &run)?;
    let run = self::run(&format!("// with: sack=off\n{OPEN}{late}{again}"), &Axes::default())?;
    expect("the least RTO is 200 ms", run.verdict == Verdict::Timing, &run)
}

/// The verdicts of a folder of scenarios by the program itself, with or without TUN.
fn verdicts(is_tun_allowed: bool) -> Result<BTreeMap<String, String>, String> {
    let scripts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/scripts/tcp");
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let report = folder.path().join("report.json");
    // what a script does to the device holds on either link
    let own = folder.path().join("own-mtu.pkt");
    let larger = OPEN.replace("<...>", "<mss 8960>");
    fs::write(&own, format!("`ip link set dev tun0 mtu 9000`\n{larger}")).map_err(|error| error.to_string())?;
    // several segments at once count by what each of them has
    let merged = folder.path().join("merged.pkt");
    let lines =
        "+.01 < P. 1:5001(5000) ack 1 win 9\n+0~+.1 > . 1:1(0) ack 5001\n+0 %{ assert tcpi_rcv_mss == 1000 }%\n";
    fs::write(&merged, format!("--mss=1000\n{OPEN}{lines}")).map_err(|error| error.to_string())?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelaw"));
    command
        .arg("run")
        .args(["handshake", "reset", "closed", "timestamps", "fast-open"].map(|name| scripts.join(name)))
        .args([&own, &merged]);
    command.args(["--stack", "linux", "--longest", "2", "--jobs", "8", "--json"]).arg(&report);
    if !is_tun_allowed {
        command.env("WIRELAW_NO_TUN", "1");
    }
    let output = command.output().map_err(|error| error.to_string())?;
    let text = fs::read_to_string(&report).map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let report: serde_json::Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let results = report["results"].as_array().cloned().unwrap_or_default();
    let pair = |result: &serde_json::Value| {
        // which of two differences shows first is a matter of time
        let name = result["scenario"].to_string();
        (name.replace(&folder.path().display().to_string(), ""), format!("{} {}", result["verdict"], result["line"]))
    };
    let verdicts: BTreeMap<String, String> = results.iter().map(pair).collect();
    let unsupported =
        verdicts.iter().find(|(name, verdict)| name.contains("merged") && verdict.contains("unsupported"));
    unsupported.map_or(Ok(verdicts.clone()), |(name, verdict)| Err(format!("{name}: {verdict}")))
}

fn links() -> Result<(), String> {
    // load turns verdicts into `timing`, on either link: nothing else may differ, and that in three comparisons
    let mut remarks = Vec::new();
    for _ in 0..3 {
        let (tun, veth) = (verdicts(true)?, verdicts(false)?);
        let is_timing = |verdict: Option<&String>| verdict.is_some_and(|verdict| verdict.contains("timing"));
        let differ: Vec<String> = tun
            .iter()
            .filter(|(name, verdict)| veth.get(*name) != Some(verdict))
            .filter(|(name, verdict)| !is_timing(Some(verdict)) && !is_timing(veth.get(*name)))
            .map(|(name, verdict)| format!("{name}: {verdict} by TUN, {:?} by a pair of devices", veth.get(name)))
            .collect();
        let passed = tun.values().filter(|verdict| verdict.contains("pass")).count();
        if differ.is_empty() && passed > 20 {
            return Ok(());
        }
        remarks.push(format!("{passed} passed; {}", differ.join("; ")));
    }
    Err(remarks.join("\n"))
}

fn interrupted() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let script = folder.path().join("long.pkt");
    fs::write(&script, format!("{OPEN}+20 close(4) = 0\n")).map_err(|error| error.to_string())?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelaw"));
    command.arg("run").arg(&script).args(["--stack", "linux"]).current_dir(folder.path());
    let mut child = command.stdout(std::process::Stdio::null()).spawn().map_err(|error| error.to_string())?;
    let waited = Instant::now();
    let workers = loop {
        let workers = super::traces::started_by(child.id());
        if !workers.is_empty() || waited.elapsed() > Duration::from_secs(15) {
            break workers;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).map_err(|error| error.to_string())?;
    child.wait().map_err(|error| error.to_string())?;
    if workers.is_empty() {
        return Err("the run had no process of its own".to_owned());
    }
    let gone = Instant::now();
    while workers.iter().any(|worker| PathBuf::from(worker).exists()) {
        if gone.elapsed() > Duration::from_secs(5) {
            return Err(format!("{workers:?} outlived the run"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
