//! Request-targets and authorities (RFC 9112 §3.2, RFC 9110 §4.2, RFC 3986 §3).

use core::net::Ipv6Addr;

use super::error::Fault;
use super::grammar::{ALPHA, DIGIT, HEXDIG, REG_NAME, SCHEME, URI, decimal, is};

/// The four forms of a request-target (RFC 9112 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// `/path?query`
    Origin,
    /// `scheme://host/path?query`
    Absolute,
    /// `host:port`, for CONNECT
    Authority,
    /// `*`, for OPTIONS
    Asterisk,
}

impl Form {
    /// The RFC's name, such as `origin-form`.
    pub fn name(self) -> &'static str {
        match self {
            Form::Origin => "origin-form",
            Form::Absolute => "absolute-form",
            Form::Authority => "authority-form",
            Form::Asterisk => "asterisk-form",
        }
    }
}

/// A request-target that is valid for its method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// As it came.
    pub octets: &'a [u8],
    /// Its form.
    pub form: Form,
}

impl<'a> Target<'a> {
    /// Of absolute-form, the scheme as it came.
    pub fn scheme(&self) -> Option<&'a [u8]> {
        (self.form == Form::Absolute).then(|| self.octets.split(|octet| *octet == b':').next().unwrap_or_default())
    }

    /// Of absolute-form (if it has one) and authority-form, the authority.
    pub fn authority(&self) -> Option<&'a [u8]> {
        match self.form {
            Form::Authority => Some(self.octets),
            Form::Absolute => hierarchy(self.octets).0,
            Form::Origin | Form::Asterisk => None,
        }
    }

    /// Path and query: what follows the authority; empty for authority-form and asterisk-form.
    pub fn path_and_query(&self) -> &'a [u8] {
        match self.form {
            Form::Origin => self.octets,
            Form::Absolute => hierarchy(self.octets).1,
            Form::Authority | Form::Asterisk => &[],
        }
    }

    /// The path, without the query.
    pub fn path(&self) -> &'a [u8] {
        self.path_and_query().split(|octet| *octet == b'?').next().unwrap_or_default()
    }

    /// The query, without its question mark, if there is one.
    pub fn query(&self) -> Option<&'a [u8]> {
        self.path_and_query().splitn(2, |octet| *octet == b'?').nth(1)
    }
}

/// Authority and the rest of an absolute URI.
fn hierarchy(uri: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let colon = uri.iter().position(|octet| *octet == b':').unwrap_or(uri.len());
    let rest = uri.get(colon + 1..).unwrap_or_default();
    match rest.strip_prefix(b"//") {
        Some(rest) => {
            let end = rest.iter().position(|octet| matches!(octet, b'/' | b'?')).unwrap_or(rest.len());
            (Some(&rest[..end]), &rest[end..])
        }
        None => (None, rest),
    }
}

/// How far a request-target goes: where it ends, or that the octets end within it.
///
/// Every octet is looked at once; `%` wants its two digits, brackets may stand in absolute- and authority-form.
#[inline]
pub(super) fn scan(octets: &[u8], start: usize, at: &mut usize) -> Result<Option<usize>, (Fault, usize)> {
    loop {
        *at = super::grammar::skip(octets, *at, URI);
        match octets.get(*at) {
            None => return Ok(None),
            Some(b' ') => return Ok(Some(*at)),
            Some(b'%') => {
                for digit in *at + 1..*at + 3 {
                    match octets.get(digit) {
                        None => return Ok(None),
                        Some(octet) if !is(*octet, HEXDIG) => return Err((Fault::PercentEncoding, digit)),
                        Some(_) => (),
                    }
                }
                *at += 3;
            }
            Some(b'[' | b']') if octets[start] != b'/' => *at += 1,
            Some(octet) => {
                let fault = match octet {
                    b'#' => Fault::Fragment,
                    b'\r' | b'\n' if *at == start => Fault::TargetMissing,
                    b'\r' | b'\n' => Fault::VersionMissing,
                    b'\t' | 0x0b | 0x0c => Fault::TargetSpace,
                    _ => Fault::TargetOctet,
                };
                return Err((fault, *at));
            }
        }
    }
}

/// Which form the target has, for this method; a fault comes with its place in the target.
pub(super) fn form(target: &[u8], method: &[u8]) -> Result<Form, (Fault, usize)> {
    if method == b"CONNECT" {
        return connect(target).map(|()| Form::Authority);
    }
    match target {
        [b'/', ..] => Ok(Form::Origin),
        b"*" if method == b"OPTIONS" => Ok(Form::Asterisk),
        b"*" => Err((Fault::AsteriskOnlyOptions, 0)),
        _ => absolute(target).map(|()| Form::Absolute),
    }
}

fn connect(target: &[u8]) -> Result<(), (Fault, usize)> {
    if target.iter().any(|octet| matches!(octet, b'/' | b'?' | b'@')) || target == b"*" {
        return Err((Fault::ConnectTarget, 0));
    }
    let authority = Authority::parse(target).map_err(|at| {
        let in_port = target[..at].iter().rev().find(|octet| !is(**octet, DIGIT)) == Some(&b':');
        let one_colon = target[0] == b'[' || target.split(|octet| *octet == b':').count() == 2;
        (if in_port && one_colon { Fault::ConnectPort } else { Fault::ConnectTarget }, at)
    })?;
    if authority.host.is_empty() {
        return Err((Fault::ConnectTarget, 0));
    }
    match authority.port_number() {
        Some(1..) => Ok(()),
        _ => Err((Fault::ConnectPort, authority.host.len())),
    }
}

fn absolute(target: &[u8]) -> Result<(), (Fault, usize)> {
    let scheme = super::grammar::skip(target, 0, SCHEME);
    let is_scheme = target.first().is_some_and(|octet| is(*octet, ALPHA));
    if !is_scheme || target.get(scheme) != Some(&b':') {
        // `[::1]:80`, `1.2.3.4:80` and `*x`
        let is_authority = Authority::parse(target).is_ok_and(|authority| authority.port.is_some());
        return Err((if is_authority { Fault::AuthorityOnlyConnect } else { Fault::TargetForm }, 0));
    }
    let after = &target[scheme + 1..];
    if !after.is_empty() && decimal(after).is_some() {
        return Err((Fault::AuthorityOnlyConnect, 0)); // host:port, and scheme:path by the letter of RFC 3986
    }
    let name = &target[..scheme];
    let is_http = name.eq_ignore_ascii_case(b"http") || name.eq_ignore_ascii_case(b"https");
    let (authority, path) = hierarchy(target);
    let path_at = target.len() - path.len();
    if let Some(bracket) = path.iter().position(|octet| matches!(octet, b'[' | b']')) {
        return Err((Fault::TargetOctet, path_at + bracket));
    }
    let Some(authority) = authority else {
        return if is_http { Err((Fault::EmptyHost, scheme + 1)) } else { Ok(()) };
    };
    let authority_at = scheme + 3;
    let host_at = authority.iter().position(|octet| *octet == b'@').map_or(0, |at| at + 1);
    if is_http && host_at > 0 {
        return Err((Fault::Userinfo, authority_at));
    }
    if let Some(bracket) = authority[..host_at].iter().position(|octet| matches!(octet, b'[' | b']')) {
        return Err((Fault::TargetOctet, authority_at + bracket));
    }
    let parsed =
        Authority::parse(&authority[host_at..]).map_err(|at| (Fault::AuthoritySyntax, authority_at + host_at + at))?;
    if is_http && parsed.host.is_empty() {
        return Err((Fault::EmptyHost, authority_at));
    }
    Ok(())
}

/// uri-host [ ":" port ] (RFC 9110 §4.1, §7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority<'a> {
    /// A registered name, an IPv4 address, or an IP literal in its brackets; may be empty.
    pub host: &'a [u8],
    /// The digits behind the colon, if there is a colon; may be empty.
    pub port: Option<&'a [u8]>,
}

impl<'a> Authority<'a> {
    /// Reads all octets as an authority without userinfo; the error is where it stops to be one. A port beyond 65535
    /// is in the grammar but no port, and refused.
    pub fn parse(octets: &'a [u8]) -> Result<Authority<'a>, usize> {
        let host_end = match octets {
            [b'[', rest @ ..] => {
                let length = rest.iter().position(|octet| *octet == b']').ok_or(octets.len())?;
                if !is_ip_literal(&rest[..length]) {
                    return Err(1);
                }
                length + 2
            }
            _ => reg_name(octets)?,
        };
        let (host, rest) = octets.split_at(host_end);
        let port = match rest {
            [] => None,
            [b':', port @ ..] => {
                let digits = super::grammar::skip(port, 0, super::grammar::DIGIT);
                if digits < port.len() {
                    return Err(host_end + 1 + digits);
                }
                let fits = port.is_empty() || matches!(decimal(port), Some(Some(0..=65_535)));
                if !fits {
                    return Err(host_end + 1);
                }
                Some(port)
            }
            _ => return Err(host_end),
        };
        Ok(Authority { host, port })
    }

    /// The port, if there is one that is not empty.
    pub fn port_number(&self) -> Option<u16> {
        decimal(self.port?)?.and_then(|port| u16::try_from(port).ok())
    }
}

/// Where a registered name ends: at a colon, or with the octets.
fn reg_name(octets: &[u8]) -> Result<usize, usize> {
    let mut at = 0;
    loop {
        at = super::grammar::skip(octets, at, REG_NAME);
        match octets.get(at) {
            None | Some(b':') => return Ok(at),
            Some(b'%') => {
                let digits = octets.get(at + 1..at + 3);
                if !digits.is_some_and(|digits| digits.iter().all(|digit| is(*digit, HEXDIG))) {
                    return Err(at);
                }
                at += 3;
            }
            Some(_) => return Err(at),
        }
    }
}

/// What stands between brackets: an IPv6 address, or a literal of a later version (RFC 3986 §3.2.2).
fn is_ip_literal(octets: &[u8]) -> bool {
    if let [b'v' | b'V', future @ ..] = octets {
        let digits = super::grammar::skip(future, 0, HEXDIG);
        return match &future[digits..] {
            [b'.', rest @ ..] => {
                digits > 0 && !rest.is_empty() && rest.iter().all(|octet| *octet == b':' || is(*octet, REG_NAME))
            }
            _ => false,
        };
    }
    core::str::from_utf8(octets).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let form = |method: &str, target: &str| form(target.as_bytes(), method.as_bytes());
        assert_eq!(form("GET", "/a?b"), Ok(Form::Origin));
        assert_eq!(form("GET", "//a"), Ok(Form::Origin));
        assert_eq!(form("OPTIONS", "*"), Ok(Form::Asterisk));
        assert_eq!(form("GET", "*"), Err((Fault::AsteriskOnlyOptions, 0)));
        assert_eq!(form("OPTIONS", "*x"), Err((Fault::TargetForm, 0)));
        for uri in ["http://a", "HTTPS://a:/", "http://[::1]:80?x", "urn:a:b", "ftp://u@h/", "http://%41/", "x:"] {
            assert_eq!(form("GET", uri), Ok(Form::Absolute), "{uri}");
        }
        for authority in ["a:80", "example.com:443", "[::1]:80", "1.2.3.4:80"] {
            assert_eq!(form("GET", authority), Err((Fault::AuthorityOnlyConnect, 0)), "{authority}");
            assert_eq!(form("CONNECT", authority), Ok(Form::Authority), "{authority}");
        }
        assert_eq!(form("GET", "http:///"), Err((Fault::EmptyHost, 7)));
        assert_eq!(form("GET", "http://:80/"), Err((Fault::EmptyHost, 7)));
        assert_eq!(form("GET", "http:/x"), Err((Fault::EmptyHost, 5)));
        assert_eq!(form("GET", "http://u@h/"), Err((Fault::Userinfo, 7)));
        assert_eq!(form("GET", "http://h:8x/"), Err((Fault::AuthoritySyntax, 10)));
        assert_eq!(form("GET", "http://h:65536/"), Err((Fault::AuthoritySyntax, 9)));
        assert_eq!(form("GET", "http://[::1/"), Err((Fault::AuthoritySyntax, 11)));
        assert_eq!(form("GET", "http://h/["), Err((Fault::TargetOctet, 9)));
        assert_eq!(form("GET", "a/b"), Err((Fault::TargetForm, 0)));
        assert_eq!(form("CONNECT", "/"), Err((Fault::ConnectTarget, 0)));
        assert_eq!(form("CONNECT", "h"), Err((Fault::ConnectPort, 1)));
        for port in ["h:", "h:0", "h:65536", "h:1x"] {
            assert!(matches!(form("CONNECT", port), Err((Fault::ConnectPort, _))), "{port}");
        }
        for wrong in [":80", "a:b:80", "http://h:80", "*", "u@h:80"] {
            assert!(matches!(form("CONNECT", wrong), Err((Fault::ConnectTarget, _))), "{wrong}");
        }
    }

    #[test]
    fn parts() {
        let target = Target { octets: b"http://h:8/p?q?r", form: Form::Absolute };
        assert_eq!(target.scheme(), Some(&b"http"[..]));
        assert_eq!(target.authority(), Some(&b"h:8"[..]));
        assert_eq!((target.path(), target.query()), (&b"/p"[..], Some(&b"q?r"[..])));
        let target = Target { octets: b"urn:a", form: Form::Absolute };
        assert_eq!((target.authority(), target.path(), target.query()), (None, &b"a"[..], None));
    }

    #[test]
    fn hosts() {
        for host in ["", "a", "a:", "a:80", "a,b", "%41", "[::1]", "[v1.a:b]:1", "1.2.3.4", "a_b", "[::ffff:1.2.3.4]"] {
            assert!(Authority::parse(host.as_bytes()).is_ok(), "{host}");
        }
        for wrong in
            ["a b", "a@b", "a/", "a:b", "a:1:2", "::1", "[::1", "[::1]x", "[]", "[::1%25eth0]", "%4", "é", "[v.a]"]
        {
            assert!(Authority::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert_eq!(Authority::parse(b"[::1]:080").map(|a| a.port_number()), Ok(Some(80)));
    }
}
