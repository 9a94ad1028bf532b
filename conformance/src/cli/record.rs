//! `wirelaw record`: a capture of one connection as a script.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use clap::Args;

use super::{CliError, terminal};
use crate::record::{self, Choice, End, Request};
use crate::script;

#[derive(Debug, Args)]
pub(super) struct RecordArguments {
    /// A capture in pcap or pcapng, as of `tcpdump -w`.
    #[arg(value_name = "CAPTURE")]
    capture: PathBuf,
    /// Where the script goes; to standard output if not given.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Which connection, if the capture has several: its number, or its ends, such as 192.0.2.1:1234-192.0.2.2:80.
    #[arg(long, value_name = "N|A:P-B:P")]
    connection: Option<Choice>,
    /// Which end is the stack under test: its address, with the port if both have the same. If not given, the one on
    /// whose machine the capture was made, if it says; else the server.
    #[arg(long, value_name = "ADDR[:PORT]")]
    local: Option<End>,
    /// By how many microseconds the stack may miss the times of the capture.
    #[arg(long, value_name = "USECS", default_value_t = Request::TOLERANCE)]
    tolerance: u64,
}

/// Writes the script, and what there is to say about it; 1 if there can be none.
pub(super) fn record(arguments: &RecordArguments) -> Result<u8, CliError> {
    let path = &arguments.capture;
    let failed = |cause| CliError::Read { path: path.clone(), cause };
    let mut octets = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(record::SIZE_LIMIT + 1).read_to_end(&mut octets).map_err(failed)?;
    let name = path.file_name().map_or_else(|| "a capture".into(), |name| name.to_string_lossy().into_owned());
    let request = Request {
        connection: arguments.connection,
        local: arguments.local,
        tolerance: arguments.tolerance,
        ..Request::new(&name)
    };
    let recorded = match record::record(&octets, &request) {
        Ok(recorded) => recorded,
        Err(error) => {
            terminal::complain(&format!("wirelaw: {}: {error}\n", path.display()));
            return Ok(1);
        }
    };
    for remark in &recorded.remarks {
        terminal::complain(&format!("{remark}\n"));
    }
    let script = script::parse(&name, &recorded.script).map_or(recorded.script, |parsed| script::format(&parsed));
    match &arguments.output {
        Some(output) => {
            terminal::write(output, script.as_bytes())?;
            terminal::say(&format!("written: {}\n", output.display()))?;
        }
        None => terminal::say(&script)?,
    }
    Ok(0)
}
