//! An engine whose state the test sets by hand, now or at an instant to come.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;

use wirelaw_reference::time::Instant;

use crate::posix::Errno;
use crate::stack::engine::{Engine, EngineError, SocketOptions, Status};
use crate::stack::{Capability, Clock, Profile, Setup, Stack, StackError};
use crate::trace::{Call, Fd, Response, Return, Stimulus, Ticket};

use super::super::Sockets;

type Change = Box<dyn FnOnce(&mut World)>;

/// What the test sees of the engine and does to it.
#[derive(Default)]
pub(super) struct World {
    pub(super) status: BTreeMap<u32, Status>,
    pub(super) inbox: BTreeMap<u32, Vec<u8>>,
    pub(super) acceptable: VecDeque<u32>,
    pub(super) packets: VecDeque<Vec<u8>>,
    /// What the layer did: `close 1`, `send 1 abc`.
    pub(super) log: Vec<String>,
    pub(super) capabilities: &'static [Capability],
    pub(super) refuses: Option<EngineError>,
    pub(super) broken: Option<StackError>,
    /// Claims to have something to do at once, always.
    pub(super) is_restless: bool,
    /// Connections outlive their `close`.
    pub(super) keeps_closed: bool,
    pub(super) options: Option<SocketOptions>,
    schedule: Vec<(Instant, Change)>,
    connections: u32,
}

impl World {
    /// Changes the connection with this number.
    pub(super) fn set(&mut self, connection: u32, change: impl FnOnce(&mut Status)) {
        change(self.status.entry(connection).or_default());
    }

    /// The handshake is over.
    pub(super) fn establish(&mut self, connection: u32) {
        self.set(connection, |status| *status = Status { writable: 10, ..Status::default() });
    }

    /// The connection failed.
    pub(super) fn fail(&mut self, connection: u32, errno: Errno) {
        let failed = Status { error: Some(errno), closed: true, send_closed: true, ..Status::default() };
        self.set(connection, |status| *status = Status { readable: status.readable, ..failed });
    }

    /// Data has come.
    pub(super) fn deliver(&mut self, connection: u32, data: &[u8]) {
        self.inbox.entry(connection).or_default().extend(data);
        let readable = self.inbox[&connection].len();
        self.set(connection, |status| status.readable = readable);
    }
}

pub(super) struct Fake(Rc<RefCell<World>>);

impl Fake {
    fn note(&self, what: String) {
        self.0.borrow_mut().log.push(what);
    }
}

impl Engine for Fake {
    type Listener = u32;
    type Connection = u32;

    fn profile(&self) -> Profile {
        let capabilities = self.0.borrow().capabilities;
        Profile { name: "fake", version: String::new(), clock: Clock::Virtual, capabilities }
    }

    fn listen(
        &mut self,
        _at: Instant,
        local: SocketAddr,
        backlog: usize,
        _options: &SocketOptions,
    ) -> Result<u32, EngineError> {
        self.note(format!("listen {local} {backlog}"));
        Ok(u32::from(local.port()))
    }

    fn accept(&mut self, _at: Instant, _listener: u32) -> Option<(u32, SocketAddr)> {
        let connection = self.0.borrow_mut().acceptable.pop_front()?;
        Some((connection, SocketAddr::new([192, 0, 2, 2].into(), 1000 + connection as u16)))
    }

    fn close_listener(&mut self, _at: Instant, listener: u32) {
        self.note(format!("close listener {listener}"));
    }

    fn connect(
        &mut self,
        _at: Instant,
        _local: Option<SocketAddr>,
        remote: SocketAddr,
        options: &SocketOptions,
    ) -> Result<u32, EngineError> {
        let mut world = self.0.borrow_mut();
        if let Some(error) = world.refuses.clone() {
            return Err(error);
        }
        world.connections += 1;
        let connection = world.connections;
        world.options = Some(options.clone());
        world.log.push(format!("connect {connection} {remote}"));
        world.packets.push_back(b"SYN".to_vec());
        world.status.insert(connection, Status { connecting: true, ..Status::default() });
        Ok(connection)
    }

    fn status(&self, connection: u32) -> Status {
        let gone = Status { closed: true, send_closed: true, ..Status::default() };
        self.0.borrow().status.get(&connection).cloned().unwrap_or(gone)
    }

    fn send(&mut self, _at: Instant, connection: u32, data: &[u8], urgent: bool) -> Result<usize, EngineError> {
        let mut world = self.0.borrow_mut();
        let room = world.status[&connection].writable.min(data.len());
        let text = String::from_utf8_lossy(&data[..room]).into_owned();
        world.log.push(format!("send {connection} {text}{}", if urgent { " urgent" } else { "" }));
        world.packets.push_back(data[..room].to_vec());
        world.set(connection, |status| status.writable -= room);
        Ok(room)
    }

    fn receive(&mut self, _at: Instant, connection: u32, length: usize, peek: bool) -> Result<Vec<u8>, EngineError> {
        let mut world = self.0.borrow_mut();
        let inbox = world.inbox.entry(connection).or_default();
        let data = inbox[..length.min(inbox.len())].to_vec();
        if !peek {
            inbox.drain(..data.len());
        }
        let readable = inbox.len();
        world.set(connection, |status| status.readable = readable);
        Ok(data)
    }

    fn shutdown(&mut self, _at: Instant, connection: u32) {
        self.note(format!("shutdown {connection}"));
    }

    fn close(&mut self, _at: Instant, connection: u32) {
        self.note(format!("close {connection}"));
        let mut world = self.0.borrow_mut();
        if !world.keeps_closed {
            world.status.remove(&connection);
        }
    }

    fn abort(&mut self, _at: Instant, connection: u32) {
        self.note(format!("abort {connection}"));
        self.0.borrow_mut().status.remove(&connection);
    }

    fn configure(&mut self, _at: Instant, connection: u32, options: &SocketOptions) -> Result<(), EngineError> {
        self.note(format!("configure {connection}"));
        self.0.borrow_mut().options = Some(options.clone());
        Ok(())
    }

    fn check_options(&self, options: &SocketOptions) -> Result<(), EngineError> {
        match options.max_segment {
            Some(_) => Err(EngineError::Stack(StackError::Unsupported("no TCP_MAXSEG here".to_string()))),
            None => Ok(()),
        }
    }

    fn health(&self) -> Result<(), StackError> {
        self.0.borrow().broken.clone().map_or(Ok(()), Err)
    }

    fn handle_packet(&mut self, _at: Instant, octets: &[u8]) {
        self.0.borrow_mut().packets.push_back(octets.to_vec());
    }

    fn poll_packet(&mut self, at: Instant) -> Option<Vec<u8>> {
        let mut world = self.0.borrow_mut();
        let (due, later) = std::mem::take(&mut world.schedule).into_iter().partition(|(when, _)| *when <= at);
        world.schedule = later;
        let due: Vec<(Instant, Change)> = due;
        for (_, change) in due {
            change(&mut world);
        }
        world.packets.pop_front()
    }

    fn poll_deadline(&mut self, at: Instant) -> Option<Instant> {
        let world = self.0.borrow();
        if world.is_restless { Some(at) } else { world.schedule.iter().map(|(when, _)| *when).min() }
    }
}

/// A socket layer, its fake engine, and the present instant.
pub(super) struct Kit {
    pub(super) sockets: Sockets<Fake>,
    world: Rc<RefCell<World>>,
    pub(super) now: Instant,
    tickets: u32,
}

pub(super) fn setup() -> Setup {
    Setup::plain([192, 0, 2, 1].into(), [192, 0, 2, 2].into())
}

impl Kit {
    pub(super) fn new() -> Kit {
        let world = Rc::new(RefCell::new(World::default()));
        Kit { sockets: Sockets::new(Fake(world.clone()), &setup()), world, now: Instant::ZERO, tickets: 0 }
    }

    /// Changes the engine at once.
    pub(super) fn world<R>(&mut self, change: impl FnOnce(&mut World) -> R) -> R {
        change(&mut self.world.borrow_mut())
    }

    /// Changes the engine at an instant to come.
    pub(super) fn later(&mut self, at: Instant, change: impl FnOnce(&mut World) + 'static) {
        self.world.borrow_mut().schedule.push((at, Box::new(change)));
    }

    /// Makes a call and gives its ticket.
    pub(super) fn start(&mut self, call: Call) -> Result<Ticket, StackError> {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.sockets.stimulate(self.now, &Stimulus::Call { ticket, call })?;
        Ok(ticket)
    }

    /// All that happens up to and at `until`.
    pub(super) fn drain(&mut self, until: Instant) -> Vec<(Instant, Response)> {
        self.now = self.now.max(until);
        std::iter::from_fn(|| self.sockets.advance(until).expect("the engine works")).collect()
    }

    /// The returns up to and at `until`, as (when, ticket, what `Kit::call` gives).
    pub(super) fn returns(&mut self, until: Instant) -> Vec<(Instant, Ticket, Result<i64, Errno>)> {
        let returned = |(at, response)| match response {
            Response::Return { ticket, value } => Some((at, ticket, outcome(&value))),
            Response::Packet(_) => None,
        };
        self.drain(until).into_iter().filter_map(returned).collect()
    }

    /// Makes a call that returns at once.
    pub(super) fn full(&mut self, call: Call) -> Return {
        let text = format!("{call:?}");
        let mine = self.start(call).expect("supported");
        let is_mine = |(_, response)| match response {
            Response::Return { ticket, value } if ticket == mine => Some(value),
            _ => None,
        };
        self.drain(self.now).into_iter().find_map(is_mine).unwrap_or_else(|| panic!("{text} blocks"))
    }

    /// Makes a call that returns at once; its value or error.
    pub(super) fn call(&mut self, call: Call) -> Result<i64, Errno> {
        outcome(&self.full(call))
    }

    /// Makes a call that the stack lacks; the message.
    pub(super) fn unsupported(&mut self, call: Call) -> String {
        match self.start(call) {
            Err(StackError::Unsupported(message)) => message,
            other => panic!("not unsupported: {other:?}"),
        }
    }

    /// A connected socket, blocking, on the connection with the next number.
    pub(super) fn connected(&mut self) -> Fd {
        let fd = self.stream(true);
        assert_eq!(self.call(Call::Connect { fd, address: remote() }), Err(Errno::EINPROGRESS));
        let connection = self.world(|world| world.connections);
        self.world(|world| world.establish(connection));
        assert_eq!(self.call(Call::Connect { fd, address: remote() }), Ok(0));
        assert_eq!(self.call(Call::Fcntl { fd, command: 4, argument: 0 }), Ok(0));
        self.world(|world| world.log.clear());
        fd
    }

    /// A new socket.
    pub(super) fn stream(&mut self, non_blocking: bool) -> Fd {
        let kind = 1 | if non_blocking { 0o4000 } else { 0 };
        let fd = self.call(Call::Socket { domain: 2, kind, protocol: 6 }).expect("a descriptor is free");
        Fd(i32::try_from(fd).expect("small"))
    }

    /// A socket that listens on this port.
    pub(super) fn listening(&mut self, port: u16) -> Fd {
        let fd = self.stream(false);
        assert_eq!(self.call(Call::Bind { fd, address: any(port) }), Ok(0));
        assert_eq!(self.call(Call::Listen { fd, backlog: 1 }), Ok(0));
        fd
    }
}

fn outcome(value: &Return) -> Result<i64, Errno> {
    assert_eq!(value.value == -1, value.errno.is_some());
    value.errno.map_or(Ok(value.value), Err)
}

pub(super) fn remote() -> SocketAddr {
    SocketAddr::new([192, 0, 2, 2].into(), 80)
}

pub(super) fn any(port: u16) -> SocketAddr {
    SocketAddr::new([0, 0, 0, 0].into(), port)
}

pub(super) fn read(fd: Fd, length: usize, flags: i64) -> Call {
    Call::Read { fd, length, flags: flags as i32 }
}

pub(super) fn write(fd: Fd, data: &[u8], flags: i64) -> Call {
    Call::Write { fd, data: data.to_vec(), flags: flags as i32, to: None }
}
