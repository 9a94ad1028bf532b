//! What came back over a connection, read as far as it can be.
//!
//! The reader here refuses as little as it can, since it has to tell what a peer that is wrong has sent. What may be
//! sent is the business of the cases, and of `wirelaw_reference::http`.

mod message;

pub use message::{MOST_REPLIES, Message, Start, read_message, read_replies};

use super::script::{Condition, Ending, Pattern, Statuses, Subject, Test};

/// How a connection was when all was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum End {
    /// Open.
    #[default]
    Open,
    /// The peer has closed it.
    Closed,
    /// The peer has aborted it.
    Reset,
}

/// Everything that came back in one run of a case.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// The replies of the peer, interim ones, too, in order.
    pub replies: Vec<Message>,
    /// How the connection ended.
    pub end: End,
    /// What came to the judge as a server, in order.
    pub requests: Vec<Message>,
    /// How many connections were opened to the judge as a server.
    pub connections: usize,
    /// Whether the peer closed before all was sent, and no reply came: it may have sent one, which the octets that were
    /// on their way have made its side drop.
    pub is_cut_off: bool,
    /// Whether the command succeeded.
    pub success: Option<bool>,
    /// Whether the command had to be killed, as it did not end.
    pub is_hung: bool,
    /// What the command wrote.
    pub output: Vec<u8>,
    /// What else people want to know.
    pub notes: Vec<String>,
}

/// The statuses that `ok` stands for.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    /// What the peer answers to plain requests.
    pub ok: Vec<u16>,
}

/// How many octets of each message are kept in any case.
const SHOWN: usize = 400;

/// How many octets of all messages of a run are kept until it is judged, raw ones and bodies apart; no case asks for
/// more.
const KEPT: usize = 64 << 10;

impl Observation {
    /// Forgets what no case asks for, so that thousands of runs that brought megabytes each fit into memory.
    #[must_use]
    pub fn shortened(mut self) -> Observation {
        let (mut raw, mut body) = (KEPT, KEPT);
        for message in self.replies.iter_mut().chain(&mut self.requests) {
            for (octets, left) in [(&mut message.raw, &mut raw), (&mut message.body, &mut body)] {
                // A line at least of each message is shown.
                octets.truncate((*left).max(SHOWN));
                octets.shrink_to_fit();
                *left = left.saturating_sub(octets.len());
            }
        }
        self
    }

    /// Whether this is what the pattern says.
    pub fn fits(&self, pattern: &Pattern, baseline: &Baseline) -> bool {
        self.replies_fit(pattern, baseline)
            && pattern.ending.is_none_or(|ending| self.ends(ending))
            && pattern.success.is_none_or(|success| self.success == Some(success))
            && (!pattern.is_hung || self.is_hung)
            && pattern.with.iter().all(|condition| self.holds(condition))
    }

    fn replies_fit(&self, pattern: &Pattern, baseline: &Baseline) -> bool {
        let Some(wanted) = &pattern.replies else { return true };
        let interim = pattern.names_interim();
        let got: Vec<&Message> = self.replies.iter().filter(|reply| interim || !reply.is_interim()).collect();
        let enough = if pattern.more { got.len() >= wanted.len() } else { got.len() == wanted.len() };
        enough && wanted.iter().zip(got).all(|(statuses, reply)| baseline.has(statuses, reply))
    }

    fn ends(&self, ending: Ending) -> bool {
        let closed = self.end != End::Open;
        match ending {
            Ending::Closed => closed,
            Ending::Close => closed || self.announces_close(),
            Ending::Open => !closed && !self.announces_close(),
        }
    }

    /// Whether the last reply says that none will follow.
    pub fn announces_close(&self) -> bool {
        self.replies.last().is_some_and(Message::announces_close)
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Requests(count) => self.requests.len() == *count,
            Condition::Connections(count) => self.connections == *count,
            Condition::Message { subject: Subject::Output, negated, test } => {
                let found = match test {
                    Test::BodyIs(octets) => self.output == *octets,
                    Test::BodyContains(octets) => holds(&self.output, octets),
                    _ => !self.output.is_empty(),
                };
                found != *negated
            }
            Condition::Message { subject, negated, test } => {
                let message = match subject {
                    Subject::Reply(number) => self.replies.iter().filter(|reply| !reply.is_interim()).nth(number - 1),
                    Subject::Interim(number) => self.replies.iter().filter(|reply| reply.is_interim()).nth(number - 1),
                    Subject::Request(number) => self.requests.get(number - 1),
                    Subject::Output => None,
                };
                match message {
                    Some(message) => message.passes(test) != *negated,
                    None => *negated && *test == Test::There,
                }
            }
        }
    }
}

impl Baseline {
    fn has(&self, statuses: &Statuses, reply: &Message) -> bool {
        let status = reply.status();
        match statuses {
            Statuses::Any => true,
            Statuses::OneOf(all) => all.iter().any(|one| self.has(one, reply)),
            Statuses::Range(from, to) => status.is_some_and(|status| (*from..=*to).contains(&status)),
            Statuses::Ok => status.is_some_and(|status| self.ok.contains(&status)),
            Statuses::Refused => {
                status.is_some_and(|status| (400..600).contains(&status) && !self.ok.contains(&status))
            }
            Statuses::Raw => status.is_none(),
        }
    }
}

impl Message {
    fn passes(&self, test: &Test) -> bool {
        match test {
            Test::There => true,
            Test::Header(name) => self.values(name).next().is_some(),
            Test::HeaderTwice(name) => self.values(name).nth(1).is_some(),
            Test::HeaderIs(name, value) => self.values(name).any(|got| got == value.as_slice()),
            Test::HeaderContains(name, value) => {
                self.values(name).any(|got| holds(&got.to_ascii_lowercase(), &value.to_ascii_lowercase()))
            }
            Test::Body => !self.body.is_empty(),
            Test::BodyIs(octets) => self.body == *octets,
            Test::BodyContains(octets) => holds(&self.body, octets),
            Test::RawContains(octets) => holds(&self.raw, octets),
            Test::LineContains(octets) => holds(self.line(), octets),
            Test::Complete => self.is_complete,
        }
    }
}

/// Whether `octets` stand somewhere in `all`.
fn holds(all: &[u8], octets: &[u8]) -> bool {
    octets.is_empty() || all.windows(octets.len()).any(|window| window == octets)
}

#[cfg(test)]
mod tests;
