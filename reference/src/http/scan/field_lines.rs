//! The stages of field lines, in header and trailer sections (RFC 9112 §5, §7.1.2).

use super::{Flow, LineEnd, Scan, Stage, Stop, line_end};
use crate::http::error::{Fault, Kind};
use crate::http::fields::{FieldLines, Known};
use crate::http::grammar::{TCHAR, WS, is, skip, skip_field_octets};
use crate::http::rules::Rules;

/// A field line that is whole and plain.
struct Plain {
    name: (usize, usize),
    value: (usize, usize),
    /// Where the next line begins.
    next: usize,
}

/// The field line at `start`, if all of it is here and it is a name, a colon, a value without controls, and CR LF.
#[inline]
fn plain_line(view: &[u8], start: usize) -> Option<Plain> {
    let name_end = skip(view, start, TCHAR);
    if name_end == start || view.get(name_end) != Some(&b':') {
        return None;
    }
    let value = skip(view, name_end + 1, WS);
    let end = skip_field_octets(view, value);
    if view.get(end..end + 2) != Some(b"\r\n") {
        return None;
    }
    let blanks = view[value..end].iter().rev().take_while(|octet| is(**octet, WS)).count();
    Some(Plain { name: (start, name_end), value: (value, end - blanks), next: end + 2 })
}

impl Scan {
    /// Takes the lines that are whole and plain, as most are: what the stages make of them, at once. The first other
    /// line is left to them, and so is every fault.
    #[inline]
    pub(super) fn plain_lines(&mut self, view: &[u8], lines: &mut FieldLines, rules: &Rules) {
        let mut at = self.at;
        while lines.len() < rules.limits.field_lines
            && let Some(line) = plain_line(view, at)
        {
            lines.push_trimmed(view, line.name, line.value, false);
            at = line.next;
        }
        self.at = at;
    }

    #[inline]
    pub(super) fn field_line(&mut self, view: &[u8], lines: &mut FieldLines, rules: &Rules) -> Result<Flow, Stop> {
        match self.stage {
            Stage::LineStart => self.line_start(view, lines, rules),
            Stage::Name => self.name(view, rules),
            Stage::Colon => self.colon(view),
            Stage::Value | Stage::Fold => self.value(view, lines, rules),
            _ => self.dropped(view, rules),
        }
    }

    #[inline]
    fn line_start(&mut self, view: &[u8], lines: &FieldLines, rules: &Rules) -> Result<Flow, Stop> {
        match view.get(self.at) {
            None => Ok(Flow::Wait),
            Some(b'\r' | b'\n') => match line_end(view, self.at, rules)? {
                LineEnd::At(next) => Ok(self.go(Stage::Done, next)),
                LineEnd::Wait => Ok(Flow::Wait),
                LineEnd::Cr | LineEnd::None => Err((Fault::CarriageReturnAlone, self.at)),
            },
            Some(b' ' | b'\t') => self.indented(lines, rules),
            Some(_) if lines.len() >= rules.limits.field_lines => Err((Fault::TooManyFields, self.at)),
            Some(b':') => Err((Fault::NameEmpty, self.at)),
            Some(_) => {
                self.stage = Stage::Name;
                self.mark = self.at;
                self.name(view, rules)
            }
        }
    }

    /// A line with whitespace in front: a fold (RFC 9112 §5.2), or behind the start-line one that is dropped (§2.2).
    fn indented(&mut self, lines: &FieldLines, rules: &Rules) -> Result<Flow, Stop> {
        if lines.len() == 0 {
            return match self.section {
                0 => Err((Fault::NameOctet, self.at)), // a trailer section follows no start-line
                _ if rules.ws_before_first_field_dropped => Ok(self.go(Stage::Dropped, self.at)),
                _ => Err((Fault::SpaceBeforeFields, self.at)),
            };
        }
        if self.kind == Kind::Request && !rules.obs_fold {
            return Err((Fault::ObsFold, self.at));
        }
        Ok(self.go(Stage::Fold, self.at))
    }

    #[inline]
    fn name(&mut self, view: &[u8], rules: &Rules) -> Result<Flow, Stop> {
        let end = skip(view, self.at, TCHAR);
        self.at = end;
        match view.get(end) {
            None => Ok(Flow::Wait),
            Some(b':') => {
                self.name_end = end;
                self.at = end + 1;
                self.stage = Stage::Value;
                self.repaired = false;
                Ok(Flow::On)
            }
            Some(b' ' | b'\t') if end > self.mark => {
                if self.kind == Kind::Response && rules.space_before_colon {
                    self.name_end = end;
                    self.stage = Stage::Colon;
                    return Ok(Flow::On);
                }
                Err((Fault::SpaceAfterName, end))
            }
            Some(b'\r' | b'\n') if end > self.mark => Err((Fault::NoColon, end)),
            Some(_) => Err((Fault::NameOctet, end)),
        }
    }

    fn colon(&mut self, view: &[u8]) -> Result<Flow, Stop> {
        self.at = skip(view, self.at, WS);
        match view.get(self.at) {
            None => Ok(Flow::Wait),
            Some(b':') => {
                self.at += 1;
                self.stage = Stage::Value;
                self.repaired = false;
                Ok(Flow::On)
            }
            Some(_) => Err((Fault::NoColon, self.at)),
        }
    }

    #[inline]
    fn value(&mut self, view: &[u8], lines: &mut FieldLines, rules: &Rules) -> Result<Flow, Stop> {
        loop {
            self.at = skip_field_octets(view, self.at);
            let octet = match line_end(view, self.at, rules)? {
                LineEnd::At(next) => {
                    self.take_line(view, lines);
                    return Ok(self.go(Stage::LineStart, next));
                }
                LineEnd::Wait => return Ok(Flow::Wait),
                LineEnd::Cr if !rules.bare_cr_as_sp => return Err((Fault::CarriageReturnAlone, self.at)),
                LineEnd::Cr => b'\r',
                LineEnd::None => view[self.at],
            };
            match octet {
                b'\r' => self.repaired = true,
                0 if rules.nul_as_sp => self.repaired = true,
                0 => return Err((Fault::Nul, self.at)),
                _ if rules.retain_controls && !self.is_acted_on(view, lines) => (),
                _ => return Err((Fault::Control, self.at)),
            }
            self.at += 1;
        }
    }

    /// Whether the parser itself acts on the field whose value is being read. In such a field no control octet is in a
    /// safe context (RFC 9110 §5.5): `close` with one beside it would be no `close`.
    fn is_acted_on(&self, view: &[u8], lines: &FieldLines) -> bool {
        let known = match self.stage {
            Stage::Fold => lines.last_known(),
            _ => Known::of(&view[self.mark..self.name_end]),
        };
        known != Known::Other
    }

    /// A value has ended at `at`: of a new line, or of the last line's fold.
    #[inline]
    fn take_line(&self, view: &[u8], lines: &mut FieldLines) {
        if self.stage == Stage::Fold {
            lines.fold(view, (self.mark, self.at));
            return;
        }
        // Behind the name stands the colon, behind that the value; whitespace before a colon is not in the name.
        let colon = if view[self.name_end] == b':' { self.name_end } else { skip(view, self.name_end, WS) };
        lines.push(view, (self.mark, self.name_end), (colon + 1, self.at), self.repaired);
    }

    fn dropped(&mut self, view: &[u8], rules: &Rules) -> Result<Flow, Stop> {
        loop {
            self.at = skip_field_octets(view, self.at);
            match line_end(view, self.at, rules)? {
                LineEnd::At(next) => return Ok(self.go(Stage::LineStart, next)),
                LineEnd::Wait => return Ok(Flow::Wait),
                LineEnd::Cr if !rules.bare_cr_as_sp => return Err((Fault::CarriageReturnAlone, self.at)),
                LineEnd::None if view[self.at] == 0 && !rules.nul_as_sp => return Err((Fault::Nul, self.at)),
                LineEnd::Cr | LineEnd::None => self.at += 1,
            }
        }
    }
}
