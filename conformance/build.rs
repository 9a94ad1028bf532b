//! Tells the crate which smoltcp it is linked with: the profile of that stack shows it, and smoltcp
//! does not say so itself.

use std::{env, fs, path::Path};

fn main() {
    let manifest = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let lock = Path::new(&manifest).join("../Cargo.lock");
    println!("cargo::rerun-if-changed={}", lock.display());
    println!("cargo::rerun-if-changed=build.rs");
    let version = fs::read_to_string(&lock).ok().and_then(|text| locked(&text, "smoltcp"));
    // As a dependency of another workspace there is no lock file at this place.
    println!("cargo::rustc-env=WIRELAW_SMOLTCP_VERSION={}", version.unwrap_or_else(|| "unknown".to_string()));
}

/// The version that the lock file has for `package`.
fn locked(text: &str, package: &str) -> Option<String> {
    let mut lines = text.lines();
    lines.find(|line| *line == format!("name = \"{package}\""))?;
    lines.next()?.strip_prefix("version = \"")?.strip_suffix('"').map(str::to_string)
}
