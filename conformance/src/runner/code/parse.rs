//! The text of a code block -> statements.

use super::{Code, Expr, Statement};

/// The most words of a block: more would fill the stack when they are evaluated.
const WORDS: usize = 1000;

/// How deep parentheses and signs may nest.
const DEPTH: usize = 50;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Number(i128),
    /// A string; its text says nothing.
    Text,
    Mark(&'static str),
    /// The end of a line, or `;`.
    End,
    Other(char),
}

/// Longer marks come before those with which they begin.
const MARKS: &[&str] = &[
    "**", "//", "<<", ">>", "<=", ">=", "==", "!=", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", "|", "^", "&",
    "+", "-", "*", "/", "%", "~", ".",
];

/// The statements of a block, or what of it cannot be evaluated.
pub(super) fn parse(text: &str) -> Result<Code, String> {
    let tokens = tokens(text)?;
    if tokens.len() > WORDS {
        return Err(format!("more than {WORDS} words"));
    }
    let mut code = Vec::new();
    let mut parser = Parser { tokens: &tokens, depth: 0 };
    while let Some(token) = parser.peek() {
        match token {
            Token::End => parser.skip(),
            Token::Name(name) if name == "assert" => {
                parser.skip();
                let start = parser.tokens.len();
                let condition = parser.expression()?;
                debug_assert!(parser.tokens.len() < start, "an expression has a token");
                code.push(Statement { condition });
                parser.end_of_assert()?;
            }
            Token::Name(name) if name == "print" => parser.skip_statement(),
            other => return Err(format!("{} at the beginning of a statement", show(other))),
        }
    }
    Ok(code)
}

fn show(token: &Token) -> String {
    match token {
        Token::Name(name) => format!("`{name}`"),
        Token::Number(number) => format!("`{number}`"),
        Token::Text => "a string".to_owned(),
        Token::Mark(mark) => format!("`{mark}`"),
        Token::End => "the end of a statement".to_owned(),
        Token::Other(other) => format!("`{}`", other.escape_default()),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut open = 0_usize;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\\' if rest.starts_with("\\\n") || rest.starts_with("\\\r\n") => rest.find('\n').map_or(1, |at| at + 1),
            '\n' | ';' => {
                if open == 0 || first == ';' {
                    tokens.push(Token::End);
                }
                1
            }
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => {
                tokens.push(Token::Text);
                string(rest, first)?
            }
            c if c.is_whitespace() => c.len_utf8(),
            c if c.is_ascii_digit() => {
                let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                tokens.push(number(&rest[..length])?);
                length
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                tokens.push(Token::Name(rest[..length].to_owned()));
                length
            }
            c => {
                let mark = MARKS.iter().find(|mark| rest.starts_with(**mark));
                open = match mark {
                    Some(&("(" | "[" | "{")) => open + 1,
                    Some(&(")" | "]" | "}")) => open.saturating_sub(1),
                    _ => open,
                };
                tokens.push(mark.map_or(Token::Other(c), |mark| Token::Mark(mark)));
                mark.map_or(c.len_utf8(), |mark| mark.len())
            }
        };
        rest = &rest[length..];
    }
    Ok(tokens)
}

/// The length of the string with which `text` begins, quotes included.
fn string(text: &str, quote: char) -> Result<usize, String> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' => break,
            c if c == quote => return Ok(at + 1),
            _ => {}
        }
    }
    Err("a string that does not end".to_owned())
}

fn number(text: &str) -> Result<Token, String> {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let number = hex.map_or_else(|| text.parse().ok(), |digits| i128::from_str_radix(digits, 16).ok());
    number.map(Token::Number).ok_or_else(|| format!("the number `{text:.40}`"))
}

struct Parser<'a> {
    tokens: &'a [Token],
    depth: usize,
}

/// The operators of two numbers, the weakest first.
const LEVELS: [&[&str]; 6] = [&["|"], &["^"], &["&"], &["<<", ">>"], &["+", "-"], &["*", "//", "%"]];

const COMPARISONS: &[&str] = &["==", "!=", "<=", ">=", "<", ">"];

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.first()
    }

    fn skip(&mut self) {
        self.tokens = self.tokens.get(1..).unwrap_or_default();
    }

    fn skip_statement(&mut self) {
        let end = self.tokens.iter().position(|token| *token == Token::End).unwrap_or(self.tokens.len());
        self.tokens = &self.tokens[end..];
    }

    /// After the condition: nothing, or a comma and a message, which says nothing to us.
    fn end_of_assert(&mut self) -> Result<(), String> {
        match self.peek() {
            None | Some(Token::End) => Ok(()),
            Some(Token::Mark(",")) => {
                self.skip_statement();
                Ok(())
            }
            Some(other) => Err(format!("{} after a condition", show(other))),
        }
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is_it = matches!(self.peek(), Some(Token::Name(name)) if name == word);
        if is_it {
            self.skip();
        }
        is_it
    }

    fn takes_mark(&mut self, marks: &[&'static str]) -> Option<&'static str> {
        let Some(Token::Mark(mark)) = self.peek() else { return None };
        let mark = marks.iter().find(|wanted| *wanted == mark).copied()?;
        self.skip();
        Some(mark)
    }

    /// Guards against texts that would fill the stack.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        if self.depth == DEPTH {
            return Err("an expression that nests deeply".to_owned());
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn expression(&mut self) -> Result<Expr, String> {
        let mut all = self.conjunction()?;
        while self.takes_word("or") {
            all = Expr::Or(Box::new(all), Box::new(self.conjunction()?));
        }
        Ok(all)
    }

    fn conjunction(&mut self) -> Result<Expr, String> {
        let mut all = self.negation()?;
        while self.takes_word("and") {
            all = Expr::And(Box::new(all), Box::new(self.negation()?));
        }
        Ok(all)
    }

    fn negation(&mut self) -> Result<Expr, String> {
        if self.takes_word("not") {
            return self.nested(|parser| Ok(Expr::Not(Box::new(parser.negation()?))));
        }
        let first = self.level(0)?;
        let mut rest = Vec::new();
        while let Some(mark) = self.takes_mark(COMPARISONS) {
            rest.push((mark, self.level(0)?));
        }
        Ok(if rest.is_empty() { first } else { Expr::Compare(Box::new(first), rest) })
    }

    fn level(&mut self, level: usize) -> Result<Expr, String> {
        let Some(marks) = LEVELS.get(level) else { return self.sign() };
        let mut all = self.level(level + 1)?;
        while let Some(mark) = self.takes_mark(marks) {
            all = Expr::Binary(mark, Box::new(all), Box::new(self.level(level + 1)?));
        }
        Ok(all)
    }

    fn sign(&mut self) -> Result<Expr, String> {
        match self.takes_mark(&["-", "+", "~"]) {
            Some(mark) => self.nested(|parser| Ok(Expr::Unary(mark, Box::new(parser.sign()?)))),
            None => self.atom(),
        }
    }

    fn atom(&mut self) -> Result<Expr, String> {
        let Some(token) = self.peek().cloned() else { return Err("an assert without a condition".to_owned()) };
        self.skip();
        match token {
            Token::Number(number) => Ok(Expr::Number(number)),
            Token::Name(name) if name == "True" || name == "False" => Ok(Expr::Number((name == "True").into())),
            Token::Name(name) => Ok(Expr::Name(name)),
            Token::Mark("(") => self.nested(|parser| {
                let inner = parser.expression()?;
                match parser.takes_mark(&[")"]) {
                    Some(_) => Ok(inner),
                    None => Err(parser
                        .peek()
                        .map_or("a missing `)`".to_owned(), |token| format!("{} where `)` is expected", show(token)))),
                }
            }),
            other => Err(format!("{} in a condition", show(&other))),
        }
    }
}
