//! The words of a code block -> statements.

mod expr;

use super::ast::{Expr, Statement};
use super::tokens::{Token, show, tokens};

/// How deep parentheses, signs and bodies may nest.
const DEPTH: usize = 50;

/// The statements of a block and how many assertions are among them, or what of it cannot be evaluated.
pub(super) fn parse(text: &str) -> Result<(Vec<Statement>, usize), String> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, depth: 0, assertions: 0 };
    let mut statements = Vec::new();
    while parser.peek().is_some() {
        statements.extend(parser.body(0, 0)?);
    }
    Ok((statements, parser.assertions))
}

/// Words that begin what is not evaluated.
const UNKNOWN: [&str; 18] = [
    "for", "while", "def", "class", "try", "with", "import", "from", "raise", "return", "del", "global", "lambda",
    "yield", "async", "break", "continue", "nonlocal",
];

struct Parser<'a> {
    tokens: &'a [Token],
    depth: usize,
    assertions: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.first()
    }

    fn skip(&mut self) {
        self.tokens = self.tokens.get(1..).unwrap_or_default();
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

    fn expects(&mut self, mark: &'static str) -> Result<(), String> {
        match (self.takes_mark(&[mark]), self.peek()) {
            (Some(_), _) => Ok(()),
            (None, None | Some(Token::Line(_))) => Err(format!("a missing `{mark}`")),
            (None, other) => Err(format!("{} where `{mark}` is expected", show(other))),
        }
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

    /// The statements of all lines that are indented at least so; `own` is the indentation of the line they belong to.
    fn body(&mut self, least: usize, own: usize) -> Result<Vec<Statement>, String> {
        let mut statements = Vec::new();
        let mut indent = own;
        loop {
            match self.peek() {
                None => return Ok(statements),
                Some(Token::Line(columns)) if *columns < least && self.tokens.len() > 1 => return Ok(statements),
                Some(Token::Line(columns)) => {
                    indent = *columns;
                    self.skip();
                }
                Some(_) => self.line(indent, &mut statements)?,
            }
        }
    }

    /// The statements of one line.
    fn line(&mut self, indent: usize, statements: &mut Vec<Statement>) -> Result<(), String> {
        while !matches!(self.peek(), None | Some(Token::Line(_))) {
            if self.takes_mark(&[";"]).is_some() {
                continue;
            }
            statements.extend(self.statement(indent)?);
            match self.peek() {
                None | Some(Token::Line(_) | Token::Mark(";")) => {}
                other => return Err(format!("{} behind a statement", show(other))),
            }
        }
        Ok(())
    }

    fn statement(&mut self, indent: usize) -> Result<Option<Statement>, String> {
        let Some(first) = self.peek().cloned() else { return Ok(None) };
        if let Token::Name(word) = &first {
            match word.as_str() {
                "assert" => return self.assertion().map(Some),
                "if" => return self.choice(indent).map(Some),
                "pass" => {
                    self.skip();
                    return Ok(None);
                }
                // its text says nothing to a judge
                "print" => {
                    self.skip_statement();
                    return Ok(None);
                }
                "else" | "elif" => return Err(format!("`{word}` without an `if`")),
                word if UNKNOWN.contains(&word) => return Err(format!("`{word}` at the beginning of a statement")),
                _ => {}
            }
        }
        let target = self.expression()?;
        let Some(mark) =
            self.takes_mark(&["=", "+=", "-=", "*=", "/=", "//=", "%=", "**=", "&=", "|=", "^=", "<<=", ">>="])
        else {
            return Ok(Some(Statement::Value(target)));
        };
        let Expr::Name(name) = target else { return Err(format!("`{mark}` behind what is no name")) };
        let value = self.values()?;
        if let Some(Token::Mark("=")) = self.peek() {
            return Err("two assignments in one".to_owned());
        }
        let value = match mark {
            "=" => value,
            "**=" => Expr::Power(Box::new(Expr::Name(name.clone())), Box::new(value)),
            mark => {
                let operator = BINARY.iter().copied().find(|operator| mark.strip_suffix('=') == Some(*operator));
                let operator = operator.ok_or_else(|| format!("`{mark}`"))?;
                Expr::Chain(Box::new(Expr::Name(name.clone())), vec![(operator, value)])
            }
        };
        Ok(Some(Statement::Assign { name, value }))
    }

    /// `assert condition[, message]`. A message that is not understood says nothing.
    fn assertion(&mut self) -> Result<Statement, String> {
        self.skip();
        if matches!(self.peek(), None | Some(Token::Line(_) | Token::Mark(";"))) {
            return Err("an assert without a condition".to_owned());
        }
        let condition = self.expression()?;
        let message = if self.takes_mark(&[","]).is_some() {
            let (tokens, depth) = (self.tokens, self.depth);
            let message = self.values().ok();
            let is_whole = matches!(self.peek(), None | Some(Token::Line(_) | Token::Mark(";")));
            (self.tokens, self.depth) = (tokens, depth);
            self.skip_statement();
            message.filter(|_| is_whole)
        } else {
            None
        };
        self.assertions += 1;
        Ok(Statement::Assert { number: self.assertions, condition, message })
    }

    fn skip_statement(&mut self) {
        let ends = |token: &Token| matches!(token, Token::Line(_) | Token::Mark(";"));
        let end = self.tokens.iter().position(ends).unwrap_or(self.tokens.len());
        self.tokens = &self.tokens[end..];
    }

    /// `if condition: ... elif ...: else:`, whose line is indented so.
    fn choice(&mut self, indent: usize) -> Result<Statement, String> {
        self.nested(|parser| {
            parser.skip();
            let mut branches = Vec::new();
            loop {
                let condition = parser.expression()?;
                branches.push((condition, parser.suite(indent)?));
                match parser.alternative(indent) {
                    Some("elif") => {}
                    Some(_) => return Ok(Statement::If { branches, otherwise: parser.suite(indent)? }),
                    None => return Ok(Statement::If { branches, otherwise: Vec::new() }),
                }
            }
        })
    }

    /// Takes `elif` or `else` at the beginning of a line that belongs to an `if` of this indentation.
    fn alternative(&mut self, indent: usize) -> Option<&'static str> {
        let [Token::Line(columns), Token::Name(name), ..] = self.tokens else { return None };
        let word = ["elif", "else"].into_iter().find(|word| name == word)?;
        if *columns < indent {
            return None;
        }
        self.skip();
        self.skip();
        Some(word)
    }

    /// `:` and what follows on the same line, or the lines that are indented more.
    fn suite(&mut self, indent: usize) -> Result<Vec<Statement>, String> {
        self.expects(":")?;
        let mut statements = Vec::new();
        match self.peek() {
            Some(Token::Line(columns)) if *columns > indent => {
                let columns = *columns;
                statements = self.body(columns, columns)?;
            }
            None | Some(Token::Line(_)) => return Err("an `if` without a body".to_owned()),
            Some(_) => self.line(indent, &mut statements)?,
        }
        Ok(statements)
    }
}

/// The operators of two values, from left to right.
const BINARY: [&str; 11] = ["|", "^", "&", "<<", ">>", "+", "-", "*", "//", "/", "%"];
