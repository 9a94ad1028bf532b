//! What shell lines mean for a kernel in a throw-away network namespace.
//!
//! No shell is run: the text is split as `sh(1)` would split it, and each command that is known to configure the
//! namespace becomes a [`Setting`]. Commands that only look, and scripts that restore what the end of the namespace
//! drops anyway, mean nothing. Whatever else is in the text makes all of it not understood, by the part that is.

mod arithmetic;
mod defaults;
mod split;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::stack::setting::{LONGEST_PAUSE, Setting, place};

use self::split::{Command, Joined};

/// What a shell line asks for, in order; `Err` is the part of it that is not understood.
///
/// With `allow_shell` such a line becomes one [`Setting::Shell`] as a whole. A `defaults.sh` is read, if it is where
/// [`place`] says; the script lies in `folder`.
pub(in crate::runner) fn settings(
    text: &str,
    allow_shell: bool,
    folder: Option<&Path>,
) -> Result<Vec<Setting>, String> {
    match understood(text, folder) {
        // counters that a later line is going to ask about
        Ok(none) if allow_shell && none.is_empty() && text.contains("nstat") => {
            Ok(vec![Setting::Shell(text.to_owned())])
        }
        Err(_) if allow_shell => Ok(vec![Setting::Shell(text.to_owned())]),
        result => result,
    }
}

/// The most octets of a `defaults.sh`.
const MOST_OF_A_FILE: u64 = 1 << 16;

/// What the `defaults.sh` of a suite asks for: suites differ in it. If it is not there, or not understood, the usual settings
/// stand for it.
fn defaults(path: &str, folder: Option<&Path>) -> Vec<Setting> {
    let own = || {
        let path = place::file(path, Some(folder?));
        let mut text = String::new();
        // whoever opens a pipe waits for its other end
        let file = path.is_file().then(|| File::open(path).ok())??;
        file.take(MOST_OF_A_FILE).read_to_string(&mut text).ok()?;
        understood(&text, None).ok().filter(|settings| !settings.is_empty())
    };
    let optional = |settings: Vec<Setting>| settings.into_iter().map(optional).collect();
    own().map_or_else(defaults::settings, optional)
}

fn understood(text: &str, folder: Option<&Path>) -> Result<Vec<Setting>, String> {
    let mut all = Vec::new();
    let lists = split::lists(text)?;
    let last = lists.len().saturating_sub(1);
    for (at, list) in lists.into_iter().enumerate() {
        let Joined { commands, may_fail } = list;
        // a shell goes on behind a command that failed, and what counts in the end is the last
        let may_fail = may_fail || at < last;
        for command in commands {
            if let ["exit"] | ["exit", "0"] = command.strs()[..] {
                return Ok(all);
            }
            let asked = meaning(&command, folder).ok_or_else(|| command.text.clone())?;
            all.extend(asked.into_iter().map(|setting| if may_fail { optional(setting) } else { setting }));
        }
    }
    Ok(all)
}

fn optional(setting: Setting) -> Setting {
    if setting.is_optional() { setting } else { Setting::Optional(Box::new(setting)) }
}

/// What one command asks for; `None`: it is not understood.
fn meaning(command: &Command, folder: Option<&Path>) -> Option<Vec<Setting>> {
    let words = command.strs();
    let words = match words.as_slice() {
        ["sudo" | "sh" | "bash" | "." | "source" | "python" | "python3", rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    let (path, rest) = words.split_first()?;
    if let Some(file) = &command.output {
        return match (*path, rest) {
            ("echo", ["-n", value] | [value]) | ("printf", [value]) if !value.contains(['%', '\\']) => {
                Some(vec![Setting::sysctl(proc_sys(file)?, value).ok()?])
            }
            _ => None,
        };
    }
    let nothing = Some(Vec::new());
    match (path.rsplit('/').next()?, rest) {
        ("defaults.sh", []) => Some(defaults(path, folder)),
        ("set_sysctls.py", settings @ [_, ..]) => assignments(settings, false),
        ("sysctl", rest) => sysctl(rest),
        (name, []) if is_restoring(path, name) => nothing,
        ("ip", words) => Some(vec![Setting::ip(words).ok()?]),
        ("tc", words) => Some(vec![Setting::tc(words).ok()?]),
        ("ethtool", words) => Some(vec![Setting::ethtool(words).ok()?]),
        ("ifconfig", words) => ifconfig(words),
        ("sleep", [span]) => Some(vec![Setting::Pause(pause(span)?)]),
        ("usleep", [micros]) if micros.len() < 7 => Some(vec![Setting::Pause(micros.parse().ok()?)]),
        ("rm", ["-f", file] | [file]) if file.rsplit('/').next().is_some_and(|name| is_restoring(file, name)) => {
            nothing
        }
        ("true" | ":" | "echo" | "nstat" | "netstat" | "uname" | "date" | "pwd", _) => nothing,
        ("ss", words) if !words.iter().any(|word| word.starts_with("--k") || is_option(word, 'K')) => nothing,
        ("cat", files) if files.iter().all(|file| is_harmless(file)) => nothing,
        ("cd", ["." | "./"]) => nothing,
        ("set", ["-e" | "-x" | "-u" | "-ex" | "+e" | "+x"]) => nothing,
        // what is not built in is loaded by the machine's root, not in a namespace
        ("modprobe", [_, ..]) => nothing,
        _ => None,
    }
}

fn is_option(word: &str, letter: char) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.contains(letter)
}

/// Files of the kernel that say something when they are read.
fn is_harmless(file: &str) -> bool {
    let inside = ["/proc/net/", "/proc/sys/net/"].iter().any(|folder| file.starts_with(folder));
    file == "/dev/null" || inside && !file.contains("..")
}

/// What `set_sysctls.py` leaves behind to undo its settings.
fn is_restoring(path: &str, name: &str) -> bool {
    let own = ["sysctl_restore_${PPID}.sh", "sysctl_restore_$PPID.sh", "sysctl_restore_${PACKETDRILL_PID}.sh"];
    path.starts_with("/tmp/") && own.contains(&name) || path == "sysctl_restore_${PPID}.sh"
}

fn proc_sys(file: &str) -> Option<&str> {
    file.starts_with("/proc/sys/").then_some(file)
}

/// `sysctl(8)`: settings are `NAME=VALUE`; a name alone is only shown, which changes nothing.
fn sysctl(words: &[&str]) -> Option<Vec<Setting>> {
    let (mut tolerant, mut rest) = (false, words);
    while let [option, after @ ..] = rest
        && option.starts_with('-')
    {
        match *option {
            "--write" | "--quiet" | "--values" => {}
            "--ignore" => tolerant = true,
            long if long.starts_with("--") => return None,
            // write, quiet, names, values, ignore: those that read files (p, f) or everything (a) are not here
            short if short.len() > 1 && short.chars().skip(1).all(|c| "wqnNebh".contains(c)) => {
                tolerant |= short.contains('e');
            }
            _ => return None,
        }
        rest = after;
    }
    let settings: Vec<&str> = rest.iter().copied().filter(|word| word.contains('=')).collect();
    let names = rest.iter().filter(|word| !word.contains('='));
    for name in names {
        Setting::sysctl(name, "").ok()?;
    }
    (!rest.is_empty()).then(|| assignments(&settings, tolerant))?
}

fn assignments(settings: &[&str], tolerant: bool) -> Option<Vec<Setting>> {
    let mut all = Vec::new();
    for text in settings {
        let (name, value) = text.split_once('=')?;
        if value.trim().is_empty() {
            return None;
        }
        let setting = Setting::sysctl(name, value).ok()?;
        all.push(if tolerant { optional(setting) } else { setting });
    }
    Some(all)
}

/// The forms of `ifconfig(8)` that scripts use, in terms of `ip(8)`.
fn ifconfig(words: &[&str]) -> Option<Vec<Setting>> {
    let (device, mut rest) = words.split_first()?;
    let mut all = Vec::new();
    while let Some((word, after)) = rest.split_first() {
        let (told, after) = match (*word, after) {
            (switch @ ("up" | "down"), after) => (vec!["link", "set", "dev", device, switch], after),
            (name @ ("mtu" | "txqueuelen"), [number, after @ ..]) => {
                number.bytes().all(|octet| octet.is_ascii_digit()).then_some(())?;
                (vec!["link", "set", "dev", device, name, number], after)
            }
            ("inet6", ["add", address, after @ ..]) => (vec!["-6", "address", "add", address, "dev", device], after),
            ("inet6", ["del", address, after @ ..]) => (vec!["-6", "address", "delete", address, "dev", device], after),
            _ => return None,
        };
        all.push(Setting::ip(&told).ok()?);
        rest = after;
    }
    Some(all)
}

/// A span in seconds, or with a unit of `sleep(1)`, in microseconds.
fn pause(text: &str) -> Option<u64> {
    let (number, unit) = match text.strip_suffix('m') {
        Some(minutes) => (minutes, 60.0),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let plain = number.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.');
    let seconds = number.parse::<f64>().ok().filter(|_| plain)? * unit;
    (seconds <= LONGEST_PAUSE.as_secs_f64()).then_some((seconds * 1e6) as u64)
}
