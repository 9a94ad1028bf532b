//! Where the source of a kernel comes from: Debian's package of it, an archive, or a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::build::Progress;
use super::workshop::Worker;
use super::{UmlError, at, recipe};

/// The series that Debian has packages of which this recipe was tried with.
pub const SERIES: [&str; 2] = ["6.1", "6.12"];

/// Where to take it from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Debian's `linux-source-…` of this series.
    Debian(String),
    /// A folder, which is not changed, or an archive that `tar` understands.
    Path(PathBuf),
}

impl Source {
    /// What programs are needed to get at it, each with the package that has it.
    pub fn tools(&self) -> Vec<(&'static str, &'static str)> {
        match self {
            Source::Debian(_) if self.installed().is_some() => vec![("tar", "tar"), ("xz", "xz-utils")],
            Source::Debian(_) => vec![("apt-get", "apt"), ("dpkg-deb", "dpkg"), ("tar", "tar"), ("xz", "xz-utils")],
            Source::Path(path) if path.is_dir() => vec![("cp", "coreutils")],
            Source::Path(_) => vec![("tar", "tar"), ("xz", "xz-utils")],
        }
    }

    /// Where it comes from, for people.
    pub fn describe(&self) -> String {
        match self {
            Source::Debian(series) => format!("Debian's package linux-source-{series}"),
            Source::Path(path) => path.display().to_string(),
        }
    }

    /// The archive that an installed package has put there.
    fn installed(&self) -> Option<PathBuf> {
        let Source::Debian(series) = self else { return None };
        Some(PathBuf::from(format!("/usr/src/linux-source-{series}.tar.xz"))).filter(|path| path.is_file())
    }

    /// Gets it, and unpacks it below `folder`; what comes back is the root of the tree, which may be changed.
    pub fn unpack(&self, folder: &Path, progress: &mut dyn Progress) -> Result<PathBuf, UmlError> {
        let tree = folder.join("source");
        fs::create_dir(&tree).map_err(at(tree.clone()))?;
        match self {
            Source::Debian(series) => {
                let archive = if let Some(archive) = self.installed() {
                    archive
                } else {
                    progress.begin(&format!("downloading linux-source-{series}"));
                    download(series, folder)?
                };
                progress.begin("unpacking the source");
                untar(&archive, &tree)?;
            }
            Source::Path(path) if path.is_dir() => {
                progress.begin("copying the source");
                copy(path, &tree)?;
            }
            Source::Path(path) if path.is_file() => {
                progress.begin("unpacking the source");
                untar(path, &tree)?;
            }
            Source::Path(path) => {
                return Err(UmlError::Source(format!("{}: there is no such folder or archive", path.display())));
            }
        }
        root(&tree).ok_or_else(|| {
            let from = self.describe();
            UmlError::Source(format!(
                "{from}: no source of Linux; it would have a Makefile and {}",
                recipe::RANDOM_FILE
            ))
        })
    }
}

fn download(series: &str, folder: &Path) -> Result<PathBuf, UmlError> {
    let package = format!("linux-source-{series}");
    run(Command::new("apt-get").args(["download", &package]).current_dir(folder)).map_err(|error| match error {
        UmlError::Program { said, .. } => UmlError::Lacks(format!(
            "apt-get cannot download {package}:\n{said}\n\
             there may be no network, its lists may be old (apt-get update), or this release does not have it; --source takes a folder or an archive"
        )),
        error => error,
    })?;
    let is_package = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "deb");
    let entries = fs::read_dir(folder).map_err(at(folder))?;
    let found = entries.flatten().map(|entry| entry.path()).find(is_package);
    let file = found.ok_or_else(|| UmlError::Lacks(format!("apt-get has downloaded nothing for {package}")))?;
    let unpacked = folder.join("package");
    run(Command::new("dpkg-deb").arg("-x").args([&file, &unpacked]))?;
    Ok(unpacked.join(format!("usr/src/{package}.tar.xz")))
}

fn untar(archive: &Path, tree: &Path) -> Result<(), UmlError> {
    run(Command::new("tar").arg("-xf").arg(archive).arg("-C").arg(tree))
}

/// A copy that shares the files where that is possible: those that are changed are replaced, not written to.
fn copy(from: &Path, tree: &Path) -> Result<(), UmlError> {
    let to = tree.join("linux");
    run(Command::new("cp").args(["-rl", "--"]).args([from, &to])).or_else(|_| {
        let _ = fs::remove_dir_all(&to); // what was copied of it
        run(Command::new("cp").args(["-r", "--"]).args([from, &to]))
    })
}

/// The root of a tree: the folder itself, or the only one in it.
fn root(tree: &Path) -> Option<PathBuf> {
    let is_root = |path: &PathBuf| path.join("Makefile").is_file() && path.join(recipe::RANDOM_FILE).is_file();
    let inner = fs::read_dir(tree).ok()?.flatten().map(|entry| entry.path());
    [tree.to_owned()].into_iter().chain(inner).find(is_root)
}

/// Runs a program, which says nothing unless it fails.
pub(super) fn run(command: &mut Command) -> Result<(), UmlError> {
    let name = command.get_program().to_string_lossy().into_owned();
    let lacking = |cause: std::io::Error| UmlError::Lacks(format!("cannot run {name}: {cause}"));
    command.env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let output = Worker::start(command).and_then(Worker::wait_with_output).map_err(lacking)?;
    if output.status.success() {
        return Ok(());
    }
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(UmlError::Program { program: format!("{name} {}", words.join(" ")), said, log: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Quiet;

    impl Progress for Quiet {
        fn begin(&mut self, _: &str) {}

        fn done(&mut self, _: usize) {}
    }

    fn tree(root: &Path) {
        fs::create_dir_all(root.join("arch/um/os-Linux")).expect("there is room");
        fs::write(root.join("Makefile"), "VERSION = 6\n").expect("there is room");
        fs::write(root.join(recipe::RANDOM_FILE), "one\n").expect("there is room");
    }

    #[test]
    fn a_folder_is_not_changed_by_what_is_done_to_its_copy() {
        let (mine, work) = (tempfile::tempdir().expect("room"), tempfile::tempdir().expect("room"));
        tree(mine.path());
        let copied = Source::Path(mine.path().to_owned()).unpack(work.path(), &mut Quiet).expect("it is a tree");
        super::super::build::replace(&copied.join(recipe::RANDOM_FILE), "two\n").expect("there is room");
        assert_eq!(fs::read_to_string(mine.path().join(recipe::RANDOM_FILE)).expect("it is there"), "one\n");
        assert_eq!(fs::read_to_string(copied.join(recipe::RANDOM_FILE)).expect("it is there"), "two\n");
    }

    #[test]
    fn an_archive_is_unpacked_and_anything_else_is_told() {
        let (mine, work) = (tempfile::tempdir().expect("room"), tempfile::tempdir().expect("room"));
        tree(&mine.path().join("linux-6.12"));
        let archive = mine.path().join("x.tar");
        run(Command::new("tar").arg("-cf").arg(&archive).arg("-C").arg(mine.path()).arg("linux-6.12")).expect("tar");
        let root = Source::Path(archive).unpack(work.path(), &mut Quiet).expect("it holds a tree");
        assert!(root.ends_with("source/linux-6.12"), "{}", root.display());

        let work = tempfile::tempdir().expect("room");
        let told = Source::Path("/no/such/archive".into()).unpack(work.path(), &mut Quiet).expect_err("there is none");
        assert_eq!(told.to_string(), "/no/such/archive: there is no such folder or archive");
        let (empty, work) = (tempfile::tempdir().expect("room"), tempfile::tempdir().expect("room"));
        let told = Source::Path(empty.path().to_owned()).unpack(work.path(), &mut Quiet).expect_err("it is empty");
        assert!(told.to_string().contains("no source of Linux"), "{told}");
    }

    #[test]
    fn a_program_that_fails_says_why() {
        let told = run(Command::new("tar").args(["-xf", "/no/such/archive"])).expect_err("there is none");
        assert!(told.to_string().starts_with("tar -xf /no/such/archive failed:\n"), "{told}");
        let told = run(&mut Command::new("no-such-program")).expect_err("there is none");
        assert!(told.to_string().starts_with("cannot run no-such-program: "), "{told}");
    }
}
