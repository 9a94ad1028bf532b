//! What needs no namespace of its own: refusals, bounds and messages.

use std::time::Instant;

use super::*;

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

/// A setting may come from another process: it is checked where it is done, too.
#[test]
fn what_leads_out_of_the_namespace_is_not_run() {
    for setting in [
        Setting::Ip(words("netns add x")),
        Setting::Ip(words("-batch x")),
        Setting::Tc(words("exec bpf")),
        Setting::Ethtool(words("-f tun0 x")),
        Setting::Sysctl { name: "kernel.hostname".into(), value: "x".into() },
        Setting::Sysctl { name: "net/../kernel/hostname".into(), value: "x".into() },
    ] {
        assert!(setting.apply(None).is_err(), "{setting:?}");
        let remark = Setting::Optional(Box::new(setting)).apply(None);
        assert!(matches!(remark, Ok(Some(_))), "{remark:?}");
    }
}

#[test]
fn settings_that_do_not_exist_are_named() {
    for (name, why) in [
        ("net.ipv4.tcp_no_such", "net.ipv4.tcp_no_such: this kernel has no such setting in a network namespace"),
        ("net.core.no_such", "net.core.no_such exists only in the initial network namespace"),
    ] {
        let setting = Setting::sysctl(name, "1").expect(name);
        assert_eq!(setting.apply(None), Err(SettingError::Impossible(why.to_owned())));
        let optional = Setting::Optional(Box::new(setting));
        assert_eq!(optional.apply(None), Ok(Some(why.to_owned())), "who asks hears of it");
    }
}

#[test]
fn a_missing_program_is_named_with_its_package() {
    let error = program::run("no-such-program", "some-package", &words("a b"), PROGRAM_PATIENCE);
    let expected = "no-such-program a b: no-such-program is not installed (package some-package)";
    assert_eq!(error, Err(expected.to_owned()));
}

#[test]
fn a_shell_runs_in_its_folder_with_the_number_of_this_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let shell = |text: &str| Setting::Shell(text.to_owned()).apply(Some(folder.path()));
    assert_eq!(shell("test \"$PACKETDRILL_PID\" = \"$PPID\" && echo x > made"), Ok(None));
    assert!(folder.path().join("made").exists());
    let Err(SettingError::Failed(error)) = shell("echo no luck >&2\nexit 3") else { panic!("it fails") };
    assert!(error.starts_with("the shell command `echo no luck >&2`: no luck (") && error.contains('3'), "{error}");
}

/// A command that says no is an assertion that does not hold; one that could not be run asserts nothing.
#[test]
fn a_command_that_fails_is_told_from_one_that_could_not_be_run() {
    let shell = |text: &str| Setting::Shell(text.to_owned()).apply(None);
    for text in ["false", "exit 1", "exit 125", "echo exit status: 127; exit 2", "kill -KILL $$"] {
        assert!(matches!(shell(text), Err(SettingError::Failed(_))), "{text}: {:?}", shell(text));
    }
    for text in ["no-such-program-anywhere", "/etc/passwd", "exit 126"] {
        assert!(matches!(shell(text), Err(SettingError::Impossible(_))), "{text}: {:?}", shell(text));
    }
}

/// Neither a command that hangs nor one that leaves something behind stays.
#[test]
fn nothing_that_a_shell_started_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let started = Instant::now();
    let hung = program::shell("sleep 600", None, Duration::from_millis(100)).expect_err("it hangs");
    assert!(matches!(&hung, SettingError::Impossible(why) if why.contains("no end")), "{hung}");
    let left = "(sleep 1; touch late) & sleep 0";
    assert_eq!(program::shell(left, Some(folder.path()), SHELL_PATIENCE), Ok(()));
    assert!(started.elapsed() < Duration::from_secs(20));
    std::thread::sleep(Duration::from_millis(1500));
    assert!(!folder.path().join("late").exists(), "the child was killed with its shell");
}

#[test]
fn a_long_command_makes_a_short_message() {
    let error = Setting::Shell("é".repeat(10_000)).apply(None).expect_err("there is no such program").to_string();
    assert!(error.len() < 1000, "{} octets", error.len());
    assert!(error.contains('…') && error.contains("(exit status"), "{error}");
}
