//! Expressions, in Python's order of operators.

use super::super::ast::{Expr, Part};
use super::super::tokens::{Token, show, tokens};
use super::super::value::{FUNCTIONS, Value};
use super::Parser;

/// The operators of two values, the weakest first.
const LEVELS: [&[&str]; 6] = [&["|"], &["^"], &["&"], &["<<", ">>"], &["+", "-"], &["*", "//", "/", "%"]];

const COMPARISONS: &[&str] = &["==", "!=", "<=", ">=", "<", ">"];

/// The most values in one text.
const PARTS: usize = 100;

impl Parser<'_> {
    /// One value, or several with commas between them.
    pub(super) fn values(&mut self) -> Result<Expr, String> {
        let first = self.expression()?;
        if !matches!(self.peek(), Some(Token::Mark(","))) {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.takes_mark(&[","]).is_some() {
            if matches!(self.peek(), None | Some(Token::Line(_) | Token::Mark(";" | ")" | "]" | "="))) {
                break;
            }
            items.push(self.expression()?);
        }
        Ok(Expr::List(items))
    }

    pub(super) fn expression(&mut self) -> Result<Expr, String> {
        let then = self.disjunction()?;
        if !self.takes_word("if") {
            return Ok(then);
        }
        self.nested(|parser| {
            let condition = Box::new(parser.disjunction()?);
            if !parser.takes_word("else") {
                return Err("an `if` without an `else` in an expression".to_owned());
            }
            Ok(Expr::Choice { condition, then: Box::new(then), other: Box::new(parser.expression()?) })
        })
    }

    fn disjunction(&mut self) -> Result<Expr, String> {
        let mut all = vec![self.conjunction()?];
        while self.takes_word("or") {
            all.push(self.conjunction()?);
        }
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Expr::Or(all) })
    }

    fn conjunction(&mut self) -> Result<Expr, String> {
        let mut all = vec![self.negation()?];
        while self.takes_word("and") {
            all.push(self.negation()?);
        }
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Expr::And(all) })
    }

    fn negation(&mut self) -> Result<Expr, String> {
        if self.takes_word("not") {
            return self.nested(|parser| Ok(Expr::Not(Box::new(parser.negation()?))));
        }
        let first = self.level(0)?;
        let mut rest = Vec::new();
        while let Some(mark) = self.comparison() {
            rest.push((mark, self.level(0)?));
        }
        Ok(if rest.is_empty() { first } else { Expr::Compare(Box::new(first), rest) })
    }

    fn comparison(&mut self) -> Option<&'static str> {
        if let Some(mark) = self.takes_mark(COMPARISONS) {
            return Some(mark);
        }
        if let [Token::Name(not), Token::Name(word), ..] = self.tokens
            && not == "not"
            && word == "in"
        {
            self.skip();
            self.skip();
            return Some("not in");
        }
        if self.takes_word("in") {
            return Some("in");
        }
        self.takes_word("is").then(|| if self.takes_word("not") { "is not" } else { "is" })
    }

    fn level(&mut self, level: usize) -> Result<Expr, String> {
        let Some(marks) = LEVELS.get(level) else { return self.sign() };
        let first = self.level(level + 1)?;
        let mut rest = Vec::new();
        while let Some(mark) = self.takes_mark(marks) {
            rest.push((mark, self.level(level + 1)?));
        }
        Ok(if rest.is_empty() { first } else { Expr::Chain(Box::new(first), rest) })
    }

    fn sign(&mut self) -> Result<Expr, String> {
        if let Some(mark) = self.takes_mark(&["-", "+", "~"]) {
            return self.nested(|parser| Ok(Expr::Unary(mark, Box::new(parser.sign()?))));
        }
        let base = self.postfix()?;
        if self.takes_mark(&["**"]).is_none() {
            return Ok(base);
        }
        self.nested(|parser| Ok(Expr::Power(Box::new(base), Box::new(parser.sign()?))))
    }

    /// Something, then `[index]` or `.format(...)`.
    fn postfix(&mut self) -> Result<Expr, String> {
        let mut base = self.atom()?;
        let mut indices = 0;
        loop {
            if self.takes_mark(&["["]).is_some() {
                indices += 1;
                if indices > 2 {
                    return Err("many `[`".to_owned());
                }
                let at = self.nested(Parser::expression)?;
                self.expects("]")?;
                base = Expr::Index(Box::new(base), Box::new(at));
                continue;
            }
            match (&base, self.tokens) {
                (Expr::Literal(Value::Text(text)), [Token::Mark("."), Token::Name(method), Token::Mark("("), ..])
                    if method == "format" =>
                {
                    let template = text.clone();
                    self.tokens = &self.tokens[3..];
                    let arguments = self.items(")")?;
                    base = Expr::Format(self.parts(&template, Some(&arguments))?);
                }
                _ => return Ok(base),
            }
        }
    }

    /// Expressions with commas between them, up to the mark that closes them.
    fn items(&mut self, close: &'static str) -> Result<Vec<Expr>, String> {
        self.nested(|parser| {
            let mut all = Vec::new();
            while parser.takes_mark(&[close]).is_none() {
                all.push(parser.expression()?);
                if parser.takes_mark(&[","]).is_none() {
                    parser.expects(close)?;
                    break;
                }
            }
            Ok(all)
        })
    }

    fn atom(&mut self) -> Result<Expr, String> {
        let token = match self.peek() {
            None | Some(Token::Line(_)) => return Err("an expression without an end".to_owned()),
            Some(token) => token.clone(),
        };
        self.skip();
        match token {
            Token::Number(number) => Ok(Expr::Literal(Value::Int(number))),
            Token::Float(number) => Ok(Expr::Literal(Value::Float(number))),
            Token::Text(_) | Token::Format(_) => self.texts(token),
            Token::Name(name) => self.name(name),
            Token::Mark("(") => self.nested(|parser| {
                if parser.takes_mark(&[")"]).is_some() {
                    return Ok(Expr::List(Vec::new()));
                }
                let inner = parser.values()?;
                parser.expects(")").map(|()| inner)
            }),
            Token::Mark("[") => self.items("]").map(Expr::List),
            other => Err(format!("{} in an expression", show(Some(&other)))),
        }
    }

    fn name(&mut self, name: String) -> Result<Expr, String> {
        match name.as_str() {
            "True" => return Ok(Expr::Literal(Value::Bool(true))),
            "False" => return Ok(Expr::Literal(Value::Bool(false))),
            "None" => return Ok(Expr::Literal(Value::Nothing)),
            "lambda" | "await" | "yield" | "if" | "else" | "and" | "or" | "in" | "is" | "assert" => {
                return Err(format!("`{name}` in an expression"));
            }
            _ => {}
        }
        match self.peek() {
            Some(Token::Mark("(")) => {
                let function = FUNCTIONS.into_iter().find(|known| *known == name);
                let function = function.ok_or_else(|| format!("the function `{name:.60}`"))?;
                self.skip();
                Ok(Expr::Call(function, self.items(")")?))
            }
            Some(Token::Mark(".")) => Err(format!("`.` behind `{name:.60}`")),
            _ => Ok(Expr::Name(name)),
        }
    }

    /// Strings beside each other are one.
    fn texts(&mut self, first: Token) -> Result<Expr, String> {
        let mut parts = self.text(first)?;
        while let Some(token @ (Token::Text(_) | Token::Format(_))) = self.peek().cloned() {
            self.skip();
            parts.extend(self.text(token)?);
        }
        if parts.len() > PARTS {
            return Err(format!("a text of more than {PARTS} parts"));
        }
        let mut whole = String::new();
        for part in &parts {
            match part {
                Part::Text(text) => whole.push_str(text),
                Part::Value(..) => return Ok(Expr::Format(parts)),
            }
        }
        Ok(Expr::Literal(Value::Text(whole)))
    }

    fn text(&mut self, token: Token) -> Result<Vec<Part>, String> {
        match token {
            Token::Format(text) => self.parts(&text, None),
            Token::Text(text) => Ok(vec![Part::Text(text)]),
            _ => Ok(Vec::new()),
        }
    }

    /// A text with values in braces: expressions, or the places of `arguments`.
    fn parts(&mut self, template: &str, arguments: Option<&[Expr]>) -> Result<Vec<Part>, String> {
        let (mut parts, mut text, mut rest, mut next) = (Vec::new(), String::new(), template, 0);
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                text.push_str(brace);
                rest = after;
                continue;
            }
            let end = rest.find('}').filter(|_| brace == "{").ok_or("a brace that does not end")?;
            let (inside, spec) = split(&rest[..end]);
            rest = &rest[end + 1..];
            let value = match arguments {
                None => self.inner(inside)?,
                Some(arguments) => {
                    let place = if inside.is_empty() { next } else { inside.parse().map_err(|_| "a named place")? };
                    next += 1;
                    arguments.get(place).cloned().ok_or("a place without a value")?
                }
            };
            parts.push(Part::Text(std::mem::take(&mut text)));
            parts.push(Part::Value(value, spec.to_owned()));
            if parts.len() > PARTS {
                return Err(format!("a text of more than {PARTS} parts"));
            }
        }
        text.push_str(rest);
        parts.push(Part::Text(text));
        Ok(parts)
    }

    /// The expression of an f-string.
    fn inner(&mut self, text: &str) -> Result<Expr, String> {
        let tokens = tokens(text)?;
        let depth = self.depth;
        let mut parser = Parser { tokens: tokens.get(1..).unwrap_or_default(), depth, assertions: 0 };
        let value = parser.nested(Parser::expression)?;
        match parser.peek() {
            None => Ok(value),
            other => Err(format!("{} in a string", show(other))),
        }
    }
}

/// What is shown, and how: `value!r:spec`.
fn split(text: &str) -> (&str, &str) {
    let (value, spec) = text.split_once(':').unwrap_or((text, ""));
    match value.strip_suffix("!r") {
        Some(value) if spec.is_empty() => (value, "r"),
        _ => (value.strip_suffix("!s").unwrap_or(value), spec),
    }
}
