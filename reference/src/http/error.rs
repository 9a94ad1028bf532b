//! What is wrong with a message: where, by which clause, what would have been legal, and what a server answers.

use core::fmt;

use super::clauses as law;
use crate::clause::Clause;

/// Requests or responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Requests, read by a server or an intermediary.
    Request,
    /// Responses, read by a client or an intermediary.
    Response,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Request => "request",
            Kind::Response => "response",
        })
    }
}

/// Why a message is refused. After it nothing on the connection can be trusted to be the beginning of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// Where the octet stands that decided it, in octets from the beginning of the stream (or of the slice, for
    /// [`decode_request`](super::decode_request) and [`decode_response`](super::decode_response)).
    pub offset: u64,
    /// The octet there, if the fault is of an octet and not of the message as a whole.
    pub octet: Option<u8>,
    /// What is wrong.
    pub fault: Fault,
    /// In what.
    pub kind: Kind,
}

impl Error {
    /// The clause that is broken, or that allows the refusal.
    pub fn clause(&self) -> Clause {
        match (self.fault, self.kind) {
            (Fault::ContentLengthSyntax | Fault::ContentLengthsDiffer, Kind::Response) => law::CL_INVALID_RESPONSE,
            // Their clauses ask a status of a server; who reads a response has bounds, too.
            (
                Fault::LineTooLong
                | Fault::FieldsTooLarge
                | Fault::TooManyFields
                | Fault::ChunkExtensionsTooLong
                | Fault::ContentTooLarge,
                Kind::Response,
            ) => law::LIMITS,
            (fault, _) => fault.row().clause,
        }
    }

    /// What is wrong, in a few words.
    pub fn wrong(&self) -> &'static str {
        self.fault.row().wrong
    }

    /// What would have been legal at this place.
    pub fn legal(&self) -> &'static str {
        self.fault.row().legal
    }

    /// The status that a server answers a request with before it closes. A gateway that finds the fault in a
    /// response from upstream answers 502 (RFC 9110 §15.6.3).
    pub fn status(&self) -> u16 {
        match self.kind {
            Kind::Request => self.fault.row().status,
            Kind::Response => 502,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "octet {}: {}", self.offset, self.wrong())?;
        if let Some(octet) = self.octet {
            write!(f, " (0x{octet:02x})")?;
        }
        write!(f, "; legal: {} [{}]", self.legal(), self.clause().id)
    }
}

impl core::error::Error for Error {}

/// A line of the table of faults.
struct Row {
    name: &'static str,
    clause: Clause,
    status: u16,
    wrong: &'static str,
    legal: &'static str,
}

macro_rules! faults {
    ($($fault:ident $name:literal $clause:ident $status:literal $wrong:literal, $legal:literal;)*) => {
        /// What can be wrong with a message. Each has one row: its name, clause, status and words.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault {
            $(#[doc = concat!($wrong, "; legal: ", $legal)] $fault,)*
        }

        impl Fault {
            /// All of them.
            pub const ALL: &[Fault] = &[$(Fault::$fault,)*];

            fn row(self) -> &'static Row {
                match self {
                    $(Fault::$fault => const {
                        &Row { name: $name, clause: law::$clause, status: $status, wrong: $wrong, legal: $legal }
                    },)*
                }
            }
        }
    };
}

impl Fault {
    /// Its name in reports, such as `bare-cr`.
    pub fn name(self) -> &'static str {
        self.row().name
    }
}

faults! {
    EmptyLines "empty-lines" SKIP_EMPTY_LINE 400
        "another empty line before the start-line", "the start-line";
    LineFeedAlone "bare-lf" BARE_LF 400
        "LF without CR ends a line", "CR LF";
    CarriageReturnAlone "bare-cr" BARE_CR 400
        "CR without LF", "CR LF at the end of a line, and no CR elsewhere";
    Method "method" METHOD_TOKEN 400
        "not an octet of a method", "a token, and one SP behind it";
    MethodTooLong "method-too-long" LONG_METHOD 501
        "a method longer than any that is implemented", "a shorter method";
    ExtraSpace "extra-space" SINGLE_SP 400
        "more than one SP between the words of the start-line", "exactly one SP";
    TargetMissing "target-missing" MISSING_TARGET 400
        "the request-line ends after the method", "SP, a request-target, SP and HTTP/1.1";
    TargetSpace "target-space" NO_WS_IN_TARGET 400
        "whitespace other than SP in the request-line", "a request-target without whitespace, and one SP behind it";
    TargetOctet "target-octet" INVALID_LINE 400
        "not an octet of a URI", "octets that RFC 3986 allows, all others as %HH";
    Fragment "fragment" NO_FRAGMENT 400
        "a fragment in the request-target", "path and query alone; a # in them as %23";
    PercentEncoding "percent-encoding" INVALID_LINE 400
        "% without two hexadecimal digits", "%HH; a % itself as %25";
    TargetForm "target-form" INVALID_LINE 400
        "a request-target of no form", "/path?query, scheme://host/path, host:port for CONNECT, * for OPTIONS";
    AuthoritySyntax "authority" INVALID_LINE 400
        "not the authority of a URI", "host or host:port, with an IPv6 address in brackets";
    EmptyHost "empty-host" EMPTY_HOST 400
        "an http URI with an empty host", "http://host/";
    Userinfo "userinfo" USERINFO 400
        "userinfo in an http URI", "http://host/ without user and @";
    AuthorityOnlyConnect "authority-not-connect" ONLY_CONNECT 400
        "host:port as the target of a method other than CONNECT", "/path or scheme://host/path";
    AsteriskOnlyOptions "asterisk-not-options" ASTERISK_ONLY_OPTIONS 400
        "* as the target of a method other than OPTIONS", "/path or scheme://host/path";
    ConnectTarget "connect-target" AUTHORITY_FORM 400
        "the target of CONNECT is not host:port", "host:port and nothing else";
    ConnectPort "connect-port" CONNECT_PORT 400
        "CONNECT without a port from 1 to 65535", "host:port with such a port";
    LineTooLong "line-too-long" LONG_TARGET 414
        "a start-line longer than will be read", "a shorter line";
    VersionMissing "version-missing" NO_09 400
        "the request-line ends after the request-target", "SP and HTTP/1.1";
    Version "version" VERSION_GRAMMAR 400
        "not an HTTP-version", "HTTP/1.1 and the end of the line in a request, HTTP/1.1 and SP in a response";
    VersionUnsupported "version-unsupported" VERSION_UNSUPPORTED 505
        "a major version other than 1", "HTTP/1.0 or HTTP/1.1";
    StatusCode "status-code" STATUS_3DIGIT 502
        "not a status-code", "three digits, and SP behind them";
    StatusSpace "status-space" STATUS_SP 502
        "no SP behind the status-code", "SP, even if no reason-phrase follows";
    StatusLineSpace "status-line-space" STATUS_LINE_WS 502
        "whitespace in the status-line that is not one SP", "exactly one SP";
    Reason "reason" REASON_OCTETS 502
        "not an octet of a reason-phrase", "HTAB, SP, visible octets and octets from 0x80";
    SpaceBeforeFields "space-before-fields" WS_BEFORE_FIELDS 400
        "whitespace at the beginning of the first field line", "a field name, or CR LF to end the section";
    NameEmpty "name-empty" FIELD_NAME 400
        "a field line without a name", "a token before the colon";
    NameOctet "name-octet" FIELD_NAME 400
        "not an octet of a field name", "a token, and a colon behind it";
    NoColon "no-colon" FIELD_NAME 400
        "a field line without a colon", "name: value";
    SpaceAfterName "space-after-name" SP_COLON 400
        "whitespace after the field name", "the colon, straight after the name";
    ObsFold "obs-fold" OBS_FOLD 400
        "a field line goes on in the next line", "each field in one line";
    Nul "nul" CR_LF_NUL 400
        "NUL in a field value", "HTAB, SP, visible octets and octets from 0x80";
    Control "control" OTHER_CTL 400
        "a control octet in a field value", "HTAB, SP, visible octets and octets from 0x80";
    FieldsTooLarge "fields-too-large" FIELDS_TOO_LARGE 431
        "more octets of fields than will be read", "fewer or shorter fields";
    TooManyFields "too-many-fields" FIELDS_TOO_LARGE 431
        "more field lines than will be read", "fewer fields";
    HostMissing "host-missing" HOST_MISSING 400
        "HTTP/1.1 without Host", "one Host field";
    HostTwice "host-twice" HOST_MULTIPLE 400
        "a second Host line", "one Host field";
    HostInvalid "host-invalid" HOST_INVALID 400
        "not a host", "host or host:port, with an IPv6 address in brackets";
    CodingSyntax "coding" CODING_GRAMMAR 400
        "not a transfer coding", "tokens with commas between them: chunked";
    CodingNotFinal "coding-not-final" TE_NOT_FINAL_REQUEST 400
        "chunked is not the last transfer coding", "chunked, last and once";
    ChunkedTwice "chunked-twice" NOT_TWICE 400
        "chunked stands twice", "chunked, last and once";
    ChunkedParameters "chunked-parameters" CHUNKED_PARAMETERS 400
        "parameters on chunked", "chunked alone";
    CodingParameters "coding-parameters" COMPRESS_PARAMETERS 400
        "parameters on a compression", "its name alone";
    CodingUnknown "coding-unknown" UNKNOWN_CODING 501
        "a transfer coding that is not understood", "chunked, or gzip, deflate or compress before it";
    LengthAndCoding "length-and-coding" TE_AND_CL 400
        "both Transfer-Encoding and Content-Length", "one of them";
    CodingInHttp10 "coding-in-http10" TE_IN_10 400
        "Transfer-Encoding in an HTTP/1.0 message", "Content-Length";
    ContentLengthSyntax "content-length" CL_INVALID 400
        "not a Content-Length", "digits alone, once";
    ContentLengthsDiffer "content-lengths-differ" CL_INVALID 400
        "Content-Length stands twice, with different values", "one value";
    ContentLengthRepeated "content-length-repeated" CL_SAME_LIST 400
        "Content-Length stands twice", "one value";
    ContentLengthTooLarge "content-length-too-large" CL_OVERFLOW 413
        "a Content-Length beyond 64 bits", "a smaller one";
    ContentTooLarge "content-too-large" CONTENT_TOO_LARGE 413
        "more content than will be read", "less content";
    ConnectContent "connect-content" CONNECT_NO_CONTENT 400
        "CONNECT with content", "CONNECT without Content-Length and Transfer-Encoding";
    ChunkSize "chunk-size" CHUNK_SIZE 400
        "not a chunk-size", "hexadecimal digits";
    ChunkSizeEnd "chunk-size-end" CHUNK_SIZE 400
        "not the end of a chunk-size", "CR LF, or a semicolon and an extension";
    ChunkSizeTooLarge "chunk-size-too-large" CHUNK_SIZE_OVERFLOW 413
        "a chunk-size beyond 64 bits", "a smaller one";
    ChunkSizeTooLong "chunk-size-too-long" CHUNK_SIZE_OVERFLOW 400
        "more digits of a chunk-size than will be read", "fewer leading zeros";
    ChunkSpace "chunk-space" CHUNK_BWS 400
        "whitespace in a chunk-size line that no extension follows", "whitespace only around a semicolon or an equals sign";
    ChunkExtension "chunk-extension" CHUNK_EXTENSION 400
        "not a chunk extension", "a semicolon and a token, then = and a token or a quoted-string if there is a value";
    ChunkExtensionQuoted "chunk-extension-quoted" CHUNK_EXTENSION_QUOTED 400
        "a control octet in a quoted-string", "HTAB, SP, visible octets and octets from 0x80, then a closing quote";
    ChunkExtensionsTooLong "chunk-extensions-too-long" CHUNK_EXTENSION_LIMIT 413
        "more octets of chunk extensions than will be read", "fewer extensions, or none";
    ChunkLineFeed "chunk-bare-lf" BARE_LF_IN_CHUNKS 400
        "LF without CR in the chunked framing", "CR LF";
    ChunkCarriageReturn "chunk-bare-cr" BARE_CR 400
        "CR without LF in the chunked framing", "CR LF";
    ChunkDataEnd "chunk-data-end" CHUNK_DATA_CRLF 400
        "chunk-data is not followed by CR LF", "CR LF after as many octets as the chunk-size says";
    Unsolicited "unsolicited" UNSOLICITED 502
        "octets though no request is outstanding", "nothing, or CR LF to be dropped";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_statuses_are_errors() {
        for (i, fault) in Fault::ALL.iter().enumerate() {
            assert!(Fault::ALL[..i].iter().all(|other| other.name() != fault.name()), "{} twice", fault.name());
            assert!(matches!(fault.row().status, 400..=599));
            assert!(!fault.row().wrong.is_empty() && !fault.row().legal.is_empty());
        }
    }
}
