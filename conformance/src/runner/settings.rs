//! What a scenario's options say about addresses, ports, the link and tolerance.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::Stop;
use crate::axes::{Axes, Ip};
use crate::script::ast::{Scenario, ScriptOption};

/// The network of a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    /// The version of the packets: never [`Ip::Mapped`].
    pub(super) ip: Ip,
    /// The stack's address.
    pub(super) local: IpAddr,
    pub(super) prefix: u8,
    /// The address that the runner plays.
    pub(super) remote: IpAddr,
    pub(super) bind_port: u16,
    pub(super) connect_port: u16,
    pub(super) mtu: u16,
    tolerance: Duration,
    tolerance_percent: f64,
    /// Microseconds per tick of outbound TSval; 0: not compared.
    pub(super) timestamp_tick: u64,
    pub(super) timestamp_scaled: bool,
    /// Outbound TSecr is compared; ours alone.
    pub(super) compares_echo: bool,
    pub(super) strict_segments: bool,
    /// What the stack sends is compared as streams of text and acknowledgments.
    pub(super) loose_segments: bool,
    /// `--non_fatal=packet`: a packet that differs is a remark.
    pub(super) packets_are_not_fatal: bool,
    /// `--ip_version=ipv4-mapped-ipv6`: IPv4 packets, but sockets of IPv6.
    pub(super) is_mapped: bool,
    /// `--mss`: the size of the segments of which the stack is to believe that an inbound packet was put together;
    /// 0: it is what it is.
    pub(super) virtual_mss: u16,
    /// `--udp_encapsulation=tcp`: UDP carries TCP.
    pub(super) is_tcp_in_udp: bool,
    /// Whether PSH on a segment with data is no difference where no line asks for it. RFC 9293 §3.9.1.2 asks for it on the
    /// last of the data, and forbids it nowhere: where a kernel splits its data is its own choice.
    pub(super) may_push: bool,
    /// `--tcp_md5_secret`
    pub(super) md5_secret: Option<String>,
}

/// Options that change nothing here: what they configure does not exist in virtual time, or they
/// only make packetdrill talk.
const WITHOUT_EFFECT: [&str; 17] = [
    "speed",        // no packet waits for the one before it; `shell` tells the device of a kernel
    "init_scripts", // `shell` understands them
    "gateway_ip",
    "netmask_ip",
    "send_omit_free",
    "code_sockopt",
    "code_command",
    "code_format",
    "is_anyip", // addresses are known here before anything was sent
    "verbose",
    "debug",
    "define",
    "no_cleanup",
    "tun_dev",
    "persistent_tun_dev",
    "local_linklocal_ip",
    "gateway_linklocal_ip",
];

impl Settings {
    pub(super) fn new(scenario: &Scenario, axes: &Axes) -> Result<Settings, Stop> {
        let family = scenario.family().unwrap_or(axes.ip);
        // those with which the suites are run: cookies of TCP Fast Open in scripts depend on them
        let (ip, local, remote, prefix) = match family {
            Ip::V4 | Ip::Mapped => (Ip::V4, IpAddr::from([192, 168, 0, 1]), IpAddr::from([192, 0, 2, 1]), 16),
            Ip::V6 => (Ip::V6, unique_local(0x0a0b, 0x17d6, 1), unique_local(0xfa7b, 0xd17d, 1), 48),
        };
        let mut settings = Settings {
            ip,
            local,
            prefix,
            remote,
            bind_port: 8080,
            connect_port: 8080,
            mtu: mtu(ip, axes),
            tolerance: Duration::from_millis(4),
            tolerance_percent: 12.5,
            timestamp_tick: 0,
            timestamp_scaled: false,
            compares_echo: false,
            strict_segments: false,
            loose_segments: false,
            packets_are_not_fatal: false,
            is_mapped: family == Ip::Mapped,
            virtual_mss: 0,
            is_tcp_in_udp: false,
            may_push: false,
            md5_secret: None,
        };
        for option in scenario.all_options() {
            settings.apply(option)?;
        }
        if settings.local == settings.remote {
            let is_address = |option: &&ScriptOption| ["local_ip", "remote_ip"].contains(&option.name.value.as_str());
            let what = format!("{} is the address of both sides", settings.local);
            let last = scenario.all_options().rfind(is_address).map(|option| &option.name.span);
            return Err(Stop::broken_at(last.unwrap_or(&(0..0)), what));
        }
        Ok(settings)
    }

    fn apply(&mut self, option: &ScriptOption) -> Result<(), Stop> {
        let value = option.value.as_ref().map_or("", |value| value.value.as_str());
        match option.name.value.as_str() {
            "ip_version" => {}
            "local_ip" => self.local = self.address(option, value)?,
            "remote_ip" => self.remote = self.address(option, value)?,
            "bind_port" => self.bind_port = number(option, value)?,
            "connect_port" => self.connect_port = number(option, value)?,
            "mtu" => self.mtu = number(option, value)?,
            "tolerance_usecs" => self.tolerance = Duration::from_micros(number(option, value)?),
            "tolerance_percent" => self.tolerance_percent = number(option, value)?,
            "tcp_ts_tick_usecs" => self.timestamp_tick = number(option, value)?,
            "tcp_ts_ecr_compare" => self.compares_echo = true,
            "tcp_ts_ecr_scaled" => self.timestamp_scaled = true,
            "strict_segments" => self.strict_segments = true,
            "loose_segments" => self.loose_segments = true,
            "non_fatal" => self.packets_are_not_fatal = value.split(',').any(|word| word.trim() == "packet"),
            name if WITHOUT_EFFECT.contains(&name) => {}
            "mss" => self.virtual_mss = number(option, value)?,
            "udp_encapsulation" if value == "tcp" => self.is_tcp_in_udp = true,
            "udp_encapsulation" => {
                return Err(Stop::unsupported_at(&option.name.span, super::inbound::SCTP.to_owned()));
            }
            "tcp_md5_secret" => self.md5_secret = Some(value.to_owned()),
            name => {
                let what = format!("the option --{name}: {}", why_not(name));
                return Err(Stop::unsupported_at(&option.name.span, what));
            }
        }
        Ok(())
    }

    /// An address, in the family of the run.
    fn address(&self, option: &ScriptOption, value: &str) -> Result<IpAddr, Stop> {
        let text = value.split('/').next().unwrap_or_default();
        match (text.parse::<IpAddr>(), self.ip) {
            (Ok(IpAddr::V4(v4)), Ip::V6) => Ok(embed(v4)),
            (Ok(IpAddr::V6(_)), Ip::V4 | Ip::Mapped) => {
                Err(Stop::broken_at(&option.name.span, format!("{value} is no IPv4 address, but this is an IPv4 run")))
            }
            (Ok(address), _) => Ok(address),
            (Err(_), _) => Err(Stop::broken_at(&option.name.span, format!("`{value}` is no IP address"))),
        }
    }

    /// What the stack's socket is bound to.
    pub(super) fn bind_address(&self) -> SocketAddr {
        SocketAddr::new(self.as_of_socket(self.local), self.bind_port)
    }

    /// What the stack's socket is connected to.
    pub(super) fn connect_address(&self) -> SocketAddr {
        SocketAddr::new(self.as_of_socket(self.remote), self.connect_port)
    }

    /// An address as calls have it.
    fn as_of_socket(&self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(v4) if self.is_mapped => IpAddr::V6(v4.to_ipv6_mapped()),
            address => address,
        }
    }

    /// Whether sockets are those of IPv6.
    pub(super) fn has_v6_sockets(&self) -> bool {
        self.ip == Ip::V6 || self.is_mapped
    }

    /// The same where times are as they may be: what differs then is more than a time.
    pub(super) fn timeless(&self) -> Settings {
        Settings { tolerance: Duration::MAX, timestamp_tick: 0, ..self.clone() }
    }

    /// How far from the expected time an event may be, `span` after the event before it.
    pub(super) fn tolerance(&self, span: Duration) -> Duration {
        let part = (span.as_nanos() as f64 * self.tolerance_percent / 100.0) as u64;
        self.tolerance.max(Duration::from_nanos(part))
    }
}

/// Why an option cannot be followed here.
fn why_not(name: &str) -> &'static str {
    match name {
        "so_filename" | "so_flags" => {
            "packetdrill's shared objects are its own; a stack joins as `stack::engine::Engine`"
        }
        "dry_run" => "`wirelaw check` parses without running",
        "help" => "it belongs on a command line",
        // `wire_...`, and PSP, which that mode alone has
        _ => "it belongs to packetdrill's mode of two machines",
    }
}

/// Packetdrill's default. But where the run asks for IPv6 the 20 octets that the header is longer come on top, as the
/// runners of its suites have it, so that the `mss 1460` of a script holds. A script that asks for IPv6 in a run that
/// does not knows its link.
fn mtu(ip: Ip, axes: &Axes) -> u16 {
    if (ip, axes.ip) == (Ip::V6, Ip::V6) { 1520 } else { 1500 }
}

/// An IPv4 address of a script in an IPv6 run: the last 32 bits of a unique local one.
fn embed(v4: Ipv4Addr) -> IpAddr {
    unique_local(0xfa7b, 0xd17d, v4.to_bits())
}

/// An address of `fd3d::/16` (RFC 4193).
fn unique_local(a: u16, b: u16, host: u32) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from_bits(0xfd3d << 112 | u128::from(a) << 96 | u128::from(b) << 80 | u128::from(host)))
}

/// A number in decimal or, with `0x`, in hex.
fn number<T: std::str::FromStr>(option: &ScriptOption, value: &str) -> Result<T, Stop> {
    let hex = value.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
    let decimal = hex.map_or_else(|| value.to_owned(), |number| number.to_string());
    decimal.parse().map_err(|_| {
        Stop::broken_at(&option.name.span, format!("--{} needs a number in range, not `{value}`", option.name.value))
    })
}
