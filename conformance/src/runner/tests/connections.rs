//! The socket under test, and connections by name (packetdrill language, 4.1, 4.2; `@name` is ours).

use super::*;

fn ports(run: &Run) -> Vec<(u16, u16)> {
    injected(run).iter().map(|(_, segment)| (segment.source_port, segment.destination_port)).collect()
}

const LISTEN: &str = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n+0 listen(3, 1) = 0\n";

#[test]
fn the_first_packet_to_a_listener_makes_the_connection() {
    let script =
        format!("{LISTEN}+0 < S 0:0(0) win 1\n+0 < S 0:0(0) win 1\n+0 accept(3, ..., ...) = 4\n+0 < . 1:1(0) win 1");
    assert_eq!(ports(&passes(&script, Fake::new())), [(40_001, 8080); 3]);
}

#[test]
fn each_socket_becomes_the_one_under_test() {
    let script = format!(
        "{LISTEN}+0 < S 0:0(0) win 1\n+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 4\n+0 listen(4, 1) = 0\n+0 < S 0:0(0) win 1\n+0 > R 0:0(0)"
    );
    // what the former connection sends is ignored, and remarked
    let fake = Fake::new().sends(0.0, segment(Flags::RST, 7, 0)).sends(0.0, to(40_002, segment(Flags::RST, 0, 0)));
    let run = passes(&script, fake);
    assert_eq!(ports(&run), [(40_001, 8080), (40_002, 8080)]);
    assert!(run.notes[0].contains("R 7:7(0)"), "{:?}", run.notes);
}

#[test]
fn options_set_ports_and_lines_may_borrow_others() {
    let script = "--bind_port=7788\n0 < S 0:0(0) win 1\n+0 < 5 > 6 S 0:0(0) win 1\n+0 < 0 > 6 S 0:0(0) win 1\n\
                  +0 > 1 > 2 R 0:0(0)";
    let answer = Segment { source_port: 7788, ..segment(Flags::RST, 0, 0) };
    let run = passes(script, Fake::new().sends(0.0, answer));
    assert_eq!(ports(&run), [(40_001, 7788), (5, 6), (40_001, 6)], "outbound, ports are not compared");
    // the answer to a foreign port is none of the connection's
    fails(
        "no packet",
        "0 < S 0:0(0) win 1\n+0 < 5 > 0 S 0:0(0) win 1\n+0 > R 0:0(0)",
        Fake::new().sends(0.0, to(5, segment(Flags::RST, 0, 0))),
    );
    let script = "--connect_port=99\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 connect(3, ..., ...) = 0";
    assert_eq!(
        called(&passes(script, Fake::new()))[1].1,
        Call::Connect { fd: crate::trace::Fd(1001), address: "192.0.2.1:99".parse().expect("it is an address") }
    );
}

#[test]
fn clients_have_names() {
    let script = format!(
        "{LISTEN}+0 < @ann S 100:100(0) win 1\n+0 < @bob S 200:200(0) win 1\n+0 > @bob S. 0:0(0) ack 201\n\
         +0 > @ann S. 0:0(0) ack 101\n+0 < @ann . 1:1(0) ack 1 win 1\n+0 > @bob . 1:1(0) ack 1"
    );
    let syn = |port, isn, number| to(port, ack(segment(Flags::SYN, isn, 0), number));
    let fake = Fake::new()
        .sends(0.0, syn(40_001, 10, 101))
        .sends(0.0, syn(40_002, 20, 201))
        .sends(0.0, to(40_002, bare_ack(21, 201)));
    let run = passes(&script, fake);
    assert_eq!(ports(&run), [(40_001, 8080), (40_002, 8080), (40_001, 8080)]);
    assert_eq!(injected(&run)[2].1.ack, Seq(11));
    // each has its own numbers
    let fake = Fake::new().sends(0.0, syn(40_001, 10, 101)).sends(0.0, syn(40_002, 20, 101));
    fails("ack expected 201, got 101", &script, fake);
}

#[test]
fn a_name_that_begins_with_digits_is_a_port() {
    let script = "0 < @3337 S 0:0(0) win 1\n+0 > @3337 S. 0:0(0) ack 1\n+0 < @3337-again S 50:50(0) win 1\n\
                  +0 > @3337-again S. 0:0(0) ack 51\n+0 < @3337-again . 1:1(0) ack 1 win 1\n+0 < @70000 S 0:0(0) win 1\n+0 < @0x S 0:0(0) win 1";
    let syn = |isn, number| to(3337, ack(segment(Flags::SYN, isn, 0), number));
    let run = passes(script, Fake::new().sends(0.0, syn(10, 1)).sends(0.0, syn(20, 51)));
    let sent = injected(&run);
    assert_eq!(ports(&run)[..3], [(3337, 8080); 3]);
    assert!(ports(&run)[3..].iter().all(|(port, _)| *port > 40_000), "no port has such a number");
    assert_eq!((sent[2].1.seq, sent[2].1.ack), (Seq(51), Seq(21)), "the younger of two incarnations lives");
}

#[test]
fn a_port_that_a_name_has_taken_is_given_to_nobody_else() {
    let script = "0 < @40001 S 0:0(0) win 1\n+0 < @other S 0:0(0) win 1";
    assert_eq!(ports(&passes(script, Fake::new())), [(40_001, 8080), (40_002, 8080)]);
}

#[test]
fn active_connections_take_names_in_their_order() {
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 connect(3, ..., ...) = 0\n\
                  +0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 4\n+0 connect(4, ..., ...) = 0\n\
                  +0 > @first S 0:0(0)\n+0 > @second S 0:0(0)\n\
                  +0.1 < @first S. 0:0(0) ack 1 win 1\n+0 < @second S. 0:0(0) ack 1 win 1";
    let fake = Fake::new()
        .sends(0.0, active(50_000, segment(Flags::SYN, 10, 0)))
        .sends(0.0, active(50_001, segment(Flags::SYN, 20, 0)));
    let run = passes(script, fake);
    assert_eq!(ports(&run), [(8080, 50_000), (8080, 50_001)]);
    assert_eq!([injected(&run)[0].1.ack, injected(&run)[1].1.ack], [Seq(11), Seq(21)]);
}

#[test]
fn a_name_that_nobody_has_is_an_error_of_the_script() {
    expect(Verdict::Broken, "no connection @ann", "0 < S 0:0(0) win 1\n+0 > @ann R 0:0(0)", Fake::new());
    expect(Verdict::Broken, "no socket", "0 > R 0:0(0)", Fake::new());
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 connect(3, ..., ...) = 0\n+0 < S 0:0(0) win 1";
    expect(Verdict::Broken, "no addresses yet", script, Fake::new());
}

#[test]
fn accepted_descriptors_belong_to_the_client_that_the_stack_names() {
    let script = format!(
        "{LISTEN}+0 < @ann S 0:0(0) win 1\n+0 < @bob S 0:0(0) win 1\n+0 accept(3, ..., ...) = 4\n+0 accept(3, ..., ...) = 5\n\
         +0 close(4) = 0\n+0 read(5, ..., 1) = 0"
    );
    let run = passes(&script, Fake::new());
    assert_eq!(called(&run)[6].1, Call::Read { fd: crate::trace::Fd(1003), length: 1, flags: 0 });
}

#[test]
fn a_stack_need_not_name_the_client() {
    let script = format!("{LISTEN}+0 accept(3, ..., ...) = 4\n+0 close(4) = 0");
    let run = passes(&script, Fake::new().returns(4, Return::ok(55)));
    assert_eq!(called(&run)[4].1, Call::Close { fd: crate::trace::Fd(55) });
}

#[test]
fn packets_of_a_known_connection_are_no_others() {
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 connect(3, ..., ...) = 0\n\
                  +0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 4\n+0 connect(4, ..., ...) = 0\n\
                  +0 > @first S 0:0(0)\n+1 > @second S 0:0(0)\n+0 > @first S 0:0(0)";
    // the first SYN is sent again before the second comes
    let syn = |port, isn| active(port, segment(Flags::SYN, isn, 0));
    passes(
        script,
        Fake::new().sends(0.0, syn(50_000, 10)).sends(999.0, syn(50_000, 10)).sends(1000.0, syn(50_001, 20)),
    );
}

#[test]
fn an_older_incarnation_sends_nothing_more() {
    let script = "0 < @3337 S 0:0(0) win 1\n+0 < @3337-again S 50:50(0) win 1\n+0 > @3337 R 0:0(0)";
    fails("no packet", script, Fake::new().sends(0.0, to(3337, segment(Flags::RST, 0, 0))));
    passes(&script.replace("> @3337", "> @3337-again"), Fake::new().sends(0.0, to(3337, segment(Flags::RST, 0, 0))));
}

#[test]
fn a_socket_that_was_disconnected_connects_from_another_port() {
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 connect(3, ..., ...) = 0\n+0 > S 0:0(0)\n\
                  +0 connect(3, AF_UNSPEC, ...) = 0\n+0 > R 1:1(0)\n+1 connect(3, ..., ...) = 0\n+0 > S 0:0(0)\n\
                  +0 < S. 5:5(0) ack 1 win 9";
    let fake = Fake::new()
        .with_capabilities(&[Capability::Isn, Capability::Files, Capability::Datagrams])
        .sends(0.0, active(50_000, segment(Flags::SYN, 10, 0)))
        .sends(0.0, active(50_000, segment(Flags::RST, 11, 0)))
        .sends(1000.0, active(50_001, segment(Flags::SYN, 20, 0)));
    let run = passes(script, fake);
    assert_eq!(ports(&run), [(8080, 50_001)]);
    assert_eq!(injected(&run)[0].1.ack, crate::runner::tests::Seq(21));
}
