//! Structures in braces. The order of their fields is fixed.

use super::{Kind, Parser, Result, Spanned};
use crate::script::ast::{Cmsg, EpollData, Expr, IovecSpec, MsghdrSpec, SockaddrSpec};

impl Parser<'_> {
    /// What follows `{`, up to and with `}`. The first word tells the structure.
    pub(super) fn braces(&mut self) -> Result<Expr> {
        if self.eat("}", "`}`")? {
            return Ok(Expr::Braces(Vec::new()));
        }
        if self.token.is("(") {
            let stack = self.mpls_stack()?;
            self.expect("}", "`}`")?;
            return Ok(Expr::Mpls(stack));
        }
        self.want("a field");
        if self.token.kind != Kind::Word {
            let first = self.expr()?;
            return self.braces_after(first);
        }
        if self.token.is_word("flags") && self.gre_follows() {
            let gre = self.gre()?;
            self.expect("}", "`}`")?;
            return Ok(Expr::Gre(gre));
        }
        let word = self.bump()?;
        if word.text == "msg_name" && self.token.is("(") {
            return self.msghdr();
        }
        if self.token.is("=") {
            match word.text.as_ref() {
                "sa_family" => return self.sockaddr(),
                "cmsg_level" => return self.cmsg(None),
                "cmsg_len" => {
                    let len = self.value()?;
                    self.expect(",", "`,`")?;
                    self.expect_word("cmsg_level")?;
                    return self.cmsg(Some(len));
                }
                "iov_base" => return self.iovec(),
                "scm_sec" => return self.scm_timestamp(),
                "ee_errno" => return self.extended_error(),
                "fd" => return self.pollfd(),
                "events" => return self.epoll_event(),
                "onoff" => return self.linger(),
                _ => {}
            }
        }
        let first = self.named(word, super::expr::LARGEST)?;
        let first = self.alternatives(first, super::expr::LARGEST)?;
        let first = self.assignment(first)?;
        self.braces_after(first)
    }

    /// Whether `flags` begins a GRE structure rather than naming a constant.
    fn gre_follows(&self) -> bool {
        let rest = self.lexer.rest().trim_start();
        !self.token.expanded && (rest.starts_with('[') || rest.starts_with(|c: char| c.is_ascii_digit()))
    }

    /// The rest of a list in braces.
    fn braces_after(&mut self, first: Spanned<Expr>) -> Result<Expr> {
        let mut items = vec![first];
        if self.eat(",", "`,`")? {
            items.append(&mut self.list("}", "`}`", true)?);
        } else {
            self.expect("}", "`}`")?;
        }
        let is_buffer = matches!(items[0].value, Expr::Ellipsis | Expr::String(_) | Expr::StringEllipsis(_));
        if items.len() == 2 && is_buffer {
            let (len, base) = (items.pop(), items.pop());
            if let (Some(base), Some(len)) = (base, len) {
                return Ok(Expr::Iovec(Box::new(IovecSpec { base, len, named: false })));
            }
        }
        Ok(Expr::Braces(items))
    }

    /// `= value`
    fn value(&mut self) -> Result<Spanned<Expr>> {
        self.expect("=", "`=`")?;
        self.expr()
    }

    /// `, name = value`
    fn field(&mut self, name: &'static str) -> Result<Spanned<Expr>> {
        self.expect(",", "`,`")?;
        self.expect_word(name)?;
        self.value()
    }

    fn close(&mut self) -> Result<()> {
        self.expect("}", "`}`")
    }

    fn sockaddr(&mut self) -> Result<Expr> {
        let family = self.value()?;
        self.expect(",", "`,`")?;
        self.expect_word("sin_port")?;
        self.expect("=", "`=`")?;
        self.expect_word("htons")?;
        self.expect("(", "`(`")?;
        let port = self.number16("a port")?;
        self.expect(")", "`)`")?;
        self.expect(",", "`,`")?;
        self.expect_word("sin_addr")?;
        self.expect("=", "`=`")?;
        let address = self.any_address()?;
        self.close()?;
        Ok(Expr::Sockaddr(Box::new(SockaddrSpec { family, port, address })))
    }

    fn msghdr(&mut self) -> Result<Expr> {
        let name_len = self.parenthesized()?;
        let name = self.value()?;
        self.expect(",", "`,`")?;
        self.expect_word("msg_iov")?;
        let iov_len = self.parenthesized()?;
        let iov = self.value()?;
        self.expect(",", "`,`")?;
        let (mut control, mut control_len) = (None, None);
        if self.eat_word("msg_control")? {
            control_len = Some(self.parenthesized()?);
            control = Some(self.value()?);
            self.expect(",", "`,`")?;
        }
        self.expect_word("msg_flags")?;
        let flags = self.value()?;
        if control.is_none() && self.token.is(",") {
            control = Some(self.field("msg_control")?);
        }
        self.close()?;
        Ok(Expr::Msghdr(Box::new(MsghdrSpec { name_len, name, iov_len, iov, flags, control, control_len })))
    }

    fn iovec(&mut self) -> Result<Expr> {
        let base = self.value()?;
        let len = self.field("iov_len")?;
        self.close()?;
        Ok(Expr::Iovec(Box::new(IovecSpec { base, len, named: true })))
    }

    fn parenthesized(&mut self) -> Result<Spanned<Expr>> {
        self.expect("(", "`(`")?;
        let expr = self.expr()?;
        self.expect(")", "`)`")?;
        Ok(expr)
    }

    fn cmsg(&mut self, len: Option<Spanned<Expr>>) -> Result<Expr> {
        let level = self.value()?;
        let kind = self.field("cmsg_type")?;
        let data = self.field("cmsg_data")?;
        self.close()?;
        Ok(Expr::Cmsg(Box::new(Cmsg { len, level, kind, data })))
    }

    fn scm_timestamp(&mut self) -> Result<Expr> {
        let seconds = Box::new(self.value()?);
        let nanoseconds = Box::new(self.field("scm_nsec")?);
        self.close()?;
        Ok(Expr::ScmTimestamp { seconds, nanoseconds })
    }

    fn extended_error(&mut self) -> Result<Expr> {
        let errno = self.value()?;
        let origin = self.field("ee_origin")?;
        let kind = self.field("ee_type")?;
        let code = self.field("ee_code")?;
        let info = self.field("ee_info")?;
        let data = self.field("ee_data")?;
        self.close()?;
        Ok(Expr::ExtendedError(Box::new([errno, origin, kind, code, info, data])))
    }

    fn pollfd(&mut self) -> Result<Expr> {
        let fd = Box::new(self.value()?);
        let events = Box::new(self.field("events")?);
        let revents = if self.token.is(",") { Some(Box::new(self.field("revents")?)) } else { None };
        self.close()?;
        Ok(Expr::Pollfd { fd, events, revents })
    }

    fn epoll_event(&mut self) -> Result<Expr> {
        let events = Box::new(self.value()?);
        self.expect(",", "`,`")?;
        let data = if self.eat_word("fd")? {
            EpollData::Fd(self.value()?)
        } else if self.eat_word("ptr")? {
            EpollData::Ptr(self.wide_value()?)
        } else if self.eat_word("u32")? {
            EpollData::U32(self.value()?)
        } else if self.eat_word("u64")? {
            EpollData::U64(self.wide_value()?)
        } else {
            return Err(self.unexpected());
        };
        self.close()?;
        Ok(Expr::EpollEvent { events, data: Box::new(data) })
    }

    /// `= value`, of 64 bits.
    fn wide_value(&mut self) -> Result<Spanned<Expr>> {
        self.expect("=", "`=`")?;
        self.expr_up_to(i64::MAX)
    }

    fn linger(&mut self) -> Result<Expr> {
        let onoff = Box::new(self.value()?);
        let linger = Box::new(self.field("linger")?);
        self.close()?;
        Ok(Expr::Linger { onoff, linger })
    }
}
