//! Settings below `/proc/sys`.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

/// The longest name, in octets.
const LONGEST_NAME: usize = 200;

/// The name in the form with dots, a slash standing for a dot in the name of a device.
///
/// Whichever of the two comes first separates (sysctl(8)). Only what is below `net` belongs to a network namespace:
/// anything else would change the machine.
pub(super) fn canonical(text: &str) -> Result<String, String> {
    let refused = |why: &str| Err(format!("{text:.60} {why}"));
    let name = text.strip_prefix("/proc/sys/").map_or_else(|| text.to_owned(), |path| path.replace("//", "/"));
    let is_path = name.find(['.', '/']).is_some_and(|at| name.as_bytes().get(at) == Some(&b'/'));
    let name = if is_path { swapped(&name) } else { name };
    let is_known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '@' | ':');
    if name.len() > LONGEST_NAME || !name.chars().all(is_known) {
        return refused("is no name of a setting");
    }
    let parts: Vec<&str> = name.split('.').collect();
    if parts.iter().any(|part| part.is_empty() || part.trim_matches('/').is_empty()) {
        return refused("is no name of a setting");
    }
    if parts[0] != "net" || parts.len() < 3 {
        return refused("is no setting of a network namespace");
    }
    if parts[1] == "inet" || parts[1] == "inet6" {
        return refused("is FreeBSD's");
    }
    Ok(name)
}

fn swapped(name: &str) -> String {
    let swap = |c| match c {
        '.' => '/',
        '/' => '.',
        c => c,
    };
    name.chars().map(swap).collect()
}

fn path(name: &str) -> PathBuf {
    PathBuf::from("/proc/sys").join(swapped(name))
}

/// Writes the value, unless it is there already.
pub(super) fn write(name: &str, value: &str) -> Result<(), String> {
    let name = canonical(name)?;
    let path = path(&name);
    let present = fs::read_to_string(&path);
    if present.as_ref().is_ok_and(|present| is_same(present, value)) {
        return Ok(());
    }
    let Err(error) = fs::write(&path, own_groups(&name, value)) else { return Ok(()) };
    if !path.exists() {
        return Err(absent(&name));
    }
    if fs::metadata(&path).is_ok_and(|data| data.permissions().readonly()) {
        return Err(format!("{name}={value}: it can only be set in the initial network namespace"));
    }
    let stays = present.map_or_else(|_| String::new(), |present| format!(" (it is {})", list(&present)));
    let hint = match error.kind() {
        ErrorKind::PermissionDenied if name == "net.ipv4.tcp_congestion_control" => allowed_algorithms(),
        // as it does with what only later releases know
        ErrorKind::InvalidInput => return Err(format!("this kernel refuses {name}={value}{stays}")),
        _ => String::new(),
    };
    Err(format!("{name}={value}: {error}{stays}{hint}"))
}

/// A user namespace has but one group, and refuses a range of which it does not know both ends.
fn own_groups<'a>(name: &str, value: &'a str) -> &'a str {
    let ends = |value: &str| value.split_whitespace().map(|end| end.parse().ok()).collect::<Option<Vec<u32>>>();
    match ends(value).as_deref() {
        Some([0, most]) if *most > 0 && name == "net.ipv4.ping_group_range" && !knows_all_groups() => "0 0",
        _ => value,
    }
}

/// Whether this process is where every group has its number.
fn knows_all_groups() -> bool {
    let map = fs::read_to_string("/proc/self/gid_map").unwrap_or_default();
    map.split_whitespace().eq(["0", "0", "4294967295"])
}

/// Algorithms that the machine's root has not allowed to everybody cannot become a namespace's default.
fn allowed_algorithms() -> String {
    let allowed = fs::read_to_string("/proc/sys/net/ipv4/tcp_allowed_congestion_control").unwrap_or_default();
    format!(", net.ipv4.tcp_allowed_congestion_control of the machine: {}", list(&allowed))
}

/// Settings that are the machine's are not visible in a namespace: which one this is, no namespace can tell.
fn absent(name: &str) -> String {
    let is_machines = ["net.core.", "net.ipv4.udp_mem", "net.ipv4.tcp_mem", "net.ipv4.tcp_low_latency", "net.unix."];
    if is_machines.iter().any(|prefix| name.starts_with(prefix)) {
        format!("{name} exists only in the initial network namespace")
    } else {
        format!("{name}: this kernel has no such setting in a network namespace")
    }
}

fn list(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lists whose items are the same text or the same number.
fn is_same(present: &str, wanted: &str) -> bool {
    let (present, wanted) = (present.split_whitespace(), wanted.split_whitespace());
    present.map(item).eq(wanted.map(item))
}

fn item(text: &str) -> Result<i128, &str> {
    let hex = text.strip_prefix("0x").and_then(|digits| i128::from_str_radix(digits, 16).ok());
    hex.or_else(|| text.parse().ok()).ok_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_all_spellings() {
        for (text, name, file) in [
            ("net.ipv4.tcp_sack", "net.ipv4.tcp_sack", "net/ipv4/tcp_sack"),
            ("net/ipv4/tcp_sack", "net.ipv4.tcp_sack", "net/ipv4/tcp_sack"),
            ("/proc/sys/net/ipv4//tcp_sack", "net.ipv4.tcp_sack", "net/ipv4/tcp_sack"),
            ("net.ipv4.conf.tun0/7.rp_filter", "net.ipv4.conf.tun0/7.rp_filter", "net/ipv4/conf/tun0.7/rp_filter"),
            ("net/ipv4/conf/tun0.7/rp_filter", "net.ipv4.conf.tun0/7.rp_filter", "net/ipv4/conf/tun0.7/rp_filter"),
        ] {
            assert_eq!(canonical(text).as_deref(), Ok(name), "{text}");
            assert_eq!(path(name), PathBuf::from("/proc/sys").join(file));
        }
    }

    #[test]
    fn no_name_leads_out_of_the_namespace() {
        for text in [
            "kernel.panic",
            "kernel.random.write_wakeup_threshold",
            "fs/inotify/max_user_instances",
            "/proc/sys/vm/drop_caches",
            "net",
            "net.ipv4",
            "net..ipv4",
            "net/../kernel/panic",
            "net.ipv4.//.//.kernel.panic",
            "/proc/sys/net/ipv4/../../kernel/panic",
            "/proc/sys//net/ipv4/tcp_sack",
            "/proc/self/oom_adj",
            "net.ipv4.tcp sack",
            "net.ipv4.tcp_sack\0",
            "",
            "net.inet.tcp.sack.enable",
            &format!("net.ipv4.{}", "a".repeat(300)),
        ] {
            assert!(canonical(text).is_err(), "{text}: {:?}", canonical(text).map(|name| path(&name)));
        }
    }

    #[test]
    fn a_value_that_is_there_already_is_the_same_in_any_spelling() {
        for (present, wanted, same) in [
            ("1\n", "1", true),
            ("4096\t131072\t6291456\n", "4096 131072  6291456", true),
            ("1027", "0x403", true),
            ("cubic\n", "cubic", true),
            ("1", "0", false),
            ("4096 1", "4096", false),
            ("cubic", "reno", false),
        ] {
            assert_eq!(is_same(present, wanted), same, "{present} {wanted}");
        }
    }
}
