//! `epoll`, pipes and files.

use super::{Arguments, Prepared, is_null, number, plain};
use crate::posix::{O_CLOEXEC, O_NONBLOCK, O_RDONLY};
use crate::runner::Stop;
use crate::script::ast::{EpollData, Expr, Spanned};
use crate::trace::Call;

/// The most octets that one call moves.
const MOST: usize = i32::MAX as usize;

/// `epoll_ctl(ep, EPOLL_CTL_ADD, fd, {events=EPOLLIN, fd=4})`
pub(super) fn control(arguments: &mut Arguments<'_>) -> Result<Prepared, Stop> {
    let (label, epoll) = arguments.fd()?;
    let operation = arguments.int()?;
    let (own, fd) = arguments.fd()?;
    let event = arguments.next()?;
    if let Expr::EpollEvent { data, .. } = &event.value
        && let EpollData::Fd(other) = &**data
        && number(other)? != own
    {
        let message = format!("the event is about another descriptor than epoll_ctl, which has {own}");
        return Err(Stop::broken_at(&other.span, message));
    }
    let (events, data) = if is_null(Some(event)) { (0, 0) } else { event_of(arguments, event)? };
    Ok(plain(Some(label), Call::EpollControl { epoll, operation, fd, events, data }))
}

/// `epoll_wait(ep, {events=EPOLLIN, fd=4}, n, milliseconds)`: the first event is compared.
pub(super) fn wait(arguments: &mut Arguments<'_>) -> Result<Prepared, Stop> {
    let (label, epoll) = arguments.fd()?;
    let event = arguments.next()?;
    let (most, timeout) = (arguments.int()?, arguments.int()?);
    let mut prepared = plain(Some(label), Call::EpollWait { epoll, most, timeout });
    if event.value != Expr::Ellipsis {
        let (events, data) = event_of(arguments, event)?;
        let octets = [&events.to_le_bytes()[..], &data.to_le_bytes()].concat();
        prepared.option = Some((octets, event.span.clone()));
    }
    Ok(prepared)
}

/// The events, and what comes with them. A label becomes the number that it stands for.
fn event_of(arguments: &Arguments<'_>, event: &Spanned<Expr>) -> Result<(u32, u64), Stop> {
    let Expr::EpollEvent { events, data } = &event.value else {
        return Err(Stop::unsupported_at(&event.span, "something other than an epoll_event".to_owned()));
    };
    let data = match &**data {
        EpollData::Fd(label) => u64::from(arguments.descriptor(label)?.1.0 as u32),
        EpollData::Ptr(value) | EpollData::U64(value) => number(value)? as u64,
        EpollData::U32(value) => u64::from(number(value)? as u32),
    };
    Ok((number(events)? as u32, data))
}

/// `pipe([5, 6])`
pub(super) fn pipe(arguments: &mut Arguments<'_>) -> Result<Prepared, Stop> {
    let list = arguments.next()?;
    let Expr::List(ends) = &list.value else {
        return Err(Stop::unsupported_at(&list.span, "something other than a list of two descriptors".to_owned()));
    };
    let labels = ends.iter().map(number).collect::<Result<Vec<i64>, Stop>>()?;
    if labels.len() != 2 || labels[0] == labels[1] {
        return Err(Stop::broken_at(&list.span, "a pipe has two descriptors".to_owned()));
    }
    Ok(Prepared { labels, ..plain(None, Call::Pipe) })
}

/// `splice(in, NULL, out, NULL, n, flags)`
pub(super) fn splice(arguments: &mut Arguments<'_>) -> Result<Prepared, Stop> {
    let (label, from) = arguments.fd()?;
    no_offset(arguments)?;
    let (_, to) = arguments.fd()?;
    no_offset(arguments)?;
    let length = arguments.length(MOST)?;
    Ok(plain(Some(label), Call::Splice { from, to, length, flags: arguments.int()? }))
}

fn no_offset(arguments: &mut Arguments<'_>) -> Result<(), Stop> {
    let offset = arguments.next()?;
    if is_null(Some(offset)) {
        return Ok(());
    }
    Err(Stop::unsupported_at(&offset.span, "an offset other than NULL in splice".to_owned()))
}

/// `open("path", flags)`
pub(super) fn open(arguments: &mut Arguments<'_>) -> Result<Prepared, Stop> {
    let path = arguments.next()?;
    let (Expr::String(text) | Expr::StringEllipsis(text)) = &path.value else {
        return Err(Stop::unsupported_at(&path.span, "a path that is no text".to_owned()));
    };
    let text = String::from_utf8(text.clone())
        .map_err(|_| Stop::unsupported_at(&path.span, "a path that is not UTF-8".to_owned()))?;
    let mode = arguments.spec.arguments.get(arguments.next).map_or(path.span.clone(), |mode| mode.span.clone());
    let flags = arguments.int()?;
    if i64::from(flags) & !(O_NONBLOCK | O_CLOEXEC) != O_RDONLY {
        return Err(Stop::unsupported_at(&mode, "opening a file for anything but reading".to_owned()));
    }
    if arguments.next < arguments.spec.arguments.len() {
        arguments.int()?; // the mode of a new file
    }
    Ok(plain(None, Call::Open { path: text, flags }))
}

/// `sendfile(out, in, [offset], n)`
pub(super) fn sendfile(arguments: &mut Arguments<'_>) -> Result<Prepared, Stop> {
    let (label, to) = arguments.fd()?;
    let (_, from) = arguments.fd()?;
    let place = arguments.next()?;
    let offset = match &place.value {
        Expr::List(parts) if parts.len() == 1 => Some(number(&parts[0])?),
        _ if is_null(Some(place)) => None,
        _ => return Err(Stop::unsupported_at(&place.span, "an offset that is no list of one number".to_owned())),
    };
    Ok(plain(Some(label), Call::SendFile { to, from, offset, count: arguments.length(MOST)? }))
}
