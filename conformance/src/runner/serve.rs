//! `serve_http(fd) = 0`: an HTTP server on a connection of the stack under test, so that a scenario can mix TCP with
//! HTTP. The server reads with [`wirelaw_reference::http`], and answers each request with 200 and the body that came,
//! or `ok`; a message that is refused with the status of the refusal, one that is cut off with 400.
//!
//! It has one read and one write at a time, as an application on blocking sockets.

use std::collections::BTreeMap;

use wirelaw_reference::http::connection::Outcome;
use wirelaw_reference::http::{Ending, Event, Reader, Rules};

use crate::trace::{Call, Fd, Return, Ticket};

/// The size of the buffer of a read, in octets.
const BUFFER: usize = 65_536;

/// What an application waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Read,
    Write,
    Close,
}

/// The server on one connection.
#[derive(Debug)]
struct Application {
    fd: Fd,
    reader: Reader,
    /// The request that is being read.
    method: Vec<u8>,
    body: Vec<u8>,
    /// Replies that are not written yet.
    replies: Vec<u8>,
    is_writing: bool,
    /// Nothing more is read, and behind the last reply the connection is closed.
    is_over: bool,
}

/// All servers of a run.
#[derive(Debug, Default)]
pub(super) struct Applications {
    all: Vec<Application>,
    waits: BTreeMap<Ticket, (usize, Doing)>,
}

impl Applications {
    /// Starts a server; the call that it makes first.
    pub(super) fn start(&mut self, fd: Fd, ticket: Ticket) -> Call {
        self.waits.insert(ticket, (self.all.len(), Doing::Read));
        self.all.push(Application {
            fd,
            reader: Reader::requests(Rules::default()),
            method: Vec::new(),
            body: Vec::new(),
            replies: Vec::new(),
            is_writing: false,
            is_over: false,
        });
        read(fd)
    }

    /// A call has returned: the calls that the server behind it makes now, each with a ticket from `next`. `None`
    /// if no server has made it.
    pub(super) fn returned(
        &mut self,
        ticket: Ticket,
        value: &Return,
        mut next: impl FnMut() -> Ticket,
    ) -> Option<Vec<(Ticket, Call)>> {
        let (index, doing) = self.waits.remove(&ticket)?;
        let calls = self.all[index].returned(doing, value).into_iter().map(|(doing, call)| {
            let ticket = next();
            self.waits.insert(ticket, (index, doing));
            (ticket, call)
        });
        Some(calls.collect())
    }
}

fn read(fd: Fd) -> Call {
    Call::Read { fd, length: BUFFER, flags: 0 }
}

impl Application {
    fn returned(&mut self, doing: Doing, value: &Return) -> Vec<(Doing, Call)> {
        let mut calls = Vec::new();
        match doing {
            Doing::Close => return calls,
            Doing::Write => self.is_writing = false,
            Doing::Read if !self.is_over => {
                self.read(value);
                if !self.is_over {
                    calls.push((Doing::Read, read(self.fd)));
                }
            }
            Doing::Read => {}
        }
        if value.value < 0 {
            // The connection is gone, and whatever was to be said with it.
            self.replies.clear();
            self.is_over = true;
            calls.clear();
        }
        if !self.is_writing && !self.replies.is_empty() {
            self.is_writing = true;
            let data = std::mem::take(&mut self.replies);
            calls.push((Doing::Write, Call::Write { fd: self.fd, data, flags: 0, to: None }));
        } else if !self.is_writing && self.is_over {
            calls.push((Doing::Close, Call::Close { fd: self.fd }));
        }
        calls
    }

    fn read(&mut self, value: &Return) {
        let mut octets = value.data.as_slice();
        if value.value == 0 {
            self.is_over = true;
            if let Ending::Incomplete(_) = self.reader.finish() {
                self.refuse(400);
            }
            return;
        }
        loop {
            match self.reader.next(&mut octets) {
                Ok(None) => return,
                Ok(Some(Event::Request(head))) => self.method = head.method.to_vec(),
                Ok(Some(Event::Body(octets))) => self.body.extend_from_slice(octets),
                Ok(Some(Event::End(outcome))) => self.answer(outcome),
                Ok(Some(_)) => {}
                Err(error) => {
                    self.is_over = true;
                    return self.refuse(error.status());
                }
            }
        }
    }

    fn answer(&mut self, outcome: Outcome) {
        let mut body = std::mem::take(&mut self.body);
        if body.is_empty() {
            body = b"ok".to_vec();
        }
        let close = if outcome.persists() { "" } else { "Connection: close\r\n" };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{close}\r\n", body.len());
        self.replies.extend_from_slice(head.as_bytes());
        if self.method != b"HEAD" {
            self.replies.append(&mut body);
        }
        self.is_over = !outcome.persists();
    }

    fn refuse(&mut self, status: u16) {
        let head = format!("HTTP/1.1 {status} \r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        self.replies.extend_from_slice(head.as_bytes());
    }
}
