//! A live connection, bounded in time.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant};

use socket2::SockRef;

mod tls;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A name or a number, and a port.
    Tcp(String, u16),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl FromStr for Address {
    type Err = String;

    /// `HOST:PORT`, `[2001:db8::1]:PORT` or `unix:PATH`.
    fn from_str(text: &str) -> Result<Address, String> {
        const RIGHT: &str = "give HOST:PORT, [IPV6]:PORT or unix:PATH";
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() { Err(RIGHT.into()) } else { Ok(Address::Unix(path.into())) };
        }
        if text.contains("://") {
            return Err(format!("this is a URL: {RIGHT}, and --tls for https"));
        }
        let (host, port) = text.rsplit_once(':').ok_or(RIGHT)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if bare.is_empty() || (bare.contains(':') && bare.len() == host.len()) {
            return Err(RIGHT.into());
        }
        match port.parse() {
            Ok(port) if port != 0 => Ok(Address::Tcp(bare.to_owned(), port)),
            _ => Err(format!("`{port}` is no port; {RIGHT}")),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Address::Tcp(host, port) => write!(f, "{host}:{port}"),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A server, and how to reach it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Where.
    pub address: Address,
    /// Whether TLS is spoken there. Its certificate is not checked: the HTTP inside is judged.
    pub tls: bool,
    /// How long opening a connection, or a write, may take.
    pub patience: Duration,
}

impl Endpoint {
    /// Opens a connection.
    pub fn open(&self) -> io::Result<Wire> {
        let stream = match &self.address {
            Address::Tcp(host, port) => {
                let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
                let stream = (host.as_str(), *port).to_socket_addrs()?.find_map(|address| {
                    TcpStream::connect_timeout(&address, self.patience).map_err(|error| last = error).ok()
                });
                let stream = stream.ok_or(last)?;
                stream.set_nodelay(true)?; // a write is to be a segment
                Stream::Tcp(stream)
            }
            Address::Unix(path) => Stream::Unix(UnixStream::connect(path)?),
        };
        stream.set_timeouts(self.patience, self.patience)?;
        if self.tls { Wire::tls(stream, self) } else { Ok(Wire { stream, session: None, patience: self.patience }) }
    }
}

/// What octets travel on.
#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    fn set_timeouts(&self, read: Duration, write: Duration) -> io::Result<()> {
        let (read, write) = (Some(read.max(Duration::from_millis(1))), Some(write.max(Duration::from_millis(1))));
        match self {
            Stream::Tcp(stream) => stream.set_read_timeout(read).and_then(|()| stream.set_write_timeout(write)),
            Stream::Unix(stream) => stream.set_read_timeout(read).and_then(|()| stream.set_write_timeout(write)),
        }
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.shutdown(how),
            Stream::Unix(stream) => stream.shutdown(how),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(buffer),
            Stream::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(octets),
            Stream::Unix(stream) => stream.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stream until a moment: what comes octet by octet, each in time, does not hold anybody up beyond it.
struct Limited<'a> {
    stream: &'a mut Stream,
    until: Instant,
}

impl<'a> Limited<'a> {
    fn new(stream: &'a mut Stream, time: Duration) -> Limited<'a> {
        Limited { stream, until: Instant::now() + time }
    }

    fn set_timeouts(&self) -> io::Result<()> {
        match self.until.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
            left => self.stream.set_timeouts(left, left),
        }
    }
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.set_timeouts()?;
        self.stream.read(buffer)
    }
}

impl Write for Limited<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.set_timeouts()?;
        self.stream.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// So many octets.
    Octets(usize),
    /// Nothing in time.
    Nothing,
    /// The peer has closed its side.
    Fin,
    /// The peer has aborted the connection.
    Reset,
}

/// A connection, with or without TLS.
#[derive(Debug)]
pub struct Wire {
    stream: Stream,
    session: Option<Box<rustls::ClientConnection>>,
    patience: Duration,
}

impl Wire {
    /// The judge's end of a connection that a peer has opened.
    pub fn accepted(stream: TcpStream, patience: Duration) -> io::Result<Wire> {
        stream.set_nodelay(true)?;
        let stream = Stream::Tcp(stream);
        stream.set_timeouts(patience, patience)?;
        Ok(Wire { stream, session: None, patience })
    }

    /// Sends all of it, within the patience of the connection.
    pub fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        let mut stream = Limited::new(&mut self.stream, self.patience);
        match &mut self.session {
            None => stream.write_all(octets),
            Some(session) => rustls::Stream::new(session.as_mut(), &mut stream).write_all(octets),
        }
    }

    /// Reads what is there, and waits no longer than this.
    pub fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> Arrived {
        let mut stream = Limited::new(&mut self.stream, wait.max(Duration::from_millis(1)));
        let read = match &mut self.session {
            None => stream.read(buffer),
            Some(session) => rustls::Stream::new(session.as_mut(), &mut stream).read(buffer),
        };
        match read {
            Ok(0) => Arrived::Fin,
            Ok(octets) => Arrived::Octets(octets),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted => Arrived::Nothing,
                // Without close_notify a TLS connection ended, too.
                io::ErrorKind::UnexpectedEof => Arrived::Fin,
                _ => Arrived::Reset,
            },
        }
    }

    /// Ends the judge's side, and goes on reading.
    pub fn half_close(&mut self) {
        if let Some(session) = &mut self.session {
            session.send_close_notify();
            let mut stream = Limited::new(&mut self.stream, self.patience);
            while session.wants_write() && session.write_tls(&mut stream).is_ok_and(|written| written > 0) {} // the FIN says it anyway
        }
        let _ = self.stream.shutdown(Shutdown::Write); // fails only if the connection is gone
    }

    /// Ends the connection with RST; a Unix socket only closes.
    pub fn reset(self) {
        if let Stream::Tcp(stream) = &self.stream {
            let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO)); // then it closes as usual
        }
    }
}
