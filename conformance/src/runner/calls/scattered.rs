//! `readv`, `writev`, `recvmsg` and `sendmsg`: on a stream they are `read` and `write` of all their pieces together.

use super::arguments::wrong_count;
use super::{Arguments, Header, MAX_DATA, Prepared, control, number, plain};
use crate::posix;
use crate::runner::Stop;
use crate::runner::settings::Settings;
use crate::script::ast::{Expr, MsghdrSpec, Spanned};
use crate::trace::Call;

/// What the pieces hold together.
struct Pieces {
    length: usize,
    lengths: Vec<usize>,
    /// `None`: no piece says what it holds.
    text: Option<Vec<u8>>,
}

impl Pieces {
    /// What they hold: zeros where none says.
    fn octets(self) -> Vec<u8> {
        self.text.unwrap_or_else(|| vec![0; self.length])
    }
}

/// `readv(fd, [iovec...], n)`
pub(super) fn readv(arguments: &mut Arguments<'_>) -> Result<Prepared, Stop> {
    let (label, fd) = arguments.fd()?;
    let (pieces, place) = vector(arguments)?;
    let text = pieces.text.map(|text| Spanned::new(text, place));
    Ok(Prepared { text, ..plain(Some(label), Call::Read { fd, length: pieces.length, flags: 0 }) })
}

/// `writev(fd, [iovec...], n)`
pub(super) fn writev(arguments: &mut Arguments<'_>) -> Result<Prepared, Stop> {
    let (label, fd) = arguments.fd()?;
    let (pieces, _) = vector(arguments)?;
    Ok(plain(Some(label), Call::Write { fd, data: pieces.octets(), flags: 0, to: None }))
}

/// `recvmsg(fd, msghdr, flags)`
pub(super) fn recvmsg(arguments: &mut Arguments<'_>) -> Result<Prepared, Stop> {
    let (label, fd) = arguments.fd()?;
    let header = arguments.next()?;
    let (message, pieces) = message(header)?;
    let expected = message.control.as_ref().map_or(Ok(Vec::new()), control::expected)?;
    let room = if message.control.is_some() { control::ROOM } else { 0 };
    let message_flags = Spanned::new(number(&message.flags)? as i32, message.flags.span.clone());
    let call = Call::ReceiveMessage { fd, length: pieces.length, control: room, flags: arguments.int()? };
    let place = message.control.as_ref().map_or(header.span.clone(), |control| control.span.clone());
    let text = pieces.text.map(|text| Spanned::new(text, message.iov.span.clone()));
    let header = Some(Header { flags: message_flags, control: Spanned::new(expected, place) });
    Ok(Prepared { text, header, ..plain(Some(label), call) })
}

/// `sendmsg(fd, msghdr, flags)`
pub(super) fn sendmsg(arguments: &mut Arguments<'_>, settings: &Settings) -> Result<Prepared, Stop> {
    let (label, fd) = arguments.fd()?;
    let header = arguments.next()?;
    let (message, pieces) = message(header)?;
    let flags = arguments.int()?;
    if number(&message.flags)? != 0 {
        return Err(Stop::broken_at(&message.flags.span, "msg_flags of a message to be sent are 0".to_owned()));
    }
    let control = message.control.as_ref().map_or(Ok(Vec::new()), control::encode)?;
    // an address says where to: of a stream only where the message opens it
    let opens = i64::from(flags) & posix::MSG_FASTOPEN != 0;
    let to = opens.then(|| settings.connect_address());
    if control.is_empty() && pieces.lengths.len() == 1 {
        return Ok(plain(Some(label), Call::Write { fd, data: pieces.octets(), flags, to }));
    }
    let lengths = pieces.lengths.clone();
    let mut data = pieces.octets();
    let pieces = lengths.into_iter().map(|length| data.drain(..length).collect()).collect();
    Ok(plain(Some(label), Call::SendMessage { fd, pieces, control, flags, to }))
}

fn vector(arguments: &mut Arguments<'_>) -> Result<(Pieces, std::ops::Range<usize>), Stop> {
    let list = arguments.next()?;
    let (pieces, count) = pieces(list)?;
    arguments.count(count)?;
    Ok((pieces, list.span.clone()))
}

fn message(header: &Spanned<Expr>) -> Result<(&MsghdrSpec, Pieces), Stop> {
    let Expr::Msghdr(message) = &header.value else {
        return Err(Stop::unsupported_at(&header.span, "a message without its structure".to_owned()));
    };
    let (pieces, count) = pieces(&message.iov)?;
    let told = number(&message.iov_len)?;
    if usize::try_from(told) != Ok(count) {
        return Err(wrong_count(&message.iov_len, count, told));
    }
    Ok((message, pieces))
}

/// The pieces of a list, and how many they are.
fn pieces(list: &Spanned<Expr>) -> Result<(Pieces, usize), Stop> {
    let Expr::List(parts) = &list.value else {
        return Err(Stop::unsupported_at(&list.span, "something other than a list of iovec".to_owned()));
    };
    let mut all = Pieces { length: 0, lengths: Vec::new(), text: None };
    for part in parts {
        let Expr::Iovec(piece) = &part.value else {
            return Err(Stop::unsupported_at(&part.span, "something other than an iovec".to_owned()));
        };
        let room = MAX_DATA - all.length;
        let length = usize::try_from(number(&piece.len)?).ok().filter(|length| *length <= room);
        let length = length
            .ok_or_else(|| Stop::broken_at(&piece.len.span, format!("a length of 0 to {room} octets is needed")))?;
        match &piece.base.value {
            Expr::Ellipsis if all.text.is_none() => {}
            Expr::Ellipsis => all.text.get_or_insert_default().extend(vec![0; length]),
            Expr::String(text) | Expr::StringEllipsis(text) => {
                let text = text.get(..length).ok_or_else(|| {
                    let message = format!("the text has {} octets, fewer than {length}", text.len());
                    Stop::broken_at(&piece.len.span, message)
                })?;
                // pieces before that do not say what they hold, hold zeros
                all.text.get_or_insert_with(|| vec![0; all.length]).extend(text);
            }
            _ => return Err(Stop::unsupported_at(&piece.base.span, "a null buffer".to_owned())),
        }
        all.length += length;
        all.lengths.push(length);
    }
    Ok((all, parts.len()))
}
