//! What follows a head: the body by its framing, the end of the message, and what comes behind it.

use super::{Course, Event, Place, Reader, State};
use crate::http::chunked::{Decoder, Step};
use crate::http::connection::Outcome;
use crate::http::error::{Error, Fault, Kind};
use crate::http::framing::{Frame, Framing};
use crate::http::head::{RequestHead, RequestMethod, ResponseHead};
use crate::http::scan::Scan;

impl Reader {
    /// A header section is whole: the head, and what follows by its framing.
    pub(super) fn head<'a>(&'a mut self, place: Place<'a>) -> Result<Event<'a>, Error> {
        let method = self.answered();
        let octets = place.octets(&self.buffer);
        let start = self.offset - octets.len() as u64;
        let course = &mut self.course;
        let event = match self.kind {
            Kind::Request => RequestHead::new(octets, &self.scan, &self.lines, &self.rules).map(|head| {
                course.begin(head.frame, head.persistence(self.role));
                course.tunnel = head.method == b"CONNECT";
                Event::Request(head)
            }),
            Kind::Response => ResponseHead::new(octets, &self.scan, &self.lines, method, &self.rules).map(|head| {
                course.begin(head.frame, head.persistence(self.role));
                course.interim = head.is_interim();
                Event::Response(head)
            }),
        };
        event.map_err(|error| {
            let error = Error { offset: start + error.offset, ..error };
            course.state = State::Refused(error);
            error
        })
    }

    /// The method that the next response answers.
    pub(super) fn answered(&self) -> RequestMethod {
        self.methods.front().copied().or(self.any_method).unwrap_or_default()
    }

    /// The data of a chunk that is here whole, its line included: what [`Reader::chunk_line`] and [`Reader::octets`] make
    /// of it, at once. Of small chunks the way through the states would cost more than the octets.
    #[inline]
    pub(super) fn whole_chunk<'a>(&mut self, input: &mut &'a [u8]) -> Option<&'a [u8]> {
        let State::ChunkLine = self.course.state else { return None };
        let (line, size) = self.course.chunks.whole(input, &self.rules)?;
        let (data, rest) = input.get(line..)?.split_at_checked(size)?;
        *input = rest;
        self.offset += (line + size) as u64;
        self.steps += line as u64 + 2;
        Some(data)
    }

    /// Reads a line of the chunked coding: the size of a chunk that has extensions to tell of.
    pub(super) fn chunk_line(&mut self, input: &mut &[u8]) -> Result<Option<u64>, Error> {
        let (step, read) = match self.course.chunks.line(input, &self.rules) {
            Ok(read) => read,
            Err((fault, at)) => {
                let (offset, octet) = match fault {
                    // As everywhere: the CR is what is wrong, and it may have come in another piece.
                    Fault::ChunkCarriageReturn => ((self.offset + at as u64).saturating_sub(1), Some(b'\r')),
                    _ => (self.offset + at as u64, input.get(at).copied()),
                };
                return Err(self.refuse(Error { offset, octet, fault, kind: self.kind }));
            }
        };
        self.steps += read as u64;
        self.offset += read as u64;
        *input = &input[read..];
        let Step::Chunk(size) = step else { return Ok(None) };
        self.course.state = if size > 0 { State::ChunkData(size) } else { self.begin_trailers() };
        Ok((!self.course.chunks.extensions.is_empty()).then_some(size))
    }

    fn begin_trailers(&mut self) -> State {
        self.steps += self.scan.steps;
        self.scan = Scan::trailers(self.kind);
        self.lines.clear();
        State::Trailers
    }

    /// Takes octets that are not looked at; there is at least one.
    pub(super) fn octets<'a>(&mut self, input: &mut &'a [u8]) -> Event<'a> {
        let left = match self.course.state {
            State::Length(left) | State::ChunkData(left) => left,
            _ => u64::MAX,
        };
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        let (taken, rest) = input.split_at(count);
        *input = rest;
        self.offset += count as u64;
        let left = left - count as u64;
        match self.course.state {
            State::Length(_) => self.course.state = if left > 0 { State::Length(left) } else { State::End },
            State::ChunkData(_) if left > 0 => self.course.state = State::ChunkData(left),
            State::ChunkData(_) => {
                self.course.chunks.data_ended();
                self.course.state = State::ChunkLine;
            }
            State::Closed(why) => return Event::Surplus(taken, why),
            State::Tunnel => return Event::Tunnel(taken),
            _ => (),
        }
        Event::Body(taken)
    }

    /// The message is complete.
    pub(super) fn end<'a>(&mut self) -> Event<'a> {
        let Course { outcome, interim, tunnel, .. } = self.course;
        if self.kind == Kind::Response && !interim {
            self.methods.pop_front();
        }
        if tunnel {
            self.course.state = State::Tunnel;
        } else {
            self.go_on();
        }
        Event::End(outcome)
    }

    /// What comes behind the message: another one, or nothing.
    pub(super) fn go_on(&mut self) {
        match self.course.outcome {
            Outcome::Close(why) => self.course.state = State::Closed(why),
            Outcome::Persist(_) => self.begin_message(),
        }
    }

    fn begin_message(&mut self) {
        self.steps += self.scan.steps;
        self.scan = Scan::head(self.kind);
        self.course.state = State::Head;
    }
}

impl Course {
    fn begin(&mut self, frame: Frame, outcome: Outcome) {
        self.frame = Some(frame);
        self.outcome = outcome;
        self.interim = false;
        self.tunnel = frame.framing == Framing::Tunnel;
        self.state = match frame.framing {
            Framing::None | Framing::Tunnel | Framing::ContentLength(0) => State::End,
            Framing::ContentLength(length) => State::Length(length),
            Framing::Chunked => {
                self.chunks = Decoder::new();
                State::ChunkLine
            }
            Framing::UntilClose => State::UntilClose,
        };
    }
}
