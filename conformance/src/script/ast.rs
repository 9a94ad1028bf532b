//! What a script says, as values.
//!
//! Everything that can turn out wrong at run time carries its [`Spanned::span`], so that a caret can
//! be put under it. Spans and line numbers do not take part in comparison: a scenario equals the
//! scenario that its printed form parses to.

mod call;
mod packet;

use std::ops::{Deref, Range};
use std::sync::Arc;
use std::time::Duration;

use crate::axes::Ip;
use crate::habits::HabitValue;
use crate::stack::Capability;

pub use call::{CallSpec, Cmsg, EpollData, Expr, IovecSpec, MsghdrSpec, ResultSpec, SockaddrSpec};
pub use packet::{
    AccEcn, AccEcnWords, Direction, Echoed, EcnSpec, Encapsulation, FlagsSpec, Gre, IcmpCode, IcmpSpec, IcmpType,
    IpInfo, MplsEntry, OptionSpec, OptionsSpec, PacketSpec, ResetReason, SeqKind, TcpSpec, TrafficClass, TransportSpec,
    UdpSpec,
};

/// Microseconds.
pub type Micros = u64;

/// A value and where in the source it stands.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Octets of [`Scenario::source`].
    pub span: Range<usize>,
}

impl<T> Spanned<T> {
    /// `value`, found at `span`.
    pub fn new(value: T, span: Range<usize>) -> Spanned<T> {
        Spanned { value, span }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Spanned<T>) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// One script file.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The name under which it was parsed: a path, or what stands for one.
    pub name: String,
    /// The whole text, as parsed; what spans index.
    pub source: Arc<str>,
    /// The defines of the command line that it was parsed with.
    pub defines: Vec<(String, String)>,
    /// What the comments at the top say.
    pub header: Header,
    /// The `--name=value` lines, without the defines: those have already been applied.
    pub options: Vec<ScriptOption>,
    /// Options of the command line: they win over those of the script.
    pub overrides: Vec<ScriptOption>,
    /// The shell command before the first step.
    pub init: Option<Shell>,
    /// The timed lines; at least one.
    pub steps: Vec<Step>,
    /// The shell command after the last step.
    pub cleanup: Option<Shell>,
    /// Comments after everything else.
    pub epilogue: Vec<String>,
    /// Where in the source words stand for which defines have put something else. There, and where conditions
    /// (`#ifdef`) have chosen, the printed form says less than the source.
    pub expansions: Vec<Range<usize>>,
}

impl PartialEq for Scenario {
    /// Whether both say the same, wherever they come from and however they are laid out.
    fn eq(&self, other: &Scenario) -> bool {
        self.header == other.header
            && self.options == other.options
            && self.init == other.init
            && self.steps == other.steps
            && self.cleanup == other.cleanup
            && self.epilogue == other.epilogue
    }
}

impl Scenario {
    /// The options that hold, from the weakest to the strongest: a later one wins over an earlier one.
    pub fn all_options(&self) -> impl DoubleEndedIterator<Item = &ScriptOption> + Clone {
        self.options.iter().chain(&self.overrides)
    }

    /// The family that it chooses by itself; `None`: it leaves that to the run.
    pub fn family(&self) -> Option<Ip> {
        own_family(self.all_options())
    }

    /// How long it lasts if everything comes when it says: the time of its last line.
    pub fn duration(&self) -> Duration {
        let end = |now: u64, step: &Step| {
            let at = match step.time.value {
                Time::Any => now,
                Time::Absolute(at) | Time::AbsoluteRange(_, at) => now.max(at),
                Time::Relative(span) | Time::RelativeRange(_, span) => now.saturating_add(span),
            };
            let blocks = match (&step.end, step.time.value) {
                (Some(end), Time::Absolute(_)) => end.value,
                (Some(end), _) => now.saturating_add(end.value),
                (None, _) => 0,
            };
            at.max(blocks)
        };
        Duration::from_micros(self.steps.iter().fold(0, end))
    }
}

/// The family that options choose: by `--ip_version`, else by an address of IPv6, for there is no other way to mean it.
pub(crate) fn own_family<'a>(options: impl DoubleEndedIterator<Item = &'a ScriptOption> + Clone) -> Option<Ip> {
    let values = |name: &'static str| {
        let named = options.clone().filter(move |option| option.name.value == name);
        named.filter_map(|option| option.value.as_ref())
    };
    if let Some(version) = values("ip_version").next_back() {
        return Some(Ip::named(&version.value).unwrap_or_default());
    }
    values("local_ip").chain(values("remote_ip")).any(|value| value.value.contains(':')).then_some(Ip::V6)
}

/// The comments at the top of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// What is tested: the lines up to the first blank or keyword line, as one line.
    pub sentence: String,
    /// `covers:` ids of requirements.
    pub covers: Vec<Spanned<String>>,
    /// `needs:` what the stack must be able to do.
    pub needs: Vec<Spanned<Capability>>,
    /// `with:` the habits that the stack is asked for; the later of two overrides the earlier.
    pub with: Vec<Spanned<HabitValue>>,
    /// All other lines.
    pub notes: Vec<String>,
}

/// `--name` or `--name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptOption {
    /// Comment lines before it.
    pub comments: Vec<String>,
    /// The name, without the dashes.
    pub name: Spanned<String>,
    /// The value, without quotes; valid for the option.
    pub value: Option<Spanned<String>>,
}

/// An untimed shell command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell {
    /// Comment lines before it.
    pub comments: Vec<String>,
    /// The text between the backquotes, unchanged.
    pub command: Spanned<String>,
}

/// One timed line.
#[derive(Clone, Debug)]
pub struct Step {
    /// From its time to its last token.
    pub span: Range<usize>,
    /// The line of its time, from 1.
    pub line: usize,
    /// When it happens.
    pub time: Spanned<Time>,
    /// When a blocking call returns, in microseconds from the same base as [`Step::time`].
    pub end: Option<Spanned<Micros>>,
    /// What happens.
    pub action: Action,
    /// The requirement that this step alone tests: `// covers: ID` at the end of its last line.
    pub clause: Option<Spanned<String>>,
    /// Comment lines before it, and those between its tokens.
    pub comments: Vec<String>,
    /// The comment at the end of its last line.
    pub trailing: Option<String>,
}

impl PartialEq for Step {
    /// Whether both say the same, wherever they stand.
    fn eq(&self, other: &Step) -> bool {
        self.time == other.time
            && self.end == other.end
            && self.action == other.action
            && self.clause == other.clause
            && self.comments == other.comments
            && self.trailing == other.trailing
    }
}

/// When a step happens; all in whole microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// `*`: whenever the packet comes. Outbound packets only.
    Any,
    /// `t`: since the start of the scenario.
    Absolute(Micros),
    /// `+t`: since the previous step.
    Relative(Micros),
    /// `a~b`: between two absolute times, both included. Outbound packets only.
    AbsoluteRange(Micros, Micros),
    /// `+a~+b`: between two relative times, both included. Outbound packets only.
    RelativeRange(Micros, Micros),
}

/// What happens in a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `<` or `>`
    Packet(Box<PacketSpec>),
    /// `name(...) = result`
    Call(Box<CallSpec>),
    /// A shell command: the text between the backquotes, unchanged.
    Shell(String),
    /// `%{ ... }%`: the text between, without blanks around it.
    Code(String),
    /// `silent`: until that time the stack sends nothing.
    Silent,
}
