//! One report that holds every kind of outcome, for the tests of the renderers.

use std::path::PathBuf;

use super::{ClauseRef, Complaint, Expected, Failure, Mark, Outcome, Report, Verdict};
use crate::axes::{Axes, Ip};
use crate::report::Level;

/// The clause of the failure that the plan of the house shows.
pub(crate) fn clause() -> ClauseRef {
    ClauseRef {
        id: "rfc9293-3.10.7.4-2".into(),
        place: "rfc9293 §3.10.7.4 step 2".into(),
        level: Level::Must,
        text: "outside the window, a RST is dropped".into(),
    }
}

/// A failure in `line` of an eight-line header plus that line, with marks at the given words.
pub(crate) fn failure(line: &str, marks: &[(&str, &str)]) -> Failure {
    let source = format!("{}{line}\nnext\n", "#\n".repeat(8));
    let start = 16;
    let mark = |(word, note): &(&str, &str)| {
        let at = start + line.find(word).expect("the word is in the line");
        Mark { span: at..at + word.len(), note: (*note).into() }
    };
    Failure {
        file: "rst-syn-received-left-edge.pkt".into(),
        span: start..start + line.len(),
        marks: marks.iter().map(mark).collect(),
        got: vec!["0.203114 >  R  1:1(0) win 0".into()],
        before: Vec::new(),
        is_decisive: true,
        trace: Some(PathBuf::from("target/pcap/rst-syn-received-left-edge.pcapng")),
        source: source.into(),
    }
}

/// The failure that the plan of the house shows.
pub(crate) fn left_edge() -> Outcome {
    Outcome {
        line: Some(9),
        clause: Some(clause()),
        expected: Expected::Unexpected,
        message: "flags expected .  got R".into(),
        covers: vec!["MUST-10".into(), "9293-3.10.7.4-5961-RST".into()],
        failure: Some(failure(
            "+0.1 >  .  1:1(0) ack 2 win 65535",
            &[(".  1", "flags expected .  got R"), ("ack 2", "ack expected 2  got absent")],
        )),
        ..Outcome::new("tcp/reset/rst-syn-received-left-edge", "smoltcp-0.13", Axes::default(), Verdict::Fail)
    }
}

/// Two stacks, three folders, every verdict and every expectation.
pub(crate) fn report() -> Report {
    let plain = Axes::default();
    let six = Axes { ip: Ip::V6, ..plain.clone() };
    let on = |scenario: &str, stack: &str, verdict, message: &str, expected| Outcome {
        message: message.into(),
        expected,
        covers: vec!["MUST-1".into(), "SHLD-2".into()],
        packets: 3,
        ..Outcome::new(scenario, stack, plain.clone(), verdict)
    };
    let known = || Expected::Known { reason: "answers with RST".into(), link: "https://example.org/1".into() };
    let fine = || Expected::AsExpected;
    let (a, b) = ("reference-0.1.0", "smoltcp-0.13");
    let lacks = "the stack lacks `urgent`";
    let outcomes = vec![
        on("tcp/close/fin-established", a, Verdict::Pass, "", fine()),
        on("tcp/close/fin-established", b, Verdict::Pass, "", fine()),
        on("tcp/close/fin-syn-sent", a, Verdict::Pass, "", fine()),
        on("tcp/close/fin-syn-sent", b, Verdict::Pass, "", fine()),
        on("tcp/reset/rst-listen", a, Verdict::Pass, "", fine()),
        on("tcp/reset/rst-listen", b, Verdict::Fail, "flags expected none", known()),
        on("tcp/reset/rst-syn-received-left-edge", a, Verdict::Pass, "", fine()),
        left_edge(),
        on("tcp/urgent/urg", a, Verdict::Warn, "the pointer moved back", Expected::Unexpected),
        on("tcp/urgent/urg", b, Verdict::Unsupported, lacks, fine()),
        on("tcp/urgent/urg-again", a, Verdict::Pass, "", Expected::SurprisePass { entry: "reference.toml:3".into() }),
        on("tcp/urgent/urg-again", b, Verdict::Unsupported, lacks, fine()),
        Outcome {
            line: Some(2),
            message: "expected a packet\u{0}, found `@`".into(),
            expected: Expected::Unexpected,
            ..Outcome::new("tcp/urgent/urg-in-v6", a, six, Verdict::Broken)
        },
        on("tcp/urgent/urg-in-v6", b, Verdict::Pass, "", fine()),
    ];
    let complaint = "fixtures/expectations/smoltcp.toml:9: unused entry `tcp/old/*`";
    Report { outcomes, complaints: vec![Complaint::Expectation(complaint.into())] }
}
