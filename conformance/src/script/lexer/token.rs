//! Tokens and comments.

use std::borrow::Cow;
use std::ops::Range;

/// A piece of a script.
#[derive(Clone, Debug)]
pub(crate) struct Token<'a> {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its characters; of what is delimited, those inside.
    pub(crate) text: Cow<'a, str>,
    /// Its octets in the source; of a define, those of the word that it replaces.
    pub(crate) span: Range<usize>,
    /// The line of its first character, from 1.
    pub(crate) line: usize,
    /// The line of its last character.
    pub(crate) last_line: usize,
    /// The comments before it.
    pub(crate) comments: Vec<Comment>,
    /// Whether a define put it there.
    pub(crate) expanded: bool,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters, digits and `_` that are no number.
    Word,
    /// Decimal digits.
    Decimal,
    /// `0x` and hexadecimal digits.
    Hex,
    /// `1.5`, `.5`
    Float,
    /// Four decimal numbers with dots between.
    Address,
    /// `"..."`, escapes not yet resolved.
    String,
    /// A shell command.
    Backquote,
    /// `%{ ... }%`, without blanks around it.
    Code,
    /// `...`
    Ellipsis,
    /// `@name`, without the `@`.
    Connection,
    /// `--name`
    Option,
    /// Any other character.
    Mark,
    /// Nothing is left.
    End,
}

impl Token<'_> {
    /// Whether it is the punctuation mark `mark`.
    pub(crate) fn is(&self, mark: &str) -> bool {
        self.kind == Kind::Mark && self.text == mark
    }

    /// Whether it is the word `word`.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comment {
    /// Its lines, without what marks them as comment.
    pub(crate) lines: Vec<String>,
    /// The octets of `lines[0]` as far as they stand in the source as they stand here.
    pub(crate) span: Range<usize>,
    /// The line on which it begins, from 1.
    pub(crate) line: usize,
    /// The line on which it ends.
    pub(crate) last_line: usize,
}

impl Comment {
    /// `// text` at the offset `at`.
    pub(crate) fn line(text: &str, at: usize, line: usize) -> Comment {
        let blank = usize::from(text.starts_with(' '));
        let text = text[blank..].trim_end();
        let start = at + 2 + blank;
        Comment { lines: vec![text.to_owned()], span: start..start + text.len(), line, last_line: line }
    }

    /// `/* text */` at the offset `at`.
    pub(crate) fn block(text: &str, at: usize, line: usize) -> Comment {
        let last_line = line + text.matches('\n').count();
        // Stars that only draw a frame say nothing.
        let mut lines: Vec<String> = text.lines().map(|line| line.trim().trim_matches('*').trim().to_owned()).collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        let leading = lines.iter().take_while(|line| line.is_empty()).count();
        lines.drain(..leading);
        if lines.is_empty() {
            lines.push(String::new());
        }
        Comment { lines, span: at..at + 2 + text.len() + 2, line, last_line }
    }
}

/// Whether `word` belongs to packetdrill's language: a define of that name is applied only where
/// the word cannot mean what the language says.
pub(crate) fn is_reserved(word: &str) -> bool {
    const RESERVED: &str = " sa_family sin_port sin_addr msg_name msg_iov msg_flags msg_control cmsg_data cmsg_level \
        cmsg_type ee_errno ee_origin ee_type ee_code ee_info ee_data scm_sec scm_nsec fd u32 u64 ptr events revents \
        onoff linger htons ipv4 ipv6 icmp udp gre raw sum off key seq none checksum present encap psp spi mpls label \
        tc ttl inet_addr inet6_addr ack eol ecr mss mtu nop sack sackOK md5 TS FO FOEXP ECN e0b e1b ceb tos flowlabel \
        flags val win urg wscale ect01 ect0 ect1 noecn ce id silent ";
    const LONGEST: usize = "msg_control".len();
    word.len() <= LONGEST && RESERVED.split_ascii_whitespace().any(|reserved| reserved == word)
}
