//! Values, and Python's arithmetic with them, as far as it stays small.

use std::cmp::Ordering;
use std::fmt;

use super::eval::Trouble;

/// The longest text, in octets, and the most items of a list.
pub(super) const LONGEST: usize = 16 << 10;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Nothing,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    /// A tuple or a list; of items that are none themselves.
    List(Vec<Value>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Nothing => f.write_str("None"),
            Value::Bool(true) => f.write_str("True"),
            Value::Bool(false) => f.write_str("False"),
            Value::Int(number) => write!(f, "{number}"),
            Value::Float(number) => write!(f, "{number:?}"),
            Value::Text(text) => f.write_str(text),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(Value::quoted).collect();
                write!(f, "({})", items.join(", "))
            }
        }
    }
}

impl Value {
    /// As Python's `repr` shows it.
    pub(super) fn quoted(&self) -> String {
        match self {
            Value::Text(text) => format!("'{}'", text.escape_default()),
            other => other.to_string(),
        }
    }

    pub(super) fn is_true(&self) -> bool {
        match self {
            Value::Nothing => false,
            Value::Bool(is_true) => *is_true,
            Value::Int(number) => *number != 0,
            Value::Float(number) => *number != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::List(items) => !items.is_empty(),
        }
    }

    /// A whole number; the two truths are 0 and 1.
    pub(super) fn int(&self) -> Option<i128> {
        match self {
            Value::Bool(is_true) => Some((*is_true).into()),
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn float(&self) -> Option<f64> {
        match self {
            Value::Float(number) => Some(*number),
            other => other.int().map(|number| number as f64),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Value::Nothing => "None",
            Value::Bool(_) | Value::Int(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
        }
    }

    /// Which comes first; `None` where Python does not order them.
    pub(super) fn order(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            _ => match (self.int(), other.int()) {
                (Some(a), Some(b)) => Some(a.cmp(&b)),
                _ => self.float()?.partial_cmp(&other.float()?),
            },
        }
    }

    pub(super) fn equals(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equals(b)),
            (Value::Nothing, Value::Nothing) => true,
            _ => self.order(other) == Some(Ordering::Equal),
        }
    }
}

/// `a mark b`, one link of a comparison.
pub(super) fn compare(mark: &str, a: &Value, b: &Value) -> Result<bool, Trouble> {
    let is_in = || match (a, b) {
        (a, Value::List(items)) => Ok(items.iter().any(|item| item.equals(a))),
        (Value::Text(a), Value::Text(b)) => Ok(b.contains(a.as_str())),
        _ => Err(Trouble::Raises(format!("`in` needs a list, not {}", b.kind()))),
    };
    match mark {
        "==" | "is" => return Ok(a.equals(b)),
        "!=" | "is not" => return Ok(!a.equals(b)),
        "in" => return is_in(),
        "not in" => return is_in().map(|is_in| !is_in),
        _ => {}
    }
    let Some(order) = a.order(b) else {
        if a.float().is_some() && b.float().is_some() {
            return Ok(false); // not a number
        }
        return Err(Trouble::Raises(format!("`{mark}` of {} and {}", a.kind(), b.kind())));
    };
    Ok(match mark {
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    })
}

/// `a mark b`
pub(super) fn binary(mark: &str, a: Value, b: &Value) -> Result<Value, Trouble> {
    if let (Some(a), Some(b)) = (a.int(), b.int())
        && mark != "/"
    {
        return ints(mark, a, b).map(Value::Int);
    }
    if let (Some(a), Some(b)) = (a.float(), b.float())
        && !matches!(mark, "|" | "^" | "&" | "<<" | ">>")
    {
        return floats(mark, a, b).map(Value::Float);
    }
    match (mark, a, b) {
        ("+", Value::Text(a), Value::Text(b)) => fits(a.len() + b.len()).map(|()| Value::Text(a + b)),
        ("+", Value::List(a), Value::List(b)) => {
            fits(a.len() + b.len()).map(|()| Value::List(a.into_iter().chain(b.iter().cloned()).collect()))
        }
        ("*", Value::Text(text), times) if times.int().is_some() => {
            let times = usize::try_from(times.int().unwrap_or(0).max(0)).unwrap_or(usize::MAX);
            fits(text.len().max(1).saturating_mul(times)).map(|()| Value::Text(text.repeat(times)))
        }
        ("%", Value::Text(template), values) => super::format::percent(&template, values).map(Value::Text),
        (mark, a, b) => Err(Trouble::Raises(format!("`{mark}` of {} and {}", a.kind(), b.kind()))),
    }
}

/// Texts and lists cannot grow without end.
pub(super) fn fits(length: usize) -> Result<(), Trouble> {
    if length <= LONGEST { Ok(()) } else { Err(Trouble::Unsupported("a text or a list that is too long".to_owned())) }
}

/// Whole numbers, as long as they stay within 128 bits: division rounds down.
fn ints(mark: &str, a: i128, b: i128) -> Result<i128, Trouble> {
    let shift = || u32::try_from(b).ok().filter(|shift| *shift < 127);
    let result = match mark {
        "|" => Some(a | b),
        "^" => Some(a ^ b),
        "&" => Some(a & b),
        "<<" => shift().and_then(|shift| a.checked_mul(1_i128.checked_shl(shift)?)),
        ">>" if b > 126 => Some(if a < 0 { -1 } else { 0 }),
        ">>" => shift().map(|shift| a >> shift),
        "+" => a.checked_add(b),
        "-" => a.checked_sub(b),
        "*" => a.checked_mul(b),
        _ if b == 0 => return Err(Trouble::Raises("a division by zero".to_owned())),
        "//" => a.checked_div(b).and_then(|quotient| {
            let rounds = a.checked_rem(b)? != 0 && (a < 0) != (b < 0);
            quotient.checked_sub(rounds.into())
        }),
        _ => a.checked_rem(b).map(|rest| if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }),
    };
    result.ok_or_else(too_large)
}

fn floats(mark: &str, a: f64, b: f64) -> Result<f64, Trouble> {
    if b == 0.0 && matches!(mark, "/" | "//" | "%") {
        return Err(Trouble::Raises("a division by zero".to_owned()));
    }
    Ok(match mark {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        "//" => (a / b).floor(),
        _ => a - b * (a / b).floor(),
    })
}

/// `a ** b`
pub(super) fn power(a: &Value, b: &Value) -> Result<Value, Trouble> {
    match (a.int(), b.int()) {
        (Some(a), Some(b @ 0..)) => {
            let power = u32::try_from(b).ok().and_then(|b| a.checked_pow(b));
            power.map(Value::Int).ok_or_else(too_large)
        }
        _ => match (a.float(), b.float()) {
            (Some(0.0), Some(b)) if b < 0.0 => Err(Trouble::Raises("a division by zero".to_owned())),
            (Some(a), Some(b)) => Ok(Value::Float(a.powf(b))),
            _ => Err(Trouble::Raises(format!("`**` of {} and {}", a.kind(), b.kind()))),
        },
    }
}

/// `-a`, `+a`, `~a`
pub(super) fn unary(mark: &str, a: &Value) -> Result<Value, Trouble> {
    match (mark, a.int(), a) {
        ("-", Some(number), _) => number.checked_neg().map(Value::Int).ok_or_else(too_large),
        ("~", Some(number), _) => Ok(Value::Int(!number)),
        (_, Some(number), _) => Ok(Value::Int(number)),
        ("-", _, Value::Float(number)) => Ok(Value::Float(-number)),
        ("+", _, Value::Float(number)) => Ok(Value::Float(*number)),
        _ => Err(Trouble::Raises(format!("`{mark}` of {}", a.kind()))),
    }
}

pub(super) fn too_large() -> Trouble {
    Trouble::Unsupported("a number that is too large".to_owned())
}

/// The functions that expressions may call.
pub(super) const FUNCTIONS: [&str; 14] =
    ["abs", "all", "any", "bool", "float", "hex", "int", "len", "max", "min", "repr", "round", "str", "sum"];

/// `name(values)`
pub(super) fn call(name: &str, values: Vec<Value>) -> Result<Value, Trouble> {
    let misused = || Trouble::Unsupported(format!("`{name}` of these values"));
    match (name, values.as_slice()) {
        ("abs", [Value::Float(number)]) => Ok(Value::Float(number.abs())),
        ("abs", [value]) => value.int().and_then(i128::checked_abs).map(Value::Int).ok_or_else(misused),
        ("bool", [value]) => Ok(Value::Bool(value.is_true())),
        ("str", [value]) => Ok(Value::Text(value.to_string())),
        ("repr", [value]) => Ok(Value::Text(value.quoted())),
        ("hex", [value]) => {
            let number = value.int().ok_or_else(misused)?;
            Ok(Value::Text(format!("{}{:#x}", if number < 0 { "-" } else { "" }, number.unsigned_abs())))
        }
        ("float", [Value::Text(text)]) => text.trim().parse().map(Value::Float).map_err(|_| misused()),
        ("float", [value]) => value.float().map(Value::Float).ok_or_else(misused),
        ("int", [Value::Text(text)]) => text.trim().parse().map(Value::Int).map_err(|_| misused()),
        ("int", [Value::Float(number)]) => whole(number.trunc()),
        ("round", [Value::Float(number)]) => whole(number.round_ties_even()),
        ("int" | "round", [value]) => value.int().map(Value::Int).ok_or_else(misused),
        ("len", [Value::Text(text)]) => Ok(Value::Int(text.chars().count() as i128)),
        ("len", [Value::List(items)]) => Ok(Value::Int(items.len() as i128)),
        ("any", [Value::List(items)]) => Ok(Value::Bool(items.iter().any(Value::is_true))),
        ("all", [Value::List(items)]) => Ok(Value::Bool(items.iter().all(Value::is_true))),
        ("sum", [Value::List(items)]) => items.iter().try_fold(Value::Int(0), |sum, item| binary("+", sum, item)),
        ("min" | "max", [Value::List(items)]) => extreme(name, items).ok_or_else(misused),
        ("min" | "max", items @ [_, _, ..]) => extreme(name, items).ok_or_else(misused),
        _ => Err(misused()),
    }
}

fn whole(number: f64) -> Result<Value, Trouble> {
    if number.abs() < 1e38 { Ok(Value::Int(number as i128)) } else { Err(too_large()) }
}

fn extreme(name: &str, items: &[Value]) -> Option<Value> {
    let wanted = if name == "min" { Ordering::Less } else { Ordering::Greater };
    let (mut best, rest) = items.split_first()?;
    for item in rest {
        if item.order(best)? == wanted {
            best = item;
        }
    }
    Some(best.clone())
}
