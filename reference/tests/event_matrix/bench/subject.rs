//! A connection by itself, or one of a host: the same questions to both.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use wirelaw_reference::host::{ConnectionId, FourTuple, Host, IsnGenerator, ListenerId};
use wirelaw_reference::tcp::{CallError, Config, Connection, Disposition, Notice, State};
use wirelaw_reference::time::Instant;
use wirelaw_reference::wire::{Packet, Segment};

use crate::case::Case;

/// Our socket.
pub const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 80);
/// The peer's.
pub const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), 40_000);

/// What is under test.
pub enum Subject {
    Alone(Box<Connection>),
    Host(Box<OnHost>),
}

/// A connection of a host.
pub struct OnHost {
    pub host: Host,
    pub listener: Option<ListenerId>,
    pub id: Option<ConnectionId>,
    /// Its state when it was last seen: the host forgets what nobody can ask for.
    last: State,
}

impl Subject {
    /// In CLOSED, LISTEN or SYN-SENT.
    pub fn open(case: &Case<'_>, state: State, config: Config, now: Instant) -> Subject {
        if case.on_host {
            return Subject::Host(Box::new(OnHost::open(case, state, config, now)));
        }
        let passive = state == State::Listen || state == State::Closed && case.passive;
        let mut connection = if passive {
            Connection::open_passive(config, LOCAL.port(), case.iss)
        } else {
            Connection::open_active(now, config, LOCAL.port(), PEER.port(), case.iss)
        };
        if state == State::Closed {
            connection.abort().expect("open until now");
        }
        Subject::Alone(Box::new(connection))
    }

    pub fn handle_segment(&mut self, now: Instant, segment: &Segment) -> Disposition {
        match self {
            Subject::Alone(connection) => connection.handle_segment(now, segment),
            Subject::Host(on) => on.host.handle_packet(now, &Packet::tcp(PEER.ip(), LOCAL.ip(), segment.clone())),
        }
    }

    /// An option of `segment` was of illegal length.
    pub fn handle_illegal_options(&mut self, now: Instant, segment: &Segment) -> Disposition {
        match self {
            Subject::Alone(connection) => connection.handle_illegal_options(now, segment),
            Subject::Host(on) => {
                let packet = Packet::tcp(PEER.ip(), LOCAL.ip(), segment.clone());
                on.host.handle_illegal_options(now, &packet)
            }
        }
    }

    pub fn call<T>(&mut self, call: impl FnOnce(&mut Connection) -> Result<T, CallError>) -> Result<T, CallError> {
        match self {
            Subject::Alone(connection) => call(connection),
            Subject::Host(on) => on.host.call(on.id.ok_or(CallError::ConnectionDoesNotExist)?, call),
        }
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Subject::Alone(connection) => connection.poll_timeout(),
            Subject::Host(on) => on.host.poll_timeout(),
        }
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        match self {
            Subject::Alone(connection) => connection.handle_timeout(now),
            Subject::Host(on) => on.host.handle_timeout(now),
        }
    }

    pub fn poll_transmit(&mut self, now: Instant) -> Option<Segment> {
        match self {
            Subject::Alone(connection) => connection.poll_transmit(now),
            Subject::Host(on) => on.host.poll_transmit(now)?.segment().cloned(),
        }
    }

    /// Looks at the connection before the host may forget it.
    pub fn note(&mut self, notices: &mut Vec<Notice>) {
        if let Subject::Host(on) = self {
            let tuple = FourTuple { local: LOCAL, remote: PEER };
            on.id = on.host.find(&tuple).or(on.id);
            on.last = on.connection().map_or(on.last, Connection::state);
        }
        while let Ok(Some(notice)) = self.call(|connection| Ok(connection.poll_notice())) {
            notices.push(notice);
        }
    }

    /// The application accepts the connection.
    pub fn accept(&mut self) {
        if let Subject::Host(on) = self {
            if let Some(listener) = on.listener {
                let accepted = on.host.accept(listener).map(|(id, _)| id);
                assert!(accepted.is_some() && accepted == on.id, "the handshake is complete");
            }
        }
    }

    pub fn connection(&self) -> Option<&Connection> {
        match self {
            Subject::Alone(connection) => Some(connection),
            Subject::Host(on) => on.connection(),
        }
    }

    pub fn state(&self) -> State {
        match self {
            Subject::Alone(connection) => connection.state(),
            Subject::Host(on) => on.connection().map_or(on.last, Connection::state),
        }
    }

    /// The host, in a driver that asked for one.
    pub fn host(&mut self) -> &mut OnHost {
        match self {
            Subject::Alone(_) => panic!("this driver needs a host"),
            Subject::Host(on) => on,
        }
    }
}

impl OnHost {
    fn open(case: &Case<'_>, state: State, config: Config, now: Instant) -> OnHost {
        let mut isn = IsnGenerator::new(1);
        isn.plan([case.iss]);
        let mut host = Host::new(vec![LOCAL.ip()], 1500, isn);
        let mut on = OnHost { listener: None, id: None, last: state, host: host.clone() };
        if state == State::Listen {
            on.listener = Some(host.listen(LOCAL, 8, config).expect("the port is free"));
        } else {
            let id = host.connect(now, Some(LOCAL), PEER, config).expect("the port is free");
            if state == State::Closed {
                host.call(id, Connection::abort).expect("open until now");
            }
            on.id = Some(id);
        }
        on.host = host;
        on
    }

    /// Its listener is closed.
    pub fn note_closed(&mut self) {
        self.last = State::Closed;
    }

    fn connection(&self) -> Option<&Connection> {
        self.id.and_then(|id| self.host.connection(id))
    }
}
