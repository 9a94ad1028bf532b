//! The chunked coding, octet by octet where there are lines and in slices where there is data (RFC 9112 §7.1).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::error::Fault;
use super::grammar::{HEXDIG, QDTEXT, TCHAR, is, trim};
use super::rules::Rules;

/// Where the decoder is in the line of a chunk, or behind its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the digits.
    Size,
    /// In whitespace that only a semicolon may end.
    BeforeSemicolon,
    /// Behind a semicolon, before the name.
    BeforeName,
    Name,
    /// In whitespace behind a name: an equals sign or a semicolon follows.
    AfterName,
    /// Behind an equals sign, before the value.
    BeforeValue,
    Token,
    Quoted,
    /// Behind a backslash.
    Escaped,
    /// Behind a quoted-string.
    AfterQuoted,
    /// Behind the CR that ends the line.
    LineFeed,
    /// Before the CR LF that ends the data.
    DataEnd,
    /// Within it.
    DataLineFeed,
}

/// What a call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// All octets are read.
    Wait,
    /// The line of a chunk is whole; its data follows, or the trailer section if it is 0.
    Chunk(u64),
}

/// A decoder of the lines between chunk-data.
#[derive(Clone, Debug)]
pub(super) struct Decoder {
    state: State,
    size: u64,
    digits: usize,
    /// The extensions of this chunk, as they came.
    pub(super) extensions: Vec<u8>,
    /// The state before a CR that counts as SP unless LF follows.
    before_return: Option<State>,
    /// Octets of extensions in the message.
    extensions_total: usize,
    /// Octets of chunk-data in the message.
    content: u64,
}

/// A line that is whole and plain.
struct Plain {
    size: u64,
    /// How many octets it took, with the CR LF of the data before.
    read: usize,
    /// Octets of chunk-data in the message, those of this chunk included.
    content: u64,
}

const NO_DIGIT: u8 = 0xff;

/// What each octet is worth as HEXDIG.
static HEX: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        table[b"0123456789abcdef"[value] as usize] = value as u8;
        table[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    table
};

impl Decoder {
    /// At the beginning of a body.
    pub(super) fn new() -> Decoder {
        Decoder {
            state: State::Size,
            size: 0,
            digits: 0,
            extensions: Vec::new(),
            before_return: None,
            extensions_total: 0,
            content: 0,
        }
    }

    /// The data of the chunk has been read.
    pub(super) fn data_ended(&mut self) {
        self.state = State::DataEnd;
    }

    /// Reads up to the end of a chunk's line and says how many octets that took; a fault comes with its place.
    pub(super) fn line(&mut self, octets: &[u8], rules: &Rules) -> Result<(Step, usize), (Fault, usize)> {
        if let Some(plain) = self.plain_line(octets, rules) {
            self.take(&plain);
            return Ok((Step::Chunk(plain.size), plain.read));
        }
        for (at, octet) in octets.iter().enumerate() {
            if self.octet(*octet, rules).map_err(|fault| (fault, at))? {
                let size = self.size;
                (self.size, self.digits, self.state) = (0, 0, State::Size);
                return Ok((Step::Chunk(size), at + 1));
            }
        }
        Ok((Step::Wait, octets.len()))
    }

    /// A chunk whose line is plain, and whose line and data are whole: how long they are. The data counts as read.
    #[inline]
    pub(super) fn whole(&mut self, octets: &[u8], rules: &Rules) -> Option<(usize, usize)> {
        let plain = self.plain_line(octets, rules)?;
        let size = usize::try_from(plain.size).ok()?;
        if size == 0 || size > octets.len() - plain.read {
            return None;
        }
        self.take(&plain);
        self.data_ended();
        Some((plain.read, size))
    }

    /// A line that is whole and holds nothing but a size, as most are: what [`Decoder::octet`] makes of it, at once.
    /// Everything else is left to it, and so is every fault.
    #[inline]
    fn plain_line(&self, octets: &[u8], rules: &Rules) -> Option<Plain> {
        /// So many digits fit into 64 bits.
        const DIGITS: usize = 16;
        let rest = match self.state {
            State::DataEnd => octets.strip_prefix(b"\r\n")?,
            State::Size if self.digits == 0 => octets,
            _ => return None,
        };
        let (mut size, mut digits) = (0_u64, 0);
        let mut line_end = rest;
        while let [octet, behind @ ..] = line_end
            && digits <= DIGITS
        {
            let digit = HEX[usize::from(*octet)];
            if digit == NO_DIGIT {
                break;
            }
            size = size << 4 | u64::from(digit);
            digits += 1;
            line_end = behind;
        }
        let too_many = digits > DIGITS || digits > rules.limits.chunk_size_digits;
        let content = self.content.checked_add(size).filter(|content| *content <= rules.limits.content)?;
        if digits == 0 || too_many || !line_end.starts_with(b"\r\n") {
            return None;
        }
        Some(Plain { size, read: octets.len() - line_end.len() + 2, content })
    }

    #[inline]
    fn take(&mut self, plain: &Plain) {
        self.content = plain.content;
        self.begin_size();
    }

    /// Whether the line ends with the octet.
    fn octet(&mut self, octet: u8, rules: &Rules) -> Result<bool, Fault> {
        if let Some(before) = self.before_return.take() {
            self.state = before;
            if octet == b'\n' {
                self.state = line_ends_behind(before)?;
            } else {
                self.extension_octet(b' ', rules)?; // the CR was alone
            }
        }
        match (self.state, octet) {
            (State::DataEnd, b'\r') => self.state = State::DataLineFeed,
            (State::DataEnd, b'\n') => return Err(Fault::ChunkLineFeed),
            (State::DataLineFeed, b'\n') => self.begin_size(),
            (State::DataEnd | State::DataLineFeed, _) => return Err(Fault::ChunkDataEnd),
            (State::LineFeed, b'\n') => {
                let over = self.content.checked_add(self.size).is_none_or(|sum| sum > rules.limits.content);
                self.content = self.content.saturating_add(self.size);
                return if over { Err(Fault::ContentTooLarge) } else { Ok(true) };
            }
            (State::LineFeed, _) => return Err(Fault::ChunkCarriageReturn),
            (State::Size, _) => self.size_octet(octet, rules)?,
            _ => self.extension_octet(octet, rules)?,
        }
        Ok(false)
    }

    fn begin_size(&mut self) {
        self.state = State::Size;
        self.extensions.clear();
    }

    fn size_octet(&mut self, octet: u8, rules: &Rules) -> Result<(), Fault> {
        if is(octet, HEXDIG) {
            let digit = (octet as char).to_digit(16).unwrap_or(0);
            let more = self.size.checked_mul(16).ok_or(Fault::ChunkSizeTooLarge)?;
            self.size = more + u64::from(digit); // the last digit of a multiple of 16 is 0
            self.digits += 1;
            return if self.digits > rules.limits.chunk_size_digits { Err(Fault::ChunkSizeTooLong) } else { Ok(()) };
        }
        match octet {
            b'\n' => return Err(Fault::ChunkLineFeed),
            _ if self.digits == 0 => return Err(Fault::ChunkSize),
            b'\r' => self.state = State::LineFeed,
            b' ' | b'\t' => self.extension(State::BeforeSemicolon, octet, rules)?,
            b';' => self.extension(State::BeforeName, octet, rules)?,
            _ => return Err(Fault::ChunkSizeEnd),
        }
        Ok(())
    }

    fn extension_octet(&mut self, octet: u8, rules: &Rules) -> Result<(), Fault> {
        use State::{AfterName, AfterQuoted, BeforeName, BeforeSemicolon, BeforeValue, Escaped, Name, Quoted, Token};
        if octet == b'\n' {
            return Err(Fault::ChunkLineFeed);
        }
        if octet == b'\r' && rules.bare_cr_as_sp {
            self.before_return = Some(self.state);
            return Ok(());
        }
        let next = match (self.state, octet) {
            (Quoted, b'"') => AfterQuoted,
            (Quoted, b'\\') => Escaped,
            (Quoted, _) if is(octet, QDTEXT) => Quoted,
            (Escaped, _) if is(octet, QDTEXT) || matches!(octet, b'"' | b'\\') => Quoted,
            (Quoted | Escaped, _) => return Err(Fault::ChunkExtensionQuoted),
            (_, b'\r') => {
                self.state = line_ends_behind(self.state)?;
                return Ok(());
            }
            (BeforeName | Name, _) if is(octet, TCHAR) => Name,
            (BeforeName, b' ' | b'\t') => BeforeName,
            (Name | AfterName, b'=') => BeforeValue,
            (Name | AfterName, b' ' | b'\t') => AfterName,
            (BeforeValue, b' ' | b'\t') => BeforeValue,
            (BeforeValue, b'"') => Quoted,
            (BeforeValue | Token, _) if is(octet, TCHAR) => Token,
            (Token | AfterQuoted | BeforeSemicolon, b' ' | b'\t') => BeforeSemicolon,
            (Name | AfterName | Token | AfterQuoted | BeforeSemicolon, b';') => BeforeName,
            (BeforeSemicolon, _) => return Err(Fault::ChunkSpace),
            _ => return Err(Fault::ChunkExtension),
        };
        self.extension(next, octet, rules)
    }

    fn extension(&mut self, next: State, octet: u8, rules: &Rules) -> Result<(), Fault> {
        self.state = next;
        self.extensions_total += 1;
        if self.extensions_total > rules.limits.chunk_extensions {
            return Err(Fault::ChunkExtensionsTooLong);
        }
        self.extensions.push(octet);
        Ok(())
    }
}

/// CR LF after an extension that ends here, or does not.
fn line_ends_behind(state: State) -> Result<State, Fault> {
    match state {
        State::Name | State::Token | State::AfterQuoted => Ok(State::LineFeed),
        State::Quoted | State::Escaped => Err(Fault::ChunkExtensionQuoted),
        State::BeforeSemicolon | State::AfterName => Err(Fault::ChunkSpace),
        _ => Err(Fault::ChunkExtension),
    }
}

/// The extensions of a chunk (RFC 9112 §7.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extensions<'a> {
    /// As they came, from the octet behind the chunk-size to the end of the line.
    pub octets: &'a [u8],
}

/// A chunk extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// A token.
    pub name: &'a [u8],
    /// A token, or what a quoted-string says without its quotes and backslashes (RFC 9110 §5.6.4).
    pub value: Option<Cow<'a, [u8]>>,
}

impl<'a> Extensions<'a> {
    /// Each extension in its order.
    pub fn iter(&self) -> impl Iterator<Item = Extension<'a>> + use<'a> {
        let mut rest = self.octets;
        core::iter::from_fn(move || {
            let start = rest.iter().position(|octet| *octet == b';')?;
            let end = extension_end(rest, start + 1);
            let text = &rest[start + 1..end];
            rest = &rest[end..];
            let mut parts = text.splitn(2, |octet| *octet == b'=');
            let name = trim(parts.next().unwrap_or_default());
            Some(Extension { name, value: parts.next().map(|value| unquoted(trim(value))) })
        })
    }
}

/// Where the extension ends that begins at `at`: at the next semicolon that is in no quoted-string.
fn extension_end(octets: &[u8], mut at: usize) -> usize {
    let mut quoted = false;
    while let Some(octet) = octets.get(at) {
        match octet {
            b';' if !quoted => return at,
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            _ => (),
        }
        at += 1;
    }
    octets.len()
}

fn unquoted(value: &[u8]) -> Cow<'_, [u8]> {
    let [b'"', inner @ .., b'"'] = value else { return Cow::Borrowed(value) };
    let mut said = Vec::with_capacity(inner.len());
    let mut octets = inner.iter();
    while let Some(octet) = octets.next() {
        said.extend(if *octet == b'\\' { octets.next() } else { Some(octet) });
    }
    Cow::Owned(said)
}
