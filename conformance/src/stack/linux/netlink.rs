//! The few requests of rtnetlink(7) that make a link: a pair of devices, addresses, routes.

use std::io;
use std::net::IpAddr;
use std::os::fd::AsRawFd;

use socket2::{Domain, Protocol, Socket, Type};

const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLM_F_CREATE: u16 = 0x400;
const NLM_F_REPLACE: u16 = 0x100;

const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const VETH_INFO_PEER: u16 = 1;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_FLAGS: u16 = 8;
const IFA_F_NODAD: u32 = 2;
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_METRICS: u16 = 8;

/// A socket to the kernel's routing tables.
pub(super) struct Netlink {
    socket: Socket,
}

impl Netlink {
    pub(super) fn open() -> io::Result<Netlink> {
        let protocol = Protocol::from(libc::NETLINK_ROUTE);
        let socket = Socket::new(Domain::from(libc::AF_NETLINK), Type::RAW, Some(protocol))?;
        socket.set_read_timeout(Some(std::time::Duration::from_secs(2)))?;
        Ok(Netlink { socket })
    }

    /// A pair of Ethernet devices, each the other's wire.
    pub(super) fn add_veth(&self, name: &str, peer: &str, hardware: [u8; 6]) -> io::Result<()> {
        let mut message = Message::new(libc::RTM_NEWLINK, NLM_F_CREATE);
        message.link(0, 0, 0);
        message.text(IFLA_IFNAME, name);
        message.attribute(IFLA_ADDRESS, &hardware);
        message.nested(IFLA_LINKINFO, |info| {
            info.text(IFLA_INFO_KIND, "veth");
            info.nested(IFLA_INFO_DATA, |data| {
                data.nested(VETH_INFO_PEER, |other| {
                    other.link(0, 0, 0);
                    other.text(IFLA_IFNAME, peer);
                });
            });
        });
        self.request(message)
    }

    /// Turns a device on, with this MTU if one is given.
    pub(super) fn set_up(&self, index: u32, mtu: Option<u16>, flags: i32) -> io::Result<()> {
        let mut message = Message::new(libc::RTM_NEWLINK, 0);
        let flags = (libc::IFF_UP | flags) as u32;
        message.link(index, flags, flags);
        if let Some(mtu) = mtu {
            message.attribute(IFLA_MTU, &u32::from(mtu).to_ne_bytes());
        }
        self.request(message)
    }

    /// Gives a device an address, at once: nobody else can have it.
    pub(super) fn add_address(&self, index: u32, address: IpAddr, prefix: u8) -> io::Result<()> {
        let mut message = Message::new(libc::RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
        message.octets.extend([family(address), prefix, IFA_F_NODAD as u8, 0]);
        message.octets.extend(index.to_ne_bytes());
        let octets = octets(address);
        message.attribute(IFA_LOCAL, &octets);
        message.attribute(IFA_ADDRESS, &octets);
        message.attribute(IFA_FLAGS, &IFA_F_NODAD.to_ne_bytes());
        self.request(message)
    }

    /// Routes a network out of a device, with these metrics (`RTAX_*`).
    pub(super) fn add_route(&self, index: u32, network: IpAddr, prefix: u8, metrics: &[(u16, u32)]) -> io::Result<()> {
        let mut message = Message::new(libc::RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
        let (protocol, scope, kind) = (libc::RTPROT_STATIC, libc::RT_SCOPE_UNIVERSE, libc::RTN_UNICAST);
        message.octets.extend([family(network), prefix, 0, 0, libc::RT_TABLE_MAIN, protocol, scope, kind]);
        message.octets.extend([0; 4]);
        message.attribute(RTA_DST, &octets(masked(network, prefix)));
        message.attribute(RTA_OIF, &index.to_ne_bytes());
        if !metrics.is_empty() {
            message.nested(RTA_METRICS, |list| {
                for (kind, value) in metrics {
                    list.attribute(*kind, &value.to_ne_bytes());
                }
            });
        }
        self.request(message)
    }

    /// Sends one request and waits for what the kernel says to it.
    fn request(&self, message: Message) -> io::Result<()> {
        self.socket.send(&message.finish())?;
        let mut answer = [0; 8192];
        let count = super::sys::recv(self.socket.as_raw_fd(), &mut answer, 0)? as usize;
        let errno = answer.get(16..20).filter(|_| count >= 20).and_then(|octets| octets.try_into().ok());
        match errno.map(i32::from_ne_bytes) {
            Some(0) => Ok(()),
            Some(errno) => Err(io::Error::from_raw_os_error(-errno)),
            None => Err(io::Error::other("the kernel's answer is too short")),
        }
    }
}

fn family(address: IpAddr) -> u8 {
    if address.is_ipv4() { libc::AF_INET as u8 } else { libc::AF_INET6 as u8 }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

/// The network of an address: a route to a host behind a longer prefix is refused.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

/// A request under construction.
struct Message {
    octets: Vec<u8>,
}

impl Message {
    fn new(kind: u16, flags: u16) -> Message {
        let mut octets = vec![0; 4];
        octets.extend(kind.to_ne_bytes());
        octets.extend((NLM_F_REQUEST | NLM_F_ACK | flags).to_ne_bytes());
        octets.extend([0; 8]);
        Message { octets }
    }

    /// `struct ifinfomsg`
    fn link(&mut self, index: u32, flags: u32, change: u32) {
        self.octets.extend([0; 4]);
        for word in [index, flags, change] {
            self.octets.extend(word.to_ne_bytes());
        }
    }

    fn attribute(&mut self, kind: u16, value: &[u8]) {
        self.nested(kind, |inner| inner.octets.extend(value));
    }

    fn text(&mut self, kind: u16, value: &str) {
        self.attribute(kind, &[value.as_bytes(), &[0]].concat());
    }

    /// An attribute with its length in front, filled up to a multiple of 4.
    fn nested(&mut self, kind: u16, fill: impl FnOnce(&mut Message)) {
        let start = self.octets.len();
        self.octets.extend([0, 0]);
        self.octets.extend(kind.to_ne_bytes());
        fill(self);
        let length = (self.octets.len() - start) as u16;
        self.octets[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self.octets.resize(self.octets.len().next_multiple_of(4), 0);
    }

    fn finish(mut self) -> Vec<u8> {
        let length = self.octets.len() as u32;
        self.octets[..4].copy_from_slice(&length.to_ne_bytes());
        self.octets
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_network_has_zeros_behind_its_prefix() {
        let net = |text: &str, prefix| masked(text.parse().expect("an address"), prefix).to_string();
        assert_eq!(net("192.0.2.129", 24), "192.0.2.0");
        assert_eq!(net("192.0.2.129", 32), "192.0.2.129");
        assert_eq!(net("192.0.2.129", 0), "0.0.0.0");
        assert_eq!(net("2001:db8:ffff::1", 32), "2001:db8::");
        assert_eq!(net("2001:db8::1", 128), "2001:db8::1");
    }
}
