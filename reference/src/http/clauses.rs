//! The clauses of RFC 9110 and RFC 9112 that the parser decides by. The id of each is that of its row in the
//! requirements map of HTTP/1.x.

use crate::clause::{Clause, Level, clauses};

clauses! {
    BARE_LF = "9112-2.2-LF-LINE", "rfc9112 §2.2", May, Some("9112-2.2-LF-LINE"),
        "LF without CR may end the start-line or a field line, or be refused";
    BARE_LF_IN_CHUNKS = "9112-2.2-LF-NOT-IN-CHUNKS", "rfc9112 §7.1", Must, Some("9112-2.2-LF-NOT-IN-CHUNKS"),
        "chunk-size lines and chunk-data end with CRLF; the leave to take LF alone does not reach them";
    BARE_CR = "9112-2.2-BARE-CR", "rfc9112 §2.2", Must, Some("9112-2.2-BARE-CR"),
        "a CR that is not followed by LF makes its element invalid, or counts as SP; it ends no line";
    SKIP_EMPTY_LINE = "9112-2.2-SKIP-EMPTY-LINE", "rfc9112 §2.2", Should, Some("9112-2.2-SKIP-EMPTY-LINE"),
        "a server ignores at least one empty line before a request-line";
    WS_BEFORE_FIELDS = "9112-2.2-WS-BEFORE-FIELDS", "rfc9112 §2.2", Must, Some("9112-2.2-WS-BEFORE-FIELDS"),
        "lines that begin with whitespace, straight after the start-line, are refused with the message or dropped whole";
    GARBAGE = "9112-2.2-GARBAGE-400", "rfc9112 §2.2", Should, Some("9112-2.2-GARBAGE-400"),
        "octets that are no HTTP-message are answered with 400, and the connection closes";
    VERSION_GRAMMAR = "9112-2.3-VERSION-GRAMMAR", "rfc9112 §2.3", Must, Some("9112-2.3-VERSION-GRAMMAR"),
        "HTTP-version is \"HTTP/\", a digit, a dot and a digit, in upper case";
    VERSION_UNSUPPORTED = "9110-15.6.6-505", "rfc9110 §15.6.6", Should, Some("9110-15.6.6-505"),
        "a major version that the server does not speak is answered with 505, saying which it speaks";
    NO_09 = "9112-C.1-NO-09", "rfc9112 §C.1", May, Some("9112-C.1-NO-09"),
        "a server of named hosts does not serve requests without a version";
    SINGLE_SP = "9112-3-SINGLE-SP", "rfc9112 §3", Must, Some("9112-3-SINGLE-SP"),
        "method, request-target and version are parted by one SP each";
    LONG_METHOD = "9112-3-LONG-METHOD-501", "rfc9112 §3", Should, Some("9112-3-LONG-METHOD-501"),
        "a method longer than any that is implemented is answered with 501";
    LONG_TARGET = "9112-3-LONG-TARGET-414", "rfc9112 §3", Must, Some("9112-3-LONG-TARGET-414"),
        "a request-target longer than the server will parse is answered with 414";
    MISSING_TARGET = "9112-3-MISSING-TARGET", "rfc9112 §3", Should, Some("9112-3-MISSING-TARGET"),
        "a request-line of two elements is invalid";
    METHOD_TOKEN = "9112-3.1-METHOD-TOKEN", "rfc9112 §3.1", Must, Some("9112-3.1-METHOD-TOKEN"),
        "a method is a token";
    NO_WS_IN_TARGET = "9112-3.2-NO-WS-IN-TARGET", "rfc9112 §3.2", Must, Some("9112-3.2-NO-WS-IN-TARGET"),
        "no whitespace stands in a request-target";
    INVALID_LINE = "9112-3.2-INVALID-LINE-400", "rfc9112 §3.2", Should, Some("9112-3.2-INVALID-LINE-400"),
        "an invalid request-line is answered with 400, or with 301 to the target well encoded";
    NO_FRAGMENT = "9112-3.2.1-NO-FRAGMENT", "rfc9112 §3.2.1", Must, Some("9112-3.2.1-NO-FRAGMENT"),
        "a request-target has no fragment";
    AUTHORITY_FORM = "9112-3.2.3-AUTHORITY-FORM", "rfc9112 §3.2.3", Must, Some("9112-3.2.3-AUTHORITY-FORM"),
        "the target of CONNECT is host and port alone";
    ONLY_CONNECT = "9112-3.2.3-ONLY-CONNECT", "rfc9110 §7.1", Must, Some("9112-3.2.3-ONLY-CONNECT"),
        "authority-form is for CONNECT alone";
    ASTERISK_ONLY_OPTIONS =
        "9112-3.2.4-ASTERISK-ONLY-OPTIONS", "rfc9112 §3.2.4", Must, Some("9112-3.2.4-ASTERISK-ONLY-OPTIONS"),
        "the target \"*\" is for OPTIONS alone";
    CONNECT_PORT = "9110-9.3.6-CONNECT-PORT", "rfc9110 §9.3.6", Must, Some("9110-9.3.6-CONNECT-PORT"),
        "CONNECT with an empty or invalid port is refused";
    CONNECT_NO_CONTENT = "9110-9.3.6-CONNECT-NO-CONTENT", "rfc9110 §9.3.6", Must, Some("9110-9.3.6-CONNECT-NO-CONTENT"),
        "CONNECT has no content; a request that frames some is best refused";
    EMPTY_HOST = "9110-4.2.1-EMPTY-HOST", "rfc9110 §4.2.1", Must, Some("9110-4.2.1-EMPTY-HOST"),
        "an http or https URI with an empty host is refused";
    USERINFO = "9110-4.2.4-USERINFO-RECV", "rfc9110 §4.2.4", Should, Some("9110-4.2.4-USERINFO-RECV"),
        "userinfo in an http or https URI counts as an error";
    HOST_MISSING = "9112-3.2-HOST-MISSING", "rfc9112 §3.2", Must, Some("9112-3.2-HOST-MISSING"),
        "an HTTP/1.1 request without Host is answered with 400";
    HOST_MULTIPLE = "9112-3.2-HOST-MULTIPLE", "rfc9112 §3.2", Must, Some("9112-3.2-HOST-MULTIPLE"),
        "a request with more than one Host line is answered with 400";
    HOST_INVALID = "9112-3.2-HOST-INVALID", "rfc9112 §3.2", Must, Some("9112-3.2-HOST-INVALID"),
        "a request whose Host is not uri-host [\":\" port] is answered with 400";
    STATUS_SP = "9112-4-STATUS-SP", "rfc9112 §4", Must, Some("9112-4-STATUS-SP"),
        "a SP follows the status-code, also where there is no reason-phrase";
    STATUS_3DIGIT = "9112-4-STATUS-3DIGIT", "rfc9112 §4", Must, Some("9112-4-STATUS-3DIGIT"),
        "a status-code is three digits";
    STATUS_LINE_WS = "9112-4-LENIENT-WS", "rfc9112 §4", May, Some("9112-4-LENIENT-WS"),
        "a status-line may be split at any run of whitespace, or be invalid where the whitespace is not one SP";
    REASON_OCTETS = "9112-4-REASON-OCTETS", "rfc9112 §4", Must, Some("9112-4-REASON-OCTETS"),
        "a reason-phrase holds HTAB, SP, visible octets and obs-text";
    FIELD_NAME = "9112-5-FIELD-NAME-TOKEN", "rfc9112 §5", Must, Some("9112-5-FIELD-NAME-TOKEN"),
        "a field line is a token, a colon and a value";
    SP_COLON = "9112-5.1-SP-COLON-SERVER", "rfc9112 §5.1", Must, Some("9112-5.1-SP-COLON-SERVER"),
        "a request with whitespace between field name and colon is answered with 400; a proxy strips it from a response";
    OBS_FOLD = "9112-5.2-OBS-FOLD-SERVER", "rfc9112 §5.2", Must, Some("9112-5.2-OBS-FOLD-SERVER"),
        "a folded field line in a request is answered with 400, or each fold becomes SP";
    OBS_FOLD_RESPONSE = "9112-5.2-OBS-FOLD-UA", "rfc9112 §5.2", Must, Some("9112-5.2-OBS-FOLD-UA"),
        "a user agent puts SP in the place of each fold";
    FIELDS_TOO_LARGE = "9110-5.4-TOO-LARGE-4XX", "rfc9110 §5.4", Must, Some("9110-5.4-TOO-LARGE-4XX"),
        "fields larger than the server will process are answered with a 4xx";
    CR_LF_NUL = "9110-5.5-CR-LF-NUL", "rfc9110 §5.5", Must, Some("9110-5.5-CR-LF-NUL"),
        "a value that holds CR, LF or NUL is refused, or each becomes SP";
    OTHER_CTL = "9110-5.5-OTHER-CTL", "rfc9110 §5.5", May, Some("9110-5.5-OTHER-CTL"),
        "other control octets make a value invalid; they may be kept where that is safe";
    NOT_TWICE = "9112-6.1-NOT-TWICE", "rfc9112 §6.1", Must, Some("9112-6.1-NOT-TWICE"),
        "chunked is not applied twice";
    UNKNOWN_CODING = "9112-6.1-UNKNOWN-TE-501", "rfc9112 §6.1", Should, Some("9112-6.1-UNKNOWN-TE-501"),
        "a transfer coding that the server does not understand is answered with 501";
    TE_AND_CL = "9112-6.3-TE-AND-CL", "rfc9112 §6.3", Must, Some("9112-6.3-TE-AND-CL"),
        "Transfer-Encoding overrides Content-Length, and both together ought to be an error";
    TE_AND_CL_CLOSE = "9112-6.1-TE-AND-CL-CLOSE", "rfc9112 §6.1", Must, Some("9112-6.1-TE-AND-CL-CLOSE"),
        "after a request with both Transfer-Encoding and Content-Length the connection closes";
    TE_IN_10 = "9112-6.1-TE-IN-10", "rfc9112 §6.1", Must, Some("9112-6.1-TE-IN-10"),
        "an HTTP/1.0 message with Transfer-Encoding has faulty framing: refuse or process it, then close";
    NO_BODY_STATUS = "9112-6.3-NO-BODY-STATUS", "rfc9112 §6.3 item 1", Must, Some("9112-6.3-NO-BODY-STATUS"),
        "a response to HEAD, and one with 1xx, 204 or 304, ends at the empty line whatever its fields say";
    CONNECT_TUNNEL = "9112-6.3-CONNECT-TUNNEL", "rfc9112 §6.3 item 2", Must, Some("9112-6.3-CONNECT-TUNNEL"),
        "after a 2xx to CONNECT the connection is a tunnel; its framing fields are ignored";
    UPGRADED = "9110-15.2.2-101-UPGRADE", "rfc9110 §15.2.2", Must, Some("9110-15.2.2-101-UPGRADE"),
        "after 101 the connection speaks the new protocol";
    INTERIM = "9110-15.2-CLIENT-1XX", "rfc9110 §15.2", Must, Some("9110-15.2-CLIENT-1XX"),
        "any number of 1xx responses comes before the final one";
    CHUNKED = "9112-6.1-PARSE-CHUNKED", "rfc9112 §6.3 item 4", Must, Some("9112-6.1-PARSE-CHUNKED"),
        "chunked, where it is the last coding, delimits the body";
    TE_NOT_FINAL_REQUEST = "9112-6.3-TE-NOT-FINAL-REQ", "rfc9112 §6.3 item 4", Must, Some("9112-6.3-TE-NOT-FINAL-REQ"),
        "a request whose last transfer coding is not chunked is answered with 400";
    TE_NOT_FINAL_RESPONSE = "9112-6.3-TE-NOT-FINAL-RESP", "rfc9112 §6.3 item 4", Must, Some("9112-6.3-TE-NOT-FINAL-RESP"),
        "a response whose last transfer coding is not chunked runs until the connection closes";
    CL_INVALID = "9112-6.3-CL-INVALID-SERVER", "rfc9112 §6.3 item 5", Must, Some("9112-6.3-CL-INVALID-SERVER"),
        "a request with an invalid Content-Length is answered with 400, and the connection closes";
    CL_INVALID_RESPONSE = "9112-6.3-CL-INVALID-UA", "rfc9112 §6.3 item 5", Must, Some("9112-6.3-CL-INVALID-UA"),
        "a response with an invalid Content-Length is discarded, and the connection closes";
    CL_SAME_LIST = "9112-6.3-CL-SAME-LIST", "rfc9112 §6.3 item 5", May, Some("9112-6.3-CL-SAME-LIST"),
        "equal values of Content-Length are refused or used once";
    CL_GRAMMAR = "9110-8.6-CL-DIGITS", "rfc9110 §8.6", Must, Some("9110-8.6-CL-DIGITS"),
        "Content-Length is digits alone, at least one";
    CL_OVERFLOW = "9110-8.6-CL-OVERFLOW", "rfc9110 §8.6", Must, Some("9110-8.6-CL-OVERFLOW"),
        "a large Content-Length neither wraps nor loses digits";
    CONTENT_LENGTH = "9112-6.3-CL", "rfc9112 §6.3 item 6", Must, None,
        "a valid Content-Length without Transfer-Encoding is the length of the body";
    REQUEST_WITHOUT_BODY = "9112-6.3-REQ-NO-FRAMING", "rfc9112 §6.3 item 7", Must, Some("9112-6.3-REQ-NO-FRAMING"),
        "a request with neither field has no body";
    UNTIL_CLOSE = "9112-6.3-RESP-CLOSE-DELIM", "rfc9112 §6.3 item 8", Must, Some("9112-6.3-RESP-CLOSE-DELIM"),
        "the body of a response with neither field runs until the connection closes";
    CONTENT_TOO_LARGE = "9110-15.5.14-413", "rfc9110 §15.5.14", May, Some("9110-15.5.14-413"),
        "content larger than the server will take is answered with 413";
    CODING_GRAMMAR = "9112-7-CODING-GRAMMAR", "rfc9112 §7", Must, None,
        "a transfer coding is a token, with parameters behind semicolons";
    CHUNKED_PARAMETERS = "9112-7.1-CHUNKED-PARAMS", "rfc9112 §7.1", Should, Some("9112-7.1-CHUNKED-PARAMS"),
        "parameters on chunked are an error";
    COMPRESS_PARAMETERS = "9112-7.2-COMPRESS-PARAMS", "rfc9112 §7.2", Should, Some("9112-7.2-COMPRESS-PARAMS"),
        "parameters on compress, deflate and gzip are an error";
    CHUNK_SIZE = "9112-7.1-CHUNK-SIZE-HEX", "rfc9112 §7.1", Must, Some("9112-7.1-CHUNK-SIZE-HEX"),
        "a chunk-size is hexadecimal digits alone, at least one";
    CHUNK_SIZE_OVERFLOW = "9112-7.1-CHUNK-SIZE-OVERFLOW", "rfc9112 §7.1", Must, Some("9112-7.1-CHUNK-SIZE-OVERFLOW"),
        "a large chunk-size neither wraps nor loses digits";
    CHUNK_DATA_CRLF = "9112-7.1-CHUNK-DATA-CRLF", "rfc9112 §7.1", Must, Some("9112-7.1-CHUNK-DATA-CRLF"),
        "CRLF follows chunk-data of exactly the size that was said";
    CHUNK_BWS = "9110-5.6.3-BWS", "rfc9110 §5.6.3", Must, Some("9110-5.6.3-BWS"),
        "whitespace stands around the semicolon and the equals sign of a chunk extension, and nowhere else";
    CHUNK_EXTENSION = "9112-7.1.1-EXT-GRAMMAR", "rfc9112 §7.1.1", Must, Some("9112-7.1.1-EXT-GRAMMAR"),
        "a chunk extension is a token, or a token and a value that is a token or a quoted-string";
    CHUNK_EXTENSION_QUOTED = "9112-7.1.1-EXT-QUOTED", "rfc9112 §7.1.1", Must, Some("9112-7.1.1-EXT-QUOTED"),
        "a quoted-string holds no control octets but HTAB, and so no line end";
    CHUNK_EXTENSION_LIMIT = "9112-7.1.1-EXT-LIMIT", "rfc9112 §7.1.1", May, Some("9112-7.1.1-EXT-LIMIT"),
        "the length of all chunk extensions of a request ought to be limited, with a 4xx past it";
    LIMITS = "9110-17.5-LIMITS", "rfc9110 §17.5", May, Some("9110-17.5-LIMITS"),
        "a recipient ought to bound the length of what it reads";
    INCOMPLETE_LENGTH = "9112-6.3-CL-INCOMPLETE", "rfc9112 §6.3 item 6", Must, Some("9112-6.3-CL-INCOMPLETE"),
        "a body that ends before its length is incomplete";
    INCOMPLETE_REQUEST = "9112-8-INCOMPLETE-REQ", "rfc9112 §8", May, Some("9112-8-INCOMPLETE-REQ"),
        "an incomplete request may be answered with an error before the connection closes";
    INCOMPLETE_RESPONSE = "9112-8-INCOMPLETE-RESP", "rfc9112 §8", Must, Some("9112-8-INCOMPLETE-RESP"),
        "an incomplete response is recorded as incomplete";
    UNSOLICITED = "9112-9.2-UNSOLICITED", "rfc9112 §9.2", Must, Some("9112-9.2-UNSOLICITED"),
        "octets for which no request is outstanding are no response";
    EXTRA_DATA = "9112-6.3-EXTRA-DATA", "rfc9112 §6.3", Must, Some("9112-6.3-EXTRA-DATA"),
        "octets after the last response are no response of their own";
    PERSIST_DEFAULT = "9112-9.3-PERSIST-DEFAULT", "rfc9112 §9.3", Must, Some("9112-9.3-PERSIST-DEFAULT"),
        "HTTP/1.1 persists unless close is said, HTTP/1.0 closes unless keep-alive is";
    NO_KEEP_ALIVE_PROXY = "9112-9.3-PROXY-10-CLIENT", "rfc9112 §9.3", Must, Some("9112-9.3-PROXY-10-CLIENT"),
        "a proxy keeps no persistent connection with an HTTP/1.0 client";
    READ_OR_CLOSE = "9112-9.3-READ-OR-CLOSE", "rfc9112 §9.3", Must, Some("9112-9.3-READ-OR-CLOSE"),
        "the whole body of a request is read, or the connection closes after the response";
    NO_MORE_REQUESTS = "9112-9.6-NO-MORE-REQS", "rfc9112 §9.6", Must, Some("9112-9.6-NO-MORE-REQS"),
        "nothing behind a request with close is read as a request";
    CLIENT_CLOSE = "9112-9.6-CLIENT-RECV-CLOSE", "rfc9112 §9.6", Must, Some("9112-9.6-CLIENT-RECV-CLOSE"),
        "after a response with close the connection closes, and no more requests are sent on it";
}
