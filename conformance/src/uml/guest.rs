//! The first process of a guest: this program again, which finds out what it is to do, does it, and switches off.
//!
//! It sees the machine's files, and whatever it writes goes to memory; only the private folder, and folders that the
//! host named, are really written to.

use std::env;
use std::ffi::{CString, OsStr};
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::chroot;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use rustix::mount::{MountFlags, mount};
use rustix::system::{RebootCommand, reboot};

use super::{program, scenario};

/// Set in the environment of the first process.
const ROLE: &str = "WIRELAW_GUEST";

/// The private folder, for the host: where the process that is the kernel stands.
const HOST: &str = "/proc/self/cwd";

/// Where the private folder is in the guest.
pub(crate) const FOLDER: &str = "/run/wirelaw";

/// The new root while it is being made.
const ROOT: &str = "/tmp/root";

/// Lives the life of a guest, if this process is the first of one. It does not come back.
pub(crate) fn live_if_asked() -> Option<ExitCode> {
    env::var_os(ROLE).filter(|_| std::process::id() == 1)?;
    if let Err(error) = live() {
        let _ = writeln!(io::stdout(), "wirelaw: {error}"); // the console: the host reads it
    }
    let _ = reboot(RebootCommand::PowerOff);
    Some(ExitCode::from(2)) // the kernel panics, which the host hears of, too
}

fn live() -> Result<(), String> {
    new_root()?;
    only_once()?;
    settle();
    let job = |name: &str| fs::read(Path::new(FOLDER).join(name)).ok();
    match (job(scenario::JOB), job(program::JOB)) {
        (Some(job), _) => scenario::work(&job),
        (None, Some(job)) => program::work(&job),
        (None, None) => Err("the guest was not told what to do".to_owned()),
    }
}

/// A guest that reboots begins anew, and would do so for ever.
fn only_once() -> Result<(), String> {
    let mark = Path::new(FOLDER).join("begun");
    fs::File::create_new(mark).map(drop).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => "the guest was rebooted from inside".to_owned(),
        _ => format!("cannot write to the private folder: {error}"),
    })
}

/// A root to write to, above that of the machine.
fn new_root() -> Result<(), String> {
    let below = |path: &str| PathBuf::from(format!("{ROOT}{path}"));
    attach("tmpfs", Path::new("/tmp"), "")?;
    for folder in ["/tmp/written", "/tmp/work", ROOT] {
        fs::create_dir(folder).map_err(|error| format!("cannot make {folder}: {error}"))?;
    }
    attach("overlay", Path::new(ROOT), "lowerdir=/,upperdir=/tmp/written,workdir=/tmp/work")?;
    for (kind, path) in [
        ("proc", "/proc"),
        ("sysfs", "/sys"),
        ("devtmpfs", "/dev"),
        ("tmpfs", "/dev/shm"),
        ("devpts", "/dev/pts"),
        ("tmpfs", "/run"),
    ] {
        attach(kind, &below(path), "")?;
    }
    share(Path::new(HOST), &below(FOLDER))?;
    chroot(ROOT).and_then(|()| env::set_current_dir("/")).map_err(|error| format!("cannot enter the root: {error}"))
}

/// Makes a folder of the host one of the guest, to write to.
pub(crate) fn share(host: &Path, here: &Path) -> Result<(), String> {
    attach("hostfs", here, host.as_os_str())
}

fn attach(kind: &str, path: &Path, option: impl AsRef<OsStr>) -> Result<(), String> {
    let data = CString::new(option.as_ref().as_bytes()).map_err(|error| error.to_string())?;
    fs::create_dir_all(path)
        .and_then(|()| mount("none", path, kind, MountFlags::empty(), data.as_c_str()).map_err(io::Error::from))
        .map_err(|error| format!("cannot mount {kind} at {}: {error}", path.display()))
}

/// How long a guest has been up before anything happens. Kernels take the second 0 of their life for "never": what they
/// note in it, such as when a timestamp came, does not count.
const UPTIME: Duration = Duration::from_secs(5);

/// A guest has little memory, from which the kernel derives what it gives to connections. It shall be what it is on
/// any machine of some size, and the same whatever the guest's size.
fn settle() {
    std::thread::sleep(UPTIME);
    for (name, value) in [
        ("tcp_rmem", "4096 131072 6291456"),
        ("tcp_wmem", "4096 16384 4194304"),
        ("tcp_mem", "190000 250000 380000"),
        ("tcp_max_syn_backlog", "1024"),
        ("tcp_max_tw_buckets", "65536"),
    ] {
        let _ = fs::write(Path::new("/proc/sys/net/ipv4").join(name), value); // an older kernel may lack one
    }
}
