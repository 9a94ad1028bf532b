//! What is changed in the source of a kernel, and how it is configured.
//!
//! Nothing of the kernel is kept here. Two changes are made to its source, which is GPL-2.0: its randomness comes from a
//! seed ([`RANDOM`]), and it ticks a thousand times a second, so that its timers are late by milliseconds at most.

use md5::{Digest, Md5};

use super::UmlError;
use crate::hex::hex;

/// Its configuration, on top of `allnoconfig`.
pub const FRAGMENT: &str = include_str!("../../../fixtures/kernel/virtual-time.config");

/// The body of the function that asks the host for randomness.
pub const RANDOM: &str = include_str!("../../../fixtures/kernel/os_getrandom.c");

/// The file in which it stands.
pub const RANDOM_FILE: &str = "arch/um/os-Linux/util.c";

/// The file that says how often it ticks.
pub const TICK_FILE: &str = "arch/um/Kconfig";

/// Raised when a kernel must be built anew though none of the texts above has changed.
const EDITION: &str = "1";

/// What tells kernels of the same release apart: of how they were configured and changed.
pub fn hash() -> String {
    let mut digest = Md5::new();
    for text in [EDITION, FRAGMENT, RANDOM] {
        digest.update(text.as_bytes());
        digest.update([0]);
    }
    hex(&digest.finalize()[..5])
}

/// `arch/um/os-Linux/util.c` with randomness that comes from a seed.
pub fn seeded(source: &str) -> Result<String, UmlError> {
    let lost = || UmlError::Source(format!("{RANDOM_FILE} has no function os_getrandom: this kernel is not known"));
    let name = source.find("os_getrandom(").ok_or_else(lost)?;
    let open = name + source[name..].find("\n{\n").ok_or_else(lost)? + 3;
    let close = open + source[open..].find("\n}\n").ok_or_else(lost)? + 1;
    Ok(format!("{}{RANDOM}{}", &source[..open], &source[close..]))
}

/// `arch/um/Kconfig` with a thousand ticks a second.
pub fn ticking(kconfig: &str) -> Result<String, UmlError> {
    let lost = || UmlError::Source(format!("{TICK_FILE} does not say how often it ticks: this kernel is not known"));
    let at = kconfig.find("config HZ\n").ok_or_else(lost)?;
    let (before, rest) = kconfig.split_at(at);
    let value = rest.find("default 100\n").ok_or_else(lost)?;
    Ok(format!("{before}{}default 1000\n{}", &rest[..value], &rest[value + "default 100\n".len()..]))
}

/// What the configuration asks of the network, and the kernel did not take: releases know different things.
pub fn refused(config: &str) -> Vec<&'static str> {
    let taken = |line: &&str| config.lines().any(|have| have == *line);
    let network = FRAGMENT.lines().skip_while(|line| *line != "# the network").take_while(|line| !line.is_empty());
    network.filter(|line| line.starts_with("CONFIG_") && !taken(line)).collect()
}

/// The release that a source tree is of: the first lines of its `Makefile`.
pub fn release(makefile: &str) -> Result<String, UmlError> {
    let value = |name: &str| {
        let line = makefile.lines().find(|line| line.split('=').next().is_some_and(|word| word.trim() == name))?;
        Some(line.split_once('=')?.1.trim().to_owned())
    };
    let numbers = ["VERSION", "PATCHLEVEL", "SUBLEVEL"].map(value);
    let [Some(version), Some(patchlevel), Some(sublevel)] = numbers else {
        return Err(UmlError::Source("the Makefile does not say what release of Linux this is".to_owned()));
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    if ![&version, &patchlevel, &sublevel].iter().all(|number| is_number(number)) {
        return Err(UmlError::Source("the Makefile names a release that is no number".to_owned()));
    }
    Ok(format!("{version}.{patchlevel}.{sublevel}"))
}

/// The series that a release belongs to: `6.12` of `6.12.117`.
pub fn series(release: &str) -> String {
    release.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    const UTIL: &str = "void a(void)\n{\n\tb();\n}\n\nssize_t os_getrandom(void *buf, size_t len, unsigned int flags)\n{\n\
                        \treturn getrandom(buf, len, flags);\n}\n\nvoid c(void)\n{\n}\n";

    #[test]
    fn one_function_is_changed_and_nothing_else() {
        let changed = seeded(UTIL).expect("it is there");
        assert!(!changed.contains("return getrandom"), "{changed}");
        assert!(
            changed.contains("flags)\n{\n\t/*\n") && changed.contains("\treturn len;\n}\n\nvoid c(void)"),
            "{changed}"
        );
        assert!(changed.starts_with("void a(void)\n{\n\tb();\n}\n"));
        assert!(seeded("int x;\n").is_err());
        assert!(seeded("ssize_t os_getrandom(void *buf);\n").is_err(), "a declaration is no function");
    }

    #[test]
    fn only_the_tick_is_changed() {
        let kconfig = "config A\n\tdefault 100\n\nconfig HZ\n\tint\n\tdefault 100\n\nconfig B\n\tdefault 100\n";
        let changed = ticking(kconfig).expect("it is there");
        assert_eq!(changed, "config A\n\tdefault 100\n\nconfig HZ\n\tint\n\tdefault 1000\n\nconfig B\n\tdefault 100\n");
        assert!(ticking("config NR_CPUS\n").is_err());
    }

    #[test]
    fn a_tree_says_what_release_it_is() {
        let makefile = "# SPDX\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 117\nEXTRAVERSION =\nNAME = Baby\n";
        let release = release(makefile).expect("it says");
        assert_eq!((release.as_str(), series(&release).as_str()), ("6.12.117", "6.12"));
        assert!(super::release("VERSION = 6\n").is_err());
        assert!(super::release("VERSION = ../x\nPATCHLEVEL = 1\nSUBLEVEL = 0\n").is_err(), "it becomes a file name");
    }

    #[test]
    fn what_a_kernel_does_not_take_is_told() {
        assert!(refused("").len() > 20);
        let all = FRAGMENT.replace(
            "CONFIG_TCP_AO=y
",
            "",
        );
        assert_eq!(refused(&all), ["CONFIG_TCP_AO=y"]);
    }
}
