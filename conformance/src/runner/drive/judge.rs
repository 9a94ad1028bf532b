//! Code blocks: what they need to know is asked of the stack where they stand (packetdrill language, 6).

use super::{Descriptor, Driver, next};
use crate::posix::{SO_MEMINFO, SOL_SOCKET, SOL_TCP, TCP_CC_INFO, TCP_INFO, tcp_info};
use crate::report::Mark;
use crate::runner::{Stop, Why, code};
use crate::script::ast::Step;
use crate::stack::setting::SettingError;
use crate::trace::{Call, Fd, Return, Stimulus};

/// A command between the steps that a shell has run and that failed is an assertion that does not hold; any other
/// setting that fails is something that this machine cannot do.
pub(super) fn of_setting(step: &Step, error: SettingError) -> Stop {
    match error {
        SettingError::Failed(note) => Stop::mismatch(vec![Mark { span: step.span.clone(), note }], Vec::new()),
        SettingError::Impossible(what) => Stop::new(Why::Unsupported, what),
    }
}

impl Driver<'_> {
    /// Asks what the block needs to know of the socket under test and judges its assertions by it (6).
    pub(super) fn judge_code(&mut self, step: &Step) -> Result<(), Stop> {
        let unsupported = |what| Stop::unsupported_at(&step.span, what);
        let Some(code) = self.codes.get(&step.span.start).cloned() else { return Ok(()) };
        let current = self.flows.under_test();
        let descriptor =
            self.descriptors.values().rev().find(|descriptor| current.is_some() && descriptor.flow == current);
        let Some(&Descriptor { live: fd, .. }) = descriptor else {
            let message = "a code block needs a socket: one that was made, or accepted, and not closed".to_owned();
            return Err(Stop::broken_at(&step.span, message));
        };
        let mut ask = |is_needed: bool, level, name, symbol: &str| {
            if !is_needed {
                return Ok(Vec::new());
            }
            let octets = self.get_option(step, fd, level, name)?;
            octets.ok_or_else(|| unsupported(format!("a code block: the stack does not tell {symbol}")))
        };
        let facts = code::Facts {
            tcp_info: ask(true, SOL_TCP, TCP_INFO, "TCP_INFO")?,
            cc_info: ask(code.needs_cc_info(), SOL_TCP, TCP_CC_INFO, "TCP_CC_INFO")?,
            meminfo: ask(code.needs_meminfo(), SOL_SOCKET, SO_MEMINFO, "SO_MEMINFO")?,
        };
        match self.namespace.judge(&code, &facts).map_err(unsupported)? {
            None => Ok(()),
            Some(code::Failing { note, is_of_time }) => {
                let stop = Stop::mismatch(vec![Mark { span: step.span.clone(), note }], Vec::new());
                Err(if is_of_time { self.late(stop, None) } else { stop })
            }
        }
    }

    /// The value of an option for a code block, if the stack tells it.
    fn get_option(&mut self, step: &Step, fd: Fd, level: i64, name: i64) -> Result<Option<Vec<u8>>, Stop> {
        let ticket = next(&mut self.tickets);
        let length = if self.is_wall { tcp_info::LONGEST } else { tcp_info::LENGTH };
        let call = Call::GetOption { fd, level: level as i32, name: name as i32, length };
        self.stimulate(step.line, Stimulus::Call { ticket, call })?;
        while self.advance(self.now)? {}
        let told = self.returned.remove(&ticket).filter(|(_, _, value)| value.value == 0);
        let Some((_, record, Return { data, .. })) = told else { return Ok(None) };
        self.trace.records[record].line = Some(step.line);
        Ok(Some(data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_fails_is_a_failure_of_the_script_unless_it_could_not_be_run() {
        let scenario = crate::script::parse("x", "0 `false`\n").expect("it parses");
        let why = |error: SettingError| of_setting(&scenario.steps[0], error).why;
        assert_eq!(why(SettingError::Failed("it ended with exit status: 1".to_owned())), Why::Mismatch);
        assert_eq!(why(SettingError::Impossible("not found".to_owned())), Why::Unsupported);
    }
}
