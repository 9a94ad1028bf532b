//! Servers from the distribution's packages, in the foreground and without privileges.

use std::fmt::Write;
use std::fs;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How to start a server.
pub(crate) struct Software {
    /// The name of its list of deviations.
    pub(crate) name: &'static str,
    /// Where it comes from.
    pub(crate) package: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
    config: fn(port: u16, folder: &str) -> String,
}

/// Every server that is judged. `{config}` in their arguments is the path of the configuration.
pub(crate) const SERVERS: &[Software] = &[
    Software { name: "nginx", package: "nginx", program: "nginx", arguments: &["-c", "{config}"], config: nginx },
    Software {
        name: "apache",
        package: "apache2-bin",
        program: "apache2",
        arguments: &["-DFOREGROUND", "-f", "{config}"],
        config: apache,
    },
    Software {
        name: "lighttpd",
        package: "lighttpd",
        program: "lighttpd",
        arguments: &["-D", "-f", "{config}"],
        config: lighttpd,
    },
    Software {
        name: "haproxy",
        package: "haproxy",
        program: "haproxy",
        arguments: &["-db", "-f", "{config}"],
        config: haproxy,
    },
];

fn nginx(port: u16, folder: &str) -> String {
    format!(
        "daemon off;\npid {folder}/pid;\nerror_log {folder}/error;\nevents {{}}\nhttp {{\n  access_log off;\n  \
         client_body_temp_path {folder}/body;\n  proxy_temp_path {folder}/proxy;\n  fastcgi_temp_path {folder}/fastcgi;\n  \
         uwsgi_temp_path {folder}/uwsgi;\n  scgi_temp_path {folder}/scgi;\n  \
         server {{ listen 127.0.0.1:{port}; root {folder}/site; }}\n}}\n"
    )
}

fn apache(port: u16, folder: &str) -> String {
    let mut text = String::new();
    for (module, file) in [("mpm_event", "mpm_event"), ("authz_core", "authz_core"), ("dir", "dir"), ("mime", "mime")] {
        let _ = writeln!(text, "LoadModule {module}_module /usr/lib/apache2/modules/mod_{file}.so");
    }
    text + &format!(
        "ServerName localhost\nListen 127.0.0.1:{port}\nPidFile {folder}/pid\nErrorLog {folder}/error\nDefaultRuntimeDir {folder}\n\
         TypesConfig /dev/null\nDocumentRoot {folder}/site\nDirectoryIndex index.html\n<Directory {folder}/site>\n  Require all granted\n</Directory>\n"
    )
}

fn lighttpd(port: u16, folder: &str) -> String {
    format!(
        "server.port = {port}\nserver.bind = \"127.0.0.1\"\nserver.document-root = \"{folder}/site\"\n\
         server.errorlog = \"{folder}/error\"\nindex-file.names = ( \"index.html\" )\n"
    )
}

fn haproxy(port: u16, _: &str) -> String {
    format!(
        "defaults\n  mode http\n  option http-buffer-request\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\nfrontend f\n  bind 127.0.0.1:{port}\n  \
         http-request return status 200 content-type text/plain string \"hello\\n\"\n"
    )
}

impl Software {
    /// Where its program is, if it is installed.
    pub(crate) fn program(&self) -> Option<PathBuf> {
        let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"];
        folders.into_iter().map(|folder| Path::new(folder).join(self.program)).find(|path| path.is_file())
    }
}

/// A server that runs until this is dropped.
pub(crate) struct Running {
    child: Child,
    /// Where it listens on 127.0.0.1.
    pub(crate) port: u16,
}

impl Running {
    /// Starts it with a configuration and a site of one page below the folder.
    pub(crate) fn start(software: &Software, program: &Path, folder: &Path) -> io::Result<Running> {
        // Workers of a server that root starts run as somebody else, who has to read the page.
        let site = folder.join("site");
        fs::create_dir(&site)?;
        fs::write(site.join("index.html"), "hello\n")?;
        let mut command = Command::new("chmod");
        command.args(["-R", "a+rX"]).arg(folder).status()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config = folder.join("config");
        fs::write(&config, (software.config)(port, &folder.to_string_lossy()))?;
        let log = fs::File::create(folder.join("log"))?;
        let child = Command::new(program)
            .args(software.arguments.iter().map(|argument| argument.replace("{config}", &config.to_string_lossy())))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut running = Running { child, port };
        running.wait(folder)?;
        Ok(running)
    }

    fn wait(&mut self, folder: &Path) -> io::Result<()> {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(10) {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
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
