//! The text of a code block -> words.

/// The most words of a block.
pub(super) const WORDS: usize = 20_000;

/// The longest text of a block, in octets.
const OCTETS: usize = 256 << 10;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Number(i128),
    Float(f64),
    /// A string, its escapes resolved.
    Text(String),
    /// What an f-string says, its escapes resolved.
    Format(String),
    Mark(&'static str),
    /// The beginning of a line that is not the rest of one, and its indentation in columns.
    Line(usize),
    Other(char),
}

/// Longer marks come before those with which they begin.
const MARKS: &[&str] = &[
    "**=", "//=", "<<=", ">>=", "**", "//", "<<", ">>", "<=", ">=", "==", "!=", "+=", "-=", "*=", "/=", "%=", "&=",
    "|=", "^=", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ";", ":", "|", "^", "&", "+", "-", "*", "/", "%",
    "~", ".",
];

/// How a word is shown to those who wrote it.
pub(super) fn show(token: Option<&Token>) -> String {
    match token {
        Some(Token::Name(name)) => format!("`{name:.60}`"),
        Some(Token::Number(number)) => format!("`{number}`"),
        Some(Token::Float(number)) => format!("`{number}`"),
        Some(Token::Text(_) | Token::Format(_)) => "a string".to_owned(),
        Some(Token::Mark(mark)) => format!("`{mark}`"),
        Some(Token::Other(other)) => format!("`{}`", other.escape_default()),
        Some(Token::Line(_)) | None => "the end of a line".to_owned(),
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    /// How many brackets are open: a line does not end inside.
    open: usize,
}

/// The words of a block. The first line counts as not indented: what stood in front of it is lost.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    if text.len() > OCTETS {
        return Err(format!("more than {OCTETS} octets"));
    }
    let mut scanner = Scanner { text, at: 0, tokens: vec![Token::Line(0)], open: 0 };
    while scanner.step()? {
        if scanner.tokens.len() > WORDS {
            return Err(format!("more than {WORDS} words"));
        }
    }
    Ok(scanner.tokens)
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Takes one word, blank or comment; `false` at the end.
    fn step(&mut self) -> Result<bool, String> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(false) };
        let after = rest[first.len_utf8()..].chars().next();
        match first {
            '\\' if rest.starts_with("\\\n") || rest.starts_with("\\\r\n") => {
                self.at += rest.find('\n').map_or(1, |at| at + 1);
            }
            '\n' => self.line(),
            '#' => self.at += rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => self.string(0)?,
            c if c.is_whitespace() => self.at += c.len_utf8(),
            c if c.is_ascii_digit() || c == '.' && after.is_some_and(|c| c.is_ascii_digit()) => self.number()?,
            c if c.is_ascii_alphabetic() || c == '_' => {
                let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                let is_prefix = length <= 2 && rest[..length].chars().all(|c| "rRbBuUfF".contains(c));
                if is_prefix && rest[length..].starts_with(['"', '\'']) {
                    self.string(length)?;
                } else {
                    self.tokens.push(Token::Name(rest[..length].to_owned()));
                    self.at += length;
                }
            }
            c => {
                let mark = MARKS.iter().copied().find(|mark| rest.starts_with(mark));
                match mark {
                    Some("(" | "[" | "{") => self.open += 1,
                    Some(")" | "]" | "}") => self.open = self.open.saturating_sub(1),
                    _ => {}
                }
                self.at += mark.map_or(c.len_utf8(), str::len);
                self.tokens.push(mark.map_or(Token::Other(c), Token::Mark));
            }
        }
        Ok(true)
    }

    fn line(&mut self) {
        self.at += 1;
        if self.open > 0 {
            return;
        }
        let mut indent = 0;
        for c in self.rest().chars() {
            match c {
                ' ' => indent += 1,
                '\t' => indent = (indent / 8 + 1) * 8,
                _ => break,
            }
        }
        // of empty lines the last one counts
        if let Some(Token::Line(_)) = self.tokens.last() {
            self.tokens.pop();
        }
        self.tokens.push(Token::Line(indent));
    }

    fn number(&mut self) -> Result<(), String> {
        let rest = self.rest();
        let mut end = 0;
        for (at, c) in rest.char_indices() {
            let signs = matches!(c, '+' | '-') && rest[..at].ends_with(['e', 'E']) && !rest.starts_with("0x");
            if !(c.is_ascii_alphanumeric() || c == '_' || c == '.' || signs) {
                break;
            }
            end = at + 1;
        }
        let text = &rest[..end];
        let plain = text.replace('_', "").to_ascii_lowercase();
        let radix = |prefix, radix| Some(i128::from_str_radix(plain.strip_prefix(prefix)?, radix).ok());
        let token = if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| radix("0b", 2)) {
            number.map(Token::Number)
        } else if plain.bytes().all(|octet| octet.is_ascii_digit()) {
            plain.parse().ok().map(Token::Number)
        } else {
            let is_float = plain.bytes().all(|octet| octet.is_ascii_digit() || b".e+-".contains(&octet));
            plain.parse().ok().filter(|_| is_float).map(Token::Float)
        };
        let token = token.ok_or_else(|| format!("the number `{text:.40}`"))?;
        self.tokens.push(token);
        self.at += end;
        Ok(())
    }

    /// A string behind `prefix` octets of letters.
    fn string(&mut self, prefix: usize) -> Result<(), String> {
        let letters = self.rest()[..prefix].to_ascii_lowercase();
        let body = &self.rest()[prefix..];
        let quote = &body[..1];
        let triple = quote.repeat(3);
        let quote = if body.starts_with(&triple) { triple.as_str() } else { quote };
        let mut text = String::new();
        let mut chars = body[quote.len()..].char_indices();
        while let Some((at, c)) = chars.next() {
            let here = quote.len() + at;
            if body[here..].starts_with(quote) {
                self.at += prefix + here + quote.len();
                let is_format = letters.contains('f');
                self.tokens.push(if is_format { Token::Format(text) } else { Token::Text(text) });
                return Ok(());
            }
            match c {
                '\\' if letters.contains('r') => {
                    text.push('\\');
                    text.extend(chars.next().map(|(_, c)| c));
                }
                '\\' => match chars.next() {
                    Some((_, '\n')) => {}
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, c @ ('\\' | '\'' | '"'))) => text.push(c),
                    Some((_, c)) => text.extend(['\\', c]),
                    None => break,
                },
                '\n' if quote.len() == 1 => break,
                c => text.push(c),
            }
        }
        Err("a string that does not end".to_owned())
    }
}
