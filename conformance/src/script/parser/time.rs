//! When steps happen.

use super::number::in_range;
use super::{Kind, Parser, Problem, Result, Spanned, quote};
use crate::script::ast::{Micros, Time};

/// The longest time, in seconds: some thirty years.
const LONGEST: u64 = 1_000_000_000;
const MICROS: u64 = 1_000_000;

impl Parser<'_> {
    /// The time of a step, and when its call returns.
    pub(super) fn time(&mut self) -> Result<(Spanned<Time>, Option<Spanned<Micros>>)> {
        let start = self.token.span.start;
        if self.eat("*", "`*`")? {
            return Ok((self.spanned(Time::Any, start), None));
        }
        let relative = self.eat("+", "`+`")?;
        let from = self.seconds(if relative { "a time in seconds" } else { "a time" })?;
        if self.eat("~", "`~`")? {
            return Ok((self.range(start, relative, &from)?, None));
        }
        let time = if relative { Time::Relative(from.value) } else { Time::Absolute(from.value) };
        let time = self.spanned(time, start);
        if self.eat_kind(Kind::Ellipsis, "`...` and the time of return")?.is_none() {
            return Ok((time, None));
        }
        if self.token.is("+") {
            return Err(Problem::new(self.token.span.clone(), "the time of return has no `+`")
                .help("it counts from the same base as the start: `+.1...0.5` starts 0.1 s and returns 0.5 s after the previous step"));
        }
        let end = self.seconds("the time of return")?;
        if end.value < from.value {
            return Err(Problem::new(end.span, "the call returns before it starts")
                .label("earlier than the start")
                .help("start and return count from the same base"));
        }
        Ok((time, Some(end)))
    }

    /// The second half of a range.
    fn range(&mut self, start: usize, relative: bool, from: &Spanned<Micros>) -> Result<Spanned<Time>> {
        let signed = self.token.is("+");
        if signed != relative && (signed || self.token.kind != Kind::End) {
            return Err(Problem::new(
                self.token.span.clone(),
                "both ends of a range are absolute, or both are relative",
            )
            .help("write `a~b` or `+a~+b`"));
        }
        if signed {
            self.bump()?;
        }
        let to = self.seconds("the end of the range")?;
        if to.value < from.value {
            return Err(
                Problem::new(self.span_from(start), "the range goes backwards").help("write the earlier time first")
            );
        }
        let (a, b) = (from.value, to.value);
        Ok(self.spanned(if relative { Time::RelativeRange(a, b) } else { Time::AbsoluteRange(a, b) }, start))
    }

    /// Seconds, as microseconds; finer fractions are cut off.
    fn seconds(&mut self, shown: &'static str) -> Result<Spanned<Micros>> {
        if self.token.is("-") {
            let start = self.token.span.start;
            self.bump()?;
            if self.token.kind == Kind::Word && self.token.text.starts_with('D') {
                return Err(Problem::new(start..self.token.span.end, "`-D` is for the command line")
                    .help("in a script a define is written `--define=NAME=value`, above the first step"));
            }
            if self.token.is(">") {
                return Err(Problem::new(start..self.token.span.end, "`->` is no direction")
                    .help("`<` is a packet to the stack, `>` one from it"));
            }
            let span = if matches!(self.token.kind, Kind::Decimal | Kind::Hex | Kind::Float) {
                start..self.token.span.end
            } else {
                self.span_from(start)
            };
            return Err(Problem::new(span, "a time is never negative").help("the test starts at time 0"));
        }
        if !matches!(self.token.kind, Kind::Decimal | Kind::Hex | Kind::Float) {
            self.want(shown);
            return Err(self.unexpected());
        }
        let token = self.bump()?;
        let value = if token.kind == Kind::Float {
            let (whole, fraction) = token.text.split_once('.').unwrap_or((&token.text, ""));
            let whole = if whole.is_empty() { Some(0) } else { whole.parse().ok() };
            whole.filter(|whole| *whole < LONGEST).map(|whole: u64| whole * MICROS + millionths(fraction))
        } else {
            in_range(&token, LONGEST, shown).ok().map(|whole| whole * MICROS)
        };
        value.map(|value| Spanned::new(value, token.span.clone())).ok_or_else(|| {
            Problem::new(token.span.clone(), format!("{} is too long a time", quote(&token.text)))
                .help(format!("times are in seconds, at most {LONGEST}"))
        })
    }
}

/// The digits after a decimal point as millionths.
fn millionths(digits: &str) -> u64 {
    digits.bytes().chain(std::iter::repeat(b'0')).take(6).fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
}
