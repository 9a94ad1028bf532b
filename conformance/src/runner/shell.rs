//! Shell lines of scripts that were written for a kernel: what they set becomes habits.
//!
//! No shell is ever run. Scripts for Linux and FreeBSD configure the stack in backquotes before they
//! test it; the lines whose meaning is documented (`ip-sysctl`, `tcp(4)`, `ip-route(8)`) are translated
//! into the habits that they ask for. Only the plain forms are understood, by exact names and values;
//! any other line makes the scenario `unsupported`, by name.

mod freebsd;
mod linux;
mod settings;
mod sysctl;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::habits::HabitValue;
use crate::script::ast::{Action, Scenario, Spanned, Step};

use super::Stop;
use crate::stack::setting::{Setting, first_line, place};

#[allow(unused_imports)] // for stacks that are kernels
pub(super) use self::settings::settings;

#[cfg(all(test, target_os = "linux"))]
pub(crate) use self::sysctl::setting as setting_habits;

/// What the shell lines of a scenario ask of a live kernel.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Before the first step, with the places of the lines that ask.
    pub(super) before: Vec<(Setting, Range<usize>)>,
    /// At steps, by where they begin.
    timed: BTreeMap<usize, Vec<Setting>>,
    folder: PathBuf,
}

impl Lines {
    /// All of them, or the first that is not understood. What cleans up is not needed: the namespace ends.
    pub(super) fn new(scenario: &Scenario, allow_shell: bool) -> Result<Lines, Stop> {
        let folder = Path::new(&scenario.name).parent().unwrap_or(Path::new("")).to_owned();
        let understood = |text: &str, span: &Range<usize>| {
            settings::settings(text, allow_shell, Some(&folder)).map_err(|part| {
                let what = format!("{}; --allow-shell runs it", refused(text, &part));
                Stop::unsupported_at(span, what)
            })
        };
        let mut before: Vec<_> = speed(scenario).into_iter().collect();
        let mut lines = init_scripts(scenario, &folder, allow_shell)?;
        lines.extend(scenario.init.as_ref().map(|init| (init.command.value.clone(), init.command.span.clone())));
        for (text, span) in lines {
            before.extend(understood(&text, &span)?.into_iter().map(|setting| (setting, span.clone())));
        }
        let mut timed = BTreeMap::new();
        for step in &scenario.steps {
            if let Action::Shell(text) = &step.action {
                let settings = understood(text, &step.span).map_err(|stop| stop.of(step))?;
                timed.insert(step.span.start, settings);
            }
        }
        if let Some(cleanup) = &scenario.cleanup {
            understood(&cleanup.command.value, &cleanup.command.span)?;
        }
        Ok(Lines { before, timed, folder })
    }

    /// What the line of this step asks for.
    pub(super) fn at(&self, step: &Step) -> &[Setting] {
        self.timed.get(&step.span.start).map_or(&[], Vec::as_slice)
    }

    /// Where the script lies.
    pub(super) fn folder(&self) -> Option<&Path> {
        (!self.folder.as_os_str().is_empty()).then_some(&self.folder)
    }
}

/// `--speed`: what the device says of itself, as `ethtool(8)` tells it. Nothing depends on it but what asks.
fn speed(scenario: &Scenario) -> Option<(Setting, Range<usize>)> {
    let option = scenario.all_options().rfind(|option| option.name.value == "speed")?;
    let speed = option.value.as_ref().filter(|speed| speed.value != "0")?;
    let words = ["-s", "tun0", "speed", &speed.value, "autoneg", "off"];
    let setting = Setting::ethtool(&words).ok()?;
    Some((Setting::Optional(Box::new(setting)), option.name.span.clone()))
}

/// The most octets of a file of `--init_scripts`.
const MOST_OF_A_FILE: u64 = 1 << 16;

/// What the files of `--init_scripts=a,b` ask for, as lines for a shell, with the place of the option: the usual ones by
/// their names, others by what is in them. A shell that may run runs the file.
fn init_scripts(scenario: &Scenario, folder: &Path, is_run: bool) -> Result<Vec<(String, Range<usize>)>, Stop> {
    let Some(option) = scenario.all_options().rfind(|option| option.name.value == "init_scripts") else {
        return Ok(Vec::new());
    };
    let names = option.value.as_ref().map_or("", |value| &value.value).split(',').map(str::trim);
    let text = |name: &str| {
        if is_run || settings::settings(name, false, Some(folder)).is_ok() {
            return Ok(format!("sh {name}"));
        }
        let path = place::file(name, Some(folder));
        let mut text = String::new();
        let broken = |error: io::Error| {
            Stop::broken_at(&option.name.span, format!("--init_scripts: {}: {error}", path.display()))
        };
        // whoever opens a pipe waits for its other end
        if path.exists() && !path.is_file() {
            return Err(broken(io::Error::other("it is no file")));
        }
        let file = File::open(&path).and_then(|file| file.take(MOST_OF_A_FILE).read_to_string(&mut text));
        file.map(|_| text).map_err(broken)
    };
    names.filter(|name| !name.is_empty()).map(|name| Ok((text(name)?, option.name.span.clone()))).collect()
}

/// The habits that a scenario's shell lines ask for, with the places of the lines.
///
/// A stack gets its habits before it starts: lines before the first packet and call count, those
/// behind the last one only clean up. One in between would change a running stack, which is not
/// possible here, unless it sets what is set already.
pub(super) fn habits(scenario: &Scenario) -> Result<Vec<Spanned<HabitValue>>, Stop> {
    let is_shell = |step: &Step| matches!(step.action, Action::Shell(_));
    let steps = &scenario.steps;
    let first = steps.iter().position(|step| !is_shell(step)).unwrap_or(steps.len());
    let last = steps.iter().rposition(|step| !is_shell(step)).map_or(first, |at| at + 1);
    let mut asked = Vec::new();
    let folder = Path::new(&scenario.name).parent().unwrap_or(Path::new(""));
    for (text, span) in init_scripts(scenario, folder, false)? {
        asked.extend(located(&text, &span)?);
    }
    if let Some(init) = &scenario.init {
        asked.extend(located(&init.command.value, &init.command.span)?);
    }
    for (at, step) in steps.iter().enumerate() {
        let Action::Shell(text) = &step.action else { continue };
        let new = located(text, &step.span).map_err(|stop| stop.of(step))?;
        if at < first {
            asked.extend(new);
        } else if at < last
            && let Some(changed) = new.iter().find(|habit| !is_set(&asked, &habit.value))
        {
            let what = format!("{} while the stack is running", refused(text, &changed.value.to_string()));
            return Err(Stop::unsupported_at(&step.span, what).of(step));
        }
    }
    if let Some(cleanup) = &scenario.cleanup {
        located(&cleanup.command.value, &cleanup.command.span)?;
    }
    Ok(asked)
}

fn is_set(asked: &[Spanned<HabitValue>], habit: &HabitValue) -> bool {
    asked.iter().rev().find(|own| own.value.name() == habit.name()).is_some_and(|own| own.value == *habit)
}

fn located(text: &str, span: &Range<usize>) -> Result<Vec<Spanned<HabitValue>>, Stop> {
    match translate(text) {
        Ok(habits) => Ok(habits.into_iter().map(|habit| Spanned::new(habit, span.clone())).collect()),
        Err(part) => Err(Stop::unsupported_at(span, refused(text, &part))),
    }
}

/// What is not executed: the line, and the part of it that nobody understands.
fn refused(text: &str, part: &str) -> String {
    let line = first_line(text);
    if part == text.trim() || line.contains(part) && line.len() < part.len() + 8 {
        format!("the shell command `{line}`")
    } else {
        format!("the shell command `{line}` (`{}`)", first_line(part))
    }
}

/// The habits that all commands of a shell line ask for, or the first command that is not understood.
pub(super) fn translate(text: &str) -> Result<Vec<HabitValue>, String> {
    let mut habits = Vec::new();
    for line in text.split(['\n', ';']).flat_map(|line| line.split("&&")) {
        let line = line.trim();
        // what was set is gone with the stack: nothing needs to be restored
        if line.is_empty() || line.starts_with('#') || line == "/tmp/sysctl_restore_${PPID}.sh" {
            continue;
        }
        let asked = words(line).and_then(|words| command(&words)).ok_or_else(|| line.to_owned())?;
        for text in asked {
            habits.push(HabitValue::parse(&text).map_err(|_| line.to_owned())?);
        }
    }
    Ok(habits)
}

/// The words of a command. `None`: it uses more of the shell than words, quotes and a muted output.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ' | '\t' | '\r') => words.extend(word.take()),
            (None, '|' | '<' | '(' | ')' | '`' | '*' | '?' | '\\') | (Some('"') | None, '$') => return None,
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word.take());
    let muted = [">/dev/null", "2>/dev/null", "2>&1", "&>/dev/null"];
    while words.last().is_some_and(|last| muted.contains(&last.as_str())) {
        words.pop();
    }
    if words.ends_with(&[">".to_owned(), "/dev/null".to_owned()]) {
        words.truncate(words.len() - 2);
    }
    (quote.is_none() && !words.is_empty()).then_some(words)
}

/// `NAME=VALUE` of the habits that one command asks for; `None`: it is not understood.
fn command(words: &[String]) -> Option<Vec<String>> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (program, rest) = match words.as_slice() {
        ["sh" | "bash", program, rest @ ..] => (*program, rest),
        [program, rest @ ..] => (*program, rest),
        [] => return None,
    };
    match (program.rsplit('/').next()?, rest) {
        // the settings that Linux documents as its defaults
        ("defaults.sh", []) => Some(vec!["like=linux".to_owned()]),
        ("set_sysctls.py", settings @ [_, ..]) => sysctl::settings(settings),
        ("sysctl", rest) => {
            let settings = rest.iter().position(|word| !matches!(*word, "-w" | "-q" | "-qw" | "-wq"))?;
            sysctl::settings(&rest[settings..])
        }
        ("echo", [value, ">", path]) => sysctl::setting(path, value),
        ("kldload", ["-n" | "-nq" | "-qn", module]) => {
            ["tcp_rack", "cc_newreno", "cc_cubic"].contains(module).then(Vec::new)
        }
        // nothing leaves in bulk, and nothing waits in a queue, where there is no device
        ("tc", ["qdisc", "add" | "replace", "dev", _, "root", "fq" | "pfifo" | "pfifo_fast"]) => Some(Vec::new()),
        ("ethtool", ["-K", _, switches @ ..]) => linux::offload(switches),
        ("ip", ["route", "add" | "change" | "replace", route @ ..]) => linux::route(route),
        ("ip", ["tcp_metrics", "flush"] | ["tcp_metrics", "flush", "all"]) => Some(Vec::new()),
        _ => None,
    }
}
