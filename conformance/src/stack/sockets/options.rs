//! `getsockopt` and `setsockopt`. Ranges and defaults are Linux's.

use std::time::Duration;

use wirelaw_reference::tcp::CongestionControl;

use super::Sockets;
use super::descriptor::State;
use super::names;
use super::waiting::Failure;
use crate::posix::{
    Errno, SO_ACCEPTCONN, SO_ERROR, SO_KEEPALIVE, SO_LINGER, SO_OOBINLINE, SO_RCVBUF, SO_REUSEADDR, SO_SNDBUF, SO_TYPE,
    SOCK_STREAM, SOL_SOCKET, SOL_TCP, TCP_CONGESTION, TCP_CORK, TCP_FASTOPEN, TCP_FASTOPEN_CONNECT, TCP_INFO,
    TCP_KEEPCNT, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_MAXSEG, TCP_NODELAY, TCP_QUICKACK, TCP_SYNCNT, TCP_USER_TIMEOUT,
};
use crate::stack::Capability;
use crate::stack::engine::{Engine, SocketOptions};
use crate::trace::{Fd, Return};

/// `net.ipv4.tcp_keepalive_time`, in seconds (RFC 1122 §4.2.3.6: at least two hours).
const KEEP_IDLE: i32 = 7200;
/// `net.ipv4.tcp_keepalive_intvl`, in seconds.
const KEEP_INTERVAL: i32 = 75;
/// `net.ipv4.tcp_keepalive_probes`
const KEEP_COUNT: i32 = 9;

/// The room that Linux has for the name of a congestion control, in octets.
const TCP_CA_NAME_MAX: usize = 16;

impl<E: Engine> Sockets<E> {
    pub(super) fn set_option(&mut self, fd: Fd, level: i32, name: i32, value: &[u8]) -> Result<Return, Failure> {
        let socket = self.table.get(fd)?;
        let mut options = socket.options.clone();
        let has = |capability| self.engine.profile().capabilities.contains(&capability);
        let lacking = match (i64::from(level), i64::from(name)) {
            (SOL_TCP, TCP_FASTOPEN | TCP_FASTOPEN_CONNECT) => !has(Capability::FastOpen),
            // RFC 6093 §4 wants urgent data in line, and nothing else is there
            (SOL_SOCKET, SO_OOBINLINE) => !has(Capability::Urgent) || integer(value, 0)? == 0,
            _ => false,
        };
        if lacking || !change(&mut options, level, name, value)? {
            return Err(Failure::unsupported(format!("setsockopt({})", names::option(level, name))));
        }
        // Linux: no other option lets out what the last write has held back
        let more = socket.more && !releases(&options, level, name);
        let heeded = SocketOptions { cork: options.cork || more, ..options.clone() };
        self.engine.check_options(&heeded)?;
        match socket.state {
            State::Open { connection, .. } => self.engine.configure(self.now, connection, &heeded)?,
            State::Listening { listener, .. } => self.engine.configure_listener(listener, &options),
            State::Unconnected => {}
        }
        let socket = self.table.get_mut(fd)?;
        (socket.options, socket.more) = (options, more);
        Ok(Return::ok(0))
    }

    pub(super) fn get_option(&mut self, fd: Fd, level: i32, name: i32, length: usize) -> Result<Return, Failure> {
        let socket = self.table.get_mut(fd)?;
        let mut data = match (i64::from(level), i64::from(name)) {
            (SOL_SOCKET, SO_ERROR) => {
                let State::Open { connection, .. } = socket.state else { return Ok(value(0, length)) };
                let error = self.engine.status(connection).error.filter(|_| !socket.error_taken);
                socket.error_taken |= error.is_some();
                return Ok(value(error.map_or(0, |errno| errno as i32), length));
            }
            (SOL_SOCKET, SO_TYPE) => return Ok(value(SOCK_STREAM as i32, length)),
            (SOL_SOCKET, SO_ACCEPTCONN) => return Ok(value(socket.is_listening().into(), length)),
            (SOL_SOCKET, SO_LINGER) => linger(&socket.options),
            (SOL_TCP, TCP_MAXSEG) => return Ok(value(self.max_segment(fd)?, length)),
            (SOL_TCP, TCP_INFO) => self.tcp_info(fd)?,
            (SOL_TCP, TCP_CONGESTION) => {
                let control = socket.options.congestion.or(self.engine.default_congestion());
                let control = control.ok_or_else(|| Failure::unsupported("getsockopt(SOL_TCP, TCP_CONGESTION)"))?;
                let mut name = congestion_name(control).as_bytes().to_vec();
                name.resize(length.min(TCP_CA_NAME_MAX), 0); // as Linux fills it up
                name
            }
            (SOL_SOCKET, SO_OOBINLINE) if self.engine.profile().capabilities.contains(&Capability::Urgent) => {
                return Ok(value(1, length));
            }
            _ => {
                let default = || {
                    let (receive, send) = self.engine.default_buffers()?;
                    match (i64::from(level), i64::from(name)) {
                        (SOL_SOCKET, SO_RCVBUF) => Some(clamp(receive as u128)),
                        (SOL_SOCKET, SO_SNDBUF) => Some(clamp(send as u128)),
                        _ => None,
                    }
                };
                let Some(number) = known(&socket.options, level, name).or_else(default) else {
                    return Err(Failure::unsupported(format!("getsockopt({})", names::option(level, name))));
                };
                return Ok(value(number, length));
            }
        };
        data.truncate(length);
        Ok(Return { data, ..Return::ok(0) })
    }
}

/// A getsockopt's success; a buffer that is too small gets the low octets, as on Linux.
fn value(number: i32, length: usize) -> Return {
    let mut data = number.to_le_bytes().to_vec();
    data.truncate(length);
    Return { data, ..Return::ok(0) }
}

fn linger(options: &SocketOptions) -> Vec<u8> {
    let seconds = options.linger.map_or(0, |time| clamp(u128::from(time.as_secs())));
    [i32::from(options.linger.is_some()).to_le_bytes(), seconds.to_le_bytes()].concat()
}

/// Linux's names.
fn congestion_name(control: CongestionControl) -> &'static str {
    match control {
        CongestionControl::NewReno => "reno",
        CongestionControl::Cubic => "cubic",
    }
}

/// `TCP_CONGESTION`: a name, with or without its NUL; FreeBSD's word for `reno` too.
fn congestion(value: &[u8]) -> Result<CongestionControl, Errno> {
    match value.split(|octet| *octet == 0).next().unwrap_or_default() {
        b"reno" | b"newreno" => Ok(CongestionControl::NewReno),
        b"cubic" => Ok(CongestionControl::Cubic),
        _ => Err(Errno::ENOENT),
    }
}

/// The options that are plain numbers; `None` if nobody has set one whose default only the stack knows.
fn known(options: &SocketOptions, level: i32, name: i32) -> Option<i32> {
    let seconds = |time: Option<Duration>, default| time.map_or(default, |time| clamp(u128::from(time.as_secs())));
    let octets = |size: Option<usize>| size.map(|size| clamp(size as u128));
    match (i64::from(level), i64::from(name)) {
        (SOL_SOCKET, SO_REUSEADDR) => Some(options.reuse_address.into()),
        (SOL_SOCKET, SO_KEEPALIVE) => Some(options.keep_alive.into()),
        (SOL_SOCKET, SO_RCVBUF) => octets(options.receive_buffer),
        (SOL_SOCKET, SO_SNDBUF) => octets(options.send_buffer),
        (SOL_TCP, TCP_NODELAY) => Some(options.no_delay.into()),
        (SOL_TCP, TCP_CORK) => Some(options.cork.into()),
        (SOL_TCP, TCP_QUICKACK) => options.quick_ack.map(i32::from),
        (SOL_TCP, TCP_SYNCNT) => options.syn_count.map(|count| clamp(count.into())),
        (SOL_TCP, TCP_FASTOPEN_CONNECT) => Some(options.fast_open_connect.into()),
        (SOL_TCP, TCP_FASTOPEN) => options.fast_open.map(|count| clamp(count.into())),
        (SOL_TCP, TCP_KEEPIDLE) => Some(seconds(options.keep_idle, KEEP_IDLE)),
        (SOL_TCP, TCP_KEEPINTVL) => Some(seconds(options.keep_interval, KEEP_INTERVAL)),
        (SOL_TCP, TCP_KEEPCNT) => Some(options.keep_count.map_or(KEEP_COUNT, |count| clamp(count.into()))),
        (SOL_TCP, TCP_USER_TIMEOUT) => Some(options.user_timeout.map_or(0, |time| clamp(time.as_millis()))),
        _ => None,
    }
}

fn clamp(number: u128) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Applies one option; `false` if there is no such option here.
fn change(options: &mut SocketOptions, level: i32, name: i32, value: &[u8]) -> Result<bool, Errno> {
    let number = || integer(value, 0);
    let seconds = |max| Ok(Some(Duration::from_secs(within(number()?, 1, max)?.unsigned_abs().into())));
    match (i64::from(level), i64::from(name)) {
        (SOL_SOCKET, SO_REUSEADDR) => options.reuse_address = number()? != 0,
        (SOL_SOCKET, SO_KEEPALIVE) => options.keep_alive = number()? != 0,
        (SOL_SOCKET, SO_RCVBUF) => options.receive_buffer = Some(within(number()?, 1, i32::MAX)? as usize),
        (SOL_SOCKET, SO_SNDBUF) => options.send_buffer = Some(within(number()?, 1, i32::MAX)? as usize),
        (SOL_SOCKET, SO_LINGER) => {
            let seconds = integer(value, 4)?.max(0).unsigned_abs();
            options.linger = (number()? != 0).then(|| Duration::from_secs(seconds.into()));
        }
        (SOL_TCP, TCP_NODELAY) => options.no_delay = number()? != 0,
        (SOL_TCP, TCP_KEEPIDLE) => options.keep_idle = seconds(32_767)?,
        (SOL_TCP, TCP_KEEPINTVL) => options.keep_interval = seconds(32_767)?,
        (SOL_TCP, TCP_KEEPCNT) => options.keep_count = Some(within(number()?, 1, 127)?.unsigned_abs()),
        (SOL_TCP, TCP_MAXSEG) => {
            let size = number()?;
            options.max_segment = if size == 0 { None } else { Some(within(size, 88, 32_767)? as u16) };
        }
        (SOL_TCP, TCP_USER_TIMEOUT) => {
            let millis = within(number()?, 0, i32::MAX)?.unsigned_abs();
            options.user_timeout = (millis != 0).then(|| Duration::from_millis(millis.into()));
        }
        (SOL_SOCKET, SO_OOBINLINE) => {} // it is so
        (SOL_TCP, TCP_CORK) => options.cork = number()? != 0,
        (SOL_TCP, TCP_QUICKACK) => options.quick_ack = Some(number()? != 0),
        (SOL_TCP, TCP_SYNCNT) => options.syn_count = Some(within(number()?, 1, 127)?.unsigned_abs()),
        (SOL_TCP, TCP_CONGESTION) => options.congestion = Some(congestion(value)?),
        (SOL_TCP, TCP_FASTOPEN_CONNECT) => options.fast_open_connect = number()? != 0,
        (SOL_TCP, TCP_FASTOPEN) => options.fast_open = Some(within(number()?, 0, i32::MAX)?.unsigned_abs()),
        _ => return Ok(false),
    }
    Ok(true)
}

/// Whether setting this option sends what `MSG_MORE` holds back: no cork, or no delay.
fn releases(options: &SocketOptions, level: i32, name: i32) -> bool {
    match (i64::from(level), i64::from(name)) {
        (SOL_TCP, TCP_CORK) => !options.cork,
        (SOL_TCP, TCP_NODELAY) => options.no_delay,
        _ => false,
    }
}

/// The `int` at this offset of an option's value.
fn integer(value: &[u8], offset: usize) -> Result<i32, Errno> {
    let octets = value.get(offset..).and_then(|rest| rest.first_chunk::<4>()).ok_or(Errno::EINVAL)?;
    Ok(i32::from_le_bytes(*octets))
}

fn within(number: i32, min: i32, max: i32) -> Result<i32, Errno> {
    if (min..=max).contains(&number) { Ok(number) } else { Err(Errno::EINVAL) }
}
