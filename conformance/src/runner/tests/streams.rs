//! `--loose_segments`: text and acknowledgments as streams.

use super::*;

const START: &str = "--loose_segments\n0 < S 0:0(0) win 1000\n";

/// Segments of the stack: a millisecond, the sequence number, the length, the acknowledgment.
fn sends(segments: &[(f64, u32, usize, u32)]) -> Fake {
    segments.iter().fold(Fake::new(), |fake, (at, seq, len, number)| {
        fake.sends(*at, ack(segment(Flags::default(), *seq, *len), *number))
    })
}

#[test]
fn text_is_met_however_it_is_cut() {
    let lines = "+0 > . 1:1001(1000) ack 1\n+0 > P. 1001:3001(2000) ack 1";
    for live in [
        &[(0.0, 1, 1000, 1), (0.0, 1001, 2000, 1)][..],
        &[(0.0, 1, 3000, 1)],
        &[(0.0, 1, 700, 1), (1.0, 701, 800, 1), (2.0, 1501, 1500, 1)],
        &[(0.0, 1, 2000, 1), (0.0, 1, 1000, 1), (0.0, 1501, 1500, 1)], // overlaps, and a segment sent again
    ] {
        passes(&format!("{START}{lines}"), sends(live));
    }
    let words = "the stack to send up to 3001 expected, got up to 2501";
    fails(words, &format!("{START}{lines}"), sends(&[(0.0, 1, 2500, 1)]));
    fails(
        "seq expected 1001:3001(2000)",
        &format!("{START}{lines}"),
        sends(&[(0.0, 1, 1000, 1), (0.0, 2001, 1000, 1)]),
    );
    fails("seq expected", &format!("{}{lines}", &START[17..]), sends(&[(0.0, 1, 3000, 1)]));
}

#[test]
fn what_the_text_is_and_what_is_left_over_counts() {
    let octets = |payload: &[u8]| {
        let with = Segment { payload: payload.to_vec(), ..ack(segment(Flags::default(), 1, 0), 1) };
        Fake::new().sends(0.0, with)
    };
    let lines = format!("{START}+0 > . 1:4(3) ack 1 \"abc\"\n+0 > . 4:7(3) ack 1 \"def\"");
    passes(&lines, octets(b"abcdef"));
    fails("text expected \"def\", got \"dex\"", &lines, octets(b"abcdex"));
    let run = passes(&lines, octets(b"abcdefgh"));
    assert!(run.notes.iter().any(|note| note == "2 octets of text that no line asks for"), "{:?}", run.notes);
}

#[test]
fn acknowledgments_may_be_fewer_or_more() {
    let lines = "+0 > . 1:1(0) ack 11\n+0 > . 1:1(0) ack 21";
    passes(&format!("{START}{lines}"), sends(&[(0.0, 1, 0, 21)]));
    passes(&format!("{START}{lines}"), sends(&[(0.0, 1, 0, 6), (0.0, 1, 0, 11), (1.0, 1, 0, 16), (2.0, 1, 0, 21)]));
    fails(
        "ack up to 21 expected, got up to 20",
        &format!("{START}{lines}"),
        sends(&[(0.0, 1, 0, 11), (0.0, 1, 0, 20)]),
    );
}

#[test]
fn only_what_a_timeout_sends_is_late() {
    let line = format!("{START}+0 > . 1:1001(1000) ack 1");
    passes(&line, sends(&[(180.0, 1, 1000, 1)]));
    fails("time expected", &line, sends(&[(200.0, 1, 1000, 1)]));
}

#[test]
fn what_is_sent_again_is_met_however_it_is_cut() {
    let lines = format!("{START}+0 > . 1:1001(1000) ack 1\n+0.5 > . 1:501(500) ack 1\n+0 > . 1001:2001(1000) ack 1");
    passes(&lines, sends(&[(0.0, 1, 1000, 1), (1.0, 1001, 1000, 1), (500.0, 1, 500, 1)]));
    passes(&lines, sends(&[(0.0, 1, 2000, 1), (500.0, 1, 1000, 1)]));
    passes(&lines, sends(&[(0.0, 1, 2000, 1), (500.0, 1, 200, 1), (501.0, 201, 300, 1)]));
    fails("seq expected 1:501(500)", &lines, sends(&[(0.0, 1, 2000, 1), (500.0, 501, 500, 1)]));
    fails("seq expected 1:501(500)", &lines, sends(&[(0.0, 1, 2000, 1), (500.0, 1, 200, 1), (501.0, 301, 300, 1)]));
    fails("time expected", &lines, sends(&[(0.0, 1, 2000, 1), (700.0, 1, 500, 1)]));
    fails("no packet came", &lines, sends(&[(0.0, 1, 2000, 1)]));
}

#[test]
fn text_that_is_sent_again_is_compared() {
    let lines = format!("{START}+0 > . 1:4(3) ack 1 \"abc\"\n+0.5 > . 1:4(3) ack 1 \"abc\"");
    let octets = |fake: Fake, at, payload: &[u8]| {
        fake.sends(at, Segment { payload: payload.to_vec(), ..ack(segment(Flags::default(), 1, 0), 1) })
    };
    let first = || octets(Fake::new(), 0.0, b"abc");
    passes(&lines, octets(first(), 500.0, b"abc"));
    fails("text expected \"abc\", got \"abd\"", &lines, octets(first(), 500.0, b"abd"));
}

#[test]
fn gaps_are_told_by_as_many_acknowledgments_as_a_stack_likes() {
    let lines = format!("{START}+0 > . 1:1(0) ack 11\n+0 > . 1:1(0) ack 11 <sack 21:41, nop, nop>");
    let told = |blocks: &[(u32, u32)]| {
        let new = Fake::new().sends(0.0, bare_ack(1, 11));
        blocks.iter().fold(new, |fake, (left, right)| {
            let sack = TcpOption::Sack(vec![(Seq(*left), Seq(*right))]);
            fake.sends(
                1.0,
                Segment { options: vec![sack, TcpOption::NoOperation, TcpOption::NoOperation], ..bare_ack(1, 11) },
            )
        })
    };
    passes(&lines, told(&[(21, 41)]));
    passes(&lines, told(&[(21, 31), (21, 41), (21, 51)]));
    passes(&lines, told(&[(21, 61)]));
    for less in [&[][..], &[(21, 31)], &[(31, 41)], &[(61, 71)]] {
        fails("the stack to tell of these blocks expected", &lines, told(less));
    }
    // one that is told to have come twice, below what is acknowledged: which packet says so is chance
    passes(&lines.replace("21:41", "1:11"), told(&[]));
}

#[test]
fn what_was_sent_again_beyond_a_line_is_kept_for_the_next() {
    let again = "+0.5 > . 1:501(500) ack 1\n+0 > . 501:1001(500) ack 1";
    let lines = format!("{START}+0 > . 1:1001(1000) ack 1\n{again}");
    passes(&lines, sends(&[(0.0, 1, 1000, 1), (500.0, 1, 1000, 1)]));
    passes(&lines, sends(&[(0.0, 1, 1000, 1), (500.0, 1, 700, 1), (501.0, 701, 300, 1)]));
    fails("no packet came", &lines, sends(&[(0.0, 1, 1000, 1), (500.0, 1, 700, 1)]));
}

#[test]
fn which_new_acknowledgment_tells_of_a_gap_is_chance() {
    let line = |options: &str| format!("{START}+0 > . 1:1(0) ack 11{options}");
    let sack = || Fake::new().sends(0.0, with_options(&[TcpOption::Sack(vec![(Seq(21), Seq(31))])], bare_ack(1, 11)));
    passes(&line(""), sack());
    passes(&line(" <sack 21:31, nop, nop>"), Fake::new().sends(0.0, bare_ack(1, 11)));
    // what tells of nothing is no chance
    let other = || Fake::new().sends(0.0, with_options(&[TcpOption::Mss(9)], bare_ack(1, 11)));
    fails("options expected", &line(""), other());
    // the next line may ask for what a new acknowledgment has told
    passes(&format!("{}\n+0 > . 1:1(0) ack 11 <sack 21:31, nop, nop>", line("")), sack());
}
