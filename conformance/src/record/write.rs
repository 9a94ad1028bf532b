//! A connection as the text of a script.

mod bulk;
mod packet;

use super::sending::{self, Act, Sending};
use super::view::View;
use super::{RecordError, Request, receiving, setup};
use crate::script::printer::{print_seconds, print_text};
use crate::script::{self, SIZE_LIMIT};
use bulk::Bulk;
use packet::Stamps;

/// The lines of a script with their times.
#[derive(Default)]
struct Lines {
    text: String,
    now: u64,
    has_begun: bool,
}

impl Lines {
    fn push(&mut self, at: u64, what: &str) {
        let after = at.saturating_sub(self.now);
        self.now = self.now.max(at);
        let sign = if self.has_begun { "+" } else { "" };
        self.has_begun = true;
        self.text.extend([sign, &print_seconds(after), " ", what, "\n"]);
    }
}

/// The script in canonical form.
pub(super) fn script(view: &View, request: &Request<'_>, remarks: &mut Vec<String>) -> Result<String, RecordError> {
    let sending = sending::infer(view);
    remarks.extend(sending.remarks.iter().cloned());
    let stamps = Stamps::new(view);
    let mut text = header(view, request.name);
    for line in setup::options(view, request, stamps.is_scaled, remarks) {
        text.push_str(&line);
        text.push('\n');
    }
    if let Some(line) = setup::settings(view, written(&sending)) {
        text.extend(["\n`", &line, "`\n"]);
    }
    text.push('\n');
    text.push_str(&steps(view, &sending, &stamps)?);
    if text.len() as u64 > SIZE_LIMIT {
        return Err(RecordError::new(format!("the script would have more than {SIZE_LIMIT} octets")));
    }
    let scenario = script::parse(request.name, &text).map_err(|error| {
        RecordError::new(format!("what was made is no script, which is a fault of wirelaw: {error}"))
    })?;
    Ok(script::print(&scenario))
}

/// Octets of all writes: no more can wait at once.
fn written(sending: &Sending) -> usize {
    let size = |act: &Act| if let Act::Write { text, .. } = act { text.len() } else { 0 };
    sending.acts.iter().map(|timed| size(&timed.act)).sum()
}

fn header(view: &View, name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    let role = if view.is_active { "client" } else { "server" };
    let (local, remote) = (view.local, view.remote);
    let habit = setup::initial_segments(view).map_or(String::new(), |n| format!("// with: initial-segments={n}\n"));
    format!("// Recorded from {name}: the connection of {local}, the {role}, under test, with {remote}.\n{habit}\n")
}

fn steps(view: &View, sending: &Sending, stamps: &Stamps) -> Result<String, RecordError> {
    let mut lines = Lines::default();
    for call in setup::calls(view)? {
        lines.push(0, &call);
    }
    let (fd, options) = if view.is_active { (3, Some(0)) } else { (4, None) };
    if options.is_some() {
        socket_options(&mut lines, 0, fd, sending);
    }
    let established = view.established();
    let mut bulk = Bulk::new(view);
    let is_end = |act: &Act| matches!(act, Act::Close | Act::Abort);
    let closed = sending.acts.iter().find(|timed| is_end(&timed.act)).map_or(usize::MAX, |timed| timed.place);
    let reads = receiving::infer(view, closed);
    let (mut reads, mut acts) = (reads.iter().peekable(), sending.acts.iter().peekable());
    let mut errors = view.errors.iter().peekable();
    for place in 0..=view.packets.len() {
        if let Some(before) = place.checked_sub(1).filter(|before| established == Some(*before)) {
            if !view.is_active {
                lines.push(view.packets[before].at, "accept(3, ..., ...) = 4");
                socket_options(&mut lines, view.packets[before].at, fd, sending);
            }
        }
        while let Some(error) = errors.next_if(|error| error.place <= place) {
            for place in bulk.all() {
                lines.push(view.packets[place].at, &packet::print(view, place, &view.packets[place], stamps)?);
            }
            lines.push(error.at, &error.text);
        }
        while let Some(read) = reads.next_if(|read| read.place <= place) {
            let buffer = if read.is_known && !read.text.is_empty() { print_text(&read.text) } else { "...".to_owned() };
            let count = read.text.len();
            lines.push(
                read.at,
                &if read.is_urgent {
                    format!("recv({fd}, {buffer}, {count}, MSG_OOB) = {count}")
                } else {
                    format!("read({fd}, {buffer}, {}) = {count}", count.max(1))
                },
            );
        }
        while let Some(timed) = acts.next_if(|timed| timed.place <= place) {
            for call in calls(fd, &timed.act) {
                lines.push(timed.at, &call);
            }
        }
        for place in bulk.lines(place) {
            let packet = &view.packets[place];
            lines.push(packet.at, &packet::print(view, place, packet, stamps)?);
        }
    }
    Ok(lines.text)
}

fn socket_options(lines: &mut Lines, at: u64, fd: u32, sending: &Sending) {
    let mut set = |level: &str, name: &str, value: u64| {
        lines.push(at, &format!("setsockopt({fd}, {level}, {name}, [{value}], 4) = 0"));
    };
    if sending.is_without_delay {
        set("IPPROTO_TCP", "TCP_NODELAY", 1);
    }
    if let Some((idle, interval)) = sending.keepalive {
        set("IPPROTO_TCP", "TCP_KEEPIDLE", idle);
        set("IPPROTO_TCP", "TCP_KEEPINTVL", interval);
        set("SOL_SOCKET", "SO_KEEPALIVE", 1);
    }
}

fn calls(fd: u32, act: &Act) -> Vec<String> {
    match act {
        Act::Write { text, is_known, is_held, is_urgent } => {
            let count = text.len();
            let is_told = *is_known && text.iter().any(|octet| *octet != 0);
            let buffer = if is_told { print_text(text) } else { "...".to_owned() };
            vec![match (is_held, is_urgent) {
                (false, false) => format!("write({fd}, {buffer}, {count}) = {count}"),
                (true, false) => format!("send({fd}, {buffer}, {count}, MSG_MORE) = {count}"),
                (false, true) => format!("send({fd}, {buffer}, {count}, MSG_OOB) = {count}"),
                (true, true) => format!("send({fd}, {buffer}, {count}, MSG_OOB|MSG_MORE) = {count}"),
            }]
        }
        Act::Shutdown => vec![format!("shutdown({fd}, SHUT_WR) = 0")],
        Act::Close => vec![format!("close({fd}) = 0")],
        Act::Abort => vec![
            format!("setsockopt({fd}, SOL_SOCKET, SO_LINGER, {{onoff=1, linger=0}}, 8) = 0"),
            format!("close({fd}) = 0"),
        ],
    }
}
