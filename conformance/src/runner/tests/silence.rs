//! Silent lines, and packets that no line asks for.

use super::*;

const START: &str = "0 < S 0:0(0) win 1000\n";

#[test]
fn silence_lasts_until_its_time() {
    let script = format!("{START}+1 silent");
    passes(&script, Fake::new());
    passes(&script, Fake::new().sends(1001.0, segment(Flags::RST, 0, 0)));
    let run = fails("silence expected until 1.000000", &script, Fake::new().sends(999.0, segment(Flags::RST, 0, 0)));
    assert_eq!(run.failure.expect("it fails").got, ["0.999000 > R 0:0(0) win 1000"]);
    fails("2 packets", &script, Fake::new().sends(0.0, bare_ack(0, 1)).sends(7.0, bare_ack(0, 1)));
    // of any connection
    fails("silence", &script, Fake::new().sends(500.0, to(9, segment(Flags::RST, 0, 0))));
}

#[test]
fn silence_is_about_packets_that_no_line_asked_for() {
    let script = format!("{START}+0.5 > R 0:0(0)\n+1 silent\n1.6 > R 0:0(0)");
    let fake = Fake::new().sends(500.0, segment(Flags::RST, 0, 0));
    passes(&script, fake.clone().sends(1600.0, segment(Flags::RST, 0, 0)));
    fails("silence", &script, fake.sends(1499.0, segment(Flags::RST, 0, 0)));
}

#[test]
fn packets_that_no_line_asks_for_are_remarked() {
    let fake = Fake::new().sends(0.0, segment(Flags::RST, 7, 0)).sends(0.0, to(9, segment(Flags::RST, 1, 0)));
    let run = passes(START, fake);
    assert_eq!(run.notes.len(), 1, "{:?}", run.notes);
    assert!(
        run.notes[0].starts_with("2 packets that no line asks for: 0.000000 > R 7:7(0) win 1000"),
        "{:?}",
        run.notes
    );
    assert!(passes(START, Fake::new()).notes.is_empty());
}

#[test]
fn a_stack_that_talks_for_ever_breaks_the_silence_all_the_same() {
    let fake = (0..1000).fold(Fake::new(), |fake, at| fake.sends(f64::from(at), bare_ack(0, 1)));
    let run = fails("more than 3 packets", &format!("{START}+999999 silent"), fake);
    assert!(run.trace.records.len() < 10, "{}", run.trace.records.len());
}

#[test]
fn packets_are_shown_with_the_name_of_their_connection() {
    let fake = Fake::new().sends(500.0, to(3337, segment(Flags::RST, 0, 0)));
    let run = fails("silence", "0 < @3337-x S 0:0(0) win 1\n+1 silent", fake);
    assert_eq!(run.failure.expect("it fails").got, ["0.500000 > @3337-x R 0:0(0) win 1000"]);
}
