//! Field lines: where they stand in the octets, and what they say (RFC 9110 §5, RFC 9112 §5).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::grammar::{self, WS, is};

/// The fields that the parser itself acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Other,
    Host,
    ContentLength,
    TransferEncoding,
    Connection,
    Expect,
    Upgrade,
}

impl Known {
    /// The field of this name, which is a token.
    #[inline]
    pub(super) fn of(name: &[u8]) -> Known {
        let is = |known, same| if same { known } else { Known::Other };
        match name.len() {
            4 => is(Known::Host, is_name(name, b"host")),
            6 => is(Known::Expect, is_name(name, b"expect")),
            7 => is(Known::Upgrade, is_name(name, b"upgrade")),
            10 => is(Known::Connection, is_name(name, b"connection")),
            14 => is(Known::ContentLength, is_name(name, b"content-length")),
            17 => is(Known::TransferEncoding, is_name(name, b"transfer-encoding")),
            _ => Known::Other,
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Whether a token is this name, but for case. All octets are compared at once, not until one differs: with the bit of
/// lower case set a letter equals itself in either case, and the hyphen equals itself and CR, which no token has.
#[inline]
fn is_name<const N: usize>(token: &[u8], lower: &[u8; N]) -> bool {
    let Some(token) = token.first_chunk::<N>() else { return false };
    token.iter().zip(lower).fold(0, |differs, (octet, lower)| differs | (octet | 0x20) ^ lower) == 0
}

/// Where a field line stands, in octets from the beginning of the head.
#[derive(Clone, Copy, Debug)]
struct Line {
    name: (u32, u32),
    value: (u32, u32),
    known: Known,
    /// CR, LF and NUL in the value stand for SP.
    repaired: bool,
}

/// Room for the places of field lines. It is the caller's, to be used for one message after the other: once it has
/// grown, a head costs no allocation.
#[derive(Clone, Debug, Default)]
pub struct FieldLines {
    lines: Vec<Line>,
    seen: u8,
}

impl FieldLines {
    /// No lines yet.
    pub fn new() -> FieldLines {
        FieldLines::default()
    }

    pub(super) fn clear(&mut self) {
        self.lines.clear();
        self.seen = 0;
    }

    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Takes a line whose name and value stand there, the value with whitespace around it.
    #[inline]
    pub(super) fn push(&mut self, octets: &[u8], name: (usize, usize), value: (usize, usize), repaired: bool) {
        self.push_trimmed(octets, name, trimmed(octets, value, repaired), repaired);
    }

    /// The same, without whitespace around the value.
    #[inline]
    pub(super) fn push_trimmed(
        &mut self,
        octets: &[u8],
        name: (usize, usize),
        (start, end): (usize, usize),
        repaired: bool,
    ) {
        let known = Known::of(&octets[name.0..name.1]);
        self.seen |= known.bit();
        self.lines.push(Line {
            name: (name.0 as u32, name.1 as u32), // a section is cut to 32 bits by the scanner
            value: (start as u32, end as u32),
            known,
            repaired,
        });
    }

    /// The last line goes on with what stands there.
    pub(super) fn fold(&mut self, octets: &[u8], more: (usize, usize)) {
        let Some(line) = self.lines.last_mut() else { return };
        let (start, end) = trimmed(octets, more, true);
        line.repaired = true;
        if line.value.0 == line.value.1 {
            line.value.0 = start as u32; // nothing but whitespace until here
        }
        if end > start || line.value.0 as usize == start {
            line.value.1 = end as u32;
        }
    }

    /// What the last line is.
    pub(super) fn last_known(&self) -> Known {
        self.lines.last().map_or(Known::Other, |line| line.known)
    }

    pub(super) fn view<'a>(&'a self, octets: &'a [u8]) -> Fields<'a> {
        Fields { octets, lines: &self.lines, seen: self.seen }
    }
}

/// Without OWS at both ends; a CR or NUL that stands for SP is OWS too.
#[inline]
fn trimmed(octets: &[u8], (mut start, mut end): (usize, usize), repaired: bool) -> (usize, usize) {
    let blank = |octet: u8| is(octet, WS) || repaired && matches!(octet, b'\r' | b'\n' | 0);
    while start < end && blank(octets[start]) {
        start += 1;
    }
    while start < end && blank(octets[end - 1]) {
        end -= 1;
    }
    (start, end)
}

/// The field lines of a header or trailer section, in their order.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    octets: &'a [u8],
    lines: &'a [Line],
    seen: u8,
}

impl<'a> Fields<'a> {
    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Every line.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Field<'a>> + ExactSizeIterator + use<'a> {
        let octets = self.octets;
        self.lines.iter().map(move |line| Field::new(octets, line))
    }

    /// The lines of one field; names compare without regard to case (RFC 9110 §5.1).
    pub fn all<'n>(&self, name: &'n str) -> impl Iterator<Item = Field<'a>> + use<'a, 'n> {
        self.iter().filter(move |field| field.name.eq_ignore_ascii_case(name.as_bytes()))
    }

    pub(super) fn has(&self, known: Known) -> bool {
        self.seen & known.bit() != 0
    }

    pub(super) fn known(&self, known: Known) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let octets = self.octets;
        let lines: &'a [Line] = if self.has(known) { self.lines } else { &[] };
        lines.iter().filter(move |line| line.known == known).map(move |line| Field::new(octets, line))
    }
}

/// A field line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// A token, in the case that it came in.
    pub name: &'a [u8],
    /// The value as it came, without whitespace around it; see [`Field::value`].
    pub raw: &'a [u8],
    /// Whether the value has folds, or CR or NUL, that stand for SP.
    pub repaired: bool,
    /// Where the name begins, in octets from the beginning of the head or trailer section.
    pub name_at: u32,
    /// Where the value begins, likewise.
    pub value_at: u32,
}

impl<'a> Field<'a> {
    fn new(octets: &'a [u8], line: &Line) -> Field<'a> {
        let slice = |(start, end): (u32, u32)| octets.get(start as usize..end as usize).unwrap_or_default();
        Field {
            name: slice(line.name),
            raw: slice(line.value),
            repaired: line.repaired,
            name_at: line.name.0,
            value_at: line.value.0,
        }
    }

    /// The value: as it came, but with one SP in the place of each fold (RFC 9112 §5.2) and of each CR or NUL that
    /// the [`Rules`](super::Rules) bear (RFC 9110 §5.5).
    pub fn value(&self) -> Cow<'a, [u8]> {
        if !self.repaired {
            return Cow::Borrowed(self.raw);
        }
        let mut value = Vec::with_capacity(self.raw.len());
        let mut rest = self.raw;
        let mut folded = 0; // up to here each SP stands for a fold
        while let [octet, after @ ..] = rest {
            let fold = match rest {
                [b'\r', b'\n', fold @ ..] | [b'\n', fold @ ..] => Some(fold),
                _ => None,
            };
            rest = after;
            match (fold, octet) {
                (Some(fold), _) => {
                    let blank = fold.iter().take_while(|octet| is(**octet, WS)).count();
                    rest = &fold[blank..];
                    let end = value.iter().rposition(|octet| !is(*octet, WS)).map_or(0, |last| last + 1);
                    value.truncate(end.max(folded));
                    value.push(b' ');
                    folded = value.len();
                }
                (None, b'\r' | 0) => value.push(b' '),
                (None, octet) => value.push(*octet),
            }
        }
        Cow::Owned(value)
    }

    /// The elements of the value as a comma-separated list, empty ones left out.
    pub fn elements(&self) -> Vec<Vec<u8>> {
        grammar::elements(&self.value()).map(<[u8]>::to_vec).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::borrow::ToOwned;

    fn folded(value: &[u8]) -> Vec<u8> {
        Field { name: b"a", raw: value, repaired: true, name_at: 0, value_at: 0 }.value().into_owned()
    }

    #[test]
    fn names_are_known_in_either_case_and_nothing_else_is() {
        use Known::{Connection, ContentLength, Expect, Host, TransferEncoding, Upgrade};
        let names = [
            ("Host", Host),
            ("Expect", Expect),
            ("Upgrade", Upgrade),
            ("Connection", Connection),
            ("Content-Length", ContentLength),
            ("Transfer-Encoding", TransferEncoding),
        ];
        for (name, known) in names {
            for name in [name.to_owned(), name.to_lowercase(), name.to_uppercase()] {
                assert_eq!(Known::of(name.as_bytes()), known, "{name}");
            }
            for at in 0..name.len() {
                for octet in (0..=255_u8).filter(|octet| is(*octet, grammar::TCHAR)) {
                    let mut other = name.as_bytes().to_vec();
                    other[at] = octet;
                    let expected = if other.eq_ignore_ascii_case(name.as_bytes()) { known } else { Known::Other };
                    assert_eq!(Known::of(&other), expected, "{octet} at {at} of {name}");
                }
            }
        }
    }

    #[test]
    fn each_fold_is_one_space() {
        assert_eq!(folded(b"a\r\n b"), b"a b");
        assert_eq!(folded(b"a \r\n \t b\r\n\tc\n d"), b"a b c d");
        assert_eq!(folded(b"a\r\n \r\n b"), b"a  b");
        assert_eq!(folded(b"a\rb\0c"), b"a b c");
    }
}
