//! `wirelaw fmt`: scripts in canonical form, in place.

use std::fs;
use std::path::Path;

use super::arguments::FormatArguments;
use super::{CliError, terminal};
use crate::report::text::diagnostic;
use crate::script::{Scenario, parse};
use crate::suite::discover;

/// Formats every script, or only lists those that would change; 1 if one cannot be formatted, or would change.
pub(super) fn format(arguments: &FormatArguments) -> Result<u8, CliError> {
    let entries = discover(&arguments.paths, None, &[])?;
    let (mut changed, mut left) = (0_usize, 0_usize);
    for entry in &entries {
        let path = entry.path.display();
        let scenario = match &entry.scenario {
            Ok(scenario) => scenario,
            Err(error) => {
                left += 1;
                terminal::complain(&format!("{}\n", diagnostic(&**error, terminal::color_of_errors())));
                continue;
            }
        };
        match formatted(scenario).and_then(|text| is_utf8(&entry.path).then_some(text).ok_or(NOT_UTF8)) {
            Err(why) => {
                left += 1;
                terminal::complain(&format!("{path}: left as it is: {why}\n"));
            }
            Ok(text) if *text == *scenario.source => {}
            Ok(text) => {
                changed += 1;
                if arguments.check {
                    terminal::say(&format!("{path}\n"))?;
                } else {
                    write(&entry.path, &text)?;
                }
            }
        }
    }
    let noun = if entries.len() == 1 { "script" } else { "scripts" };
    let verb = if arguments.check { "would change" } else { "changed" };
    terminal::say(&format!("{} {noun}, {changed} {verb}, {left} left as they are\n", entries.len()))?;
    Ok(u8::from(left > 0 || arguments.check && changed > 0))
}

/// Of a file whose comments were taken for Latin-1: they may have been something else.
const NOT_UTF8: &str = "its comments are not UTF-8; convert it with iconv(1)";

fn is_utf8(path: &Path) -> bool {
    fs::read(path).is_ok_and(|octets| std::str::from_utf8(&octets).is_ok())
}

/// The canonical text; or why there is none that says the same as the file.
fn formatted(scenario: &Scenario) -> Result<String, &'static str> {
    let text = crate::script::format(scenario);
    match parse(&scenario.name, &text) {
        Ok(again) if again == *scenario && crate::script::format(&again) == text => Ok(text),
        _ => Err("its canonical form would not say the same, which is a fault of wirelaw"),
    }
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    fs::write(path, text).map_err(|cause| CliError::Write { path: path.to_owned(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_utf8_is_not_written_anew() {
        let folder = tempfile::tempdir().expect("there is room");
        let (path, text) = (folder.path().join("a.pkt"), b"// caf\xe9\n+0    silent\n");
        fs::write(&path, text).expect("there is room");
        let arguments = FormatArguments { paths: vec![path.clone()], check: false };
        assert_eq!(format(&arguments).expect("it can be read"), 1);
        assert_eq!(fs::read(&path).expect("it is there"), text);
    }

    #[test]
    fn what_would_not_say_the_same_is_left_alone() {
        let text = "// A script.\n\n0    close(3) = 0\n";
        let mut scenario = parse("x", text).expect("it parses");
        assert_eq!(formatted(&scenario).as_deref(), Ok(text));
        // as if the canonical form had lost it
        scenario.steps[0].trailing = Some("a note".to_owned());
        assert!(formatted(&scenario).is_err());
    }
}
