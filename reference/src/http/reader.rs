//! The reader of a whole connection: octets come in as they arrive, messages go out.

mod body;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::chunked::{Decoder, Extensions};
use super::clauses as law;
use super::connection::{Outcome, Role, Why};
use super::error::{Error, Fault, Kind};
use super::fields::{FieldLines, Fields};
use super::framing::Frame;
use super::head::{RequestHead, RequestMethod, ResponseHead};
use super::rules::Rules;
use super::scan::Scan;
use crate::clause::Clause;

/// Something of a message. What it borrows is of the octets that were handed in, or of the reader.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A request begins.
    Request(RequestHead<'a>),
    /// A response begins.
    Response(ResponseHead<'a>),
    /// A chunk begins that has extensions; its size is 0 for the last chunk. Chunks without extensions are not told of.
    Chunk(u64, Extensions<'a>),
    /// Octets of the body, without its chunked coding. How many come at a time depends on how the octets arrive.
    Body(&'a [u8]),
    /// The trailer section of a chunked body, if it is not empty. It is no part of the header section (RFC 9112 §7.1.2).
    Trailers(Fields<'a>),
    /// The message is complete; the connection goes on or not.
    End(Outcome),
    /// Octets after a CONNECT or a switch of protocols: they are not HTTP.
    Tunnel(&'a [u8]),
    /// Octets behind a message after which the connection closes: they are no message (RFC 9112 §9.6).
    Surplus(&'a [u8], Why),
}

/// What the end of the octets came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It came between messages, or in a tunnel.
    Clean,
    /// It ends the body of a response that runs until the connection closes; the response is complete.
    EndsBody,
    /// It came within a message, which is incomplete.
    Incomplete(Incomplete),
    /// A message was refused before.
    Refused(Error),
}

/// A message that the end of the connection has cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incomplete {
    /// Where the octets end.
    pub offset: u64,
    /// In what.
    pub kind: Kind,
    /// What was still to come.
    pub missing: Missing,
}

/// What was still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The rest of the start-line.
    StartLine,
    /// The rest of the header section.
    Fields,
    /// As many octets of the body.
    Octets(u64),
    /// The rest of a chunk, and what follows it.
    Chunk,
    /// The rest of the trailer section, after the last chunk.
    Trailers,
}

impl Incomplete {
    /// The clause by which it is not whole.
    pub fn clause(&self) -> Clause {
        match (self.missing, self.kind) {
            (Missing::Octets(_), _) => law::INCOMPLETE_LENGTH,
            (_, Kind::Request) => law::INCOMPLETE_REQUEST,
            (_, Kind::Response) => law::INCOMPLETE_RESPONSE,
        }
    }
}

/// Where the reader is.
#[derive(Clone, Debug)]
enum State {
    Head,
    /// As many octets of the body are to come.
    Length(u64),
    /// In a line of the chunked coding.
    ChunkLine,
    ChunkData(u64),
    Trailers,
    UntilClose,
    /// The message is complete and that has not been told.
    End,
    Tunnel,
    Closed(Why),
    Refused(Error),
}

/// Reads the messages of one direction of a connection. What it says does not depend on how the octets are split, and
/// its work is linear in them.
///
/// ```
/// use wirelaw_reference::http::{Event, Reader, Rules};
/// let mut reader = Reader::requests(Rules::default());
/// let mut methods = Vec::new();
/// for mut octets in [&b"GET / HT"[..], b"TP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.0\r\n\r\n"] {
///     while let Some(event) = reader.next(&mut octets)? {
///         if let Event::Request(head) = event {
///             methods.push(head.target.path().to_vec());
///         }
///     }
/// }
/// assert_eq!(methods, [&b"/"[..], b"/b"]);
/// # Ok::<(), wirelaw_reference::http::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reader {
    kind: Kind,
    role: Role,
    rules: Rules,
    course: Course,
    scan: Scan,
    lines: FieldLines,
    /// The beginning of a section of which the rest is to come.
    buffer: Vec<u8>,
    /// What is in the buffer has been handed out.
    buffer_is_spent: bool,
    /// Octets read, those in the buffer included.
    offset: u64,
    /// The requests that responses answer, and what they answer when there are no more.
    methods: VecDeque<RequestMethod>,
    any_method: Option<RequestMethod>,
    steps: u64,
}

/// Where a whole section stands.
enum Place<'a> {
    Input(&'a [u8]),
    Buffer,
}

impl<'a> Place<'a> {
    fn octets(self, buffer: &'a [u8]) -> &'a [u8] {
        match self {
            Place::Input(octets) => octets,
            Place::Buffer => buffer,
        }
    }
}

/// How the message goes on.
#[derive(Clone, Debug)]
struct Course {
    state: State,
    chunks: Decoder,
    frame: Option<Frame>,
    /// What becomes of the connection behind it.
    outcome: Outcome,
    /// Another response to the same request follows.
    interim: bool,
    /// What follows is not HTTP, or may not be.
    tunnel: bool,
}

impl Reader {
    /// A reader of requests, in the role of a server.
    pub fn requests(rules: Rules) -> Reader {
        Reader::new(Kind::Request, Role::Server, rules)
    }

    /// A reader of responses, in the role of a client. No request is outstanding until [`Reader::expect`] says so.
    pub fn responses(rules: Rules) -> Reader {
        Reader::new(Kind::Response, Role::Client, rules)
    }

    fn new(kind: Kind, role: Role, rules: Rules) -> Reader {
        Reader {
            kind,
            role,
            rules,
            course: Course {
                state: State::Head,
                chunks: Decoder::new(),
                frame: None,
                outcome: Outcome::Close(Why::Refused),
                interim: false,
                tunnel: false,
            },
            scan: Scan::head(kind),
            lines: FieldLines::new(),
            buffer: Vec::new(),
            buffer_is_spent: false,
            offset: 0,
            methods: VecDeque::new(),
            any_method: None,
            steps: 0,
        }
    }

    /// The same in another role.
    #[must_use]
    pub fn with_role(self, role: Role) -> Reader {
        Reader { role, ..self }
    }

    /// A request with this method has been sent: one final response answers it (RFC 9112 §9.2).
    pub fn expect(&mut self, method: RequestMethod) {
        self.methods.push_back(method);
    }

    /// Every response beyond those that are expected answers a request with this method.
    pub fn expect_always(&mut self, method: RequestMethod) {
        self.any_method = Some(method);
    }

    /// After a CONNECT that was refused, requests go on (RFC 9110 §9.3.6), unless the connection closes behind it as
    /// behind any other request (RFC 9112 §9.6).
    pub fn refuse_tunnel(&mut self) {
        if matches!(self.course.state, State::Tunnel) {
            self.go_on();
        }
    }

    /// The request has been answered with 101: what follows is not HTTP. It may be said between messages.
    pub fn switch_protocols(&mut self) {
        if matches!(self.course.state, State::Head) && self.buffer.is_empty() {
            self.course.state = State::Tunnel;
        }
    }

    /// How many octets have been read.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How the body of the message is delimited that has begun last.
    pub fn frame(&self) -> Option<Frame> {
        self.course.frame
    }

    /// Octets looked at, and calls: what the work is proportional to. Tests hold it against the length of the input.
    pub fn steps(&self) -> u64 {
        self.steps + self.scan.steps
    }

    /// The next event; `None` once all of `input` is read. What has been read is cut off from `input`.
    ///
    /// An error ends the connection: it comes again on every call.
    #[inline]
    pub fn next<'e, 'i: 'e>(&'e mut self, input: &mut &'i [u8]) -> Result<Option<Event<'e>>, Error> {
        self.forget_spent();
        match self.whole_chunk(input) {
            Some(data) => Ok(Some(Event::Body(data))),
            None => self.advance(input),
        }
    }

    fn advance<'e, 'i: 'e>(&'e mut self, input: &mut &'i [u8]) -> Result<Option<Event<'e>>, Error> {
        loop {
            self.steps += 1;
            match self.course.state {
                State::Refused(error) => return Err(error),
                State::End => return Ok(Some(self.end())),
                State::Head if self.is_idle() => {
                    self.drop_line_ends(input)?;
                    return Ok(None);
                }
                State::Head => {
                    let Some(place) = self.section(input)? else { return Ok(None) };
                    return self.head(place).map(Some);
                }
                State::Trailers => match self.section(input)? {
                    None => return Ok(None),
                    Some(_) if self.lines.len() == 0 => self.course.state = State::End,
                    Some(place) => {
                        self.course.state = State::End;
                        let octets = place.octets(&self.buffer);
                        return Ok(Some(Event::Trailers(self.lines.view(octets))));
                    }
                },
                State::ChunkLine => {
                    if input.is_empty() {
                        return Ok(None);
                    }
                    if let Some(size) = self.chunk_line(input)? {
                        return Ok(Some(Event::Chunk(size, Extensions { octets: &self.course.chunks.extensions })));
                    }
                }
                _ if input.is_empty() => return Ok(None),
                _ => return Ok(Some(self.octets(input))),
            }
        }
    }

    #[inline]
    fn forget_spent(&mut self) {
        if self.buffer_is_spent {
            self.buffer.clear();
            self.buffer_is_spent = false;
        }
    }

    /// Whether a response would answer nothing.
    fn is_idle(&self) -> bool {
        self.kind == Kind::Response && self.methods.is_empty() && self.any_method.is_none()
    }

    /// With no request outstanding, line ends may come and nothing else (RFC 9112 §9.2).
    fn drop_line_ends(&mut self, input: &mut &[u8]) -> Result<(), Error> {
        let blank = input.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
        self.offset += blank as u64;
        *input = &input[blank..];
        match input.first() {
            None => Ok(()),
            Some(octet) => {
                let fault = Fault::Unsolicited;
                Err(self.refuse(Error { offset: self.offset, octet: Some(*octet), fault, kind: self.kind }))
            }
        }
    }

    fn refuse(&mut self, error: Error) -> Error {
        self.course.state = State::Refused(error);
        self.buffer = Vec::new();
        error
    }

    /// Scans a header or trailer section; its octets once it is whole.
    fn section<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Place<'a>>, Error> {
        /// So much is copied at a time: what is behind the section stays where it is.
        const PIECE: usize = 2048;
        if self.buffer.is_empty() {
            let start = self.offset;
            return match self.scan.run(input, &mut self.lines, &self.rules) {
                Err(error) => Err(self.refuse(Error { offset: start + error.offset, ..error })),
                Ok(Some(end)) => {
                    let (section, rest) = input.split_at(end);
                    *input = rest;
                    self.offset += end as u64;
                    Ok(Some(Place::Input(section)))
                }
                Ok(None) => {
                    self.buffer.extend_from_slice(input);
                    self.offset += input.len() as u64;
                    *input = &[];
                    Ok(None)
                }
            };
        }
        while !input.is_empty() {
            let start = self.offset - self.buffer.len() as u64;
            let before = self.buffer.len();
            let piece = &input[..input.len().min(PIECE)];
            self.buffer.extend_from_slice(piece);
            match self.scan.run(&self.buffer, &mut self.lines, &self.rules) {
                Err(error) => return Err(self.refuse(Error { offset: start + error.offset, ..error })),
                Ok(Some(end)) => {
                    *input = &input[end - before..];
                    self.offset += (end - before) as u64;
                    self.buffer.truncate(end);
                    self.buffer_is_spent = true;
                    return Ok(Some(Place::Buffer));
                }
                Ok(None) => {
                    self.offset += piece.len() as u64;
                    *input = &input[piece.len()..];
                }
            }
        }
        Ok(None)
    }

    /// What the octets' end says of what has been read.
    pub fn finish(&mut self) -> Ending {
        self.forget_spent();
        let missing = match self.course.state {
            State::Refused(error) => return Ending::Refused(error),
            State::Tunnel | State::Closed(_) | State::End => return Ending::Clean,
            State::UntilClose => {
                self.course.state = State::Closed(Why::UntilClose);
                return Ending::EndsBody;
            }
            State::Head if self.scan.is_untouched() && self.scan.at() == self.buffer.len() => return Ending::Clean,
            State::Head if self.scan.is_in_fields() => Missing::Fields,
            State::Head => Missing::StartLine,
            State::Length(left) => Missing::Octets(left),
            State::ChunkLine | State::ChunkData(_) => Missing::Chunk,
            State::Trailers => Missing::Trailers,
        };
        Ending::Incomplete(Incomplete { offset: self.offset, kind: self.kind, missing })
    }
}
