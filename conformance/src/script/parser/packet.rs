//! Packets: what is common to all of them, and UDP.

use super::{Kind, Parser, Problem, Result, Spanned};
use crate::script::ast::{Direction, PacketSpec, TransportSpec, UdpSpec};

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
        let encapsulation = self.encapsulation(direction.value)?;
        let ip = self.ip_info(direction.value)?;
        let transport = self.transport(direction.value)?;
        let payload = self.payload(&transport)?;
        Ok(PacketSpec { direction, connection, encapsulation, ip, transport, payload })
    }

    fn transport(&mut self, direction: Direction) -> Result<TransportSpec> {
        if self.eat_word("udp")? {
            let ports = if self.at_number() { Some(self.ports()?) } else { None };
            let len = self.length()?;
            return Ok(TransportSpec::Udp(UdpSpec { ports, len }));
        }
        if self.eat_word("icmp")? {
            return Ok(TransportSpec::Icmp(self.icmp()?));
        }
        Ok(TransportSpec::Tcp(self.tcp(direction)?))
    }

    /// `source > destination`
    fn ports(&mut self) -> Result<Spanned<(u16, u16)>> {
        let source = self.number16("the source port")?;
        self.destination_port(&source)
    }

    /// `> destination` after the source port.
    pub(super) fn destination_port(&mut self, source: &Spanned<u16>) -> Result<Spanned<(u16, u16)>> {
        self.expect(">", "`>`")?;
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
            TransportSpec::Tcp(tcp) => &tcp.len,
            TransportSpec::Udp(udp) => &udp.len,
            TransportSpec::Icmp(_) if self.token.kind == Kind::String => {
                return Err(Problem::new(self.token.span.clone(), "only TCP and UDP packets carry a text"));
            }
            TransportSpec::Icmp(_) => return Ok(None),
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
