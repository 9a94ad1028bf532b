//! What `llhttp` calls back: pieces of messages, as places in the octets that it was given.

use std::collections::VecDeque;

use wasmi::{Caller, Extern, Linker, StoreLimits, WasmResults};
use wirelaw_reference::http::{Pair, RequestMethod};

use super::super::{Line, Message};

/// `HPE_PAUSED`, as the answer to a callback.
const PAUSE: i32 = super::PAUSED;

/// What was told last: names and values may come in several pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    Name,
    Value,
}

/// A message that is being told of.
#[derive(Clone, Debug, Default)]
struct Draft {
    url: Vec<u8>,
    fields: Vec<Pair>,
    last: Last,
}

/// The machine's other side.
#[derive(Debug, Default)]
pub(super) struct Host {
    pub(super) limits: StoreLimits,
    /// Where the octets stand in the machine's memory.
    pub(super) base: u32,
    octets: Vec<u8>,
    answers: VecDeque<RequestMethod>,
    draft: Draft,
    messages: Vec<Message>,
    /// Between the begin of a message and its end.
    within: bool,
    /// The message is complete; where it ends is still to be said.
    ending: bool,
}

impl Host {
    pub(super) fn bounded(limits: StoreLimits) -> Host {
        Host { limits, ..Host::default() }
    }

    pub(super) fn begin(&mut self, octets: &[u8], answers: VecDeque<RequestMethod>) {
        let Host { limits, .. } = std::mem::take(self);
        *self = Host { limits, octets: octets.to_vec(), answers, ..Host::default() };
    }

    /// Where the last message ends that is whole.
    pub(super) fn progress(&self) -> u64 {
        self.messages.iter().rev().find_map(|message| message.end).unwrap_or(0)
    }

    /// Names and values without the blanks around them: where they end in a line is the business of its caller.
    pub(super) fn take(&mut self) -> Vec<Message> {
        let mut messages = std::mem::take(&mut self.messages);
        for (_, value) in messages.iter_mut().flat_map(|message| message.fields.iter_mut().chain(&mut message.trailers))
        {
            *value = value.trim_ascii().to_vec();
        }
        messages
    }

    pub(super) fn put(&mut self, messages: Vec<Message>) {
        self.messages = messages;
    }

    /// A pause or the end: if a message has become complete, it ends here.
    pub(super) fn ended(&mut self, at: u64) {
        if std::mem::take(&mut self.ending)
            && let Some(message) = self.messages.last_mut()
        {
            message.end = Some(at);
        }
    }

    /// Whether the last message is a request that asks for another protocol; CONNECT makes a tunnel.
    pub(super) fn asks_upgrade(&self) -> bool {
        let line = self.messages.last().map(|message| &message.line);
        matches!(line, Some(Line::Request(method, _)) if method != b"CONNECT")
    }

    pub(super) fn is_within(&self) -> bool {
        self.within
    }

    fn span(&self, at: i32, length: i32) -> Vec<u8> {
        let start = (at as u32).wrapping_sub(self.base) as usize;
        let end = start.saturating_add(length as u32 as usize);
        self.octets.get(start..end).unwrap_or_default().to_vec()
    }

    fn name(&mut self, piece: &[u8]) {
        if self.draft.last != Last::Name {
            self.draft.fields.push((Vec::new(), Vec::new()));
        }
        self.draft.last = Last::Name;
        if let Some((name, _)) = self.draft.fields.last_mut() {
            name.extend_from_slice(piece);
        }
    }

    fn value(&mut self, piece: &[u8]) {
        self.draft.last = Last::Value;
        if let Some((_, value)) = self.draft.fields.last_mut() {
            value.extend_from_slice(piece);
        }
    }

    /// The answer says whether a body may come: 1 none, 2 and the connection is a tunnel.
    fn head(&mut self, line: Line, version: (u8, u8)) -> i32 {
        let method = self.answers.front().copied().unwrap_or_default();
        let interim = matches!(line, Line::Response(status) if status < 200);
        if !interim && self.answers.len() > 1 {
            self.answers.pop_front();
        }
        let answer = match (&line, method) {
            (Line::Response(200..=299), RequestMethod::Connect) => 2,
            (Line::Response(_), RequestMethod::Head) => 1,
            _ => 0,
        };
        let fields = std::mem::take(&mut self.draft).fields;
        let (framing, body, trailers) = (None, Vec::new(), Vec::new());
        self.messages.push(Message { line, version, fields, framing, body, trailers, end: None });
        answer
    }

    fn complete(&mut self) -> i32 {
        let trailers = std::mem::take(&mut self.draft).fields;
        if let Some(message) = self.messages.last_mut() {
            message.trailers = trailers;
        }
        self.within = false;
        self.ending = true;
        PAUSE
    }
}

/// A text in the machine's memory.
pub(super) fn text(memory: &[u8], pointer: i32) -> Vec<u8> {
    let octets = memory.get(pointer as u32 as usize..).unwrap_or_default();
    octets.iter().take(64).take_while(|octet| **octet != 0).copied().collect()
}

/// Asks the parser something.
fn ask<R: WasmResults>(caller: &mut Caller<'_, Host>, function: &str, parameter: i32) -> Result<R, wasmi::Error> {
    let function = caller.get_export(function).and_then(Extern::into_func);
    let function = function.ok_or_else(|| wasmi::Error::new("the module lacks a function"))?;
    function.typed::<i32, R>(&*caller)?.call(&mut *caller, parameter)
}

fn on_head(mut caller: Caller<'_, Host>, parser: i32, status: i32) -> Result<i32, wasmi::Error> {
    let major: i32 = ask(&mut caller, "llhttp_get_http_major", parser)?;
    let minor: i32 = ask(&mut caller, "llhttp_get_http_minor", parser)?;
    let kind: i32 = ask(&mut caller, "llhttp_get_type", parser)?;
    let line = if kind == 1 {
        let method: i32 = ask(&mut caller, "llhttp_get_method", parser)?;
        let name: i32 = ask(&mut caller, "llhttp_method_name", method)?;
        let memory = caller.get_export("memory").and_then(Extern::into_memory);
        let method = memory.map(|memory| text(memory.data(&caller), name)).unwrap_or_default();
        Line::Request(method, std::mem::take(&mut caller.data_mut().draft.url))
    } else {
        Line::Response(u16::try_from(status).unwrap_or(u16::MAX))
    };
    Ok(caller.data_mut().head(line, (major as u8, minor as u8)))
}

/// Gives the module what it imports.
pub(super) fn link(linker: &mut Linker<Host>) -> Result<(), wasmi::Error> {
    type Call<'a> = Caller<'a, Host>;
    linker.func_wrap("env", "wasm_on_message_begin", |mut caller: Call<'_>, _: i32| -> i32 {
        caller.data_mut().within = true;
        caller.data_mut().draft = Draft::default();
        0
    })?;
    linker.func_wrap("env", "wasm_on_url", |mut caller: Call<'_>, _: i32, at: i32, length: i32| -> i32 {
        let piece = caller.data().span(at, length);
        caller.data_mut().draft.url.extend(piece);
        0
    })?;
    linker.func_wrap("env", "wasm_on_status", |_: Call<'_>, _: i32, _: i32, _: i32| -> i32 { 0 })?;
    linker.func_wrap("env", "wasm_on_header_field", |mut caller: Call<'_>, _: i32, at: i32, length: i32| -> i32 {
        let piece = caller.data().span(at, length);
        caller.data_mut().name(&piece);
        0
    })?;
    linker.func_wrap("env", "wasm_on_header_value", |mut caller: Call<'_>, _: i32, at: i32, length: i32| -> i32 {
        let piece = caller.data().span(at, length);
        caller.data_mut().value(&piece);
        0
    })?;
    linker.func_wrap(
        "env",
        "wasm_on_headers_complete",
        |caller: Call<'_>, parser: i32, status: i32, _: i32, _: i32| on_head(caller, parser, status),
    )?;
    linker.func_wrap("env", "wasm_on_body", |mut caller: Call<'_>, _: i32, at: i32, length: i32| -> i32 {
        let piece = caller.data().span(at, length);
        if let Some(message) = caller.data_mut().messages.last_mut() {
            message.body.extend(piece);
        }
        0
    })?;
    linker.func_wrap("env", "wasm_on_message_complete", |mut caller: Call<'_>, _: i32| -> i32 {
        caller.data_mut().complete()
    })?;
    Ok(())
}
