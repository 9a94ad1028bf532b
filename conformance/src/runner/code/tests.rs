use super::*;

fn info() -> Facts {
    let fields = [("snd_cwnd", 10), ("state", 1), ("options", 4), ("rtt", 20_500), ("unacked", 3)];
    Facts { tcp_info: tcp_info::encode(&fields), ..Facts::default() }
}

fn judged(text: &str) -> Result<Option<String>, String> {
    let code = prepare(text)?;
    code.check_names(&mut BTreeSet::new())?;
    Ok(Namespace::default().judge(&code, &info())?.map(|failing| failing.note))
}

#[track_caller]
fn fails(text: &str) -> String {
    judged(text).unwrap_or_else(|what| panic!("{text}: {what}")).unwrap_or_else(|| panic!("{text} holds"))
}

#[test]
fn what_holds() {
    for text in [
        "",
        "\n\n",
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
        "assert 7 / 2 == 3.5 and 4 / 2 == 2 and 1_000 == 1e3 and .5 < 0b1 and 0o17 == 15 and 2 ** 10 == 1024",
        "assert -2 ** 2 == -4 and 2 ** -1 == 0.5 and 10 - 3 - 2 == 5 and 7.5 // 2 == 3 and 7.5 % 2 == 1.5",
        "assert 10 > 3 > 1 and 1 != 2 and not 1 > 2 and None is None and 1 is not None",
        "assert tcpi_state in (1, 2) and 3 not in [1, 2] and 'b' in \"abc\" and tcpi_state in (TCP_ESTABLISHED,)",
        "assert max(1, 2, 3) == 3 and min([4, 2]) == 2 and abs(-2) == 2 and len('abc') == 3 and int(2.9) == 2",
        "assert str(1) + 'a' == '1a' and 'a' 'b' == 'ab' and 'ab' * 2 == 'abab' and sum((1, 2)) == 3",
        "assert '%d of %s: %.2f%% %x %03d|%-4d|%4s' % (1, 'b', 0.5, 255, 7, 8, 9) == '1 of b: 0.50% ff 007|8   |   9'",
        "assert f'{tcpi_rtt}{{}} {0.5:.2f} {\"a\"!r} {255:x} {7:>3}' == '20500{} 0.50 \\'a\\' ff   7'",
        "assert '{} {0} {1:d}'.format(1, 2) == '1 1 2'",
        "assert (1 if tcpi_state == 1 else 2) == 1",
        "x = 3\nx += 4; x *= 2\nassert x == 14 and (1, 2)[1] == 2 and [1, 2][-1] == 2",
        "if tcpi_state == 2:\n  assert 0\nelif tcpi_state == 1:\n  x = 1\n  assert x\nelse:\n  assert 0\nassert x == 1",
        "if tcpi_state == 2: assert 0; assert 0\nelse: pass",
        "if 1:\n\tif 0:\n\t\tassert 0\n\telse:\n\t\tx = 5\nassert x == 5",
        "   if 1:\n      x = 2\n   assert x == 2",
        "assert (1,\n 2) == (1, 2)\n   assert 1",
        "print 'cwnd', tcpi_snd_cwnd; assert 1\nprint(\"%s\" % no_such.thing())",
        "assert 1, no.message(understood)[\nat all]; assert 1",
        "\"\"\"a text;\nalone\"\"\"\nassert 1\r\nassert 1\r\n",
        "assert 9.5 > 9 and True + True == 2 and True == 1 and not None and 'a' < 'b'",
    ] {
        assert_eq!(judged(text), Ok(None), "{text}");
    }
}

#[test]
fn what_does_not_hold_shows_the_values_and_the_message() {
    for (text, note) in [
        ("assert tcpi_snd_cwnd == 11", "it does not hold  got tcpi_snd_cwnd = 10"),
        ("assert tcpi_snd_cwnd == 11, 'no'", "it does not hold: no  got tcpi_snd_cwnd = 10"),
        ("assert tcpi_snd_cwnd == 11, tcpi_snd_cwnd", "it does not hold: 10  got tcpi_snd_cwnd = 10"),
        ("assert 0, 'cwnd=%d, %s' % (tcpi_snd_cwnd, \"it's\")", "it does not hold: cwnd=10, it's"),
        ("assert 0, \"cwnd \" + str(tcpi_snd_cwnd)", "it does not hold: cwnd 10"),
        ("assert 0, f'cwnd {tcpi_snd_cwnd:>4}'", "it does not hold: cwnd   10"),
        ("assert 0, ('a', 1)", "it does not hold: ('a', 1)"),
        ("assert 0, 'a\\nb'", "it does not hold: a\\nb"),
        ("assert 0, 1 // 0", "it does not hold"),
        ("assert 0, what.ever()", "it does not hold"),
        ("x = 'a'; assert x == 'b' and tcpi_state", "it does not hold  got tcpi_state = 1, x = 'a'"),
        (
            "assert 1; assert tcpi_state != TCP_ESTABLISHED or tcpi_rtt < 20 < tcpi_rtt",
            "assertion 2 of 2 does not hold  got TCP_ESTABLISHED = 1, tcpi_rtt = 20500, tcpi_state = 1",
        ),
        ("if 1:\n  assert 1\n  assert 0", "assertion 2 of 2 does not hold"),
        ("assert 1 < 3 < 2", "it does not hold"),
        ("assert not 1", "it does not hold"),
        ("assert 1 == 'a'", "it does not hold"),
        ("assert 0.1 + 0.2 == 0.3", "it does not hold"),
        ("assert 2 in [(1, 2)[0], 3]", "it does not hold"),
        ("assert ''", "it does not hold"),
    ] {
        assert_eq!(fails(text), note, "{text}");
    }
    let message = fails(&format!("assert 0, '{}'", "a".repeat(5000)));
    assert!(message.len() < 300, "{}", message.len());
}

/// Where Python would raise, the original fails.
#[test]
fn what_python_would_raise_fails() {
    for (text, why) in [
        ("assert 1 // 0", "the block stops: a division by zero"),
        ("assert tcpi_rtt % tcpi_probes", "the block stops: a division by zero  got tcpi_probes = 0, tcpi_rtt = 20500"),
        ("assert 1 / 0.0", "the block stops: a division by zero"),
        ("if 0: x = 1\nassert x", "the block stops: nothing has assigned `x`"),
        ("assert 1 < 'a'", "the block stops: `<` of a whole number and a text"),
        ("assert 'a' + 1", "the block stops: `+` of a text and a whole number"),
        ("assert '%d' % 'a'", "the block stops: the format `d` of 'a'"),
        ("assert '%d' % (1, 2)", "the block stops: a format with too many values"),
        ("assert '%d %d' % 1", "the block stops: a format with too few values"),
        ("assert (1, 2)[2]", "the block stops: a list of 2 has no item 2"),
        ("assert 1 in 2", "the block stops: `in` needs a list, not a whole number"),
    ] {
        assert_eq!(fails(text), why, "{text}");
    }
}

#[test]
fn what_is_not_evaluated_is_named() {
    for (text, what) in [
        ("import os", "`import` at the beginning"),
        ("for x in y: pass", "`for` at the beginning"),
        ("x y", "`y` behind a statement"),
        ("assert os.system('x') == 0", "`.` behind `os`"),
        ("assert exit(1)", "the function `exit`"),
        ("assert tcpi_att == 1", "the name `tcpi_att`: did you mean `tcpi_ato`?"),
        ("assert tcpi_snd_cwn == 1", "did you mean `tcpi_snd_cwnd`?"),
        ("assert TCPI_ESTABLISHD == 1", "did you mean `TCPI_ESTABLISHED`?"),
        ("assert nonsense", "the name `nonsense`"),
        ("assert bbr_bw > 0", "bbr_bw, which the stack does not tell"),
        ("assert SK_MEMINFO_DROPS == 0", "SK_MEMINFO_DROPS, which the stack does not tell"),
        ("assert 'a", "a string that does not end"),
        ("assert 'a\nb'", "a string that does not end"),
        ("assert f'{tcpi_rtt'", "a brace that does not end"),
        ("assert '%(x)d' % 1", "the format `(x`"),
        ("assert '%999d' % 1", "the format `999d`"),
        ("assert (1", "a missing `)`"),
        ("assert (1]", "`]` where `)` is expected"),
        ("assert", "an assert without a condition"),
        ("assert ,", "`,` in an expression"),
        ("assert 1 +", "an expression without an end"),
        ("assert 12x", "the number `12x`"),
        ("assert 999999999999999999999999999999999999999999", "the number"),
        ("assert é", "`\\u{e9}` in an expression"),
        ("if 1:\nassert 1", "an `if` without a body"),
        ("else: pass", "`else` without an `if`"),
        ("if 1 assert 1", "`assert` where `:` is expected"),
        ("x = y = 1", "two assignments"),
        ("x, y = 1, 2", "`,` behind a statement"),
        ("1 = 2", "`=` behind what is no name"),
        ("assert ((1, 2), 3)", "a list in a list"),
        ("assert lambda: 1", "`lambda` in an expression"),
        ("assert {1: 2}", "`{` in an expression"),
    ] {
        let error = judged(text).expect_err(text);
        assert!(error.starts_with("a code block with ") && error.contains(what), "{text}: {error}");
    }
}

/// Names live on in the blocks behind, but what the stack tells is always of the present.
#[test]
fn blocks_share_their_names() {
    let mut names = Namespace::default();
    let mut assigned = BTreeSet::new();
    let mut next = |text: &str, cwnd| {
        let code = prepare(text).expect(text);
        code.check_names(&mut assigned).expect(text);
        let facts = Facts { tcp_info: tcp_info::encode(&[("snd_cwnd", cwnd)]), ..Facts::default() };
        names.judge(&code, &facts).map(|failing| failing.map(|failing| failing.note))
    };
    assert_eq!(next("before = tcpi_snd_cwnd; tcpi_snd_cwnd = 3; assert tcpi_snd_cwnd == 3", 10), Ok(None));
    assert_eq!(next("assert tcpi_snd_cwnd == before + 2 == 12", 12), Ok(None));
    let failure = next("assert tcpi_snd_cwnd > before", 9).expect("it is evaluated");
    assert_eq!(failure.as_deref(), Some("it does not hold  got before = 10, tcpi_snd_cwnd = 9"));
}

#[test]
fn an_assertion_about_times_alone_is_one_of_time() {
    let is_of_time = |text: &str| {
        let failing = Namespace::default().judge(&prepare(text).expect(text), &info()).expect(text);
        failing.map(|failing| failing.is_of_time)
    };
    assert_eq!(is_of_time("assert tcpi_rtt < 20000"), Some(true));
    assert_eq!(is_of_time("assert 1 <= tcpi_rtt <= 20000 and tcpi_rttvar > 0, tcpi_rtt"), Some(true));
    assert_eq!(is_of_time("assert tcpi_rtt < 20000 and tcpi_snd_cwnd == 10"), Some(false));
    assert_eq!(is_of_time("assert tcpi_snd_cwnd == 11"), Some(false));
    assert_eq!(is_of_time("assert 0 == 1"), Some(false));
    assert_eq!(is_of_time("assert tcpi_rtt == 20500"), None);
}

#[test]
fn all_that_a_kernel_tells() {
    let facts = Facts {
        tcp_info: (0..250).collect(),
        cc_info: [1_u32, 2, 3, 4, 5].iter().flat_map(|number| number.to_le_bytes()).collect(),
        meminfo: (1_u32..10).flat_map(u32::to_le_bytes).collect(),
    };
    let judged = |text: &str| {
        let code = prepare(text).expect(text);
        code.check_names(&mut BTreeSet::new()).expect(text);
        let judged = Namespace::default().judge(&code, &facts).map(|failing| failing.map(|failing| failing.note));
        (code.needs_cc_info(), code.needs_meminfo(), judged)
    };
    assert_eq!(
        judged("assert bbr_bw == (2 << 32) + 1 and bbr_cwnd_gain == 5 and bbr_bw_hi == 2"),
        (true, false, Ok(None))
    );
    assert_eq!(judged("assert dctcp_enabled == 1 and dctcp_ce_state == 0 and dctcp_ab_tot == 4").2, Ok(None));
    assert_eq!(judged("assert tcpv_rttcnt == 2 and tcp_rtt == 3 and tcp_minrtt == 4").2, Ok(None));
    assert_eq!(judged("assert SK_MEMINFO_RMEM_ALLOC == 1 and SK_MEMINFO_DROPS == 9"), (false, true, Ok(None)));
    assert_eq!(judged("assert tcpi_fastopen_client_fail == 3 and tcpi_ato == 0x0f0e0d0c"), (false, false, Ok(None)));
    let beyond = judged("assert tcpi_received_ce == 0").2.expect_err("the structure ends before");
    assert_eq!(beyond, "a code block with tcpi_received_ce, which the stack does not tell");
}

/// Numbers without bound, towers of signs and texts that double must end in an error, not in a crash.
#[test]
fn hostile_blocks_end_in_an_error() {
    for text in [
        "assert 1 << 127",
        "assert 1 << -1",
        "assert 2 ** 127",
        "assert 9 ** 999999999999",
        "assert 9223372036854775807 * 9223372036854775807 * 9223372036854775807 * 2",
        "assert 'a' * 99999999999999",
        "assert '%100s' % 1 * 1000000",
        "assert int(1e300)",
        "assert round(1e999)",
        "assert (1,) * 99999999",
    ] {
        assert!(
            judged(text).is_ok_and(|failure| failure.is_some_and(|why| why.contains("stops"))) || judged(text).is_err()
        );
    }
    for text in
        ["assert -170141183460469231731687303715884105727 - 1 < 0", "x = -170141183460469231731687303715884105727 - 1"]
    {
        assert_eq!(judged(text), Ok(None));
    }
    let least = "x = -170141183460469231731687303715884105727 - 1\n";
    for operation in
        ["-x", "abs(x)", "x // -1", "x % -1 + x", "x * -1", "hex(x)", "'%d' % x", "x - 1", "x / -1", "x ** 2"]
    {
        let _ = judged(&format!("{least}assert {operation}"));
    }
    for open in ["(", "-", "not ", "[", "1 if 1 else ", "2 ** ", "abs(", "1 if ", "'a'["] {
        assert!(judged(&format!("assert {}1", open.repeat(5000))).is_err(), "{open}");
    }
    let nested_ifs: Vec<String> = (0..200).map(|depth| " ".repeat(depth) + "if 1:\n").collect();
    assert!(judged(&nested_ifs.concat()).is_err());
    assert!(judged(&format!("assert {}1{}", "(".repeat(51), ")".repeat(51))).is_err());
    assert_eq!(judged(&format!("assert {}1{}", "(".repeat(50), ")".repeat(50))), Ok(None));
    assert_eq!(judged(&format!("assert {}1", "1 + ".repeat(5000))), Ok(None));
    assert_eq!(judged(&format!("assert {}1", "1 and ".repeat(5000))), Ok(None));
    assert!(judged(&format!("assert {}1", "1 + ".repeat(50_000))).is_err());
    assert!(judged(&format!("assert '{}'", "a".repeat(1 << 20))).is_err());
    let doubling = format!("s = 'a'\n{}", "s += s\n".repeat(1000));
    assert!(judged(&doubling).is_err(), "a text without end");
    let doubling = format!("s = (1,)\n{}", "s += s\n".repeat(1000));
    assert!(judged(&doubling).is_err(), "a list without end");
}

/// No text, however odd, panics.
#[test]
fn odd_texts() {
    let words = [
        "assert ", "x", "=", "1", "'", "\"", "f'{", "}", "\\", "\n", "\n ", "(", ")", "if ", ":", "%", ".", "é", "0x",
        "not in ",
    ];
    for a in words {
        for b in words {
            for c in words {
                let _ = judged(&format!("{a}{b}{c}"));
                let _ = judged(&format!("assert 1 {a}{b}{c}1"));
            }
        }
    }
}
