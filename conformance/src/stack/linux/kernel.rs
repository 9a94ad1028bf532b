//! The kernel of this machine as a stack under test, in a namespace that this process has entered.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use super::caller::Callers;
use super::habits::{self, Habits};
use super::namespace::{HARDWARE, Link, Wire};
use super::{calls, offload, stamps, sys, worker};
use crate::habits::HabitValue;
use crate::stack::setting::{Setting, SettingError};
use crate::stack::{Capability, Clock, Profile, Setup, Stack, StackError};
use crate::trace::{Call, Instant, Response, Return, Stimulus, Ticket};

/// Everything that scenarios may need but the choice of initial sequence numbers.
pub(super) const CAPABILITIES: &[Capability] = &[
    Capability::Ipv6,
    Capability::Backlog,
    Capability::Urgent,
    Capability::KeepAlive,
    Capability::UserTimeout,
    Capability::NoDelay,
    Capability::Linger,
    Capability::WindowScale,
    Capability::Buffers,
    Capability::FastOpen,
    Capability::Datagrams,
    Capability::Files,
];

/// How long before a moment sleeping ends and waiting awake begins, in nanoseconds.
const AWAKE: u64 = 60_000;

/// The longest sleep before the first tick, in nanoseconds: kernels tick a hundred times a second, or more often.
const MOST_OF_A_TICK: u64 = 10_000_000;

/// The kernel with its link.
#[derive(Debug)]
pub(super) struct Kernel {
    link: Link,
    /// Hears what the kernel sends out of its device, with the time at which it did.
    ear: Socket,
    /// Takes packets that stand for several, where the link is a pair of devices.
    mouth: Option<Socket>,
    /// Whether it has taken one.
    has_merged: bool,
    callers: Callers,
    /// `CLOCK_MONOTONIC` when the scenario began, in nanoseconds.
    start: Option<i64>,
    heard: VecDeque<(Instant, Response)>,
    buffer: Vec<u8>,
    virtual_mss: u16,
    version: String,
    /// The options of TCP that every socket is made with: what is accepted inherits them.
    options: BTreeMap<libc::c_int, Vec<u8>>,
    /// How the link was made, with the metrics of its route.
    setup: Setup,
    metrics: Vec<(u16, u32)>,
}

impl Kernel {
    pub(super) fn new(setup: &Setup, version: String) -> Result<Kernel, StackError> {
        let habits = Habits::new(setup, &version);
        let link = super::namespace::link(setup, &habits.metrics)?;
        habits.apply()?;
        let broken = |error: io::Error| StackError::Broken(format!("cannot listen on the link: {error}"));
        let ear = ear(link.index).map_err(broken)?;
        let is_pair = matches!(link.wire, Wire::Veth(_));
        let mouth = (setup.virtual_mss > 0 && is_pair).then(mouth).transpose().map_err(broken)?;
        let callers = Callers::new().map_err(broken)?;
        let no_delay = habits.no_delay.then(|| (libc::TCP_NODELAY, 1_i32.to_ne_bytes().to_vec()));
        let options = no_delay.into_iter().collect();
        Ok(Kernel {
            link,
            ear,
            mouth,
            has_merged: false,
            callers,
            start: None,
            heard: VecDeque::new(),
            buffer: vec![0; 256 << 10],
            virtual_mss: setup.virtual_mss,
            version,
            options,
            setup: setup.clone(),
            metrics: habits.metrics,
        })
    }

    /// Lets every socket have a congestion control, if it was not `made` the default of the namespace but sockets may have it.
    fn control_congestion(
        &mut self,
        name: &str,
        made: Result<Option<String>, SettingError>,
    ) -> Result<Option<String>, SettingError> {
        self.options.remove(&libc::TCP_CONGESTION); // the last that a script asks for counts
        if matches!(made, Ok(None)) || !may_ask_for(name) {
            return made;
        }
        self.options.insert(libc::TCP_CONGESTION, name.as_bytes().to_vec());
        Ok(None)
    }

    /// The time of the scenario at a time of `CLOCK_MONOTONIC`. The first question starts the scenario.
    fn at(&mut self, monotonic: i64) -> Instant {
        let start = *self.start.get_or_insert(monotonic);
        Instant::from_nanos(u64::try_from(monotonic - start).unwrap_or(0))
    }

    fn clock(&mut self) -> Instant {
        if self.start.is_none() {
            sys::enter_real_time(); // where that is not allowed, a busy machine is late, and the report says so
            begin_of_tick();
        }
        self.at(sys::clock(libc::CLOCK_MONOTONIC))
    }

    /// Takes up what the kernel has sent and what has returned since the last time.
    fn collect(&mut self) -> Result<(), StackError> {
        let mut heard = Vec::new();
        while let Some((stamp, packet)) = self.hear()? {
            heard.push((self.at(stamp), Response::Packet(packet)));
        }
        self.drain();
        for (ticket, at, mut value) in self.callers.take() {
            self.translate(&mut value);
            heard.push((self.at(at), Response::Return { ticket, value }));
        }
        heard.sort_by_key(|(at, _)| *at);
        self.heard.extend(heard);
        Ok(())
    }

    /// The next packet that the kernel has sent, and when.
    fn hear(&mut self) -> Result<Option<(i64, Vec<u8>)>, StackError> {
        const OUTGOING: u8 = 4;
        loop {
            let captured = match sys::capture(self.ear.as_raw_fd(), &mut self.buffer) {
                Ok(captured) => captured,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                // the device was turned off, which a script may do
                Err(error) if error.raw_os_error() == Some(libc::ENETDOWN) => return Ok(None),
                Err(error) => return Err(StackError::Broken(format!("cannot hear the link: {error}"))),
            };
            if captured.kind != OUTGOING {
                continue;
            }
            let (real, monotonic) = (sys::clock(libc::CLOCK_REALTIME), sys::clock(libc::CLOCK_MONOTONIC));
            let age = captured.stamp.map_or(0, |stamp| (real - stamp).max(0));
            let mut packet = self.buffer[..captured.length.min(self.buffer.len())].to_vec();
            if captured.is_unfinished {
                offload::finish_checksum(&mut packet);
            }
            return Ok(Some((monotonic - age, packet)));
        }
    }

    /// What leaves by a TUN device waits there until it is read.
    fn drain(&mut self) {
        if let Wire::Tun(file) = &mut self.link.wire {
            while matches!(file.read(&mut self.buffer), Ok(1..)) {}
        }
    }

    fn inject(&mut self, packet: &[u8]) -> Result<(), StackError> {
        let sent = match &mut self.link.wire {
            Wire::Tun(file) if self.virtual_mss > 0 => {
                file.write_all(&[&offload::merged(packet, self.virtual_mss)[..], packet].concat())
            }
            Wire::Tun(file) => file.write_all(packet),
            Wire::Veth(index) => {
                let is_v6 = packet.first().is_some_and(|first| first >> 4 == 6);
                let protocol = if is_v6 { libc::ETH_P_IPV6 } else { libc::ETH_P_IP };
                let send = |socket: &Socket, octets: &[u8]| {
                    sys::send_link(socket.as_raw_fd(), *index, protocol as u16, HARDWARE, octets)
                };
                match &self.mouth {
                    Some(mouth) => {
                        self.has_merged |= offload::is_merged(packet, self.virtual_mss);
                        send(mouth, &offload::merged_frame(packet, self.virtual_mss, HARDWARE))
                    }
                    None => send(&self.ear, packet),
                }
            }
        };
        sent.map_err(|error| StackError::Broken(format!("cannot put a packet into the link: {error}")))
    }

    /// Times of day in messages become times of the scenario.
    fn translate(&self, value: &mut Return) {
        if !value.control.is_empty() {
            let day = sys::clock(libc::CLOCK_REALTIME) - sys::clock(libc::CLOCK_MONOTONIC);
            stamps::translate(&mut value.control, day + self.start.unwrap_or(0));
        }
    }

    fn returned(&mut self, ticket: Ticket, mut value: Return) {
        self.translate(&mut value);
        let at = self.clock();
        self.heard.push_back((at, Response::Return { ticket, value }));
    }
}

/// Whose time passes here.
fn clock() -> Clock {
    if worker::is_virtual() { Clock::Virtual } else { Clock::Wall }
}

/// How long before a moment sleeping ends. Where time is virtual nothing ever wakes late.
fn awake() -> u64 {
    if worker::is_virtual() { 0 } else { AWAKE }
}

/// A packet socket on the device, with the kernel's time of each packet.
fn ear(index: u32) -> io::Result<Socket> {
    let ear = Socket::new(Domain::PACKET, Type::DGRAM, Some(Protocol::from(0)))?;
    ear.set_recv_buffer_size(8 << 20)?;
    let on = 1_i32.to_ne_bytes();
    sys::setsockopt(ear.as_raw_fd(), libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, &on)?;
    sys::setsockopt(ear.as_raw_fd(), libc::SOL_PACKET, libc::PACKET_AUXDATA, &on)?;
    // the queue of the wire's other end drops everything until the kernel gets round to it, some time after it was turned on
    sys::setsockopt(ear.as_raw_fd(), libc::SOL_PACKET, libc::PACKET_QDISC_BYPASS, &on)?;
    sys::bind_link(ear.as_raw_fd(), index)?;
    Ok(ear)
}

/// A packet socket for whole frames, each behind a `virtio_net_hdr`.
fn mouth() -> io::Result<Socket> {
    let mouth = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(0)))?;
    let on = 1_i32.to_ne_bytes();
    sys::setsockopt(mouth.as_raw_fd(), libc::SOL_PACKET, libc::PACKET_VNET_HDR, &on)?;
    sys::setsockopt(mouth.as_raw_fd(), libc::SOL_PACKET, libc::PACKET_QDISC_BYPASS, &on)?;
    Ok(mouth)
}

/// Waits for the next tick of the kernel, so that timers that count in ticks are equally late in every run.
fn begin_of_tick() {
    let coarse = || sys::clock(libc::CLOCK_MONOTONIC_COARSE);
    // all but the end of it asleep: others may run in real time, too
    let (before, start) = (coarse(), sys::clock(libc::CLOCK_MONOTONIC));
    let left = before + sys::resolution(libc::CLOCK_MONOTONIC_COARSE) - start - AWAKE as i64;
    std::thread::sleep(Duration::from_nanos(u64::try_from(left).unwrap_or(0).min(MOST_OF_A_TICK)));
    while coarse() == before && sys::clock(libc::CLOCK_MONOTONIC) - start < 20_000_000 {
        std::hint::spin_loop();
    }
}

/// The congestion control that a setting makes the default.
fn congestion_control(setting: &Setting) -> Option<&str> {
    match setting {
        Setting::Optional(inner) => congestion_control(inner),
        Setting::Sysctl { name, value } if name == "net.ipv4.tcp_congestion_control" => Some(value.trim()),
        _ => None,
    }
}

/// Whether a socket may ask for it: whoever rules the namespace may, also for what the root of the machine has not allowed
/// to everybody, and what therefore can be no default here.
fn may_ask_for(name: &str) -> bool {
    use rustix::net::{AddressFamily, SocketType, socket, sockopt};

    socket(AddressFamily::INET, SocketType::STREAM, None)
        .is_ok_and(|socket| sockopt::set_tcp_congestion(socket, name).is_ok())
}

/// The MTU that a setting gives to the device, if it does nothing else.
fn link_mtu(setting: &Setting) -> Option<u16> {
    let Setting::Ip(words) = setting else { return None };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["link", "set", "dev", super::namespace::DEVICE, "mtu", mtu] => mtu.parse().ok(),
        _ => None,
    }
}

impl Stack for Kernel {
    fn profile(&self) -> Profile {
        Profile { name: "linux", version: self.version.clone(), clock: clock(), capabilities: CAPABILITIES }
    }

    fn follows(&self, habit: &HabitValue) -> bool {
        habits::follows(habit, &self.version)
    }

    fn doubt(&self) -> Option<&'static str> {
        self.has_merged.then_some(
            "without /dev/net/tun packets that stand for several (--mss) take other memory, on which windows depend",
        )
    }

    fn now(&mut self) -> Option<Instant> {
        Some(self.clock())
    }

    fn configure(&mut self, setting: &Setting, folder: Option<&Path>) -> Result<Option<String>, SettingError> {
        if let Some(name) = congestion_control(setting) {
            return self.control_congestion(name, setting.apply(folder));
        }
        match setting {
            Setting::Shell(text) => super::shells::run(text, folder),
            setting => match (link_mtu(setting), &self.link.wire) {
                (Some(mtu), Wire::Veth(_)) => {
                    self.setup.mtu = mtu;
                    super::namespace::limit(&self.setup, &self.metrics, self.link.index)
                        .map(|()| None)
                        .map_err(|(what, error)| SettingError::from(format!("an MTU of {mtu}: cannot {what}: {error}")))
                }
                _ => setting.apply(folder),
            },
        }
    }

    fn stimulate(&mut self, _at: Instant, what: &Stimulus) -> Result<(), StackError> {
        match what {
            Stimulus::Packet(packet) => self.inject(packet),
            Stimulus::Call { ticket, call } if calls::may_block(call) => {
                let broken = |error| StackError::Broken(format!("cannot make a call: {error}"));
                self.callers.call(*ticket, call.clone()).map_err(broken)
            }
            Stimulus::Call { ticket, call } => {
                let value = calls::make(call);
                if let (Call::Socket { .. }, Ok(fd)) = (call, i32::try_from(value.value)) {
                    for (name, option) in &self.options {
                        let _ = sys::setsockopt(fd, libc::SOL_TCP, *name, option); // what is no TCP socket has none
                    }
                }
                self.returned(*ticket, value);
                Ok(())
            }
        }
    }

    fn advance(&mut self, until: Instant) -> Result<Option<(Instant, Response)>, StackError> {
        loop {
            self.collect()?;
            if let Some(first) = self.heard.pop_front() {
                return Ok(Some(first));
            }
            let now = self.clock();
            if now >= until {
                return Ok(None);
            }
            let left = u64::try_from(until.since(now).as_nanos()).unwrap_or(u64::MAX);
            if left <= awake() {
                continue;
            }
            let mut ears = vec![self.ear.as_raw_fd(), self.callers.bell()];
            if let Wire::Tun(file) = &self.link.wire {
                ears.push(file.as_raw_fd());
            }
            sys::wait_readable(&ears, left - awake())
                .map_err(|error| StackError::Broken(format!("cannot wait for the kernel: {error}")))?;
        }
    }
}
