//! What the commands that read octets are told.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use wirelaw_reference::http::{Kind, Leniency};

use super::super::CliError;
use crate::http::parse::Question;

#[derive(Debug, Args)]
pub(super) struct InputArguments {
    /// The octets as they come on the wire; `-` is the standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// They are requests. Without this and --response the first octets tell.
    #[arg(long)]
    request: bool,
    /// They are responses.
    #[arg(long, conflicts_with = "request")]
    response: bool,
    /// The method of the request that a response answers; may be repeated, the last stands for all further responses.
    #[arg(long = "method", value_name = "M", conflicts_with = "request")]
    methods: Vec<String>,
}

impl InputArguments {
    /// All of the octets.
    pub(super) fn octets(&self) -> Result<Vec<u8>, CliError> {
        read(&self.file).map_err(|cause| CliError::Read { path: self.file.clone(), cause })
    }

    /// How they are to be read, with these leniencies; whoever gives a method means responses.
    pub(super) fn question(&self, lenient: Vec<&'static Leniency>) -> Question {
        let kind = match (self.request, self.response) {
            (true, _) => Some(Kind::Request),
            (_, true) => Some(Kind::Response),
            _ if !self.methods.is_empty() => Some(Kind::Response),
            _ => None,
        };
        Question { kind, methods: self.methods.clone(), lenient }
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path != Path::new("-") {
        return fs::read(path);
    }
    let mut octets = Vec::new();
    io::stdin().lock().read_to_end(&mut octets)?;
    Ok(octets)
}
