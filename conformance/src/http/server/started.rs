//! A server that is started to be judged, and ended afterwards.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use thiserror::Error;

use crate::groups::{kill_group, running};
use crate::http::wire::Endpoint;

/// How long a server may take until it takes connections.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long it may take to end by itself once it was asked to.
const FAREWELL: Duration = Duration::from_secs(2);

/// The most of what it says that is shown.
const SAID: usize = 2000;

/// A server with all that it started; it ends with this value.
#[derive(Debug)]
pub struct Started(Child);

/// Why a server does not run.
#[derive(Debug, Error)]
#[error("{program} {why}{said}")]
pub struct NotStarted {
    program: String,
    why: String,
    said: String,
}

impl Started {
    /// Starts it, and waits until it takes connections at the endpoint.
    pub fn new(words: &[String], endpoint: &Endpoint) -> Result<Started, NotStarted> {
        let program = words.first().cloned().unwrap_or_default();
        let fail = |why: String, said: String| NotStarted { program: program.clone(), why, said };
        let cannot = |error: io::Error| fail(format!("cannot be started: {error}"), String::new());
        let mut output = tempfile::tempfile().map_err(cannot)?;
        let [out, err] = [output.try_clone().map_err(cannot)?, output.try_clone().map_err(cannot)?];
        let mut command = Command::new(&program);
        command.args(&words[1..]).stdin(Stdio::null()).stdout(out).stderr(err).process_group(0);
        let mut started = {
            let mut running = running(); // an interrupted judge ends it
            let child = command.spawn().map_err(cannot)?;
            running.insert(child.id());
            Started(child)
        };
        let start = Instant::now();
        loop {
            if let Ok(Some(status)) = started.0.try_wait() {
                return Err(fail(format!("ended before it took a connection: {status}"), said(&mut output)));
            }
            if endpoint.open().is_ok() {
                return Ok(started);
            }
            if start.elapsed() > PATIENCE {
                let why = format!("takes no connection at {} within {} s", endpoint.address, PATIENCE.as_secs());
                return Err(fail(why, said(&mut output)));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn ask_to_end(&self) {
        if let Some(group) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::TERM); // all of it may have ended
        }
    }
}

/// It is asked first: a server may have to end its own children.
impl Drop for Started {
    fn drop(&mut self) {
        self.ask_to_end();
        let start = Instant::now();
        while start.elapsed() < FAREWELL && matches!(self.0.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(10));
        }
        running().remove(&self.0.id());
        kill_group(self.0.id());
        let _ = self.0.wait(); // it has ended, or was killed
    }
}

/// The end of what it has said.
fn said(output: &mut File) -> String {
    let mut text = Vec::new();
    let _ = output.rewind().and_then(|()| output.read_to_end(&mut text)); // then nothing is shown
    let text = &text[text.len().saturating_sub(SAID)..];
    let text = String::from_utf8_lossy(text);
    if text.trim().is_empty() { String::new() } else { format!("\n{}", text.trim_end()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::wire::Address;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn endpoint(folder: &tempfile::TempDir) -> Endpoint {
        let address = Address::Unix(folder.path().join("socket"));
        Endpoint { address, tls: false, patience: Duration::from_secs(1) }
    }

    /// Neither ends when it is asked to.
    const SERVER: &str = "trap '' TERM; sleep 60 & echo $! > $0; wait; sleep 60";

    #[test]
    fn a_server_ends_with_all_that_it_started() {
        let folder = tempfile::tempdir().expect("there is room");
        let endpoint = endpoint(&folder);
        let [socket, pid] = ["socket", "pid"].map(|name| folder.path().join(name));
        // who takes the connections is not the question, but that none is taken at first
        let listener = thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            std::os::unix::net::UnixListener::bind(socket).expect("there is room")
        });
        let file = pid.to_str().expect("it is text");
        let started = Started::new(&words(&["sh", "-c", SERVER, file]), &endpoint).expect("it starts");
        let (id, _listener) = (started.0.id(), listener.join().expect("it does not panic"));
        assert!(endpoint.open().is_ok() && running().contains(&id));
        let mut child = String::new();
        while !child.ends_with('\n') {
            thread::sleep(Duration::from_millis(5));
            child = std::fs::read_to_string(&pid).unwrap_or_default();
        }
        let start = Instant::now();
        drop(started);
        assert!(!running().contains(&id) && start.elapsed() < Duration::from_secs(30), "it ends by itself in a minute");
        // one whose parent has gone may wait for somebody to ask for its status
        let lives = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
            stat.contains("(sleep)") && !stat.contains(") Z")
        };
        let start = Instant::now();
        while lives() && start.elapsed() < Duration::from_secs(5) {
            thread::sleep(Duration::from_millis(5)); // who was killed takes a moment
        }
        assert!(!lives(), "its child goes on");
    }

    #[test]
    fn a_server_that_ends_at_once_is_told_with_its_last_words() {
        let folder = tempfile::tempdir().expect("there is room");
        let told = Started::new(&words(&["sh", "-c", "echo address in use >&2; exit 3"]), &endpoint(&folder));
        let told = told.expect_err("it ended").to_string();
        assert_eq!(told, "sh ended before it took a connection: exit status: 3\naddress in use");
        let told = Started::new(&words(&["/no/such/server"]), &endpoint(&folder)).expect_err("it is not there");
        assert!(told.to_string().starts_with("/no/such/server cannot be started: No such file"), "{told}");
    }
}
