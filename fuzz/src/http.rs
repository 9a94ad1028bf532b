//! What `http_request` and `http_response` have in common.

use wirelaw_reference::http::{Ending, LENIENCIES, Reader, RequestMethod, Rules, Transcript};

/// The first three octets choose leniencies (a bit each), the second piece's cut and the method that is answered; the
/// rest is the connection.
pub(crate) fn split(octets: &[u8]) -> Option<(Rules, RequestMethod, usize, &[u8])> {
    let ([low, high, cut], octets) = octets.split_first_chunk::<3>()?;
    let chosen = u16::from_le_bytes([*low, *high]);
    let mut rules = Rules::default();
    for (bit, leniency) in LENIENCIES.iter().enumerate() {
        (leniency.set)(&mut rules, chosen >> bit & 1 == 1);
    }
    let method = match high >> 6 {
        0 | 1 => RequestMethod::Other,
        2 => RequestMethod::Head,
        _ => RequestMethod::Connect,
    };
    Some((rules, method, usize::from(*cut) + 1, octets))
}

/// However the octets are split, they say the same; every prefix of a refused connection that holds the octet at
/// fault is refused in the same way; the work is linear.
pub(crate) fn check(reader: &Reader, octets: &[u8], size: usize) -> Transcript {
    let whole = Transcript::read(reader.clone(), [octets]);
    assert_eq!(Transcript::read(reader.clone(), octets.chunks(1)), whole, "one by one");
    assert_eq!(Transcript::read(reader.clone(), octets.chunks(size)), whole, "in pieces of {size}");
    if let Ending::Refused(error) = whole.ending {
        assert!(error.offset <= octets.len() as u64, "{error}: beyond the end");
        assert!(matches!(error.status(), 400..=599) && !error.to_string().is_empty());
    }
    let mut counted = reader.clone();
    for mut octet in octets.chunks(1) {
        while let Ok(Some(_)) = counted.next(&mut octet) {}
    }
    let most = 16 * octets.len() as u64 + 64;
    assert!(counted.steps() <= most, "{} steps for {} octets", counted.steps(), octets.len());
    whole
}
