//! A program as a client: started without a shell, watched, and killed with all that it started.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command as Process, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::{Ask, Ended};
use crate::groups::{kill_group, running};

/// Words of the environment that would send a client elsewhere.
const ELSEWHERE: [&str; 8] =
    ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];

/// Why a command is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoCommand {
    /// Nothing to run.
    #[error("there is no command: wirelaw http client -- COMMAND with {{url}}")]
    Empty,
    /// Nothing says where the URL belongs.
    #[error("no argument of the command holds {{url}}")]
    NoUrl,
    /// No preset of this name.
    #[error("no preset is called `{0}`; there are curl and wget")]
    NoPreset(String),
}

/// A command line. Of its arguments, `{url}` becomes the URL; one with `{url2}` is there only when two are asked for;
/// `{head:ARG}` and `{post:ARG}` are ARG when that method is asked for, and not there else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    words: Vec<String>,
}

impl Command {
    /// A command line.
    pub fn new(words: &[String]) -> Result<Command, NoCommand> {
        match words {
            [] => Err(NoCommand::Empty),
            words if !words.iter().any(|word| word.contains("{url}")) => Err(NoCommand::NoUrl),
            words => Ok(Command { words: words.to_vec() }),
        }
    }

    /// A program that is known.
    pub fn preset(name: &str) -> Result<Command, NoCommand> {
        let words: &[&str] = match name {
            // Without its configuration; it follows redirects, and the first failure is the exit status.
            "curl" => &[
                "curl",
                "-q",
                "-sS",
                "-L",
                "--max-redirs",
                "5",
                "--max-time",
                "3",
                "--fail-early",
                "{head:--head}",
                "{post:-dwirelaw body}",
                "{url}",
                "{url2}",
            ],
            "wget" => &[
                "wget",
                "--no-config",
                "-nv",
                "-O",
                "-",
                "--tries=1",
                "--timeout=3",
                "--max-redirect=5",
                "--no-hsts",
                "{head:--spider}",
                "{post:--post-data=wirelaw body}",
                "{url}",
                "{url2}",
            ],
            _ => return Err(NoCommand::NoPreset(name.to_owned())),
        };
        Ok(Command { words: words.iter().map(|&word| word.to_owned()).collect() })
    }

    /// Whether an argument begins with this.
    pub(super) fn has(&self, word: &str) -> bool {
        self.words.iter().any(|given| given.contains(word))
    }

    /// The arguments for this question.
    fn arguments(&self, ask: &Ask) -> Vec<String> {
        let for_method = |word: &str, name: &str, method: &str| -> Option<Option<String>> {
            let argument = word.strip_prefix(name)?.strip_suffix('}')?;
            Some((ask.method == method).then(|| argument.to_owned()))
        };
        let argument = |word: &String| {
            if let Some(given) = for_method(word, "{head:", "HEAD").or_else(|| for_method(word, "{post:", "POST")) {
                return given;
            }
            let word = match ask.urls.get(1) {
                Some(second) => word.replace("{url2}", second),
                None if word.contains("{url2}") => return None,
                None => word.clone(),
            };
            Some(word.replace("{url}", ask.urls.first().map_or("", String::as_str)))
        };
        self.words.iter().filter_map(argument).collect()
    }

    /// Runs it; of its output so many octets are kept.
    pub(super) fn run(&self, ask: &Ask, most: usize) -> Ended {
        let arguments = self.arguments(ask);
        let mut process = Process::new(&arguments[0]);
        process.args(&arguments[1..]).process_group(0).stdin(Stdio::null());
        process.stdout(Stdio::piped()).stderr(Stdio::piped());
        for word in ELSEWHERE {
            process.env_remove(word);
        }
        let spawned = {
            let mut running = running();
            process.spawn().inspect(|child| {
                running.insert(child.id());
            })
        };
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => {
                let notes = vec![format!("cannot run {}: {error}", arguments[0])];
                return Ended { notes, ..Ended::default() };
            }
        };
        let (output, said) = (collect(child.stdout.take(), most), collect(child.stderr.take(), 4096));
        let status = wait(&mut child, ask.patience);
        let mut ended = Ended { is_hung: status.is_none(), ..Ended::default() };
        if let Some(status) = status {
            ended.is_success = status.success();
            if !status.success() {
                ended.notes.push(format!("it ended with {status}"));
            }
        }
        // A grandchild may hold the pipe: it gets a moment, then what has come counts.
        let moment = Duration::from_secs(1);
        ended.output = output.recv_timeout(moment).unwrap_or_default();
        let said = said.recv_timeout(moment).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        ended.notes.extend(said.lines().take(3).map(|line| format!("it said: {}", line.escape_debug())));
        ended
    }
}

/// The status, or none if the child had to be killed; its whole process group is gone in any case.
fn wait(child: &mut Child, patience: Duration) -> Option<std::process::ExitStatus> {
    let started = Instant::now();
    let mut nap = Duration::from_micros(500);
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if started.elapsed() < patience => thread::sleep(nap),
            _ => break None,
        }
        nap = (nap * 2).min(Duration::from_millis(10));
    };
    running().remove(&child.id());
    kill_group(child.id());
    if status.is_none() {
        let _ = child.kill(); // as above
        let _ = child.wait();
    }
    status
}

/// Reads all of a pipe, and keeps its first octets.
fn collect(pipe: Option<impl Read + Send + 'static>, most: usize) -> Receiver<Vec<u8>> {
    let (tell, hear) = channel();
    thread::spawn(move || {
        let mut kept = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        let Some(mut pipe) = pipe else { return };
        while let Ok(octets @ 1..) = pipe.read(&mut buffer) {
            kept.extend_from_slice(&buffer[..octets.min(most.saturating_sub(kept.len()))]);
        }
        let _ = tell.send(kept); // nobody may wait any more
    });
    hear
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    fn ask(urls: &[&str], method: &str, patience: u64) -> Ask {
        Ask { urls: words(urls), method: method.to_owned(), patience: Duration::from_millis(patience) }
    }

    #[test]
    fn words_are_filled_in() {
        let command = Command::new(&words(&["c", "--to={url}", "{url2}", "{head:-I}", "{post:-d x}"])).expect("it is");
        assert_eq!(command.arguments(&ask(&["u"], "GET", 1)), ["c", "--to=u"]);
        assert_eq!(command.arguments(&ask(&["u", "v"], "HEAD", 1)), ["c", "--to=u", "v", "-I"]);
        assert_eq!(command.arguments(&ask(&["u"], "POST", 1)), ["c", "--to=u", "-d x"]);
        assert_eq!(Command::new(&words(&["c"])), Err(NoCommand::NoUrl));
        assert_eq!(Command::new(&[]), Err(NoCommand::Empty));
    }

    #[test]
    fn how_it_ended_is_told() {
        let run = |line: &[&str], patience| Command { words: words(line) }.run(&ask(&["u"], "GET", patience), 4);
        let good = run(&["echo", "{url}{url}{url}"], 5000);
        assert!(good.is_success && !good.is_hung);
        assert_eq!(good.output, b"uuu\n");
        assert_eq!(run(&["echo", "longer than four"], 5000).output, b"long", "the rest is dropped");
        assert!(!run(&["false"], 5000).is_success);
        assert!(!run(&["/no/such/program"], 5000).is_success);
        let started = Instant::now();
        let hung = run(&["sleep", "60"], 50);
        assert!(hung.is_hung && !hung.is_success && started.elapsed() < Duration::from_secs(30));
    }
}
