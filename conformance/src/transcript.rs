//! A trace as lines that a network engineer reads like tcpdump's output.
//!
//! ```text
//! 0.000000 IP 192.168.1.116.3337 > 192.168.1.123.7788: Flags [S], seq 3626544836, win 65535, options [mss 1460], length 0
//! 0.010000 IP 192.168.1.123.7788 > 192.168.1.116.3337: Flags [S.], seq 1739326486, ack 3626544837, win 65535, length 0
//! 0.020000 call write(4, 18 octets): "GET / HTTP/1.1\r\n\r\n"
//! 0.020000 IP 192.168.1.116.3337 > 192.168.1.123.7788: Flags [P.], seq 1:19 (3626544837), ack 1 (1739326487), win 65535, length 18: "GET / HTTP/1.1\r\n\r\n"
//! 0.020000 write(4) = 18
//! ```
//!
//! Numbers of SYN segments are absolute. Later ones are relative to the last SYN of their direction,
//! with the absolute number in parentheses; where no SYN was seen, the absolute number stands alone.

mod calls;
mod packets;

use std::collections::BTreeMap;
use std::fmt::{self, Write};

pub(crate) use calls::name as call_name;

use crate::trace::{Event, Response, Stimulus, Trace};

/// The longest piece of payload that is shown, in characters of its escaped form.
const MAX_TEXT: usize = 64;

/// The trace, one line for each of its records. Equal traces give equal octets.
pub fn render(trace: &Trace) -> String {
    let mut out = String::new();
    let mut flows = packets::Flows::default();
    let mut waiting = BTreeMap::new();
    for record in &trace.records {
        let _ = write!(out, "{} ", record.at); // writing to a string cannot fail
        let _ = match &record.event {
            Event::Stimulus(Stimulus::Packet(octets)) => flows.packet(&mut out, "to", octets),
            Event::Response(Response::Packet(octets)) => flows.packet(&mut out, "from", octets),
            Event::Stimulus(Stimulus::Call { ticket, call }) => {
                waiting.insert(*ticket, call);
                calls::call(&mut out, call)
            }
            Event::Response(Response::Return { ticket, value }) => {
                calls::returned(&mut out, waiting.remove(ticket), value)
            }
        };
        out.push('\n');
    }
    out
}

/// Octets as quoted, escaped text; what is beyond [`MAX_TEXT`] characters becomes `...`.
struct Text<'a>(&'a [u8]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = 0;
        f.write_char('"')?;
        for octet in self.0 {
            let escaped = octet.escape_ascii();
            shown += escaped.len();
            if shown > MAX_TEXT {
                return f.write_str("\"...");
            }
            write!(f, "{escaped}")?;
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests;
