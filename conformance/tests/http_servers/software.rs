//! Software from the distribution's packages, in the foreground and without privileges.

use std::fs;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How to start a server or a proxy.
pub(crate) struct Software {
    /// The name of its list of deviations.
    pub(crate) name: &'static str,
    /// Where it comes from.
    pub(crate) package: &'static str,
    pub(crate) program: &'static str,
    /// `{config}` in them is the path of the configuration.
    pub(crate) arguments: &'static [&'static str],
    pub(crate) config: fn(&Setup) -> String,
}

/// What a configuration is made for.
pub(crate) struct Setup {
    /// Where it listens on 127.0.0.1.
    pub(crate) fronts: Vec<u16>,
    /// Where a gateway finds its origin server, in pairs with the fronts.
    pub(crate) backs: Vec<u16>,
    /// Where it may write.
    pub(crate) folder: String,
}

/// Where a program is, if it is installed.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"];
    folders.into_iter().map(|folder| Path::new(folder).join(program)).find(|path| path.is_file())
}

/// A server or a proxy that runs until this is dropped.
pub(crate) struct Running {
    child: Child,
    /// Where it listens on 127.0.0.1.
    pub(crate) fronts: Vec<u16>,
}

impl Running {
    /// Starts it with a configuration and a site of one page below the folder. It listens on as many ports as there
    /// are backs, or on one.
    pub(crate) fn start(software: &Software, program: &Path, folder: &Path, backs: Vec<u16>) -> io::Result<Running> {
        // Workers of a server that root starts run as somebody else, who has to read the page.
        let site = folder.join("site");
        fs::create_dir(&site)?;
        fs::write(site.join("index.html"), "hello\n")?;
        let mut command = Command::new("chmod");
        command.args(["-R", "a+rX"]).arg(folder).status()?;
        let setup = Setup { fronts: ports(backs.len().max(1))?, backs, folder: folder.to_string_lossy().into_owned() };
        let config = folder.join("config");
        fs::write(&config, (software.config)(&setup))?;
        let log = fs::File::create(folder.join("log"))?;
        let child = Command::new(program)
            .args(software.arguments.iter().map(|argument| argument.replace("{config}", &config.to_string_lossy())))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut running = Running { child, fronts: setup.fronts };
        running.wait(folder)?;
        Ok(running)
    }

    fn wait(&mut self, folder: &Path) -> io::Result<()> {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(10) {
            if self.fronts.iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok()) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
                return Err(io::Error::other(format!("it ended with {status}: {log}")));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "it does not listen after ten seconds"))
    }
}

/// So many ports that are free.
fn ports(count: usize) -> io::Result<Vec<u16>> {
    let held: Vec<TcpListener> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
    held.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}

impl Drop for Running {
    /// Asks first, so that a server ends its own children; insists after two seconds.
    fn drop(&mut self) {
        let pid = Pid::from_child(&self.child);
        let _ = kill_process(pid, Signal::TERM); // it may have ended by itself
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(2) {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
