//! The report for programs.
//!
//! One JSON object, version 1:
//!
//! ```json
//! {
//!   "version": 1,
//!   "tool": { "name": "wirelaw", "version": "0.1.0" },
//!   "results": [
//!     {
//!       "scenario": "tcp/reset/rst-listen",
//!       "stack": "smoltcp-0.14.0",
//!       "ip": 4,
//!       "mapped": false,
//!       "isn": null,
//!       "seed": 0,
//!       "with": [],
//!       "verdict": "fail",
//!       "expected": "known",
//!       "reason": "answers with RST",
//!       "link": "https://example.org/1",
//!       "message": "flags expected .  got R",
//!       "clause": { "id": "MUST-10", "place": "rfc9293 §3.5", "level": "MUST", "text": "..." },
//!       "line": 9,
//!       "got": ["0.203114 >  R  1:1(0) win 0"],
//!       "before": [],
//!       "trace": "target/pcap/rst-listen.pcapng",
//!       "packets": 3,
//!       "covers": ["MUST-10"],
//!       "notes": []
//!     }
//!   ],
//!   "complaints": [],
//!   "totals": {
//!     "runs": 1, "unexpected": 0,
//!     "pass": 0, "warn": 0, "timing": 0, "fail": 1, "unsupported": 0, "broken": 0,
//!     "stacks": { "smoltcp-0.14.0": { "runs": 1, "unexpected": 0, "pass": 0, "...": 0 } }
//!   },
//!   "exit_status": 0
//! }
//! ```
//!
//! `verdict` is `pass`, `warn`, `timing`, `fail`, `unsupported` or `broken`; `expected` is `as-expected`, `known`,
//! `unexpected` or `surprise-pass`. `ip`, `mapped` (`--ip mapped`), `isn`, `seed` and the habits `with` repeat the run; `isn` is `null` when the
//! scenario chose.
//! `clause`, `line` (from 1), `reason`, `link` and `trace` are `null` where there is none. A new key leaves the
//! version as it is; a key that changes its meaning or goes raises it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::axes::Ip;

use super::{ClauseRef, Complaint, Expected, Outcome, Report, Tally, Verdict};

/// The version of the shape.
pub const VERSION: u32 = 1;

/// The report as JSON, indented, with a line end.
pub fn render(report: &Report) -> String {
    let document = Document::from(report);
    let mut text = serde_json::to_string_pretty(&document).expect("string keys and plain values always serialise");
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    tool: Tool,
    results: Vec<Entry<'a>>,
    complaints: Vec<&'a str>,
    totals: Totals<'a>,
    exit_status: u8,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Entry<'a> {
    scenario: &'a str,
    stack: &'a str,
    ip: u8,
    mapped: bool,
    isn: Option<u32>,
    seed: u64,
    with: Vec<String>,
    verdict: &'static str,
    expected: &'static str,
    reason: Option<&'a str>,
    link: Option<&'a str>,
    message: &'a str,
    clause: Option<Clause<'a>>,
    line: Option<usize>,
    got: &'a [String],
    before: &'a [String],
    trace: Option<String>,
    packets: usize,
    covers: &'a [String],
    notes: &'a [String],
}

#[derive(Serialize)]
struct Clause<'a> {
    id: &'a str,
    place: &'a str,
    level: String,
    text: &'a str,
}

#[derive(Serialize)]
struct Totals<'a> {
    #[serde(flatten)]
    all: Counts,
    stacks: BTreeMap<&'a str, Counts>,
}

#[derive(Serialize)]
struct Counts {
    runs: usize,
    unexpected: usize,
    pass: usize,
    warn: usize,
    fail: usize,
    unsupported: usize,
    broken: usize,
}

impl<'a> From<&'a Report> for Document<'a> {
    fn from(report: &'a Report) -> Document<'a> {
        let stack = |stack: &'a str| (stack, Counts::from(Tally::of(report.on_stack(stack))));
        Document {
            version: VERSION,
            tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
            results: report.outcomes.iter().map(Entry::from).collect(),
            complaints: report.complaints.iter().map(Complaint::message).collect(),
            totals: Totals { all: report.tally().into(), stacks: report.stacks().into_iter().map(stack).collect() },
            exit_status: report.exit_status(),
        }
    }
}

impl<'a> From<&'a Outcome> for Entry<'a> {
    fn from(outcome: &'a Outcome) -> Entry<'a> {
        let (reason, link) = match &outcome.expected {
            Expected::Known { reason, link } => (Some(reason.as_str()), Some(link.as_str())),
            _ => (None, None),
        };
        let failure = outcome.failure.as_ref();
        Entry {
            scenario: &outcome.scenario,
            stack: &outcome.stack,
            ip: outcome.axes.ip.number(),
            mapped: outcome.axes.ip == Ip::Mapped,
            isn: outcome.axes.isn.map(|isn| isn.0),
            seed: outcome.axes.seed,
            with: outcome.axes.with.iter().map(ToString::to_string).collect(),
            verdict: outcome.verdict.name(),
            expected: outcome.expected.name(),
            reason,
            link,
            message: &outcome.message,
            clause: outcome.clause.as_ref().map(Clause::from),
            line: outcome.line,
            got: failure.map_or(&[], |failure| &failure.got),
            before: failure.map_or(&[], |failure| &failure.before),
            trace: failure.and_then(|failure| failure.trace.as_ref()).map(|path| path.display().to_string()),
            packets: outcome.packets,
            covers: &outcome.covers,
            notes: &outcome.notes,
        }
    }
}

impl<'a> From<&'a ClauseRef> for Clause<'a> {
    fn from(clause: &'a ClauseRef) -> Clause<'a> {
        Clause { id: &clause.id, place: &clause.place, level: clause.level.to_string(), text: &clause.text }
    }
}

impl From<Tally> for Counts {
    fn from(tally: Tally) -> Counts {
        Counts {
            runs: tally.runs(),
            unexpected: tally.unexpected(),
            pass: tally.count(Verdict::Pass),
            warn: tally.count(Verdict::Warn),
            fail: tally.count(Verdict::Fail),
            unsupported: tally.count(Verdict::Unsupported),
            broken: tally.count(Verdict::Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn the_shape_is_the_documented_one() {
        let report = Report { outcomes: vec![samples::left_edge()], complaints: Vec::new() };
        let text = render(&report).replace(env!("CARGO_PKG_VERSION"), "VERSION");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn it_is_json_whatever_the_messages_hold() {
        let value: serde_json::Value = serde_json::from_str(&render(&samples::report())).expect("it is JSON");
        assert_eq!(value["results"].as_array().map(Vec::len), Some(14));
        assert_eq!(value["results"][12]["message"], "expected a packet\u{0}, found `@`");
        assert_eq!(value["results"][12]["ip"], 6);
        assert_eq!(value["results"][5]["expected"], "known");
        assert_eq!(value["totals"]["stacks"]["smoltcp-0.13"]["unsupported"], 2);
        assert_eq!(value["exit_status"], 2);
    }
}
