//! Any program in virtual time: timeouts of minutes pass in milliseconds.
//!
//! It sees the machine's files as they are; what it writes goes to memory, but for folders that are named. It has a
//! loopback device and nothing else of a network. Its input goes in, and its output comes out as it is written.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::fs::{FallocateFlags, fallocate};
use serde::{Deserialize, Serialize};

use super::boot::Boot;
use super::input::{Feed, Input, Kind, Source};
use super::private::Private;
use super::{Kernel, UmlError, at, guest};

/// The file that tells a guest of a program.
pub(crate) const JOB: &str = "program.json";

/// The file in which it tells how the program ended.
const STATUS: &str = "status";

/// The files that the program's output goes to: standard output and standard error.
const OUTPUTS: [&str; 2] = ["stdout", "stderr"];

/// The exit status where what the program writes cannot be passed on, as if SIGPIPE had ended it: 128 + 13.
const UNREAD: u8 = 141;

/// A program that shall run in virtual time.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its name, or its path, and its arguments.
    pub words: Vec<OsString>,
    /// Where it starts.
    pub folder: PathBuf,
    /// Its environment.
    pub environment: BTreeMap<OsString, OsString>,
    /// Folders of the machine that it may really write to.
    pub writable: Vec<PathBuf>,
}

/// A program, as a guest is told of it: names need not be UTF-8, which a path in JSON has to be.
#[derive(Serialize, Deserialize)]
struct Job {
    words: Vec<OsString>,
    folder: OsString,
    environment: Vec<(OsString, OsString)>,
    writable: Vec<OsString>,
    input: Kind,
}

impl Job {
    fn new(program: &Program, input: Kind) -> Job {
        Job {
            words: program.words.clone(),
            folder: program.folder.clone().into(),
            environment: program.environment.clone().into_iter().collect(),
            writable: program.writable.iter().cloned().map(Into::into).collect(),
            input,
        }
    }
}

/// How much a guest gets.
#[derive(Clone, Copy, Debug)]
pub struct Means {
    /// Where all of its randomness comes from.
    pub seed: u64,
    /// Its memory, in MiB.
    pub memory: u32,
    /// How long it may take by the clock on the wall.
    pub limit: Duration,
}

/// Runs a program in a guest of its own and passes on what it reads and writes; the exit status is the program's, and 128 more than
/// the signal's number if one ended it; 141 (SIGPIPE), too, if its output cannot be passed on, which ends it.
pub fn run(
    kernel: &Kernel,
    program: &Program,
    means: Means,
    input: Input,
    outputs: [&mut dyn Write; 2],
) -> Result<u8, UmlError> {
    let private = Private::new()?;
    let source = Source::new(input, &private)?;
    let job = Job::new(program, source.kind());
    private.put(JOB, &serde_json::to_vec(&job).unwrap_or_default())?; // plain data: it can always be written
    for name in OUTPUTS {
        private.put(name, b"")?;
    }
    let [out, err] = OUTPUTS.map(|name| {
        let path = private.path().join(name);
        OpenOptions::new().read(true).write(true).open(&path).map_err(at(path))
    });
    let [stdout, stderr] = outputs;
    let mut tails = [(out?, stdout), (err?, stderr)];
    let mut has_readers = true;
    let mut pass_on = || {
        for (file, output) in &mut tails {
            has_readers &= pass(file, output);
        }
        has_readers
    };
    let boot = Boot { kernel, seed: means.seed, memory: means.memory, limit: means.limit };
    let ended = boot.run(&private, &mut pass_on)?;
    source.end(&private);
    if !pass_on() {
        return Ok(UNREAD);
    }
    let status = private.get(STATUS).map(|octets| String::from_utf8_lossy(&octets).into_owned());
    // an empty one: there was no room to write it
    match status.as_deref().filter(|text| !text.is_empty()).map(|text| text.parse::<u8>().map_err(|_| text)) {
        Some(Ok(status)) => Ok(status),
        Some(Err(why)) => Err(UmlError::Guest(why.to_owned())),
        None => Err(UmlError::Guest(ended.trouble.as_ref().map_or_else(|| ended.silent(), ToString::to_string))),
    }
}

/// Passes on what came, and gives back the room it took: a program may write more than a disk holds. False if nobody reads
/// it any more.
fn pass(file: &mut File, output: &mut dyn Write) -> bool {
    let before = file.stream_position().unwrap_or_default();
    let passed = io::copy(file, output).and_then(|_| output.flush());
    let now = file.stream_position().unwrap_or_default();
    if now > before {
        // not every file system can; then it takes room until the end
        let _ = fallocate(&*file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, before, now - before);
    }
    passed.is_ok()
}

/// In the guest: runs the program, and leaves its exit status.
pub(crate) fn work(job: &[u8]) -> Result<(), String> {
    let program: Job = serde_json::from_slice(job).map_err(|error| format!("the job makes no sense: {error}"))?;
    let status = match live(&program) {
        Ok(status) => status.to_string(),
        Err(why) => why,
    };
    std::fs::write(Path::new(guest::FOLDER).join(STATUS), status)
        .map_err(|error| format!("cannot leave the status: {error}"))
}

fn live(program: &Job) -> Result<u8, String> {
    for folder in program.writable.iter().map(Path::new) {
        guest::share(folder, folder)?;
    }
    crate::stack::linux::turn_on_loopback().map_err(|error| format!("cannot turn on the loopback device: {error}"))?;
    let output = |name: &str| {
        let path = Path::new(guest::FOLDER).join(name);
        OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(|error| format!("cannot write to {}: {error}", path.display()))
    };
    let folder = Path::new(&program.folder);
    if !folder.is_dir() {
        let folder = folder.display();
        return Err(format!(
            "there is no {folder} in a guest, which has its own /dev, /proc, /run and /sys: start elsewhere"
        ));
    }
    let (name, arguments) = program.words.split_first().ok_or("no program is named")?;
    let mut command = Command::new(name);
    command.args(arguments).env_clear().envs(program.environment.iter().cloned()).current_dir(&program.folder);
    let mut feed = Feed::new(program.input)?;
    command.stdin(feed.stdio()?).stdout(output(OUTPUTS[0])?).stderr(output(OUTPUTS[1])?);
    let child = command.spawn();
    drop(command); // and with it the end of a pipe that belongs to the child
    let status = child.and_then(|mut child| child.wait());
    let status = status.map_err(|error| format!("cannot run {}: {error}", name.display()))?;
    feed.end();
    let signal = status.signal().map(|signal| 128 + signal);
    Ok(u8::try_from(status.code().or(signal).unwrap_or(255)).unwrap_or(255))
}
