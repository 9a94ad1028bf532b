//! Code blocks: the assertions of `%{ assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd }%` (packetdrill language, 6).
//!
//! No interpreter is run. What scripts really write in Python is evaluated here: assertions with their messages,
//! assignments to names that all blocks of a script share, `if`, and expressions over numbers, texts and short lists.
//! There are no loops, so every block ends. Anything else makes the scenario unsupported, by name.

mod ast;
mod eval;
mod format;
mod names;
mod parse;
mod tokens;
mod value;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::posix::tcp_info;
use crate::script::ast::{Action, Scenario};

use self::ast::{Expr, Statement};
use self::eval::{Scope, Trouble};
use self::value::Value;
use super::Stop;

/// What a stack tells of the socket under test, in octets as Linux's `getsockopt` returns them, of any length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// `TCP_INFO`
    pub(super) tcp_info: Vec<u8>,
    /// `TCP_CC_INFO`
    pub(super) cc_info: Vec<u8>,
    /// `SO_MEMINFO`
    pub(super) meminfo: Vec<u8>,
}

/// A block that can be evaluated.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Code {
    statements: Vec<Statement>,
    /// Names that conditions and values read, messages aside.
    reads: BTreeSet<String>,
    /// Names that it assigns.
    assigns: BTreeSet<String>,
    /// How many assertions it has.
    assertions: usize,
}

/// The statements of a block, or what of it cannot be evaluated.
pub(super) fn prepare(text: &str) -> Result<Code, String> {
    let (statements, assertions) = parse::parse(text).map_err(unsupported)?;
    let (mut reads, mut assigns) = (BTreeSet::new(), BTreeSet::new());
    for statement in &statements {
        statement.names(&mut reads, &mut assigns);
    }
    Ok(Code { statements, reads, assigns, assertions })
}

fn unsupported(what: String) -> String {
    format!("a code block with {what}")
}

/// All blocks of a scenario, by where their steps begin. A name that neither the stack can tell nor any block has
/// assigned is found here, before the run.
pub(super) fn blocks(scenario: &Scenario) -> Result<BTreeMap<usize, Code>, Stop> {
    let (mut blocks, mut assigned) = (BTreeMap::new(), BTreeSet::new());
    for step in &scenario.steps {
        let Action::Code(text) = &step.action else { continue };
        let code = prepare(text).and_then(|code| code.check_names(&mut assigned).map(|()| code));
        let code = code.map_err(|what| Stop::unsupported_at(&step.span, what).of(step))?;
        blocks.insert(step.span.start, code);
    }
    Ok(blocks)
}

/// Stops at a block that reads a field of `tcp_info` that stays zero in front of in-process stacks.
pub(super) fn check_simulated(scenario: &Scenario, blocks: &BTreeMap<usize, Code>) -> Result<(), Stop> {
    for step in &scenario.steps {
        let fields = blocks.get(&step.span.start).into_iter().flat_map(Code::fields);
        if let Some(field) = fields.into_iter().find(|field| !tcp_info::is_simulated(field)) {
            let what = unsupported(format!("the name `tcpi_{field}`, which the stack does not tell"));
            return Err(Stop::unsupported_at(&step.span, what).of(step));
        }
    }
    Ok(())
}

impl Code {
    /// Whether it reads what `TCP_CC_INFO` tells.
    pub(super) fn needs_cc_info(&self) -> bool {
        self.reads.iter().any(|name| names::is_of_cc_info(name))
    }

    /// Whether it reads what `SO_MEMINFO` tells.
    pub(super) fn needs_meminfo(&self) -> bool {
        self.reads.iter().any(|name| names::is_of_meminfo(name))
    }

    /// The fields of `tcp_info` that it reads, without their `tcpi_`.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        self.reads.iter().filter(|name| !self.assigns.contains(*name)).filter_map(|name| names::field(name))
    }

    /// A name that nobody knows and that is nearly that of something, with that, where the blocks before it have
    /// `assigned` some names; its own are added.
    pub(super) fn misspelt(&self, assigned: &mut BTreeSet<String>) -> Option<String> {
        assigned.extend(self.assigns.iter().cloned());
        let unknown = self.reads.iter().filter(|name| !names::is_known(name) && !assigned.contains(*name));
        let hinted = unknown.map(|name| (name, names::hint(name))).find(|(_, hint)| !hint.is_empty());
        hinted.map(|(name, hint)| format!("`{name:.60}`{hint}"))
    }

    /// Whether all its names exist, where the blocks before it have `assigned` some; its own are added.
    fn check_names(&self, assigned: &mut BTreeSet<String>) -> Result<(), String> {
        assigned.extend(self.assigns.iter().cloned());
        match self.reads.iter().find(|name| !names::is_known(name) && !assigned.contains(*name)) {
            Some(name) => Err(unsupported(format!("the name `{name:.60}`{}", names::hint(name)))),
            None => Ok(()),
        }
    }
}

/// Why a block fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failing {
    pub(super) note: String,
    /// It is an assertion about nothing but spans of time: on a clock on the wall the machine may be to blame.
    pub(super) is_of_time: bool,
}

/// The variables of all blocks of a script.
#[derive(Clone, Debug, Default)]
pub(super) struct Namespace {
    variables: BTreeMap<String, Value>,
}

impl Namespace {
    /// Why a block fails: its first assertion that does not hold, or what Python would raise; `None` if it passes.
    /// `Err` is what cannot be evaluated.
    pub(super) fn judge(&mut self, code: &Code, facts: &Facts) -> Result<Option<Failing>, String> {
        self.variables.retain(|name, _| !names::is_known(name)); // what the stack tells is assigned anew
        match self.run(&code.statements, code, facts) {
            Ok(failure) => Ok(failure),
            Err(Trouble::Raises(why)) => {
                Ok(Some(Failing { note: format!("the block stops: {why}"), is_of_time: false }))
            }
            Err(Trouble::Unsupported(what)) => Err(unsupported(what)),
        }
    }

    fn run(&mut self, statements: &[Statement], code: &Code, facts: &Facts) -> Result<Option<Failing>, Trouble> {
        for statement in statements {
            let scope = Scope { variables: &self.variables, facts };
            match statement {
                Statement::Assert { number, condition, message } => {
                    if !scope.value(condition).map_err(|trouble| scope.explain(trouble, condition))?.is_true() {
                        let note = failure(*number, code.assertions, condition, message.as_ref(), &scope);
                        return Ok(Some(Failing { note, is_of_time: is_of_time(condition) }));
                    }
                }
                Statement::Assign { name, value } => {
                    let value = scope.value(value).map_err(|trouble| scope.explain(trouble, value))?;
                    self.variables.insert(name.clone(), value);
                }
                Statement::Value(expr) => {
                    scope.value(expr)?;
                }
                Statement::If { branches, otherwise } => {
                    let mut body = otherwise;
                    for (condition, branch) in branches {
                        if scope.value(condition)?.is_true() {
                            body = branch;
                            break;
                        }
                    }
                    if let Some(failure) = self.run(body, code, facts)? {
                        return Ok(Some(failure));
                    }
                }
            }
        }
        Ok(None)
    }
}

/// Whether all that a condition reads are times.
fn is_of_time(condition: &Expr) -> bool {
    let (mut times, mut others) = (0, 0);
    condition.each_name(&mut |name| *if names::is_time(name) { &mut times } else { &mut others } += 1);
    times > 0 && others == 0
}

/// The longest message that is shown, in characters.
const MESSAGE: usize = 200;

fn failure(number: usize, of: usize, condition: &Expr, message: Option<&Expr>, scope: &Scope<'_>) -> String {
    let which = if of > 1 { format!("assertion {number} of {of}") } else { "it".to_owned() };
    // a message that cannot be evaluated does not matter: the assertion has failed
    let message = message.and_then(|message| scope.value(message).ok()).map(|message| message.to_string());
    let message = message.filter(|message| !message.trim().is_empty()).map_or(String::new(), |message| {
        let shown: String = message.trim().chars().take(MESSAGE).collect();
        format!(": {}", shown.escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\""))
    });
    format!("{which} does not hold{message}{}", scope.values(condition))
}
