//! A server that is started to be judged, and ended afterwards.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use thiserror::Error;

use crate::http::client::{kill_group, running};
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
