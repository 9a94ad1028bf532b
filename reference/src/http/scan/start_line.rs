//! The stages of a request-line and of a status-line (RFC 9112 §3, §4).

use super::{Flow, LineEnd, Scan, Stage, Stop, line_end};
use crate::http::error::{Fault, Kind};
use crate::http::grammar::{DIGIT, FIELD, TCHAR, is, skip, skip_field_octets};
use crate::http::rules::Rules;
use crate::http::start_line::{Version, version};
use crate::http::target;

impl Scan {
    #[inline]
    pub(super) fn start_line(&mut self, view: &[u8], rules: &Rules) -> Result<Flow, Stop> {
        match self.stage {
            Stage::Empty => self.empty_line(view, rules),
            Stage::Method => self.method(view, rules),
            Stage::Target => self.target(view),
            Stage::RequestVersion => self.request_version(view),
            Stage::RequestLineEnd => self.request_line_end(view, rules),
            Stage::StatusVersion => self.status_version(view),
            Stage::StatusCode => self.status_code(view, rules),
            Stage::Reason => self.reason(view, rules),
            _ => self.whole_line(view, rules),
        }
    }

    /// Skips one empty line before a request-line, or more (RFC 9112 §2.2).
    fn empty_line(&mut self, view: &[u8], rules: &Rules) -> Result<Flow, Stop> {
        let Some(octet) = view.get(self.at) else { return Ok(Flow::Wait) };
        if matches!(octet, b'\r' | b'\n') {
            let allowed = usize::from(self.kind == Kind::Request);
            if self.empty_lines >= allowed && !rules.skip_empty_lines {
                return Err((Fault::EmptyLines, self.at));
            }
            return match line_end(view, self.at, rules)? {
                LineEnd::At(next) => {
                    self.empty_lines += 1;
                    Ok(self.go(Stage::Empty, next))
                }
                LineEnd::Wait => Ok(Flow::Wait),
                LineEnd::Cr | LineEnd::None => Err((Fault::CarriageReturnAlone, self.at)),
            };
        }
        let stage = match self.kind {
            Kind::Request if rules.lenient_request_line_ws => Stage::WholeLine,
            Kind::Request => Stage::Method,
            Kind::Response if rules.lenient_status_line_ws => Stage::WholeLine,
            Kind::Response => Stage::StatusVersion,
        };
        Ok(self.go(stage, self.at))
    }

    fn method(&mut self, view: &[u8], rules: &Rules) -> Result<Flow, Stop> {
        let end = skip(view, self.at, TCHAR);
        self.at = end;
        if end - self.mark > rules.limits.method {
            return Err((Fault::MethodTooLong, self.mark + rules.limits.method));
        }
        match view.get(end) {
            None => Ok(Flow::Wait),
            Some(b' ') if end > self.mark => {
                self.method = (self.mark, end);
                Ok(self.go(Stage::Target, end + 1))
            }
            Some(b'\r' | b'\n') if end > self.mark => Err((Fault::TargetMissing, end)),
            Some(_) => Err((Fault::Method, end)),
        }
    }

    fn target(&mut self, view: &[u8]) -> Result<Flow, Stop> {
        let Some(end) = target::scan(view, self.mark, &mut self.at)? else { return Ok(Flow::Wait) };
        if end == self.mark {
            return Err((Fault::ExtraSpace, end));
        }
        self.take_target(view, (self.mark, end))?;
        Ok(self.go(Stage::RequestVersion, end + 1))
    }

    fn take_target(&mut self, view: &[u8], target: (usize, usize)) -> Result<(), Stop> {
        let octets = &view[target.0..target.1];
        let method = &view[self.method.0..self.method.1];
        self.form = target::form(octets, method).map_err(|(fault, at)| (fault, target.0 + at))?;
        self.target = target;
        Ok(())
    }

    fn request_version(&mut self, view: &[u8]) -> Result<Flow, Stop> {
        match view.get(self.mark) {
            Some(b' ') => return Err((Fault::ExtraSpace, self.mark)),
            Some(b'\r' | b'\n') => return Err((Fault::VersionMissing, self.mark)),
            _ => (),
        }
        let Some(version) = version(view, self.mark)? else { return Ok(Flow::Wait) };
        self.version = version;
        Ok(self.go(Stage::RequestLineEnd, self.mark + 8))
    }

    fn request_line_end(&mut self, view: &[u8], rules: &Rules) -> Result<Flow, Stop> {
        match line_end(view, self.at, rules)? {
            LineEnd::At(next) => Ok(self.begin_fields(next)),
            LineEnd::Wait => Ok(Flow::Wait),
            LineEnd::Cr => Err((Fault::CarriageReturnAlone, self.at)),
            LineEnd::None => Err((Fault::Version, self.at)),
        }
    }

    fn begin_fields(&mut self, at: usize) -> Flow {
        self.section = at;
        self.go(Stage::LineStart, at)
    }

    fn status_version(&mut self, view: &[u8]) -> Result<Flow, Stop> {
        let Some(version) = version(view, self.mark)? else { return Ok(Flow::Wait) };
        match view.get(self.mark + 8) {
            None => Ok(Flow::Wait),
            Some(b' ') => {
                self.version = version;
                Ok(self.go(Stage::StatusCode, self.mark + 9))
            }
            Some(_) => Err((Fault::Version, self.mark + 8)),
        }
    }

    fn status_code(&mut self, view: &[u8], rules: &Rules) -> Result<Flow, Stop> {
        for at in self.mark..self.mark + 3 {
            match view.get(at) {
                None => return Ok(Flow::Wait),
                Some(b' ' | b'\t') if at == self.mark => return Err((Fault::StatusLineSpace, at)),
                Some(octet) if !is(*octet, DIGIT) => return Err((Fault::StatusCode, at)),
                Some(_) => (),
            }
        }
        let end = self.mark + 3;
        match view.get(end) {
            None => return Ok(Flow::Wait),
            Some(b' ') => (),
            Some(b'\r' | b'\n') => {
                return match line_end(view, end, rules)? {
                    LineEnd::Wait => Ok(Flow::Wait),
                    LineEnd::Cr => Err((Fault::CarriageReturnAlone, end)),
                    LineEnd::At(_) | LineEnd::None => Err((Fault::StatusSpace, end)),
                };
            }
            Some(octet) if is(*octet, DIGIT) => return Err((Fault::StatusCode, end)),
            Some(_) => return Err((Fault::StatusSpace, end)),
        }
        self.status = status(&view[self.mark..end]);
        Ok(self.go(Stage::Reason, end + 1))
    }

    fn reason(&mut self, view: &[u8], rules: &Rules) -> Result<Flow, Stop> {
        loop {
            self.at = skip_field_octets(view, self.at);
            match line_end(view, self.at, rules)? {
                LineEnd::At(next) => {
                    self.reason = (self.mark, self.at);
                    return Ok(self.begin_fields(next));
                }
                LineEnd::Wait => return Ok(Flow::Wait),
                LineEnd::Cr if rules.bare_cr_as_sp => self.at += 1,
                LineEnd::Cr => return Err((Fault::CarriageReturnAlone, self.at)),
                LineEnd::None => return Err((Fault::Reason, self.at)),
            }
        }
    }

    /// A start-line whose words may have any whitespace between them (RFC 9112 §3, §4): nothing can be said of it
    /// before its end has come.
    fn whole_line(&mut self, view: &[u8], rules: &Rules) -> Result<Flow, Stop> {
        let rest = &view[self.at..];
        let Some(feed) = rest.iter().position(|octet| *octet == b'\n').map(|at| self.at + at) else {
            self.at = view.len();
            return Ok(Flow::Wait);
        };
        let end = match feed.checked_sub(1).filter(|before| *before >= self.mark && view[*before] == b'\r') {
            Some(carriage_return) => carriage_return,
            None if rules.lf_line_end => feed,
            None => return Err((Fault::LineFeedAlone, feed)),
        };
        self.at = feed + 1;
        match self.kind {
            Kind::Request => self.request_words(&view[..end], rules)?,
            Kind::Response => self.status_words(&view[..end])?,
        }
        Ok(self.begin_fields(feed + 1))
    }

    fn request_words(&mut self, line: &[u8], rules: &Rules) -> Result<(), Stop> {
        let method = word(line, self.mark);
        let target = word(line, method.1);
        let version_word = word(line, target.1);
        let rest = word(line, version_word.1);
        if method.0 == method.1 || skip(line, method.0, TCHAR) < method.1 {
            return Err((Fault::Method, skip(line, method.0, TCHAR)));
        }
        if method.1 - method.0 > rules.limits.method {
            return Err((Fault::MethodTooLong, method.0 + rules.limits.method));
        }
        if target.0 == target.1 {
            return Err((Fault::TargetMissing, line.len()));
        }
        if version_word.0 == version_word.1 {
            return Err((Fault::VersionMissing, line.len()));
        }
        if rest.0 < rest.1 {
            return Err((Fault::TargetSpace, target.1));
        }
        self.method = method;
        let mut at = target.0;
        if target::scan(&line[..target.1], target.0, &mut at)?.is_some() || at < target.1 {
            return Err((Fault::PercentEncoding, at)); // it is cut off; a word holds no SP
        }
        self.take_target(line, target)?;
        self.version = whole_version(line, version_word)?;
        Ok(())
    }

    fn status_words(&mut self, line: &[u8]) -> Result<(), Stop> {
        let version_word = word(line, self.mark);
        self.version = whole_version(line, version_word)?;
        let code = word(line, version_word.1);
        let digits = skip(line, code.0, DIGIT).min(code.1);
        if digits < code.1 || code.1 - code.0 != 3 {
            return Err((Fault::StatusCode, digits.min(code.0 + 3)));
        }
        self.status = status(&line[code.0..code.1]);
        let start = word(line, code.1).0;
        let blanks = line[start..].iter().rev().take_while(|octet| is_blank(**octet)).count();
        self.reason = (start, line.len() - blanks);
        let wrong = (start..self.reason.1).find(|at| !is(line[*at], FIELD) && !is_blank(line[*at]));
        wrong.map_or(Ok(()), |at| Err((Fault::Reason, at)))
    }
}

/// The value of three digits.
fn status(digits: &[u8]) -> u16 {
    digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'))
}

/// What counts as whitespace between the words of a start-line (RFC 9112 §3).
fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | 0x0b | 0x0c | b'\r')
}

/// The next word; empty and at the end of the line if there is none.
fn word(line: &[u8], from: usize) -> (usize, usize) {
    let start = (from..line.len()).find(|at| !is_blank(line[*at])).unwrap_or(line.len());
    let end = (start..line.len()).find(|at| is_blank(line[*at])).unwrap_or(line.len());
    (start, end)
}

/// A version that is all of a word.
fn whole_version(line: &[u8], word: (usize, usize)) -> Result<Version, Stop> {
    match version(&line[..word.1], word.0)? {
        Some(version) if word.1 == word.0 + 8 => Ok(version),
        Some(_) => Err((Fault::Version, word.0 + 8)),
        None => Err((Fault::Version, word.1)),
    }
}
