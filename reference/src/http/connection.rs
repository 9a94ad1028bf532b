//! Whether a connection goes on after a message: one table for both roles (RFC 9112 §9.3, §9.6).

use core::fmt;

use super::clauses as law;
use super::error::Kind;
use super::fields::{Fields, Known};
use super::framing::{Frame, Framing};
use super::grammar::trim;
use super::start_line::Version;
use crate::clause::Clause;

/// The connection options that HTTP itself knows (RFC 9110 §7.6.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `close`
    pub close: bool,
    /// `keep-alive`
    pub keep_alive: bool,
    /// `upgrade`
    pub upgrade: bool,
}

impl Options {
    /// What the Connection fields say; names compare without regard to case.
    pub fn of(fields: &Fields<'_>) -> Options {
        let mut options = Options::default();
        for field in fields.known(Known::Connection) {
            for option in field.value().split(|octet| *octet == b',').map(trim) {
                options.close |= option.eq_ignore_ascii_case(b"close");
                options.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
                options.upgrade |= option.eq_ignore_ascii_case(b"upgrade");
            }
        }
        options
    }
}

/// Who reads the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// An origin server or a gateway, of requests.
    Server,
    /// A proxy, of either.
    Proxy,
    /// A client, of responses.
    Client,
}

/// What the table asks of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Who reads it.
    pub role: Role,
    /// Whether it is a request or a response.
    pub kind: Kind,
    /// Its version.
    pub version: Version,
    /// Its connection options.
    pub options: Options,
    /// Its framing.
    pub frame: Frame,
    /// Whether all of its body has been, or will be, read.
    pub read_whole: bool,
}

/// Whether the connection goes on behind a message and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Another message may follow.
    Persist(Because),
    /// None may: a server answers this one and closes, a client closes once it has it.
    Close(Why),
}

/// Why a connection may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Because {
    /// HTTP/1.1 without close.
    Http11,
    /// HTTP/1.0 with keep-alive, which the recipient honours.
    KeepAlive,
    /// A 1xx response: the final one is to come.
    Interim,
}

/// Why a connection must close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// What follows is another protocol.
    Tunnel,
    /// The body ends with the connection.
    UntilClose,
    /// Transfer-Encoding in an HTTP/1.0 message.
    CodingInHttp10,
    /// A request with both Transfer-Encoding and Content-Length.
    LengthAndCoding,
    /// `Connection: close`.
    CloseOption,
    /// A body that is not read whole.
    Unread,
    /// An HTTP/1.0 client behind a proxy.
    ProxyOfHttp10,
    /// HTTP/1.0 without keep-alive.
    Http10,
    /// The message is refused.
    Refused,
}

/// A line of the table: the connection closes if the question is answered with yes.
struct Line {
    why: Why,
    asks: fn(&Facts) -> bool,
}

/// The first line whose question is answered with yes decides; if none is, the connection persists. `close` stands
/// above keep-alive, and faulty framing above both.
const TABLE: &[Line] = &[
    Line { why: Why::Tunnel, asks: |facts| facts.frame.framing == Framing::Tunnel },
    Line { why: Why::UntilClose, asks: |facts| facts.frame.framing == Framing::UntilClose },
    Line { why: Why::CodingInHttp10, asks: |facts| facts.frame.coding_in_http10 },
    Line { why: Why::LengthAndCoding, asks: |facts| facts.frame.both && facts.kind == Kind::Request },
    Line { why: Why::CloseOption, asks: |facts| facts.options.close },
    Line { why: Why::Unread, asks: |facts| !facts.read_whole },
    Line {
        why: Why::ProxyOfHttp10,
        asks: |facts| facts.role == Role::Proxy && facts.kind == Kind::Request && !facts.version.is_11(),
    },
    Line { why: Why::Http10, asks: |facts| !facts.version.is_11() && !facts.options.keep_alive },
];

/// Asks the table.
pub fn outcome(facts: &Facts) -> Outcome {
    match TABLE.iter().find(|line| (line.asks)(facts)) {
        Some(line) => Outcome::Close(line.why),
        None if facts.version.is_11() => Outcome::Persist(Because::Http11),
        None => Outcome::Persist(Because::KeepAlive),
    }
}

impl Outcome {
    /// The outcome of a request together with its response: either side can end it.
    #[must_use]
    pub fn and(self, other: Outcome) -> Outcome {
        if let Outcome::Close(_) = self { self } else { other }
    }

    /// Whether another message may follow.
    pub fn persists(self) -> bool {
        matches!(self, Outcome::Persist(_))
    }

    /// The clause that decides, for the one who reads messages of this kind.
    pub fn clause(self, kind: Kind) -> Clause {
        match (self, kind) {
            (Outcome::Persist(Because::Interim), _) => law::INTERIM,
            (Outcome::Persist(_) | Outcome::Close(Why::Http10), _) => law::PERSIST_DEFAULT,
            (Outcome::Close(Why::Tunnel), _) => law::CONNECT_TUNNEL,
            (Outcome::Close(Why::UntilClose), _) => law::UNTIL_CLOSE,
            (Outcome::Close(Why::CodingInHttp10), _) => law::TE_IN_10,
            (Outcome::Close(Why::LengthAndCoding), _) => law::TE_AND_CL_CLOSE,
            (Outcome::Close(Why::CloseOption), Kind::Request) => law::NO_MORE_REQUESTS,
            (Outcome::Close(Why::CloseOption), Kind::Response) => law::CLIENT_CLOSE,
            (Outcome::Close(Why::Unread), _) => law::READ_OR_CLOSE,
            (Outcome::Close(Why::ProxyOfHttp10), _) => law::NO_KEEP_ALIVE_PROXY,
            (Outcome::Close(Why::Refused), Kind::Request) => law::GARBAGE,
            (Outcome::Close(Why::Refused), Kind::Response) => law::INCOMPLETE_RESPONSE,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Persist(Because::Http11) => "persists: HTTP/1.1 without close",
            Outcome::Persist(Because::Interim) => "persists: the final response is to come",
            Outcome::Persist(Because::KeepAlive) => "persists: HTTP/1.0 with keep-alive",
            Outcome::Close(Why::Tunnel) => "ends: what follows is another protocol",
            Outcome::Close(Why::UntilClose) => "closes: the body ends with it",
            Outcome::Close(Why::CodingInHttp10) => "closes: Transfer-Encoding in an HTTP/1.0 message",
            Outcome::Close(Why::LengthAndCoding) => "closes: both Transfer-Encoding and Content-Length",
            Outcome::Close(Why::CloseOption) => "closes: Connection: close",
            Outcome::Close(Why::Unread) => "closes: the body is not read whole",
            Outcome::Close(Why::ProxyOfHttp10) => "closes: an HTTP/1.0 client behind a proxy",
            Outcome::Close(Why::Http10) => "closes: HTTP/1.0 without keep-alive",
            Outcome::Close(Why::Refused) => "closes: the message is refused",
        })
    }
}
