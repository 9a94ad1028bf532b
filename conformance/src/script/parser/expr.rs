//! Expressions.

use std::net::IpAddr;
use std::str::FromStr;

use super::{DEPTH_LIMIT, Kind, Parser, Problem, Result, Spanned, Token, number, quote, text_of};
use crate::script::ast::Expr;

/// The least and the largest integer: a C `int` or `unsigned int`.
const LEAST: i64 = -(1 << 31);
pub(super) const LARGEST: i64 = (1 << 32) - 1;

impl<'a> Parser<'a> {
    /// Expressions separated by commas, up to `close`; the opening mark has been read, and `close`
    /// does not come at once. With `assignments`, `NAME = value` is an expression too.
    pub(super) fn list(&mut self, close: &str, shown: &'static str, assignments: bool) -> Result<Vec<Spanned<Expr>>> {
        let mut items = Vec::new();
        loop {
            let item = self.expr()?;
            items.push(if assignments { self.assignment(item)? } else { item });
            if self.eat(",", "`,`")? {
                continue;
            }
            self.expect(close, shown)?;
            return Ok(items);
        }
    }

    /// `= value` after a name, if it comes next.
    pub(super) fn assignment(&mut self, name: Spanned<Expr>) -> Result<Spanned<Expr>> {
        if !matches!(name.value, Expr::Symbol(_)) || !self.eat("=", "`=`")? {
            return Ok(name);
        }
        let value = self.expr()?;
        let start = name.span.start;
        let Expr::Symbol(text) = name.value else { return Ok(value) };
        Ok(self.spanned(Expr::Assign(Spanned::new(text, name.span), Box::new(value)), start))
    }

    pub(super) fn expr(&mut self) -> Result<Spanned<Expr>> {
        self.expr_up_to(LARGEST)
    }

    /// An expression whose integers are at most `largest`.
    pub(super) fn expr_up_to(&mut self, largest: i64) -> Result<Spanned<Expr>> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return Err(Problem::new(
                self.token.span.clone(),
                format!("lists are nested more than {DEPTH_LIMIT} deep"),
            ));
        }
        let first = self.primary(largest)?;
        let expr = self.alternatives(first, largest)?;
        self.depth -= 1;
        Ok(expr)
    }

    /// `|b|c` after the first of them.
    pub(super) fn alternatives(&mut self, first: Spanned<Expr>, largest: i64) -> Result<Spanned<Expr>> {
        if !matches!(first.value, Expr::Symbol(_) | Expr::Integer(_)) || !self.eat("|", "`|`")? {
            return Ok(first);
        }
        let start = first.span.start;
        let mut all = vec![first];
        loop {
            let next = self.primary(largest)?;
            if !matches!(next.value, Expr::Symbol(_) | Expr::Integer(_)) {
                return Err(Problem::new(next.span, "only names and numbers are joined by `|`"));
            }
            all.push(next);
            if !self.eat("|", "`|`")? {
                return Ok(self.spanned(Expr::Or(all), start));
            }
        }
    }

    fn primary(&mut self, largest: i64) -> Result<Spanned<Expr>> {
        let start = self.token.span.start;
        if self.eat_kind(Kind::Ellipsis, "`...`")?.is_some() {
            return Ok(self.spanned(Expr::Ellipsis, start));
        }
        if let Some(number) = self.signed(largest)? {
            return Ok(Spanned::new(Expr::Integer(number.value), number.span));
        }
        if let Some(text) = self.strings("a string")? {
            let dots = self.eat_kind(Kind::Ellipsis, "`...`")?.is_some();
            let expr = if dots { Expr::StringEllipsis(text.value) } else { Expr::String(text.value) };
            return Ok(self.spanned(expr, start));
        }
        if let Some(word) = self.eat_kind(Kind::Word, "a name")? {
            return self.named(word, largest);
        }
        if self.eat("[", "`[`")? {
            let items = if self.eat("]", "`]`")? { Vec::new() } else { self.list("]", "`]`", true)? };
            return Ok(self.spanned(Expr::List(items), start));
        }
        if self.eat("{", "`{`")? {
            let expr = self.braces()?;
            return Ok(self.spanned(expr, start));
        }
        Err(self.unexpected())
    }

    /// What a word says where it is no keyword of a structure.
    pub(super) fn named(&mut self, word: Token<'a>, largest: i64) -> Result<Spanned<Expr>> {
        let start = word.span.start;
        if self.token.is("(") {
            match word.text.as_ref() {
                "inet_addr" => {
                    let address = self.address("an IPv4 address")?;
                    return Ok(self.spanned(Expr::InetAddr(address), start));
                }
                "inet6_addr" => {
                    let address = self.address("an IPv6 address")?;
                    return Ok(self.spanned(Expr::Inet6Addr(address), start));
                }
                "htonl" | "htons" => {
                    self.expect("(", "`(`")?;
                    let value = Box::new(self.expr()?);
                    self.expect(")", "`)`")?;
                    return Ok(self.spanned(Expr::NetworkOrder { long: word.text == "htonl", value }, start));
                }
                _ => {}
            }
        }
        let Some(token) = self.lexer.expand_reserved(&word)? else {
            return Ok(Spanned::new(Expr::Symbol(word.text.into_owned()), word.span));
        };
        let expr = match token.kind {
            Kind::Word => Expr::Symbol(token.text.into_owned()),
            Kind::Decimal | Kind::Hex => Expr::Integer(number::in_range(&token, largest as u64, "an integer")? as i64),
            Kind::String => Expr::String(text_of(&token)?),
            _ => return Err(Problem::new(word.span, "this define does not make sense here")),
        };
        Ok(Spanned::new(expr, word.span))
    }

    /// `("address")`
    pub(super) fn address<A: FromStr>(&mut self, shown: &'static str) -> Result<A> {
        self.expect("(", "`(`")?;
        let (text, span) = if let Some(token) = self.eat_kind(Kind::Address, shown)? {
            (token.text.into_owned(), token.span)
        } else {
            let Some(text) = self.strings("an address in quotes")? else { return Err(self.unexpected()) };
            (String::from_utf8_lossy(&text.value).into_owned(), text.span)
        };
        let address = text.parse().map_err(|_| Problem::new(span, format!("{} is not {shown}", quote(&text))))?;
        self.expect(")", "`)`")?;
        Ok(address)
    }

    /// `inet_addr("...")` or `inet6_addr("...")`
    pub(super) fn any_address(&mut self) -> Result<Spanned<IpAddr>> {
        let start = self.token.span.start;
        let address = if self.eat_word("inet_addr")? {
            IpAddr::V4(self.address("an IPv4 address")?)
        } else if self.eat_word("inet6_addr")? {
            IpAddr::V6(self.address("an IPv6 address")?)
        } else {
            return Err(self.unexpected());
        };
        Ok(self.spanned(address, start))
    }

    /// An integer with its sign, if one comes next: -2^31 to `largest`.
    pub(super) fn signed(&mut self, largest: i64) -> Result<Option<Spanned<i64>>> {
        let start = self.token.span.start;
        let negative = self.token.is("-");
        if !negative && !self.at_number() {
            self.want("a number");
            return Ok(None);
        }
        if negative {
            self.bump()?;
            if !self.at_number() {
                self.want("a number");
                return Err(self.unexpected());
            }
        }
        let token = self.bump()?;
        let magnitude =
            number::in_range(&token, u64::MAX, "an integer").ok().and_then(|value| i64::try_from(value).ok());
        let value = magnitude.map(|value| if negative { -value } else { value });
        match value.filter(|value| (LEAST..=largest).contains(value)) {
            Some(value) => Ok(Some(self.spanned(value, start))),
            None => Err(Problem::new(
                self.span_from(start),
                format!("{} is out of range for an integer", quote(&token.text)),
            )
            .help(format!("{LEAST} to {largest}"))),
        }
    }
}
