//! The README's examples are what the program does.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// `printf '...' | cargo run --release -- COMMAND` of the README: the octets, the command, and what follows it.
fn examples(readme: &str) -> Vec<(Vec<u8>, Vec<String>, Vec<String>)> {
    let blocks = readme.split("```console\n").skip(1).filter_map(|block| block.split("```").next());
    let example = |block: &str| {
        let (first, shown) = block.split_once('\n')?;
        let (octets, command) = first.strip_prefix("$ printf '")?.split_once("' | cargo run --release -- ")?;
        let octets = octets.replace("\\r", "\r").replace("\\n", "\n");
        assert!(!octets.contains('\\'), "an escape that this test does not know: {first}");
        let words = command.split_whitespace().map(str::to_owned).collect();
        let lines = shown.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
        Some((octets.into_bytes(), words, lines))
    };
    blocks.filter_map(example).collect()
}

#[test]
fn what_the_readme_shows_of_messages_is_what_comes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the repository");
    let readme = fs::read_to_string(root.join("README.md")).expect("the README is there");
    let examples = examples(&readme);
    assert!(examples.len() >= 2, "{} examples", examples.len());
    for (octets, command, shown) in examples {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wirelaw"))
            .args(&command)
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        child.stdin.take().expect("it is piped").write_all(&octets).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines = told.lines();
        // The README may leave lines out, and changes none.
        for line in shown {
            assert!(lines.any(|told| told == line), "{command:?} does not say `{line}` there:\n{told}");
        }
    }
}

/// The cases that a run would play are those that are listed, and there are as many as promised.
#[test]
fn cases_for_http_are_listed_and_counted() {
    let list = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_wirelaw"))
            .args([&["http", "list"], words].concat())
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("the program starts");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let all = list(&[]);
    for (role, who, least) in [("server", "servers", 200), ("proxy", "proxies", 60), ("client", "clients", 60)] {
        let listed = all.lines().filter(|line| line.starts_with(&format!("http/{role}/"))).count();
        assert!(listed >= least, "{listed} cases for {who}");
        assert!(all.contains(&format!("\n{listed} cases for {who}\n")), "another count for {who}");
    }
    assert!(!all.contains("  broken: "), "a case is wrong");
    let some = list(&["--only", "9112-6.1-TE-AND-CL-CLOSE"]);
    assert!(some.contains("http/server/framing/length-and-coding  "), "by requirement: {some}");
    assert!(!some.contains("http/server/head/"), "others, too: {some}");
}
