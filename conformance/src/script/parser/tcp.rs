//! TCP segments.

use wirelaw_reference::wire::Flags;

use super::{Kind, Parser, Problem, Result, Spanned, Token, quote};
use crate::script::ast::{Direction, FlagsSpec, ResetReason, SeqKind, TcpSpec};

/// `start:end(len)`
type Sequence = (Spanned<u32>, Spanned<u32>, Spanned<u16>);

impl<'a> Parser<'a> {
    pub(super) fn tcp(&mut self, direction: Direction) -> Result<TcpSpec> {
        let psp = self.psp()?;
        let mut ports = None;
        let mut flags_begin = None;
        if self.at_number() {
            let token = self.bump()?;
            if self.token.is(">") {
                let source = super::number::in_range(&token, u64::from(u16::MAX), "the source port")?;
                ports = Some(self.destination_port(&Spanned::new(source as u16, token.span))?);
            } else {
                flags_begin = Some(token);
            }
        }
        let (flags, glued) = self.flags(flags_begin)?;
        let (seq_kind, (seq, end, len)) = self.tcp_sequence(glued, direction)?;
        let ack = if self.eat_word("ack")? { Some(self.number32("the acknowledgment number")?) } else { None };
        let window = if self.eat_word("win")? { Some(self.window()?) } else { None };
        let urgent = if self.eat_word("urg")? { Some(self.number16("the urgent pointer")?) } else { None };
        self.check_field_order()?;
        self.check_field_case()?;
        if direction == Direction::Inbound && window.is_none() {
            return Err(Problem::new(self.end..self.end, "an inbound TCP packet needs its window")
                .label("`win N` is missing")
                .help("write `win` and the raw value of the window field, 0 to 65535, behind `ack`"));
        }
        let options = self.tcp_options(direction)?;
        let reason = self.reset_reason(&flags)?;
        let udp = self.over_udp()?;
        Ok(TcpSpec { psp, ports, flags, seq, seq_kind, end, len, ack, window, urgent, options, reason, udp })
    }

    /// `start:end(len)`, `start:end(len)!` or `...(len)`
    fn tcp_sequence(&mut self, glued: Option<Spanned<u32>>, direction: Direction) -> Result<(SeqKind, Sequence)> {
        if glued.is_none() && self.token.kind == Kind::Ellipsis {
            let dots = self.bump()?;
            if direction == Direction::Inbound {
                return Err(Problem::new(
                    dots.span,
                    "what is sent must be said: an inbound packet needs its sequence number",
                ));
            }
            let len = self.length()?;
            let at = |value| Spanned::new(value, dots.span.clone());
            return Ok((SeqKind::Any, (at(0), at(u32::from(len.value)), len)));
        }
        let sequence = self.sequence(glued)?;
        let kind = if self.eat("!", "`!`")? { SeqKind::Literal } else { SeqKind::Mapped };
        Ok((kind, sequence))
    }

    /// `[code N, pen N]`
    fn reset_reason(&mut self, flags: &Spanned<FlagsSpec>) -> Result<Option<Spanned<ResetReason>>> {
        let start = self.token.span.start;
        if !self.token.is("[") || !flags.value.flags.contains(Flags::RST) {
            return Ok(None);
        }
        self.bump()?;
        self.expect_word("code")?;
        let code = self.number16("the reason")?.value;
        self.expect(",", "`,`")?;
        self.expect_word("pen")?;
        let pen = self.number32("the enterprise number")?.value;
        self.expect("]", "`]`")?;
        Ok(Some(self.spanned(ResetReason { code, pen }, start)))
    }

    /// `/udp(a > b)`
    pub(super) fn over_udp(&mut self) -> Result<Option<Spanned<(u16, u16)>>> {
        let start = self.token.span.start;
        if !self.eat("/", "`/udp`")? {
            return Ok(None);
        }
        self.expect_word("udp")?;
        self.expect("(", "`(`")?;
        let ports = self.ports()?;
        self.expect(")", "`)`")?;
        Ok(Some(self.spanned(ports.value, start)))
    }

    /// `encap psp spi N`
    fn psp(&mut self) -> Result<Option<Spanned<u32>>> {
        if !self.eat_word("encap")? {
            return Ok(None);
        }
        self.expect_word("psp")?;
        self.expect_word("spi")?;
        self.number32("the security parameters index").map(Some)
    }

    fn window(&mut self) -> Result<Spanned<u16>> {
        if self.token.is("*") {
            return Err(Problem::new(self.token.span.clone(), "there is no wildcard for the window")
                .help("leave `win` out: then any window will do"));
        }
        self.number16("the window")
    }

    /// A field after its place, or a second time.
    fn check_field_order(&mut self) -> Result<()> {
        if ["ack", "win", "urg"].iter().any(|word| self.token.is_word(word)) {
            return Err(Problem::new(
                self.token.span.clone(),
                format!("{} comes too late here", quote(&self.token.text)),
            )
            .help("the order is: flags, sequence numbers, `ack`, `win`, `urg`, options; each at most once"));
        }
        Ok(())
    }

    /// A field in capitals.
    fn check_field_case(&mut self) -> Result<()> {
        let small = self.token.text.to_ascii_lowercase();
        if self.token.kind == Kind::Word && ["ack", "win", "urg"].contains(&small.as_str()) {
            let message = format!("{} is no field of a packet", quote(&self.token.text));
            return Err(Problem::new(self.token.span.clone(), message).help(format!("did you mean `{small}`?")));
        }
        Ok(())
    }

    /// `start:end(len)`; `glued` is the start if it was written together with the flags.
    pub(super) fn sequence(&mut self, glued: Option<Spanned<u32>>) -> Result<Sequence> {
        let seq = match glued {
            Some(seq) => seq,
            None => self.number32("a sequence number")?,
        };
        self.expect(":", "`:`")?;
        let end = self.number32("the end of the sequence numbers")?;
        let len = self.length()?;
        let span = seq.span.start.min(end.span.start)..self.end;
        match seq.value.checked_add(u32::from(len.value)) {
            Some(right) if right == end.value => Ok((seq, end, len)),
            Some(right) => Err(Problem::new(
                span,
                format!("{} and a length of {} end at {right}, not {}", seq.value, len.value, end.value),
            )
            .label("does not add up")
            .help(format!("for this length: `{}:{right}({})`", seq.value, len.value))),
            None => Err(Problem::new(span, "the segment goes beyond the sequence number 4294967295")
                .help("scripted segments do not wrap; the runner can be given an initial sequence number that does")),
        }
    }

    /// The flags, and the sequence number if no blank separates it from them. `first` is a token
    /// that has been taken already.
    fn flags(&mut self, first: Option<Token<'a>>) -> Result<(Spanned<FlagsSpec>, Option<Spanned<u32>>)> {
        let mut last = match first {
            Some(token) => token,
            None if self.at_flags() => self.bump()?,
            None => {
                self.want("TCP flags");
                return Err(self
                    .unexpected()
                    .help("flags are letters of F S R P U E W A and `.` for ACK, a digit for ACE, or `-` for none"));
            }
        };
        let start = last.span.start;
        let mut text = last.text.to_string();
        while self.at_flags() && touches(&last, &self.token) {
            last = self.bump()?;
            text.push_str(&last.text);
        }
        let span = self.span_from(start);
        if !self.token.is(":") {
            return Ok((Spanned::new(flags_of(&text, &span)?, span), None));
        }
        let letters = text.trim_end_matches(|digit: char| digit.is_ascii_digit());
        let digits = &text[letters.len()..];
        let Some(seq) = digits.parse::<u32>().ok().filter(|_| !letters.is_empty()) else {
            return Err(Problem::new(span, format!("expected TCP flags, found {}", quote(&text)))
                .help("flags, such as `S` or `P.`, stand between the direction and the sequence numbers"));
        };
        let middle = if last.expanded { start } else { span.end - digits.len() };
        let flags = Spanned::new(flags_of(letters, &span)?, start..middle.max(start));
        Ok((flags, Some(Spanned::new(seq, middle..span.end))))
    }

    fn at_flags(&self) -> bool {
        matches!(self.token.kind, Kind::Word | Kind::Decimal | Kind::Float | Kind::Hex)
            || self.token.is(".")
            || self.token.is("-")
    }
}

/// Whether nothing separates `next` from `last`.
fn touches(last: &Token<'_>, next: &Token<'_>) -> bool {
    next.comments.is_empty() && (next.span.start == last.span.end || (last.expanded && next.span == last.span))
}

fn flags_of(text: &str, span: &std::ops::Range<usize>) -> Result<FlagsSpec> {
    const ECN: Flags = Flags(Flags::ECE.0 | Flags::CWR.0 | Flags::AE.0);
    let wrong = |message: String| {
        Problem::new(span.clone(), message).help(
            "flags are letters of F S R P U E W A and `.` for ACK, at most one digit 0-7 for ACE, or `-` for none",
        )
    };
    if text == "-" {
        return Ok(FlagsSpec { flags: Flags::NONE, ace: None });
    }
    let (mut flags, mut ace) = (Flags::NONE, None);
    for letter in text.chars() {
        let flag = match letter {
            'F' => Flags::FIN,
            'S' => Flags::SYN,
            'R' => Flags::RST,
            'P' => Flags::PSH,
            '.' => Flags::ACK,
            'U' => Flags::URG,
            'E' => Flags::ECE,
            'W' => Flags::CWR,
            'A' => Flags::AE,
            '0'..='7' if ace.is_none() => {
                ace = Some(letter as u8 - b'0');
                continue;
            }
            '0'..='7' => return Err(wrong(format!("more than one digit in the flags {}", quote(text)))),
            _ => return Err(wrong(format!("{} in {} is no TCP flag", quote(&letter.to_string()), quote(text)))),
        };
        flags = flags | flag;
    }
    if ace.is_some() && flags.intersects(ECN) {
        return Err(wrong(format!("the digit in {} already says what E, W and A say", quote(text))));
    }
    let bits = [(1, Flags::ECE), (2, Flags::CWR), (4, Flags::AE)];
    for (bit, flag) in bits {
        if ace.unwrap_or(0) & bit != 0 {
            flags = flags | flag;
        }
    }
    Ok(FlagsSpec { flags, ace })
}
