//! Where a body ends: RFC 9112 §6.3, in its order.

mod codings;
mod lengths;

use core::fmt;

pub use codings::Coding;
pub use codings::codings;

use super::clauses as law;
use super::error::{Fault, Kind};
use super::fields::{Fields, Known};
use super::head::RequestMethod;
use super::rules::Rules;
use super::start_line::Version;
use crate::clause::Clause;
use codings::Summary;

/// How a body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// The message ends with its header section.
    None,
    /// As many octets follow.
    ContentLength(u64),
    /// Chunks follow, and a trailer section.
    Chunked,
    /// The body ends with the connection.
    UntilClose,
    /// The message ends with its header section, and what follows on the connection is not HTTP.
    Tunnel,
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Framing::None => f.write_str("no body"),
            Framing::ContentLength(length) => write!(f, "{length} octets"),
            Framing::Chunked => f.write_str("chunked"),
            Framing::UntilClose => f.write_str("until the connection closes"),
            Framing::Tunnel => f.write_str("a tunnel"),
        }
    }
}

/// Why a body is delimited as it is: the items of RFC 9112 §6.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Because {
    /// Item 1: the response answers HEAD.
    AnswersHead,
    /// Item 1: the status is 1xx, 204 or 304.
    Status,
    /// 101: the connection speaks another protocol (RFC 9110 §15.2.2).
    SwitchingProtocols,
    /// Item 2: the response is a 2xx to CONNECT.
    Connected,
    /// Item 4: chunked is the last transfer coding.
    Chunked,
    /// Item 4: the last transfer coding of a response is not chunked.
    CodingNotFinal,
    /// Item 6: Content-Length.
    ContentLength,
    /// Item 7: a request with neither field.
    RequestWithoutFraming,
    /// Item 8: a response with neither field.
    ResponseWithoutFraming,
}

impl Because {
    /// The clause that says so.
    pub fn clause(self) -> Clause {
        match self {
            Because::AnswersHead | Because::Status => law::NO_BODY_STATUS,
            Because::SwitchingProtocols => law::UPGRADED,
            Because::Connected => law::CONNECT_TUNNEL,
            Because::Chunked => law::CHUNKED,
            Because::CodingNotFinal => law::TE_NOT_FINAL_RESPONSE,
            Because::ContentLength => law::CONTENT_LENGTH,
            Because::RequestWithoutFraming => law::REQUEST_WITHOUT_BODY,
            Because::ResponseWithoutFraming => law::UNTIL_CLOSE,
        }
    }
}

/// The framing of a message, and what of it the connection must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// How the body is delimited.
    pub framing: Framing,
    /// Why.
    pub because: Because,
    /// Codings other than chunked are left on the content: [`codings`] tells which. Whoever cannot undo them must not
    /// take it for the content (RFC 9110 §2.4).
    pub coded: bool,
    /// Transfer-Encoding and Content-Length are both there (RFC 9112 §6.1).
    pub both: bool,
    /// Transfer-Encoding is there in an HTTP/1.0 message (RFC 9112 §6.1).
    pub coding_in_http10: bool,
}

/// A fault, and where in the head it stands if it is of one field.
pub(super) type Problem = (Fault, Option<usize>);

/// The framing of a request.
pub(super) fn of_request(
    method: &[u8],
    version: Version,
    fields: &Fields<'_>,
    rules: &Rules,
) -> Result<Frame, Problem> {
    let frame = by_fields(Kind::Request, version, fields, rules)?;
    let content = !matches!(frame.framing, Framing::None | Framing::ContentLength(0));
    if method == b"CONNECT" && content {
        return Err((Fault::ConnectContent, None));
    }
    Ok(frame)
}

/// The framing of a response with this status to a request with this method.
pub(super) fn of_response(
    method: RequestMethod,
    status: u16,
    version: Version,
    fields: &Fields<'_>,
    rules: &Rules,
) -> Result<Frame, Problem> {
    let has_coding = fields.has(Known::TransferEncoding);
    let by_status = |framing, because| Frame {
        framing,
        because,
        coded: false,
        both: has_coding && fields.has(Known::ContentLength),
        coding_in_http10: has_coding && !version.is_11(),
    };
    // 204 answers CONNECT as any 2xx does (item 2); it has no content for another reason only (item 1).
    match (method, status) {
        (RequestMethod::Connect, 200..=299) => Ok(by_status(Framing::Tunnel, Because::Connected)),
        (_, 101) => Ok(by_status(Framing::Tunnel, Because::SwitchingProtocols)),
        (_, 100..=199 | 204 | 304) => Ok(by_status(Framing::None, Because::Status)),
        (RequestMethod::Head, _) => Ok(by_status(Framing::None, Because::AnswersHead)),
        _ => by_fields(Kind::Response, version, fields, rules),
    }
}

/// Items 3 to 8.
fn by_fields(kind: Kind, version: Version, fields: &Fields<'_>, rules: &Rules) -> Result<Frame, Problem> {
    let plain = |framing, because| Frame { framing, because, coded: false, both: false, coding_in_http10: false };
    if fields.has(Known::TransferEncoding) {
        return by_codings(kind, version, fields, rules);
    }
    if fields.has(Known::ContentLength) {
        let length = lengths::content_length(fields, rules)?;
        return Ok(plain(Framing::ContentLength(length), Because::ContentLength));
    }
    Ok(match kind {
        Kind::Request => plain(Framing::None, Because::RequestWithoutFraming),
        Kind::Response => plain(Framing::UntilClose, Because::ResponseWithoutFraming),
    })
}

/// Items 3 and 4: Transfer-Encoding, whatever Content-Length says.
fn by_codings(kind: Kind, version: Version, fields: &Fields<'_>, rules: &Rules) -> Result<Frame, Problem> {
    let at = fields.known(Known::TransferEncoding).last().map(|field| field.value_at as usize);
    let both = fields.has(Known::ContentLength);
    let coding_in_http10 = !version.is_11();
    if coding_in_http10 && !rules.te_in_http10 {
        return Err((Fault::CodingInHttp10, at));
    }
    if both && !rules.te_and_cl_te_wins {
        return Err((Fault::LengthAndCoding, at));
    }
    let summary = Summary::of(fields).map_err(|fault| (fault, at))?;
    let (framing, because) = if summary.chunked_is_last {
        (Framing::Chunked, Because::Chunked)
    } else if kind == Kind::Request {
        return Err((Fault::CodingNotFinal, at));
    } else {
        (Framing::UntilClose, Because::CodingNotFinal)
    };
    if summary.chunked > 1 {
        return Err((Fault::ChunkedTwice, at));
    }
    if summary.unknown && kind == Kind::Request && !rules.unknown_te {
        return Err((Fault::CodingUnknown, at));
    }
    let coded = summary.others || summary.chunked > 0 && !summary.chunked_is_last;
    Ok(Frame { framing, because, coded, both, coding_in_http10 })
}
