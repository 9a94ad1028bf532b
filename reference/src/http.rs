//! HTTP/1.x messages: an executable RFC 9112, with the parts of RFC 9110 that it stands on. It does no I/O and keeps
//! no clock: octets go in, messages come out, and every decision names its clause.
//!
//! # A tour
//!
//! 1. **Octets** (RFC 9110 §5.6, RFC 3986). [`grammar`] is one table of which octet may stand where.
//! 2. **Heads.** [`decode_request`] and [`decode_response`] read one head from a slice: [`Decoded::Complete`] with how
//!    much it took, [`Decoded::Partial`], or [`Decoded::Error`]. A [`RequestHead`] or [`ResponseHead`] borrows the
//!    octets; places of fields go to [`FieldLines`], which is used again for each message, so a head costs no
//!    allocation. [`Target`] has the four forms of a request-target, [`Authority`] is host and port, [`Fields`] the
//!    field lines; [`Field::value`] is a value with folds joined.
//! 3. **Where a body ends** (RFC 9112 §6.3). [`framing::Frame`] says how ([`framing::Framing`]) and by which item
//!    ([`framing::Because`]). Who reads responses must know what they answer: [`RequestMethod`].
//! 4. **Connections** (§9.3, §9.6). [`connection::outcome`] asks one table, for both roles, whether another message may
//!    follow; why not is a value, [`connection::Why`].
//! 5. **As octets arrive.** A [`Reader`] takes any slices and gives [`Event`]s: head, chunks with [`Extensions`], body,
//!    trailers, end. [`Reader::finish`] says what the end of the connection means: an [`Ending`]. The result does not
//!    depend on the split, and the work is linear in the octets. [`Transcript`] keeps it all, for reports and tests.
//! 6. **What is wrong.** An [`Error`] has an offset, a [`Fault`], a clause of [`clauses`], what would have been legal,
//!    and the status to answer. It is found at the first octet that nothing could follow to make it right, and stays.
//! 7. **What may differ.** [`Rules`] are strict by default; each leniency that the RFCs permit is a switch, named in
//!    [`LENIENCIES`]. [`Limits`] bound every element.
//!
//! What the RFCs leave open is decided like this: a request's head is judged in the order start-line, field lines,
//! Host, framing; a faulty octet is told before a limit behind it; a fault of a whole field is told at its value, one
//! of the whole head at its end.

mod chunked;
pub mod clauses;
pub mod connection;
mod error;
mod fields;
pub mod framing;
pub mod grammar;
mod head;
mod reader;
mod rules;
mod scan;
mod start_line;
mod target;
mod transcript;

pub use chunked::{Extension, Extensions};
pub use error::{Error, Fault, Kind};
pub use fields::{Field, FieldLines, Fields};
pub use head::{Decoded, Expect, RequestHead, RequestMethod, ResponseHead, decode_request, decode_response};
pub use reader::{Ending, Event, Incomplete, Missing, Reader};
pub use rules::{LENIENCIES, Leniency, Limits, Rules};
pub use start_line::{StatusClass, Version};
pub use target::{Authority, Form, Target};
pub use transcript::{Chunk, Message, Pair, StartLine, Transcript};
