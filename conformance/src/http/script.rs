//! The language of HTTP cases.
//!
//! ```text
//! # A length and a coding: the coding wins, and the connection must end.
//! tests: 9112-6.1-TE-AND-CL-CLOSE 9112-6.3-TE-AND-CL
//! needs: body
//!
//! > {body-method} {path} HTTP/1.1\r\n
//! > Host: {host}\r\n
//! > Content-Length: 6\r\n
//! > Transfer-Encoding: chunked\r\n
//! > \r\n
//! > 0\r\n\r\n
//!
//! pass refused close    : refused
//! pass ok close         : framed by the coding, then closed
//! fail 9112-6.1-TE-AND-CL-CLOSE ok open : the next octets would be read as a request
//! else fail 9112-6.3-TE-AND-CL
//! ```
//!
//! A file has comments (`#`; the first one is its title), headers, steps and outcomes.
//!
//! # Headers
//! - `tests:` ids of the catalogue (`wirelaw explain ID`);
//! - `needs:` what the peer must be able to do, or the case is unsupported: [`Ability`];
//! - `segments:` some of `whole octets crlf` (all three without it): how the octets are cut into writes;
//! - `answers:` the methods of the requests in order, where the first word sent does not tell (a reply to HEAD has
//!   no body);
//! - `target:` what a client is asked for, behind the authority of the URL; `/` without it;
//! - `profile: hardened`: judged under `--profile hardened` alone.
//!
//! # Steps
//! - `> OCTETS` is sent to the server or to the proxy's front; `< OCTETS` is what the judge answers as the origin
//!   server, once a whole request has come. Line ends of the file are not sent. Lines that follow each other are
//!   one write.
//! - In octets: `\r \n \t \0 \\ \{ \xHH`; `\|` cuts the write; `{name}` is a variable, `{8000*a}` repeats.
//!   `{body-length}` is the number of octets behind the next empty line, `{chunk-length}` that of octets between the
//!   next line end and the last chunk, in hexadecimal.
//!   Trailing blanks of a line do not count; `\x20` does.
//! - `pause 50ms`, `half-close`, `close`, `reset`; `connection 2` goes on with another one; `await` waits for a
//!   whole reply (as a server: for a request) before it goes on.
//!
//! ## The judge as an origin server
//! `<` lines answer a request. A block of them waits for a whole request that has no answer yet, and goes out;
//! `pause`, `half-close`, `close` and `reset` behind it belong to the same answer, and so do `<` lines behind a pause.
//! `await` (or, in a case for proxies, a `>` line) ends the answer: the next block is for the next request. A block of
//! interim replies alone goes out as soon as the header section is there, and answers nothing. Requests for which a
//! case has no block get a small 200.
//! - For proxies both sides run by themselves: `await` behind a `>` line waits at the front, before the next `>`.
//!   `\{path}` is of this run alone, and so is `\{tag}`, which it holds: what comes to the back belongs to the run
//!   whose tag is in its header section, and without one to the run of its connection.
//! - For clients every step is the server's; `connection 2` starts what happens on the second connection that the
//!   client opens. With `needs: second` the client is asked for two URLs, one after the other; with `answers: HEAD`
//!   or `answers: POST` it is asked to use that method.
//!
//! # Outcomes
//! `VERDICT [ID] PATTERN [: reason]`, the first that fits decides; the last is `else VERDICT [ID] [: reason]`.
//! Verdicts are `pass`, `warn`, `fail`, `harden` (conforms, but a warning under `--profile hardened`) and
//! `unsupported` (the case cannot be judged after all). A pattern is
//! - what was answered, in order: `none`, or statuses such as `400|5xx, 2xx, ...`; `ok` is what the peer answers
//!   to a plain request, `refused` is `4xx|5xx` but for the `ok` ones, `raw` octets that are no reply, `any` whatever;
//!   interim replies count only if the pattern names a 1xx;
//! - then `open`, `close` (closed or announced) or `closed` (really closed);
//! - in client cases `success`, `failure` (the exit status of the command) or `hung` (it had to be killed: also a failure);
//! - then `with` [`Condition`]s joined by `and`.
//!
//! What cannot happen in a role is refused there: `<` lines in cases for servers, `success` outside of those for
//! clients, and so on ([`Script::check_role`]).

mod octets;
mod outcome;
mod parse;
mod pattern;
mod role;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

pub use octets::{Piece, Template, UnknownVariable, Variables};
pub use outcome::{Given, OutcomeLine};
pub use parse::parse;
pub use pattern::{Condition, Ending, Pattern, Statuses, Subject, Test};

/// Who is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// An origin server, or what looks like one.
    Server,
    /// A proxy or gateway, with the judge on both sides.
    Proxy,
    /// A user agent.
    Client,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 3] = [Role::Server, Role::Proxy, Role::Client];

    /// The role whose folder holds this file: the innermost one that is called like a role.
    pub fn of(path: &std::path::Path) -> Option<Role> {
        let mut folders = path.parent()?.components().rev();
        folders.find_map(|part| Role::ALL.into_iter().find(|role| part.as_os_str() == role.name()))
    }

    /// The folder below `fixtures/scripts/http`.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Server => "server",
            Role::Proxy => "proxy",
            Role::Client => "client",
        }
    }
}

/// What a case needs of its peer; a judge finds out first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ability {
    /// Leaves the connection open after a reply, and answers on.
    KeepAlive,
    /// Answers several requests that come in one segment.
    Pipeline,
    /// Takes a request with a body framed by Content-Length, and goes on with the next request behind it.
    Body,
    /// The same of a body in chunks.
    Chunked,
    /// Its answer to a body holds the body.
    Echo,
    /// Answers HEAD as it answers GET.
    Head,
    /// Answers OPTIONS with success.
    Options,
    /// Answers TRACE with success.
    Trace,
    /// Answers `Expect: 100-continue` with 100.
    Continue,
    /// Answers a request that says HTTP/1.0.
    Http10,
    /// Refuses a request without Host, so that an answer tells that it has found one.
    Host,
    /// As a client: can be asked for two URLs in one run.
    Second,
    /// As a client: its output is the body.
    Output,
    /// As a client: can be asked to POST.
    Post,
    /// As a proxy: one that users choose, no gateway.
    Proxy,
}

impl Ability {
    /// Every ability.
    pub const ALL: [Ability; 15] = [
        Ability::KeepAlive,
        Ability::Pipeline,
        Ability::Body,
        Ability::Chunked,
        Ability::Echo,
        Ability::Head,
        Ability::Options,
        Ability::Trace,
        Ability::Continue,
        Ability::Http10,
        Ability::Host,
        Ability::Second,
        Ability::Output,
        Ability::Post,
        Ability::Proxy,
    ];

    /// The word of `needs:`.
    pub const fn name(self) -> &'static str {
        match self {
            Ability::KeepAlive => "keep-alive",
            Ability::Pipeline => "pipeline",
            Ability::Body => "body",
            Ability::Chunked => "chunked",
            Ability::Echo => "echo",
            Ability::Head => "head",
            Ability::Options => "options",
            Ability::Trace => "trace",
            Ability::Continue => "continue",
            Ability::Http10 => "http10",
            Ability::Host => "host",
            Ability::Second => "second",
            Ability::Output => "output",
            Ability::Post => "post",
            Ability::Proxy => "proxy",
        }
    }
}

impl fmt::Display for Ability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How the octets of a case are cut into writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segments {
    /// As the script has it.
    Whole,
    /// Each octet by itself.
    Octets,
    /// A cut inside every CR LF.
    Crlf,
}

impl Segments {
    /// Every way.
    pub const ALL: [Segments; 3] = [Segments::Whole, Segments::Octets, Segments::Crlf];

    /// The word of `segments:`.
    pub const fn name(self) -> &'static str {
        match self {
            Segments::Whole => "whole",
            Segments::Octets => "octets",
            Segments::Crlf => "crlf",
        }
    }
}

/// Which side of the judge sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// `>`: the judge as a client.
    Client,
    /// `<`: the judge as an origin server.
    Origin,
}

/// One thing that the judge does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Sends octets; the parts are writes of their own.
    Send(Side, Template),
    /// Lets time pass.
    Pause(Duration),
    /// Sends FIN and goes on reading.
    HalfClose,
    /// Closes the connection.
    Close,
    /// Aborts the connection with RST.
    Reset,
    /// Goes on with this connection, counted from 1; opens it if it is not.
    Connection(usize),
    /// Waits for a whole message of the peer.
    Await,
}

/// A step and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// What is done.
    pub step: Step,
    /// The octets of the source.
    pub span: Range<usize>,
    /// The side that a `half-close`, `close`, `reset` or `await` is about: that of the line of octets before it.
    pub side: Side,
}

/// A case.
#[derive(Clone, Debug)]
pub struct Script {
    /// The file's name, for messages.
    pub file: String,
    /// Its text.
    pub source: Arc<str>,
    /// The first comment.
    pub title: String,
    /// Ids of the catalogue.
    pub tests: Vec<String>,
    /// What the peer must be able to do.
    pub needs: Vec<Ability>,
    /// The ways in which it is run.
    pub segments: Vec<Segments>,
    /// The methods of the requests, if they are given.
    pub answers: Vec<String>,
    /// What a client is asked for: the path and all behind it.
    pub target: Option<String>,
    /// Whether only the hardened profile judges it.
    pub is_hardened: bool,
    /// In order.
    pub steps: Vec<Placed>,
    /// In order; the last one has no pattern.
    pub outcomes: Vec<OutcomeLine>,
}

impl Script {
    /// The line of the source, from 1, that holds this octet.
    pub fn line(&self, at: usize) -> usize {
        self.source[..self.source.floor_char_boundary(at)].matches('\n').count() + 1
    }
}

#[cfg(test)]
mod tests;
