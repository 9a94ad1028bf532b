//! What tests must not leave behind.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// The network devices of this machine, in no particular order.
pub(crate) fn devices() -> Vec<String> {
    let text = fs::read_to_string("/proc/self/net/dev").unwrap_or_default();
    text.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim().to_owned()).collect()
}

/// Devices of ours in the machine's own namespace that were not there before, and children of this process.
pub(crate) fn left_behind(before: &[String]) -> Vec<String> {
    let mut left: Vec<String> = devices()
        .into_iter()
        .filter(|device| ["tun0", "wire0"].contains(&device.as_str()) && !before.contains(device))
        .map(|device| format!("the device {device}"))
        .collect();
    left.extend(children(std::process::id()).into_iter().map(|child| format!("the process {child}")));
    left
}

/// The processes that `parent` has started and that have not ended within two seconds.
pub(crate) fn children(parent: u32) -> Vec<String> {
    let patience = Instant::now();
    loop {
        let children = started_by(parent);
        if children.is_empty() || patience.elapsed() > Duration::from_secs(2) {
            return children;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The processes that `parent` has started and that run now, as folders of `/proc`.
pub(crate) fn started_by(parent: u32) -> Vec<String> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let is_child = |folder: &Path| {
        // pid (name) state parent
        let stat = fs::read_to_string(folder.join("stat")).unwrap_or_default();
        let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
        behind.split_whitespace().nth(1) == Some(&parent.to_string())
    };
    let folders = processes.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    folders.filter(|folder| is_child(folder)).map(|folder| folder.display().to_string()).collect()
}
