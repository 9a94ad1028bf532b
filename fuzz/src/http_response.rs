//! Responses: split invariance and linear work, whatever they answer.

use wirelaw_reference::http::Reader;

use crate::http;

/// Panics if the octets break the property.
pub fn check(octets: &[u8]) {
    let Some((rules, method, size, octets)) = http::split(octets) else { return };
    let mut reader = Reader::responses(rules);
    reader.expect(method);
    reader.expect_always(method);
    http::check(&reader, octets, size);
}
