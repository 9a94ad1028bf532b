//! The reference TCP behind the [`Engine`] seam.

use std::net::SocketAddr;

use wirelaw_reference::host::{ConnectionId, Host, IsnGenerator, ListenerId, OpenError};
use wirelaw_reference::tcp::{
    CallError, Config, CongestionControl, Connection, Info, KeepAlive, Notice, SoftError, State,
};
use wirelaw_reference::time::Instant;
use wirelaw_reference::wire::Packet;

use super::engine::{Engine, EngineError, SocketOptions, Status};
use super::sockets::Sockets;
use super::{Capability, Clock, Profile, Setup, Stack, StackError};
use crate::habits::HabitValue;
use crate::posix::Errno;

/// Makes a reference host ready for one scenario.
pub fn new(setup: &Setup) -> Result<Box<dyn Stack>, StackError> {
    Ok(Box::new(Sockets::new(Reference::new(setup), setup)))
}

/// A reference host.
#[derive(Debug)]
pub struct Reference {
    host: Host,
    habits: fn(&mut Config),
    /// The habits of the run; they override the ones above.
    chosen: Vec<HabitValue>,
    /// The family of its address.
    is_v6: bool,
}

impl Reference {
    /// A host with the address and the initial sequence numbers of `setup`.
    pub fn new(setup: &Setup) -> Reference {
        let mut isn = IsnGenerator::new(setup.seed);
        isn.plan(setup.isns.iter().copied());
        let mut reference = Reference {
            host: Host::new(vec![setup.local], setup.mtu, isn),
            habits: |_| {},
            chosen: setup.habits.clone(),
            is_v6: setup.local.is_ipv6(),
        };
        reference.host.set_stray_rules(reference.base(reference.is_v6));
        reference
    }

    /// Like [`new`](Reference::new), but every connection has these habits, such as
    /// `|config| config.blind_attack_checks = false` for a stack from before RFC 5961. Those that
    /// the run asks for by name come on top.
    pub fn with_habits(setup: &Setup, habits: fn(&mut Config)) -> Reference {
        Reference { habits, ..Reference::new(setup) }
    }

    /// The choices of a connection for which no socket option was set.
    fn base(&self, is_v6: bool) -> Config {
        let link = self.host.config(is_v6);
        let mut config = link.clone();
        (self.habits)(&mut config);
        for habit in &self.chosen {
            habit.apply(&mut config);
        }
        config.mss = config.mss.min(link.mss); // a family knows nothing of this link
        config
    }

    fn config(&self, is_v6: bool, options: &SocketOptions) -> Config {
        let base = self.base(is_v6);
        let mut config = base.clone();
        config.mss = options.max_segment.map_or(config.mss, |mss| mss.clamp(1, config.mss));
        apply(&mut config, &base, options);
        config
    }

    fn call<T>(
        &mut self,
        id: ConnectionId,
        call: impl FnOnce(&mut Connection) -> Result<T, CallError>,
    ) -> Result<T, EngineError> {
        self.host.call(id, call).map_err(|error| {
            EngineError::Errno(match error {
                CallError::ConnectionDoesNotExist | CallError::RemoteUnspecified => Errno::ENOTCONN,
                CallError::ConnectionClosing => Errno::EPIPE,
                CallError::ConnectionAlreadyExists => Errno::EISCONN,
                CallError::InsufficientResources => Errno::EAGAIN,
            })
        })
    }
}

/// What can change while a connection is open: the options, and the habits where none is set.
fn apply(config: &mut Config, base: &Config, options: &SocketOptions) {
    let default = base.keep_alive.unwrap_or_default();
    config.nagle = base.nagle && !options.no_delay;
    config.user_timeout = options.user_timeout.or(base.user_timeout);
    config.keep_alive = (options.keep_alive || base.keep_alive.is_some()).then(|| KeepAlive {
        idle: options.keep_idle.unwrap_or(default.idle),
        interval: options.keep_interval.unwrap_or(default.interval),
        count: options.keep_count.unwrap_or(default.count),
    });
    config.cork = options.cork;
    config.delayed_ack = if options.quick_ack == Some(true) { None } else { base.delayed_ack };
    config.syn_retries = options.syn_count.or(base.syn_retries);
    config.congestion_control = options.congestion.unwrap_or(base.congestion_control);
    config.fast_open.pending = options.fast_open.unwrap_or(base.fast_open.pending);
    config.receive_buffer = options.receive_buffer.unwrap_or(config.receive_buffer);
    config.send_buffer = options.send_buffer.unwrap_or(config.send_buffer);
}

fn errno(error: OpenError) -> EngineError {
    EngineError::Errno(match error {
        OpenError::AddressNotAvailable => Errno::EADDRNOTAVAIL,
        OpenError::AddressInUse => Errno::EADDRINUSE,
        OpenError::InvalidRemote => Errno::ENETUNREACH,
    })
}

/// `errno` for what an ICMP error said.
fn unreachable(error: SoftError) -> Errno {
    match error {
        SoftError::NetworkUnreachable => Errno::ENETUNREACH,
        SoftError::HostUnreachable | SoftError::TimeExceeded => Errno::EHOSTUNREACH,
        SoftError::ParameterProblem => Errno::EPROTO,
    }
}

impl Engine for Reference {
    type Listener = ListenerId;
    type Connection = ConnectionId;

    fn profile(&self) -> Profile {
        Profile {
            name: "reference",
            version: env!("CARGO_PKG_VERSION").to_owned(),
            clock: Clock::Virtual,
            capabilities: &[
                Capability::Ipv6,
                Capability::Isn,
                Capability::Backlog,
                Capability::Urgent,
                Capability::KeepAlive,
                Capability::UserTimeout,
                Capability::NoDelay,
                Capability::Linger,
                Capability::WindowScale,
                Capability::Buffers,
                Capability::FastOpen,
            ],
        }
    }

    fn follows(&self, habit: &HabitValue) -> bool {
        self.chosen.contains(habit) // it has every habit, but only from the start
    }

    fn listen(
        &mut self,
        _at: Instant,
        local: SocketAddr,
        backlog: usize,
        options: &SocketOptions,
    ) -> Result<ListenerId, EngineError> {
        let config = self.config(local.is_ipv6(), options);
        self.host.listen(local, backlog, config).map_err(errno)
    }

    fn accept(&mut self, _at: Instant, listener: ListenerId) -> Option<(ConnectionId, SocketAddr)> {
        self.host.accept(listener)
    }

    fn acceptable(&self, listener: ListenerId) -> Option<bool> {
        Some(self.host.is_acceptable(listener))
    }

    fn close_listener(&mut self, _at: Instant, listener: ListenerId) {
        self.host.close_listener(listener);
    }

    fn connect(
        &mut self,
        at: Instant,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        options: &SocketOptions,
    ) -> Result<ConnectionId, EngineError> {
        let config = self.config(remote.is_ipv6(), options);
        self.host.connect(at, local, remote, config).map_err(errno)
    }

    fn connect_fast(
        &mut self,
        at: Instant,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        options: &SocketOptions,
        data: &[u8],
    ) -> Result<(ConnectionId, Option<usize>), EngineError> {
        let mut config = self.config(remote.is_ipv6(), options);
        config.fast_open.client = true; // the call asks for it
        self.host.connect_fast(at, local, remote, config, data).map_err(errno)
    }

    fn has_fast_open_cookie(&self, at: Instant, remote: SocketAddr) -> bool {
        self.host.has_fast_open_cookie(at, remote)
    }

    fn configure_listener(&mut self, listener: ListenerId, options: &SocketOptions) {
        let base = self.base(self.is_v6);
        self.host.configure_listener(listener, |config| {
            config.fast_open.pending = options.fast_open.unwrap_or(base.fast_open.pending);
            config.congestion_control = options.congestion.unwrap_or(base.congestion_control);
        });
    }

    fn status(&self, connection: ConnectionId) -> Status {
        let Some(tcp) = self.host.connection(connection) else {
            return Status { closed: true, send_closed: true, ..Status::default() };
        };
        let state = tcp.state();
        Status {
            connecting: matches!(state, State::SynSent | State::SynReceived) && !tcp.is_usable(),
            readable: tcp.readable(),
            end_of_stream: state.has_received_fin() && tcp.readable() == 0,
            fin_received: Some(state.has_received_fin()),
            urgent: tcp.is_urgent(),
            at_urgent_mark: tcp.is_at_urgent_mark(),
            writable: tcp.writable(),
            send_closed: state.has_closed() || state == State::Closed,
            unacknowledged: Some(tcp.unacknowledged()),
            error: tcp.failure().and_then(|failure| match failure {
                Notice::Refused => Some(Errno::ECONNREFUSED),
                // what an ICMP error said is the reason, also of a timeout after it (RFC 5461 §2.2)
                Notice::Unreachable => Some(tcp.soft_error().map_or(Errno::ECONNREFUSED, unreachable)),
                Notice::Reset => Some(Errno::ECONNRESET),
                Notice::TimedOut => Some(tcp.soft_error().map_or(Errno::ETIMEDOUT, unreachable)),
                Notice::Established
                | Notice::Closing
                | Notice::Urgent
                | Notice::SoftError(_)
                | Notice::ExcessiveRetransmission
                | Notice::Closed => None,
            }),
            closed: state == State::Closed,
        }
    }

    fn info(&self, connection: ConnectionId) -> Option<Info> {
        self.host.connection(connection).map(Connection::info)
    }

    fn send(
        &mut self,
        _at: Instant,
        connection: ConnectionId,
        data: &[u8],
        urgent: bool,
    ) -> Result<usize, EngineError> {
        self.call(connection, |tcp| tcp.send(data, urgent))
    }

    fn receive(
        &mut self,
        _at: Instant,
        connection: ConnectionId,
        length: usize,
        peek: bool,
    ) -> Result<Vec<u8>, EngineError> {
        let taken = self.host.call(connection, |tcp| if peek { tcp.peek(length) } else { tcp.receive(length) });
        Ok(taken.unwrap_or_default()) // nothing is left: `status` says why
    }

    fn shutdown(&mut self, _at: Instant, connection: ConnectionId) {
        let _ = self.host.call(connection, Connection::close); // one that is closed stays so
    }

    fn close(&mut self, _at: Instant, connection: ConnectionId) {
        self.host.detach(connection);
    }

    fn abort(&mut self, _at: Instant, connection: ConnectionId) {
        let _ = self.host.call(connection, Connection::abort); // one that is gone needs none
        self.host.release(connection);
    }

    fn configure(&mut self, at: Instant, connection: ConnectionId, options: &SocketOptions) -> Result<(), EngineError> {
        let base = self.base(self.is_v6);
        self.call(connection, |tcp| {
            tcp.configure(at, |config| apply(config, &base, options));
            Ok(())
        })
    }

    fn default_buffers(&self) -> Option<(usize, usize)> {
        let base = self.base(self.is_v6);
        Some((base.receive_buffer, base.send_buffer))
    }

    fn default_congestion(&self) -> Option<CongestionControl> {
        Some(self.base(self.is_v6).congestion_control)
    }

    fn handle_packet(&mut self, at: Instant, octets: &[u8]) {
        // what cannot be decoded, or has a wrong checksum, is dropped without a word (MUST-3)
        match Packet::decode_received(octets) {
            Ok((packet, None)) => self.host.handle_packet(at, &packet),
            Ok((packet, Some(_))) => self.host.handle_illegal_options(at, &packet),
            Err(_) => return,
        };
    }

    fn poll_packet(&mut self, at: Instant) -> Option<Vec<u8>> {
        self.host.handle_timeout(at);
        self.host.poll_transmit(at).map(|packet| packet.encode())
    }

    fn poll_deadline(&mut self, _at: Instant) -> Option<Instant> {
        self.host.poll_timeout()
    }
}
