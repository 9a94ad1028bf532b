//! What is sent: octets with escapes, cuts, variables and repetitions.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::script::Problem;

/// The longest repetition, in octets: enough to outgrow any buffer, and no more.
const MOST: usize = 4 << 20;

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These octets.
    Octets(Vec<u8>),
    /// These octets, so many times.
    Repeated(usize, Vec<u8>),
    /// The value of a variable.
    Variable(String),
    /// What follows is a write of its own.
    Cut,
}

/// Octets that are known once the variables are.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Template {
    /// In order.
    pub pieces: Vec<Piece>,
}

/// What `{name}` stands for.
pub type Variables = BTreeMap<String, Vec<u8>>;

/// A name that nobody has given a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownVariable(pub String);

impl Template {
    /// The writes: each a run of octets.
    pub fn render(&self, variables: &Variables) -> Result<Vec<Vec<u8>>, UnknownVariable> {
        let mut writes = vec![Vec::new()];
        for piece in &self.pieces {
            let last = writes.last_mut().expect("it starts with one");
            match piece {
                Piece::Octets(octets) => last.extend_from_slice(octets),
                Piece::Repeated(times, octets) => last.extend(octets.repeat(*times)),
                Piece::Variable(name) => {
                    let value = variables.get(name).ok_or_else(|| UnknownVariable(name.clone()))?;
                    last.extend_from_slice(value);
                }
                Piece::Cut => writes.push(Vec::new()),
            }
        }
        writes.retain(|write| !write.is_empty());
        Ok(writes)
    }

    fn push(&mut self, octet: u8) {
        match self.pieces.last_mut() {
            Some(Piece::Octets(octets)) => octets.push(octet),
            _ => self.pieces.push(Piece::Octets(vec![octet])),
        }
    }

    /// Reads the octets of one line; `at` is where it stands in the source.
    pub(super) fn parse(&mut self, line: &str, at: usize) -> Result<(), Problem> {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let here = at + line.len() - rest.len();
            match first {
                '\\' => rest = self.escape(rest, here)?,
                '{' => rest = self.braces(rest, here)?,
                _ => {
                    let mut buffer = [0; 4];
                    first.encode_utf8(&mut buffer).bytes().for_each(|octet| self.push(octet));
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        Ok(())
    }

    fn escape<'a>(&mut self, rest: &'a str, at: usize) -> Result<&'a str, Problem> {
        if rest.starts_with("\\|") {
            self.pieces.push(Piece::Cut);
            return Ok(&rest[2..]);
        }
        let (octet, rest) = escaped(rest, at)?;
        self.push(octet);
        Ok(rest)
    }

    fn braces<'a>(&mut self, rest: &'a str, at: usize) -> Result<&'a str, Problem> {
        let end = closing(rest).ok_or_else(|| {
            Problem::new(at..at + 1, "a `{` without `}`").help("a variable is `{name}`, a brace alone is `\\{`")
        })?;
        let (inside, span) = (&rest[1..end], at..at + end + 1);
        self.pieces.push(match inside.split_once('*') {
            Some((times, what)) if times.bytes().all(|octet| octet.is_ascii_digit()) => {
                repetition(times, what, at + 2 + times.len(), span)?
            }
            _ => variable(inside, span)?,
        });
        Ok(&rest[end + 1..])
    }
}

/// Where the brace that opens `rest` is closed, past escapes.
fn closing(rest: &str) -> Option<usize> {
    let mut is_escaped = false;
    rest.char_indices().find_map(|(at, c)| {
        let found = c == '}' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        found.then_some(at)
    })
}

fn variable(name: &str, span: Range<usize>) -> Result<Piece, Problem> {
    let is_name =
        !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_lowercase() || b"-0123456789".contains(&octet));
    if is_name {
        return Ok(Piece::Variable(name.to_owned()));
    }
    Err(Problem::new(span, "neither a variable nor a repetition")
        .help("`{host}` is a variable, `{8000*a}` repeats, a brace alone is `\\{`"))
}

fn repetition(times: &str, what: &str, at: usize, span: Range<usize>) -> Result<Piece, Problem> {
    let mut octets = Vec::new();
    let mut rest = what;
    while let Some(first) = rest.chars().next() {
        if first == '\\' {
            let (octet, after) = escaped(rest, at + what.len() - rest.len())?;
            octets.push(octet);
            rest = after;
        } else {
            octets.extend_from_slice(&rest.as_bytes()[..first.len_utf8()]);
            rest = &rest[first.len_utf8()..];
        }
    }
    match times.parse::<usize>() {
        Ok(times) if times.saturating_mul(octets.len()) <= MOST => Ok(Piece::Repeated(times, octets)),
        _ => Err(Problem::new(span, format!("more than {MOST} octets")).help("repeat less often")),
    }
}

/// The octet of the escape that opens `rest`, and what follows it.
pub(super) fn escaped(rest: &str, at: usize) -> Result<(u8, &str), Problem> {
    let octet = match rest.as_bytes().get(1) {
        Some(b'r') => b'\r',
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'0') => 0,
        Some(&octet @ (b'\\' | b'{' | b'}' | b'"')) => octet,
        Some(b'x') => {
            let digits = rest.get(2..4).and_then(|digits| u8::from_str_radix(digits, 16).ok());
            let octet = digits.ok_or_else(|| Problem::new(at..at + 2, "`\\x` wants two hexadecimal digits"))?;
            return Ok((octet, &rest[4..]));
        }
        _ => {
            return Err(Problem::new(at..at + 1, "an unknown escape")
                .help(r#"there are \r \n \t \0 \\ \{ \} \" \xHH, and \| for a cut"#));
        }
    };
    Ok((octet, &rest[2..]))
}
