//! Values in texts: `'%d' % x` and `f'{x:.2f}'`.

use super::eval::Trouble;
use super::value::{self, Value};

/// The widest field, and the most digits behind a point.
const WIDEST: usize = 100;

/// How a value is shown.
#[derive(Clone, Debug, Default)]
struct Spec {
    left: bool,
    zeros: bool,
    plus: bool,
    prefix: bool,
    width: usize,
    precision: Option<usize>,
    conversion: char,
}

fn unknown(what: &str) -> Trouble {
    Trouble::Unsupported(format!("the format `{what:.40}`"))
}

/// Python's `template % values`.
pub(super) fn percent(template: &str, values: &Value) -> Result<String, Trouble> {
    let mut values = match values {
        Value::List(items) => items.iter(),
        one => std::slice::from_ref(one).iter(),
    };
    let (mut text, mut rest) = (String::new(), template);
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let end = rest.find(|c: char| c.is_ascii_alphabetic() && c != 'l' || c == '%').ok_or_else(|| unknown("%"))?;
        let (spec, after) = rest.split_at(end + 1);
        rest = after;
        if spec == "%" {
            text.push('%');
        } else {
            let value = values.next().ok_or_else(|| Trouble::Raises("a format with too few values".to_owned()))?;
            text.push_str(&render(value, &parse(spec, spec)?)?);
        }
        value::fits(text.len())?;
    }
    if values.next().is_some() {
        return Err(Trouble::Raises("a format with too many values".to_owned()));
    }
    text.push_str(rest);
    value::fits(text.len())?;
    Ok(text)
}

/// A value of an f-string; `spec` is what stands behind its colon.
pub(super) fn show(value: &Value, spec: &str) -> Result<String, Trouble> {
    if spec.is_empty() {
        return Ok(value.to_string());
    }
    let (left, rest) = match spec.strip_prefix(['<', '>']) {
        Some(rest) => (spec.starts_with('<'), rest),
        None => (matches!(value, Value::Text(_)), spec),
    };
    let whole = if rest.ends_with(|c: char| c.is_ascii_alphabetic()) {
        rest.to_owned()
    } else {
        format!("{rest}{}", if matches!(value, Value::Float(_)) && rest.contains('.') { 'g' } else { 's' })
    };
    render(value, &Spec { left, ..parse(&whole, spec)? })
}

/// `[-+ 0#]*width.precision conversion`
fn parse(text: &str, shown: &str) -> Result<Spec, Trouble> {
    let mut spec = Spec::default();
    let mut rest = text;
    while let Some(flag) = rest.chars().next().filter(|c| "-+ 0#,".contains(*c)) {
        match flag {
            '-' => spec.left = true,
            '0' => spec.zeros = true,
            '+' => spec.plus = true,
            '#' => spec.prefix = true,
            ',' => return Err(unknown(shown)),
            _ => {}
        }
        rest = &rest[1..];
    }
    let number = |rest: &mut &str| -> Result<Option<usize>, Trouble> {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, after) = rest.split_at(end);
        *rest = after;
        match digits {
            "" => Ok(None),
            digits => digits.parse().ok().filter(|number| *number <= WIDEST).map(Some).ok_or_else(|| unknown(shown)),
        }
    };
    spec.width = number(&mut rest)?.unwrap_or(0);
    if let Some(after) = rest.strip_prefix('.') {
        rest = after;
        spec.precision = Some(number(&mut rest)?.unwrap_or(0));
    }
    let mut letters = rest.trim_start_matches('l').chars();
    match (letters.next(), letters.next()) {
        (Some(conversion), None) if "diuxXosrfFgeEc".contains(conversion) => Ok(Spec { conversion, ..spec }),
        _ => Err(unknown(shown)),
    }
}

fn render(value: &Value, spec: &Spec) -> Result<String, Trouble> {
    let wrong = || Trouble::Raises(format!("the format `{}` of {:.40}", spec.conversion, value.quoted()));
    let (mut sign, digits) = match spec.conversion {
        's' => (String::new(), value.to_string()),
        'r' => (String::new(), value.quoted()),
        'f' | 'F' | 'e' | 'E' | 'g' => {
            let number = value.float().ok_or_else(wrong)?;
            let precision = spec.precision.unwrap_or(6);
            let digits = match spec.conversion {
                'e' | 'E' => format!("{:.precision$e}", number.abs()),
                'g' if number.fract() == 0.0 && number.abs() < 1e6 => format!("{}", number.abs()),
                'g' => trimmed(&format!("{:.precision$}", number.abs())),
                _ => format!("{:.precision$}", number.abs()),
            };
            (if number < 0.0 { "-" } else { "" }.to_owned(), digits)
        }
        conversion => {
            let whole = value.int().or_else(|| value.float().filter(|f| f.abs() < 1e38).map(|f| f as i128));
            let number = whole.ok_or_else(wrong)?;
            let magnitude = number.unsigned_abs();
            let digits = match conversion {
                'x' if spec.prefix => format!("{magnitude:#x}"),
                'x' => format!("{magnitude:x}"),
                'X' => format!("{magnitude:X}"),
                'o' => format!("{magnitude:o}"),
                'c' => u32::try_from(number).ok().and_then(char::from_u32).ok_or_else(wrong)?.to_string(),
                _ => magnitude.to_string(),
            };
            (if number < 0 { "-" } else { "" }.to_owned(), digits)
        }
    };
    let is_text = matches!(spec.conversion, 's' | 'r');
    let digits = match spec.precision {
        Some(most) if is_text => digits.chars().take(most).collect(),
        _ => digits,
    };
    if spec.plus && sign.is_empty() && !is_text {
        sign.push('+');
    }
    let missing = spec.width.saturating_sub(sign.chars().count() + digits.chars().count());
    Ok(match (spec.left, spec.zeros && !is_text) {
        (true, _) => format!("{sign}{digits}{}", " ".repeat(missing)),
        (false, true) => format!("{sign}{}{digits}", "0".repeat(missing)),
        (false, false) => format!("{}{sign}{digits}", " ".repeat(missing)),
    })
}

fn trimmed(digits: &str) -> String {
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}
