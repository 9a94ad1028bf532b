//! Transfer-Encoding: a list of codings with parameters (RFC 9112 §6.1, §7).

use alloc::vec::Vec;

use crate::http::error::Fault;
use crate::http::fields::{Fields, Known};
use crate::http::grammar::{QDTEXT, TCHAR, WS, elements, is, skip};

/// A transfer coding as a message names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coding {
    /// Its name in lower case.
    pub name: Vec<u8>,
    /// Whether parameters follow it.
    pub parameters: bool,
}

impl Coding {
    fn is_chunked(&self) -> bool {
        self.name == b"chunked"
    }

    /// Whether RFC 9112 §7 defines it.
    fn is_known(&self) -> bool {
        self.is_chunked() || self.is_compression()
    }

    fn is_compression(&self) -> bool {
        matches!(&self.name[..], b"gzip" | b"x-gzip" | b"deflate" | b"compress" | b"x-compress")
    }
}

/// The transfer codings of a message in the order in which they were applied; the lines are one list
/// (RFC 9110 §5.3). [`Fault::CodingSyntax`] if one is no coding.
pub fn codings(fields: &Fields<'_>) -> Result<Vec<Coding>, Fault> {
    let mut all = Vec::new();
    for field in fields.known(Known::TransferEncoding) {
        for element in elements(&field.value()) {
            all.push(coding(element).ok_or(Fault::CodingSyntax)?);
        }
    }
    Ok(all)
}

/// token *( OWS ";" OWS token BWS "=" BWS ( token / quoted-string ) )
fn coding(element: &[u8]) -> Option<Coding> {
    let end = skip(element, 0, TCHAR);
    let mut at = skip(element, end, WS);
    let parameters = at < element.len();
    while at < element.len() {
        at = parameter(element, at)?;
        at = skip(element, at, WS);
    }
    (end > 0).then(|| Coding { name: element[..end].to_ascii_lowercase(), parameters })
}

/// Where the parameter ends that begins with a semicolon at `at`.
fn parameter(element: &[u8], at: usize) -> Option<usize> {
    let name = skip(element, after(element, at, b';')?, WS);
    let name_end = skip(element, name, TCHAR);
    let value = skip(element, after(element, skip(element, name_end, WS), b'=')?, WS);
    let value_end = match element.get(value) {
        Some(b'"') => quoted_string(element, value)?,
        _ => skip(element, value, TCHAR),
    };
    (name_end > name && value_end > value).then_some(value_end)
}

fn after(octets: &[u8], at: usize, octet: u8) -> Option<usize> {
    (octets.get(at) == Some(&octet)).then_some(at + 1)
}

/// Where the quoted-string ends that begins at `at` (RFC 9110 §5.6.4).
fn quoted_string(octets: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        match octets.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => {
                octets.get(at + 1)?;
                at += 2;
            }
            octet if is(*octet, QDTEXT) => at += 1,
            _ => return None,
        }
    }
}

/// What framing has to know of the codings.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Summary {
    pub(super) chunked: usize,
    pub(super) chunked_is_last: bool,
    /// There are others than chunked.
    pub(super) others: bool,
    /// There are some that RFC 9112 does not know.
    pub(super) unknown: bool,
}

impl Summary {
    pub(super) fn of(fields: &Fields<'_>) -> Result<Summary, Fault> {
        let mut lines = fields.known(Known::TransferEncoding);
        if let (Some(line), None) = (lines.next(), lines.next())
            && line.raw.eq_ignore_ascii_case(b"chunked")
        {
            return Ok(Summary { chunked: 1, chunked_is_last: true, ..Summary::default() });
        }
        let mut summary = Summary::default();
        for coding in codings(fields)? {
            if coding.parameters && coding.is_known() {
                return Err(if coding.is_chunked() { Fault::ChunkedParameters } else { Fault::CodingParameters });
            }
            summary.chunked += usize::from(coding.is_chunked());
            summary.chunked_is_last = coding.is_chunked();
            summary.others |= !coding.is_chunked();
            summary.unknown |= !coding.is_known();
        }
        Ok(summary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_are_tokens_with_parameters() {
        for right in ["chunked", "a;b=c", "a ; b = \"x;,\\\"\" ;c=d"] {
            assert!(coding(right.as_bytes()).is_some(), "{right}");
        }
        for wrong in ["", ";a=b", "a b", "a;", "a;b", "a;b=", "a;=c", "a;b=\"x", "\"chunked\"", "a;b=c d"] {
            assert!(coding(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}
