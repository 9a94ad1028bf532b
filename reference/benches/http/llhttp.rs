//! `llhttp`, compiled from its C sources: a program of its own (`.ci/llhttp` builds it), since nothing unsafe is linked
//! here. It is given the same octets in files, and says how long one reading takes.

#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where `.ci/llhttp` puts it.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/llhttp")
}

/// Times the inputs, and prints a line for each; says so if the program is not there.
pub(crate) fn compare(inputs: &[(&str, &str, Vec<u8>)]) {
    let program = folder().join("driver");
    if !program.exists() {
        println!("llhttp is not measured: `.ci/llhttp` builds its driver");
        return;
    }
    println!("llhttp (native, cc -O3)       median");
    for (name, kind, octets) in inputs {
        match time(&program, kind, octets) {
            Ok(nanoseconds) => {
                let rate = octets.len() as f64 / nanoseconds * 1000.0;
                println!("  {name:<26}  {nanoseconds:>9.1} ns   {rate:>9.1} MB/s");
            }
            Err(error) => println!("  {name:<26}  failed: {error}"),
        }
    }
}

fn time(program: &Path, kind: &str, octets: &[u8]) -> Result<f64, String> {
    let file = folder().join("input");
    std::fs::write(&file, octets).map_err(|error| error.to_string())?;
    let output = Command::new(program).arg(kind).arg(&file).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| format!("{} {}", output.status, String::from_utf8_lossy(&output.stderr)))
}
