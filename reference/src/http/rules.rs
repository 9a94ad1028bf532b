//! What a parser permits, and how much it takes. The default is strict: see [`Rules`].

mod table;

pub use table::{LENIENCIES, Leniency};

/// The choices that RFC 9110 and RFC 9112 leave to a recipient, and its limits.
///
/// The default refuses whatever may be refused, with three exceptions: one empty line before a request-line is
/// skipped (RFC 9112 §2.2 SHOULD), a fold in a response becomes SP (§5.2 names no refusal for a user agent), and a
/// response whose chunked body has an unknown coding below is framed by chunked (§6.1 binds servers alone). What a
/// recipient must accept is not a choice and has no switch: whitespace around values, obs-text, unknown methods and
/// fields, chunk extensions, leading zeros, HTTP/1.n.
///
/// Each switch takes what a sender must not send but a recipient may bear, and says what becomes of it.
/// [`LENIENCIES`] is the same by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// LF alone ends a start-line, a field line or a section as CRLF does; never in chunks (RFC 9112 §2.2).
    pub lf_line_end: bool,
    /// CR alone counts as SP in values, reasons and chunk extensions (RFC 9112 §2.2).
    pub bare_cr_as_sp: bool,
    /// A folded line of a request is joined with SP, as one of a response always is (RFC 9112 §5.2).
    pub obs_fold: bool,
    /// A request-line is split at any run of SP, HTAB, VT, FF and bare CR, its ends trimmed (RFC 9112 §3).
    pub lenient_request_line_ws: bool,
    /// A status-line is split likewise, and needs no SP behind the status-code (RFC 9112 §4).
    pub lenient_status_line_ws: bool,
    /// Any number of empty lines before a start-line is skipped; a limit of the line bounds it (RFC 9112 §2.2).
    pub skip_empty_lines: bool,
    /// Lines with whitespace in front, straight after the start-line, are dropped whole (RFC 9112 §2.2).
    pub ws_before_first_field_dropped: bool,
    /// Whitespace between name and colon is stripped, in responses alone (RFC 9112 §5.1).
    pub space_before_colon: bool,
    /// NUL in a value counts as SP (RFC 9110 §5.5).
    pub nul_as_sp: bool,
    /// Control octets other than CR, LF and NUL stay in values (RFC 9110 §5.5).
    pub retain_controls: bool,
    /// Transfer-Encoding frames a message that has Content-Length too; then the connection closes (RFC 9112 §6.1, §6.3).
    pub te_and_cl_te_wins: bool,
    /// Content-Length repeated with one and the same number is used once (RFC 9112 §6.3).
    pub equal_content_lengths: bool,
    /// Transfer-Encoding frames an HTTP/1.0 message; then the connection closes (RFC 9112 §6.1).
    pub te_in_http10: bool,
    /// A request with an unknown coding below chunked is framed by chunked, its content left coded (RFC 9112 §6.1).
    pub unknown_te: bool,
    /// The most that is taken of each element.
    pub limits: Limits,
}

impl Rules {
    /// Every leniency that the RFCs permit, at once.
    pub fn lenient() -> Rules {
        let mut rules = Rules::default();
        for leniency in LENIENCIES {
            (leniency.set)(&mut rules, true);
        }
        rules
    }
}

/// The most that is taken of each element, in octets where nothing else is said. Each limit has a [`Fault`] and a
/// status of its own (RFC 9110 §2.3, §17.5).
///
/// [`Fault`]: super::Fault
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A method; past it 501.
    pub method: usize,
    /// A start-line with its line end and the empty lines before it; past it 414. At least 8000 are recommended for
    /// the target alone (RFC 9112 §3).
    pub start_line: usize,
    /// A header or trailer section, line ends and all; past it 431.
    pub fields: usize,
    /// Field lines in a header or trailer section; past it 431.
    pub field_lines: usize,
    /// The digits of one chunk-size; past it 400.
    pub chunk_size_digits: usize,
    /// All chunk extensions of one message; past it 413.
    pub chunk_extensions: usize,
    /// The body of one message; past it 413.
    pub content: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            method: 128,
            start_line: 65_536,
            fields: 262_144,
            field_lines: 1000,
            chunk_size_digits: 256,
            chunk_extensions: 16_384,
            content: u64::MAX,
        }
    }
}
