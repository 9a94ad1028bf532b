//! Packets: what is common to all of them, and UDP.

use super::{Kind, Parser, Problem, Result, Spanned};
use crate::script::ast::{Direction, Echoed, PacketSpec, TransportSpec, UdpSpec};

impl Parser<'_> {
    /// `<` or `>`, if it comes next.
    pub(super) fn direction(&mut self) -> Result<Option<Spanned<Direction>>> {
        let start = self.token.span.start;
        if self.eat("<", "`<`")? {
            return Ok(Some(self.spanned(Direction::Inbound, start)));
        }
        if self.eat(">", "`>`")? {
            return Ok(Some(self.spanned(Direction::Outbound, start)));
        }
        Ok(None)
    }

    /// What follows the direction of a packet.
    pub(super) fn packet(&mut self, direction: Spanned<Direction>) -> Result<PacketSpec> {
        let connection = match self.eat_kind(Kind::Connection, "`@name`")? {
            Some(token) if token.text.is_empty() => {
                return Err(Problem::new(token.span, "the connection lacks its name")
                    .help("letters, digits, `_` and `-`, directly behind the `@`"));
            }
            Some(token) => Some(Spanned::new(token.text.into_owned(), token.span)),
            None => None,
        };
        // an old way to write ICMP has the quoted packet in front
        let quoted = if self.at_quoted() { self.echoed()? } else { None };
        let encapsulation = self.encapsulation(direction.value)?;
        let ip = self.ip_info(direction.value)?;
        let transport = self.transport(direction.value, quoted)?;
        let payload = self.payload(&transport)?;
        Ok(PacketSpec { direction, connection, encapsulation, ip, transport, payload })
    }

    /// Whether what comes next quotes a packet, rather than saying something of an IP header.
    fn at_quoted(&self) -> bool {
        let rest = self.lexer.rest().trim_start();
        self.token.is("[") && (rest.starts_with(|c: char| c.is_ascii_digit()) || rest.starts_with("udp"))
    }

    fn transport(&mut self, direction: Direction, quoted: Option<Spanned<Echoed>>) -> Result<TransportSpec> {
        if quoted.is_some() {
            self.expect_word("icmp")?;
            let mut icmp = self.icmp()?;
            match icmp.echoed {
                Some(twice) => return Err(Problem::new(twice.span, "this message quotes two packets")),
                None => icmp.echoed = quoted,
            }
            return Ok(TransportSpec::Icmp(icmp));
        }
        if self.eat_word("udp")? {
            let ports = if self.at_number() { Some(self.ports()?) } else { None };
            let len = self.length()?;
            return Ok(TransportSpec::Udp(UdpSpec { ports, len, coverage: None }));
        }
        if self.eat_word("udplite")? {
            return Ok(TransportSpec::Udp(self.udp_lite()?));
        }
        if self.eat_word("icmp")? {
            return Ok(TransportSpec::Icmp(self.icmp()?));
        }
        if self.token.is_word("sctp") {
            return Ok(TransportSpec::Sctp(self.sctp()?));
        }
        Ok(TransportSpec::Tcp(self.tcp(direction)?))
    }

    /// `a > b (n, cov)`
    fn udp_lite(&mut self) -> Result<UdpSpec> {
        let ports = if self.at_number() { Some(self.ports()?) } else { None };
        self.expect("(", "`(`")?;
        let len = self.number16("the length")?;
        self.expect(",", "`,`")?;
        let coverage = self.number16("the octets that the checksum covers")?;
        self.expect(")", "`)`")?;
        Ok(UdpSpec { ports, len, coverage: Some(coverage) })
    }

    /// `sctp: ...` up to the next line that begins like a step. What it says is not looked at.
    fn sctp(&mut self) -> Result<Spanned<String>> {
        let begins_step = |line: &str| {
            let line = line.trim_start();
            line.is_empty()
                || line.starts_with(['+', '*', '`', '.', '/', '#'])
                || line.starts_with(|c: char| c.is_ascii_digit())
        };
        let token = self.token.clone();
        if !self.lexer.reread(&token) {
            return Err(Problem::new(token.span, "SCTP is out of scope"));
        }
        let start = self.lexer.offset();
        let rest = self.lexer.rest();
        let mut length = 0;
        for (number, line) in rest.split_inclusive('\n').enumerate() {
            if number > 0 && begins_step(line) {
                break;
            }
            length += line.len();
        }
        let text = self.lexer.take(length);
        let kept = text.split("//").next().unwrap_or_default().trim_end();
        let span = start..start + kept.len();
        let text = kept.split_whitespace().collect::<Vec<_>>().join(" ");
        self.refill()?;
        self.end = span.end;
        Ok(Spanned::new(text, span))
    }

    /// `source > destination`
    pub(super) fn ports(&mut self) -> Result<Spanned<(u16, u16)>> {
        let source = self.number16("the source port")?;
        self.destination_port(&source)
    }

    /// `> destination` after the source port.
    pub(super) fn destination_port(&mut self, source: &Spanned<u16>) -> Result<Spanned<(u16, u16)>> {
        if !self.eat(">", "`>`")? {
            return Err(self
                .unexpected()
                .help("ports are a pair, `1234 > 80`; the length is in parentheses, `udp (100)`"));
        }
        let destination = self.number16("the destination port")?;
        Ok(self.spanned((source.value, destination.value), source.span.start))
    }

    /// `(n)`
    pub(super) fn length(&mut self) -> Result<Spanned<u16>> {
        self.expect("(", "`(`")?;
        let length = self.number16("the length")?;
        self.expect(")", "`)`")?;
        Ok(length)
    }

    /// The text at the end of a packet.
    fn payload(&mut self, transport: &TransportSpec) -> Result<Option<Spanned<Vec<u8>>>> {
        let len = match transport {
            TransportSpec::Tcp(tcp) if tcp.reason.is_some() => return Ok(None), // the reason is the text
            TransportSpec::Tcp(tcp) => &tcp.len,
            TransportSpec::Udp(udp) => &udp.len,
            TransportSpec::Icmp(_) if self.token.kind == Kind::String => {
                return Err(Problem::new(self.token.span.clone(), "only TCP and UDP packets carry a text"));
            }
            TransportSpec::Icmp(_) | TransportSpec::Sctp(_) => return Ok(None),
        };
        let Some(text) = self.strings("a text")? else { return Ok(None) };
        if text.len() != usize::from(len.value) {
            return Err(Problem::new(
                text.span.clone(),
                format!("the text has {} octets, but the packet says ({})", text.len(), len.value),
            )
            .label(format!("{} octets", text.len()))
            .help("make them agree; an escape such as \\n is one octet"));
        }
        Ok(Some(text))
    }
}
