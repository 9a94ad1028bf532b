use super::*;

fn info() -> Vec<u8> {
    tcp_info::encode(&[("snd_cwnd", 10), ("state", 1), ("options", 4), ("rtt", 20_500)])
}

fn judged(text: &str) -> Result<Option<String>, String> {
    judge(&prepare(text)?, &info())
}

#[test]
fn what_holds() {
    for text in [
        "",
        "assert True",
        "assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd",
        "assert tcpi_snd_cwnd == 10, 'cwnd=%d; not 10' % tcpi_snd_cwnd",
        "assert tcpi_snd_cwnd == 10\nassert tcpi_state == TCP_ESTABLISHED; assert tcpi_ca_state == TCP_CA_Open",
        "assert 20000 <= tcpi_rtt <= 21000, 'srtt: %d' % \\\n tcpi_rtt",
        "assert (tcpi_options & TCPI_OPT_SYN_DATA) == 0 # none\nprint(tcpi_options, ';', \"it's\")",
        "assert not tcpi_options & TCPI_OPT_SACK and tcpi_options & TCPI_OPT_WSCALE",
        "assert (tcpi_state ==\n TCPI_ESTABLISHED)",
        "assert 1 + 2 * 3 == 7 and -7 // 2 == -4 and -7 % 3 == 2 and 7 % -3 == -2 and ~0 == -1 and 1 << 4 == 0x10",
        "assert 1 | 2 ^ 3 & 4 == 0 or 3",
    ] {
        assert_eq!(judged(text), Ok(None), "{text}");
    }
}

#[test]
fn what_does_not_hold_shows_the_values() {
    assert_eq!(judged("assert tcpi_snd_cwnd == 11, 'no'"), Ok(Some("it does not hold  got tcpi_snd_cwnd = 10".into())));
    assert_eq!(
        judged("assert 1; assert tcpi_state != TCP_ESTABLISHED or tcpi_rtt < 20 < tcpi_rtt"),
        Ok(Some("assertion 2 of 2 does not hold  got tcpi_rtt = 20500, tcpi_state = 1".into()))
    );
    assert!(judged("assert 1 < 3 < 2").is_ok_and(|why| why.is_some()), "every link of a chain counts");
    assert!(judged("assert not 1").is_ok_and(|why| why.is_some()));
}

#[test]
fn what_is_not_evaluated_is_named() {
    for (text, what) in [
        ("import os", "`import` at the beginning"),
        ("x = 1", "`x` at the beginning"),
        ("assert os.system('x') == 0", "`.` after a condition"),
        ("assert exit(1)", "`(` after a condition"),
        ("assert tcpi_ato == 1", "the name `tcpi_ato`"),
        ("assert bbr_bw > 0", "the name `bbr_bw`"),
        ("assert 1 / 2", "`/` after a condition"),
        ("assert 2 ** 9", "`**` after a condition"),
        ("assert 'a' == 'a'", "a string in a condition"),
        ("assert 'a", "a string that does not end"),
        ("assert (1", "a missing `)`"),
        ("assert (1]", "`]` where `)` is expected"),
        ("assert", "an assert without a condition"),
        ("assert ,", "`,` in a condition"),
        ("assert 12x", "the number `12x`"),
        ("assert 999999999999999999999999999999999999999999", "the number"),
        ("assert é", "`\\u{e9}` in a condition"),
    ] {
        let error = prepare(text).expect_err(text);
        assert!(error.starts_with("a code block with ") && error.contains(what), "{text}: {error}");
    }
}

/// Numbers without bound and towers of signs must end in an error, not in a crash.
#[test]
fn hostile_blocks_end_in_an_error() {
    for text in [
        "assert 1 // 0",
        "assert 1 % 0",
        "assert 1 << 64",
        "assert 1 << -1",
        "assert 9223372036854775807 * 9223372036854775807 * 9223372036854775807 * 2",
    ] {
        assert!(judged(text).is_err(), "{text}");
    }
    for open in ["(", "-", "not "] {
        assert!(judged(&format!("assert {}1", open.repeat(100_000))).is_err(), "{open}");
    }
    assert!(judged(&format!("assert {}1{}", "(".repeat(51), ")".repeat(51))).is_err());
    assert_eq!(judged(&format!("assert {}1{}", "(".repeat(50), ")".repeat(50))), Ok(None));
    assert_eq!(judged(&format!("assert {}1", "1 + ".repeat(499))), Ok(None));
    assert!(judged(&format!("assert {}1", "1 + ".repeat(500))).is_err());
}
