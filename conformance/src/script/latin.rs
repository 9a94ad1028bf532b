//! Files whose comments are older than UTF-8.
//!
//! Who wrote a script is often told in Latin-1. Comments mean nothing to the language, so that is no reason to refuse it; in
//! a text, a shell command or a name it would be, for nobody knows which character an octet was meant to be.

/// Where in a script an octet stands, by what began there and has not ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    Line,
    Block,
    String,
    Shell,
    Code,
}

/// The text of a file, with octets of comments that are no UTF-8 taken for Latin-1; `Err` is the offset of the first such
/// octet elsewhere.
pub(super) fn decode(octets: &[u8]) -> Result<String, usize> {
    let mut text = String::with_capacity(octets.len());
    let (mut at, mut inside) = (0, Inside::Nothing);
    for chunk in octets.utf8_chunks() {
        let end = at + chunk.valid().len();
        inside = follow(inside, octets, at, end);
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() && !matches!(inside, Inside::Line | Inside::Block) {
            return Err(end);
        }
        text.extend(chunk.invalid().iter().map(|octet| char::from(*octet)));
        at = end + chunk.invalid().len();
    }
    Ok(text)
}

/// What the octets from `at` to `end` begin and end.
fn follow(mut inside: Inside, octets: &[u8], mut at: usize, end: usize) -> Inside {
    const BEGINS: [(&[u8], Inside); 5] = [
        (b"//", Inside::Line),
        (b"/*", Inside::Block),
        (b"\"", Inside::String),
        (b"`", Inside::Shell),
        (b"%{", Inside::Code),
    ];
    while at < end {
        let rest = &octets[at..end];
        let ends: &[u8] = match inside {
            Inside::Nothing => {
                let begun = BEGINS.iter().find(|(mark, _)| rest.starts_with(mark));
                inside = begun.map_or(Inside::Nothing, |(_, what)| *what);
                at += begun.map_or(1, |(mark, _)| mark.len());
                continue;
            }
            Inside::String if rest[0] == b'\\' => {
                at += 2;
                continue;
            }
            Inside::Line => b"\n",
            Inside::Block => b"*/",
            Inside::String => b"\"",
            Inside::Shell => b"`",
            Inside::Code => b"}%",
        };
        if rest.starts_with(ends) {
            inside = Inside::Nothing;
            at += ends.len();
        } else {
            at += 1;
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn only_comments_may_be_latin_1() {
        for script in [
            "// Ren\u{e9} \u{2192}\n0 `a`",
            "0 `a` /* \u{e9}\n\u{e9} */ // \u{e9}",
            "\"//\" // \u{e9}",
            "%{ \" }% // \u{e9}",
        ] {
            let octets = script.chars().map(|char| match u8::try_from(u32::from(char)) {
                Ok(octet) => vec![octet],
                Err(_) => char.to_string().into_bytes(),
            });
            let latin: Vec<u8> = octets.flatten().collect();
            assert_eq!(decode(&latin).as_deref(), Ok(script));
        }
        for (octets, at) in [
            (&b"0 `a \xe9`"[..], 5),
            (b"// a\n\xe9", 5),
            (b"/* a */ \xe9", 8),
            (b"\"// \xe9\"", 4),
            (b"\"\\\"// \xe9\"", 6),
            (b"`// \xe9`", 4),
            (b"%{ // \xe9 }%", 6),
        ] {
            assert_eq!(decode(octets), Err(at), "{}", octets.escape_ascii());
        }
    }
}
