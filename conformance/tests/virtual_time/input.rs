//! What `wirelaw kernel exec` gives to a program: its standard input, and words and names that are no text.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use wirelaw::uml::Kernel;

use super::programs::{same, text};
use super::promises::{Check, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let checks: [(&str, Check); 7] = [
        ("input-comes-through-a-pipe-until-it-ends", input_comes_through_a_pipe_until_it_ends),
        ("input-that-is-there-takes-no-time", input_that_is_there_takes_no_time),
        ("input-that-comes-late-comes", input_that_comes_late_comes),
        ("input-without-end-stops-nobody", input_without_end_stops_nobody),
        ("input-that-never-comes-stops-nobody", input_that_never_comes_stops_nobody),
        ("a-file-is-read-as-far-as-the-program-reads", a_file_is_read_as_far_as_the_program_reads),
        ("words-and-names-need-not-be-text", words_and_names_need_not_be_text),
    ];
    checks.into_iter().map(|(name, check)| trial(name, check)).collect()
}

fn exec(kernel: &Kernel, script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelaw"));
    command.args(["kernel", "exec", "--longest", "60", "--kernel", kernel.name, "--", "/bin/sh", "-c", script]);
    command
}

fn start(kernel: &Kernel, script: &str, input: impl Into<Stdio>) -> Result<Child, String> {
    let command = &mut exec(kernel, script);
    command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|error| error.to_string())
}

fn end(child: Child) -> Result<Output, String> {
    child.wait_with_output().map_err(|error| error.to_string())
}

/// More than any buffer on the way holds.
fn input_comes_through_a_pipe_until_it_ends(kernel: &Kernel) -> Result<(), String> {
    let sent: Vec<u8> = (0..10_000_000u32).map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    let mut child = start(kernel, "cat; echo end >&2", Stdio::piped())?;
    let mut input = child.stdin.take().ok_or("no pipe")?;
    let copy = sent.clone();
    let writer = std::thread::spawn(move || input.write_all(&copy));
    let output = end(child)?;
    writer.join().map_err(|_| "the writer has panicked")?.map_err(|error| error.to_string())?;
    same(&text(&output.stderr), "end\n")?;
    if output.stdout == sent { Ok(()) } else { Err(format!("{} octets came back", output.stdout.len())) }
}

/// However long it takes on the wall, unless it is long: the third line is asked for well before it comes.
fn input_that_is_there_takes_no_time(kernel: &Kernel) -> Result<(), String> {
    let script = "read a; echo ready; read b; c=$(date +%s%N); read d; e=$(date +%s%N); echo $d $(((e - c) / 1000000))";
    let mut child = start(kernel, script, Stdio::piped())?;
    let mut input = child.stdin.take().ok_or("no pipe")?;
    let mut say = |line: &str| input.write_all(line.as_bytes()).map_err(|error| error.to_string());
    say("one\n")?;
    let mut ready = [0; 6];
    child.stdout.as_mut().ok_or("no pipe")?.read_exact(&mut ready).map_err(|error| error.to_string())?;
    say("two\n")?;
    std::thread::sleep(Duration::from_millis(100));
    say("three\n")?;
    let said = text(&end(child)?.stdout);
    let milliseconds = said.trim().strip_prefix("three ").and_then(|count| count.parse::<u64>().ok());
    if milliseconds.is_some_and(|count| count < 40) { Ok(()) } else { Err(said) }
}

fn input_that_comes_late_comes(kernel: &Kernel) -> Result<(), String> {
    let mut child = start(kernel, "cat", Stdio::piped())?;
    let mut input = child.stdin.take().ok_or("no pipe")?;
    for line in ["one\n", "two\n"] {
        std::thread::sleep(Duration::from_millis(700));
        input.write_all(line.as_bytes()).map_err(|error| error.to_string())?;
    }
    drop(input);
    same(&text(&end(child)?.stdout), "one\ntwo\n")
}

fn input_without_end_stops_nobody(kernel: &Kernel) -> Result<(), String> {
    let zeros = || File::open("/dev/zero").map_err(|error| error.to_string());
    same(&text(&end(start(kernel, "head -c 3000000 | wc -c", zeros()?)?)?.stdout), "3000000\n")?;
    same(&text(&end(start(kernel, "sleep 7200; echo slept", zeros()?)?)?.stdout), "slept\n")
}

fn input_that_never_comes_stops_nobody(kernel: &Kernel) -> Result<(), String> {
    let (reader, writer) = io::pipe().map_err(|error| error.to_string())?;
    let start_of_it = Instant::now();
    let output = end(start(kernel, "sleep 7200; echo slept", reader)?)?;
    drop(writer);
    same(&text(&output.stdout), "slept\n")?;
    let took = start_of_it.elapsed();
    if took < Duration::from_secs(30) { Ok(()) } else { Err(format!("it took {took:?}")) }
}

/// As in a shell, where the next program reads on.
fn a_file_is_read_as_far_as_the_program_reads(kernel: &Kernel) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = folder.path().join("lines");
    fs::write(&path, "1\n2\n3\n").map_err(|error| error.to_string())?;
    let mut file = File::open(&path).map_err(|error| error.to_string())?;
    for (script, wanted) in [("true", ""), ("read a; echo $a", "1\n"), ("read a; echo $a", "2\n")] {
        let copy = file.try_clone().map_err(|error| error.to_string())?;
        same(&text(&end(start(kernel, script, copy)?)?.stdout), wanted)?;
    }
    let mut rest = String::new();
    file.read_to_string(&mut rest).map_err(|error| error.to_string())?;
    same(&rest, "3\n")
}

fn words_and_names_need_not_be_text(kernel: &Kernel) -> Result<(), String> {
    let odd = OsStr::from_bytes(b"a\xff,= b");
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let here = folder.path().join(odd);
    fs::create_dir(&here).map_err(|error| error.to_string())?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelaw"));
    command.args(["kernel", "exec", "--kernel", kernel.name, "--writable"]).arg(&here).args(["--", "/bin/sh", "-c"]);
    command.arg("printf '%s|%s|' \"$1\" \"$ODD\"; pwd; echo it > new").args(["sh".as_ref(), odd]);
    let output =
        command.env("ODD", odd).env("PWD", &here).current_dir(&here).output().map_err(|error| error.to_string())?;
    let wanted = [odd.as_bytes(), b"|", odd.as_bytes(), b"|", here.as_os_str().as_bytes(), b"\n"].concat();
    same(&output.stdout.escape_ascii().to_string(), &wanted.escape_ascii().to_string())?;
    same(&fs::read_to_string(here.join("new")).unwrap_or_default(), "it\n")
}
