//! `$((15 * 1024))`: sums that a shell does by itself.

/// How deep parentheses may be.
const DEPTH: u32 = 16;

/// The value of what stands between `$((` and `))` at the beginning of a text, and how long all of that is in octets; `None`:
/// it is not there, or more than numbers, `+ - * / %` and parentheses.
pub(super) fn expansion(text: &str) -> Option<(i64, usize)> {
    let inside = text.strip_prefix("$((")?;
    let ends = inside.match_indices(')').map(|(at, _)| at).filter(|at| inside[*at..].starts_with("))"));
    let balanced = |end: &usize| {
        let count = |mark| inside[..*end].matches(mark).count();
        count('(') == count(')')
    };
    let end = ends.take(DEPTH as usize * 4).find(balanced)?;
    let mut sum = Sum { rest: &inside[..end], depth: 0 };
    let value = sum.terms()?;
    sum.rest.trim().is_empty().then_some((value, end + "$(())".len()))
}

struct Sum<'a> {
    rest: &'a str,
    depth: u32,
}

impl Sum<'_> {
    fn takes(&mut self, mark: char) -> bool {
        let rest = self.rest.trim_start();
        let after = rest.strip_prefix(mark);
        self.rest = after.unwrap_or(rest);
        after.is_some()
    }

    fn terms(&mut self) -> Option<i64> {
        let mut value = self.factors()?;
        loop {
            if self.takes('+') {
                value = value.checked_add(self.factors()?)?;
            } else if self.takes('-') {
                value = value.checked_sub(self.factors()?)?;
            } else {
                return Some(value);
            }
        }
    }

    fn factors(&mut self) -> Option<i64> {
        let mut value = self.primary()?;
        loop {
            if self.takes('*') {
                value = value.checked_mul(self.primary()?)?;
            } else if self.takes('/') {
                value = value.checked_div(self.primary()?)?;
            } else if self.takes('%') {
                value = value.checked_rem(self.primary()?)?;
            } else {
                return Some(value);
            }
        }
    }

    fn primary(&mut self) -> Option<i64> {
        if self.takes('(') {
            self.depth += 1;
            let value = (self.depth <= DEPTH).then(|| self.terms())??;
            self.depth -= 1;
            return self.takes(')').then_some(value);
        }
        let rest = self.rest.trim_start();
        let (digits, radix) = rest.strip_prefix("0x").map_or((rest, 10), |digits| (digits, 16));
        let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
        let (number, rest) = digits.split_at(end);
        self.rest = rest;
        // a shell reads what begins with 0 in octal
        let is_octal = radix == 10 && number.len() > 1 && number.starts_with('0');
        i64::from_str_radix(number, if is_octal { 8 } else { radix }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::expansion;

    #[test]
    fn sums_are_done_as_a_shell_does_them() {
        for (text, value) in [
            ("$((15*1024*1024))", 15_728_640),
            ("$(( 1 + 2 * 3 - 4 / 2 ))", 5),
            ("$((2*(1+2)))", 6),
            ("$(((1+2)*(3+4)))", 21),
            ("$((0x10 + 010 % 5))", 19),
        ] {
            assert_eq!(expansion(&format!("{text} more")), Some((value, text.len())), "{text}");
        }
    }

    #[test]
    fn what_is_more_than_a_sum_is_not_understood() {
        let deep = format!("$(({}1{}))", "(".repeat(1000), ")".repeat(1000));
        for text in
            ["$((x))", "$((1/0))", "$((9223372036854775807+1))", "$((1", "$(())", "$((1+))", "$(ls)", "$((08))", &deep]
        {
            assert_eq!(expansion(text), None, "{text}");
        }
    }
}
