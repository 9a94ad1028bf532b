//! HTTP/1.x messages: an executable RFC 9112, with the parts of RFC 9110 that it stands on.

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
