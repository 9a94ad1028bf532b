//! Escapes of strings.

use std::ops::Range;

use super::{Problem, Result, quote};

/// The octets that the inside of a string stands for. `at` is the offset of `text` in the source.
pub(crate) fn unescape(text: &str, at: usize) -> Result<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(plain) = rest.find('\\') {
        octets.extend_from_slice(&rest.as_bytes()[..plain]);
        let escape = &rest[plain..];
        let (octet, length) = escaped(escape, at + (text.len() - escape.len()))?;
        octets.push(octet);
        rest = &escape[length..];
    }
    octets.extend_from_slice(rest.as_bytes());
    Ok(octets)
}

/// The octet that the escape at the start of `text` stands for, and the escape's length.
fn escaped(text: &str, at: usize) -> Result<(u8, usize)> {
    let letter = text[1..].chars().next();
    let octet = match letter {
        Some('n') => b'\n',
        Some('r') => b'\r',
        Some('t') => b'\t',
        Some('f') => 0x0c,
        Some('v') => 0x0b,
        Some('0') => 0,
        Some(same @ ('\\' | '"' | '\'')) => same as u8,
        Some('x') => {
            let digits = text[2..].bytes().take(2).take_while(u8::is_ascii_hexdigit).count();
            let value = u8::from_str_radix(&text[2..2 + digits], 16);
            return match value {
                Ok(octet) => Ok((octet, 2 + digits)),
                Err(_) => Err(unknown("`\\x` lacks its hexadecimal digits".to_owned(), at..at + 2)),
            };
        }
        _ => {
            let length = 1 + letter.map_or(0, char::len_utf8);
            return Err(unknown(format!("{} is no escape", quote(&text[..length])), at..at + length));
        }
    };
    Ok((octet, 2))
}

fn unknown(message: String, span: Range<usize>) -> Problem {
    Problem::new(span, message).help("escapes are \\n \\r \\t \\f \\v \\0 \\\\ \\\" and \\xHH")
}
