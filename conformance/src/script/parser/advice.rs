//! What would be right where something unexpected was found, as far as that can be told.

use super::{Kind, Token, Want};
use crate::script::calls::CallName;
use crate::script::dscp;
use crate::script::suggest::nearest;

/// How TCP options are written whose name is not all of them, by what a mistake in them lacks.
const OPTIONS: [(Want, &str); 4] = [
    (Want::Word("val"), "a timestamp is written `TS val N ecr N`"),
    (Want::Word("ecr"), "a timestamp is written `TS val N ecr N`"),
    (Want::Thing("the maximum segment size"), "it is written `mss N`"),
    (Want::Thing("the window scale"), "it is written `wscale N`"),
];

/// The advice that goes with `found` where `wanted` could stand.
pub(super) fn advice(found: &Token<'_>, wanted: &[Want]) -> Option<String> {
    let wants = |thing: &'static str| wanted.contains(&Want::Thing(thing));
    let told = |text: &str| Some(text.to_owned());
    if let Some((_, form)) = OPTIONS.iter().find(|(want, _)| wanted.contains(want)) {
        return told(form);
    }
    if found.is("/") {
        return told("comments begin with `//`, or stand between `/*` and `*/`");
    }
    if found.is(";") {
        return told("nothing ends a line but its end");
    }
    if let Some(near) = word_near(found, wanted) {
        return Some(format!("did you mean `{near}`?"));
    }
    if wanted.contains(&Want::Word("dscp")) && dscp::number(&found.text).is_some() {
        return Some(format!("a code point has its word in front: `dscp {}`", found.text));
    }
    if wants("a call") {
        // where the time of a step is behind us
        return told(
            "behind its time a step has `<` or `>` and a packet, a call, a shell command in backquotes, or a code block",
        );
    }
    if wants("`,`") && wants("`>`") {
        return told("options are separated by `,` and end with `>`");
    }
    if wants("a TCP option") {
        return told("options are separated by `,`; the blocks of `sack` by blanks alone");
    }
    if wants("`)`") && wants("`,`") {
        return told("arguments are separated by `,` and end with `)`");
    }
    if wants("`}`") {
        return told(
            "the fields of a structure have their order: `{fd=4, events=POLLIN, revents=POLLIN}`, \
             `{events=EPOLLIN, fd=4}`, `{msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=0, msg_control=[]}`",
        );
    }
    if wants("a time in seconds") {
        return told("seconds are written `1`, `.5` or `0.000100`, without an exponent");
    }
    None
}

/// The word that could stand here and that `found` is nearly.
fn word_near(found: &Token<'_>, wanted: &[Want]) -> Option<&'static str> {
    let words: Vec<&str> =
        wanted.iter().filter_map(|want| if let Want::Word(word) = want { Some(*word) } else { None }).collect();
    if found.kind == Kind::Word { nearest(&found.text, &words) } else { None }
}

/// What is wrong with `name`, behind which no parenthesis is: it may be no call at all.
pub(super) fn no_call(name: &str) -> String {
    if name.bytes().all(|flag| b"FSRPUEWA.".contains(&flag)) {
        return "a packet has its direction in front of its flags: `<` to the stack, `>` from it".to_owned();
    }
    match CallName::parse(name) {
        Some(call) => format!("it is written `{}`", call.form()),
        None => "a call is written `name(arguments) = result`; a shell command stands in backquotes".to_owned(),
    }
}
