//! Content-Length: one number, or refused (RFC 9110 §8.6, RFC 9112 §6.3 item 5).

use super::Problem;
use crate::http::error::Fault;
use crate::http::fields::{Fields, Known};
use crate::http::grammar::{decimal, trim};
use crate::http::rules::Rules;

/// The number that all Content-Length lines and their elements agree on.
pub(super) fn content_length(fields: &Fields<'_>, rules: &Rules) -> Result<u64, Problem> {
    let mut agreed: Option<Option<u64>> = None;
    let mut repeated = None;
    let mut place = None;
    for field in fields.known(Known::ContentLength) {
        let at = Some(field.value_at as usize);
        place = at;
        for element in field.value().split(|octet| *octet == b',') {
            let number = decimal(trim(element)).ok_or((Fault::ContentLengthSyntax, at))?;
            match agreed {
                None => agreed = Some(number),
                Some(other) if other != number => return Err((Fault::ContentLengthsDiffer, at)),
                Some(_) => repeated = at,
            }
        }
    }
    // Of numbers too large for the machine it is not known whether they are equal; both are refused as repeated.
    if repeated.is_some() && (!rules.equal_content_lengths || agreed == Some(None)) {
        return Err((Fault::ContentLengthRepeated, repeated));
    }
    match agreed {
        Some(Some(length)) if length <= rules.limits.content => Ok(length),
        Some(Some(_)) => Err((Fault::ContentTooLarge, place)),
        _ => Err((Fault::ContentLengthTooLarge, place)),
    }
}
