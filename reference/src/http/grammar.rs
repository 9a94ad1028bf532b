//! Which octets may stand where: the terminal rules of RFC 9110 §5.6 and RFC 3986 as one table of 256 classes.

/// A set of classes of octets; see [`is`].
pub type Classes = u16;

/// tchar: what a token is made of (RFC 9110 §5.6.2).
pub const TCHAR: Classes = 1;
/// HTAB, SP, VCHAR and obs-text: what a field value and a reason-phrase are made of (RFC 9110 §5.5, RFC 9112 §4).
pub const FIELD: Classes = 1 << 1;
/// unreserved, sub-delims, ":", "@", "/" and "?": path and query but for pct-encoded (RFC 3986 §3.3, §3.4).
pub const URI: Classes = 1 << 2;
/// unreserved and sub-delims: a registered name but for pct-encoded (RFC 3986 §3.2.2).
pub const REG_NAME: Classes = 1 << 3;
/// HEXDIG, in either case (RFC 9112 §7.1).
pub const HEXDIG: Classes = 1 << 4;
/// DIGIT.
pub const DIGIT: Classes = 1 << 5;
/// ALPHA, DIGIT, "+", "-" and ".": what a scheme goes on with (RFC 3986 §3.1).
pub const SCHEME: Classes = 1 << 6;
/// ALPHA.
pub const ALPHA: Classes = 1 << 7;
/// qdtext: what a quoted-string holds beside quoted-pairs (RFC 9110 §5.6.4).
pub const QDTEXT: Classes = 1 << 8;
/// SP and HTAB: OWS, RWS and BWS are made of them (RFC 9110 §5.6.3).
pub const WS: Classes = 1 << 9;

static CLASSES: [Classes; 256] = table();

const fn table() -> [Classes; 256] {
    let mut table = [0; 256];
    let mut octet = 0_usize;
    while octet < 256 {
        table[octet] = classes_of(octet as u8);
        octet += 1;
    }
    table
}

const fn classes_of(octet: u8) -> Classes {
    let mut classes = 0;
    let word = octet.is_ascii_alphanumeric();
    let unreserved = word || matches!(octet, b'-' | b'.' | b'_' | b'~');
    let sub_delims = matches!(octet, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=');
    if word || matches!(octet, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~') {
        classes |= TCHAR;
    }
    if matches!(octet, b'\t' | 0x20..=0x7e | 0x80..=0xff) {
        classes |= FIELD;
        if !matches!(octet, b'"' | b'\\') {
            classes |= QDTEXT;
        }
    }
    if unreserved || sub_delims {
        classes |= REG_NAME | URI;
    }
    if matches!(octet, b':' | b'@' | b'/' | b'?') {
        classes |= URI;
    }
    if word || matches!(octet, b'+' | b'-' | b'.') {
        classes |= SCHEME;
    }
    if octet.is_ascii_hexdigit() {
        classes |= HEXDIG;
    }
    if octet.is_ascii_digit() {
        classes |= DIGIT;
    }
    if octet.is_ascii_alphabetic() {
        classes |= ALPHA;
    }
    if matches!(octet, b' ' | b'\t') {
        classes |= WS;
    }
    classes
}

/// Whether the octet is in one of the classes.
#[inline]
pub fn is(octet: u8, classes: Classes) -> bool {
    CLASSES[usize::from(octet)] & classes != 0
}

/// Where the first octet at or after `from` stands that is in none of the classes, or the length.
#[inline]
pub(super) fn skip(octets: &[u8], from: usize, classes: Classes) -> usize {
    let mut at = from;
    while let Some(octet) = octets.get(at) {
        if !is(*octet, classes) {
            break;
        }
        at += 1;
    }
    at
}

const ONES: u64 = u64::MAX / 255;

/// As [`skip`] with [`FIELD`], eight octets at a time.
#[inline]
pub(super) fn skip_field_octets(octets: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some((eight, _)) = octets.get(at..).and_then(<[u8]>::split_first_chunk::<8>) {
        let word = u64::from_le_bytes(*eight);
        // An octet below SP borrows into its highest bit; DEL becomes 0 and does the same. The lowest mark is exact.
        let below_sp = word.wrapping_sub(ONES * 0x20) & !word;
        let not_del = word ^ (ONES * 0x7f);
        let del = not_del.wrapping_sub(ONES) & !not_del;
        let marks = (below_sp | del) & (ONES * 0x80);
        if marks == 0 {
            at += 8;
            continue;
        }
        at += (marks.trailing_zeros() / 8) as usize;
        if octets[at] != b'\t' {
            return at;
        }
        at += 1;
    }
    skip(octets, at, FIELD)
}

/// The octets without SP and HTAB at both ends.
pub fn trim(octets: &[u8]) -> &[u8] {
    let Some(start) = octets.iter().position(|octet| !is(*octet, WS)) else { return &[] };
    let end = octets.iter().rposition(|octet| !is(*octet, WS)).map_or(start, |last| last + 1);
    &octets[start..end]
}

/// Whether it is a token (RFC 9110 §5.6.2).
pub fn is_token(octets: &[u8]) -> bool {
    !octets.is_empty() && octets.iter().all(|octet| is(*octet, TCHAR))
}

/// The value of `1*DIGIT`, if it is that; `Some(None)` if it does not fit.
pub fn decimal(octets: &[u8]) -> Option<Option<u64>> {
    if octets.is_empty() || !octets.iter().all(|octet| is(*octet, DIGIT)) {
        return None;
    }
    let step = |sum: u64, digit: &u8| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
    Some(octets.iter().try_fold(0, step))
}

/// The elements of a comma-separated list, empty ones left out (RFC 9110 §5.6.1.2). A comma in a quoted-string
/// separates nothing.
pub fn elements(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    let separates = move |octet: &u8| {
        let separates = *octet == b',' && !quoted;
        (quoted, escaped) = match octet {
            _ if escaped => (quoted, false),
            b'\\' => (quoted, quoted),
            b'"' => (!quoted, false),
            _ => (quoted, false),
        };
        separates
    };
    list.split(separates).map(trim).filter(|element| !element.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    #[test]
    fn classes_are_those_of_the_abnf() {
        let count = |class| (0..=255_u8).filter(|octet| is(*octet, class)).count();
        assert_eq!(count(TCHAR), 15 + 62);
        assert_eq!(count(FIELD), 95 + 1 + 128);
        assert_eq!(count(REG_NAME), 66 + 11);
        assert_eq!(count(URI), 66 + 11 + 4);
        assert_eq!((count(HEXDIG), count(DIGIT), count(ALPHA), count(SCHEME)), (22, 10, 52, 65));
        assert_eq!(count(QDTEXT), count(FIELD) - 2);
    }

    #[test]
    fn eight_at_a_time_finds_what_one_at_a_time_finds() {
        for octet in 0..=255_u8 {
            for place in 0..20 {
                let mut octets = vec![b'a'; 20];
                octets[place] = octet;
                for second in [0, b'\t', 0x7f, 0x80, 0xff] {
                    octets[19] = second;
                    assert_eq!(skip_field_octets(&octets, 0), skip(&octets, 0, FIELD), "{octet} at {place}");
                }
            }
        }
    }

    #[test]
    fn lists_skip_empty_elements_and_keep_quoted_commas() {
        let list = |list: &'static str| elements(list.as_bytes()).map(<[u8]>::to_vec).collect::<Vec<_>>();
        assert_eq!(list(", a ,,b\t,"), [b"a", b"b"]);
        assert_eq!(list(r#"a;x="1,\",2",b"#), [&br#"a;x="1,\",2""#[..], b"b"]);
        assert!(list("").is_empty());
    }

    #[test]
    fn decimals_are_digits_and_never_wrap() {
        assert_eq!(decimal(b"0042"), Some(Some(42)));
        assert_eq!(decimal(b"18446744073709551615"), Some(Some(u64::MAX)));
        assert_eq!(decimal(b"18446744073709551616"), Some(None));
        for wrong in [&b""[..], b"+1", b"1_0", b"0x1", b" 1", b"1.0"] {
            assert_eq!(decimal(wrong), None);
        }
    }
}
