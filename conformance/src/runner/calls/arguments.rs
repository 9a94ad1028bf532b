//! The arguments of a call, one after the other.

use super::{Descriptors, MAX_DATA};
use crate::posix;
use crate::runner::Stop;
use crate::script::CallName;
use crate::script::ast::{CallSpec, Expr, Spanned};
use crate::trace::Fd;

/// Reads the arguments of one call, left to right.
pub(super) struct Arguments<'a> {
    pub(super) spec: &'a CallSpec,
    pub(super) descriptors: &'a Descriptors,
    pub(super) next: usize,
}

impl<'a> Arguments<'a> {
    pub(super) fn next(&mut self) -> Result<&'a Spanned<Expr>, Stop> {
        let argument = self.spec.arguments.get(self.next).ok_or_else(|| self.wrong_count("more"))?;
        self.next += 1;
        Ok(argument)
    }

    pub(super) fn wrong_count(&self, word: &str) -> Stop {
        let (name, count) = (&self.spec.name.value, self.spec.arguments.len());
        let plural = if count == 1 { "" } else { "s" };
        let form = CallName::parse(name).map_or(String::new(), |name| format!(": it is written `{}`", name.form()));
        Stop::broken_at(&self.spec.name.span, format!("{name} needs {word} than {count} argument{plural}{form}"))
    }

    pub(super) fn end(&self) -> Result<(), Stop> {
        if self.next < self.spec.arguments.len() { Err(self.wrong_count("fewer")) } else { Ok(()) }
    }

    pub(super) fn number(&mut self) -> Result<i64, Stop> {
        number(self.next()?)
    }

    /// A number that fits an `int`; a flag word with bit 31 set counts as negative, as in C.
    pub(super) fn int(&mut self) -> Result<i32, Stop> {
        Ok(self.number()? as i32)
    }

    pub(super) fn ellipsis(&mut self) -> Result<(), Stop> {
        let argument = self.next()?;
        match argument.value {
            Expr::Ellipsis => Ok(()),
            _ => Err(Stop::unsupported_at(&argument.span, format!("an address in {}", self.spec.name.value))),
        }
    }

    /// The number of elements of the list before.
    pub(super) fn count(&mut self, elements: usize) -> Result<(), Stop> {
        let argument = self.next()?;
        let told = number(argument)?;
        if usize::try_from(told) == Ok(elements) {
            return Ok(());
        }
        Err(wrong_count(argument, elements, told))
    }

    pub(super) fn fd(&mut self) -> Result<(i64, Fd), Stop> {
        let argument = self.next()?;
        self.descriptor(argument)
    }

    pub(super) fn descriptor(&self, argument: &Spanned<Expr>) -> Result<(i64, Fd), Stop> {
        let label = number(argument)?;
        let live = self.descriptors.get(&label).map_or_else(
            // a label that no call has returned, or that was closed: the stack is to say EBADF
            || Fd(i32::try_from(label.max(1_000_000)).unwrap_or(i32::MAX)),
            |descriptor| descriptor.live,
        );
        Ok((label, live))
    }

    /// Passes `...`, if that is next.
    pub(super) fn at_ellipsis(&mut self) -> bool {
        let is_next = self.spec.arguments.get(self.next).is_some_and(|next| next.value == Expr::Ellipsis);
        self.next += usize::from(is_next);
        is_next
    }

    /// The size of a buffer in octets.
    pub(super) fn length(&mut self, most: usize) -> Result<usize, Stop> {
        let size = self.next()?;
        let length = usize::try_from(number(size)?).ok().filter(|length| *length <= most);
        length.ok_or_else(|| Stop::broken_at(&size.span, format!("a length of 0 to {most} octets is needed")))
    }

    /// The text to send: what the script says, or zero octets.
    pub(super) fn data(&mut self) -> Result<Vec<u8>, Stop> {
        let buffer = self.next()?;
        let size_span = self.spec.arguments.get(self.next).map_or(0..0, |size| size.span.clone());
        let length = self.length(MAX_DATA)?;
        match &buffer.value {
            Expr::Ellipsis => Ok(vec![0; length]),
            Expr::String(text) | Expr::StringEllipsis(text) => {
                text.get(..length).map(<[u8]>::to_vec).ok_or_else(|| {
                    Stop::broken_at(&size_span, format!("the text has {} octets, fewer than {length}", text.len()))
                })
            }
            _ => Err(Stop::unsupported_at(&buffer.span, "a null buffer".to_owned())),
        }
    }

    /// The text that is to be received, if the script says.
    pub(super) fn expected(&mut self) -> Result<Option<Spanned<Vec<u8>>>, Stop> {
        let buffer = self.next()?;
        match &buffer.value {
            Expr::Ellipsis => Ok(None),
            Expr::String(text) | Expr::StringEllipsis(text) => {
                Ok(Some(Spanned::new(text.clone(), buffer.span.clone())))
            }
            _ => Err(Stop::unsupported_at(&buffer.span, "a null buffer".to_owned())),
        }
    }
}

/// The number beside a list is not that of its elements.
pub(super) fn wrong_count(place: &Spanned<Expr>, elements: usize, told: i64) -> Stop {
    let plural = if elements == 1 { "" } else { "s" };
    Stop::broken_at(&place.span, format!("the list has {elements} element{plural}, not {told}"))
}

pub(super) fn number(expr: &Spanned<Expr>) -> Result<i64, Stop> {
    match &expr.value {
        Expr::Integer(value) => Ok(*value),
        Expr::Symbol(name) => posix::symbol(name)
            .ok_or_else(|| Stop::unsupported_at(&expr.span, format!("the name {name}, which is not known here"))),
        Expr::Or(parts) => parts.iter().try_fold(0, |all, part| Ok(all | number(part)?)),
        _ => Err(Stop::unsupported_at(&expr.span, "a structure where a number is expected".to_owned())),
    }
}
