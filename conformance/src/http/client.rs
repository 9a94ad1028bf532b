//! The judge of clients: plays a server that answers in scripted ways, right, broken or hostile, and judges the client
//! by how it ends, by what it delivers and by the requests that it sends.
//!
//! A client is a command, or a function of a test:
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::TcpStream;
//! use wirelaw::http::{cases::Case, client};
//!
//! // A client that takes whatever comes before the end for a reply: a body cut short is none.
//! fn get(url: &str) -> Result<Vec<u8>, String> {
//!     let (host, path) = url["http://".len()..].split_once('/').ok_or("no path")?;
//!     let mut stream = TcpStream::connect(host).map_err(|error| error.to_string())?;
//!     let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
//!     stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
//!     let mut reply = Vec::new();
//!     stream.read_to_end(&mut reply).map_err(|error| error.to_string())?;
//!     Ok(reply)
//! }
//!
//! let short = "# A body cut short is no reply.\n\
//!              tests: 9112-8-INCOMPLETE-RESP\n\
//!              < HTTP/1.1 200 OK\\r\\nContent-Length: 10\\r\\n\\r\\nshort\n\
//!              close\n\
//!              pass failure\n\
//!              else fail : the client took it for whole\n";
//! let outcomes = client::judge_fn(&[Case::parse("short", short)], get);
//! assert_eq!(outcomes[0].verdict, wirelaw::report::Verdict::Fail);
//! ```

mod command;
mod host;
mod probe;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

pub use crate::groups::kill_running;
pub use command::{Command, NoCommand};
pub use probe::{Mute, probe};

use super::cases::Case;
use super::judge::{Judge, Run, plain};
use super::observe::Observation;
use super::origin::blocks;
use super::play::{Bounds, Trouble};
use super::script::{Ability, Role, Script, Segments, Variables};
use super::server::Abilities;
use crate::parallel::parallel;
use crate::report::{Outcome, Verdict};
use host::Host;

/// A function that gets a URL and returns the body, or why it failed.
pub type Get = Arc<dyn Fn(&str) -> Result<Vec<u8>, String> + Send + Sync>;

/// What is asked of a client in one run.
#[derive(Clone, Debug)]
pub struct Ask {
    /// One URL, or two, one after the other.
    pub urls: Vec<String>,
    /// `GET`, `HEAD` or `POST`.
    pub method: String,
    /// How long it may take.
    pub patience: Duration,
}

/// How a client ended.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    /// Whether it says that all went well.
    pub is_success: bool,
    /// Whether it did not end in time.
    pub is_hung: bool,
    /// What it delivered.
    pub output: Vec<u8>,
    /// What it said besides.
    pub notes: Vec<String>,
}

/// Who is judged.
#[derive(Clone)]
pub enum Peer {
    /// A program.
    Command(Command),
    /// A function; it is asked again for a second URL.
    Function(Get),
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Peer::Command(command) => command.fmt(f),
            Peer::Function(_) => f.write_str("Function"),
        }
    }
}

/// What is judged, and how.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its name in reports.
    pub name: String,
    /// Who.
    pub peer: Peer,
    /// Whether surplus caution is asked for.
    pub is_hardened: bool,
    /// How long to wait; `patience` is for one run of the client.
    pub bounds: Bounds,
    /// How many runs at once.
    pub jobs: NonZeroUsize,
}

impl Client {
    /// A function as a client, with a name.
    pub fn function(name: &str, get: impl Fn(&str) -> Result<Vec<u8>, String> + Send + Sync + 'static) -> Client {
        Client {
            name: name.to_owned(),
            peer: Peer::Function(Arc::new(get)),
            is_hardened: false,
            bounds: Bounds { patience: Duration::from_secs(5), ..Bounds::default() },
            jobs: NonZeroUsize::MIN, // a function may have one pool of connections
        }
    }

    /// Plays a case once.
    pub fn play(&self, script: &Script, segments: Segments) -> Result<Observation, Trouble> {
        let host = Host::listen(self.bounds).map_err(Trouble::Connect)?;
        let address = host.address();
        let words = [
            ("host", address.to_string()),
            ("host-name", address.ip().to_string()),
            ("port", address.port().to_string()),
        ];
        let variables: Variables =
            words.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect();
        host.begin(blocks(script, &variables, segments, true)?);
        let mut urls = vec![format!("http://{address}{}", script.target.as_deref().unwrap_or("/"))];
        if script.needs.contains(&Ability::Second) {
            urls.push(format!("http://{address}/second"));
        }
        let method = script.answers.first().cloned().unwrap_or_else(|| "GET".to_owned());
        let ask = Ask { urls, method, patience: self.bounds.patience };
        let ended = match &self.peer {
            Peer::Command(command) => command.run(&ask, self.bounds.octets),
            Peer::Function(get) => call(get, &ask),
        };
        let came = host.finish();
        Ok(Observation {
            requests: came.requests,
            connections: came.connections,
            success: Some(ended.is_success),
            is_hung: ended.is_hung,
            output: ended.output,
            notes: ended.notes,
            ..Observation::default()
        })
    }

    /// Plays these cases; `done` hears of each outcome as it is there. Outcomes come back in the order of the cases.
    pub fn judge(&self, cases: &[Case], abilities: &Abilities, done: &(dyn Fn(&Outcome) + Sync)) -> Vec<Outcome> {
        let judge =
            Judge { name: &self.name, role: Role::Client, endpoint: None, is_hardened: self.is_hardened, abilities };
        parallel(cases, self.jobs.get(), |case| {
            let outcome = judge.outcome(case, |script| {
                let look = |segments: Segments| Ok(Run { segments, observation: self.play(script, segments)? });
                let run = |segments: &Segments| {
                    let run = look(*segments)?;
                    // A client that was late, since all were at work, gets a second chance; one that hung has had its
                    // time.
                    if judge.is_wrong(script, &run) && !run.observation.is_hung { look(*segments) } else { Ok(run) }
                };
                script.segments.iter().map(run).collect()
            });
            done(&outcome);
            outcome
        })
    }
}

/// Judges a function, as in a test of a client that is written in Rust. It is asked first whether it can get a plain
/// reply; if it cannot, every case is [`Verdict::Broken`].
///
/// A function that does not return keeps its thread; the judge goes on without it.
pub fn judge_fn(cases: &[Case], get: impl Fn(&str) -> Result<Vec<u8>, String> + Send + Sync + 'static) -> Vec<Outcome> {
    let client = Client::function("function", get);
    match probe(&client) {
        Ok(abilities) => client.judge(cases, &abilities, &|_| {}),
        Err(mute) => cases.iter().map(|case| plain(case, &client.name, Verdict::Broken, mute.to_string())).collect(),
    }
}

/// Calls the function for each URL; the first failure ends it.
fn call(get: &Get, ask: &Ask) -> Ended {
    let (get, urls) = (Arc::clone(get), ask.urls.clone());
    let (tell, hear) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let mut ended = Ended { is_success: true, ..Ended::default() };
        for url in &urls {
            match get(url) {
                Ok(body) => ended.output.extend(body),
                Err(why) => {
                    ended.is_success = false;
                    ended.notes.push(format!("it said: {why}"));
                    break;
                }
            }
        }
        let _ = tell.send(ended); // nobody listens any more if it took too long
    });
    match hear.recv_timeout(ask.patience) {
        Ok(ended) => ended,
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => Ended { is_hung: true, ..Ended::default() },
        Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {
            Ended { notes: vec!["it panicked".to_owned()], ..Ended::default() }
        }
    }
}
