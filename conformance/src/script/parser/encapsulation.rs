//! IP information, and outer headers.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Kind, Parser, Problem, Result, Spanned, quote};
use crate::script::ast::{Direction, EcnSpec, Encapsulation, Gre, IpInfo, MplsEntry, TrafficClass};
use crate::script::dscp;
use crate::script::suggest::suggest;

/// Headers that a packet has at most, the innermost IP header and the transport's included.
const HEADERS: usize = 6;
/// Entries of one MPLS label stack.
const MPLS_ENTRIES: usize = 16;

impl Parser<'_> {
    /// The outer headers, outermost first.
    pub(super) fn encapsulation(&mut self, direction: Direction) -> Result<Vec<Spanned<Encapsulation>>> {
        let mut headers = Vec::new();
        loop {
            let start = self.token.span.start;
            let header = if self.eat_word("ipv4")? {
                let info = self.ip_info(direction)?;
                let source = self.ipv4()?;
                self.expect(">", "`>`")?;
                Encapsulation::Ipv4 { info, source, destination: self.ipv4()? }
            } else if self.eat_word("ipv6")? {
                let info = self.ip_info(direction)?;
                let source = self.ipv6()?;
                self.expect(">", "`>`")?;
                Encapsulation::Ipv6 { info, source, destination: self.ipv6()? }
            } else if self.eat_word("gre")? || self.eat_word("GREv0")? {
                Encapsulation::Gre(self.gre()?)
            } else if self.eat_word("mpls")? {
                Encapsulation::Mpls(self.mpls_stack()?)
            } else {
                return Ok(headers);
            };
            self.expect(":", "`:`")?;
            headers.push(self.spanned(header, start));
            if headers.len() > HEADERS - 2 {
                return Err(Problem::new(self.span_from(start), "too many outer headers")
                    .help("a packet has at most six headers, its own IP and transport headers included"));
            }
        }
    }

    fn ipv4(&mut self) -> Result<Ipv4Addr> {
        let Some(token) = self.eat_kind(Kind::Address, "an IPv4 address")? else { return Err(self.unexpected()) };
        token.text.parse().map_err(|_| Problem::new(token.span, format!("{} is no IPv4 address", quote(&token.text))))
    }

    /// An IPv6 address: colons belong to it, so it is read again by a rule of its own.
    fn ipv6(&mut self) -> Result<Ipv6Addr> {
        let could_be =
            self.token.is(":") || matches!(self.token.kind, Kind::Word | Kind::Decimal | Kind::Address | Kind::Float);
        if !could_be || !self.lexer.reread(&self.token) {
            self.want("an IPv6 address");
            return Err(self.unexpected());
        }
        let start = self.lexer.offset();
        let rest = self.lexer.rest();
        let length = rest.bytes().take_while(|octet| octet.is_ascii_hexdigit() || matches!(octet, b':' | b'.')).count();
        let text = &rest[..length];
        // The colon that ends the header may touch the address.
        let (parsed, length) = match text.parse() {
            Ok(address) => (Some(address), length),
            Err(_) => (text.strip_suffix(':').and_then(|text| text.parse().ok()), length.saturating_sub(1)),
        };
        let Some(address) = parsed else {
            return Err(Problem::new(start..start + text.len(), format!("{} is no IPv6 address", quote(text))));
        };
        self.lexer.take(length);
        self.refill()?;
        Ok(address)
    }

    /// `[ect0]`, `(ttl 3)`, ..., if it comes next.
    pub(super) fn ip_info(&mut self, direction: Direction) -> Result<Option<Spanned<IpInfo>>> {
        let start = self.token.span.start;
        let close = if self.eat("[", "`[`")? {
            ("]", "`]`")
        } else if self.eat("(", "`(`")? {
            (")", "`)`")
        } else {
            return Ok(None);
        };
        let mut info = IpInfo::default();
        loop {
            self.ip_item(&mut info, direction)?;
            if !self.eat(",", "`,`")? {
                break;
            }
        }
        self.expect(close.0, close.1)?;
        Ok(Some(self.spanned(info, start)))
    }

    fn ip_item(&mut self, info: &mut IpInfo, direction: Direction) -> Result<()> {
        const ECN: [(&str, EcnSpec); 5] = [
            ("noecn", EcnSpec::NoEcn),
            ("ect1", EcnSpec::Ect1),
            ("ect0", EcnSpec::Ect0),
            ("ce", EcnSpec::Ce),
            ("ect01", EcnSpec::Ect01),
        ];
        let start = self.token.span.start;
        let named = self.eat_word("ecn")?;
        for (word, ecn) in ECN {
            if self.eat_word(word)? {
                if ecn == EcnSpec::Ect01 && direction == Direction::Inbound {
                    return Err(Problem::new(
                        self.span_from(start),
                        "`ect01` leaves a choice, so it is for outbound packets",
                    )
                    .help("write `ect0` or `ect1`"));
                }
                if let Some(TrafficClass::Dscp(dscp)) = info.class {
                    info.class = Some(TrafficClass::DscpAndEcn(dscp, ecn));
                    return Ok(());
                }
                return self.once(&mut info.class, TrafficClass::Ecn(ecn), start);
            }
        }
        if named {
            return Err(self.unexpected());
        }
        if self.eat_word("tos")? {
            let tos = self.number8("the type of service")?;
            self.once(&mut info.class, TrafficClass::Tos(tos.value), start)
        } else if self.eat_word("class")? {
            info.v6_words = true;
            let class = self.number8("the traffic class")?;
            self.once(&mut info.class, TrafficClass::Tos(class.value), start)
        } else if self.eat_word("dscp")? {
            let dscp = self.dscp()?;
            if let Some(TrafficClass::Ecn(ecn)) = info.class {
                info.class = Some(TrafficClass::DscpAndEcn(dscp, ecn));
                return Ok(());
            }
            self.once(&mut info.class, TrafficClass::Dscp(dscp), start)
        } else if self.eat_word("hlim")? {
            info.v6_words = true;
            let limit = self.number8("the hop limit")?;
            self.once(&mut info.ttl, limit.value, start)
        } else if self.eat_word("flowlabel")? {
            let label = self.number("the flow label", 0xf_ffff)?;
            self.once(&mut info.flow_label, label.value as u32, start)
        } else if self.eat_word("ttl")? {
            let ttl = self.number8("the time to live")?;
            self.once(&mut info.ttl, ttl.value, start)
        } else {
            Err(self.unexpected())
        }
    }

    /// A code point of differentiated services, by its number or its name.
    fn dscp(&mut self) -> Result<u8> {
        if self.at_number() {
            return Ok(self.number("the code point", 63)?.value as u8);
        }
        let Some(token) = self.eat_kind(Kind::Word, "a code point")? else { return Err(self.unexpected()) };
        let mut name = token.text.to_string();
        if name == "voice" && self.eat("-", "`-`")? {
            self.expect_word("admit")?;
            name.push_str("-admit");
        }
        dscp::number(&name).ok_or_else(|| {
            let known: Vec<String> = dscp::names().collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            Problem::new(self.span_from(token.span.start), format!("{} is no code point", quote(&name)))
                .help(format!("{}; or a number from 0 to 63", suggest(&name, &known)))
        })
    }

    fn once<T>(&self, place: &mut Option<T>, value: T, start: usize) -> Result<()> {
        match place.replace(value) {
            None => Ok(()),
            Some(_) => Err(Problem::new(self.span_from(start), "this part of the IP header has been given already")),
        }
    }

    /// The fields of a GRE header, up to what ends it.
    pub(super) fn gre(&mut self) -> Result<Gre> {
        let mut gre = Gre::default();
        if self.eat_word("flags")? {
            gre.flags = if self.eat("[", "`[`")? { self.gre_flags()? } else { self.number16("the GRE flags")?.value };
        }
        loop {
            self.eat(",", "`,`")?;
            let start = self.token.span.start;
            if self.eat_word("sum")? {
                self.eat("=", "`=`")?;
                let sum = self.number16("the checksum")?.value;
                self.once(&mut gre.sum, sum, start)?;
            } else if self.eat_word("off")? {
                self.eat("=", "`=`")?;
                let off = self.number16("the offset")?.value;
                self.once(&mut gre.off, off, start)?;
            } else if self.eat_word("key")? {
                self.eat("=", "`=`")?;
                let key = self.number32("the key")?.value;
                self.once(&mut gre.key, key, start)?;
            } else if self.eat_word("seq")? {
                self.eat("=", "`=`")?;
                let seq = self.number32("the sequence number")?.value;
                self.once(&mut gre.seq, seq, start)?;
            } else {
                return Ok(gre);
            }
        }
    }

    /// `none`, or names of flags, up to the closing bracket.
    fn gre_flags(&mut self) -> Result<u16> {
        let mut flags = 0;
        loop {
            let flag = if self.eat_word("none")? {
                None
            } else if self.eat_word("checksum")? {
                Some(Gre::CHECKSUM)
            } else if self.eat_word("key")? {
                Some(Gre::KEY)
            } else if self.eat_word("sequence#")? || self.eat_word("sequence")? {
                Some(Gre::SEQUENCE)
            } else {
                return Err(self.unexpected());
            };
            if let Some(flag) = flag {
                self.expect_word("present")?;
                flags |= flag;
            }
            self.eat(",", "`,`")?;
            if self.eat("]", "`]`")? {
                return Ok(flags);
            }
        }
    }

    /// `(label N, tc N, [S], ttl N) ...`; at least one.
    pub(super) fn mpls_stack(&mut self) -> Result<Vec<MplsEntry>> {
        let mut entries = Vec::new();
        loop {
            let start = self.token.span.start;
            self.expect("(", "`(`")?;
            self.expect_word("label")?;
            let label = self.number("the label", 0xf_ffff)?.value as u32;
            self.expect(",", "`,`")?;
            self.expect_word("tc")?;
            let tc = self.number("the traffic class", 7)?.value as u8;
            self.expect(",", "`,`")?;
            let bottom = self.bottom_of_stack()?;
            self.expect_word("ttl")?;
            let ttl = self.number8("the time to live")?.value;
            self.expect(")", "`)`")?;
            entries.push(MplsEntry { label, tc, bottom, ttl });
            if entries.len() > MPLS_ENTRIES {
                return Err(Problem::new(self.span_from(start), format!("more than {MPLS_ENTRIES} labels")));
            }
            if !self.token.is("(") {
                self.want("`(`");
                return Ok(entries);
            }
        }
    }

    fn bottom_of_stack(&mut self) -> Result<bool> {
        let bottom = if self.eat("[", "`[S]`")? {
            self.expect_word("S")?;
            self.expect("]", "`]`")?;
            true
        } else {
            self.eat_word("S")?
        };
        if bottom {
            self.expect(",", "`,`")?;
        }
        Ok(bottom)
    }
}
