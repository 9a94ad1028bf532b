//! Numbers: decimal or hexadecimal, whichever the author prefers.

use super::{Kind, Parser, Problem, Result, Spanned, Token, quote};

impl Parser<'_> {
    /// Whether a number without sign comes next.
    pub(super) fn at_number(&self) -> bool {
        matches!(self.token.kind, Kind::Decimal | Kind::Hex)
    }

    /// A whole number from 0 to `max`; `shown` says in a message what it is.
    pub(super) fn number(&mut self, shown: &'static str, max: u64) -> Result<Spanned<u64>> {
        if self.token.is("-") {
            let start = self.token.span.start;
            self.bump()?;
            let span = if self.at_number() { start..self.token.span.end } else { self.span_from(start) };
            return Err(
                Problem::new(span, format!("expected {shown}, found a negative number")).help(format!("0 to {max}"))
            );
        }
        if self.token.kind == Kind::Float {
            return Err(Problem::new(
                self.token.span.clone(),
                format!("expected {shown}, found {}", quote(&self.token.text)),
            )
            .help("only times have a fraction"));
        }
        if !self.at_number() {
            self.want(shown);
            return Err(self.unexpected());
        }
        let token = self.bump()?;
        let value = in_range(&token, max, shown)?;
        Ok(Spanned::new(value, token.span))
    }

    /// [`Parser::number`] of 16 bits.
    pub(super) fn number16(&mut self, shown: &'static str) -> Result<Spanned<u16>> {
        let Spanned { value, span } = self.number(shown, u64::from(u16::MAX))?;
        Ok(Spanned::new(value as u16, span))
    }

    /// [`Parser::number`] of 32 bits.
    pub(super) fn number32(&mut self, shown: &'static str) -> Result<Spanned<u32>> {
        let Spanned { value, span } = self.number(shown, u64::from(u32::MAX))?;
        Ok(Spanned::new(value as u32, span))
    }

    /// [`Parser::number`] of 8 bits.
    pub(super) fn number8(&mut self, shown: &'static str) -> Result<Spanned<u8>> {
        let Spanned { value, span } = self.number(shown, u64::from(u8::MAX))?;
        Ok(Spanned::new(value as u8, span))
    }

    /// Hexadecimal digits without `0x` (which is forgiven), if they come next; at most `limit` octets.
    pub(super) fn octets(&mut self, limit: usize) -> Result<Option<Spanned<Vec<u8>>>> {
        if !matches!(self.token.kind, Kind::Word | Kind::Decimal | Kind::Hex) {
            self.want("hexadecimal digits");
            return Ok(None);
        }
        let token = self.bump()?;
        let digits = token.text.strip_prefix("0x").unwrap_or(&token.text);
        let wrong = |why: String| Problem::new(token.span.clone(), format!("{} {why}", quote(&token.text)));
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong("are no hexadecimal digits".to_owned()));
        }
        if !digits.len().is_multiple_of(2) {
            return Err(wrong(format!("has {} digits, which is no whole number of octets", digits.len()))
                .help("two digits are an octet"));
        }
        if digits.len() / 2 > limit {
            return Err(wrong(format!("has {} octets, but {limit} is the most", digits.len() / 2)));
        }
        let pair = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap_or(0);
        let octets = (0..digits.len()).step_by(2).map(pair).collect();
        Ok(Some(Spanned::new(octets, token.span)))
    }
}

/// The value of a number token, from 0 to `max`.
pub(super) fn in_range(token: &Token<'_>, max: u64, shown: &str) -> Result<u64> {
    let (digits, radix) = match token.kind {
        Kind::Hex => (&token.text[2..], 16),
        _ => (token.text.as_ref(), 10),
    };
    match u64::from_str_radix(digits, radix) {
        Ok(value) if value <= max => Ok(value),
        _ => Err(Problem::new(token.span.clone(), format!("{} is out of range for {shown}", quote(&token.text)))
            .label("too large")
            .help(format!("0 to {max}"))),
    }
}
