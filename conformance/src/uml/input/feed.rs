//! The guest's end of the standard input of a program.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use super::super::guest;
use super::{Kind, LATE, READ, WHOLE, piece};

/// How often the guest looks for a piece that is late, at first and at last, in virtual time.
const PAUSES: [Duration; 2] = [Duration::from_millis(1), Duration::from_secs(1)];

/// The guest's end of it.
pub(in super::super) enum Feed {
    Nothing,
    Whole(File),
    Pieces(Option<io::PipeReader>),
}

impl Feed {
    /// Begins to pass the input on to the program that is about to be started.
    pub(in super::super) fn new(kind: Kind) -> Result<Feed, String> {
        let cannot = |error: io::Error| format!("cannot make a standard input: {error}");
        match kind {
            Kind::Nothing => Ok(Feed::Nothing),
            Kind::Whole => File::open(Path::new(guest::FOLDER).join(WHOLE)).map(Feed::Whole).map_err(cannot),
            Kind::Pieces => {
                let (reader, writer) = io::pipe().map_err(cannot)?;
                hold(0, &writer); // before anything happens, so that what is there is always there at the same time
                thread::Builder::new().spawn(move || feed(writer)).map_err(cannot)?;
                Ok(Feed::Pieces(Some(reader)))
            }
        }
    }

    /// What the program gets.
    pub(in super::super) fn stdio(&mut self) -> Result<Stdio, String> {
        match self {
            Feed::Nothing => Ok(Stdio::null()),
            Feed::Whole(file) => {
                file.try_clone().map(Stdio::from).map_err(|error| format!("cannot share a file: {error}"))
            }
            Feed::Pieces(reader) => Ok(reader.take().map_or_else(Stdio::null, Stdio::from)),
        }
    }

    /// The program has ended: tells how far it has read.
    pub(in super::super) fn end(&mut self) {
        if let Feed::Whole(file) = self {
            let count = file.stream_position().unwrap_or(0);
            let _ = fs::write(Path::new(guest::FOLDER).join(READ), count.to_string()); // then it has read nothing
        }
    }
}

/// Passes pieces on to the program until they end, or nobody reads them.
fn feed(mut writer: io::PipeWriter) {
    for number in 0.. {
        let octets = wait_for(number, &writer);
        if octets.is_empty() || writer.write_all(&octets).is_err() {
            return;
        }
    }
}

/// Waits for a piece.
fn wait_for(number: u64, writer: &io::PipeWriter) -> Vec<u8> {
    let path = Path::new(guest::FOLDER).join(piece(number));
    let [mut pause, longest] = PAUSES;
    loop {
        hold(number, writer);
        // an error is taken for "not yet": there is always an end, or somebody who ends the guest
        if let Ok(octets) = fs::read(&path) {
            let _ = fs::remove_file(&path); // the host waits for it
            return octets;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(longest);
    }
}

/// Lets time stand still until a piece is there, or is late. While the program has something left to read it goes on.
fn hold(number: u64, writer: &io::PipeWriter) {
    let [path, late] = [&piece(number), LATE].map(|name| Path::new(guest::FOLDER).join(name));
    let is_drained = || rustix::io::ioctl_fionread(writer).is_ok_and(|count| count == 0);
    while is_drained() && !path.exists() && !late.exists() {
        thread::yield_now(); // no clock is asked, so none goes on
    }
}
