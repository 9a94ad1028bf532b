//! `readv`, `writev`, `recvmsg` and `sendmsg`: on a stream they are `read` and `write` of all their pieces together.

use super::{Arguments, MAX_DATA, Prepared, number, plain};
use crate::runner::Stop;
use crate::script::ast::{Expr, Spanned};
use crate::trace::Call;

/// What the pieces hold together.
struct Pieces {
    length: usize,
    /// `None`: no piece says what it holds.
    text: Option<Vec<u8>>,
}

/// `readv(fd, [iovec...], n)` or `recvmsg(fd, msghdr, flags)`
pub(super) fn receive(arguments: &mut Arguments<'_>) -> Result<Prepared, Stop> {
    let (label, fd) = arguments.fd()?;
    let place = arguments.spec.arguments.get(1).map_or(0..0, |list| list.span.clone());
    let (pieces, flags) = pieces_and_flags(arguments, "readv")?;
    let text = pieces.text.map(|text| Spanned::new(text, place));
    Ok(Prepared { text, ..plain(Some(label), Call::Read { fd, length: pieces.length, flags }) })
}

/// `writev(fd, [iovec...], n)` or `sendmsg(fd, msghdr, flags)`
pub(super) fn send(arguments: &mut Arguments<'_>) -> Result<Prepared, Stop> {
    let (label, fd) = arguments.fd()?;
    let (pieces, flags) = pieces_and_flags(arguments, "writev")?;
    let data = pieces.text.unwrap_or_else(|| vec![0; pieces.length]);
    Ok(plain(Some(label), Call::Write { fd, data, flags, to: None }))
}

fn pieces_and_flags(arguments: &mut Arguments<'_>, vector_call: &str) -> Result<(Pieces, i32), Stop> {
    if arguments.spec.name.value == vector_call {
        let list = arguments.next()?;
        let (pieces, count) = pieces(list)?;
        arguments.count(count)?;
        return Ok((pieces, 0));
    }
    let header = arguments.next()?;
    let Expr::Msghdr(message) = &header.value else {
        return Err(Stop::unsupported_at(&header.span, "a message without its structure".to_owned()));
    };
    if let Some(control) = &message.control {
        return Err(Stop::unsupported_at(&control.span, "control messages".to_owned()));
    }
    if number(&message.flags)? != 0 {
        return Err(Stop::unsupported_at(&message.flags.span, "msg_flags other than 0".to_owned()));
    }
    let (pieces, count) = pieces(&message.iov)?;
    if usize::try_from(number(&message.iov_len)?) != Ok(count) {
        return Err(Stop::broken_at(&message.iov_len.span, format!("the list has {count} elements")));
    }
    Ok((pieces, arguments.int()?))
}

/// The pieces of a list, and how many they are.
fn pieces(list: &Spanned<Expr>) -> Result<(Pieces, usize), Stop> {
    let Expr::List(parts) = &list.value else {
        return Err(Stop::unsupported_at(&list.span, "something other than a list of iovec".to_owned()));
    };
    let mut all = Pieces { length: 0, text: None };
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
    }
    Ok((all, parts.len()))
}
