use super::*;
use crate::http::script::parse;

fn of(steps: &str, all: bool) -> Blocks {
    let script = parse("test", &format!("# test\n{steps}\nelse fail\n")).expect("it is a case");
    blocks(&script, &Variables::new(), Segments::Whole, all).expect("it has no variables")
}

fn write(text: &str) -> Act {
    Act::Write(text.as_bytes().to_vec())
}

#[test]
fn a_pause_goes_on_and_await_does_not() {
    let blocks = of("< HTTP/1.1 200 OK\\r\\n\npause 5ms\n< \\r\\n\nclose\nawait\n< HTTP/1.1 201 OK\\r\\n\\r\\n", true);
    let first = vec![write("HTTP/1.1 200 OK\r\n"), Act::Pause(Duration::from_millis(5)), write("\r\n"), Act::Close];
    let acts: Vec<_> = blocks[&1].iter().map(|block| block.acts.clone()).collect();
    assert_eq!(acts, [first, vec![write("HTTP/1.1 201 OK\r\n\r\n")]]);
}

#[test]
fn interim_replies_alone_do_not_answer() {
    let interim: Vec<_> = of("< HTTP/1.1 100 Continue\\r\\n\\r\\n\nawait\n< HTTP/1.1 200 OK\\r\\n\\r\\n", true)[&1]
        .iter()
        .map(|block| block.is_interim)
        .collect();
    assert_eq!(interim, [true, false]);
    assert!(!of("< HTTP/1.1 100 Continue\\r\\n\\r\\nHTTP/1.1 200 OK\\r\\n\\r\\n", true)[&1][0].is_interim);
    let storm = "< {400*HTTP/1.1 102 Processing\\r\\n\\r\\n}";
    assert!(of(storm, true)[&1][0].is_interim);
    assert!(!of(&format!("{storm}HTTP/1.1 200 OK\\r\\n\\r\\n"), true)[&1][0].is_interim, "however many those are");
    assert!(!of("< HTTP/1.1 101 Switching Protocols\\r\\n\\r\\n", true)[&1][0].is_interim, "it is final");
    assert!(!of("< HTTP/1.1 100 Continue\\r\\n\\r\\n\nclose", true)[&1][0].is_interim, "nothing can follow");
}

#[test]
fn connections_have_blocks_of_their_own() {
    let blocks = of("close\nconnection 2\n< x", true);
    assert_eq!(blocks[&1][0].acts, [Act::Close]);
    assert_eq!(blocks[&2][0].acts, [write("x")]);
}

#[test]
fn the_front_of_a_proxy_is_not_the_origin() {
    let blocks = of("> GET\nawait\npause 5ms\n< one\n> GET\nhalf-close\n< two\nreset", false);
    let acts: Vec<_> = blocks[&1].iter().map(|block| block.acts.clone()).collect();
    assert_eq!(acts, [vec![write("one")], vec![write("two"), Act::Reset]]);
}
