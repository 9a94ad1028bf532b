//! Messages out of octets, whatever is wrong with them.

/// The start-line of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// Of a reply: the minor version and the status.
    Status(u8, u16),
    /// Of a request: its method.
    Request(String),
    /// Neither.
    Raw,
}

/// A message as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What its first line says.
    pub start: Start,
    /// Names as they came, values without the blanks around them; trailers stand behind the fields of the header.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The body, out of its chunks.
    pub body: Vec<u8>,
    /// Whether all of it came.
    pub is_complete: bool,
    /// Whether only the end of the connection ends it.
    pub runs_to_close: bool,
    /// As it came.
    pub raw: Vec<u8>,
}

impl Message {
    /// The status of a reply.
    pub fn status(&self) -> Option<u16> {
        match self.start {
            Start::Status(_, status) => Some(status),
            _ => None,
        }
    }

    /// The method of a request.
    pub fn method(&self) -> Option<&str> {
        match &self.start {
            Start::Request(method) => Some(method),
            _ => None,
        }
    }

    /// Whether a final reply follows; 101 is final on its connection.
    pub fn is_interim(&self) -> bool {
        self.status().is_some_and(|status| status < 200 && status != 101)
    }

    /// The values of the lines of this field.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }

    /// The first line without its end.
    pub fn line(&self) -> &[u8] {
        let end = self.raw.iter().position(|octet| *octet == b'\n').unwrap_or(self.raw.len());
        self.raw[..end].strip_suffix(b"\r").unwrap_or(&self.raw[..end])
    }

    /// Whether it says that the connection will be closed: by an option, by its version, or since nothing else ends it.
    pub fn announces_close(&self) -> bool {
        let says = |option: &str| {
            self.values("connection").any(|value| {
                value.split(|octet| *octet == b',').any(|one| one.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
            })
        };
        let old = matches!(self.start, Start::Status(0, _));
        says("close") || self.runs_to_close || (old && !says("keep-alive"))
    }
}

/// How many replies are read of one connection: a case asks for a hundred and one at most, a storm has no end.
pub const MOST_REPLIES: usize = 300;

/// How many field lines are kept of one connection, or of one message: more are read, and forgotten.
const MOST_FIELDS: usize = 10_000;

/// Replies to requests with these methods (`GET` behind the last one), as far as they came, but for those behind
/// [`MOST_REPLIES`]; `is_over` says that nothing will follow.
pub fn read_replies(octets: &[u8], methods: &[String], is_over: bool) -> Vec<Message> {
    let (mut replies, mut rest, mut answered) = (Vec::new(), octets, 0);
    let mut fields = 0;
    while !rest.is_empty() && replies.len() < MOST_REPLIES && fields < MOST_FIELDS {
        let method = methods.get(answered).map_or("GET", String::as_str);
        let message = read_message(rest, Some(method), is_over);
        rest = &rest[message.raw.len()..];
        answered += usize::from(!message.is_interim());
        fields += message.fields.len();
        replies.push(message);
    }
    replies
}

/// The message that these octets start with; what is not there yet is missing from it. `answers` is the method of
/// the request that it answers, if it is a reply.
pub fn read_message(octets: &[u8], answers: Option<&str>, is_over: bool) -> Message {
    let mut message = Message {
        start: Start::Raw,
        fields: Vec::new(),
        body: Vec::new(),
        is_complete: false,
        runs_to_close: false,
        raw: Vec::new(),
    };
    let taken = fill(&mut message, octets, answers, is_over);
    // Only what is of this message: a storm of short ones is not to be copied for each of them.
    message.raw = octets[..taken.unwrap_or(octets.len())].to_vec();
    message
}

/// Reads all parts but the raw octets, and returns how many those are; nothing if the message takes all there is.
fn fill(message: &mut Message, octets: &[u8], answers: Option<&str>, is_over: bool) -> Option<usize> {
    let mut reader = Reader { octets, at: 0 };
    message.start = start(reader.line()?, answers.is_some());
    if message.start == Start::Raw {
        return None;
    }
    loop {
        match reader.line() {
            None => {
                message.start = Start::Raw; // half a header is no message that could be judged
                return None;
            }
            Some([]) => break,
            Some(line) if message.fields.len() < MOST_FIELDS => message.fields.push(field(line)),
            Some(_) => {}
        }
    }
    message.is_complete = reader.body(message, answers, is_over);
    Some(reader.at)
}

fn start(line: &[u8], is_reply: bool) -> Start {
    let text = String::from_utf8_lossy(line);
    if !is_reply {
        return Start::Request(text.split(' ').next().unwrap_or_default().to_owned());
    }
    let read = || {
        let (version, rest) = text.strip_prefix("HTTP/1.")?.split_once(' ')?;
        let status = rest.get(..3).filter(|_| rest.len() == 3 || rest.as_bytes()[3] == b' ')?;
        Some(Start::Status(version.parse().ok()?, status.parse().ok()?))
    };
    read().unwrap_or(Start::Raw)
}

fn field(line: &[u8]) -> (String, Vec<u8>) {
    let colon = line.iter().position(|octet| *octet == b':').unwrap_or(line.len());
    let name = String::from_utf8_lossy(&line[..colon]).trim().to_owned();
    (name, line.get(colon + 1..).unwrap_or_default().trim_ascii().to_vec())
}

struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// The next line without its end, if its end has come.
    fn line(&mut self) -> Option<&'a [u8]> {
        let rest = &self.octets[self.at..];
        let end = rest.iter().position(|octet| *octet == b'\n')?;
        self.at += end + 1;
        Some(rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]))
    }

    /// Takes the body; whether it is whole.
    fn body(&mut self, message: &mut Message, answers: Option<&str>, is_over: bool) -> bool {
        let empty = match message.start {
            Start::Status(_, status) => {
                status < 200
                    || matches!(status, 204 | 304)
                    || answers == Some("HEAD")
                    || (answers == Some("CONNECT") && status < 300)
            }
            _ => false,
        };
        if empty {
            return true;
        }
        let coding = message.values("transfer-encoding").last().map(<[u8]>::to_ascii_lowercase);
        let length = message.values("content-length").next().map(<[u8]>::to_vec);
        if let Some(coding) = coding {
            if coding.trim_ascii().ends_with(b"chunked") {
                return self.chunks(message);
            }
        } else if let Some(length) = length {
            let length = std::str::from_utf8(&length).ok().and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
            let rest = &self.octets[self.at..];
            let taken = rest.len().min(length);
            message.body = rest[..taken].to_vec();
            self.at += taken;
            return taken == length;
        } else if answers.is_none() {
            return true;
        }
        message.runs_to_close = answers.is_some();
        message.body = self.octets[self.at..].to_vec();
        self.at = self.octets.len();
        is_over && answers.is_some()
    }

    fn chunks(&mut self, message: &mut Message) -> bool {
        loop {
            let Some(line) = self.line() else { return self.cut() };
            let digits = line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
            let size = std::str::from_utf8(&line[..digits]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
            let Some(size) = size else { return self.cut() };
            if size == 0 {
                break;
            }
            let rest = &self.octets[self.at..];
            let taken = rest.len().min(size);
            message.body.extend_from_slice(&rest[..taken]);
            self.at += taken;
            if taken < size || self.line() != Some(b"") {
                return self.cut();
            }
        }
        loop {
            match self.line() {
                None => return self.cut(),
                Some([]) => return true,
                Some(line) if message.fields.len() < MOST_FIELDS => message.fields.push(field(line)),
                Some(_) => {}
            }
        }
    }

    /// What follows belongs to this message, as nobody can tell where it ends.
    fn cut(&mut self) -> bool {
        self.at = self.octets.len();
        false
    }
}
