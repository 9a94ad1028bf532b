//! The system calls of the kernel stack: the one file with `unsafe` in it.
//!
//! A script may ask for any call with any numbers, wrong ones above all, so numbers are passed on as they are. What
//! makes each block sound is the same: every pointer comes from a slice or a value that outlives the call, and the
//! length beside it is that slice's.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::io;
use std::mem::{self, MaybeUninit};
use std::net::SocketAddr;
use std::ptr;

use libc::{c_int, c_void};
use rustix::process::{Resource, Rlimit};
use socket2::SockAddr;

/// A descriptor as the kernel numbers it; it need not be open.
pub(super) type RawFd = c_int;

fn checked(value: libc::ssize_t) -> io::Result<i64> {
    if value < 0 { Err(io::Error::last_os_error()) } else { Ok(value as i64) }
}

fn checked_int(value: c_int) -> io::Result<i64> {
    checked(value as libc::ssize_t)
}

pub(super) fn socket(domain: c_int, kind: c_int, protocol: c_int) -> io::Result<i64> {
    // SAFETY: no pointers.
    checked_int(unsafe { libc::socket(domain, kind, protocol) })
}

pub(super) fn bind(fd: RawFd, address: &SocketAddr) -> io::Result<i64> {
    let address = SockAddr::from(*address);
    // SAFETY: the address outlives the call and has the length it states.
    checked_int(unsafe { libc::bind(fd, address.as_ptr().cast(), address.len()) })
}

/// `None`: to the address family `AF_UNSPEC`, which dissolves a connection.
pub(super) fn connect(fd: RawFd, address: Option<&SocketAddr>) -> io::Result<i64> {
    let Some(address) = address else {
        let nobody = libc::sockaddr { sa_family: libc::AF_UNSPEC as u16, sa_data: [0; 14] };
        // SAFETY: the address outlives the call and has the length it states.
        return checked_int(unsafe { libc::connect(fd, &raw const nobody, mem::size_of_val(&nobody) as u32) });
    };
    let address = SockAddr::from(*address);
    // SAFETY: the address outlives the call and has the length it states.
    checked_int(unsafe { libc::connect(fd, address.as_ptr().cast(), address.len()) })
}

pub(super) fn listen(fd: RawFd, backlog: c_int) -> io::Result<i64> {
    // SAFETY: no pointers.
    checked_int(unsafe { libc::listen(fd, backlog) })
}

pub(super) fn accept(fd: RawFd) -> io::Result<(i64, Option<SocketAddr>)> {
    // SAFETY: `try_init` hands out room for the largest address, and its length.
    let accepted = unsafe {
        SockAddr::try_init(|room, length| {
            let fd = libc::accept(fd, room.cast(), length);
            if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(fd) }
        })
    };
    accepted.map(|(fd, address)| (i64::from(fd), address.as_socket()))
}

pub(super) fn read(fd: RawFd, buffer: &mut [u8]) -> io::Result<i64> {
    // SAFETY: the buffer is as long as it is said to be.
    checked(unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) })
}

pub(super) fn recv(fd: RawFd, buffer: &mut [u8], flags: c_int) -> io::Result<i64> {
    // SAFETY: the buffer is as long as it is said to be.
    checked(unsafe { libc::recv(fd, buffer.as_mut_ptr().cast(), buffer.len(), flags) })
}

pub(super) fn write(fd: RawFd, data: &[u8]) -> io::Result<i64> {
    // SAFETY: the data is as long as it is said to be.
    checked(unsafe { libc::write(fd, data.as_ptr().cast(), data.len()) })
}

pub(super) fn sendto(fd: RawFd, data: &[u8], flags: c_int, to: Option<&SocketAddr>) -> io::Result<i64> {
    let to = to.map(|to| SockAddr::from(*to));
    let (address, length) = to.as_ref().map_or((ptr::null(), 0), |to| (to.as_ptr().cast(), to.len()));
    // SAFETY: data and address are as long as they are said to be, and outlive the call.
    checked(unsafe { libc::sendto(fd, data.as_ptr().cast(), data.len(), flags, address, length) })
}

/// Reads into the null pointer or writes from it: what the kernel says to a buffer that is not there.
pub(super) fn transfer_null(fd: RawFd, length: usize, flags: c_int, is_write: bool) -> io::Result<i64> {
    // SAFETY: the kernel checks the addresses of a process before it touches them; nothing is mapped at 0.
    checked(unsafe {
        if is_write {
            libc::send(fd, ptr::null::<c_void>(), length, flags)
        } else {
            libc::recv(fd, ptr::null_mut::<c_void>(), length, flags)
        }
    })
}

/// What `recvmsg` returned beside its count.
pub(super) struct Received {
    pub(super) count: i64,
    pub(super) flags: c_int,
    pub(super) control: Vec<u8>,
}

pub(super) fn recvmsg(fd: RawFd, buffer: &mut [u8], room: usize, flags: c_int) -> io::Result<Received> {
    let mut control = vec![0_u64; room.div_ceil(8)]; // a control message begins at a multiple of 8
    let mut piece = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: all zeros is a message header without anything.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_iov = &raw mut piece;
    header.msg_iovlen = 1;
    if room > 0 {
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = control.len() * 8;
    }
    // SAFETY: the header points to one piece and to the control buffer, which outlive the call.
    let count = checked(unsafe { libc::recvmsg(fd, &raw mut header, flags) })?;
    let octets: Vec<u8> = control.iter().flat_map(|word| word.to_ne_bytes()).take(header.msg_controllen).collect();
    Ok(Received { count, flags: header.msg_flags, control: octets })
}

pub(super) fn sendmsg(
    fd: RawFd,
    pieces: &[&[u8]],
    control: &[u8],
    flags: c_int,
    to: Option<&SocketAddr>,
) -> io::Result<i64> {
    let to = to.map(|to| SockAddr::from(*to));
    let mut aligned: Vec<u64> = vec![0; control.len().div_ceil(8)];
    for (word, octets) in aligned.iter_mut().zip(control.chunks(8)) {
        let mut full = [0; 8];
        full[..octets.len()].copy_from_slice(octets);
        *word = u64::from_ne_bytes(full);
    }
    let vector = |piece: &&[u8]| libc::iovec { iov_base: piece.as_ptr().cast_mut().cast(), iov_len: piece.len() };
    let mut vectors: Vec<libc::iovec> = pieces.iter().map(vector).collect();
    // SAFETY: all zeros is a message header without anything.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_iov = vectors.as_mut_ptr();
    header.msg_iovlen = vectors.len();
    if let Some(to) = &to {
        header.msg_name = to.as_ptr().cast_mut().cast();
        header.msg_namelen = to.len();
    }
    if !control.is_empty() {
        header.msg_control = aligned.as_mut_ptr().cast();
        header.msg_controllen = control.len();
    }
    // SAFETY: all that the header points to outlives the call, and the kernel only reads it.
    checked(unsafe { libc::sendmsg(fd, &raw const header, flags) })
}

pub(super) fn close(fd: RawFd) -> io::Result<i64> {
    // SAFETY: the descriptor is one that a script opened; those of this program are never named to it.
    checked_int(unsafe { libc::close(fd) })
}

pub(super) fn shutdown(fd: RawFd, how: c_int) -> io::Result<i64> {
    // SAFETY: no pointers.
    checked_int(unsafe { libc::shutdown(fd, how) })
}

/// Commands whose argument is a number; those with a pointer are not for scripts.
pub(super) fn fcntl(fd: RawFd, command: c_int, argument: c_int) -> io::Result<i64> {
    let numeric = [libc::F_DUPFD, libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_SETFL];
    if !numeric.contains(&command) {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    // SAFETY: these commands take a number and touch no memory.
    checked_int(unsafe { libc::fcntl(fd, command, argument) })
}

/// An `ioctl` that writes one `int`; the room is larger, should one write more.
pub(super) fn ioctl(fd: RawFd, request: u64) -> io::Result<(i64, i32)> {
    let mut room = [0_i32; 64];
    // SAFETY: only the queue lengths of sockets get here, which write an `int`.
    let value = checked_int(unsafe { libc::ioctl(fd, request as _, room.as_mut_ptr()) })?;
    Ok((value, room[0]))
}

pub(super) fn setsockopt(fd: RawFd, level: c_int, name: c_int, value: &[u8]) -> io::Result<i64> {
    // SAFETY: the value is as long as it is said to be.
    checked_int(unsafe { libc::setsockopt(fd, level, name, value.as_ptr().cast(), value.len() as u32) })
}

pub(super) fn getsockopt(fd: RawFd, level: c_int, name: c_int, length: usize) -> io::Result<(i64, Vec<u8>)> {
    let mut room = vec![0_u8; length.min(1 << 16)];
    let mut length = room.len() as u32;
    // SAFETY: the room is as long as the length says.
    let value = checked_int(unsafe { libc::getsockopt(fd, level, name, room.as_mut_ptr().cast(), &raw mut length) })?;
    room.truncate(length as usize);
    Ok((value, room))
}

/// `revents` of each, beside the count.
pub(super) fn poll(fds: &[(RawFd, i16)], timeout: c_int) -> io::Result<(i64, Vec<i16>)> {
    let mut list: Vec<libc::pollfd> = fds.iter().map(|&(fd, events)| libc::pollfd { fd, events, revents: 0 }).collect();
    // SAFETY: the list has as many elements as stated.
    let count = checked_int(unsafe { libc::poll(list.as_mut_ptr(), list.len() as libc::nfds_t, timeout) })?;
    Ok((count, list.iter().map(|entry| entry.revents).collect()))
}

/// [`poll`] for reading with a time-out in nanoseconds; whether each can be read.
pub(super) fn wait_readable(fds: &[RawFd], nanoseconds: u64) -> io::Result<Vec<bool>> {
    let mut list: Vec<libc::pollfd> =
        fds.iter().map(|&fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 }).collect();
    let timeout = libc::timespec {
        tv_sec: (nanoseconds / 1_000_000_000) as libc::time_t,
        tv_nsec: (nanoseconds % 1_000_000_000) as _,
    };
    // SAFETY: the list has as many elements as stated, and a null signal mask changes none.
    let done = unsafe { libc::ppoll(list.as_mut_ptr(), list.len() as libc::nfds_t, &raw const timeout, ptr::null()) };
    match checked_int(done) {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
        _ => Ok(list.iter().map(|entry| entry.revents != 0).collect()),
    }
}

pub(super) fn epoll_create(size: c_int) -> io::Result<i64> {
    // SAFETY: no pointers.
    checked_int(unsafe { libc::epoll_create(size) })
}

pub(super) fn epoll_ctl(epoll: RawFd, operation: c_int, fd: RawFd, events: u32, data: u64) -> io::Result<i64> {
    let mut event = libc::epoll_event { events, u64: data };
    // SAFETY: the event outlives the call.
    checked_int(unsafe { libc::epoll_ctl(epoll, operation, fd, &raw mut event) })
}

/// The first event beside the count.
pub(super) fn epoll_wait(epoll: RawFd, most: c_int, timeout: c_int) -> io::Result<(i64, u32, u64)> {
    let room = usize::try_from(most).unwrap_or(0).clamp(1, 1024);
    let mut events = vec![libc::epoll_event { events: 0, u64: 0 }; room];
    // SAFETY: there is room for as many events as are asked for.
    let count = checked_int(unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), most.min(room as c_int), timeout) })?;
    let first = events[0];
    Ok((count, first.events, first.u64))
}

pub(super) fn pipe() -> io::Result<[RawFd; 2]> {
    let mut ends = [0; 2];
    // SAFETY: there is room for both ends.
    checked_int(unsafe { libc::pipe(ends.as_mut_ptr()) })?;
    Ok(ends)
}

pub(super) fn splice(from: RawFd, to: RawFd, length: usize, flags: u32) -> io::Result<i64> {
    // SAFETY: null offsets are allowed.
    checked(unsafe { libc::splice(from, ptr::null_mut(), to, ptr::null_mut(), length, flags) })
}

pub(super) fn sendfile(to: RawFd, from: RawFd, offset: Option<i64>, count: usize) -> io::Result<i64> {
    let mut offset = offset;
    let place = offset.as_mut().map_or(ptr::null_mut(), |offset| &raw mut *offset);
    // SAFETY: the offset outlives the call, or is null, which is allowed.
    checked(unsafe { libc::sendfile(to, from, place, count) })
}

pub(super) fn open(path: &str, flags: c_int) -> io::Result<i64> {
    let path = CString::new(path).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: the path ends with a zero octet and outlives the call.
    checked_int(unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC, 0o600) })
}

/// New namespaces for this process; it must have one thread only.
pub(super) fn unshare(flags: c_int) -> io::Result<i64> {
    const KINDS: c_int = libc::CLONE_NEWUSER | libc::CLONE_NEWNET | libc::CLONE_NEWPID;
    // SAFETY: only namespaces are asked for, none of which has to do with memory.
    checked_int(unsafe { libc::unshare(flags & KINDS) })
}

/// A request about the device of this name.
fn device_request(name: &str) -> libc::ifreq {
    // SAFETY: all zeros is a request without anything.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().take(libc::IFNAMSIZ - 1).zip(name.bytes()) {
        *to = from as _;
    }
    request
}

/// Makes an Ethernet device refuse large packets; `fd` is any socket.
pub(super) fn drop_offload(fd: RawFd, name: &str) -> io::Result<()> {
    const ETHTOOL_STSO: u32 = 0x1f;
    let mut value = [ETHTOOL_STSO, 0];
    let mut request = device_request(name);
    request.ifr_ifru.ifru_data = value.as_mut_ptr().cast();
    // SAFETY: the request points to a `struct ethtool_value`, which outlives the call.
    checked_int(unsafe { libc::ioctl(fd, libc::SIOCETHTOOL as _, &raw mut request) })?;
    Ok(())
}

/// Makes a TUN device of an open `/dev/net/tun`. With `has_offload` it takes large packets and unfinished checksums, as
/// a network card would; with `has_header` each packet has a `virtio_net_hdr` in front.
pub(super) fn make_tun(fd: RawFd, name: &str, has_offload: bool, has_header: bool) -> io::Result<()> {
    let mut request = device_request(name);
    let header = if has_header { libc::IFF_VNET_HDR } else { 0 };
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI | header) as i16;
    // SAFETY: TUNSETIFF reads and writes an `ifreq`.
    checked_int(unsafe { libc::ioctl(fd, libc::TUNSETIFF as _, &raw mut request) })?;
    if !has_offload {
        return Ok(());
    }
    let offload = libc::TUN_F_CSUM | libc::TUN_F_TSO4 | libc::TUN_F_TSO6 | libc::TUN_F_TSO_ECN;
    // SAFETY: TUNSETOFFLOAD takes a number.
    checked_int(unsafe { libc::ioctl(fd, libc::TUNSETOFFLOAD as _, libc::c_ulong::from(offload)) })?;
    Ok(())
}

/// A packet that a packet socket saw.
pub(super) struct Captured {
    pub(super) length: usize,
    /// `PACKET_OUTGOING` and the like.
    pub(super) kind: u8,
    /// When the kernel saw it: `CLOCK_REALTIME` in nanoseconds.
    pub(super) stamp: Option<i64>,
    /// Whether its checksum is left to the device.
    pub(super) is_unfinished: bool,
}

/// The address of a packet socket on one device, for IP packets of both families.
fn link_address(index: u32, protocol: u16, hardware: [u8; 6]) -> libc::sockaddr_ll {
    // SAFETY: all zeros is an address without anything.
    let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = protocol.to_be();
    address.sll_ifindex = index as c_int;
    address.sll_halen = 6;
    address.sll_addr[..6].copy_from_slice(&hardware);
    address
}

/// Makes a packet socket hear one device alone.
pub(super) fn bind_link(fd: RawFd, index: u32) -> io::Result<()> {
    let address = link_address(index, libc::ETH_P_ALL as u16, [0; 6]);
    let length = mem::size_of_val(&address) as u32;
    // SAFETY: the address outlives the call and has the length it states.
    checked_int(unsafe { libc::bind(fd, (&raw const address).cast(), length) })?;
    Ok(())
}

/// Sends an IP packet out of a device, to this hardware address.
pub(super) fn send_link(fd: RawFd, index: u32, protocol: u16, hardware: [u8; 6], packet: &[u8]) -> io::Result<()> {
    let address = link_address(index, protocol, hardware);
    let length = mem::size_of_val(&address) as u32;
    // SAFETY: packet and address are as long as they are said to be, and outlive the call.
    checked(unsafe { libc::sendto(fd, packet.as_ptr().cast(), packet.len(), 0, (&raw const address).cast(), length) })?;
    Ok(())
}

/// The next packet of a packet socket, without waiting.
pub(super) fn capture(fd: RawFd, buffer: &mut [u8]) -> io::Result<Captured> {
    let mut control = [0_u64; 32];
    let mut address = MaybeUninit::<libc::sockaddr_ll>::zeroed();
    let mut piece = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: all zeros is a message header without anything.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_name = address.as_mut_ptr().cast();
    header.msg_namelen = mem::size_of::<libc::sockaddr_ll>() as u32;
    header.msg_iov = &raw mut piece;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = mem::size_of_val(&control);
    // SAFETY: all that the header points to outlives the call.
    let count = checked(unsafe { libc::recvmsg(fd, &raw mut header, libc::MSG_DONTWAIT) })?;
    // SAFETY: it was zeroed, and zeros are an address.
    let address = unsafe { address.assume_init() };
    let mut captured =
        Captured { length: count as usize, kind: address.sll_pkttype, stamp: None, is_unfinished: false };
    // SAFETY: the kernel has filled the control buffer with whole messages, which these macros walk; what is read of
    // each has the type that its level and kind say, and may stand anywhere.
    unsafe {
        let mut message = libc::CMSG_FIRSTHDR(&raw const header);
        while let Some(head) = message.as_ref() {
            let data = libc::CMSG_DATA(message);
            if (head.cmsg_level, head.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) {
                let stamp = data.cast::<libc::timespec>().read_unaligned();
                captured.stamp = Some(stamp.tv_sec * 1_000_000_000 + stamp.tv_nsec);
            } else if (head.cmsg_level, head.cmsg_type) == (libc::SOL_PACKET, libc::PACKET_AUXDATA) {
                let status = data.cast::<u32>().read_unaligned();
                captured.is_unfinished = status & libc::TP_STATUS_CSUMNOTREADY != 0;
            }
            message = libc::CMSG_NXTHDR(&raw const header, message);
        }
    }
    Ok(captured)
}

/// A clock in nanoseconds.
pub(super) fn clock(id: libc::clockid_t) -> i64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: there is room for the time.
    unsafe { libc::clock_gettime(id, &raw mut now) };
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

/// The priority of a run in real time: in the middle.
const PRIORITY: c_int = 50;

/// Asks for memory that stays, for exact timers and for the right to real time, while this process may still be root of
/// the machine. What is refused is not had.
pub(super) fn prepare_for_real_time() {
    let all = Rlimit { current: None, maximum: None };
    let priority = Rlimit { current: Some(PRIORITY as u64), maximum: Some(PRIORITY as u64) };
    let has_room = rustix::process::setrlimit(Resource::Memlock, all).is_ok();
    if rustix::process::setrlimit(Resource::Rtprio, priority).is_err() {
        enter_real_time(); // a root who may not raise limits has the right only now
    }
    // SAFETY: numbers only.
    unsafe {
        libc::prctl(libc::PR_SET_TIMERSLACK, 1_u64, 0, 0, 0);
        if has_room {
            // Where memory that is locked has a limit, the next allocation would fail. What is there is read in now, what
            // comes when it is needed: stacks of threads are large.
            libc::mlockall(libc::MCL_CURRENT);
            libc::mlockall(libc::MCL_FUTURE | libc::MCL_ONFAULT);
        }
    }
}

/// From now on this thread comes before all that are not in real time, if that is allowed.
pub(super) fn enter_real_time() {
    let parameter = libc::sched_param { sched_priority: PRIORITY };
    // SAFETY: the parameter outlives the call.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_RR, &raw const parameter) };
}

/// Whether this thread is in real time.
pub(super) fn is_in_real_time() -> bool {
    // SAFETY: numbers only.
    unsafe { libc::sched_getscheduler(0) == libc::SCHED_RR }
}

/// How long a tick of a coarse clock is, in nanoseconds.
pub(super) fn resolution(id: libc::clockid_t) -> i64 {
    let mut tick = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: there is room for the time.
    unsafe { libc::clock_getres(id, &raw mut tick) };
    tick.tv_sec * 1_000_000_000 + tick.tv_nsec
}

/// Kills every process of this process namespace but this one and the first. Whoever calls it has to be in one of its own.
pub(super) fn kill_all_others() {
    // SAFETY: numbers only.
    unsafe { libc::kill(-1, libc::SIGKILL) };
}

/// The kernel kills this process when its parent ends.
pub(super) fn die_with_parent() {
    // SAFETY: numbers only.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as u64, 0, 0, 0) };
}

/// The number of the calling thread.
pub(super) fn thread_id() -> i32 {
    // SAFETY: no pointers.
    unsafe { libc::gettid() }
}
