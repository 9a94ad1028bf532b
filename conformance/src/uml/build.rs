//! A kernel is built, and tried.

use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::cache::{self, About};
use super::input::Input;
use super::program::{self, Means, Program};
use super::source::Source;
use super::workshop::{Worker, Workshop};
use super::{Kernel, UmlError, at, recipe, room};

/// What a build needs of the disk while it goes on, in octets.
const ROOM: u64 = 3 << 30;

/// What a build needs besides its source: programs, and the packages that have them.
const TOOLS: [(&str, &str); 12] = [
    ("make", "make"),
    ("gcc", "gcc"),
    ("ld", "binutils"),
    ("ar", "binutils"),
    ("flex", "flex"),
    ("bison", "bison"),
    ("bc", "bc"),
    ("perl", "perl"),
    ("awk", "mawk"),
    ("sed", "sed"),
    ("grep", "grep"),
    ("find", "findutils"),
];

/// How many other builds may come between.
const MOST_EARLIER: u32 = 9;

/// The lines of its output that are kept for an error.
const LAST_WORDS: usize = 12;

/// How a build tells how far it is.
pub trait Progress {
    /// A new part of the work begins.
    fn begin(&mut self, what: &str);
    /// Something was done: so many files of this part.
    fn done(&mut self, files: usize);
}

/// What a build will take, for people, before it begins.
pub fn announce(source: &Source) -> String {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let download = if matches!(source, Source::Debian(_)) { "downloads 150 MB, " } else { "" };
    format!(
        "builds User-Mode Linux from {}: {download}takes {} minutes on {processors} processors, and 3 GB of disk until it is done",
        source.describe(),
        (10 / processors).max(1)
    )
}

/// Which programs are missing, as one sentence that says where they are.
pub fn missing(source: &Source) -> Option<String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let has = |tool: &str| env::split_paths(&path).any(|folder| folder.join(tool).is_file());
    let lacking: Vec<(&str, &str)> =
        TOOLS.into_iter().chain(source.tools()).filter(|(program, _)| !has(program)).collect();
    if lacking.is_empty() {
        return None;
    }
    let mut packages: Vec<&str> = lacking.iter().map(|(_, package)| *package).collect();
    packages.dedup();
    let programs: Vec<&str> = lacking.iter().map(|(program, _)| *program).collect();
    let remedy = format!("on Debian: apt-get install {}", packages.join(" "));
    Some(format!("a kernel cannot be built without {}; {remedy}", programs.join(", ")))
}

/// Builds it, tries whether it runs, and puts it into the cache.
///
/// Fails if something is missing, the source is not known, a program fails, or the kernel does not run; then nothing is
/// left behind but a log.
pub fn build(source: &Source, jobs: usize, progress: &mut dyn Progress) -> Result<Kernel, UmlError> {
    if let Some(missing) = missing(source) {
        return Err(UmlError::Lacks(missing));
    }
    if env::consts::ARCH != "x86_64" {
        return Err(UmlError::Lacks(format!("User-Mode Linux runs on x86-64 only, and this is {}", env::consts::ARCH)));
    }
    let all = cache::folder()?;
    fs::create_dir_all(&all).map_err(at(all.clone()))?;
    check_room(&all)?;
    let work = Workshop::new(&all)?;
    let built = in_workshop(source, jobs, &all, work.path(), progress);
    let log = work.path().join("log");
    if built.is_err() && log.is_file() {
        let _ = fs::rename(&log, all.join("log")); // the error names it there
    }
    built
}

fn check_room(folder: &Path) -> Result<(), UmlError> {
    let Some(room) = room(folder).filter(|room| *room < ROOM) else { return Ok(()) };
    let here = folder.display();
    Err(UmlError::Lacks(format!("a build needs 3 GB of disk, and {here} has {} MB; set WIRELAW_KERNELS", room >> 20)))
}

fn in_workshop(
    source: &Source,
    jobs: usize,
    all: &Path,
    work: &Path,
    progress: &mut dyn Progress,
) -> Result<Kernel, UmlError> {
    let start = Instant::now();
    let tree = source.unpack(work, progress)?;
    let read = |name: &str| fs::read_to_string(tree.join(name)).map_err(at(tree.join(name)));
    let release = recipe::release(&read("Makefile")?)?;
    replace(&tree.join(recipe::RANDOM_FILE), &recipe::seeded(&read(recipe::RANDOM_FILE)?)?)?;
    replace(&tree.join(recipe::TICK_FILE), &recipe::ticking(&read(recipe::TICK_FILE)?)?)?;

    let log = work.join("log");
    let make = Make {
        tree: &tree,
        output: work.join("output"),
        log: File::create(&log).map_err(at(log))?,
        kept: all.join("log"),
    };
    fs::create_dir(&make.output).map_err(at(make.output.clone()))?;
    progress.begin("configuring");
    make.run(&["allnoconfig"], progress)?;
    let config = make.output.join(".config");
    let mut text = fs::read_to_string(&config).map_err(at(config.clone()))?;
    text.push_str(recipe::FRAGMENT); // of two values for one name the later counts
    fs::write(&config, text).map_err(at(config.clone()))?;
    make.run(&["olddefconfig"], progress)?;
    progress.begin(&format!("building Linux {release}"));
    make.run(&[&format!("-j{jobs}"), "linux"], progress)?;

    let text = fs::read_to_string(&config).map_err(at(config))?;
    let refused = recipe::refused(&text).into_iter().map(str::to_owned).collect();
    let about = About {
        release,
        recipe: recipe::hash(),
        source: source.describe(),
        refused,
        seconds: start.elapsed().as_secs(),
    };
    progress.begin("trying it");
    keep(all, work, &make.output.join("linux"), &text, about)
}

/// Replaces a file, which may be shared with another folder, by one of its own.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), UmlError> {
    let new = path.with_extension("wirelaw");
    fs::write(&new, text).and_then(|()| fs::rename(&new, path)).map_err(at(path))
}

/// Puts the kernel into the cache if it runs.
fn keep(all: &Path, work: &Path, binary: &Path, config: &str, about: About) -> Result<Kernel, UmlError> {
    let folder = work.join("kernel");
    fs::create_dir(&folder).map_err(at(folder.clone()))?;
    let stripped = Command::new("strip").arg("-o").arg(folder.join("linux")).arg(binary).status();
    if !stripped.is_ok_and(|status| status.success()) {
        fs::copy(binary, folder.join("linux")).map_err(at(binary))?; // larger, but no worse
    }
    let description = serde_json::to_string_pretty(&about).unwrap_or_default(); // plain data: it can always be written
    for (name, text) in [("config", config), ("about.json", &description)] {
        fs::write(folder.join(name), text).map_err(at(folder.join(name)))?;
    }
    let name = format!("{}-{}", about.release, about.recipe);
    let kernel = Kernel { name: "", folder, about };
    attempt(&kernel)?;
    let place = all.join(name);
    install(&kernel.folder, &place, work)?;
    Kernel::open(place.clone()).ok_or_else(|| UmlError::Guest(format!("{} has gone", place.display())))
}

/// Gives a folder its place, where the one of an earlier build may be, or of one that ends at the same time; that goes to
/// `aside`.
fn install(folder: &Path, place: &Path, aside: &Path) -> Result<(), UmlError> {
    for earlier in 0.. {
        let corner = aside.join(format!("earlier-{earlier}"));
        let _ = fs::rename(place, &corner); // mostly there is none
        match fs::rename(folder, place) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty && earlier < MOST_EARLIER => {}
            Err(error) => {
                let _ = fs::rename(corner, place); // better than none
                return Err(at(place)(error));
            }
        }
    }
    Ok(())
}

/// Whether a minute passes in it.
fn attempt(kernel: &Kernel) -> Result<(), UmlError> {
    let program = Program {
        words: ["sleep", "60"].map(Into::into).to_vec(),
        folder: PathBuf::from("/"),
        environment: env::vars_os().filter(|(name, _)| name == "PATH").collect(),
        writable: Vec::new(),
    };
    let means = Means { seed: 0, memory: 128, limit: Duration::from_secs(30) };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let failed = |why: String| UmlError::Guest(format!("the kernel was built, but does not run: {why}"));
    match program::run(kernel, &program, means, Input::Nothing, [&mut out, &mut err]) {
        Ok(0) => Ok(()),
        Ok(status) => Err(failed(format!("`sleep 60` ended with {status}: {}", String::from_utf8_lossy(&err)))),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// `make`, with all that it says in a log.
struct Make<'a> {
    tree: &'a Path,
    output: PathBuf,
    log: File,
    /// Where the log will be if it fails.
    kept: PathBuf,
}

impl Make<'_> {
    fn run(&self, words: &[&str], progress: &mut dyn Progress) -> Result<(), UmlError> {
        let lacking = |cause| UmlError::Lacks(format!("cannot run make: {cause}"));
        let (reader, writer) = std::io::pipe().map_err(at("a pipe"))?;
        let also = writer.try_clone().map_err(at("a pipe"))?;
        let mut command = Command::new("make");
        command.arg("-C").arg(self.tree).arg("ARCH=um").arg(format!("O={}", self.output.display())).args(words);
        command.env("LC_ALL", "C").stdin(Stdio::null()).stdout(writer).stderr(also);
        // what an outer make, or a build for another machine, has left in the environment
        for name in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL", "ARCH", "CROSS_COMPILE", "KBUILD_OUTPUT", "CFLAGS", "LDFLAGS"]
        {
            command.env_remove(name);
        }
        let worker = Worker::start(&mut command).map_err(lacking)?;
        drop(command); // and with it the ends of the pipe that belong to the child
        let (mut last, mut log) = (Vec::new(), &self.log);
        for (count, line) in BufReader::new(reader).split(b'\n').map_while(Result::ok).enumerate() {
            let _ = log.write_all(&line).and_then(|()| log.write_all(b"\n")); // the log is for people
            last.push(String::from_utf8_lossy(&line).into_owned());
            if last.len() > LAST_WORDS {
                last.remove(0);
            }
            progress.done(count + 1);
        }
        if worker.wait().map_err(lacking)?.success() {
            return Ok(());
        }
        let mut said = last.join("\n");
        if said.contains("cannot find -lc") {
            said.push_str("\nthe C library to link statically is missing (Debian: libc6-dev, Fedora: glibc-static)");
        }
        Err(UmlError::Program { program: format!("make {}", words.join(" ")), said, log: Some(self.kept.clone()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_takes_the_place_of_an_earlier_one() {
        let all = tempfile::tempdir().expect("there is room");
        let [place, work] = ["6.12.1-x", "work"].map(|name| all.path().join(name));
        for build in ["one", "two", "three"] {
            let new = work.join("kernel");
            fs::create_dir_all(&new).expect("there is room");
            fs::write(new.join("about.json"), build).expect("there is room");
            install(&new, &place, &work).expect("it has a place");
            assert_eq!(fs::read_to_string(place.join("about.json")).expect("it is there"), build);
            assert!(!new.exists());
            fs::remove_dir_all(&work).expect("the workshop goes"); // and the earlier one with it
        }
        let told = install(&work.join("none"), &place, &work).expect_err("there is nothing").to_string();
        assert!(told.contains("6.12.1-x"), "{told}");
        fs::create_dir(&work).expect("there is room");
        install(&work.join("none"), &place, &work).expect_err("there is nothing");
        assert_eq!(fs::read_to_string(place.join("about.json")).expect("it is still there"), "three");
    }
}
