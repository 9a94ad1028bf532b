//! Heads: start-line and header section, as views of the octets.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::connection::{self, Facts, Options, Outcome, Role};
use super::error::{Error, Fault, Kind};
use super::fields::{FieldLines, Fields, Known};
use super::framing::{self, Frame, Framing, Problem};
use super::grammar;
use super::rules::Rules;
use super::scan::Scan;
use super::start_line::{StatusClass, Version};
use super::target::{Authority, Target};

/// What became of the octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded<T> {
    /// A head, and how many octets it took, empty lines before it included.
    Complete(T, usize),
    /// So far nothing is wrong; more octets are needed.
    Partial,
    /// The message is refused.
    Error(Error),
}

/// Decodes the head of a request from the beginning of `octets`. `lines` is room that is used again for each message.
///
/// Who gets octets piece by piece uses a [`Reader`](super::Reader), which never looks at one twice.
pub fn decode_request<'a>(octets: &'a [u8], lines: &'a mut FieldLines, rules: &Rules) -> Decoded<RequestHead<'a>> {
    let mut scan = Scan::head(Kind::Request);
    match scan.run(octets, lines, rules) {
        Ok(None) => Decoded::Partial,
        Ok(Some(end)) => match RequestHead::new(octets, &scan, lines, rules) {
            Ok(head) => Decoded::Complete(head, end),
            Err(error) => Decoded::Error(error),
        },
        Err(error) => Decoded::Error(error),
    }
}

/// Decodes the head of a response to a request with this method from the beginning of `octets`; as [`decode_request`].
pub fn decode_response<'a>(
    octets: &'a [u8],
    lines: &'a mut FieldLines,
    method: RequestMethod,
    rules: &Rules,
) -> Decoded<ResponseHead<'a>> {
    let mut scan = Scan::head(Kind::Response);
    match scan.run(octets, lines, rules) {
        Ok(None) => Decoded::Partial,
        Ok(Some(end)) => match ResponseHead::new(octets, &scan, lines, method, rules) {
            Ok(head) => Decoded::Complete(head, end),
            Err(error) => Decoded::Error(error),
        },
        Err(error) => Decoded::Error(error),
    }
}

/// What of a request's method the reader of the response must know (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RequestMethod {
    /// HEAD: the response has no body.
    Head,
    /// CONNECT: a 2xx makes a tunnel.
    Connect,
    /// Any other.
    #[default]
    Other,
}

impl RequestMethod {
    /// Methods are case-sensitive (RFC 9110 §9.1).
    pub fn of(method: &[u8]) -> RequestMethod {
        match method {
            b"HEAD" => RequestMethod::Head,
            b"CONNECT" => RequestMethod::Connect,
            _ => RequestMethod::Other,
        }
    }
}

/// What a request expects of its server (RFC 9110 §10.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expect {
    /// Nothing, or 100-continue where it is ignored: in HTTP/1.0, or without content to come.
    Nothing,
    /// 100-continue: the content comes after 100, or soon anyway.
    Continue,
    /// Something unknown, to which 417 may be the answer.
    Unknown,
}

/// The head of a request that is valid.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// A token of any length and case; whether it is implemented is the server's business.
    pub method: &'a [u8],
    /// The request-target.
    pub target: Target<'a>,
    /// The version.
    pub version: Version,
    /// The header section.
    pub fields: Fields<'a>,
    /// Where the body ends.
    pub frame: Frame,
    /// The connection options.
    pub options: Options,
}

impl<'a> RequestHead<'a> {
    /// The head that the scanner found, if its fields agree with each other.
    pub(super) fn new(
        octets: &'a [u8],
        scan: &Scan,
        lines: &'a FieldLines,
        rules: &Rules,
    ) -> Result<RequestHead<'a>, Error> {
        let slice = |(start, end): (usize, usize)| &octets[start..end];
        let (method, fields, version) = (slice(scan.method), lines.view(octets), scan.version);
        let refuse = |problem: Problem| refused(octets, scan, problem);
        check_host(&fields, version).map_err(refuse)?;
        let frame = framing::of_request(method, version, &fields, rules).map_err(refuse)?;
        let target = Target { octets: slice(scan.target), form: scan.form };
        Ok(RequestHead { method, target, version, fields, frame, options: Options::of(&fields) })
    }

    /// The Host field's value, if there is one; it is valid.
    pub fn host(&self) -> Option<&'a [u8]> {
        self.fields.known(Known::Host).next().map(|field| field.raw)
    }

    /// The authority the request is for: of the target if it has one, which wins over Host (RFC 9112 §3.2.2, §3.3).
    pub fn authority(&self) -> Option<&'a [u8]> {
        self.target.authority().or_else(|| self.host())
    }

    /// Whether Host names another authority than the target (RFC 9110 §7.4 lets a server refuse that). An empty port,
    /// none, and the default port of the scheme are the same (RFC 9110 §4.2.3).
    pub fn host_differs(&self) -> bool {
        let (Some(target), Some(host)) = (self.target.authority(), self.host()) else { return false };
        let without_userinfo = target.rsplit(|octet| *octet == b'@').next().unwrap_or(target);
        match (Authority::parse(without_userinfo), Authority::parse(host)) {
            (Ok(target), Ok(host)) => {
                let port = |authority: Authority<'_>| authority.port_number().or(self.target.default_port());
                !target.host.eq_ignore_ascii_case(host.host) || port(target) != port(host)
            }
            _ => true,
        }
    }

    /// What it expects.
    pub fn expect(&self) -> Expect {
        let mut expect = Expect::Nothing;
        for field in self.fields.known(Known::Expect) {
            for element in grammar::elements(&field.value()) {
                if !element.eq_ignore_ascii_case(b"100-continue") {
                    return Expect::Unknown;
                }
                let content = !matches!(self.frame.framing, Framing::None | Framing::ContentLength(0));
                if content && self.version.is_11() {
                    expect = Expect::Continue;
                }
            }
        }
        expect
    }

    /// The Upgrade lines, if the request offers to switch: they count only in HTTP/1.1 and with the connection option
    /// (RFC 9110 §7.8).
    pub fn upgrade(&self) -> impl Iterator<Item = super::Field<'a>> + use<'a> {
        let offers = self.version.is_11() && self.options.upgrade;
        self.fields.known(Known::Upgrade).filter(move |_| offers)
    }

    /// Whether the connection can go on behind it, if the body is read.
    pub fn persistence(&self, role: Role) -> Outcome {
        let (version, options, frame) = (self.version, self.options, self.frame);
        connection::outcome(&Facts { role, kind: Kind::Request, version, options, frame, read_whole: true })
    }
}

/// Host: once in HTTP/1.1, at most once in HTTP/1.0, valid in both (RFC 9112 §3.2).
fn check_host(fields: &Fields<'_>, version: Version) -> Result<(), Problem> {
    let mut hosts = fields.known(Known::Host);
    let Some(host) = hosts.next() else {
        return if version.is_11() { Err((Fault::HostMissing, None)) } else { Ok(()) };
    };
    if let Some(second) = hosts.next() {
        return Err((Fault::HostTwice, Some(second.name_at as usize)));
    }
    // A fold, or an octet that stands for SP, is not in the grammar of a host.
    Authority::parse(host.raw).map(|_| ()).map_err(|at| (Fault::HostInvalid, Some(host.value_at as usize + at)))
}

fn refused(octets: &[u8], scan: &Scan, (fault, at): Problem) -> Error {
    match at {
        Some(at) => scan.error(octets, fault, at),
        None => Error { octet: None, ..scan.error(octets, fault, scan.at()) },
    }
}

/// The head of a response that is valid.
#[derive(Clone, Copy, Debug)]
pub struct ResponseHead<'a> {
    /// The version.
    pub version: Version,
    /// The status-code: three digits, from 0 to 999.
    pub status: u16,
    /// The reason-phrase as it came; may be empty. See [`ResponseHead::reason_phrase`].
    pub reason: &'a [u8],
    /// The header section.
    pub fields: Fields<'a>,
    /// Where the body ends.
    pub frame: Frame,
    /// The connection options.
    pub options: Options,
}

impl<'a> ResponseHead<'a> {
    /// The head that the scanner found, if its fields agree with each other.
    pub(super) fn new(
        octets: &'a [u8],
        scan: &Scan,
        lines: &'a FieldLines,
        method: RequestMethod,
        rules: &Rules,
    ) -> Result<ResponseHead<'a>, Error> {
        let (fields, version, status) = (lines.view(octets), scan.version, scan.status);
        let frame = framing::of_response(method, status, version, &fields, rules)
            .map_err(|problem| refused(octets, scan, problem))?;
        let reason = &octets[scan.reason.0..scan.reason.1];
        Ok(ResponseHead { version, status, reason, fields, frame, options: Options::of(&fields) })
    }

    /// The reason-phrase, of no meaning, with SP in the place of whitespace that the [`Rules`] bear: of CR alone, which
    /// must never be passed on (RFC 9112 §2.2), and of VT and FF.
    pub fn reason_phrase(&self) -> Cow<'a, [u8]> {
        let is_borne = |octet: &u8| matches!(octet, b'\r' | 0x0b | 0x0c);
        if !self.reason.iter().any(is_borne) {
            return Cow::Borrowed(self.reason);
        }
        self.reason.iter().map(|octet| if is_borne(octet) { b' ' } else { *octet }).collect::<Vec<_>>().into()
    }

    /// The class of the status.
    pub fn class(&self) -> StatusClass {
        StatusClass::of(self.status)
    }

    /// Whether another response to the same request follows: 1xx but for 101 (RFC 9110 §15.2).
    pub fn is_interim(&self) -> bool {
        self.class() == StatusClass::Informational && self.status != 101
    }

    /// Whether the connection can go on behind it.
    pub fn persistence(&self, role: Role) -> Outcome {
        if self.is_interim() {
            return Outcome::Persist(connection::Because::Interim);
        }
        let (version, options, frame) = (self.version, self.options, self.frame);
        connection::outcome(&Facts { role, kind: Kind::Response, version, options, frame, read_whole: true })
    }
}
