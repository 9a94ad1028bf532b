//! System calls.

use super::{Kind, Parser, Problem, Result, Spanned, Token, advice, expr};
use crate::script::ast::{CallSpec, ResultSpec};

impl<'a> Parser<'a> {
    /// What follows the name of a call.
    pub(super) fn call(&mut self, name: Token<'a>) -> Result<CallSpec> {
        let name = self.lexer.expand_reserved(&name)?.filter(|token| token.kind == Kind::Word).unwrap_or(name);
        if !self.eat("(", "`(`")? {
            return Err(self.unexpected().help(advice::no_call(&name.text)));
        }
        let arguments = if self.eat(")", "`)`")? { Vec::new() } else { self.list(")", "`)`", false)? };
        if !self.eat("=", "`=`")? {
            return Err(self
                .unexpected()
                .help("a call is followed by its result, such as `= 0`, or `= -1 EAGAIN (why)`"));
        }
        let result = self.result()?;
        let errno = match self.token.kind {
            // Anything else is no error name, but the start of something without its time.
            Kind::Word if self.token.text.starts_with('E') => {
                let token = self.bump()?;
                Some(Spanned::new(token.text.into_owned(), token.span))
            }
            _ => {
                self.want("an error name");
                None
            }
        };
        let errno_text = if errno.is_some() { self.note()? } else { None };
        let note = self.note()?;
        Ok(CallSpec {
            name: Spanned::new(name.text.into_owned(), name.span),
            arguments,
            result,
            errno,
            errno_text,
            note,
        })
    }

    fn result(&mut self) -> Result<Spanned<ResultSpec>> {
        let start = self.token.span.start;
        if self.eat_kind(Kind::Ellipsis, "`...`")?.is_some() {
            return Ok(self.spanned(ResultSpec::Any, start));
        }
        if let Some(token) = self.eat_kind(Kind::Word, "a number")? {
            return Ok(self.spanned(ResultSpec::Symbol(token.text.into_owned()), start));
        }
        let Some(number) = self.signed(expr::LARGEST)? else { return Err(self.unexpected()) };
        Ok(Spanned::new(ResultSpec::Integer(number.value), number.span))
    }

    /// `(any words)`, if it comes next.
    fn note(&mut self) -> Result<Option<String>> {
        if !self.token.is("(") {
            self.want("a note in parentheses");
            return Ok(None);
        }
        match self.lexer.note(&self.token.span) {
            Some(note) => {
                let note = note?;
                self.refill()?;
                Ok(Some(note))
            }
            None => Err(Problem::new(self.token.span.clone(), "a note cannot be part of a define")),
        }
    }
}
