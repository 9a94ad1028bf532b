//! ICMP messages.

use super::{Kind, Parser, Problem, Result, Spanned, Token, quote};
use crate::script::ast::{Echoed, IcmpCode, IcmpSpec, IcmpType};
use crate::script::icmp::{code_names, code_number, type_names, type_number};
use crate::script::suggest::suggest;

impl Parser<'_> {
    /// What follows the word `icmp`.
    pub(super) fn icmp(&mut self) -> Result<IcmpSpec> {
        let kind = self.icmp_type()?;
        let code = self.icmp_code(&kind)?;
        let mtu_start = self.token.span.start;
        let mtu = if self.eat_word("mtu")? {
            let most = mtu_limit(&kind, code.as_ref()).ok_or_else(|| {
                Problem::new(mtu_start..self.end, "only some ICMP messages have an MTU")
                    .help("`unreachable frag_needed` (ICMP) and `packet_too_big` (ICMPv6) do")
            })?;
            let mtu = self.number("the MTU", most)?;
            Some(Spanned::new(mtu.value as u32, mtu.span))
        } else {
            None
        };
        let id = if self.eat_word("id")? { Some(self.number16("the identifier")?) } else { None };
        let echoed = self.echoed()?;
        Ok(IcmpSpec { kind, code, mtu, id, echoed })
    }

    fn icmp_type(&mut self) -> Result<Spanned<IcmpType>> {
        let Some(token) = self.eat_kind(Kind::Word, "an ICMP type")? else { return Err(self.unexpected()) };
        let kind = match numbered(&token, "type_")? {
            Some(number) => IcmpType::Number(number),
            None => IcmpType::Name(token.text.to_string()),
        };
        if type_number(&kind, false).or(type_number(&kind, true)).is_none() {
            let known: Vec<&str> = type_names().collect();
            return Err(Problem::new(token.span, format!("{} is no type of ICMP", quote(&token.text)))
                .label("unknown")
                .help(format!("{}; or `type_N`", suggest(&token.text, &known))));
        }
        Ok(Spanned::new(kind, token.span))
    }

    fn icmp_code(&mut self, kind: &Spanned<IcmpType>) -> Result<Option<Spanned<IcmpCode>>> {
        if self.token.is_word("mtu") || self.token.is_word("id") {
            return Ok(None);
        }
        let Some(token) = self.eat_kind(Kind::Word, "an ICMP code")? else { return Ok(None) };
        let code = match numbered(&token, "code_")? {
            Some(number) => IcmpCode::Number(number),
            None => IcmpCode::Name(token.text.to_string()),
        };
        if code_number(kind, &code, false).or(code_number(kind, &code, true)).is_none() {
            let known = code_names(kind);
            let help = match known.as_slice() {
                [] => "this type has no codes with names; write `code_N`".to_owned(),
                known => format!("{}; or `code_N`", suggest(&token.text, known)),
            };
            return Err(Problem::new(token.span, format!("{} is no code of this ICMP type", quote(&token.text)))
                .label("unknown")
                .help(help));
        }
        Ok(Some(Spanned::new(code, token.span)))
    }

    /// `[a:b(n)]`, `[udp (n)]` or `[raw (n)]`
    pub(super) fn echoed(&mut self) -> Result<Option<Spanned<Echoed>>> {
        let start = self.token.span.start;
        if !self.eat("[", "`[` and the quoted packet")? {
            return Ok(None);
        }
        let echoed = if self.eat_word("udp")? {
            Echoed::Udp(self.length()?.value)
        } else if self.eat_word("raw")? {
            let length = self.length()?;
            if length.value < 8 {
                return Err(Problem::new(length.span, "an ICMP message has at least 8 octets"));
            }
            Echoed::Raw(length.value)
        } else {
            let (seq, _, len) = self.sequence(None)?;
            let udp = self.over_udp()?.map(|ports| ports.value);
            Echoed::Tcp { seq: seq.value, len: len.value, udp }
        };
        self.expect("]", "`]`")?;
        Ok(Some(self.spanned(echoed, start)))
    }
}

/// The number in `type_N` and `code_N`.
fn numbered(token: &Token<'_>, prefix: &str) -> Result<Option<u8>> {
    let Some(digits) = token.text.strip_prefix(prefix) else { return Ok(None) };
    match digits.parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(Problem::new(token.span.clone(), format!("{} is no number of ICMP", quote(&token.text)))
            .help(format!("{prefix}0 to {prefix}255"))),
    }
}

/// The largest MTU that the message has room for; `None` if it has none at all.
fn mtu_limit(kind: &IcmpType, code: Option<&Spanned<IcmpCode>>) -> Option<u64> {
    let code = code.map_or(&IcmpCode::Number(0), |code| &code.value);
    let of = |v6| (type_number(kind, v6), code_number(kind, code, v6));
    if of(true) == (Some(2), Some(0)) {
        Some(u64::from(u32::MAX))
    } else if of(false) == (Some(3), Some(4)) {
        Some(u64::from(u16::MAX))
    } else {
        None
    }
}
