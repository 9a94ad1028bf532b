//! What befalls a guest, and the machine that it runs on: panics, loops, signals, hosts that die, permissions that are not there.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use wirelaw::uml::Kernel;

use super::programs::{busy, exec, exec_with, same, text};
use super::promises::{Check, trial, trial_with};

pub(crate) fn trials() -> Vec<Trial> {
    let checks: [(&str, Check); 9] = [
        ("a-program-that-a-signal-ends", a_program_that_a_signal_ends),
        ("a-program-that-loops-is-ended", a_program_that_loops_is_ended),
        ("a-program-may-leave-others-behind", a_program_may_leave_others_behind),
        ("a-guest-has-its-seed", a_guest_has_its_seed),
        ("a-guest-has-its-memory", a_guest_has_its_memory),
        ("a-guest-ends-with-its-host", a_guest_ends_with_its_host),
        ("anybody-may", anybody_may),
        ("a-guest-is-the-same-whatever-its-size", a_guest_is_the_same_whatever_its_size),
        ("a-folder-that-a-guest-lacks-is-told", a_folder_that_a_guest_lacks_is_told),
    ];
    let with_python: [(&str, Check); 5] = [
        ("a-program-that-needs-too-much-is-ended", a_program_that_needs_too_much_is_ended),
        ("a-guest-that-panics-is-told", a_guest_that_panics_is_told),
        ("a-guest-has-a-loopback", a_guest_has_a_loopback),
        ("without-permission-it-is-told", without_permission_it_is_told),
        ("a-server-is-judged", a_server_is_judged),
    ];
    let with_python = with_python.into_iter().map(|(name, check)| trial_with("python3", name, check));
    checks.into_iter().map(|(name, check)| trial(name, check)).chain(with_python).collect()
}

fn python(kernel: &Kernel, program: &str) -> Output {
    exec(kernel, &format!("exec python3 -c '{program}'"))
}

fn a_program_that_a_signal_ends(kernel: &Kernel) -> Result<(), String> {
    same(&format!("{:?}", exec(kernel, "kill -SEGV $$").status.code()), "Some(139)")
}

/// Time stands still while it is busy.
fn a_program_that_loops_is_ended(kernel: &Kernel) -> Result<(), String> {
    let start = Instant::now();
    let output = exec_with(kernel, &["--longest", "1"], &["sh", "-c", "while :; do :; done"]);
    same(&text(&output.stderr), "wirelaw: it took more than 1 s by the clock on the wall, and was ended\n")?;
    let took = start.elapsed();
    if output.status.code() == Some(125) && took < Duration::from_secs(30) { Ok(()) } else { Err(format!("{took:?}")) }
}

fn a_program_that_needs_too_much_is_ended(kernel: &Kernel) -> Result<(), String> {
    let greedy = ["python3", "-c", "x = bytearray(1 << 28)"];
    let output = exec_with(kernel, &["--memory", "64", "--longest", "60"], &greedy);
    if matches!(output.status.code(), Some(1 | 137)) { Ok(()) } else { Err(output.status.to_string()) }
}

fn a_program_may_leave_others_behind(kernel: &Kernel) -> Result<(), String> {
    let start = Instant::now();
    let output = exec(kernel, "setsid sleep 100000000 & sleep 100000000 & echo begun; exit 3");
    same(&format!("{:?} {}", output.status.code(), text(&output.stdout)), "Some(3) begun\n")?;
    let took = start.elapsed();
    if took < Duration::from_secs(30) { Ok(()) } else { Err(format!("it took {took:?}")) }
}

/// As root in its guest a program may overwrite the first process.
fn a_guest_that_panics_is_told(kernel: &Kernel) -> Result<(), String> {
    let program = r#"
for line in open("/proc/1/maps"):
    words = line.split()
    if "x" in words[1] and words[-1].startswith("/"):
        low, high = [int(number, 16) for number in words[0].split("-")]
        memory = open("/proc/1/mem", "r+b", buffering=0)
        memory.seek(low)
        memory.write(b"\xcc" * (high - low))
"#;
    let output = python(kernel, program);
    let said = text(&output.stderr);
    if output.status.code() == Some(125) && said.starts_with("wirelaw: Kernel panic") {
        return Ok(());
    }
    Err(format!("{}: {said}", output.status))
}

fn a_guest_has_a_loopback(kernel: &Kernel) -> Result<(), String> {
    let program = r#"
import socket
for family, host in (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"):
    server = socket.create_server((host, 80), family=family)
    socket.create_connection((host, 80)).send(b"x")
    print(server.accept()[0].recv(1))
"#;
    let output = python(kernel, program);
    same(&(text(&output.stdout) + &text(&output.stderr)), "b'x'\nb'x'\n")
}

fn a_guest_has_its_seed(kernel: &Kernel) -> Result<(), String> {
    let random = |seed: &str| exec_with(kernel, &["--seed", seed], &["head", "-c", "16", "/dev/urandom"]).stdout;
    let (one, again, other) = (random("1"), random("1"), random("2"));
    if one.len() == 16 && one == again && one != other { Ok(()) } else { Err(format!("{one:?} {again:?} {other:?}")) }
}

fn a_guest_has_its_memory(kernel: &Kernel) -> Result<(), String> {
    for memory in [64_u64, 512] {
        let output = exec_with(kernel, &["--memory", &memory.to_string()], &["grep", "MemTotal", "/proc/meminfo"]);
        let said = text(&output.stdout);
        let total: u64 = said.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).ok_or(said.clone())?;
        // the kernel itself is in it, too
        if !(memory * 1024 / 2..=memory * 1024).contains(&total) {
            return Err(format!("{memory} MiB: {said}"));
        }
    }
    Ok(())
}

/// Also when nobody has time to say farewell.
fn a_guest_ends_with_its_host(kernel: &Kernel) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let lives = || inside(folder.path()).len();
    let mut child = busy(kernel, folder.path())?;
    let comes = |is_so: &dyn Fn() -> bool| {
        let start = Instant::now();
        while !is_so() && start.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(10));
        }
        is_so()
    };
    let began = lives() > 0;
    let killed = child.kill().and_then(|()| child.wait());
    let ended = comes(&|| lives() == 0);
    for pid in inside(folder.path()) {
        let _ = Command::new("kill").args(["-9", &pid]).status(); // the test has failed, and leaves nothing
    }
    if began && killed.is_ok() && ended { Ok(()) } else { Err(format!("{began} {killed:?} {ended}")) }
}

/// The processes that stand in a folder.
fn inside(folder: &Path) -> Vec<String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let stands = |path: &PathBuf| fs::read_link(path.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
    let name = |path: PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
    processes.map(|entry| entry.path()).filter(stands).filter_map(name).collect()
}

/// Says no to `ptrace`, as a container may, and becomes a program.
const FORBID: &str = r#"
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
refuse = b"".join(struct.pack("HBBI", *line) for line in
    [(0x20, 0, 0, 0), (0x15, 0, 1, 101), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)])
octets = ctypes.create_string_buffer(refuse, 32)
filter = struct.pack("HxxxxxxP", 4, ctypes.addressof(octets))
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
assert libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"#;

fn without_permission_it_is_told(kernel: &Kernel) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let script = folder.path().join("a.pkt");
    fs::write(&script, "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n").map_err(|error| error.to_string())?;
    let forbidden = |words: &[&str]| {
        let mut command = Command::new("python3");
        command.args(["-c", FORBID, env!("CARGO_BIN_EXE_wirelaw")]).args(words).stdin(Stdio::null());
        command.output().map_err(|error| error.to_string())
    };
    let told = |said: &str| said.contains("that is forbidden here: ") && said.contains("ptrace");
    let output = forbidden(&["kernel", "exec", "--kernel", kernel.name, "--", "true"])?;
    if output.status.code() != Some(125) || !told(&text(&output.stderr)) {
        return Err(format!("{}: {}", output.status, text(&output.stderr)));
    }
    let script = script.to_str().ok_or("a path that is no text")?;
    let said = text(&forbidden(&["run", "--stack", kernel.name, script])?.stdout);
    if told(&said) && said.contains("1 unsupported") { Ok(()) } else { Err(said) }
}

/// No root is needed: root becomes somebody else here, who has a home and a kernel of his own.
fn anybody_may(kernel: &Kernel) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let home = folder.path().join("home");
    let made = || {
        let kernels = home.join("kernels").join("one");
        fs::create_dir_all(&kernels)?;
        for name in ["linux", "about.json"] {
            fs::copy(kernel.folder.join(name), kernels.join(name))?;
        }
        fs::copy(env!("CARGO_BIN_EXE_wirelaw"), home.join("wirelaw")).map(drop)
    };
    made().map_err(|error| error.to_string())?;
    let mut command = Command::new(home.join("wirelaw"));
    command.args(["kernel", "exec", "--writable", ".", "--", "sh", "-c", "echo it > new; sleep 60; id -u"]);
    command.env("WIRELAW_KERNELS", home.join("kernels")).env("TMPDIR", &home).stdin(Stdio::null());
    if rustix::process::geteuid().is_root() {
        for path in [folder.path(), &home] {
            std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).map_err(|error| error.to_string())?;
        }
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command.current_dir(&home).output().map_err(|error| error.to_string())?;
    same(&(text(&output.stdout) + &text(&output.stderr)), "0\n")?; // whoever it is outside, it is root inside
    same(&fs::read_to_string(home.join("new")).unwrap_or_default(), "it\n")
}

/// The user that owns nothing.
const NOBODY: u32 = 65_534;

/// What the kernel derives from its memory, and the second 0 of its life, are as on any machine.
fn a_guest_is_the_same_whatever_its_size(kernel: &Kernel) -> Result<(), String> {
    for memory in ["64", "512"] {
        let script = "cd /proc/sys/net/ipv4; cat tcp_rmem tcp_wmem tcp_mem; cut -d. -f1 /proc/uptime";
        let output = exec_with(kernel, &["--memory", memory], &["sh", "-c", script]);
        let words = text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
        same(&words, "4096 131072 6291456 4096 16384 4194304 190000 250000 380000 5")?;
    }
    Ok(())
}

/// The whole way: judge and server in a guest, and the report out of it. The server tells what it takes for chance.
fn a_server_is_judged(kernel: &Kernel) -> Result<(), String> {
    let chance = |seed: &str| {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let [report, random] = ["report.json", "random"].map(|name| folder.path().join(name));
        let server = format!("head -c 16 /dev/urandom > {}; exec python3 -m http.server 80", random.display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirelaw"));
        command.args(["http", "server", "localhost:80", "--virtual-time", "--kernel", kernel.name, "--seed", seed]);
        command.args(["--only", "9112-3.2-HOST-MISSING", "--json"]).arg(&report);
        command.args(["--", "sh", "-c", &server]).stdin(Stdio::null());
        let output = command.output().map_err(|error| error.to_string())?;
        let written = fs::read_to_string(&report).unwrap_or_default();
        // what it thinks of the server is not the question: it has judged, by cases that the server can be asked
        if matches!(output.status.code(), Some(0 | 1))
            && written.contains("\"verdict\": \"")
            && !written.contains("\"verdict\": \"broken\"")
        {
            return fs::read(&random).map_err(|error| error.to_string());
        }
        Err(format!("{}: {}{}\n{written}", output.status, text(&output.stdout), text(&output.stderr)))
    };
    let (one, again, other) = (chance("3")?, chance("3")?, chance("4")?);
    if one.len() == 16 && one == again && one != other { Ok(()) } else { Err(format!("{one:?} {again:?} {other:?}")) }
}

fn a_folder_that_a_guest_lacks_is_told(kernel: &Kernel) -> Result<(), String> {
    let folder = tempfile::tempdir_in("/dev/shm").map_err(|error| error.to_string())?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelaw"));
    command.args(["kernel", "exec", "--kernel", kernel.name, "--", "true"]).current_dir(&folder);
    let said = text(&command.output().map_err(|error| error.to_string())?.stderr);
    let wanted = format!("wirelaw: there is no {} in a guest", folder.path().display());
    if said.starts_with(&wanted) { Ok(()) } else { Err(said) }
}
