//! Settings, applied in a user and network namespace of their own. This program starts itself there as a worker, by
//! `unshare(1)`; where that is forbidden or missing, the trials are ignored by name.

use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};
use wirelaw::stack::setting::Setting;

/// Makes this program the worker: it reads settings, applies each and tells what came of it.
const WORKER: &str = "WIRELAW_SETTINGS_WORKER";

fn main() -> ExitCode {
    if std::env::var_os(WORKER).is_some() {
        return work();
    }
    let probe = Command::new("unshare").args(["-Urn", "true"]).stderr(Stdio::null()).status();
    let is_permitted = probe.is_ok_and(|status| status.success());
    let trial = |name: &str, run: fn() -> Result<(), Failed>| {
        if is_permitted {
            Trial::test(name, run)
        } else {
            Trial::test(format!("{name} (no namespaces: unshare -Urn)"), || Ok(())).with_ignored_flag(true)
        }
    };
    let trials = vec![
        trial("what a kernel has is set", sets),
        trial("what it has not is named", names),
        trial("routes, addresses and queues", programs),
        trial("optional settings leave a remark", remarks),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// What came of a setting: a remark, if it was optional and could not be made; or an error.
type Told = Result<Option<String>, String>;

/// The worker: one line of JSON for each setting of its input.
fn work() -> ExitCode {
    let settings: Vec<Setting> = match serde_json::from_reader(std::io::stdin()) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let apply = |setting: &Setting| setting.apply(Some(Path::new("/"))).map_err(|error| error.to_string());
    let results: Vec<Told> = settings.iter().map(apply).collect();
    match serde_json::to_writer(std::io::stdout(), &results) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What comes of settings in a namespace of their own, one after the other.
fn applied(settings: &[Setting]) -> Result<Vec<Told>, Failed> {
    let mut worker = Command::new("unshare")
        .args(["-Urn", "--kill-child"])
        .arg(std::env::current_exe()?)
        .env(WORKER, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = worker.stdin.take() {
        input.write_all(&serde_json::to_vec(settings)?)?;
    }
    let output = worker.wait_with_output()?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn is(name: &str, value: &str) -> Setting {
    let file = format!("/proc/sys/{}", name.replace('.', "/"));
    Setting::Shell(format!("test \"$(cat {file} | tr '\\t' ' ')\" = '{value}'"))
}

fn fine(count: usize) -> Vec<Told> {
    vec![Ok(None); count]
}

fn same<T: PartialEq + std::fmt::Debug>(got: T, expected: T) -> Result<(), Failed> {
    if got == expected { Ok(()) } else { Err(format!("got {got:#?}\nexpected {expected:#?}").into()) }
}

fn sets() -> Result<(), Failed> {
    let mut all = Vec::new();
    for (name, value) in [
        ("net.ipv4.tcp_sack", "0"),
        ("net.ipv4.tcp_sack", "1"),
        ("net.ipv4.tcp_rmem", "4096 65536 131072"),
        ("net.ipv6.conf.lo.hop_limit", "9"),
    ] {
        all.extend([Setting::sysctl(name, value)?, is(name, value)]);
    }
    all.extend([Setting::sysctl("net/ipv4/tcp_fastopen", "0x403")?, is("net.ipv4.tcp_fastopen", "1027")]);
    same(applied(&all)?, fine(all.len()))
}

fn names() -> Result<(), Failed> {
    let machine = std::fs::read_to_string("/proc/sys/net/core/netdev_max_backlog")?;
    let (absent, refused) = ("net.ipv4.tcp_no_such", "net.ipv4.tcp_sack");
    let own = Setting::sysctl("net.core.netdev_max_backlog", "17")?;
    let results = applied(&[own, Setting::sysctl(absent, "1")?, Setting::sysctl(refused, "many")?])?;
    let says = |at: usize, text: &str| matches!(&results[at], Err(error) if error.contains(text));
    same(says(0, "net.core.netdev_max_backlog exists only in the initial network namespace"), true)?;
    same(says(1, "net.ipv4.tcp_no_such: this kernel has no such setting"), true)?;
    same(says(2, "this kernel refuses net.ipv4.tcp_sack=many (it is 1)"), true)?;
    same(std::fs::read_to_string("/proc/sys/net/core/netdev_max_backlog")?, machine)
}

fn programs() -> Result<(), Failed> {
    let shell = |text: &str| Setting::Shell(text.to_owned());
    let words = |line: &'static str| line.split(' ').collect::<Vec<_>>();
    let all = [
        Setting::ip(&words("link set dev lo up mtu 1400"))?,
        shell("ip link show lo | grep -q 'mtu 1400'"),
        Setting::ip(&words("-6 a add fd3d::1/64 dev lo"))?,
        shell("ip -6 addr show lo | grep -q fd3d::1/64"),
        Setting::ip(&words("ro add 192.0.2.0/24 dev lo initcwnd 4"))?,
        shell("ip route show | grep -q 'initcwnd 4'"),
        Setting::ip(&words("tcp_metrics flush all"))?, // nobody may, but there is nothing to flush
        Setting::ip(&words("link add name veth0 type veth peer name veth1"))?,
        Setting::tc(&words("qdisc replace dev veth0 root pfifo"))?,
        shell("tc qdisc show dev veth0 | grep -q pfifo"),
    ];
    same(applied(&all)?, fine(all.len()))?;
    let error = applied(&[Setting::ip(&words("route add 192.0.2.0/24 dev nothing"))?])?.remove(0);
    let says = error.as_ref().is_err_and(|error| error.contains("nothing") && error.starts_with("ip route add"));
    same(says, true)
}

fn remarks() -> Result<(), Failed> {
    let optional = |setting| Setting::Optional(Box::new(setting));
    let all =
        [optional(Setting::sysctl("net.ipv4.tcp_no_such", "1")?), optional(Setting::sysctl("net.ipv4.tcp_sack", "0")?)];
    let results = applied(&all)?;
    same(matches!(&results[0], Ok(Some(remark)) if remark.contains("tcp_no_such")), true)?;
    same(results[1].clone(), Ok(None))
}
