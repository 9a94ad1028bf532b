//! The lines of socket calls and of what they return.

use std::fmt::{self, Write};
use std::net::SocketAddr;

use super::Text;
use crate::posix::{self, SOL_TCP, TCP_INFO, tcp_info};
use crate::trace::{Call, Fd, Return};

/// Writes the line of a call.
pub(super) fn call(out: &mut String, call: &Call) -> fmt::Result {
    write!(out, "call {}(", name(call))?;
    if let Some(Fd(fd)) = descriptor(call) {
        write!(out, "{fd}")?;
    }
    match call {
        Call::Socket { domain, kind, protocol } => write!(out, "{domain}, {kind}, {protocol})"),
        Call::Accept { .. } | Call::Close { .. } => write!(out, ")"),
        Call::Bind { address, .. } | Call::Connect { address, .. } => write!(out, ", {address})"),
        Call::Listen { backlog, .. } => write!(out, ", {backlog})"),
        Call::Shutdown { how, .. } => write!(out, ", {how})"),
        Call::Fcntl { command, argument, .. } => write!(out, ", {command}, {argument})"),
        Call::Read { length, flags, .. } => {
            write!(out, ", {length} octets")?;
            flags_and_address(out, *flags, None)
        }
        Call::Write { data, flags, to, .. } => {
            write!(out, ", {} octets", data.len())?;
            flags_and_address(out, *flags, *to)?;
            text(out, data)
        }
        Call::SetOption { level, name, value, .. } => {
            write!(out, ", {}, {name}, ", Level(*level))?;
            match value.as_slice().try_into() {
                Ok(four) => write!(out, "{})", i32::from_le_bytes(four)),
                Err(_) => write!(out, "{})", Text(value)),
            }
        }
        Call::Ioctl { request, .. } => write!(out, ", 0x{request:x})"),
        Call::Poll { fds, timeout } => {
            let fds: Vec<String> = fds.iter().map(|(Fd(fd), events)| format!("{fd} for 0x{events:x}")).collect();
            write!(out, "{}, {timeout} ms)", fds.join(", "))
        }
        Call::GetOption { level, name, length, .. } => write!(out, ", {}, {name}, {length} octets)", Level(*level)),
        Call::ReceiveMessage { length, flags, .. } => {
            write!(out, ", {length} octets")?;
            flags_and_address(out, *flags, None)
        }
        Call::SendMessage { pieces, flags, to, .. } => {
            let data = pieces.concat();
            write!(out, ", {} octets in {} pieces", data.len(), pieces.len())?;
            flags_and_address(out, *flags, *to)?;
            text(out, &data)
        }
        Call::NullBuffer { length, .. } => write!(out, ", NULL, {length} octets)"),
        Call::Disconnect { .. } => write!(out, ", AF_UNSPEC)"),
        Call::EpollCreate { size } => write!(out, "{size})"),
        Call::EpollControl { operation, fd, events, data, .. } => {
            write!(out, ", {operation}, {}, 0x{events:x} with 0x{data:x})", fd.0)
        }
        Call::EpollWait { most, timeout, .. } => write!(out, ", {most}, {timeout} ms)"),
        Call::SetCapability { set, capability, is_set } => {
            write!(out, "{set}, {capability}, {})", i32::from(*is_set))
        }
        Call::Pipe => write!(out, ")"),
        Call::Splice { from, to, length, .. } => write!(out, "{} to {}, {length} octets)", from.0, to.0),
        Call::SendFile { to, from, offset, count } => {
            write!(out, "{} to {}, {count} octets from {})", from.0, to.0, offset.unwrap_or(0))
        }
        Call::Open { path, flags } => write!(out, "{path:?}, 0x{flags:x})"),
    }
}

/// Writes the line of a return; `call` is what it answers.
pub(super) fn returned(out: &mut String, call: Option<&Call>, value: &Return) -> fmt::Result {
    if let Some(call) = call {
        write!(out, "{}(", name(call))?;
        if let Some(Fd(fd)) = descriptor(call) {
            write!(out, "{fd}")?;
        }
        out.push_str(") ");
    }
    write!(out, "= {}", value.value)?;
    if let Some(errno) = value.errno {
        write!(out, " {errno}")?;
    }
    if let Some(peer) = value.peer {
        write!(out, " from {peer}")?;
    }
    match call {
        Some(Call::GetOption { level, name, .. }) if (i64::from(*level), i64::from(*name)) == (SOL_TCP, TCP_INFO) => {
            let fields: Vec<String> =
                tcp_info::told(&value.data).map(|(name, value)| format!("{name} {value}")).collect();
            if fields.is_empty() { Ok(()) } else { write!(out, ": {}", fields.join(", ")) }
        }
        Some(Call::Poll { .. } | Call::Ioctl { .. }) => {
            let ints = value.data.as_chunks::<4>().0.iter().map(|int| format!("0x{:x}", i32::from_le_bytes(*int)));
            let ints: Vec<String> = ints.collect();
            if ints.is_empty() { Ok(()) } else { write!(out, ": {}", ints.join(", ")) }
        }
        _ => text(out, &value.data),
    }
}

/// The POSIX name, without the variants that `send` and `recv` are.
pub(crate) fn name(call: &Call) -> &'static str {
    match call {
        Call::Socket { .. } => "socket",
        Call::Bind { .. } => "bind",
        Call::Listen { .. } => "listen",
        Call::Accept { .. } => "accept",
        Call::Connect { .. } => "connect",
        Call::Read { .. } => "read",
        Call::Write { .. } => "write",
        Call::Close { .. } => "close",
        Call::Shutdown { .. } => "shutdown",
        Call::Fcntl { .. } => "fcntl",
        Call::SetOption { .. } => "setsockopt",
        Call::Ioctl { .. } => "ioctl",
        Call::Poll { .. } => "poll",
        Call::GetOption { .. } => "getsockopt",
        Call::ReceiveMessage { .. } => "recvmsg",
        Call::SendMessage { .. } => "sendmsg",
        Call::NullBuffer { is_write: false, .. } => "recv",
        Call::NullBuffer { is_write: true, .. } => "send",
        Call::Disconnect { .. } => "connect",
        Call::EpollCreate { .. } => "epoll_create",
        Call::EpollControl { .. } => "epoll_ctl",
        Call::EpollWait { .. } => "epoll_wait",
        Call::Pipe => "pipe",
        Call::Splice { .. } => "splice",
        Call::SendFile { .. } => "sendfile",
        Call::Open { .. } => "open",
        Call::SetCapability { .. } => "cap_set",
    }
}

fn descriptor(call: &Call) -> Option<Fd> {
    match call {
        Call::Socket { .. }
        | Call::Poll { .. }
        | Call::EpollCreate { .. }
        | Call::Pipe
        | Call::Splice { .. }
        | Call::SendFile { .. }
        | Call::SetCapability { .. }
        | Call::Open { .. } => None,
        Call::EpollControl { epoll, .. } | Call::EpollWait { epoll, .. } => Some(*epoll),
        Call::ReceiveMessage { fd, .. }
        | Call::SendMessage { fd, .. }
        | Call::NullBuffer { fd, .. }
        | Call::Disconnect { fd }
        | Call::Bind { fd, .. }
        | Call::Listen { fd, .. }
        | Call::Accept { fd }
        | Call::Connect { fd, .. }
        | Call::Read { fd, .. }
        | Call::Write { fd, .. }
        | Call::Close { fd }
        | Call::Shutdown { fd, .. }
        | Call::Fcntl { fd, .. }
        | Call::SetOption { fd, .. }
        | Call::Ioctl { fd, .. }
        | Call::GetOption { fd, .. } => Some(*fd),
    }
}

/// The option level by its name: options have the same numbers at different levels.
struct Level(i32);

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match i64::from(self.0) {
            posix::SOL_SOCKET => f.write_str("SOL_SOCKET"),
            posix::SOL_IP => f.write_str("SOL_IP"),
            posix::SOL_TCP => f.write_str("SOL_TCP"),
            posix::SOL_UDP => f.write_str("SOL_UDP"),
            posix::SOL_IPV6 => f.write_str("SOL_IPV6"),
            other => write!(f, "{other}"),
        }
    }
}

fn flags_and_address(out: &mut String, flags: i32, to: Option<SocketAddr>) -> fmt::Result {
    if flags != 0 {
        write!(out, ", flags 0x{flags:x}")?;
    }
    if let Some(to) = to {
        write!(out, ", {to}")?;
    }
    out.push(')');
    Ok(())
}

fn text(out: &mut String, data: &[u8]) -> fmt::Result {
    if data.is_empty() { Ok(()) } else { write!(out, ": {}", Text(data)) }
}
