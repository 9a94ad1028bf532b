use std::fmt::Write;

use super::*;

mod table;

fn methods(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A changed version of a parser, or a changed rule, shows as a difference of this table.
#[test]
fn what_each_parser_makes_of_the_table() {
    let mut machine = Llhttp::new();
    let mut out = String::new();
    for case in table::CASES {
        let question = Question { kind: Some(case.kind), methods: methods(case.methods), lenient: Vec::new() };
        let comparison = compare(case.octets, &question, &mut machine);
        let one = |seen: &Seen| {
            let ends: Vec<String> =
                seen.messages.iter().map(|one| one.end.map_or("...".to_owned(), |end| end.to_string())).collect();
            format!("{} [{}]", seen.end.name(), ends.join(" "))
        };
        let _ = writeln!(out, "{}\n  reference  {}", case.name, one(&comparison.reference));
        for judged in &comparison.others {
            let name = judged.seen.parser.name();
            let _ = writeln!(out, "  {name:<9}  {}: {}", one(&judged.seen), judged.verdict);
        }
        for line in &comparison.consequences {
            let _ = writeln!(out, "  => {line}");
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn names_of_cases_are_unique_and_there_are_enough() {
    for (index, case) in table::CASES.iter().enumerate() {
        assert!(table::CASES[..index].iter().all(|other| other.name != case.name), "{} twice", case.name);
    }
    assert!(table::CASES.len() >= 60);
}

/// Where the machine says that a message ends does not depend on how its pauses are counted: octet by octet is the
/// slow way to the same places.
#[test]
fn llhttp_ends_messages_where_it_does_octet_by_octet() {
    let mut machine = Llhttp::new();
    for case in table::CASES {
        let whole = machine.read(case.octets, case.kind, &methods(case.methods));
        for (number, message) in whole.messages.iter().enumerate() {
            let Some(end) = message.end.map(|end| end as usize) else { continue };
            // A body that runs until the close is never complete before.
            if end == case.octets.len() {
                continue;
            }
            let to_there = machine.read(&case.octets[..end], case.kind, &methods(case.methods));
            assert!(to_there.messages[number].end.is_some(), "{}: not whole at {end}", case.name);
            let before = machine.read(&case.octets[..end - 1], case.kind, &methods(case.methods));
            let is_whole = before.messages.get(number).is_some_and(|message| message.end.is_some());
            assert!(!is_whole || case.kind == Kind::Response, "{}: whole before {end}", case.name);
        }
    }
}

#[test]
fn hostile_octets_end_in_bounded_time() {
    let mut machine = Llhttp::new();
    let many = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(500);
    let read = machine.read(&many, Kind::Request, &[]);
    assert_eq!((read.messages.len(), read.end), (500, End::Clean));
    let fields = [&b"GET / HTTP/1.1\r\n"[..], &b"a: b\r\n".repeat(5_000), b"\r\n"].concat();
    assert_eq!(machine.read(&fields, Kind::Request, &[]).messages.len(), 1);
    let question = Question { kind: Some(Kind::Request), ..Question::default() };
    for octets in [&many, &fields, &vec![0; 20_000], &vec![b'\n'; 20_000], &vec![b'a'; 20_000]] {
        compare(octets, &question, &mut machine);
    }
}

#[test]
fn what_agrees_and_what_does_not() {
    let mut machine = Llhttp::new();
    let mut all = |octets: &[u8]| {
        let comparison = compare(octets, &Question::default(), &mut machine);
        (comparison.agrees(), text::render(&comparison), json::render(&comparison))
    };
    let (agrees, text, json) = all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(agrees && text.contains("llhttp      agrees") && json.contains("\"agrees\": true"), "{text}");
    let both = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let (agrees, text, _) = all(both);
    assert!(!agrees && text.contains("te-and-cl-te-wins"), "{text}");
}

#[test]
fn verdicts_are_of_the_nearest_outcome_that_is_allowed() {
    let mut machine = Llhttp::new();
    let mut verdicts = |octets: &[u8]| -> Vec<(verdict::Weight, String)> {
        let comparison = compare(octets, &Question::default(), &mut machine);
        comparison.others.iter().map(|one| (one.verdict.weight(), one.verdict.to_string())).collect()
    };
    // Two repairs are needed at once.
    let both = verdicts(b"\n\nGET / HTTP/1.1\nHost: a\n\n");
    assert!(both[0].1.contains("lf-line-end") && both[0].1.contains("skip-empty-lines"), "{both:?}");
    // A repair, then something that the parser leaves to its caller.
    let host = verdicts(b"GET / HTTP/1.1\nX: y\n\n");
    assert!(host[0].1.starts_with("leaves 9112-3.2-HOST-MISSING"), "{host:?}");
    // A blank in a chunk-size line is grammar, which a recipient may repair.
    let chunk = verdicts(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n");
    assert_eq!(chunk[0].0, verdict::Weight::Open, "{chunk:?}");
    // An empty Transfer-Encoding frames a request by nothing.
    let empty = verdicts(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n");
    assert_eq!(empty[1].0, verdict::Weight::Breach, "{empty:?}");
    // Both refuse, one of them only behind the head.
    let te = verdicts(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n");
    assert_eq!(te[1].1, "agrees");
}

#[test]
fn every_other_reading_is_outside() {
    let octets = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    let tampered: [fn(&mut Message); 4] = [
        |message| message.line = Line::Response(200),
        |message| message.version = (1, 0),
        |message| drop(message.fields.pop()),
        |message| message.body.clear(),
    ];
    let whole = compare(octets, &Question::default(), &mut Llhttp::new());
    for (number, tamper) in tampered.into_iter().enumerate() {
        let mut seen = whole.others[1].seen.clone();
        assert_eq!((seen.parser, verdict::judge(&seen, &whole.readings)), (Parser::Llhttp, Verdict::Agrees));
        tamper(&mut seen.messages[0]);
        let verdict = verdict::judge(&seen, &whole.readings);
        assert!(matches!(verdict, Verdict::Outside(Some(_), _)), "{number}: {verdict}");
    }
    assert_eq!(Verdict::Outside(None, "no clause allows it").weight(), verdict::Weight::Breach);
}

#[test]
fn a_boundary_that_differs_is_told() {
    let mut machine = Llhttp::new();
    let octets = b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n0\r\n\r\n";
    let mut comparison = compare(octets, &Question::default(), &mut machine);
    assert!(comparison.agrees() && comparison.consequences.is_empty());
    let seen = &mut comparison.others[0].seen;
    seen.messages[0].end = Some(62);
    assert_eq!(verdict::difference(seen, &comparison.reference), Some(Difference::Boundary(0)));
    assert!(matches!(verdict::judge(seen, &comparison.readings), Verdict::Outside(Some(_), _)));
    let lines = consequence::consequences(Kind::Request, &[&comparison.reference, seen], octets.len() as u64);
    assert!(lines[0].contains("octets 62..67"), "{lines:?}");
}
