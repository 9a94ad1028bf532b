//! Which words of `ip(8)`, `tc(8)` and `ethtool(8)` act on the network namespace alone.
//!
//! These programs can also run others, read files and move devices between namespaces. So nothing is let through that
//! is not known: an object, what is done to it, and arguments without the words that lead out.

/// Objects of `ip`, with the shortest abbreviation that the program takes for them, and what may be done to them.
const OBJECTS: &[(&str, &str, &[&str])] = &[
    ("address", "a", &["add", "change", "replace", "delete", "flush", "show", "list"]),
    ("route", "r", &["add", "append", "change", "replace", "prepend", "delete", "flush", "show", "list", "get"]),
    ("link", "l", &["set", "change", "show", "list", "add", "delete"]),
    ("neighbour", "n", &["add", "change", "replace", "delete", "flush", "show", "list", "get"]),
    ("neighbor", "n", &["add", "change", "replace", "delete", "flush", "show", "list", "get"]),
    ("rule", "ru", &["add", "delete", "flush", "show", "list"]),
    ("tcp_metrics", "tc", &["flush", "show", "list", "delete"]),
    ("tcpmetrics", "tc", &["flush", "show", "list", "delete"]),
    ("nexthop", "nex", &["add", "replace", "delete", "flush", "show", "list", "get"]),
    ("maddress", "m", &["add", "delete", "show", "list"]),
];

/// Words that lead out of the namespace, run programs or read files.
const OUTWARD: &[&str] = &[
    "netns",
    "link-netnsid",
    "exec",
    "vrf",
    "xdp",
    "xdpgeneric",
    "xdpdrv",
    "xdpoffload",
    "bpf",
    "ebpf",
    "obj",
    "object",
    "object-file",
    "object-pinned",
    "pinned",
    "batch",
    "bytecode-file",
    "export",
    "fd",
    "save",
    "restore",
    "showdump",
];

/// Options in front of the object.
const OPTIONS: [&str; 10] = ["-4", "-6", "-o", "-s", "-d", "-details", "-oneline", "-stats", "-statistics", "-br"];

/// The words of `ip`, its object and verb spelt out.
pub(super) fn ip(words: &[&str]) -> Result<Vec<String>, String> {
    let whole = || format!("ip {:.80}", words.join(" "));
    let (mut told, mut rest) = (Vec::new(), words);
    loop {
        match rest {
            [option, after @ ..] if OPTIONS.contains(option) => {
                told.push((*option).to_owned());
                rest = after;
            }
            ["-f" | "-family", family @ ("inet" | "inet6"), after @ ..] => {
                told.push(if *family == "inet" { "-4" } else { "-6" }.to_owned());
                rest = after;
            }
            _ => break,
        }
    }
    let (object, rest) = rest.split_first().ok_or_else(whole)?;
    let known = OBJECTS.iter().find(|(name, least, _)| abbreviates(object, name, least));
    let (object, _, verbs) = known.ok_or_else(|| format!("ip {object:.40}"))?;
    told.push((*object).to_owned());
    if let Some((verb, rest)) = rest.split_first() {
        let full =
            verbs.iter().find(|full| !verb.is_empty() && full.starts_with(verb) || verb == &"lst" && **full == "list");
        told.push((*full.ok_or_else(|| format!("ip {object} {verb:.40}"))?).to_owned());
        told.extend(arguments(rest)?);
    }
    Ok(told)
}

fn abbreviates(word: &str, name: &str, least: &str) -> bool {
    word.len() >= least.len() && name.starts_with(word)
}

/// The words of `tc`.
pub(super) fn tc(words: &[&str]) -> Result<Vec<String>, String> {
    let rest = match words {
        ["-s" | "-d", rest @ ..] => rest,
        rest => rest,
    };
    match rest {
        [
            "qdisc" | "class" | "filter",
            "add" | "change" | "replace" | "link" | "del" | "delete" | "show" | "list" | "ls",
            rest @ ..,
        ] => {
            arguments(rest)?;
            arguments(words)
        }
        ["qdisc" | "class" | "filter"] => arguments(words),
        _ => Err(format!("tc {:.80}", words.join(" "))),
    }
}

/// The words of `ethtool`: one option that it knows, a device, and what is told or asked of it.
pub(super) fn ethtool(words: &[&str]) -> Result<Vec<String>, String> {
    const ASKS: [&str; 8] =
        ["-K", "--features", "--offload", "-s", "--change", "-k", "--show-features", "--show-offload"];
    match words {
        [asks, device, rest @ ..] if ASKS.contains(asks) && !device.starts_with('-') => {
            arguments(rest)?;
            Ok(words.iter().map(|word| (*word).to_owned()).collect())
        }
        [device] if !device.starts_with('-') => arguments(words),
        _ => Err(format!("ethtool {:.80}", words.join(" "))),
    }
}

/// Arguments, unless one of them leads out. Those of `ip` and `tc` may be abbreviated, so whatever begins like an
/// outward word is one.
fn arguments(words: &[&str]) -> Result<Vec<String>, String> {
    let is_outward = |word: &str| {
        let word = word.trim_start_matches('-');
        OUTWARD.contains(&word) || word.len() > 2 && OUTWARD.iter().any(|outward| outward.starts_with(word))
    };
    let is_known = |c: char| c.is_ascii_alphanumeric() || "._-/:,%+@=".contains(c);
    for word in words {
        if word.is_empty() || word.starts_with('/') || !word.chars().all(is_known) || is_outward(word) {
            return Err(format!("{:.40}", word.escape_debug().to_string()));
        }
    }
    Ok(words.iter().map(|word| (*word).to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<&str> {
        line.split(' ').collect()
    }

    #[test]
    fn abbreviations_are_spelt_out() {
        for (line, full) in [
            ("route replace default via 192.0.2.1 dev tun0 initcwnd 4", "="),
            ("ro add 192.0.2.0/24 dev tun0 mtu lock 1000", "route add 192.0.2.0/24 dev tun0 mtu lock 1000"),
            ("-6 r d 2001:db8::/32", "-6 route delete 2001:db8::/32"),
            ("-f inet6 addr add fd3d::2/64 dev tun0", "-6 address add fd3d::2/64 dev tun0"),
            ("l set dev tun0 mtu 1400", "link set dev tun0 mtu 1400"),
            ("ru add from 192.0.2.1 lookup 7", "rule add from 192.0.2.1 lookup 7"),
            ("tcp_metrics flush all", "="),
            ("neigh flush dev tun0", "neighbour flush dev tun0"),
            ("link", "="),
        ] {
            let expected = if full == "=" { line } else { full };
            assert_eq!(ip(&split(line)).map(|words| words.join(" ")).as_deref(), Ok(expected), "{line}");
        }
        assert!(tc(&split("qdisc replace dev tun0 root netem delay 10ms loss 1%")).is_ok());
        assert!(ethtool(&split("-K tun0 tso off gso off")).is_ok());
    }

    #[test]
    fn nothing_leads_out_of_the_namespace() {
        for line in [
            "netns exec x sh",
            "-batch file",
            "-n x link",
            "-netns x link",
            "vrf exec x sh",
            "link set tun0 netns 1",
            "link set tun0 netn 1",
            "link set dev tun0 xdp obj x.o",
            "route add default encap bpf in obj x.o",
            "route save",
            "route restore",
            "xfrm state",
            "monitor all",
            "",
            "link set dev tun0 alias $(x)",
            "route add /etc/passwd",
        ] {
            assert!(ip(&split(line)).is_err(), "{line}");
        }
        for line in
            ["-b file", "exec bpf", "qdisc add dev x clsact obj x", "filter add dev x bpf da obj a.o", "monitor"]
        {
            assert!(tc(&split(line)).is_err(), "{line}");
        }
        for line in ["-f tun0 /lib/x", "--flash tun0 x", "-K", "-d tun0 file x", "-K -f tun0"] {
            assert!(ethtool(&split(line)).is_err(), "{line}");
        }
    }
}
