//! `--name=value` lines.

use std::net::IpAddr;
use std::ops::Range;

use super::{Problem, Result, Spanned, quote};
use crate::script::ast::ScriptOption;
use crate::script::lexer::{Defines, Lexer, Origin, unescape, word_length};
use crate::script::suggest::suggest;

/// What an option wants as its value.
#[derive(Clone, Copy, Debug)]
enum Wants {
    /// None.
    Nothing,
    /// Any text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Some of these words, separated by commas.
    Words(&'static [&'static str]),
    /// A whole number in this range.
    Number(u64, u64),
    /// A number of percent.
    Percent,
    /// An IP address.
    Address,
    /// An IP address, perhaps with the length of its prefix.
    Network,
    /// `NAME=value`
    Define,
}

const OPTIONS: [(&str, Wants); 46] = [
    ("ip_version", Wants::Word(&["ipv4", "ipv4-mapped-ipv6", "ipv6"])),
    ("local_ip", Wants::Address),
    ("remote_ip", Wants::Network),
    ("gateway_ip", Wants::Address),
    ("netmask_ip", Wants::Address),
    ("bind_port", Wants::Number(0, 65_535)),
    ("connect_port", Wants::Number(0, 65_535)),
    ("mtu", Wants::Number(68, 65_535)), // RFC 791, 3.2: every link carries that much,
    ("mss", Wants::Number(0, 65_535)),
    ("speed", Wants::Number(0, u32::MAX as u64)),
    ("tolerance_usecs", Wants::Number(1, u32::MAX as u64)),
    ("tolerance_percent", Wants::Percent),
    ("tcp_ts_tick_usecs", Wants::Number(0, u32::MAX as u64)),
    ("tcp_ts_ecr_scaled", Wants::Nothing),
    ("tcp_ts_ecr_compare", Wants::Nothing),
    ("strict_segments", Wants::Nothing),
    ("loose_segments", Wants::Nothing),
    ("non_fatal", Wants::Words(&["packet", "syscall"])),
    ("send_omit_free", Wants::Nothing),
    ("define", Wants::Define),
    ("init_scripts", Wants::Text),
    ("code_command", Wants::Text),
    ("code_format", Wants::Word(&["python"])),
    ("code_sockopt", Wants::Word(&["TCP_INFO", "TCP_CC_INFO", "SO_MEMINFO"])),
    ("is_anyip", Wants::Nothing),
    ("dry_run", Wants::Nothing),
    ("verbose", Wants::Nothing),
    ("debug", Wants::Nothing),
    ("so_filename", Wants::Text),
    ("so_flags", Wants::Text),
    ("wire_client", Wants::Nothing),
    ("wire_server", Wants::Nothing),
    ("wire_server_ip", Wants::Address),
    ("wire_server_at", Wants::Text),
    ("wire_server_port", Wants::Number(0, 65_535)),
    ("wire_client_dev", Wants::Text),
    ("wire_server_dev", Wants::Text),
    ("psp_udp_port", Wants::Number(0, 65_535)),
    ("help", Wants::Nothing),
    // FreeBSD's dialect
    ("udp_encapsulation", Wants::Word(&["tcp", "sctp"])),
    ("tcp_md5_secret", Wants::Text),
    ("no_cleanup", Wants::Nothing),
    ("tun_dev", Wants::Text),
    ("persistent_tun_dev", Wants::Nothing),
    ("local_linklocal_ip", Wants::Address),
    ("gateway_linklocal_ip", Wants::Address),
];

/// The option at which `lexer` stands, as written: its comments are the caller's business.
pub(super) fn option(lexer: &mut Lexer<'_>) -> Result<ScriptOption> {
    let start = lexer.offset();
    let length = 2 + word_length(&lexer.rest()[2..]);
    let name = &lexer.take(length)[2..];
    let span = start..lexer.offset();
    let Some((_, wants)) = OPTIONS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = OPTIONS.iter().map(|(known, _)| *known).collect();
        return Err(Problem::new(span, format!("unknown option {}", quote(&format!("--{name}"))))
            .label("unknown")
            .help(suggest(name, &known)));
    };
    let value = value(lexer)?;
    let name = Spanned::new(name.to_owned(), span.clone());
    match (wants, &value) {
        (Wants::Nothing, Some(value)) => {
            return Err(Problem::new(value.span.clone(), format!("the option `--{}` takes no value", name.value))
                .label("superfluous")
                .help(format!("write `--{}` alone", name.value)));
        }
        (Wants::Nothing, None) => {}
        (wants, None) => {
            return Err(Problem::new(span, format!("the option `--{}` lacks its value", name.value)).help(format!(
                "write `--{}={}`",
                name.value,
                placeholder(*wants)
            )));
        }
        (wants, Some(value)) => check(&name, *wants, value)?,
    }
    Ok(ScriptOption { comments: Vec::new(), name, value })
}

/// An option of the command line, `--name` and its value. It stands nowhere in the script.
pub(crate) fn override_of(name: &str, value: &str) -> Result<ScriptOption> {
    let wants = OPTIONS.iter().find(|(known, _)| Some(*known) == name.strip_prefix("--")).map(|(_, wants)| *wants);
    let text = match wants {
        Some(Wants::Nothing) if value.is_empty() => name.to_owned(),
        _ => format!("{name}={value}"),
    };
    let mut lexer = Lexer::new(&text, Defines::default());
    let mut option = option(&mut lexer).map_err(Problem::nowhere)?;
    option.name.span = 0..0;
    if let Some(value) = &mut option.value {
        value.span = 0..0;
    }
    Ok(option)
}

/// Whether the option of scripts, or of packetdrill's command line, has a value; `None`: it is none.
pub(crate) fn wants_value(name: &str) -> Option<bool> {
    OPTIONS.iter().find(|(known, _)| *known == name).map(|(_, wants)| !matches!(wants, Wants::Nothing))
}

/// Whether `option` is a define; if so it has been applied.
pub(super) fn define(lexer: &mut Lexer<'_>, option: &ScriptOption) -> Result<bool> {
    let Some(value) = option.value.as_ref().filter(|_| *option.name == "define") else { return Ok(false) };
    let (name, text) = value.split_once('=').unwrap_or((value, ""));
    lexer.defines.define(name.trim(), text.trim(), Origin::Script, &value.span)?;
    Ok(true)
}

/// `=` and what follows it.
fn value(lexer: &mut Lexer<'_>) -> Result<Option<Spanned<String>>> {
    let blanks = |text: &str| text.len() - text.trim_start_matches([' ', '\t']).len();
    let before = blanks(lexer.rest());
    if !lexer.rest()[before..].starts_with('=') {
        return Ok(None);
    }
    lexer.take(before + 1);
    lexer.take(blanks(lexer.rest()));
    let start = lexer.offset();
    let rest = lexer.rest();
    if let Some(inside) = rest.strip_prefix('"') {
        let end = closing(inside, b'"').ok_or_else(|| unclosed(start))?;
        let octets = unescape(&inside[..end], start + 1)?;
        lexer.take(end + 2);
        let span = start..lexer.offset();
        let text = String::from_utf8(octets)
            .map_err(|_| Problem::new(span.clone(), "the value of an option must be text (UTF-8)"))?;
        return Ok(Some(Spanned::new(text, span)));
    }
    let end = bare_length(rest).ok_or_else(|| unclosed(start))?;
    if end == 0 {
        return Ok(None);
    }
    let text = lexer.take(end).to_owned();
    Ok(Some(Spanned::new(text, start..lexer.offset())))
}

/// How long a value without quotes around it is; quotes within it protect blanks.
fn bare_length(rest: &str) -> Option<usize> {
    let octets = rest.as_bytes();
    let mut at = 0;
    while at < octets.len() {
        match octets[at] {
            b' ' | b'\t' | b'\r' | b'\n' => break,
            b'/' if matches!(octets.get(at + 1), Some(b'/' | b'*')) => break,
            delimiter @ (b'"' | b'`') => at += 2 + closing(&rest[at + 1..], delimiter)?,
            _ => at += 1,
        }
    }
    Some(at)
}

/// The offset of the `delimiter` that closes `inside`.
fn closing(inside: &str, delimiter: u8) -> Option<usize> {
    let mut octets = inside.bytes().enumerate();
    while let Some((at, octet)) = octets.next() {
        if octet == b'\\' {
            octets.next();
        } else if octet == delimiter {
            return Some(at);
        }
    }
    None
}

fn unclosed(start: usize) -> Problem {
    Problem::new(start..start + 1, "this quoted value is never closed").label("opened here")
}

fn placeholder(wants: Wants) -> &'static str {
    match wants {
        Wants::Nothing => "",
        Wants::Text => "TEXT",
        Wants::Word(words) => words[0],
        Wants::Words(_) => "packet",
        Wants::Number(..) => "NUMBER",
        Wants::Percent => "PERCENT",
        Wants::Address => "ADDRESS",
        Wants::Network => "ADDRESS/PREFIX",
        Wants::Define => "NAME=VALUE",
    }
}

fn check(name: &Spanned<String>, wants: Wants, value: &Spanned<String>) -> Result<()> {
    let help = match wants {
        Wants::Nothing => return Ok(()),
        Wants::Text if !value.is_empty() => return Ok(()),
        Wants::Text => "the value is empty".to_owned(),
        Wants::Word(words) if words.contains(&value.as_str()) => return Ok(()),
        Wants::Words(words) if value.split(',').all(|word| words.contains(&word.trim())) => return Ok(()),
        Wants::Word(words) => suggest(value, words),
        Wants::Words(words) => format!("known: {}, separated by commas", words.join(", ")),
        Wants::Number(least, most) => match whole(value) {
            Some(number) if (least..=most).contains(&number) => return Ok(()),
            _ => format!("a whole number from {least} to {most}"),
        },
        Wants::Percent => match value.parse::<f64>() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => return Ok(()),
            _ => "a number from 0 to 100".to_owned(),
        },
        Wants::Address if value.parse::<IpAddr>().is_ok() => return Ok(()),
        Wants::Address => "an IPv4 or IPv6 address".to_owned(),
        Wants::Network if is_network(value) => return Ok(()),
        Wants::Network => "an IPv4 or IPv6 address, perhaps with `/` and the length of its prefix".to_owned(),
        Wants::Define if value.split_once('=').is_some_and(|(name, _)| !name.trim().is_empty()) => return Ok(()),
        Wants::Define => "a define has the form `--define=NAME=value`".to_owned(),
    };
    Err(invalid(name, value, value.span.clone()).help(help))
}

fn invalid(name: &str, value: &str, span: Range<usize>) -> Problem {
    Problem::new(span, format!("{} is no value for the option `--{name}`", quote(value)))
}

fn whole(value: &str) -> Option<u64> {
    match value.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => value.parse().ok(),
    }
}

fn is_network(value: &str) -> bool {
    let (address, prefix) = value.split_once('/').map_or((value, None), |(address, prefix)| (address, Some(prefix)));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    prefix.is_none_or(|prefix| prefix.parse::<u8>().is_ok_and(|length| length <= longest))
}
