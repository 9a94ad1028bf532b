//! The scanner of heads and trailer sections: where the elements stand. It sees every octet once, stops where the
//! octets end, and goes on there when there are more; so its result does not depend on how they were split, and its
//! work is linear. A fault is found at the first octet that no continuation could make legal.

mod field_lines;
mod start_line;

use super::error::{Error, Fault, Kind};
use super::fields::FieldLines;
use super::rules::Rules;
use super::start_line::Version;
use super::target::Form;

/// Where the scanner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Before the start-line.
    Empty,
    Method,
    Target,
    RequestVersion,
    RequestLineEnd,
    StatusVersion,
    StatusCode,
    Reason,
    /// A start-line that is split at whitespace: its end is sought first.
    WholeLine,
    /// At the beginning of a field line, or of the line that ends the section.
    LineStart,
    Name,
    /// Whitespace between name and colon, in a response.
    Colon,
    Value,
    /// In the value of a folded line.
    Fold,
    /// In a line that is dropped.
    Dropped,
    Done,
}

/// What a stage came to.
enum Flow {
    /// The next stage is set.
    On,
    /// The octets ended.
    Wait,
}

/// A fault and where it stands.
type Stop = (Fault, usize);

/// Where elements stand in the octets, as far as they have been seen.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    kind: Kind,
    stage: Stage,
    /// Where the element begins that is being read.
    mark: usize,
    /// How far the octets have been seen.
    at: usize,
    /// Where the section of fields begins.
    section: usize,
    name_end: usize,
    empty_lines: usize,
    /// A CR or NUL of the value stands for SP.
    repaired: bool,
    pub(super) method: (usize, usize),
    pub(super) target: (usize, usize),
    pub(super) form: Form,
    pub(super) version: Version,
    pub(super) status: u16,
    pub(super) reason: (usize, usize),
    /// Octets seen and calls made: what the work is proportional to.
    pub(super) steps: u64,
}

impl Scan {
    /// A scanner at the beginning of a message.
    pub(super) fn head(kind: Kind) -> Scan {
        Scan {
            kind,
            stage: Stage::Empty,
            mark: 0,
            at: 0,
            section: 0,
            name_end: 0,
            empty_lines: 0,
            repaired: false,
            method: (0, 0),
            target: (0, 0),
            form: Form::Origin,
            version: Version::HTTP_11,
            status: 0,
            reason: (0, 0),
            steps: 0,
        }
    }

    /// A scanner at the beginning of a trailer section.
    pub(super) fn trailers(kind: Kind) -> Scan {
        Scan { stage: Stage::LineStart, ..Scan::head(kind) }
    }

    /// Whether nothing of a message has come, empty lines apart.
    pub(super) fn is_untouched(&self) -> bool {
        self.stage == Stage::Empty
    }

    /// Whether a start-line has been read and fields are next.
    pub(super) fn is_in_fields(&self) -> bool {
        use Stage::{Colon, Done, Dropped, Fold, LineStart, Name, Value};
        matches!(self.stage, LineStart | Name | Colon | Value | Fold | Dropped | Done)
    }

    /// How far the octets have been seen.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Goes on with all octets since the beginning, of which those seen before have not changed. `Ok(Some)` is where
    /// the section ends, `Ok(None)` asks for more.
    pub(super) fn run(&mut self, octets: &[u8], lines: &mut FieldLines, rules: &Rules) -> Result<Option<usize>, Error> {
        let from = self.at;
        let result = self.stages(octets, lines, rules);
        self.steps += (self.at - from) as u64 + 1;
        result.map_err(|(fault, at)| self.error(octets, fault, at))
    }

    /// An error of what is being read.
    pub(super) fn error(&self, octets: &[u8], fault: Fault, at: usize) -> Error {
        Error { offset: at as u64, octet: octets.get(at).copied(), fault, kind: self.kind }
    }

    fn stages(&mut self, octets: &[u8], lines: &mut FieldLines, rules: &Rules) -> Result<Option<usize>, Stop> {
        if !self.is_in_fields() {
            let view = cut(octets, rules.limits.start_line);
            while !self.is_in_fields() {
                if let Flow::Wait = self.start_line(view, rules)? {
                    return wait_or(octets, view, Fault::LineTooLong);
                }
            }
            lines.clear();
        }
        let view = cut(octets, self.section.saturating_add(rules.limits.fields));
        while self.stage != Stage::Done {
            if self.stage == Stage::LineStart {
                self.plain_lines(view, lines, rules);
            }
            if let Flow::Wait = self.field_line(view, lines, rules)? {
                return wait_or(octets, view, Fault::FieldsTooLarge);
            }
        }
        Ok(Some(self.at))
    }

    /// Moves on to the next stage, whose element begins at `at`.
    #[inline]
    fn go(&mut self, stage: Stage, at: usize) -> Flow {
        self.stage = stage;
        self.mark = at;
        self.at = at;
        Flow::On
    }
}

/// The octets that a limit lets see; places of lines are kept in 32 bits.
fn cut(octets: &[u8], limit: usize) -> &[u8] {
    &octets[..octets.len().min(limit).min(u32::MAX as usize)]
}

fn wait_or(octets: &[u8], view: &[u8], fault: Fault) -> Result<Option<usize>, Stop> {
    if view.len() < octets.len() { Err((fault, view.len())) } else { Ok(None) }
}

/// What a line end came to.
enum LineEnd {
    /// The line ends; the next begins there.
    At(usize),
    /// A CR, and the octets end behind it.
    Wait,
    /// A CR that no LF follows.
    Cr,
    /// Some other octet.
    None,
}

/// Whether a line ends at `at` (RFC 9112 §2.2).
#[inline]
fn line_end(view: &[u8], at: usize, rules: &Rules) -> Result<LineEnd, Stop> {
    match view.get(at) {
        None => Ok(LineEnd::Wait),
        Some(b'\r') => Ok(match view.get(at + 1) {
            None => LineEnd::Wait,
            Some(b'\n') => LineEnd::At(at + 2),
            Some(_) => LineEnd::Cr,
        }),
        Some(b'\n') if rules.lf_line_end => Ok(LineEnd::At(at + 1)),
        Some(b'\n') => Err((Fault::LineFeedAlone, at)),
        Some(_) => Ok(LineEnd::None),
    }
}
