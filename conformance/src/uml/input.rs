//! Standard input of a program in virtual time.
//!
//! A file is there as a whole from the beginning. What comes out of a pipe, a socket or a terminal comes in pieces, a
//! file each of the private folder, which the guest removes once it has passed it on: not many are there at a time. An
//! empty piece is the end.
//!
//! While a piece that may be wanted is not there yet, time stands still in the guest, but for 0.3 seconds on the wall
//! at most: nobody can tell whether a program that sleeps would read.

mod feed;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::{Deserialize, Serialize};

pub(super) use feed::Feed;

use super::private::Private;
use super::{UmlError, at};

/// The input, if it is a file; the pieces have a number behind this name.
const WHOLE: &str = "stdin";

/// There while time shall not wait for pieces.
const LATE: &str = "stdin-late";

/// How far the program has read in the file.
const READ: &str = "stdin-read";

/// How long a guest's time stands still for a piece, on the wall.
const PATIENCE: Duration = Duration::from_millis(300);

/// The size of a piece, in octets, at most: as much as a pipe holds.
const PIECE: usize = 64 << 10;

/// How many pieces there may be at a time.
const PIECES: u64 = 16;

/// How often the host looks whether pieces were taken.
const MOMENT: Duration = Duration::from_millis(1);

/// How long the host waits for input before it looks whether it is still wanted.
const WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// What a program reads from its standard input.
#[derive(Debug)]
pub enum Input {
    /// Nothing: its end is there at once.
    Nothing,
    /// What this reads: the rest of a file, which is passed over as far as the program has read it, or what comes out
    /// of anything else, until it ends.
    Open(File),
}

impl Input {
    /// The standard input of this process.
    pub fn mine() -> Input {
        io::stdin().as_fd().try_clone_to_owned().map_or(Input::Nothing, |input| Input::Open(File::from(input)))
    }
}

/// How a guest comes by the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// There is none.
    Nothing,
    /// As a file.
    Whole,
    /// As pieces.
    Pieces,
}

/// The host's end of it; what is not passed on by the time that it is dropped never is.
#[derive(Debug)]
pub(super) enum Source {
    /// There is none.
    Nothing,
    /// A file, and where its rest begins.
    Whole(File, u64),
    /// Passes pieces on as long as it says so.
    Pieces(Arc<Mutex<bool>>),
}

impl Source {
    /// Begins to pass the input on.
    pub(super) fn new(input: Input, private: &Private) -> Result<Source, UmlError> {
        let Input::Open(mut file) = input else { return Ok(Source::Nothing) };
        let is_file = file.metadata().is_ok_and(|it| it.is_file());
        if !is_file {
            let is_wanted = Arc::new(Mutex::new(true));
            let pump = Pump { folder: private.path().to_owned(), is_wanted: is_wanted.clone() };
            thread::Builder::new().spawn(move || pump.pass_on(file)).map_err(at("a thread"))?;
            return Ok(Source::Pieces(is_wanted));
        }
        let start = file.stream_position().map_err(at("the standard input"))?;
        let path = private.path().join(WHOLE);
        let mut copy = File::create_new(&path).map_err(at(path.clone()))?;
        io::copy(&mut Rest { file: &file, at: start }, &mut copy).map_err(at(path))?;
        Ok(Source::Whole(file, start))
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Source::Nothing => Kind::Nothing,
            Source::Whole(..) => Kind::Whole,
            Source::Pieces(_) => Kind::Pieces,
        }
    }

    /// The program has ended: whoever reads the same file next begins where it stopped.
    pub(super) fn end(mut self, private: &Private) {
        if let Source::Whole(file, start) = &mut self {
            let count = private.get(READ).and_then(|octets| String::from_utf8(octets).ok()?.parse::<u64>().ok());
            let _ = file.seek(SeekFrom::Start(start.saturating_add(count.unwrap_or(0)))); // as if it had read nothing
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        if let Source::Pieces(is_wanted) = self {
            *lock(is_wanted) = false;
        }
    }
}

fn lock(is_wanted: &Mutex<bool>) -> MutexGuard<'_, bool> {
    is_wanted.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The rest of a file, whose own position stays where it is. One that cannot be read has no rest.
struct Rest<'a> {
    file: &'a File,
    at: u64,
}

impl Read for Rest<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.at).unwrap_or(0);
        self.at += count as u64;
        Ok(count)
    }
}

/// Cuts input into pieces.
struct Pump {
    folder: PathBuf,
    is_wanted: Arc<Mutex<bool>>,
}

impl Pump {
    fn pass_on(&self, mut input: File) {
        let mut buffer = vec![0; PIECE];
        for number in 0.. {
            if !self.wait_for_room(number) || !self.wait_for(&input) {
                return;
            }
            let count = input.read(&mut buffer).unwrap_or(0); // what cannot be read any more has ended
            let put = self.put(number, &buffer[..count]);
            if count == 0 || !put {
                return;
            }
        }
    }

    /// Does something in the folder, if that is still there.
    fn while_wanted(&self, act: impl FnOnce(&Path) -> io::Result<()>) -> bool {
        let is_wanted = lock(&self.is_wanted); // the folder is not removed meanwhile
        *is_wanted && act(&self.folder).is_ok()
    }

    /// A piece is there as a whole or not at all.
    fn put(&self, number: u64, octets: &[u8]) -> bool {
        self.while_wanted(|folder| {
            let part = folder.join("stdin-part");
            fs::write(&part, octets)?;
            fs::rename(part, folder.join(piece(number)))?;
            fs::remove_file(folder.join(LATE)).or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })
        })
    }

    /// Waits until not too many pieces are there. False if none is wanted any more.
    fn wait_for_room(&self, number: u64) -> bool {
        let Some(oldest) = number.checked_sub(PIECES) else { return true };
        loop {
            let mut is_there = false;
            let is_wanted = self.while_wanted(|folder| {
                is_there = folder.join(piece(oldest)).exists();
                Ok(())
            });
            if !is_wanted || !is_there {
                return is_wanted;
            }
            thread::sleep(MOMENT);
        }
    }

    /// Waits until there is something to read, and whoever waits for it in the guest is told if it takes long. False if
    /// nothing is wanted any more.
    fn wait_for(&self, input: &File) -> bool {
        let (start, mut is_late) = (Instant::now(), false);
        loop {
            let is_there = poll(&mut [PollFd::new(input, PollFlags::IN)], Some(&WAIT)).is_ok_and(|count| count > 0);
            if is_there && may_read(input.as_fd()) {
                return self.while_wanted(|_| Ok(()));
            }
            if is_there {
                thread::sleep(Duration::from_millis(50)); // the terminal is somebody else's now
            }
            let was_late = is_late;
            is_late = start.elapsed() > PATIENCE;
            let tell = |folder: &Path| if is_late && !was_late { fs::write(folder.join(LATE), b"") } else { Ok(()) };
            if !self.while_wanted(tell) {
                return false;
            }
        }
    }
}

/// Who reads a terminal in the background is stopped, and it may be that the program does not want to read at all.
fn may_read(input: BorrowedFd<'_>) -> bool {
    rustix::termios::tcgetpgrp(input).map_or(true, |foreground| foreground == rustix::process::getpgrp())
}

fn piece(number: u64) -> String {
    format!("{WHOLE}.{number}")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn source(input: impl Into<std::os::fd::OwnedFd>, private: &Private) -> Source {
        Source::new(Input::Open(File::from(input.into())), private).expect("there is room")
    }

    /// Waits a few seconds for something that takes milliseconds.
    fn comes(is_there: impl Fn() -> bool) -> bool {
        let start = Instant::now();
        while !is_there() && start.elapsed() < Duration::from_secs(10) {
            thread::sleep(MOMENT);
        }
        is_there()
    }

    fn pieces(private: &Private) -> usize {
        let entries = fs::read_dir(private.path()).expect("it is there").flatten();
        entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("stdin.")).count()
    }

    #[test]
    fn of_endless_input_no_more_is_taken_than_is_wanted() {
        let private = Private::new().expect("there is room");
        let source = source(File::open("/dev/zero").expect("it is there"), &private);
        assert!(comes(|| private.get("stdin.15").is_some()));
        thread::sleep(MOMENT * 50);
        assert_eq!(pieces(&private), 16);
        fs::remove_file(private.path().join("stdin.0")).expect("it was there");
        assert!(comes(|| private.get("stdin.16").is_some()));
        drop(source);
        for number in 1..17 {
            fs::remove_file(private.path().join(piece(number))).expect("it was there");
        }
        thread::sleep(MOMENT * 50);
        assert_eq!(pieces(&private), 0, "nothing is put into a folder that goes away");
    }

    #[test]
    fn a_pipe_that_is_silent_is_told_to_be_late_until_something_comes() {
        let private = Private::new().expect("there is room");
        let (reader, mut writer) = io::pipe().expect("there is a pipe");
        let _source = source(reader, &private);
        assert!(comes(|| private.get(LATE).is_some()));
        writer.write_all(b"x").expect("somebody reads");
        assert!(comes(|| private.get("stdin.0").is_some_and(|octets| octets == b"x") && private.get(LATE).is_none()));
        drop(writer);
        assert!(comes(|| private.get("stdin.1").is_some_and(|octets| octets.is_empty())), "the end");
    }

    #[test]
    fn a_file_is_passed_over_as_far_as_it_was_read() {
        for (read, left) in [(Some("2"), "e"), (None, "cde")] {
            let private = Private::new().expect("there is room");
            let mut file = tempfile::tempfile().expect("there is room");
            file.write_all(b"abcde").expect("there is room");
            file.seek(SeekFrom::Start(2)).expect("it is a file");
            let source = source(file.try_clone().expect("another"), &private);
            assert_eq!(private.get(WHOLE).as_deref(), Some(&b"cde"[..]));
            if let Some(read) = read {
                private.put(READ, read.as_bytes()).expect("there is room");
            }
            source.end(&private);
            let mut rest = String::new();
            file.read_to_string(&mut rest).expect("it is text");
            assert_eq!(rest, left);
        }
    }
}
