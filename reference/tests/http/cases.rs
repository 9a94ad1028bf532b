//! How a table of cases is read.

use std::fmt::Write;

use wirelaw_reference::http::RequestMethod;

use crate::{read, reader, rules, summary};

/// Octets, the leniencies that they are read with, and what becomes of them: for each message its body and whether
/// the connection persists (`|`), closes (`!`) or ends within it (`...`); then `ok`, `incomplete OFFSET`, or the
/// fault with its offset and status.
pub(crate) type Case = (&'static str, &'static [&'static str], &'static str);

/// All cases, each at every segmentation; the failures together.
pub(crate) fn check(answers: Option<RequestMethod>, cases: &[Case]) {
    let mut wrong = String::new();
    for (octets, lenient, expected) in cases {
        let octets = latin1(octets);
        let got = summary(&read(&octets, &reader(answers, rules(lenient))));
        if got != *expected {
            let octets = octets.escape_ascii();
            let _ = write!(wrong, "\n{octets} {lenient:?}\n   expected {expected}\n   got      {got}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The octets that the characters U+0000 to U+00FF number.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).expect("a character up to U+00FF")).collect()
}
