//! What a block consists of.

use std::collections::BTreeSet;

use super::value::Value;

/// A statement of a block.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Statement {
    /// `assert condition, message`; the number counts the assertions of a block from 1.
    Assert { number: usize, condition: Expr, message: Option<Expr> },
    /// `name = value`
    Assign { name: String, value: Expr },
    /// An expression alone.
    Value(Expr),
    /// `if condition: ... elif ...: else:`
    If { branches: Vec<(Expr, Vec<Statement>)>, otherwise: Vec<Statement> },
}

/// An expression. Operators of one rank are kept in one list, so that only parentheses make it deep.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    Literal(Value),
    Name(String),
    Unary(&'static str, Box<Expr>),
    /// `a + b - c`, from left to right
    Chain(Box<Expr>, Vec<(&'static str, Expr)>),
    /// `a ** b`
    Power(Box<Expr>, Box<Expr>),
    /// `a < b <= c`
    Compare(Box<Expr>, Vec<(&'static str, Expr)>),
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    /// `then if condition else other`
    Choice {
        condition: Box<Expr>,
        then: Box<Expr>,
        other: Box<Expr>,
    },
    /// A tuple or a list.
    List(Vec<Expr>),
    Index(Box<Expr>, Box<Expr>),
    Call(&'static str, Vec<Expr>),
    /// `f'a{b:c}'`
    Format(Vec<Part>),
}

/// A part of a text with values in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Text(String),
    /// A value, and how it is shown.
    Value(Expr, String),
}

impl Statement {
    /// The names that it reads and that it assigns. A message is read only where all is lost.
    pub(super) fn names(&self, reads: &mut BTreeSet<String>, assigns: &mut BTreeSet<String>) {
        let mut read = |expr: &Expr| {
            expr.each_name(&mut |name| {
                reads.insert(name.to_owned());
            });
        };
        match self {
            Statement::Assert { condition, .. } => read(condition),
            Statement::Value(expr) => read(expr),
            Statement::Assign { name, value } => {
                read(value);
                assigns.insert(name.clone());
            }
            Statement::If { branches, otherwise } => {
                for (condition, _) in branches {
                    read(condition);
                }
                let bodies = branches.iter().map(|(_, body)| body).chain([otherwise]);
                for statement in bodies.flatten() {
                    statement.names(reads, assigns);
                }
            }
        }
    }
}

impl Expr {
    /// Calls `each` with the names in it.
    pub(super) fn each_name(&self, each: &mut dyn FnMut(&str)) {
        match self {
            Expr::Literal(_) => {}
            Expr::Name(name) => each(name),
            Expr::Unary(_, inner) | Expr::Not(inner) => inner.each_name(each),
            Expr::Power(a, b) | Expr::Index(a, b) => {
                a.each_name(each);
                b.each_name(each);
            }
            Expr::Chain(first, rest) | Expr::Compare(first, rest) => {
                first.each_name(each);
                for (_, operand) in rest {
                    operand.each_name(each);
                }
            }
            Expr::And(all) | Expr::Or(all) | Expr::List(all) | Expr::Call(_, all) => {
                for expr in all {
                    expr.each_name(each);
                }
            }
            Expr::Choice { condition, then, other } => {
                for expr in [condition, then, other] {
                    expr.each_name(each);
                }
            }
            Expr::Format(parts) => {
                for part in parts {
                    if let Part::Value(expr, _) = part {
                        expr.each_name(each);
                    }
                }
            }
        }
    }
}
