//! The arguments of every command.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use clap::{ArgAction, Args, Parser, Subcommand};
use wirelaw_reference::seq::Seq;

use super::http::HttpCommand;
use super::record::RecordArguments;
use crate::axes::{Axes, Ip};
use crate::habits::HabitValue;
use crate::script;

/// Conformance scenarios for TCP stacks, judged by RFC clause in virtual time.
///
/// Without a command: runs every scenario of fixtures/scripts on every in-process stack.
///
/// Exit status: 0 as expected, 1 an unexpected verdict, 2 the harness failed or was asked for nonsense.
#[derive(Debug, Parser)]
#[command(name = "wirelaw", version)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run scenarios on stacks and report what became of them.
    Run(RunArguments),
    /// Parse scripts, look up the ids they cover and the names they use, and show what is wrong; exit status 1 if anything is.
    Check(CheckArguments),
    /// Put scripts into canonical form, in place; one that is wrong is left alone, with exit status 1.
    Fmt(FormatArguments),
    /// List scenarios with what they test and cover, and the stacks.
    List(ListArguments),
    /// Show a requirement or a clause, and the scenarios that cover it.
    Explain(ExplainArguments),
    /// Make a script of a capture: what one connection did, so that it can be asked of a stack again.
    Record(RecordArguments),
    /// HTTP/1.x: read messages; judge servers, proxies and clients.
    #[command(subcommand)]
    Http(HttpCommand),
    /// Linux kernels in virtual time: build them, run programs in them.
    #[cfg(target_os = "linux")]
    #[command(subcommand)]
    Kernel(super::kernel::KernelCommand),
}

impl Default for Command {
    fn default() -> Command {
        Command::Run(RunArguments::default())
    }
}

#[derive(Debug, Default, Args)]
pub(super) struct RunArguments {
    /// Script files, or folders with .pkt files, from anywhere; fixtures/scripts if there is none.
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Only on this stack; may be repeated. `wirelaw list` names them.
    #[arg(long = "stack", value_name = "NAME")]
    pub(super) stacks: Vec<String>,
    /// Write the report as JSON. A run without PATH writes target/wirelaw/report.json.
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// Write the report as JUnit XML. A run without PATH writes target/wirelaw/junit.xml.
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Write a capture of every run, in pcapng, below this folder.
    #[arg(long, value_name = "DIR")]
    pub(super) pcap: Option<PathBuf>,
    /// The initial sequence number of both sides: a number, or `sweep` for the six that are hardest.
    #[arg(long, value_name = "N|sweep", value_parser = isn)]
    pub(super) isn: Option<Isn>,
    /// The address family: 4, 6, mapped (sockets of IPv6 that speak IPv4), or all, with the addresses and the link that
    /// packetdrill's suites are run with. May be repeated, or given as 4,6. 4 if none is given. A script that names a
    /// family runs in that one alone.
    #[arg(long = "ip", value_name = "4|6|mapped|all", value_parser = ip, value_delimiter = ',')]
    pub(super) ips: Vec<Families>,
    /// Where all randomness comes from; equal seeds give equal runs.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
    /// Define a word for every script; may be repeated.
    #[arg(long = "define", short = 'D', value_name = "NAME=VALUE", value_parser = define)]
    pub(super) defines: Vec<(String, String)>,
    /// Set an option for every script, as `--NAME=VALUE` in it does but stronger; may be repeated. Packetdrill's own
    /// spelling, such as `--ip_version=ipv6` or `--local_ip=192.168.0.1`, does the same.
    #[arg(long = "option", value_name = "NAME[=VALUE]", value_parser = option)]
    pub(super) options: Vec<(String, String)>,
    /// Ask every stack for this habit; may be repeated. `wirelaw list --habits` shows them all.
    #[arg(long = "with", value_name = "NAME=VALUE", value_parser = habit)]
    pub(super) with: Vec<HabitValue>,
    /// On a live kernel: scenarios that take longer are unsupported; 180 if not given.
    #[arg(long, value_name = "SECONDS")]
    pub(super) longest: Option<u64>,
    /// On a live kernel: gives shell lines that wirelaw does not understand to /bin/sh, in the script's folder.
    #[arg(long)]
    pub(super) allow_shell: bool,
    /// Runs at once; as many as there are processors if not given, and four times as many on a live kernel, where they
    /// mostly sleep.
    #[arg(long, short, value_name = "N")]
    pub(super) jobs: Option<NonZeroUsize>,
    /// Failures and totals only.
    #[arg(long, short, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Every scenario, known deviations in full, requirements by RFC.
    #[arg(long, short, action = ArgAction::SetTrue)]
    pub(super) verbose: bool,
}

impl RunArguments {
    /// Every combination of address family and initial sequence number that was asked for.
    pub(super) fn axes(&self) -> Vec<Axes> {
        let mut ips =
            if self.ips.is_empty() { vec![Ip::V4] } else { self.ips.iter().flat_map(|ips| &ips.0).copied().collect() };
        ips.sort();
        ips.dedup();
        let isns = match self.isn {
            None => vec![None],
            Some(Isn::One(isn)) => vec![Some(isn)],
            Some(Isn::Sweep) => Axes::SWEEP.map(Some).to_vec(),
        };
        let with = |ip| {
            isns.iter().map(move |isn| Axes {
                ip,
                isn: *isn,
                seed: self.seed,
                with: self.with.clone(),
                longest: self.longest.unwrap_or(Axes::LONGEST),
                allow_shell: self.allow_shell,
            })
        };
        ips.into_iter().flat_map(with).collect()
    }

    /// What the command line says of every script: words, and options with `--` in front of their names.
    pub(super) fn words(&self) -> Vec<(String, String)> {
        [&self.defines[..], &self.options[..]].concat()
    }

    /// How many threads shall run, on a live kernel or not; more than a thousand would only cost memory.
    pub(super) fn jobs(&self, is_live: bool) -> NonZeroUsize {
        const MOST: NonZeroUsize = NonZeroUsize::new(1000).expect("1000 is not 0");
        const SLEEPERS: NonZeroUsize = NonZeroUsize::new(4).expect("4 is not 0");
        let processors = || thread::available_parallelism().ok();
        let usual = || processors().map(|count| if is_live { count.saturating_mul(SLEEPERS) } else { count });
        self.jobs.or_else(usual).map_or(NonZeroUsize::MIN, |jobs| jobs.min(MOST))
    }
}

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// Script files and cases for HTTP, or folders with .pkt and .http files.
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,
    /// Define a word for every script; may be repeated.
    #[arg(long = "define", short = 'D', value_name = "NAME=VALUE", value_parser = define)]
    pub(super) defines: Vec<(String, String)>,
}

#[derive(Debug, Args)]
pub(super) struct FormatArguments {
    /// Script files, or folders with .pkt files.
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,
    /// Change nothing; list the scripts that would change, with exit status 1 if there is one.
    #[arg(long)]
    pub(super) check: bool,
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// Script files, or folders with .pkt files; fixtures/scripts if there is none.
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Instead: the habits that `// with:` and `--with` know, with their values.
    #[arg(long, conflicts_with = "paths")]
    pub(super) habits: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// Such as MUST-10, 6298-5.5-BACKOFF or rfc9293-3.10.7.4-2; or a habit, such as nagle.
    #[arg(value_name = "ID")]
    pub(super) id: String,
}

/// What one value of `--ip` asks for.
#[derive(Clone, Debug)]
pub(super) struct Families(Vec<Ip>);

/// What `--isn` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Isn {
    /// This number.
    One(Seq),
    /// Each of [`Axes::SWEEP`].
    Sweep,
}

fn isn(text: &str) -> Result<Isn, String> {
    if text == "sweep" {
        return Ok(Isn::Sweep);
    }
    let number = text.strip_prefix("0x").map_or_else(|| text.parse(), |digits| u32::from_str_radix(digits, 16));
    number.map(|isn| Isn::One(Seq(isn))).map_err(|_| "give a number from 0 to 4294967295, or `sweep`".to_owned())
}

fn ip(text: &str) -> Result<Families, String> {
    let ips = match text {
        "4" => vec![Ip::V4],
        "6" => vec![Ip::V6],
        "mapped" => vec![Ip::Mapped],
        "all" => Ip::ALL.to_vec(),
        _ => return Err("give 4, 6, mapped or all".to_owned()),
    };
    Ok(Families(ips))
}

fn habit(text: &str) -> Result<HabitValue, String> {
    HabitValue::parse(text).map_err(|wrong| format!("{}; {}", wrong.message, wrong.help))
}

fn option(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let name = format!("--{}", name.trim_start_matches('-'));
    script::check_option(&name, value)?;
    Ok((name, value.to_owned()))
}

/// Options of `run` in packetdrill's spelling become `--option`s, unless they are ours, too. The value of one may be the next
/// argument, as `getopt_long(3)` takes it.
pub(super) fn as_options(arguments: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    const OURS: [&str; 3] = ["define", "verbose", "help"];
    let mut arguments = arguments.peekable();
    let (mut count, mut is_run) = (0, false);
    std::iter::from_fn(move || {
        let argument = arguments.next()?;
        count += 1;
        // only there they mean something, and others pass arguments on to programs
        is_run |= count == 2 && argument == "run";
        if !is_run {
            return Some(argument);
        }
        let Some(option) = argument.to_str().and_then(|text| text.strip_prefix("--")) else { return Some(argument) };
        let (name, has_value) = option.split_once('=').map_or((option, false), |(name, _)| (name, true));
        let Some(wants_value) = script::wants_value(name).filter(|_| !OURS.contains(&name)) else {
            return Some(argument);
        };
        let mut spelt = OsString::from(format!("--option={option}"));
        let is_value = |next: &OsString| !next.as_encoded_bytes().starts_with(b"-");
        if wants_value
            && !has_value
            && let Some(value) = arguments.next_if(is_value)
        {
            spelt.push("=");
            spelt.push(value);
        }
        Some(spelt)
    })
}

fn define(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("give NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn run(arguments: &[&str]) -> RunArguments {
        let all = ["wirelaw", "run"].iter().chain(arguments);
        match Arguments::try_parse_from(all).expect("they are valid").command {
            Some(Command::Run(arguments)) => arguments,
            other => panic!("not a run: {other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn no_arguments_are_a_plain_run() {
        let none = Arguments::try_parse_from(["wirelaw"]).expect("they are valid");
        let Some(Command::Run(default)) = none.command.or_else(|| Some(Command::default())) else {
            panic!("not a run")
        };
        assert_eq!(format!("{default:?}"), format!("{:?}", run(&[])));
        assert_eq!(default.axes(), [Axes::default()]);
    }

    #[test]
    fn axes_are_every_combination() {
        assert_eq!(run(&["--isn", "sweep", "--ip", "6", "--ip", "4", "--ip", "6"]).axes().len(), 12);
        let axes = run(&["--isn", "0xffffffff", "--ip", "6", "--seed", "9"]).axes();
        assert_eq!(axes, [Axes { ip: Ip::V6, isn: Some(Seq(u32::MAX)), seed: 9, with: Vec::new(), ..Axes::default() }]);
        assert_eq!(run(&["--ip", "6,4"]).axes(), run(&["--ip", "4", "--ip", "6"]).axes());
        assert_eq!(run(&["--ip", "all"]).axes(), run(&["--ip", "mapped,4,6"]).axes());
        assert_eq!(run(&["--ip", "all"]).axes().len(), 3);
        let axes = run(&["--with", "nagle=off", "--with", "msl=1s"]).axes();
        assert_eq!(axes.iter().map(ToString::to_string).collect::<Vec<_>>(), ["nagle=off msl=1s"]);
        let axes = run(&["--longest", "7", "--allow-shell"]).axes();
        assert_eq!(axes, [Axes { longest: 7, allow_shell: true, ..Axes::default() }]);
    }

    #[test]
    fn nonsense_is_refused() {
        for nonsense in [
            ["--isn", "4294967296"],
            ["--isn", "-1"],
            ["--ip", "5"],
            ["--jobs", "0"],
            ["--define", "=1"],
            ["--define", "x"],
            ["--with", "nagle"],
            ["--with", "nagel=on"],
            ["--with", "msl=on"],
            ["--quiet", "--verbose"],
        ] {
            assert!(Arguments::try_parse_from(["wirelaw", "run"].iter().chain(&nonsense)).is_err(), "{nonsense:?}");
        }
    }

    #[test]
    fn packetdrill_spells_options_its_own_way() {
        let given =
            ["wirelaw", "run", "--ip_version=ipv6", "--strict_segments", "-D", "A=B", "--define=C=D", "--verbose"];
        let arguments = Arguments::parse_from(as_options(given.into_iter().map(OsString::from)));
        let Some(Command::Run(run)) = arguments.command else { panic!() };
        let words: Vec<String> = run.words().iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(words, ["A=B", "C=D", "--ip_version=ipv6", "--strict_segments="]);
        assert!(run.verbose && run.stacks.is_empty());
        let given =
            ["wirelaw", "run", "--mtu", "1400", "--non_fatal", "packet", "--dry_run", "a.pkt", "--speed", "--quiet"];
        let spelt: Vec<OsString> = as_options(given.into_iter().map(OsString::from)).collect();
        let expected =
            ["wirelaw", "run", "--option=mtu=1400", "--option=non_fatal=packet", "--option=dry_run", "a.pkt"];
        assert_eq!(spelt[..6], expected);
        assert_eq!(spelt[6..], ["--option=speed", "--quiet"], "an option is no value");
        let other = ["wirelaw", "kernel", "exec", "run", "--mtu", "1400", "--debug"];
        let same: Vec<OsString> = as_options(other.into_iter().map(OsString::from)).collect();
        assert_eq!(same, other, "a program's own");
        assert_eq!(option("--no_such=1").map_err(|error| error.contains("no_such")), Err(true));
        assert!(option("ip_version=ipv5").is_err());
    }
}
