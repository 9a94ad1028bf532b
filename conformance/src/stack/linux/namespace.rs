//! A user and network namespace of one's own, and the link in it.
//!
//! Nothing of the host changes: what is set holds in the namespace alone, which ends with its last process.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::{Duration, Instant};

use super::netlink::Netlink;
use super::sys;
use crate::stack::{Setup, StackError};

/// The device of the stack under test; scripts call it by this name.
pub(super) const DEVICE: &str = "tun0";

/// The other end of the wire, where there is no TUN.
const PEER: &str = "wire0";

/// The largest packet of a route, among its metrics.
const RTAX_MTU: u16 = 2;

/// The hardware address of the stack's end of the wire.
pub(super) const HARDWARE: [u8; 6] = [2, 0, 0, 0, 0, 1];

/// How long the kernel may take to route an address to itself; in vain, if a device never gets ready.
const ROUTE_PATIENCE: Duration = Duration::from_secs(1);

/// What packets are put into.
#[derive(Debug)]
pub(super) enum Wire {
    /// A TUN device: whole IP packets are written into it.
    Tun(File),
    /// The number of the device at the other end of a pair.
    Veth(u32),
}

/// The link of a namespace.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) wire: Wire,
    /// The number of the stack's device.
    pub(super) index: u32,
}

/// Moves this process, which must have one thread, into namespaces of its own.
pub(super) fn enter() -> Result<(), StackError> {
    // what a process is outside: it must be asked before
    let (user, group) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    let with_user = sys::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET);
    if let Err(refused) = with_user {
        // root may have what users may not
        return sys::unshare(libc::CLONE_NEWNET).map(|_| ()).map_err(|_| forbidden(&refused));
    }
    let write = |name: &str, text: String| fs::write(format!("/proc/self/{name}"), text);
    let _ = write("setgroups", "deny".to_owned()); // kernels before 3.19 have no such file
    write("uid_map", format!("0 {user} 1"))
        .and_then(|()| write("gid_map", format!("0 {group} 1")))
        .map_err(|error| forbidden(&error))
}

fn forbidden(cause: &io::Error) -> StackError {
    let mut remedy = "run as root, or allow user namespaces".to_owned();
    for (path, bad, cure) in [
        ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
        ("/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=1000"),
        (
            "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "sysctl kernel.apparmor_restrict_unprivileged_userns=0",
        ),
    ] {
        if fs::read_to_string(path).is_ok_and(|value| value.trim() == bad) {
            remedy = format!("run as root, or: {cure}");
        }
    }
    StackError::Unsupported(format!("a network namespace, which this system forbids ({cause}); {remedy}"))
}

/// Makes the link: a TUN device where one may be opened, else a pair of Ethernet devices.
pub(super) fn link(setup: &Setup, metrics: &[(u16, u32)]) -> Result<Link, StackError> {
    quiet_ipv6();
    let broken = |(what, error)| StackError::Broken(format!("cannot {what} in the namespace: {error}"));
    make(setup, metrics).map_err(broken)
}

/// What could not be done, and why.
type Failed = (&'static str, io::Error);

fn make(setup: &Setup, metrics: &[(u16, u32)]) -> Result<Link, Failed> {
    let netlink = Netlink::open().map_err(|error| ("talk to the kernel", error))?;
    turn_on_loopback(&netlink).map_err(|error| ("turn on the loopback device", error))?;
    let wire = tun(setup).map_or_else(|| veth(&netlink, setup), Ok)?;
    let index = index_of(DEVICE).ok_or_else(|| ("find the device", io::Error::from(io::ErrorKind::NotFound)))?;
    // A pair of devices drops what is larger than the receiver's MTU, and a script may inject more than the stack sends;
    // no neighbour needs to be asked for its hardware address.
    let (mtu, quiet) = match wire {
        Wire::Tun(_) => (setup.mtu, 0),
        Wire::Veth(_) => (u16::MAX, libc::IFF_NOARP),
    };
    netlink.set_up(index, Some(mtu), quiet).map_err(|error| ("turn on the device", error))?;
    netlink.add_address(index, setup.local, setup.prefix).map_err(|error| ("set the address", error))?;
    match wire {
        Wire::Tun(_) => route(&netlink, setup, metrics, index)?,
        Wire::Veth(_) => limit(setup, metrics, index)?,
    }
    await_local(setup.local);
    Ok(Link { wire, index })
}

fn route(netlink: &Netlink, setup: &Setup, metrics: &[(u16, u32)], index: u32) -> Result<(), Failed> {
    let route = netlink.add_route(index, setup.remote, remote_prefix(setup), metrics);
    route.map_err(|error| ("set the route", error))
}

/// Lets the route have the MTU that the device of a pair has not.
pub(super) fn limit(setup: &Setup, metrics: &[(u16, u32)], index: u32) -> Result<(), Failed> {
    let path = format!("/proc/sys/net/ipv6/conf/{DEVICE}/mtu");
    let _ = fs::write(path, setup.mtu.to_string()); // a kernel without IPv6 has no such file
    let netlink = Netlink::open().map_err(|error| ("talk to the kernel", error))?;
    let metrics: Vec<(u16, u32)> = metrics.iter().copied().chain([(RTAX_MTU, u32::from(setup.mtu))]).collect();
    route(&netlink, setup, &metrics, index)
}

/// Turns on the loopback device, where there is one.
pub(super) fn turn_on_loopback(netlink: &Netlink) -> io::Result<()> {
    index_of("lo").map_or(Ok(()), |index| netlink.set_up(index, None, 0))
}

/// The kernel routes an IPv6 address to itself a moment after the address was set: what comes before that is lost.
fn await_local(address: IpAddr) {
    let IpAddr::V6(address) = address else { return };
    let start = Instant::now();
    while start.elapsed() < ROUTE_PATIENCE {
        // without this file there is nothing to wait for
        if fs::read_to_string("/proc/self/net/ipv6_route").map_or(true, |routes| is_local(&routes, address)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Whether a table as in `/proc/net/ipv6_route` routes an address to this host itself.
fn is_local(routes: &str, address: Ipv6Addr) -> bool {
    const RTF_LOCAL: u32 = 0x8000_0000;
    let wanted = format!("{:032x}", address.to_bits());
    routes.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>()).any(|fields| {
        let flags = fields.get(8).and_then(|flags| u32::from_str_radix(flags, 16).ok());
        fields.first() == Some(&wanted.as_str())
            && fields.get(1) == Some(&"80")
            && flags.is_some_and(|flags| flags & RTF_LOCAL != 0)
    })
}

/// The network behind the link. The kernel takes the longest prefix: what is set on the route must not be lost to the route
/// that an address of the same network brings with it.
fn remote_prefix(setup: &Setup) -> u8 {
    match (setup.local, setup.remote) {
        (_, IpAddr::V4(_)) => 24,
        (IpAddr::V6(local), IpAddr::V6(remote)) if local.to_bits() >> 80 == remote.to_bits() >> 80 => 64,
        (_, IpAddr::V6(_)) => 32,
    }
}

fn tun(setup: &Setup) -> Option<Wire> {
    if std::env::var_os("WIRELAW_NO_TUN").is_some() {
        return None;
    }
    let file = OpenOptions::new().read(true).write(true).open("/dev/net/tun").ok()?;
    sys::make_tun(file.as_raw_fd(), DEVICE, setup.has_offload, setup.virtual_mss > 0).ok()?;
    let flags = sys::fcntl(file.as_raw_fd(), libc::F_GETFL, 0).ok()?;
    sys::fcntl(file.as_raw_fd(), libc::F_SETFL, flags as i32 | libc::O_NONBLOCK).ok()?;
    Some(Wire::Tun(file))
}

fn veth(netlink: &Netlink, setup: &Setup) -> Result<Wire, (&'static str, io::Error)> {
    netlink.add_veth(DEVICE, PEER, HARDWARE).map_err(|error| ("make a pair of devices", error))?;
    if !setup.has_offload {
        let socket = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::DGRAM, None)
            .map_err(|error| ("make a socket", error.into()))?;
        sys::drop_offload(socket.as_raw_fd(), DEVICE).map_err(|error| ("turn off segmentation offload", error))?;
    }
    let peer = index_of(PEER).ok_or_else(|| ("find the device", io::Error::from(io::ErrorKind::NotFound)))?;
    netlink.set_up(peer, Some(u16::MAX), libc::IFF_NOARP).map_err(|error| ("turn on the wire", error))?;
    Ok(Wire::Veth(peer))
}

/// The number of a device of this namespace; `/sys` may show those of another.
fn index_of(name: &str) -> Option<u32> {
    rustix::net::netdevice::name_to_index(
        rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::DGRAM, None).ok()?,
        name,
    )
    .ok()
}

/// Nobody shall look for routers or neighbours, nor wait until an address is known to be free.
fn quiet_ipv6() {
    let folder = Path::new("/proc/sys/net/ipv6/conf/default");
    for (name, value) in [
        ("accept_dad", "0"),
        ("autoconf", "0"),
        ("accept_ra", "0"),
        ("router_solicitations", "0"),
        ("addr_gen_mode", "1"),
    ] {
        let _ = fs::write(folder.join(name), value); // a kernel without IPv6 has nothing to say
    }
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn an_address_is_local_by_a_route_of_its_own() {
        let address = "fd3d::1".parse().expect("an address");
        let route = |to: &str, length: &str, flags: &str| {
            let nothing = "0".repeat(32);
            format!("{to} {length} {nothing} 00 {nothing} 00000000 00000001 00000000 {flags}     tun0\n")
        };
        let own = "fd3d0000000000000000000000000001";
        assert!(is_local(&(route(own, "80", "00000001") + &route(own, "80", "80200001")), address));
        assert!(!is_local(&route(own, "80", "00000001"), address), "a route, but out of a device");
        assert!(!is_local(&route("fd3d0000000000000000000000000000", "30", "80200001"), address), "its network");
        assert!(!is_local("", address));
    }
}
