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
        let (mut all, mut cuts, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
        for piece in &self.pieces {
            match piece {
                Piece::Octets(octets) => all.extend_from_slice(octets),
                Piece::Repeated(times, octets) => all.extend(octets.repeat(*times)),
                Piece::Variable(name) => match (variables.get(name), Length::called(name)) {
                    (Some(value), _) => all.extend_from_slice(value),
                    (None, Some(length)) => lengths.push((all.len(), length)),
                    (None, None) => return Err(UnknownVariable(name.clone())),
                },
                Piece::Cut => cuts.push(all.len()),
            }
        }
        // From the last one on, so that each counts what the ones behind it have become.
        for (at, length) in lengths.into_iter().rev() {
            let text = length.of(&all[at..]);
            cuts.iter_mut().filter(|cut| **cut > at).for_each(|cut| *cut += text.len());
            all.splice(at..at, text.into_bytes());
        }
        let (mut writes, mut start) = (Vec::new(), 0);
        for cut in cuts.into_iter().chain([all.len()]) {
            writes.push(all[start..cut].to_vec());
            start = cut;
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
        if let Some(behind) = rest.strip_prefix("\\|") {
            self.pieces.push(Piece::Cut);
            return Ok(behind);
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

/// A variable that is counted.
#[derive(Clone, Copy, Debug)]
enum Length {
    /// The octets behind the next empty line, in decimal.
    Body,
    /// The octets from the next line to the last chunk, in hexadecimal.
    Chunk,
}

impl Length {
    fn called(name: &str) -> Option<Length> {
        match name {
            "body-length" => Some(Length::Body),
            "chunk-length" => Some(Length::Chunk),
            _ => None,
        }
    }

    /// The length of what it counts in these octets.
    fn of(self, octets: &[u8]) -> String {
        let find = |from: usize, what: &[u8]| {
            octets[from..].windows(what.len()).position(|window| window == what).map_or(octets.len(), |at| from + at)
        };
        match self {
            Length::Body => octets.len().saturating_sub(find(0, b"\r\n\r\n") + 4).to_string(),
            Length::Chunk => {
                let start = find(0, b"\r\n").saturating_add(2).min(octets.len());
                format!("{:x}", find(start, b"\r\n0\r\n") - start)
            }
        }
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
