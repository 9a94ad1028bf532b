//! What a case can say depends on who is judged: the rest would be read, and never come true.

use super::{Condition, Pattern, Role, Script, Side, Step, Subject};
use crate::script::{Problem, ScriptError};

impl Script {
    /// Whether everything in this case can happen where peers of this role are judged.
    ///
    /// # Errors
    /// The first line that cannot, and what can instead.
    pub fn check_role(&self, role: Role) -> Result<(), ScriptError> {
        let steps = self.steps.iter().filter_map(|placed| Some((foreign_step(role, &placed.step)?, &placed.span)));
        let outcomes = self.outcomes.iter().filter_map(|line| {
            let pattern = line.pattern.as_ref()?;
            Some((foreign_pattern(role, pattern)?, &line.span))
        });
        let Some(((message, help), span)) = steps.chain(outcomes).next() else { return Ok(()) };
        // A block of octets is many lines: the first tells which.
        let end = self.source[span.clone()].find('\n').map_or(span.end, |end| span.start + end);
        Err(Problem::new(span.start..end, message).help(help).locate(&self.file, &self.source))
    }
}

/// What is wrong, and what would be right.
type Foreign = (&'static str, &'static str);

const CLIENT_IS_MUTE: Foreign = (
    "a client answers nothing",
    "how it ended, then its requests or its output: `success with request 2 line contains \"/\"`, `any with output is \"x\"`",
);

fn foreign_step(role: Role, step: &Step) -> Option<Foreign> {
    match (role, step) {
        (Role::Server, Step::Send(Side::Origin, _)) => {
            Some(("`<` answers as an origin server, and here a server is asked", "`> OCTETS` sends a request"))
        }
        (Role::Client, Step::Send(Side::Client, _)) => {
            Some(("`>` sends as a client, and here a client is answered", "`< OCTETS` answers its request"))
        }
        _ => None,
    }
}

fn foreign_pattern(role: Role, pattern: &Pattern) -> Option<Foreign> {
    if role != Role::Client && pattern.success.is_some() {
        return Some((
            "only a client succeeds, fails or hangs",
            "the end of a connection is one of `open`, `close`, `closed`",
        ));
    }
    if role == Role::Client && pattern.replies.is_some() {
        return Some(CLIENT_IS_MUTE);
    }
    pattern.with.iter().find_map(|condition| foreign_condition(role, condition))
}

fn foreign_condition(role: Role, condition: &Condition) -> Option<Foreign> {
    let subject = match condition {
        Condition::Message { subject, .. } => *subject,
        Condition::Requests(_) | Condition::Connections(_) => Subject::Request(1),
    };
    match (role, subject) {
        (Role::Server, Subject::Request(_)) => Some((
            "a server sends the judge no request",
            "ask of what it answers: `header allow`, `reply 2 body is \"x\"`, `interim line contains \"100\"`",
        )),
        (Role::Server | Role::Proxy, Subject::Output) => {
            Some(("only a client has an output", "ask of what it answers, such as `body is \"x\"`"))
        }
        (Role::Client, Subject::Reply(_) | Subject::Interim(_)) => Some(CLIENT_IS_MUTE),
        _ => None,
    }
}
