//! The program as a user meets it: exit status and the words on both streams.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn wirelaw(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelaw"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1").stdin(Stdio::null());
    command.output().expect("the program starts")
}

fn status(output: &Output) -> Option<i32> {
    output.status.code()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("there is room");
    let good = "// Opens a socket.\n// covers: MUST-1\n\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n";
    fs::write(folder.path().join("good.pkt"), good).expect("there is room");
    fs::write(folder.path().join("bad.pkt"), "// Is no scenario.\n\n0 < @@@\n").expect("there is room");
    fs::create_dir(folder.path().join("empty")).expect("there is room");
    folder
}

#[test]
fn usage_errors_end_with_2_and_say_what_is_wrong() {
    let folder = folder();
    let cases: [(&[&str], &str); 9] = [
        (&["run", "good.pkt", "--with", "nagel=off"], "did you mean `nagle`?"),
        (&["run", "missing.pkt"], "missing.pkt"),
        (
            &["http", "proxy", "--front", "a:1", "--front", "b:2", "--back-listen", "127.0.0.1:9"],
            "2 times --front but 1 times --back-listen",
        ),
        (&["run", "empty"], "no .pkt file"),
        (&["run", "good.pkt", "--stack", "no-such-stack"], "there is no stack `no-such-stack`; there is: "),
        (&["run", "--isn", "x"], "0 to 4294967295"),
        (&["check", "missing.pkt"], "missing.pkt"),
        (&["explain", "MUST-700"], "did you mean MUST-7"),
        (&["frobnicate"], "frobnicate"),
    ];
    for (arguments, words) in cases {
        let output = wirelaw(folder.path(), arguments);
        let told = text(&output.stderr);
        assert_eq!(status(&output), Some(2), "{arguments:?}: {told}");
        assert!(told.contains(words), "{arguments:?}: {told}");
        assert!(!told.contains("panicked"), "{arguments:?}: {told}");
    }
}

#[test]
fn what_is_recorded_is_in_canonical_form() {
    let folder = tempfile::tempdir().expect("there is room");
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/captures/hello-ethernet.pcap");
    let recorded = wirelaw(folder.path(), &["record", capture, "-o", "a.pkt"]);
    assert_eq!(status(&recorded), Some(0), "{}", text(&recorded.stderr));
    let checked = wirelaw(folder.path(), &["fmt", "--check", "a.pkt"]);
    assert_eq!(
        (status(&checked), text(&checked.stdout).as_str()),
        (Some(0), "1 script, 0 would change, 0 left as they are\n")
    );
}

#[test]
fn fmt_changes_what_is_not_canonical_and_nothing_else() {
    let folder = folder();
    let path = folder.path().join("wide.pkt");
    let wide = "// A script.\n\n0   <S 0:0(0)win 5<mss 1460>// note\n";
    fs::write(&path, wide).expect("there is room");
    let check = wirelaw(folder.path(), &["fmt", "--check", "wide.pkt", "bad.pkt"]);
    assert_eq!(status(&check), Some(1));
    assert!(text(&check.stdout).starts_with("wide.pkt\n2 scripts, 1 would change, 1 left"), "{check:?}");
    assert!(text(&check.stderr).contains("bad.pkt:3"), "{check:?}");
    assert_eq!(fs::read_to_string(&path).expect("it is there"), wide, "--check changes nothing");
    assert_eq!(status(&wirelaw(folder.path(), &["fmt", "--check", "wide.pkt"])), Some(1), "something would change");
    assert_eq!(status(&wirelaw(folder.path(), &["fmt", "wide.pkt"])), Some(0));
    let formatted = "// A script.\n\n0    < S 0:0(0) win 5 <mss 1460>  // note\n";
    assert_eq!(fs::read_to_string(&path).expect("it is there"), formatted);
    let again = wirelaw(folder.path(), &["fmt", "--check", "wide.pkt"]);
    assert_eq!(
        (status(&again), text(&again.stdout).as_str()),
        (Some(0), "1 script, 0 would change, 0 left as they are\n")
    );
}

#[test]
fn check_finds_misspelt_names() {
    let folder = folder();
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 setsockopt(3, SOL_SOCKET, SO_REUSADDR, [1], 4) = 0\n";
    fs::write(folder.path().join("names.pkt"), script).expect("there is room");
    let output = wirelaw(folder.path(), &["check", "names.pkt"]);
    assert_eq!(status(&output), Some(1), "{output:?}");
    let told = text(&output.stderr);
    assert!(told.contains("names.pkt:2") && told.contains("did you mean `SO_REUSEADDR`?"), "{told}");
}

#[test]
fn check_shows_the_place_and_ends_with_1() {
    let folder = folder();
    let output = wirelaw(folder.path(), &["check", "."]);
    assert_eq!(status(&output), Some(1), "{output:?}");
    assert_eq!(text(&output.stdout), "2 scripts checked, 1 wrong\n");
    let told = text(&output.stderr);
    assert!(told.contains("bad.pkt:3") && told.contains("0 < @@@"), "{told}");
    let output = wirelaw(folder.path(), &["check", "good.pkt"]);
    assert_eq!((status(&output), text(&output.stdout)), (Some(0), "1 script checked, 0 wrong\n".into()));
}

#[test]
fn check_reads_cases_for_http_as_well() {
    let folder = folder();
    let at = |name: &str| folder.path().join("server").join(name);
    fs::create_dir(folder.path().join("server")).expect("there is room");
    fs::write(at("good.http"), "# t\n> x\npass ok\nelse fail\n").expect("there is room");
    fs::write(at("role.http"), "# t\n> x\npass success\nelse fail\n").expect("there is room");
    let output = wirelaw(folder.path(), &["check", "server"]);
    assert_eq!((status(&output), text(&output.stdout)), (Some(1), "2 scripts checked, 1 wrong\n".into()), "{output:?}");
    assert!(text(&output.stderr).contains("role.http:3:1: only a client"), "{output:?}");
    let output = wirelaw(folder.path(), &["check", "server/good.http", "good.pkt"]);
    assert_eq!((status(&output), text(&output.stdout)), (Some(0), "2 scripts checked, 0 wrong\n".into()));
    let output = wirelaw(folder.path(), &["check", "."]);
    assert_eq!((status(&output), text(&output.stdout)), (Some(1), "4 scripts checked, 2 wrong\n".into()));
}

#[test]
fn a_requirement_that_does_not_exist_is_wrong_and_counts_for_nothing() {
    let folder = folder();
    let script =
        "// Sets up a stage.\n// covers: MUST-1300\n\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3 // covers: MUST-1\n";
    fs::write(folder.path().join("typo.pkt"), script).expect("there is room");
    let output = wirelaw(folder.path(), &["check", "typo.pkt"]);
    let told = text(&output.stderr);
    assert_eq!((status(&output), text(&output.stdout)), (Some(1), "1 script checked, 1 wrong\n".into()));
    assert!(told.contains("typo.pkt:2:12: no requirement is called `MUST-1300`") && told.contains("MUST-13"), "{told}");
    assert_eq!(told.matches("no requirement").count(), 1, "{told}");
    let output = wirelaw(folder.path(), &["run", "typo.pkt"]);
    assert!(!text(&output.stdout).contains("requirements exercised"), "{output:?}");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let folder = folder();
    fs::write(folder.path().join("octets.pkt"), [0xff, 0xfe, 0, 0x80]).expect("there is room");
    let output = wirelaw(folder.path(), &["check", "octets.pkt"]);
    assert_eq!(status(&output), Some(1), "{output:?}");
    assert!(text(&output.stderr).contains("octets.pkt"), "{output:?}");
}

#[test]
fn a_broken_script_ends_a_run_with_2() {
    let folder = folder();
    let output = wirelaw(folder.path(), &["run", "."]);
    assert_eq!(status(&output), Some(2), "{output:?}");
}

#[test]
fn list_tells_what_a_scenario_is_about() {
    let folder = folder();
    let output = wirelaw(folder.path(), &["list", "good.pkt"]);
    assert_eq!(status(&output), Some(0), "{output:?}");
    let told = text(&output.stdout);
    assert!(told.starts_with("good.pkt\n    Opens a socket.\n    covers: MUST-1\n"), "{told}");
    assert!(told.contains("stacks\n"), "{told}");
}

#[test]
fn habits_are_listed_explained_and_asked_for() {
    let folder = folder();
    let output = wirelaw(folder.path(), &["list", "--habits"]);
    let told = text(&output.stdout);
    assert_eq!(status(&output), Some(0), "{output:?}");
    assert!(
        told.contains("nagle\n    hold back small segments") && told.contains("\n    values: on or off\n"),
        "{told}"
    );
    let one = text(&wirelaw(folder.path(), &["explain", "nagle"]).stdout);
    assert!(one.starts_with("nagle\n") && told.contains(&one), "{one}");
    let script = fs::read_to_string(folder.path().join("good.pkt")).expect("it was written");
    let script = script.replace("\n\n", "\n// with: msl=1s\n\n");
    fs::write(folder.path().join("with.pkt"), script).expect("there is room");
    let told = text(&wirelaw(folder.path(), &["list", "with.pkt"]).stdout);
    assert!(told.contains("    with: msl=1s\n"), "{told}");
    let output = wirelaw(folder.path(), &["run", "with.pkt", "--with", "nagle=off", "--json", "report.json"]);
    let report = fs::read_to_string(folder.path().join("report.json")).expect("it was written");
    assert_eq!(status(&output), Some(0), "{output:?}");
    assert!(report.contains("\"nagle=off\""), "{report}");
    assert!(report.contains("the habit msl=1s, which smoltcp cannot have"), "{report}");
}

#[test]
fn explain_knows_a_requirement_whatever_its_case() {
    let output = wirelaw(folder().path(), &["explain", "must-2"]);
    assert_eq!(status(&output), Some(0), "{output:?}");
    assert!(text(&output.stdout).starts_with("MUST-2  rfc9293 §3.1  MUST\n"), "{output:?}");
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let folder = folder();
    let sentence = "x".repeat(100_000);
    for number in 0..20 {
        let script = format!("// {sentence}\n\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n");
        fs::write(folder.path().join(format!("{number}.pkt")), script).expect("there is room");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelaw"));
    command.arg("list").arg(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut first = [0; 1];
    let mut out = child.stdout.take().expect("it is piped");
    out.read_exact(&mut first).expect("it says something");
    drop(out);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((status(&output), text(&output.stderr)), (Some(0), String::new()));
}

/// `wirelaw http parse` of these octets, by way of a file: status and standard output.
fn parsed(octets: &[u8], arguments: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("there is room");
    fs::write(folder.path().join("octets"), octets).expect("there is room");
    let output = wirelaw(folder.path(), &[&["http", "parse", "octets"], arguments].concat());
    assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
    (status(&output), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn http_parse_says_what_octets_are_and_by_which_clause() {
    let (status, told) = parsed(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi", &[]);
    assert_eq!(status, Some(0), "{told}");
    for words in
        ["read as requests", "POST /a HTTP/1.1", "for `h`", "2 octets", "persists: HTTP/1.1", "accepted: 1 request"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    let (status, told) = parsed(b"GET / HTTP/1.1\r\nHost : h\r\n\r\n", &["--lenient", "all"]);
    assert_eq!(status, Some(1), "{told}");
    for words in ["rejected at octet 20", "9112-5.1-SP-COLON-SERVER", "legal", "answer  400"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let marked = told.lines().skip_while(|line| !line.contains("00000010")).take(2).collect::<Vec<_>>();
    let column = marked[1].find("^^").expect("there is a mark");
    assert_eq!(&marked[0][column..column + 2], "20", "{told}");
    let (status, told) = parsed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh", &[]);
    assert_eq!(status, Some(3), "{told}");
    assert!(told.contains("1 octets before the end of the body"), "{told}");
    assert_eq!(parsed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", &["--method", "HEAD"]).0, Some(0));
    let (status, told) = parsed(b"", &["--lenient", "obsfold"]);
    assert!(status == Some(2) && told.contains("did you mean `obs-fold`"), "{told}");
    assert_eq!(parsed(b"", &["--lenient", "obs-fold", "--strict"]).0, Some(2));
    assert_eq!(parsed(b"", &["--request", "--response"]).0, Some(2));
    assert!(parsed(b"", &["--help"]).1.contains("te-and-cl-te-wins"));
}

#[test]
fn http_parse_writes_json() {
    let octets =
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a=\"b\"\r\n\xff\r\n0\r\nT: u\r\n\r\nGET\0";
    let (status, told) = parsed(octets, &["--json"]);
    assert_eq!(status, Some(1), "{told}");
    let value: serde_json::Value = serde_json::from_str(&told).expect("it is JSON");
    let message = &value["messages"][0];
    assert_eq!(
        (&value["verdict"], &message["body"], &message["framing"]["kind"]),
        (&"rejected".into(), &"ff".into(), &"chunked".into())
    );
    assert_eq!(message["chunks"][0]["extensions"][0]["value"], "b");
    assert_eq!(message["trailers"][0]["name"], "T");
    assert_eq!(message["connection"]["persists"], true);
    assert_eq!((&value["error"]["clause"], &value["error"]["status"]), (&"9112-3.1-METHOD-TOKEN".into(), &400.into()));
    assert_eq!(value["error"]["offset"], octets.len() - 1);
}

/// Starts a judge of HTTP with a peer that would go on for minutes, interrupts the judge, and wants the peer to be gone.
fn interrupted(words: &[&str], peer: &str) {
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    use rustix::process::{Pid, Signal, kill_process, test_kill_process};

    let folder = folder();
    let told = folder.path().join("pid");
    let script = format!("echo $$ >> {}; exec sleep 600 # {peer}", told.display());
    let mut judge = Command::new(env!("CARGO_BIN_EXE_wirelaw"));
    judge.arg("http").args(words).args(["--", "sh", "-c", &script]);
    judge.current_dir(env!("CARGO_MANIFEST_DIR")).stdout(Stdio::null()).stderr(Stdio::null());
    let mut judge = judge.spawn().expect("the judge starts");
    let started = Instant::now();
    let peer = loop {
        assert!(started.elapsed() < Duration::from_secs(20), "no peer was started");
        let pids = fs::read_to_string(&told).unwrap_or_default();
        if let Some(pid) = pids.lines().next().filter(|_| pids.ends_with('\n')) {
            break pid.parse().ok().and_then(Pid::from_raw).expect("it is a number");
        }
        sleep(Duration::from_millis(20));
    };
    kill_process(Pid::from_child(&judge), Signal::INT).expect("the judge runs");
    let status = judge.wait().expect("the judge ends");
    let started = Instant::now();
    while test_kill_process(peer).is_ok() {
        if started.elapsed() > Duration::from_secs(10) {
            let _ = kill_process(peer, Signal::KILL); // not to outlive this test, too
            panic!("the peer is still there");
        }
        sleep(Duration::from_millis(20));
    }
    assert_eq!(status.code(), Some(130));
}

#[test]
fn an_interrupted_judge_leaves_no_client_behind() {
    interrupted(&["client", "--patience", "60000"], "{url}");
}

#[test]
fn an_interrupted_judge_leaves_no_server_behind() {
    let folder = folder();
    let socket = format!("unix:{}", folder.path().join("nobody").display());
    interrupted(&["server", &socket], "");
}

#[test]
fn an_option_of_the_command_line_wins_over_the_script() {
    let folder = folder();
    let script = "--mtu=1500\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n\
        +0 listen(3, 1) = 0\n+0 < S 0:0(0) win 65535 <mss 1460>\n+0 > S. 0:0(0) ack 1 <mss 560>\n";
    fs::write(folder.path().join("small.pkt"), script).expect("there is room");
    let run = |more: &[&str]| wirelaw(folder.path(), &[&["run", "small.pkt", "--stack", "reference"], more].concat());
    assert_eq!(status(&run(&[])), Some(1), "a link of 1500 octets");
    let small = run(&["--option", "mtu=600"]);
    assert_eq!(status(&small), Some(0), "{}", text(&small.stdout));
    let unknown = run(&["--option", "mut=600"]);
    assert_eq!(status(&unknown), Some(2));
    assert!(text(&unknown.stderr).contains("unknown option `--mut`"), "{}", text(&unknown.stderr));
}

/// A folder with programs that do nothing, and a kernel's source that is none but in name.
#[cfg(target_os = "linux")]
fn workshop(make: &str) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("there is room");
    let below = |path: &str| folder.path().join(path);
    fs::create_dir_all(below("linux/arch/um/os-Linux")).expect("there is room");
    fs::write(below("linux/Makefile"), "VERSION = 6\nPATCHLEVEL = 99\nSUBLEVEL = 1\n").expect("there is room");
    let random = "ssize_t os_getrandom(void *buf)\n{\n\treturn 0;\n}\n";
    fs::write(below("linux/arch/um/os-Linux/util.c"), random).expect("there is room");
    fs::write(below("linux/arch/um/Kconfig"), "config HZ\n\tint\n\tdefault 100\n").expect("there is room");
    fs::create_dir(below("bin")).expect("there is room");
    for name in ["gcc", "ld", "ar", "flex", "bison", "bc", "perl", "awk", "sed", "grep", "find", "make"] {
        let program = if name == "make" { make } else { "" };
        fs::write(below("bin").join(name), format!("#!/bin/sh\n{program}\n")).expect("there is room");
        fs::set_permissions(below("bin").join(name), fs::Permissions::from_mode(0o755)).expect("it is ours");
    }
    std::os::unix::fs::symlink("/bin/cp", below("bin/cp")).expect("there is room");
    folder
}

#[cfg(target_os = "linux")]
fn kernel_build(folder: &Path, source: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelaw"));
    command.args(["kernel", "build", "--source", source]).current_dir(folder).env("PATH", folder.join("bin"));
    command.env("WIRELAW_KERNELS", folder.join("kernels")).stdin(Stdio::null());
    command
}

#[cfg(target_os = "linux")]
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_kernel_that_cannot_be_built_says_why_and_leaves_a_log_at_most() {
    let folder = workshop("echo it is broken; exit 1");
    let said = |source: &str| {
        let output = kernel_build(folder.path(), source).output().expect("the program starts");
        assert_eq!(status(&output), Some(2));
        text(&output.stderr)
    };
    let told = said("linux");
    assert!(told.contains("takes ") && told.contains("3 GB of disk"), "before it begins: {told}");
    assert!(told.contains("make allnoconfig failed:\nit is broken\nall it said: "), "{told}");
    assert_eq!(names(&folder.path().join("kernels")), ["log"]);
    assert!(said("bin").contains("bin: no source of Linux; it would have a Makefile"));
    for name in ["flex", "bc"] {
        fs::remove_file(folder.path().join("bin").join(name)).expect("it was there");
    }
    let told = said("linux");
    assert!(told.contains("a kernel cannot be built without flex, bc; on Debian: apt-get install flex bc"), "{told}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_build_leaves_nothing() {
    let folder = workshop("exec >&- 2>&-; echo $$ > \"$WIRELAW_KERNELS/../begun\"; /bin/sleep 1000; :");
    let mut child = kernel_build(folder.path(), "linux").stderr(Stdio::null()).spawn().expect("the program starts");
    let begun = || fs::read_to_string(folder.path().join("begun")).is_ok_and(|text| text.ends_with('\n'));
    let start = std::time::Instant::now();
    while !begun() && start.elapsed().as_secs() < 20 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(begun() && names(&folder.path().join("kernels"))[0].starts_with(".build-"));
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it runs");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert_eq!(names(&folder.path().join("kernels")), Vec::<String>::new());
    let make = fs::read_to_string(folder.path().join("begun")).expect("it has begun");
    let state = || fs::read_to_string(format!("/proc/{}/stat", make.trim())).unwrap_or_default();
    while !state().is_empty() && !state().contains(") Z ") && start.elapsed().as_secs() < 25 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(state().is_empty() || state().contains(") Z "), "make goes on: {}", state());
}
