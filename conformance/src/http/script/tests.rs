use super::*;
use crate::report::Verdict;

const CASE: &str = r#"# A length and a coding.
tests: 9112-6.1-TE-AND-CL-CLOSE
needs: body keep-alive
segments: whole crlf

> POST {path} HTTP/1.1\r\n
> Host: \|{host}\r\n{3*ab}\x41\x20
pause 50ms
half-close
pass 400|5xx, 2xx, ... close with header allow and no header connection contains "close" : a : b
fail 9112-6.1-TE-AND-CL-CLOSE none open
harden ok with forwarded 2 body is "x\r\n" and requests 2
else warn : odd
"#;

#[test]
fn a_case() {
    let script = parse("case.http", CASE).expect("it is right");
    assert_eq!((script.title.as_str(), script.needs.len(), script.segments.len()), ("A length and a coding.", 2, 2));
    let Step::Send(Side::Client, template) = &script.steps[0].step else { panic!("{:?}", script.steps) };
    let variables = [("path", "/"), ("host", "h")].map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    let writes = template.render(&variables.into()).expect("both are given");
    assert_eq!(writes, [&b"POST / HTTP/1.1\r\nHost: "[..], b"h\r\nabababA "]);
    assert_eq!(template.render(&Variables::new()), Err(UnknownVariable("path".into())));
    assert_eq!(script.steps[1].step, Step::Pause(Duration::from_millis(50)));
    assert_eq!(script.steps[2].step, Step::HalfClose);
    let [first, second, third, last] = &script.outcomes[..] else { panic!("{:?}", script.outcomes) };
    assert_eq!(first.reason, "a : b");
    let pattern = first.pattern.as_ref().expect("it has one");
    assert_eq!(
        (pattern.replies.as_ref().map(Vec::len), pattern.more, pattern.ending),
        (Some(2), true, Some(Ending::Close))
    );
    assert_eq!(pattern.with.len(), 2);
    assert_eq!(second.id.as_deref(), Some("9112-6.1-TE-AND-CL-CLOSE"));
    assert_eq!(second.pattern.as_ref().and_then(|pattern| pattern.replies.clone()), Some(vec![]));
    assert_eq!((third.given.verdict(true), third.given.verdict(false)), (Verdict::Warn, Verdict::Pass));
    let body =
        Condition::Message { subject: Subject::Request(2), negated: false, test: Test::BodyIs(b"x\r\n".to_vec()) };
    assert_eq!(third.pattern.as_ref().map(|pattern| &pattern.with[..]), Some(&[body, Condition::Requests(2)][..]));
    assert_eq!((last.given, last.pattern.is_none()), (Given::Verdict(Verdict::Warn), true));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let message = |text: &str| {
        let error = parse("case.http", text).expect_err(text);
        format!("{}:{} {} / {}", error.line(), error.column(), error.message(), error.advice().unwrap_or(""))
    };
    let wrong = [
        "",
        "# t\n> x\nelse pass\n",
        "# t\n> x\npass any\n",
        "# t\n> x\nelse fail\npass any\n",
        "# t\nelse fail\n",
        "# t\n> \\q\nelse fail\n",
        "# t\n> {x\nelse fail\n",
        "# t\n> {A b}\nelse fail\n",
        "# t\n> {99999999*aa}\nelse fail\n",
        "# t\nwait 1\nelse fail\n",
        "# t\npause 1h\nelse fail\n",
        "# t\nneeds: telepathy\n> x\nelse fail\n",
        "# t\nwants: x\n> x\nelse fail\n",
        "# t\ntests: 9112-6.1-TE-AND-CL-CLOSED\n> x\nelse fail\n",
        "# t\n> x\npass 4x\nelse fail\n",
        "# t\n> x\npass any with\nelse fail\n",
        "# t\n> x\npass any with colour\nelse fail\n",
        "# t\n> x\npass any with body is \"x\nelse fail\n",
        "# t\n> x\nelse\n",
        "# t\n> x\nelse fail 2xx\n",
        "# t\n> x\nelse fail\n> y\n",
        "# t\n> x\npass ok open close\nelse fail\n",
        "# t\n> x\npass success failure\nelse fail\n",
    ];
    insta::assert_snapshot!(wrong.map(message).join("\n"));
}

#[test]
fn what_a_role_cannot_do_is_wrong_there() {
    let cannot = |role: Role, text: &str| {
        let script = parse("case.http", &format!("# t\n{text}\nelse fail\n")).expect(text);
        script.check_role(role).err().map(|error| (error.line(), error.message().to_owned()))
    };
    let is_wrong = |text: &str| Role::ALL.map(|role| cannot(role, text).is_some());
    assert_eq!(is_wrong("> x\npass ok close with header a and interim 1 there"), [false, false, true]);
    assert_eq!(is_wrong("< x\npass any"), [true, false, false]);
    assert_eq!(is_wrong("< x\nclose\nfail success\npass hung"), [true, true, false]);
    assert_eq!(is_wrong("< x\npass any with output is \"x\" and requests 2"), [true, true, false]);
    for text in ["forwarded none", "forwarded 2 there", "connections 1"] {
        assert_eq!(is_wrong(&format!("pause 1s\npass any with {text}")), [true, false, false], "{text}");
    }
    assert_eq!(is_wrong("pause 1s\npass ok"), [false, false, true]);
    assert_eq!(cannot(Role::Server, "> x\n\npass ok\nfail failure").map(|(line, _)| line), Some(5));
    assert_eq!(cannot(Role::Client, "< x\n> y\n> z\npass failure").map(|(line, _)| line), Some(3));
}

#[test]
fn a_folder_tells_the_role() {
    let role = |path: &str| Role::of(std::path::Path::new(path));
    assert_eq!(role("/x/client/http/server/framing/a.http"), Some(Role::Server));
    assert_eq!(role("proxy/a.http"), Some(Role::Proxy));
    assert_eq!(role("/home/me/server.http"), None);
}

#[test]
fn any_text_is_read_or_refused() {
    for end in 0..CASE.len() {
        let _ = parse("case.http", &CASE[..end]);
        let _ = parse("case.http", &format!("{}\u{e9}\0{}", &CASE[..end], &CASE[end..]));
    }
}

#[test]
fn lengths_are_counted() {
    let steps = "> A: {body-length}\\r\\n\\r\\n{chunk-length}\\r\\n\\|{x}{16*a}\\r\\n0\\r\\n\\r\\n";
    let script = parse("test", &format!("# test\n{steps}\nelse fail\n")).expect("it is a case");
    let Step::Send(_, template) = &script.steps[0].step else { panic!("not octets") };
    let writes = template.render(&Variables::from([("x".to_owned(), b"xy".to_vec())])).expect("all is known");
    let body = "12\r\nxyaaaaaaaaaaaaaaaa\r\n0\r\n\r\n";
    assert_eq!(writes.concat(), format!("A: {}\r\n\r\n{body}", body.len()).into_bytes());
    assert_eq!(writes[1], b"xyaaaaaaaaaaaaaaaa\r\n0\r\n\r\n", "the cut is where it was");
}
