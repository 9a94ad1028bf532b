//! TCP options.

use super::{Kind, Parser, Problem, Result, Spanned, Token, quote};
use crate::script::ast::{AccEcn, AccEcnWords, Direction, OptionSpec, OptionsSpec};
use crate::script::suggest::suggest;

const NAMES: [&str; 16] = [
    "mss", "nop", "eol", "wscale", "sackOK", "sack", "TS", "md5", "FO", "FOEXP", "ECN", "kind", "gen", "exp",
    "AccECN0", "AccECN1",
];
/// Octets that a TCP header has for options.
const ROOM: usize = 40;
const SACK_BLOCKS: usize = 4;
/// What a counter of AccECN goes up to.
const LARGEST_COUNTER: u64 = (1 << 24) - 1;

impl Parser<'_> {
    /// The options of a segment, if they are written.
    pub(super) fn tcp_options(&mut self, direction: Direction) -> Result<Spanned<OptionsSpec>> {
        let start = self.token.span.start;
        if !self.eat("<", "TCP options")? {
            return Ok(Spanned::new(OptionsSpec::None, self.end..self.end));
        }
        if let Some(octets) = self.octet_block()? {
            self.expect(">", "`>`")?;
            return Ok(self.spanned(OptionsSpec::Octets(octets), start));
        }
        let mut list = Vec::new();
        let mut dots = None;
        while !self.eat(">", "`>`")? {
            if let Some(token) = self.eat_kind(Kind::Ellipsis, "`...`")? {
                dots = Some(token.span);
                self.expect(">", "`>` (nothing follows `...`)")?;
                break;
            }
            let option_start = self.token.span.start;
            let option = self.tcp_option()?;
            if let (OptionSpec::Timestamps { val: None, .. }, Direction::Inbound) = (&option, direction) {
                return Err(Problem::new(self.span_from(option_start), "what is sent must be said: no `val ...`"));
            }
            list.push(self.spanned(option, option_start));
            if !self.eat(",", "`,`")? {
                self.expect(">", "`>`")?;
                break;
            }
        }
        if let (Some(span), Direction::Inbound) = (&dots, direction) {
            return Err(Problem::new(
                span.clone(),
                "what is sent must be said: no `...` in the options of inbound packets",
            )
            .help("write the options of the packet, or leave them out for none"));
        }
        let span = self.span_from(start);
        check_length(&list, dots.is_none(), span.clone())?;
        let options = match (dots, list.is_empty()) {
            (None, _) => OptionsSpec::Exact(list),
            (Some(_), true) => OptionsSpec::Any,
            (Some(_), false) => OptionsSpec::AtLeast(list),
        };
        Ok(Spanned::new(options, span))
    }

    /// `<HEX>`: the octets of all options, if that is what comes next.
    fn octet_block(&mut self) -> Result<Option<Vec<u8>>> {
        let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let is_block = matches!(self.token.kind, Kind::Word | Kind::Decimal | Kind::Hex)
            && is_hex(self.token.text.trim_start_matches("0x"))
            && self.lexer.rest().trim_start().starts_with('>');
        if !is_block {
            return Ok(None);
        }
        let Some(octets) = self.octets(ROOM)? else { return Ok(None) };
        if !octets.len().is_multiple_of(4) {
            let message = format!("the options take {} octets, which is no multiple of 4", octets.len());
            return Err(Problem::new(octets.span, message));
        }
        Ok(Some(octets.value))
    }

    fn tcp_option(&mut self) -> Result<OptionSpec> {
        let Some(name) = self.eat_kind(Kind::Word, "a TCP option")? else { return Err(self.unexpected()) };
        Ok(match name.text.as_ref() {
            "eol" => OptionSpec::EndOfList,
            "nop" => OptionSpec::NoOperation,
            "sackOK" => OptionSpec::SackPermitted,
            "mss" => OptionSpec::Mss(self.number16("the maximum segment size")?.value),
            "wscale" => OptionSpec::WindowScale(self.number8("the window scale")?.value),
            "sack" => OptionSpec::Sack(self.sack_blocks(&name)?),
            "TS" => {
                self.expect_word("val")?;
                let any = self.eat_kind(Kind::Ellipsis, "`...`")?.is_some();
                let val = if any { None } else { Some(self.number32("TSval")?.value) };
                self.expect_word("ecr")?;
                let ecr = self.number32("TSecr")?.value;
                OptionSpec::Timestamps { val, ecr, literal: self.eat("!", "`!`")? }
            }
            "md5" if self.eat_word("valid")? => OptionSpec::Md5Valid,
            "md5" => match self.octets(16)? {
                Some(digest) => OptionSpec::Md5(digest.value),
                None => return Err(self.unexpected()),
            },
            "FO" => OptionSpec::FastOpen(self.octets(38)?.map_or_else(Vec::new, |cookie| cookie.value)),
            "FOEXP" => OptionSpec::FastOpenExperimental(self.octets(36)?.map_or_else(Vec::new, |cookie| cookie.value)),
            "ECN" => self.acc_ecn()?,
            "kind" => {
                let (kind, data) = self.option_by_kind()?;
                OptionSpec::Raw { kind, data }
            }
            "gen" if self.eat("-", "`-`")? => {
                let (kind, data) = self.option_by_kind()?;
                OptionSpec::Generic { kind, data }
            }
            "exp" | "EXP" if self.eat("-", "`-`")? => self.experiment()?,
            "AccECN0" => self.counters(false, AccEcnWords::AccEcn)?,
            "AccECN1" => self.counters(true, AccEcnWords::AccEcn)?,
            unknown => {
                return Err(Problem::new(name.span.clone(), format!("{} is no TCP option", quote(unknown)))
                    .label("unknown")
                    .help(suggest(unknown, &NAMES)));
            }
        })
    }

    /// `28 8005`: kind and what follows the length octet.
    fn option_by_kind(&mut self) -> Result<(u8, Vec<u8>)> {
        let kind = self.number8("the kind of the option")?;
        if kind.value < 2 {
            return Err(Problem::new(kind.span, "options of kind 0 and 1 have no length")
                .label("needs 2 or more")
                .help("write `eol` or `nop`"));
        }
        let data = self.octets(38)?.map_or_else(Vec::new, |data| data.value);
        Ok((kind.value, data))
    }

    /// What follows `exp-`.
    fn experiment(&mut self) -> Result<OptionSpec> {
        if self.eat_word("FO")? {
            return Ok(OptionSpec::ExpFastOpen(self.octets(36)?.map_or_else(Vec::new, |cookie| cookie.value)));
        }
        if self.eat_word("AccECN0")? {
            return self.counters(false, AccEcnWords::Experiment);
        }
        if self.eat_word("AccECN1")? {
            return self.counters(true, AccEcnWords::Experiment);
        }
        if self.eat_word("tarr")? {
            let rate = if self.at_number() { Some(self.number16("the rate")?.value) } else { None };
            return Ok(OptionSpec::AckRate(rate));
        }
        let Some(id) = self.octets(2)? else { return Err(self.unexpected()) };
        let [high, low] = id.value[..] else {
            return Err(Problem::new(id.span, "the id of an experiment has four hexadecimal digits"));
        };
        let data = self.octets(36)?.map_or_else(Vec::new, |data| data.value);
        Ok(OptionSpec::Experiment { id: u16::from_be_bytes([high, low]), data })
    }

    /// `ee0b N eceb N ee1b N` or, in the other order, `ee1b N eceb N ee0b N`; the first of them, or none.
    fn counters(&mut self, e1b_first: bool, words: AccEcnWords) -> Result<OptionSpec> {
        let names = if e1b_first { ["ee1b", "eceb", "ee0b"] } else { ["ee0b", "eceb", "ee1b"] };
        let mut counters = Vec::new();
        for name in names {
            if !self.eat_word(name)? {
                break;
            }
            counters.push(self.number("a counter of 24 bits", LARGEST_COUNTER)?.value as u32);
        }
        Ok(OptionSpec::AccEcn(AccEcn { e1b_first, counters, words }))
    }

    /// `a:b c:d ...`
    fn sack_blocks(&mut self, name: &Token<'_>) -> Result<Vec<(u32, u32)>> {
        let mut blocks = Vec::new();
        while self.at_number() {
            let left = self.number32("the left edge")?;
            self.expect(":", "`:`")?;
            let right = self.number32("the right edge")?;
            blocks.push((left.value, right.value));
            if blocks.len() > SACK_BLOCKS {
                let span = left.span.start..right.span.end;
                return Err(Problem::new(span, "a `sack` option has at most four blocks").label("the fifth"));
            }
        }
        if blocks.is_empty() {
            return Err(Problem::new(name.span.clone(), "a `sack` option has one to four blocks")
                .label("none follows")
                .help("a block is `left:right`, such as `sack 1001:2001`; blocks are separated by blanks"));
        }
        Ok(blocks)
    }

    /// The counters of an AccECN option.
    fn acc_ecn(&mut self) -> Result<OptionSpec> {
        const ORDER_0: [&str; 3] = ["e0b", "ceb", "e1b"];
        const ORDER_1: [&str; 3] = ["e1b", "ceb", "e0b"];
        let e1b_first = self.token.is_word("e1b");
        let mut counters = Vec::new();
        for name in if e1b_first { ORDER_1 } else { ORDER_0 } {
            if counters.is_empty() && !e1b_first {
                self.wanted.push(super::Want::Word("e1b"));
            }
            if self.eat_word(name)? {
                counters.push(self.number("a counter of 24 bits", LARGEST_COUNTER)?.value as u32);
            } else if counters.is_empty() {
                return Err(self.unexpected());
            } else {
                break;
            }
        }
        Ok(OptionSpec::AccEcn(AccEcn { e1b_first, counters, words: AccEcnWords::Ecn }))
    }
}

fn check_length(list: &[Spanned<OptionSpec>], exact: bool, span: std::ops::Range<usize>) -> Result<()> {
    let octets: usize = list.iter().map(|option| option.len()).sum();
    if octets > ROOM {
        return Err(Problem::new(
            span,
            format!("the options take {octets} octets, but a TCP header has room for {ROOM}"),
        )
        .label(format!("{octets} octets")));
    }
    if exact && !octets.is_multiple_of(4) {
        let missing = 4 - octets % 4;
        return Err(Problem::new(span, format!("the options take {octets} octets, which is no multiple of 4"))
            .label(format!("{octets} octets"))
            .help(format!("padding is written: add {missing} × `nop` or `eol`")));
    }
    Ok(())
}
