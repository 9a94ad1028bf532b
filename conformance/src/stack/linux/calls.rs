//! Calls of the seam -> system calls, and their results back.

use std::io;

use super::{capability, sys};
use crate::posix::{Errno, MSG_DONTWAIT, MSG_ZEROCOPY};
use crate::trace::{Call, Return};

/// The most octets that are read at once.
const MOST: usize = 64 << 20;

/// Makes the call, and waits for it if it blocks.
pub(super) fn make(call: &Call) -> Return {
    attempt(call).unwrap_or_else(|error| {
        let errno = error.raw_os_error().and_then(Errno::from_number);
        Return { value: -1, errno, ..Return::default() }
    })
}

fn attempt(call: &Call) -> io::Result<Return> {
    let ok = |value: i64| Return::ok(value);
    match call {
        Call::Socket { domain, kind, protocol } => sys::socket(*domain, *kind, *protocol).map(ok),
        Call::Bind { fd, address } => sys::bind(fd.0, address).map(ok),
        Call::Listen { fd, backlog } => sys::listen(fd.0, *backlog).map(ok),
        Call::Accept { fd } => sys::accept(fd.0).map(|(value, peer)| Return { peer, ..ok(value) }),
        Call::Connect { fd, address } => sys::connect(fd.0, Some(address)).map(ok),
        Call::Disconnect { fd } => sys::connect(fd.0, None).map(ok),
        Call::Read { fd, length, flags } => {
            let mut data = vec![0; (*length).min(MOST)];
            let value = if *flags == 0 { sys::read(fd.0, &mut data) } else { sys::recv(fd.0, &mut data, *flags) }?;
            data.truncate(usize::try_from(value).unwrap_or(0));
            Ok(Return { data, ..ok(value) })
        }
        Call::Write { fd, data, flags, to } => {
            let data = kept(data, *flags);
            let plain = *flags == 0 && to.is_none();
            if plain { sys::write(fd.0, &data) } else { sys::sendto(fd.0, &data, *flags, to.as_ref()) }.map(ok)
        }
        Call::NullBuffer { fd, length, flags, is_write } => {
            sys::transfer_null(fd.0, *length, *flags, *is_write).map(ok)
        }
        Call::ReceiveMessage { fd, length, control, flags } => {
            let mut data = vec![0; (*length).min(MOST)];
            let received = sys::recvmsg(fd.0, &mut data, (*control).min(1 << 16), *flags)?;
            data.truncate(usize::try_from(received.count).unwrap_or(0));
            Ok(Return { data, flags: received.flags, control: received.control, ..ok(received.count) })
        }
        Call::SendMessage { fd, pieces, control, flags, to } => {
            let kept: Vec<_> = pieces.iter().map(|piece| kept(piece, *flags)).collect();
            let pieces: Vec<&[u8]> = kept.iter().map(AsRef::as_ref).collect();
            sys::sendmsg(fd.0, &pieces, control, *flags, to.as_ref()).map(ok)
        }
        Call::Close { fd } => sys::close(fd.0).map(ok),
        Call::Shutdown { fd, how } => sys::shutdown(fd.0, *how).map(ok),
        Call::Fcntl { fd, command, argument } => sys::fcntl(fd.0, *command, *argument).map(ok),
        Call::SetOption { fd, level, name, value } => sys::setsockopt(fd.0, *level, *name, value).map(ok),
        Call::GetOption { fd, level, name, length } => {
            sys::getsockopt(fd.0, *level, *name, *length).map(|(value, data)| Return { data, ..ok(value) })
        }
        Call::Ioctl { fd, request } => {
            let (value, int) = sys::ioctl(fd.0, u64::from(*request as u32))?;
            Ok(Return { data: int.to_le_bytes().to_vec(), ..ok(value) })
        }
        Call::Poll { fds, timeout } => {
            let list: Vec<(i32, i16)> = fds.iter().map(|(fd, events)| (fd.0, *events as i16)).collect();
            let (value, revents) = sys::poll(&list, *timeout)?;
            let data = revents.iter().flat_map(|events| i32::from(*events).to_le_bytes()).collect();
            Ok(Return { data, ..ok(value) })
        }
        Call::EpollCreate { size } => sys::epoll_create(*size).map(ok),
        Call::EpollControl { epoll, operation, fd, events, data } => {
            sys::epoll_ctl(epoll.0, *operation, fd.0, *events, *data).map(ok)
        }
        Call::EpollWait { epoll, most, timeout } => {
            let (value, events, data) = sys::epoll_wait(epoll.0, *most, *timeout)?;
            Ok(Return { data: [&events.to_le_bytes()[..], &data.to_le_bytes()].concat(), ..ok(value) })
        }
        Call::Pipe => {
            let ends = sys::pipe()?;
            Ok(Return { data: ends.iter().flat_map(|end| end.to_le_bytes()).collect(), ..ok(0) })
        }
        Call::Splice { from, to, length, flags } => sys::splice(from.0, to.0, *length, *flags as u32).map(ok),
        Call::SendFile { to, from, offset, count } => sys::sendfile(to.0, from.0, *offset, *count).map(ok),
        Call::Open { path, flags } => sys::open(path, *flags).map(ok),
        Call::SetCapability { set, capability, is_set } => capability::set(*set, *capability, *is_set).map(ok),
    }
}

/// The kernel goes on reading what is sent without a copy after the call, so it must stay as it is.
fn kept(data: &[u8], flags: i32) -> std::borrow::Cow<'_, [u8]> {
    if i64::from(flags) & MSG_ZEROCOPY == 0 {
        return data.into();
    }
    let kept: &'static [u8] = data.to_vec().leak();
    kept.into()
}

/// Whether the call may sleep in the kernel.
pub(super) fn may_block(call: &Call) -> bool {
    let is_blocking = |fd: i32, flags: i32| {
        let own = sys::fcntl(fd, libc::F_GETFL, 0);
        i64::from(flags) & MSG_DONTWAIT == 0 && own.is_ok_and(|own| own & i64::from(libc::O_NONBLOCK) == 0)
    };
    match call {
        Call::Accept { fd } | Call::Connect { fd, .. } => is_blocking(fd.0, 0),
        Call::Read { fd, flags, .. }
        | Call::Write { fd, flags, .. }
        | Call::NullBuffer { fd, flags, .. }
        | Call::ReceiveMessage { fd, flags, .. }
        | Call::SendMessage { fd, flags, .. } => is_blocking(fd.0, *flags),
        Call::Poll { timeout, .. } | Call::EpollWait { timeout, .. } => *timeout != 0,
        Call::Splice { .. } | Call::SendFile { .. } => true,
        // it waits for what was sent, if the socket lingers
        Call::Close { fd } => sys::getsockopt(fd.0, libc::SOL_SOCKET, libc::SO_LINGER, 8)
            .is_ok_and(|(_, value)| value.first().is_some_and(|onoff| *onoff != 0)),
        _ => false,
    }
}
