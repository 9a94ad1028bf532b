//! Expressions -> values.

use std::collections::BTreeMap;

use super::ast::{Expr, Part};
use super::value::{self, Value};
use super::{Facts, format, names};

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It is not evaluated here.
    Unsupported(String),
    /// Python would stop here: the block fails.
    Raises(String),
}

/// Where names have their values.
pub(super) struct Scope<'a> {
    pub(super) variables: &'a BTreeMap<String, Value>,
    pub(super) facts: &'a Facts,
}

impl Scope<'_> {
    fn name(&self, name: &str) -> Option<Value> {
        self.variables.get(name).cloned().or_else(|| names::value(name, self.facts).map(Value::Int))
    }

    /// The value of an expression; it is as deep as the expression, whose depth the parser bounds.
    pub(super) fn value(&self, expr: &Expr) -> Result<Value, Trouble> {
        match expr {
            Expr::Literal(value) => Ok(value.clone()),
            Expr::Name(name) => self.name(name).ok_or_else(|| {
                if names::is_known(name) {
                    Trouble::Unsupported(format!("{name}, which the stack does not tell"))
                } else {
                    Trouble::Raises(format!("nothing has assigned `{name:.60}`"))
                }
            }),
            Expr::Not(inner) => Ok(Value::Bool(!self.value(inner)?.is_true())),
            Expr::And(all) => self.first(all, false),
            Expr::Or(all) => self.first(all, true),
            Expr::Unary(mark, inner) => value::unary(mark, &self.value(inner)?),
            Expr::Power(a, b) => value::power(&self.value(a)?, &self.value(b)?),
            Expr::Chain(first, rest) => {
                let first = self.value(first)?;
                rest.iter().try_fold(first, |sum, (mark, operand)| value::binary(mark, sum, &self.value(operand)?))
            }
            Expr::Compare(first, rest) => self.compare(first, rest),
            Expr::Choice { condition, then, other } => {
                self.value(if self.value(condition)?.is_true() { then } else { other })
            }
            Expr::List(items) => {
                let items = self.values_of(items)?;
                if items.iter().any(|item| matches!(item, Value::List(_))) {
                    return Err(Trouble::Unsupported("a list in a list".to_owned()));
                }
                Ok(Value::List(items))
            }
            Expr::Index(list, at) => self.item(list, at),
            Expr::Call(name, arguments) => value::call(name, self.values_of(arguments)?),
            Expr::Format(parts) => self.text(parts),
        }
    }

    fn values_of(&self, all: &[Expr]) -> Result<Vec<Value>, Trouble> {
        all.iter().map(|expr| self.value(expr)).collect()
    }

    /// The first value whose truth decides, else the last.
    fn first(&self, all: &[Expr], decisive: bool) -> Result<Value, Trouble> {
        let mut last = Value::Bool(!decisive);
        for expr in all {
            last = self.value(expr)?;
            if last.is_true() == decisive {
                break;
            }
        }
        Ok(last)
    }

    fn compare(&self, first: &Expr, rest: &[(&'static str, Expr)]) -> Result<Value, Trouble> {
        let mut left = self.value(first)?;
        for (mark, operand) in rest {
            let right = self.value(operand)?;
            if !value::compare(mark, &left, &right)? {
                return Ok(Value::Bool(false));
            }
            left = right;
        }
        Ok(Value::Bool(true))
    }

    fn item(&self, list: &Expr, at: &Expr) -> Result<Value, Trouble> {
        let Value::List(items) = self.value(list)? else {
            return Err(Trouble::Unsupported("an item of what is no list".to_owned()));
        };
        let at = self.value(at)?.int().ok_or_else(|| Trouble::Unsupported("an index that is no number".to_owned()))?;
        let at = if at < 0 { at.saturating_add(items.len() as i128) } else { at };
        let item = usize::try_from(at).ok().and_then(|at| items.get(at));
        item.cloned().ok_or_else(|| Trouble::Raises(format!("a list of {} has no item {at}", items.len())))
    }

    fn text(&self, parts: &[Part]) -> Result<Value, Trouble> {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Value(expr, spec) => text.push_str(&format::show(&self.value(expr)?, spec)?),
            }
            value::fits(text.len())?;
        }
        Ok(Value::Text(text))
    }

    /// `  got a = 1, b = 2`: the values of all names of an expression.
    pub(super) fn values(&self, expr: &Expr) -> String {
        let mut values = BTreeMap::new();
        expr.each_name(&mut |name| {
            if let Some(value) = self.name(name) {
                values.insert(name.to_owned(), value.quoted());
            }
        });
        let values: Vec<String> = values.iter().map(|(name, value)| format!("{name} = {value:.80}")).collect();
        if values.is_empty() { String::new() } else { format!("  got {}", values.join(", ")) }
    }

    /// What is raised, with the values that led to it.
    pub(super) fn explain(&self, trouble: Trouble, expr: &Expr) -> Trouble {
        match trouble {
            Trouble::Raises(why) => Trouble::Raises(why + &self.values(expr)),
            Trouble::Unsupported(what) => Trouble::Unsupported(what),
        }
    }
}
