//! What a connection said, kept: messages with their bodies, and how it ended. For reports and tests.

use alloc::vec::Vec;

use super::connection::{Outcome, Why};
use super::error::Error;
use super::fields::Fields;
use super::framing::Frame;
use super::head::{Expect, RequestHead, ResponseHead};
use super::reader::{Ending, Event, Reader};
use super::start_line::Version;
use super::target::Form;

/// A name and a value, both as they are to be used.
pub type Pair = (Vec<u8>, Vec<u8>);

/// The first line of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartLine {
    /// A request-line.
    Request {
        /// The method.
        method: Vec<u8>,
        /// The request-target as it came.
        target: Vec<u8>,
        /// Its form.
        form: Form,
        /// The authority it is for, if it or Host names one.
        authority: Option<Vec<u8>>,
        /// What it expects.
        expect: Expect,
    },
    /// A status-line.
    Response {
        /// The status-code.
        status: u16,
        /// The reason-phrase.
        reason: Vec<u8>,
    },
}

/// A chunk that has extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Its size; 0 for the last one.
    pub size: u64,
    /// The extensions' names and values.
    pub extensions: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// A message, or as much of it as came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where its body begins, in octets from the beginning of the connection.
    pub body_at: u64,
    /// Where it ends, if it is complete.
    pub end_at: Option<u64>,
    /// Its first line.
    pub start_line: StartLine,
    /// Its version.
    pub version: Version,
    /// Its header section.
    pub fields: Vec<Pair>,
    /// How its body is delimited, and why.
    pub frame: Frame,
    /// Its body, without the chunked coding.
    pub body: Vec<u8>,
    /// Its chunks, those without extensions left out.
    pub chunks: Vec<Chunk>,
    /// Its trailer section.
    pub trailers: Vec<Pair>,
    /// Whether the connection goes on; `None` if the message is not complete.
    pub outcome: Option<Outcome>,
}

/// Everything that came in one direction of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// The messages in their order; the last may be incomplete.
    pub messages: Vec<Message>,
    /// Octets that are not HTTP, after a CONNECT or a switch of protocols.
    pub tunnel: Vec<u8>,
    /// Octets behind a message that ends the connection.
    pub surplus: Vec<u8>,
    /// How it ended.
    pub ending: Ending,
}

impl Transcript {
    /// Reads a connection that arrives in these pieces and then ends.
    pub fn read<'p>(mut reader: Reader, pieces: impl IntoIterator<Item = &'p [u8]>) -> Transcript {
        let mut transcript =
            Transcript { messages: Vec::new(), tunnel: Vec::new(), surplus: Vec::new(), ending: Ending::Clean };
        for mut piece in pieces {
            if transcript.take(&mut reader, &mut piece).is_err() {
                break;
            }
        }
        transcript.ending = reader.finish();
        if let (Ending::EndsBody, Some(last)) = (&transcript.ending, transcript.messages.last_mut()) {
            last.outcome = Some(Outcome::Close(Why::UntilClose));
            last.end_at = Some(reader.offset());
        }
        transcript
    }

    fn take(&mut self, reader: &mut Reader, piece: &mut &[u8]) -> Result<(), Error> {
        loop {
            let Some(event) = reader.next(piece)? else { return Ok(()) };
            match event {
                Event::Request(head) => self.messages.push(Message::request(&head)),
                Event::Response(head) => self.messages.push(Message::response(&head)),
                Event::Tunnel(octets) => self.tunnel.extend_from_slice(octets),
                Event::Surplus(octets, _) => self.surplus.extend_from_slice(octets),
                event => {
                    let ends = matches!(event, Event::End(_));
                    if let Some(message) = self.messages.last_mut() {
                        message.take(&event);
                        if ends {
                            message.end_at = Some(reader.offset());
                        }
                    }
                }
            }
            if let Some(message) = self.messages.last_mut()
                && message.body_at == u64::MAX
            {
                message.body_at = reader.offset();
            }
        }
    }
}

impl Message {
    fn new(start_line: StartLine, version: Version, fields: &Fields<'_>, frame: Frame) -> Message {
        Message {
            body_at: u64::MAX, // until the reader has said
            end_at: None,
            start_line,
            version,
            fields: pairs(fields),
            frame,
            body: Vec::new(),
            chunks: Vec::new(),
            trailers: Vec::new(),
            outcome: None,
        }
    }

    fn request(head: &RequestHead<'_>) -> Message {
        let start_line = StartLine::Request {
            method: head.method.to_vec(),
            target: head.target.octets.to_vec(),
            form: head.target.form,
            authority: head.authority().map(<[u8]>::to_vec),
            expect: head.expect(),
        };
        Message::new(start_line, head.version, &head.fields, head.frame)
    }

    fn response(head: &ResponseHead<'_>) -> Message {
        let start_line = StartLine::Response { status: head.status, reason: head.reason.to_vec() };
        Message::new(start_line, head.version, &head.fields, head.frame)
    }

    fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Body(octets) => self.body.extend_from_slice(octets),
            Event::Trailers(fields) => self.trailers = pairs(fields),
            Event::End(outcome) => self.outcome = Some(*outcome),
            Event::Chunk(size, extensions) => {
                let owned =
                    extensions.iter().map(|one| (one.name.to_vec(), one.value.map(alloc::borrow::Cow::into_owned)));
                self.chunks.push(Chunk { size: *size, extensions: owned.collect() });
            }
            _ => (),
        }
    }
}

fn pairs(fields: &Fields<'_>) -> Vec<Pair> {
    fields.iter().map(|field| (field.name.to_vec(), field.value().into_owned())).collect()
}
