//! Code blocks: the assertions of `%{ assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd }%` (packetdrill language, 6).
//!
//! Nothing is executed. What is evaluated are assertions over whole numbers, in Python's notation and order of
//! operators: comparisons and their chains, `and or not`, `| ^ & << >> + - * // % ~`, the fields of `tcp_info` and the
//! names of their values. Messages and `print` say nothing to a judge. Anything else makes the scenario unsupported.

mod parse;

use std::collections::BTreeMap;

use crate::posix::tcp_info;

/// The statements of a block, in order.
pub(super) type Code = Vec<Statement>;

/// `assert condition`
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Statement {
    condition: Expr,
}

#[derive(Clone, Debug, PartialEq)]
enum Expr {
    Number(i128),
    Name(String),
    Unary(&'static str, Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    /// `a < b <= c`
    Compare(Box<Expr>, Vec<(&'static str, Expr)>),
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
}

/// Names with values of their own. States are Linux's; FreeBSD's names stand for the same states.
const CONSTANTS: &[(&str, i128)] = &[
    ("TCP_ESTABLISHED", 1),
    ("TCP_SYN_SENT", 2),
    ("TCP_SYN_RECV", 3),
    ("TCP_FIN_WAIT1", 4),
    ("TCP_FIN_WAIT2", 5),
    ("TCP_TIME_WAIT", 6),
    ("TCP_CLOSE", 7),
    ("TCP_CLOSE_WAIT", 8),
    ("TCP_LAST_ACK", 9),
    ("TCP_LISTEN", 10),
    ("TCP_CLOSING", 11),
    ("TCPI_ESTABLISHED", 1),
    ("TCPI_SYN_SENT", 2),
    ("TCPI_SYN_RECEIVED", 3),
    ("TCPI_FIN_WAIT_1", 4),
    ("TCPI_FIN_WAIT_2", 5),
    ("TCPI_TIME_WAIT", 6),
    ("TCPI_CLOSED", 7),
    ("TCPI_CLOSE_WAIT", 8),
    ("TCPI_LAST_ACK", 9),
    ("TCPI_LISTEN", 10),
    ("TCPI_CLOSING", 11),
    ("TCP_CA_Open", 0),
    ("TCP_CA_Disorder", 1),
    ("TCP_CA_CWR", 2),
    ("TCP_CA_Recovery", 3),
    ("TCP_CA_Loss", 4),
    ("TCPI_OPT_TIMESTAMPS", 1),
    ("TCPI_OPT_SACK", 2),
    ("TCPI_OPT_WSCALE", 4),
    ("TCPI_OPT_ECN", 8),
    ("TCPI_OPT_ECN_SEEN", 16),
    ("TCPI_OPT_SYN_DATA", 32),
    ("TCPI_OPT_USEC_TS", 64),
    ("TCPI_OPT_TFO_CHILD", 128),
    ("TCP_INFINITE_SSTHRESH", 0x7fff_ffff),
];

fn constant(name: &str) -> Option<i128> {
    CONSTANTS.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// The statements of a block, or what of it cannot be evaluated.
pub(super) fn prepare(text: &str) -> Result<Code, String> {
    let unsupported = |what| format!("a code block with {what}");
    let code = parse::parse(text).map_err(unsupported)?;
    for statement in &code {
        for name in statement.condition.names() {
            let is_field = name.strip_prefix("tcpi_").is_some_and(tcp_info::has);
            if !is_field && constant(name).is_none() {
                return Err(unsupported(format!("the name `{name:.60}`")));
            }
        }
    }
    Ok(code)
}

/// Why an assertion does not hold, of the first that does not; `Err` is what cannot be evaluated.
pub(super) fn judge(code: &Code, info: &[u8]) -> Result<Option<String>, String> {
    for (at, statement) in code.iter().enumerate() {
        if statement.condition.value(info)? == 0 {
            let fields: BTreeMap<&str, u64> = statement
                .condition
                .names()
                .into_iter()
                .filter_map(|name| Some((name, tcp_info::decode(info, name.strip_prefix("tcpi_")?)?)))
                .collect();
            let values: Vec<String> = fields.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            let which =
                if code.len() > 1 { format!("assertion {} of {}", at + 1, code.len()) } else { "it".to_owned() };
            return Ok(Some(format!("{which} does not hold  got {}", values.join(", "))));
        }
    }
    Ok(None)
}

impl Expr {
    fn names(&self) -> Vec<&str> {
        match self {
            Expr::Number(_) => Vec::new(),
            Expr::Name(name) => vec![name],
            Expr::Unary(_, inner) | Expr::Not(inner) => inner.names(),
            Expr::Binary(_, a, b) | Expr::And(a, b) | Expr::Or(a, b) => [a.names(), b.names()].concat(),
            Expr::Compare(first, rest) => {
                let rest = rest.iter().flat_map(|(_, operand)| operand.names());
                first.names().into_iter().chain(rest).collect()
            }
        }
    }

    /// Its value; truth is 1, as in Python.
    fn value(&self, info: &[u8]) -> Result<i128, String> {
        match self {
            Expr::Number(number) => Ok(*number),
            Expr::Name(name) => {
                let field = || tcp_info::decode(info, name.strip_prefix("tcpi_")?).map(i128::from);
                constant(name).or_else(field).ok_or_else(|| format!("{name}, which the stack does not tell"))
            }
            Expr::Not(inner) => Ok((inner.value(info)? == 0).into()),
            Expr::And(a, b) => match a.value(info)? {
                0 => Ok(0),
                _ => b.value(info),
            },
            Expr::Or(a, b) => match a.value(info)? {
                0 => b.value(info),
                some => Ok(some),
            },
            Expr::Unary(mark, inner) => {
                let value = inner.value(info)?;
                let result = match *mark {
                    "-" => value.checked_neg(),
                    "~" => Some(!value),
                    _ => Some(value),
                };
                result.ok_or_else(too_large)
            }
            Expr::Binary(mark, a, b) => binary(mark, a.value(info)?, b.value(info)?),
            Expr::Compare(first, rest) => {
                let mut left = first.value(info)?;
                for (mark, operand) in rest {
                    let right = operand.value(info)?;
                    if !compare(mark, left, right) {
                        return Ok(0);
                    }
                    left = right;
                }
                Ok(1)
            }
        }
    }
}

fn compare(mark: &str, left: i128, right: i128) -> bool {
    match mark {
        "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        _ => left >= right,
    }
}

/// Python's arithmetic, as long as it stays within 128 bits: division rounds down.
fn binary(mark: &str, a: i128, b: i128) -> Result<i128, String> {
    let shift = || u32::try_from(b).ok().filter(|shift| *shift < 64);
    let result = match mark {
        "|" => Some(a | b),
        "^" => Some(a ^ b),
        "&" => Some(a & b),
        "<<" => shift().and_then(|shift| a.checked_mul(1 << shift)),
        ">>" => shift().map(|shift| a >> shift),
        "+" => a.checked_add(b),
        "-" => a.checked_sub(b),
        "*" => a.checked_mul(b),
        _ if b == 0 => return Err("a division by zero".to_owned()),
        "//" => a.checked_div(b).map(|quotient| quotient - i128::from(a % b != 0 && (a < 0) != (b < 0))),
        _ => a.checked_rem(b).map(|rest| if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }),
    };
    result.ok_or_else(too_large)
}

fn too_large() -> String {
    "a number that is too large".to_owned()
}

#[cfg(test)]
mod tests;
